"""Metrics against scikit-learn, scikit-image or the formula written out slowly."""

from __future__ import annotations

import math
import re
import subprocess
import sys

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import trustworthiness
from sklearn.metrics import mean_squared_error as sklearn_mse
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jamjae.errors import InvalidDataError, JamjaeError, ShapeMismatchError
from jamjae.evaluation import metrics

PAIRED = {
    "mean_squared_error": metrics.mean_squared_error,
    "row_errors": metrics.row_errors,
    "psnr": lambda X, X2: metrics.psnr(X, X2, data_range=1.0),
    "ssim": lambda X, X2: metrics.ssim(X, X2, data_range=1.0),
    "explained_variance": metrics.explained_variance,
}
DTYPES = ["uint8", "int16", "float16", "float32", "float64"]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def images(rng, shape, dtype):
    """Two arrays of images with whole values of 0..255, which every dtype here holds exactly."""
    X = rng.integers(0, 256, shape)
    X2 = np.clip(X + rng.integers(-40, 41, shape), 0, 255)
    return X.astype(dtype), X2.astype(dtype)


@pytest.fixture(params=[1, 100, 1 << 20], ids=lambda size: f"chunk{size}")
def chunk(request, monkeypatch):
    """One row a chunk, a few rows with a rest, everything at once."""
    monkeypatch.setattr(metrics.reconstruction, "_CHUNK_VALUES", request.param)


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(11, 33), (11, 7, 5), (11, 4, 5, 3), (11,)], ids=str)
def test_errors_equal_the_formula(rng, shape, dtype):
    X, X2 = images(rng, shape, dtype)
    slow = [
        float(np.mean((np.float64(a) - np.float64(b)) ** 2)) for a, b in zip(X, X2, strict=True)
    ]
    np.testing.assert_allclose(metrics.row_errors(X, X2), slow, rtol=1e-13)
    assert metrics.row_errors(X, X2).dtype == np.float64
    assert metrics.mean_squared_error(X, X2) == pytest.approx(np.mean(slow), rel=1e-13)
    flat, flat2 = X.reshape(len(X), -1).astype(float), X2.reshape(len(X), -1).astype(float)
    assert metrics.mean_squared_error(X, X2) == pytest.approx(sklearn_mse(flat, flat2), rel=1e-13)
    assert metrics.explained_variance(X, X2) == pytest.approx(
        r2_score(flat, flat2, multioutput="variance_weighted"), rel=1e-12
    )


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("dtype", DTYPES)
def test_psnr_is_the_mean_over_images(rng, dtype):
    X, X2 = images(rng, (7, 9, 8), dtype)
    slow = [
        peak_signal_noise_ratio(a.astype(float), b.astype(float), data_range=255)
        for a, b in zip(X, X2, strict=True)
    ]
    assert metrics.psnr(X, X2, data_range=255) == pytest.approx(np.mean(slow), rel=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 12, 9), (3, 7, 7), (3, 12, 9, 1), (2, 10, 11, 3)], ids=str)
def test_ssim_equals_scikit_image(rng, shape, dtype):
    X, X2 = images(rng, shape, dtype)
    slow = [
        structural_similarity(
            a.astype(float),
            b.astype(float),
            data_range=255,
            channel_axis=-1 if len(shape) == 4 else None,
        )
        for a, b in zip(X, X2, strict=True)
    ]
    assert metrics.ssim(X, X2, data_range=255) == pytest.approx(np.mean(slow), rel=1e-12)


@pytest.mark.parametrize(
    ("shape", "window"),
    [((8, 8), 7), ((7, 30), 7), ((6, 6), 5), ((5, 9), 5), ((4, 9), 3), ((3, 3), 3)],
)
def test_ssim_takes_the_largest_odd_window_that_fits(rng, shape, window):
    X, X2 = images(rng, (2, *shape), "float64")
    slow = [
        structural_similarity(a, b, data_range=255, win_size=window)
        for a, b in zip(X, X2, strict=True)
    ]
    assert metrics.ssim(X, X2, data_range=255) == pytest.approx(np.mean(slow), rel=1e-12)


@pytest.mark.parametrize("shape", [(2, 2, 9), (2, 9, 1, 3)], ids=str)
def test_ssim_refuses_images_without_a_window(shape):
    with pytest.raises(InvalidDataError, match="at least 3"):
        metrics.ssim(np.zeros(shape), np.zeros(shape), data_range=1.0)


