"""Rows that took time to decode, kept in a temporary file, so that they are decoded once."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np

from jamjae.data import memory

SHARE = 0.25  # of the free space of the folder for temporary files, which a file takes at most
UNITS = 1 << 20  # parts of the rows, at most, of which each is known to be kept or not
GAP_BYTES, RUN_BYTES = 1 << 14, 1 << 22  # read over rather than begun anew; read at once, at most


class Scratch:
    """Rows in a temporary file that has no name: the system removes it with the last process.

    The file is read by position, not mapped, so that its pages do not count as memory of the
    process. Several threads may read. A pickle carries none of the rows.

    Parameters
    ----------
    shape : tuple of int
        Of all rows (n, ...).
    dtype : dtype

    Raises
    ------
    OSError
        The space cannot be reserved.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.row_bytes = max(math.prod(shape[1:]) * self.dtype.itemsize, 1)
        self.file = _nameless()
        weakref.finalize(self, os.close, self.file)
        _reserve(self.file, shape[0] * self.row_bytes)
        self.unit = -(-shape[0] // UNITS)
        self.known = np.zeros(-(-shape[0] // self.unit), dtype=bool)
        self.whole = True  # until the file cannot be written

    @classmethod
    def where_it_fits(cls, shape: tuple[int, ...], dtype: Any) -> Self | None:
        """Open the file if it takes at most a share of the free space, else give None."""
        needed = math.prod(shape) * np.dtype(dtype).itemsize
        try:
            room = shutil.disk_usage(tempfile.gettempdir()).free * SHARE
            return cls(shape, dtype) if 0 < needed <= room else None
        except OSError:  # a folder that cannot be written, or a limit of this user
            return None

    def __reduce__(self) -> tuple[Any, ...]:
        return Scratch.where_it_fits, (self.shape, self.dtype)

    def read(
        self, index: np.ndarray, fetch: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray | None:
        """Read rows by their positions (m,), of which those not kept yet are fetched first.

        Returns
        -------
        array of shape (m, ...), or None if they cannot be kept
        """
        if not self.known[index // self.unit].all() and not self._kept(index, fetch):
            return None
        found = memory.empty((len(index), *self.shape[1:]), self.dtype)
        for start, end in self._runs(index):
            some = index[start:end]
            first, count = int(some[0]), int(some[-1] - some[0]) + 1
            if count == len(some) and (np.diff(some) == 1).all():
                self._fill(found[start:end], first)
            else:
                around = np.empty((count, *self.shape[1:]), self.dtype)
                self._fill(around, first)
                found[start:end] = around[some - first]
        return found

    def _runs(self, index: np.ndarray) -> Iterator[tuple[int, int]]:
        """Cut positions where the next row is not soon after the last."""
        step, most = np.diff(index), max(RUN_BYTES // self.row_bytes, 1)
        near = (step >= 0) & (step <= max(GAP_BYTES // self.row_bytes, 1))
        cuts = np.flatnonzero(~near | (np.diff(index // most) != 0)) + 1
        return pairwise([0, *cuts.tolist(), len(index)])

    def _fill(self, rows: np.ndarray, first: int) -> None:
        left, place = rows.reshape(-1).view(np.uint8).data, first * self.row_bytes
        while left:
            count = os.preadv(self.file, [left], place)
            if not count:
                raise OSError(f"the temporary file ends before row {first + len(rows)}")
            left, place = left[count:], place + count

    # --- rows that are not kept yet ---------------------------------------------------------

    def _kept(self, index: np.ndarray, fetch: Callable[[np.ndarray], np.ndarray]) -> bool:
        """Fetch and write the units of rows that are not known; give whether all could be."""
        if not self.whole:
            return False
        units = np.unique(index // self.unit)
        units = units[~self.known[units]]
        if not len(units):  # another thread was faster
            return True
        ends = np.minimum((units + 1) * self.unit, self.shape[0])
        asked = [np.arange(u * self.unit, end) for u, end in zip(units, ends, strict=True)]
        rows = np.concatenate(asked)
        fetched = np.ascontiguousarray(fetch(rows), self.dtype)
        cuts = np.flatnonzero(np.diff(rows) != 1) + 1
        try:
            for start, end in pairwise([0, *cuts.tolist(), len(rows)]):
                self._write(fetched[start:end], int(rows[start]))
        except OSError as error:
            self._give_up(error)
            return False
        self.known[units] = True
        return True

    def _write(self, rows: np.ndarray, first: int) -> None:
        left, place = rows.reshape(-1).view(np.uint8).data, first * self.row_bytes
        while left:
            count = os.pwrite(self.file, left, place)
            left, place = left[count:], place + count

    def _give_up(self, error: OSError) -> None:
        self.whole = False
        warnings.warn(
            f"No more rows are kept decoded in {tempfile.gettempdir()!r} ({error.strerror}): the "
            "others are decoded each time, which takes longer. Make room there, or set TMPDIR to a "
            "folder that has room, and read the data again.",
            UserWarning,
            stacklevel=2,
        )


def _nameless() -> int:
    """Open a temporary file, which the system removes when it is closed, however that happens."""
    file, name = tempfile.mkstemp(prefix="jamjae-")
    Path(name).unlink()
    return file


def _reserve(file: int, needed: int) -> None:
    """Take the space at once, where the system can, so that it is there when rows are written."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, needed)
    else:
        os.truncate(file, needed)
