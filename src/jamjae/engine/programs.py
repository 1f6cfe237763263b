"""What is compiled once: the training epoch and the evaluation of a recipe and its networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import keras
import numpy as np

from jamjae.engine import keras_bridge, rate_distortion, variational
from jamjae.engine.fingerprints import Template, template
from jamjae.engine.keras_bridge import Optimizer, apply, optimizer, private
from jamjae.engine.losses import LOSSES, RowLoss
from jamjae.engine.objectives import (
    Term,
    autoencoder,
    by_column,
    guidance,
    minimize,
    reconstruction,
)
from jamjae.engine.placement import Placement, local
from jamjae.engine.schedules import SCHEDULES
from jamjae.engine.training import (
    Epoch,
    Evaluation,
    TrainState,
    make_epoch,
    make_evaluation,
    make_step,
)
from jamjae.engine.variational import Variational


class Recipe(NamedTuple):
    """Everything a compiled epoch depends on, except networks and the shape of rows; hashable.

    Attributes
    ----------
    shapes : tuple of (str, tuple)
        Shape of a row for each network: ``"decoder"`` and ``"encoder"``, optionally
        ``"augmentation"`` and ``"corruption"``.
    in_graph : (offset, factor)
        The part of the scaling that the step applies.
    loss : str or callable
        A key of `losses.LOSSES`, or a user's own function.
    guide_weight : float or None
    optimizer : str
        From `keras_bridge.describe_optimizer`.
    schedule : str or None
        A key of `schedules.SCHEDULES`; None leaves the rate to the optimizer.
    batch_size : int
    variational : Variational or None
        What a variational autoencoder minimizes in place of a loss.
    codec : bool
        Whether codes are rounded, and their bits minimized with the error.
    """

    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    in_graph: tuple[float, float]
    loss: str | RowLoss
    guide_weight: float | None
    optimizer: str
    schedule: str | None
    batch_size: int
    variational: Variational | None = None
    codec: bool = False


class Program(NamedTuple):
    """The compiled functions of a recipe."""

    epoch: Epoch
    evaluate: Evaluation
    optimizer: Optimizer


Templates: TypeAlias = tuple[tuple[str, Template], ...]


def templates(layers: Mapping[str, Any]) -> Templates:
    """Give the parts of layers on which compiled code depends."""
    return tuple((name, template(layers[name])) for name in sorted(layers))


@lru_cache(maxsize=16)
def compiled(recipe: Recipe, templates: Templates, place: Placement) -> Program:
    """Compile the program of a recipe, or return a cached one: a second fit compiles nothing."""
    layers = {name: private(template.layer) for name, template in templates}
    networks = {name: apply(layer) for name, layer in layers.items()}
    terms = _terms(recipe, layers)
    learning_between, judging_between = _between(recipe)
    shapes, plain = dict(recipe.shapes), {name: networks[name] for name in ("encoder", "decoder")}
    learning = autoencoder(networks, shapes, recipe.in_graph, between=learning_between)
    judging = autoencoder(plain, shapes, recipe.in_graph, between=judging_between, training=False)
    trained = [layers[name] for name in sorted(layers)]  # the order of jax.tree.leaves
    own = optimizer(recipe.optimizer, trained)
    schedule = SCHEDULES[recipe.schedule] if recipe.schedule else None
    follow = rate_distortion.following(math.prod(shapes["encoder"])) if recipe.codec else None
    step = make_step(minimize(learning, *terms, follow=follow), own, schedule)
    return Program(
        make_epoch(step, recipe.batch_size, place),
        make_evaluation(minimize(judging, *terms), recipe.batch_size, place),
        own,
    )


def _between(recipe: Recipe) -> tuple[Callable[..., Any] | None, Callable[..., Any] | None]:
    """Give what happens to codes before they are decoded, in training and in evaluation."""
    if recipe.codec:
        return rate_distortion.noisy, rate_distortion.rounded
    drawn = None if recipe.variational is None else variational.drawn
    return drawn, drawn


def _terms(recipe: Recipe, layers: Mapping[str, keras.Layer]) -> list[Term]:
    """Give the terms of the objective."""
    if recipe.variational is not None:
        return variational.terms(recipe.variational)
    if recipe.codec:
        return rate_distortion.terms(apply(layers[rate_distortion.PRIOR]))
    loss = LOSSES[recipe.loss] if isinstance(recipe.loss, str) else recipe.loss
    columns = layers.get("columns")
    terms = [by_column(columns.groups) if columns else reconstruction(loss)]
    if recipe.guide_weight is not None:
        terms.append(guidance(recipe.guide_weight))
    return terms


def first_state(
    layers: Mapping[str, Any], program: Program, layers_seed: int, shuffle_seed: int
) -> TrainState:
    """Make the state in which the training of layers starts."""
    rng = np.random.RandomState(layers_seed)
    variables = {name: keras_bridge.read(layer) for name, layer in sorted(layers.items())}
    return TrainState(
        params={name: held.params for name, held in variables.items()},
        buffers={
            name: keras_bridge.reseed(layers[name], held.buffers, rng)
            for name, held in variables.items()
        },
        opt_state=program.optimizer.init(),
        key=jax.random.PRNGKey(shuffle_seed),
        step=jnp.int32(0),
    )


def put_back(layers: Mapping[str, Any], state: TrainState) -> None:
    """Write the arrays of a state into the layers they came from."""
    params, buffers = jax.tree.map(local, (state.params, state.buffers))
    for name, layer in layers.items():
        keras_bridge.write(layer, keras_bridge.Variables(params[name], buffers[name]))
