"""Rate-distortion curves: the error of compressed rows over their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jamjae.data.numeric import real_array
from jamjae.errors import InvalidDataError
from jamjae.plotting.style import (
    PALETTE,
    drawn_in_style,
    matplotlib_module,
    new_axes,
    plain,
    quieten,
    set_title,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

MARKERS = "os^DvPX"


def rate_curves(
    curves: Mapping[str, ArrayLike],
    *,
    xlabel: str = "bytes per row",
    ylabel: str = "MSE",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the errors of several methods over the bytes that their rows take.

    Parameters
    ----------
    curves : mapping of str to array-like of shape (n, 2)
        For each label of the legend its points: bytes, and error. Points are joined in the order
        of their bytes.
    xlabel, ylabel : str
    title : str, optional
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Both axes are logarithmic: lower and further left is better.

    Raises
    ------
    InvalidDataError
        There is no point, or bytes or an error are not positive numbers.

    Examples
    --------
    >>> ax = rate_curves({"PCA": [(10, 0.02), (20, 0.01)], "codec": [(10, 0.01), (20, 0.005)]})
    >>> ax.get_xscale(), [text.get_text() for text in ax.get_legend().get_texts()]
    ('log', ['PCA', 'codec'])
    """
    points = {label: _points(label, given) for label, given in curves.items()}
    if not points:
        raise InvalidDataError("rate_curves received no curve; expected one or more.")
    with drawn_in_style():
        ax = new_axes((6.0, 4.0)) if ax is None else ax
        quieten(ax)
        for number, (label, found) in enumerate(points.items()):
            ax.plot(
                *found.T,
                color=PALETTE[number % len(PALETTE)],
                marker=MARKERS[number % len(MARKERS)],
                ms=4.5,
                lw=1.6,
                label=plain(label),
            )
        ax.set(xscale="log", yscale="log")
        ticker = matplotlib_module("matplotlib.ticker")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.set_major_formatter(ticker.FormatStrFormatter("%g"))
            axis.set_minor_locator(ticker.NullLocator())
        ax.set_xlabel(plain(xlabel))
        ax.set_ylabel(plain(ylabel))
        set_title(ax, title)
        ax.legend(loc="best")
    return ax


def _points(label: str, given: ArrayLike) -> NDArray[np.float64]:
    found = real_array(given, f"rate_curves cannot draw {label!r}").astype(np.float64)
    if found.ndim != 2 or found.shape[1] != 2 or not (found > 0).all():
        raise InvalidDataError(
            f"rate_curves received points of shape {found.shape} for {label!r}; expected (n, 2), "
            "bytes and error, all of them positive."
        )
    ordered: NDArray[np.float64] = found[np.argsort(found[:, 0], kind="stable")]
    return ordered
