"""Split conformal p-values: how rare a score is among rows that the model did not learn from.

If a new row and the n calibration rows are exchangeable, ``p = (1 + #{s_i >= s}) / (n + 1)`` is at
most α with a probability of at most α, whatever the model and the score (Vovk, Gammerman & Shafer
2005; Bates et al. 2023, Annals of Statistics 51:149, for outliers).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from jamjae.errors import InvalidDataError

LEAST = 20  # calibration rows
TIE = 1e-5  # scores this close are equal: those of float32 networks differ a little among others


class Rate(NamedTuple):
    """The false-alarm rate of a threshold, over draws of the calibration rows.

    Attributes
    ----------
    expected : float
        ``m / (n + 1)``, at most the requested rate.
    deviation : float
        Standard deviation of the rate that one draw of calibration rows has: that of a Beta
        distribution with parameters m and n + 1 - m.
    """

    expected: float
    deviation: float


def p_values(calibration: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Give the p-values of anomaly scores (n,), high for anomalies.

    Parameters
    ----------
    calibration : array of shape (m,)
        Scores of calibration rows, in ascending order.
    scores : array of shape (n,)

    Examples
    --------
    >>> p_values(np.arange(1.0, 10.0), np.array([0.5, 9.0, 9.5])).tolist()
    [1.0, 0.2, 0.1]
    """
    n = len(calibration)
    return (1.0 + n - np.searchsorted(calibration + TIE, scores, side="left")) / (n + 1.0)


def _allowed(n: int, rate: float) -> int:
    """Count the places of a new row, from the top of n + 1, that raise an alarm."""
    return math.floor(rate * (n + 1) * (1 + 1e-12))


def threshold(calibration: np.ndarray, rate: float) -> float:
    """Give the score above which a p-value is at most `rate`; infinite if none can be.

    Examples
    --------
    >>> round(threshold(np.arange(1.0, 20.0), 0.1), 4)
    18.0
    """
    m = _allowed(len(calibration), rate)
    return float(calibration[-m] + TIE) if m else math.inf


def rate_of(n: int, rate: float) -> Rate:
    """Give the rate that the threshold for `rate` has with n calibration rows.

    Examples
    --------
    >>> rate_of(19, 0.1).expected
    0.1
    """
    m = _allowed(n, rate)
    deviation = math.sqrt(m * (n + 1 - m) / ((n + 1) ** 2 * (n + 2)))
    return Rate(m / (n + 1), deviation)


def require_rows(n: int, attempt: str) -> None:
    """Refuse fewer than 20 calibration rows.

    Raises
    ------
    InvalidDataError
    """
    if n < LEAST:
        raise InvalidDataError(
            f"{attempt}: {n} rows are left to calibrate on; at least {LEAST} normal rows that the "
            "model does not learn from are expected. Give more rows."
        )


def require_support(n: int, rate: float, attempt: str) -> None:
    """Refuse a rate below what n calibration rows can resolve, and fewer than 20 of them.

    Raises
    ------
    InvalidDataError
    """
    require_rows(n, attempt)
    if not _allowed(n, rate):
        needed = math.ceil(1 / rate - 1e-9) - 1
        raise InvalidDataError(
            f"{attempt}: false_alarm={rate:g} was requested, but the lowest rate for {n} "
            f"calibration rows is 1/{n + 1} = {1 / (n + 1):.3g}. Give at least {needed:,} "
            "calibration rows, or a higher rate."
        )
