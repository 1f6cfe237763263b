"""Metrics of generated rows against their definitions, written out slowly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits, load_wine

from jamjae.errors import InvalidDataError, JamjaeError, ShapeMismatchError
from jamjae.evaluation import metrics
from jamjae.evaluation.metrics import nearest

RNG = np.random.default_rng(0)
DIGITS = load_digits().data
# overlapping, far apart, far from the origin, of whole numbers with ties, and with equal rows
SETS = {
    "normal": (RNG.normal(size=(60, 3)), RNG.normal(0.5, 1.2, size=(45, 3))),
    "apart": (RNG.normal(size=(30, 2)), RNG.normal(9.0, 1.0, size=(30, 2))),
    "far": (RNG.normal(1e6, 1.0, size=(50, 4)), RNG.normal(1e6, 1.0, size=(40, 4))),
    "ties": (RNG.integers(0, 3, (70, 2)), RNG.integers(0, 3, (50, 2))),
    "tenths": (RNG.integers(0, 4, (70, 3)) / 10, RNG.integers(0, 5, (50, 3)) / 10),
    "digits": (DIGITS[:80], DIGITS[40:140]),
    "equal rows": (np.repeat(DIGITS[:10], 6, axis=0), np.repeat(DIGITS[5:15], 3, axis=0)),
}
BY_BALLS = {
    "precision_recall": metrics.precision_recall,
    "density_coverage": metrics.density_coverage,
}


@pytest.fixture(params=[16, 1 << 20], ids=["row by row", "at once"])
def blocks(request, monkeypatch):
    monkeypatch.setattr(nearest, "_DISTANCES", request.param)
    monkeypatch.setattr(nearest, "_POINTS", 16)


def slow_balls(real, made, k):
    """The four numbers from all distances; a hair is added so that ties are ties."""
    real, made = real.astype(float), made.astype(float)
    radii = np.sort(cdist(real, real), axis=1)[:, k] * (1 + 1e-9) + 1e-9
    made_radii = np.sort(cdist(made, made), axis=1)[:, k] * (1 + 1e-9) + 1e-9
    between = cdist(real, made)
    inside = between <= radii[:, None]
    return (
        inside.any(axis=0).mean(),
        (between <= made_radii).any(axis=1).mean(),
        inside.sum() / (k * len(made)),
        inside.any(axis=1).mean(),
    )


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("name", SETS)
def test_balls_are_those_of_the_definition(name, k):
    real, made = SETS[name]
    found = (
        *metrics.precision_recall(real, made, n_neighbors=k),
        *metrics.density_coverage(real, made, n_neighbors=k),
    )
    np.testing.assert_allclose(found, slow_balls(real, made, k), rtol=1e-12)


def test_copies_of_rows_are_precise_and_cover_however_often_rows_repeat():
    real = np.repeat(DIGITS[:20], 7, axis=0) / 3  # every ball is a point
    assert metrics.precision_recall(real, real[::-1]) == (1.0, 1.0)
    assert metrics.density_coverage(real, real[::-1]).coverage == 1.0
    assert metrics.density_coverage(real, real[:7]).coverage == 1 / 20


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("name", SETS)
def test_copied_share_is_that_of_the_definition(name):
    train, made = (X.astype(float) for X in SETS[name])
    held_out = made[::2]
    usual = np.sort(cdist(held_out, train).min(axis=1))
    limit = usual[math.ceil(0.1 * len(usual)) - 1]
    found = metrics.copied_share(train, held_out, made, closest=0.1)
    assert found.distance == pytest.approx(limit, rel=1e-6, abs=1e-6)
    slow = (cdist(made, train).min(axis=1) <= limit + 1e-6).mean()
    assert found.generated == pytest.approx(slow, abs=1e-12)
    assert found.held_out >= 0.1


def test_exact_copies_count_though_held_out_rows_are_copies_too():
    train = DIGITS[:100] / 7
    held_out = np.concatenate([train[:5], DIGITS[900:995] / 7])
    assert metrics.copied_share(train, held_out, train[50:]) == (1.0, 0.05, 0.0)
    assert metrics.copied_share(train, held_out, DIGITS[1000:1100] / 7).generated == 0.0


def slow_frechet(one, other):
    covariances = [np.atleast_2d(np.cov(X.T)) for X in (one, other)]
    root = np.real(sqrtm(covariances[0] @ covariances[1]))
    apart = np.square(one.mean(axis=0) - other.mean(axis=0)).sum()
    return apart + np.trace(covariances[0] + covariances[1] - 2 * root)


@pytest.mark.parametrize("name", ["normal", "apart", "far"])
def test_frechet_distance_is_that_of_the_formula(name):
    real, made = SETS[name]
    assert metrics.frechet_distance(real, made) == pytest.approx(slow_frechet(real, made), rel=1e-6)
    assert metrics.frechet_distance(made, real) == pytest.approx(
        metrics.frechet_distance(real, made), rel=1e-6
    )


def test_frechet_distance_in_one_dimension_is_that_of_means_and_deviations():
    one, other = RNG.normal(3, 2, 50), RNG.normal(-1, 5, 70)
    expected = (one.mean() - other.mean()) ** 2 + (one.std(ddof=1) - other.std(ddof=1)) ** 2
    assert metrics.frechet_distance(one, other) == pytest.approx(expected)


def test_frechet_distance_of_singular_covariances():
    flat = np.column_stack([RNG.normal(size=20), np.zeros(20), np.full(20, 7.0)])
    assert metrics.frechet_distance(flat, flat + np.array([0, 2, 0])) == pytest.approx(4.0)
    assert metrics.frechet_distance(flat, flat) == pytest.approx(0.0, abs=1e-12)
    wide = RNG.normal(size=(5, 300))  # fewer rows than columns
    assert metrics.frechet_distance(wide, wide[::-1] + 1.0) == pytest.approx(300.0)
    assert metrics.frechet_distance(np.ones((4, 3)), np.ones((9, 3))) == 0.0


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "classifier",
    ["logistic", "neighbors", *(pytest.param(kind, marks=SLOW) for kind in ("forest", "boosting"))],
)
def test_two_sample_test_knows_equal_from_different(classifier):
    real, same, other = (RNG.normal(shift, 1.0, size=(120, 3)) for shift in (0, 0, 3))
    test = metrics.two_sample_auc
    assert test(real, other, classifier=classifier) > 0.95
    assert 0.35 < test(real, same, classifier=classifier) < 0.65
    assert test(real, same, classifier=classifier) == test(real, same, classifier=classifier)


def test_two_sample_test_is_fair_to_sets_of_different_sizes():
    real, made = RNG.normal(size=(400, 2)), RNG.normal(size=(60, 2))
    found = metrics.two_sample_auc(real, made, classifier="neighbors")
    assert 0.35 < found < 0.65
    assert found == metrics.two_sample_auc(real, made, classifier="neighbors", max_rows=60)


@pytest.mark.slow
def test_training_on_samples_loses_what_they_lack():
    X, y = load_wine(return_X_y=True)
    order = RNG.permutation(len(X))
    X, y = X[order], y[order]
    test = X[100:], y[100:]
    found = metrics.train_on_samples_accuracy(X[:100], y[:100], X[:100], y[:100], *test)
    assert found.samples == found.real > 0.9
    shuffled = RNG.permutation(y[:100])
    assert (
        metrics.train_on_samples_accuracy(X[:100], shuffled, X[:100], y[:100], *test).samples < 0.7
    )


NAN = np.array([[0.0, 1.0], [np.nan, 2.0], [1.0, 3.0], [1.0, 5.0]])
GOOD = RNG.normal(size=(20, 2))
ALL = {
    "frechet_distance": metrics.frechet_distance,
    "two_sample_auc": metrics.two_sample_auc,
    "copied_share": lambda real, made: metrics.copied_share(GOOD, real, made),
    "marginal_distances": metrics.marginal_distances,
    "correlation_difference": metrics.correlation_difference,
    **BY_BALLS,
}


@pytest.mark.parametrize("name", ALL)
def test_every_metric_refuses_what_it_cannot_measure(name):
    for real, made, kind in (
        (GOOD, NAN, "NaN"),
        (NAN, GOOD, "NaN"),
        (GOOD, np.ones((20, 3)), "3"),
        (GOOD, np.empty((0, 2)), "shape"),
        (GOOD, [["a", "b"]], "text"),
    ):
        with pytest.raises(JamjaeError, match=kind) as refused:
            ALL[name](real, made)
        assert name in str(refused.value)


@pytest.mark.parametrize("name", BY_BALLS)
def test_too_few_rows_for_the_neighbors_are_refused(name):
    for real, made in ((GOOD, GOOD[:5]), (GOOD[:5], GOOD), (GOOD, GOOD[:1])):
        with pytest.raises(InvalidDataError, match="n_neighbors=5"):
            BY_BALLS[name](real, made)
    assert all(map(math.isfinite, BY_BALLS[name](GOOD, GOOD[:6])))
    with pytest.raises(InvalidDataError, match="n_neighbors=0"):
        BY_BALLS[name](GOOD, GOOD, n_neighbors=0)


def test_wrong_arguments_are_named():
    with pytest.raises(InvalidDataError, match="1 row in generated"):
        metrics.frechet_distance(GOOD, GOOD[:1])
    with pytest.raises(InvalidDataError, match="closest=1"):
        metrics.copied_share(GOOD, GOOD, GOOD, closest=1.0)
    with pytest.raises(InvalidDataError, match="folds=5"):
        metrics.two_sample_auc(GOOD, GOOD[:4])
    with pytest.raises(InvalidDataError, match="classifier='tree'"):
        metrics.two_sample_auc(GOOD, GOOD, classifier="tree")
    y = np.repeat([0, 1], 10)
    train = metrics.train_on_samples_accuracy
    with pytest.raises(InvalidDataError, match="one class"):
        train(GOOD, np.zeros(20), GOOD, y, GOOD, y)
    with pytest.raises(InvalidDataError, match="same classes"):
        train(GOOD, y.astype(str), GOOD, y, GOOD, y)
    with pytest.raises(ShapeMismatchError, match="generated"):
        train(np.ones((20, 3)), y, GOOD, y, GOOD, y)
