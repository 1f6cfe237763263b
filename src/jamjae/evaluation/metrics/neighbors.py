r"""How well codes preserve the neighbors and distances of rows.

Everything is computed by chunks of rows, so that memory grows linearly with the number of rows.
Time grows with its square: of more than `max_rows` rows (10,000 by default) a seeded random sample
is taken, and neighbors are those within the sample.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from jamjae.data.rows import drawn
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation.metrics.checks import finite, flat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

MAX_ROWS = 10_000
_DISTANCES = 1 << 22  # distances held at a time, of each of the two spaces: 32 MiB


def sample(n: int, max_rows: int = MAX_ROWS, seed: int = 0) -> NDArray[np.intp]:
    """Choose the rows that a metric uses: all, or `max_rows` of them at random, in order.

    Examples
    --------
    >>> sample(4).tolist(), len(sample(50_000))
    ([0, 1, 2, 3], 10000)
    """
    return drawn(n, max_rows, seed)


def trustworthiness(
    X: ArrayLike, Z: ArrayLike, *, n_neighbors: int = 5, max_rows: int = MAX_ROWS, seed: int = 0
) -> float:
    r"""How far neighbors among the codes were neighbors among the rows.

    .. math:: T = 1 - \frac{2}{nk(2n - 3k - 1)} \sum_i \sum_{j \in N_i^k} \max(0, r(i, j) - k)

    where :math:`N_i^k` are the k nearest codes of code i, and r(i, j) is the rank of row j
    among the neighbors of row i.

    Parameters
    ----------
    X : array-like of shape (n, ...)
        Rows or images; distances are Euclidean.
    Z : array-like of shape (n, k)
        Their codes.
    n_neighbors : int
        k, at most (n - 1) / 2.
    max_rows : int
        If there are more rows, a random sample of this size is used.
    seed : int
        Random seed of the sample.

    Returns
    -------
    float
        In [0, 1]; 1 if every neighbor among the codes is one among the rows. Rows at equal
        distance share the better rank.

    Raises
    ------
    ShapeMismatchError
        `X` and `Z` differ in their number of rows.
    InvalidDataError
        Values are not finite numbers, or there are too few rows for `n_neighbors`.

    References
    ----------
    J. Venna and S. Kaski, Neighborhood preservation in nonlinear projection methods, ICANN 2001.

    Examples
    --------
    >>> X = [[0, 0], [1, 0], [3, 0], [6, 0], [10, 0]]
    >>> trustworthiness(X, [[0], [1], [3], [6], [10]], n_neighbors=1)
    1.0
    """
    return _scores(X, Z, "trustworthiness", n_neighbors, max_rows, seed)["trustworthiness"]


def continuity(
    X: ArrayLike, Z: ArrayLike, *, n_neighbors: int = 5, max_rows: int = MAX_ROWS, seed: int = 0
) -> float:
    r"""How far neighbors among the rows remain neighbors: `trustworthiness` with arguments swapped.

    Parameters, errors and source are those of :func:`trustworthiness`.

    Returns
    -------
    float
        In [0, 1]; 1 if every neighbor among the rows is one among the codes.

    Examples
    --------
    >>> continuity([[0], [1], [3], [6], [10]], [[0], [1], [3], [6], [10]], n_neighbors=1)
    1.0
    """
    return _scores(X, Z, "continuity", n_neighbors, max_rows, seed)["continuity"]


def neighborhood_recall(
    X: ArrayLike, Z: ArrayLike, *, n_neighbors: int = 5, max_rows: int = MAX_ROWS, seed: int = 0
) -> float:
    r"""Fraction of each row's k nearest rows that are among the k nearest codes, mean over rows.

    Parameters and errors are those of :func:`trustworthiness`.

    Returns
    -------
    float
        In [0, 1]; chance level is k / (n - 1).

    References
    ----------
    J. Venna, J. Peltonen, K. Nybo, H. Aidos and S. Kaski, Information retrieval perspective to
    nonlinear dimensionality reduction for data visualization, JMLR 11 (2010) 451-490.

    Examples
    --------
    >>> neighborhood_recall([[0], [1], [3], [6]], [[0], [1], [3], [6]], n_neighbors=1)
    1.0
    """
    scores = _scores(X, Z, "neighborhood_recall", n_neighbors, max_rows, seed)
    return scores["neighborhood_recall"]


def neighborhood_scores(
    X: ArrayLike, Z: ArrayLike, *, n_neighbors: int = 5, max_rows: int = MAX_ROWS, seed: int = 0
) -> dict[str, float]:
    """`trustworthiness`, `continuity` and `neighborhood_recall`, computed together.

    Parameters and errors are those of :func:`trustworthiness`.

    Examples
    --------
    >>> neighborhood_scores([[0], [1], [3], [6]], [[0], [1], [3], [6]], n_neighbors=1)
    {'trustworthiness': 1.0, 'continuity': 1.0, 'neighborhood_recall': 1.0}
    """
    return _scores(X, Z, "neighborhood_scores", n_neighbors, max_rows, seed)


def stress(X: ArrayLike, Z: ArrayLike, *, max_rows: int = MAX_ROWS, seed: int = 0) -> float:
    r"""How far distances between codes differ from those between rows, independent of units.

    .. math:: S = \min_\alpha \sqrt{\frac{\sum_{i<j} (\delta_{ij} - \alpha d_{ij})^2}
              {\sum_{i<j} \delta_{ij}^2}}

    with :math:`\delta` the distances between rows and d those between codes. The best factor is
    :math:`\alpha = \sum \delta d / \sum d^2`. Without it the value would depend on the
    scale of the codes.

    Parameters
    ----------
    X, Z, max_rows, seed
        As in :func:`trustworthiness`.

    Returns
    -------
    float
        In [0, 1]; 0 if distances are preserved up to a factor, or if all rows are equal.

    Raises
    ------
    ShapeMismatchError, InvalidDataError
        As in :func:`trustworthiness`.

    References
    ----------
    J. B. Kruskal, Multidimensional scaling by optimizing goodness of fit to a nonmetric
    hypothesis, Psychometrika 29 (1964) 1-27. K. Smelser, J. Miller and S. Kobourov, "Normalized
    stress" is not normalized: how to interpret stress correctly, BELIV 2024.

    Examples
    --------
    >>> stress([[0.0], [1.0], [3.0]], [[0.0], [20.0], [60.0]])
    0.0
    """
    rows, codes = _pair(X, Z, "stress", max_rows, seed)
    of_rows = of_codes = together = 0.0
    for _, far, apart in _distances(rows, codes):
        of_rows += float(far.sum())
        of_codes += float(apart.sum())
        together += float(np.sqrt(far * apart).sum())
    if of_rows == 0.0:
        return 0.0
    kept = together**2 / (of_rows * of_codes) if of_codes else 0.0
    return math.sqrt(max(1.0 - kept, 0.0)) if kept < 1.0 - 1e-12 else 0.0


def _scores(
    X: ArrayLike, Z: ArrayLike, operation: str, k: int, max_rows: int, seed: int
) -> dict[str, float]:
    rows, codes = _pair(X, Z, operation, max_rows, seed)
    n = len(rows)
    if not 1 <= k < n / 2:
        raise InvalidDataError(
            f"{operation} received n_neighbors={k} for {n} rows; expected at least 1 and less than "
            f"half the rows ({n / 2:g}). Use fewer neighbors or more rows."
        )
    strangers = torn = shared = 0
    for own, far, apart in _distances(rows, codes):
        far[own] = apart[own] = np.inf  # no point is its own neighbor
        before = _ranks(far, _nearest(apart, k))  # of the nearest codes, among the rows
        after = _ranks(apart, _nearest(far, k))
        strangers += int(np.maximum(before - k, 0).sum())
        torn += int(np.maximum(after - k, 0).sum())
        shared += int((after <= k).sum())
    worst = n * k * (2 * n - 3 * k - 1) / 2
    return {
        "trustworthiness": 1.0 - strangers / worst,
        "continuity": 1.0 - torn / worst,
        "neighborhood_recall": shared / (n * k),
    }


def _nearest(distances: NDArray[np.float64], k: int) -> NDArray[np.intp]:
    """Columns of the k smallest of each row."""
    return np.argpartition(distances, k - 1, axis=1)[:, :k]


def _ranks(distances: NDArray[np.float64], chosen: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rank, from 1, of chosen columns within their row."""
    theirs = np.take_along_axis(distances, chosen, axis=1)
    ranks = [(distances < column[:, None]).sum(axis=1) for column in theirs.T]
    return np.stack(ranks, axis=1) + 1


