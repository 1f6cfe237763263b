"""Biplots: codes as points, and how features move them as arrows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.finite import finite_array
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.plotting.scatter import code_scatter
from jamjae.plotting.style import (
    GREY,
    INK,
    as_list,
    check_labels,
    drawn_in_style,
    matplotlib_module,
    new_axes,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox
    from numpy.typing import ArrayLike, NDArray

MOST = 12  # arrows
REACH = 0.82  # of the way to the edge of the points, that the longest arrow takes
GAP, RINGS, SIDES = 4.0, 12, 24  # points between a label and others; places that are tried
ARROW = {"arrowstyle": "-|>", "color": "#B22222", "lw": 1.3, "shrinkA": 0, "shrinkB": 0}


def biplot(
    Z: ArrayLike,
    loadings: ArrayLike,
    y: ArrayLike | None = None,
    *,
    components: tuple[int, int] = (0, 1),
    feature_names: Sequence[str] | None = None,
    component_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    most: int = MOST,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw codes as points and loadings as arrows from their mean.

    Arrows point where a code moves when the feature grows. All are scaled by one number, to fit
    among the points; labels do not overlap.

    Parameters
    ----------
    Z : array-like of shape (n, k), k >= 2
    loadings : array-like of shape (k, d)
        Of comparable features, usually per standard deviation of each.
    y : array-like of shape (n,), optional
        Classes or values, as of `code_scatter`.
    components : (int, int), default=(0, 1)
        The components drawn across and up.
    feature_names : sequence of d str, optional
    component_names : sequence of k str, optional
    class_names : sequence of str, optional
    most : int, default=12
        The longest arrows, so many, are drawn; a note says of how many.
    title : str, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InvalidDataError
        A number is not finite, or a component does not exist.
    ShapeMismatchError
        The shapes do not fit together, or the number of names is wrong.

    References
    ----------
    Gabriel (1971), The biplot graphic display of matrices, Biometrika 58:453.

    Examples
    --------
    >>> ax = biplot([[0, 1], [1, 0], [2, 3]], [[1, 0.5], [0, 1]], feature_names=["a", "b"])
    >>> [text.get_text() for text in ax.texts if text.get_text()]
    ['b', 'a']
    """
    codes, arrows = _codes_and_loadings(Z, loadings)
    k, d = arrows.shape
    first, second = _chosen(components, k)
    check_labels(feature_names, d, "feature_names", "features")
    check_labels(component_names, k, "component_names", "components")
    names = as_list(feature_names) or [f"x{place}" for place in range(d)]
    axes = as_list(component_names) or [f"component {place + 1}" for place in range(k)]
    points, tips = codes[:, [first, second]], arrows[[first, second]].T
    lengths = np.hypot(*tips.T)
    order = np.argsort(-lengths, kind="stable")[: max(most, 1)]
    order = order[lengths[order] > 0]
    with drawn_in_style():
        ax = new_axes((6.4, 5.2) if y is not None else (5.4, 5.2)) if ax is None else ax
        code_scatter(points, y, class_names=class_names, title=title, ax=ax)
        for collection in ax.collections:
            collection.set_alpha(0.45)
        ax.set(xlabel=plain(axes[first]), ylabel=plain(axes[second]))
        center = points.mean(axis=0)
        ends = center + _scale(points - center, tips[order]) * tips[order]
        for end in ends.tolist():
            ax.annotate("", end, center, arrowprops=ARROW, zorder=4)
        _margin(ax, np.vstack([points, ends]))
        if len(order) < int((lengths > 0).sum()):
            note = f"{len(order)} longest of {d:,} arrows"
            ax.set_title(note, loc="right", fontsize=8, color=GREY)
        _label(ax, center, ends, [plain(names[place]) for place in order])
    return ax


