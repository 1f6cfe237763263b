"""Writing rows as arrays and tables."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data.atomic import atomic
from jamjae.data.dataset import Dataset
from jamjae.data.numeric import column_names, real_array
from jamjae.data.readers import table_writing
from jamjae.data.readers.cells import guarded, listed
from jamjae.data.readers.image_writing import write as write_images
from jamjae.data.readers.several import NAMES
from jamjae.data.table_encoder import is_mixed
from jamjae.errors import InvalidDataError, OutputError

__all__ = ["write_images", "write_rows"]

TEXTS = (".csv", ".tsv")
LABEL = "label"
OUTPUTS = (".npy", ".npz", ".csv", ".tsv", ".parquet")


def write_rows(
    path: str | os.PathLike[str],
    rows: np.ndarray,
    *,
    index: Sequence[str] = (),
    feature_names: Sequence[str] = (),
    labels: Sequence[Any] = (),
    label_name: str = LABEL,
    excel: bool = False,
) -> Path:
    """Write rows so that `read` returns them; the file is written atomically.

    Parameters
    ----------
    path : path
        Ends in ``.npy``, ``.npz``, ``.csv``, ``.tsv`` or ``.parquet``; its folder is created
        if missing.
    rows : array of shape (n, ...), or data frame
        Tables have two axes; further axes are flattened. ``.npy`` keeps the shape, but no names.
    index : sequence of n str
        Written as the first column, ``name``, of a table.
    feature_names : sequence of str
        Headings of the other columns; by default ``x1``, ``x2``, ...
    labels : sequence of n labels, optional
        Written as the last column of a table, and as ``y`` of an ``.npz`` file. An ``.npy`` file
        does not hold them.
    label_name : str, default="label"
        Heading of that column; with an underscore behind it where another column has this name.
    excel : bool, default=False
        Whether text begins with a byte order mark, without which Excel does not show Hangul.

    Returns
    -------
    Path
        The path of the file.

    Raises
    ------
    InvalidDataError
        Rows are not real numbers, or the number of names does not match.
    OutputError
        The suffix is not supported, or the file cannot be written.
    """
    path = Path(path)
    index, feature_names = list(map(str, index)), list(map(str, feature_names))
    require_kind(path, excel=excel)
    encoding = "utf-8-sig" if excel else "utf-8"
    is_table = path.suffix.lower() not in (".npy", ".npz")
    if is_table and len(labels):
        rows = labelled(path, rows, feature_names, labels, label_name)
    if is_mixed(rows) or (is_table and _has_types(rows)):
        return _write_frame(path, rows, index, encoding)
    feature_names = feature_names or column_names(rows)
    rows = real_array(rows, f"Cannot write {str(path)!r}", allow_empty=True)
    require_writable(path, rows, index, feature_names)
    with atomic(path) as temporary:
        _write(temporary, rows, index, feature_names, labels, encoding)
    return path


def labelled(
    path: Path, rows: Any, feature_names: list[str], labels: Sequence[Any], name: str
) -> Any:
    """Put labels behind the columns of rows, under a name that no column has.

    Parameters
    ----------
    path : path
        Of the table; in text, labels that a spreadsheet would run are guarded.
    rows : array of shape (n, ...), or data frame
    feature_names : list of str
        Headings of an array's columns.
    labels : sequence of n labels
    name : str

    Raises
    ------
    InvalidDataError
        There is not one label per row.
    """
    from pandas import DataFrame

    if len(labels) != len(rows):
        raise InvalidDataError(
            f"Cannot write {str(path)!r}: received {len(labels)} labels for {len(rows)} rows; "
            "expected one per row, or none."
        )
    if not hasattr(rows, "iloc"):
        flat = rows.reshape(len(rows), math.prod(rows.shape[1:]))
        names = feature_names or [f"x{i + 1}" for i in range(flat.shape[1])]
        require_writable(path, rows, (), names)
        rows = DataFrame(flat, columns=names)
    while name in rows.columns:
        name += "_"
    texts = path.suffix.lower() in TEXTS
    cells = [guarded(one) if texts and isinstance(one, str) else one for one in labels]
    return rows.assign(**{name: cells})


def _has_types(rows: Any) -> bool:
    """Whether rows are a data frame whose columns have several types."""
    return hasattr(rows, "iloc") and len(set(rows.dtypes)) > 1


def require_kind(path: Path, *, excel: bool) -> None:
    """Refuse a file name that does not name a kind of file, or not one for Excel."""
    if path.suffix.lower() not in OUTPUTS:
        raise OutputError(
            f"Cannot write {str(path)!r}: expected a file name that ends in {', '.join(OUTPUTS)}."
        )
    if excel and path.suffix.lower() not in TEXTS:
        raise OutputError(
            f"Cannot write {str(path)!r} for Excel: expected a file name that ends in .csv or .tsv."
        )


def _write_frame(path: Path, frame: Any, index: list[str], encoding: str) -> Path:
    """Write a data frame with its own names and types."""
    kind = path.suffix.lower()
    if kind in (".npy", ".npz"):
        raise OutputError(
            f"Cannot write {str(path)!r}: the table has columns that are not numbers. Choose a "
            "file name that ends in .csv, .tsv or .parquet."
        )
    named = frame.reset_index(drop=True)
    if index:
        named.insert(0, "name", index if kind == ".parquet" else list(map(guarded, index)))
    with atomic(path) as temporary:
        if kind == ".parquet":
            named.to_parquet(temporary, index=False)
        else:
            mark = "\t" if kind == ".tsv" else ","
            named.to_csv(temporary, sep=mark, index=False, lineterminator="\n", encoding=encoding)
    return path


def codes_beside(
    codes: np.ndarray, names: Sequence[str], found: Dataset, keep: Sequence[str]
) -> Any:
    """Put the label and columns of a data set beside codes.

    Parameters
    ----------
    codes : array of shape (n, k)
    names : sequence of k str
    found : Dataset
        What was encoded.
    keep : sequence of str
        ``"label"`` for the name of each row's class, or its number; else names of features.

    Returns
    -------
    data frame

    Raises
    ------
    InvalidDataError
        There is no such column, or no label.
    """
    from pandas import DataFrame

    frame = DataFrame(codes, columns=list(names))
    for name, column in _kept(found, keep).items():
        frame[name] = column
    return frame


def columns_beside(found: Dataset, keep: Sequence[str]) -> dict[str, Any]:
    """Give the names of rows, the label if there is one, and columns; errors as above."""
    named: dict[str, Any] = {"name": list(found.index)} if found.index else {}
    label = [LABEL] if found.y is not None and LABEL not in keep else []
    kept = _kept(found, [*label, *keep])
    if named and "name" in kept:
        raise InvalidDataError(
            "Cannot keep 'name' beside the codes: the names of the rows are written as 'name'. "
            "Leave it out, or take another index."
        )
    return named | kept


def _kept(found: Dataset, keep: Sequence[str]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in keep:
        if name in found.feature_names:
            place = found.feature_names.index(name)
            mixed = hasattr(found.X, "iloc")
            columns[name] = found.X[name].to_numpy() if mixed else found.X[:, place]
        elif name == LABEL and found.y is not None:
            known = [*found.class_names, None]
            columns[name] = [known[i] for i in found.y] if found.class_names else found.y
        else:
            raise InvalidDataError(
                f"Cannot keep {name!r} beside the codes: the data have the columns "
                f"{listed(found.feature_names, 8) or 'none'}"
                f"{' and a label' if found.y is not None else ' and no label'}."
            )
    return columns


def _write(
    path: Path,
    rows: np.ndarray,
    index: list[str],
    feature_names: list[str],
    labels: Sequence[Any],
    encoding: str,
) -> None:
    kind = path.suffix.lower()
    if kind == ".npy":
        with path.open("wb") as file:  # by its name NumPy would add a suffix to one like .NPY
            np.save(file, rows, allow_pickle=False)
    elif kind == ".npz":
        given = zip(NAMES, (index, feature_names), strict=True)
        names: dict[str, Any] = {part: np.array(some) for part, some in given if some}
        if len(labels):
            names["y"] = np.array(labels)
        with path.open("wb") as file:
            np.savez_compressed(file, X=rows, **names)
    else:
        table = rows.reshape(len(rows), math.prod(rows.shape[1:]))
        table = table.astype(np.uint8) if rows.dtype == bool else table
        columns = feature_names or [f"x{i + 1}" for i in range(table.shape[1])]
        if kind == ".parquet":
            table_writing.write_parquet(path, table, columns, index)
        else:
            mark = "\t" if kind == ".tsv" else ","
            table_writing.write_delimited(path, table, columns, index, mark, encoding)


def require_writable(
    path: Path, rows: np.ndarray, index: Sequence[str], feature_names: Sequence[str]
) -> None:
    """Refuse what is no array of real numbers, and names that do not fit it."""
    if not rows.ndim or rows.dtype.kind not in "biuf":
        raise InvalidDataError(
            f"Cannot write {str(path)!r}: received an array of shape {rows.shape} and type "
            f"{rows.dtype}; expected rows of real numbers (n, ...)."
        )
    columns = math.prod(rows.shape[1:])
    for what, names, n in (("row", index, len(rows)), ("feature", feature_names, columns)):
        if len(names) not in (0, n):
            raise InvalidDataError(
                f"Cannot write {str(path)!r}: received {len(names)} {what} names for {n} {what}s "
                f"of an array of shape {rows.shape}; expected {n} names, or none."
            )
    if len(set(feature_names)) < len(feature_names) or (index and "name" in feature_names):
        raise InvalidDataError(
            f"Cannot write {str(path)!r}: two columns have the same name. Rename one of them."
        )
