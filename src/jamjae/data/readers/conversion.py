"""Columns of a table as values: numbers, booleans, dates, categories, or nothing to learn from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data.readers.cells import (
    ADDRESS,
    BOOLEANS,
    GROUPED,
    INVISIBLE,
    LEADING_ZERO,
    LONG,
    MARKERS,
    MINUS,
    MISSING,
    PAIRS,
    counted,
    is_number,
    listed,
)
from jamjae.data.readers.dates import dates_in, days_in_numbers, short_dates, undecided_dates
from jamjae.data.readers.hints import are_codes, code_among, read_as_numbers
from jamjae.data.readers.quantities import as_clock, in_units
from jamjae.data.readers.raw_table import RawTable
from jamjae.data.readers.typed_columns import (
    BOOLEAN,
    CATEGORY,
    CONVERTERS,
    DATES,
    NOTHING,
    NUMBERS,
    ROUNDED,
    Converted,
    Mistake,
    called,
    null,
)
from jamjae.errors import brief

if TYPE_CHECKING:
    import pyarrow as pa

MOST_CATEGORIES = 100
FEW = 10  # different texts that are categories however few the rows
NEARLY_ALL = 0.8  # of the cells are numbers, so that the others are mistakes
SPACE = re.compile(r"\s")
MOSTLY = 0.5  # the same, where numbers are measured
OFTEN = 3  # cells of a text that is no slip
SOME = 0.2  # the same, so that it is said why a column is text
LOOKED_AT = 500  # different texts, at most, of which one must be a number


def converted(raw: RawTable, position: int, *, asked: bool = False) -> Converted:
    """Convert a column by its type, text by what it says.

    A column that was `asked` for may have a category in each row.
    """
    import pyarrow as pa

    column = raw.table.column(position)
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _with_days(_text(column, raw, asked))
    for holds, convert in CONVERTERS:
        if holds(pa.types, kind):
            return _with_days(convert(column, raw))
    return Converted(NOTHING, note=f"holds {called(kind)}")


def _with_days(found: Converted) -> Converted:
    """Take numbers such as 20240131 for the dates that they are."""
    if found.kind != NUMBERS or found.mistake is not None or not len(found.values):
        return found
    dates = days_in_numbers(found.values)
    if dates is None:
        return found
    return Converted(DATES, dates, f"numbers as dates, such as {dates.min():%Y-%m-%d}")


def _text(column: pa.ChunkedArray, raw: RawTable, asked: bool) -> Converted:
    """Convert a column of text by the first kind that all its cells are of."""
    from pyarrow import compute

    held = without(_known(column), [text.strip() for text in raw.na])
    known = len(held) - held.null_count
    if not known:
        return null(column, raw)
    different = compute.value_counts(held.drop_null()).to_pylist()
    texts = {str(one["values"]): int(one["counts"]) for one in different}
    mistaken = None
    for attempt in (_as_booleans, _as_numbers, _as_dates, _as_quantities):
        if (found := attempt(held, texts, raw)) is not None:
            if found.mistake is None:
                return found
            mistaken = mistaken or found
    return mistaken or _as_categories(held, texts, raw, asked)


def _known(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Take away spaces around texts, and replace those that stand for a missing value."""
    from pyarrow import compute

    trimmed = _unquoted(compute.utf8_trim_whitespace(compute.utf8_trim(column, INVISIBLE)))
    return without(trimmed, MISSING, compute.utf8_lower(trimmed))


def missing_in(column: pa.ChunkedArray) -> int:
    """Count the missing cells of a column."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = _known(column)
    floating = pa.types.is_floating(column.type)
    nan = compute.sum(compute.is_nan(column)).as_py() if floating else 0
    return int(column.null_count + (nan or 0))


def _unquoted(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Take away the quotes that are left where a space stands before them."""
    from pyarrow import compute

    if not compute.all(compute.match_substring_regex(column, '^"(?s:.*)"$|^$')).as_py():
        return column
    return compute.utf8_trim(column, '"')


