"""Densities of codes in the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data.finite import finite_array
from jamjae.data.numeric import real_array
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.plotting.scatter import code_scatter
from jamjae.plotting.style import GREY, LIGHT, drawn_in_style, matplotlib_module, new_axes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    LogDensity = Callable[[NDArray[np.float64]], ArrayLike]

SHARES = (0.99, 0.9, 0.75, 0.5, 0.25)  # of the codes, that the shades hold
GRID = 160  # points along each axis
MARGIN = 0.08  # of the range of the codes, around them
LIGHTEST, DARKEST = 0.06, 0.42  # of the grays


def density_map(
    Z: ArrayLike,
    log_density: LogDensity | tuple[ArrayLike, ArrayLike, ArrayLike],
    y: ArrayLike | None = None,
    *,
    shares: Sequence[float] = SHARES,
    class_names: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw codes over shades of their density: the darkest shade holds the densest codes.

    A shade begins at the log density that a share of the codes exceed: half of them lie in the
    shade of 50 % and darker ones. Dark places without points, and points on white, show where the
    density does not fit.

    Parameters
    ----------
    Z : array-like of shape (n, 2)
        Codes, or their projections; the log density is one of the same two numbers.
    log_density : callable, or tuple (x, y, values)
        A function from points (m, 2) to log densities (m,), as `score_samples` of a density is; or
        its values (q, p) at each of x (p,) and of y (q,), both ascending.
    y : array-like of shape (n,), optional
        Classes or values of the codes, as in `code_scatter`.
    shares : sequence of float
        Shares of the codes that the shades hold, above 0 and below 1.
    class_names, title, ax
        As in `code_scatter`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ShapeMismatchError
        There is not one log density for each point, or not one label per code.
    InvalidDataError
        `Z` does not hold points of the plane or is not finite, log densities are NaN, none is
        finite, or `shares` are not shares.

    References
    ----------
    R. J. Hyndman, Computing and graphing highest density regions, The American Statistician 50
    (1996) 120-126.

    Examples
    --------
    >>> import numpy as np
    >>> Z = np.random.default_rng(0).normal(size=(200, 2))
    >>> ax = density_map(Z, lambda points: -np.square(points).sum(axis=1) / 2)
    >>> ax.get_xlabel()
    'component 1'
    """
    points = finite_array(Z, "density_map cannot use Z").astype(np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise InvalidDataError(
            f"density_map received codes of shape {points.shape}; expected points of the plane "
            "(n, 2). Project codes of more components first, and fit a density to the projection."
        )
    wanted = np.sort(np.asarray(shares, dtype=np.float64))[::-1]
    if not (wanted.size and wanted[0] < 1 and wanted[-1] > 0):
        raise InvalidDataError(
            f"density_map received shares={tuple(shares)}; expected some, above 0 and below 1."
        )
    horizontal, vertical, values = _grid(points, log_density)
    levels, names = _levels(_at(points, horizontal, vertical, values), wanted)
    with drawn_in_style():
        ax = new_axes((6.0, 4.6) if y is not None else (4.6, 4.6)) if ax is None else ax
        key = _shade(ax, (horizontal, vertical, values), levels, names)
        before = len(ax.collections)
        code_scatter(points, y, class_names=class_names, title=title, ax=ax)
        scattered: Any = ax.collections[before:]
        for drawn in scattered:
            drawn.set(alpha=0.6, sizes=drawn.get_sizes() / 2)  # so that the shades are seen
        ax.add_artist(key).set_clip_on(False)  # outside of the axes, and part of the layout
        ax.set(xlim=horizontal[[0, -1]], ylim=vertical[[0, -1]])
    return ax


def _grid(
    points: NDArray[np.float64], log_density: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give x (p,), y (q,) and log densities (q, p), those of nothing at the least finite one."""
    if callable(log_density):
        low, high = points.min(axis=0), points.max(axis=0)
        room = MARGIN * np.where(high > low, high - low, 1.0)
        x, y = np.linspace(low - room, high + room, GRID).T
        asked = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        values = real_array(log_density(asked), "density_map cannot use log densities")
        if values.shape != (len(asked),):
            raise ShapeMismatchError(
                f"density_map received log densities of shape {values.shape} for {len(asked)} "
                f"points; expected ({len(asked)},), one for each."
            )
        values = values.reshape(GRID, GRID)
    else:
        x, y, values = (
            real_array(part, "density_map cannot use log_density") for part in log_density
        )
        if x.ndim != 1 or y.ndim != 1 or values.shape != (len(y), len(x)) or min(values.shape) < 2:
            raise ShapeMismatchError(
                f"density_map received a grid of shapes {x.shape}, {y.shape} and {values.shape}; "
                "expected x (p,), y (q,) and log densities (q, p)."
            )
    values = values.astype(np.float64)
    finite = values[np.isfinite(values)]
    if np.isnan(values).any() or not finite.size:
        raise InvalidDataError(
            "density_map received log densities that are NaN or all infinite; expected numbers."
        )
    return x, y, np.maximum(values, finite.min())


def _at(
    points: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    values: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Interpolate log densities at points; the least for points outside of the grid."""
    from scipy.interpolate import RegularGridInterpolator

    made = RegularGridInterpolator(
        (y, x), values, bounds_error=False, fill_value=float(values.min())
    )
    return np.asarray(made(points[:, ::-1]))


def _levels(
    known: NDArray[np.float64], shares: NDArray[np.float64]
) -> tuple[list[float], list[str]]:
    """Give ascending log densities that shares of the codes exceed; equal ones once."""
    found: dict[float, str] = {}
    for share in shares:
        found.setdefault(float(np.quantile(known, 1 - share)), f"{share:.0%}".replace("%", " %"))
    return list(found), list(found.values())


def _shade(ax: Axes, grid: tuple[Any, Any, Any], levels: list[float], names: list[str]) -> Any:
    """Fill the levels, and give a key to the shades, below the axes."""
    values = grid[2]
    shades = matplotlib_module("matplotlib").colormaps["Greys"]
    colors = shades(np.linspace(LIGHTEST, DARKEST, len(levels)))
    top = max(float(values.max()), levels[-1]) + 1.0
    ax.contourf(*grid, levels=[*levels, top], colors=colors, zorder=0)
    if levels[0] > values.min():
        ax.contour(
            *grid, levels=levels[:1], colors=LIGHT, linewidths=0.7, linestyles="solid", zorder=0.5
        )
    patch = matplotlib_module("matplotlib.patches").Patch
    handles = [patch(alpha=0.0), *(patch(facecolor=color, edgecolor=LIGHT) for color in colors)]
    return matplotlib_module("matplotlib.legend").Legend(
        ax,
        handles,
        ["share of codes:", *names],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.13),
        ncols=len(handles),
        fontsize=7.5,
        labelcolor=GREY,
        handlelength=1.2,
        handletextpad=0.4,
        columnspacing=1.0,
        frameon=False,
    )
