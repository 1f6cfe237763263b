"""How the cells of a column are written, so that further ones can be written alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from jamjae.data.readers.cells import BOOLEANS, COMMA, MINUS, PAIRS, POINT
from jamjae.data.readers.date_spelling import as_dates
from jamjae.data.readers.quantities import CLOCK, NOON, fits
from jamjae.data.readers.typed_columns import BOOLEAN, DATES, NUMBERS

DIGITS = r"(?:\d|[.,](?=\d))(?:[\d.,'\u2019 \u00a0\u202f]*\d)?"
NUMBER = re.compile(
    rf"(?P<open>\(?)\s*(?P<sign>[+\-{MINUS}]?)(?P<before>[^\d.,+\-{MINUS}()]*)"
    rf"(?P<minus>[+\-{MINUS}]?)(?P<digits>{DIGITS})(?P<power>[eE][+-]?\d+)?"
    r"(?P<after>[^\d()]*?)(?P<trail>-?)\)?$"
)
SIGNIFICANT = 6  # digits of a number whose column says nothing of how many it has
MOST_DECIMALS, LONG = 8, 8  # beyond which numbers are no readings: significant digits instead
SMALL = 1e-4


class Known(NamedTuple):
    """What is known of a column.

    Attributes
    ----------
    texts : list of str
        Some of its cells that hold a value, without spaces around them.
    values : sequence
        Their values, as many.
    decimal : str
    thousands : str or None
    whole : bool
        Whether all its numbers are whole.
    """

    texts: list[str]
    values: Sequence[Any]
    decimal: str = POINT
    thousands: str | None = None
    whole: bool = False


class Spelled(NamedTuple):
    """What writes a value as the cells of a column are, and a note where it cannot be done so."""

    write: Callable[[Any], str]
    note: str = ""


def speller(kind: str, known: Known) -> Spelled:
    """Find out how a column of some kind is written."""
    if kind == NUMBERS:
        return Spelled(_clock(known.texts) or _numbers(known))
    if kind == BOOLEAN:
        return Spelled(_booleans(known.texts))
    if kind == DATES:
        return Spelled(*as_dates(known.texts, known.values))
    return Spelled(lambda value: plain(value, known.decimal))


def plain(value: Any, decimal: str = POINT) -> str:
    """Write a value of which nothing is known: a number in six digits, a day as 2024-01-31."""
    if hasattr(value, "isoformat"):
        return str(value.isoformat(sep=" ")).removesuffix(" 00:00:00")
    if isinstance(value, str) or not hasattr(value, "__float__") or isinstance(value, bool):
        return str(value)
    return _general(float(value)).replace(POINT, decimal)


def _general(value: float, digits: int = SIGNIFICANT) -> str:
    if value == 0 or not SMALL <= abs(value) < 10.0**15:
        return f"{value:.{digits}g}"
    ahead = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    text = f"{value:.{max(digits - ahead, 0)}f}"
    return text.rstrip("0").rstrip(POINT) if POINT in text else text


# --- numbers --------------------------------------------------------------------------------


def _numbers(known: Known) -> Callable[[float], str]:
    """Write numbers with the decimals, groups, unit and signs of a column."""
    found = list(filter(None, map(NUMBER.match, known.texts)))
    if not found:
        return lambda value: plain(round(value) if known.whole else value, known.decimal)
    digits = [one["digits"].replace("\u2019", "'") for one in found]
    point, mark = _marks(digits, known)
    decimals, least = _decimals(digits, point)
    bare = any(one.startswith(point) for one in digits)
    before, after = _commonest((one["before"], one["after"]) for one in found)
    powers = [one["power"] for one in found if one["power"]]
    signs = Counter((one["sign"] or one["minus"]) for one in found)
    minus = MINUS if signs[MINUS] > signs["-"] else "-"
    inside = any(one["minus"] and one["before"] for one in found)
    brackets = any(one["open"] for one in found)
    trailing = any(one["trail"] for one in found)

    def body(value: float) -> str:
        if 2 * len(powers) > len(found):
            text = f"{value:.{decimals}e}"
            return (text.upper() if powers[0][0] == "E" else text).replace(POINT, point)
        if decimals > MOST_DECIMALS and not known.whole:
            return _general(value, LONG).replace(POINT, point)
        whole, _, fraction = f"{value:,.{decimals}f}".partition(POINT)
        fraction = fraction[:least] + fraction[least:].rstrip("0")
        if bare and whole == "0" and fraction:
            whole = ""
        return whole.replace(COMMA, mark) + (point + fraction if fraction else "")

    def write(value: float) -> str:
        text = body(abs(round(value) if known.whole else value))
        if value >= 0 or not text.strip("0.,"):
            return f"{before}{text}{after}"
        if brackets:
            return f"({before}{text}{after})"
        if trailing:
            return f"{before}{text}{after}-"
        return f"{before}{minus}{text}{after}" if inside else f"{minus}{before}{text}{after}"

    return write


def _decimals(digits: Sequence[str], point: str) -> tuple[int, int]:
    """Count the decimals that numbers have at most, and at least: as many where zeros end them."""
    lengths = [len(one.partition(point)[2]) for one in digits]
    padded = any(point in one and one.endswith("0") for one in digits)  # 1.50, not 1.5
    return max(lengths), max(lengths) if padded else min(lengths)


def _marks(digits: Sequence[str], known: Known) -> tuple[str, str]:
    """Find the decimal mark, and what separates groups of digits, if anything does."""
    for point in (known.decimal, COMMA if known.decimal == POINT else POINT):
        marks = Counter(mark for one in digits for mark in one if not mark.isdecimal())
        others = [mark for mark, _ in marks.most_common() if mark != point]
        mark = others[0] if others else ""
        if all(fits(one, point, " " if mark.isspace() else mark) for one in digits):
            return point, mark
    return known.decimal, known.thousands or ""


def _commonest(of: Iterable[Any]) -> Any:
    return Counter(of).most_common(1)[0][0]


# --- times and booleans ---------------------------------------------------------------------


def _clock(texts: Sequence[str]) -> Callable[[float], str] | None:
    """Write hours, or minutes, as times such as 12:30, if a column has these."""
    found = [CLOCK.match(text) for text in texts]
    if not found or found[0] is None or None in found:
        return None
    first = found[0]
    padded = all(one is not None and len(one[1]) > 1 for one in found)
    seconds, half = first[3] is not None, first[4]
    between = texts[0][first.end(3 if seconds else 2) : first.start(4)] if half else ""
    small = bool(half) and str(half).islower()
    ending = texts[0][first.end(4) :] if half else ""

    def write(value: float) -> str:
        unit = 3600 if seconds else 60
        total = max(round(value * unit), 0)
        hour, rest = divmod(total, unit)
        letter = "P" if hour % 24 >= NOON else "A"
        hour = (hour % NOON or NOON) if half else hour
        parts = [f"{hour:02d}" if padded else str(hour), *_parts(rest, seconds)]
        last = f"{between}{letter.lower() if small else letter}{ending}" if half else ""
        return ":".join(parts) + last

    return write


def _parts(rest: int, seconds: bool) -> list[str]:
    return [f"{rest // 60:02d}", f"{rest % 60:02d}"] if seconds else [f"{rest:02d}"]


def _booleans(texts: Sequence[str]) -> Callable[[Any], str]:
    """Write truth as a column does most often; the word it lacks, as the other is written."""
    words: dict[bool, str] = {}
    for text, _ in Counter(texts).most_common():
        if text.lower() in BOOLEANS:
            words.setdefault(BOOLEANS[text.lower()], text)
    if len(words) == 1:
        known = next(iter(words.values()))
        pair = next(pair for pair in PAIRS if known.lower() in pair)
        other = next(iter(pair - {known.lower()}))
        styled = other.upper() if known.isupper() else other.title() if known.istitle() else other
        words.setdefault(BOOLEANS[other], styled)
    return lambda value: words.get(bool(value), str(bool(value)))
