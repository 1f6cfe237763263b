"""Train a flow of codes, and follow it: from noise to codes, back, and with the log density."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import keras
import numpy as np

from jamjae.data import loading
from jamjae.engine import architectures, initialization, keras_bridge, placement, training
from jamjae.engine.compiling import compiled_few
from jamjae.engine.flow_matching import (
    AVERAGE,
    VELOCITY,
    conditions,
    field,
    flow_matching,
    n_inputs,
)
from jamjae.engine.placement import Placement
from jamjae.engine.schedules import Rate, cosine

BATCH = 512
PEAK, CLIP = 2e-3, 1.0  # learning rate, and the norm at which gradients are cut off
LEAST = 16 * BATCH  # rows of an epoch; fewer are repeated
STEPS = 24  # of Heun's method, of two evaluations each
BLOCKS = (64, 1024)  # rows of a compiled call
TRACED = 128  # the same where derivatives are taken
EXACT, PROBES = 32, 32  # components up to which a trace is exact, and random probes beyond

Weights: TypeAlias = list[np.ndarray]


class Shape(NamedTuple):
    """The sizes of the network of a flow, and where the flow begins.

    Attributes
    ----------
    n_components, n_classes : int
    widths : tuple of int
        Hidden units; all the same.
    start : float from 0 to below 1
        Time at which the flow begins; at 0 it begins at noise.
    """

    n_components: int
    n_classes: int
    widths: tuple[int, ...]
    start: float

    @property
    def weights(self) -> list[tuple[int, ...]]:
        """Shapes of the kernel and the bias of each layer."""
        sizes = [n_inputs(self.n_components, self.n_classes), *self.widths, self.n_components]
        pairs = itertools.pairwise(sizes)
        return [shape for before, after in pairs for shape in ((before, after), (after,))]


class Program(NamedTuple):
    """The compiled functions that follow the flow of a shape."""

    forward: Callable[..., jax.Array]
    traced: Callable[..., tuple[jax.Array, jax.Array]]


class Trainer(NamedTuple):
    """The compiled epoch of a shape, and its optimizer."""

    epoch: training.Epoch
    optimizer: keras_bridge.Optimizer


def network(shape: Shape) -> keras.Model:
    """Build the Keras model of a flow, without weights; see `flow_matching.field` for its input."""
    inputs = n_inputs(shape.n_components, shape.n_classes)
    return architectures.residual(inputs, shape.n_components, shape.widths)


@lru_cache(maxsize=8)
def compiled(shape: Shape) -> Program:
    """Compile the program of a shape, or return a cached one."""
    call = keras_bridge.apply(network(shape))
    return Program(_follow(shape, call), _follow_traced(shape, call))


@lru_cache(maxsize=4)
def _trainer(shape: Shape, place: Placement) -> Trainer:
    model = network(shape)
    adam = keras.optimizers.Adam(global_clipnorm=CLIP)
    own = keras_bridge.optimizer(keras_bridge.describe_optimizer(adam, scheduled=True), [model])
    objective = flow_matching(keras_bridge.apply(model), shape.n_classes, shape.start)
    step = training.make_step(objective, own, cosine)
    return Trainer(training.make_epoch(step, BATCH, place), own)


# --- training -------------------------------------------------------------------------------


def train(
    shape: Shape, codes: np.ndarray, classes: np.ndarray, steps: int, rng: np.random.RandomState
) -> tuple[Weights, np.ndarray]:
    """Learn the flow to codes.

    Parameters
    ----------
    shape : Shape
    codes : array of shape (n, k)
        Of mean 0 and variance 1, not correlated.
    classes : int array of shape (n,)
        From 0, and -1 for none.
    steps : int
        Of 512 codes each, at least.
    rng : RandomState

    Returns
    -------
    list of array
        The weights, averaged over the last steps.
    array of shape (epochs,)
        The loss of each epoch.

    Raises
    ------
    TrainingDiverged
    """
    place = placement.of(placement.LOCAL).dividing(BATCH)
    program = _trainer(shape, place)
    first = [initialization.drawn(size, rng, zero=False) for size in shape.weights]
    first[-2:] = [np.zeros_like(last) for last in first[-2:]]
    weights = [jnp.asarray(array) for array in first]
    times = -(-LEAST // len(codes))
    rows = {
        "x": np.tile(codes.astype(np.float32), (times, 1)),
        "class": np.tile(classes.astype(np.int32), times),
    }
    share = place.share(len(rows["x"]), loading.pieces(rows, BATCH))
    epochs = -(-steps // share.steps(BATCH))
    state = training.TrainState(
        params={VELOCITY: weights},
        buffers={AVERAGE: weights},
        opt_state=program.optimizer.init(),
        key=jax.random.PRNGKey(rng.randint(2**31 - 1)),
        step=jnp.int32(0),
    )
    progress = training.run(
        training.Progress.begin(place.put(state)),
        program.epoch,
        loading.source(rows, dict, BATCH, seed=rng.randint(2**31 - 1), share=share),
        Rate(PEAK, float(epochs * share.steps(BATCH))),
        epochs,
        sound=training.Sound(1.0),
    )
    found = [np.asarray(array) for array in progress.state.buffers[AVERAGE]]
    return found, np.array([terms["loss"] for terms in progress.history])


# --- following a flow -----------------------------------------------------------------------


def carry(
    shape: Shape,
    weights: Weights,
    points: np.ndarray,
    classes: np.ndarray,
    *,
    guidance: float = 1.0,
    back: bool = False,
) -> np.ndarray:
    """Carry points (n, k) from the start of the flow to codes, or codes back there.

    Parameters
    ----------
    shape : Shape
    weights : list of array
    points : array of shape (n, k)
    classes : int array of shape (n,)
        From 0, and -1 for none.
    guidance : float
        How far the velocity goes from that without a class to that of the class; more than 1
        makes samples more typical of their class (Ho & Salimans 2022).
    back : bool
        Whether to go from time 1 to the start.

    Returns
    -------
    float64 array of shape (n, k)
    """
    forward = compiled(shape).forward
    held = [jnp.asarray(array) for array in weights]
    block = BLOCKS[0] if len(points) <= 4 * BLOCKS[0] else BLOCKS[1]

    def call(some: np.ndarray, of_some: np.ndarray) -> np.ndarray:
        factor = jnp.float32(guidance)
        if guidance == 1.0:
            return np.asarray(forward(held, some, of_some, jnp.bool_(back)))
        return np.asarray(forward(held, some, of_some, jnp.bool_(back), factor))

    return _by_blocks(call, points, classes, block)


def back_with_change(
    shape: Shape, weights: Weights, codes: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Carry codes (n, k) back to the start x, with the change of their log density on the way.

    ``log p(z) = log p(x) - ∫ tr(∂v/∂x) dt``; the second array (n,) is the integral. With up to 32
    components the trace is exact, beyond it is estimated by 32 random probes, the same for each
    call (Hutchinson's estimator; Grathwohl et al. 2019).
    """
    held = [jnp.asarray(array) for array in weights]

    def call(some: np.ndarray, of_some: np.ndarray) -> np.ndarray:
        begin, change = compiled(shape).traced(held, some, of_some)
        return np.column_stack([np.asarray(begin, np.float64), np.asarray(change, np.float64)])

    found = _by_blocks(call, codes, classes, TRACED)
    return found[:, :-1], found[:, -1]


