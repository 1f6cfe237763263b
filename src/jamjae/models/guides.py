"""Guides of an encoder: given features, or the embedding of another learner."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from jamjae.data import memory
from jamjae.data.finite import finite_array
from jamjae.data.rows import (
    Array,
    Derived,
    LazyRows,
    Subset,
    drawn,
    is_lazy,
    is_mapped,
    row_chunks,
)
from jamjae.engine.pca import Principal
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
    features : float32 array, or rows made when they are asked for, of shape (n, k)
        Centered and divided by one number, as measured on the training rows; zero for rows
        without features.
    weights : float32 array of shape (n,)
        Zero for rows without features; for the others such that the weights of the training rows,
        and of the held-out rows, sum to the number of rows of their part.
    rows : int
        Number of rows with features.
    """

    features: Array
    weights: np.ndarray
    rows: int

    def columns(self) -> dict[str, Array]:
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
    if (found := _in_pieces(source, rows, n_components)) is not None:
        return _made_when_asked_for(found, source, parts[0], processes)
    if not hasattr(source, "fit"):
        chosen, found = everywhere, source
    elif _is_fitted(source):
        chosen, found = everywhere, _known(source, rows)
    else:
        chosen, found = _learned(source, rows, parts, seed)
    features = _checked(found, source, (len(chosen), n_components))
    learned = np.isin(chosen, everywhere if parts[0] is None else parts[0])
    n = int(processes.total(learned.sum()))
    centered = features - processes.total(features[learned].sum(axis=0)) / n
    deviation = _deviation(np.square(centered[learned]).sum(), n * n_components, processes)
    scaled = (centered / deviation).astype(np.float32)
    targets: Array = Sparse(chosen, scaled, len(rows))
    if not _stay_in_files(rows):
        targets = targets[:]
    return Guide(targets, _weights(len(rows), chosen, parts), len(chosen))


def signs(
    baseline: Principal, rows: Array, features: Array, processes: Processes = ALONE
) -> np.ndarray:
    """Give the signs (k,) that make PCA's codes of rows correlate positively with features.

    The signs of an embedding are arbitrary, as PCA's are, and a code that starts with the wrong
    sign may keep it.
    """
    products = ((baseline.transform(rows[c]) * features[c]).sum(axis=0) for c in row_chunks(rows))
    along = processes.total(sum(products, np.zeros(features.shape[1])))
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
            raise _cannot_transform(learner, error) from error
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


# --- features of more rows than fit into memory ---------------------------------------------


class Transformed(LazyRows):
    """What a fitted transformer makes of rows in files, when they are asked for."""

    def __init__(self, learner: Any, rows: Array, width: int) -> None:
        self.learner, self.rows = learner, rows
        self.shape, self.dtype = (len(rows), width), np.dtype(np.float64)

    def _read(self, index: np.ndarray) -> np.ndarray:
        rows = _flat(self.rows[index])
        try:
            found = self.learner.transform(rows)
        except Exception as error:  # any exception of a foreign learner
            raise _cannot_transform(self.learner, error) from error
        return _checked(found, self.learner, (len(index), self.shape[1]))


class Sparse(LazyRows):
    """Features of some of n rows, zero for all others, made when they are asked for."""

    def __init__(self, chosen: np.ndarray, features: np.ndarray, n: int) -> None:
        order = np.argsort(chosen)
        self.chosen, self.features = chosen[order], features[order]
        self.shape, self.dtype = (n, *features.shape[1:]), features.dtype

    def _read(self, index: np.ndarray) -> np.ndarray:
        found = np.zeros((len(index), *self.shape[1:]), self.dtype)
        places = np.searchsorted(self.chosen, index).clip(max=len(self.chosen) - 1)
        known = self.chosen[places] == index
        found[known] = self.features[places[known]]
        return found


def _stay_in_files(rows: Array) -> bool:
    return is_lazy(rows) or (is_mapped(rows) and memory.is_large(rows.nbytes))


def _in_pieces(source: Any, rows: Array, width: int) -> Array | None:
    """Give the features of rows in files piece by piece; None if they are found all at once."""
    if not _stay_in_files(rows):
        return None
    if not hasattr(source, "fit"):
        given = isinstance(source, LazyRows) or (
            isinstance(source, np.ndarray) and is_mapped(source)
        )
        return source if given and source.shape == (len(rows), width) else None
    if not hasattr(source, "transform") or not _is_fitted(source):
        return None
    found = Transformed(source, rows, width)
    found.keep()  # as transforming may take longer than reading
    return found


def _made_when_asked_for(
    found: Array, source: Any, kept: np.ndarray | None, processes: Processes
) -> Guide:
    """Center and divide features piece by piece, in float64."""
    learned = found if kept is None else Subset(found, kept)
    shape = (len(learned), *found.shape[1:])
    total = np.zeros(shape[1:])
    for chunk in row_chunks(learned):
        some = learned[chunk]
        total += _checked(some, source, some.shape[:1] + shape[1:]).sum(axis=0)
    n = int(processes.total(len(learned)))
    mean = processes.total(total) / n
    squares = sum(float(np.square(learned[c] - mean).sum()) for c in row_chunks(learned))
    deviation = _deviation(squares, n * shape[1], processes)

    def scaled(some: np.ndarray, _: np.ndarray) -> np.ndarray:
        made: np.ndarray = ((some - mean) / deviation).astype(np.float32)
        return made

    ones = np.broadcast_to(np.float32(1.0), (len(found),))  # all rows have features
    return Guide(Derived(found, scaled, np.dtype(np.float32)), ones, len(found))


def _deviation(squares: float, count: int, processes: Processes) -> float:
    """Give the deviation of features, of all processes; refuse those that do not vary."""
    deviation = math.sqrt(float(processes.total(squares)) / count)
    if not deviation > 0:
        raise _same_for_all()
    return deviation


def _cannot_transform(learner: Any, error: Exception) -> InvalidDataError:
    return InvalidDataError(f"The fitted guide {learner} cannot transform these rows: {error}")


def _same_for_all() -> InvalidDataError:
    return InvalidDataError(
        "The guide's features are the same for every row, so they cannot guide an encoder."
    )


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
