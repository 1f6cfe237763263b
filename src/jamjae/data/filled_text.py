"""A table of text with its missing cells filled, and all else as it stands in its file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from jamjae.data.readers.cells import INVISIBLE, is_missing, listed
from jamjae.data.readers.fills import Fill, texts_of_gaps
from jamjae.data.readers.lines import HEADING, as_cell, cut, is_quoted, joined, numbered, unquoted
from jamjae.data.readers.opening import opened
from jamjae.data.readers.preambles import DECLARED, SEPARATORS
from jamjae.data.readers.spelling import Known, speller
from jamjae.data.readers.tables import Opened
from jamjae.data.readers.text import TextFormat
from jamjae.errors import OutputError

SAMPLE = 2_000  # cells of a column by which it is found out how they are written
LOOKED_AT = 100_000  # rows, at most, in which they are looked for
MARKS = {".csv": ",", ".tsv": "\t"}  # that the ending of a name stands for


@dataclass
class _Column:
    """The cells of a column that are looked at."""

    texts: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    margins: list[str] = field(default_factory=list)
    quoted: int = 0


class _Way(NamedTuple):
    """What writes the value of a cell, whether it stands in quotes, and the spaces before it."""

    spelled: Callable[[Any], str]
    quoted: bool | None  # None where no cell of the column says so
    margin: str


def write(
    path: Path,
    source: Path,
    table: Opened,
    found: Sequence[Fill],
    *,
    rows: np.ndarray | None,
    excel: bool,
    ending: str,
) -> list[str]:
    """Write the lines of a table of text, some of their cells filled; give notes.

    Parameters
    ----------
    path, source : paths
        Where to write, and the table.
    table : Opened
    found : sequence of Fill
    rows : bool array of shape (n,), optional
        Which rows are written.
    excel : bool
        Whether the text begins with a byte order mark.
    ending : str
        Of the name of the file, as ``.csv``, which may ask for another separator.
    """
    form = table.raw.form
    if form is None:
        raise TypeError("a table that is text is expected")
    ways, notes = _ways(source, form, table, found)
    encoding, said = _encoding(form, found, excel)
    notes += said
    mark = _separator(source, form, ending)
    if mark != form.separator:
        notes.append(f"separator: {SEPARATORS.get(mark, mark)}, as the name {ending} says")
    gaps = np.zeros((len(table.raw.table), len(found)), bool)
    for k, one in enumerate(found):
        gaps[:, k] = one.gaps
    filled = np.asarray(gaps.any(axis=1))
    values = [iter(one.values) for one in found]
    with _lines(source, form) as lines, _written(path, encoding, source) as put:
        count = 0
        for line, row in numbered(lines, form):
            if row is not None and row != HEADING:
                count += 1
                here = [int(k) for k in np.flatnonzero(gaps[row])] if filled[row] else []
                new = {found[k].position: (ways[k], next(values[k])) for k in here}
                if rows is not None and not rows[row]:
                    continue
                made = _filled(line, form.separator, new) if new else line
            else:
                made = line
            put(made if mark == form.separator else _cut_anew(made, form.separator, mark, row))
    if count != len(table.raw.table):
        raise OutputError(
            f"Cannot write the filled table: {count:,} rows were found in {str(source)!r} where "
            f"{len(table.raw.table):,} were read. Choose a file name that ends in .parquet."
        )
    return notes


# --- how cells are written ------------------------------------------------------------------


def _ways(
    source: Path, form: TextFormat, table: Opened, found: Sequence[Fill]
) -> tuple[list[_Way], list[str]]:
    """Find out how the cells of each column are written."""
    looked_at = {one.position: _Column() for one in found}
    _look(source, form, looked_at, {one.position: one.gaps for one in found})
    ways, notes = [], []
    for one in found:
        column = looked_at[one.position]
        known = Known(
            column.texts,
            _values(table.features[one.position].values, column.rows),
            form.decimal,
            form.thousands,
            one.whole,
        )
        made = speller(one.kind, known)
        quoted = 2 * column.quoted > len(column.texts) if column.texts else None
        margin = max(set(column.margins), key=column.margins.count, default="")
        ways.append(_Way(made.write, quoted, margin))
        if made.note:
            notes.append(f"{table.roles.names[one.position]}: {made.note}")
    return ways, notes


def _values(values: Any, rows: list[int]) -> Sequence[Any]:
    return list(values.iloc[rows]) if hasattr(values, "iloc") else []


def _look(
    source: Path, form: TextFormat, columns: dict[int, _Column], gaps: dict[int, np.ndarray]
) -> None:
    wanted = set(columns)
    with _lines(source, form) as lines:
        for line, row in numbered(lines, form):
            if not wanted or (row is not None and row >= LOOKED_AT):
                return
            if row is None or row == HEADING:
                continue
            cells, _ = cut(line, form.separator)
            for position in tuple(wanted):
                if gaps[position][row] or is_missing(cells[position]):
                    continue
                column = columns[position]
                column.texts.append(unquoted(cells[position]).strip().strip(INVISIBLE))
                column.rows.append(row)
                column.margins.append(_margin(cells[position]))
                column.quoted += is_quoted(cells[position])
                if len(column.texts) == SAMPLE:
                    wanted.discard(position)


# --- lines ----------------------------------------------------------------------------------


def _filled(line: str, separator: str, new: dict[int, tuple[_Way, Any]]) -> str:
    cells, between = cut(line, separator)
    for position, (way, value) in new.items():
        quoted = is_quoted(cells[position]) if way.quoted is None else way.quoted
        text = as_cell(way.spelled(value), separator, quoted=quoted)
        margin = _margin(cells[position]) if cells[position].strip() else way.margin
        cells[position] = margin + text
    return joined(cells, between)


def _margin(cell: str) -> str:
    return cell[: len(cell) - len(cell.lstrip(" "))]


def _cut_anew(line: str, separator: str, mark: str, row: int | None) -> str:
    """Put another mark between the cells of a row; leave out a line that declares the old one."""
    if row is None:
        return "" if DECLARED.match(line.strip("\r\n")) else line
    cells, between = cut(line, separator)
    cells = [as_cell(unquoted(cell), mark, quoted=is_quoted(cell)) for cell in cells]
    return joined(cells, ["", *[mark] * (len(cells) - 1), between[-1]])


def _separator(source: Path, form: TextFormat, ending: str) -> str:
    """Keep the separator, unless the name of the file stands for another than that of the table."""
    asked = MARKS.get(ending, form.separator)
    same = any(suffix.lower() == ending for suffix in source.suffixes)
    unclear = ending == ".csv" and "\t" not in form.separator and form.separator != " "
    return form.separator if same or unclear else asked


def _encoding(form: TextFormat, found: Sequence[Fill], excel: bool) -> tuple[str, list[str]]:
    """Keep the encoding, unless a text that is filled in cannot be written in it."""
    if excel:
        changed = form.encoding not in ("utf-8", "utf-8-sig")
        return "utf-8-sig", ["encoding: UTF-8, for Excel"] if changed else []
    texts = texts_of_gaps(found)
    try:
        "".join(texts).encode(form.encoding)
    except UnicodeEncodeError as error:
        letter = error.object[error.start]
        text = next(one for one in texts if letter in one)
        return "utf-8", [f"encoding: UTF-8, as {form.encoding} cannot write {listed([text])}"]
    return form.encoding, []


@contextmanager
def _lines(source: Path, form: TextFormat) -> Iterator[IO[str]]:
    with opened(source) as file, io.TextIOWrapper(file, form.encoding, newline="") as lines:
        yield lines


@contextmanager
def _written(path: Path, encoding: str, source: Path) -> Iterator[Callable[[str], int]]:
    mark = b""
    if encoding == "utf-16":
        with opened(source) as file:
            mark = file.read(2)
        encoding = "utf-16-be" if mark == b"\xfe\xff" else "utf-16-le"
    with path.open("wb") as raw:
        raw.write(mark)
        with io.TextIOWrapper(raw, encoding, newline="") as file:
            yield file.write
