"""Tables: text with or without a header line, and Parquet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data.dataset import Dataset
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.columns import (
    ReadTable,
    cannot_read,
    labelled,
    named_frame,
    place_columns,
    text_found,
    typed_labels,
    unguarded,
)
from jamjae.data.readers.delimited import read_delimited, write_delimited

__all__ = ["SUFFIXES", "can_read", "read", "write_delimited", "write_parquet"]

SUFFIXES = frozenset({".csv", ".tsv", ".parquet"})


def can_read(path: Path) -> bool:
    """Whether the name of a file is that of a table."""
    return path.suffix.lower() in SUFFIXES


def read(path: Path, options: ReadOptions) -> Dataset:
    """Read a table; a first column with the heading ``name``, or none, holds the names of the rows.

    Text has columns separated by tabs (``.tsv``), commas or semicolons. The first line is a header
    if it holds text where the next holds numbers, or only text. Columns without headings are
    ``column_1``, ``column_2``, ...

    Raises
    ------
    DataFormatError
        The file is damaged or empty, a column other than the label holds text, or there is no such
        label.
    """
    parse = _read_parquet if path.suffix.lower() == ".parquet" else read_delimited
    table = parse(path, options.label)
    return labelled(path, table.X, table.labels, table.row_names, table.feature_names)


# --- Parquet --------------------------------------------------------------------------------


def _read_parquet(path: Path, label: str | None) -> ReadTable:
    from pandas import read_parquet

    try:
        frame = read_parquet(path)
    except (ValueError, OSError, NotImplementedError) as error:  # pyarrow's are among these
        raise cannot_read(path, f"{error}. Copy it again from where it came from.") from error
    names = [str(name) for name in frame.columns]
    if not names or not len(frame):
        raise cannot_read(path, f"the table is empty, {len(frame)} rows of {len(names)} columns.")
    columns = place_columns(path, names, label, named=True)
    features = columns.features
    kinds = list(frame.dtypes)
    text = [names[i] for i in features if not _numeric(kinds[i])]
    if text:
        raise text_found(path, text)
    dtype = _common([kinds[i] for i in features])
    missing = {"na_value": math.nan} if dtype.kind == "f" else {}
    labels, row_names = (
        None if i is None else frame.iloc[:, i] for i in (columns.label, columns.row_name)
    )
    return ReadTable(
        np.ascontiguousarray(frame.iloc[:, features].to_numpy(dtype=dtype, **missing)),
        None if labels is None else _labels(path, labels),
        () if row_names is None else tuple(unguarded(str(name)) for name in row_names),
        tuple(names[i] for i in features),
    )


def _numeric(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "biuf"


def _common(dtypes: Any) -> np.dtype:
    """Return the NumPy type that all columns share, which has no missing cells; else float64."""
    kinds = set(dtypes)
    one = kinds.pop() if len(kinds) == 1 else None
    return one if isinstance(one, np.dtype) else np.dtype(np.float64)


def _labels(path: Path, column: Any) -> np.ndarray:
    if _numeric(column.dtype) and not column.isna().any():
        return np.asarray(column.to_numpy())
    return typed_labels(path, list(column.astype(str).where(~column.isna(), "")))


def write_parquet(
    path: Path, rows: np.ndarray, names: Sequence[str], row_names: Sequence[str]
) -> None:
    """Write rows (n, d) as Parquet; parameters as those of `write_delimited`."""
    named_frame(rows, names, row_names).to_parquet(path, index=False)
