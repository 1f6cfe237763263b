"""Sheets of samples, traversals of components and density maps, read back from the figures."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from figures import texts
from jamjae import plotting
from jamjae.errors import InvalidDataError, ShapeMismatchError

RNG = np.random.default_rng(0)
DIGITS = load_digits().images[:30]
CODES = RNG.normal(size=(60, 3)) * [1.0, 5.0, 0.1]
AXES = np.eye(16).reshape(16, 4, 4)[:3]


def shown(figure):
    return [np.asarray(ax.images[0].get_array()) for ax in figure.axes]


def decode(Z):
    """Each component brightens a pixel of its own."""
    return np.einsum("nk,khw->nhw", Z, AXES)


def normal(points):
    return -np.square(points).sum(axis=1) / 2


# Sheets


def test_a_sheet_shows_images_line_after_line():
    images = shown(plotting.sample_sheet(DIGITS[:7], per_line=3))
    assert len(images) == 9
    np.testing.assert_allclose(images[:7], DIGITS[:7] / 16)
    assert (np.array(images[7:]) == 1.0).all()


def test_a_sheet_by_class_has_a_line_for_each():
    y = np.array([2, 0, 2, 2, 0, 5, 2])
    figure = plotting.sample_sheet(DIGITS[:7], y, class_names=list("abcdef"), per_line=3)
    assert texts(figure) == ["a", "c", "f"]
    images = shown(figure)
    assert len(images) == 9
    for place, row in zip((0, 1, 3, 4, 5, 6), (1, 4, 0, 2, 3, 5), strict=True):
        np.testing.assert_allclose(images[place], DIGITS[row] / 16)
    assert all((images[place] == 1.0).all() for place in (2, 7, 8))


def test_images_without_a_label_are_left_out():
    figure = plotting.sample_sheet(DIGITS[:3], ["b", None, "a"])
    assert texts(figure) == ["a", "b"]
    np.testing.assert_allclose(shown(figure), DIGITS[[2, 0]] / 16)


@pytest.mark.parametrize("shape", [(5, 4, 4, 1), (5, 4, 4, 3)], ids=str)
def test_a_sheet_of_bytes_in_gray_and_color(shape):
    images = RNG.integers(0, 256, shape, dtype=np.uint8)
    expected = images[..., 0] if shape[-1] == 1 else images
    np.testing.assert_allclose(shown(plotting.sample_sheet(images)), expected / 255)


def test_a_sheet_shows_a_hundred_images_at_most():
    assert len(plotting.sample_sheet(np.zeros((130, 2, 2)), per_line=20).axes) == 100


# Traversals


def test_each_line_varies_one_component_around_the_code():
    code = np.array([0.1, -1.0, 0.05])
    figure = plotting.latent_traversals(
        decode, CODES, code=code, components=[2, 0], steps=5, data_range=(-20, 20)
    )
    images = np.array(shown(figure)).reshape(2, 5, 4, 4) * 40 - 20
    low, high = np.quantile(CODES, (0.01, 0.99), axis=0)
    for line, i in zip(images, (2, 0), strict=True):
        expected = np.repeat(code[None], 5, axis=0)
        expected[:, i] = [low[i], (low[i] + code[i]) / 2, code[i], (high[i] + code[i]) / 2, high[i]]
        np.testing.assert_allclose(line, decode(expected), atol=1e-9)
    said = texts(figure)
    assert [text.splitlines()[0] for text in said[:2]] == ["component 3", "component 1"]
    assert said[2:] == ["low", "", "code", "", "high"]


def test_the_components_that_change_the_image_most_are_chosen():
    figure = plotting.latent_traversals(decode, CODES, components=2)
    assert [text.splitlines()[0] for text in texts(figure)[:2]] == ["component 2", "component 1"]
    assert len(plotting.latent_traversals(decode, CODES, components=9).axes) == 27


def test_the_code_is_by_default_one_of_the_codes():
    seen = []
    plotting.latent_traversals(lambda Z: (seen.append(Z), decode(Z))[1], CODES, steps=3)
    middle = seen[-1][1]
    assert (middle == CODES).all(axis=1).any()
    assert np.abs(middle / CODES.std(axis=0)).max() < 1


def test_images_decoded_already_are_drawn_as_they_are():
    images = RNG.random((2, 3, 4, 4))
    figure = plotting.latent_traversals(images, row_labels=["one", "two"])
    assert texts(figure) == ["one", "two"]
    np.testing.assert_allclose(shown(figure), images.reshape(6, 4, 4))


# Density maps


def test_shades_hold_shares_of_the_codes():
    Z = RNG.normal(size=(4000, 2))
    ax = plotting.density_map(Z, normal, shares=(0.5, 0.9))
    filled = ax.collections[0]
    expected = np.quantile(normal(Z), [0.1, 0.5])
    np.testing.assert_allclose(filled.levels[:2], expected, atol=0.02)
    assert [text.get_text() for text in ax.artists[0].get_texts()][1:] == ["90 %", "50 %"]
    assert len(ax.collections[-1].get_offsets()) == 4000


def test_a_grid_of_values_is_the_same_as_a_function():
    Z = RNG.normal(size=(300, 2)) * [1.0, 3.0]
    x, y = np.linspace(-4, 4, 161), np.linspace(-12, 12, 141)
    values = normal(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)).reshape(141, 161)
    given = plotting.density_map(Z, (x, y, values)).collections[0].levels
    made = plotting.density_map(Z, normal).collections[0].levels
    np.testing.assert_allclose(given[:-1], made[:-1], atol=0.05)


def test_points_of_no_density_and_equal_densities_are_drawn():
    Z = RNG.normal(size=(50, 2))
    ax = plotting.density_map(Z, lambda p: np.where(p[:, 0] > 0, normal(p), -np.inf))
    assert np.isfinite(ax.collections[0].levels).all()
    plotting.density_map(Z, lambda p: np.zeros(len(p)), np.arange(50) % 2)
    plotting.density_map(np.ones((3, 2)), normal)


ZEROS = np.zeros((3, 4, 4))


@pytest.mark.parametrize(
    ("draw", "error", "said"),
    [
        (lambda: plotting.sample_sheet(np.zeros((3, 16))), InvalidDataError, r"sample_sheet.*28"),
        (lambda: plotting.sample_sheet(ZEROS, [1, 2]), ShapeMismatchError, "3 rows"),
        (lambda: plotting.sample_sheet(ZEROS, per_line=0), InvalidDataError, "per_line=0"),
        (lambda: plotting.sample_sheet(ZEROS, class_names=["a"]), InvalidDataError, "without y"),
        (lambda: plotting.sample_sheet(ZEROS, [None] * 3), InvalidDataError, "no label"),
        (
            lambda: plotting.sample_sheet(ZEROS, [0, 1, 2], class_names=["a", "b"]),
            InvalidDataError,
            "sample_sheet received 2 class_names",
        ),
        (lambda: plotting.latent_traversals(decode), InvalidDataError, "Z="),
        (lambda: plotting.latent_traversals(decode, CODES, steps=4), InvalidDataError, "steps=4"),
        (
            lambda: plotting.latent_traversals(decode, CODES, components=[3]),
            InvalidDataError,
            "component 3 of codes of 3",
        ),
        (
            lambda: plotting.latent_traversals(decode, CODES, components=0),
            InvalidDataError,
            "components=0",
        ),
        (
            lambda: plotting.latent_traversals(decode, CODES, code=[1.0]),
            ShapeMismatchError,
            r"shape \(1,\)",
        ),
        (lambda: plotting.latent_traversals(lambda Z: Z, CODES), InvalidDataError, "decode"),
        (lambda: plotting.latent_traversals(ZEROS), InvalidDataError, r"\(m, s, h, w\)"),
        (lambda: plotting.density_map(CODES, normal), InvalidDataError, r"\(60, 3\)"),
        (lambda: plotting.density_map(CODES[:, :2], len), InvalidDataError, "log densities"),
        (
            lambda: plotting.density_map(CODES[:, :2], lambda p: p),
            ShapeMismatchError,
            "one for each",
        ),
        (
            lambda: plotting.density_map(CODES[:, :2], lambda p: p[:, 0] * np.nan),
            InvalidDataError,
            "NaN",
        ),
        (
            lambda: plotting.density_map(CODES[:, :2], ([0, 1], [0, 1], [0, 1])),
            ShapeMismatchError,
            r"\(q, p\)",
        ),
        (
            lambda: plotting.density_map(CODES[:, :2], normal, shares=(1.0,)),
            InvalidDataError,
            "shares",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, error, said):
    with pytest.raises(error, match=said):
        draw()
