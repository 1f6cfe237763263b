"""HDF5 files by h5py, and AnnData's matrix among them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data.dataset import Dataset
from jamjae.data.readers.cells import counted
from jamjae.errors import DataFormatError


def opened(path: Path) -> Any:
    """Open a file for reading.

    Raises
    ------
    ImportError
        If h5py is not installed.
    """
    return import_module("h5py").File(path, "r")


def arrays(file: Any) -> dict[str, Any]:
    """Give all data sets of a file that hold numbers or text, by their paths."""
    found: dict[str, Any] = {}

    def keep(name: str, item: Any) -> None:
        if hasattr(item, "dtype") and item.dtype.kind in "biufSO" and item.shape:
            found[name] = item

    file.visititems(keep)
    return found


def is_anndata(file: Any) -> bool:
    """Whether a file is that of AnnData: a matrix X with names of rows and columns."""
    return "X" in file and "obs" in file and "var" in file


def anndata(file: Any, most: int) -> Dataset:
    """Give the matrix X, dense, with the names of observations and variables.

    Raises
    ------
    DataFormatError
        It is sparse, and would take more than `most` bytes.
    """
    X, note = _matrix(file["X"], most)
    index, names = _names(file["obs"]), _names(file["var"])
    return Dataset(
        X,
        index=index,
        feature_names=names,
        notes=(f"array: X of AnnData{note}", "not read: obs, var, layers and obsm"),
    )


def _matrix(X: Any, most: int) -> tuple[np.ndarray, str]:
    if hasattr(X, "dtype"):
        return X[()], ""
    import scipy.sparse

    form = str(X.attrs.get("encoding-type", X.attrs.get("h5sparse_format", "csr_matrix")))
    shape = tuple(int(n) for n in X.attrs.get("shape", X.attrs.get("h5sparse_shape")))
    needed = shape[0] * shape[1] * X["data"].dtype.itemsize
    if needed > most:
        raise DataFormatError(
            f"Cannot read {X.file.filename!r}: X is a sparse matrix of {shape[0]:,} x "
            f"{shape[1]:,}, which would take {needed / 1e9:.1f} GB as a dense one; "
            f"{most / 1e9:.1f} GB are allowed. Keep fewer variables, or reduce it first."
        )
    kind = scipy.sparse.csc_matrix if form.startswith("csc") else scipy.sparse.csr_matrix
    matrix = kind((X["data"][()], X["indices"][()], X["indptr"][()]), shape=shape)
    return matrix.toarray(), f", made dense; {counted(matrix.nnz, 'value')} are not zero"


def _names(group: Any) -> tuple[str, ...]:
    key = group.attrs.get("_index", "_index")
    key = key.decode() if isinstance(key, bytes) else str(key)
    if key not in group:
        return ()
    return tuple(name.decode() if isinstance(name, bytes) else str(name) for name in group[key][()])
