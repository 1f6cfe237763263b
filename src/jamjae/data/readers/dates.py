"""Dates in a column of text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from jamjae.data.readers.cells import listed

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NEARLY_ALL = 0.8  # of the cells are dates, so that the others are mistakes
LOOKED_AT = 500  # texts, at most, by which the form is chosen
TIME = r"[T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?"
ZONE = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")
YEAR, ONE_OR_TWO = r"(1[5-9]|20|21)\d\d", r"\d{1,2}"
DAY_FIRST, MONTH_FIRST = "day{0}month{0}year", "month{0}day{0}year"
SHORT = re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d{1,2}\.?$")  # with a year of two digits
SHORT_FORMS = {  # of which one must be the only one that fits
    "day{0}month{0}year": "%d{0}%m{0}%y",
    "month{0}day{0}year": "%m{0}%d{0}%y",
    "year{0}month{0}day": "%y{0}%m{0}%d",
}
COMPACT = (  # forms of numbers such as 20240131 and 20240131123000, and of which they may be
    ("%Y%m%d", 1900_01_01, 2100_12_31),
    ("%Y%m%d%H%M", 1900_01_01_00_00, 2100_12_31_23_59),
    ("%Y%m%d%H%M%S", 1900_01_01_00_00_00, 2100_12_31_23_59_59),
)
FEW_DAYS = 5  # different ones, at least, since other numbers may look like some
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
            (" \\d{1,2}:\\d{2}:\\d{2}\\.\\d+", " %H:%M:%S.%f"),
            (" \\d{1,2}:\\d{2} [AaPp][Mm]", " %I:%M %p"),
            (" \\d{1,2}:\\d{2}:\\d{2} [AaPp][Mm]", " %I:%M:%S %p"),
        )
    ),
    (rf"{YEAR}\. {ONE_OR_TWO}\. {ONE_OR_TWO}", "%Y. %m. %d", ""),
    (rf"{YEAR}년 {ONE_OR_TWO}월 {ONE_OR_TWO}일", "%Y년 %m월 %d일", ""),
    (rf"{YEAR}년{ONE_OR_TWO}월{ONE_OR_TWO}일", "%Y년%m월%d일", ""),
    (rf"{ONE_OR_TWO} [A-Za-z]{{3}} {YEAR}", "%d %b %Y", ""),
    (rf"{ONE_OR_TWO}-[A-Za-z]{{3}}-{YEAR}", "%d-%b-%Y", ""),
    (rf"[A-Za-z]{{3}} {ONE_OR_TWO}, {YEAR}", "%b %d, %Y", ""),
    (rf"{ONE_OR_TWO}[A-Za-z]{{3}}{YEAR}", "%d%b%Y", ""),
    (rf"{ONE_OR_TWO} [A-Za-z]{{3,9}} {YEAR}", "%d %B %Y", ""),
    (rf"[A-Za-z]{{3,9}} {ONE_OR_TWO}, {YEAR}", "%B %d, %Y", ""),
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
    said = f"dates read as {called}{doubt}" if called else _zones(texts)
    bad = series.notna() & dates.isna()
    wrong = int(bad.to_numpy().argmax()) if most < known else None
    return Dates(dates, said, wrong)


def _zones(texts: Sequence[str]) -> str:
    """Say that times of other zones are given in UTC."""
    zones = sorted({found[0] for text in texts if (found := ZONE.search(text[10:]))})
    others = [zone for zone in zones if zone not in ("Z", "+00:00", "+0000")]
    return f"times in UTC, from {listed(others)}" if others else ""


def look_like_dates(texts: Sequence[str]) -> bool:
    """Whether texts have the form of dates."""
    return any(all(map(look.match, texts)) for look, _, _ in COMPILED)


def short_dates(held: pa.ChunkedArray, texts: Sequence[str]) -> tuple[pd.Series | None, str]:
    """Read dates with years of two digits, if only one order of day, month and year fits."""
    orders = _orders(texts)
    if len(orders) != 1:
        return None, ""
    called, form = orders.popitem()
    return _parsed(held.to_pandas().str.rstrip("."), form, aware=False), f"dates read as {called}"


def undecided_dates(texts: Sequence[str]) -> str:
    """Say that texts are dates with years of two digits, if several orders fit."""
    n = len(_orders(texts))
    return f", dates in {n} possible orders: write years with four digits" if n else ""


def _orders(texts: Sequence[str]) -> dict[str, str]:
    """Give the orders of day, month and year that fit all texts, with pandas's format."""
    if not texts or not all(map(SHORT.match, texts)):
        return {}
    import pandas as pd

    mark = texts[0].strip("0123456789")[0]
    series = pd.Series(texts).str.rstrip(".")
    forms = {called.format(mark): form.format(mark) for called, form in SHORT_FORMS.items()}
    return {
        called: form
        for called, form in forms.items()
        if bool(_parsed(series, form, aware=False).notna().all())
    }


def days_in_numbers(values: Any) -> pd.Series | None:
    """Read numbers such as 20240131 as dates, if all are and several differ."""
    import numpy as np
    import pandas as pd

    first = values[0] if isinstance(values, np.ndarray) else values[0].as_py()
    missing = first is None or np.isnan(first)
    if not missing and not any(low <= first <= high for _, low, high in COMPACT):
        return None  # nearly always
    numbers = np.asarray(values, dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    if not len(known) or (known != np.rint(known)).any() or len(np.unique(known)) < FEW_DAYS:
        return None
    form = next((f for f, low, high in COMPACT if low <= known.min() and known.max() <= high), None)
    if form is None:
        return None
    texts = pd.Series(np.nan_to_num(numbers).astype(np.int64).astype(str))
    dates = pd.to_datetime(texts, format=form, errors="coerce")
    return None if int(dates.notna().sum()) < len(known) else dates


def _parsed(series: pd.Series, form: str, aware: bool) -> Any:
    import pandas as pd

    return pd.to_datetime(series, format=form, errors="coerce", utc=aware)
