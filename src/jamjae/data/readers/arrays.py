"""Arrays: ``.npy``, ``.npz``, safetensors, MATLAB, HDF5 and IDX files."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data import memory
from jamjae.data.dataset import Dataset
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import hdf5, matlab, sparse
from jamjae.data.readers.cells import counted
from jamjae.data.readers.idx import read_idx
from jamjae.data.readers.labelling import labelled
from jamjae.data.readers.piecewise import piecewise_note
from jamjae.data.readers.several import about_objects, damaged, of_arrays, of_records, real_rows
from jamjae.data.rows import is_mapped
from jamjae.errors import DataFormatError, InvalidDataError, MissingDependencyError

KIND = "arrays"
USES = ("label", "key", "lazy")
IDX_NAME = re.compile(r"([.-]idx\d*(-\w+)?|ubyte)(\.gz)?$")
SPARSE = ("csr", "csc", "bsr", "coo", "dia")
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
    X = found.X[:, None] if found.X.ndim == 1 else found.X
    each = " x ".join(map(str, X.shape[1:])) if X.ndim > 2 else counted(X.shape[1], "value")
    rows = f"rows: {len(X):,} of {each}, {X.dtype}{_how(X, options)}"
    return replace(found, X=X, notes=(rows, *found.notes))


def _how(X: np.ndarray, options: ReadOptions) -> str:
    piecewise = is_mapped(X) and (options.lazy is True or memory.is_large(X.nbytes))
    return f", {piecewise_note(X.nbytes, options)}" if piecewise else ""


def _require_no_label(path: Path, label: str | None, why: str) -> None:
    if label:
        raise DataFormatError(
            f"Cannot read {str(path)!r} with the label {label!r}: {why}. Leave label out."
        )


# --- NumPy ----------------------------------------------------------------------------------


def _npy(path: Path, options: ReadOptions) -> Dataset:
    _require_no_label(path, options.label, "an .npy file holds one array without labels")
    _require_npy(path)
    try:
        rows = np.load(path, None if options.lazy is False else "r", allow_pickle=False)
    except PermissionError:
        raise
    except (ValueError, OSError, EOFError) as error:
        if "Python objects" in str(error):
            raise DataFormatError(about_objects(path)) from error
        raise damaged(path, error) from error
    if not isinstance(rows, np.ndarray):
        raise damaged(path, "it is an .npz file; rename it")
    if rows.dtype.names:
        if options.lazy is True:
            raise InvalidDataError(
                f"Cannot read {str(path)!r} piece by piece: it holds records, not numbers. Leave "
                "lazy=True (--lazy) out."
            )
        return of_records(path, rows)
    return Dataset(real_rows(path, rows), description=str(path))


def _require_npy(path: Path) -> None:
    """Refuse what NumPy would take for pickled objects, with advice that is not safe."""
    with path.open("rb") as file:
        if not file.read(6).startswith((b"\x93NUMPY", b"PK")):
            raise damaged(path, "it does not begin as an .npy file does")


def _npz(path: Path, options: ReadOptions) -> Dataset:
    try:
        # Opened here, because NumPy leaves a file open that turns out to be damaged.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            if _is_sparse(file):
                return _sparse(path, file)
            return of_arrays(
                path, file, {name: _shape_of(file, name) for name in file.files}, options
            )
    except (DataFormatError, PermissionError):
        raise
    except (
        *(zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError),
        *(AttributeError, TypeError, NotImplementedError, RuntimeError),  # .npy inside, encryption
    ) as error:
        if "allow_pickle" in str(error) and zipfile.is_zipfile(path):
            raise DataFormatError(about_objects(path)) from error
        raise damaged(path, error) from error


def _shape_of(file: Any, name: str) -> tuple[int, ...]:
    """Read the shape of a member from its header."""
    with file.zip.open(name if name in file.zip.namelist() else f"{name}.npy") as member:
        first = np.lib.format.read_magic(member) == (1, 0)
        header = (
            np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = header(member)
    return () if dtype.hasobject else tuple(shape)


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
    sparse.require_small(path, shape, file["data"].dtype)
    X, note = sparse.dense(path, scipy.sparse.load_npz(path))
    return Dataset(real_rows(path, X), description=str(path), notes=(note,))


# --- other formats --------------------------------------------------------------------------


def _safetensors(path: Path, options: ReadOptions) -> Dataset:
    import_module("ml_dtypes")  # which makes bfloat16 known to NumPy
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118

            class Arrays(dict[str, Any]):
                def __missing__(self, name: str) -> Any:
                    return file.get_tensor(name)

            return of_arrays(path, Arrays(), shapes, options)
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        if isinstance(error, (DataFormatError, PermissionError)):
            raise
        raise damaged(path, error) from error


def _mat(path: Path, options: ReadOptions) -> Dataset:
    try:
        return matlab.read(path, options)
    except NotImplementedError:  # version 7.3 is HDF5
        return _hdf5(path, options)


def _hdf5(path: Path, options: ReadOptions) -> Dataset:
    try:
        with hdf5.opened(path) as file:
            if hdf5.is_anndata(file):
                return hdf5.anndata(path, file, options)
            arrays = hdf5.arrays(file)
            if path.suffix.lower() == ".mat":
                return matlab.of_hdf5(path, arrays, options)
            return of_arrays(path, arrays, {n: a.shape for n, a in arrays.items()}, options)
    except ImportError as error:
        raise MissingDependencyError(
            f"Cannot read {str(path)!r}: h5py is needed. Install it with pip install h5py."
        ) from error
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        if isinstance(error, (DataFormatError, PermissionError)):
            raise
        raise damaged(path, error) from error


def _idx(path: Path, options: ReadOptions) -> Dataset:
    _require_no_label(path, options.label, "an IDX file has its labels in the file beside it")
    name = re.sub(r"images([.-])idx\d", r"labels\1idx1", path.name).removesuffix(".gz")
    beside = [path.with_name(name + end) for end in ("", ".gz")]
    labels = next((file for file in beside if file != path and file.exists()), None)
    if labels is None:
        return labelled(path, read_idx(path), None)
    return labelled(path, read_idx(path), read_idx(labels), f"{labels.name}, ")


_READERS: dict[str, Callable[[Path, ReadOptions], Dataset]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".mat": _mat,
    **dict.fromkeys(HDF5, _hdf5),
}
