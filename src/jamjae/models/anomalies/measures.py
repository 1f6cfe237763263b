"""How far a row is from normal ones: from the manifold, and along it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.ndimage import gaussian_filter

from jamjae.data.rows import Array, drawn, row_chunks
from jamjae.engine.blocks import among, by_blocks
from jamjae.latent.densities.components import factor, shrunk
from jamjae.latent.densities.mixture import Mixture
from jamjae.models.anomalies.neighbors import Neighbors
from jamjae.models.anomalies.weighing import weights_of

PARTS = ("error", "neighbors", "density", "mixture")
OF_TABLES, OF_OTHERS = ("error", "density", "mixture"), ("error", "neighbors")  # if combined
WIDE, WIDEST = 100, 1_000  # values of a row: for a mixture beside other parts, and by itself
POWER = 3  # of errors of images, of which a few large ones count most; of tables 2
BLUR = 0.05  # of the shorter side of images: the deviation of the Gaussian that blurs errors
MOST, VALUES = 10_000, 1 << 24  # normal rows that are kept, and values in them, at most
SHARE = 0.2  # of the mean squared error: what every feature is expected to be off by, at least
SAME = 1e-6  # relative difference of values that rounding may make
TINY = 1e-12  # of a squared distance, so that its logarithm is finite


def parts_of(measure: str, row_shape: Sequence[int]) -> tuple[str, ...]:
    """Name the parts of a measure of rows of a shape (d,), (h, w) or (h, w, c).

    Examples
    --------
    >>> parts_of("combined", (13,))
    ('error', 'density', 'mixture')
    """
    if measure != "combined":
        return (measure,)
    return OF_TABLES if len(row_shape) == 1 and row_shape[0] <= WIDE else OF_OTHERS


def as_vectors(model: Any, rows: np.ndarray) -> np.ndarray:
    """Give checked rows (n, ...) as float64 (n, d), with missing values predicted."""
    known = rows if model.filling_ is None else model.filling_.fill(rows)
    return known.reshape(len(rows), -1).astype(np.float64)


class Reference(NamedTuple):
    """Normal rows, what is normal for each feature, and how far apart their codes are.

    Attributes
    ----------
    rows : array of shape (m, *row_shape)
        Training rows in their own type, at most 10,000; of encoded rows for mixed tables.
    codes : float64 array of shape (m, k)
    positions : float64 array of shape (m,)
        Of these rows among those of ``fit``.
    typical : float64 array of shape (d,)
        Mean squared error of each feature, plus a fifth of that of all, in squared units.
    factor : float64 array of shape (d, d), or (0, 0) for images and wide tables
        Lower triangular: ``factor @ factor.T`` is the covariance of errors, each divided by the
        root of its typical square.
    """

    rows: np.ndarray
    codes: np.ndarray
    positions: np.ndarray
    typical: np.ndarray
    factor: np.ndarray

    @classmethod
    def of(cls, model: Any, rows: Array, index: np.ndarray, seed: int) -> Reference:
        """Learn what is normal from checked rows (n, ...), with their positions (n,) in `fit`."""
        total, counts = 0.0, 0.0
        for _, rest, _, _ in residuals(model, rows):
            total = total + np.nansum(np.square(rest), axis=0)
            counts = counts + np.isfinite(rest).sum(axis=0)
        mean = np.asarray(total) / np.maximum(counts, 1)
        floor = SHARE * float(mean.mean())
        d = len(mean)
        some = drawn(len(rows), max(min(MOST, VALUES // d), 1), seed)
        kept = np.asarray(rows[some])
        codes = model._encode(kept).astype(np.float64)
        unit = float(np.square(codes).mean()) or 1.0
        typical = mean + (floor or TINY * unit)
        related = np.zeros((0, 0))
        if kept.ndim == 2 and d <= WIDE:
            rest = np.concatenate([rest for _, rest, _, _ in residuals(model, kept)])
            related = factor(shrunk(np.nan_to_num(rest / np.sqrt(typical))))
        return cls(kept, codes, index[some].astype(np.float64), typical, related)


def residuals(
    model: Any, rows: Array
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, slice]]:
    """Give rows, errors (b, d) of reconstructions, NaN where missing, and codes, by pieces."""
    for chunk in row_chunks(rows):
        some = rows[chunk]
        with among(len(rows)):
            codes = model._encode(some, chunk.start)
            made = model.scaling_.clip(model._decode(codes))
        rest = np.subtract(some, made, dtype=np.float64).reshape(len(some), -1)
        yield some, rest, codes, chunk


def blurred(rest: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Blur errors (b, d) of images of a shape (h, w) or (h, w, c), NaN where missing.

    Texture that the autoencoder leaves out changes sign from pixel to pixel, also in normal
    images, and cancels; a part that is too much or missing does not.

    Examples
    --------
    >>> texture = np.where(np.indices((40, 40)).sum(axis=0) % 2, 1.0, -1.0).reshape(1, 1600)
    >>> [float(blurred(x, (40, 40)).max().round(1)) for x in (texture, texture**2)]
    [0.0, 1.0]
    """
    images = rest.reshape(-1, *shape)
    deviation = BLUR * min(shape[:2])
    deviations = (0.0, deviation, deviation, 0.0)[: images.ndim]
    known = np.isfinite(images)
    made = gaussian_filter(np.where(known, images, 0.0), deviations)
    if not known.all():
        share = gaussian_filter(known.astype(np.float64), deviations)
        made = np.divide(made, share, out=np.full_like(made, np.nan), where=known)
    return made.reshape(rest.shape)


