"""MATLAB's files, of which the first axis may be that of height, and the last that of images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data.dataset import Dataset
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import sparse
from jamjae.data.readers.several import LABELS, damaged, of_arrays

COLORS = (1, 3, 4)  # channels of images


def read(path: Path, options: ReadOptions) -> Dataset:
    """Read a file of version 4 to 7.2.

    Raises
    ------
    NotImplementedError
        It is of version 7.3, which is HDF5.
    """
    from scipy.io import loadmat

    try:
        found = _fields(loadmat(path))
    except (ValueError, OSError, TypeError, KeyError, EOFError) as error:
        if isinstance(error, PermissionError):
            raise
        raise damaged(path, error) from error
    arrays, notes = {}, []
    for name, values in found.items():
        arrays[name], note = _dense(path, values)
        notes += [note] if note else []
    return _of(path, arrays, options, notes)


def of_hdf5(path: Path, arrays: Mapping[str, Any], options: ReadOptions) -> Dataset:
    """Read a file of version 7.3, in which the axes stand in reverse order."""
    return _of(path, {name: np.asarray(one).T for name, one in arrays.items()}, options, [])


def _fields(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Give all variables, and the fields of those that are single structs."""
    found: dict[str, Any] = {}
    for name, values in arrays.items():
        names = getattr(getattr(values, "dtype", None), "names", None)
        if name.startswith("__"):
            continue
        if names and values.size == 1:
            inner = {field: values[field].item() for field in names}
            found |= {f"{name}.{field}": one for field, one in _fields(inner).items()}
        else:
            found[name] = values
    return found


def _dense(path: Path, values: Any) -> tuple[np.ndarray, str]:
    return sparse.dense(path, values) if hasattr(values, "toarray") else (np.asarray(values), "")


def _of(
    path: Path, arrays: Mapping[str, np.ndarray], options: ReadOptions, notes: list[str]
) -> Dataset:
    held = {name: _images_first(one, arrays) for name, one in arrays.items()}
    moved = [name for name, one in held.items() if one is not arrays[name]]
    found = of_arrays(path, held, {name: one.shape for name, one in held.items()}, options)
    if moved:
        notes.append(f"axes: the last of {', '.join(moved)} counts the images, and was moved first")
    return replace(found, notes=(*found.notes, *notes))


def _images_first(values: np.ndarray, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Move the last axis of images (h, w, c, n) or (h, w, n) to the first."""
    if values.ndim not in (3, 4) or values.dtype.kind not in "biuf":
        return values
    sizes = {one.size for name, one in arrays.items() if name.split(".")[-1] in LABELS}
    colors = values.ndim == 4 and values.shape[2] in COLORS and values.shape[3] not in COLORS
    labelled = values.shape[-1] in sizes and values.shape[0] not in sizes
    first = values.shape[0] in sizes
    return np.moveaxis(values, -1, 0) if labelled or (colors and not first) else values
