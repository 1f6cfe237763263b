"""Reading and writing a user's data by file type: arrays, tables, IDX files, images.

The formats themselves are read by `jamjae.data.readers`.
"""

from __future__ import annotations

import math
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data.atomic import atomic
from jamjae.data.numeric import real_array
from jamjae.data.readers import images, tables
from jamjae.data.readers.idx import read_idx
from jamjae.data.readers.images import write as write_images
from jamjae.errors import DataFormatError, DataNotFoundError, InvalidDataError, OutputError

__all__ = ["Dataset", "read", "read_idx", "write_images", "write_rows"]

IDX_NAME = re.compile(r"([.-]idx\d*(-\w+)?|ubyte)(\.gz)?$")
ROWS = ("X", "x", "data", "rows", "images", "x_train", "X_train", "Z", "codes")
LABELS = ("y", "labels", "label", "target", "y_train")
NAMES = ("row_names", "feature_names")
KINDS = (
    ".npy, .npz, .csv, .tsv, .parquet, IDX (.gz too), an image "
    f"({', '.join(sorted(images.SUFFIXES))}), or a folder of images"
)
OUTPUTS = (".npy", ".npz", ".csv", ".tsv", ".parquet")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows, with what the source says about them.

    Attributes
    ----------
    X : array of shape (n, ...)
        One row per sample, in the units of the source.
    y : int array of shape (n,) or None
        Indices into `class_names`.
    class_names, row_names, feature_names : tuple of str
        Empty if the source has none.
    colors : float array of shape (n, 3) or None
        Red, green and blue from 0 to 1 for each row, if the source has colors.
    skipped : tuple of str
        Names of files that could not be read and were skipped.
    description : str
        Shape, range, source and license of named data; the path of other data.
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
    """Read data by the type of a file or folder.

    Parameters
    ----------
    path : path
        - ``.npy``: memory-mapped;
        - ``.npz``: its only array, or the one named X, x, data, rows, images, x_train, Z or codes;
          y, labels, label, target or y_train hold the classes;
        - ``.csv``, ``.tsv``, ``.parquet``: numeric columns, an empty cell is NaN; a first column
          with the heading ``name``, or with none, holds the names of the rows;
        - IDX, also ``.gz``: the label file beside the image file is read as well;
        - an image, or a folder of images whose subfolders are classes: uint8, gray (n, h, w) or
          color (n, h, w, 3), see `jamjae.data.readers.images.stack`.
    image_size : (height, width), optional
        The size to which images are resized; by default the median of their heights and widths.
        Arrays and tables keep their shape.
    skip_bad : bool
        Skip images that cannot be read, and list them in ``skipped``.
    label : str, optional
        The column of a table, or the array of an ``.npz``, that holds the class of each row.

    Raises
    ------
    DataNotFoundError
        The path does not exist, or the folder holds no image.
    DataFormatError
        A file is damaged, ambiguous or of an unsupported type.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = write_rows(Path(mkdtemp()) / "rows.csv", np.eye(3), feature_names=["a", "b", "c"])
    >>> read(path).feature_names
    ('a', 'b', 'c')
    """
    path = Path(path)
    if not path.exists():
        raise DataNotFoundError(
            f"Cannot read {str(path)!r}: there is no such file or folder. Check the path, or use "
            "the name of a data set (listed by jamjae datasets)."
        )
    if path.is_dir() or path.suffix.lower() in images.SUFFIXES:
        _require_no_label(path, label, "images take their classes from subfolders")
        found = images.read(path, image_size, skip_bad=skip_bad)
        return Dataset(
            found.pixels,
            found.classes,
            found.class_names,
            found.names,
            skipped=found.skipped,
            description=str(path),
        )
    try:
        return _reader(path)(path, label)
    except PermissionError as error:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: {error.strerror}. Ask its owner for read permission."
        ) from error


def _require_no_label(path: Path, label: str | None, why: str) -> None:
    if label is not None:
        raise DataFormatError(
            f"Cannot read {str(path)!r} with the label {label!r}: {why}. Leave label out."
        )


