"""How the dates of a column are written."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from datetime import UTC, timedelta, timezone
from typing import Any

from jamjae.data.readers.dates import COMPACT, FORMS, ISO, SHORT_FORMS, ZONE

LOOKED_AT = 50
FIRST = 5  # by which most forms are ruled out
CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f")
CANDIDATES = tuple(
    dict.fromkeys(
        (
            "%Y-%m-%d",
            *(f"%Y-%m-%d{mark}{clock}" for mark in " T" for clock in CLOCKS),
            *(form for _, form, _ in FORMS if form != ISO),
            *(form.format(mark) for mark in "/.-" for form in SHORT_FORMS.values()),
            *(form for form, _, _ in COMPACT),
        )
    )
)
PADDED = re.compile(r"%([mdHI])")
FRACTION = re.compile(r"\.(\d+)")
CASES: tuple[Callable[[str], str], ...] = (str, str.upper, str.lower)
ENDINGS = ("", ".", ".0")


def as_dates(texts: Sequence[str], values: Sequence[Any]) -> tuple[Callable[[Any], str], str]:
    """Find what writes the values as the texts are; if nothing does, dates as ISO 8601, and a note.

    Times of a zone are written in the zone that the first text has.
    """
    texts, values = list(texts)[:LOOKED_AT], list(values)[:LOOKED_AT]
    if not texts:
        return _iso, ""
    zone = ZONE.search(texts[0][10:])
    offset, ending = (_offset(zone[0]), zone[0]) if zone else (None, "")
    digits = max((len(one[1]) for text in texts if (one := FRACTION.search(text[10:]))), default=6)
    best, most = None, 0
    for form, padded, case, last in itertools.product(CANDIDATES, (True, False), CASES, ENDINGS):
        write = _writer(form, padded, case, last + ending, offset, digits)
        pairs = list(zip(texts, values, strict=True))
        if not any(write(value) == text for text, value in pairs[:FIRST]):
            continue
        count = sum(write(value) == text for text, value in pairs)
        if count > most:
            best, most = write, count
        if most == len(texts):
            break
    if best is None or 2 * most < len(texts):
        return _iso, "dates are written as 2024-01-31"
    return best, ""


def _writer(
    form: str,
    padded: bool,
    case: Callable[[str], str],
    ending: str,
    offset: timezone | None,
    digits: int,
) -> Callable[[Any], str]:
    def write(value: Any) -> str:
        if offset is not None:
            value = value.tz_localize("UTC") if value.tzinfo is None else value
            value = value.tz_convert(offset)
        shape = form.replace("%f", f"{value.microsecond:06d}"[:digits])
        if not padded:
            numbers = {"m": value.month, "d": value.day, "H": value.hour}
            numbers["I"] = value.hour % 12 or 12
            shape = PADDED.sub(lambda found: str(numbers[found[1]]), shape)
        return case(value.strftime(shape)) + ending

    return write


def _offset(zone: str) -> timezone:
    if zone == "Z":
        return UTC
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    found = timedelta(hours=hours, minutes=minutes)
    return timezone(-found if zone[0] == "-" else found)


def _iso(value: Any) -> str:
    return str(value.isoformat(sep=" ")).removesuffix(" 00:00:00")
