"""Sparse matrices, which are made dense where they fit into memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data.readers.cells import counted
from jamjae.errors import DataFormatError

DENSE_BYTES = 1 << 30  # of a dense matrix, at most


def require_small(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Refuse a sparse matrix that would take too much memory as a dense one."""
    needed = shape[0] * shape[1] * dtype.itemsize
    if needed > DENSE_BYTES:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: it is a sparse matrix of {shape[0]:,} x {shape[1]:,}, "
            f"which would take {needed / 1e9:.1f} GB as a dense one; "
            f"{DENSE_BYTES / 1e9:.1f} GB are allowed. Keep fewer columns, or reduce it first, for "
            "example with sklearn.decomposition.TruncatedSVD(100)."
        )


def dense(path: Path, matrix: Any) -> tuple[np.ndarray, str]:
    """Make a matrix of SciPy dense; return it with a note.

    Raises
    ------
    DataFormatError
        It would take more than `DENSE_BYTES`.
    """
    require_small(path, matrix.shape, matrix.dtype)
    kind = getattr(matrix, "format", "").upper()
    held = counted(matrix.nnz, "value")
    note = f"converted: a sparse {kind} matrix to a dense one; {held} are not zero"
    return matrix.toarray(), note
