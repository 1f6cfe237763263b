r"""How good, how varied and how new generated rows are: two sets of rows in, a few numbers out.

Each function compares rows, or features of rows, that a model generated with real ones. No number
means much alone: `jamjae.evaluation.generation_report` gives each beside that of real rows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation.metrics.checks import finite, flat
from jamjae.evaluation.metrics.nearest import BallScores, ball_scores, nearest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CLOSEST = 0.01  # share of held-out rows that are as near to a training row as a copy
ROUNDING = 1e-9  # relative difference up to which two distances are the same


class PrecisionRecall(NamedTuple):
    """Share of generated rows among the real ones, and of real rows among the generated ones."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """How densely real rows surround generated ones, and the share of real rows that are met."""

    density: float
    coverage: float


class CopiedShare(NamedTuple):
    """Share of rows that are nearer to a training row than the closest held-out rows are.

    Attributes
    ----------
    generated, held_out : float
        In [0, 1]. That of held-out rows is `closest`, or more where several are equally near.
    distance : float
        The distance up to which a row counts as a copy, in units of the rows.
    """

    generated: float
    held_out: float
    distance: float


def frechet_distance(real: ArrayLike, generated: ArrayLike) -> float:
    r"""Squared Fréchet distance between two normal distributions with the moments of the rows.

    .. math:: \lVert \mu_1 - \mu_2 \rVert^2 + \mathrm{tr}\left(\Sigma_1 + \Sigma_2
              - 2 (\Sigma_1 \Sigma_2)^{1/2}\right)

    The trace of the root is the sum of the singular values of :math:`R_1 R_2^\top`, with triangular
    factors :math:`R^\top R = \Sigma` of the centered rows: no covariance is inverted, squared or
    turned complex, and a singular one (constant columns, fewer rows than columns) is as good.

    Parameters
    ----------
    real : array-like of shape (n, ...)
        Features, by custom of a classifier's hidden layer; images are flattened.
    generated : array-like of shape (m, ...)
        The same of generated rows.

    Returns
    -------
    float
        At least 0, in squared units of the features; 0 for equal means and covariances. With few
        rows it is too large, the more so the more columns there are: compare only values of the
        same features and the same numbers of rows.

    Raises
    ------
    ShapeMismatchError
        The rows differ in shape.
    InvalidDataError
        A set has fewer than two rows, or values are not finite numbers.

    References
    ----------
    M. Heusel, H. Ramsauer, T. Unterthiner, B. Nessler and S. Hochreiter, GANs trained by a two
    time-scale update rule converge to a local Nash equilibrium, NeurIPS 2017.

    Examples
    --------
    >>> round(frechet_distance([[0.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [3.0, 2.0]]), 6)
    9.0
    """
    first, second = two_sets(real, generated, "frechet_distance", least=2)
    apart = float(np.square(first.mean(axis=0) - second.mean(axis=0)).sum())
    one, other = _factor(first), _factor(second)
    root = float(np.linalg.svd(one @ other.T, compute_uv=False).sum())
    spread = float(np.square(one).sum()) + float(np.square(other).sum())
    return apart + max(spread - 2.0 * root, 0.0)


def precision_recall(
    real: ArrayLike, generated: ArrayLike, *, n_neighbors: int = 5
) -> PrecisionRecall:
    r"""Share of generated rows in a ball of a real row, and of real rows in one of a generated row.

    .. math:: P = \frac1m \sum_j \mathbb{1}\Big[y_j \in \bigcup_i B(x_i, r_i)\Big], \quad
              R = \frac1n \sum_i \mathbb{1}\Big[x_i \in \bigcup_j B(y_j, s_j)\Big]

    where :math:`r_i` and :math:`s_j` are distances to the k-th nearest other row of the same set.

    Parameters
    ----------
    real : array-like of shape (n, ...)
        Rows or features; distances are Euclidean.
    generated : array-like of shape (m, ...)
    n_neighbors : int, default=5
        k, less than n and m. (The paper takes 3.)

    Returns
    -------
    PrecisionRecall
        Both in [0, 1]. Precision is low if rows are generated that could not be real, recall if
        kinds of real rows are never generated. A single outlier with a large ball raises either;
        `density_coverage` does not have this weakness.

    Raises
    ------
    ShapeMismatchError
        The rows differ in shape.
    InvalidDataError
        There are too few rows for `n_neighbors`, or values are not finite numbers.

    Notes
    -----
    Balls are closed: a row on the surface is inside, so that a copy of a row that occurs k + 1
    times, whose ball is a point, counts. Time grows with the square of the number of rows (50,000
    of 64 values take minutes), memory does not.

    References
    ----------
    T. Kynkäänniemi, T. Karras, S. Laine, J. Lehtinen and T. Aila, Improved precision and recall
    metric for assessing generative models, NeurIPS 2019.

    Examples
    --------
    >>> precision_recall([[0.0], [1.0], [5.0], [6.0]], [[0.5], [0.6]], n_neighbors=1)
    PrecisionRecall(precision=1.0, recall=0.0)
    """
    found = neighborhood_balls(real, generated, n_neighbors, "precision_recall")
    return PrecisionRecall(found.precision, found.recall)


def density_coverage(
    real: ArrayLike, generated: ArrayLike, *, n_neighbors: int = 5
) -> DensityCoverage:
    r"""Mean number of real balls around a generated row, and share of real balls that hold one.

    .. math:: D = \frac1{km} \sum_j \sum_i \mathbb{1}[y_j \in B(x_i, r_i)], \quad
              C = \frac1n \sum_i \mathbb{1}[\exists j: y_j \in B(x_i, r_i)]

    where :math:`r_i` is the distance of a real row to the k-th nearest other real row.

    Parameters, errors and notes are those of :func:`precision_recall`.

    Returns
    -------
    DensityCoverage
        Density is about 1 for rows of the same distribution, and larger for rows that crowd where
        real rows are densest; at most n / k. Coverage is in [0, 1]; for as many rows of the same
        distribution it is :math:`1 - 2^{-k}` (.97 for k = 5), and lower where kinds of rows are
        missing.

    References
    ----------
    M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi and J. Yoo, Reliable fidelity and diversity metrics for
    generative models, ICML 2020.

    Examples
    --------
    >>> density_coverage([[0.0], [1.0], [5.0], [6.0]], [[0.5], [0.6]], n_neighbors=1)
    DensityCoverage(density=2.0, coverage=0.5)
    """
    found = neighborhood_balls(real, generated, n_neighbors, "density_coverage")
    return DensityCoverage(found.density, found.coverage)


def copied_share(
    real_train: ArrayLike,
    real_held_out: ArrayLike,
    generated: ArrayLike,
    *,
    closest: float = CLOSEST,
) -> CopiedShare:
    r"""Share of generated rows that are as near to a training row as the closest held-out rows are.

    .. math:: \frac1m \sum_j \mathbb{1}\Big[\min_i \lVert y_j - x_i \rVert \le q\Big]

    with q the distance to the nearest training row that a share `closest` of the held-out rows do
    not exceed.

    Parameters
    ----------
    real_train : array-like of shape (n, ...)
        The rows that the model was fitted to, all of them.
    real_held_out : array-like of shape (h, ...)
        Real rows that it was not fitted to.
    generated : array-like of shape (m, ...)
    closest : float, default=0.01
        Above 0 and below 1. With fewer than 1 / closest held-out rows, q is the smallest distance.

    Returns
    -------
    CopiedShare
        About `closest` where generated rows are as new as held-out ones, 1 where all are copies.
        Rows at exactly q count: if held-out rows themselves are in the training rows (digits of few
        pixels, tables of categories), q is 0, and both shares say how many are exact copies.

    Raises
    ------
    ShapeMismatchError
        The rows differ in shape.
    InvalidDataError
        `closest` is not between 0 and 1, or values are not finite numbers.

    References
    ----------
    Related to the three-sample test of C. Meehan, K. Chaudhuri and S. Dasgupta, A non-parametric
    test to detect data-copying in generative models, AISTATS 2020.

    Examples
    --------
    >>> train, held_out = [[0.0], [10.0], [20.0]], [[1.0], [12.0], [24.0]]
    >>> copied_share(train, held_out, [[0.5], [13.0]])
    CopiedShare(generated=0.5, held_out=0.3333333333333333, distance=1.0)
    """
    if not 0.0 < closest < 1.0:
        raise InvalidDataError(
            f"copied_share received closest={closest}; expected a share above 0 and below 1."
        )
    train, held_out = two_sets(
        real_train, real_held_out, "copied_share", names=("real_train", "real_held_out")
    )
    _, made = two_sets(real_train, generated, "copied_share", names=("real_train", "generated"))
    usual, of_made = nearest(held_out, train), nearest(made, train)
    place = max(math.ceil(closest * len(usual)) - 1, 0)
    limit = float(np.partition(usual, place)[place])
    near = limit * (1.0 + ROUNDING)
    return CopiedShare(float((of_made <= near).mean()), float((usual <= near).mean()), limit)


def neighborhood_balls(
    real: ArrayLike, generated: ArrayLike, n_neighbors: int, operation: str
) -> BallScores:
    """`precision_recall` and `density_coverage`, computed together."""
    rows, made = two_sets(real, generated, operation)
    least = min(len(rows), len(made))
    if not 1 <= n_neighbors < least:
        raise InvalidDataError(
            f"{operation} received n_neighbors={n_neighbors} for {len(rows)} real and {len(made)} "
            "generated rows; expected at least 1 and fewer than either. Use fewer neighbors or "
            "more rows."
        )
    return ball_scores(rows, made, n_neighbors)


def two_sets(
    real: ArrayLike,
    generated: ArrayLike,
    operation: str,
    *,
    least: int = 1,
    names: tuple[str, str] = ("real", "generated"),
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two sets of rows as float64 matrices of the same number of columns, or refuse them."""
    sets = [finite(X, operation, name) for X, name in zip((real, generated), names, strict=True)]
    shapes = [rows.shape[1:] for rows in sets]
    if shapes[0] != shapes[1]:
        raise ShapeMismatchError(
            f"{operation} received {names[0]} with rows of shape {shapes[0]} and {names[1]} with "
            f"rows of shape {shapes[1]}; expected the same shape."
        )
    for rows, name in zip(sets, names, strict=True):
        if len(rows) < least:
            raise InvalidDataError(
                f"{operation} received {len(rows)} row in {name}; expected at least {least}."
            )
    return flat(sets[0]), flat(sets[1])


def _factor(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Triangular factor (min(n, d), d) of the covariance."""
    centered = (rows - rows.mean(axis=0)) / math.sqrt(len(rows) - 1)
    return np.asarray(np.linalg.qr(centered, mode="r"))
