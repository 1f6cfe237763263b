"""Methods that find anomalies, fitted to normal rows, and what is measured of them."""

from __future__ import annotations

import importlib
import importlib.util
import math
import time
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.svm import OneClassSVM

from jamjae.errors import InvalidDataError, MissingDependencyError
from jamjae.evaluation import metrics
from jamjae.evaluation.comparison.measuring import (
    FAILURES,
    FIT,
    MethodOutcome,
    Split,
    first_line,
    warned,
)
from jamjae.evaluation.comparison.methods import Method, Setting, chosen

RATE = 0.05  # of false alarms that thresholds are set for
NEIGHBORS = 5
SCORE = "score_seconds_per_row"
OF_PYOD = {  # name of a method: where PyOD has it, and whether it draws random numbers
    "ecod": ("ecod", "ECOD", False),
    "pyod-autoencoder": ("auto_encoder", "AutoEncoder", True),
    "pyod-deepsvdd": ("deep_svdd", "DeepSVDD", True),
}


class Neighbors:
    """Minus the distance to the fifth nearest training row; thresholds leave each row out."""

    def fit(self, X: np.ndarray) -> Neighbors:
        """Keep the rows."""
        self.near = NearestNeighbors(n_neighbors=min(NEIGHBORS, len(X) - 1)).fit(X)
        self.offset_ = np.quantile(-self.near.kneighbors()[0][:, -1], RATE)
        return self

    def score_samples(self, X: np.ndarray) -> np.ndarray:
        """Give the scores (n,), low for anomalies."""
        return -np.asarray(self.near.kneighbors(X)[0][:, -1])


class Components:
    """Minus the squared error of PCA's reconstruction."""

    def __init__(self, n_components: int, seed: int) -> None:
        self.pca = PCA(n_components, random_state=seed)

    def fit(self, X: np.ndarray) -> Components:
        """Fit PCA."""
        self.pca.set_params(n_components=min(self.pca.n_components, *X.shape)).fit(X)
        return self

    def score_samples(self, X: np.ndarray) -> np.ndarray:
        """Give the scores (n,), low for anomalies."""
        made = self.pca.inverse_transform(self.pca.transform(X))
        return -np.asarray(np.square(X - made).sum(axis=1))


class PyOD:
    """A detector of PyOD's, whose scores are high for anomalies."""

    def __init__(self, module: str, name: str, *, seed: int | None, n_features: int) -> None:
        if not importlib.util.find_spec("pyod"):
            raise MissingDependencyError(
                f"{name} needs PyOD, which is not installed. Run: pip install pyod"
            )
        settings: dict[str, Any] = {"contamination": RATE}
        settings |= {} if seed is None else {"random_state": seed, "verbose": 0}
        settings |= {"n_features": n_features} if name == "DeepSVDD" else {}
        self.model = getattr(importlib.import_module(f"pyod.models.{module}"), name)(**settings)

    def fit(self, X: np.ndarray) -> PyOD:
        """Fit the detector."""
        self.model.fit(X)
        self.offset_ = -float(self.model.threshold_)
        return self

    def score_samples(self, X: np.ndarray) -> np.ndarray:
        """Give the scores (n,), low for anomalies."""
        return -np.asarray(self.model.decision_function(X))


