"""Scaling between the data and the networks: one offset and one divisor.

All features are divided by the same number, so an error on the scaled data is the error on the
data divided by ``scale²``, and comparing it with PCA's compares one quantity with itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jamjae.data import memory
from jamjae.data.rows import Array, row_chunks

SCALED_BYTES = 1 << 20  # of float64, at a time
PIXELS = {"uint8": 255.0, "uint16": 65535.0}  # types that fix a range, and its end


def value_type(dtype: np.dtype) -> type[np.floating]:
    """Give the type in which values of a dtype are computed and returned."""
    return np.float32 if dtype.name in ("float32", *PIXELS) else np.float64


def counted_as(dtype: np.dtype) -> str:
    """Name the type of rows for the model: their own for pixels, else that of `value_type`."""
    return dtype.name if dtype.name in PIXELS else value_type(dtype).__name__


def as_integers(values: np.ndarray, dtype: np.dtype | str) -> np.ndarray:
    """Round values to a type of integers, and clip them to its range."""
    ends = np.iinfo(dtype)  # as floats, the ends of 64 bits lie outside
    top = np.nextafter(values.dtype.type(ends.max), 0) if ends.bits > 32 else ends.max
    return np.clip(np.rint(values), ends.min, top).astype(dtype)


class Scaling(NamedTuple):
    """``scaled = (x - offset) / scale``.

    Attributes
    ----------
    offset : float or array of the shape of one row
        Subtracted from the data, in the data's units.
    scale : float
        Divisor of all features, in the data's units.
    low, high : float
        Range of the data if their type fixes it (uint8, uint16), else minus and plus infinity.
    """

    offset: np.ndarray | float
    scale: float
    low: float = -np.inf
    high: float = np.inf

    def apply(self, X: np.ndarray) -> np.ndarray:
        """Scale rows in their own precision, and return float32.

        8-bit rows are returned unchanged, as they take a quarter of the memory; the compiled step
        scales them by `in_graph`.
        """
        if X.dtype == np.uint8 and np.ndim(self.offset) == 0:
            return X
        made = memory.empty(X.shape, np.float32)
        for rows in row_chunks(X, SCALED_BYTES):  # so that no second float64 copy is held
            scaled: np.ndarray = X[rows].astype(value_type(X.dtype))
            np.subtract(scaled, self.offset, out=scaled)
            np.divide(scaled, self.scale, out=scaled)
            with np.errstate(over="ignore"):  # what becomes infinite is refused by its row
                made[rows] = scaled
        return made

    def in_graph(self, dtype: np.dtype) -> tuple[float, float]:
        """Give the offset and factor that the compiled step applies to the result of `apply`."""
        if dtype == np.uint8 and np.ndim(self.offset) == 0:
            return float(self.offset), 1.0 / self.scale
        return 0.0, 1.0

    def undo(self, scaled: np.ndarray) -> np.ndarray:
        """Convert a network's output (n, ...) to the data's units, in its own precision."""
        made: np.ndarray = np.multiply(scaled, scaled.dtype.type(self.scale))
        return np.add(made, np.asarray(self.offset, dtype=scaled.dtype), out=made)

    def clip(self, made: np.ndarray) -> np.ndarray:
        """Clip reconstructed rows to the data's range in place, if the range is fixed."""
        if np.isfinite(self.low):
            np.clip(made, self.low, self.high, out=made)
        return made


def none(X: Array) -> Scaling:
    """Leave the values as they are."""
    return Scaling(0.0, 1.0, *_range(X))


def for_rows(X: Array, mean: np.ndarray, variance: float) -> Scaling:
    """Choose the scaling of data: 8-bit values by 255, others centered and divided by one number.

    Parameters
    ----------
    X : array of shape (n, ...)
    mean : array of shape (d,)
        The mean row.
    variance : float
        Mean squared distance per element from the feature's mean; with 0 the data are not divided.
    """
    if X.dtype == np.uint8:
        return Scaling(0.0, 255.0, *_range(X))
    offset = mean.reshape(X.shape[1:]).astype(value_type(X.dtype))
    return Scaling(offset, float(np.sqrt(variance)) or 1.0, *_range(X))


def into_range(
    X: Array, low: float, high: float, variance: float, ends: tuple[float, float]
) -> Scaling:
    """Choose the scaling that maps all values of X to the range of a network's output.

    Parameters
    ----------
    X : array of shape (n, ...)
    low, high : float
        The range; `high` may be infinite, and values are then divided as by `for_rows`.
    variance : float
        As in `for_rows`.
    ends : (float, float)
        The least and the greatest value.
    """
    if X.dtype == np.uint8 and low <= 0.0 and high >= 1.0:
        return Scaling(0.0, 255.0, *_range(X))
    least, most = ends
    if np.isinf(high):
        scale = float(np.sqrt(variance)) or 1.0
    else:
        scale = (most - least) / (high - low) or 1.0
    return Scaling(least - low * scale, scale, *_range(X))


def _range(X: Array) -> tuple[float, float]:
    """Give the range fixed by the type of the data, if there is one."""
    highest = PIXELS.get(X.dtype.name)
    return (-np.inf, np.inf) if highest is None else (0.0, highest)