def test_ssim_refuses_rows():
    with pytest.raises(InvalidDataError, match=r"\(4, 64\).*reshape"):
        metrics.ssim(np.zeros((4, 64)), np.zeros((4, 64)), data_range=1.0)


def test_unsigned_differences_do_not_wrap():
    X, X2 = np.zeros((3, 8, 8), np.uint8), np.full((3, 8, 8), 255, np.uint8)
    assert metrics.mean_squared_error(X, X2) == 255.0**2
    assert metrics.mean_squared_error(X2, X) == 255.0**2
    assert metrics.psnr(X, X2, data_range=255) == pytest.approx(0.0, abs=1e-12)
    assert metrics.ssim(X, X2, data_range=255) < 0.01
    assert metrics.data_range(np.array([[-128, 127]], np.int8)) == 255.0


def test_float32_sums_do_not_drift():
    X = np.full((4000, 784), 0.1, np.float32)
    X2 = np.zeros_like(X)
    exact = float(np.float32(0.1)) ** 2
    assert metrics.mean_squared_error(X, X2) == pytest.approx(exact, rel=1e-12)


def test_arrays_that_are_not_contiguous(rng):
    X, X2 = images(rng, (6, 5, 4), "uint8")
    expected = metrics.row_errors(X[::2, :, ::-1].copy(), X2[::2, :, ::-1].copy())
    np.testing.assert_array_equal(metrics.row_errors(X[::2, :, ::-1], X2[::2, :, ::-1]), expected)
    fortran = np.asfortranarray(X), X2
    np.testing.assert_array_equal(metrics.row_errors(*fortran), metrics.row_errors(X, X2))


def test_the_arguments_are_left_as_they_were(rng):
    X, X2 = images(rng, (6, 8, 8), "float64")
    before = X.copy(), X2.copy()
    for metric in PAIRED.values():
        metric(X, X2)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(X2, before[1])


def test_exact_rows_are_left_out_of_psnr():
    X = np.zeros((3, 4))
    X2 = np.array([[0.0] * 4, [0.1] * 4, [0.01] * 4])
    assert metrics.psnr(X, X2, data_range=1.0) == pytest.approx(30.0)
    assert metrics.psnr(X, X, data_range=1.0) == math.inf


def test_psnr_of_errors_too_small_to_see_is_finite():
    X = np.full((2, 4), 0.5)
    assert math.isfinite(metrics.psnr(X, X + 1e-12, data_range=1.0))


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("metric", [metrics.psnr, metrics.ssim])
def test_data_range_must_be_positive(metric, value):
    with pytest.raises(InvalidDataError, match="data_range="):
        metric(np.zeros((2, 8, 8)), np.ones((2, 8, 8)), data_range=value)


def test_pca_explains_its_own_ratio():
    X = load_digits().data
    pca = PCA(10).fit(X)
    reconstructed = pca.inverse_transform(pca.transform(X))
    assert metrics.explained_variance(X, reconstructed) == pytest.approx(
        pca.explained_variance_ratio_.sum(), rel=1e-10
    )


def test_explained_variance_with_a_large_mean():
    X = load_iris().data
    X2 = X[::-1]
    assert metrics.explained_variance(X + 1e6, X2 + 1e6) == pytest.approx(
        metrics.explained_variance(X, X2), rel=1e-7
    )


def test_explained_variance_of_the_means_is_zero():
    X = load_iris().data
    means = np.broadcast_to(X.mean(axis=0), X.shape)
    assert metrics.explained_variance(X, means) == pytest.approx(0.0, abs=1e-12)


def test_explained_variance_counts_errors_in_constant_features():
    X = np.array([[0.0, 0.1], [1.0, 0.1], [2.0, 0.1]])
    wrong = X + np.array([0.0, 1.0])
    assert metrics.explained_variance(X, wrong) == pytest.approx(1 - 3 / 2)


