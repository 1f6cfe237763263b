"""Distances to nearest rows, by blocks of matrix products, so that memory stays bounded.

Ties are the rule in digits and tables, where many rows are equal: balls are closed, and distances
that differ by the rounding errors of a product only are the same.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

_DISTANCES = 1 << 20  # distances held at a time: 8 MiB, some of which a cache holds
_POINTS = 1 << 12  # rows that a block is compared with at a time, where the nearest one suffices


class BallScores(NamedTuple):
    """How two sets of rows lie in each other's neighborhoods; all but the third in [0, 1]."""

    precision: float
    recall: float
    density: float
    coverage: float


def nearest(queries: Matrix, points: Matrix) -> Matrix:
    """Distance of each query (m, d) to the nearest of the points (n, d)."""
    origin = _origin(queries, points)
    asked = _as_queries(queries - origin)
    least, places = np.full(len(queries), np.inf), np.zeros(len(queries), dtype=np.intp)
    for others in _blocks(len(points), _POINTS):
        there = _as_points(points[others] - origin)
        for some in _blocks(len(queries), max(_DISTANCES // _POINTS, 1)):
            distances = asked[some] @ there
            here = distances.argmin(axis=1)
            found = distances[np.arange(len(here)), here]
            better = found < least[some]
            least[some][better] = found[better]
            places[some][better] = here[better] + others.start
    # by differences, whose rounding does not depend on the block
    return np.concatenate(
        [
            np.sqrt(np.square(queries[some] - points[places[some]]).sum(axis=1))
            for some in _blocks(len(queries), max(_DISTANCES // queries.shape[1], 1))
        ]
    )


def ball_scores(real: Matrix, generated: Matrix, k: int) -> BallScores:
    """Precision, recall, density and coverage, by balls that reach to the k-th other row."""
    origin = _origin(real, generated)
    real, generated = real - origin, generated - origin
    real_radii, generated_radii = _radii(real, k), _radii(generated, k)
    within = np.zeros(len(generated), dtype=np.intp)  # how many real balls hold a generated row
    covered = recalled = 0
    asked, there = _as_queries(real), _as_points(generated)
    for some in _blocks(len(real), max(_DISTANCES // len(generated), 1)):
        distances = asked[some] @ there
        held = distances <= real_radii[some, None]
        within += np.count_nonzero(held, axis=0)
        covered += int(held.any(axis=1).sum())
        recalled += int((distances <= generated_radii).any(axis=1).sum())
    return BallScores(
        float((within > 0).mean()),
        recalled / len(real),
        float(within.mean() / k),
        covered / len(real),
    )


def _origin(*sets: Matrix) -> Matrix:
    """Mean of the first set, around which squares are small and rounding matters least.

    It is rounded for whole numbers, so that they stay whole and their distances exact.
    """
    mean = sets[0].mean(axis=0)
    whole = all(
        np.array_equal(rows[some], np.rint(rows[some]))
        for rows in sets
        for some in _blocks(len(rows), _POINTS)
    )
    return np.asarray(np.rint(mean) if whole else mean)


def _radii(rows: Matrix, k: int) -> Matrix:
    """Squared distance of each row to its k-th nearest other row, rounded up.

    A row at the same distance, whose product is rounded otherwise, is then within the ball.
    """
    asked, there = _as_queries(rows), _as_points(rows)
    found = np.empty(len(rows))
    for some in _blocks(len(rows), max(_DISTANCES // len(rows), 1)):
        distances = asked[some] @ there
        own = np.arange(some.start, some.stop)
        distances[own - some.start, own] = np.inf
        distances.partition(k - 1, axis=1)
        found[some] = distances[:, k - 1]
    found = _without_rounding(found, rows)
    return found + 2 * _slack(rows) * (found + np.square(rows).sum(axis=1))


def _as_queries(rows: Matrix) -> Matrix:
    """Rows (m, d + 2) whose product with `_as_points` is the squared distances (m, n)."""
    squares = np.square(rows).sum(axis=1)
    return np.column_stack([rows, squares, np.ones(len(rows))])


def _as_points(rows: Matrix) -> Matrix:
    squares = np.square(rows).sum(axis=1)
    return np.column_stack([-2.0 * rows, np.ones(len(rows)), squares]).T


def _without_rounding(squared: Matrix, rows: Matrix) -> Matrix:
    """Squared distances from rows to others; 0 where no more than the rounding error of them."""
    return np.where(squared <= 2 * _slack(rows) * np.square(rows).sum(axis=1), 0.0, squared)


def _slack(rows: Matrix) -> float:
    """Relative rounding error of a product of rows, generously."""
    return 4.0 * math.sqrt(rows.shape[1]) * float(np.finfo(np.float64).eps)


def _blocks(count: int, step: int) -> Iterator[slice]:
    return (slice(start, min(start + step, count)) for start in range(0, count, step))
