"""The nearest of many codes: found in float32, measured in float64."""

from __future__ import annotations

import numpy as np

STRIDE = 16  # codes in a group
BLOCK = 256  # queries at a time: their distances to all codes stay in the cache
SPARE = 3  # candidates beyond those asked for, as float32 may confuse almost equal distances
FARTHEST = 1e18  # of a query's component, so that float32 products are finite


class Neighbors:
    """Finds the nearest of codes (m, k) to others.

    The squared distances ``|c|² - 2 q·c`` to all codes, less ``|q|²``, are one product of matrices
    in float32. The n nearest codes are in the n groups with the least minima, so only these are
    sorted; the distances of a few more than n candidates are then computed in float64.

    Parameters
    ----------
    codes : float64 array of shape (m, k)

    Examples
    --------
    >>> found = Neighbors(np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]))
    >>> found.nearest(np.zeros((1, 2)), 2)
    (array([[0, 1]]), array([[0., 5.]]))
    """

    def __init__(self, codes: np.ndarray) -> None:
        self.codes = codes
        m, k = codes.shape
        self._groups = -(-m // STRIDE)
        self._center = codes.mean(axis=0)
        centered = codes - self._center
        table = np.zeros((k + 1, STRIDE * self._groups), dtype=np.float32)
        table[:k, :m] = -2 * centered.T
        table[k] = np.finfo(np.float32).max
        table[k, :m] = np.square(centered).sum(axis=1)
        self._table = table

    def nearest(self, queries: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Give the positions and distances (b, n) of the n codes nearest to queries (b, k).

        The nearest is first. There are at least n codes.
        """
        positions = np.empty((len(queries), n), dtype=np.intp)
        distances = np.empty((len(queries), n))
        for start in range(0, len(queries), BLOCK):
            some = slice(start, start + BLOCK)
            positions[some], distances[some] = self._among(queries[some], n)
        return positions, distances

    def _among(self, queries: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        near = self._candidates(queries, min(n + SPARE, len(self.codes)))
        apart = queries[:, None, :] - self.codes[near]
        squared = np.einsum("bck,bck->bc", apart, apart)
        order = np.lexsort((near, squared))[:, :n]
        return (
            np.take_along_axis(near, order, axis=1),
            np.sqrt(np.take_along_axis(squared, order, axis=1)),
        )

    def _candidates(self, queries: np.ndarray, n: int) -> np.ndarray:
        """Give the positions (b, n) of the nearest codes by float32, in any order."""
        b, k = queries.shape
        wide = np.ones((b, k + 1), dtype=np.float32)
        wide[:, :k] = np.clip(queries - self._center, -FARTHEST, FARTHEST)
        apart = wide @ self._table
        members = np.arange(self._groups * STRIDE)[None]
        if n < self._groups:
            least = apart.reshape(b, STRIDE, self._groups).min(axis=1)
            groups = np.argpartition(least, n - 1, axis=1)[:, :n]
            members = np.arange(STRIDE)[None, :, None] * self._groups + groups[:, None, :]
            members = members.reshape(b, -1)
        members = np.broadcast_to(members, (b, members.shape[1]))
        chosen = np.argpartition(np.take_along_axis(apart, members, axis=1), n - 1, axis=1)[:, :n]
        return np.take_along_axis(members, chosen, axis=1)
