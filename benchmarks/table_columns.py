"""Columns of tables: values of each kind as people have them, and how they are spelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
from numpy.random import Generator

WORDS = {
    "ascii": ("red", "green", "blue", "dark red", "teal, light", 'a "b" c', "North-West", "x;y"),
    "cp1252": ("Zürich", "Genève", "Köln", "São Paulo", "naïve", "red"),
    "cp949": ("서울", "부산", "대구 북구", "광주", "제주", "red"),
}
NAMES = {
    "ascii": ("a", "b", "length (cm)", "x_1", "x.2", "Alpha", "n, total", "p%", "t0", "T-1", "u v"),
    "cp1252": ("größe", "âge", "año", "temp °C", "a", "b", "c", "d", "e", "f", "g"),
    "cp949": ("키", "몸무게", "나이", "소득(만원)", "온도", "습도", "a", "b", "c", "d", "e"),
}
ENCODINGS = {
    "ascii": ("utf-8", "utf-8-sig", "utf-16"),
    "cp1252": ("utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"),
    "cp949": ("utf-8", "utf-8-sig", "utf-16", "cp949", "euc-kr"),
}
SPELLED = 0.2  # share of the columns whose texts are not what must come back
LATE = 310  # rows, below which codes come late: by those above a column is taken for numbers
NUMERIC = ("numbers", "integers", "years", "booleans", "index", "units", "clock")
DATED = ("dates", "days")
TEXTS = ("codes", "late codes", "sentences", "categories", "label")


class Column(NamedTuple):
    """What must come back, None where a value is missing, and texts that are written for it."""

    name: str
    kind: str
    values: list[Any]
    spelled: list[str | None] | None = None


def pick(rng: Generator, among: Sequence[Any]) -> Any:
    """Choose one."""
    return among[int(rng.integers(len(among)))]


def numbers(rng: Generator, n: int, words: Sequence[str]) -> list[Any]:
    """Give floats of a random scale."""
    scale = 10.0 ** rng.integers(-8, 9)
    shown = pick(rng, (lambda v: v, lambda v: round(v, 2), lambda v: float(f"{v:.3e}")))
    return [shown(float(v)) for v in rng.normal(size=n) * scale]


def integers(rng: Generator, n: int, words: Sequence[str]) -> list[Any]:
    low, high = pick(rng, ((0, 2), (0, 10), (0, 256), (-50, 50), (0, 10**6), (-(10**12), 10**12)))
    return rng.integers(low, high, n).tolist()


def dates(rng: Generator, n: int, words: Sequence[str]) -> list[Any]:
    first = pd.Timestamp("2001-02-03 04:05:06")
    days = rng.integers(0, 9000, n)
    whole = rng.random() < 0.5
    found = [first + pd.Timedelta(days=int(day), minutes=int(day)) for day in days]
    return [one.normalize() for one in found] if whole else found


def categories(rng: Generator, n: int, words: Sequence[str]) -> list[Any]:
    """Give a few words again and again."""
    few = list(words[: int(rng.integers(2, len(words) + 1))])
    return [pick(rng, few) for _ in range(n)]


def codes(rng: Generator, n: int, words: Sequence[str]) -> list[Any]:
    form = pick(rng, ("{:03d}", "{}_1", "1_{:02d}", "s{}", "{:05d}"))
    return [form.format(int(v)) for v in rng.permutation(n)]


def sentences(rng: Generator, n: int, words: Sequence[str]) -> list[Any]:
    return [f"{pick(rng, words)} and {pick(rng, words)} {i}" for i in range(n)]


MAKERS = {
    "numbers": numbers,
    "integers": integers,
    "years": lambda rng, n, words: list(range(1990, 1990 + n)),
    "booleans": lambda rng, n, words: [bool(v) for v in rng.integers(0, 2, n)],
    "dates": dates,
    "categories": categories,
    "codes": codes,
    "sentences": sentences,
}


def units(rng: Generator, n: int, words: Sequence[str]) -> list[Any]:
    return [round(float(v), 1) for v in rng.normal(size=n) * 100]


def clock(rng: Generator, n: int, words: Sequence[str]) -> list[Any]:
    return [(int(v) // 60, int(v) % 60) for v in rng.integers(0, 24 * 60, n)]


def late_codes(rng: Generator, n: int, words: Sequence[str]) -> list[Any]:
    return [f"{int(v)}" if i < LATE else f"{int(v):05d}" for i, v in enumerate(rng.permutation(n))]


UNIT_FORMS = ("{:.1f} kg", "{:.1f}kg", "${:,.1f}", "{:,.1f} USD", "{:.1f} km/h")
CLOCK_FORMS = ("{}:{:02d}", "{:02d}:{:02d}", "{:02d}:{:02d}:00")


def spelled_column(rng: Generator, name: str, words: Sequence[str], n: int) -> Column:
    """Make a column of which the texts are not what must come back."""
    kind = pick(rng, ("units", "clock", *(("days",) if n > 20 else ()), "late codes"))
    if kind == "units":
        won = ("{:.1f}원",) if words == WORDS["cp949"] else ()
        form, found = pick(rng, (*UNIT_FORMS, *won)), units(rng, n, ())
        return Column(name, kind, found, [form.format(v).replace("$-", "-$") for v in found])
    if kind == "clock":
        form, parts = pick(rng, CLOCK_FORMS), clock(rng, n, ())
        return Column(name, kind, [h + m / 60 for h, m in parts], [form.format(*p) for p in parts])
    if kind == "days":
        days = [one.normalize() for one in dates(rng, n, ())]
        return Column(name, kind, days, [f"{day:%Y%m%d}" for day in days])
    codes_ = late_codes(rng, n, ())
    return (
        Column(name, "integers", list(map(int, codes_)))
        if n <= LATE
        else Column(name, kind, codes_)
    )


def column(rng: Generator, name: str, words: Sequence[str], n: int) -> Column:
    """Make a column of a random kind, of which some values may be missing."""
    if rng.random() < SPELLED:
        made = spelled_column(rng, name, words, n)
    else:
        usual = ("numbers", "numbers", "integers", "integers", "booleans", "dates", "categories")
        kind = pick(rng, (*usual, "years", "codes", "sentences"))
        made = Column(name, kind, MAKERS[kind](rng, n, words))
    if rng.random() < 0.7 or made.kind == "late codes":
        return made
    gone = rng.random(n) < 0.2
    kept = [None if lost else value for value, lost in zip(made.values, gone, strict=True)]
    if made.spelled is None:
        return made._replace(values=kept)
    texts = [None if lost else text for text, lost in zip(made.spelled, gone, strict=True)]
    return made._replace(values=kept, spelled=texts)


INDEXES = (
    lambda n: Column("", "index", list(range(n))),
    lambda n: Column("Id", "index", list(range(1, n + 1))),
    lambda n: Column("id", "index", [f"10_{i}" for i in range(n)]),
    lambda n: Column("name", "index", [f"row {i}" for i in range(n)]),
    lambda n: Column("", "index", [f"s{i}" for i in range(n)]),
    lambda n: Column("index", "index", [f"{i:03d}" for i in range(n)]),
)