def _codes_and_loadings(
    Z: ArrayLike, loadings: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    codes = finite_array(Z, "biplot cannot use Z").astype(np.float64)
    arrows = finite_array(loadings, "biplot cannot use loadings").astype(np.float64)
    if codes.ndim != 2 or codes.shape[1] < 2:
        raise InvalidDataError(
            f"biplot received codes of shape {codes.shape}; expected (n, k), of at least two "
            "components."
        )
    if arrows.ndim != 2 or len(arrows) != codes.shape[1]:
        raise ShapeMismatchError(
            f"biplot received codes of shape {codes.shape} and loadings of shape {arrows.shape}; "
            f"expected ({codes.shape[1]}, features)."
        )
    return codes, arrows


def _chosen(components: Any, k: int) -> tuple[int, int]:
    given = tuple(components) if np.ndim(components) == 1 else ()
    whole = len(given) == 2 and all(isinstance(one, int | np.integer) for one in given)
    if not whole or not all(0 <= one < k for one in given) or given[0] == given[1]:
        raise InvalidDataError(
            f"biplot received components={components!r}; expected two different numbers from 0 to "
            f"{k - 1}."
        )
    return int(given[0]), int(given[1])


def _scale(points: NDArray[np.float64], tips: NDArray[np.float64]) -> float:
    """Give the factor by which the arrows keep within the points."""
    if not len(tips):
        return 1.0
    room = np.maximum(np.abs(points).max(axis=0), 1e-300)
    return float(REACH / (np.abs(tips) / room).max())


def _margin(ax: Axes, points: NDArray[np.float64]) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    edge = np.array([0.16, 0.08]) * np.where(high > low, high - low, 1.0)
    ax.set_xlim(low[0] - edge[0], high[0] + edge[0])
    ax.set_ylim(low[1] - edge[1], high[1] + edge[1])


# --- labels that do not overlap -----------------------------------------------------------------


def _label(
    ax: Axes, center: NDArray[np.float64], ends: NDArray[np.float64], names: Sequence[str]
) -> None:
    """Write names beside the ends of arrows, where they cover neither each other nor an arrow.

    Places are tried on rings around the end, first those on the far side from the center; a thin
    line leads to a label that is not beside its arrow.
    """
    figure: Any = ax.figure.figure
    figure.draw_without_rendering()  # so that the axes have their size
    start, *tips = ax.transData.transform(np.vstack([center[None], ends]))
    gap = GAP * figure.dpi / 72
    path, effects = (matplotlib_module(f"matplotlib.{name}") for name in ("path", "patheffects"))
    covered = _Covered(
        ax.get_window_extent(),
        [_box(tip, (1.5 * gap, 1.5 * gap)) for tip in tips],
        [path.Path([start, tip]) for tip in tips],
    )
    for number, (name, tip) in enumerate(zip(names, tips, strict=True)):
        text = ax.text(0, 0, name, fontsize=8, color=INK, ha="center", va="center", zorder=6)
        text.set_path_effects([effects.withStroke(linewidth=2.5, foreground="white")])
        extent = text.get_window_extent()
        size = np.array([extent.width, extent.height])
        places = list(_places(tip, tip - start, size, gap))
        free = (place for place in places if covered.free(_box(place[1], size), number))
        ring, place = next(free, places[0])
        covered.taken.append(_box(place, np.add(size, (gap, gap / 2))))
        line = ax.transData.inverted().transform([tip, place])
        text.set_position(line[1].tolist())
        if ring > 1:
            ax.plot(*line.T, color=GREY, lw=0.6, zorder=3)


class _Covered(NamedTuple):
    """What labels should not cover: the outside, tips of arrows and earlier labels, and shafts."""

    frame: Bbox
    taken: list[Bbox]
    shafts: list[Any]

    def free(self, box: Bbox, own: int) -> bool:
        """Whether a label of the arrow `own` has room."""
        frame = self.frame
        inside = frame.x0 <= box.x0 and box.x1 <= frame.x1
        inside = inside and frame.y0 <= box.y0 and box.y1 <= frame.y1
        others = self.taken[:own] + self.taken[own + 1 :]
        return (
            inside
            and not any(box.overlaps(other) for other in others)
            and not any(shaft.intersects_bbox(box, filled=False) for shaft in self.shafts)
        )


def _places(
    tip: NDArray[np.float64],
    direction: NDArray[np.float64],
    size: NDArray[np.float64],
    gap: float,
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    away = math.atan2(direction[1], direction[0])
    turns = sorted(np.linspace(-math.pi, math.pi, SIDES, endpoint=False).tolist(), key=abs)
    for ring in range(RINGS):
        for turn in turns:
            toward = np.array([math.cos(away + turn), math.sin(away + turn)])
            reach = gap * (1 + 2 * ring)  # from the tip to the edge of the label
            yield ring, tip + toward * (size / 2 + reach)


def _box(middle: NDArray[np.float64], size: Any) -> Bbox:
    half = np.asarray(size) / 2
    box: Bbox = matplotlib_module("matplotlib.transforms").Bbox([middle - half, middle + half])
    return box
