"""Checks of the arrays that metrics receive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.errors import InvalidDataError, ShapeMismatchError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def numbers(X: ArrayLike, operation: str) -> NDArray[Any]:
    """Return `X` as a non-empty array of real numbers."""
    try:
        array = np.asarray(X)
    except ValueError as error:  # rows of different lengths
        raise InvalidDataError(f"{operation}: the rows do not form an array ({error}).") from error
    if array.dtype.kind not in "buif":
        raise InvalidDataError(
            f"{operation} received an array of dtype {array.dtype}; expected real numbers. "
            "Convert it first, for instance with X.astype('float32') or X.toarray()."
        )
    if array.size == 0 or array.ndim == 0:
        raise InvalidDataError(
            f"{operation} received an array of shape {array.shape}; expected at least one row "
            "with at least one value."
        )
    return array


def matrix(X: ArrayLike, operation: str) -> NDArray[np.float64]:
    """Return rows as a float64 matrix (n, d) of finite numbers; images are flattened."""
    array = numbers(X, operation)
    rows = array.reshape(len(array), -1).astype(np.float64)
    if not np.isfinite(rows).all():
        raise InvalidDataError(f"{operation} received NaN or infinity; expected finite numbers.")
    return rows


def labels(y: ArrayLike, count: int, operation: str) -> NDArray[Any]:
    """Return one label per row, of at least two classes."""
    classes = np.asarray(y)
    if classes.shape != (count,):
        raise ShapeMismatchError(
            f"{operation} received {count} rows and labels of shape {classes.shape}; expected "
            f"({count},), one label per row."
        )
    if len(np.unique(classes)) < 2:
        raise InvalidDataError(
            f"{operation} received labels of one class only ({classes[:1].tolist()}); expected "
            "at least two classes."
        )
    return classes
