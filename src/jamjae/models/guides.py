"""Guides of an encoder: given features, or the embedding of another learner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from jamjae.data.finite import finite_array
from jamjae.data.rows import Array, drawn, row_chunks
from jamjae.engine.processes import ALONE, Processes
from jamjae.errors import InvalidDataError, InvalidTypeError, ShapeMismatchError

LANDMARKS = (
    4000  # maximum number of rows for an unfitted learner; most take quadratic time or memory
)


Parts: TypeAlias = tuple[np.ndarray | None, np.ndarray | None]  # rows kept and held out, by index


class Guide(NamedTuple):
    """Target features of the codes, and the weights of rows.

    Attributes
    ----------
    features : float32 array of shape (n, k)
        Centered and divided by one number, as measured on the training rows; zero for rows
        without features.
    weights : float32 array of shape (n,)
        Zero for rows without features; for the others such that the weights of the training rows,
        and of the held-out rows, sum to the number of rows of their part.
    rows : int
        Number of rows with features.
    """

    features: np.ndarray
    weights: np.ndarray
    rows: int

    def columns(self) -> dict[str, np.ndarray]:
        """Give the columns that the objective expects in a batch."""
        return {"guide": self.features, "guided": self.weights}


def guide(
    source: Any,
    rows: Array,
    parts: Parts,
    n_components: int,
    seed: int,
    processes: Processes = ALONE,
) -> Guide:
    """Find the features that codes should match.

    Parameters
    ----------
    source : array-like of shape (n, k), transformer or manifold learner
        An array and a fitted transformer give features for all rows. An unfitted learner embeds
        at most `LANDMARKS` rows, chosen at random, and guides only those.
    rows : array of shape (n, ...)
    parts : (kept, held)
        Indices of the training rows and of the held-out rows; None for all, and for none. A
        learner is fitted to the former and transforms the latter; one without ``transform`` embeds
        both together.
    n_components : int
        k.
    seed : int
        Chooses the landmarks, and sets the ``random_state`` of a learner where it is None.
    processes : Processes
        Those that have a part of the rows each.

    Raises
    ------
    InvalidDataError
        The learner fails on these rows, has no embedding, or returns NaN.
    ShapeMismatchError
        There is not one row of features per sample, or not one column per component.
    """
    if isinstance(source, type):
        raise InvalidTypeError(
            f"guide={source.__name__} is a class; an instance is expected: {source.__name__}()."
        )
    everywhere = np.arange(len(rows))
    if not hasattr(source, "fit"):
        chosen, found = everywhere, source
    elif _is_fitted(source):
        chosen, found = everywhere, _known(source, rows)
    else:
        chosen, found = _learned(source, rows, parts, seed)
    features = _checked(found, source, (len(chosen), n_components))
    targets = np.zeros((len(rows), n_components), dtype=np.float32)
    learned = np.isin(chosen, everywhere if parts[0] is None else parts[0])
    count = processes.total(learned.sum())
    centered = features - processes.total(features[learned].sum(axis=0)) / count
    squares = float(processes.total(np.square(centered[learned]).sum()))
    if not squares:
        raise InvalidDataError(
            "The guide's features are the same for every row, so they cannot guide an encoder."
        )
    targets[chosen] = centered / np.sqrt(squares / (count * n_components))
    return Guide(targets, _weights(len(rows), chosen, parts), len(chosen))


def signs(codes: np.ndarray, features: np.ndarray, processes: Processes = ALONE) -> np.ndarray:
    """Give the signs (k,) that make codes correlate positively with features.

    The signs of an embedding are arbitrary, as PCA's are, and a code that starts with the wrong
    sign may keep it.
    """
    along = processes.total((codes * features).sum(axis=0))
    return np.where(along < 0, -1.0, 1.0).astype(np.float32)


def _weights(n: int, chosen: np.ndarray, parts: Parts) -> np.ndarray:
    """Weight rows with features so that the weights of each part sum to its number of rows."""
    guided = np.zeros(n, dtype=np.float32)
    guided[chosen] = 1.0
    kept, held = parts
    for part in (np.arange(n),) if kept is None or held is None else (kept, held):
        guided[part] *= len(part) / max(guided[part].sum(), 1.0)
    return guided


def _landmarks(candidates: np.ndarray, seed: int) -> np.ndarray:
    return candidates[drawn(len(candidates), LANDMARKS, seed)]


def _flat(rows: np.ndarray) -> np.ndarray:
    return rows.reshape(len(rows), -1)


def learns(source: Any) -> bool:
    """Whether a guide is a learner that is not fitted yet."""
    return hasattr(source, "fit") and not _is_fitted(source)


def _is_fitted(learner: Any) -> bool:
    try:
        check_is_fitted(learner)
    except (NotFittedError, TypeError):
        return False
    return True


def _known(learner: Any, rows: Array) -> Any:
    """Transform rows by a fitted learner."""
    if hasattr(learner, "transform"):
        try:
            parts = [learner.transform(_flat(rows[chunk])) for chunk in row_chunks(rows)]
        except Exception as error:  # any exception of a foreign learner
            raise InvalidDataError(
                f"The fitted guide {learner} cannot transform these rows: {error}"
            ) from error
        return np.concatenate([np.asarray(part) for part in parts])
    embedding = getattr(learner, "embedding_", None)  # of the rows that it was fitted to
    if embedding is not None and len(embedding) == len(rows):
        return embedding
    if embedding is not None:
        raise ShapeMismatchError(
            f"The guide {learner} was fitted to {len(embedding)} rows and cannot transform "
            f"others, but {len(rows)} rows were given. Fit it to the same rows, or pass it "
            "unfitted."
        )
    raise _no_embedding(learner)


def _learned(learner: Any, rows: Array, parts: Parts, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Fit a copy of a learner; return the indices of the rows it embeds, and their features."""
    if not hasattr(learner, "fit_transform"):
        raise _no_embedding(learner)
    learner = clone(learner)
    if learner.get_params().get("random_state", seed) is None:
        learner.set_params(random_state=seed)
    kept, held = parts
    for_new = hasattr(learner, "transform")
    candidates = np.arange(len(rows)) if kept is None or not for_new else kept
    chosen = _landmarks(candidates, seed)
    found = _attempted(learner, learner.fit_transform, _flat(rows[chosen]))
    if held is None or not for_new:
        return chosen, found
    asked = _landmarks(held, seed)
    more = _attempted(learner, learner.transform, _flat(rows[asked]))
    return np.concatenate([chosen, asked]), np.concatenate([found, more])


def _attempted(learner: Any, embed: Callable[[np.ndarray], Any], rows: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(embed(rows))
    except Exception as error:  # any exception of a foreign learner
        raise InvalidDataError(
            f"The guide {learner} cannot embed {len(rows)} rows of {rows.shape[1]} values: {error}"
        ) from error


def _no_embedding(learner: Any) -> InvalidDataError:
    return InvalidDataError(
        f"The guide {learner} gives no embedding: it has neither transform nor fit_transform nor "
        "embedding_. Pass an array of features, a transformer (PCA) or a manifold learner "
        "(Isomap, LocallyLinearEmbedding, TSNE)."
    )


def _checked(found: Any, source: Any, shape: tuple[int, int]) -> np.ndarray:
    whose = "The guide" if not hasattr(source, "fit") else f"The guide {source}"
    features = finite_array(found, f"{whose} cannot guide an encoder").astype(np.float64)
    if features.shape != shape:
        raise ShapeMismatchError(
            f"{whose} gives features of shape {features.shape}, but codes have shape {shape}. "
            "A guide needs one row per sample and n_components columns."
        )
    return features
