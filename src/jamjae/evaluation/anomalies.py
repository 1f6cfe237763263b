"""The anomalies among rows: a table of p-values with reasons, and the strangest rows explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.errors import InvalidDataError, ShapeMismatchError

if TYPE_CHECKING:
    from jamjae.models.anomalies import AnomalyDetector, Explanation

LISTED = 100_000  # rows whose table is written whole; of more only those that are reported
EXPLAINED = 2_000  # reported rows that get a reason, the strangest first


@dataclass(frozen=True)
class AnomalyReport:
    """What a detector says of rows.

    Attributes
    ----------
    p_values, scores : float64 arrays of shape (n,)
    anomalous : bool array of shape (n,)
    offset : float
        The threshold of `scores`.
    calibration : float64 array of shape (m,)
        Scores of the calibration rows.
    names : list of str
        Of the rows; their numbers if they have no names.
    strangest : int array of shape (s,)
        Positions of the rows of the lowest scores, in this order.
    shown : Explanation
        Of the strangest rows.
    originals : array of shape (s, *row_shape), or data frame
        These rows, as they were given.
    reasons : dict of int to str
        By position, of reported rows.
    promise : str
        What is known of the false-alarm rate.
    """

    p_values: np.ndarray
    scores: np.ndarray
    anomalous: np.ndarray
    offset: float
    calibration: np.ndarray
    names: list[str]
    strangest: np.ndarray
    shown: Explanation
    originals: Any
    reasons: dict[int, str]
    promise: str

    @property
    def sentence(self) -> str:
        """The result in a sentence."""
        n, count = len(self.anomalous), int(self.anomalous.sum())
        verb = "is" if count == 1 else "are"
        return f"{count:,} of {n:,} rows {verb} anomalous ({count / n:.1%}). {self.promise}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The table, one dict per row in their order; of more than 100,000 only reported rows."""
        every = np.arange(len(self.anomalous))
        listed = every if len(every) <= LISTED else every[self.anomalous]
        return [self.line(i) for i in listed.tolist()]

    def line(self, i: int) -> dict[str, Any]:
        """Give the line of the table about the row at position i."""
        return {
            "row": self.names[i],
            "p_value": float(self.p_values[i]),
            "score": float(self.scores[i]),
            "anomaly": bool(self.anomalous[i]),
            "reason": self.reasons.get(i, ""),
        }


def anomaly_report(
    detector: AnomalyDetector,
    X: Any,
    *,
    names: Sequence[str] = (),
    shown: int = 20,
    scores: np.ndarray | None = None,
) -> AnomalyReport:
    """Score rows by a fitted detector, and explain the strangest.

    Parameters
    ----------
    detector : fitted AnomalyDetector
    X : array-like, data frame or rows in files
        As the detector takes them.
    names : sequence of str, optional
        Of the rows.
    shown : int >= 1, default=20
        Rows that are explained in full.
    scores : array of shape (n,), optional
        What ``detector.score_samples(X)`` gives, where it is known.

    Returns
    -------
    AnomalyReport

    Raises
    ------
    InvalidDataError, ShapeMismatchError
        X is not as the detector takes it, or names or scores are not one per row.

    Examples
    --------
    >>> import numpy as np
    >>> from jamjae import Autoencoder, AnomalyDetector
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> detector = AnomalyDetector(Autoencoder(2, network=(), epochs=1), random_state=0).fit(X)
    >>> anomaly_report(detector, [[0, 0, 0], [9, 9, 9]]).anomalous.tolist()
    [False, True]
    """
    if shown < 1:
        raise InvalidDataError(f"anomaly_report received shown={shown}; expected at least 1.")
    scores = detector.score_samples(X) if scores is None else scores
    n = len(X)
    for what, count in (("names", len(names) or n), ("scores", len(scores))):
        if count != n:
            raise ShapeMismatchError(
                f"anomaly_report received {count} {what} of {n} rows; expected one for each."
            )
    order = np.argsort(scores, kind="stable")
    anomalous = scores < detector.offset_
    few = order[:shown]
    explained = detector.explain(_taken(X, few))
    reasons = dict(zip(few.tolist(), explained.reasons, strict=True))
    rest = order[shown : min(int(anomalous.sum()), EXPLAINED)]
    if len(rest):
        more = detector.explain(_taken(X, rest)).reasons
        reasons |= dict(zip(rest.tolist(), more, strict=True))
    return AnomalyReport(
        p_values=detector.p_values_of(scores),
        scores=scores,
        anomalous=anomalous,
        offset=float(detector.offset_),
        calibration=-detector.calibration_scores_[::-1],
        names=[str(name) for name in names] or [str(i) for i in range(n)],
        strangest=few,
        shown=explained,
        originals=_taken(X, few),
        reasons=reasons,
        promise=promise(detector),
    )


def promise(detector: AnomalyDetector) -> str:
    """Say what is known of a detector's false-alarm rate."""
    if not hasattr(detector, "false_alarm_"):
        return (
            f"The threshold is set to report {float(detector.contamination):.3g} of the rows that "
            "the detector learned from; no false-alarm rate is guaranteed."
        )
    rate, deviation = detector.false_alarm_
    m = len(detector.calibration_scores_)
    how = "held out" if detector.exact_ else "scored across folds"
    return (
        f"The share of new normal rows that is reported is expected to be {rate:.2g} ± "
        f"{deviation:.2g}, estimated from {m:,} normal rows {how}."
    )


def _taken(X: Any, index: np.ndarray) -> Any:
    if hasattr(X, "iloc"):
        return X.iloc[index]
    return X[index] if hasattr(X, "shape") else np.asarray(X)[index]
