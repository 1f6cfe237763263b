"""Comparisons of methods that draw new rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture
from typer.testing import CliRunner

from comparisons import DIGITS, X, Y
from jamjae import compare
from jamjae.cli import app
from jamjae.errors import InvalidDataError
from jamjae.latent.densities import flow
from jamjae.models import pace

QUICK = {"task": "generate", "seeds": 1, "test_size": 0.3}
CLASSICAL = ["real", "pca-gaussian", "pca-mixture", "pca-kde"]
pytestmark = pytest.mark.filterwarnings("ignore:Training did not improve on PCA")


@pytest.fixture(scope="module")
def found():
    return compare(X, Y, methods=CLASSICAL, **QUICK)


def test_samples_stand_beside_training_rows(found):
    by = {row["method"]: row for row in found.rows}
    assert list(by) == ["training rows", "PCA, normal", "PCA, mixture", "PCA, kernels"]
    assert by["training rows"]["frechet_distance"] == min(
        row["frechet_distance"] for row in found.rows
    )
    assert by["training rows"]["copied_share"] == 1.0
    assert all(0 <= row["coverage"] <= 1 for row in found.rows)
    assert by["PCA, mixture"]["frechet_distance"] < by["PCA, normal"]["frechet_distance"] * 1.5
    assert "test_mse" not in found.columns


def test_it_says_which_comes_nearest(found):
    assert "draws the rows that are nearest to held-out ones" in found.sentence
    assert "training rows themselves" in found.sentence
    text = found.text(120)
    assert "Fréchet" in text
    assert "coverage" in text
    assert found.figure() is not None
    assert found.embeddings() is None


def test_images_are_drawn_as_pixels_and_judged_by_a_classifier():
    images = np.rint(DIGITS.X[:400] * 255 / 16).astype(np.uint8)
    found = compare(images, DIGITS.y[:400], methods=["real", "pca-gaussian"], **QUICK)
    sheet = found.reconstructions(2)
    assert sheet is not None
    assert all(run.outcome.reconstructed.max() <= 255 for run in found.runs)
    made = found.runs[1].outcome.reconstructed
    assert (made == np.rint(made)).all()


def test_ones_own_generator_and_what_fails():
    found = compare(X, methods=[GaussianMixture(3, random_state=0), "pca-gaussian"], **QUICK)
    assert found.rows[0]["method"] == "GaussianMixture"
    assert found.rows[0]["frechet_distance"] < 1.0
    found = compare(X[:12], methods=["pca-mixture"], n_components=9, **QUICK)
    assert "failed" in found.rows[0]["note"]


@pytest.mark.parametrize("methods", [["pca"], ["flowers"], [object()], []])
def test_what_draws_nothing_is_refused(methods):
    with pytest.raises(InvalidDataError, match="method"):
        compare(X, methods=methods, **QUICK)


def test_an_unknown_task_is_refused():
    with pytest.raises(InvalidDataError, match="task='draw'"):
        compare(X, task="draw")


@pytest.mark.slow
def test_all_methods_with_one_autoencoder(monkeypatch):
    for module, name, steps in (
        *((pace, name, 800) for name in ("STEPS", "DEEP_STEPS")),
        *((flow, name, 300) for name in ("STEPS", "LEAST_STEPS")),
    ):
        monkeypatch.setattr(module, name, steps)
    images = DIGITS.X[:900].astype(np.float32)
    found = compare(images, DIGITS.y[:900], n_components=8, **QUICK)
    assert not any("failed" in row["note"] for row in found.rows)
    by = {row["method"]: row["frechet_distance"] for row in found.rows}
    assert by["jamjae, mixture"] < by["PCA, normal"]


def test_the_command_line_compares_generators(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("d.npz", X=X, y=Y)
    run = CliRunner().invoke(
        app,
        [
            *("compare", "d.npz", "--task", "generate", "--methods", "real,pca-gaussian"),
            *("--seeds", "1", "-o", "out"),
        ],
    )
    assert run.exit_code == 0, run.output
    assert "nearest to held-out" in run.output
    assert "samples" in (tmp_path / "out" / "index.html").read_text().lower()
    wrong = CliRunner().invoke(app, ["compare", "d.npz", "--task", "draw"])
    assert wrong.exit_code != 0
    assert "reconstruct, generate or anomaly" in wrong.output
