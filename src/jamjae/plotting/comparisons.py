"""Methods side by side: their metrics, and their embeddings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.errors import InvalidDataError
from jamjae.plotting.scatter import code_scatter
from jamjae.plotting.style import (
    GREY,
    INK,
    LIGHT,
    PALETTE,
    drawn_in_style,
    matplotlib_module,
    new_figure,
    plain,
    quieten,
    set_title,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

Point = tuple[float, float, float]
MARKERS = "os^DvP"


class Panel(NamedTuple):
    """One metric of all methods.

    Attributes
    ----------
    title : str
    series : mapping of str to list
        For each label of the legend, (median, minimum, maximum) per method, or None for n/a.
    better : {"low", "high"}
    log : bool
        Whether its axis is logarithmic.
    """

    title: str
    series: Mapping[str, Sequence[Point | None]]
    better: str
    log: bool = False


def dot_panels(titles: Sequence[str], panels: Sequence[Panel]) -> Figure:
    """Draw metrics as points on lines: one line per method, one panel per metric.

    Parameters
    ----------
    titles : sequence of str
        Names of the methods, from top to bottom.
    panels : sequence of Panel

    Returns
    -------
    matplotlib.figure.Figure
        Each series has its own color. The bar through a point spans minimum to maximum; a ring
        marks the best of its series.

    Raises
    ------
    InvalidDataError
        There is nothing to draw, or a series has another length than `titles`.

    Examples
    --------
    >>> points = [(0.010, 0.009, 0.011), None]
    >>> figure = dot_panels(["PCA", "t-SNE"], [Panel("MSE", {"2 components": points}, "low")])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['n/a']
    """
    if not panels or any(len(s) != len(titles) for panel in panels for s in panel.series.values()):
        raise InvalidDataError(
            f"dot_panels received {len(panels)} panels for {len(titles)} methods; expected at "
            "least one panel, with one point or None for each method."
        )
    height = 0.9 + 0.3 * len(titles) + 0.3 * (len(panels[0].series) > 1)
    with drawn_in_style():
        figure = new_figure((1.3 + 2.6 * len(panels), height), layout="constrained")
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for ax, panel in zip(axes, panels, strict=True):
            _panel(ax, panel, len(titles))
        axes[0].set_yticks(range(len(titles)), [plain(title) for title in titles])
        axes[0].set_ylim(len(titles) - 0.5, -0.5)
        axes[0].tick_params(axis="y", labelcolor=INK, labelsize=9, length=0)
        if len(panels[0].series) > 1:
            _legend(figure, list(panels[0].series))
    return figure


def _panel(ax: Axes, panel: Panel, count: int) -> None:
    quieten(ax)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.hlines(range(count), 0, 1, transform=ax.get_yaxis_transform(), color=LIGHT, lw=0.5, zorder=0)
    known = [
        value for points in panel.series.values() for point in points if point for value in point
    ]
    several = len(panel.series)
    for number, points in enumerate(panel.series.values()):
        shift = 0.0 if several == 1 else 0.36 * (number / (several - 1) - 0.5)
        _series(ax, points, number, shift, panel.better)
    missing = [
        row
        for row, points in enumerate(zip(*panel.series.values(), strict=True))
        if not any(points)
    ]
    for row in missing:
        ax.text(
            0.5,
            row,
            "n/a",
            transform=ax.get_yaxis_transform(),
            color=GREY,
            fontsize=8,
            ha="center",
            va="center",
            backgroundcolor="white",
        )
    if panel.log and known and 0 < 10 * min(known) < max(known):
        ax.set_xscale("log")
        ax.xaxis.set_minor_formatter(matplotlib_module("matplotlib.ticker").NullFormatter())
    else:
        ax.locator_params(axis="x", nbins=4)
    ax.margins(x=0.12)
    set_title(ax, panel.title)
    ax.set_xlabel(f"{panel.better}er is better", color=GREY, fontsize=8)


def _series(
    ax: Axes, points: Sequence[Point | None], number: int, shift: float, better: str
) -> None:
    known = [(row, point) for row, point in enumerate(points) if point is not None]
    if not known:
        return
    color, marker = PALETTE[number % len(PALETTE)], MARKERS[number % len(MARKERS)]
    rows = np.array([row for row, _ in known]) + shift
    median, least, greatest = np.array([point for _, point in known]).T
    ax.hlines(rows, least, greatest, color=color, lw=1.2, alpha=0.6)
    ax.scatter(median, rows, color=color, marker=marker, s=22, linewidths=0, zorder=3)
    best = np.argmin(median) if better == "low" else np.argmax(median)
    ax.scatter(median[best], rows[best], s=80, facecolors="none", edgecolors=color, linewidths=1.1)


def _legend(figure: Figure, labels: list[str]) -> None:
    line = matplotlib_module("matplotlib.lines").Line2D
    handles = [
        line([], [], ls="", marker=MARKERS[i % len(MARKERS)], color=PALETTE[i % len(PALETTE)], ms=5)
        for i in range(len(labels))
    ]
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))


def embedding_grid(
    embeddings: Mapping[str, ArrayLike],
    y: Mapping[str, ArrayLike | None] | None = None,
    *,
    colors: Mapping[str, ArrayLike] | None = None,
    class_names: Sequence[str] | None = None,
    columns: int = 4,
    size: float = 2.3,
) -> Figure:
    """Draw embeddings of the same rows side by side, with one legend.

    Parameters
    ----------
    embeddings : mapping of str to array-like of shape (n, k), k >= 2
        Embeddings by title; the first two columns are drawn.
    y : mapping of str to array-like of shape (n,), optional
        Classes of each embedding's rows.
    colors : mapping of str to array-like of shape (n, 3), optional
        Red, green and blue of each row in [0, 1], instead of `y`.
    class_names : sequence of str, optional
    columns : int
        Panels per line.
    size : float
        Side of a panel in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InvalidDataError, ShapeMismatchError
        As in `code_scatter`, or there is no embedding.

    Examples
    --------
    >>> figure = embedding_grid({"PCA": [[0, 0], [1, 1]], "LLE": [[0, 1], [1, 0]]})
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['PCA', 'LLE']
    """
    if not embeddings:
        raise InvalidDataError("embedding_grid received no embedding to draw.")
    columns = min(columns, len(embeddings))
    lines = math.ceil(len(embeddings) / columns)
    with drawn_in_style():
        figure = new_figure((size * columns, (size + 0.05) * lines + 0.3), layout="constrained")
        axes = figure.subplots(lines, columns, squeeze=False).ravel()
        handles: dict[str, Any] = {}
        for ax, (title, Z) in zip(axes, embeddings.items(), strict=False):
            code_scatter(
                Z,
                None if y is None else y[title],
                colors=None if colors is None else colors[title],
                class_names=class_names,
                title=title,
                ax=ax,
            )
            ax.set(xlabel="", ylabel="", xticks=[], yticks=[])
            legend = ax.get_legend()
            if legend is not None:
                names = [text.get_text() for text in legend.get_texts()]
                handles.update(zip(names, legend.legend_handles, strict=True))
                legend.remove()
        for ax in axes[len(embeddings) :]:
            ax.remove()
        if handles:
            figure.legend(
                list(handles.values()),
                list(handles),
                loc="outside lower center",
                ncols=max(1, int(size * columns / (0.3 + 0.075 * max(map(len, handles))))),
                handletextpad=0.1,
                columnspacing=1.0,
            )
    return figure
