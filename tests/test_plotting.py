"""What is drawn, read back from the figures: curves, points, texts, files."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from figures import DRAWINGS
from jamjae import plotting
from jamjae.errors import InvalidDataError, MissingDependencyError, OutputError, ShapeMismatchError


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


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


def test_two_baselines_have_the_colors_of_their_curves():
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


def test_a_class_has_the_same_color_whichever_others_are_there():
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


def test_values_have_a_color_bar():
    ax = plotting.code_scatter(np.eye(4), np.array([0.0, 1.0, 2.0, 5.0]))
    (points,) = ax.collections
    assert points.get_cmap().name == "viridis"
    assert points.colorbar.vmax == 5.0
    assert ax.get_legend() is None


def test_colors_as_given():
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
def test_the_same_figure_is_the_same_file(tmp_path, suffix):
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
