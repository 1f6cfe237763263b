"""Whether new rows are still distributed as normal ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.rows import Given
from jamjae.errors import InvalidDataError
from jamjae.models import tables
from jamjae.models.anomalies import conformal

if TYPE_CHECKING:
    from jamjae.models.anomalies.detector import AnomalyDetector

LEAST = 20  # new rows
MOST = 20_000  # new rows whose features are compared
LEVEL = 0.01  # of the test of a feature, over all features together


class Drift(NamedTuple):
    """A comparison of new rows with normal ones.

    Attributes
    ----------
    statistic : float
        The greatest difference between the distributions of p-values of the new rows and of
        calibration rows (Kolmogorov-Smirnov), from 0 to 1.
    p_value : float
        How often a batch of normal rows gives at least that. The calibration rows count as a
        sample, not as the truth. Of detectors that are not ``exact_`` only rows that are more
        anomalous count.
    p_values : float64 array of shape (n,)
        Of the new rows.
    features : list of (str, float, float)
        The features that moved, the most significant first: its name (the pixel, for images), the
        shift of its mean in deviations of normal rows, and its p-value (Kolmogorov-Smirnov), at
        most .01 over the number of features.
    shift : float64 array of shape row_shape
        The shift of the mean of every feature, in deviations of normal rows.
    """

    statistic: float
    p_value: float
    p_values: np.ndarray
    features: list[tuple[str, float, float]]
    shift: np.ndarray


def drift_of(detector: AnomalyDetector, rows: Given) -> Drift:
    """Compare checked rows (n, ...) with normal ones.

    Raises
    ------
    InvalidDataError
        There are fewer than 20 rows.
    """
    from scipy.stats import ks_2samp

    if len(rows) < LEAST:
        raise InvalidDataError(
            f"AnomalyDetector cannot test {len(rows)} rows for drift; at least {LEAST} are "
            "expected. Use p_values for single rows."
        )
    scores = detector._scored(rows)
    calibration = detector.calibration_scores_
    side = "two-sided" if detector.exact_ else "less"
    found = ks_2samp(scores, calibration, alternative=side)
    few = np.asarray(rows[:: max(len(rows) // MOST, 1)])
    shift, features = _moved(few, detector.reference_.rows, _names(detector.model_))
    return Drift(
        float(found.statistic),
        float(found.pvalue),
        conformal.p_values(calibration, scores),
        features,
        shift.reshape(rows.shape[1:]),
    )


def _moved(
    new: np.ndarray, normal: np.ndarray, names: list[str]
) -> tuple[np.ndarray, list[tuple[str, float, float]]]:
    """Give the shift of each feature's mean, and the features that moved."""
    from scipy.stats import ks_2samp

    a, b = (rows.reshape(len(rows), -1).astype(np.float64) for rows in (new, normal))
    spread = np.nanstd(b, axis=0)
    difference = np.nanmean(a, axis=0) - np.nanmean(b, axis=0)
    shift = np.divide(difference, spread, out=np.zeros_like(difference), where=spread > 0)
    found = []
    for j, name in enumerate(names):
        own, usual = (column[np.isfinite(column)] for column in (a[:, j], b[:, j]))
        p = float(ks_2samp(own, usual).pvalue) if len(own) and len(usual) else 1.0
        if p <= LEVEL / len(names):
            found.append((name, float(shift[j]), p))
    return shift, sorted(found, key=lambda one: (one[2], -abs(one[1])))


def _names(model: Any) -> list[str]:
    named = tables.feature_names(model)
    places = np.ndindex(*model.row_shape_)
    return named or ["pixel " + ", ".join(map(str, place)) for place in places]
