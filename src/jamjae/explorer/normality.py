"""What is normal for each feature, and the p-values of rows where a detector gives them."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np

from jamjae.models.anomalies import AnomalyDetector
from jamjae.models.anomalies.conformal import LEAST
from jamjae.models.anomalies.measures import SHARE
from jamjae.models.base import LatentModel


class Verdicts(NamedTuple):
    """What a detector says of the rows shown; nothing for other models.

    Attributes
    ----------
    facts : dict or None
        The number of calibration rows, and the false-alarm rate that is expected, if known.
    arrays : dict
        ``"scores"`` and ``"anomalies"`` of the rows, and ``"p_values"`` where there are enough
        calibration rows.
    """

    facts: dict[str, Any] | None
    arrays: dict[str, np.ndarray]


def model_of(model: Any) -> tuple[Any, AnomalyDetector | None]:
    """Give the autoencoder that a page shows, and the fitted detector around it, if any."""
    if isinstance(model, AnomalyDetector) and hasattr(model, "model_"):
        return model.model_, model
    return model, None


def verdicts(detector: AnomalyDetector | None, model: LatentModel, rows: np.ndarray) -> Verdicts:
    """Score rows (n, ...) as the page has them, by a detector whose autoencoder is `model`."""
    if detector is None:
        return Verdicts(None, {})
    inner = copy.copy(detector)
    inner.model_ = model  # of encoded rows
    scores = inner.score_samples(rows)
    arrays = {"scores": scores, "anomalies": (scores < detector.offset_).astype(np.uint8)}
    m = len(detector.calibration_scores_)
    if m >= LEAST:
        arrays["p_values"] = inner.p_values_of(scores)
    rate = getattr(detector, "false_alarm_", (None,))[0]
    return Verdicts({"calibration": m, "rate": rate}, arrays)


def units_of_errors(
    detector: AnomalyDetector | None, rows: np.ndarray, made: np.ndarray
) -> np.ndarray:
    """Give the error (d,) that is normal for each feature: the root of its mean square.

    That of the detector's training rows, else of these rows (n, ...) and their reconstructions; a
    fifth of the mean over features is added to the squares.
    """
    if detector is not None:
        return np.sqrt(detector.reference_.typical)
    rest = np.subtract(rows, made, dtype=np.float64).reshape(len(rows), -1)
    mean = np.square(rest, out=rest).mean(axis=0)
    return np.asarray(np.sqrt(mean + SHARE * mean.mean())) if mean.any() else np.ones(len(mean))
