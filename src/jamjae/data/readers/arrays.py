"""Arrays: ``.npy``, ``.npz`` and IDX files."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data.dataset import Dataset
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.idx import read_idx
from jamjae.data.readers.labelling import labelled
from jamjae.errors import DataFormatError

IDX_NAME = re.compile(r"([.-]idx\d*(-\w+)?|ubyte)(\.gz)?$")
ROWS = ("X", "x", "data", "rows", "images", "x_train", "X_train", "Z", "codes")
LABELS = ("y", "labels", "label", "target", "y_train")
NAMES = {"row_names": "index", "feature_names": "feature_names"}  # arrays, and what they become


def can_read(path: Path) -> bool:
    """Whether the name of a file is that of an array."""
    return path.suffix.lower() in (".npy", ".npz") or IDX_NAME.search(path.name) is not None


def read(path: Path, options: ReadOptions) -> Dataset:
    """Read an array by the type of its file; errors as `jamjae.read`."""
    readers = {".npy": _npy, ".npz": _npz}
    return readers.get(path.suffix.lower(), _idx)(path, options.label)


def _require_no_label(path: Path, label: str | None, why: str) -> None:
    if label is not None:
        raise DataFormatError(
            f"Cannot read {str(path)!r} with the label {label!r}: {why}. Leave label out."
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
    names = {NAMES[part]: tuple(map(str, arrays.pop(part))) for part in NAMES if part in arrays}
    rows, *labels = arrays.values()
    return labelled(path, _numbers(path, rows), labels[0] if labels else None, **names)


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


def _idx(path: Path, label: str | None) -> Dataset:
    _require_no_label(path, label, "an IDX file has its labels in the file beside it")
    name = re.sub(r"images([.-])idx\d", r"labels\1idx1", path.name).removesuffix(".gz")
    beside = [path.with_name(name + end) for end in ("", ".gz")]
    labels = next((file for file in beside if file != path and file.exists()), None)
    return labelled(path, read_idx(path), None if labels is None else read_idx(labels))
