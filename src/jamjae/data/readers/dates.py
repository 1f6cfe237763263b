"""Dates in a column of text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NEARLY_ALL = 0.8  # of the cells are dates, so that the others are mistakes
LOOKED_AT = 500  # texts, at most, by which the form is chosen
TIME = r"[T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?"
ZONE = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")
YEAR, ONE_OR_TWO = r"(1[5-9]|20|21)\d\d", r"\d{1,2}"
DAY_FIRST, MONTH_FIRST = "day{0}month{0}year", "month{0}day{0}year"
ISO = "ISO8601"
FORMS = (  # what it looks like, pandas's format, how it is called
    (rf"\d{{4}}-{ONE_OR_TWO}-{ONE_OR_TWO}({TIME})?(Z|[+-]\d{{2}}:?\d{{2}})?", ISO, ""),
    (rf"{YEAR}-\d{{2}}", "%Y-%m", "year-month"),
    *(
        (f"{date}{time}", f"{form}{clock}", called.format(mark))
        for mark in "/.-"
        for date, form, called in (
            (f"{YEAR}[{mark}]{ONE_OR_TWO}[{mark}]{ONE_OR_TWO}", f"%Y{mark}%m{mark}%d", ""),
            (f"{ONE_OR_TWO}[{mark}]{ONE_OR_TWO}[{mark}]{YEAR}", f"%m{mark}%d{mark}%Y", MONTH_FIRST),
            (f"{ONE_OR_TWO}[{mark}]{ONE_OR_TWO}[{mark}]{YEAR}", f"%d{mark}%m{mark}%Y", DAY_FIRST),
        )
        if not (mark == "." and called == MONTH_FIRST)
        for time, clock in (
            ("", ""),
            (" \\d{1,2}:\\d{2}", " %H:%M"),
            (" \\d{1,2}:\\d{2}:\\d{2}", " %H:%M:%S"),
        )
    ),
    (rf"{YEAR}\. {ONE_OR_TWO}\. {ONE_OR_TWO}", "%Y. %m. %d", ""),
    (rf"{YEAR}년 {ONE_OR_TWO}월 {ONE_OR_TWO}일", "%Y년 %m월 %d일", ""),
    (rf"{YEAR}년{ONE_OR_TWO}월{ONE_OR_TWO}일", "%Y년%m월%d일", ""),
    (rf"{ONE_OR_TWO} [A-Za-z]{{3}} {YEAR}", "%d %b %Y", ""),
    (rf"{ONE_OR_TWO}-[A-Za-z]{{3}}-{YEAR}", "%d-%b-%Y", ""),
    (rf"[A-Za-z]{{3}} {ONE_OR_TWO}, {YEAR}", "%b %d, %Y", ""),
)
COMPILED = tuple((re.compile(f"(?:{look})\\.?$"), form, called) for look, form, called in FORMS)


class Dates(NamedTuple):
    """Dates, a note on how they were read, and the row of the first cell that is none."""

    dates: pd.Series
    note: str
    wrong: int | None


def dates_in(held: pa.ChunkedArray, texts: Sequence[str]) -> Dates | None:
    """Read a column of text as dates, if nearly all of its different `texts` look like some.

    Of two forms that fit, such as month/day and day/month, the first is taken, and said.
    """
    found = []
    series = None
    texts = texts[:: len(texts) // LOOKED_AT + 1]
    for look, form, called in COMPILED:
        if sum(bool(look.match(text)) for text in texts) < NEARLY_ALL * max(len(texts), 1):
            continue
        series = held.to_pandas() if series is None else series
        aware = form == ISO and any(ZONE.search(text[10:]) for text in texts)
        dates = _parsed(series if form == ISO else series.str.rstrip("."), form, aware)
        found.append((int(dates.notna().sum()), dates, called))
    if not found or series is None:
        return None
    most = max(count for count, _, _ in found)
    known = int(series.notna().sum())
    if most < NEARLY_ALL * known:
        return None
    fitting = [(dates, called) for count, dates, called in found if count == most]
    dates, called = fitting[0]
    doubt = f"; {fitting[1][1]} would fit as well" if len(fitting) > 1 else ""
    bad = series.notna() & dates.isna()
    wrong = int(bad.to_numpy().argmax()) if most < known else None
    return Dates(dates, f"dates read as {called}{doubt}" if called else "", wrong)


def _parsed(series: pd.Series, form: str, aware: bool) -> Any:
    import pandas as pd

    return pd.to_datetime(series, format=form, errors="coerce", utc=aware)
