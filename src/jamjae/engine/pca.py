"""PCA: the classical rival, the baseline of every result and the start of every default network."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh, qr, svd
from sklearn.decomposition import PCA

from jamjae.data.preprocessing import row_chunks

COVARIANCE_LIMIT = 3000  # features up to which the covariance is cheaper than an SVD of the rows
ILL_CONDITIONED = 1e-8  # share of the variance below which the covariance has lost its digits


class Principal(NamedTuple):
    """The best linear code of given rows, in the units of the data.

    Attributes
    ----------
    mean : array of shape (d,)
    components : array of shape (k, d)
        Orthonormal directions, by falling variance. Where fewer than k exist, the rest are zero.
    deviations : array of shape (k,)
        The standard deviation of the rows along each direction.
    error : float
        Mean squared error an entry of the rows restored from k numbers.
    variance : float
        Mean squared distance of an entry from its feature's mean: the error of no component at all.
    """

    mean: np.ndarray
    components: np.ndarray
    deviations: np.ndarray
    error: float
    variance: float

    @property
    def usable(self) -> np.ndarray:
        """Which deviations are more than float32's rounding: booleans (k,)."""
        return self.deviations > 1e-7 * self.deviations.max()

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Project rows (n, ...) on the components: codes (n, k).

        In float64 for float64 rows, which may lie far from zero; else in float32.
        """
        dtype = _precision(X)
        components, mean = self.components.astype(dtype), self.mean.astype(dtype)
        codes = np.empty((len(X), len(components)), dtype=dtype)
        for rows in row_chunks(X):
            codes[rows] = (X[rows].reshape(len(X[rows]), -1) - mean) @ components.T
        return codes

    def restore(self, X: np.ndarray) -> np.ndarray:
        """Project rows (n, ...) on the components and come back, in the shape of X."""
        dtype = _precision(X)
        components, mean = self.components.astype(dtype), self.mean.astype(dtype)
        restored = np.empty(X.shape, dtype=dtype)
        for rows in row_chunks(X):
            restored[rows] = (self.transform(X[rows]) @ components + mean).reshape(X[rows].shape)
        return restored


def _precision(X: np.ndarray) -> type[np.floating]:
    return np.float64 if X.dtype == np.float64 else np.float32


def fit(X: np.ndarray, n_components: int, random_state: int | None = 0) -> Principal:
    """Find the principal directions of rows without holding a float copy of them.

    Up to `COVARIANCE_LIMIT` features the covariance is summed in float64 by pieces and its leading
    eigenvectors are found. Where its condition is bad, an SVD of the triangular factor of the rows
    replaces it. Beyond, scikit-learn's PCA works on a float32 copy.

    Parameters
    ----------
    X : array of shape (n, ...)
        Rows of any shape and numeric dtype; may be memory-mapped.
    n_components : int
        May exceed the rank of the data; the surplus components are zero.
    random_state : int or None
        Seeds the randomised SVD of data with many features.
    """
    d = int(np.prod(X.shape[1:], dtype=np.int64))
    k = min(n_components, d, len(X))
    if d <= COVARIANCE_LIMIT:
        mean, components, variances, error, variance = _by_covariance(X, d, k)
    else:
        mean, components, variances, error, variance = _by_svd(X, d, k, random_state)
    surplus = n_components - k
    return Principal(
        mean,
        np.pad(components, ((0, surplus), (0, 0))),
        np.sqrt(np.pad(variances, (0, surplus)).clip(min=0.0)),
        error,
        variance,
    )


Parts = tuple[np.ndarray, np.ndarray, np.ndarray, float, float]


def _by_covariance(X: np.ndarray, d: int, k: int) -> Parts:
    chunks = row_chunks(X)
    mean = sum(X[rows].reshape(-1, d).sum(axis=0, dtype=np.float64) for rows in chunks) / len(X)
    covariance = np.zeros((d, d))
    for rows in chunks:
        centred = X[rows].reshape(-1, d) - mean
        covariance += centred.T @ centred
    covariance /= len(X)
    variances, vectors = eigh(covariance, subset_by_index=(d - k, d - 1))
    total = float(np.trace(covariance))
    error = max(total - float(variances.sum()), 0.0) / d
    if min(error * d, float(variances[0])) <= ILL_CONDITIONED * total:
        return _by_triangle(X, mean, d, k)
    return mean, vectors.T[::-1], variances[::-1], error, total / d


def _by_triangle(X: np.ndarray, mean: np.ndarray, d: int, k: int) -> Parts:
    """Take the SVD of the rows' triangular factor: nothing is squared, so small directions stay."""
    triangle = np.empty((0, d))
    for rows in row_chunks(X):
        centred = X[rows].reshape(-1, d) - mean
        stacked = np.concatenate([triangle, centred])
        triangle = qr(stacked, mode="r", overwrite_a=True, check_finite=False)[0][:d]
    _, singular, directions = svd(triangle, full_matrices=False, check_finite=False)
    variances = singular**2 / len(X)
    error, total = float(variances[k:].sum()) / d, float(variances.sum())
    return mean, directions[:k], variances[:k], error, total / d


def _by_svd(X: np.ndarray, d: int, k: int, random_state: int | None) -> Parts:
    chunks = row_chunks(X)
    mean = sum(X[rows].reshape(-1, d).sum(axis=0, dtype=np.float64) for rows in chunks) / len(X)
    centred = np.empty((len(X), d), dtype=np.float32)
    size = max(float(np.abs(X[rows].reshape(-1, d) - mean).max()) for rows in chunks) or 1.0
    for rows in chunks:  # in the data's own precision and units, float32 could not hold them
        centred[rows] = (X[rows].reshape(-1, d) - mean) / size
    pca = PCA(k, random_state=random_state).fit(centred)
    biased = size**2 * (len(X) - 1) / len(X)  # scikit-learn divides by n - 1, an error by n
    variances = pca.explained_variance_.astype(np.float64) * biased
    error = max(float(pca.noise_variance_) * biased * (min(len(X), d) - k) / d, 0.0)
    mean = mean + size * pca.mean_.astype(np.float64)
    return mean, pca.components_, variances, error, error + float(variances.sum()) / d