def _reader(path: Path) -> Callable[[Path, str | None], Dataset]:
    readers = {".npy": _npy, ".npz": _npz} | dict.fromkeys(tables.SUFFIXES, _table)
    if path.suffix.lower() in readers:
        return readers[path.suffix.lower()]
    if IDX_NAME.search(path.name):
        return _idx
    kind = f"with the suffix {path.suffix}" if path.suffix else "without a suffix"
    raise DataFormatError(
        f"Cannot read {str(path)!r}: files {kind} are not supported. Expected {KINDS}."
    )


def _damaged(path: Path, why: object) -> DataFormatError:
    return DataFormatError(
        f"Cannot read {str(path)!r}: it is damaged or not what its name says ({why}). "
        "Copy it again from its source."
    )


def _npy(path: Path, label: str | None) -> Dataset:
    _require_no_label(path, label, "an .npy file holds one array without labels")
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except PermissionError:
        raise
    except (ValueError, OSError, EOFError) as error:
        if "Python objects" in str(error):
            raise DataFormatError(_about_objects(path)) from error
        raise _damaged(path, error) from error
    if not isinstance(rows, np.ndarray):
        raise _damaged(path, "it is an .npz file; rename it")
    return Dataset(_numbers(path, rows), description=str(path))


def _npz(path: Path, label: str | None) -> Dataset:
    try:
        # Opened here, because NumPy leaves a file open that turns out to be damaged.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in _wanted(path, file.files, label)}
    except (DataFormatError, PermissionError):
        raise
    except (
        *(zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError),
        *(AttributeError, TypeError, NotImplementedError, RuntimeError),  # .npy inside, encryption
    ) as error:
        if "allow_pickle" in str(error) and zipfile.is_zipfile(path):
            raise DataFormatError(_about_objects(path)) from error
        raise _damaged(path, error) from error
    names = {part: tuple(map(str, arrays.pop(part))) for part in NAMES if part in arrays}
    rows, *labels = arrays.values()
    return _labelled(path, _numbers(path, rows), labels[0] if labels else None, **names)


def _wanted(path: Path, names: list[str], label: str | None) -> list[str]:
    """Return the names of the arrays of rows, of labels and of names, those that exist."""
    if label is not None and label not in names:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: it has no array {label!r}, but {', '.join(names)}."
        )
    rest = [name for name in names if name not in (label, *LABELS, *NAMES)]
    rows = rest if len(rest) == 1 else [name for name in ROWS if name in rest][:1]
    if not rows:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: it is not clear which array holds the rows; there are "
            f"{', '.join(names) or 'none'}. Name one of them X."
        )
    labels = [name for name in (label, *LABELS) if name is not None and name in names][:1]
    return rows + labels + [name for name in NAMES if name in names]


def _numbers(path: Path, rows: Any) -> np.ndarray:
    if isinstance(rows, np.ndarray) and rows.ndim and rows.dtype.kind in "biuf":
        return rows
    kind = f"shape {rows.shape} and type {rows.dtype}" if hasattr(rows, "dtype") else "no array"
    raise DataFormatError(
        f"Cannot read {str(path)!r}: it holds {kind}; expected rows of real numbers."
    )


def _about_objects(path: Path) -> str:
    return (
        f"Cannot read {str(path)!r}: it holds Python objects, and reading these could run "
        "arbitrary code. Save an array of numbers whose rows all have the same shape."
    )


def _labelled(
    path: Path,
    X: np.ndarray,
    labels: np.ndarray | None,
    row_names: tuple[str, ...] = (),
    feature_names: tuple[str, ...] = (),
) -> Dataset:
    y: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    width = math.prod(X.shape[1:])
    for what, names, count in (("row", row_names, len(X)), ("feature", feature_names, width)):
        if names and len(names) != count:
            raise DataFormatError(
                f"Cannot read {str(path)!r}: there are {count} {what}s, but {len(names)} "
                f"{what} names; expected one name per {what}."
            )
    if labels is not None:
        if labels.shape != (len(X),):
            raise DataFormatError(
                f"Cannot read {str(path)!r}: there are {len(X)} rows, but labels of shape "
                f"{labels.shape}; expected one label per row."
            )
        classes, y = np.unique(labels, return_inverse=True)
        class_names = tuple(str(name) for name in classes)
    return Dataset(X, y, class_names, row_names, feature_names, description=str(path))


