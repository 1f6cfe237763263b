"""Sheets of Excel and its like: cells as they are, below a header that is found out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import headers
from jamjae.data.readers.cells import clean, counted
from jamjae.data.readers.encoding import other_kind
from jamjae.data.readers.preambles import second_line
from jamjae.data.readers.raw_table import RawTable, cannot_read, typed

BOOKS = (b"PK", b"\xd0\xcf\x11\xe0")  # how workbooks begin

if TYPE_CHECKING:
    import pandas as pd


def read_excel(path: Path, options: ReadOptions) -> RawTable:
    """Read a sheet, the first or the one that `options.key` names.

    pandas would make numbers of texts such as 007, and names of the first row whatever it holds.
    """
    import pandas as pd
    import pyarrow as pa

    _require_workbook(path)
    with pd.ExcelFile(path) as book, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of styles that are not read
        sheet, held, notes = _sheet(path, book, options)
        cells, places, passed = _table(held)
        if getattr(book, "engine", "") == "openpyxl":
            _require_values(path, sheet, cells)
    shown = [list(map(_shown, row)) for row in cells[:100]]
    named, why = headers.found(shown, options)
    names = list(map(clean, shown[0]))
    second = second_line(names, shown[1:], ".") if options.header is not False else None
    if second is not None:
        named, why, names = True, second.note, list(second.names)
    above = int(named) + int(second is not None)
    names = names if named else [""] * len(names)
    rows = cells[above:]
    columns = [typed([_value(cell) for cell in column]) for column in rows.T]
    table = pa.Table.from_arrays(columns, names=[str(i) for i in range(len(columns))])
    notes = tuple(note for note in (*notes, passed, why) if note)
    numbers = places[above:]
    return RawTable(table, names, named, notes=notes, place=lambda row: f"row {numbers[row]}")


def _require_workbook(path: Path) -> None:
    """Refuse text and HTML, which some programs call .xls."""
    with path.open("rb") as file:
        head = file.read(8)
    if not head or head.startswith(BOOKS):
        return
    other = other_kind(path) or "it holds text, whatever its name says. Rename it: .csv."
    raise cannot_read(path, other)


def _sheet(
    path: Path, book: pd.ExcelFile, options: ReadOptions
) -> tuple[str, np.ndarray, tuple[str, ...]]:
    """Read the sheet that was asked for, else the first of several rows."""
    names = [str(name) for name in book.sheet_names]
    if options.key is not None and options.key not in names:
        raise cannot_read(path, f"there is no sheet {options.key!r}; it has {', '.join(names)}.")
    sheet, held = _likely(book, names if options.key is None else [options.key])
    if not held.size:
        raise cannot_read(path, f"the sheet {sheet!r} is empty.")
    if len(names) == 1:
        return sheet, held, ()
    return sheet, held, (f"sheet: {sheet}; {len(names) - 1} more passed over (key=..., --key)",)


def _likely(book: pd.ExcelFile, names: Sequence[str]) -> tuple[str, np.ndarray]:
    """Choose the first sheet of several rows and columns, else the first of all."""
    first = None
    for sheet in names:
        held = _cells(book, sheet)
        first = first or (sheet, held)
        if min(_table(held)[0].shape) > 1:
            return sheet, held
    return first or ("", np.empty((0, 0)))


def _cells(book: pd.ExcelFile, sheet: str) -> np.ndarray:
    import pandas as pd

    frame = pd.read_excel(book, sheet_name=sheet, header=None, dtype=object, na_filter=False)
    return np.asarray(frame.to_numpy(dtype=object))


def _require_values(path: Path, sheet: str, cells: np.ndarray) -> None:
    """Refuse formulas of which the file holds no value, since a program wrote it and not Excel."""
    if all(_value(cell) is not None for cell in cells.flat):
        return
    load_workbook = import_module("openpyxl").load_workbook
    book = load_workbook(path, read_only=True)
    values = load_workbook(path, read_only=True, data_only=True)
    try:
        for row, known in zip(book[sheet].iter_rows(), values[sheet].iter_rows(), strict=False):
            for cell, value in zip(row, known, strict=False):
                if cell.data_type == "f" and value.value is None:
                    raise cannot_read(
                        path,
                        f"the cell {cell.coordinate} of {sheet!r} holds the formula {cell.value} "
                        "without its value. Open the file in Excel or LibreOffice and save it, "
                        "which computes all formulas.",
                    )
    finally:
        book.close()
        values.close()


def _table(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Cut the table out of a sheet; return it with the numbers of its rows, and a note."""
    filled = np.array([[_value(cell) is not None for cell in row] for row in cells], dtype=bool)
    filled = filled.reshape(cells.shape)
    rows = np.flatnonzero(filled.any(axis=1))
    columns = filled.any(axis=0)
    counts = filled.sum(axis=1)
    titles = 0
    while len(rows) > 2 and counts[rows[0]] == 1 < columns.sum() and filled[rows[0]].argmax() == 0:
        rows, titles = rows[1:], titles + 1
    empty = int(rows[-1] - rows[0] + 1 - len(rows)) if len(rows) else 0
    passed = [
        f"{counted(titles, 'line')} above the header" if titles else "",
        f"{counted(empty, 'empty row')}" if empty else "",
    ]
    said = ", ".join(one for one in passed if one)
    return cells[rows][:, columns], rows + 1, f"passed over: {said}" if said else ""


def _value(cell: Any) -> Any:
    """Give what a cell holds, None if it is empty."""
    if cell is None or (isinstance(cell, str) and not cell.strip()) or cell != cell:  # noqa: PLR0124
        return None
    return cell


def _shown(cell: Any) -> str:
    """Show a cell as a sheet does."""
    value = _value(cell)
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
