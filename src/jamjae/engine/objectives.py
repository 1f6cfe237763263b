"""Training objectives, as pure functions composed of smaller ones.

An objective is ``(params, buffers, key, batch, weights, step) -> (loss, (terms, buffers))``:

* ``params`` and ``buffers`` are dicts of lists of arrays, one entry per network;
* ``batch`` is a dict of arrays with one row per sample: ``"x"``; optionally noisy versions of the
  rows, ``"corrupted"``, and features ``"guide"`` with their row weights ``"guided"``; where values
  are missing, which are ``"observed"``, the others count in no loss; ``"weight"`` (b,) says how
  much each row counts in the reconstruction, one on average;
* ``weights`` (b,) are 0 for rows that only pad the batch, else 1;
* ``terms`` are the numbers to be reported, each a weighted mean over the batch.

It is composed of one forward pass (how a batch runs through the networks) and one or more `Term`
(a cost of that pass). Neither holds state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jamjae.engine import column_outputs
from jamjae.engine.column_outputs import Groups
from jamjae.engine.keras_bridge import Apply
from jamjae.engine.losses import RowLoss, mse
from jamjae.errors import InvalidNetworkError

Batch = Mapping[str, jax.Array]
Objective = Callable[..., tuple[jax.Array, tuple[dict[str, jax.Array], dict[str, Any]]]]


class Pass(NamedTuple):
    """Results of the forward pass of one batch through an autoencoder."""

    target: jax.Array  # (b, d)
    code: jax.Array  # (b, k), of the encoder
    latent: jax.Array  # (b, k), what is decoded
    output: jax.Array  # (b, d)
    penalty: jax.Array | float
    params: dict[str, Any]
    buffers: dict[str, Any]


class Term(NamedTuple):
    """One term of the objective: ``weight · mean(rows(pass, batch))``."""

    name: str
    weight: float
    rows: Callable[[Pass, Batch], jax.Array]


def weighted_mean(rows: jax.Array, weights: jax.Array) -> jax.Array:
    """Weighted mean over the rows (b,)."""
    return jnp.sum(rows * weights) / jnp.maximum(jnp.sum(weights), 1.0)


def autoencoder(
    networks: Mapping[str, Apply],
    shapes: Mapping[str, tuple[int, ...]],
    in_graph: tuple[float, float],
    *,
    between: Callable[[jax.Array, jax.Array], jax.Array] | None = None,
    training: bool = True,
) -> Callable[..., Pass]:
    """Make the forward pass: target = augment(x), output = decode(encode(corrupt(target))).

    If the batch has noisy versions of the rows, they are encoded instead. The clean target is
    never corrupted (Vincent et al. 2008).

    Parameters
    ----------
    networks : mapping of str to Apply
        ``"encoder"`` and ``"decoder"``, optionally ``"corruption"`` and ``"augmentation"``.
    shapes : mapping of str to tuple
        Shape of a row for each network.
    in_graph : (offset, factor)
        The rest of the scaling: ``(x - offset) · factor``.
    between : callable, optional
        Gives what is decoded of the encoder's output (b, ...) and a random key; None decodes it.
    training : bool
        Whether layers are in training mode: Dropout drops, BatchNorm uses the batch's statistics.
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
        latent = code if between is None else between(_flat(code), key)
        target, output = _flat(target), _flat(through("decoder", latent))
        if "observed" in batch:
            observed = _flat(batch["observed"])
            target, output = jnp.where(observed, target, 0.0), jnp.where(observed, output, 0.0)
        return Pass(target, _flat(code), _flat(latent), output, penalty, params, after)

    return forward


def _flat(rows: jax.Array) -> jax.Array:
    return rows.reshape(len(rows), -1)


def reconstruction(loss: RowLoss) -> Term:
    """Cost of a reconstruction that differs from its clean target."""
    return Term("reconstruction", 1.0, lambda made, batch: _cost(loss, made) * row_weight(batch))


def by_column(groups: Groups) -> Term:
    """Cost of a reconstruction by the kind of its columns; see `column_outputs.cost`.

    The buffers of ``"columns"`` are the factor and the shift of a `ColumnOutputs`.
    """

    def rows(made: Pass, batch: Batch) -> jax.Array:
        factor, shift = made.buffers["columns"]
        cost = column_outputs.cost(groups, factor, shift, made.target, made.output)
        return cost * row_weight(batch)

    return Term("reconstruction", 1.0, rows)


def row_weight(batch: Batch) -> jax.Array | float:
    """Give how much each row of a batch counts (b,)."""
    return batch.get("weight", 1.0)


def _cost(loss: RowLoss, made: Pass) -> jax.Array:
    """Call a loss while it is traced, and require one number per row."""
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
    """Mean squared difference between a code and its guiding features (b, k).

    ``batch["guided"]`` (b,) is the weight of each row, zero for rows without features.
    """

    def rows(made: Pass, batch: Batch) -> jax.Array:
        return batch["guided"] * mse(batch["guide"], made.code)

    return Term("guide", weight, rows)


def minimize(
    forward: Callable[..., Pass],
    *terms: Term,
    follow: Callable[[Any, Mapping[str, jax.Array]], Any] | None = None,
) -> Objective:
    """Compose an objective: the weighted sum of terms and the networks' own penalties.

    It reports the sum as ``"loss"`` and, if there is more than one term, each of them. After a
    batch, buffers become what `follow` makes of them and of the means of the terms.
    """

    def objective(
        params: Any, buffers: Any, key: jax.Array, batch: Batch, weights: jax.Array, step: Any
    ) -> tuple[jax.Array, tuple[dict[str, jax.Array], dict[str, Any]]]:
        made = forward(params, buffers, key, batch)
        means = {term.name: weighted_mean(term.rows(made, batch), weights) for term in terms}
        total = sum((term.weight * means[term.name] for term in terms), made.penalty)
        reported = {"loss": jnp.asarray(total), **(means if len(terms) > 1 else {})}
        buffers = made.buffers if follow is None else follow(made.buffers, means)
        return reported["loss"], (reported, buffers)

    return objective
