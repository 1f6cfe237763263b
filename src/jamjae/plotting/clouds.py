"""Points in three dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data.finite import finite_array
from jamjae.errors import InvalidDataError
from jamjae.plotting.style import (
    LIGHT,
    PALETTE,
    check_colors,
    drawn_in_style,
    matplotlib_module,
    new_figure,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray


def cloud_grid(
    clouds: Mapping[str, ArrayLike], *, colors: ArrayLike | None = None, view: float = -70.0
) -> Figure:
    """Draw clouds of points in three dimensions side by side, on the same axes.

    Parameters
    ----------
    clouds : mapping of str to array-like of shape (n, 3)
        By title: the data, and their reconstructions.
    colors : array-like of shape (n, 3), optional
        Red, green and blue of each point in [0, 1].
    view : float, default=-70
        Azimuth of the view, in degrees.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InvalidDataError
        There is no cloud, or one is not a table of three columns.
    ShapeMismatchError
        There is not one color per point.

    Examples
    --------
    >>> figure = cloud_grid(
    ...     {"data": [[0, 0, 0], [1, 1, 1]], "reconstruction": [[0, 0, 0], [1, 1, 0]]}
    ... )
    >>> [ax.get_title() for ax in figure.axes]
    ['data', 'reconstruction']
    """
    points = {title: _points(cloud, title) for title, cloud in clouds.items()}
    if not points:
        raise InvalidDataError("cloud_grid received no cloud to draw.")
    rgb: Any = PALETTE[0]
    for cloud in points.values():
        if colors is not None:
            rgb = check_colors(colors, len(cloud), "cloud_grid")
    every = np.concatenate(list(points.values()))
    low, high = every.min(axis=0), every.max(axis=0)
    matplotlib_module("mpl_toolkits.mplot3d")
    with drawn_in_style():
        figure = new_figure((3.1 * len(points), 2.7))
        share = 1.0 / len(points)
        for number, (title, cloud) in enumerate(points.items()):
            ax: Any = figure.add_axes((number * share, 0.0, share, 0.92), projection="3d")
            ax.scatter(*cloud.T, c=rgb, s=3, depthshade=False)
            ax.set_title(plain(title), y=1.0)
            ax.set_box_aspect((4, 4, 3), zoom=1.15)
            ax.view_init(elev=12, azim=view)
            ax.set(xticklabels=[], yticklabels=[], zticklabels=[])
            for name, least, most in zip("xyz", low, high, strict=True):
                getattr(ax, f"set_{name}lim")(least, most)
                getattr(ax, f"{name}axis").set_pane_color((1.0, 1.0, 1.0, 0.0))
                getattr(ax, f"{name}axis").line.set_color(LIGHT)
                getattr(ax, f"{name}axis")._axinfo["grid"]["color"] = LIGHT  # noqa: SLF001
            ax.tick_params(color=LIGHT, length=0)
    return figure


def _points(cloud: ArrayLike, title: str) -> NDArray[np.float64]:
    points = finite_array(cloud, f"cloud_grid cannot draw {title!r}").astype(np.float64)
    if points.ndim != 2 or points.shape[1] != 3:
        raise InvalidDataError(
            f"cloud_grid received {title!r} of shape {points.shape}; expected points (n, 3)."
        )
    return points
