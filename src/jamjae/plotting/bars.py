"""Rows of a table with few features, as bars."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from jamjae.data.numeric import real_array
from jamjae.errors import InvalidDataError
from jamjae.plotting.grids import check_rows
from jamjae.plotting.style import (
    GREY,
    INK,
    PALETTE,
    as_list,
    check_labels,
    drawn_in_style,
    new_figure,
    plain,
    quieten,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray


def bar_rows(
    rows: Sequence[ArrayLike],
    *,
    feature_names: Sequence[str] | None = None,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """Rows of a table with few features, each beside its reconstructions, as horizontal bars.

    Parameters
    ----------
    rows : sequence of arrays of shape (n, d)
        The originals first, then one array of the same shape for each reconstruction. Each of the n
        rows becomes a panel, each of the d features a group of bars.
    feature_names : sequence of d str, optional
    row_labels : sequence of str, optional
        Name of each array: ``["original", "jamjae", "PCA"]``.
    column_labels : sequence of n str, optional
        A heading for each panel.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        One Axes for each of the n rows. The original is the wide light bar, the
        reconstructions are the narrow colored bars on it.

    Raises
    ------
    ShapeMismatchError
        The tables differ in shape, or the number of names or labels is wrong.
    InvalidDataError
        There is no array, or one is not a table.

    Examples
    --------
    >>> figure = bar_rows([[[5.1, 3.5]], [[5.0, 3.4]]], feature_names=["length", "width"])
    >>> len(figure.axes)
    1
    """
    tables = [_table(row, number) for number, row in enumerate(rows)]
    check_rows(tables, row_labels, "bar_rows")
    samples, features = tables[0].shape
    check_labels(feature_names, features, "feature_names", "features")
    check_labels(column_labels, samples, "column_labels", "rows in a table")
    names = as_list(feature_names) or [f"feature {index}" for index in range(features)]
    headings = as_list(column_labels) or [""] * samples
    lines = math.ceil(samples / 4)
    columns = math.ceil(samples / lines)
    with drawn_in_style():
        height = lines * (0.45 + features * max(0.24, 0.1 * len(tables))) + 0.6
        figure = new_figure((1.2 + 1.75 * columns, height), layout="constrained")
        grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for index, ax in enumerate(grid[:samples]):
            _bars(ax, [table[index] for table in tables])
            ax.set_title(plain(headings[index]), color=INK)
            ax.tick_params(labelbottom=index + columns >= samples)
        for ax in grid[samples:]:
            ax.remove()
        grid[0].set_yticks(range(features), [textwrap.fill(plain(name), 20) for name in names])
        grid[0].set_ylim(features - 0.5, -0.5)
        if labels := [plain(label) for label in as_list(row_labels)]:
            handles = grid[0].containers
            figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 4))
        if title:
            figure.suptitle(plain(title), fontsize=10, color=INK)
    return figure


def _table(row: ArrayLike, number: int) -> NDArray[np.float64]:
    table = real_array(row, f"bar_rows cannot draw rows[{number}]")
    if table.ndim != 2:
        raise InvalidDataError(
            f"bar_rows received in row {number} an array of shape {table.shape}; expected a table "
            "of numbers (n, features)."
        )
    return table.astype(np.float64)


def _bars(ax: Axes, values: list[NDArray[np.float64]]) -> None:
    """Draw the original as a wide light bar and reconstructions as narrow bars on it."""
    quieten(ax)
    places = np.arange(len(values[0]))
    ax.barh(places, values[0], height=0.8, color="#dddddd")
    height = 0.6 / max(1, len(values) - 1)
    for index, reconstructed in enumerate(values[1:]):
        shift = (index - (len(values) - 2) / 2) * height
        ax.barh(places + shift, reconstructed, height=height * 0.8, color=PALETTE[index % 12])
    ax.spines["left"].set_visible(False)
    ax.axvline(0, color=GREY, lw=0.6)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
