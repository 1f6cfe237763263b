"""Tables as text, parsed by pyarrow: numbers as such, all other columns as text."""

from __future__ import annotations

import csv
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import codes, text
from jamjae.data.readers.cells import (
    LEADING_ZERO,
    LONG,
    counted,
    number_in,
)
from jamjae.data.readers.encoding import other_kind
from jamjae.data.readers.hints import CODE
from jamjae.data.readers.opening import opened
from jamjae.data.readers.raw_table import RawTable, cannot_read
from jamjae.data.readers.text import TextFormat
from jamjae.errors import DataFormatError, brief

if TYPE_CHECKING:
    import pyarrow as pa

SPELLED = (  # usual missing cells among numbers; a column with others is read as text first
    *("", "NA", "N/A", "n/a", "na", "NaN", "nan", "NULL", "null", "None", "none", "#N/A", "\\N"),
)
BLOCK, LARGE_BLOCK = 1 << 22, 1 << 26  # bytes of text parsed at a time; no line may be longer
WIDE = 1_000  # columns, from which blocks are large, since each has as many pieces
TRIES = 3  # numbers of columns that turn out to hold text late, before all are read as text
FAILED_COLUMN = re.compile(r"CSV column #(\d+)")


def read_delimited(path: Path, options: ReadOptions) -> RawTable:
    """Read a table of text.

    Raises
    ------
    DataFormatError
        The file is empty or damaged, or a line has too few or too many cells.
    """
    import pyarrow as pa

    try:
        if other := other_kind(path):
            raise cannot_read(path, other)
        form = text.find_format(path, options)
        table, notes = _parsed(path, form, options)
    except (UnicodeDecodeError, UnicodeError) as error:
        raise cannot_read(
            path,
            f"it is not {options.encoding or 'UTF-8'} text ({brief(error)}). Name its encoding "
            "(encoding=..., --encoding), or save it as UTF-8.",
        ) from error
    except csv.Error as error:
        raise cannot_read(path, f"{error}. Save it again as comma-separated values.") from error
    except pa.ArrowInvalid as error:
        raise cannot_read(
            path, f"{brief(error)}. Save it again as comma-separated values."
        ) from error
    except (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile) as error:
        if isinstance(error, PermissionError):
            raise
        raise cannot_read(path, f"{brief(error)}. Copy it again from its source.") from error
    return RawTable(
        table,
        list(form.names),
        bool(form.header),
        notes=(*form.notes, *notes),
        place=lambda row: f"line {_line(path, form, row)}",
        decimal=form.decimal,
        thousands=form.thousands,
        na=options.na,
        form=form,
    )


def _parsed(path: Path, form: TextFormat, options: ReadOptions) -> tuple[pa.Table, list[str]]:
    """Parse all lines: columns as numbers where the first rows are, else as text."""
    import pyarrow as pa

    numeric = _numeric(form)
    block = LARGE_BLOCK if len(form.names) > WIDE else BLOCK
    for _ in range(TRIES):
        try:
            table, notes = _cells(path, form, options, numeric, block)
            late = _late_codes(path, form, options, table, numeric, block)
            return _cells(path, form, options, numeric - late, block) if late else (table, notes)
        except pa.ArrowInvalid as error:
            if "straddl" in str(error) and block < LARGE_BLOCK:
                block = LARGE_BLOCK
                continue
            found = FAILED_COLUMN.search(str(error))
            if found is None or "conversion error" not in str(error):
                raise
            numeric = numeric - {int(found.group(1))}
    return _cells(path, form, options, frozenset(), block)


def _numeric(form: TextFormat) -> frozenset[int]:
    """Find the columns that pyarrow can parse as numbers, by their first rows."""
    if form.thousands is not None:
        return frozenset()

    def plain(cell: str) -> bool:
        cell = cell.strip()
        if (LEADING_ZERO.match(cell) and cell.strip("+-0")) or LONG.match(cell) or CODE.match(cell):
            return False
        return number_in(cell.replace(",", ".", 1) if form.decimal == "," else cell) is not None

    bad = {i for row in form.sample for i, cell in enumerate(row) if not plain(cell)}
    return frozenset(i for i in range(len(form.names)) if i not in bad)


