"""Columns that have a type: numbers, booleans, dates, times, lists, and what is none of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.readers.cells import number_in
from jamjae.data.readers.raw_table import RawTable
from jamjae.errors import brief

if TYPE_CHECKING:
    import pyarrow as pa

NUMBERS, BOOLEAN, DATES, DURATIONS, CATEGORY, VECTORS, EMPTY, NOTHING = (
    *("numbers", "booleans", "dates", "durations", "categories", "vectors", "missing cells only"),
    "nothing",
)
AS_MATRIX = (NUMBERS, BOOLEAN, EMPTY)  # kinds that an array of numbers holds
MANY = 100_000  # rows
EXACT, LARGEST = 2**53, 2.0**64  # integers beyond the one are rounded in float64
ROUNDED = "integers beyond 2⁵³ are rounded"


class Mistake(NamedTuple):
    """The first cell that is something else than nearly all are.

    Attributes
    ----------
    row : int
    cell : str
    kind : str
        What the others are.
    texts : tuple of str
        All different cells that are something else.
    """

    row: int
    cell: str
    kind: str
    texts: tuple[str, ...]


class Converted(NamedTuple):
    """What a column holds.

    Attributes
    ----------
    kind : str
    values : array, pyarrow.ChunkedArray, pandas Series or None
        Floats for numbers, booleans (0, 1, NaN) and vectors (n, d).
    note : str
        What was converted, left out or guessed; after the name of the column.
    mistake : Mistake, optional
    """

    kind: str
    values: Any = None
    note: str = ""
    mistake: Mistake | None = None


def null(column: Any, raw: RawTable) -> Converted:
    """Give a column without any value."""
    return Converted(EMPTY, np.full(len(column), np.nan))


def _numbers(column: pa.ChunkedArray, raw: RawTable) -> Converted:
    import pyarrow as pa

    column = _without_codes(column, raw.na)
    if column.null_count == len(column):
        return null(column, raw)
    if pa.types.is_float16(column.type):
        return Converted(NUMBERS, column)
    beyond = EXACT < _largest(column) <= LARGEST
    if pa.types.is_floating(column.type):
        return Converted(NUMBERS, column, ROUNDED if beyond and _all_whole(column) else "")
    return Converted(NUMBERS, column.to_numpy(), ROUNDED if beyond else "")


def _largest(column: pa.ChunkedArray) -> float:
    """Give the largest absolute value."""
    from pyarrow import compute

    if len(column) < MANY:  # faster for each of many short columns
        values = column.to_numpy()
        return max(float(np.fmax.reduce(values)), -float(np.fmin.reduce(values)))
    return float(max(map(abs, compute.min_max(column).as_py().values())))


def _all_whole(column: pa.ChunkedArray) -> bool:
    from pyarrow import compute

    return bool(compute.all(compute.equal(column, compute.round(column))).as_py())


def _without_codes(column: pa.ChunkedArray, na: Sequence[str]) -> pa.ChunkedArray:
    """Replace numbers, such as -999, that stand for a missing value."""
    if not na:
        return column
    import pyarrow as pa
    from pyarrow import compute

    codes = [number for text in na if (number := number_in(text)) is not None]
    if not codes:
        return column
    missing = compute.is_in(column.cast(pa.float64(), safe=False), value_set=pa.array(codes))
    if not compute.any(missing).as_py():
        return column
    return compute.if_else(missing, pa.scalar(None, column.type), column)


def _decimals(column: pa.ChunkedArray, raw: RawTable) -> Converted:
    import pyarrow as pa

    return Converted(NUMBERS, column.cast(pa.float64(), safe=False).to_numpy())


def _booleans(column: pa.ChunkedArray, raw: RawTable) -> Converted:
    import pyarrow as pa

    return Converted(BOOLEAN, column.cast(pa.uint8()).cast(pa.float64()).to_numpy())


def _dates(column: pa.ChunkedArray, raw: RawTable) -> Converted:
    import pandas as pd

    series = column.to_pandas()
    return Converted(DATES, series if series.dtype.kind == "M" else pd.to_datetime(series))


def _durations(column: pa.ChunkedArray, raw: RawTable) -> Converted:
    return Converted(DURATIONS, column.to_pandas())


def _clock(column: pa.ChunkedArray, raw: RawTable) -> Converted:
    import pyarrow as pa

    seconds = column.cast(pa.time64("ns")).cast(pa.int64()).to_numpy() / 1e9
    return Converted(
        NUMBERS, np.asarray(seconds / 3600, dtype=np.float64), "times as hours, 12:30 is 12.5"
    )


def _vectors(column: pa.ChunkedArray, raw: RawTable) -> Converted:
    import pyarrow as pa
    from pyarrow import compute

    kind = column.type.value_type
    lengths = compute.unique(compute.list_value_length(column)).to_pylist()
    real = pa.types.is_floating(kind) or pa.types.is_integer(kind)
    if not real or len(lengths) != 1 or not lengths[0]:
        return Converted(
            NOTHING, note="holds lists that are missing, of several lengths, or not of numbers"
        )
    flat = compute.list_flatten(column).to_numpy()
    return Converted(VECTORS, flat.reshape(len(column), lengths[0]))


def _extension(column: pa.ChunkedArray, raw: RawTable) -> Converted:
    """Take periods of pandas as the days on which they begin."""
    import pandas as pd

    series = column.to_pandas()
    if isinstance(series.dtype, pd.PeriodDtype):
        return Converted(DATES, series.dt.to_timestamp(), "periods as the times they begin")
    words = "intervals" if isinstance(series.dtype, pd.IntervalDtype) else str(series.dtype)
    return Converted(NOTHING, note=f"holds {words}")


def called(kind: pa.DataType) -> str:
    """Say in plain words what a column holds."""
    import pyarrow as pa

    for holds, words in (
        (pa.types.is_struct, "records"),
        (pa.types.is_binary, "bytes"),
        (pa.types.is_large_binary, "bytes"),
        (pa.types.is_map, "maps"),
    ):
        if holds(kind):
            return words
    return f"{brief(kind, 40)}, which is not a number"


def _extension_type() -> type:
    import pyarrow as pa

    return pa.BaseExtensionType


CONVERTERS: list[tuple[Callable[[Any, Any], bool], Callable[[Any, RawTable], Converted]]] = [
    (lambda t, kind: t.is_null(kind), null),
    (lambda t, kind: t.is_floating(kind) or t.is_integer(kind), _numbers),
    (lambda t, kind: t.is_boolean(kind), _booleans),
    (lambda t, kind: t.is_decimal(kind), _decimals),
    (lambda t, kind: t.is_timestamp(kind) or t.is_date(kind), _dates),
    (lambda t, kind: t.is_duration(kind), _durations),
    (lambda t, kind: t.is_time(kind), _clock),
    (lambda t, kind: isinstance(kind, _extension_type()), _extension),
    (
        lambda t, kind: t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind),
        _vectors,
    ),
]
