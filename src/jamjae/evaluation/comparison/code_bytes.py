"""How many bytes a method's codes take once they are rounded and entropy coded."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from jamjae.evaluation import metrics
from jamjae.evaluation.evaluating import clipped

ADDED = 0.01  # relative error by rounding
EVALUATED = 500  # held-out rows, at most,
COUNTED = 20_000  # and training rows that tables are made of


class CodeBytes(NamedTuple):
    """Mean bytes of a row's code; None if its error does not allow any rounding."""

    bytes_per_row: float | None
    note: str = ""


def code_bytes(
    train: np.ndarray,
    held: np.ndarray,
    decode: Callable[[np.ndarray], np.ndarray],
    rows: np.ndarray,
    seed: int = 0,
) -> CodeBytes:
    """Round codes as coarsely as 1 % more error allows, and count the bytes that they take.

    Parameters
    ----------
    train, held : arrays of shape (n, k) and (m, k)
        Codes of training rows, whose frequencies make the tables, and of held-out rows, which are
        counted.
    decode : callable
    rows : array of shape (m, ...)
        The held-out rows.
    seed : int
        Of the sample, where there are many rows.
    """
    from jamjae.models.compression.quantization import Wanted
    from jamjae.models.compression.rounded import rounded

    some = metrics.sample(len(held), EVALUATED, seed)
    held, rows = held[some].astype(np.float64), rows[some]
    train = train[metrics.sample(len(train), COUNTED, seed)].astype(np.float64)

    def made(codes: np.ndarray) -> np.ndarray:
        return clipped(decode(codes), rows.dtype)

    before = float(np.mean(np.square(np.subtract(made(held), rows, dtype=np.float64))))
    found = rounded(train, held, made, rows, Wanted(error=(1.0 + ADDED) * before))
    if found is None:
        return CodeBytes(None, "no bytes per row: its error is too small for rounded codes")
    return CodeBytes(found.bytes_per_row)


def coded_bytes(codec: object, rows: np.ndarray) -> CodeBytes:
    """Count the bytes of a codec's codes, which are whole numbers already."""
    bits = codec.bits(rows)  # type: ignore[attr-defined]
    return CodeBytes(float(np.mean(bits)) / 8.0, "bytes per row at its own error")
