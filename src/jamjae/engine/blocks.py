"""Rows computed in blocks of one size, so that a row's result does not depend on its neighbors.

Products of matrices round differently for another number of rows. So a call takes as many rows as
fit a block, filled up with zeros; the size of blocks is chosen by the number of rows of all calls
that belong together, not by those of one call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

FEW, SOME, MANY = 8, 32, 256  # rows that a call takes: one row stays quick, many stay fast
MANY_VALUES = 1 << 22  # in rows up to which many are taken: of large images few stay in the cache

_AMONG: ContextVar[int | None] = ContextVar("among", default=None)


@contextmanager
def among(n: int) -> Iterator[None]:
    """Compute rows as those of n rows in all are, unless this is already set."""
    before = _AMONG.set(_AMONG.get() or n)
    try:
        yield
    finally:
        _AMONG.reset(before)


def block_size(n: int, row_shape: tuple[int, ...]) -> int:
    """Give the number of rows that a call takes, of n rows or of those that `among` names."""
    n = _AMONG.get() or n
    large = MANY * math.prod(row_shape) > MANY_VALUES
    return FEW if n <= 4 * FEW else SOME if large or n <= 4 * SOME else MANY


def by_blocks(
    call: Callable[[np.ndarray], Any], X: np.ndarray, result: np.ndarray, *, together: bool = False
) -> np.ndarray:
    """Write into `result` what a call gives for each block of rows.

    With `together` one call takes all whole blocks where there are many rows: for products of
    matrices in float64, which round each row alike in one block and in a hundred.
    """
    block = block_size(len(X), X.shape[1:])
    whole = len(X) // block * block if together and block == MANY else 0
    if whole:
        result[:whole] = call(X[:whole])
    for start in range(whole, len(X), block):
        rows = X[start : start + block]
        if len(rows) < block:
            rows = np.concatenate([rows, np.zeros((block - len(rows), *X.shape[1:]), X.dtype)])
        result[start : start + block] = np.asarray(call(rows))[: len(X) - start]
    return result