def _by_blocks(
    call: Callable[[np.ndarray, np.ndarray], np.ndarray],
    points: np.ndarray,
    classes: np.ndarray,
    block: int,
) -> np.ndarray:
    found = []
    for start in range(0, len(points), block):
        some = points[start : start + block].astype(np.float32)
        of_some = classes[start : start + block].astype(np.int32)
        more = block - len(some)
        some, of_some = np.pad(some, ((0, more), (0, 0))), np.pad(of_some, (0, more))
        found.append(call(some, of_some)[: block - more])
    return np.concatenate(found).astype(np.float64)


def _follow(shape: Shape, call: keras_bridge.Apply) -> Callable[..., jax.Array]:
    velocity = field(call)

    @compiled_few
    def forward(
        params: Any, points: jax.Array, numbers: jax.Array, back: jax.Array, *guidance: jax.Array
    ) -> jax.Array:
        classes = conditions(numbers, shape.n_classes)

        def speed(x: jax.Array, t: jax.Array) -> jax.Array:
            times = jnp.full(len(x), t)
            along = velocity(params, x, times, classes)
            if not guidance:
                return along
            free = velocity(params, x, times, jnp.zeros_like(classes))
            return free + guidance[0] * (along - free)

        return _heun(speed, points, shape.start, back)

    return forward


def _heun(
    speed: Callable[[Any, jax.Array], Any], x: Any, start: float, back: jax.Array | bool
) -> Any:
    """Follow a velocity from the time `start` to 1, or back, by Heun's method."""
    steps = math.ceil(STEPS * (1.0 - start))
    width = jnp.where(back, -1.0, 1.0) * (1.0 - start) / steps
    first = jnp.where(back, 1.0, start)

    def moved(x: Any, by: Any, factor: jax.Array) -> Any:
        return jax.tree.map(lambda a, b: a + factor * b, x, by)

    def advance(number: jax.Array, x: Any) -> Any:
        t = first + number * width
        here = speed(x, t)
        there = speed(moved(x, here, width), t + width)
        return moved(moved(x, here, width / 2), there, width / 2)

    return jax.lax.fori_loop(0, steps, advance, x)


def _follow_traced(
    shape: Shape, call: keras_bridge.Apply
) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """Follow codes back to the start, and integrate the trace of the velocity's derivative."""
    velocity, k = field(call), shape.n_components
    if k <= EXACT:
        probes = np.eye(k, dtype=np.float32)
    else:
        signs = np.random.RandomState(0).randint(0, 2, (PROBES, k))
        probes = ((2.0 * signs - 1.0) / np.sqrt(PROBES)).astype(np.float32)

    @compiled_few
    def traced(params: Any, codes: jax.Array, numbers: jax.Array) -> tuple[jax.Array, jax.Array]:
        classes = conditions(numbers, shape.n_classes)

        def speed(held: tuple[jax.Array, jax.Array], t: jax.Array) -> tuple[jax.Array, jax.Array]:
            x, _ = held
            times = jnp.full(len(x), t)
            here, push = jax.linearize(lambda x: velocity(params, x, times, classes), x)

            def along(probe: jax.Array) -> jax.Array:
                return push(jnp.broadcast_to(probe, x.shape)) @ probe

            return here, jax.vmap(along)(jnp.asarray(probes)).sum(axis=0)

        begin, change = _heun(speed, (codes, jnp.zeros(len(codes))), shape.start, True)
        return begin, -change

    return traced
