"""Whether the first line of a table names its columns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import clean, is_missing, is_number, value_of

NUMERIC_NAMES = 3  # columns, at least, whose names can be told to be numbers
FAR = 0.9  # of the columns whose name lies outside of its values
HALF = 0.5  # the same, where the names go up by equal steps and the rows do not
FEW_ROWS = 4
LARGE_STEP = 0.5  # of the first name: 400, 500, not 0.2, 0.8
MOST_COLUMNS = 2_000  # that are looked at
USUAL = frozenset(("name", "id", "index", "label", "target", "class", "species"))


def found(
    rows: Sequence[Sequence[str]], options: ReadOptions, decimal: str = "."
) -> tuple[bool, str]:
    """Decide whether the first of some rows is a header; return a note where it is a guess."""
    if options.header is not None:
        return options.header, ""
    first, body = [clean(cell) for cell in rows[0]], rows[1:]
    if _asked_for(first, options):
        sure = not any(value_of(cell, decimal) is not None for cell in first if cell)
        return True, "" if sure else "header: the first line, which has a column that was asked for"
    if _usual(first):
        return True, ""
    if _counted(first, body):
        return True, "header: the first line, which counts the columns; --no-header makes it a row"
    if not body:
        return all(value_of(cell, decimal) is None for cell in first), ""
    first, body = first[:MOST_COLUMNS], [row[:MOST_COLUMNS] for row in body[:100]]
    columns = list(itertools.zip_longest(*body[:100], fillvalue=""))[: len(first)]
    while len(first) > 1 and not first[-1] and not any(map(str.strip, columns[-1])):
        first, columns = first[:-1], columns[:-1]  # a separator ends each line
    return _decided(first, columns, decimal)


def _decided(
    first: Sequence[str], columns: Sequence[Sequence[str]], decimal: str
) -> tuple[bool, str]:
    """Hold each cell of the first line against those below it."""
    pairs = list(zip(first, columns, strict=False))
    kinds = [value_of(cell, decimal) for cell in first]
    numbers = [kind for kind in kinds if kind is not None and not math.isnan(kind)]
    over_numbers = [kind is None and _mostly_numbers(c) for kind, (_, c) in zip(kinds, pairs)]  # noqa: B905
    if any(over_numbers) or not numbers:
        return any(over_numbers) or not _is_a_row(first, columns), ""
    why = ""
    if len(numbers) == len(first) - 1 and not first[0] and all(map(str.strip, columns[0])):
        why = "numbers, as the first column has no name"
    elif len(numbers) == len(first) - 1 > 1 and _over_names(numbers, columns, decimal):
        why = "numbers in order, beside names of rows"
    elif any(value_of(cell, decimal) in numbers and _is_text(column) for cell, column in pairs):
        why = "numbers above text"
    elif _in_order(numbers) and any(
        kind is None and _is_above_classes(*pair) for kind, pair in zip(kinds, pairs, strict=True)
    ):
        why = "a name that no row has"
    elif len(numbers) == len(first) and _ordered(numbers) and _unlike(numbers, columns, decimal):
        why = "numbers in order and unlike the rows"
    if why:
        return True, f"header: the first line, {why}; --no-header takes it for a row"
    return False, "header: none, the first line is a row; --header takes it for names"


def _is_above_classes(cell: str, column: Sequence[str]) -> bool:
    """Whether a text stands above a few others that come again and again."""
    known = [clean(one) for one in column if not is_missing(one)]
    different = len(set(known))
    return cell not in known and len(known) >= FEW_ROWS and different <= len(known) / 2


def _over_names(numbers: Sequence[float], columns: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether numbers as those of years stand beside a name, above rows that begin with text."""
    steps = {b - a for a, b in itertools.pairwise(numbers)}
    return _is_text(columns[0]) and len(steps) == 1 and _unlike(numbers, columns[1:], decimal)


def _is_text(column: Sequence[str]) -> bool:
    known = [cell for cell in column if not is_missing(cell)]
    return bool(known) and not any(is_number(cell.strip().removesuffix("%")) for cell in known)


def _asked_for(first: Sequence[str], options: ReadOptions) -> bool:
    asked = [options.label, options.index, *options.columns, *options.drop]
    names = [clean(name) for name in asked if name]
    if all(is_number(cell) for cell in first):  # of a column without a name, its number is asked
        names = [name for name in names if not is_number(name)]
    return any(name in first for name in names)


def _usual(first: Sequence[str]) -> bool:
    """Whether a cell is what index and label are called everywhere."""
    return any(cell.lower() in USUAL for cell in first)


def _counted(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether the names are those that pandas gives to columns without names, and 0, 1 no row."""
    counted = [str(i) for i in range(len(first))]
    may_be_row = len(first) == 2 and all(cell.strip().isdecimal() for row in body for cell in row)
    return len(first) > 1 and (
        first == ["", *counted[:-1]] or (first == counted and not may_be_row)
    )


def _mostly_numbers(column: Sequence[str]) -> bool:
    held = [cell for cell in column if not is_missing(cell)]
    numbers = sum(is_number(cell) for cell in held)
    return bool(held) and numbers > len(held) / 2


def _is_a_row(first: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Whether the cells of the first line come again below, as classes do."""
    again = [cell in column for cell, column in zip(first, columns, strict=False) if cell]
    return bool(again) and sum(again) > len(again) / 2


def _ordered(numbers: Sequence[float]) -> bool:
    return len(numbers) >= NUMERIC_NAMES and _in_order(numbers)


def _in_order(numbers: Sequence[float]) -> bool:
    steps = [b - a for a, b in itertools.pairwise(numbers)]
    rising = bool(steps) and (all(step > 0 for step in steps) or all(step < 0 for step in steps))
    return rising and not (len(numbers) == 2 and abs(steps[0]) > LARGE_STEP * abs(numbers[0]))


def _unlike(numbers: Sequence[float], columns: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether the numbers lie outside of the values below them, and no row is in order as they."""
    values = [
        [v for cell in column if (v := value_of(cell, decimal)) is not None and not math.isnan(v)]
        for column in columns
    ]
    if any(not column for column in values):
        return False
    rows = list(zip(*values, strict=False))
    if _even(numbers) and not any(_even(row) for row in rows):
        apart = [_apart(*each) for each in zip(numbers, values, strict=False)]
        return sum(apart) >= HALF * len(apart)
    far = [_apart(*each, margin=1) for each in zip(numbers, values, strict=False)]
    return sum(far) >= FAR * len(far) and not any(_ordered(row) for row in rows)


def _apart(number: float, column: Sequence[float], margin: float = 0) -> bool:
    """Whether a number is outside of a column, or the only whole one."""
    low, high = min(column), max(column)
    beyond = margin * (high - low)
    whole = not margin and number.is_integer() and not any(one.is_integer() for one in column)
    return whole or not low - beyond <= number <= high + beyond


def _even(numbers: Sequence[float]) -> bool:
    """Whether numbers go up by equal steps, none of them nothing."""
    steps = [b - a for a, b in itertools.pairwise(numbers)]
    return bool(steps[0]) and max(steps) - min(steps) <= 1e-6 * max(map(abs, numbers))
