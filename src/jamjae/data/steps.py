"""Whole numbers and times as counts of steps, which floats hold exactly."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np


class Steps(NamedTuple):
    """Whole numbers and times, counted in steps from an origin, so that floats hold them exactly.

    Attributes
    ----------
    origin, size : int
        In the units of the column; both 0 for values that are not whole.
    """

    origin: int = 0
    size: int = 0

    @classmethod
    def of(cls, kind: str, column: Any) -> Self:
        """Find the lowest value, and the largest step between values, of a column."""
        whole = _integers(kind, column)
        if whole is None:
            return cls()
        known = whole[0][~whole[1]]
        if not len(known):
            return cls(0, 1)
        origin = int(known.min())
        if int(known.max()) - origin > np.iinfo(np.int64).max:
            return cls()  # the differences are no 64-bit integers
        return cls(origin, int(np.gcd.reduce(known - origin)) or 1)

    def counted(self, kind: str, column: Any) -> np.ndarray:
        """Give the steps of each value from the origin as float64, NaN where it is missing."""
        whole = _integers(kind, column) if self.size else None
        if whole is None:
            values = _floats(column)
            return (values - self.origin) / self.size if self.size else values
        values, missing = whole
        with np.errstate(over="raise"):
            counts = (values - np.int64(self.origin)) / self.size
        return np.where(missing, np.nan, counts)


def _integers(kind: str, column: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Give whole numbers or times as int64, and which are missing; None for other columns."""
    if kind in ("dates", "durations"):
        if getattr(column.dtype, "tz", None) is not None:
            column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        return column.to_numpy().view(np.int64), column.isna().to_numpy()
    plain = getattr(column.dtype, "kind", "O")
    if kind == "numbers" and plain in "iu":
        missing = column.isna().to_numpy()
        filled = (
            column.fillna(column.min() if not missing.all() else 0) if missing.any() else column
        )
        values = filled.to_numpy()
        if plain == "u" and len(values) and values.max() > np.iinfo(np.int64).max:
            return None
        return values.astype(np.int64), missing
    return None


def _floats(column: Any) -> np.ndarray:
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
