"""PCA: the baseline of every result and the start of every default network."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh, qr, svd

from jamjae.data.preprocessing import value_type
from jamjae.data.rows import Array, row_chunks
from jamjae.engine.blocks import among, by_blocks
from jamjae.engine.processes import ALONE, Processes

COVARIANCE_LIMIT = 3000  # maximum number of features, or rows, whose products are held in memory
OVERSAMPLING, PASSES = 10, 30  # of the subspace iteration beyond: directions more, passes at most
RIDGE = 1e-9  # of least squares, beside components of length one
PRODUCTS = 1 << 22  # values of the products of codes that are held for a piece of rows
TINY = np.finfo(float).tiny
STANDSTILL = 1e-5  # change of the error, relative to it, at which the iteration ends
ILL_CONDITIONED = 1e-8  # share of the variance below which the covariance has lost its digits


class Principal(NamedTuple):
    """The principal components of given rows, in the units of the data.

    Attributes
    ----------
    mean : array of shape (d,)
    components : array of shape (k, d)
        Orthonormal directions, by falling variance. Where fewer than k exist, the rest are zero.
    deviations : array of shape (k,)
        The standard deviation of the rows along each direction.
    error : float
        Mean squared error per element of the rows reconstructed from k components.
    variance : float
        Mean squared distance per element from the feature's mean: the error of no component.
    """

    mean: np.ndarray
    components: np.ndarray
    deviations: np.ndarray
    error: float
    variance: float

    @property
    def usable(self) -> np.ndarray:
        """Whether each deviation exceeds the rounding of float32 (k,)."""
        return self.deviations > 1e-7 * self.deviations.max()

    def transform(self, X: Array) -> np.ndarray:
        """Project rows (n, ...) on the components: float64 codes (n, k).

        Those of rows with NaN reconstruct the values that are there best.
        """
        codes = np.empty((len(X), len(self.components)))
        with among(len(X)):
            for rows in row_chunks(X):
                codes[rows] = self._project(_centered(X[rows], self.mean))
        return codes

    def _project(self, centered: np.ndarray) -> np.ndarray:
        codes = np.empty((len(centered), len(self.components)))
        by_blocks(lambda some: some @ self.components.T, centered, codes, together=True)
        incomplete = np.flatnonzero(np.isnan(centered.sum(axis=1)))
        for some in pieces(incomplete, len(self.components)):
            observed = ~np.isnan(centered[some])
            rest = np.where(observed, centered[some], 0.0)
            codes[some] = least_squares(rest, observed, self.components)
        return codes

    def inverse_transform(self, Z: np.ndarray) -> np.ndarray:
        """Reconstruct flat float64 rows (n, d) from codes (n, k)."""
        made = np.empty((len(Z), self.components.shape[1]))
        Z = np.asarray(Z, np.float64)
        by_blocks(lambda some: some @ self.components, Z, made, together=True)
        return np.add(made, self.mean, out=made)

    def reconstruct(self, X: np.ndarray) -> np.ndarray:
        """Reconstruct rows (n, ...) from their codes, in the shape of X.

        Computed in float64, returned as float32 for pixels and float32 rows, as float64 for others.
        """
        made = np.empty(X.shape, dtype=value_type(X.dtype))
        for rows in row_chunks(X):
            flat = self.inverse_transform(self.transform(X[rows]))
            made[rows] = flat.reshape(-1, *X.shape[1:])
        return made


def least_squares(rest: np.ndarray, observed: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Give the codes (n, k) that reconstruct what is observed of centered rows (n, d) best.

    Where fewer values are observed than there are components, the shortest such code.
    """
    k = len(components)
    products = (components[:, None, :] * components[None, :, :]).reshape(k * k, -1)
    squares = (observed.astype(float) @ products.T).reshape(-1, k, k)
    squares += RIDGE * np.eye(k)
    return np.linalg.solve(squares, (rest @ components.T)[:, :, None])[:, :, 0]


