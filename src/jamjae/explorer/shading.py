"""The log density of codes over a map, as levels of shade on a coarse grid.

On a map whose points are codes it is the density itself. On a plane it is that of the codes
projected onto it, which is exact for normal distributions and else estimated from samples.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import gaussian_kde

from jamjae.explorer.layouts import Layout
from jamjae.explorer.samples import code_components
from jamjae.latent.densities import Density, Flow
from jamjae.latent.densities.components import Components

GRID, COARSE = 64, 32  # points per side; fewer where a flow gives each, which takes seconds
MARGIN = 0.15  # of the map's sides, beyond the outermost rows
SAMPLES = 2000  # of a flow, by which its projection is estimated
SHARE = 0.01  # of rows below the lightest shade and above the darkest


class Shade(NamedTuple):
    """Levels of shade over a map.

    Attributes
    ----------
    facts : dict
        ``"box"``: left, lower, right and upper edge; ``"low"`` and ``"high"``: log densities in
        nats of levels 0 and 255; ``"way"``: ``"code"``, ``"plane"`` or ``"samples"``.
    levels : uint8 array of shape (rows, columns)
        The lowest row first.
    """

    facts: dict[str, Any]
    levels: np.ndarray


def shade(density: Density | None, layout: Layout, random_state: int) -> Shade | None:
    """Shade a map by a density; None without one, and for maps of other projections."""
    sides = np.ptp(layout.points, axis=0)
    if density is None or layout.way == "nearest" or not sides.all():
        return None
    box = [
        *(layout.points.min(axis=0) - MARGIN * sides),
        *(layout.points.max(axis=0) + MARGIN * sides),
    ]
    way = layout.way if layout.way == "code" or not isinstance(density, Flow) else "samples"
    side = COARSE if way == "code" and isinstance(density, Flow) else GRID
    found = log_densities(density, layout, box, side, random_state)
    cells = (layout.points - box[:2]) / (np.array(box[2:]) - box[:2]) * (side - 1)
    across, up = np.rint(cells).astype(int).T
    low, high = np.quantile(found[up, across], (SHARE, 1.0 - SHARE)) - (1.0, 0.0)
    levels = np.rint(255 * np.clip((found - low) / (high - low), 0.0, 1.0)).astype(np.uint8)
    facts = {
        "box": [float(edge) for edge in box],
        "low": float(low),
        "high": float(high),
        "way": way,
    }
    return Shade(facts, levels)


def log_densities(
    density: Density, layout: Layout, box: list[float], side: int, random_state: int
) -> np.ndarray:
    """Log density in nats (side, side) at the points of a grid over a box, the lowest row first."""
    sides = np.linspace(box[0], box[2], side), np.linspace(box[1], box[3], side)
    places = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    if layout.plane is None:
        found = density.score_samples(places)
    elif isinstance(density, Flow):
        codes = density.sample(SAMPLES, random_state=random_state).codes
        found = gaussian_kde(_projected(codes, layout.plane).T).logpdf(places.T)
    else:
        found = _on_plane(code_components(density), layout.plane).log_density(places)
    return np.asarray(found).reshape(side, side)


def _projected(codes: np.ndarray, plane: np.ndarray) -> np.ndarray:
    return np.asarray((codes - plane[0]) @ plane[1:].T)


def _on_plane(components: Components, plane: np.ndarray) -> Components:
    """Give the distributions (m, 2) of codes projected onto a plane."""
    wide = plane[1:] @ components.factors  # (m, 2, v)
    covariances = wide @ wide.transpose(0, 2, 1)
    least = 1e-9 * np.trace(covariances, axis1=1, axis2=2).max() * np.eye(2)
    return components._replace(
        means=_projected(components.means, plane), factors=np.linalg.cholesky(covariances + least)
    )