def detectors() -> dict[str, Method]:
    """Name the methods; those of PyOD take part in "auto" where it is installed."""

    def ours(setting: Setting) -> Any:
        from jamjae.models.anomalies import AnomalyDetector
        from jamjae.models.anomalies.given import default_model

        model = default_model(setting.rows).set_params(n_components=setting.n_components)
        return AnomalyDetector(model, false_alarm=RATE, random_state=setting.seed)

    def forest(setting: Setting) -> Any:
        return IsolationForest(contamination=RATE, random_state=setting.seed)

    def mixture(setting: Setting) -> Any:
        n = min(10, max(len(setting.rows) // 50, 1))
        return GaussianMixture(n, reg_covar=1e-3, random_state=setting.seed)

    def of_pyod(name: str) -> Callable[[Setting], Any]:
        module, kind, random = OF_PYOD[name]
        return lambda setting: PyOD(
            module,
            kind,
            seed=setting.seed if random else None,
            n_features=math.prod(setting.rows.shape[1:]),
        )

    return {
        "knn": Method("k-NN", lambda _: Neighbors()),
        "pca": Method("PCA", lambda s: Components(s.n_components, s.seed), pca=True),
        "iforest": Method("IForest", forest),
        "lof": Method("LOF", lambda _: LocalOutlierFactor(novelty=True, contamination=RATE)),
        "ocsvm": Method("OCSVM", lambda _: OneClassSVM(nu=RATE), limit=10_000),
        "gmm": Method("GMM", mixture),
        "ecod": Method("ECOD", of_pyod("ecod")),
        "pyod-autoencoder": Method("PyOD AutoEncoder", of_pyod("pyod-autoencoder")),
        "pyod-deepsvdd": Method("PyOD DeepSVDD", of_pyod("pyod-deepsvdd")),
        "detector": Method("jamjae", ours, jamjae=True),
    }


def choose(methods: Any) -> dict[str, Method]:
    """Return the detectors that a user asks for, by title; see `compare`.

    Raises
    ------
    InvalidDataError
        A name is unknown, or an object has no ``fit`` and ``score_samples``.
    """
    known = detectors()
    return chosen(methods, known, partial(_method, known), automatic=_automatic(known))


def _automatic(known: dict[str, Method]) -> list[str]:
    there = importlib.util.find_spec("pyod") is not None
    return [name for name in known if there or name not in OF_PYOD]


def _method(known: Iterable[str], asked: Any) -> Method:
    if hasattr(asked, "fit") and hasattr(asked, "score_samples") and not isinstance(asked, type):
        return Method(type(asked).__name__, lambda _: clone(asked))
    raise InvalidDataError(
        f"compare(task='anomaly') cannot use {asked!r} as a method; known names are "
        f"{', '.join(known)}. Pass an estimator with fit and score_samples for any other method."
    )


def marks(y: Any, n: int, name: str = "y") -> np.ndarray:
    """Read which rows are anomalies: booleans, 0 and 1, or 1 and -1, as int64 0 and 1 (anomaly).

    Raises
    ------
    InvalidDataError
        They are something else, or not one per row.
    """
    given = np.asarray(y)
    known = set(np.unique(given).tolist()) if given.dtype.kind in "biuf" else {"text"}
    pair = known <= {0, 1} or known <= {-1, 1}
    if given.shape != (n,) or not pair:
        shown = ", ".join(map(str, sorted(map(str, known))[:5]))
        raise InvalidDataError(
            f"compare(task='anomaly') received {name} of shape {given.shape} with the values "
            f"{shown}; expected one mark for each of {n} rows: True or 1 for anomalies and 0 for "
            "normal rows, or -1 and 1 as scikit-learn's detectors give them."
        )
    return (given == -1 if -1 in known else given == 1).astype(np.int64)


def of_normal(split: Split) -> Split:
    """Leave only normal rows to learn from.

    Raises
    ------
    InvalidDataError
        There are too few, or the held-out rows have no anomaly or nothing else.
    """
    train_y, test_y = np.asarray(split.train_y, dtype=int), np.asarray(split.test_y, dtype=int)
    own = np.flatnonzero(train_y == 0)
    found = set(test_y.tolist())
    if len(own) < 2 or found != {0, 1}:
        raise InvalidDataError(
            f"compare(task='anomaly') has {len(own)} normal rows to learn from, and among held-out "
            f"rows {'no anomaly' if found == {0} else 'no normal row'}. Give y with more of both, "
            "or test=(X_test, y_test)."
        )
    return split._replace(
        train=split.train[own], train_y=train_y[own], test_y=test_y, places=split.places[own]
    )


def measure(method: Method, split: Split, n_components: int, seed: int, _: int) -> MethodOutcome:
    """Fit a detector to normal rows, and measure how it ranks held-out ones."""
    limit = method.limit or len(split.train)
    rows = metrics.sample(len(split.train), limit, seed)
    notes = []
    if len(rows) < len(split.train):
        notes.append(f"fitted to {len(rows):,} of {len(split.train):,} rows, a random sample")
    train = split.train[rows] if notes else split.train
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            values = _measured(method, Setting(n_components, seed, train), split)
        except FAILURES as error:
            notes.append(f"failed: {first_line(error)}")
            return MethodOutcome({}, rows, None, None, notes, failed=True)
    return MethodOutcome(values, rows, None, None, notes + warned(said))


def _measured(method: Method, setting: Setting, split: Split) -> dict[str, float]:
    began = time.perf_counter()
    estimator = method.make(setting)
    whole = hasattr(estimator, "p_values")

    def given(rows: np.ndarray) -> np.ndarray:
        return rows if whole else rows.reshape(len(rows), -1).astype(np.float64)

    estimator.fit(given(setting.rows))
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    scores = np.ravel(estimator.score_samples(given(split.test)))
    each = (time.perf_counter() - began) / len(scores)
    offset = getattr(estimator, "offset_", None)
    if offset is None:
        offset = np.quantile(estimator.score_samples(given(setting.rows)), RATE)
    unlike = np.asarray(split.test_y) == 1
    below = scores < float(np.ravel(offset)[0])
    return {
        "roc_auc": float(roc_auc_score(unlike, -scores)),
        "average_precision": float(average_precision_score(unlike, -scores)),
        "false_alarms": float(below[~unlike].mean()),
        "detected": float(below[unlike].mean()),
        FIT: seconds,
        SCORE: each,
    }
