"""PCA of rows with missing values: the components that reconstruct the observed ones best."""

from __future__ import annotations

import numpy as np

from jamjae.data.rows import Array, Subset, drawn, row_chunks
from jamjae.engine import pca
from jamjae.engine.pca import TINY, pieces

PASSES, STILL = 500, 1e-9  # over the rows, at most; relative change of the error that ends them
REFILLINGS = 200  # of the second start, at most
ROWS = 10_000  # from which the components are found first, where there are more
WORK = 5e9  # multiplications that all passes take, at most


def principal(
    X: Array, filled: Array, n_components: int, weights: np.ndarray, seed: int
) -> pca.Principal:
    """Find the components that reconstruct the observed values of rows best.

    Alternating least squares: codes of the rows, then components and mean of each feature, until
    the squared error of the observed values stands still. It begins with the PCA of `filled`, and
    with that of means in place of what is missing, of at most `ROWS` rows; the better end is then
    improved on all rows, for as many passes as `WORK` allows.

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
    if not k:  # no value differs from another of its feature
        return _described(first.components[:0], first.mean, first, X, filled, weights)
    some, known = X, weights
    if len(X) > ROWS:
        chosen = drawn(len(X), ROWS, seed)
        some, known = Subset(X, chosen), weights[chosen]
    starts = [first, _by_refilling(some, k, known, seed)]
    ends = [_converged(start.components[:k], start.mean, some, known) for start in starts]
    _, components, mean = min(ends, key=lambda end: end[0])
    if some is not X:
        _, components, mean = _converged(components, mean, X, weights)
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
    for _ in range(int(np.clip(20 * WORK / (whole.size * whole.shape[1]), 2, REFILLINGS))):
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
        for index in pieces(np.arange(len(flat)), k):
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
    units = np.sqrt(np.einsum("jii->ji", squares) + TINY)  # of codes, whatever those of the data
    squares = squares / units[:, :, None] / units[:, None, :] + 1e-10 * np.eye(k + 1)
    made = np.linalg.solve(squares, (products / units)[:, :, None])[:, :, 0] / units
    directions = np.linalg.qr(made[:, :k])[0].T
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
    error, variance = _observed_errors(made, X, weights)
    return made._replace(error=error, variance=variance)


def _observed_errors(
    principal: pca.Principal, X: Array, weights: np.ndarray
) -> tuple[float, float]:
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
