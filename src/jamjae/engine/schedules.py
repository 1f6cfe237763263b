"""Learning rate schedules: pure functions of the step."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Rate(NamedTuple):
    """Parameters of a schedule; plain numbers, so that changing them needs no compilation."""

    peak: float
    total_steps: float


Schedule = Callable[[jax.Array, Rate], jax.Array]


def one_cycle(step: jax.Array, rate: Rate) -> jax.Array:
    """Rise from peak/25 for the first 30 %, then fall to peak/1000, by cosines (Smith 2018)."""
    done = step / rate.total_steps
    rise = 0.5 * (1.0 - jnp.cos(jnp.pi * jnp.minimum(done / 0.3, 1.0)))
    fall = 0.5 * (1.0 + jnp.cos(jnp.pi * jnp.clip((done - 0.3) / 0.7, 0.0, 1.0)))
    return rate.peak * jnp.where(done < 0.3, 0.04 + 0.96 * rise, 1e-3 + (1 - 1e-3) * fall)


def cosine(step: jax.Array, rate: Rate) -> jax.Array:
    """Fall from the peak to zero along half a cosine (Loshchilov & Hutter 2017)."""
    return rate.peak * 0.5 * (1.0 + jnp.cos(jnp.pi * jnp.minimum(step / rate.total_steps, 1.0)))


def constant(step: jax.Array, rate: Rate) -> jax.Array:
    """Stay at the peak."""
    return jnp.asarray(rate.peak, dtype=jnp.float32)


SCHEDULES = {"one-cycle": one_cycle, "cosine": cosine, "constant": constant}
