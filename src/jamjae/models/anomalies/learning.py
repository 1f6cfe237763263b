"""What a detector learns of normal rows: from some of them, calibrated on the others."""

from __future__ import annotations

import copy
import math
import warnings
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from jamjae.data.rows import LazyRows, Subset
from jamjae.errors import InvalidDataError
from jamjae.latent.densities.mixture import Mixture
from jamjae.models.anomalies.measures import Measure, Reference, Scale, as_vectors
from jamjae.models.anomalies.weighing import USED, made_of

SPLIT = 500  # rows from which on one model, and rows held out of it, are enough
FOLDS, FOLDS_OF_LINEAR = 5, 20  # a linear model takes little time
SCALING = 0.2  # of the held-out rows: those that scale the parts
CALIBRATION = 50_000  # rows that calibrate, at most
UNCALIBRATED = 10  # rows, at least, where contamination sets the threshold
SAME = 1e-6  # relative difference of errors on the same rows


class Settings(NamedTuple):
    """What a fit needs beside rows."""

    model: Any
    prefit: bool
    parts: tuple[str, ...]  # of the score
    contaminated: bool  # whether rows may be anomalies, so that all are to be scored alike
    n_neighbors: int
    fraction: float
    seed: int


class Learned(NamedTuple):
    """What a fit found.

    Attributes
    ----------
    measure : Measure
        What the score is made of, with the fitted autoencoder.
    scale : Scale
    calibration : float64 array of shape (m,)
        Anomaly scores in ascending order.
    exact : bool
        Whether one model was calibrated on rows that it did not learn from.
    """

    measure: Measure
    scale: Scale
    calibration: np.ndarray
    exact: bool


class Some(LazyRows):
    """Some of the rows in files, which stay there."""

    def __init__(self, rows: LazyRows, index: np.ndarray) -> None:
        self._subset = Subset(rows, index)
        self.shape, self.dtype, self.titles = self._subset.shape, rows.dtype, rows.titles

    def _read(self, index: np.ndarray) -> np.ndarray:
        return self._subset[index]


def taken(X: Any, index: np.ndarray) -> Any:
    """Give some rows of X, by position; of rows in files without reading them."""
    if hasattr(X, "iloc"):
        return X.iloc[index]
    return Some(X, index) if isinstance(X, LazyRows) else X[index]


def n_calibrating(n: int, fraction: float, held: int | None = None) -> int:
    """Count the rows that calibrate: some of n normal rows, or of `held` other ones."""
    if held is None and n < SPLIT:
        return n
    apart = min(math.ceil(fraction * n), CALIBRATION) if held is None else held
    return apart - math.ceil(SCALING * apart)


def learn(settings: Settings, X: Any, held: Any = None) -> Learned:
    """Learn from normal rows X (n, ...), and calibrate on others: `held`, or some of X."""
    n = len(X)
    if settings.prefit:
        _warn_of_same(settings.model, X)
    if held is None and settings.contaminated:
        return _of_all(settings, X)
    if held is None and n < SPLIT:
        return _across_folds(settings, X)
    order = np.random.RandomState(settings.seed).permutation(n)
    m = 0 if held is not None else min(math.ceil(settings.fraction * n), CALIBRATION)
    apart, own = order[:m], np.sort(order[m:])
    measure = _trained(settings, X, own)
    others = taken(X, apart) if held is None else held
    scaling = math.ceil(SCALING * len(others))
    parts, made = _measured(settings, measure, others, scaling)
    scale = Scale.of(parts[:scaling], made)
    calibration = np.sort(scale.combined(parts[scaling:]))
    return Learned(measure, scale, calibration, exact=True)


def _of_all(settings: Settings, X: Any) -> Learned:
    """Learn from all rows, and calibrate on them: none is reported because it was held out."""
    order = np.random.RandomState(settings.seed).permutation(len(X))
    measure = _trained(settings, X, np.arange(len(X)))
    some = order[:CALIBRATION]
    parts, made = _measured(settings, measure, taken(X, some), len(some))
    scale = Scale.of(parts, made)
    return Learned(measure, scale, np.sort(scale.combined(parts)), exact=False)


