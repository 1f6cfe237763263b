"""From a user's numbers to a network's and back: one offset and one number.

All features are divided by the same number, so an error on the scaled data is the error on the
data divided by ``scale²``, and comparing it with PCA's compares one quantity with itself.
"""

from __future__ import annotations

import mmap
from typing import NamedTuple

import numpy as np

CHUNK_BYTES = 1 << 25  # rows are visited in pieces of about 32 MiB of float64


class Scaling(NamedTuple):
    """``scaled = (x - offset) / scale``.

    Attributes
    ----------
    offset : float or array of the shape of one row
        What is taken away, in the data's units.
    scale : float
        What everything is divided by, in the data's units.
    low, high : float
        The data's range where the type of the data fixes it (uint8), else minus and plus infinity.
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
        scaled: np.ndarray = X.astype(np.float64 if X.dtype == np.float64 else np.float32)
        np.subtract(scaled, self.offset, out=scaled)
        np.divide(scaled, self.scale, out=scaled)
        return scaled.astype(np.float32, copy=False)

    def in_graph(self, dtype: np.dtype) -> tuple[float, float]:
        """Give the offset and the factor left for the compiled step to apply to `apply`'s rows."""
        if dtype == np.uint8 and np.ndim(self.offset) == 0:
            return float(self.offset), 1.0 / self.scale
        return 0.0, 1.0

    def undo(self, scaled: np.ndarray) -> np.ndarray:
        """Bring a network's float32 output (n, ...) back to the data's units and precision."""
        offset = np.asarray(self.offset)
        precise = scaled.dtype == np.float64 or (offset.ndim and offset.dtype == np.float64)
        restored: np.ndarray = scaled.astype(np.float64 if precise else np.float32)
        np.multiply(restored, self.scale, out=restored)
        np.add(restored, offset.astype(restored.dtype), out=restored)
        return restored

    def clip(self, restored: np.ndarray) -> np.ndarray:
        """Keep restored rows within the data's range, where it is fixed; in place."""
        if np.isfinite(self.low):
            np.clip(restored, self.low, self.high, out=restored)
        return restored


def none(X: np.ndarray) -> Scaling:
    """Leave the values as they are."""
    return Scaling(0.0, 1.0, 0.0, 255.0) if X.dtype == np.uint8 else Scaling(0.0, 1.0)


def for_rows(X: np.ndarray, mean: np.ndarray, variance: float) -> Scaling:
    """Choose the scaling of data: 8-bit values by 255, others centred and divided by one number.

    Parameters
    ----------
    X : array of shape (n, ...)
    mean : array of shape (d,)
        The mean row.
    variance : float
        Mean squared distance of an entry from its feature's mean; 0 leaves the size as it is.
    """
    if X.dtype == np.uint8:
        return Scaling(0.0, 255.0, 0.0, 255.0)
    return Scaling(mean.reshape(X.shape[1:]).astype(X.dtype), float(np.sqrt(variance)) or 1.0)


def into_range(X: np.ndarray, low: float, high: float, variance: float) -> Scaling:
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
        return Scaling(0.0, 255.0, 0.0, 255.0)
    least, most = float(X.min()), float(X.max())
    if np.isinf(high):
        scale = float(np.sqrt(variance)) or 1.0
    else:
        scale = (most - least) / (high - low) or 1.0
    bounds = (0.0, 255.0) if X.dtype == np.uint8 else (-np.inf, np.inf)
    return Scaling(least - low * scale, scale, *bounds)


def row_chunks(X: np.ndarray, chunk_bytes: int = CHUNK_BYTES) -> list[slice]:
    """Cut rows into slices whose float64 copy takes about `chunk_bytes`."""
    row_bytes = max(8 * int(np.prod(X.shape[1:], dtype=np.int64)), 1)
    step = max(chunk_bytes // row_bytes, 1)
    return [slice(start, start + step) for start in range(0, len(X), step)]


def is_mapped(X: np.ndarray) -> bool:
    """Whether an array, or what it is a view of, lies in a file that is mapped into memory."""
    held: object = X
    while isinstance(held, np.ndarray):
        if isinstance(held, np.memmap):
            return True
        held = held.base
    return isinstance(held, mmap.mmap)
