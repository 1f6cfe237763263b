"""Numbers in a column of text that have a unit or a currency, marks of their own; clock times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from jamjae.data.readers.cells import ADDRESS, COMMA, GROUPED, LEADING_ZERO, MARKERS, MINUS, POINT

LOOKED_AT = 200  # texts, at most, that are looked at before all are parsed
CURRENCY = (
    r"(?:(?:US|CA|AU|NZ|HK|NT|[ACSR])?\$|[€£¥₩￦₹₽฿₫]|"
    r"USD|EUR|GBP|KRW|JPY|CNY|RMB|CHF|CAD|AUD|SEK|NOK|DKK|INR|PLN)"
)
WORDS = (  # that may follow a number without a space; after a space any word may
    "kg g mg µg ug ng t lb lbs oz km m cm mm µm um nm mi ft in yd km² m² cm² mm² m2 km2 m³ m3 "
    "cm3 l L ml mL dl dL µl cc s sec secs ms µs ns min mins h hr hrs d yr yrs °C °F ° ℃ ℉ Pa "
    "kPa hPa MPa bar mbar psi mmHg V mV kV mA kW MW kWh MWh GWh W Wh Hz kHz MHz GHz bpm rpm mg/dL "
    "g/dL mmol/L g/L mg/L µg/L mph km/h kph m/s kcal cal J kJ kN dB px pt KB MB GB TB ppm ppb mpg "
    "㎏ ㎎ ㎞ ㎝ ㎜ ㎡ ㎥ ㎖ 원 천원 만원 백만원 억원 명 개 세 살 년 개월 시간 분 초 대 건 회 점 "
    "평 층 권 kr zł Ft Kč 円 元 人 € £ $ ¥ ₩ ￦ ₹ ₽ ‰"
)
UNITS = frozenset(WORDS.split())
DIGITS = r"(?:[0-9][0-9.,'\u2019 \u00a0\u202f]*[0-9]|[0-9]|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
FULL_WIDTH = {ord("\uff01") + i: ord("!") + i for i in range(94)}  # letters and digits of Korean
QUANTITY = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+-]?)\s*(?P<before>{CURRENCY})?\s*(?P<minus>[+-]?)"
    rf"(?P<number>{DIGITS})(?P<space>\s*)(?P<after>[^\d\s.,'+()\[\]:/-][^()\[\]:]{{0,11}})?"
    r"(?P<trail>-)?(?P<close>\))?$"
)
CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d(?:[.,]\d+)?))?(?:\s*([AaPp])\.?[Mm]\.?)?$")
NOON, DAY = 12, 24  # hours


class Quantities(NamedTuple):
    """The number of each text, None for a marker of a missing one, and a note."""

    numbers: dict[str, float | None]
    note: str


class _Quantity(NamedTuple):
    unit: tuple[str, str]
    negative: bool
    trailing: bool  # minus, as programs of accounting write it
    digits: str


def in_units(texts: Iterable[str], decimal: str, thousands: str | None) -> Quantities | None:
    """Parse numbers that all have the same unit, or marks of their own: ``$1,200``, ``(5.0)``.

    None if a text is none, or if units differ.
    """
    known = [text for text in texts if text not in MARKERS]
    if not known or any(_quantity(text) is None for text in known[:LOOKED_AT]):
        return None
    each = [one for text in known if (one := _quantity(text)) is not None]
    units = {one.unit for one in each if any(one.unit) or one.digits.strip("0.,")}
    if len(each) < len(known) or len(units) != 1 or all(one.trailing for one in each):
        return None
    if any(LEADING_ZERO.match(one.digits) and one.digits.strip("0") for one in each):
        return None
    values = _values([one.digits for one in each], decimal, thousands)
    if values is None:
        return None
    signed = [-value if one.negative else value for one, value in zip(each, values, strict=True)]
    marked = [bool(set(one.digits) & set(",.' ")) for one in each]
    shown = max(range(len(known)), key=lambda i: (each[i].negative, marked[i], len(known[i]), -i))
    unit = "".join(units.pop())
    note = f"numbers{f' in {unit}' if unit else ''}, {known[shown]} is {signed[shown]:.10g}"
    return Quantities({**dict.fromkeys(texts), **dict(zip(known, signed, strict=True))}, note)


def _quantity(text: str) -> _Quantity | None:
    """Take a number apart from its unit and sign."""
    found = QUANTITY.match(text.replace(MINUS, "-").translate(FULL_WIDTH))
    if found is None or ADDRESS.match(text) or bool(found["open"]) != bool(found["close"]):
        return None
    if sum(bool(found[minus]) for minus in ("sign", "minus", "trail", "open")) > 1:
        return None
    before, after = found["before"] or "", (found["after"] or "").strip()
    if after and (before or not (after in UNITS or (found["space"] and _is_word(after)))):
        return None
    negative = bool(found["open"]) or "-" in (found["sign"], found["minus"], found["trail"])
    return _Quantity(
        (before, after),
        negative,
        bool(found["trail"]),
        re.sub(r"[\s\u2019]", _mark, found["number"]),
    )


def _mark(found: re.Match[str]) -> str:
    return " " if found[0].isspace() else "'"


def _is_word(text: str) -> bool:
    return len(text) > 1 and text.replace(".", "").replace(" ", "").isalpha()


def _values(digits: Sequence[str], decimal: str, thousands: str | None) -> list[float] | None:
    """Parse digits with the marks of the table, or with the other decimal mark if those fail."""
    for point in (decimal, COMMA if decimal == POINT else POINT):
        marks = {mark for one in digits for mark in one if mark in ",.' "} - {point}
        if len(marks) > 1 or (thousands and point == decimal and marks - {thousands}):
            continue
        mark = marks.pop() if marks else ""
        if all(fits(one, point, mark) for one in digits):
            return [float(one.replace(mark, "").replace(point, ".")) for one in digits]
    return None


def fits(digits: str, point: str, mark: str) -> bool:
    """Whether digits are a number with a decimal mark and one that separates groups."""
    if mark and mark in digits:
        whole, *fraction = digits.split(point)
        return len(fraction) <= 1 and bool(GROUPED[mark].match(whole))
    return digits.count(point) <= 1


def as_clock(texts: Iterable[str]) -> Quantities | None:
    """Parse clock times such as 12:30 or 1:05 PM, and durations, all with as many parts."""
    known = [text for text in texts if text not in MARKERS]
    found = [one for text in known[:LOOKED_AT] if (one := CLOCK.match(text))]
    if not known or len(found) < len(known[:LOOKED_AT]):
        return None
    found = [one for text in known if (one := CLOCK.match(text))]
    forms = {(one[3] is None, one[4] is None) for one in found}
    if len(found) < len(known) or len(forms) != 1:
        return None
    first = [int(one[1]) for one in found]
    halves = found[0][4] is not None
    if halves and not all(1 <= hour <= NOON for hour in first):
        return None
    hours = [_hours(one) for one in found]
    minutes = found[0][3] is None and max(first) > DAY
    called = "minutes" if minutes else "hours"
    shown = next((i for i, hour in enumerate(hours) if hour), 0)
    note = f"times as {called}, {known[shown]} is {hours[shown]:.6g}"
    return Quantities({**dict.fromkeys(texts), **dict(zip(known, hours, strict=True))}, note)


def _hours(found: re.Match[str]) -> float:
    hour = int(found[1])
    if found[4]:
        hour = hour % NOON + (NOON if found[4] in "Pp" else 0)
    seconds = float((found[3] or "0").replace(",", "."))
    return hour + int(found[2]) / 60 + seconds / 3600
