"""The output of networks that reconstruct tables of mixed columns, and its loss.

A category is encoded as one number for each of its values, 1 or 0, centered and divided. The last
layer of the decoder makes probabilities of a linear output there, and they are compared with the
truth by cross-entropy; numbers stay linear and are compared by the squared error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import keras
from jax.scipy.special import xlogy
from keras import ops

Groups: TypeAlias = tuple[tuple[int, int], ...]  # first column and the one after the last, rising
NAME = "columns"
STEEP = 10.0  # of the function that makes a linear output positive
TAIL = -10.0
LEAST = 1e-6  # probability, so that logarithms stay finite


@keras.saving.register_keras_serializable(package="jamjae")
class ColumnOutputs(keras.layers.Layer):
    """Make probabilities of the columns that encode a category, and leave the others.

    A linear output ``u = x·factor + shift`` would be the share of a category. It becomes
    ``p = s(u) / Σ s(u)`` over the categories of a column, with ``s(u) = log(1 + exp(10·u)) / 10``,
    and then ``(p - shift) / factor`` again. A single column is a boolean: its other probability
    is that of ``1 - u``.

    Parameters
    ----------
    groups : sequence of (int, int)
        First and last + 1 of the columns of each category.
    """

    def __init__(self, groups: Sequence[Sequence[int]], **options: Any) -> None:
        super().__init__(**options)
        self.groups: Groups = tuple((int(start), int(stop)) for start, stop in groups)

    def build(self, shape: Any) -> None:
        """Make a factor and a shift for each column."""
        ends = [0, *(end for group in self.groups for end in group), shape[-1]]
        if ends != sorted(ends) or any(start == stop for start, stop in self.groups):
            raise ValueError(f"groups {self.groups} do not lie in {shape[-1]} columns, one by one")
        size = (shape[-1],)
        self.factor = self.add_weight(size, "ones", trainable=False, name="factor")
        self.shift = self.add_weight(size, "zeros", trainable=False, name="shift")

    def call(self, inputs: Any) -> Any:
        """Compute the output (n, d) of linear outputs (n, d)."""
        shares = inputs * self.factor + self.shift
        parts, end = [], 0
        for start, stop in self.groups:
            parts.append(inputs[:, end:start])
            p = _probabilities(shares[:, start:stop])
            parts.append((p - self.shift[start:stop]) / self.factor[start:stop])
            end = stop
        return ops.concatenate([*parts, inputs[:, end:]], axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return the groups."""
        return {**super().get_config(), "groups": [list(group) for group in self.groups]}


def of(decoder: keras.Model) -> ColumnOutputs | None:
    """Find the layer that ends a decoder, if it has one."""
    last = decoder.layers[-1]
    return last if isinstance(last, ColumnOutputs) else None


def _probabilities(shares: Any) -> Any:
    if shares.shape[1] == 1:
        return _probabilities(ops.concatenate([shares, 1.0 - shares], axis=1))[:, :1]
    return ops.softmax(log_positive(shares), axis=1)


def log_positive(x: Any) -> Any:
    """Logarithm of ``log(1 + exp(10·x))``, a positive number that goes with x where x is positive.

    It is finite, and has a slope, for every x.
    """
    steep = STEEP * x
    tail = steep < TAIL  # where log(1 + exp(x)) is exp(x), and would become zero
    return ops.where(tail, steep, ops.log(ops.softplus(ops.maximum(steep, TAIL))))


def cost(
    groups: Groups, factor: jax.Array, shift: jax.Array, target: jax.Array, output: jax.Array
) -> jax.Array:
    """Squared error of numbers, and cross-entropy of categories, as a mean over all columns.

    Cross-entropy ``Σ t·log(t/p)`` stands in the place of the squared error ``Σ (t - p)²`` of the
    shares t and probabilities p.

    Parameters
    ----------
    groups : Groups
    factor, shift : arrays of shape (d,)
        ``share = value·factor + shift``.
    target, output : arrays of shape (b, d)

    Returns
    -------
    array of shape (b,)
    """
    squared = jnp.square(output - target)
    t, p = target * factor + shift, output * factor + shift
    parts, end = [], 0
    for start, stop in groups:
        divergence = _divergence(t[:, start:stop], p[:, start:stop])
        if stop - start == 1:
            other = _divergence(1.0 - t[:, start:stop], 1.0 - p[:, start:stop])
            divergence = (divergence + other) / 2.0
        parts += [squared[:, end:start], divergence / jnp.square(factor[start:stop])]
        end = stop
    return jnp.concatenate([*parts, squared[:, end:]], axis=1).mean(axis=1)


def _divergence(t: jax.Array, p: jax.Array) -> jax.Array:
    t, p = jnp.clip(t, 0.0, 1.0), jnp.clip(p, LEAST, 1.0)
    return xlogy(t, t) - t * jnp.log(p)
