"""A table, or an array, written again as it was read, with its missing cells filled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data import filled_columns, filled_text
from jamjae.data.atomic import atomic
from jamjae.data.dataset import Dataset, sample_rows
from jamjae.data.parquet import parquet_files
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import listed
from jamjae.data.readers.conversion import missing_in
from jamjae.data.readers.fills import Fill, fills
from jamjae.data.readers.tables import Opened
from jamjae.data.rows import row_chunks
from jamjae.data.shaping import shaped
from jamjae.data.writing import TEXTS, require_kind, write_rows
from jamjae.errors import OutputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ARRAYS = (".npy", ".npz")
FURTHER_TEXTS = (".txt", ".tab", ".dat", ".data")  # to which a table that is text may be written
Impute = Callable[[Any], Any]


def write_table(
    path: Path,
    source: Path,
    table: Opened,
    made: Any,
    options: ReadOptions,
    *,
    excel: bool = False,
) -> tuple[dict[str, int], list[str]]:
    """Write a table as it was read, with its missing cells filled.

    Text stays as it is in all other cells, lines and marks; other tables keep their columns and
    types. Arrays hold the features.

    Parameters
    ----------
    path, source : paths
        Where to write, and the file of the table, or ``-``.
    table : Opened
        What `jamjae.data.reading.opened_table` gave.
    made : array or data frame
        What a model made of its rows, in the shape that `options` ask for: no cell is missing.
    options : ReadOptions
        By which the table was read.
    excel : bool, default=False
        Whether text begins with a byte order mark, without which Excel does not show Hangul.

    Returns
    -------
    counts, notes
        How many cells of each column were filled, and what could not be kept.

    Raises
    ------
    OutputError
        The suffix is not supported, columns are no numbers where an array is asked for, or the
        file cannot be written.
    """
    from jamjae.data.readers.tables import dataset

    text = table.raw.form is not None
    if not (text and path.suffix.lower() in FURTHER_TEXTS):
        require_kind(path, excel=excel)
    kind, given = path.suffix.lower(), dataset(source, table)
    rows = _rows_kept(len(given.X), options)
    found = fills(table, given.X, _flat(made, given, rows, options))
    notes: list[str] = []
    if kind in ARRAYS:
        notes = _write_array(path, table, given, found, rows)
    elif text and kind in (*TEXTS, *FURTHER_TEXTS):
        with atomic(path) as temporary:
            notes = filled_text.write(
                temporary, source, table, found, rows=rows, excel=excel, ending=kind
            )
    else:
        with atomic(path) as temporary:
            notes = _write_columns(temporary, table, found, rows, excel=excel)
    counts = {table.roles.names[one.position]: _count(one, rows) for one in found}
    return {name: count for name, count in counts.items() if count}, [*notes, *_left(table)]


def _left(table: Opened) -> list[str]:
    """Name the columns that are not features and have missing cells, which stay."""
    counts = {
        table.roles.names[i]: missing_in(column)
        for i, column in enumerate(table.raw.table.columns)
        if i not in table.kept
    }
    n = len(table.raw.table)
    each = [f"{name} {count:,}" for name, count in counts.items() if 0 < count < n]
    return [f"not filled, as they are no features of the model: {listed(each)}"] if each else []


def _count(fill: Fill, rows: np.ndarray | None) -> int:
    return fill.cells if rows is None else int(fill.gaps[rows].sum())


def _rows_kept(n: int, options: ReadOptions) -> np.ndarray | None:
    """Give which rows are kept of n, None if all are."""
    if options.limit is None or n <= options.limit:
        return None
    kept = np.zeros(n, bool)
    kept[sample_rows(n, options)[0]] = True
    return kept


def _flat(made: Any, given: Dataset, rows: np.ndarray | None, options: ReadOptions) -> Any:
    """Give what was made the rows and columns of the table again."""
    if hasattr(made, "iloc"):
        if rows is None:
            return made
        whole = given.X.astype(object)
        whole.iloc[np.flatnonzero(rows)] = made.astype(object).to_numpy()
        return whole
    flat = np.asarray(made).reshape(len(made), -1)
    if options.shape is not None:
        order = shaped(Dataset(np.arange(flat.shape[1], dtype=np.float64)[None]), options).X
        flat = flat[:, np.argsort(order.reshape(-1))]
    if rows is None:
        return flat
    whole = np.array(given.X, dtype=flat.dtype)
    whole[rows] = flat
    return whole


# --- columns --------------------------------------------------------------------------------


def _write_columns(
    path: Path, table: Opened, found: Sequence[Fill], rows: np.ndarray | None, *, excel: bool
) -> list[str]:
    """Write typed columns as Parquet, or as text."""
    from pyarrow import parquet

    text = path.suffix.lower() in TEXTS
    whole = filled_columns.typed(table, found) if table.raw.form else None
    if whole is None:
        whole = filled_columns.filled(table.raw.table, table, found)
    if rows is not None:
        whole = whole.filter(rows)
    if text:
        _write_text(path, whole, table.raw.names if table.raw.named else [], excel=excel)
        return ["written as UTF-8 text; types and formats of cells are not kept"]
    if table.raw.form is None and len(set(whole.column_names)) == whole.num_columns:
        titles = table.raw.names if table.raw.named else table.roles.names
        counted = whole.column_names == [str(i) for i in range(whole.num_columns)]
        whole = whole.rename_columns(_unlike(titles, table)) if counted else whole
    parquet.write_table(_stored(whole), path)
    return []


def _stored(table: pa.Table) -> pa.Table:
    """Leave out an index that counts, of which pandas writes the ends beside the columns."""
    while table.schema.pandas_metadata and not table.column_names[-1]:
        table = table.remove_column(table.num_columns - 1)
    return table


def _unlike(titles: Sequence[str], table: Opened) -> list[str]:
    """Give names that all differ, as the columns were called when they were read."""
    return list(titles) if len(set(titles)) == len(titles) else list(table.roles.names)


def _write_text(path: Path, table: pa.Table, titles: Sequence[str], *, excel: bool) -> None:
    frame = _frame(table)
    frame.columns = list(titles) or list(range(frame.shape[1]))
    frame.to_csv(
        path,
        sep="\t" if path.suffix.lower() == ".tsv" else ",",
        index=False,
        header=bool(titles),
        lineterminator="\n",
        encoding="utf-8-sig" if excel else "utf-8",
    )


def _frame(table: pa.Table) -> pd.DataFrame:
    """Give a data frame in which whole numbers stay whole beside missing ones."""
    import pandas as pd
    import pyarrow as pa

    types = {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(),
        pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }
    named = table.rename_columns([str(i) for i in range(table.num_columns)])
    return named.replace_schema_metadata(None).to_pandas(types_mapper=types.get)


def _write_array(
    path: Path, table: Opened, given: Dataset, found: Sequence[Fill], rows: np.ndarray | None
) -> list[str]:
    """Write the features as an array of numbers."""
    if hasattr(given.X, "iloc"):
        raise OutputError(
            f"Cannot write {str(path)!r}: the table has columns that are not numbers. Choose a "
            "file name that ends in .csv, .tsv or .parquet."
        )
    X = np.array(given.X)
    starts = dict(zip(table.titles, _starts(table), strict=True))
    for one in found:
        start = starts[one.position]
        part = X[:, start : start + one.gaps.shape[-1]] if one.gaps.ndim > 1 else X[:, start]
        part[one.gaps] = one.values
    index = list(given.index)
    if rows is not None:
        X, index = X[rows], [index[i] for i in np.flatnonzero(rows)] if index else []
    write_rows(path, X, index=index, feature_names=given.feature_names)
    left = [name for i, name in enumerate(table.roles.names) if i not in table.titles]
    if path.suffix.lower() == ".npz" and table.roles.index is not None:
        left.remove(table.roles.names[table.roles.index])
    return [f"left out, as the array holds the features: {listed(left)}"] if left else []


def _starts(table: Opened) -> list[int]:
    widths = [len(part) for part in table.titles.values()]
    return [0, *np.cumsum(widths).tolist()][:-1]


def write_arrays(
    path: Path, source: Path, found: Dataset, made: np.ndarray, *, excel: bool = False
) -> list[str]:
    """Write rows of a file of arrays with their missing values filled.

    ``.npz`` of ``.npz`` keeps its other arrays; other files hold the rows, in their order of axes.

    Returns
    -------
    list of str
        What could not be kept.
    """
    require_kind(path, excel=excel)
    both = path.suffix.lower() == source.suffix.lower() == ".npz"
    if both and (name := _array_of_rows(source, found)):
        with np.load(source, allow_pickle=False) as file, atomic(path) as temporary:
            arrays = {part: file[part] for part in file.files}
            arrays[name] = made.reshape(arrays[name].shape)
            with temporary.open("wb") as opened:
                np.savez_compressed(opened, **arrays)
        return []
    write_rows(path, made, index=found.index, feature_names=found.feature_names, excel=excel)
    return ["left out, as the file holds the rows: the label"] if found.y is not None else []


def _array_of_rows(source: Path, found: Dataset) -> str:
    """Find the array of a file whose values are the rows, none if they were changed by reading."""
    X = np.asarray(found.X)
    with np.load(source, allow_pickle=False) as file:
        for name in file.files:
            array = file[name]
            same = array.dtype == X.dtype and array.size == X.size and len(array) == len(X)
            if same and np.array_equal(array.reshape(X.shape), X, equal_nan=X.dtype.kind == "f"):
                return str(name)
    return ""


# --- piece by piece -------------------------------------------------------------------------


def write_parquet_pieces(
    path: Path, source: Path, found: Dataset, impute: Impute
) -> dict[str, int]:
    """Write Parquet whose rows stay in the files, piece by piece, as Parquet or text.

    Parameters
    ----------
    path, source : paths
    found : Dataset
        Whose `X` is `jamjae.data.sources.ParquetRows`.
    impute : callable
        Takes an array of rows, and gives them without NaN.

    Returns
    -------
    dict of str to int
        How many cells of each column were filled.
    """
    from pyarrow.parquet import ParquetWriter

    counts: dict[str, int] = dict.fromkeys(found.feature_names, 0)
    whole = _whole_columns(found.X)
    text = path.suffix.lower() in TEXTS
    writer: Any = None
    with atomic(path) as temporary:
        try:
            for piece in _pieces(source, found, impute, whole, counts):
                if text:
                    _append_text(temporary, piece)
                else:
                    writer = writer or ParquetWriter(temporary, piece.schema)
                    writer.write_table(piece)
        finally:
            if writer is not None:
                writer.close()
    return {name: count for name, count in counts.items() if count}


def _pieces(
    source: Path, found: Dataset, impute: Impute, whole: np.ndarray, counts: dict[str, int]
) -> Iterator[pa.Table]:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    start, columns = 0, list(found.X.feature_names)
    for file in parquet_files(source):
        with ParquetFile(file) as opened:
            for batch in opened.iter_batches(batch_size=_batch(found.X)):
                piece = pa.Table.from_batches([batch])
                some = found.X[start : start + len(piece)]
                start += len(piece)
                gaps = np.isnan(some) if some.dtype.kind == "f" else np.zeros(some.shape, bool)
                if gaps.any():
                    made = np.array(impute(some))
                    made[:, whole] = np.rint(made[:, whole])
                    for k in map(int, np.flatnonzero(gaps.any(axis=0))):
                        counts[found.feature_names[k]] += int(gaps[:, k].sum())
                        piece = _put(piece, columns[k], gaps[:, k], made[:, k])
                yield piece


def _put(piece: pa.Table, name: str, gaps: np.ndarray, made: np.ndarray) -> pa.Table:
    position = piece.column_names.index(name)
    column = piece.column(position)
    column = filled_columns.merged(column, gaps, filled_columns.of_numbers(made[gaps], column.type))
    return piece.set_column(position, piece.schema.field(position), column)


def _batch(rows: Any) -> int:
    chunk = row_chunks(rows)[0]
    return int(chunk.stop - chunk.start)


def _whole_columns(rows: Any) -> np.ndarray:
    """Find the columns whose known numbers are all whole."""
    whole = np.ones(rows.shape[1], bool)
    for chunk in row_chunks(rows):
        some = rows[chunk]
        whole &= (np.isnan(some) | (some == np.rint(some))).all(axis=0)
    return whole


def _append_text(path: Path, piece: pa.Table) -> None:
    first = not path.exists() or not path.stat().st_size
    frame = _frame(piece)
    frame.columns = list(piece.column_names)
    with path.open("a", encoding="utf-8", newline="") as file:
        mark = "\t" if path.suffix.lower() == ".tsv" else ","
        frame.to_csv(file, sep=mark, index=False, header=first, lineterminator="\n")
