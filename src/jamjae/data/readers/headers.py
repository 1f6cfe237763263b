"""Whether the first line of a table names its columns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import clean, is_number, number_in

NUMERIC_NAMES = 3  # columns, at least, whose names can be told to be numbers
FAR = 0.9  # of the columns whose name lies outside of its values


def found(
    rows: Sequence[Sequence[str]], options: ReadOptions, decimal: str = "."
) -> tuple[bool, str]:
    """Decide whether the first of some rows is a header; return a note where it is a guess."""
    if options.header is not None:
        return options.header, ""
    first, body = [clean(cell) for cell in rows[0]], rows[1:]
    if _asked_for(first, options) or _counted(first):
        return True, ""
    if not body:
        return all(_value(cell, decimal) is None for cell in first), ""
    columns = list(itertools.zip_longest(*body[:100], fillvalue=""))[: len(first)]
    return _judged(first, columns, decimal)


def _judged(
    first: Sequence[str], columns: Sequence[Sequence[str]], decimal: str
) -> tuple[bool, str]:
    """Hold each cell of the first line against those below it."""
    kinds = [_value(cell, decimal) for cell in first]
    numbers = [kind for kind in kinds if kind is not None and not math.isnan(kind)]
    over_numbers = [
        kind is None and _mostly_numbers(column)
        for kind, column in zip(kinds, columns, strict=False)
    ]
    if any(over_numbers) or not numbers:
        return any(over_numbers) or not _is_a_row(first, columns), ""
    why = ""
    if len(numbers) == len(first) - 1 and not first[0] and _is_text(columns[0]):
        why = "numbers, for the first column has no name"
    elif len(numbers) == len(first) and _ordered(numbers) and _unlike(numbers, columns, decimal):
        why = "numbers in order and unlike the rows"
    if why:
        return True, f"header: the first line, {why}; --no-header takes it for a row"
    return False, "header: none, the first line is a row; --header takes it for names"


def _is_text(column: Sequence[str]) -> bool:
    return all(cell.strip() and not is_number(cell) for cell in column)


def _asked_for(first: Sequence[str], options: ReadOptions) -> bool:
    asked = [options.label, options.index, *options.columns, *options.drop]
    return any(clean(name) in first for name in asked if name)


def _counted(first: Sequence[str]) -> bool:
    """Whether the names are those that pandas gives to columns without names."""
    counted = [str(i) for i in range(len(first))]
    return len(first) > 1 and first in (counted, ["", *counted[:-1]])


def _value(cell: str, decimal: str) -> float | None:
    return number_in(cell.replace(",", ".") if decimal == "," else cell)


def _mostly_numbers(column: Sequence[str]) -> bool:
    held = [cell for cell in column if cell.strip() and number_in(cell) != math.inf]
    numbers = sum(is_number(cell) for cell in held)
    return bool(held) and numbers > len(held) / 2


def _is_a_row(first: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Whether the cells of the first line come again below, as classes do."""
    again = [cell in column for cell, column in zip(first, columns, strict=False) if cell]
    return bool(again) and sum(again) > len(again) / 2


def _ordered(numbers: Sequence[float]) -> bool:
    steps = [b - a for a, b in itertools.pairwise(numbers)]
    enough = len(numbers) >= NUMERIC_NAMES
    return enough and (all(step > 0 for step in steps) or all(step < 0 for step in steps))


def _unlike(numbers: Sequence[float], columns: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether the numbers lie outside of the values below them, and no row is in order as they."""
    values = [
        [v for cell in column if (v := _value(cell, decimal)) is not None and not math.isnan(v)]
        for column in columns
    ]
    if any(not column for column in values):
        return False
    outside = [
        not min(column) - (max(column) - min(column)) <= number
        or not number <= max(column) + (max(column) - min(column))
        for number, column in zip(numbers, values, strict=False)
    ]
    in_order = any(_ordered(row) for row in zip(*values, strict=False))
    return sum(outside) >= FAR * len(outside) and (not in_order or _even(numbers))


def _even(numbers: Sequence[float]) -> bool:
    """Whether numbers go up by equal steps."""
    steps = [b - a for a, b in itertools.pairwise(numbers)]
    return max(steps) - min(steps) <= 1e-6 * max(map(abs, numbers))
