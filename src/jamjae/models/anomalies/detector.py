"""Detect anomalies: calibrated on normal rows, and explained."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from jamjae.data.rows import Given
from jamjae.engine.blocks import among
from jamjae.errors import InvalidDataError
from jamjae.models import missing
from jamjae.models.anomalies import conformal, given, stored
from jamjae.models.anomalies.drifting import Drift, drift_of
from jamjae.models.anomalies.explaining import Explanation, explained
from jamjae.models.anomalies.learning import UNCALIBRATED, Learned, learn, taken, trimmed
from jamjae.models.anomalies.measures import PARTS, Measure
from jamjae.models.base import LatentModel

COPIED = ("n_features_in_", "feature_names_in_")


class AnomalyDetector(OutlierMixin, BaseEstimator):
    """Find rows unlike normal ones, at a false-alarm rate that holds on new normal rows.

    A row is anomalous if an autoencoder of normal rows reconstructs it badly, or if its code is
    far from their codes. Each part is measured on the scale of normal rows that the autoencoder
    did not learn from, ``z = (log s - median) / deviation`` (minus the log density in place of
    log s), and the score is minus their weighted mean, with the weights that separate such rows
    from anomalies made of them. Other normal rows turn it into a p-value by split conformal
    prediction.

    Parameters
    ----------
    model : Autoencoder or VariationalAutoencoder, default=None
        It is cloned and fitted, unless it is `prefit`. None takes 32 components for images, which
        are learned from images turned by quarters, and standardized columns (8- and 16-bit ones
        are scaled as pixels) with components for four fifths of the variance for tables. It is PCA
        for tables of fewer than 500 rows, and for all tables if `contamination` is given.
    measure : {"combined", "error", "neighbors", "density", "mixture"}, default="combined"
        ``"error"`` is the reconstruction error: for tables the mean squared error, with each
        feature scaled by its normal error and, for at most 100 columns, decorrelated; for images
        the mean cubed absolute error after a blur over a twentieth of the shorter side.
        ``"neighbors"`` is the distance to the code of the fifth nearest normal row, with each
        component standardized; ``"density"`` the negative log density of the code; ``"mixture"``
        that of the row, under a mixture of normal distributions. ``"combined"`` is the weighted
        mean of error, density and mixture for tables of at most 100 columns, else of error and
        neighbors.
    false_alarm : float in (0, 1), default=0.05
        The share of new normal rows that `predict` reports, in expectation.
    contamination : "auto" or float in (0, 0.5], default="auto"
        A float sets the threshold as scikit-learn's detectors do, so that this share of the rows
        of ``fit`` is reported; the model learns from all of them, p-values are ranks among them,
        and `false_alarm` is not used. "auto": all rows are normal.
    robust : bool, default=False
        Fit a second time without the `contamination` share of the rows that are the most
        anomalous according to the first fit. This helps if anomalies are unlike each other; many
        similar ones are learned as normal. The p-values do not guarantee a false-alarm rate.
    calibration_fraction : float in (0, 1), default=0.25
        Share of the rows held out, of which a fifth scales the parts and the others calibrate.
        With fewer than 500 rows, each row is scored by one of five models that were not fitted to
        it (twenty if `model` has no hidden layers). The last of them is kept, and the rate holds
        approximately.
    n_neighbors : int, default=5
        Which of the nearest codes measures ``"neighbors"``.
    prefit : bool, default=False
        Whether `model` is fitted, and used as it is. Give ``fit`` rows that it did not learn from.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    model_ : fitted autoencoder
    parts_ : tuple of str
        What the score is made of.
    weights_ : float64 array of shape (parts,)
        The share of each part in the score.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    calibration_scores_ : float64 array of shape (m,)
        Anomaly scores (minus ``score_samples``) of calibration rows, in ascending order; with a
        `contamination` those of the rows of ``fit``, of at most 50,000.
    false_alarm_ : (expected, deviation)
        The expected rate of the threshold, at most `false_alarm`, and the standard deviation of
        the rate that these calibration rows give. Only with ``contamination="auto"``.
    exact_ : bool
        Whether the calibration rows were held out of one fit, so that the rate holds exactly.
    trimmed_ : int array
        The positions of the rows that a robust fit left out.
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> from jamjae import Autoencoder, AnomalyDetector
    >>> X = np.random.default_rng(0).normal(size=(600, 4)) @ np.diag([3.0, 2.0, 1.0, 0.1])
    >>> detector = AnomalyDetector(Autoencoder(2, network=(), epochs=1), random_state=0).fit(X)
    >>> detector.predict([[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 9.0, 5.0]]).tolist()
    [1, -1]

    References
    ----------
    Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World. Bates, Candès, Lei,
    Romano & Sesia (2023), Testing for outliers with conformal p-values, Annals of Statistics
    51:149.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "model": [LatentModel, None],
        "measure": [StrOptions({"combined", *PARTS})],
        "false_alarm": [Interval(Real, 0, 1, closed="neither")],
        "contamination": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")],
        "robust": ["boolean"],
        "calibration_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "prefit": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        model: LatentModel | None = None,
        *,
        measure: str = "combined",
        false_alarm: float = 0.05,
        contamination: float | str = "auto",
        robust: bool = False,
        calibration_fraction: float = 0.25,
        n_neighbors: int = 5,
        prefit: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.model = model
        self.measure = measure
        self.false_alarm = false_alarm
        self.contamination = contamination
        self.robust = robust
        self.calibration_fraction = calibration_fraction
        self.n_neighbors = n_neighbors
        self.prefit = prefit
        self.random_state = random_state

    def fit(self, X: Any, y: None = None, *, calibration_data: Any = None) -> Self:
        """Learn from normal rows, and calibrate on those that the model does not learn from.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c), data frame or rows in files
            Normal rows, at least 20, or 10 with a `contamination`. With `prefit`, give rows that
            the model was not fitted to.
        y : ignored
        calibration_data : array-like of rows as those of X, optional
            Other normal rows to calibrate on, at least 25, of which a fifth scales the parts; the
            model then learns from all of X.

        Returns
        -------
        self

        Raises
        ------
        InvalidDataError
            X holds labels, is all one row, or has too few rows for the false-alarm rate.
        ShapeMismatchError
            `calibration_data` has rows of another shape.

        Warns
        -----
        UserWarning
            A model that is `prefit` has learned from these rows.
        """
        self._validate_params()
        attempt = f"{type(self).__name__} cannot fit"
        given.require_sense(self, attempt)
        least = conformal.LEAST if self.contamination == "auto" else UNCALIBRATED
        X = given.rows_of(X, self.model, attempt, least)
        rng = check_random_state(self.random_state)
        settings = given.settings(self, X, rng)
        held = given.others_of(self, X, calibration_data, attempt)
        self._take(learn(settings, X, held))
        self.trimmed_ = np.zeros(0, dtype=np.intp)
        if self.robust:
            self.trimmed_, kept = trimmed(self.score_samples(X), float(self.contamination))
            self._take(learn(settings, taken(X, kept), held), kept)
        if self.contamination == "auto":
            self._calibrate(attempt)
        else:
            share = 100 * float(self.contamination)
            self.offset_ = float(np.percentile(self.score_samples(X), share))
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """Return how normal each row is: the negative anomaly score, in deviations of normal rows.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c)

        Returns
        -------
        float64 array of shape (n,)
            Low for anomalies; the median of normal rows is about 0.
        """
        check_is_fitted(self)
        if not given.is_long_table(self.model_, X):
            return -self._scored(self._checked(X, "score samples"))
        made = np.empty(len(X))
        for chunk in given.pieces(len(X)):
            try:
                rows = self._checked(taken(X, chunk), "score samples")
            except InvalidDataError:
                self._checked(X, "score samples")  # whose message counts the rows of all
                raise
            with among(len(X)):
                made[chunk] = self._scored(rows)
        return -made

    def decision_function(self, X: Any) -> np.ndarray:
        """``score_samples(X) - offset_``: negative for anomalies."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """Give -1 for anomalies and 1 for normal rows, (n,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def p_values(self, X: Any) -> np.ndarray:
        """Return conformal p-values: the share of normal rows that are at least as anomalous.

        Of new normal rows at most a share α has a p-value of α or less, in expectation over
        calibration rows, exactly if `exact_`. With a `contamination` they are ranks among the rows
        of ``fit``.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c)

        Returns
        -------
        float64 array of shape (n,)
            From ``1 / (m + 1)`` to 1, for m calibration rows.
        """
        return self.p_values_of(self.score_samples(X))

    def p_values_of(self, scores: Any) -> np.ndarray:
        """Give the p-values (n,) of what `score_samples` gave; errors as `p_values`."""
        check_is_fitted(self)
        return conformal.p_values(self.calibration_scores_, -np.asarray(scores, dtype=np.float64))

    def with_rate(self, false_alarm: float) -> Self:
        """Give this fitted detector with the threshold for another false-alarm rate.

        Fitted with a `contamination`, it reports another share of the rows of ``fit``.

        Raises
        ------
        InvalidDataError
            There are too few calibration rows for it.
        """
        check_is_fitted(self)
        made = copy.copy(self)
        if hasattr(self, "false_alarm_"):
            made.set_params(false_alarm=false_alarm)
            made._validate_params()
            made._calibrate("AnomalyDetector cannot take another rate")
        else:
            made.set_params(contamination=false_alarm)
            made._validate_params()
            made.offset_ = float(np.percentile(-self.calibration_scores_, 100 * false_alarm))
        return made

    def explain(self, X: Any) -> Explanation:
        """Say why rows are anomalous, or not: see `Explanation`.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c)
            A few rows: all results are in memory.
        """
        rows = self._checked(X, "explain")
        return explained(self, np.asarray(rows), X)

    def drift(self, X_new: Any) -> Drift:
        """Test whether a batch of rows is distributed as the calibration rows: see `Drift`.

        Parameters
        ----------
        X_new : array-like of shape (n, d), (n, h, w) or (n, h, w, c)
            At least 20 rows.
        """
        return drift_of(self, self._checked(X_new, "test for drift"))

    def save(self, path: str | Path) -> Path:
        """Write the fitted detector to one ``.jamjae`` file, for `jamjae.load_model`."""
        from jamjae.models.persistence import save_model

        check_is_fitted(self)
        return save_model(self, path)

    # --- inside -----------------------------------------------------------------------------

    def _calibrate(self, attempt: str) -> None:
        n = len(self.calibration_scores_)
        conformal.require_support(n, self.false_alarm, attempt)
        self.offset_ = -conformal.threshold(self.calibration_scores_, self.false_alarm)
        self.false_alarm_ = conformal.rate_of(n, self.false_alarm)

    def _take(self, learned: Learned, kept: np.ndarray | None = None) -> None:
        """Take what was learned, of some rows of ``fit`` by their positions, or of all."""
        measure, self.scale_ = learned.measure, learned.scale
        self.model_, self.reference_ = measure.model, measure.reference
        if kept is not None:
            positions = kept[self.reference_.positions.astype(np.intp)].astype(np.float64)
            self.reference_ = self.reference_._replace(positions=positions)
        self.parts_, self.mixture_ = measure.names, measure.mixture
        self.calibration_scores_, self.exact_ = learned.calibration, learned.exact
        self.__dict__.pop("false_alarm_", None)
        for name in COPIED:
            self.__dict__.pop(name, None)
            if hasattr(self.model_, name):
                setattr(self, name, getattr(self.model_, name))

    def _checked(self, X: Any, operation: str) -> Given:
        check_is_fitted(self)
        rows: Given = self.model_._checked(X, operation)
        return rows

    @property
    def weights_(self) -> np.ndarray:
        """The share of each part in the score, (parts,)."""
        weights: np.ndarray = self.scale_.weights
        return weights

    def _measure(self) -> Measure:
        return Measure(self.model_, self.reference_, self.n_neighbors, self.parts_, self.mixture_)

    def _scored(self, rows: Given) -> np.ndarray:
        """Give the anomaly scores (n,) of checked rows, a piece at a time."""
        return self.scale_.combined(self._measure()(rows))

    def _stored_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Give what a model file holds beside the model and parameters: for JSON, and arrays."""
        return stored.parts(self)

    @classmethod
    def _of_parts(
        cls, described: Any, arrays: Mapping[str, np.ndarray], model: LatentModel
    ) -> Self:
        return stored.put_together(cls(), described, arrays, model)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = missing.allowed(self.model)
        return tags

    def __sklearn_clone__(self) -> Self:
        """Clone as scikit-learn does; a model that is prefit stays fitted, and is shared."""
        if not self.prefit or self.model is None:
            return super().__sklearn_clone__()
        bare = copy.copy(self)
        bare.model = None
        bare.prefit = False
        return clone(bare).set_params(model=self.model, prefit=True)
