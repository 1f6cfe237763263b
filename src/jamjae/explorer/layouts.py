"""Maps of codes, and the inverse: from a point of a map to a code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from jamjae.explorer.packing import Rounded, rounded
from jamjae.latent import projections

MAP_BITS = 16
GRID = 24  # points per side, decoded in advance where the page cannot decode
NEIGHBORS = 8  # nearest codes, whose mean is decoded on maps that have no inverse
PROBED = 2000  # rows from which distances between codes are estimated
LARGE_CODE, DIRECTIONS = 12, 10  # larger codes get sliders along so many principal directions


class Layout(NamedTuple):
    """A map.

    Attributes
    ----------
    title : str
        The method, as the page shows it.
    way : {"code", "plane", "nearest"}
        How a point is decoded: it is a code; or a point of a plane in the space of codes; or
        stands for the mean of the nearest codes, weighted by inverse squared distance.
    places : Rounded
        Coordinates of the rows, (2, n).
    plane : array of shape (3, k) or None
        The mean code and two directions.
    """

    title: str
    way: str
    places: Rounded
    plane: np.ndarray | None

    @property
    def points(self) -> np.ndarray:
        """Coordinates of the rows (n, 2), rounded as in the page."""
        return self.places.array.T.astype(np.float64)

    @property
    def box(self) -> list[float]:
        """The left, lower, right and upper edge of the grid that is decoded in advance."""
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        edge = 0.05 * (high - low)
        return [*(low - edge).tolist(), *(high + edge).tolist()]


def lay_out(codes: np.ndarray, method: str, random_state: int) -> list[Layout]:
    """Make the maps of codes (n, k): one for codes of one or two components, else two."""
    few = codes.shape[1] <= 2
    same = bool((codes == codes[0]).all())
    if same or method == "pca" or (method == "auto" and few):
        methods = ["pca"]
    else:
        methods = ["tsne" if method == "auto" else method, "pca"]
    return [_laid(codes, each, random_state) for each in methods]


def _laid(codes: np.ndarray, method: str, random_state: int) -> Layout:
    found = projections.latent_map(codes, method, random_state=random_state)
    places = rounded(found.points.T, MAP_BITS)
    if method != "pca":
        return Layout(found.method, "nearest", places, None)
    if codes.shape[1] <= 2:
        return Layout(found.method, "code", places, None)
    with np.errstate(invalid="ignore"):  # where all codes are equal
        pca = PCA(2, random_state=random_state).fit(codes)
    return Layout(found.method, "plane", places, np.vstack([pca.mean_, pca.components_]))


def grid(layout: Layout) -> np.ndarray:
    """Give `GRID` times `GRID` points (m, 2) over a map, from left to right, lowest row first."""
    left, bottom, right, top = layout.box
    sides = np.linspace(left, right, GRID), np.linspace(bottom, top, GRID)
    return np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)


def codes_at(layout: Layout, places: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Find the codes of points (m, 2) of a map, as the page does."""
    if layout.way == "code":
        return places[:, : codes.shape[1]]
    if layout.plane is not None:
        return layout.plane[0] + places @ layout.plane[1:]
    points = layout.points
    some = min(NEIGHBORS, len(points))
    distances, near = NearestNeighbors(n_neighbors=some).fit(points).kneighbors(places)
    weights = 1.0 / (np.square(distances) + 1e-12)
    return np.einsum("nm,nmk->nk", weights / weights.sum(axis=1, keepdims=True), codes[near])


def directions(codes: np.ndarray) -> np.ndarray:
    """Give the directions (m, k) of the sliders, each one standard deviation long."""
    if codes.shape[1] <= LARGE_CODE:
        return np.diag(codes.std(axis=0))
    with np.errstate(invalid="ignore"):
        found = PCA(min(DIRECTIONS, *codes.shape)).fit(codes)
    return found.components_ * np.sqrt(found.explained_variance_)[:, None]


def far(codes: np.ndarray) -> float:
    """Give the distance to the nearest code beyond which a point counts as extrapolation."""
    some = codes[:: max(len(codes) // PROBED, 1)]
    distances = NearestNeighbors(n_neighbors=2).fit(codes).kneighbors(some)[0][:, 1]
    return float(2.0 * np.quantile(distances, 0.99))
