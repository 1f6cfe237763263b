"""A user's own data: arrays, tables, IDX files; folders of images are read by `jamjae.images`."""

from __future__ import annotations

import csv
import gzip
import math
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jamjae import images
from jamjae.errors import (
    DataFormatError,
    DataNotFoundError,
    MissingDependencyError,
    OutputError,
)
from jamjae.files import atomic

IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
ROWS = ("X", "x", "data", "rows", "images", "x_train", "X_train", "Z", "codes", "arr_0")
LABELS = ("y", "labels", "label", "target", "y_train")
KINDS = ".npy, .npz, .csv, .tsv, .parquet, IDX (.gz too), an image, or a folder of images"


@dataclass(frozen=True)
class Dataset:
    """Rows to learn from, and what is known of them.

    Attributes
    ----------
    X : array of shape (n, ...)
        One row a sample, in the units of the source.
    y : int array of shape (n,) or None
        Indices into `class_names`.
    class_names, row_names, feature_names : tuple of str
        Empty where the source names none.
    colors : float array of shape (n, 3) or None
        A colour for each row in red, green and blue from 0 to 1, where the source gives one.
    skipped : tuple of str
        Files that could not be read and were left out.
    description : str
        Shape, range, source and licence of named data; the path of a user's own.
    """

    X: np.ndarray
    y: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    row_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    colors: np.ndarray | None = None
    skipped: tuple[str, ...] = ()
    description: str = ""


# --- in -------------------------------------------------------------------------------------


def read(
    path: str | os.PathLike[str],
    *,
    image_size: tuple[int, int] | None = None,
    skip_bad: bool = False,
    label: str | None = None,
) -> Dataset:
    """Read data by the kind of a path.

    Parameters
    ----------
    path : path
        ``.npy`` (mapped into memory, not read), ``.npz``, ``.csv``, ``.tsv``, ``.parquet``, an IDX
        file (``.gz`` too; the labels beside it are read as well), an image, or a folder of images
        whose subfolders are classes.
    image_size : (height, width), optional
        The size images are brought to; by default the median of their heights and of their widths.
    skip_bad : bool
        Leave out images that cannot be read, and name them in ``skipped``.
    label : str, optional
        The column of a table that holds the class of each row.

    Raises
    ------
    DataNotFoundError
        If there is nothing at that path, or no image in that folder.
    DataFormatError
        If a file is damaged, ambiguous or of another kind.
    """
    path = Path(path)
    if not path.exists():
        raise DataNotFoundError(
            f"Cannot read {str(path)!r}: there is no such file or folder. Check the path, or give "
            "the name of a data set (jamjae datasets lists them)."
        )
    if path.is_dir() or path.suffix.lower() in images.SUFFIXES:
        found = images.read(path, image_size, skip_bad=skip_bad)
        return Dataset(
            found.pixels,
            found.classes,
            found.class_names,
            found.names,
            skipped=found.skipped,
            description=str(path),
        )
    return _reader(path)(path, label)


def _reader(path: Path) -> Callable[[Path, str | None], Dataset]:
    readers = {".npy": _npy, ".npz": _npz, ".csv": _text, ".tsv": _text, ".parquet": _parquet}
    if path.suffix.lower() in readers:
        return readers[path.suffix.lower()]
    if path.name.removesuffix(".gz").endswith(("ubyte", ".idx")):
        return _idx
    raise DataFormatError(
        f"Cannot read {str(path)!r}: files of the kind {path.suffix or 'without a suffix'} are not "
        f"understood. Give {KINDS}."
    )


def _damaged(path: Path, why: object) -> DataFormatError:
    return DataFormatError(
        f"Cannot read {str(path)!r}: it is damaged or not what its name says ({why}). "
        "Copy it again from where it came from."
    )


def _npy(path: Path, label: str | None) -> Dataset:
    try:
        return Dataset(np.load(path, mmap_mode="r"), description=str(path))
    except (ValueError, OSError, EOFError) as error:
        raise _damaged(path, error) from error


def _npz(path: Path, label: str | None) -> Dataset:
    try:
        with np.load(path) as file:
            rows = _chosen(path, file.files)
            y = next((file[name] for name in (label, *LABELS) if name in file.files), None)
            return _labelled(file[rows], y, path)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError) as error:
        if isinstance(error, DataFormatError):
            raise
        raise _damaged(path, error) from error


