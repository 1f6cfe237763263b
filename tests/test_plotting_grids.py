"""Grids of images, bars and clouds, read back from the figures."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA

from figures import texts
from jamjae import plotting
from jamjae.errors import InvalidDataError, ShapeMismatchError


@pytest.fixture(scope="module")
def digits():
    return load_digits().images[:6]


def drawn(figure):
    """The images of a grid as arrays in [0, 1], in the order of the axes."""
    return [np.asarray(ax.images[0].get_array()) for ax in figure.axes]


# Grids of images


def test_grid_draws_every_image_originals_first(digits):
    figure = plotting.image_grid([digits, digits / 2])
    images = drawn(figure)
    assert len(images) == 12
    np.testing.assert_allclose(images[:6], digits / 16)
    np.testing.assert_allclose(images[6:], digits / 32)
    boxes = [ax.get_position() for ax in figure.axes]
    assert all(above.y0 > below.y1 for above, below in zip(boxes[:6], boxes[6:], strict=True))
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes[:6]))


@pytest.mark.parametrize(
    "shape", [(3, 28, 28), (3, 28, 28, 1), (2, 19, 31, 3), (1, 63, 63, 3)], ids=str
)
def test_every_pixel_is_a_whole_number_of_dots(shape):
    figure = plotting.image_grid([np.random.default_rng(0).random(shape)], row_labels=["  label"])
    for ax in figure.axes:
        left, bottom, width, height = ax.get_position().bounds
        dots = np.array([left, bottom, width, height]) * np.tile(figure.bbox.size, 2)
        np.testing.assert_allclose(dots, dots.round(), atol=1e-6)
        assert round(dots[2]) % shape[2] == 0
        assert round(dots[3]) % shape[1] == 0
        assert ax.images[0].get_interpolation() == "nearest"


def test_saved_pixels_are_the_pixels_given(tmp_path):
    X = np.random.default_rng(0).integers(0, 256, (1, 8, 8), dtype=np.uint8)
    figure = plotting.image_grid([X])
    image = mpl.image.imread(plotting.save(figure, tmp_path / "grid.png"))[..., 0]
    inside = image[12:-12, 12:-12]
    factor = inside.shape[0] // 8
    np.testing.assert_allclose(np.kron(X[0], np.ones((factor, factor))), inside * 255, atol=1.5)


def test_color_images_stay_in_color():
    X = np.random.default_rng(0).integers(0, 256, (2, 5, 6, 3), dtype=np.uint8)
    np.testing.assert_allclose(drawn(plotting.image_grid([X])), X / 255)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        (np.uint8([0, 200]), np.float32([-20, 300]), 0, 255),  # in the units of pixels
        (np.uint8([0, 200]), np.float32([-0.1, 1.1]), 0, 1),  # scaled to [0, 1]
        (np.float32([0.2, 0.8]), np.float32([-0.1, 1.1]), 0, 1),
        (np.float32([0.2, 0.8]), np.uint8([0, 128]), 0, 255),
        (np.float64([-3, 5]), np.float64([-9, 4]), -3, 5),
    ],
)
def test_reconstructions_take_the_range_of_the_originals(first, second, low, high):
    rows = [np.resize(values, (1, 4, 4)) for values in (first, second)]
    expected = np.clip((rows[1].astype(float) - low) / (high - low), 0, 1)
    np.testing.assert_allclose(drawn(plotting.image_grid(rows))[1], expected[0], rtol=1e-6)


@pytest.mark.parametrize(("given", "low", "high"), [(8, 0, 8), ((-4.0, 12.0), -4, 12)])
def test_range_as_given(digits, given, low, high):
    images = drawn(plotting.image_grid([digits], data_range=given))
    np.testing.assert_allclose(images, np.clip((digits - low) / (high - low), 0, 1))


@pytest.mark.parametrize("bad", [0, -1, (1, 1), (0, np.nan)])
def test_range_must_be_a_range(digits, bad):
    with pytest.raises(InvalidDataError, match="data_range="):
        plotting.image_grid([digits], data_range=bad)


def test_codes_of_another_size_have_their_own_range(digits):
    codes = np.random.default_rng(0).normal(size=(6, 3, 5)) * 100
    rows = drawn(plotting.image_grid([digits, codes, digits]))
    assert rows[6].shape == (3, 5)
    assert min(map(np.min, rows[6:12])) == 0
    assert max(map(np.max, rows[6:12])) == 1


def test_one_constant_image_is_drawn():
    assert drawn(plotting.image_grid([np.full((1, 4, 4), 7.0)]))[0].max() == 0


def test_labels_stand_inside_the_figure_and_apart(digits):
    columns = ["T-shirt/top", "trouser", "a very long name", "p", "g", "boot"]
    rows = ["original", "jamjae  MSE .0055"]
    figure = plotting.image_grid(
        [digits, digits], row_labels=rows, column_labels=columns, title="Digits"
    )
    assert texts(figure) == ["original", "jamjae\nMSE .0055", *columns, "Digits"]
    boxes = [text.get_window_extent() for text in figure.texts]
    boxes += [ax.get_window_extent() for ax in figure.axes]
    width, height = figure.bbox.size
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height  # noqa: PT018
    for index, box in enumerate(boxes):
        assert box.count_overlaps(boxes[index + 1 :]) == 0


def test_names_may_be_numpy_arrays(digits):
    figure = plotting.image_grid([digits], column_labels=np.arange(6), row_labels=np.array(["a"]))
    assert texts(figure) == ["a", *"012345"]
    iris = load_iris()
    figure = plotting.bar_rows([iris.data[:1]], feature_names=np.array(iris.feature_names))
    assert figure.axes[0].get_yticklabels()[0].get_text() == "sepal length (cm)"


@pytest.mark.parametrize(
    ("draw", "rows"),
    [
        (plotting.image_grid, [np.zeros((4, 8, 8)), np.zeros((3, 8, 8))]),
        (plotting.bar_rows, [np.zeros((4, 3)), np.zeros((4, 2))]),
    ],
)
def test_rows_must_belong_together(draw, rows):
    with pytest.raises(ShapeMismatchError, match=r"\(4, .*same"):
        draw(rows)


@pytest.mark.parametrize("name", ["row_labels", "column_labels", "feature_names"])
def test_labels_must_be_as_many(digits, name):
    draw, row = (
        (plotting.bar_rows, np.zeros((2, 3)))
        if name == "feature_names"
        else (plotting.image_grid, digits)
    )
    with pytest.raises(ShapeMismatchError, match=f"{name} has 4 entries"):
        draw([row], **{name: list("abcd")})


@pytest.mark.parametrize(
    "rows", [[], [np.zeros((2, 64))], [np.zeros((2, 8, 8, 2))], [np.zeros((0, 8, 8))], [["text"]]]
)
def test_a_grid_needs_images(rows):
    with pytest.raises(InvalidDataError, match=r"image_grid (received|cannot draw)"):
        plotting.image_grid(rows)


# Tables


@pytest.mark.parametrize("samples", [1, 4, 5, 6])
def test_bars_are_as_long_as_the_values(samples):
    X = load_iris().data[:: 150 // samples][:samples]
    pca = PCA(1).fit(load_iris().data)
    reconstructed = pca.inverse_transform(pca.transform(X))
    names = load_iris().feature_names
    figure = plotting.bar_rows(
        [X, reconstructed], feature_names=names, row_labels=["original", "PCA"]
    )
    assert len(figure.axes) == samples
    for ax, row, row2 in zip(figure.axes, X, reconstructed, strict=True):
        lengths = [[bar.get_width() for bar in bars] for bars in ax.containers]
        np.testing.assert_allclose(lengths, [row, row2])
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == names
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["original", "PCA"]


@pytest.mark.parametrize("rows", [[], [np.zeros(3)], [np.zeros((2, 0))], [[["a"]]]])
def test_bars_need_a_table(rows):
    with pytest.raises(InvalidDataError, match=r"bar_rows (received|cannot draw)"):
        plotting.bar_rows(rows)


# --- blocks of images, codes as images, clouds --------------------------------------------------


def test_blocks_break_rows_into_lines_and_keep_their_ranges():
    images = np.linspace(0, 255, 7 * 16).reshape(7, 4, 4).astype(np.uint8)
    codes = np.linspace(-3, 3, 7 * 4).reshape(7, 2, 2)
    figure = plotting.image_blocks([images, codes], row_labels=["a", "b"], per_line=5)
    assert len(figure.axes) == 2 * 2 * 5
    drawn = [np.asarray(ax.get_images()[0].get_array()) for ax in figure.axes]
    assert np.allclose(drawn[0], images[0] / 255)
    assert np.allclose(drawn[5], (codes[0] + 3) / 6)
    assert np.allclose(drawn[10], images[5] / 255)
    assert (drawn[12] == 1).all()  # where no image is left
    assert [text.get_text() for text in figure.texts] == ["a", "b", "a", "b"]


def test_codes_become_images_as_square_as_can_be():
    Z = np.arange(24.0).reshape(2, 12)
    assert plotting.code_images(Z).shape == (2, 3, 4)
    assert np.array_equal(plotting.code_images(Z)[1].ravel(), Z[1])
    assert plotting.code_images(np.zeros((2, 7))).shape == (2, 1, 7)
    with pytest.raises(InvalidDataError, match="code_images"):
        plotting.code_images(np.zeros(5))


def test_clouds_share_their_axes():
    clouds = {"near": np.eye(3), "far": 5 * np.eye(3)}
    near, far = plotting.cloud_grid(clouds, colors=np.eye(3)).axes
    assert near.get_xlim() == far.get_xlim()


@pytest.mark.parametrize(
    ("clouds", "colors", "error"),
    [
        ({}, None, InvalidDataError),
        ({"flat": np.zeros((3, 2))}, None, InvalidDataError),
        ({"one": np.zeros((3, 3))}, np.zeros((2, 3)), ShapeMismatchError),
    ],
)
def test_clouds_that_are_none_are_refused(clouds, colors, error):
    with pytest.raises(error):
        plotting.cloud_grid(clouds, colors=colors)