def trimmed(scores: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the positions of the rows (n,) of the lowest scores, a share of all, and of the others.

    Raises
    ------
    InvalidDataError
        Too few are left.
    """
    order = np.argsort(scores, kind="stable")
    fewer = math.floor(share * len(scores))
    keep = len(scores) - fewer
    if keep < UNCALIBRATED:
        raise InvalidDataError(
            f"AnomalyDetector cannot fit: of {len(scores)} rows contamination={share:g} leaves "
            f"{keep}; at least {UNCALIBRATED} are expected. Give more rows."
        )
    return np.sort(order[:fewer]), np.sort(order[fewer:])


def _across_folds(settings: Settings, X: Any) -> Learned:
    """Score each row by a model that learned from the other folds, and keep the last of them.

    New rows are then scored as the calibration rows were. A model of all rows has also seen these,
    so that it would report fewer new rows than requested.
    """
    n = len(X)
    number = FOLDS_OF_LINEAR if _is_linear(settings.model) and not settings.prefit else FOLDS
    folds = np.array_split(np.random.RandomState(settings.seed).permutation(n), min(number, n))
    parts, made = np.empty((n, len(settings.parts))), []  # of the rows, and of anomalies
    for fold in folds:
        measure = _trained(settings, X, np.setdiff1d(np.arange(n), fold))
        parts[fold], of_fold = _measured(settings, measure, taken(X, fold), len(fold))
        made.append(of_fold)
    scale = Scale.of(parts, np.concatenate(made, axis=1))
    return Learned(measure, scale, np.sort(scale.combined(parts)), exact=False)


def _trained(settings: Settings, X: Any, own: np.ndarray) -> Measure:
    """Fit a model to some rows of X, and gather what is normal among them."""
    some, names = taken(X, own), settings.parts
    model = settings.model if settings.prefit else _fitted(settings.model, some)
    rows = model._checked(some, "learn what is normal")
    _require_variance(model, rows)
    if "density" in names and not (settings.prefit and hasattr(model, "density_")):
        kind = "auto" if names == ("density",) else "mixture"
        model = copy.copy(model).fit_density(some, kind=kind, random_state=settings.seed)
    reference = Reference.of(model, rows, own, settings.seed)
    mixture = None
    if "mixture" in names:
        known = as_vectors(model, reference.rows)
        mixture = Mixture(random_state=settings.seed).fit(known)
    return Measure(model, reference, settings.n_neighbors, names, mixture)


def _is_linear(model: Any) -> bool:
    return getattr(model, "network", None) == ()


def _fitted(model: Any, X: Any) -> Any:
    """Fit a clone of a model; one without hidden layers is PCA at best, of which none is warned."""
    with warnings.catch_warnings():
        if _is_linear(model):
            warnings.filterwarnings("ignore", "Training did not improve", ConvergenceWarning)
        return clone(model).fit(X)


def _measured(
    settings: Settings, measure: Measure, X: Any, scaling: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give the parts (n, parts) of rows, and (kinds, m, parts) of anomalies made of the first.

    They are made of as many rows as scale the parts, at most `USED`; none for a single part.
    """
    model, reference = measure.model, measure.reference.rows
    rows = model._checked(X, "calibrate")
    parts = measure(rows)
    if len(settings.parts) == 1:
        return parts, np.empty((0, len(rows), 1))
    normal = as_vectors(model, reference) if reference.ndim == 2 else reference
    first = np.asarray(rows[: min(scaling, USED)])
    made = made_of(first, normal, np.random.RandomState(settings.seed))
    return parts, measure(made.reshape(-1, *first.shape[1:])).reshape(*made.shape[:2], -1)


def _require_variance(model: Any, rows: Any) -> None:
    first = np.asarray(rows[:1])
    if all(np.array_equal(rows[i : i + 1], first, equal_nan=True) for i in range(len(rows))):
        raise InvalidDataError(
            f"AnomalyDetector cannot fit: all {len(rows)} training rows are equal, so the "
            "variation of normal rows cannot be learned. Give rows that differ."
        )


def _warn_of_same(model: Any, X: Any) -> None:
    """Warn if a model that is prefit has the error of its training rows on these."""
    before = model.reconstruction_error_
    found = model._error(model._checked(X, "learn what is normal"))
    if abs(found - before) <= SAME * before:
        warnings.warn(
            "AnomalyDetector was given the rows that its prefit model learned from. The "
            "model reconstructs them better than new rows, so too many new normal rows will be "
            "reported. Give other normal rows, or set prefit=False.",
            UserWarning,
            stacklevel=4,
        )
