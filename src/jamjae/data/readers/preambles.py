"""What stands above the rows of a table of text: comments, titles, and a second line of names."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import (
    MARKERS,
    clean,
    counted,
    is_missing,
    is_number,
    listed,
    value_of,
)
from jamjae.data.readers.quantities import UNITS
from jamjae.errors import brief

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}
DECLARED = re.compile(r"sep=(.)\s*$", re.IGNORECASE)  # a first line that Excel writes
MOST_TITLES = 50  # lines
MOSTLY = 0.6  # of the lines are as wide as a table is
FEW_ROWS = 3
MARKS = re.compile(r"[,;\t|]")
IN_BRACKETS = re.compile(r"[\[(].*[\])]$")


def preamble(lines: Sequence[str], options: ReadOptions) -> tuple[str | None, int, int]:
    """Give the separator that a first line declares, lines to skip, and how many are comments."""
    declared, at, comments = None, 0, 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            pass
        elif at == 0 and (found := DECLARED.match(line.strip("\r\n"))):
            declared = found.group(1)
        elif line.startswith("#") and not _is_header(lines, at):
            comments += 1
        else:
            break
        at += 1
    return declared, at, comments


def _is_header(lines: Sequence[str], at: int) -> bool:
    """Whether a line that starts with # names columns: the next has as many cells."""
    after = next((line for line in lines[at + 1 :] if line.strip()), "")
    if after.startswith("#"):
        return False
    return any(
        line_count == after.count(mark)
        for mark in SEPARATORS
        if (line_count := lines[at].lstrip("# ").count(mark)) and mark != " "
    )


def titles(lines: Sequence[str], separator: str) -> tuple[int, str]:
    """Count the lines above a table that hold one text and no cells; return a note as well."""
    with_cells = [_cells(line, separator) for line in lines]
    widths = Counter(len(cells) for cells in with_cells if cells)
    width, often = widths.most_common(1)[0]
    if width < 2 or often < MOSTLY * sum(widths.values()):
        return 0, ""
    at, found = 0, []
    for i, cells in enumerate(with_cells[:MOST_TITLES]):
        if cells and not _is_title(cells, width):
            break
        at = i + 1
        found += [lines[i].strip().strip(f"{separator} ")] if cells else []
    names_rows = width == 2 and len(found) == 1 and not _is_prose(found[0])  # of R
    if not found or names_rows or any("\n" in line.rstrip("\r\n") for line in lines[:at]):
        return 0, ""
    which = counted(len(found), "line")
    return at, f"passed over: {which} above the table, such as {brief(repr(found[0]), 60)}"


def below_prose(lines: Sequence[str]) -> Sequence[str]:
    """Leave out lines without any mark between cells, above one that names columns."""
    held = [line for line in lines if line.strip()]
    for i, (line, after) in enumerate(itertools.pairwise(held[:MOST_TITLES])):
        if MARKS.search(line) or not _is_prose(line.strip()):
            break
        if MARKS.search(after) and not any(map(is_number, MARKS.split(after))):
            return held[i + 1 :]
    return lines


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), []) if line.strip() else []
    except csv.Error:
        return [line]


def _is_title(cells: Sequence[str], width: int) -> bool:
    rest = any(cell.strip() for cell in cells[1:])
    return bool(cells[0].strip()) and not rest and (len(cells) == 1 or width > 2)


def _is_prose(text: str) -> bool:
    return " " in text or not text[:1].isalnum()


class SecondLine(NamedTuple):
    """The names of the columns, after a second line was looked at, and a note if it is no row."""

    names: tuple[str, ...]
    note: str


def second_line(
    names: Sequence[str], rows: Sequence[Sequence[str]], decimal: str
) -> SecondLine | None:
    """Recognise a line of units, or of further names, below the names and above the rows.

    It holds text in all columns that are numbers in all rows below it, two at least.
    """
    if len(rows) <= FEW_ROWS or len(rows[0]) != len(names):
        return None
    line, body = [clean(cell) for cell in rows[0]], [r for r in rows[1:] if len(r) == len(names)]
    columns = list(zip(*body, strict=True)) or [() for _ in names]
    pairs = [(cell, column) for cell, column in zip(line, columns, strict=True) if cell]
    above = [cell for cell, column in pairs if _all_numbers(column, decimal)]
    others = [cell for cell, column in pairs if not _all_numbers(column, decimal)]
    repeated = any(cell in map(clean, column) for cell, column in pairs)
    if len(above) < 2 or repeated or any(map(_may_be_missing, above)) or len(others) > len(above):
        return None
    if any(value_of(cell, decimal) is not None for cell in above):
        return None
    if len(set(above)) == 1 and not (above[0] in UNITS or IN_BRACKETS.match(above[0])):
        return None  # one that stands for a missing value, it may be
    shown = listed((cell for cell in line if cell), 4)
    used = [name for name, column in zip(names, columns, strict=True) if name or any(column)]
    if all(used[1:]) and len(set(used)) == len(used):
        return SecondLine(tuple(names), f"passed over: a line of units or further names: {shown}")
    joined = tuple(
        f"{name if cell else given} {cell}".strip()
        for given, name, cell in zip(names, _filled(names), line, strict=True)
    )
    return SecondLine(joined, f"header: two lines, put together: {listed(filter(None, joined), 4)}")


def _filled(names: Sequence[str]) -> list[str]:
    """Give a column without a name that of the one before it, as over merged cells."""
    found: list[str] = []
    for name in names:
        found.append(name or (found[-1] if found else ""))
    return found


def _may_be_missing(cell: str) -> bool:
    return is_missing(cell) or cell in MARKERS


def _all_numbers(column: Sequence[str], decimal: str) -> bool:
    values = [value_of(cell, decimal) for cell in column]
    return None not in values and any(value == value for value in values)  # noqa: PLR0124 - NaN
