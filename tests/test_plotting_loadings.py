"""Biplots and maps of loadings: what is drawn, and labels that can be read."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from jamjae import plotting
from jamjae.errors import InvalidDataError, ShapeMismatchError

NAMES = [f"a feature of number {place}" for place in range(30)]


def arrows(ax):
    return [text for text in ax.texts if not text.get_text()]


def labels(ax):
    return [text for text in ax.texts if text.get_text()]


@pytest.mark.parametrize("seed", range(3))
def test_labels_of_a_biplot_cover_neither_each_other_nor_the_frame(seed):
    rng = np.random.RandomState(seed)
    Z, slopes = rng.normal(size=(200, 2)), rng.normal(size=(2, 30))
    if seed == 2:  # arrows that lie beside each other
        slopes = np.array([[1.0], [0.2]]) + 0.05 * slopes
    ax = plotting.biplot(Z, slopes, feature_names=NAMES)
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in labels(ax)]
    assert len(boxes) == len(arrows(ax)) == 12
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    frame = ax.get_window_extent()
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)
    assert "12 longest of 30 arrows" in ax.get_title("right")


def test_arrows_have_the_directions_of_loadings():
    Z = np.random.RandomState(0).normal(size=(50, 3)) + np.arange(1, 4)
    slopes = np.array([[1.0, 0.0, -1.0], [0.5, 0.5, 0.5], [0.0, 2.0, 1.0]])
    ax = plotting.biplot(Z, slopes, components=(2, 0), feature_names=["a", "b", "c"])
    ends = {}
    for arrow, label in zip(arrows(ax), labels(ax), strict=True):
        ends[label.get_text()] = np.subtract(arrow.xy, Z.mean(axis=0)[[2, 0]])
    assert list(ends) == ["b", "c", "a"]  # the longest first
    np.testing.assert_allclose(ends["b"] / ends["b"][0], [1, 0], atol=1e-9)
    np.testing.assert_allclose(ends["c"] / ends["b"][0], [0.5, -0.5], atol=1e-9)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("component 3", "component 1")


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({"components": (0, 2)}, InvalidDataError, "from 0 to 1"),
        ({"components": (1, 1)}, InvalidDataError, "different"),
        ({"components": 0}, InvalidDataError, "components=0"),
        ({"feature_names": ["a"]}, ShapeMismatchError, "feature_names"),
        ({"loadings": np.ones((3, 3))}, ShapeMismatchError, r"expected \(2, features\)"),
        ({"Z": np.ones((3, 1))}, InvalidDataError, "two components"),
        ({"Z": np.full((3, 2), np.nan)}, InvalidDataError, "NaN"),
    ],
)
def test_what_does_not_fit_is_refused(given, error, match):
    settings = {"Z": np.eye(2), "loadings": np.ones((2, 3)), **given}
    with pytest.raises(error, match=match):
        plotting.biplot(settings.pop("Z"), settings.pop("loadings"), **settings)


def test_a_map_of_loadings_has_the_colors_of_both():
    slopes = np.random.RandomState(0).normal(size=(20, 50))
    figure = plotting.loading_map(slopes, 2 * slopes, title="many")
    model, pca, _ = figure.axes
    assert [model.get_title(), pca.get_title()] == ["model", "PCA"]
    assert model.images[0].get_clim() == pca.images[0].get_clim()
    assert model.images[0].get_array().shape == (40, 16)
    assert figure.get_suptitle() == "many, 40 of 50 features, 16 of 20 components"


def test_maps_of_pixels():
    slopes = np.random.RandomState(0).normal(size=(3, 5, 4, 3))
    figure = plotting.loading_images(slopes, slopes, component_names=["a", "b", "c"])
    drawn = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in drawn] == ["a", "b", "c", "PCA", "PCA", "PCA"]
    np.testing.assert_allclose(drawn[0].images[0].get_array(), slopes[0].mean(axis=2))


def test_shapes_that_are_no_loadings_are_refused():
    with pytest.raises(InvalidDataError, match="loading_images"):
        plotting.loading_map(np.ones((2, 3, 3)))
    with pytest.raises(InvalidDataError, match="loading_map"):
        plotting.loading_images(np.ones((2, 3)))
    with pytest.raises(ShapeMismatchError, match="the same"):
        plotting.loading_map(np.ones((2, 3)), np.ones((2, 4)))
