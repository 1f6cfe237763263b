"""How a table is written as text: encoding, separator, decimal mark and header, found out."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import headers, preambles
from jamjae.data.readers.cells import (
    GROUPED,
    MARKERS,
    WITH_COMMA,
    clean,
    counted,
    is_missing,
    is_number,
    number_in,
    unguarded,
)
from jamjae.data.readers.encoding import SAMPLE_BYTES, find_encoding
from jamjae.data.readers.opening import is_packed, opened
from jamjae.data.readers.preambles import SEPARATORS
from jamjae.errors import DataFormatError, InvalidDataError

MARK_NAMES = {**{name: mark for mark, name in SEPARATORS.items()}, "\\t": "\t"}
SAMPLE_LINES, SAMPLE_CELLS = 300, 20_000
LONGEST = 1 << 26  # of a line
MOST_COLUMNS = 2_000  # in which the form of numbers is looked for
QUOTED = re.compile(r'(^|[,;\t| ])"')  # the start of a quoted cell, not 5" for inches
GAPS = re.compile(r'(?<![^ \t])"(?:[^"]|"")*"|[ \t]+')  # between cells, and cells in quotes
IN_QUOTES = re.compile(r'"[^"]*"')
WITH_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?$")
BOTH = {  # numbers in groups with decimals, by their decimal mark
    ",": re.compile(r"[+-]?\d{1,3}([.'\s]\d{3})+,\d+$"),
    ".": re.compile(r"[+-]?\d{1,3}([,'\s]\d{3})+\.\d+$"),
}
IN_MARKS = re.compile(r"[+-]?\d[\d.,'\s]+$")


class TextFormat(NamedTuple):
    """How a table is written.

    Attributes
    ----------
    encoding, separator, decimal : str
    thousands : str or None
    skipped : int
        Lines before the header, or before the first row where there is none.
    header : int
        How many lines name the columns.
    names : tuple of str
        As many as there are columns; empty where a column has no name.
    sample : tuple of tuple of str
        The first rows.
    notes : tuple of str
        What was found out.
    """

    encoding: str
    separator: str
    decimal: str
    thousands: str | None
    skipped: int
    header: int
    names: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


@contextmanager
def opened_cells(path: Path, form: TextFormat) -> Iterator[tuple[IO[bytes] | str, str]]:
    """Open a table with one separator between cells; yield it, or its path, and its encoding."""
    with opened(path) as file:
        if form.separator == " ":
            text = io.TextIOWrapper(file, encoding=form.encoding)
            yield io.BytesIO("".join(map(single_spaced, text)).encode()), "utf-8"
        else:
            encoding = form.encoding.replace("utf-8-sig", "utf-8")
            yield (file if is_packed(path) else str(path)), encoding  # a path is read faster


@contextmanager
def long_cells() -> Iterator[None]:
    """Let Python's reader take cells as long as a line may be."""
    usual = csv.field_size_limit(LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(usual)


def single_spaced(line: str) -> str:
    """Put one space between columns that stand below each other, in place of spaces and tabs."""
    body = line.rstrip("\r\n")
    spaced = GAPS.sub(lambda found: " " if found[0].isspace() else found[0], body.strip(" \t"))
    return spaced + line[len(body) :]


# --- the form of lines ----------------------------------------------------------------------


def find_format(path: Path, options: ReadOptions) -> TextFormat:
    """Find out how a table is written, as far as `options` do not say."""
    given = _separator_given(options)
    encoding, note = options.encoding, ""
    if encoding is None:
        encoding, note = find_encoding(path)
    lines = _first_lines(path, encoding)
    declared, skipped, comments = preambles.preamble(lines, options)
    lines = lines[skipped:]
    if not any(line.strip() for line in lines):
        raise DataFormatError(f"Cannot read {str(path)!r}: the file is empty.")
    separator = given or declared or _separator(path, preambles.below_prose(lines))
    titles, passed = preambles.titles(lines, separator)
    if titles:
        lines, skipped = lines[titles:], skipped + titles
        separator = given or declared or _separator(path, lines)
    if separator == " ":
        lines = list(map(single_spaced, lines))
    with long_cells():
        rows = [row for row in csv.reader(lines, delimiter=separator, strict=False) if row]
    wide = Counter(map(len, rows[1:] or rows)).most_common(1)[0][0]
    body = rows[1:] if len(rows) > 1 else rows
    some = [row[:MOST_COLUMNS] for row in body]
    decimal = options.decimal or _decimal(separator, some)
    thousands = options.thousands or _thousands(decimal, some)
    named, why = headers.found(rows, options, decimal)
    names = _names(rows[0], wide, rows)
    second = (
        preambles.second_line(names, rows[1:], decimal) if options.header is not False else None
    )
    if second is not None:
        named, why, names = True, "", second.names
    names = names if named else ("",) * wide
    if named and len(rows) == 1:
        raise DataFormatError(f"Cannot read {str(path)!r}: it has a header line, but no rows.")
    notes = [
        note,
        f"comments: {counted(comments, 'line')} passed over" if comments else "",
        passed,
        _form_note(separator if len(names) > 1 else "", decimal, thousands, options, path),
        why,
        second.note if second else "",
    ]
    header = int(named) + int(second is not None)
    sample = tuple(map(tuple, rows[header:]))
    said = tuple(note for note in notes if note)
    return TextFormat(encoding, separator, decimal, thousands, skipped, header, names, sample, said)


def _separator_given(options: ReadOptions) -> str | None:
    """Check the marks that were asked for; a separator may be named, as in ``"tab"``."""
    separator = MARK_NAMES.get(options.separator or "", options.separator)
    if separator is not None and len(separator) != 1:
        raise InvalidDataError(
            f"Cannot cut lines at separator={options.separator!r}: one character, or one of "
            f"{', '.join(MARK_NAMES)}, is expected (--sep)."
        )
    for name, mark, marks in (
        ("decimal", options.decimal, (".", ",")),
        ("thousands", options.thousands, (",", ".", "'", " ")),
    ):
        if mark is not None and mark not in marks:
            raise InvalidDataError(
                f"Cannot read numbers with {name}={mark!r}: one of "
                f"{', '.join(map(repr, marks))} is expected (--{name})."
            )
    if options.thousands is not None and options.thousands == options.decimal:
        raise InvalidDataError(
            f"Cannot read numbers with decimal and thousands both {options.decimal!r}: give two "
            "different marks (--decimal, --thousands)."
        )
    return separator


def _first_lines(path: Path, encoding: str) -> list[str]:
    try:
        with opened(path) as file:
            text = io.TextIOWrapper(file, encoding=encoding, newline="")
            held = list(itertools.islice(_logical(text), SAMPLE_LINES))
    except LookupError:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: there is no encoding {encoding!r}. Expected a name such "
            "as utf-8, cp949 or latin-1 (encoding=..., --encoding)."
        ) from None
    if held and held[0].startswith("\ufeff"):
        held[0] = held[0][1:]
    return held


