"""What is minimised, as pure functions put together from smaller ones.

An objective is ``(params, buffers, key, batch, weights, step) -> (loss, (terms, buffers))``:

* ``params`` and ``buffers`` are dicts of lists of arrays, one entry a network;
* ``batch`` is a dict of arrays whose rows belong together: ``"x"``; where given the noisy versions
  of its rows, ``"corrupted"``; and ``"guide"`` and its row weights ``"guided"``;
* ``weights`` (b,) are 0 for rows that only fill the batch, else 1;
* ``terms`` are the numbers to be reported, each a weighted mean over the batch.

It is made of one `Forward` (how a batch runs through the networks) and one or more `Term` (what of
that costs how much). Neither holds state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jamjae.engine.keras_bridge import Apply
from jamjae.engine.losses import RowLoss, mse
from jamjae.errors import InvalidNetworkError

Batch = Mapping[str, jax.Array]
Objective = Callable[..., tuple[jax.Array, tuple[dict[str, jax.Array], dict[str, Any]]]]


class Pass(NamedTuple):
    """One batch on its way through an autoencoder."""

    target: jax.Array  # (b, d)
    code: jax.Array  # (b, k)
    output: jax.Array  # (b, d)
    penalty: jax.Array | float
    buffers: dict[str, Any]


class Term(NamedTuple):
    """One part of what is minimised: ``weight · mean(rows(pass, batch))``."""

    name: str
    weight: float
    rows: Callable[[Pass, Batch], jax.Array]


def weighted_mean(rows: jax.Array, weights: jax.Array) -> jax.Array:
    """Average the rows (b,) that count."""
    return jnp.sum(rows * weights) / jnp.maximum(jnp.sum(weights), 1.0)


def autoencoder(
    networks: Mapping[str, Apply],
    shapes: Mapping[str, tuple[int, ...]],
    in_graph: tuple[float, float],
    *,
    training: bool = True,
) -> Callable[..., Pass]:
    """Make the forward pass: target = augment(x), output = decode(encode(corrupt(target))).

    Where noisy versions of the rows are at hand, they are encoded instead. The clean target is
    never corrupted (Vincent et al. 2008).

    Parameters
    ----------
    networks : mapping of str to Apply
        ``"encoder"`` and ``"decoder"``, and where wanted ``"corruption"`` and ``"augmentation"``.
    shapes : mapping of str to tuple
        The shape of one row as each of the networks wants it.
    in_graph : (offset, factor)
        What is left of the scaling: ``(x - offset) · factor``.
    training : bool
        Whether layers behave as in training: Dropout drops, BatchNorm takes the batch's statistics.
    """
    offset, factor = in_graph

    def forward(params: Any, buffers: Any, key: jax.Array, batch: Batch) -> Pass:
        after = dict(buffers)
        penalty: jax.Array | float = 0.0

        def through(name: str, x: jax.Array) -> jax.Array:
            nonlocal penalty
            if name not in networks:
                return x
            x = x.reshape(-1, *shapes[name])
            x, after[name], cost = networks[name](params[name], buffers[name], x, training=training)
            penalty += cost
            return x

        scaled = {
            name: (batch[name].astype(jnp.float32) - offset) * factor
            for name in ("x", "corrupted")
            if name in batch
        }
        target = through("augmentation", scaled["x"])
        code = through("encoder", scaled.get("corrupted", through("corruption", target)))
        output = through("decoder", code)
        return Pass(_flat(target), _flat(code), _flat(output), penalty, after)

    return forward


def _flat(rows: jax.Array) -> jax.Array:
    return rows.reshape(len(rows), -1)


def reconstruction(loss: RowLoss) -> Term:
    """Cost of a restoration that differs from its clean target."""
    return Term("reconstruction", 1.0, lambda made, batch: _cost(loss, made))


def _cost(loss: RowLoss, made: Pass) -> jax.Array:
    """Call a loss while it is traced, and hold it to one number per row."""
    try:
        cost = loss(made.target, made.output)
    except jax.errors.JAXTypeError as error:
        raise InvalidNetworkError(
            "The function loss= cannot be compiled: it takes concrete values of its arrays, for "
            "example by NumPy, float() or if. Write it with jax.numpy or keras.ops."
        ) from error
    if jnp.shape(cost) != made.target.shape[:1]:
        raise InvalidNetworkError(
            f"The function loss= gives shape {jnp.shape(cost)} for targets and outputs of shape "
            f"{made.target.shape}, but one number per row, shape {made.target.shape[:1]}, is "
            "expected. Take the mean over axis 1."
        )
    return cost


def guidance(weight: float) -> Term:
    """Cost of a code that differs from the features it is guided by (b, k), squared, mean.

    ``batch["guided"]`` (b,) weighs the rows, and is zero for one without features.
    """

    def rows(made: Pass, batch: Batch) -> jax.Array:
        return batch["guided"] * mse(batch["guide"], made.code)

    return Term("guide", weight, rows)


def minimise(forward: Callable[..., Pass], *terms: Term) -> Objective:
    """Put an objective together: the weighted sum of terms, and the networks' own penalties.

    It reports that sum as ``"loss"``, and where there is more than one term each of them.
    """

    def objective(
        params: Any, buffers: Any, key: jax.Array, batch: Batch, weights: jax.Array, step: Any
    ) -> tuple[jax.Array, tuple[dict[str, jax.Array], dict[str, Any]]]:
        made = forward(params, buffers, key, batch)
        means = {term.name: weighted_mean(term.rows(made, batch), weights) for term in terms}
        total = sum((term.weight * means[term.name] for term in terms), made.penalty)
        reported = {"loss": jnp.asarray(total), **(means if len(terms) > 1 else {})}
        return reported["loss"], (reported, made.buffers)

    return objective
