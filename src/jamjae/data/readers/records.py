"""JSON: a record a line, or a file in one of the forms that pandas writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import clean
from jamjae.data.readers.raw_table import RawTable, cannot_read, typed
from jamjae.errors import brief

if TYPE_CHECKING:
    import pyarrow as pa

Record = dict[str, Any]


def read_records(path: Path, options: ReadOptions) -> RawTable:
    """Read a table of JSON; errors as `jamjae.read`."""
    import pyarrow as pa
    from pyarrow import json as pa_json

    if path.suffix.lower() == ".json":
        return _of_file(path, json.loads(path.read_bytes()))
    try:
        table = pa_json.read_json(path)
    except pa.ArrowInvalid:  # NaN, or values of several kinds in a column
        return _of_records(_each_line(path))
    table = _flat_table(table)
    return RawTable(table, [clean(name) for name in table.column_names], place=_place)


def _place(row: int) -> str:
    return f"record {row + 1}"


def _flat_table(table: pa.Table) -> pa.Table:
    """Make a column, such as a.x, of each field of a column of records."""
    import pyarrow as pa

    while any(pa.types.is_struct(kind) for kind in table.schema.types):
        table = table.flatten()
    return table


def _flat(record: Record, before: str = "") -> Record:
    found: Record = {}
    for name, value in record.items():
        inner = isinstance(value, dict)
        found |= _flat(value, f"{before}{name}.") if inner else {f"{before}{name}": value}
    return found


def _of_file(path: Path, found: Any) -> RawTable:
    """Tell the forms that pandas writes: records, table, split, values, columns and index."""
    if isinstance(found, dict) and {"columns", "data"} <= found.keys():
        rows = _same_lengths(path, found["data"])
        return _of_columns(found["columns"], list(zip(*rows, strict=True)), found.get("index"))
    if isinstance(found, dict):
        lists = {name: value for name, value in found.items() if isinstance(value, list)}
        if len(lists) == 1 and all(isinstance(one, dict) for one in next(iter(lists.values()))):
            found = next(iter(lists.values()))
    if isinstance(found, dict) and (made := _of_object(found)) is not None:
        return made
    if isinstance(found, list) and found and all(isinstance(one, list) for one in found):
        columns = list(zip(*_same_lengths(path, found), strict=True))
        return _of_columns([""] * len(columns), columns)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise cannot_read(
            path, 'it holds no records. Expected a list such as [{"a": 1}, {"a": 2}].'
        )
    return _of_records(found)


def _of_object(found: Record) -> RawTable | None:
    """Read an object of columns, or of rows whose values are of several kinds."""
    if all(isinstance(value, list) for value in found.values()):
        columns = list(found.values())
        return _of_columns(list(found), columns) if len(set(map(len, columns))) == 1 else None
    if not found or not all(isinstance(value, dict) for value in found.values()):
        return None
    names = list(next(iter(found.values())))
    if any(list(value) != names for value in found.values()):
        return None
    outer = [list(value.values()) for value in found.values()]
    inner = list(zip(*outer, strict=True))
    if not all(map(_of_one_kind, outer)) and all(map(_of_one_kind, inner)):
        return _of_columns(names, inner, list(found))
    return _of_columns(list(found), outer, names)


def _of_one_kind(values: Sequence[Any]) -> bool:
    kinds = {type(value) for value in values if value is not None}
    return len(kinds) <= 1 or kinds == {int, float}


def _same_lengths(path: Path, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    wrong = next((i for i, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if wrong is not None:
        raise cannot_read(
            path,
            f"record {wrong + 1} has {len(rows[wrong])} values, but the first has {len(rows[0])}.",
        )
    return rows


def _of_columns(
    names: Sequence[Any], columns: Sequence[Sequence[Any]], index: Sequence[Any] | None = None
) -> RawTable:
    """Make a table of columns, the index first where it does not only count the rows."""
    import pyarrow as pa

    counted = index is None or list(map(str, index)) == [str(i) for i in range(len(index))]
    parts = [*([] if counted else [list(map(str, index or ()))]), *map(list, columns)]
    titles = [*([] if counted else [""]), *(clean(name) for name in names)]
    table = pa.Table.from_arrays(
        [typed(part) for part in parts], names=[str(i) for i in range(len(parts))]
    )
    indexed = () if counted else (0,)
    return RawTable(table, titles, named=any(titles), indexed=indexed, place=_place)


def _each_line(path: Path) -> list[Record]:
    found = []
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                raise cannot_read(path, f"line {number} is not JSON ({brief(error)}).") from error
            if not isinstance(record, dict):
                raise cannot_read(path, f'line {number} is not a record, such as {{"a": 1}}.')
            found.append(record)
    return found


def _of_records(records: Sequence[Record]) -> RawTable:
    flat = [_flat(record) for record in records]
    names = list(dict.fromkeys(name for record in flat for name in record))
    return _of_columns(names, [[record.get(name) for record in flat] for name in names])
