"""Reconstruction losses: pure functions of a target and an output, one number per row.

Every loss is a **mean** over the elements of a row (no factor of one half), so that ``"mse"`` is
the quantity that PCA minimizes divided by the number of features, whatever the shape of a row.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

RowLoss = Callable[[jax.Array, jax.Array], jax.Array]  # (b, ...), (b, ...) -> (b,)

_EDGE = 1e-6  # keeps the logarithms of `bce` finite; float32 still tells 1 - 1e-6 from 1


def _row_mean(entries: jax.Array) -> jax.Array:
    return jnp.mean(entries, axis=tuple(range(1, entries.ndim)))


def mse(target: jax.Array, output: jax.Array) -> jax.Array:
    """Mean squared error, ``mean((target - output)²)``.

    Parameters
    ----------
    target, output : array of shape (b, ...)

    Returns
    -------
    array of shape (b,)
    """
    return _row_mean(jnp.square(output - target))


def mae(target: jax.Array, output: jax.Array) -> jax.Array:
    """Mean absolute error, ``mean(|target - output|)``; shapes as in `mse`."""
    return _row_mean(jnp.abs(output - target))


def huber(target: jax.Array, output: jax.Array) -> jax.Array:
    """Huber's loss with its corner at 1 (Huber 1964); shapes as in `mse`.

    Half the squared error up to a distance of 1, the distance minus one half beyond.
    """
    distance = jnp.abs(output - target)
    inner = jnp.minimum(distance, 1.0)
    return _row_mean(0.5 * inner**2 + (distance - inner))


def bce(target: jax.Array, output: jax.Array) -> jax.Array:
    """Binary cross-entropy in nats; target and output are probabilities in [0, 1].

    The output is clipped to [1e-6, 1 - 1e-6]; shapes as in `mse`.
    """
    p = jnp.clip(output, _EDGE, 1.0 - _EDGE)
    return _row_mean(-(target * jnp.log(p) + (1.0 - target) * jnp.log1p(-p)))


LOSSES: dict[str, RowLoss] = {"mse": mse, "mae": mae, "huber": huber, "bce": bce}
