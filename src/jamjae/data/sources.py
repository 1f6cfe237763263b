"""Rows in files that are read when they are asked for: Parquet and images; and names of rows."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data import memory
from jamjae.data.parquet import (
    Head,
    cannot_read,
    common_type,
    damaged,
    numeric_columns,
    parquet_files,
    require_columns,
    values,
)
from jamjae.data.rows import LazyRows
from jamjae.errors import brief

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

HELD_BYTES = 1 << 23  # of decoded row groups that are kept; one is, however large
DECODED_ROWS, BUFFER_BYTES = 1 << 16, 1 << 20  # at a time, of a row group and of a column's pages
COLUMNS, BLOCK_ROWS = 16, 4096  # that are decoded together, and put into rows together
DECODED_IMAGES, THREADS = 16, 8  # that a thread decodes at least, and threads at most


class ParquetRows(LazyRows):
    """Columns of one or several Parquet files as rows (n, d), decoded by row groups on demand.

    Parameters
    ----------
    path : path
        A file, or a folder whose Parquet files are taken in the order of their names, those of
        subfolders too; names that begin with ``.`` or ``_`` are passed over.
    columns : sequence of str, optional
        Numeric columns, by default all of them. Their values have the type that holds those of all
        columns; missing ones are NaN.
    dtype : dtype, optional
        Another type for the values.

    Raises
    ------
    DataNotFoundError
        The folder holds no Parquet file.
    DataFormatError
        A file is damaged or empty, has other columns than the first, or a column holds no numbers.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from jamjae.data.writing import write_rows
    >>> path = write_rows(
    ...     Path(mkdtemp()) / "rows.parquet", np.eye(3), feature_names=["a", "b", "c"]
    ... )
    >>> rows = ParquetRows(path, ["c", "a"])
    >>> rows, rows[:2].tolist()
    (ParquetRows(shape=(3, 2), dtype=float64), [[0.0, 1.0], [0.0, 0.0]])
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        columns: Sequence[str] | None = None,
        dtype: Any = None,
    ) -> None:
        self.path = Path(path)
        files = parquet_files(self.path)
        heads = [Head.of(file) for file in files]
        first = heads[0].schema
        self.feature_names = tuple(numeric_columns(first) if columns is None else columns)
        self.files = tuple(files)
        self._stamps = tuple(map(_stamp, files))
        for file, head in zip(files, heads, strict=True):
            require_columns(file, head.schema, files[0], first, self.feature_names)
        groups = [(i, g, n) for i, head in enumerate(heads) for g, n in enumerate(head.lengths)]
        self._groups = np.array([(i, g) for i, g, n in groups if n], dtype=np.int32).reshape(-1, 2)
        lengths = np.array([n for *_, n in groups if n], dtype=np.int64)
        self._starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        if not self.feature_names:
            raise cannot_read(
                self.path, f"none of its columns holds numbers ({brief(first.names)})."
            )
        missing = {name for head in heads for name in head.missing}
        common = common_type([(first.field(n).type, n in missing) for n in self.feature_names])
        self.dtype = common if dtype is None else np.dtype(dtype)
        self.shape = (int(self._starts[-1]), len(self.feature_names))
        if not len(self):
            raise cannot_read(self.path, "it has no rows.")
        self._forget()

    @property
    def starts(self) -> np.ndarray:
        """First rows of the row groups, and the number of rows."""
        return self._starts

    def _read(self, index: np.ndarray) -> np.ndarray:
        order = np.argsort(index, kind="stable") if (np.diff(index) < 0).any() else None
        rising = index if order is None else index[order]
        found = memory.empty((len(index), len(self.feature_names)), self.dtype)
        groups = np.searchsorted(self._starts, rising, side="right") - 1
        cuts = np.flatnonzero(np.diff(groups)) + 1
        parts = list(pairwise([0, *cuts.tolist(), len(rising)]))
        if order is not None:  # of groups that were asked for last, the last one is kept
            parts.sort(key=lambda part: order[part[0]])
        for start, end in parts:
            group = int(groups[start])
            places = rising[start:end] - self._starts[group]
            target = slice(start, end) if order is None else order[start:end]
            found[target] = self._group(group)[_span(places)]
        return found

    # --- row groups that were decoded, of which the last ones are kept ----------------------

    def _forget(self) -> None:
        self._held: OrderedDict[int, np.ndarray] = OrderedDict()
        self._lock, self._process = threading.Lock(), os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_held", "_lock", "_process")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def _group(self, group: int) -> np.ndarray:
        """Give a decoded row group; several threads may decode one each."""
        if self._process != os.getpid():  # the lock may have been held when the process was forked
            self._forget()
        with self._lock:
            if group in self._held:
                self._held.move_to_end(group)
                return self._held[group]
            self._make_room(int(self._starts[group + 1] - self._starts[group]))
        decoded = self._decoded(group)
        with self._lock:
            self._held[group] = decoded
        return decoded

    def _make_room(self, rows: int) -> None:
        """Let go of row groups before another one is decoded, not after."""
        coming = rows * len(self.feature_names) * self.dtype.itemsize
        while self._held and coming + sum(a.nbytes for a in self._held.values()) > HELD_BYTES:
            self._held.popitem(last=False)

    def _decoded(self, group: int) -> np.ndarray:
        from pyarrow.parquet import ParquetFile

        place, number = map(int, self._groups[group])
        file = self.files[place]
        try:
            if _stamp(file) != self._stamps[place]:
                raise cannot_read(file, "it was changed after it was opened. Read it again.")
            with ParquetFile(file, buffer_size=BUFFER_BYTES) as opened:
                return self._copied(opened, number)
        except FileNotFoundError as error:
            raise cannot_read(file, "it is gone, while its rows are still being read.") from error
        except (OSError, ValueError) as error:  # pyarrow's are among these
            raise damaged(file, error) from error

    def _copied(self, opened: ParquetFile, group: int) -> np.ndarray:
        """Copy a row group some columns at a time and in pieces, so that it is held only once."""
        names = self.feature_names
        found = memory.empty((opened.metadata.row_group(group).num_rows, len(names)), self.dtype)
        for first in range(0, len(names), COLUMNS):
            some = list(names[first : first + COLUMNS])
            start = 0
            for batch in opened.iter_batches(DECODED_ROWS, row_groups=[group], columns=some):
                columns = [values(batch.column(name)) for name in some]
                _transpose(columns, found[start : start + len(batch), first : first + COLUMNS])
                start += len(batch)
        return found


