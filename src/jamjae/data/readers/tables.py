"""Tables: a file of columns becomes rows to learn from, and notes on what became of each column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.dataset import Dataset
from jamjae.data.parquet import PARQUET
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import columnar, conversion, labelling, piecewise
from jamjae.data.readers.cells import NAMED, as_names, counted, listed, quoted
from jamjae.data.readers.columns import UNNAMED, Roles, place_fitted
from jamjae.data.readers.delimited import read_delimited
from jamjae.data.readers.folders import holds_images
from jamjae.data.readers.hints import CENSORED, serial_dates
from jamjae.data.readers.labelling import Labels
from jamjae.data.readers.opening import OPENERS, STANDARD_INPUT
from jamjae.data.readers.raw_table import RawTable, cannot_read
from jamjae.data.readers.typed_columns import (
    AS_MATRIX,
    BOOLEAN,
    EMPTY,
    EXACT,
    NOTHING,
    NUMBERS,
    VECTORS,
    Converted,
    Mistake,
)
from jamjae.errors import DataFormatError, InvalidDataError, brief

if TYPE_CHECKING:
    import pandas as pd

TEXT = (".csv", ".tsv", ".txt", ".tab", ".dat", ".data")
PACKED = (*OPENERS, ".zip", ".zst")
SUFFIXES = frozenset((*TEXT, *PARQUET, *columnar.ARROW, *columnar.EXCEL, *columnar.JSON))


TOTALS = frozenset(  # what the first cell of a row that sums up others says, in lower case
    (
        *("total", "totals", "grand total", "sum", "subtotal", "mean", "average", "avg"),
        *("gesamt", "summe", "합계", "총계", "소계", "계", "합", "총합", "평균"),
    )
)
KIND = "tables"
USES = (
    "label",
    "index",
    "columns",
    "drop",
    "na",
    "encoding",
    "separator",
    "decimal",
    "thousands",
    "header",
    "key",
    "lazy",
)  # options


def can_read(path: Path) -> bool:
    """Whether the name of a file is that of a table."""
    if path == STANDARD_INPUT:
        return True
    if path.is_dir():
        return columnar.is_parquet_folder(path)
    packed = path.suffix.lower() == ".zip" and not holds_images(path)
    return packed or path.suffix.lower() in SUFFIXES or _is_packed_text(path)


def _is_packed_text(path: Path) -> bool:
    inner = Path(path.stem).suffix.lower()
    return path.suffix.lower() in PACKED and inner in TEXT


def read(path: Path, options: ReadOptions, names: Sequence[str] = ()) -> Dataset:
    """Read a table, with the columns `names` as features; errors as `jamjae.read`."""
    import pyarrow as pa

    found = _read(path, options, names)
    pa.default_memory_pool().release_unused()  # else the memory of the parsed table stays taken
    return found


def _read(path: Path, options: ReadOptions, names: Sequence[str] = ()) -> Dataset:
    if path.is_dir() or path.suffix.lower() in PARQUET:
        rows = piecewise.read(path, options, names)
        if isinstance(rows, Dataset):
            return rows
        return dataset(path, opened(path, options, names)).noted(*([rows] if rows else []))
    if options.lazy is True:
        raise InvalidDataError(
            f"Cannot read {str(path)!r} piece by piece: of tables, only Parquet can be. Write it "
            "as .parquet (pandas: frame.to_parquet), or leave lazy=True (--lazy) out."
        )
    return dataset(path, opened(path, options, names))


def left_in_files(path: Path, options: ReadOptions, names: Sequence[str] = ()) -> Dataset | None:
    """Read a table whose columns `names` are read piece by piece; None for others."""
    if path.is_dir() or path.suffix.lower() in PARQUET:
        found = piecewise.read(path, options, names)
        return found if isinstance(found, Dataset) else None
    return _read(path, options) if options.lazy is True else None  # which refuses


class Opened(NamedTuple):
    """A table as it stands in its file, and what becomes of its columns.

    Attributes
    ----------
    raw : RawTable
    roles : Roles
    features : dict of int to Converted
        By the position of the column, those included of which nothing can be learned.
    """

    raw: RawTable
    roles: Roles
    features: dict[int, Converted]

    @property
    def kept(self) -> dict[int, Converted]:
        """The features that become columns of `Dataset.X`."""
        return {i: one for i, one in self.features.items() if one.kind != NOTHING}

    @property
    def titles(self) -> dict[int, list[str]]:
        """Names of the columns of `Dataset.X`, by the position of that which they are made of."""
        return {
            i: [f"{self.roles.names[i]}_{k}" for k in range(one.values.shape[1])]
            if one.kind == VECTORS
            else [self.roles.names[i]]
            for i, one in self.kept.items()
        }


def opened(path: Path, options: ReadOptions, names: Sequence[str] = ()) -> Opened:
    """Read a table, all in memory, but make no rows of it yet; `names` as of `place_fitted`."""
    text = path == STANDARD_INPUT or path.suffix.lower() in (*TEXT, *PACKED)
    raw = (read_delimited if text else columnar.read_columnar)(path, options)
    roles, options = place_fitted(path, raw, options, names)
    return Opened(raw, roles, _features(path, raw, roles, options))


def dataset(path: Path, table: Opened) -> Dataset:
    """Make rows of a table, with notes on what became of its columns."""
    raw, roles, converted = table
    X, names = _rows(raw, table)
    label, label_note = _label(raw, roles)
    return Dataset(
        X,
        None if label is None else label.y,
        () if label is None else label.class_names,
        _index(raw, roles),
        label_name="" if roles.label is None else roles.names[roles.label],
        feature_names=names if raw.named or not isinstance(X, np.ndarray) else (),
        description=str(path),
        notes=tuple(_notes(raw, roles, converted, label_note, _missing(X, names))),
    )


# --- features -------------------------------------------------------------------------------


def _features(
    path: Path, raw: RawTable, roles: Roles, options: ReadOptions
) -> dict[int, Converted]:
    """Convert each column that is to be a feature; refuse one that is no number in some rows."""
    found: dict[int, Converted] = {}
    mistakes: dict[int, Mistake] = {}
    for i in roles.features:
        one = conversion.converted(raw, i, asked=roles.names[i] in options.columns)
        if one.mistake is not None:
            mistakes[i] = one.mistake
        if one.kind == VECTORS and roles.names[i] not in options.columns:
            size = one.values.shape[1]
            one = Converted(
                NOTHING, note=f"lists of {size} numbers; columns=, --columns takes them"
            )
        last = i == len(raw.names) - 1  # after a separator at the end of each line
        unnamed = not raw.names[i] or UNNAMED.match(raw.names[i])
        if one.kind == EMPTY and unnamed and (raw.named or last):
            one = Converted(NOTHING, note="no name, no values")
        found[i] = one
    if mistakes:
        raise _mistaken(path, raw, {roles.names[i]: one for i, one in mistakes.items()})
    if not any(one.kind != NOTHING for one in found.values()):
        why = "; ".join(f"{roles.names[i]}: {one.note}" for i, one in list(found.items())[:5])
        raise cannot_read(path, f"there is no column to learn from ({why or 'none is left'}).")
    return found


def _mistaken(path: Path, raw: RawTable, mistakes: dict[str, Mistake]) -> DataFormatError:
    """Name the cells that are no numbers or dates, and what to do about them."""
    each = [
        f"{raw.place(one.row)}, column {name}: {brief(one.cell, 60)!r} is not a {one.kind}"
        for name, one in list(mistakes.items())[:3]
    ]
    extra = f"; and in {len(mistakes) - 3} more columns" if len(mistakes) > 3 else ""
    texts = list(dict.fromkeys(text for one in mistakes.values() for text in one.texts))
    options = " ".join(f"--na {text!r}" for text in texts[:NAMED])
    na = f"na={tuple(texts[:NAMED])!r}, {options}"
    if texts[0].lower().rstrip(":") in TOTALS:
        cure = "It seems to be a row of totals: remove it from the file"
    elif all(map(CENSORED.match, texts)):
        cure = (
            "It says that a value lies below or above a limit: write a number, such as half of the "
            f"limit, or take it for missing ({na})"
        )
    elif len(texts) <= NAMED:
        cure = f"If it stands for a missing value, add it to na ({na})"
    else:
        cure = f"So are {len(texts) - 1} other texts, such as {texts[1]!r}: correct them"
    return cannot_read(
        path, f"{'; '.join(each)}{extra}. {cure}; or drop the column (drop=, --drop)."
    )


def _rows(raw: RawTable, table: Opened) -> tuple[Any, tuple[str, ...]]:
    """Put features together: as an array of numbers, or as a frame if some are none."""
    kept, titles = table.kept, table.titles
    if any(one.kind not in (*AS_MATRIX, VECTORS) for one in kept.values()):
        frame = _frame(kept, titles)
        return frame, tuple(map(str, frame.columns))
    names = tuple(name for part in titles.values() for name in part)
    if any(one.kind == VECTORS for one in kept.values()):
        parts = [np.asarray(one.values).reshape(len(raw.table), -1) for one in kept.values()]
        return np.hstack(parts), names
    return _matrix([one.values for one in kept.values()]), names


def _frame(kept: dict[int, Converted], titles: dict[int, list[str]]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {}
    for i, one in kept.items():
        if one.kind == VECTORS:
            columns.update(zip(titles[i], one.values.T, strict=True))
            continue
        values = _counted(np.asarray(one.values)) if one.kind == NUMBERS else one.values
        if one.kind == BOOLEAN:
            values = pd.arrays.BooleanArray(values == 1, np.isnan(values))
        columns[titles[i][0]] = pd.Series(values).reset_index(drop=True)
    return pd.DataFrame(columns)


def _counted(values: np.ndarray) -> Any:
    """Give numbers that are all whole the type of whole numbers, which a model gives back."""
    import pandas as pd

    if values.dtype != np.float64:
        return values
    missing = np.isnan(values)
    known = values[~missing]
    if not len(known) or not (np.abs(known) < EXACT).all() or (known != np.rint(known)).any():
        return values
    whole = np.where(missing, 0, values).astype(np.int64)
    return pd.arrays.IntegerArray(whole, missing) if missing.any() else whole


def _matrix(columns: Sequence[Any]) -> np.ndarray:
    """Put columns, of NumPy or pyarrow, side by side in the one type all have, else as float64."""
    kinds = {_dtype(column) for column in columns}
    dtype = kinds.pop() if len(kinds) == 1 else np.dtype(np.float64)
    made = np.empty((len(columns[0]), len(columns)), dtype=dtype)
    block = max(1, (1 << 22) // max(len(columns), 1))
    for start in range(0, len(made), block):  # column by column would miss the cache
        rows = slice(start, start + block)
        for place, column in enumerate(columns):
            made[rows, place] = column[rows]  # of a column of pyarrow, so many are copied at once
    return made


def _dtype(column: Any) -> np.dtype:
    return (
        column.dtype if isinstance(column, np.ndarray) else np.dtype(column.type.to_pandas_dtype())
    )


# --- index and label ------------------------------------------------------------------------


def _index(raw: RawTable, roles: Roles) -> tuple[str, ...]:
    if roles.index is None:
        return ()
    column = raw.table.column(roles.index)
    return tuple(as_names(column.to_pylist()))


def _label(raw: RawTable, roles: Roles) -> tuple[Labels | None, str]:
    """Make the label, and a note that says how it was found."""
    if roles.label is None:
        return None, ""
    made = labelling.of_column(raw.table.column(roles.label), raw.na)
    how = "" if roles.label_asked else " (by its name; label=..., --label names another)"
    return made, f"label: {roles.names[roles.label]}{how}, {made.note}"


# --- notes ----------------------------------------------------------------------------------


def _notes(
    raw: RawTable,
    roles: Roles,
    converted: dict[int, Converted],
    label: str,
    missing: Sequence[str],
) -> list[str]:
    kept = {i: one for i, one in converted.items() if one.kind != NOTHING}
    dropped = [
        f"{roles.names[i]} ({one.note})" for i, one in converted.items() if one.kind == NOTHING
    ]
    said = [f"{roles.names[i]} {one.note}" for i, one in kept.items() if one.note]
    kinds = [one.kind for one in kept.values()]
    numbers = {i: one for i, one in kept.items() if one.kind == NUMBERS}
    others = dict.fromkeys(kind for kind in kinds if kind != NUMBERS)
    each = ", ".join(f"{kinds.count(kind)} of {kind}" for kind in others)
    of = f", {each}" if each else ""
    notes = [
        f"rows: {len(raw.table):,}",
        f"features: {len(kept):,}{of}: {listed(quoted(roles.names[i] for i in kept), 6)}",
        label,
        *roles.notes,
        *raw.notes,
        f"converted: {listed(said, longest=100)}" if said else "",
        f"dropped: {listed(dropped, longest=100)}" if dropped else "",
        *missing,
        *(serial_dates(roles.names[i], one.values) for i, one in numbers.items()),
        _totals(raw, roles),
    ]
    return [note for note in notes if note]


def _totals(raw: RawTable, roles: Roles) -> str:
    """Point out a last row that seems to sum up those above it."""
    import pyarrow as pa

    for i, column in enumerate(raw.table.columns):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            last = str(column[-1].as_py()).strip()
            if len(column) > 2 and last.lower().rstrip(":") in TOTALS:
                where = f"{raw.place(len(column) - 1)}, {roles.names[i]} {last}"
                return f"last row: {where}; if it sums up the others, remove it from the file"
    return ""


def _missing(X: Any, names: Sequence[str]) -> list[str]:
    """Count missing and infinite cells by column."""
    if isinstance(X, np.ndarray):
        if X.dtype.kind != "f":
            return []
        gaps = _counts(X, lambda part: ~np.isfinite(part))
        infinite = _counts(X, np.isinf) if gaps.any() else gaps
    else:
        floats = [kind.kind == "f" if hasattr(kind, "kind") else False for kind in X.dtypes]
        infinite = np.zeros(X.shape[1], dtype=int)
        infinite[floats] = np.isinf(X.loc[:, floats].to_numpy(np.float64)).sum(axis=0)
        gaps = X.isna().sum().to_numpy() + infinite
    return [
        f"{what}: {counted(int(counts.sum()), 'cell')} in {counted(len(where), 'column')}: "
        f"{listed(where)}"
        for what, counts in (("missing", gaps - infinite), ("infinite", infinite))
        if (where := [f"{name} {n:,}" for name, n in zip(names, counts, strict=True) if n])
    ]


def _counts(X: np.ndarray, holds: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Count the cells of each column of which something holds, some rows at a time."""
    found = np.zeros(X.shape[1], dtype=int)
    block = max(1, (1 << 22) // max(X.shape[1], 1))
    for start in range(0, len(X), block):
        found += holds(X[start : start + block]).sum(axis=0)
    return found
