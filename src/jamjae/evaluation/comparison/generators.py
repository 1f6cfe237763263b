"""Methods that draw new rows, and what is measured of their samples."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.neighbors import KernelDensity

from jamjae.errors import InvalidDataError
from jamjae.evaluation import metrics
from jamjae.evaluation.comparison.measuring import (
    FAILURES,
    FIT,
    SHOWN,
    MethodOutcome,
    Split,
    first_line,
    warned,
)
from jamjae.evaluation.comparison.methods import Method, Setting, chosen
from jamjae.evaluation.evaluating import clipped
from jamjae.evaluation.generation import GenerationJudge
from jamjae.latent import densities

SAMPLES = 10_000  # drawn at most; as many as training rows where those are fewer
DRAW = "sample_seconds_per_row"


class Fitted(NamedTuple):
    """What draws rows (n, ...), and the seconds it took to fit."""

    draw: Callable[[int, int], Any]  # of a number of samples and a seed
    seconds: float


Fit = Callable[[Setting], Fitted]


class TrainingRows:
    """Training rows drawn anew: what no generator can be expected to surpass."""

    def fit(self, X: np.ndarray) -> TrainingRows:
        """Keep the rows."""
        self.rows = X
        return self

    def sample(self, n: int, random_state: int) -> np.ndarray:
        """Draw some of them."""
        rng = np.random.RandomState(random_state)
        return self.rows[rng.choice(len(self.rows), n, replace=n > len(self.rows))]


class PCADensity:
    """A density of PCA's codes.

    Parameters
    ----------
    n_components : int
    density : object with ``fit`` and ``sample``
    seed : int
    """

    def __init__(self, n_components: int, density: Any, seed: int) -> None:
        self.pca = PCA(n_components, random_state=seed)
        self.density = density

    def fit(self, X: np.ndarray) -> PCADensity:
        """Fit both to flat rows."""
        self.density.fit(self.pca.fit_transform(X))
        return self

    def sample(self, n: int, random_state: int) -> np.ndarray:
        """Draw codes, and decode them."""
        drawn = self.density.sample(n, random_state=random_state)
        return np.asarray(self.pca.inverse_transform(getattr(drawn, "codes", drawn)))


class _Kernels:
    """Kernel density estimate whose width is Scott's rule for whitened codes."""

    def fit(self, Z: np.ndarray) -> _Kernels:
        self.scale = np.maximum(Z.std(axis=0), 1e-12)
        self.kernels = KernelDensity(bandwidth=len(Z) ** (-1.0 / (Z.shape[1] + 4)))
        self.kernels.fit(Z / self.scale)
        return self

    def sample(self, n: int, random_state: int) -> np.ndarray:
        return np.asarray(self.kernels.sample(n, random_state=random_state) * self.scale)


def generators() -> dict[str, Method]:
    """Name the methods; those with an autoencoder share one for each size and seed."""
    kept: dict[tuple[int, int, int], tuple[Any, float]] = {}

    def autoencoder(setting: Setting) -> tuple[Any, float]:
        from jamjae.models.autoencoder import Autoencoder

        key = (id(setting.rows), setting.n_components, setting.seed)
        if key not in kept:
            kept.clear()
            began = time.perf_counter()
            model = Autoencoder(setting.n_components, random_state=setting.seed).fit(setting.rows)
            kept[key] = model, time.perf_counter() - began
        return kept[key]

    def by_density(kind: str) -> Fit:
        def fit(setting: Setting) -> Fitted:
            shared, before = autoencoder(setting)
            began = time.perf_counter()
            model = copy.copy(shared)  # which keeps a density of its own
            model.fit_density(setting.rows, kind=kind, random_state=setting.seed)

            def draw(n: int, seed: int) -> Any:
                return model.sample(n, random_state=seed)

            return Fitted(draw, before + time.perf_counter() - began)

        return fit

    def vae(setting: Setting) -> Any:
        from jamjae.models.variational import VariationalAutoencoder

        return VariationalAutoencoder(setting.n_components, random_state=setting.seed)

    def of_pca(density: Callable[[int], Any]) -> Fit:
        def make(setting: Setting) -> Any:
            return PCADensity(setting.n_components, density(setting.seed), setting.seed)

        return fitting(make)

    return {
        "real": Method("training rows", fitting(lambda _: TrainingRows())),
        "pca-gaussian": Method(
            "PCA, normal", of_pca(lambda seed: densities.Gaussian(random_state=seed)), pca=True
        ),
        "pca-mixture": Method(
            "PCA, mixture", of_pca(lambda seed: densities.Mixture(random_state=seed))
        ),
        "pca-kde": Method("PCA, kernels", of_pca(lambda _: _Kernels()), limit=20_000),
        "vae": Method("VAE, prior", fitting(vae), jamjae=True),
        "gaussian": Method("jamjae, normal", by_density("gaussian"), jamjae=True),
        "mixture": Method("jamjae, mixture", by_density("mixture"), jamjae=True),
        "flow": Method("jamjae, flow", by_density("flow"), jamjae=True),
    }