def without(
    column: pa.ChunkedArray, markers: Sequence[str], compared: pa.ChunkedArray | None = None
) -> pa.ChunkedArray:
    """Replace the cells that stand for a missing value, as they are or as they are `compared`."""
    import pyarrow as pa
    from pyarrow import compute

    cells = column if compared is None else compared
    missing = compute.is_in(cells, value_set=pa.array(list(markers), column.type))
    return compute.if_else(missing, pa.scalar(None, column.type), column)


def _as_booleans(held: Any, texts: dict[str, int], raw: RawTable) -> Converted | None:
    words = {text.lower() for text in texts}
    if not any(words <= pair for pair in PAIRS):
        return None
    values = _looked_up(held, {text: float(BOOLEANS[text.lower()]) for text in texts})
    yes = next((text for text in texts if BOOLEANS[text.lower()]), "true")
    return Converted(BOOLEAN, values, f"booleans as 0 and 1 ({yes} is 1)")


def _as_numbers(held: Any, texts: dict[str, int], raw: RawTable) -> Converted | None:
    """Parse the different texts, since there may be few."""
    from pyarrow import compute

    looked_at = list(texts)[:: len(texts) // LOOKED_AT + 1]
    if not any(is_number(text.rstrip("% ").replace(MINUS, "-")) for text in looked_at):
        return None
    mark = _thousands(texts, raw)
    numbers = {text: _number(text, raw.decimal, mark) for text in texts}
    if any(LEADING_ZERO.match(text) and text.strip("+-0") for text in texts) or are_codes(texts):
        return None  # identifiers such as 007
    parsed = sum(texts[text] for text, number in numbers.items() if number is not None)
    marks = {text for text, number in numbers.items() if number is None and text in MARKERS}
    marked = sum(texts[text] for text in marks)
    known = sum(texts.values()) - marked
    if not parsed or parsed < (MOSTLY if _measured(numbers) else NEARLY_ALL) * known:
        return None
    wrong = tuple(t for t, number in numbers.items() if number is None and t not in marks)
    if wrong and not _measured(numbers) and _are_grades({text: texts[text] for text in wrong}):
        return None
    if wrong:
        row = compute.index(held, wrong[0]).as_py()
        return Converted(NUMBERS, mistake=Mistake(row, wrong[0], "number", wrong))
    values = _looked_up(held, numbers)
    percent = sum(count for text, count in texts.items() if text.endswith("%"))
    some = f" in {percent} of {counted(known, 'cell')}" if percent < known else ""
    groups = bool(mark) and raw.thousands is None and any(str(mark) in text for text in texts)
    notes = [
        f"{mark} separates groups of three digits" if groups else "",
        f"percent as numbers{some}, 5 % is 5" if percent else "",
        ROUNDED if any(LONG.match(text) for text in texts) else "",
        read_as_numbers(texts),
        _taken_for_missing({text: texts[text] for text in marks}),
    ]
    return Converted(NUMBERS, values, "; ".join(note for note in notes if note))


def _measured(numbers: dict[str, float | None]) -> bool:
    """Whether numbers are no grades such as 1, 2, 3: there are many, or some have decimals."""
    found = [number for number in numbers.values() if number is not None]
    return len(found) > FEW or not all(number.is_integer() for number in found)


def _are_grades(others: dict[str, int]) -> bool:
    """Whether texts among few whole numbers are classes as these are, such as 3+, and no slips."""
    often = all(count >= OFTEN for count in others.values())
    return often and all(any(map(str.isdecimal, text)) for text in others)


def _looked_up(held: pa.ChunkedArray, numbers: dict[str, float | None]) -> np.ndarray:
    """Give each cell the number of its text, NaN where there is none."""
    encoded = held.combine_chunks().dictionary_encode()
    each = [numbers[text] for text in encoded.dictionary.to_pylist()]
    found = np.array([*each, None], dtype=np.float64)
    return found[encoded.indices.fill_null(len(each)).to_numpy()]


def _thousands(texts: Iterable[str], raw: RawTable) -> str | None:
    """Give what separates groups of three digits, if it does in all texts that have it."""
    mark = raw.thousands or ("." if raw.decimal == "," else None)
    if mark is None:
        return None
    has = SPACE.search if mark == " " else re.compile(re.escape(mark)).search
    marked = [text.rstrip("% ") for text in texts if has(text) and text not in MARKERS]
    addresses = bool(marked) and all(map(ADDRESS.match, marked))
    return mark if all(GROUPED[mark].match(text) for text in marked) and not addresses else None


def _number(text: str, decimal: str, mark: str | None) -> float | None:
    text = text.removesuffix("%").rstrip() if text.endswith("%") else text
    text = text.replace(MINUS, "-")
    if mark:  # all that have it are groups, see `_thousands`
        text = SPACE.sub("", text) if mark == " " else text.replace(mark, "")
    if decimal == "," and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _as_dates(held: Any, texts: dict[str, int], raw: RawTable) -> Converted | None:
    known = [text for text in texts if text not in MARKERS]
    found = dates_in(without(held, MARKERS), known)
    if found is None:
        dates, note = short_dates(without(held, MARKERS), known)
        return None if dates is None else Converted(DATES, dates, note)
    if found.wrong is not None:
        cell = str(held[found.wrong])
        return Converted(DATES, mistake=Mistake(found.wrong, cell, "date", (cell,)))
    return Converted(DATES, found.dates, found.note)


def _as_quantities(held: Any, texts: dict[str, int], raw: RawTable) -> Converted | None:
    if are_codes(texts):
        return None
    found = as_clock(texts) or in_units(texts, raw.decimal, raw.thousands)
    if found is None:
        return None
    gone = _taken_for_missing({text: count for text, count in texts.items() if text in MARKERS})
    note = "; ".join(note for note in (found.note, gone) if note)
    return Converted(NUMBERS, _looked_up(held, found.numbers), note)


def _taken_for_missing(marks: dict[str, int]) -> str:
    if not marks:
        return ""
    return f"{counted(sum(marks.values()), 'cell')} {listed(sorted(marks))} taken for missing"


def _as_categories(held: Any, texts: dict[str, int], raw: RawTable, asked: bool) -> Converted:
    n, known = len(texts), sum(texts.values())
    why = _why_text(texts, raw.decimal)
    many = n > min(MOST_CATEGORIES, max(FEW, known // 2)) or (n == known and n > 2)
    if n > MOST_CATEGORIES if asked else many:
        same = "all different" if n == known else f"{n:,} different"
        return Converted(NOTHING, note=f"text, {same}{why or f', such as {_example(texts)}'}")
    return Converted(CATEGORY, held.to_pandas().astype("category"), f"categories{why}" * bool(why))


def _why_text(texts: dict[str, int], decimal: str) -> str:
    """Say why a column that looks like numbers or dates is none."""
    codes = [text for text in texts if LEADING_ZERO.match(text) and text.strip("+-0")]
    if codes and all(text.isdecimal() for text in texts):
        return f", since {brief(codes[0], 20)} begins with 0"
    if are_codes(texts):
        return f", since {code_among(texts)} is a code among codes, and no number"
    others = {text: n for text, n in texts.items() if _number(text, decimal, None) is None}
    numbers = sum(texts.values()) - sum(others.values())
    if others and numbers >= SOME * sum(texts.values()):
        first, cells = brief(repr(next(iter(others))), 30), counted(sum(others.values()), "cell")
        return (
            f", because of {cells} such as {first} among {counted(numbers, 'number')} "
            f"(--na {first} takes it for missing)"
        )
    return undecided_dates([text for text in texts if text not in MARKERS])


def _example(texts: Iterable[str]) -> str:
    return repr(brief(next(iter(texts)), 30))
