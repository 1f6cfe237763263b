"""Checks of the arrays that metrics receive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data.finite import finite_array
from jamjae.data.labels import read_labels
from jamjae.data.numeric import real_array
from jamjae.errors import InvalidDataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def numbers(X: ArrayLike, operation: str, name: str = "X") -> NDArray[Any]:
    """Return an argument as a non-empty array of real numbers; NaN passes."""
    return real_array(X, f"{operation} cannot use {name}")


def finite(X: ArrayLike, operation: str, name: str = "X") -> NDArray[Any]:
    """Return an argument as a non-empty array of finite real numbers."""
    return finite_array(X, f"{operation} cannot use {name}")


def flat(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return rows as a float64 matrix (n, d); images are flattened."""
    return rows.reshape(len(rows), -1).astype(np.float64, copy=False)


def labels(y: ArrayLike, count: int, operation: str) -> NDArray[Any]:
    """Return one label per row."""
    found = read_labels(y, count, operation)
    if found.missing:
        raise InvalidDataError(
            f"{operation} received {found.missing} missing labels among {count}; expected one "
            "label per row. Drop the rows without a label."
        )
    return found.values


def classes(y: ArrayLike, count: int, operation: str) -> NDArray[Any]:
    """Return one label per row, of at least two classes."""
    found = labels(y, count, operation)
    if len(np.unique(found)) < 2:
        raise InvalidDataError(
            f"{operation} received labels of one class only ({found[:1].tolist()}); expected "
            "at least two classes."
        )
    return found
