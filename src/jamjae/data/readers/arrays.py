"""Arrays: ``.npy``, ``.npz``, safetensors, MATLAB, HDF5 and IDX files."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data import memory
from jamjae.data.dataset import Dataset
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import hdf5
from jamjae.data.readers.cells import counted, listed
from jamjae.data.readers.idx import read_idx
from jamjae.data.readers.labelling import labelled
from jamjae.data.readers.piecewise import piecewise_note
from jamjae.data.rows import is_mapped
from jamjae.errors import (
    DataFormatError,
    InvalidDataError,
    MissingDependencyError,
    brief,
    did_you_mean,
)

KIND = "arrays"
USES = ("label", "key", "lazy")
IDX_NAME = re.compile(r"([.-]idx\d*(-\w+)?|ubyte)(\.gz)?$")
ROWS = ("X", "x", "data", "rows", "images", "x_train", "X_train", "train_images", "Z", "codes")
LABELS = ("y", "labels", "label", "target", "targets", "y_train", "Y", "train_labels")
NAMES = {"row_names": "index", "feature_names": "feature_names"}  # arrays, and what they become
SPARSE = ("csr", "csc", "bsr", "coo", "dia")
DENSE_BYTES = 1 << 30  # of a sparse matrix that is made dense, at most
HDF5 = (".h5", ".hdf5", ".h5ad", ".hdf")


def can_read(path: Path) -> bool:
    """Whether the name of a file is that of an array."""
    return path.suffix.lower() in _READERS or IDX_NAME.search(path.name) is not None


def read(path: Path, options: ReadOptions) -> Dataset:
    """Read an array by the type of its file; errors as `jamjae.read`."""
    if options.lazy is True and path.suffix.lower() != ".npy":
        raise InvalidDataError(
            f"Cannot read {str(path)!r} piece by piece: of arrays, only .npy can be. Write it as "
            ".npy (numpy.save), or leave lazy=True (--lazy) out."
        )
    found = _READERS.get(path.suffix.lower(), _idx)(path, options)
    shape = " x ".join(map(str, found.X.shape[1:]))
    each = f" of {shape}" if shape else ""
    rows = f"rows: {len(found.X):,}{each}, {found.X.dtype}{_how(found.X, options)}"
    return replace(found, notes=(rows, *found.notes))


def _how(X: np.ndarray, options: ReadOptions) -> str:
    piecewise = is_mapped(X) and (options.lazy is True or memory.is_large(X.nbytes))
    return f", {piecewise_note(X.nbytes, options)}" if piecewise else ""


def _require_no_label(path: Path, label: str | None, why: str) -> None:
    if label:
        raise DataFormatError(
            f"Cannot read {str(path)!r} with the label {label!r}: {why}. Leave label out."
        )


def _damaged(path: Path, why: object) -> DataFormatError:
    return DataFormatError(
        f"Cannot read {str(path)!r}: it is damaged or not what its name says ({brief(why)}). "
        "Copy it again from its source."
    )


# --- NumPy ----------------------------------------------------------------------------------


def _npy(path: Path, options: ReadOptions) -> Dataset:
    _require_no_label(path, options.label, "an .npy file holds one array without labels")
    try:
        rows = np.load(path, None if options.lazy is False else "r", allow_pickle=False)
    except PermissionError:
        raise
    except (ValueError, OSError, EOFError) as error:
        if "Python objects" in str(error):
            raise DataFormatError(_about_objects(path)) from error
        raise _damaged(path, error) from error
    if not isinstance(rows, np.ndarray):
        raise _damaged(path, "it is an .npz file; rename it")
    if rows.dtype.names:
        if options.lazy is True:
            raise InvalidDataError(
                f"Cannot read {str(path)!r} piece by piece: it holds records, not numbers. Leave "
                "lazy=True (--lazy) out."
            )
        return _structured(path, rows)
    return Dataset(_numbers(path, rows), description=str(path))


def _structured(path: Path, rows: np.ndarray) -> Dataset:
    """Take the fields of records as columns."""
    names = rows.dtype.names or ()
    numeric = [
        name for name in names if rows.dtype[name].kind in "biuf" and not rows.dtype[name].shape
    ]
    if not numeric or rows.ndim != 1:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: its records have no fields of numbers, but "
            f"{listed(names)}. Save the numbers as an array of shape (n, d)."
        )
    X = np.column_stack([rows[name] for name in numeric])
    dropped = [name for name in names if name not in numeric]
    notes = [f"features: the fields {listed(numeric, 6)}"]
    notes += [f"dropped: {listed(dropped)} (no numbers)"] if dropped else []
    return Dataset(X, feature_names=tuple(numeric), description=str(path), notes=tuple(notes))


def _npz(path: Path, options: ReadOptions) -> Dataset:
    try:
        # Opened here, because NumPy leaves a file open that turns out to be damaged.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            if _is_sparse(file):
                return _sparse(path, file)
            return _of_arrays(
                path, file, {name: _shape_of(file, name) for name in file.files}, options
            )
    except (DataFormatError, PermissionError):
        raise
    except (
        *(zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError),
        *(AttributeError, TypeError, NotImplementedError, RuntimeError),  # .npy inside, encryption
    ) as error:
        if "allow_pickle" in str(error) and zipfile.is_zipfile(path):
            raise DataFormatError(_about_objects(path)) from error
        raise _damaged(path, error) from error


def _shape_of(file: Any, name: str) -> tuple[int, ...]:
    """Read the shape of a member from its header."""
    with file.zip.open(name if name in file.zip.namelist() else f"{name}.npy") as member:
        first = np.lib.format.read_magic(member) == (1, 0)
        header = (
            np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = header(member)
    return () if dtype.hasobject else tuple(shape)


# --- several arrays -------------------------------------------------------------------------


def _of_arrays(
    path: Path,
    arrays: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
    options: ReadOptions,
) -> Dataset:
    """Choose the arrays of rows, of labels and of names, and note what was chosen."""
    chosen, guess = _rows_among(path, shapes, options)
    rows = np.asarray(arrays[chosen])
    label = _labels_among(path, shapes, chosen, options)
    names = {
        attribute: tuple(map(str, np.asarray(arrays[part])))
        for part, attribute in NAMES.items()
        if part in shapes and part != chosen
    }
    labels, converted = (None, "") if label is None else _label_values(np.asarray(arrays[label]))
    made = labelled(path, _numbers(path, rows), labels, **names)
    notes = [f"array: {chosen}{guess}"] if guess else []
    notes += [f"label: {label}{converted}, " + note[7:] for note in made.notes]
    rest = [name for name in shapes if name not in (chosen, label, *NAMES)]
    notes += [f"not read: {listed(rest)} (key=, --key)"] if rest else []
    return replace(made, notes=tuple(notes))


def _rows_among(
    path: Path, shapes: Mapping[str, tuple[int, ...]], options: ReadOptions
) -> tuple[str, str]:
    if options.key is not None:
        if options.key not in shapes:
            hint = did_you_mean(options.key, shapes)
            raise DataFormatError(
                f"Cannot read {str(path)!r}: it has no array {options.key!r}, but "
                f"{listed(shapes, 12)}.{hint}"
            )
        return options.key, ""
    rest = [name for name in shapes if name not in (options.label, *LABELS, *NAMES)]
    if len(rest) == 1:
        return rest[0], ""
    if known := [name for name in ROWS if name in rest]:
        return known[0], ""
    tables = [name for name in rest if len(shapes[name]) > 1]
    if not tables:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: it is not clear which array holds the rows; there are "
            f"{listed(shapes, 12) or 'none'}. Name it (key=, --key), or call one of them X."
        )
    largest = max(tables, key=lambda name: int(np.prod(shapes[name], dtype=np.float64)))
    guess = (
        f", the largest of {listed(tables)} (key=, --key takes another)" if len(tables) > 1 else ""
    )
    return largest, guess


def _labels_among(
    path: Path, shapes: Mapping[str, tuple[int, ...]], chosen: str, options: ReadOptions
) -> str | None:
    if options.label == "":
        return None
    if options.label is not None:
        if options.label not in shapes:
            raise DataFormatError(
                f"Cannot read {str(path)!r}: it has no array {options.label!r}, but "
                f"{listed(shapes, 12)}."
            )
        return options.label
    beside = chosen.replace("images", "labels").replace("X", "y").replace("x", "y")
    known = [name for name in (beside, *LABELS) if name in shapes and name != chosen]
    return known[0] if known else None


def _label_values(labels: np.ndarray) -> tuple[np.ndarray, str]:
    """Give labels of shape (n,), also of a column and of one-hot rows."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        return labels[:, 0], ""
    if labels.ndim == 2 and labels.dtype.kind in "biuf":
        one_hot = bool(((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all())
        if one_hot:
            return labels.argmax(axis=1), ", one-hot"
    return labels, ""


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


# --- sparse ---------------------------------------------------------------------------------


def _is_sparse(file: Any) -> bool:
    names = set(file.files)
    return {"format", "shape", "data"} <= names and bool(
        names & {"indices", "row", "offsets", "coords_0"}
    )


def _sparse(path: Path, file: Any) -> Dataset:
    """Make a matrix of ``scipy.sparse.save_npz`` dense, if it is not too large."""
    import scipy.sparse

    form = file["format"].item()
    form = form.decode() if isinstance(form, bytes) else str(form)
    shape = tuple(int(n) for n in file["shape"])
    if form not in SPARSE or len(shape) != 2:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: a sparse matrix of the format {form!r} and shape {shape} "
            f"is not supported. Expected one of {', '.join(SPARSE)}, of shape (n, d)."
        )
    needed = shape[0] * shape[1] * file["data"].dtype.itemsize
    if needed > DENSE_BYTES:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: it is a sparse matrix of {shape[0]:,} x {shape[1]:,}, "
            f"which would take {needed / 1e9:.1f} GB as a dense one; "
            f"{DENSE_BYTES / 1e9:.1f} GB are allowed. Reduce it first, for example with "
            "sklearn.decomposition.TruncatedSVD(100)."
        )
    matrix = scipy.sparse.load_npz(path)
    held = counted(matrix.nnz, "value")
    note = f"converted: a sparse {form.upper()} matrix to a dense one; {held} are not zero"
    return Dataset(_numbers(path, matrix.toarray()), description=str(path), notes=(note,))


