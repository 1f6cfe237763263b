"""Weighted normal distributions: what a gaussian and a mixture have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp
from sklearn.covariance import ledoit_wolf

from jamjae.data.archives import UnsoundError
from jamjae.data.rows import row_chunks
from jamjae.latent.densities.classes import UNLABELED
from jamjae.latent.densities.density import Density

LEAST = 1e-6  # variance of a standardized component that is added, so that factors exist
NAMES = ("weights", "means", "factors")


class Components(NamedTuple):
    """Normal distributions, each of one group of rows.

    Attributes
    ----------
    weights : array of shape (m,)
        They add up to one over all groups.
    means : array of shape (m, v)
    factors : array of shape (m, v, v)
        Lower triangular: a covariance is ``factor @ factor.T``.
    groups : int array of shape (m,)
        Numbers of classes; -1 for rows without a label.
    """

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray
    groups: np.ndarray

    def blurred(self, t: float) -> Self:
        """Give the distribution of ``(1 - t)·e + t·z`` with z of this one and e of N(0, I)."""
        identity = (1.0 - t) ** 2 * np.eye(self.means.shape[1])
        factors = [np.linalg.cholesky(t**2 * f @ f.T + identity) for f in self.factors]
        return self._replace(means=t * self.means, factors=np.stack(factors))

    def joint(self, codes: np.ndarray) -> np.ndarray:
        """Log of weight times density of each component (n, m)."""
        found = np.empty((len(codes), len(self.weights)))
        constant = 0.5 * codes.shape[1] * np.log(2 * np.pi)
        with np.errstate(divide="ignore"):
            weights = np.log(self.weights)
        for m, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            noise = solve_triangular(factor, (codes - mean).T, lower=True)
            volume = np.log(np.diag(factor)).sum() + constant
            found[:, m] = weights[m] - volume - 0.5 * np.square(noise).sum(axis=0)
        return found

    def chosen(self, groups: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
        """Draw a component of the group of each sample (n,)."""
        found = np.empty(len(groups), dtype=np.intp)
        for group in np.unique(groups):
            among = np.flatnonzero(self.groups == group)
            of_group = groups == group
            share = self.weights[among] / self.weights[among].sum()
            found[of_group] = rng.choice(among, int(of_group.sum()), p=share)
        return found

    def carried(self, noise: np.ndarray, components: np.ndarray) -> np.ndarray:
        """Make codes (n, v) of standard normal numbers (n, v), each of the component (n,) given."""
        codes = self.means[components]
        for m in np.unique(components):
            codes[components == m] += noise[components == m] @ self.factors[m].T
        return codes

    def log_density(self, codes: np.ndarray) -> np.ndarray:
        """Log density of codes (n, v) in nats, of all components together."""
        pieces = row_chunks(codes)
        return np.concatenate([logsumexp(self.joint(codes[some]), axis=1) for some in pieces])

    def varied(
        self, code: np.ndarray, group: int, n: int, spread: float, rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw codes (n, v) near one (v,) of a group, or of any for -1; see `Density.vary`."""
        joint = self.joint(code[None])[0]
        if group != UNLABELED:
            joint = np.where(self.groups == group, joint, -np.inf)
        likely = np.exp(joint - logsumexp(joint))
        components = rng.choice(len(likely), n, p=likely / likely.sum())
        noise = rng.standard_normal((n, len(code)))
        for m in np.unique(components):
            start = solve_triangular(self.factors[m], code - self.means[m], lower=True)
            of_m = components == m
            noise[of_m] = np.sqrt(1.0 - spread**2) * start + spread * noise[of_m]
        return self.carried(noise, components)

    def parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Give all that is known, as settings for JSON and arrays."""
        arrays = {name: getattr(self, name) for name in NAMES}
        return {"groups": self.groups.tolist()}, arrays

    @classmethod
    def from_parts(
        cls, groups: Any, arrays: Mapping[str, np.ndarray], v: int, allowed: set[int]
    ) -> Self:
        """Make components of what `parts` gave, for codes (n, v) of the allowed groups.

        Raises
        ------
        UnsoundError
            They describe nothing of the kind.
        """
        plain = isinstance(groups, list) and all(type(group) is int for group in groups)
        if not plain or set(groups or ()) != allowed:
            raise UnsoundError("its components are not those of its classes")
        if not arrays.keys() >= set(NAMES):
            raise UnsoundError(f"its arrays are not {', '.join(NAMES)}")
        m = len(groups)
        for name, shape in zip(NAMES, ((m,), (m, v), (m, v, v)), strict=True):
            if arrays[name].shape != shape:
                raise UnsoundError(
                    f"its array {name!r} has shape {arrays[name].shape}, not {shape}"
                )
        weights, _, factors = (arrays[name] for name in NAMES)
        if (weights < 0).any() or not np.isclose(weights.sum(), 1.0, atol=1e-6):
            raise UnsoundError("the weights of its components do not add up to 1")
        require_triangular(factors)
        found = cls(**{name: arrays[name] for name in NAMES}, groups=np.array(groups))
        if any(weights[found.groups == group].sum() <= 0 for group in allowed):
            raise UnsoundError("one of its classes has no weight")
        return found


class NormalDensity(Density):
    """A density that is a sum of normal distributions; a subclass defines `_components`."""

    _sum: Components

    @abstractmethod
    def _components(
        self, codes: np.ndarray, of_row: np.ndarray, rng: np.random.RandomState
    ) -> Components:
        """Learn the components of codes (n, v) of the groups (n,)."""

    def _fit(self, codes: np.ndarray, of_row: np.ndarray, rng: np.random.RandomState) -> None:
        self._sum = self._components(codes, of_row, rng)

    def _draw(
        self, of_sample: np.ndarray, temperature: float, rng: np.random.RandomState
    ) -> np.ndarray:
        components = self._sum.chosen(of_sample, rng)
        noise = temperature * rng.standard_normal((len(of_sample), self._n_varying))
        return self._sum.carried(noise, components)

    def _log_density(self, codes: np.ndarray) -> np.ndarray:
        return self._sum.log_density(codes)

    def _vary(
        self, code: np.ndarray, of_sample: np.ndarray, spread: float, rng: np.random.RandomState
    ) -> np.ndarray:
        return self._sum.varied(code, int(of_sample[0]), len(of_sample), spread, rng)

    def _parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return self._sum.parts()

    def _restore(self, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        if settings.keys() != {"groups"} or arrays.keys() != set(NAMES):
            raise UnsoundError("it holds other than its components")
        allowed = set(self._classes.groups)
        self._sum = Components.from_parts(settings["groups"], arrays, self._n_varying, allowed)


def require_triangular(factors: np.ndarray) -> None:
    """Refuse factors (..., v, v) that are not lower triangular with a positive diagonal.

    Raises
    ------
    UnsoundError
    """
    diagonal = np.diagonal(factors, axis1=-2, axis2=-1)
    if np.triu(factors, 1).any() or not (diagonal > 0).all():
        raise UnsoundError("the factors of its covariances are not triangular")


def factor(covariance: np.ndarray) -> np.ndarray:
    """Give the lower triangular factor of a covariance of standardized codes."""
    return np.linalg.cholesky(covariance + LEAST * np.eye(len(covariance)))


def shrunk(residuals: np.ndarray) -> np.ndarray:
    """Covariance of centered codes (n, v), shrunk as much as n is small (Ledoit & Wolf 2004)."""
    return np.asarray(ledoit_wolf(residuals, assume_centered=True)[0])


def shared(codes: np.ndarray, of_row: np.ndarray) -> np.ndarray:
    """Covariance within groups, of all groups together; of all codes where groups have one row."""
    residuals = codes.copy()
    counts = np.unique(of_row, return_counts=True)[1]
    if len(codes) - len(counts) > codes.shape[1]:
        for group in np.unique(of_row):
            residuals[of_row == group] -= codes[of_row == group].mean(axis=0)
        residuals *= np.sqrt(len(codes) / (len(codes) - len(counts)))
    else:
        residuals -= codes.mean(axis=0)
    return shrunk(residuals)
