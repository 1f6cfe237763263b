"""Rows that other processes open by themselves, where they lie in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jamjae.data.rows import is_mapped


class Mapped(NamedTuple):
    """An array in a file: where its values begin, and what they are."""

    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype


def shared(X: Any) -> Any:
    """Give what to send to another process for rows: the place of a mapped array, else the rows."""
    if not isinstance(X, np.ndarray) or not is_mapped(X) or not X.flags.c_contiguous:
        return X
    source: Any = X
    while isinstance(source.base, np.memmap):
        source = source.base
    if not isinstance(source, np.memmap):
        return X
    offset = source.offset + X.ctypes.data - source.ctypes.data
    return Mapped(Path(str(source.filename)), offset, X.shape, X.dtype)


def opened(given: Any) -> Any:
    """Open what `shared` gave."""
    if not isinstance(given, Mapped):
        return given
    return np.memmap(given.path, given.dtype, "r", given.offset, given.shape)
