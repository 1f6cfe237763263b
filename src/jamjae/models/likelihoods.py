"""Likelihoods of rows given their reconstructions, in the units of the data."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

import numpy as np
from scipy.special import gammaln, xlog1py, xlogy

from jamjae.data.preprocessing import PIXELS, Scaling
from jamjae.data.rows import Array, row_chunks, value_range
from jamjae.engine.pca import Principal
from jamjae.errors import InvalidDataError

LEAST = 1e-6  # probability or rate, so that logarithms stay finite


def require_values(model: Any, rows: Array) -> None:
    """Refuse values that the likelihood of a model does not allow.

    Raises
    ------
    InvalidDataError
    """
    if model.likelihood == "gaussian":
        return
    attempt = f'{type(model).__name__}(likelihood="{model.likelihood}") cannot fit'
    if model.table_encoder_ is not None or model.scaling is None:
        raise InvalidDataError(
            f"{attempt}: it takes values as they are, and a table that is encoded or standardized, "
            'or scaling=None, was given. Use likelihood="gaussian", or a table of numbers.'
        )
    low, high = value_range(rows)
    highest = PIXELS.get(rows.dtype.name, 1.0)
    if model.likelihood == "bernoulli" and not 0.0 <= low <= high <= highest:
        raise InvalidDataError(
            f"{attempt}: values from {low:g} to {high:g} were given; from 0 to 1 (or 8-bit pixels) "
            'are expected. Divide them by their range, or use likelihood="gaussian".'
        )
    if model.likelihood == "poisson" and not (low >= 0.0 and _whole(rows)):
        raise InvalidDataError(
            f"{attempt}: values from {low:g} to {high:g} were given; counts (0, 1, 2, ...) are "
            'expected. Round them, or use likelihood="gaussian".'
        )


def _whole(rows: Array) -> bool:
    pieces = (rows[chunk] for chunk in row_chunks(rows))
    return all(bool((some == np.rint(some))[~np.isnan(some)].all()) for some in pieces)


def scaling(likelihood: str, rows: Array, baseline: Principal) -> Scaling:
    """Choose the scaling of probabilities, by their range, or of counts, by their deviation."""
    highest = PIXELS.get(rows.dtype.name)
    ends = (-np.inf, np.inf) if highest is None else (0.0, highest)
    if likelihood == "bernoulli":
        return Scaling(0.0, highest or 1.0, *ends)
    return Scaling(0.0, float(np.sqrt(baseline.variance)) or 1.0, *ends)


def noise_of_pca(principal: Principal) -> float:
    """Give the noise of probabilistic PCA: what its components leave over, per direction."""
    d, k = len(principal.mean), int(principal.usable.sum())
    return math.sqrt(principal.error * d / (d - k)) if d > k else 0.0


def of_pca(principal: Principal, noise: float, d: int) -> float:
    """Mean log likelihood of the training rows under probabilistic PCA with a given noise.

    ``-½(d·log 2π + Σ log λ + (d - q)·log σ² + q + rest/σ²)``, with the q eigenvalues λ above σ².
    """
    used = principal.usable & (principal.deviations > noise)
    eigenvalues, q = np.square(principal.deviations[used]), int(used.sum())
    rest = max(principal.variance * d - eigenvalues.sum(), 0.0) / noise**2
    volume = np.log(eigenvalues).sum() + (d - q) * math.log(noise**2)
    return float(-0.5 * (d * math.log(2.0 * math.pi) + volume + q + rest))


class Values(NamedTuple):
    """Rows whose likelihood is asked for.

    Attributes
    ----------
    likelihood : str
    x : float64 array of shape (n, d)
        In the units of the data; probabilities are from 0 to 1.
    unit : float
        What reconstructions are divided by: the highest value of probabilities, else 1.
    noise : float
    """

    likelihood: str
    x: np.ndarray
    unit: float
    noise: float

    @classmethod
    def of(cls, model: Any, rows: np.ndarray) -> Self:
        """Take rows (n, ...) of a fitted variational autoencoder."""
        unit = model.scale_ if model.likelihood == "bernoulli" else 1.0
        flat = rows.reshape(len(rows), -1).astype(np.float64) / unit
        return cls(model.likelihood, flat, unit, model.noise_)

    def log_density(self, made: np.ndarray) -> np.ndarray:
        """Log density of the rows, given their means (n, d): nats (n,); NaN do not count."""
        mean = made.astype(np.float64) / self.unit
        if self.likelihood == "gaussian":
            rest = np.square((self.x - mean) / self.noise)
            nats = -0.5 * rest - math.log(self.noise) - 0.5 * math.log(2.0 * math.pi)
        elif self.likelihood == "bernoulli":
            p = np.clip(mean, LEAST, 1.0 - LEAST)
            nats = xlogy(self.x, p) + xlog1py(1.0 - self.x, -p)
        else:
            rate = np.maximum(mean, LEAST)
            nats = xlogy(self.x, rate) - rate - gammaln(self.x + 1.0)
        found: np.ndarray = np.nansum(nats, axis=1)
        return found