class Measure:
    """Measures checked rows against a reference.

    Parameters
    ----------
    model : fitted autoencoder
    reference : Reference
    n_neighbors : int
    names : sequence of str
        Of `PARTS`, in this order.
    mixture : Mixture, optional
        The density of rows (n, d), where it is one of the parts.
    """

    def __init__(
        self,
        model: Any,
        reference: Reference,
        n_neighbors: int,
        names: Sequence[str],
        mixture: Mixture | None = None,
    ) -> None:
        self.model, self.reference, self.names = model, reference, tuple(names)
        self.mixture = mixture
        self.of_images = images = reference.rows.ndim > 2
        typical = np.full_like(reference.typical, reference.typical.mean())
        self._unit = np.sqrt(typical if images else reference.typical)
        related = reference.factor
        self._whitening = solve_triangular(related, np.eye(len(related)), lower=True).T
        spread = reference.codes.std(axis=0)
        self._spread = np.where(spread > TINY * spread.max(), spread, np.inf)
        self._n_neighbors = min(n_neighbors, len(reference.codes))
        self._neighbors = Neighbors(reference.codes / self._spread)
        self._parts: Mapping[str, Callable[..., np.ndarray]] = {
            "error": lambda rows, rest, codes: self._error(rest),
            "neighbors": lambda rows, rest, codes: self._distance(codes),
            "density": lambda rows, rest, codes: _rarity(model.density_, codes),
            "mixture": lambda rows, rest, codes: self._rarity_of_rows(as_vectors(model, rows)),
        }
        known = as_vectors(model, reference.rows) if mixture is not None else np.zeros((1, 0))
        self._constant = np.flatnonzero(np.ptp(known, axis=0) == 0)
        self._constants = known[0, self._constant]

    def __call__(self, rows: Array) -> np.ndarray:
        """Give the parts (n, parts) of rows: logarithms of distances, or minus that of a density.

        All are higher for more anomalous rows.
        """
        made = np.empty((len(rows), len(self.names)))
        for some, rest, codes, chunk in residuals(self.model, rows):
            with among(len(rows)):
                parts = [self._parts[name](some, rest, codes) for name in self.names]
            made[chunk] = np.stack(parts, axis=1)
        return made

    def nearest(self, codes: np.ndarray, n: int = 1) -> np.ndarray:
        """Give the numbers (b, n) of the reference rows whose codes are nearest to codes (b, k)."""
        return self._neighbors.nearest(codes / self._spread, min(n, len(self.reference.codes)))[0]

    def _error(self, rest: np.ndarray) -> np.ndarray:
        """Mean power of the errors of observed features, in units of what is normal.

        Of tables of few columns they are made uncorrelated: errors that do not go together as
        usual count for more.
        """
        rest = blurred(rest, self.reference.rows.shape[1:]) if self.of_images else rest
        known = np.isfinite(rest)
        relative = np.where(known, rest / self._unit, 0.0)
        if len(self._whitening):
            made = np.empty_like(relative)
            relative = by_blocks(lambda some: some @ self._whitening, relative, made, together=True)
        power = POWER if self.of_images else 2
        total = (np.abs(relative) ** power).sum(axis=1)
        return np.log(total / np.maximum(known.sum(axis=1), 1) + TINY)

    def _distance(self, codes: np.ndarray) -> np.ndarray:
        """Distance to the k-th nearest code, each component in its own deviations."""
        found = by_blocks(
            lambda some: self._neighbors.nearest(some, self._n_neighbors)[1][:, -1],
            codes / self._spread,
            np.empty(len(codes)),
            together=True,
        )
        return np.log(found + TINY)

    def _rarity_of_rows(self, rows: np.ndarray) -> np.ndarray:
        """Minus the log density of rows (b, d), with that of new values in constant features.

        A value that none of n rows had has a probability of 1 / (n + 2) (rule of succession).
        """
        found = rows[:, self._constant]
        changed = ~np.isclose(found, self._constants, rtol=SAME, atol=0.0)
        new = changed.sum(axis=1) * math.log(len(self.reference.rows) + 2)
        return _rarity(self.mixture, rows) + new


def _rarity(density: Any, given: np.ndarray) -> np.ndarray:
    return -by_blocks(density.score_samples, given, np.empty(len(given)))


class Scale(NamedTuple):
    """How parts are combined: each on the scale of held-out normal rows.

    Attributes
    ----------
    centers, spreads, weights : float64 arrays of shape (parts,)
        Medians and deviations of the parts of held-out normal rows, and the weights of the parts.
    """

    centers: np.ndarray
    spreads: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, parts: np.ndarray, made: np.ndarray) -> Scale:
        """Find the scale by the parts (n, parts) of held-out normal rows.

        The weights are found by the parts (kinds, m, parts) of anomalies made of such rows, and
        are equal if there are none.
        """
        spreads = parts.std(axis=0)
        equal = np.full(parts.shape[1], 1 / parts.shape[1])
        scale = cls(np.median(parts, axis=0), np.where(spreads > 0, spreads, 1.0), equal)
        if not len(made):
            return scale
        return scale._replace(weights=weights_of(scale.relative(parts), scale.relative(made)))

    def relative(self, parts: np.ndarray) -> np.ndarray:
        """Give parts (..., parts) in deviations from what is normal.

        Those below it end at -1, as ``exp(z) - 1``: a code far from all others is not made up for
        by a reconstruction without any error.
        """
        found = (parts - self.centers) / self.spreads
        return np.where(found < 0, np.expm1(np.minimum(found, 0)), found)

    def combined(self, parts: np.ndarray) -> np.ndarray:
        """Give one anomaly score (n,) per row."""
        return (self.relative(parts) * self.weights).sum(axis=1)