def fitting(make: Callable[[Setting], Any]) -> Fit:
    """Fit what has ``fit`` and ``sample``: jamjae's takes rows, others flat rows of floats."""

    def fit(setting: Setting) -> Fitted:
        began = time.perf_counter()
        estimator, rows = make(setting), setting.rows
        whole = hasattr(estimator, "reconstruct") or isinstance(estimator, TrainingRows)
        if not hasattr(estimator, "fit") or not hasattr(estimator, "sample"):
            raise InvalidDataError("it has no sample method, so it draws no rows")
        estimator.fit(rows if whole else rows.reshape(len(rows), -1).astype(np.float64))

        def draw(n: int, seed: int) -> Any:
            try:
                found = estimator.sample(n, random_state=seed)
            except TypeError:  # scikit-learn's mixtures take their seed when they are made
                found = estimator.sample(n)
            return found[0] if isinstance(found, tuple) else found

        return Fitted(draw, time.perf_counter() - began)

    return fit


def choose(methods: Any) -> dict[str, Method]:
    """Return the generators that a user asks for, by title; see `compare`.

    Raises
    ------
    InvalidDataError
        A name is unknown, or an object has no ``fit`` and ``sample``.
    """
    known = generators()
    return chosen(methods, known, partial(_method, known))


def _method(known: Iterable[str], asked: Any) -> Method:
    if not isinstance(asked, str | type) and hasattr(asked, "fit") and hasattr(asked, "sample"):
        return Method(type(asked).__name__, fitting(lambda _: clone(asked)))
    raise InvalidDataError(
        f"compare(task='generate') cannot use {asked!r} as a method; known names are "
        f"{', '.join(known)}. Pass an estimator with fit and sample for any other method."
    )


def measure(
    method: Method, split: Split, n_components: int, seed: int, judge: GenerationJudge
) -> MethodOutcome:
    """Fit a generator, draw samples and let them be judged; others as of `measuring.measure`."""
    limit = method.limit or len(split.train)
    rows = metrics.sample(len(split.train), limit, seed)
    notes = []
    if len(rows) < len(split.train):
        notes.append(f"fitted to {len(rows):,} of {len(split.train):,} rows, a random sample")
    train = split.train[rows] if notes else split.train
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            fitted = method.make(Setting(n_components, seed, train))
            values, made = _measured(fitted, split, seed, judge)
        except FAILURES as error:
            notes.append(f"failed: {first_line(error)}")
            return MethodOutcome({}, rows, None, None, notes, failed=True)
    return MethodOutcome(values, rows, None, made[:SHOWN], notes + warned(said))


def _measured(
    fitted: Fitted, split: Split, seed: int, judge: GenerationJudge
) -> tuple[dict[str, float], np.ndarray]:
    n = min(len(split.train), SAMPLES)
    began = time.perf_counter()
    drawn = fitted.draw(n, seed)
    seconds = time.perf_counter() - began
    made = clipped(np.asarray(drawn).reshape(n, *split.train.shape[1:]), split.train.dtype)
    whole = split.train.dtype.kind == "u"
    made = np.rint(made) if whole else made
    report = judge.report(made.astype(split.train.dtype))
    values = {name: score.generated for name, score in report.scores.items()}
    return {**values, FIT: fitted.seconds, DRAW: seconds / n}, made


def judge_of(split: Split, k: int, seed: int) -> GenerationJudge:
    """Make what measures the samples of all methods alike.

    A classifier's features are used where every row has a label; see `generation_report`.
    """
    both = (split.train_y, split.test_y)
    labels = [None if y is None else [str(label) for label in y] for y in both]
    if any(y is None or None in y.tolist() for y in both):
        labels = [None, None]
    elif not set(labels[1] or ()) <= set(labels[0] or ()):
        labels = [None, None]  # a class that was not there to be learned
    return GenerationJudge(
        split.train,
        split.test,
        y_train=labels[0],
        y_held_out=labels[1],
        n_neighbors=k,
        random_state=seed,
    )