@pytest.mark.parametrize("rows", [1, 3, 7])
def test_explained_variance_where_nothing_varies(rows):
    X = np.full((rows, 5), 0.1)
    assert metrics.explained_variance(X, X) == 1.0
    assert metrics.explained_variance(X, X + 1) == 0.0


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (np.full((1, 2), 7, np.uint8), 255.0),
        (np.array([[3, 9]], np.int64), 6.0),
        (np.array([[0, 65535]], np.uint16), 65535.0),
        (np.array([[-0.5, 1.0]], np.float32), 1.5),
        (np.array([[False, True]]), 1.0),
        ([2.0, 2.0], 0.0),
    ],
)
def test_data_range(X, expected):
    assert metrics.data_range(X) == expected
    assert type(metrics.data_range(X)) is float


@pytest.mark.parametrize("metric", PAIRED.values(), ids=PAIRED)
def test_shapes_must_agree(metric):
    with pytest.raises(ShapeMismatchError, match=r"\(2, 8, 8\).*\(2, 64\)"):
        metric(np.zeros((2, 8, 8)), np.zeros((2, 64)))
    with pytest.raises(ValueError, match="same shape"):  # no broadcasting, either
        metric(np.zeros((2, 8, 8)), np.zeros((1, 8, 8)))


@pytest.mark.parametrize("metric", PAIRED.values(), ids=PAIRED)
@pytest.mark.parametrize(
    "bad", [np.zeros((0, 8, 8)), np.float64(1.0), [["a", "b"]], [[1j]], [[1.0], [1.0, 2.0]], None]
)
def test_only_real_numbers_are_measured(metric, bad):
    with pytest.raises(InvalidDataError):
        metric(bad, bad)


def test_every_error_is_a_jamjae_error():
    assert issubclass(ShapeMismatchError, JamjaeError)
    assert issubclass(InvalidDataError, JamjaeError)


def test_nan_is_not_hidden():
    X = np.zeros((2, 3))
    X2 = np.array([[0.0, 0.0, np.nan], [1.0, 1.0, 1.0]])
    assert math.isnan(metrics.mean_squared_error(X, X2))
    np.testing.assert_array_equal(metrics.row_errors(X, X2), [np.nan, 1.0])
    assert math.isnan(metrics.psnr(X, X2, data_range=1.0))


