"""Columns of Python objects, such as dates and booleans beside None, as typed ones and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np

UNIT = "us"  # of dates that are Python objects
TEXT, EMPTY = "text", "none"
KINDS = {  # what a column holds, and its kind
    TEXT: "categories",
    EMPTY: "numbers",
    "bool": "booleans",
    "int": "numbers",
    "float": "numbers",
    "datetime": "dates",
    "date": "dates",
}
TYPES: dict[str, type | tuple[type, ...]] = {  # the first that suits all values
    TEXT: str,
    "bool": (bool, np.bool_),
    "int": Integral,
    "float": Real,
    "datetime": dt.datetime,
    "date": dt.date,
}


def held_in(column: Any) -> str:
    """Name what a column of objects or text holds; empty for other columns, and other objects.

    Missing cells count for nothing. Dates among times of day are no dates of ``"date"``.

    Examples
    --------
    >>> import pandas as pd
    >>> held_in(pd.Series([True, None], dtype=object)), held_in(pd.Series([1, 2]))
    ('bool', '')
    """
    from pandas.api import types

    if not (types.is_object_dtype(column.dtype) or types.is_string_dtype(column.dtype)):
        return ""
    values = column.dropna()
    if not len(values):
        return EMPTY
    kinds = set(map(type, values))
    return next((name for name, held in TYPES.items() if _all(kinds, held)), "")


def _all(kinds: Iterable[type], held: type | tuple[type, ...]) -> bool:
    among_times = held is dt.date
    return all(
        issubclass(kind, held) and not (among_times and issubclass(kind, dt.datetime))
        for kind in kinds
    )


def typed(column: Any) -> Any:
    """Give a column of objects the type of what it holds; text and other columns as they are."""
    make = _MAKERS.get(held_in(column))
    return column if make is None else make(column)


def untyped(column: Any, held: str) -> Any:
    """Give the objects of a column that `typed` gave; None where they are missing."""
    objects = (column.dt.date if held == "date" else column).astype(object)
    return objects.where(column.notna(), None)


def _booleans(column: Any) -> Any:
    return column.astype("boolean") if column.isna().any() else column.astype(bool)


def _integers(column: Any) -> Any:
    try:
        return column.astype("Int64")
    except (OverflowError, TypeError):  # beyond 64 bits
        return _floats(column)


def _floats(column: Any) -> Any:
    return column.where(column.notna(), np.nan).astype(np.float64)


def _times(column: Any) -> Any:
    """Give times, whose range is wider than that of `pandas.to_datetime`."""
    from pandas import Series, to_datetime

    missing = column.isna()
    if any(getattr(value, "tzinfo", None) is not None for value in column[~missing]):
        return to_datetime(column, utc=True).dt.as_unit(UNIT)
    values = [None if gone else value for value, gone in zip(column, missing, strict=True)]
    return Series(np.array(values, dtype=f"datetime64[{UNIT}]"), index=column.index)


_MAKERS: dict[str, Callable[[Any], Any]] = {
    EMPTY: _floats,
    "bool": _booleans,
    "int": _integers,
    "float": _floats,
    "datetime": _times,
    "date": _times,
}
