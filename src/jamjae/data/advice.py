"""What a careful colleague would point out about rows before learning from them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from jamjae.data.readers.cells import counted, listed
from jamjae.data.rows import LazyRows

NEARLY_ALL = 0.95  # share of the variance that one column makes
FAR_APART = 10.0  # largest deviation of a column, by the median one
LOOKED_AT = 100_000  # rows
BELOW = tuple(-float(digit * n) for digit in "89" for n in range(1, 6))  # codes for missing, such
ABOVE = tuple(float("9" * n) for n in range(2, 7))  # as SPSS's -9 and 99
APART = 2.0  # times the next largest, at least, is such a code


def column_deviations(X: np.ndarray) -> np.ndarray:
    """Give the standard deviation of each column, of at most 100,000 rows, in float64."""
    step = max(len(X) // LOOKED_AT, 1)
    some = np.asarray(X[::step], dtype=np.float64)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of columns without any value
        centered = some - np.nanmean(some, axis=0)
        found: np.ndarray = np.sqrt(np.nanmean(np.square(centered), axis=0))
    return found


def differ_in_units(X: Any) -> bool:
    """Whether a table has columns that vary by so different amounts that few make all variance."""
    if not isinstance(X, np.ndarray) or X.ndim != 2 or X.dtype.kind not in "iuf" or len(X) < 2:
        return False
    if X.dtype in (np.uint8, np.uint16):  # pixels share a unit
        return False
    deviations = column_deviations(X)
    known = deviations[np.isfinite(deviations) & (deviations > 0)]
    return len(known) > 1 and bool(known.max() > FAR_APART * np.median(known))


def advice(
    X: Any,
    names: Sequence[str],
    n_components: int | None = None,
    *,
    standardized: bool = False,
) -> list[str]:
    """Point out what makes a fit useless or misleading.

    Parameters
    ----------
    X : array of shape (n, ...), data frame or rows in files
    names : sequence of str
        Of the columns; may be empty.
    n_components : int, optional
    standardized : bool, default=False
        Whether columns are standardized, so that none can make nearly all the variance.

    Returns
    -------
    list of str
        One note for each finding: a column that makes nearly all the variance, constant columns,
        equal rows, codes longer than a row, and numbers such as -9 or 999 that may mean missing.
    """
    found = []
    width = int(np.prod(X.shape[1:]))
    if n_components is not None and n_components >= width:
        found.append(
            f"codes: {n_components} components for {counted(width, 'value')} per row, so nothing "
            "is compressed"
        )
    piecewise = isinstance(X, LazyRows)
    if piecewise and X.ndim == 2:
        X = X[:: max(len(X) // LOOKED_AT, 1)]
    if not isinstance(X, np.ndarray) or X.ndim != 2 or X.dtype.kind not in "iuf" or len(X) < 2:
        return found
    titles = list(names) or [f"column_{i + 1}" for i in range(width)]
    deviations = column_deviations(X)
    leading = [] if standardized else _leading(titles, deviations)
    if piecewise:  # some rows do not show that columns are constant or rows are equal
        return found + leading + _stand_ins(X, titles)
    if constant := [title for title, one in zip(titles, deviations, strict=True) if one == 0]:
        found.append(f"constant: {counted(len(constant), 'column')}: {listed(constant)}")
    found += leading
    found += _stand_ins(X, titles)
    if X.size <= LOOKED_AT * 10 and (equal := len(X) - len(np.unique(X, axis=0))):
        found.append(f"equal rows: {equal:,} of {len(X):,} repeat another")
    return found


def _leading(titles: Sequence[str], deviations: np.ndarray) -> list[str]:
    largest = float(np.nanmax(deviations, initial=0.0))
    if largest == 0 or not np.isfinite(largest):
        return []
    shares = np.square(deviations / largest)
    share = float(1.0 / np.nansum(shares))
    if share < NEARLY_ALL or np.count_nonzero(shares) < 2:
        return []
    title = titles[int(np.nanargmax(deviations))]
    return [
        (
            f"variance: {title} makes {share:.1%} of it: consider standardizing "
            "(scaling='standardize', --standardize)"
        )
    ]


def _stand_ins(X: np.ndarray, titles: Sequence[str]) -> list[str]:
    """Name the numbers, outside of all others of their column, by which some mark missing cells."""
    some = X[:: max(len(X) // LOOKED_AT, 1)]
    low, high = np.fmin.reduce(some), np.fmax.reduce(some)  # of the cells that are not missing
    likely = np.flatnonzero(np.isin(low, BELOW) | np.isin(high, ABOVE))
    found = [
        f"{code:.0f} in {titles[i]} ({counted(count, 'cell')})"
        for i in likely.tolist()
        for code, count in [_stand_in(some[:, i])]
        if count
    ]
    if not found:
        return []
    return [f"missing, perhaps: {listed(found)}; na=, --na takes such numbers for missing"]


def _stand_in(column: np.ndarray) -> tuple[float, int]:
    """Find such a number in a column, and how often it comes; 0 times if there is none."""
    values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    if len(values) > 2 and values[0] in BELOW and counts[0] > 1 and values[1] >= 0:
        return float(values[0]), int(counts[0])
    if len(values) > 2 and values[-1] in ABOVE and values[-1] > APART * values[-2]:
        return float(values[-1]), int(counts[-1]) * int(counts[-1] > 1)
    return 0.0, 0