def pieces(index: np.ndarray, k: int) -> Iterator[np.ndarray]:
    """Cut an index into pieces whose products of k + 1 numbers by row fit into memory."""
    step = max(PRODUCTS // (k + 1) ** 2, 1)
    for start in range(0, len(index), step):
        yield index[start : start + step]


def _centered(rows: np.ndarray, mean: np.ndarray) -> np.ndarray:
    centered: np.ndarray = rows.reshape(len(rows), -1) - mean
    return centered


def fit(
    X: Array,
    n_components: int,
    random_state: int | None = 0,
    weights: np.ndarray | None = None,
    processes: Processes = ALONE,
) -> Principal:
    """Find the principal directions of rows without holding a float copy of them.

    Everything is computed in float64, in pieces of the rows. Up to `COVARIANCE_LIMIT` features the
    leading eigenvectors of the covariance are computed or, if it is ill-conditioned, an SVD of the
    rows' triangular factor. For as few rows, those of their inner products are computed, and for
    larger data subspace iteration finds the directions in passes over the rows.

    Parameters
    ----------
    X : array of shape (n, ...)
        Rows of any shape and numeric dtype; may be memory-mapped.
    n_components : int
        May exceed the rank of the data; the surplus components are zero.
    random_state : int or None
        Seeds the first directions of the subspace iteration.
    weights : array of shape (n,) or None
        How much each row counts, with a mean of one; None if all count alike.
    processes : Processes
        Those that have a part of the rows each, and add up their moments; all call this function.
    """
    d = int(np.prod(X.shape[1:], dtype=np.int64))
    rows = _Rows(X, d, int(processes.total(len(X))), weights, processes)
    k = min(n_components, d, rows.n)
    if d <= COVARIANCE_LIMIT:
        mean, components, variances, error, variance = _by_covariance(rows, k)
    elif rows.n <= COVARIANCE_LIMIT and processes.hosts == 1:
        mean, components, variances, error, variance = _by_inner_products(rows, k)
    else:
        mean, components, variances, error, variance = _by_subspace(rows, k, random_state)
    surplus = n_components - k
    return Principal(
        processes.first(mean),  # machines may round differently
        processes.first(np.pad(components, ((0, surplus), (0, 0)))),
        processes.first(np.sqrt(np.pad(variances, (0, surplus)).clip(min=0.0))),
        float(processes.first(error)),
        float(processes.first(variance)),
    )


Parts = tuple[np.ndarray, np.ndarray, np.ndarray, float, float]


class _Rows(NamedTuple):
    """The rows (m, ...) of this process, of n rows of d values in all, and how much each counts."""

    X: Array
    d: int
    n: int
    weights: np.ndarray | None
    processes: Processes

    def centered(self, mean: np.ndarray) -> Iterator[np.ndarray]:
        """Give centered rows, each multiplied by the root of its weight, piece by piece."""
        for rows in row_chunks(self.X):
            centered = _centered(self.X[rows], mean)
            if self.weights is not None:
                centered = centered * np.sqrt(self.weights[rows])[:, None]
            yield centered

    def mean(self) -> np.ndarray:
        pieces = ((rows, self.X[rows].reshape(-1, self.d)) for rows in row_chunks(self.X))
        if self.weights is None:
            sums = (some.sum(axis=0, dtype=np.float64) for _, some in pieces)
        else:
            sums = (self.weights[rows] @ some for rows, some in pieces)
        return self.processes.total(sum(sums, np.zeros(self.d))) / self.n


def _by_covariance(rows: _Rows, k: int) -> Parts:
    d, mean = rows.d, rows.mean()
    covariance = np.zeros((d, d))
    for centered in rows.centered(mean):
        covariance += centered.T @ centered
    covariance = rows.processes.total(covariance)
    covariance /= rows.n
    variances, vectors = eigh(covariance, subset_by_index=(d - k, d - 1))
    total = float(np.trace(covariance))
    error = max(total - float(variances.sum()), 0.0) / d
    if min(error * d, float(variances[0])) <= ILL_CONDITIONED * total:
        return _by_triangle(rows, mean, k)
    return mean, vectors.T[::-1], variances[::-1], error, total / d


def _by_triangle(rows: _Rows, mean: np.ndarray, k: int) -> Parts:
    """Compute the SVD of the rows' triangular factor: without squares, small directions survive."""
    d = rows.d
    triangle = np.empty((0, d))
    for centered in rows.centered(mean):
        triangle = _triangle(np.concatenate([triangle, centered]))
    if rows.processes.hosts > 1:
        whole = np.zeros((d, d))
        whole[: len(triangle)] = triangle
        triangle = _triangle(rows.processes.gathered(whole).reshape(-1, d))
    _, singular, directions = svd(triangle, full_matrices=False, check_finite=False)
    variances = singular**2 / rows.n
    error, total = float(variances[k:].sum()) / d, float(variances.sum())
    return mean, directions[:k], variances[:k], error, total / d


def _triangle(rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = qr(rows, mode="r", overwrite_a=True, check_finite=False)[0]
    return found[: rows.shape[1]]


def _by_inner_products(rows: _Rows, k: int) -> Parts:
    """Find the directions of few rows with many features, in pieces of the features."""
    X, d, n, mean = rows.X, rows.d, rows.n, rows.mean()
    products = np.zeros((n, n))
    roots = np.ones(n) if rows.weights is None else np.sqrt(rows.weights)
    pieces = row_chunks(np.broadcast_to(0.0, (d, n)))
    for columns in pieces:
        centered = (_columns(X, columns) - mean[columns]) * roots[:, None]
        products += centered @ centered.T
    products /= n
    variances, vectors = eigh(products, subset_by_index=(n - k, n - 1))
    total = float(np.trace(products))
    used = variances > n * np.finfo(float).eps * total
    vectors /= np.sqrt(n * np.where(used, variances, np.inf))
    components = np.empty((k, d))
    for columns in pieces:
        centered = (_columns(X, columns) - mean[columns]) * roots[:, None]
        components[:, columns] = vectors.T @ centered
    error = max(total - float(variances.sum()), 0.0) / d
    return mean, components[::-1], variances[::-1] * used[::-1], error, total / d


def _columns(X: Array, columns: slice) -> np.ndarray:
    pieces = (X[rows].reshape(-1, math.prod(X.shape[1:]))[:, columns] for rows in row_chunks(X))
    return np.concatenate([np.ascontiguousarray(piece) for piece in pieces])


def _by_subspace(rows: _Rows, k: int, random_state: int | None) -> Parts:
    """Find the leading directions by subspace iteration, until the error converges.

    Neither a copy of X nor the covariance is held in memory. Halko, Martinsson & Tropp (2011),
    SIAM Review 53:217, show why few passes over the rows are enough.
    """
    d, mean = rows.d, rows.mean()
    size = min(k + max(OVERSAMPLING, k // 4), rows.n, d)
    product = np.random.RandomState(random_state).normal(size=(d, size))
    error = np.inf
    for _ in range(PASSES):
        basis = qr(product, mode="economic", overwrite_a=True, check_finite=False)[0]
        product, total = _times_covariance(rows, mean, basis)
        variances, rotation = eigh(basis.T @ product)
        before, error = error, max(total - float(variances[-k:].sum()), 0.0)
        if before - error <= STANDSTILL * error + np.finfo(float).eps * total:
            break
    components = (basis @ rotation[:, -k:]).T
    return mean, components[::-1], variances[::-1][:k], error / d, total / d


def _times_covariance(rows: _Rows, mean: np.ndarray, basis: np.ndarray) -> tuple[np.ndarray, float]:
    """Multiply the covariance of rows by directions (d, m); also give the covariance's trace."""
    product, total = np.zeros(basis.shape), 0.0
    for centered in rows.centered(mean):
        product += centered.T @ (centered @ basis)
        total += float(np.square(centered, out=centered).sum())
    product, total = rows.processes.total(product), float(rows.processes.total(total))
    return product / rows.n, total / rows.n