def _logical(text: IO[str]) -> Iterator[str]:
    """Give lines, those that belong to one quoted cell together, at most some bytes."""
    size = 0
    held = ""
    for line in text:
        size += len(line)
        held += line
        if held.count('"') % 2 == 0 or not QUOTED.search(held) or size > SAMPLE_BYTES:
            yield held
            held = ""
        if size > SAMPLE_BYTES:
            return
    if held:
        yield held


def _separator(path: Path, lines: Sequence[str]) -> str:
    """Choose the mark that cuts most lines into the same number of cells, several of them."""
    named = ".tsv" in (suffix.lower() for suffix in path.suffixes)
    if named and (any("\t" in line for line in lines) or len(set(_widths(lines, ","))) > 1):
        return "\t"
    first, *rest = (line.strip() for line in lines if line.strip())
    if rest and "," not in first and all(_is_grouped(line.strip('"')) for line in rest):
        return ";"
    numbers = [line.strip('"') for line in (rest if "," not in first else [first, *rest])]
    if numbers and all(WITH_COMMA.match(line) for line in numbers) and _one_column(lines, numbers):
        return ";"
    if _by_spaces_and_tabs([first, *rest]):
        return " "
    best, score = ",", 0.0
    for mark in SEPARATORS:
        widths = _widths(lines, mark)
        width, often = Counter(widths).most_common(1)[0]
        if width < 2 or (mark == " " and not _aligned(lines)):
            continue
        agree = often / len(widths) * (1 if widths[0] in (width, width - 1) else 0.5)
        marked = agree + {"\t": 0.03, "|": 0.03, ";": 0.02, ",": 0.015, " ": 0.0}[mark]
        if marked > score:
            best, score = mark, marked
    return best


