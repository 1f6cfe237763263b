"""Tables: text with or without a header line, and Parquet."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.errors import DataFormatError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = frozenset({".csv", ".tsv", ".parquet"})
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
MISSING_AS_WRITTEN = sorted({*MISSING, *map(str.upper, MISSING), *map(str.title, MISSING), "NaN"})
ROW_NAMES = ("name", "")  # what the first column is called when it names the rows
BLOCK = 1 << 26  # bytes of text parsed at a time; no line may be longer
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of a formula


class Table(NamedTuple):
    """The columns of a table by role.

    Attributes
    ----------
    X : array of shape (n, d)
        The numeric columns. An empty cell is NaN.
    labels : array of shape (n,) or None
        The classes as in the table, numbers or text.
    row_names, feature_names : tuple of str
        Empty if the table has none.
    """

    X: np.ndarray
    labels: np.ndarray | None
    row_names: tuple[str, ...]
    feature_names: tuple[str, ...]


class _Columns(NamedTuple):
    """Position of each column by role."""

    names: list[str]
    named: bool
    label: int | None
    row_name: int | None

    @property
    def features(self) -> list[int]:
        return [i for i in range(len(self.names)) if i not in (self.label, self.row_name)]


def read(path: Path, label: str | None) -> Table:
    """Read a table; a first column with the heading ``name``, or none, holds the names of the rows.

    Parameters
    ----------
    path : path
        ``.parquet``, or UTF-8 text with columns separated by tabs (``.tsv``), commas or
        semicolons. The first line is a header if it holds text where the next holds numbers, or
        only text.
    label : str or None
        The column of the classes; columns without headings are ``column_1``, ``column_2``, ...

    Raises
    ------
    DataFormatError
        The file is damaged or empty, a column other than the label holds text, or there is no such
        label.
    """
    return (_read_parquet if path.suffix.lower() == ".parquet" else _read_text)(path, label)


def _cannot(path: Path, why: str) -> DataFormatError:
    return DataFormatError(f"Cannot read {str(path)!r}: {why}")


def _placed(path: Path, names: list[str], label: str | None, *, named: bool) -> _Columns:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _cannot(path, f"two columns are named {twice!r}. Rename one of them.")
    if label is not None and label not in names:
        raise _cannot(
            path, f"there is no column {label!r} for the label. It has {', '.join(names)}."
        )
    at = None if label is None else names.index(label)
    first = 0 if named and names[0] in ROW_NAMES and at != 0 else None
    columns = _Columns(names, named, at, first)
    if not columns.features:
        raise _cannot(
            path,
            f"there is no numeric column besides the label and row names ({', '.join(names)}).",
        )
    return columns


def _about_text(path: Path, names: Sequence[str]) -> DataFormatError:
    return _cannot(
        path,
        f"expected numbers, but the columns {', '.join(names)} hold text. Name the column of the "
        "classes (label=..., on the command line --label), and convert or drop the others.",
    )


def _typed(path: Path, labels: list[str]) -> np.ndarray:
    """Convert labels to numbers if all of them are, so that 10 comes after 2."""
    if any(label.strip().lower() in ("", "nan") for label in labels):
        raise _cannot(path, "the label is empty in some rows. Fill it in, or drop these rows.")
    numbers = [_number(label) for label in labels]
    if None in numbers or not np.isfinite(np.array(numbers, dtype=np.float64)).all():
        return np.array(labels)
    values = np.array(numbers, dtype=np.float64)
    whole = (values == np.round(values)).all() and np.abs(values).max() < 2**53
    return values.astype(np.int64) if whole else values


# --- text -----------------------------------------------------------------------------------


def _read_text(path: Path, label: str | None) -> Table:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            separator = _separator(path, file)
            start = list(
                islice((line for line in csv.reader(file, delimiter=separator) if line), 2)
            )
    except UnicodeDecodeError as error:
        raise _not_utf8(path, error) from error
    except csv.Error as error:
        raise _cannot(path, f"{error}. Save it again as comma-separated values.") from error
    if not start:
        raise _cannot(path, "the file is empty.")
    named = _names_columns(start, label)
    names = [_unguarded(cell.strip()) for cell in start[0]]
    if not named:
        names = [f"column_{i + 1}" for i in range(len(names))]
    columns = _placed(path, names, label, named=named)
    keys = start[0] if named else [f"f{i}" for i in range(len(names))]
    frame = _parsed(path, separator, columns, keys)
    if not len(frame):
        raise _cannot(path, "it has a header line, but no rows.")
    return _collected(path, frame, columns, _number_column)


def _not_utf8(path: Path, error: object) -> DataFormatError:
    return _cannot(path, f"it is not UTF-8 text ({error}). Save it as UTF-8.")


def _separator(path: Path, file: IO[str]) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    line = file.readline()
    file.seek(0)
    return max(",;\t", key=line.count)


def _number(cell: str) -> float | None:
    """Parse a cell: NaN if it is empty, None if it holds text."""
    try:
        return float(cell)
    except ValueError:
        return math.nan if cell.strip().lower() in MISSING else None


def _parsed(path: Path, separator: str, columns: _Columns, keys: list[str]) -> pd.DataFrame:
    """Parse all lines; labels and names of rows stay text. `keys` are the names as in the file."""
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    ragged: list[Any] = []

    def refuse(row: Any) -> str:
        ragged.append(row)
        return "error"

    kept_as_text = [i for i in (columns.label, columns.row_name) if i is not None]
    try:
        table = pa_csv.read_csv(
            path,
            # One thread, so that a line which is too short or too long is known by its number.
            read_options=pa_csv.ReadOptions(
                use_threads=False, block_size=BLOCK, autogenerate_column_names=not columns.named
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                invalid_row_handler=refuse,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={keys[i]: pa.string() for i in kept_as_text},
                null_values=MISSING_AS_WRITTEN,
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        if ragged:
            raise _cannot(
                path,
                f"line {ragged[0].number} (empty lines not counted) has "
                f"{ragged[0].actual_columns} cells, but there are {len(columns.names)} columns. "
                "Every line needs the same number of cells.",
            ) from error
        if "UTF8" in str(error) or isinstance(error, UnicodeDecodeError):
            raise _not_utf8(path, error) from error
        raise _cannot(path, f"{error}. Save it again as comma-separated values.") from error
    return table.rename_columns(columns.names).to_pandas()


def _number_column(column: pd.Series) -> np.ndarray | None:
    """Return a column's numbers, NaN for an empty cell; None if it holds text, dates or booleans.

    Cells that pyarrow leaves as text, as " NA " in a column of numbers, are read one by one.
    """
    if column.isna().all():
        return np.full(len(column), math.nan)
    if getattr(column.dtype, "kind", "O") in "iuf":
        return np.asarray(column.to_numpy(np.float64, na_value=math.nan))
    if getattr(column.dtype, "kind", "O") in "bmM":
        return None
    numbers = [math.nan if cell is None else _number(str(cell)) for cell in column]
    return None if None in numbers else np.array(numbers, dtype=np.float64)


def _collected(
    path: Path,
    frame: pd.DataFrame,
    columns: _Columns,
    numbers: Callable[[pd.Series], np.ndarray | None],
) -> Table:
    found = {columns.names[i]: numbers(frame.iloc[:, i]) for i in columns.features}
    text = [name for name, values in found.items() if values is None]
    if text:
        raise _about_text(path, text)
    labels, row_names = (
        None if i is None else frame.iloc[:, i] for i in (columns.label, columns.row_name)
    )
    return Table(
        np.column_stack([values for values in found.values() if values is not None]),
        None if labels is None else _labels(path, labels),
        () if row_names is None else tuple(_unguarded(str(name)) for name in row_names),
        tuple(found) if columns.named else (),
    )


def _names_columns(start: list[list[str]], label: str | None) -> bool:
    first = [_number(cell) for cell in start[0]]
    cells = [cell.strip() for cell in start[0]]
    counted = [str(i) for i in range(len(cells))]
    if label in cells or (len(cells) > 1 and cells in (counted, ["", *counted[:-1]])):
        return True  # the second is how pandas names columns without names
    if None not in first:
        return False
    if all(number is None or math.isnan(number) for number in first):
        return True
    second = [_number(cell) for cell in start[-1]]  # the first itself, if it is the only one
    return any(a is None and b is not None for a, b in zip(first, second, strict=False))


def write_text(
    path: Path, rows: np.ndarray, names: Sequence[str], row_names: Sequence[str], separator: str
) -> None:
    """Write rows (n, d) as text below a header; floats in as few digits as are exact.

    Parameters
    ----------
    path : path
    rows : array of shape (n, d)
    names : sequence of d str
    row_names : sequence of n str, or none
        Written as the first column, ``name``.
    separator : str
    """
    frame = _frame(rows, [_guarded(name) for name in names], [_guarded(name) for name in row_names])
    frame.to_csv(
        path, sep=separator, index=False, na_rep="nan", lineterminator="\n", encoding="utf-8"
    )


def _frame(rows: np.ndarray, names: Sequence[str], row_names: Sequence[str]) -> pd.DataFrame:
    from pandas import DataFrame

    frame = DataFrame(rows, columns=list(names))
    if row_names:
        frame.insert(0, "name", list(row_names))
    return frame


def _guarded(name: str) -> str:
    """Put an apostrophe before a name that a spreadsheet would take for a formula and run."""
    return f"'{name}" if name.startswith(FORMULA) and _number(name) is None else name


def _unguarded(name: str) -> str:
    """Take away the apostrophe that `_guarded` put before a name."""
    return name[1:] if name.startswith("'") and name[1:].startswith(FORMULA) else name


# --- Parquet --------------------------------------------------------------------------------


def _read_parquet(path: Path, label: str | None) -> Table:
    from pandas import read_parquet

    try:
        frame = read_parquet(path)
    except (ValueError, OSError, NotImplementedError) as error:  # pyarrow's are among these
        raise _cannot(path, f"{error}. Copy it again from where it came from.") from error
    names = [str(name) for name in frame.columns]
    if not names or not len(frame):
        raise _cannot(path, f"the table is empty, {len(frame)} rows of {len(names)} columns.")
    frame.columns = names
    columns = _placed(path, names, label, named=True)
    dtype = _common(frame.dtypes.iloc[columns.features])
    missing = {"na_value": math.nan} if dtype.kind == "f" else {}

    def numbers(column: pd.Series) -> np.ndarray | None:
        return column.to_numpy(dtype=dtype, **missing) if _numeric(column.dtype) else None

    return _collected(path, frame, columns, numbers)


def _numeric(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "biuf"


def _common(dtypes: Any) -> np.dtype:
    """Return the NumPy type that all columns share, which has no missing cells; else float64."""
    kinds = set(dtypes)
    one = kinds.pop() if len(kinds) == 1 else None
    return one if isinstance(one, np.dtype) else np.dtype(np.float64)


def _labels(path: Path, column: Any) -> np.ndarray:
    if _numeric(column.dtype) and not column.isna().any():
        return np.asarray(column.to_numpy())
    return _typed(path, list(column.astype(str).where(~column.isna(), "")))


def write_parquet(
    path: Path, rows: np.ndarray, names: Sequence[str], row_names: Sequence[str]
) -> None:
    """Write rows (n, d) as Parquet; parameters as those of `write_text`."""
    _frame(rows, names, row_names).to_parquet(path, index=False)
