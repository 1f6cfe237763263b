"""Parquet too large for memory: its label and index are read whole, its features when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from jamjae.data import memory
from jamjae.data.dataset import Dataset
from jamjae.data.parquet import Head, is_numeric, parquet_files
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import columnar, labelling
from jamjae.data.readers.cells import as_names, counted, listed, quoted
from jamjae.data.readers.columns import Roles, place_fitted
from jamjae.data.readers.raw_table import RawTable, cannot_read
from jamjae.data.rows import LazyRows
from jamjae.data.sources import Names, ParquetRows
from jamjae.errors import DataFormatError, InvalidDataError, brief

if TYPE_CHECKING:
    import pyarrow as pa


class Columns:
    """The columns of Parquet files, each read whole when it is asked for, as of a table."""

    def __init__(self, path: Path) -> None:
        self.path, self.files = path, parquet_files(path)
        heads = [Head.of(file) for file in self.files]
        self.schema = heads[0].schema
        self.lengths = [sum(head.lengths) for head in heads]
        self.empty = sum((head.empty for head in heads), Counter())
        self.sizes = sum((head.sizes for head in heads), Counter())
        self.added: list[tuple[str, Any]] = []

    def __len__(self) -> int:
        return sum(self.lengths)

    @property
    def column_names(self) -> list[str]:
        """Names of the columns of the files, and of those that were added."""
        return [*self.schema.names, *(name for name, _ in self.added)]

    def append_column(self, name: str, column: Any) -> Self:
        """Add a column that stands in no file."""
        self.added.append((name, column))
        return self

    def column(self, position: int) -> pa.ChunkedArray:
        """Read a column, if it takes no more than a share of the memory available."""
        import pyarrow.parquet as pq

        stored = self.schema.names
        if position >= len(stored):
            return self.added[position - len(stored)][1]
        name = stored[position]
        if memory.is_large(self.sizes[name]):
            raise cannot_read(
                self.path,
                f"its column {name!r} takes {memory.size(self.sizes[name])} and would be read "
                "whole, as a label or an index is. Leave it out (drop=, --drop).",
            )
        return pq.read_table(list(map(str, self.files)), columns=[name], partitioning=None)[name]

    def needed(self) -> int:
        """Estimate the bytes of all columns in memory."""
        fixed = {f.name: _width(f.type) * len(self) for f in self.schema if is_numeric(f.type)}
        return sum(fixed.get(name, size) for name, size in self.sizes.items())


def _width(kind: pa.DataType) -> int:
    return max(kind.bit_width // 8, 1)


def read(path: Path, options: ReadOptions, names: Sequence[str] = ()) -> Dataset | str:
    """Read Parquet whose features stay in the files, or give a note if it is to be read whole.

    Columns called `names` are the features, as of `place_fitted`.

    Raises
    ------
    InvalidDataError
        Its rows cannot be read piece by piece, which was asked for, or they do not fit into memory.
    """
    if options.lazy is False:
        return ""
    try:
        table = Columns(path)
    except DataFormatError:
        if options.lazy is True:
            raise
        return ""
    needed = table.needed()
    if not len(table) or not (options.lazy is True or memory.is_large(needed)):
        return ""
    raw = columnar.with_index(table)
    roles, options = place_fitted(path, raw, options, names)
    if why := _obstacle(table, roles, options):
        if options.lazy is True or memory.is_large(needed, 1.0):
            raise InvalidDataError(
                f"Cannot read {str(path)!r} piece by piece: {why} Or read it whole "
                f"(lazy=False, --no-lazy), which takes about {memory.size(needed)}."
            )
        return f"read whole, {memory.size(needed)}: {why}"
    return _dataset(path, raw, roles, options)


def _obstacle(table: Columns, roles: Roles, options: ReadOptions) -> str:
    """Say why rows cannot be read piece by piece, and what to do; empty if they can."""
    if any("=" in part for file in table.files for part in file.relative_to(table.path).parts[:-1]):
        return "the names of its folders hold a column. Name one of the folders."
    if options.na:
        return "cells cannot be made missing. Leave na (--na) out."
    stored = table.schema.names
    twice = [name for name, count in Counter(stored).items() if count > 1]
    if twice:
        return f"several columns are called {listed(twice)}. Rename them."
    others = [
        i for i in roles.features if i >= len(stored) or not is_numeric(table.schema.field(i).type)
    ]
    if others:
        kinds = [f"{roles.names[i]} ({_kind(table, i)})" for i in others]
        what = "a column holds" if len(kinds) == 1 else f"{len(kinds)} columns hold"
        return (
            f"{what} no numbers: {listed(kinds)}. Leave them out (drop=, --drop), or name the "
            "columns to take (columns=, --columns)."
        )
    return "" if roles.features else "none of its columns holds numbers."


def _kind(table: Columns, position: int) -> str:
    names = table.schema.names
    kind = table.schema.field(position).type if position < len(names) else "index"
    return brief(kind, 30)


def _dataset(path: Path, raw: RawTable, roles: Roles, options: ReadOptions) -> Dataset:
    table: Any = raw.table
    names = tuple(roles.names[i] for i in roles.features)
    stored = [table.schema.names[i] for i in roles.features]
    kinds = {_type(table, name) for name in stored}
    rows = ParquetRows(path, stored, kinds.pop() if len(kinds) == 1 else np.float64)
    label = None
    if roles.label is not None:
        label = labelling.of_column(table.column(roles.label), raw.na)
    return Dataset(
        rows,
        None if label is None else label.y,
        () if label is None else label.class_names,
        _index(raw, roles),
        label_name="" if roles.label is None else roles.names[roles.label],
        feature_names=names,
        description=str(path),
        notes=tuple(note for note in _notes(table, rows, roles, label, options) if note),
    )


def _type(table: Columns, name: str) -> np.dtype:
    """Give the type that a column has when a table is read whole."""
    from pyarrow import types

    kind, missing = table.schema.field(name).type, table.empty[name]
    real = types.is_floating(kind) and missing < len(table)
    whole = types.is_integer(kind) and not missing
    return np.dtype(kind.to_pandas_dtype() if real or whole else np.float64)


def _index(raw: RawTable, roles: Roles) -> Any:
    return () if roles.index is None else Names(raw.table.column(roles.index), as_names)


# --- notes ----------------------------------------------------------------------------------


def piecewise_note(needed: int, options: ReadOptions, share: float = memory.SHARE) -> str:
    """Say why rows are read piece by piece."""
    if options.lazy is True:
        return f"read piece by piece, as asked ({memory.size(needed)})"
    there = memory.available() or 0
    return (
        f"read piece by piece ({memory.size(needed)} is more than {share:.0%} of the "
        f"{memory.size(there)} of memory available; lazy=False, --no-lazy reads all at once)"
    )


def kept_note(rows: LazyRows) -> str:
    """Keep decoded rows in a temporary file, and say so; empty if there is no room."""
    if not rows.keep():
        return ""
    return f", decoded once and kept in a temporary file of {memory.size(rows.nbytes)}"


def _notes(
    table: Columns,
    rows: ParquetRows,
    roles: Roles,
    label: labelling.Labels | None,
    options: ReadOptions,
) -> list[str]:
    how = piecewise_note(table.needed(), options)
    stored = [table.schema.field(i).type for i in roles.features]
    booleans = sum(kind.bit_width == 1 for kind in stored)
    of = f", {booleans} of booleans" if booleans else ""
    titles = listed(quoted(roles.names[i] for i in roles.features), 6)
    asked = "" if roles.label_asked else " (by its name; label=..., --label names another)"
    missing = {roles.names[i]: table.empty[table.schema.names[i]] for i in roles.features}
    cells = [f"{name} {count:,}" for name, count in missing.items() if count]
    return [
        f"rows: {len(rows):,} x {rows.shape[1]} in {counted(len(table.files), 'file')}, {how}",
        f"features: {len(roles.features):,}{of}: {titles}",
        "" if label is None else f"label: {roles.names[roles.label or 0]}{asked}, {label.note}",
        *roles.notes,
        f"missing: {counted(sum(missing.values()), 'cell')} in {counted(len(cells), 'column')}: "
        f"{listed(cells)}"
        if cells
        else "",
    ]
