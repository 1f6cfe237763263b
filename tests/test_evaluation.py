"""One way to evaluate reconstructions, used everywhere."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from sklearn.decomposition import PCA
from typer.testing import CliRunner

from jamjae import Autoencoder, compare, load_digits
from jamjae.cli import app
from jamjae.evaluation import evaluate, evaluate_reconstruction, metrics, row_errors

PIXELS = (255 * (load_digits().X[:200] > 8)).astype(np.uint8)  # black and white: PCA goes beyond


@pytest.fixture(scope="module")
def linear():
    return Autoencoder(4, network=(), random_state=0).fit(PIXELS)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixels_are_clipped_to_the_range_of_their_type(dtype):
    most = np.iinfo(dtype).max
    X = np.array([[[0, most], [most, 0]]], dtype=dtype)
    beyond = np.array([[[-0.5, 1.5], [0.9, 0.1]]]) * most
    found = evaluate_reconstruction(X, beyond)
    inside = beyond.clip(0, most)
    assert found.mse == pytest.approx(np.square(X - inside).mean() / most**2) == 0.005
    assert found.explained_variance == metrics.explained_variance(X, inside)
    assert found.psnr == metrics.psnr(X, inside, data_range=most)
    assert found.ssim is None  # 2 x 2 pixels
    np.testing.assert_allclose(row_errors(X, beyond), [0.005 * most**2])


def test_data_without_a_fixed_range_are_not_clipped():
    X = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert evaluate_reconstruction(X, X * 3).mse == pytest.approx(2.0)
    assert evaluate_reconstruction(X, X * 3).psnr is None


def test_pixels_that_were_read_as_floats_are_pixels():
    told = evaluate_reconstruction(PIXELS.astype(float), PIXELS + 9.0, dtype=np.uint8)
    assert told == evaluate_reconstruction(PIXELS, PIXELS + 9.0)


def test_every_model_is_measured_alike(linear):
    pca = PCA(4, svd_solver="full").fit(PIXELS.reshape(200, -1))
    ours, baseline, rival = (
        np.array(evaluate(model, PIXELS)) for model in (linear, linear.baseline_, pca)
    )
    np.testing.assert_allclose(ours, baseline, rtol=1e-3)
    np.testing.assert_allclose(rival, baseline, rtol=1e-3)


def test_scores_are_those_of_evaluate(linear):
    assert linear.score(PIXELS) == pytest.approx(evaluate(linear, PIXELS).explained_variance)
    errors = row_errors(PIXELS, linear.reconstruct(PIXELS))
    np.testing.assert_allclose(-linear.score_samples(PIXELS), errors, rtol=1e-9)


def test_the_command_line_and_compare_give_the_numbers_of_evaluate(linear, tmp_path):
    (images := tmp_path / "images").mkdir()
    for place, image in enumerate(PIXELS[:20]):
        Image.fromarray(image).save(images / f"{place:02d}.png")
    path = linear.save(tmp_path / "model.jamjae")
    said = CliRunner().invoke(
        app, ["reconstruct", str(path), str(images), "-o", str(tmp_path / "made"), "--json"]
    )
    told = json.loads(said.stdout)
    for name, model in (("jamjae", linear), ("PCA", linear.baseline_)):
        assert told[name] == pytest.approx(evaluate(model, PIXELS[:20])._asdict(), rel=1e-6)

    found = compare(PIXELS[:160], methods="pca", n_components=4, test=PIXELS[160:], seeds=1)
    row, pca = found.rows[0], PCA(4, random_state=0).fit(PIXELS[:160].reshape(160, -1))
    for name, value in evaluate(pca, PIXELS[160:]).known().items():
        assert row[f"test_{name}"] == pytest.approx(value, rel=1e-5)
