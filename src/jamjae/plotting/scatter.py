"""Scatter plots of codes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data.labels import Labels, read_labels
from jamjae.data.numeric import real_array
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.plotting.style import (
    GREY,
    LIGHT,
    PALETTE,
    check_colors,
    class_titles,
    drawn_in_style,
    matplotlib_module,
    new_axes,
    quieten,
    set_title,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

UNLABELLED = "no label"
MARKERS = "o^sDvPX*"
RASTER_ABOVE = 5_000  # points; a vector file of more is slow to open


def code_scatter(
    Z: ArrayLike,
    y: ArrayLike | None = None,
    *,
    class_names: Sequence[str] | None = None,
    colors: ArrayLike | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw codes as points of a plane, colored by class, by value or by `colors`.

    Parameters
    ----------
    Z : array-like of shape (n, k), k >= 2
        Codes; the first two columns are drawn.
    y : array-like of shape (n,), optional
        Integers, booleans or text are classes: each gets a color that color-blind readers can
        distinguish (and, beyond twelve classes, a marker) and an entry in the legend. Floats are
        values, with a color bar. Points whose label is missing (None, NaN) are gray.
    class_names : sequence of str, optional
        Names of the classes: entry c names class c or, if the classes are not numbered from
        zero, the entries name them in ascending order.
    colors : array-like of shape (n, 3), optional
        Red, green and blue of each point, in [0, 1], instead of `y`.
    title : str, optional
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The more points, the smaller and more transparent they are; above 5,000 they are stored as
        pixels, even in a PDF or SVG.

    Raises
    ------
    ShapeMismatchError
        `y` or `colors` does not have one entry per point.
    InvalidDataError
        `Z` has no second column, both `y` and `colors` are given, the colors are not in [0, 1],
        or `class_names` does not name every class.

    References
    ----------
    M. Okabe and K. Ito, Color Universal Design (2008), for most of the colors.

    Examples
    --------
    >>> ax = code_scatter([[0, 0], [1, 0], [0, 1]], [0, 1, 1], class_names=["shirt", "shoe"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['shirt', 'shoe']
    """
    points = _points(Z, "code_scatter")
    labels = None if y is None else read_labels(y, len(points), "code_scatter")
    groups, values = _classes_or_values(labels)
    if y is not None and colors is not None:
        raise InvalidDataError("code_scatter received both y and colors; expected one of them.")
    names = class_titles(groups[0], class_names, "code_scatter") if groups else []
    rgb = None if colors is None else check_colors(colors, len(points), "code_scatter")
    with drawn_in_style():
        ax = new_axes((6.0, 4.4) if y is not None else (4.6, 4.4)) if ax is None else ax
        quieten(ax)
        look = _point_look(len(points))
        if labels is not None and labels.missing:
            _scatter_unlabelled(ax, points[~labels.known], look)
            points = points[labels.known]
        if groups:
            _scatter_classes(ax, points, groups, names, look)
        elif values is not None:
            _scatter_values(ax, points, values, look)
        else:
            ax.scatter(points[:, 0], points[:, 1], c=PALETTE[0] if rgb is None else rgb, **look)
        ax.margins(0.04)
        ax.set(xlabel="component 1", ylabel="component 2")
        set_title(ax, title)
    return ax


def _points(Z: ArrayLike, operation: str) -> NDArray[np.float64]:
    codes = real_array(Z, f"{operation} cannot use Z")
    if codes.ndim != 2 or codes.shape[1] < 2:
        raise InvalidDataError(
            f"{operation} received codes of shape {codes.shape}; expected numbers (n, k) with at "
            "least one row and two columns."
        )
    return codes[:, :2].astype(np.float64)


def _classes_or_values(
    labels: Labels | None,
) -> tuple[tuple[NDArray[Any], NDArray[np.intp]] | None, NDArray[np.float64] | None]:
    """Give classes in ascending order with each labeled point's class number, or the values."""
    if labels is None or not len(labels.values):
        return None, None
    if labels.values.dtype.kind == "f":
        return None, labels.values.astype(np.float64)
    classes, numbers = np.unique(labels.values, return_inverse=True)
    return (classes, numbers), None


