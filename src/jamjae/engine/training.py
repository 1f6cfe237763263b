"""One compiled loop that trains whole epochs, and one short Python loop around it.

``step`` advances a `TrainState` by one batch; ``epoch`` shuffles the rows and takes ``step`` after
``step`` over them without returning to Python; ``run`` calls ``epoch`` until it is done and is the
only place that handles progress, early stopping, checkpoints and divergence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np

from jamjae.data.loading import Count, Source
from jamjae.engine.compiling import compiled_few
from jamjae.engine.keras_bridge import Optimizer
from jamjae.engine.objectives import Objective
from jamjae.engine.placement import Placement
from jamjae.engine.processes import ALONE, Processes
from jamjae.engine.schedules import Rate, Schedule
from jamjae.errors import TrainingDiverged


class TrainState(NamedTuple):
    """Everything that training carries from one batch to the next."""

    params: dict[str, Any]
    buffers: dict[str, Any]
    opt_state: list[jax.Array]
    key: jax.Array
    step: jax.Array


class Progress(NamedTuple):
    """Everything that training carries from one epoch to the next; a checkpoint holds just this.

    Attributes
    ----------
    state, best : TrainState
        After the last and after the best epoch, by ``val_loss`` if rows were held out, else by
        ``loss``.
    best_value : float
    best_epoch : int
    history : tuple of dict of str to float
        The terms of every epoch so far.
    """

    state: TrainState
    best: TrainState
    best_value: float = np.inf
    best_epoch: int = 0
    history: tuple[dict[str, float], ...] = ()

    @classmethod
    def begin(cls, state: TrainState) -> Self:
        """Give the progress before the first epoch."""
        return cls(state, state)


class EpochReport(NamedTuple):
    """Report of training before the first step, or after an epoch.

    Attributes
    ----------
    epoch, epochs : int
        Epochs done, and epochs planned.
    terms : dict of str to float
        Mean of each term over the epoch's rows, on scaled data; ``"val_loss"`` if rows were held
        out. At epoch 0 the ``"loss"`` of PCA, which is that of the initial weights.
    seconds : float
        Since training began in this process.
    baseline : float or None
        PCA's loss on the same rows, if the loss is the squared error.
    """

    epoch: int
    epochs: int
    terms: dict[str, float]
    seconds: float
    baseline: float | None = None


Step = Callable[..., tuple[TrainState, dict[str, jax.Array]]]
Epoch = Callable[..., tuple[TrainState, dict[str, jax.Array]]]
Evaluation = Callable[..., dict[str, jax.Array]]


# --- the compiled loop ----------------------------------------------------------------------


def make_step(objective: Objective, own: Optimizer, schedule: Schedule | None) -> Step:
    """Make ``(state, batch, weights, rate) -> (state, terms)``."""

    def step(
        state: TrainState, batch: Any, weights: jax.Array, rate: Rate
    ) -> tuple[TrainState, dict[str, jax.Array]]:
        key, objective_key = jax.random.split(state.key)
        gradient = jax.value_and_grad(objective, has_aux=True)
        (_, (terms, buffers)), gradients = gradient(
            state.params, state.buffers, objective_key, batch, weights, state.step
        )
        learning_rate = schedule(state.step, rate) if schedule else None
        leaves, structure = jax.tree.flatten(state.params)
        leaves, opt_state = own.update(
            jax.tree.leaves(gradients), state.opt_state, leaves, learning_rate
        )
        params = jax.tree.unflatten(structure, leaves)
        return TrainState(params, buffers, opt_state, key, state.step + 1), terms

    return step


def make_epoch(step: Step, batch_size: int, place: Placement) -> Epoch:
    """Compile ``(state, rows, n, rate) -> (state, sums)``: every row once, in random order.

    ``rows`` are arrays padded to a whole number of batches, of which the first ``n`` count; the
    number is an argument, so folds that differ by a row share one compiled loop. The last batch is
    filled with rows already used, at weight zero, so that statistics of a batch (BatchNorm) see
    real data only. ``sums`` are the terms summed over the n rows.

    With several processes ``rows`` are arrays (processes, ...) and ``n`` is one number of each: a
    batch has as many rows of each, in random orders of their own.
    """
    take = _taking(batch_size, place)

    def epoch(
        state: TrainState, rows: Any, n: jax.Array, rate: Rate
    ) -> tuple[TrainState, dict[str, jax.Array]]:
        key, order_key = jax.random.split(state.key)
        order = _shuffled(order_key, jax.tree.leaves(rows)[0], n)

        def advance(number: jax.Array, state: TrainState) -> tuple[TrainState, dict[str, Any]]:
            batch, weights = take(rows, order, number, n)
            state, terms = step(state, batch, weights, rate)
            return state, jax.tree.map(lambda term: term * weights.sum(), terms)

        return _summed(advance, _times(n, batch_size, place), state._replace(key=key))

    return compiled_few(epoch, place.everywhere)


def make_evaluation(objective: Objective, batch_size: int, place: Placement) -> Evaluation:
    """Compile ``(state, rows, n) -> sums``: the terms of the first n rows, without training."""
    take = _taking(batch_size, place)

    def evaluate(state: TrainState, rows: Any, n: jax.Array) -> dict[str, jax.Array]:
        def advance(number: jax.Array, state: TrainState) -> tuple[TrainState, dict[str, Any]]:
            batch, weights = take(rows, None, number, n)
            _, (terms, _) = objective(
                state.params, state.buffers, state.key, batch, weights, state.step
            )
            return state, jax.tree.map(lambda term: term * weights.sum(), terms)

        return _summed(advance, _times(n, batch_size, place), state)[1]

    return compiled_few(evaluate, place.everywhere)


def _taking(batch_size: int, place: Placement) -> Callable[..., tuple[Any, jax.Array]]:
    """Make ``(rows, order, number, n) -> (batch, weights)``, cut over the devices."""
    part = batch_size // place.hosts

    def take(
        rows: Any, order: jax.Array | None, number: jax.Array, n: jax.Array
    ) -> tuple[Any, jax.Array]:
        position = number * part + jnp.arange(part)
        counts = position < n[..., None] if place.hosts > 1 else position < n
        weights = counts.astype(jnp.float32).reshape(-1)
        if place.hosts > 1:
            chosen = position % jnp.maximum(n, 1)[:, None]
            if order is not None:
                chosen = jnp.take_along_axis(order, chosen, axis=1)
            batch = jax.tree.map(lambda array: _of_each(array, chosen), rows)
        else:
            chosen = position if order is None else order[position % n]
            batch = jax.tree.map(lambda array: array[chosen], rows)
        return place.cut((batch, weights))

    return take


def _of_each(array: jax.Array, chosen: jax.Array) -> jax.Array:
    """Take rows (processes, b) of arrays (processes, n, ...): a batch (processes · b, ...)."""
    taken = jax.vmap(lambda rows, index: rows[index])(array, chosen)
    return taken.reshape(-1, *array.shape[2:])


def _times(n: jax.Array, batch_size: int, place: Placement) -> jax.Array:
    """Count the batches, until no process has a row left."""
    times = -(-n // (batch_size // place.hosts))
    return jnp.max(times) if place.hosts > 1 else times


def _summed(
    advance: Callable[..., tuple[TrainState, dict[str, Any]]], times: jax.Array, state: TrainState
) -> tuple[TrainState, dict[str, jax.Array]]:
    """Apply ``advance`` repeatedly, and sum the terms it reports."""

    def body(number: jax.Array, carried: tuple[TrainState, Any]) -> tuple[TrainState, Any]:
        state, added = advance(number, carried[0])
        return state, jax.tree.map(jnp.add, carried[1], added)

    zeros = jax.tree.map(jnp.zeros_like, jax.eval_shape(advance, 0, state)[1])
    return jax.lax.fori_loop(0, times, body, (state, zeros))


def _shuffled(key: jax.Array, rows: jax.Array, n: jax.Array) -> jax.Array:
    """Permute the first n indices of rows, of each process by itself; the rest come last."""
    if jnp.ndim(n):
        keys = jax.random.split(key, len(n))
        return jax.vmap(_shuffled)(keys, rows, n)
    lots = jax.random.bits(key, (len(rows),), jnp.uint32) >> 1
    return jnp.argsort(jnp.where(jnp.arange(len(rows)) < n, lots, jnp.uint32(2**32 - 1)))


# --- epochs out -----------------------------------------------------------------------------

SMALL = 1e-9  # a loss on the scale of training that is rounding, and not to be compared with


class Sound(NamedTuple):
    """Limits of the loss, to detect divergence.

    Attributes
    ----------
    variance : float
        Squared error of the mean row, on scaled data.
    start : float
        Loss before the first step, infinite if unknown.
    """

    variance: float
    start: float = np.inf


def run(
    progress: Progress,
    epoch: Epoch,
    data: Source,
    rate: Rate,
    epochs: int,
    *,
    sound: Sound,
    validate: Callable[[TrainState], float] | None = None,
    patience: int | None = None,
    observers: Iterable[Callable[[EpochReport, Progress], Any]] = (),
    start: float | None = None,
    processes: Processes = ALONE,
) -> Progress:
    """Train until the epochs are done, patience ends, or an observer of any process returns True.

    The loss before the first step, `start`, is reported as that of epoch 0 if it is known.

    Raises
    ------
    TrainingDiverged
        At the first epoch whose loss is not finite or no longer `sound`.
    """

    def ends(report: EpochReport, progress: Progress) -> bool:
        return processes.any(True in [observer(report, progress) for observer in observers])

    began = time.perf_counter()
    if start is not None and not progress.history:
        report = EpochReport(0, epochs, {"loss": start}, 0.0)
        if ends(report, progress):
            return progress
    for number in range(len(progress.history), epochs):
        if patience is not None and number and number - 1 - progress.best_epoch >= patience:
            break
        state, terms = _one_epoch(progress.state, epoch, data(number), rate)
        _require_convergence(terms["loss"], progress.history, rate, sound)
        if validate:
            terms["val_loss"] = validate(state)
        progress = _advanced(progress, state, terms)
        report = EpochReport(number + 1, epochs, terms, time.perf_counter() - began)
        if ends(report, progress):
            break
    return progress


def validation(evaluation: Evaluation, held: Source) -> Callable[[TrainState], float]:
    """Make a function that computes the loss of held-out rows, prepared as the training rows."""

    def evaluate(
        state: TrainState, rows: Any, n: int, _: Rate
    ) -> tuple[TrainState, dict[str, jax.Array]]:
        return state, evaluation(state, rows, n)

    return lambda state: _one_epoch(state, evaluate, held(0), Rate(0.0, 1.0))[1]["loss"]


def _one_epoch(
    state: TrainState, epoch: Epoch, pieces: Iterable[tuple[Any, Count]], rate: Rate
) -> tuple[TrainState, dict[str, float]]:
    sums: dict[str, float] = {}
    counted = 0
    for rows, n in pieces:
        state, added = epoch(state, rows, n, rate)
        sums = {name: sums.get(name, 0.0) + float(value) for name, value in added.items()}
        counted += int(np.sum(n))
    return state, {name: value / counted for name, value in sums.items()}


def _advanced(progress: Progress, state: TrainState, terms: dict[str, float]) -> Progress:
    value = terms.get("val_loss", terms["loss"])
    number = len(progress.history)
    progress = progress._replace(state=state, history=(*progress.history, terms))
    if not value <= progress.best_value:  # NaN is never better
        return progress
    return progress._replace(best=state, best_value=value, best_epoch=number)


def _require_convergence(
    loss: float, history: tuple[dict[str, float], ...], rate: Rate, sound: Sound
) -> None:
    lowest = min((terms["loss"] for terms in history), default=sound.start)
    if np.isfinite(loss) and not loss > 100.0 * max(lowest, sound.variance, SMALL):
        return
    raise TrainingDiverged(
        f"Training diverged in epoch {len(history) + 1}: the loss became {loss:.3g}"
        + (f" after {lowest:.3g}" if history else "")
        + f". The likely cause is the learning rate (peak {rate.peak:g}); try "
        f'{rate.peak / 10:g} or learning_rate="auto". If the data hold a few values far larger '
        "than the rest, clip or transform them first."
    )
