"""Typed columns of a table with their missing cells filled, in their own types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data.readers.fills import Fill
from jamjae.data.readers.spelling import Known, speller
from jamjae.data.readers.tables import Opened
from jamjae.data.readers.typed_columns import (
    BOOLEAN,
    CATEGORY,
    DATES,
    EMPTY,
    EXACT,
    NOTHING,
    VECTORS,
    Converted,
)

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE = 2_000  # cells by which it is found out how a column of text is written
HOUR = 3_600e9  # nanoseconds


def filled(table: pa.Table, opened: Opened, found: Sequence[Fill]) -> pa.Table:
    """Give a table its missing cells; all other cells, names and types stay."""
    for one in found:
        field = table.schema.field(one.position)
        column = _filled(table.column(one.position), one, opened)
        table = table.set_column(one.position, field.with_type(column.type), column)
    return table


def _filled(column: pa.ChunkedArray, fill: Fill, opened: Opened) -> pa.ChunkedArray:
    import pyarrow as pa

    kind = column.type
    if fill.kind == VECTORS:
        rows = np.array(opened.features[fill.position].values, np.float64)
        rows[fill.gaps] = fill.values
        return pa.chunked_array([pa.array(list(rows)).cast(kind, safe=False)])
    if pa.types.is_dictionary(kind):
        return _of_categories(column, fill, opened)
    return merged(column, fill.gaps, _values(column, fill, opened))


def _of_categories(column: pa.ChunkedArray, fill: Fill, opened: Opened) -> pa.ChunkedArray:
    """Fill in categories, which stay in their order; new ones come last."""
    import pyarrow as pa

    kind = column.type
    whole = column.unify_dictionaries().combine_chunks()
    new = _values(column.cast(kind.value_type), fill, opened).to_pylist()
    names = whole.dictionary.to_pylist()
    names += [one for one in dict.fromkeys(new) if one not in set(names)]
    codes = whole.indices.to_pandas().to_numpy(np.float64, copy=True)
    codes[fill.gaps] = [names.index(one) for one in new]
    indices = pa.array(codes, from_pandas=True).cast(kind.index_type)
    dictionary = pa.array(names, kind.value_type)
    return pa.chunked_array(
        [pa.DictionaryArray.from_arrays(indices, dictionary, ordered=kind.ordered)]
    )


def merged(column: pa.ChunkedArray, gaps: np.ndarray, new: pa.Array) -> pa.ChunkedArray:
    """Put new values at the end of a column, and take each row from its place."""
    import pyarrow as pa

    places = np.arange(len(column))
    places[gaps] = len(column) + np.arange(len(new))
    kind = new.type if pa.types.is_null(column.type) else column.type
    whole = pa.chunked_array([*column.cast(kind).chunks, new.cast(kind)])
    return whole.take(pa.array(places))


def _values(column: pa.ChunkedArray, fill: Fill, opened: Opened) -> pa.Array:
    """Give the new values in the type of a column."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if types.is_null(kind):
        return pa.array(list(fill.values))
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return pa.array(_texts(column, fill, opened), kind)
    if isinstance(fill.values, pd.Series):
        if isinstance(kind, pa.BaseExtensionType):  # periods
            periods = fill.values.dt.to_period(getattr(kind, "freq", "D"))
            return pa.array(pd.array(periods))
        return pa.array(fill.values).cast(kind, safe=False)
    return of_numbers(np.asarray(fill.values, np.float64), kind)


def of_numbers(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    """Give numbers the type of a column of numbers, booleans or times of day."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_boolean(kind):
        return pa.array(values >= 0.5)
    if types.is_integer(kind):
        span = np.iinfo(kind.to_pandas_dtype())
        return pa.array([int(value) for value in np.rint(values).clip(span.min, span.max)], kind)
    if types.is_time(kind):
        return pa.array(np.rint(values * HOUR).astype(np.int64), pa.time64("ns")).cast(
            kind, safe=False
        )
    return pa.array(values).cast(kind, safe=False)


def _texts(column: pa.ChunkedArray, fill: Fill, opened: Opened) -> list[str]:
    rows = np.flatnonzero(~fill.gaps)[:SAMPLE]
    texts = [str(one).strip() for one in column.take(rows).to_pylist()]
    read = opened.features[fill.position].values
    values = list(read.iloc[rows]) if hasattr(read, "iloc") else []
    raw = opened.raw
    known = Known(texts, values, raw.decimal, raw.thousands, fill.whole)
    write = speller(fill.kind, known).write
    return [write(value) for value in fill.values]


# --- of text --------------------------------------------------------------------------------


def typed(opened: Opened, found: Sequence[Fill]) -> pa.Table:
    """Make a table of typed columns of one of text: features by what they hold, others as read."""
    import pyarrow as pa

    raw, by_position = opened.raw, {one.position: one for one in found}
    columns = []
    for i, column in enumerate(raw.table.columns):
        one = opened.features.get(i, Converted(NOTHING))
        if one.kind == NOTHING:
            columns.append(_counted(column))
        else:
            columns.append(_of_kind(one, by_position.get(i), column))
    return pa.Table.from_arrays(columns, names=opened.roles.names)


def _of_kind(one: Converted, fill: Fill | None, column: pa.ChunkedArray) -> Any:
    import pandas as pd
    import pyarrow as pa

    if one.kind == CATEGORY:
        texts = one.values.astype(object)
        if fill is not None:
            texts = texts.mask(fill.gaps, None)
            texts[fill.gaps] = fill.values
        return pa.array(texts, pa.string(), from_pandas=True)
    if one.kind == DATES:
        dates = pd.Series(one.values).reset_index(drop=True)
        if fill is not None:
            dates[fill.gaps] = (
                pd.Series(fill.values).to_numpy() if dates.dt.tz is None else list(fill.values)
            )
        return pa.array(dates)
    if one.kind == EMPTY:
        return column if fill is None else pa.array(list(fill.values))
    numbers = np.array(one.values, np.float64)
    if fill is not None:
        numbers[fill.gaps] = fill.values
    if one.kind == BOOLEAN:
        return pa.array(numbers == 1, mask=np.isnan(numbers))
    return _counted(pa.chunked_array([pa.array(numbers, from_pandas=True)]))


def _counted(column: pa.ChunkedArray) -> Any:
    """Give numbers that are all whole the type of whole numbers."""
    import pyarrow as pa
    from pyarrow import compute

    if not pa.types.is_floating(column.type):
        return column
    column = pa.chunked_array([pa.array(column.to_numpy(), from_pandas=True)])
    known = column.drop_null()
    whole = compute.all(compute.equal(known, compute.round(known))).as_py()
    exact = compute.max(compute.abs(known)).as_py()
    return column.cast(pa.int64()) if whole and exact is not None and exact < EXACT else column
