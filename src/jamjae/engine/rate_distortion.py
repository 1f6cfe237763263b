"""The objective of a codec: the bits of its codes, and the error of what they are decoded to.

A codec rounds the code of a row to integers. While it is trained, noise from -½ to ½ stands in the
place of rounding, which has no derivative (Ballé et al. 2017):

    loss = bits(z + noise) + tradeoff·Σ(x̂ - x)²,

where the bits are those of a prior that a `CodePrior` learns. The tradeoff is either given or
found while training, so that the bits or the error become what is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from keras import layers, ops

from jamjae.engine.keras_bridge import Apply
from jamjae.engine.objectives import Batch, Pass, Term, row_weight

PRIOR = "prior"
LEAST = 1e-9  # probability of a symbol
STEEPEST, FLATTEST = -3.0, 4.0  # log scales of a distribution
FOLLOW = 1.0 / 1000.0  # share of a difference from what is asked for that one step makes good
FARTHEST = math.log(3.0)  # of the tradeoff's logarithm, from where it starts


class Aim(NamedTuple):
    """What a codec is trained for; the one that is not asked for is NaN.

    Attributes
    ----------
    bits : float
        Of a row, on average.
    error : float
        Sum of squared errors of a row, on average, on scaled data.
    """

    bits: float = math.nan
    error: float = math.nan


# --- the prior ------------------------------------------------------------------------------


class CodePrior(layers.Layer):
    """A logistic distribution of each component of a code, given the components before it.

    One hidden layer, masked so that each of its units is given the first components only, and each
    component only the units that are not given it (Germain et al. 2015).

    Parameters
    ----------
    n_components : int
    width : int
        Hidden units.
    """

    def __init__(self, n_components: int, width: int) -> None:
        super().__init__()
        self.n_components, self.width = n_components, width
        k = n_components
        self.unit = self.add_weight((k,), "ones", trainable=False, name="unit")
        self.settings = self.add_weight((4,), "zeros", trainable=False, name="settings")
        self.mean = self.add_weight((k,), "zeros", name="mean")
        self.log_scale = self.add_weight((k,), "zeros", name="log_scale")
        self.inward = self.add_weight((k, width), "zeros", name="inward")
        self.bias = self.add_weight((width,), "zeros", name="bias")
        self.outward = self.add_weight((width, 2 * k), "zeros", name="outward")
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Give means and log scales (n, 2·k) of the components of codes (n, k)."""
        into, out_of = masks(self.n_components, self.width)
        hidden = ops.relu(ops.matmul(inputs / self.unit, self.inward * into) + self.bias)
        shift, widening = ops.split(ops.matmul(hidden, self.outward * out_of), 2, axis=1)
        log_scale = ops.clip(self.log_scale + widening, STEEPEST, FLATTEST)
        return ops.concatenate([(self.mean + shift) * self.unit, log_scale], axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {"n_components": self.n_components, "width": self.width}


def degrees(n_components: int, width: int) -> np.ndarray:
    """Give how many components each hidden unit is given: from 1 to all but the last."""
    return 1 + np.arange(width) * (n_components - 1) // width


def masks(n_components: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the masks (k, h) and (h, 2·k) of a prior's weights."""
    components, given = np.arange(n_components), degrees(n_components, width)
    into = components[:, None] < given
    out_of = given[:, None] <= components
    return into.astype(np.float32), np.tile(out_of, 2).astype(np.float32)


def start_prior(
    prior: CodePrior, deviations: np.ndarray, aim: Aim, tradeoff: float, rng: np.random.RandomState
) -> None:
    """Let a prior begin with the deviations (k,) of codes, in steps, and independent components."""
    spread = np.maximum(deviations, 0.3)
    prior.unit.assign(spread)
    prior.log_scale.assign(np.log(spread * math.sqrt(3.0) / math.pi))
    start = math.log(tradeoff)
    prior.settings.assign([start, start, aim.bits, aim.error])
    given = degrees(prior.n_components, prior.width)
    limits = np.sqrt(6.0 / (given + prior.width / prior.n_components))
    prior.inward.assign(rng.uniform(-limits, limits, prior.inward.shape))


# --- the objective --------------------------------------------------------------------------


def noisy(code: jax.Array, key: jax.Array) -> jax.Array:
    """Add noise as wide as a step of rounding."""
    return code + jax.random.uniform(key, code.shape, code.dtype, -0.5, 0.5)


def rounded(code: jax.Array, _: jax.Array) -> jax.Array:
    """Round to integers."""
    return jnp.round(code)


def terms(prior: Apply) -> list[Term]:
    """Give the two terms of the objective, per value of a row."""

    def rate(made: Pass, batch: Batch) -> jax.Array:
        bits = bits_of(prior, made.params[PRIOR], made.buffers[PRIOR], made.latent)
        return bits / made.target.shape[1] * row_weight(batch)

    def distortion(made: Pass, batch: Batch) -> jax.Array:
        squares = jnp.square(made.output - made.target).mean(axis=1)
        return _tradeoff(made.buffers) * squares * row_weight(batch)

    return [Term("rate", 1.0, rate), Term("distortion", 1.0, distortion)]


def bits_of(prior: Apply, params: Any, buffers: Any, codes: jax.Array) -> jax.Array:
    """Give the bits of each code (n,) under a prior, of integers or with noise."""
    mean, log_scale = jnp.split(prior(params, buffers, codes).output, 2, axis=1)
    return -jnp.log2(jnp.maximum(_mass(codes - mean, jnp.exp(-log_scale)), LEAST)).sum(axis=1)


def _mass(distance: jax.Array, sharpness: jax.Array) -> jax.Array:
    """Give what a logistic distribution has within ½ of a distance from its mean."""
    away = -jnp.abs(distance)  # the sigmoid is exact on this side
    return jax.nn.sigmoid((away + 0.5) * sharpness) - jax.nn.sigmoid((away - 0.5) * sharpness)


def _tradeoff(buffers: Mapping[str, Any]) -> jax.Array:
    return jnp.exp(buffers[PRIOR][1][0])


def following(n_values: int) -> Callable[[Any, Mapping[str, jax.Array]], Any]:
    """Make what moves the tradeoff after a batch, toward the bits or the error asked for.

    Parameters
    ----------
    n_values : int
        Of a row.
    """

    def follow(buffers: Any, means: Mapping[str, jax.Array]) -> Any:
        unit, settings = buffers[PRIOR]
        log_tradeoff, start, bits, error = settings
        bits_now = means["rate"] * n_values
        error_now = means["distortion"] * n_values / jnp.exp(log_tradeoff)
        too_long = jnp.log(jnp.maximum(bits_now, 1e-3) / bits)
        too_wrong = jnp.log(jnp.maximum(error_now, 1e-12) / error)
        move = jnp.where(jnp.isnan(bits), 0.0, -too_long)
        move += jnp.where(jnp.isnan(error), 0.0, too_wrong)
        moved = log_tradeoff + FOLLOW * jnp.clip(move, -1.0, 1.0)
        moved = jnp.clip(moved, start - FARTHEST, start + FARTHEST)
        return {**buffers, PRIOR: [unit, settings.at[0].set(moved)]}

    return follow
