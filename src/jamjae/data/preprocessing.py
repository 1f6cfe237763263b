"""From a user's numbers to a network's and back: one offset and one number.

All features are divided by the same number, so an error on the scaled data is the error on the
data divided by ``scale²``, and comparing it with PCA's compares one quantity with itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jamjae.data.rows import Array, row_chunks

PIXELS = {"uint8": 255.0, "uint16": 65535.0}  # types that fix a range, and its end


def value_type(dtype: np.dtype) -> type[np.floating]:
    """Give the type that values of a dtype are computed and returned in."""
    return np.float32 if dtype.name in ("float32", *PIXELS) else np.float64


def counted_as(dtype: np.dtype) -> str:
    """Name the type that rows of a dtype count as: their own for pixels, else that of values."""
    return dtype.name if dtype.name in PIXELS else value_type(dtype).__name__


class Scaling(NamedTuple):
    """``scaled = (x - offset) / scale``.

    Attributes
    ----------
    offset : float or array of the shape of one row
        What is taken away, in the data's units.
    scale : float
        What everything is divided by, in the data's units.
    low, high : float
        The data's range where their type fixes it (uint8, uint16), else minus and plus infinity.
    """

    offset: np.ndarray | float
    scale: float
    low: float = -np.inf
    high: float = np.inf

    def apply(self, X: np.ndarray) -> np.ndarray:
        """Scale rows, in their own precision, and give them as float32.

        8-bit rows are passed on as they are: they are a quarter of the size, and `in_graph` tells
        the compiled step what to divide by.
        """
        if X.dtype == np.uint8 and np.ndim(self.offset) == 0:
            return X
        scaled: np.ndarray = X.astype(value_type(X.dtype))
        np.subtract(scaled, self.offset, out=scaled)
        np.divide(scaled, self.scale, out=scaled)
        with np.errstate(over="ignore"):  # what becomes infinite is refused by its row
            return scaled.astype(np.float32, copy=False)

    def in_graph(self, dtype: np.dtype) -> tuple[float, float]:
        """Give the offset and the factor left for the compiled step to apply to `apply`'s rows."""
        if dtype == np.uint8 and np.ndim(self.offset) == 0:
            return float(self.offset), 1.0 / self.scale
        return 0.0, 1.0

    def undo(self, scaled: np.ndarray) -> np.ndarray:
        """Bring a network's output (n, ...) back to the data's units, in the precision it has."""
        made: np.ndarray = np.multiply(scaled, scaled.dtype.type(self.scale))
        return np.add(made, np.asarray(self.offset, dtype=scaled.dtype), out=made)

    def clip(self, made: np.ndarray) -> np.ndarray:
        """Keep reconstructed rows within the data's range, where it is fixed; in place."""
        if np.isfinite(self.low):
            np.clip(made, self.low, self.high, out=made)
        return made


def none(X: Array) -> Scaling:
    """Leave the values as they are."""
    return Scaling(0.0, 1.0, *_range(X))


def for_rows(X: Array, mean: np.ndarray, variance: float) -> Scaling:
    """Choose the scaling of data: 8-bit values by 255, others centred and divided by one number.

    Parameters
    ----------
    X : array of shape (n, ...)
    mean : array of shape (d,)
        The mean row.
    variance : float
        Mean squared distance per element from the feature's mean; 0 leaves the size as it is.
    """
    if X.dtype == np.uint8:
        return Scaling(0.0, 255.0, *_range(X))
    offset = mean.reshape(X.shape[1:]).astype(value_type(X.dtype))
    return Scaling(offset, float(np.sqrt(variance)) or 1.0, *_range(X))


def into_range(X: Array, low: float, high: float, variance: float) -> Scaling:
    """Choose the scaling that brings all values of X into the range a network's output can reach.

    Parameters
    ----------
    X : array of shape (n, ...)
    low, high : float
        The range; `high` may be infinite, and values are then divided as by `for_rows`.
    variance : float
        As in `for_rows`.
    """
    if X.dtype == np.uint8 and low <= 0.0 and high >= 1.0:
        return Scaling(0.0, 255.0, *_range(X))
    ends = [(float(X[rows].min()), float(X[rows].max())) for rows in row_chunks(X)]
    least, most = min(end[0] for end in ends), max(end[1] for end in ends)
    if np.isinf(high):
        scale = float(np.sqrt(variance)) or 1.0
    else:
        scale = (most - least) / (high - low) or 1.0
    return Scaling(least - low * scale, scale, *_range(X))


def _range(X: Array) -> tuple[float, float]:
    """Give the range that the type of data fixes, if it does."""
    highest = PIXELS.get(X.dtype.name)
    return (-np.inf, np.inf) if highest is None else (0.0, highest)
