"""Tables in and out: text with or without a line of names, and Parquet."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from jamjae.errors import DataFormatError, MissingDependencyError

SUFFIXES = frozenset({".csv", ".tsv", ".parquet"})
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
ROW_NAMES = ("name", "")  # what the first column is called when it names the rows


class Table(NamedTuple):
    """The columns of a table, by what they are for.

    Attributes
    ----------
    X : array of shape (n, d)
        The numbers. An empty cell is NaN.
    labels : array of shape (n,) or None
        The classes as they stand in the table, numbers or text.
    row_names, feature_names : tuple of str
        Empty where the table has none.
    """

    X: np.ndarray
    labels: np.ndarray | None
    row_names: tuple[str, ...]
    feature_names: tuple[str, ...]


class _Columns(NamedTuple):
    """Where each kind of column is, by its number."""

    names: list[str]
    named: bool
    label: int | None
    row_name: int | None

    @property
    def features(self) -> list[int]:
        return [i for i in range(len(self.names)) if i not in (self.label, self.row_name)]


def read(path: Path, label: str | None) -> Table:
    """Read a table; its first column names the rows if it is called ``name`` or nothing at all.

    Parameters
    ----------
    path : path
        ``.parquet``, or UTF-8 text with columns parted by tabs (``.tsv``), commas or semicolons.
        The first line of a text is one of names if it holds text where the next holds numbers, or
        nothing but text.
    label : str or None
        The column of the classes; columns without names are ``column_1``, ``column_2``, ...

    Raises
    ------
    DataFormatError
        If the file is damaged or empty, another column than the label holds text, or there is no
        such label.
    MissingDependencyError
        If pandas and pyarrow are needed and not there.
    """
    return (_read_parquet if path.suffix.lower() == ".parquet" else _read_text)(path, label)


def _cannot(path: Path, why: str) -> DataFormatError:
    return DataFormatError(f"Cannot read {str(path)!r}: {why}")


def _placed(path: Path, names: list[str], label: str | None, *, named: bool) -> _Columns:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _cannot(path, f"two columns are called {twice!r}. Rename one of them.")
    if label is not None and label not in names:
        raise _cannot(
            path, f"there is no column {label!r} for the label. It has {', '.join(names)}."
        )
    at = None if label is None else names.index(label)
    first = 0 if named and names[0] in ROW_NAMES and at != 0 else None
    columns = _Columns(names, named, at, first)
    if not columns.features:
        raise _cannot(path, f"no column with numbers is left of {', '.join(names)}.")
    return columns


def _about_text(path: Path, names: Sequence[str]) -> DataFormatError:
    return _cannot(
        path,
        f"numbers are expected, but the columns {', '.join(names)} hold text. Name the one with "
        "the classes (label=..., on the command line --label), and turn others into numbers or "
        "leave them out.",
    )


def _typed(path: Path, labels: list[str]) -> np.ndarray:
    """Make labels numbers where all of them are, so that 10 comes after 2."""
    if any(label.strip().lower() in ("", "nan") for label in labels):
        raise _cannot(path, "the label is empty in some rows. Fill it in, or leave those rows out.")
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
            return _parsed(path, csv.reader(file, delimiter=_separator(path, file)), label)
    except UnicodeDecodeError as error:
        raise _cannot(path, f"it is no UTF-8 text ({error}). Save it as UTF-8.") from error
    except csv.Error as error:
        raise _cannot(path, f"{error}. Save it anew as comma-separated values.") from error


def _separator(path: Path, file: IO[str]) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    line = file.readline()
    file.seek(0)
    return max(",;\t", key=line.count)


def _number(cell: str) -> float | None:
    """Read a cell: NaN if it is empty, None if it holds text."""
    try:
        return float(cell)
    except ValueError:
        return math.nan if cell.strip().lower() in MISSING else None


def _parsed(path: Path, reader: Any, label: str | None) -> Table:
    lines: Iterator[list[str]] = (line for line in reader if line)
    start = list(islice(lines, 2))
    if not start:
        raise _cannot(path, "the file is empty.")
    named = _names_columns(start, label)
    names = [cell.strip() for cell in start[0]]
    if not named:
        names = [f"column_{i + 1}" for i in range(len(names))]
    columns = _placed(path, names, label, named=named)
    return _collected(path, columns, chain(start[named:], lines), reader)


def _names_columns(start: list[list[str]], label: str | None) -> bool:
    first = [_number(cell) for cell in start[0]]
    cells = [cell.strip() for cell in start[0]]
    counted = [str(i) for i in range(len(cells))]
    if label in cells or (len(cells) > 1 and cells in (counted, ["", *counted[:-1]])):
        return True  # the second is how pandas names columns that have no names
    if None not in first:
        return False
    if all(number is None or math.isnan(number) for number in first):
        return True
    second = [_number(cell) for cell in start[-1]]  # the first itself, if it is the only one
    return any(a is None and b is not None for a, b in zip(first, second, strict=False))


def _collected(path: Path, columns: _Columns, lines: Iterator[list[str]], reader: Any) -> Table:
    values, labels, row_names = array("d"), [], []
    text: set[int] = set()
    features = columns.features
    for line in lines:
        if len(line) != len(columns.names):
            raise _cannot(
                path,
                f"line {reader.line_num} or the one before it has {len(line)} cells, but there are "
                f"{len(columns.names)} columns. Give every line as many.",
            )
        numbers = [_number(line[i]) for i in features]
        text.update(i for i, number in zip(features, numbers, strict=True) if number is None)
        if not text:
            values.extend(numbers)  # type: ignore[arg-type]  # None is text, and there is none
        if columns.label is not None:
            labels.append(line[columns.label])
        if columns.row_name is not None:
            row_names.append(line[columns.row_name])
    if text:
        raise _about_text(path, [columns.names[i] for i in sorted(text)])
    if not values:
        raise _cannot(path, "it has a line of names, but no rows.")
    return Table(
        np.array(values).reshape(-1, len(features)),
        _typed(path, labels) if columns.label is not None else None,
        tuple(row_names),
        tuple(columns.names[i] for i in features) if columns.named else (),
    )


def write_text(
    path: Path, rows: np.ndarray, names: Sequence[str], row_names: Sequence[str], separator: str
) -> None:
    """Write rows (n, d) as text below a line of names; floats in as few digits as bring them back.

    Parameters
    ----------
    path : path
    rows : array of shape (n, d)
    names : sequence of d str
    row_names : sequence of n str, or none
        Become the first column, ``name``.
    separator : str
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator)
        if row_names:
            writer.writerow(["name", *names])
            writer.writerows([name, *row] for name, row in zip(row_names, rows, strict=True))
        else:
            writer.writerow(names)
            writer.writerows(rows)


