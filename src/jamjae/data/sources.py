"""Rows in files that are read when they are asked for: Parquet and images."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data import memory
from jamjae.data.rows import LazyRows
from jamjae.errors import DataFormatError, DataNotFoundError, brief

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

HELD_BYTES = 1 << 25  # of decoded row groups that are kept; one is, however large
DECODED_ROWS, BUFFER_BYTES = 1 << 16, 1 << 20  # at a time, of a row group and of a column's pages
PARQUET = (".parquet", ".pq")
SMALL_INTEGERS = 2  # bytes of integers that float32 holds exactly


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

    def __init__(self, path: str | os.PathLike[str], columns: Sequence[str] | None = None) -> None:
        self.path = Path(path)
        files = parquet_files(self.path)
        heads = [_Head.of(file) for file in files]
        first = heads[0].schema
        self.feature_names = tuple(_numeric(first) if columns is None else columns)
        self.files = tuple(files)
        self._stamps = tuple(map(_stamp, files))
        for file, head in zip(files, heads, strict=True):
            _require_columns(file, head.schema, files[0], first, self.feature_names)
        groups = [(i, g, n) for i, head in enumerate(heads) for g, n in enumerate(head.lengths)]
        self._groups = np.array([(i, g) for i, g, n in groups if n], dtype=np.int32).reshape(-1, 2)
        lengths = np.array([n for *_, n in groups if n], dtype=np.int64)
        self._starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        if not self.feature_names:
            raise _cannot(self.path, f"none of its columns holds numbers ({brief(first.names)}).")
        missing = {name for head in heads for name in head.missing}
        self.dtype = common_type([(first.field(n).type, n in missing) for n in self.feature_names])
        self.shape = (int(self._starts[-1]), len(self.feature_names))
        if not len(self):
            raise _cannot(self.path, "it has no rows.")
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
        for start, end in pairwise([0, *cuts.tolist(), len(rising)]):
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
                raise _cannot(file, "it was changed after it was opened. Read it again.")
            with ParquetFile(file, buffer_size=BUFFER_BYTES) as opened:
                return self._copied(opened, number)
        except FileNotFoundError as error:
            raise _cannot(file, "it is gone, while its rows are still being read.") from error
        except (OSError, ValueError) as error:  # pyarrow's are among these
            raise _damaged(file, error) from error

    def _copied(self, opened: ParquetFile, group: int) -> np.ndarray:
        """Copy a row group column by column and in pieces, so that it is held only once."""
        names = self.feature_names
        found = memory.empty((opened.metadata.row_group(group).num_rows, len(names)), self.dtype)
        for i, name in enumerate(names):
            start = 0
            for batch in opened.iter_batches(DECODED_ROWS, row_groups=[group], columns=[name]):
                found[start : start + len(batch), i] = _values(batch.column(0))
                start += len(batch)
        return found


class ImageRows(LazyRows):
    """Images of one size as rows (n, h, w) or (n, h, w, c), decoded on demand.

    Parameters
    ----------
    files : sequence of path
    decode : callable
        From a path to an array of the shape and type of a row; must be picklable for the rows to
        be so.
    shape : tuple of int
        Of one image.
    dtype : dtype, default=uint8
    """

    def __init__(
        self,
        files: Sequence[Path],
        decode: Callable[[Path], np.ndarray],
        shape: tuple[int, ...],
        dtype: Any = np.uint8,
    ) -> None:
        self.files, self.decode = tuple(files), decode
        self.shape, self.dtype = (len(self.files), *shape), np.dtype(dtype)

    def _read(self, index: np.ndarray) -> np.ndarray:
        found = memory.empty((len(index), *self.shape[1:]), self.dtype)
        for place, row in zip(found, index, strict=True):
            place[...] = self.decode(self.files[row]).reshape(place.shape)
        return found


# --- Parquet's schema and cells -------------------------------------------------------------


class _Head(NamedTuple):
    """What stands in a Parquet file beside its values."""

    schema: pa.Schema
    lengths: list[int]  # rows of each row group
    missing: set[str]  # columns in which cells are missing, or may be

    @classmethod
    def of(cls, file: Path) -> _Head:
        from pyarrow.parquet import ParquetFile

        try:
            with ParquetFile(file) as opened:
                schema, data = opened.schema_arrow, opened.metadata
                groups = [data.row_group(number) for number in range(data.num_row_groups)]
                missing = {name for group in groups for name in _with_missing(group)}
                return cls(schema, [group.num_rows for group in groups], missing)
        except (OSError, ValueError) as error:
            raise _damaged(file, error) from error


def parquet_files(path: Path) -> list[Path]:
    """Give the Parquet files of a folder and its subfolders in the order of their names.

    Raises
    ------
    DataNotFoundError
        If there is none.
    """
    if path.is_file():
        return [path]
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in PARQUET
        and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
        and file.is_file()
    ]
    if not found:
        raise DataNotFoundError(
            f"Cannot read Parquet files from {str(path)!r}: there is none that ends in "
            f"{' or '.join(PARQUET)}. Check the path."
        )
    return found


def common_type(columns: Sequence[tuple[Any, bool]]) -> np.dtype:
    """Give the type that holds the numbers of all columns.

    Parameters
    ----------
    columns : sequence of (Arrow type, whether cells may be missing)
        Booleans and columns with missing cells become floats.
    """
    found = np.result_type(*[_type(kind, missing) for kind, missing in columns])
    return np.result_type(found, np.float32) if found == np.float16 else found


def _type(kind: Any, missing: bool) -> np.dtype:
    from pyarrow import types

    if types.is_decimal(kind):
        return np.dtype(np.float64)
    dtype = np.dtype(kind.to_pandas_dtype())
    if dtype.kind == "b":
        return np.dtype(np.float32)
    if dtype.kind in "iu" and missing:
        return np.dtype(np.float32 if dtype.itemsize <= SMALL_INTEGERS else np.float64)
    return dtype


def is_numeric(kind: Any) -> bool:
    """Whether an Arrow type is one of numbers or booleans."""
    from pyarrow import types

    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    return any(test(kind) for test in tests)


def _numeric(schema: pa.Schema) -> list[str]:
    return [field.name for field in schema if is_numeric(field.type)]


def _values(column: pa.Array) -> np.ndarray:
    """Convert a column to numbers, missing ones to NaN."""
    from pyarrow import float64, types

    if types.is_decimal(column.type) or types.is_boolean(column.type):
        column = column.cast(float64())
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _with_missing(group: Any) -> Iterator[str]:
    for number in range(group.num_columns):
        column = group.column(number)
        counted = column.statistics
        if counted is None or not counted.has_null_count or counted.null_count:
            yield column.path_in_schema


def _require_columns(
    file: Path, schema: pa.Schema, first: Path, expected: pa.Schema, names: Sequence[str]
) -> None:
    for name in names:
        places = schema.get_all_field_indices(name)
        if len(places) != 1:
            why = "has no column" if not places else "has more than one column"
            beside = "" if file == first else f", as {first.name!r} does"
            raise _cannot(file, f"it {why} {name!r}; one is expected{beside}.")
        kind = schema.field(name).type
        if not is_numeric(kind):
            raise _cannot(file, f"its column {name!r} holds {kind}; numbers are expected.")
        if kind != expected.field(name).type:
            raise _cannot(
                file,
                f"its column {name!r} holds {kind}, and that of {first.name!r} "
                f"{expected.field(name).type}; all files of a folder have the same types. Write "
                "one of them anew.",
            )


def _span(places: np.ndarray) -> slice | np.ndarray:
    """Give rising places as a slice where they are neighbors, as that copies faster."""
    first, last = int(places[0]), int(places[-1])
    return slice(first, last + 1) if last - first == len(places) - 1 else places


def _stamp(file: Path) -> tuple[int, int]:
    state = file.stat()
    return state.st_size, state.st_mtime_ns


def _cannot(path: Path, why: str) -> DataFormatError:
    return DataFormatError(f"Cannot read {str(path)!r}: {why}")


def _damaged(path: Path, error: Exception) -> DataFormatError:
    return _cannot(path, f"{brief(error)}. Copy it again from where it came from.")
