"""Metrics against scikit-learn, scikit-image or the formula written out slowly."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.metrics import mean_squared_error as sklearn_mse
from sklearn.metrics import r2_score

from jamjae import metrics
from jamjae.errors import InvalidDataError, JamjaeError, ShapeMismatchError

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
    restored = pca.inverse_transform(pca.transform(X))
    assert metrics.explained_variance(X, restored) == pytest.approx(
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
        "import sys, jamjae.metrics\n"
        "assert not {'jax', 'keras', 'skimage', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
