"""Rows of a data set: in memory, in files or some of either, visited in chunks."""

from __future__ import annotations

import copy
import math
import mmap
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeAlias

import numpy as np

from jamjae.data import memory
from jamjae.data.scratch import Scratch
from jamjae.errors import InvalidDataError

# rows are visited in pieces of about so many bytes of float64; of files that are decoded, fewer
CHUNK_BYTES, LAZY_CHUNK_BYTES = 1 << 25, 1 << 23


class _Indexed:
    """What rows that are no array have in common with one.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
    """

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def ndim(self) -> int:
        """Number of axes, as of an array."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values, as of an array."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all values in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]


class Subset(_Indexed):
    """Some rows of others, by index: copied only piece by piece, when they are asked for."""

    def __init__(self, array: Array, index: np.ndarray) -> None:
        self.array, self.index = array, index
        self.shape, self.dtype = (len(index), *array.shape[1:]), array.dtype

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        return self.array[self.index[rows]]


class Derived(_Indexed):
    """What is made of rows, when they are asked for.

    Parameters
    ----------
    array : rows (n, ...)
    make : callable
        Takes some of the rows and their positions (m,), and gives as many, of `shape` and `dtype`.
    """

    def __init__(
        self,
        array: Array,
        make: Callable[[np.ndarray, np.ndarray], np.ndarray],
        dtype: np.dtype | None = None,
    ) -> None:
        self.array, self.make = array, make
        self.shape, self.dtype = array.shape, array.dtype if dtype is None else dtype

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        return self.make(self.array[rows], np.arange(len(self))[rows])


class LazyRows(_Indexed, ABC):
    """Rows in files, read when they are asked for: ``rows[a:b]`` and ``rows[index]`` are copies.

    A subclass sets `shape` and `dtype`, and implements `_read`, which may be called from several
    threads. Its instances hold paths, not open files, so that they can be pickled.

    ``np.asarray(rows)`` reads all rows, if they fit into half of the available memory.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    titles: tuple[str, ...] = ()  # names of columns, where estimators are to know them
    scratch: Scratch | None = None  # where rows that were read stay decoded, if they do

    @abstractmethod
    def _read(self, index: np.ndarray) -> np.ndarray:
        """Read rows by their positions (m,), which are in range but in any order."""

    @property
    def starts(self) -> np.ndarray | None:
        """First rows of the parts of the files that are read at once; None if rows are.

        The number of rows is the last element.
        """
        return None

    def __getitem__(self, rows: int | slice | np.ndarray) -> np.ndarray:
        if isinstance(rows, slice):
            return self._of(np.arange(*rows.indices(len(self))))
        index = np.asarray(rows)
        index = np.flatnonzero(index) if index.dtype == bool else index.astype(np.intp)
        if index.size and not -len(self) <= index.min() <= index.max() < len(self):
            raise IndexError(f"row {index.max()} of {len(self)} rows was asked for")
        found = self._of(np.where(index < 0, index + len(self), index).reshape(-1))
        return found if index.ndim else found[0]

    def _of(self, index: np.ndarray) -> np.ndarray:
        if not len(index):
            return np.empty((0, *self.shape[1:]), self.dtype)
        kept = None if self.scratch is None else self.scratch.read(index, self._read)
        read = self._read(index) if kept is None else kept
        return read.reshape(len(index), *self.shape[1:])

    def keep(self) -> bool:
        """Keep rows that are read in a temporary file, if there is room; give whether there is.

        They are then decoded once. The file has no name, and is gone with the rows.
        """
        self.scratch = Scratch.where_it_fits(self.shape, self.dtype)
        return self.scratch is not None

    def titled(self, titles: Sequence[str]) -> Self:
        """Give the same rows with names for their columns, which an estimator is then held to."""
        made = copy.copy(self)
        made.titles = tuple(titles)
        return made

    def reshape(self, *shape: int) -> Self:
        """Give the same rows in another shape: ``rows.reshape(len(rows), 28, 28)``.

        One length but the first may be -1, as of an array.
        """
        if shape.count(-1) == 1:
            rest = self.size // max(-math.prod(shape), 1)
            shape = tuple(rest if length == -1 else length for length in shape)
        if shape[0] != len(self) or math.prod(shape) != self.size:
            raise ValueError(f"rows of shape {self.shape} cannot be reshaped to {shape}")
        made = copy.copy(self)
        made.shape, made.titles = shape, ()
        return made

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("Rows in files cannot become an array without being read (copied).")
        there = memory.available()
        if there is not None and self.nbytes > there // 2:
            raise InvalidDataError(
                f"Cannot read all of {self!r} into memory: {self.nbytes / 1e9:.3g} GB are needed, "
                f"and {there / 1e9:.3g} GB are available, of which at most half are taken. Take "
                "some rows (rows[:1000], or limit= in jamjae.read and --limit), or use fit, "
                "transform, score and score_samples, which read piece by piece."
            )
        found = np.empty(self.shape, self.dtype if dtype is None else dtype)
        for chunk in row_chunks(self):
            found[chunk] = self[chunk]
        return found

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shape={self.shape}, dtype={self.dtype.name})"