# --- other formats --------------------------------------------------------------------------


def _safetensors(path: Path, options: ReadOptions) -> Dataset:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118

            class Arrays(dict[str, Any]):
                def __missing__(self, name: str) -> Any:
                    return file.get_tensor(name)

            return _of_arrays(path, Arrays(), shapes, options)
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        if isinstance(error, (DataFormatError, PermissionError)):
            raise
        raise _damaged(path, error) from error


def _mat(path: Path, options: ReadOptions) -> Dataset:
    from scipy.io import loadmat

    try:
        arrays = loadmat(path)
    except NotImplementedError:  # version 7.3 is HDF5
        return _hdf5(path, options)
    except (ValueError, OSError, TypeError, KeyError, EOFError) as error:
        if isinstance(error, PermissionError):
            raise
        raise _damaged(path, error) from error
    real = {
        name: a
        for name, a in arrays.items()
        if not name.startswith("__") and a.dtype.kind in "biufU"
    }
    real = {name: a.ravel() if a.ndim == 2 and 1 in a.shape else a for name, a in real.items()}
    return _of_arrays(path, real, {name: a.shape for name, a in real.items()}, options)


def _hdf5(path: Path, options: ReadOptions) -> Dataset:
    try:
        with hdf5.opened(path) as file:
            if hdf5.is_anndata(file):
                found = hdf5.anndata(file, DENSE_BYTES)
                return replace(found, X=_numbers(path, found.X), description=str(path))
            arrays = hdf5.arrays(file)
            return _of_arrays(path, arrays, {n: a.shape for n, a in arrays.items()}, options)
    except ImportError as error:
        raise MissingDependencyError(
            f"Cannot read {str(path)!r}: h5py is needed. Install it with pip install h5py."
        ) from error
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        if isinstance(error, (DataFormatError, PermissionError)):
            raise
        raise _damaged(path, error) from error


def _idx(path: Path, options: ReadOptions) -> Dataset:
    _require_no_label(path, options.label, "an IDX file has its labels in the file beside it")
    name = re.sub(r"images([.-])idx\d", r"labels\1idx1", path.name).removesuffix(".gz")
    beside = [path.with_name(name + end) for end in ("", ".gz")]
    labels = next((file for file in beside if file != path and file.exists()), None)
    made = labelled(path, read_idx(path), None if labels is None else read_idx(labels))
    of = "" if labels is None else f"label: {os.path.basename(labels)}, "  # noqa: PTH119
    return replace(made, notes=tuple(of + note[7:] for note in made.notes))


_READERS: dict[str, Callable[[Path, ReadOptions], Dataset]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".mat": _mat,
    **dict.fromkeys(HDF5, _hdf5),
}
