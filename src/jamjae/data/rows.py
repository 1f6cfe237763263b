"""Rows of a data set: in memory, in a mapped file or some of either, visited in chunks."""

from __future__ import annotations

import math
import mmap
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

CHUNK_BYTES = 1 << 25  # rows are visited in pieces of about 32 MiB of float64


class Subset:
    """Some rows of an array, by index: copied only piece by piece, when they are asked for."""

    def __init__(self, array: np.ndarray, index: np.ndarray) -> None:
        self.array, self.index = array, index
        self.shape, self.dtype = (len(index), *array.shape[1:]), array.dtype
        self.nbytes = len(index) * math.prod(array.shape[1:]) * array.itemsize

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        return self.array[self.index[rows]]


Array: TypeAlias = np.ndarray | Subset
Rows: TypeAlias = Mapping[str, Array]  # what belongs together, by name: "x", "guide", ...
Batch: TypeAlias = Mapping[str, np.ndarray]  # the same of some rows, copied


def part(rows: Batch, index: np.ndarray | None) -> Rows:
    """Give the rows of an index, or all for None; nothing is copied."""
    return rows if index is None else {name: Subset(rows[name], index) for name in rows}


def row_chunks(X: Array, chunk_bytes: int = CHUNK_BYTES) -> list[slice]:
    """Cut rows into slices whose float64 copy takes about `chunk_bytes`."""
    row_bytes = max(8 * int(np.prod(X.shape[1:], dtype=np.int64)), 1)
    step = max(chunk_bytes // row_bytes, 1)
    return [slice(start, start + step) for start in range(0, len(X), step)]


def is_mapped(X: Array) -> bool:
    """Whether an array, or what it is a view of, lies in a file that is mapped into memory."""
    held: object = X.array if isinstance(X, Subset) else X
    while isinstance(held, np.ndarray):
        if isinstance(held, np.memmap):
            return True
        held = held.base
    return isinstance(held, mmap.mmap)