def _is_grouped(line: str) -> bool:
    """Whether a line is one number, such as 1,234.5, or missing."""
    return bool(GROUPED[","].match(line)) or number_in(line) is not None


def _one_column(lines: Sequence[str], numbers: Sequence[str]) -> bool:
    """Whether numbers such as 1,05 are decimal: no other column is named, or a cell begins so."""
    return "," not in lines[0] or any(re.search(r",0\d", number) for number in numbers)


def _widths(lines: Sequence[str], mark: str) -> list[int]:
    try:
        if mark == " ":
            lines = list(map(single_spaced, lines))
        return [len(row) for row in csv.reader(lines, delimiter=mark) if row] or [1]
    except csv.Error:  # with another mark a line is one cell, longer than a cell may be
        return [1]


def _by_spaces_and_tabs(lines: Sequence[str]) -> bool:
    """Whether cells stand below each other, and some of them behind a tab: numbers, then a name."""
    bare = [IN_QUOTES.sub('""', line) for line in lines]
    if not all("\t" in line for line in bare) or any(
        mark in line for line in bare for mark in ",;|"
    ):
        return False
    numbers = [line.split("\t")[0].split() for line in bare[1:] or bare]
    known = all(
        is_number(cell) or cell in MARKERS or is_missing(cell) for n in numbers for cell in n
    )
    return known and min(map(len, numbers)) > 1 and len(set(_widths(lines, " "))) == 1


def _aligned(lines: Sequence[str]) -> bool:
    return not any(mark in line for mark in ",;\t|" for line in lines[:20])


def _cells(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    cells = (cell.strip() for row in rows for cell in row if not is_missing(cell))
    return itertools.islice(cells, SAMPLE_CELLS)


def _decimal(separator: str, rows: Sequence[Sequence[str]]) -> str:
    """Find a decimal comma: more cells are numbers with it than with a point.

    Those in which the mark cannot separate groups of digits count first: 0,5 but not 1,500.
    """
    cells = list(_cells(rows))
    commas, points = (_surely(mark, cells) for mark in ",.")
    if commas or points:
        return "," if commas > points else "."
    if separator == ",":  # then 1,500 is quoted
        return "."
    commas = sum(bool(WITH_COMMA.match(cell)) for cell in cells)
    return "," if commas > sum(bool(WITH_POINT.match(cell)) for cell in cells) else "."


def _surely(mark: str, cells: Sequence[str]) -> int:
    """Count the numbers whose decimal mark is this one, and nothing else."""
    written = WITH_COMMA if mark == "," else WITH_POINT
    return sum(
        bool(BOTH[mark].match(cell) or (written.match(cell) and not GROUPED[mark].match(cell)))
        for cell in cells
    )


def _thousands(decimal: str, rows: Sequence[Sequence[str]]) -> str | None:
    """Find what separates groups of digits: in a column, all numbers that have it are groups."""
    for mark in (",", ".", "'", " "):
        for column in itertools.zip_longest(*rows, fillvalue=""):
            held = (re.sub(r"\s", " ", cell) for cell in _cells([column]))
            cells = [cell for cell in held if mark in cell and IN_MARKS.match(cell)]
            if mark != decimal and cells and all(GROUPED[mark].match(cell) for cell in cells):
                return mark
    return None


def _form_note(
    separator: str, decimal: str, thousands: str | None, options: ReadOptions, path: Path
) -> str:
    usual = "\t" if ".tsv" in path.suffixes else ","
    parts = []
    if options.separator is None and separator not in (usual, ""):
        parts.append(f"separator: {SEPARATORS.get(separator, separator)}")
    if options.decimal is None and decimal == ",":
        parts.append("decimal comma: 1,5 is 1.5")
    if options.thousands is None and thousands:
        parts.append(
            f"thousands: {SEPARATORS.get(thousands, thousands)} separates groups of three digits"
        )
    return "; ".join(parts)


def _names(first: Sequence[str], width: int, rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Give a name to each column: R leaves out that of the first, which names the rows."""
    names = [unguarded(clean(cell)) for cell in first]
    if names and names[0].startswith("#"):
        names[0] = names[0].lstrip("# ")
    if len(names) == width - 1:
        trailing = all(not row[-1].strip() for row in rows[1:] if len(row) == width)
        names = [*names, ""] if trailing else ["", *names]
    return tuple(names)