def _chosen(path: Path, names: list[str]) -> str:
    rest = [name for name in names if name not in LABELS]
    chosen = rest if len(rest) == 1 else [name for name in ROWS if name in rest][:1]
    if chosen:
        return chosen[0]
    raise DataFormatError(
        f"Cannot tell which array of {str(path)!r} holds the rows: it has {', '.join(names)}. "
        "Name one of them X."
    )


def _labelled(X: np.ndarray, y: Any, path: Path, names: Sequence[str] = ()) -> Dataset:
    if y is None:
        return Dataset(X, feature_names=tuple(names), description=str(path))
    if len(y) != len(X):
        raise DataFormatError(f"{str(path)!r} has {len(X)} rows, but {len(y)} labels.")
    classes, indices = np.unique(np.asarray(y), return_inverse=True)
    return Dataset(
        X,
        indices,
        tuple(str(name) for name in classes),
        feature_names=tuple(names),
        description=str(path),
    )


# --- tables ---------------------------------------------------------------------------------


def _text(path: Path, label: str | None) -> Dataset:
    """Read a table of text with or without a line of names; an empty cell is NaN."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            separator = "\t" if path.suffix.lower() == ".tsv" else _separator(file.readline())
            file.seek(0)
            lines = [line for line in csv.reader(file, delimiter=separator) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _damaged(path, error) from error
    if not lines:
        raise DataFormatError(f"Cannot read {str(path)!r}: the file is empty.")
    named = any(_number(cell) is None for cell in lines[0])
    names = lines[0] if named else [f"column_{i + 1}" for i in range(len(lines[0]))]
    columns = _columns(path, lines[named:], names)
    return _table(path, columns, label, named=named)


def _separator(line: str) -> str:
    return max(",;\t", key=line.count)


def _number(cell: str) -> float | None:
    cell = cell.strip()
    if cell.lower() in ("", "na", "n/a", "nan", "null", "none"):
        return math.nan
    try:
        return float(cell)
    except ValueError:
        return None


def _columns(path: Path, lines: list[list[str]], names: list[str]) -> dict[str, list[Any]]:
    for number, line in enumerate(lines, start=1):
        if len(line) != len(names):
            raise DataFormatError(
                f"Cannot read {str(path)!r}: row {number} has {len(line)} cells, but there are "
                f"{len(names)} columns."
            )
    if len(set(names)) < len(names):
        raise DataFormatError(f"Cannot read {str(path)!r}: two columns have the same name.")
    return {name: list(cells) for name, cells in zip(names, zip(*lines, strict=True), strict=False)}


def _table(path: Path, columns: dict[str, list[Any]], label: str | None, *, named: bool) -> Dataset:
    if label is not None and label not in columns:
        raise DataFormatError(
            f"{str(path)!r} has no column {label!r}; it has {', '.join(columns)}."
        )
    y = columns.pop(label, None) if label is not None else None
    numbers = {name: [_number(cell) for cell in cells] for name, cells in columns.items()}
    text = [name for name, cells in numbers.items() if None in cells]
    if text:
        raise DataFormatError(_about_text(path, text))
    X = np.array(list(numbers.values()), dtype=np.float64).T
    return _labelled(np.ascontiguousarray(X), y, path, list(columns) if named else [])


def _about_text(path: Path, columns: list[str]) -> str:
    return (
        f"Cannot learn from {str(path)!r} as it is: the columns {', '.join(columns)} hold text. "
        "Name the one with the classes (label=..., on the command line --label), and turn others "
        "into numbers or leave them out."
    )


def _parquet(path: Path, label: str | None) -> Dataset:
    pandas = _pandas("Reading")
    try:
        table = pandas.read_parquet(path)
    except (ValueError, OSError) as error:  # pyarrow's errors are among these
        raise _damaged(path, error) from error
    names = [str(name) for name in table.columns]
    if label is not None and label not in names:
        raise DataFormatError(f"{str(path)!r} has no column {label!r}; it has {', '.join(names)}.")
    y = None if label is None else table.pop(label).to_numpy()
    text = [str(name) for name, kind in table.dtypes.items() if not _numeric(kind)]
    if text:
        raise DataFormatError(_about_text(path, text))
    same = set(table.dtypes)
    dtype = same.pop() if len(same) == 1 and same <= {np.dtype("f4"), np.dtype("u1")} else "f8"
    X = np.ascontiguousarray(table.to_numpy(dtype=dtype, na_value=math.nan))
    return _labelled(X, y, path, [str(name) for name in table.columns])


def _numeric(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "biuf"


def _pandas(what: str) -> Any:
    try:
        import pandas  # noqa: ICN001
        import pyarrow  # noqa: F401, ICN001
    except ImportError as error:
        raise MissingDependencyError(
            f'{what} .parquet needs pandas and pyarrow. Run: pip install "jamjae[tables]"'
        ) from error
    return pandas


# --- IDX ------------------------------------------------------------------------------------


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an IDX file, the format of MNIST; ``.gz`` is unpacked.

    Returns
    -------
    array
        Of the type and shape the file states, in the byte order of this machine.

    Raises
    ------
    DataFormatError
        If the file is not IDX, cut short, or longer than it states.
    """
    return parse_idx(unpacked(Path(path)), Path(path))