def _late_codes(
    path: Path,
    form: TextFormat,
    options: ReadOptions,
    table: pa.Table,
    numeric: frozenset[int],
    block: int,
) -> frozenset[int]:
    """Find the columns of numbers in which codes such as 007 come late, by a second look."""
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    with opened(path) as file:
        wide = form.encoding.startswith("utf-16")
        if not wide and not codes.may_begin_with_zero(file, form.separator):
            return frozenset()
    if not (some := codes.whole(table, sorted(numeric))):
        return frozenset()
    types = {str(i): pa.string() for i in some}
    with text.opened_cells(path, form) as (file, encoding):
        settings = _settings(form, options, types, encoding, block, lambda row: "skip")
        return codes.with_codes(pa_csv.open_csv(file, **settings))


def _cells(
    path: Path, form: TextFormat, options: ReadOptions, numeric: frozenset[int], block: int
) -> tuple[pa.Table, list[str]]:
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    width = len(form.names)
    types = {str(i): pa.float64() if i in numeric else pa.string() for i in range(width)}
    ragged: list[Any] = []
    comments: list[int] = []

    def judge(row: Any) -> str:
        comment = row.text.startswith("#")
        (comments if comment else ragged).append(row)
        return "skip" if comment else "error"

    with text.opened_cells(path, form) as (file, encoding):
        try:
            settings = _settings(form, options, types, encoding, block, judge)
            table = pa_csv.read_csv(file, **settings)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:  # the latter in a message cut short
            if not ragged:
                raise
            raise _uneven(path, form, ragged[0]) from error
    if not len(table):
        raise cannot_read(path, "it has a header line, but no rows.")
    _require_closed(path, form, table)
    found = f"comments: {counted(len(comments), 'line')} among the rows passed over"
    return table, [found] if comments else []


def _settings(
    form: TextFormat,
    options: ReadOptions,
    types: dict[str, pa.DataType],
    encoding: str,
    block: int,
    judge: Callable[[Any], str],
) -> dict[str, Any]:
    """Give the settings of pyarrow's reader, that reads the columns of some types."""
    from pyarrow import csv as pa_csv

    return {
        # One thread, so that a line which is too short or too long is known by its number.
        "read_options": pa_csv.ReadOptions(
            use_threads=False,
            block_size=block,
            skip_rows=form.skipped,
            column_names=[str(i) for i in range(len(form.names))],
            skip_rows_after_names=form.header,
            encoding=encoding,
        ),
        "parse_options": pa_csv.ParseOptions(
            delimiter=form.separator, newlines_in_values=True, invalid_row_handler=judge
        ),
        "convert_options": pa_csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            null_values=[*SPELLED, *options.na],
            strings_can_be_null=False,
            decimal_point=form.decimal,
        ),
    }


def _require_closed(path: Path, form: TextFormat, table: pa.Table) -> None:
    """Refuse a table of which the last cell begins with a quote that never ends."""
    last = table.column(table.num_columns - 1)[len(table) - 1].as_py()
    if not isinstance(last, str) or "\n" not in last:
        return
    with opened(path) as file:
        closed = file.read().decode(form.encoding).rstrip().endswith('"')
    if not closed:
        raise cannot_read(
            path,
            f"line {_line(path, form, len(table) - 1)} opens a quote that is never closed. Close "
            "it, or take it away.",
        )


def _uneven(path: Path, form: TextFormat, row: Any) -> DataFormatError:
    at = row.number - form.skipped - form.header - 1
    return cannot_read(
        path,
        f"line {_line(path, form, at)} has {counted(row.actual_columns, 'cell')}, but there "
        f"{'is' if len(form.names) == 1 else 'are'} {counted(len(form.names), 'column')}. Complete "
        "or remove it; or name the mark between cells, if it is another (sep=..., --sep).",
    )


def _line(path: Path, form: TextFormat, row: int) -> int:
    """Give the number, in the file, of a row of the table; empty lines count."""
    with opened(path) as file, text.long_cells():
        lines = io.TextIOWrapper(file, encoding=form.encoding, newline="")
        for _ in range(form.skipped):
            next(lines, None)
        reader = csv.reader(lines, delimiter=form.separator)
        width = len(form.names)
        starts = (
            reader.line_num
            for cells in reader
            if cells and (len(cells) == width or not cells[0].startswith("#"))
        )
        return form.skipped + next(islice(starts, row + form.header, None), row + 1)
