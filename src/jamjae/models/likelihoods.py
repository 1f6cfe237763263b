"""Likelihoods of rows given their reconstructions, in the units of the data."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
from scipy.special import gammaln, xlog1py, xlogy

from jamjae.data.archives import UnsoundError
from jamjae.data.preprocessing import PIXELS, Scaling
from jamjae.data.rows import Array, row_chunks, value_range
from jamjae.engine.pca import Principal
from jamjae.engine.variational import LEAST
from jamjae.errors import InvalidDataError


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


class Learned(NamedTuple):
    """What a variational autoencoder learned beside its networks.

    Attributes
    ----------
    noise : float
        Standard deviation of the gaussian likelihood, in the units of the data.
    elbo, baseline_elbo : float
        Nats per row; the second is that of probabilistic PCA, NaN where there is none.
    active : tuple of bool
        Which components are used.
    """

    noise: float
    elbo: float
    baseline_elbo: float
    active: tuple[bool, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the fields as values that JSON knows."""
        return {
            **self._asdict(),
            "baseline_elbo": None if math.isnan(self.baseline_elbo) else self.baseline_elbo,
            "active": list(self.active),
        }

    @classmethod
    def from_dict(cls, given: Any) -> Self:
        """Take what `to_dict` gave.

        Raises
        ------
        UnsoundError
            It is something else.
        """
        if not isinstance(given, dict) or given.keys() != set(cls._fields):
            raise UnsoundError("it does not say what its variational autoencoder learned")
        baseline = math.nan if given["baseline_elbo"] is None else given["baseline_elbo"]
        numbers = (given["noise"], given["elbo"], baseline)
        if not all(type(number) in (int, float) for number in numbers) or not given["noise"] > 0:
            raise UnsoundError("its noise or its bounds are no numbers")
        active = given["active"]
        if not isinstance(active, list) or set(map(type, active)) != {bool}:
            raise UnsoundError("it does not say which of its components are used")
        noise, elbo, baseline = map(float, numbers)
        return cls(noise, elbo, baseline, tuple(active))


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


# --- bounds of the log likelihood -----------------------------------------------------------

Decode = Callable[[np.ndarray], np.ndarray]


def elbo(
    values: Values,
    decode: Decode,
    mean: np.ndarray,
    deviation: np.ndarray,
    n_samples: int,
    rng: np.random.RandomState,
) -> np.ndarray:
    """Bound ``E[log p(x | z)] - KL(N(mean, deviation²) ‖ N(0, 1))`` of each row.

    Parameters
    ----------
    values : Values
        Of n rows.
    decode : callable
        Gives the mean of the likelihood for codes (n, k).
    mean, deviation : arrays of shape (n, k)
    n_samples : int
        Codes of which the expectation is the mean.
    rng : RandomState

    Returns
    -------
    float64 array of shape (n,), nats
    """
    found = np.zeros(len(mean))
    for _ in range(n_samples):
        made = decode(mean + deviation * rng.standard_normal(mean.shape))
        found += values.log_density(made.reshape(len(made), -1))
    divergence = 0.5 * (mean**2 + deviation**2 - 1.0) - np.log(deviation)
    return found / n_samples - divergence.sum(axis=1)


def importance_bound(
    values: Values,
    decode: Decode,
    mean: np.ndarray,
    deviation: np.ndarray,
    n_samples: int,
    rng: np.random.RandomState,
) -> np.ndarray:
    """Bound ``log(mean of p(x | z)·p(z) / q(z | x))`` of each row; parameters as of `elbo`."""
    found = np.full(len(mean), -np.inf)
    for _ in range(n_samples):
        noise = rng.standard_normal(mean.shape)
        z = mean + deviation * noise
        log_ratio = 0.5 * np.square(noise) + np.log(deviation) - 0.5 * np.square(z)
        made = decode(z)
        log_p = values.log_density(made.reshape(len(made), -1))
        found = np.logaddexp(found, log_p + log_ratio.sum(axis=1))
    return found - math.log(n_samples)
