"""Anomalies: rows unlike normal ones, calibrated and explained."""

from jamjae.models.anomalies.detector import AnomalyDetector
from jamjae.models.anomalies.drifting import Drift
from jamjae.models.anomalies.explaining import Explanation

__all__ = ["AnomalyDetector", "Drift", "Explanation"]