Given: TypeAlias = np.ndarray | LazyRows  # as users give them
Array: TypeAlias = Given | Subset | Derived
Rows: TypeAlias = Mapping[str, Array]  # what belongs together, by name: "x", "guide", ...
Batch: TypeAlias = Mapping[str, np.ndarray]  # the same of some rows, copied


def part(rows: Rows, index: np.ndarray | None) -> Rows:
    """Give the rows of an index, or all for None; nothing is copied."""
    return rows if index is None else {name: Subset(rows[name], index) for name in rows}


def drawn(n: int, most: int, seed: int) -> np.ndarray:
    """Give the positions of all n rows, or of as many at random as are taken at most, in order."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.RandomState(seed).choice(n, most, replace=False))


def observed_variance(X: Array) -> float:
    """Mean squared distance from the mean row per element that is not NaN, in float64."""
    sums, counts = np.zeros(X.shape[1:]), np.zeros(X.shape[1:])
    for chunk in row_chunks(X):
        some = X[chunk]
        sums += np.nansum(some, axis=0, dtype=np.float64)
        counts += np.isfinite(some).sum(axis=0)
    mean = sums / np.maximum(counts, 1)
    total = sum(float(np.nansum(np.square(X[chunk] - mean))) for chunk in row_chunks(X))
    return total / max(float(counts.sum()), 1.0)


def row_chunks(X: Array, chunk_bytes: int | None = None) -> list[slice]:
    """Cut rows into slices whose float64 copy takes about `chunk_bytes`."""
    if chunk_bytes is None:
        chunk_bytes = LAZY_CHUNK_BYTES if is_lazy(X) else CHUNK_BYTES
    row_bytes = max(8 * int(np.prod(X.shape[1:], dtype=np.int64)), 1)
    step = max(chunk_bytes // row_bytes, 1)
    return [slice(start, start + step) for start in range(0, len(X), step)]


def value_range(X: Array) -> tuple[float, float]:
    """Give the least and the greatest value that are not NaN; NaN if all are."""
    pieces = (X[rows] for rows in row_chunks(X))
    ends = [(np.fmin.reduce(some, axis=None), np.fmax.reduce(some, axis=None)) for some in pieces]
    least, most = np.array(ends, dtype=np.float64).T
    return float(np.fmin.reduce(least)), float(np.fmax.reduce(most))


def is_lazy(X: Array) -> bool:
    """Whether rows, or what they are some of, are read from files piece by piece."""
    return isinstance(_held(X), LazyRows)


def is_mapped(X: Array) -> bool:
    """Whether an array, or what it is a view of, lies in a file that is mapped into memory."""
    held: object = _held(X)
    while isinstance(held, np.ndarray):
        if isinstance(held, np.memmap):
            return True
        held = held.base
    return isinstance(held, mmap.mmap)


def _held(X: Array) -> Array:
    """Give the rows that others are some of, or are made of."""
    while isinstance(X, Subset | Derived):
        X = X.array
    return X


def is_piecewise(X: object) -> bool:
    """Whether rows are in files, and too large to be taken into memory at once."""
    if isinstance(X, np.ndarray) and is_mapped(X):
        return memory.is_large(X.nbytes)
    return isinstance(X, LazyRows)


def read_together(X: Array) -> np.ndarray | None:
    """Give the first rows of what is read at once, and the number of rows; None if rows are."""
    while isinstance(X, Derived):
        X = X.array
    if isinstance(X, LazyRows):
        return X.starts
    if not isinstance(X, Subset) or not isinstance(X.array, LazyRows) or X.array.starts is None:
        return None
    rising = bool((np.diff(X.index) > 0).all())
    starts = X.array.starts.astype(X.index.dtype)  # of another type the index would be copied
    return np.unique(np.searchsorted(X.index, starts)) if rising else None
