"""Missing values as the observed values of the same row predict them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from jamjae.data.rows import Array, row_chunks
from jamjae.engine import pca

FACTORS, FACTOR_VALUES = 32, 1 << 24  # at most; products of factors by feature held in memory
ROWS = 10_000  # rows from which a filling is learned, at most
STEPS, STANDSTILL = 50, 1e-3  # of expectation maximization, at most; change that ends it
PRIOR = 1.0  # rows that say that no factor matters, so that few rows suffice
LEAST_NOISE = 1e-3  # of the variance of a feature
TINY = np.finfo(float).tiny
PRODUCTS = 1 << 22  # values of the products of factors that are held for a piece of rows


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
        made = flat.copy()
        for rows in _pieces(some, self.loadings.shape[1]):
            observed = ~missing[rows]
            z, _ = self.factors(np.where(observed, flat[rows] - self.mean, 0.0), observed)
            expected = z @ self.loadings.T + self.mean
            made[rows] = np.where(observed, flat[rows], expected)
        return made.reshape(X.shape)

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
    index = np.arange(len(X))
    if len(X) > ROWS:
        index = np.sort(np.random.RandomState(seed).choice(index, ROWS, replace=False))
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
    for rows in _pieces(np.arange(len(X)), q):
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


def _pieces(index: np.ndarray, q: int) -> Iterator[np.ndarray]:
    step = max(PRODUCTS // (q + 1) ** 2, 1)
    for start in range(0, len(index), step):
        yield index[start : start + step]


# --- PCA of rows with missing values --------------------------------------------------------

PASSES, STILL = 500, 1e-9  # over the rows, at most; relative change of the error that ends them
REFILLINGS, HELD_BYTES = 200, 1 << 28  # of the second start, at most; of the rows it takes
WORK = 1e12  # multiplications that all passes take, at most


def principal(
    X: Array, filled: Array, n_components: int, weights: np.ndarray, seed: int
) -> pca.Principal:
    """Find the components that reconstruct the observed values of rows best.

    Alternating least squares: codes of the rows, then components and mean of each feature, until
    the squared error of the observed values stands still. It begins with the PCA of `filled` and,
    if the rows are not too many, with that of means in place of what is missing.

    Parameters
    ----------
    X : array of shape (n, ...)
        NaN are missing values.
    filled : array of shape (n, ...)
        The same rows with their missing values predicted.
    n_components : int
    weights : array of shape (n,)
    seed : int

    Returns
    -------
    Principal
        Its ``error`` and ``variance`` are those of the observed values; its ``deviations`` those
        of the codes of `filled`.

    References
    ----------
    Ilin & Raiko (2010), Practical approaches to PCA in the presence of missing values, JMLR 11.
    """
    first = pca.fit(filled, n_components, seed, weights)
    k = int(np.count_nonzero(first.usable & (first.deviations > 0)))
    starts = [first]
    if 8 * X.size <= HELD_BYTES:
        starts.append(_by_refilling(X, k, weights, seed))
    ends = [_converged(start.components[:k], start.mean, X, weights) for start in starts]
    _, components, mean = min(ends, key=lambda end: end[0])
    return _described(components, mean, first, X, filled, weights)


def _by_refilling(X: Array, k: int, weights: np.ndarray, seed: int) -> pca.Principal:
    """Fill with means, decompose, fill with what that reconstructs, and so on.

    It leads to another minimum now and then than what a filling predicts.
    """
    whole = np.asarray(X[:], np.float64).reshape(len(X), -1)
    missing = np.isnan(whole)
    known = weights[:, None] * ~missing
    mean = (known * np.where(missing, 0.0, whole)).sum(axis=0) / np.maximum(known.sum(axis=0), TINY)
    whole = np.where(missing, mean, whole)
    found = pca.fit(whole, k, seed, weights)
    for _ in range(min(REFILLINGS, _passes(X, X.size // len(X)))):
        whole[missing] = found.reconstruct(whole)[missing]
        before, found = found.error, pca.fit(whole, k, seed, weights)
        if before - found.error <= STILL * found.error:
            break
    return found


def _converged(
    components: np.ndarray, mean: np.ndarray, X: Array, weights: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Alternate until the error stands still; give it, the components and the mean."""
    error = np.inf
    for _ in range(_passes(X, len(components))):
        before = error
        improved, error = _improved(components, mean, X, weights)
        if before - error <= STILL * error:
            break
        components, mean = improved
    return error, components, mean