def _transpose(columns: Sequence[np.ndarray], rows: np.ndarray) -> None:
    """Put columns into rows, in blocks that stay in the processor's cache."""
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        for i, column in enumerate(columns):
            block[:, i] = column[start : start + BLOCK_ROWS]


class ImageRows(LazyRows):
    """Images of one size as rows (n, h, w) or (n, h, w, c), decoded on demand by several threads.

    Parameters
    ----------
    files : sequence of path
        Or of anything else that says where an image is.
    decode : callable
        From one of these to an array of the shape and type of a row, in any thread; both must be
        picklable for the rows to be so.
    shape : tuple of int
        Of one image.
    dtype : dtype, default=uint8
    """

    def __init__(
        self,
        files: Sequence[Any],
        decode: Callable[[Any], np.ndarray],
        shape: tuple[int, ...],
        dtype: Any = np.uint8,
    ) -> None:
        self.files, self.decode = tuple(files), decode
        self.shape, self.dtype = (len(self.files), *shape), np.dtype(dtype)

    def _read(self, index: np.ndarray) -> np.ndarray:
        found = memory.empty((len(index), *self.shape[1:]), self.dtype)

        def decode(some: slice) -> None:
            for place, row in zip(found[some], index[some], strict=True):
                place[...] = self.decode(self.files[row]).reshape(place.shape)

        step = max(-(-len(index) // _threads()), DECODED_IMAGES)
        parts = [slice(start, start + step) for start in range(0, len(index), step)]
        if len(parts) == 1:
            decode(parts[0])
            return found
        with ThreadPoolExecutor(len(parts), thread_name_prefix="jamjae-decoding") as pool:
            list(pool.map(decode, parts))  # which raises what the first of them did
        return found


class MappedRows(LazyRows):
    """Rows in files, changed when they are read.

    Parameters
    ----------
    rows : LazyRows
    change : callable
        From an array of some rows to that of the changed rows; picklable for the rows to be so.
    """

    def __init__(self, rows: LazyRows, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self.rows, self.change = rows, change
        first = change(rows[:1])
        self.shape, self.dtype = (len(rows), *first.shape[1:]), first.dtype

    @property
    def starts(self) -> np.ndarray | None:
        """Those of the rows before the change."""
        return self.rows.starts

    def _read(self, index: np.ndarray) -> np.ndarray:
        return self.change(self.rows[index])


class Names(Sequence[str]):
    """Names of rows, kept as the column of a table that they are, and made text when asked for."""

    def __init__(self, column: Any, convert: Callable[[list[Any]], list[str]]) -> None:
        self.column, self.convert = column, convert

    def __len__(self) -> int:
        return len(self.column)

    def __getitem__(self, place: Any) -> Any:
        if not isinstance(place, slice):
            return self.convert([self.column[int(place)].as_py()])[0]
        start, end, step = place.indices(len(self))
        if step != 1:
            return tuple(self[i] for i in range(start, end, step))
        return tuple(self.convert(self.column.slice(start, max(end - start, 0)).to_pylist()))

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), DECODED_ROWS):
            yield from self[start : start + DECODED_ROWS]


def _span(places: np.ndarray) -> slice | np.ndarray:
    """Give rising places as a slice where they are neighbors, as that copies faster."""
    first, last = int(places[0]), int(places[-1])
    return slice(first, last + 1) if last - first == len(places) - 1 else places


def _threads() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, THREADS)


def _stamp(file: Path) -> tuple[int, int]:
    state = file.stat()
    return state.st_size, state.st_mtime_ns
