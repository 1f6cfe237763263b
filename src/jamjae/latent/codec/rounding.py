"""Whole numbers from real ones that another machine computes a little differently.

A network's values differ between machines in their last digits. Where a value lies so near to the
middle of two whole numbers that its rounding may differ, which of the two was taken is written
down, and taken instead.
"""

from __future__ import annotations

import numpy as np

from jamjae.latent.codec import varints
from jamjae.latent.codec.varints import Cursor

TOLERANCE = 1e-3  # by which values may differ between machines


def rounded(values: np.ndarray, tolerance: float = TOLERANCE) -> tuple[np.ndarray, bytes]:
    """Round values, and write down what a machine whose values differ must know.

    Parameters
    ----------
    values : float array of any shape
    tolerance : float
        By which, at most, the other machine's values differ.

    Returns
    -------
    whole : int64 array of that shape
    exceptions : bytes
        For each value in doubt, twice the number of values since the last one, plus 1 where an
        odd number was taken, as varints.
    """
    flat = np.asarray(values, np.float64).ravel()
    whole = np.floor(flat + 0.5).astype(np.int64)
    (doubtful,) = np.nonzero(np.abs(flat + 0.5 - np.rint(flat + 0.5)) <= tolerance)
    gaps = np.diff(doubtful, prepend=-1) - 1
    numbers = 2 * gaps + (whole[doubtful] & 1)
    return whole.reshape(np.shape(values)), varints.write(*numbers.tolist())


def rounded_as(values: np.ndarray, exceptions: bytes) -> np.ndarray:
    """Round values as the other machine did.

    Parameters
    ----------
    values : float array of any shape
    exceptions : bytes
        What `rounded` wrote.

    Raises
    ------
    UnsoundError
        They name values that there are not.
    """
    flat = np.asarray(values, np.float64).ravel()
    whole = np.floor(flat + 0.5).astype(np.int64)
    cursor, at = Cursor(exceptions, "the exceptions of its rounding"), -1
    while cursor.left:
        number = cursor.number(0, 2 * (len(flat) - at - 2) + 1)
        at += (number >> 1) + 1
        if (whole[at] ^ number) & 1:  # the other of the two
            whole[at] += 1 if flat[at] >= whole[at] else -1
    return whole.reshape(np.shape(values))
