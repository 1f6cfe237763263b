"""Writing rows that come piece by piece, so that no more than a piece is in memory."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from jamjae.data.atomic import atomic
from jamjae.data.readers.cells import guarded
from jamjae.data.readers.several import NAMES
from jamjae.data.readers.table_writing import named_frame
from jamjae.data.writing import LABEL, labelled, require_kind, require_writable
from jamjae.errors import InvalidDataError, OutputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Put = Callable[[Any, Sequence[str], Sequence[Any]], None]  # a piece, its names and its labels


def write_pieces(
    path: str | os.PathLike[str],
    pieces: Iterable[Any],
    n: int,
    *,
    feature_names: Sequence[str] = (),
    label_name: str = LABEL,
    excel: bool = False,
) -> Path:
    """Write pieces of rows one after the other, whole or not at all.

    Parameters
    ----------
    path : path
        As for `jamjae.data.writing.write_rows`, which returns the same file for all rows at once.
    pieces : iterable of arrays of shape (m, ...), of data frames, or of (rows, index[, labels])
        Such as `transform_pieces` and `reconstruct_pieces` give; data frames for tables only. The
        index holds the names of the rows; labels are texts, None for none, or numbers.
    n : int
        Number of rows of all pieces.
    feature_names : sequence of str
        Headings of the columns of arrays.
    label_name : str, default="label"
        Heading of the labels.
    excel : bool, default=False
        Whether text begins with a byte order mark.

    Returns
    -------
    Path

    Raises
    ------
    InvalidDataError
        As `write_rows`, or the pieces have more or fewer rows than n together.
    OutputError
        As `write_rows`.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> pieces = (np.full((2, 3), i) for i in range(5))
    >>> path = write_pieces(Path(mkdtemp()) / "codes.npy", pieces, n=10)
    >>> np.load(path, mmap_mode="r").shape
    (10, 3)
    """
    path = Path(path)
    require_kind(path, excel=excel)
    kind, names = path.suffix.lower(), list(map(str, feature_names))
    with atomic(path) as temporary, _writer(temporary, n, names, excel=excel) as put:
        written = 0
        for piece in pieces:
            rows, index, *rest = piece if isinstance(piece, tuple) else (piece, ())
            labels = rest[0] if rest else ()
            array = isinstance(rows, np.ndarray)
            if array:
                require_writable(path, rows, index, names)
            elif kind in (".npy", ".npz"):
                raise OutputError(
                    f"Cannot write {str(path)!r}: the rows are a table, whose columns can have "
                    "several types. Choose a file name that ends in .csv, .tsv or .parquet."
                )
            if kind not in (".npy", ".npz") and len(labels):
                rows = labelled(path, rows, names, labels, label_name)
            put(rows, index, labels)
            written += len(rows)
        if written != n:
            raise InvalidDataError(
                f"Cannot write {str(path)!r}: the pieces have {written:,} rows, but n={n:,} was "
                "given. Give the number of rows of all pieces: n=len(X)."
            )
    return path


def _writer(path: Path, n: int, names: list[str], *, excel: bool) -> AbstractContextManager[Put]:
    kind = path.suffix.lower()
    if kind == ".npy":
        return _npy(path, n)
    if kind == ".npz":
        return _npz(path, n, names)
    if kind == ".parquet":
        return _parquet(path, names)
    return _text(path, names, "\t" if kind == ".tsv" else ",", "utf-8-sig" if excel else "utf-8")


# --- arrays ---------------------------------------------------------------------------------


class _Appended:
    """An array in the format of NumPy, of which the rows come later."""

    def __init__(self, file: IO[bytes], n: int) -> None:
        self.file, self.n, self.begun = file, n, False

    def __call__(self, rows: np.ndarray) -> None:
        if not self.begun:
            header = {
                "descr": np.lib.format.dtype_to_descr(rows.dtype),
                "fortran_order": False,
                "shape": (self.n, *rows.shape[1:]),
            }
            write: Any = np.lib.format.write_array_header_1_0
            write(self.file, header)
            self.begun = True
        self.file.write(np.ascontiguousarray(rows).data.cast("B"))


@contextmanager
def _npy(path: Path, n: int) -> Iterator[Put]:
    with path.open("wb") as file:
        append = _Appended(file, n)
        yield lambda rows, *_: append(rows)


@contextmanager
def _npz(path: Path, n: int, names: list[str]) -> Iterator[Put]:
    index: list[str] = []
    classes: list[Any] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("X.npy", "w", force_zip64=True) as file:
            append = _Appended(file, n)

            def put(rows: np.ndarray, of_rows: Sequence[str], labels: Sequence[Any]) -> None:
                append(rows)
                index.extend(of_rows)
                classes.extend("" if label is None else label for label in labels)

            yield put
        for name, texts in zip((*NAMES, "y"), (index, names, classes), strict=True):
            if texts:
                with archive.open(f"{name}.npy", "w") as file:
                    np.lib.format.write_array(file, np.array(texts), allow_pickle=False)


# --- tables ---------------------------------------------------------------------------------


def _frame(rows: Any, names: list[str], index: Sequence[str]) -> pd.DataFrame:
    if not isinstance(rows, np.ndarray):
        frame = rows.reset_index(drop=True)
        if len(index):
            frame.insert(0, "name", list(index))
        return frame
    table = rows.reshape(len(rows), math.prod(rows.shape[1:]))
    return named_frame(table, names or [f"x{i + 1}" for i in range(table.shape[1])], tuple(index))


@contextmanager
def _parquet(path: Path, names: list[str]) -> Iterator[Put]:
    from pyarrow import Table
    from pyarrow.parquet import ParquetWriter

    opened: list[ParquetWriter] = []

    def put(rows: Any, index: Sequence[str], _: Sequence[Any]) -> None:
        frame = _frame(rows, names, index)
        if not opened:
            opened.append(ParquetWriter(path, _schema(frame)))
        opened[0].write_table(Table.from_pandas(frame, opened[0].schema, preserve_index=False))

    try:
        yield put
    finally:
        for writer in opened:
            writer.close()


def _schema(frame: pd.DataFrame) -> pa.Schema:
    """Give the types of columns: of text where a piece may have no value that shows its type."""
    import pyarrow as pa

    found = pa.Schema.from_pandas(frame, preserve_index=False).remove_metadata()
    for i, kind in enumerate(frame.dtypes):
        if getattr(kind, "kind", "O") not in "biufMm":
            found = found.set(i, pa.field(found.names[i], pa.string()))
    return found


@contextmanager
def _text(path: Path, names: list[str], mark: str, encoding: str) -> Iterator[Put]:
    titles = [guarded(name) for name in names]
    with path.open("w", encoding=encoding, newline="") as file:

        def put(rows: Any, index: Sequence[str], _: Sequence[Any]) -> None:
            frame = _frame(rows, titles, [guarded(name) for name in index])
            empty = "nan" if isinstance(rows, np.ndarray) else ""
            frame.to_csv(
                file,
                sep=mark,
                index=False,
                header=not file.tell(),
                na_rep=empty,
                lineterminator="\n",
            )

        yield put
