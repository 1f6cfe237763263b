"""Tables as text: columns separated by commas, semicolons or tabs."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.readers.columns import (
    MISSING,
    Columns,
    ReadTable,
    cannot_read,
    guarded,
    named_frame,
    number_in,
    place_columns,
    text_found,
    typed_labels,
    unguarded,
)
from jamjae.errors import DataFormatError, brief

if TYPE_CHECKING:
    import pyarrow as pa

MISSING_AS_WRITTEN = sorted({*MISSING, *map(str.upper, MISSING), *map(str.title, MISSING), "NaN"})
BLOCK = 1 << 26  # bytes of text parsed at a time; no line may be longer


class _Text(NamedTuple):
    """A text file, and what is known of it after its first lines."""

    path: Path
    separator: str
    blank: int  # lines before the first
    columns: Columns

    def line(self, row: int) -> int:
        """Give the number, in the file, of a line counted without the empty ones."""
        with self.path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, delimiter=self.separator)
            lines = (reader.line_num for cells in reader if cells)
            return next(islice(lines, row, None), row + 1)


def read_delimited(path: Path, label: str | None) -> ReadTable:
    """Read a table of text; parameters and errors as those of `tables.read`."""
    import pyarrow as pa

    try:
        return _parsed(_begun(path, label))
    except UnicodeDecodeError as error:
        raise _not_utf8(path, error) from error
    except csv.Error as error:
        raise cannot_read(path, f"{error}. Save it again as comma-separated values.") from error
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error):
            raise _not_utf8(path, error) from error
        raise cannot_read(
            path, f"{brief(error)}. Save it again as comma-separated values."
        ) from error


def _begun(path: Path, label: str | None) -> _Text:
    """Look at the first two lines that are not empty."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        separator = _separator(path, file)
        lines = csv.reader(file, delimiter=separator)
        blank = 0
        first = next(lines, None)
        while first == []:
            blank, first = blank + 1, next(lines, None)
        second = next((line for line in lines if line), None)
    if first is None:
        raise cannot_read(path, "the file is empty.")
    named = _names_columns([first, second or first], label)
    names = [unguarded(cell.strip()) for cell in first]
    if not named:
        names = [f"column_{i + 1}" for i in range(len(names))]
    columns = place_columns(path, names, label, named=named)
    if named and second is None:
        raise cannot_read(path, "it has a header line, but no rows.")
    return _Text(path, separator, blank, columns)


def _not_utf8(path: Path, error: object) -> DataFormatError:
    return cannot_read(path, f"it is not UTF-8 text ({error}). Save it as UTF-8.")


def _separator(path: Path, file: IO[str]) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    line = file.readline()
    file.seek(0)
    return max(",;\t", key=line.count)


def _parsed(text: _Text) -> ReadTable:
    """Parse all lines, as numbers at once; as text where a cell is none that pyarrow knows."""
    import pyarrow as pa

    columns = text.columns
    features = columns.features
    try:
        table = _cells(text, pa.float64())
        blocks = table.select(features).to_batches()
        X = np.concatenate([rows.to_tensor(null_to_nan=True).to_numpy() for rows in blocks])
    except pa.ArrowInvalid as error:
        if "conversion error" not in str(error):
            raise
        table = _cells(text, pa.string())
        X = _numbers_among(text, table)
    labels, row_names = (
        None if i is None else table.column(i).to_pylist()
        for i in (columns.label, columns.row_name)
    )
    return ReadTable(
        X,
        None if labels is None else typed_labels(text.path, labels),
        () if row_names is None else tuple(map(unguarded, row_names)),
        tuple(columns.names[i] for i in features) if columns.named else (),
    )


def _cells(text: _Text, kind: pa.DataType) -> pa.Table:
    """Parse all lines, features as one type; labels and names of rows stay text."""
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    path, separator, blank, columns = text
    types = {str(i): kind for i in range(len(columns.names))}
    types |= {str(i): pa.string() for i in (columns.label, columns.row_name) if i is not None}
    ragged: list[Any] = []

    def refuse(row: Any) -> str:
        ragged.append(row)
        return "error"

    try:
        return pa_csv.read_csv(
            path,
            # One thread, so that a line which is too short or too long is known by its number.
            read_options=pa_csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK,
                skip_rows=blank,
                column_names=list(types),
                skip_rows_after_names=int(columns.named),
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                invalid_row_handler=refuse,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=types, null_values=MISSING_AS_WRITTEN
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:  # the latter in a message cut short
        if not ragged:
            raise
        raise cannot_read(
            path,
            f"line {text.line(ragged[0].number - blank - 1)} has {ragged[0].actual_columns} cells, "
            f"but there are {len(columns.names)} columns. Every line needs the same number of "
            "cells.",
        ) from error


def _numbers_among(text: _Text, table: pa.Table) -> np.ndarray:
    """Convert cells of text, some of which pyarrow does not take for numbers, as " NA "."""
    columns = text.columns
    found = [_column_numbers(table.column(i)) for i in columns.features]
    bad = [i for i, numbers in zip(columns.features, found, strict=True) if numbers is None]
    if bad:
        cells = enumerate(table.column(bad[0]).to_pylist())
        row, cell = next((row, cell) for row, cell in cells if number_in(cell) is None)
        line = text.line(row + columns.named)
        example = f", {brief(cell, 40)!r} in line {line} of column {columns.names[bad[0]]}"
        raise text_found(text.path, [columns.names[i] for i in bad], example)
    return np.column_stack([numbers for numbers in found if numbers is not None])


def _column_numbers(cells: pa.ChunkedArray) -> np.ndarray | None:
    """Return a column's numbers, NaN for an empty cell; None if it holds text."""
    import pyarrow as pa
    from pyarrow import compute

    trimmed = compute.utf8_trim_whitespace(cells)
    missing = compute.is_in(compute.utf8_lower(trimmed), value_set=pa.array(sorted(MISSING)))
    try:
        return compute.if_else(missing, None, trimmed).cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        parsed = map(number_in, cells.to_pylist())
        numbers = np.array(list(takewhile(lambda number: number is not None, parsed)), np.float64)
        return numbers if len(numbers) == len(cells) else None


def _names_columns(start: list[list[str]], label: str | None) -> bool:
    first = [number_in(cell) for cell in start[0]]
    cells = [cell.strip() for cell in start[0]]
    counted = [str(i) for i in range(len(cells))]
    if label in cells or (len(cells) > 1 and cells in (counted, ["", *counted[:-1]])):
        return True  # the second is how pandas names columns without names
    if None not in first:
        return False
    if all(number is None or math.isnan(number) for number in first):
        return True
    second = [number_in(cell) for cell in start[-1]]  # the first itself, if it is the only one
    return any(a is None and b is not None for a, b in zip(first, second, strict=False))


def write_delimited(
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
    frame = named_frame(
        rows, [guarded(name) for name in names], [guarded(name) for name in row_names]
    )
    frame.to_csv(
        path, sep=separator, index=False, na_rep="nan", lineterminator="\n", encoding="utf-8"
    )
