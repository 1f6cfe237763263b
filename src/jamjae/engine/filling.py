"""Missing values as the observed values of the same row predict them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from jamjae.data.rows import Array, drawn
from jamjae.engine import pca
from jamjae.engine.pca import TINY, pieces

FACTORS, FACTOR_VALUES = 32, 1 << 24  # at most; products of factors by feature held in memory
ROWS = 4000  # rows from which a filling is learned, at most
STEPS, STANDSTILL = 50, 1e-3  # of expectation maximization, at most; change that ends it
PRIOR = 1.0  # rows that say that no factor matters, so that few rows suffice
LEAST_NOISE = 1e-3  # of the variance of a feature
FEATURES = 1000  # up to which the inverse of their covariance is used, which is faster


class Filling(NamedTuple):
    """A normal distribution of rows, by factor analysis, which predicts what is missing in them.

    ``x = mean + loadings · z + noise``, z standard normal.

    Attributes
    ----------
    mean : array of shape (d,)
    loadings : array of shape (d, q)
    noise : array of shape (d,)
        Variance of each feature that no factor explains, above zero.

    References
    ----------
    Rubin & Thayer (1982), Psychometrika 47:69. Ghahramani & Jordan (1994), Supervised learning from
    incomplete data via an EM approach.
    """

    mean: np.ndarray
    loadings: np.ndarray
    noise: np.ndarray

    def fill(self, X: np.ndarray) -> np.ndarray:
        """Replace NaN in rows (n, ...) by what is expected; a copy if there are any, in X's dtype.

        A row without any value becomes the mean.
        """
        flat = X.reshape(len(X), -1)
        missing = np.isnan(flat)
        some = np.flatnonzero(missing.any(axis=1))
        if not len(some):
            return X
        made, q = flat.copy(), self.loadings.shape[1]
        counts = missing[some].sum(axis=1)
        few = (counts <= q) & (flat.shape[1] <= FEATURES)
        precision = self._precision() if few.any() else np.empty((0, 0))
        for count in np.unique(counts[few]):
            for rows in pieces(some[few & (counts == count)], max(count, 1)):
                made[rows] = self._by_precision(flat[rows], missing[rows], precision)
        for rows in pieces(some[~few], q):
            observed = ~missing[rows]
            z, _ = self.factors(np.where(observed, flat[rows] - self.mean, 0.0), observed)
            expected = z @ self.loadings.T + self.mean
            made[rows] = np.where(observed, flat[rows], expected)
        return made.reshape(X.shape)

    def _precision(self) -> np.ndarray:
        """Give the inverse of the covariance of the features (d, d)."""
        scaled = self.loadings / self.noise[:, None]
        inner = np.eye(self.loadings.shape[1]) + self.loadings.T @ scaled
        return np.diag(1.0 / self.noise) - scaled @ np.linalg.solve(inner, scaled.T)

    def _by_precision(
        self, some: np.ndarray, missing: np.ndarray, precision: np.ndarray
    ) -> np.ndarray:
        """Fill rows that all lack as many values, by equations of as many unknowns."""
        rest = np.where(missing, 0.0, some - self.mean)
        columns = np.nonzero(missing)[1].reshape(len(some), -1)
        pull = np.take_along_axis(rest @ precision, columns, axis=1)
        squares = precision[columns[:, :, None], columns[:, None, :]]
        found = np.linalg.solve(squares, pull[:, :, None])[:, :, 0]
        made = np.asarray(some, dtype=np.float64).copy()
        np.put_along_axis(made, columns, self.mean[columns] - found, axis=1)
        return made

    def factors(self, rest: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the mean and the covariance of the factors of rows, by what is observed in them."""
        q = self.loadings.shape[1]
        scaled = self.loadings / self.noise[:, None]
        products = (scaled[:, :, None] * self.loadings[:, None, :]).reshape(-1, q * q)
        precision = (observed.astype(float) @ products).reshape(-1, q, q) + np.eye(q)
        covariance = np.linalg.inv(precision)
        return np.einsum("nij,nj->ni", covariance, rest @ scaled), covariance


def learn(X: Array, weights: np.ndarray | None = None, seed: int = 0) -> Filling:
    """Learn a filling from at most `ROWS` of the rows (n, ...), chosen at random.

    NaN are missing values. A feature may lack any value among the rows chosen; its mean is then
    zero. `weights` are (n,).
    """
    index = drawn(len(X), ROWS, seed)
    flat = np.asarray(X[index], np.float64).reshape(len(index), -1)
    return _learned(flat, np.ones(len(flat)) if weights is None else weights[index])


def _learned(X: np.ndarray, weights: np.ndarray) -> Filling:
    """Learn the distribution of flat rows (n, d) in units of each feature's deviation."""
    observed = ~np.isnan(X)
    counts = np.maximum(weights @ observed, TINY)
    center = weights @ np.where(observed, X, 0.0) / counts
    rest = np.where(observed, X - center, 0.0)
    unit = np.sqrt(weights @ np.square(rest) / counts)
    unit[unit == 0] = 1.0
    rest /= unit
    q = _number_of_factors(*X.shape)
    first = pca.fit(rest, q)
    found = Filling(
        np.zeros(len(unit)), first.components.T * first.deviations, np.full(len(unit), 0.5)
    )
    for _ in range(STEPS):
        before, found = found, _maximized(found, rest, observed, weights)
        if np.abs(found.noise - before.noise).max() < STANDSTILL:
            break
    return Filling(
        center + found.mean * unit, found.loadings * unit[:, None], found.noise * unit**2
    )


def _number_of_factors(n: int, d: int) -> int:
    return max(min(d - 1, n - 1, FACTORS, math.isqrt(FACTOR_VALUES // d)), 1)


def _maximized(
    before: Filling, X: np.ndarray, observed: np.ndarray, weights: np.ndarray
) -> Filling:
    """Take one step of expectation maximization; missing values of X (n, d) are zero."""
    (d, q), counts = before.loadings.shape, weights @ observed
    squares, products = np.zeros((d, (q + 1) ** 2)), np.zeros((d, q + 1))
    for rows in pieces(np.arange(len(X)), q):
        z, covariance = before.factors((X[rows] - before.mean) * observed[rows], observed[rows])
        z = np.column_stack([z, np.ones(len(rows))])
        moments = z[:, :, None] * z[:, None, :]
        moments[:, :q, :q] += covariance
        seen = observed[rows] * weights[rows, None]
        squares += seen.T @ moments.reshape(len(rows), -1)
        products += (X[rows] * weights[rows, None]).T @ z
    squares = squares.reshape(d, q + 1, q + 1) + np.diag([PRIOR] * q + [1e-12])
    made = np.linalg.solve(squares, products[:, :, None])[:, :, 0]
    fitted = np.einsum("ji,jik,jk->j", made, squares, made) - 2.0 * (made * products).sum(axis=1)
    noise = (weights @ np.square(X) + fitted) / np.maximum(counts, TINY)
    return Filling(made[:, q], made[:, :q], np.maximum(noise, LEAST_NOISE))
