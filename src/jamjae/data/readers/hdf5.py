"""HDF5 files by h5py, and AnnData's matrix among them."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data.dataset import Dataset
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import sparse
from jamjae.data.readers.cells import listed
from jamjae.data.readers.labelling import labelled, text_of
from jamjae.data.readers.several import real_rows
from jamjae.errors import DataFormatError, did_you_mean


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
        if (
            hasattr(item, "dtype")
            and item.dtype.kind in "biufSOV"
            and item.shape
            and "#refs#" not in name
        ):
            found[name] = item

    file.visititems(keep)
    return found


def is_anndata(file: Any) -> bool:
    """Whether a file is that of AnnData: a matrix X with names of rows and columns."""
    return "X" in file and "obs" in file and "var" in file


def anndata(path: Path, file: Any, options: ReadOptions) -> Dataset:
    """Give the matrix X, dense, with the names of observations and variables.

    Raises
    ------
    DataFormatError
        X is sparse and too large, or there is no column ``options.label`` among the observations.
    """
    X, note = _matrix(path, file["X"])
    index, names = _names(file["obs"]), _names(file["var"])
    columns = [
        name for name in file["obs"] if not name.startswith("_") and name != _key(file["obs"])
    ]
    label = _column(path, file["obs"], columns, options.label) if options.label else None
    made = labelled(path, real_rows(path, X), label, f"{options.label}, ", index, names)
    rest = [name for name in columns if name != options.label]
    obs = f"the columns {listed(rest)} of obs (label=, --label takes one)" if rest else "obs"
    return replace(
        made,
        notes=(
            "array: X of AnnData",
            *made.notes,
            *([note] if note else []),
            f"not read: {obs}, var, layers and obsm",
        ),
    )


def _matrix(path: Path, X: Any) -> tuple[np.ndarray, str]:
    if hasattr(X, "dtype"):
        return X[()], ""
    import scipy.sparse

    form = str(X.attrs.get("encoding-type", X.attrs.get("h5sparse_format", "csr_matrix")))
    shape = tuple(int(n) for n in X.attrs.get("shape", X.attrs.get("h5sparse_shape")))
    sparse.require_small(path, shape, X["data"].dtype)
    kind = scipy.sparse.csc_matrix if form.startswith("csc") else scipy.sparse.csr_matrix
    return sparse.dense(path, kind((X["data"][()], X["indices"][()], X["indptr"][()]), shape=shape))


def _column(path: Path, group: Any, columns: list[str], name: str) -> np.ndarray:
    """Give a column of the observations, also one of categories."""
    if name not in columns:
        hint = did_you_mean(name, columns)
        raise DataFormatError(
            f"Cannot read {str(path)!r}: obs has no column {name!r}, but {listed(columns, 12)}."
            f"{hint}"
        )
    held = group[name]
    if hasattr(held, "dtype"):
        return np.asarray(held)
    codes, categories = held["codes"][()], held["categories"][()]
    found = np.array([*map(text_of, categories), None], dtype=object)
    return np.asarray(found[codes])  # -1, for a missing one, is the last


def _key(group: Any) -> str:
    return text_of(group.attrs.get("_index", "_index"))


def _names(group: Any) -> tuple[str, ...]:
    key = _key(group)
    return tuple(map(text_of, group[key][()])) if key in group else ()
