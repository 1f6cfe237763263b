"""What a careful reader would ask about columns that were read as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import numpy as np

from jamjae.data.readers.cells import clean, counted

SERIAL = (18_264, 73_050)  # days of Excel, from 1950 to 2099
ORIGIN = date(1899, 12, 30)  # day 0 of Excel
FEW_DAYS = 5  # different ones, at least, since other numbers may look like some
CALLED_DATE = re.compile(
    r"(?i:(?:^|[^a-z])(?:date|datum|day|dt|fecha)(?:$|[^a-z]))|[a-z](?:Date|Day)$|날짜|일자|일시"
)
CODE = re.compile(r"\d+[eE]\d+$")  # such as 1E5, which is a number as well
CENSORED = re.compile(r"[<>≤≥]=?\s*[\d.,]+")  # such as <5, below a limit of detection
LONG_ENOUGH = 3  # characters of codes that are all as long


def serial_dates(name: str, values: Any) -> str:
    """Point out numbers that may be Excel's days; empty if they are none, or not called a date."""
    if not CALLED_DATE.search(clean(name)):
        return ""
    numbers = np.asarray(values, np.float64)
    known = numbers[~np.isnan(numbers)]
    low, high = SERIAL
    if len(np.unique(known)) < FEW_DAYS or known.min() < low or known.max() > high:
        return ""
    day = ORIGIN + timedelta(days=int(known[0]))
    return (
        f"{name}: numbers such as {known[0]:g}, which is {day:%Y-%m-%d} if they are Excel's days; "
        "give the cells the format of a date there, and save the file again"
    )


def are_codes(texts: Iterable[str]) -> bool:
    """Whether texts such as 1E5 are codes: others are letters and digits, or all are as long."""
    texts = list(texts)
    if not any(map(CODE.match, texts)) or not all(t.isascii() and t.isalnum() for t in texts):
        return False
    others = any(not t.isdecimal() and not CODE.match(t) for t in texts)
    lengths = set(map(len, texts))
    return others or (len(lengths) == 1 and min(lengths) >= LONG_ENOUGH)


def code_among(texts: Iterable[str]) -> str:
    """Give the first text such as 1E5; empty if there is none."""
    return next(filter(CODE.match, texts), "")


def read_as_numbers(texts: dict[str, int]) -> str:
    """Say that cells such as 1E5 were read as numbers; empty if there are none."""
    codes = {text: count for text, count in texts.items() if CODE.match(text)}
    if not codes:
        return ""
    first = next(iter(codes))
    return f"{counted(sum(codes.values()), 'cell')} such as {first} read as {float(first):.10g}"