def _point_look(count: int) -> dict[str, Any]:
    """Choose size and opacity so that the plot looks equally full for any number of points."""
    return {
        "s": float(np.clip(420 / math.sqrt(count), 1.5, 32)),
        "alpha": float(np.clip(0.9 - 0.2 * math.log10(count / 500), 0.4, 0.9)),
        "linewidths": 0,
        "rasterized": count > RASTER_ABOVE,
    }


def _looks(classes: NDArray[Any]) -> list[tuple[str, str]]:
    """Give color and marker of each class, by its number if it has one, equal in all figures."""
    numbered = classes.dtype.kind in "ui" and classes[0] >= 0 and classes[-1] < 96
    numbers = classes.tolist() if numbered else range(len(classes))
    return [(PALETTE[number % 12], MARKERS[number // 12 % 8]) for number in numbers]


def _scatter_unlabelled(ax: Axes, points: NDArray[np.float64], look: dict[str, Any]) -> None:
    """Draw points whose label is missing in gray, below the others."""
    ax.scatter(points[:, 0], points[:, 1], c=LIGHT, zorder=0.5, label=UNLABELLED, **look)
    ax.legend(loc="upper right", handletextpad=0.2)


def _scatter_classes(
    ax: Axes,
    points: NDArray[np.float64],
    groups: tuple[NDArray[Any], NDArray[np.intp]],
    names: list[str],
    look: dict[str, Any],
) -> None:
    classes, members = groups
    colors, markers = map(np.array, zip(*_looks(classes), strict=True))
    shuffled = np.random.default_rng(0).permutation(len(points))  # no class covers the others
    for marker in dict.fromkeys(markers.tolist()):
        chosen = shuffled[markers[members[shuffled]] == marker]
        x, y = points[chosen].T
        ax.scatter(x, y, c=colors[members[chosen]].tolist(), marker=marker, **look)
    line = matplotlib_module("matplotlib.lines").Line2D
    handles = [
        line([], [], ls="", marker=marker, color=color, ms=5, mew=0)
        for color, marker in zip(colors, markers, strict=True)
    ]
    unlabelled = ax.get_legend_handles_labels()[0]
    handles, names = [*handles, *unlabelled], [*names, *[UNLABELLED] * len(unlabelled)]
    place: Any = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.2}
    ax.legend(handles, names, ncols=math.ceil(len(names) / 18), handletextpad=0.2, **place)


def _scatter_values(
    ax: Axes, points: NDArray[np.float64], values: NDArray[np.float64], look: dict[str, Any]
) -> None:
    drawn = ax.scatter(points[:, 0], points[:, 1], c=values, cmap="viridis", **look)
    bar: Any = ax.figure.colorbar(drawn, ax=ax, fraction=0.05, pad=0.02, aspect=30)
    bar.solids.set(alpha=1.0)
    bar.outline.set_visible(False)
    bar.ax.tick_params(color=GREY, labelcolor=GREY, labelsize=8, width=0.6, length=2.5)


def thumbnail_scatter(
    Z: ArrayLike,
    images: ArrayLike,
    y: ArrayLike | None = None,
    *,
    class_names: Sequence[str] | None = None,
    data_range: tuple[float, float] | None = None,
    size: float = 0.032,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw images at the positions of their codes, framed in the color of their class.

    Parameters
    ----------
    Z : array-like of shape (n, k), k >= 2
        Codes; the first two columns are positions.
    images : array-like of shape (n, h, w) or (n, h, w, c)
        One image per code; c is 1 or 3.
    y, class_names, title, ax
        As in `code_scatter`.
    data_range : (low, high), optional
        Values drawn as black and white; by default 0 and 255 for uint8 images, else the extremes.
    size : float
        Width of an image, as a share of the width of the plot.

    Returns
    -------
    matplotlib.axes.Axes
        Where two images would overlap, the first is drawn and the other is left as a point.

    Raises
    ------
    ShapeMismatchError
        There is not one image per code.
    InvalidDataError
        As in `code_scatter`, or the arrays are not images.

    Examples
    --------
    >>> import numpy as np
    >>> ax = thumbnail_scatter([[0, 0], [1, 1]], np.eye(8)[None].repeat(2, axis=0), [0, 1])
    >>> len(ax.images)
    2
    """
    points = _points(Z, "thumbnail_scatter")
    stack = real_array(images, "thumbnail_scatter cannot draw images")
    if stack.ndim not in (3, 4) or (stack.ndim == 4 and stack.shape[-1] not in (1, 3)):
        raise InvalidDataError(
            f"thumbnail_scatter received images of shape {stack.shape}; expected (n, h, w), "
            "(n, h, w, 1) or (n, h, w, 3)."
        )
    if len(stack) != len(points):
        raise ShapeMismatchError(
            f"thumbnail_scatter received {len(points)} codes and {len(stack)} images."
        )
    labels = None if y is None else read_labels(y, len(points), "thumbnail_scatter")
    groups, _ = _classes_or_values(labels)
    looks = np.full(len(points), LIGHT)
    if labels is not None and groups:
        colors = np.array([color for color, _ in _looks(groups[0])])
        looks[labels.known] = colors[groups[1]]
    with drawn_in_style():
        ax = new_axes((8.4, 7.4)) if ax is None else ax
        places = _places(points)
        code_scatter(places, y, class_names=class_names, title=title, ax=ax)
        for collection in ax.collections:
            collection.set_alpha(0.25)
        ax.set(xlim=(0, 1), ylim=(0, 1), box_aspect=1)
        for index in _with_room(places, size):
            _thumbnail(ax, places[index], size, _shown(stack, index, data_range), looks[index])
    return ax


def _places(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale points to the unit square, with a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    spread = np.where(high > low, high - low, 1.0)
    return np.where(high > low, 0.03 + 0.94 * (points - low) / spread, 0.5)


def _with_room(places: NDArray[np.float64], size: float) -> list[int]:
    """Choose positions whose squares of `size` do not overlap, in order."""
    taken: dict[tuple[int, int], list[int]] = {}
    chosen = []
    cells = np.floor(places / size).astype(int)
    for index, (column, row) in enumerate(cells.tolist()):
        near = [
            other
            for c in (column - 1, column, column + 1)
            for r in (row - 1, row, row + 1)
            for other in taken.get((c, r), ())
        ]
        if all(np.abs(places[index] - places[other]).max() >= size for other in near):
            taken.setdefault((column, row), []).append(index)
            chosen.append(index)
    return chosen


def _shown(
    stack: NDArray[Any], index: int, data_range: tuple[float, float] | None
) -> NDArray[np.float64]:
    if data_range is None:
        eight_bit = stack.dtype == np.uint8
        data_range = (0.0, 255.0) if eight_bit else (float(stack.min()), float(stack.max()))
    low, high = data_range
    image = (stack[index].astype(np.float64) - low) / (high - low or 1.0)
    return np.clip(image[..., 0] if image.shape[2:] == (1,) else image, 0.0, 1.0)


def _thumbnail(
    ax: Axes, place: NDArray[np.float64], size: float, image: NDArray[np.float64], color: str
) -> None:
    (left, bottom), (right, top) = place - size / 2, place + size / 2
    extent = (left, right, bottom, top)
    ax.imshow(
        image,
        extent=extent,
        cmap="gray",
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
        zorder=3,
    )
    frame = matplotlib_module("matplotlib.patches").Rectangle(
        (left, bottom), size, size, fill=False, edgecolor=color, linewidth=0.9, zorder=4
    )
    ax.add_patch(frame)