def unpacked(path: Path) -> bytes:
    """Read a file, and decompress it if its name ends in ``.gz``."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, error) from error


def parse_idx(content: bytes, path: Path) -> np.ndarray:
    """Make an array of the bytes of an IDX file; errors as `read_idx`."""
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in IDX_TYPES:
        raise _damaged(path, "it does not begin as an IDX file does")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise _damaged(path, "it ends within its header")
    shape = tuple(int(side) for side in np.frombuffer(content[4:start], ">u4"))
    dtype = np.dtype(IDX_TYPES[content[2]])
    stated = math.prod(shape) * dtype.itemsize
    if len(content) - start != stated:
        raise _damaged(path, f"it states {stated} bytes, but {len(content) - start} follow")
    values = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="))


def _idx(path: Path, label: str | None) -> Dataset:
    beside = path.with_name(path.name.replace("images-idx3", "labels-idx1"))
    y = read_idx(beside) if beside != path and beside.exists() else None
    return _labelled(read_idx(path), y, path)


# --- out ------------------------------------------------------------------------------------


def write_rows(
    path: str | os.PathLike[str],
    rows: np.ndarray,
    *,
    row_names: Sequence[str] = (),
    feature_names: Sequence[str] = (),
) -> Path:
    """Write rows as ``.npy``, ``.npz``, ``.csv`` or ``.parquet``; whole or not at all.

    Parameters
    ----------
    path : path
    rows : array of shape (n, ...)
        Tables have two axes: more are flattened for ``.csv`` and ``.parquet``.
    row_names : sequence of str
        Become the first column, ``name``, of a table.
    feature_names : sequence of str
        The other columns; by default ``x1``, ``x2``, ...

    Raises
    ------
    OutputError
        For another suffix, or if the file cannot be written.
    """
    path, kind = Path(path), Path(path).suffix.lower()
    if kind not in (".npy", ".npz", ".csv", ".parquet"):
        raise OutputError(
            f"Cannot write {str(path)!r}: give a name that ends in .npy, .npz, .csv or .parquet."
        )
    table = rows.reshape(len(rows), -1)
    names = list(feature_names) or [f"x{i + 1}" for i in range(table.shape[1])]
    with atomic(path) as temporary:
        if kind == ".npy":
            np.save(temporary, rows)
        elif kind == ".npz":
            np.savez_compressed(temporary, X=rows)
        elif kind == ".csv":
            _write_text(temporary, table, names, row_names)
        else:
            frame = _pandas("Writing").DataFrame(table, columns=names)
            if row_names:
                frame.insert(0, "name", list(row_names))
            frame.to_parquet(temporary, index=False)
    return path


def _write_text(path: Path, table: np.ndarray, names: list[str], row_names: Sequence[str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", *names] if row_names else names)
        if row_names:
            writer.writerows([name, *row] for name, row in zip(row_names, table, strict=True))
        else:
            writer.writerows(table)
