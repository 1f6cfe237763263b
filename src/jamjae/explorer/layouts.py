"""Maps of codes, and the ways back from a place of a map to a code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from jamjae.explorer.packing import Rounded, rounded
from jamjae.latent import projections

MAP_BITS = 16
GRID = 24  # places a side that are decoded beforehand where the page cannot decode
NEIGHBORS = 8  # nearest codes whose mean is decoded on a map that knows no way back
PROBED = 2000  # rows that tell how far from each other codes lie
LARGE_CODE, DIRECTIONS = 12, 10  # from which sliders move along principal directions, so many


class Layout(NamedTuple):
    """A map.

    Attributes
    ----------
    words : str
        How it was made, for people.
    way : {"code", "plane", "nearest"}
        A place is a code; or a place of a plane in the space of codes; or stands for the mean of
        the nearest codes, weighted by one over the squared distance.
    places : Rounded
        Of the rows, (2, n).
    plane : array of shape (3, k) or None
        The mean code and two directions.
    """

    words: str
    way: str
    places: Rounded
    plane: np.ndarray | None

    @property
    def points(self) -> np.ndarray:
        """The places (n, 2), as the page knows them."""
        return self.places.array.T.astype(np.float64)

    @property
    def box(self) -> list[float]:
        """The left, lower, right and upper edge of the grid that is decoded beforehand."""
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        edge = 0.05 * (high - low)
        return [*(low - edge).tolist(), *(high + edge).tolist()]


def lay_out(codes: np.ndarray, method: str, random_state: int) -> list[Layout]:
    """Lay codes (n, k) out: by themselves where they are one or two numbers, else in two ways."""
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
    with np.errstate(invalid="ignore"):  # as where codes are all equal
        pca = PCA(2, random_state=random_state).fit(codes)
    return Layout(found.method, "plane", places, np.vstack([pca.mean_, pca.components_]))


def grid(layout: Layout) -> np.ndarray:
    """Give `GRID` times `GRID` places (m, 2) over a map, from left to right, lowest row first."""
    left, bottom, right, top = layout.box
    sides = np.linspace(left, right, GRID), np.linspace(bottom, top, GRID)
    return np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)


def codes_at(layout: Layout, places: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Find the codes of places (m, 2) of a map, as the page does."""
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
    """Give ways (m, k) along which sliders move a code, each one deviation of the data long."""
    if codes.shape[1] <= LARGE_CODE:
        return np.diag(codes.std(axis=0))
    with np.errstate(invalid="ignore"):
        found = PCA(min(DIRECTIONS, *codes.shape)).fit(codes)
    return found.components_ * np.sqrt(found.explained_variance_)[:, None]


def far(codes: np.ndarray) -> float:
    """Give a distance to the nearest code that nearly no code has: beyond it nothing was seen."""
    some = codes[:: max(len(codes) // PROBED, 1)]
    distances = NearestNeighbors(n_neighbors=2).fit(codes).kneighbors(some)[0][:, 1]
    return float(2.0 * np.quantile(distances, 0.99))
