"""The lines of a table of text, and their cells, as they stand: joined again they are the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice

from jamjae.data.readers.text import TextFormat

HEADING = -1  # in place of the number of a row, for a line that names columns
ENDS = "\r\n"
WORDS = re.compile(r'"(?:[^"]|"")*"[^ \t]*|[^ \t]+')


def numbered(lines: Iterable[str], form: TextFormat) -> Iterator[tuple[str, int | None]]:
    """Give all lines, those that belong to one quoted cell together, with the numbers of rows.

    None stands for lines above the table, empty ones and comments, `HEADING` for those of names.
    """
    rest = iter(lines)
    for line in islice(rest, form.skipped):
        yield line, None
    row, width, headings = 0, len(form.names), form.header
    for line in _logical(rest, form.separator):
        if headings:
            headings -= 1
            yield line, HEADING
        elif _is_passed_over(line, form.separator, width):
            yield line, None
        else:
            yield line, row
            row += 1


def _is_passed_over(line: str, separator: str, width: int) -> bool:
    """Whether a line is empty, or a comment."""
    if not line.strip(ENDS if separator != " " else ENDS + " \t"):
        return True
    return line.startswith("#") and len(cut(line, separator)[0]) != width


def _logical(lines: Iterator[str], separator: str) -> Iterator[str]:
    for line in lines:
        held = line
        while '"' in held and _is_open(held, separator):
            more = next(lines, None)
            if more is None:
                break
            held += more
        yield held


def _is_open(text: str, separator: str) -> bool:
    """Whether a text ends within a cell that begins with a quote."""
    at, pattern = 0, _cell(separator)
    while at < len(text):
        found = pattern.match(text, at)
        if found is None:
            return True
        at = found.end() + 1
    return False


@cache
def _cell(separator: str) -> re.Pattern[str]:
    """Match a cell; nothing where it begins with a quote that is not closed."""
    other = f"[^{re.escape(separator)}]*"
    return re.compile(f'"(?:[^"]|"")*"{other}|(?!"){other}', re.DOTALL)


def cut(line: str, separator: str) -> tuple[list[str], list[str]]:
    """Cut a line into cells, quotes included, and what stands before, between and after them."""
    body = line.rstrip(ENDS)
    end = line[len(body) :]
    if separator == " ":
        cells = WORDS.findall(body)
        between = WORDS.split(body)
        return cells, [*between[:-1], between[-1] + end]
    if '"' in body:
        cells, at, pattern = [], 0, _cell(separator)
        while at <= len(body):
            found = pattern.match(body, at)
            cells.append(body[at:] if found is None else found[0])
            at += len(cells[-1]) + 1
    else:
        cells = body.split(separator)
    return cells, ["", *[separator] * (len(cells) - 1), end]


def joined(cells: list[str], between: list[str]) -> str:
    """Join what `cut` gave."""
    parts = [between[0]]
    for cell, after in zip(cells, between[1:], strict=True):
        parts += (cell, after)
    return "".join(parts)


def is_quoted(cell: str) -> bool:
    """Whether a cell is written in quotes."""
    return cell.lstrip().startswith('"') and cell.rstrip().endswith('"') and len(cell.strip()) > 1


def unquoted(cell: str) -> str:
    """Give the text of a cell."""
    return cell.strip()[1:-1].replace('""', '"') if is_quoted(cell) else cell


def as_cell(text: str, separator: str, *, quoted: bool = False) -> str:
    """Write a text as a cell, in quotes where they are needed or asked for."""
    needed = separator in text or '"' in text or any(end in text for end in ENDS)
    return '"' + text.replace('"', '""') + '"' if needed or quoted else text
