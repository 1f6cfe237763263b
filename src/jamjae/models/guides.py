"""What guides an encoder: given features, or the embedding that another learner finds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from jamjae.data.finite import finite_array
from jamjae.data.preprocessing import row_chunks
from jamjae.errors import InvalidDataError, InvalidTypeError, ShapeMismatchError

LANDMARKS = 4000  # rows an unfitted learner gets at most: most take time or memory by their square


class Guide(NamedTuple):
    """What the codes of rows shall be.

    Attributes
    ----------
    features : float32 array of shape (n, k)
        Centred and divided by one number; zero for rows that have none.
    weights : float32 array of shape (n,)
        Zero for rows without features, and the same for all others, such that they count
        together as much as n rows.
    rows : int
        How many have features.
    """

    features: np.ndarray
    weights: np.ndarray
    rows: int

    def columns(self) -> dict[str, np.ndarray]:
        """Give the parts of a batch that the objective looks for."""
        return {"guide": self.features, "guided": self.weights}


def guide(source: Any, rows: np.ndarray, learn_from: Any, n_components: int, seed: int) -> Guide:
    """Find the features that codes shall agree with.

    Parameters
    ----------
    source : array-like of shape (n, k), transformer or manifold learner
        An array and a fitted transformer have features for all rows. A learner that has yet to be
        fitted embeds `LANDMARKS` of the rows at most, chosen at random, and guides those only.
    rows : array of shape (n, ...)
    learn_from : slice or int array
        The rows that are trained on: a learner is fitted to no other.
    n_components : int
        k.
    seed : int
        Chooses the landmarks, and is the ``random_state`` of a learner that has none of its own.

    Raises
    ------
    InvalidDataError
        The learner fails on these rows, gives no embedding, or gives NaN.
    ShapeMismatchError
        There is not one row of features a sample, or not one column a component.
    """
    if isinstance(source, type):
        raise InvalidTypeError(
            f"guide={source.__name__} is a class; hand in an instance: {source.__name__}()."
        )
    everywhere = np.arange(len(rows))
    if not hasattr(source, "fit"):
        chosen, found = everywhere, source
    elif _is_fitted(source):
        chosen, found = everywhere, _known(source, rows)
    else:
        chosen = _landmarks(everywhere[learn_from], seed)
        found = _learned(source, _flat(rows[chosen]), seed)
    features = _checked(found, source, (len(chosen), n_components))
    targets = np.zeros((len(rows), n_components), dtype=np.float32)
    weights = np.zeros(len(rows), dtype=np.float32)
    centred = features - features.mean(axis=0)
    if not centred.any():
        raise InvalidDataError("The guide's features are the same for every row: nothing to learn.")
    targets[chosen] = centred / centred.std()
    trained = np.zeros(len(rows), dtype=bool)
    trained[learn_from] = True
    weights[chosen] = trained.sum() / trained[chosen].sum()
    return Guide(targets, weights, len(chosen))


def _landmarks(candidates: np.ndarray, seed: int) -> np.ndarray:
    if len(candidates) <= LANDMARKS:
        return candidates
    return np.sort(np.random.RandomState(seed).choice(candidates, LANDMARKS, replace=False))


def _flat(rows: np.ndarray) -> np.ndarray:
    return rows.reshape(len(rows), -1)


def _is_fitted(learner: Any) -> bool:
    try:
        check_is_fitted(learner)
    except (NotFittedError, TypeError):
        return False
    return True


def _known(learner: Any, rows: np.ndarray) -> Any:
    """Ask a fitted learner for its embedding of rows."""
    if hasattr(learner, "transform"):
        try:
            parts = [learner.transform(_flat(rows[chunk])) for chunk in row_chunks(rows)]
        except Exception as error:  # whatever a foreign learner raises
            raise InvalidDataError(
                f"The fitted guide {learner} cannot transform these rows: {error}"
            ) from error
        return np.concatenate([np.asarray(part) for part in parts])
    embedding = getattr(learner, "embedding_", None)  # of the rows it was fitted to
    if embedding is not None and len(embedding) == len(rows):
        return embedding
    if embedding is not None:
        raise ShapeMismatchError(
            f"The guide {learner} was fitted to {len(embedding)} rows and has no transform for "
            f"others, but {len(rows)} rows were given. Fit it to the same rows, or hand it in "
            "unfitted."
        )
    raise _no_embedding(learner)


def _learned(learner: Any, rows: np.ndarray, seed: int) -> Any:
    if not hasattr(learner, "fit_transform"):
        raise _no_embedding(learner)
    learner = clone(learner)
    if learner.get_params().get("random_state", seed) is None:
        learner.set_params(random_state=seed)
    try:
        return learner.fit_transform(rows)
    except Exception as error:  # whatever a foreign learner raises
        raise InvalidDataError(
            f"The guide {learner} cannot embed {len(rows)} rows of {rows.shape[1]} values: {error}"
        ) from error


def _no_embedding(learner: Any) -> InvalidDataError:
    return InvalidDataError(
        f"The guide {learner} gives no embedding: it has neither transform nor fit_transform nor "
        "embedding_. Hand in an array of features, a transformer (PCA) or a manifold learner "
        "(Isomap, LocallyLinearEmbedding, TSNE)."
    )


def _checked(found: Any, source: Any, shape: tuple[int, int]) -> np.ndarray:
    whose = "The guide" if not hasattr(source, "fit") else f"The guide {source}"
    features = finite_array(found, f"{whose} cannot guide an encoder").astype(np.float64)
    if features.shape != shape:
        raise ShapeMismatchError(
            f"{whose} gives features of shape {features.shape}, but codes have shape {shape}. "
            "A guide needs one row a sample and n_components columns."
        )
    return features
