"""Maps of codes: the same each time, by the library that suits their number."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from sklearn.decomposition import PCA

from jamjae import latent_map, load_digits
from jamjae.errors import InvalidDataError, MissingDependencyError, ShapeMismatchError
from jamjae.evaluation import metrics
from jamjae.latent import projections
from jamjae.plotting import thumbnail_scatter

DIGITS = load_digits()
X, Y = DIGITS.X[:300], DIGITS.y[:300]
UMAP = pytest.param(
    "umap",
    marks=[
        pytest.mark.slow,  # Numba compiles it
        pytest.mark.skipif(not importlib.util.find_spec("umap"), reason="no umap-learn"),
    ],
)
OPEN = pytest.mark.skipif(not importlib.util.find_spec("openTSNE"), reason="no openTSNE")


@pytest.mark.parametrize("method", ["pca", "tsne", UMAP])
def test_a_map_keeps_neighbors_and_is_the_same_each_time(method):
    found = latent_map(X, method)
    assert found.points.shape == (300, 2)
    assert metrics.neighborhood_hit(found.points, Y) > (0.4 if method == "pca" else 0.8)
    np.testing.assert_array_equal(found.points, latent_map(X, method).points)


def test_tsne_starts_where_pca_ends(monkeypatch):
    class Kept:
        def __init__(self, **options):
            self.start = options["init"]

        def fit_transform(self, codes):
            return self.start

    monkeypatch.setattr(projections, "TSNE", Kept)
    start = latent_map(X, "tsne").points
    pca = PCA(2, random_state=0).fit_transform(X.reshape(300, -1))
    np.testing.assert_allclose(start / start[:, 0].std(), pca / pca[:, 0].std(), atol=1e-4)
    assert start[:, 0].std() == pytest.approx(1e-4)


@OPEN
def test_many_rows_are_opentsnes(monkeypatch):
    assert "scikit-learn" in latent_map(X, "tsne").method
    monkeypatch.setattr(projections, "LARGE", 100)
    found = latent_map(X, "tsne")
    assert "openTSNE" in found.method
    assert metrics.neighborhood_hit(found.points, Y) > 0.8


def test_few_numbers_are_their_own_map():
    codes = np.random.default_rng(0).normal(size=(20, 2))
    assert latent_map(codes, "pca").method == "the codes themselves"
    np.testing.assert_array_equal(latent_map(codes, "pca").points, codes)
    line = latent_map(codes[:, :1], "tsne")
    np.testing.assert_array_equal(line.points[:, 0], codes[:, 0])
    assert not line.points[:, 1].any()


@pytest.mark.parametrize("rows", [2, 3, 5])
@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_few_rows(rows, method):
    assert np.isfinite(latent_map(X[:rows], method).points).all()


@pytest.mark.parametrize(
    ("codes", "method", "words"),
    [
        (X, "sne", "pca, tsne, umap"),
        (X[:1], "pca", "at least two rows"),
        ([[np.nan, 1.0]] * 3, "pca", "NaN"),
        ([["a"], ["b"]], "pca", "cannot use"),
        (np.ones((30, 4)), "tsne", "30 equal codes"),
    ],
)
def test_what_has_no_map_is_refused(codes, method, words):
    with pytest.raises(InvalidDataError, match=words):
        latent_map(codes, method)


def test_umap_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"jamjae\[maps\]"):
        latent_map(X, "umap")


def test_a_map_draws_itself():
    ax = latent_map(X, "pca").plot(Y, class_names=DIGITS.class_names, title="digits")
    assert len(ax.get_legend().get_texts()) == 10
    assert ax.get_xlabel().startswith("PCA")
    assert ax.get_title(loc="left") == "digits"


def test_thumbnails_do_not_cover_each_other():
    places = np.random.default_rng(0).uniform(size=(300, 2))
    ax = thumbnail_scatter(places, X, Y, size=0.05)
    boxes = np.array([image.get_extent() for image in ax.images])
    assert 50 < len(boxes) < 300
    centres = np.stack([boxes[:, :2].mean(axis=1), boxes[:, 2:].mean(axis=1)], axis=1)
    apart = np.abs(centres[:, None] - centres[None]).max(axis=2)
    np.fill_diagonal(apart, 1.0)
    assert apart.min() >= 0.05 - 1e-9
    assert len(ax.patches) == len(boxes)


@pytest.mark.parametrize("shape", [(5, 4, 4), (5, 4, 4, 1), (5, 4, 4, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_thumbnails_of_any_kind(shape, dtype):
    images = np.random.default_rng(0).integers(0, 255, shape).astype(dtype)
    ax = thumbnail_scatter(np.eye(5), images)
    drawn = np.asarray(ax.images[0].get_array())
    assert drawn.shape == (shape[1:] if shape[-1] == 3 else shape[1:3])
    assert drawn.min() >= 0
    assert drawn.max() <= 1


def test_thumbnails_that_do_not_fit_are_refused():
    with pytest.raises(ShapeMismatchError, match="5 codes and 4 images"):
        thumbnail_scatter(np.eye(5), np.zeros((4, 3, 3)))
    with pytest.raises(InvalidDataError, match="received images"):
        thumbnail_scatter(np.eye(5), np.zeros((5, 9)))
