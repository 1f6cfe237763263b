"""Scores of rows beside those of normal ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jamjae.data.finite import finite_array
from jamjae.errors import InvalidDataError
from jamjae.plotting.style import (
    GREY,
    INK,
    LIGHT,
    PALETTE,
    drawn_in_style,
    new_axes,
    quieten,
    set_title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

BINS = 60
OUTER = 0.002  # of the scores, that are drawn in the outermost bar


def score_histogram(
    scores: ArrayLike,
    normal: ArrayLike,
    threshold: float,
    *,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the distribution of scores over that of calibration rows, and the threshold.

    Parameters
    ----------
    scores : array-like of shape (n,)
        As `score_samples` gives them, low for anomalies. The lowest 0.2 % are drawn in the bar at
        the left.
    normal : array-like of shape (m,)
        Those of calibration rows.
    threshold : float
        Rows below it are anomalies.
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InvalidDataError
        There is no score, or one is not finite.

    Examples
    --------
    >>> ax = score_histogram([0.1, -2.0], [0.0, 0.2, -0.1], -1.0)
    >>> ax.get_xlabel()
    'score, deviations of normal rows'
    """
    some = finite_array(scores, "score_histogram cannot use scores").astype(np.float64)
    usual = finite_array(normal, "score_histogram cannot use normal").astype(np.float64)
    if some.ndim != 1 or usual.ndim != 1:
        raise InvalidDataError(
            f"score_histogram received scores of shapes {some.shape} and {usual.shape}; expected "
            "(n,) and (m,)."
        )
    low = min(float(np.quantile(some, OUTER)), float(usual.min()), threshold)
    high = max(float(some.max()), float(usual.max()))
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1).tolist()
    with drawn_in_style():
        ax = new_axes((5.6, 2.9)) if ax is None else ax
        ax.hist(
            usual,
            edges,
            weights=np.full(len(usual), 1 / len(usual)),
            color=LIGHT,
            label=f"calibration rows, {len(usual):,}",
        )
        ax.hist(
            np.maximum(some, low),
            edges,
            weights=np.full(len(some), 1 / len(some)),
            histtype="step",
            color=PALETTE[0],
            linewidth=1.4,
            label=f"these rows, {len(some):,}",
        )
        ax.axvline(threshold, color=PALETTE[3], linewidth=1.2, label="threshold")
        quieten(ax)
        ax.set_xlabel("score, deviations of normal rows", color=GREY, fontsize=9)
        ax.set_ylabel("share of rows", color=GREY, fontsize=9)
        ax.legend(frameon=False, fontsize=8, labelcolor=INK, loc="upper left")
        set_title(ax, title)
    return ax