# --- Parquet --------------------------------------------------------------------------------


def pandas_with_parquet() -> Any:
    """Import pandas, with what it reads and writes Parquet with."""
    try:
        import pandas  # noqa: ICN001
        import pyarrow  # noqa: F401, ICN001
    except ImportError as error:
        raise MissingDependencyError(
            'Parquet files need pandas and pyarrow. Run: pip install "jamjae[tables]"'
        ) from error
    return pandas


def _read_parquet(path: Path, label: str | None) -> Table:
    pandas = pandas_with_parquet()
    try:
        table = pandas.read_parquet(path)
    except (ValueError, OSError, NotImplementedError) as error:  # pyarrow's are among these
        raise _cannot(path, f"{error}. Copy it again from where it came from.") from error
    names = [str(name) for name in table.columns]
    if not names or not len(table):
        raise _cannot(path, f"the table is empty, {len(table)} rows of {len(names)} columns.")
    table.columns = names
    columns = _placed(path, names, label, named=True)
    numbers = table[[names[i] for i in columns.features]]
    text = [name for name, dtype in numbers.dtypes.items() if not _numeric(dtype)]
    if text:
        raise _about_text(path, text)
    dtype = _common(numbers.dtypes)
    missing = {"na_value": math.nan} if dtype.kind == "f" else {}
    return Table(
        np.ascontiguousarray(numbers.to_numpy(dtype=dtype, **missing)),
        None if label is None else _labels(path, table[label]),
        () if columns.row_name is None else tuple(map(str, table[names[columns.row_name]])),
        tuple(numbers.columns),
    )


def _numeric(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "biuf"


def _common(dtypes: Any) -> np.dtype:
    """Keep the type of columns that all have one of NumPy's, for which no cell can be missing."""
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
    frame = pandas_with_parquet().DataFrame(rows, columns=list(names))
    if row_names:
        frame.insert(0, "name", list(row_names))
    frame.to_parquet(path, index=False)
