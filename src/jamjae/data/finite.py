"""Rows of finite numbers, or one short error that names the place of the first that is not."""

from __future__ import annotations

from typing import Any

import numpy as np

from jamjae.data.numeric import column_names, real_array
from jamjae.data.rows import row_chunks
from jamjae.errors import InvalidDataError

TOO_LARGE = np.float64(1e150)  # the square of more is no finite number


def finite_array(X: Any, attempt: str) -> np.ndarray:
    """Give X as an array of finite real numbers with at least one row and one value.

    Parameters
    ----------
    X : array-like
    attempt : str
        Begins the message: ``"latent_map cannot use Z"``.

    Raises
    ------
    InvalidDataError
        As for `real_array`, and for NaN, infinity and what is too large to be squared.
    """
    rows = real_array(X, attempt)
    require_finite(rows, attempt, column_names(X))
    return rows


def require_finite(rows: np.ndarray, attempt: str, names: list[str]) -> None:
    """Refuse NaN, infinity and values too large to be squared; takes no copy of the rows.

    Parameters
    ----------
    rows : array of shape (n, ...)
    attempt : str
        Begins the message.
    names : list of str
        Of the columns, if they have any.

    Raises
    ------
    InvalidDataError
    """
    if not np.issubdtype(rows.dtype, np.floating):
        return
    for chunk in row_chunks(rows):
        largest = float(np.abs(rows[chunk]).max())  # NaN wins over every number
        if not largest < TOO_LARGE:
            _refuse(rows, attempt, names)


def _refuse(rows: np.ndarray, attempt: str, names: list[str]) -> None:
    """Say where the first bad value is; chunk by chunk, for rows that fill the memory."""
    first: tuple[int, ...] = ()
    count = 0
    for chunk in row_chunks(rows):
        bad = ~(np.abs(rows[chunk]) < TOO_LARGE)
        if not first and bad.any():
            place = np.unravel_index(int(bad.argmax()), bad.shape)
            first = (int(place[0]) + chunk.start, *map(int, place[1:]))
        count += int(bad.sum())
    value = rows[first]
    kind = f"{value:g}" if np.isfinite(value) else "infinity (inf)"
    kind = "NaN" if np.isnan(value) else kind
    column = f" (column {names[first[-1]]!r})" if names else ""
    raise InvalidDataError(
        f"{attempt}: there is {kind} at index {first}{column}, the first of {count} values that "
        "are NaN, inf or too large to be squared. Finite numbers are expected: drop those rows, or "
        "fill them, for example with sklearn.impute.SimpleImputer."
    )
