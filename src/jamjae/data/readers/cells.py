"""Single cells of text: what is missing, a number, a boolean, a date or a formula."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from jamjae.errors import brief

# Missing whatever stands in the other cells of a column, in lower case.
MISSING = (
    *("", "na", "n/a", "nan", "null", "none", "nil", "<na>", "nat", "\\n", "-nan", "1.#qnan"),
    *("#n/a", "#na", "#n/a n/a", "#div/0!", "#ref!", "#value!", "#num!", "#null!", "#name?"),
)
MARKERS = ("-", "--", "?", ".", "..", "*", "–", "—")  # missing among numbers and dates only
BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "예", "참"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "아니오", "거짓"), False),
}
PAIRS = [  # the two words that a column of booleans is written in
    {"true", "false"},
    {"t", "f"},
    {"yes", "no"},
    {"y", "n"},
    {"on", "off"},
    {"예", "아니오"},
    {"참", "거짓"},
]
INVISIBLE = "\u200b\u2060\ufeff"  # marks that take no space
MINUS = "\N{MINUS SIGN}"
LEADING_ZERO = re.compile(r"[+-]?0\d+$")  # of an identifier such as 007
LONG = re.compile(r"[+-]?\d{16,}$")  # an integer that a float may round
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of a formula
NAMED = 5  # names in a note
POINT, COMMA = ".", ","
GROUPED = {  # numbers whose thousands are separated, by that mark
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$"),
    ".": re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?$"),
    "'": re.compile(r"[+-]?[1-9]\d{0,2}('\d{3})+([.,]\d+)?$"),
    " ": re.compile(r"[+-]?[1-9]\d{0,2}([ \u00a0\u202f]\d{3})+([.,]\d+)?$"),
}
ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}$")  # of a computer, such as 192.168.100.200
WITH_COMMA = re.compile(r"[+-]?(\d*|\d{1,3}(\.\d{3})+),\d+([eE][+-]?\d+)?$")


def is_missing(cell: str) -> bool:
    """Whether a cell holds no value in any column."""
    return cell.strip().lower() in MISSING


def number_in(cell: str) -> float | None:
    """Parse a cell: NaN if it is empty, None if it holds text, such as the identifier 10_1."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return math.nan if is_missing(cell) else None


def is_number(cell: str) -> bool:
    """Whether a cell is a number in any of the usual notations."""
    cell = cell.strip()
    if number_in(cell) is not None:
        return not is_missing(cell)
    return bool(WITH_COMMA.match(cell)) or any(kind.match(cell) for kind in GROUPED.values())


def value_of(cell: str, decimal: str = POINT) -> float | None:
    """Parse a number in any of the usual notations: NaN if missing, None if the cell is text."""
    cell = cell.strip().replace(MINUS, "-")
    if is_missing(cell) or cell in MARKERS:
        return math.nan
    for mark, kind in GROUPED.items():
        if mark != decimal and kind.match(cell):
            cell = re.sub(f"[{mark}\u00a0\u202f]", "", cell)
    return number_in(cell.removesuffix("%").replace(",", ".") if decimal == COMMA else cell)


def clean(name: object) -> str:
    """Give a name without spaces around it, its letters composed (NFC)."""
    return unicodedata.normalize("NFC", str(name)).strip(INVISIBLE).strip()


def guarded(name: str) -> str:
    """Put an apostrophe before a name that a spreadsheet would take for a formula and run."""
    return f"'{name}" if name.startswith(FORMULA) and number_in(name) is None else name


def unguarded(name: str) -> str:
    """Take away the apostrophe that `guarded` put before a name."""
    return name[1:] if name.startswith("'") and name[1:].startswith(FORMULA) else name


def natural(text: str) -> list[tuple[int, float, str]]:
    """Give a key that sorts 2 before 10."""
    number = number_in(text)
    if number is not None and not math.isnan(number):
        return [(0, number, "")]
    parts = re.split(r"(\d+)", text)
    return [(1, float(part), "") if part.isdecimal() else (2, 0.0, part) for part in parts if part]


def listed(names: Iterable[object], most: int = NAMED, longest: int = 40) -> str:
    """Name a few, and count the others.

    Examples
    --------
    >>> listed("abc"), listed("abcdefg", 2)
    ('a, b, c', 'a, b and 5 more')
    """
    all_names = list(names)
    rest = len(all_names) - most
    shown = ", ".join(brief(name, longest) for name in all_names[:most])
    return shown + (f" and {rest} more" if rest > 0 else "")


def counted(n: int, what: str) -> str:
    """Give a number and a noun, in the plural where it must be.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row"), counted(2, "class")
    ('1 row', '1,200 rows', '2 classes')
    """
    if n == 1:
        return f"1 {what}"
    plural = (
        f"{what[:-1]}ies" if what.endswith("y") else f"{what}{'es' if what[-1] == 's' else 's'}"
    )
    return f"{n:,} {plural}"


def quoted(names: Iterable[str]) -> list[str]:
    """Put names that hold a comma into quotes."""
    return [f"'{name}'" if "," in name else name for name in names]


def as_names(values: list[Any]) -> list[str]:
    """Make names of rows of the cells of a column."""
    if all(isinstance(one, float) and one.is_integer() for one in values):
        values = [int(one) for one in values]
    return ["" if one is None else unguarded(str(one)) for one in values]
