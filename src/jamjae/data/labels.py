"""Labels of rows, of which some may be missing: one rule for figures, statistics and comparisons.

None, NaN, NaT, pandas's NA and masked entries are missing labels. A row without a label is left out
of whatever is computed per class, and drawn gray.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.errors import InvalidDataError, ShapeMismatchError, brief

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MISSING_TYPES = ("NoneType", "NAType", "NaTType")


class Labels(NamedTuple):
    """The known labels, and the rows they belong to.

    Attributes
    ----------
    values : array of shape (m,)
        Labels that are floats only because others are missing become integers.
    known : bool array of shape (n,)
        Which rows have a label; m of them.
    """

    values: NDArray[Any]
    known: NDArray[np.bool_]

    @property
    def missing(self) -> int:
        """The number of rows without a label."""
        return int((~self.known).sum())

    def of_all(self, fill: Any = None) -> NDArray[Any]:
        """Give a label for each of the n rows, `fill` where it is missing."""
        if self.known.all():
            return self.values
        labels = np.full(len(self.known), fill, dtype=object if fill is None else None)
        labels[self.known] = self.values
        return labels


def read_labels(y: ArrayLike, n: int, operation: str) -> Labels:
    """Separate the known labels from the missing ones.

    Parameters
    ----------
    y : array-like of shape (n,)
    n : int
        Rows.
    operation : str
        What is attempted, for the messages.

    Raises
    ------
    ShapeMismatchError
        If there is not one label per row.
    InvalidDataError
        If some labels are text and some are not.
    """
    try:
        labels = y if isinstance(y, np.ma.MaskedArray) else np.asarray(y, dtype=_dtype(y))
    except ValueError as error:  # labels that are sequences of different lengths
        raise InvalidDataError(f"{operation} cannot use these labels: {brief(error)}") from error
    if labels.shape != (n,):
        raise ShapeMismatchError(
            f"{operation} received labels of shape {labels.shape} for {n} rows; expected ({n},), "
            "one label per row."
        )
    known = ~(np.ma.getmaskarray(labels) | _missing(np.ma.getdata(labels)))
    values = np.ma.getdata(labels)[known]
    if values.dtype == object:
        if len({isinstance(label, str) for label in values}) > 1:
            raise InvalidDataError(
                f"{operation} received labels of which some are text and some are not; expected "
                "one kind."
            )
        values = np.array(values.tolist()) if len(values) else values
    if values.dtype.kind == "f" and not known.all() and (values == np.rint(values)).all():
        values = values.astype(np.int64)
    return Labels(values, known)


def warn_of_missing(labels: Labels, operation: str) -> None:
    """Warn that rows without a label are left out of statistics per class."""
    if labels.missing:
        warnings.warn(
            f"{operation} leaves out {labels.missing} of {len(labels.known)} rows, whose label is "
            "missing.",
            UserWarning,
            stacklevel=3,
        )


def _dtype(y: Any) -> Any:
    """Ask for objects where NumPy would turn a missing label into text."""
    if hasattr(y, "dtype"):
        return None if isinstance(y.dtype, np.dtype) else object
    return object if _missing(np.asarray(y, dtype=object)).any() else None


def _missing(labels: NDArray[Any]) -> NDArray[np.bool_]:
    if labels.dtype.kind in "fc":
        return np.isnan(labels)
    if labels.dtype.kind in "mM":
        return np.isnat(labels)
    if labels.dtype != object:
        return np.zeros(labels.shape, dtype=bool)
    flat = labels.ravel()
    missing = [type(one).__name__ in MISSING_TYPES or _is_nan(one) for one in flat]
    return np.array(missing, dtype=bool).reshape(labels.shape)


def _is_nan(label: Any) -> bool:
    return isinstance(label, float | np.floating) and bool(np.isnan(label))
