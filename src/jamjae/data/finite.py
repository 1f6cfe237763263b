"""Checks for finite numbers: one short error names the first value that is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from jamjae.data.numeric import column_names, real_array
from jamjae.data.rows import Array, row_chunks
from jamjae.errors import InvalidDataError

TOO_LARGE = np.float64(1e150)  # squares of larger values are not finite


def finite_array(X: Any, attempt: str) -> np.ndarray:
    """Convert X to an array of finite real numbers with at least one row and one value.

    Parameters
    ----------
    X : array-like
    attempt : str
        Start of the error messages, such as ``"latent_map cannot use Z"``.

    Raises
    ------
    InvalidDataError
        As in `real_array`, or a value is NaN, infinite or too large to be squared.
    """
    rows = real_array(X, attempt)
    require_finite(rows, attempt, column_names(X))
    return rows


CURE = "drop those rows, or fill the values, for example with sklearn.impute.SimpleImputer."


def require_finite(
    rows: Array, attempt: str, names: list[str], *, gaps: bool = False, cure: str = CURE
) -> None:
    """Refuse NaN, infinity and values too large to be squared, without copying the rows.

    Parameters
    ----------
    rows : array of shape (n, ...)
    attempt : str
        Start of the error message.
    names : list of str
        Names of the columns; may be empty.
    gaps : bool
        Whether NaN are missing values, which are accepted.
    cure : str
        What to do about NaN, for the message.

    Raises
    ------
    InvalidDataError
    """
    if not np.issubdtype(rows.dtype, np.floating):
        return
    for chunk in row_chunks(rows):
        sizes = np.abs(rows[chunk])
        largest = np.fmax.reduce(sizes, axis=None) if gaps else sizes.max()  # NaN if any value is
        if not (largest < TOO_LARGE or (gaps and np.isnan(largest))):
            _refuse(rows, attempt, names, gaps, cure)


def _refuse(rows: Array, attempt: str, names: list[str], gaps: bool, cure: str) -> None:
    """Raise an error that locates the first bad value, reading the rows chunk by chunk."""
    first: tuple[int, ...] = ()
    count = 0
    for chunk in row_chunks(rows):
        some = rows[chunk]
        bad = ~(np.abs(some) < TOO_LARGE) & ~(gaps & np.isnan(some))
        if not first and bad.any():
            place = np.unravel_index(int(bad.argmax()), bad.shape)
            first = (int(place[0]) + chunk.start, *map(int, place[1:]))
        count += int(bad.sum())
    value = rows[first[0] : first[0] + 1][(0, *first[1:])]
    kind = f"{value:g}" if np.isfinite(value) else "infinity (inf)"
    kind = "NaN" if np.isnan(value) else kind
    column = f" (column {names[first[-1]]!r})" if names else ""
    many = " is" if count == 1 else "s are"
    kinds = "infinite or" if gaps else "NaN, infinite or"
    raise InvalidDataError(
        f"{attempt}: there is {kind} at index {first}{column}; {count} value{many} {kinds} "
        f"too large to be squared. Finite numbers are expected: {cure if not gaps else CURE}"
    )