def _table(path: Path, label: str | None) -> Dataset:
    table = tables.read(path, label)
    return _labelled(path, table.X, table.labels, table.row_names, table.feature_names)


# --- IDX ------------------------------------------------------------------------------------


def _idx(path: Path, label: str | None) -> Dataset:
    _require_no_label(path, label, "an IDX file has its labels in the file beside it")
    name = re.sub(r"images([.-])idx\d", r"labels\1idx1", path.name).removesuffix(".gz")
    beside = [path.with_name(name + end) for end in ("", ".gz")]
    labels = next((file for file in beside if file != path and file.exists()), None)
    return _labelled(path, read_idx(path), None if labels is None else read_idx(labels))


# --- out ------------------------------------------------------------------------------------


def write_rows(
    path: str | os.PathLike[str],
    rows: np.ndarray,
    *,
    row_names: Sequence[str] = (),
    feature_names: Sequence[str] = (),
) -> Path:
    """Write rows so that `read` returns them; the file is written atomically.

    Parameters
    ----------
    path : path
        Ends in ``.npy``, ``.npz``, ``.csv``, ``.tsv`` or ``.parquet``; its folder is created
        if missing.
    rows : array of shape (n, ...)
        Tables have two axes; further axes are flattened. ``.npy`` keeps the shape, but no names.
    row_names : sequence of n str
        Written as the first column, ``name``, of a table.
    feature_names : sequence of str
        Headings of the other columns; by default ``x1``, ``x2``, ...

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
    row_names, feature_names = list(map(str, row_names)), list(map(str, feature_names))
    if path.suffix.lower() not in OUTPUTS:
        raise OutputError(
            f"Cannot write {str(path)!r}: expected a file name that ends in {', '.join(OUTPUTS)}."
        )
    rows = real_array(rows, f"Cannot write {str(path)!r}", allow_empty=True)
    _require_writable(path, rows, row_names, feature_names)
    with atomic(path) as temporary:
        _write(temporary, rows, row_names, feature_names)
    return path


def _write(path: Path, rows: np.ndarray, row_names: list[str], feature_names: list[str]) -> None:
    kind = path.suffix.lower()
    if kind == ".npy":
        with path.open("wb") as file:  # by its name NumPy would add a suffix to one like .NPY
            np.save(file, rows, allow_pickle=False)
    elif kind == ".npz":
        given = zip(NAMES, (row_names, feature_names), strict=True)
        names: dict[str, Any] = {part: np.array(some) for part, some in given if some}
        with path.open("wb") as file:
            np.savez_compressed(file, X=rows, **names)
    else:
        table = rows.reshape(len(rows), math.prod(rows.shape[1:]))
        table = table.astype(np.uint8) if rows.dtype == bool else table
        columns = feature_names or [f"x{i + 1}" for i in range(table.shape[1])]
        if kind == ".parquet":
            tables.write_parquet(path, table, columns, row_names)
        else:
            tables.write_delimited(path, table, columns, row_names, "\t" if kind == ".tsv" else ",")


def _require_writable(
    path: Path, rows: np.ndarray, row_names: Sequence[str], feature_names: Sequence[str]
) -> None:
    if not rows.ndim or rows.dtype.kind not in "biuf":
        raise InvalidDataError(
            f"Cannot write {str(path)!r}: received an array of shape {rows.shape} and type "
            f"{rows.dtype}; expected rows of real numbers (n, ...)."
        )
    columns = math.prod(rows.shape[1:])
    for what, names, n in (("row", row_names, len(rows)), ("feature", feature_names, columns)):
        if len(names) not in (0, n):
            raise InvalidDataError(
                f"Cannot write {str(path)!r}: received {len(names)} {what} names for {n} {what}s "
                f"of an array of shape {rows.shape}; expected {n} names, or none."
            )
    if len(set(feature_names)) < len(feature_names) or (row_names and "name" in feature_names):
        raise InvalidDataError(
            f"Cannot write {str(path)!r}: two columns have the same name. Rename one of them."
        )