def _distances(
    rows: NDArray[np.float64], codes: NDArray[np.float64]
) -> Iterator[
    tuple[tuple[NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64], NDArray[np.float64]]
]:
    """Squared distances of chunks of rows and of codes to all, and the places of each itself."""
    n = len(rows)
    step = max(1, _DISTANCES // n)
    for start in range(0, n, step):
        own = np.arange(start, min(start + step, n))
        here = np.arange(len(own))
        yield (here, own), _squared(rows[own], rows), _squared(codes[own], codes)


def _squared(some: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = np.square(points).sum(axis=1)
    distances = np.square(some).sum(axis=1)[:, None] + squares - 2.0 * some @ points.T
    return np.maximum(distances, 0.0, out=distances)


def _pair(
    X: ArrayLike, Z: ArrayLike, operation: str, max_rows: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and codes of the sample, each centered, where differences are exact."""
    all_rows, all_codes = finite(X, operation), finite(Z, operation, "Z")
    if all_rows.shape[:1] != all_codes.shape[:1]:
        raise ShapeMismatchError(
            f"{operation} compares rows with their codes, but X has shape {all_rows.shape} and Z "
            f"has shape {all_codes.shape}. Give one code for each row."
        )
    chosen = sample(len(all_rows), max_rows, seed)
    rows, codes = flat(all_rows[chosen]), flat(all_codes[chosen])
    return rows - rows.mean(axis=0), codes - codes.mean(axis=0)