def test_importing_metrics_loads_no_heavy_library():
    code = (
        "import sys, jamjae.evaluation.metrics\n"
        "assert not {'jax', 'keras', 'skimage', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- neighborhoods, against scikit-learn or the definition ----------------------------------


def slow_ranks(points):
    """Rank of every other row by distance, 1 the nearest."""
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return distances.argsort(axis=1).argsort(axis=1) + 1


@pytest.fixture
def embedded(rng):
    X = rng.normal(size=(90, 6))
    return X, X[:, :2] + 0.3 * rng.normal(size=(90, 2))


@pytest.fixture(params=[90 * 7, 1 << 22], ids=["seven rows at a time", "at once"])
def pieces(request, monkeypatch):
    monkeypatch.setattr(metrics.neighbors, "_DISTANCES", request.param)


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("k", [1, 5, 20])
def test_neighborhood_scores_equal_their_definitions(embedded, k):
    X, Z = embedded
    of_rows, of_codes = slow_ranks(X), slow_ranks(Z)
    shared = ((of_rows <= k) & (of_codes <= k)).sum() / (len(X) * k)
    found = metrics.neighborhood_scores(X, Z, n_neighbors=k)
    assert found["trustworthiness"] == pytest.approx(trustworthiness(X, Z, n_neighbors=k))
    assert found["continuity"] == pytest.approx(trustworthiness(Z, X, n_neighbors=k))
    assert found["neighborhood_recall"] == pytest.approx(shared)
    for name, value in found.items():
        assert getattr(metrics, name)(X, Z, n_neighbors=k) == value


@pytest.mark.usefixtures("pieces")
def test_stress_equals_its_definition_and_ignores_units(embedded):
    X, Z = embedded
    far, apart = pdist(X), pdist(Z)
    factor = (far @ apart) / (apart @ apart)
    slow = math.sqrt(((far - factor * apart) ** 2).sum() / (far**2).sum())
    assert metrics.stress(X, Z) == pytest.approx(slow)
    assert metrics.stress(X, 1e6 * Z) == pytest.approx(slow)
    assert metrics.stress(X, X * 3 + 5) == pytest.approx(0.0, abs=1e-6)
    assert metrics.stress(X, np.zeros_like(Z)) == 1.0
    assert metrics.stress(np.ones_like(X), Z) == 0.0


def test_many_rows_are_sampled_the_same_way_each_time(rng):
    X = rng.normal(size=(300, 3))
    chosen = metrics.sample(300, 100, seed=3)
    assert len(set(chosen.tolist())) == 100
    assert (np.diff(chosen) > 0).all()
    told = metrics.trustworthiness(X, X[:, :2], max_rows=100, seed=3)
    assert told == metrics.trustworthiness(X[chosen], X[chosen, :2])
    assert metrics.sample(100, 100).tolist() == list(range(100))


def test_duplicates_share_the_better_rank():
    X = np.repeat([[0.0], [1.0], [5.0]], 4, axis=0)
    assert metrics.neighborhood_scores(X, X, n_neighbors=3) == dict.fromkeys(
        ("trustworthiness", "continuity", "neighborhood_recall"), 1.0
    )


def test_codes_are_evaluated_as_scikit_learn_does():
    X, y = load_digits(return_X_y=True)
    Z = PCA(5, random_state=0).fit_transform(X)
    train, test = slice(None, 1200), slice(1200, None)
    for k in (1, 5):
        told = metrics.knn_accuracy(Z[train], y[train], Z[test], y[test], n_neighbors=k)
        neighbors = KNeighborsClassifier(k).fit(Z[train], y[train])
        assert told == neighbors.score(Z[test], y[test])
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    told = metrics.linear_probe_accuracy(Z[train], y[train], Z[test], y[test])
    assert told == probe.fit(Z[train], y[train]).score(Z[test], y[test])
    stretched = metrics.linear_probe_accuracy(1e3 * Z[train], y[train], 1e3 * Z[test], y[test])
    assert stretched == pytest.approx(told, abs=0.01)


def test_neighborhood_hit_equals_its_definition(embedded, rng):
    _, Z = embedded
    y = rng.integers(0, 3, len(Z))
    near = slow_ranks(Z) <= 4
    slow = np.mean([(y[near[i]] == y[i]).mean() for i in range(len(Z))])
    assert metrics.neighborhood_hit(Z, y, n_neighbors=4) == pytest.approx(slow)


def test_bits_per_value():
    X = np.zeros((10, 28, 28), np.uint8)
    assert metrics.bits_per_value(X, X) == 8.0
    assert metrics.bits_per_value(np.zeros((10, 64), np.float32), X) == 64 * 32 / 784


ROWS, CODES, CLASSES = np.eye(8), np.eye(8)[:, :2], np.arange(8) % 2
SPOILED = np.where(np.arange(8)[:, None] == 3, np.nan, CODES)


@pytest.mark.parametrize(
    ("attempt", "error", "words"),
    [
        (lambda: metrics.trustworthiness(ROWS, CODES[:5]), ShapeMismatchError, "one code for each"),
        (lambda: metrics.trustworthiness(ROWS, CODES, n_neighbors=4), InvalidDataError, "half"),
        (lambda: metrics.continuity(ROWS, SPOILED), InvalidDataError, "NaN"),
        (lambda: metrics.stress(ROWS, CODES[:1]), ShapeMismatchError, "one code for each"),
        (lambda: metrics.stress(3.0, 3.0), InvalidDataError, "shape ()"),
        (lambda: metrics.neighborhood_hit(CODES, np.ones(8)), InvalidDataError, "one class"),
        (lambda: metrics.neighborhood_hit(CODES, CLASSES[:5]), ShapeMismatchError, "label per row"),
        (
            lambda: metrics.neighborhood_hit(CODES, CLASSES, n_neighbors=8),
            InvalidDataError,
            "less than the number of codes",
        ),
        (
            lambda: metrics.knn_accuracy(CODES, CLASSES, CODES, CLASSES, n_neighbors=9),
            InvalidDataError,
            "n_neighbors=9",
        ),
        (
            lambda: metrics.knn_accuracy(CODES, CLASSES, ROWS, CLASSES),
            ShapeMismatchError,
            "the same number of components",
        ),
        (
            lambda: metrics.linear_probe_accuracy(CODES, CLASSES, CODES, CLASSES[:2]),
            ShapeMismatchError,
            "(y_test)",
        ),
        (lambda: metrics.bits_per_value(CODES, ROWS[:3]), ShapeMismatchError, "one code for each"),
    ],
)
def test_what_cannot_be_measured_is_refused(attempt, error, words):
    with pytest.raises(error, match=re.escape(words)):
        attempt()
