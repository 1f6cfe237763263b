"""What is drawn, read back from the figures: images, lines, colours, texts, files."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA

from jamjae import plotting
from jamjae.errors import InvalidDataError, MissingDependencyError, OutputError, ShapeMismatchError
from jamjae.plotting import style

DRAWINGS = {
    "image_grid": lambda: plotting.image_grid([np.eye(8)[None]], row_labels=["eye"], title="one"),
    "bar_rows": lambda: plotting.bar_rows([np.eye(2), np.eye(2)], row_labels=["a", "b"]),
    "loss_curve": lambda: plotting.loss_curve({"loss": [2.0, 1.0]}, baseline=1.5).figure,
    "code_scatter": lambda: plotting.code_scatter(np.eye(3), [0, 1, 2]).figure,
    "image_blocks": lambda: plotting.image_blocks([np.ones((3, 4, 4))], row_labels=["ones"]),
    "cloud_grid": lambda: plotting.cloud_grid({"cloud": np.eye(3)}),
}


@pytest.fixture(scope="module")
def digits():
    return load_digits().images[:6]


def drawn(figure):
    """The images of a grid as arrays in [0, 1], in the order of the axes."""
    return [np.asarray(ax.images[0].get_array()) for ax in figure.axes]


def texts(holder):
    return [text.get_text() for text in holder.texts]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


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


def test_colour_images_stay_in_colour():
    X = np.random.default_rng(0).integers(0, 256, (2, 5, 6, 3), dtype=np.uint8)
    np.testing.assert_allclose(drawn(plotting.image_grid([X])), X / 255)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        (np.uint8([0, 200]), np.float32([-20, 300]), 0, 255),  # restored in the units of pixels
        (np.uint8([0, 200]), np.float32([-0.1, 1.1]), 0, 1),  # restored in [0, 1]
        (np.float32([0.2, 0.8]), np.float32([-0.1, 1.1]), 0, 1),
        (np.float32([0.2, 0.8]), np.uint8([0, 128]), 0, 255),
        (np.float64([-3, 5]), np.float64([-9, 4]), -3, 5),
    ],
)
def test_restorations_take_the_range_of_the_originals(first, second, low, high):
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
    restored = pca.inverse_transform(pca.transform(X))
    names = load_iris().feature_names
    figure = plotting.bar_rows([X, restored], feature_names=names, row_labels=["original", "PCA"])
    assert len(figure.axes) == samples
    for ax, row, row2 in zip(figure.axes, X, restored, strict=True):
        lengths = [[bar.get_width() for bar in bars] for bars in ax.containers]
        np.testing.assert_allclose(lengths, [row, row2])
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == names
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["original", "PCA"]


@pytest.mark.parametrize("rows", [[], [np.zeros(3)], [np.zeros((2, 0))], [[["a"]]]])
def test_bars_need_a_table(rows):
    with pytest.raises(InvalidDataError, match=r"bar_rows (received|cannot draw)"):
        plotting.bar_rows(rows)


# Curves


def test_losses_and_the_baseline():
    history = {"loss": [0.5, 0.3, 0.2], "val_loss": np.array([0.6, 0.4, 0.3]), "kl": [1, 1, 1]}
    ax = plotting.loss_curve(history, baseline=0.25)
    training, validation, baseline = ax.lines
    np.testing.assert_array_equal(training.get_xydata(), [[1, 0.5], [2, 0.3], [3, 0.2]])
    np.testing.assert_array_equal(validation.get_ydata(), history["val_loss"])
    assert set(baseline.get_ydata()) == {0.25}
    assert baseline.get_linestyle() == "--"
    assert legend(ax) == ["training", "validation", "PCA 0.25"]
    assert ax.get_yscale() == "linear"


def test_two_baselines_have_the_colours_of_their_curves():
    history = {"loss": [0.5, 0.2], "val_loss": [0.6, 0.3]}
    ax = plotting.loss_curve(
        history, baseline=0.01033, validation_baseline=1037.4, baseline_label="KernelPCA"
    )
    assert legend(ax)[2:] == ["KernelPCA training 0.0103", "KernelPCA validation 1,037"]
    assert [line.get_color() for line in ax.lines[:2]] == [
        line.get_color() for line in ax.lines[2:]
    ]


@pytest.mark.parametrize(
    ("losses", "baseline", "scale"),
    [
        ([1.0, 0.11], None, "linear"),
        ([1.0, 0.09], None, "log"),
        ([1.0, 1e-5], None, "log"),
        ([1.0, 0.5], 0.01, "log"),
        ([1.0, np.nan, 0.01], None, "log"),
        ([1.0, 0.0], None, "linear"),
        ([1.0, -5.0], None, "linear"),
        ([np.nan], None, "linear"),
    ],
)
def test_scale_of_the_losses(losses, baseline, scale):
    ax = plotting.loss_curve({"loss": losses}, baseline=baseline)
    assert ax.get_yscale() == scale
    ax.figure.draw_without_rendering()


@pytest.mark.parametrize("epochs", [1, 2, 3, 15])
def test_epochs_are_whole(epochs):
    ax = plotting.loss_curve({"loss": np.linspace(2, 1, epochs)})
    ticks = ax.get_xticks()
    np.testing.assert_array_equal(ticks, ticks.round())
    assert 1 in ticks or epochs > 3


@pytest.mark.parametrize("history", [{}, {"loss": []}, {"kl": [1.0]}, {"loss": 0.5}])
def test_a_history_needs_losses(history):
    with pytest.raises(InvalidDataError, match="'loss'"):
        plotting.loss_curve(history)


# Points


def test_points_and_their_classes():
    rng = np.random.default_rng(0)
    Z, y = rng.normal(size=(50, 3)), rng.integers(0, 3, 50)
    ax = plotting.code_scatter(Z, y, class_names=np.array(["shirt", "shoe", "bag"]))
    (points,) = ax.collections
    assert legend(ax) == ["shirt", "shoe", "bag"]
    keys = {
        to_hex(handle.get_color()): number
        for number, handle in enumerate(ax.get_legend().legend_handles)
    }
    shown = {
        tuple(place): keys[to_hex(color[:3])]
        for place, color in zip(points.get_offsets().data, points.get_facecolors(), strict=True)
    }
    assert shown == {tuple(row[:2]): number for row, number in zip(Z, y, strict=True)}


@pytest.mark.parametrize(
    ("y", "names", "expected"),
    [
        ([3, 3, 7], None, ["3", "7"]),
        ([3, 3, 7], ["three", "seven"], ["three", "seven"]),
        ([0, 0, 2], ["a", "b", "c"], ["a", "c"]),
        ([-1, 0, 1], ["noise", "a", "b"], ["noise", "a", "b"]),
        ([True, False, True], ["no", "yes"], ["no", "yes"]),
        (["cat", "dog", "cat"], None, ["cat", "dog"]),
    ],
)
def test_class_names(y, names, expected):
    assert legend(plotting.code_scatter(np.eye(3), y, class_names=names)) == expected


def test_class_names_must_name_every_class():
    with pytest.raises(InvalidDataError, match="2 class_names for 3 classes"):
        plotting.code_scatter(np.eye(3), [0, 1, 2], class_names=["a", "b"])


def test_a_class_has_the_same_colour_whichever_others_are_there():
    def colors(y):
        handles = plotting.code_scatter(np.eye(3), y).get_legend().legend_handles
        return [to_hex(handle.get_color()) for handle in handles]

    assert colors([0, 2, 2]) == [colors([0, 1, 2])[index] for index in (0, 2)]
    assert len(set(colors([-1, 10**9, 5]))) == 3


def test_thirty_classes_look_different():
    ax = plotting.code_scatter(np.random.default_rng(0).random((90, 2)), np.arange(90) % 30)
    looks = {
        (to_hex(handle.get_color()), handle.get_marker())
        for handle in ax.get_legend().legend_handles
    }
    assert len(looks) == 30
    assert sum(len(points.get_offsets()) for points in ax.collections) == 90


def test_legend_stands_beside_the_points():
    ax = plotting.code_scatter(np.eye(3), [0, 1, 2], class_names=["one", "two", "a long name"])
    ax.figure.draw_without_rendering()
    box = ax.get_legend().get_window_extent()
    assert box.x0 >= ax.get_window_extent().x1
    assert box.x1 <= ax.figure.bbox.width


def test_values_have_a_colour_bar():
    ax = plotting.code_scatter(np.eye(4), np.array([0.0, 1.0, 2.0, 5.0]))
    (points,) = ax.collections
    assert points.get_cmap().name == "viridis"
    assert points.colorbar.vmax == 5.0
    assert ax.get_legend() is None


def test_colours_as_given():
    colors = np.random.default_rng(0).random((7, 3))
    (points,) = plotting.code_scatter(
        np.random.default_rng(1).random((7, 2)), colors=colors
    ).collections
    np.testing.assert_allclose(points.get_facecolors()[:, :3], colors)


@pytest.mark.parametrize(("count", "raster"), [(5000, False), (5001, True)])
def test_many_points_are_stored_as_pixels(count, raster):
    (points,) = plotting.code_scatter(np.zeros((count, 2))).collections
    assert bool(points.get_rasterized()) is raster


def test_more_points_are_smaller_and_more_transparent():
    looks = [plotting.code_scatter(np.zeros((n, 2))).collections[0] for n in (100, 2000, 40000)]
    sizes = [points.get_sizes()[0] for points in looks]
    alphas = [points.get_alpha() for points in looks]
    assert sizes[0] > sizes[1] > sizes[2]
    assert alphas[0] >= alphas[1] > alphas[2]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"Z": np.zeros((3, 1))}, InvalidDataError),
        ({"Z": np.zeros((0, 2))}, InvalidDataError),
        ({"Z": np.zeros(3)}, InvalidDataError),
        ({"Z": np.eye(3), "y": [0, 1]}, ShapeMismatchError),
        ({"Z": np.eye(3), "colors": np.zeros((3, 4))}, ShapeMismatchError),
        ({"Z": np.eye(3), "colors": np.full((3, 3), 255)}, InvalidDataError),
        ({"Z": np.eye(3), "colors": np.eye(3), "y": [0, 1, 2]}, InvalidDataError),
    ],
)
def test_points_must_fit_together(arguments, error):
    with pytest.raises(error, match="code_scatter"):
        plotting.code_scatter(**arguments)


def test_axes_of_the_caller_are_used():
    axes = Figure().subplots(1, 2)
    assert plotting.code_scatter(np.eye(3), [0.0, 0.5, 1.0], ax=axes[0]) is axes[0]
    assert plotting.loss_curve({"loss": [2.0, 1.0]}, ax=axes[1]) is axes[1]


# Texts


KOREAN = ["티셔츠", "바지", "가방"]


@pytest.mark.skipif(
    not set(style.KOREAN_FONTS) & set(fontManager.get_font_names()),
    reason="no Korean font is installed",
)
def test_korean_names_are_drawn_with_a_korean_font(caplog):
    ax = plotting.code_scatter(np.eye(3), [0, 1, 2], class_names=KOREAN, title="옷의 코드")
    figure = plotting.image_grid([np.zeros((3, 4, 4))], column_labels=KOREAN)
    with caplog.at_level(logging.WARNING), warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing glyph is a warning of Matplotlib's
        for drawing in (ax.figure, figure):
            drawing.draw_without_rendering()
    assert not caplog.records


def test_korean_names_without_a_korean_font_do_not_warn(monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(style, "korean_fonts", tuple)
    with caplog.at_level(logging.WARNING):
        figure = plotting.image_grid([np.zeros((3, 4, 4))], column_labels=KOREAN)
        plotting.save(figure, tmp_path / "grid.png")
        plotting.save(plotting.code_scatter(np.eye(3), KOREAN), tmp_path / "scatter.pdf")
    assert not caplog.records


# Files and the world outside


@pytest.mark.parametrize(
    ("suffix", "start"),
    [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF"), (".PNG", b"\x89P")],
)
@pytest.mark.parametrize("drawing", DRAWINGS)
def test_saved_whole_and_nothing_else(tmp_path, drawing, suffix, start):
    path = tmp_path / f"그림{suffix}"
    assert plotting.save(DRAWINGS[drawing](), str(path)) == path
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_png_has_150_dots_an_inch(tmp_path):
    figure = Figure((3, 2))
    path = plotting.save(figure, tmp_path / "a.png")
    assert mpl.image.imread(path).shape[:2] == (300, 450)


def test_axes_stand_for_their_figure(tmp_path):
    ax = plotting.loss_curve({"loss": [2.0, 1.0]})
    inner = Figure().subfigures(1, 2)[1].add_subplot()
    for index, axes in enumerate((ax, inner)):
        assert plotting.save(axes, tmp_path / f"{index}.png").stat().st_size > 0


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_picture_is_the_same_file(tmp_path, suffix):
    files = [
        plotting.save(DRAWINGS["loss_curve"](), tmp_path / f"{name}{suffix}").read_bytes()
        for name in "ab"
    ]
    assert files[0] == files[1]


def test_existing_file_is_replaced_only_by_a_whole_one(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_text("before")
    figure = Figure()

    def fail(file, **_):
        Path(file).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(figure, "savefig", fail)
        with pytest.raises(OutputError, match="No space left"):
            plotting.save(figure, path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    plotting.save(figure, path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_folders_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "folder.png").mkdir()
    for path in ("file/a.png", "folder.png"):
        with pytest.raises(OutputError, match="Cannot write"):
            plotting.save(Figure(), tmp_path / path)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder.png"}


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.png.txt"])
def test_other_formats_are_refused(tmp_path, name):
    with pytest.raises(OutputError, match=r"\.png, \.svg, \.pdf"):
        plotting.save(Figure(), tmp_path / name)


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_global_settings_stay_as_they_were(drawing, tmp_path):
    before, filters = dict(mpl.rcParams), list(warnings.filters)
    plotting.save(DRAWINGS[drawing](), tmp_path / "a.png")
    assert dict(mpl.rcParams) == before
    assert warnings.filters == filters


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_background_is_white_whatever_the_users_style(drawing, tmp_path):
    with mpl.rc_context({"figure.facecolor": "black", "text.color": "white", "axes.grid": True}):
        path = plotting.save(DRAWINGS[drawing](), tmp_path / "a.png")
    np.testing.assert_array_equal(mpl.image.imread(path)[0, 0], 1.0)


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_without_matplotlib_the_error_says_what_to_install(drawing, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "jamjae\[plot\]"'):
        DRAWINGS[drawing]()


def test_importing_and_drawing_load_no_more_than_needed():
    code = (
        "import sys, jamjae.plotting as p\n"
        "assert 'matplotlib' not in sys.modules\n"
        "p.loss_curve({'loss': [2, 1]})\n"
        "assert not {'matplotlib.pyplot', 'jax', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- blocks of images, codes as pictures, clouds ------------------------------------------------


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


def test_codes_become_pictures_as_square_as_can_be():
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