def _passes(X: Array, k: int) -> int:
    """Limit the passes that each cost (k + 1)² multiplications per value."""
    return int(np.clip(WORK / (X.size * (k + 1.0) ** 2), 2, PASSES))


def _improved(
    components: np.ndarray, mean: np.ndarray, X: Array, weights: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], float]:
    """Give the best components and mean for the codes of given ones, and the error of those."""
    k, d = components.shape
    squares, products = np.zeros((d, (k + 1) ** 2)), np.zeros((d, k + 1))
    error = 0.0
    for rows in row_chunks(X):
        flat = X[rows].reshape(-1, d)
        for index in _pieces(np.arange(len(flat)), k):
            some, w = flat[index], weights[rows][index][:, None]
            observed = ~np.isnan(some)
            rest = np.where(observed, some - mean, 0.0)
            codes = pca.least_squares(rest, observed, components)
            error += float((w * np.square(rest - observed * (codes @ components))).sum())
            codes = np.column_stack([codes, np.ones(len(codes))])
            moments = (codes[:, :, None] * codes[:, None, :]).reshape(len(codes), -1)
            squares += (observed * w).T @ moments
            products += (rest * w).T @ codes
    squares = squares.reshape(d, k + 1, k + 1)
    scale = np.trace(squares, axis1=1, axis2=2)[:, None, None] + TINY
    made = np.linalg.solve(squares + 1e-10 * scale * np.eye(k + 1), products[:, :, None])[:, :, 0]
    directions = np.linalg.qr(made[:, :k])[0].T if k else components
    return (directions, mean + made[:, k]), error


def _described(
    components: np.ndarray,
    mean: np.ndarray,
    first: pca.Principal,
    X: Array,
    filled: Array,
    weights: np.ndarray,
) -> pca.Principal:
    """Order the components, center the codes, and measure the errors of the observed values."""
    k = len(components)
    whole = pca.Principal(mean, components, np.ones(k), 0.0, 0.0)
    codes = whole.transform(filled)
    middle = np.average(codes, axis=0, weights=weights) if k else np.zeros(0)
    spread = (codes - middle).T @ ((codes - middle) * weights[:, None]) / weights.sum()
    variances, rotation = np.linalg.eigh(spread) if k else (np.zeros(0), np.zeros((0, 0)))
    surplus = len(first.components) - k
    made = pca.Principal(
        mean + middle @ components,
        np.pad((rotation.T @ components)[::-1], ((0, surplus), (0, 0))),
        np.pad(np.sqrt(variances.clip(min=0.0))[::-1], (0, surplus)),
        0.0,
        0.0,
    )
    error, variance = observed_errors(made, X, weights)
    return made._replace(error=error, variance=variance)


def observed_errors(principal: pca.Principal, X: Array, weights: np.ndarray) -> tuple[float, float]:
    """Give the weighted mean squared error of the observed values, and their variance."""
    d = len(principal.mean)
    sums, squares, counts, errors = np.zeros(d), np.zeros(d), np.zeros(d), 0.0
    for rows in row_chunks(X):
        flat, w = np.asarray(X[rows], np.float64).reshape(-1, d), weights[rows]
        observed = ~np.isnan(flat)
        rest = np.where(observed, flat - principal.mean, 0.0)
        made = principal.inverse_transform(principal.transform(flat)) - principal.mean
        errors += float(w @ np.square(rest - observed * made).sum(axis=1))
        sums, squares, counts = sums + w @ rest, squares + w @ rest**2, counts + w @ observed
    total = counts.sum()
    variance = (squares - sums**2 / np.maximum(counts, TINY)).sum()
    return errors / total, max(float(variance), 0.0) / total
