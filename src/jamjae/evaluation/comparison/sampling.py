"""The rows that are compared, of data too large for memory: a sample, which the result states."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from jamjae.data import memory
from jamjae.data.rows import drawn, is_piecewise

ROWS = 20_000  # of data that stay in their files, at most


class Sampled(NamedTuple):
    """Rows that were taken, and where they stand in the data; None for all of them."""

    rows: Any
    places: np.ndarray | None


def some_of(X: Any, seed: int = 0) -> Sampled:
    """Take rows at random of those that stay in their files, as many as fit into memory."""
    if not is_piecewise(X):
        return Sampled(X, None)
    n = len(X)
    there = memory.available() or X.nbytes
    places = drawn(n, max(min(ROWS, int(memory.SHARE * there * n / X.nbytes)), 1), seed)
    return Sampled(X[places], places)
