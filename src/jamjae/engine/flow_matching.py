"""Rectified flow: a velocity field that carries noise to data, and the objective that learns it.

A point goes from noise e ~ N(0, I) at time 0 to data z at time 1 along ``x = (1 - t)·e + t·z``. The
field is the mean velocity ``z - e`` of all ways through x at time t; following it from noise gives
samples of the data (Liu, Gong & Liu 2022; Lipman et al. 2022).

For data that are N(0, I) themselves it is ``(2t - 1)/s²·x`` with ``s² = t² + (1 - t)²``. The
network learns the rest, its inputs and targets of variance one (an idea of Karras et al. 2022):

    v(x, t) = (2t - 1)/s²·x + network(x/s, sines and cosines of t, class)/s
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jamjae.engine.keras_bridge import Apply
from jamjae.engine.objectives import Batch, Objective, weighted_mean

FREQUENCIES = 8  # sines and as many cosines of time
UNKNOWN = 0.1  # share of rows whose class the network is not given, so that it learns both
DECAY, SOONER = 0.999, 10.0  # of the average of weights, and how much shorter it is at first
VELOCITY, AVERAGE = "velocity", "average"

Field = Callable[[Any, jax.Array, jax.Array, jax.Array], jax.Array]


def n_inputs(n_components: int, n_classes: int) -> int:
    """Count the values that the network of a field takes: a point, its time and its class."""
    return n_components + 2 * FREQUENCIES + n_classes


def conditions(numbers: jax.Array, n_classes: int) -> jax.Array:
    """Give classes (b,) as rows of zeros and a one (b, n_classes); -1, no class, as zeros."""
    return jax.nn.one_hot(numbers, n_classes)


def field(network: Apply) -> Field:
    """Make ``(params, x, t, classes) -> v`` of a network: (b, k), (b,), (b, c) -> (b, k)."""

    def velocity(params: Any, x: jax.Array, t: jax.Array, classes: jax.Array) -> jax.Array:
        variance = (t**2 + (1.0 - t) ** 2)[:, None]
        scale = jnp.sqrt(variance)
        inputs = jnp.concatenate([x / scale, _waves(t), classes], axis=1)
        rest = network(params, [], inputs, training=False).output
        return (2.0 * t[:, None] - 1.0) / variance * x + rest / scale

    return velocity


def _waves(t: jax.Array) -> jax.Array:
    """Sines and cosines of times (b,) at octaves of a quarter of a wave: (b, 2·FREQUENCIES)."""
    angles = t[:, None] * (2.0 ** jnp.arange(FREQUENCIES) * math.pi / 2)
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=1)


def flow_matching(network: Apply, n_classes: int, start: float) -> Objective:
    """Make the objective ``mean s²·(v(x, t) - (z - e))²``, and keep an average of the weights.

    A batch has codes ``"x"`` (b, k) of variance one and the numbers of their classes ``"class"``
    (b,), -1 for none. The average of weights over the last steps, with which samples are drawn, is
    the buffer ``"average"``. Times are drawn as ``sigmoid(N(0, 1))``, of which there are more in
    the middle, where the field is hardest to learn (Esser et al. 2024), between `start` and 1: the
    field before that is not learned.
    """
    velocity = field(network)

    def objective(
        params: Any, buffers: Any, key: jax.Array, batch: Batch, weights: jax.Array, step: Any
    ) -> tuple[jax.Array, tuple[dict[str, jax.Array], dict[str, Any]]]:
        noise_key, time_key, class_key = jax.random.split(key, 3)
        z = batch["x"]
        noise = jax.random.normal(noise_key, z.shape)
        share = jax.nn.sigmoid(jax.random.normal(time_key, z.shape[:1]))
        t = start + (1.0 - start) * share
        hidden = jax.random.uniform(class_key, z.shape[:1]) < UNKNOWN
        classes = conditions(jnp.where(hidden, -1, batch["class"]), n_classes)
        x = (1.0 - t[:, None]) * noise + t[:, None] * z
        error = velocity(params[VELOCITY], x, t, classes) - (z - noise)
        loss = weighted_mean((t**2 + (1.0 - t) ** 2) * jnp.mean(error**2, axis=1), weights)
        return loss, ({"loss": loss}, {**buffers, AVERAGE: _averaged(params, buffers, step)})

    return objective


def _averaged(params: Any, buffers: Any, step: jax.Array) -> list[jax.Array]:
    decay = jnp.minimum(DECAY, (1.0 + step) / (SOONER + step))
    return [
        decay * before + (1.0 - decay) * jax.lax.stop_gradient(now)
        for before, now in zip(buffers[AVERAGE], params[VELOCITY], strict=True)
    ]
