"""How far the columns of a generated table, and their correlations, are from real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data import column_codecs
from jamjae.data.finite import finite_array
from jamjae.data.objects import typed
from jamjae.errors import InvalidDataError, ShapeMismatchError, brief
from jamjae.evaluation.metrics.checks import finite

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORDERED = ("numbers", "dates", "durations")
MISSING = "(missing)"


class ColumnDistance(NamedTuple):
    """How far one column's values are distributed from the real ones.

    Attributes
    ----------
    column : str
    kind : {"numbers", "categories"}
        Dates and durations are numbers, booleans and text are categories.
    distance : float
        In [0, 1]: Kolmogorov-Smirnov for numbers, total variation for categories.
    """

    column: str
    kind: str
    distance: float


def marginal_distances(real: Any, generated: Any) -> list[ColumnDistance]:
    r"""Distance between the distributions of each column, of real and of generated rows.

    .. math:: \sup_t |F(t) - G(t)| \text{ for numbers}, \quad
              \tfrac12 \sum_c |p_c - q_c| \text{ for categories}

    with F and G the empirical distribution functions (Kolmogorov-Smirnov), and p and q the shares
    of the categories (total variation).

    Parameters
    ----------
    real : data frame or array-like of shape (n, d)
    generated : data frame or array-like of shape (m, d)
        With the same columns, a data frame's in any order.

    Returns
    -------
    list of ColumnDistance
        One per column, in the order of `real`. 0 for equal distributions, also of a column that is
        constant, and 1 for values that have nothing in common. Two samples of n and m rows of the
        same numbers differ by about :math:`0.87 \sqrt{1/n + 1/m}`.

    Raises
    ------
    ShapeMismatchError
        The columns are not the same.
    InvalidDataError
        Numbers are missing or infinite, or a column holds numbers in one table only. Missing
        categories are a category.

    References
    ----------
    F. J. Massey, The Kolmogorov-Smirnov test for goodness of fit, Journal of the American
    Statistical Association 46 (1951) 68-78.

    Examples
    --------
    >>> import pandas as pd
    >>> real = pd.DataFrame({"age": [1, 2, 3, 4], "pet": ["cat", "dog", "cat", "cat"]})
    >>> made = pd.DataFrame({"age": [1, 2, 3, 9], "pet": ["cat", "dog", "dog", "dog"]})
    >>> [(name, distance) for name, _, distance in marginal_distances(real, made)]
    [('age', 0.25), ('pet', 0.5)]
    """
    told = "marginal_distances"
    first, second = _frame(real, told, "real"), _frame(generated, told, "generated")
    same_columns(first, second, told)
    found = []
    for name in first.columns:
        one, other = first[name], second[name]
        ordered = [column_codecs.kind_of(column) in ORDERED for column in (one, other)]
        if ordered[0] != ordered[1]:
            raise InvalidDataError(
                f"{told} received the column {brief(repr(name), 40)} as {brief(one.dtype, 40)} in "
                f"real and as {brief(other.dtype, 40)} in generated; expected numbers, or "
                "categories, in both."
            )
        kind, distance = ("numbers", _ordered) if ordered[0] else ("categories", _categories)
        found.append(ColumnDistance(str(name), kind, distance(one, other, str(name))))
    return found


def correlation_difference(real: Any, generated: Any) -> float:
    r"""Mean absolute difference of Pearson's correlations, over all pairs of columns.

    .. math:: \frac{2}{d(d-1)} \sum_{i<j} |\rho_{ij} - \rho'_{ij}|

    Parameters
    ----------
    real : data frame or array-like of shape (n, d)
        At least two rows and two columns of numbers; `jamjae.TableEncoder` makes them of a table
        with categories.
    generated : data frame or array-like of shape (m, d)
        With the same columns, a data frame's in any order.

    Returns
    -------
    float
        In [0, 2]; 0 if all correlations are equal. A constant column correlates with none (0).

    Raises
    ------
    ShapeMismatchError
        The columns are not the same.
    InvalidDataError
        There are fewer than two rows or columns, or values are not finite numbers.

    Examples
    --------
    >>> round(correlation_difference([[0, 0], [1, 1], [2, 2]], [[0, 2], [1, 1], [2, 0]]), 6)
    2.0
    """
    told = "correlation_difference"
    if hasattr(real, "iloc") and hasattr(generated, "iloc"):
        same_columns(real, generated, told)
        generated = generated[list(real.columns)]
    rows, made = (
        finite(X, told, name).astype(np.float64)
        for X, name in ((real, "real"), (generated, "generated"))
    )
    for X in (rows, made):
        if X.ndim != 2 or min(X.shape) < 2:
            raise InvalidDataError(
                f"{told} received an array of shape {X.shape}; expected a table (n, d) of at least "
                "two rows and two columns."
            )
    if rows.shape[1] != made.shape[1]:
        raise ShapeMismatchError(
            f"{told} received real rows of {rows.shape[1]} columns and generated rows of "
            f"{made.shape[1]}; expected the same columns."
        )
    apart = np.abs(_correlations(rows) - _correlations(made))
    return float(apart[np.triu_indices(len(apart), 1)].mean())


def same_columns(first: Any, second: Any, operation: str) -> None:
    """Refuse data frames whose columns are not the same, or not each of another name."""
    ours, theirs = list(first.columns), list(second.columns)
    if len(set(ours)) < len(ours) or set(ours) != set(theirs) or len(ours) != len(theirs):
        only = [name for name in [*ours, *theirs] if (name in ours) != (name in theirs)]
        raise ShapeMismatchError(
            f"{operation} received tables of {len(ours)} and {len(theirs)} columns; expected the "
            "same columns, each of another name"
            + (f", but only one has {brief(', '.join(map(str, only)), 120)}." if only else ".")
        )


def _frame(X: Any, operation: str, name: str) -> Any:
    from pandas import DataFrame

    if hasattr(X, "iloc") and getattr(X, "ndim", 0) == 2:
        if not len(X) or not len(X.columns):
            raise InvalidDataError(f"{operation} received no cells in {name} (shape={X.shape}).")
        return X
    rows = finite(X, operation, name)
    if rows.ndim != 2:
        raise InvalidDataError(
            f"{operation} received {name} of shape {rows.shape}; expected a table (n, d). Columns "
            "of images are pixels: X.reshape(len(X), -1)."
        )
    return DataFrame(rows, columns=[f"x{i}" for i in range(rows.shape[1])])


def _ordered(one: Any, other: Any, name: str) -> float:
    from scipy.stats import ks_2samp

    values = [_numbers(column, name) for column in (one, other)]
    return float(ks_2samp(*values, method="asymp").statistic)


def _numbers(column: Any, name: str) -> NDArray[np.float64]:
    made = typed(column)
    if made.isna().any():
        raise InvalidDataError(
            f"marginal_distances received {int(made.isna().sum())} missing numbers in the column "
            f"{brief(repr(name), 40)}; drop those rows or fill them."
        )
    if getattr(made.dtype, "kind", "O") in "mM":
        made = made.dt.tz_localize(None) if getattr(made.dtype, "tz", None) else made
        kind = "datetime64[ns]" if made.dtype.kind == "M" else "timedelta64[ns]"
        return made.to_numpy(kind).astype(np.int64).astype(np.float64)
    numbers = made.to_numpy(np.float64)
    return finite_array(numbers, f"marginal_distances cannot use the column {name!r}")


def _categories(one: Any, other: Any, name: str) -> float:  # noqa: ARG001
    shares = [
        column.astype(object)
        .where(column.notna(), MISSING)
        .astype(str)
        .value_counts(normalize=True)
        for column in (one, other)
    ]
    return float(shares[0].sub(shares[1], fill_value=0.0).abs().sum() / 2)


def _correlations(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson's correlations (d, d); 0 with a column that is constant."""
    offset = rows - rows[0]  # exact zeros, not rounding errors, for a column that is constant
    offset -= offset.mean(axis=0)
    scale = np.abs(offset).max(axis=0)
    offset /= np.where(scale > 0, scale, 1.0)
    length = np.sqrt(np.square(offset).sum(axis=0))
    offset /= np.where(length > 0, length, 1.0)
    found: NDArray[np.float64] = np.clip(offset.T @ offset, -1.0, 1.0)
    return found
