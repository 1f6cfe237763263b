"""Carry out a plan: train the networks on the rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, NamedTuple

import jax
import keras
import numpy as np

from jamjae.data import loading
from jamjae.data.preprocessing import Scaling
from jamjae.data.rows import Batch, Rows
from jamjae.engine import initialization, programs, training
from jamjae.engine.architectures import Pair
from jamjae.engine.checkpoints import Checkpoint
from jamjae.engine.filling import Filling
from jamjae.engine.placement import Placement, local
from jamjae.engine.schedules import Rate
from jamjae.models import missing
from jamjae.models.plan import Plan

Observer = Callable[[training.EpochReport, training.Progress], Any]


class Networks(NamedTuple):
    """The networks to train, and the scaling between them and the data.

    Attributes
    ----------
    pair : Pair
    layers : dict of str to layer
        The networks and the layers that change their input, by name.
    scaling : Scaling
    factors : array of shape (k,) or None
        Factors from whitened codes to codes in the data's units.
    filling : Filling or None
        What predicts missing values, if they are allowed.
    """

    pair: Pair
    layers: dict[str, keras.Layer]
    scaling: Scaling
    factors: np.ndarray | None
    filling: Filling | None = None

    def prepare(self, data: Batch) -> Batch:
        """Scale the rows of a batch; other columns stay as they are."""
        images = {"x", "corrupted"} & data.keys()
        return {**data, **{name: self.scaling.apply(data[name]) for name in images}}


class Task(NamedTuple):
    """One fit: its plan and its rows.

    Attributes
    ----------
    plan : Plan
    rows, held : Rows
        Training rows, and held-out rows if there are any.
    place : Placement
        The devices on which it runs.
    warm : bool
        Whether training continues from an earlier fit.
    checkpoint : Checkpoint or None
    hidden : Hidden or None
        Observed values that training does not see.
    """

    plan: Plan
    rows: Rows
    place: Placement
    held: Rows | None = None
    warm: bool = False
    checkpoint: Checkpoint | None = None
    hidden: missing.Hidden | None = None


def run(task: Task, networks: Networks, observers: Iterable[Observer]) -> training.Progress:
    """Train as planned, and write the best weights into the networks."""
    plan, checkpoint = task.plan, task.checkpoint
    program = _program(task, networks)
    held = None
    if task.held:
        apart = missing.for_training(networks.filling, task.held)
        held = _source(task, apart, networks)[0]
    whitened = initialization.whitened(networks.pair, networks.factors, already=not task.warm)
    with whitened, checkpoint or nullcontext():
        progress = training.Progress.begin(_first_state(plan, networks, program))
        progress = _epochs(
            task,
            networks,
            program,
            checkpoint.resume(progress) if checkpoint else progress,
            validate=training.validation(program.evaluate, held) if held else None,
            observers=[*([checkpoint.observe] if checkpoint else []), *observers],
        )
        kept = progress.state if plan.recipe.codec else progress.best  # its loss moves its aim
        programs.put_back(networks.layers, kept)
    return progress


def run_once(
    task: Task, networks: Networks, before: tuple[programs.Recipe, training.TrainState] | None
) -> tuple[training.Progress, tuple[programs.Recipe, training.TrainState]]:
    """Use each row once, continuing with the optimizer's state of the call `before`.

    Returns
    -------
    Progress, and the value of `before` for the next call
    """
    plan = task.plan
    program = _program(task, networks)
    with initialization.whitened(networks.pair, networks.factors, already=not task.warm):
        state = _first_state(plan, networks, program)
        if before and before[0]._replace(batch_size=plan.recipe.batch_size) == plan.recipe:
            state = before[1]._replace(params=state.params)
        progress = _epochs(task, networks, program, training.Progress.begin(state))
        programs.put_back(networks.layers, progress.state)
    return progress, (plan.recipe, jax.tree.map(local, progress.state))


def _epochs(
    task: Task,
    networks: Networks,
    program: programs.Program,
    progress: training.Progress,
    **watched: Any,
) -> training.Progress:
    plan = task.plan
    rows = missing.for_training(networks.filling, task.rows, task.hidden)
    source, steps = _source(task, rows, networks, seed=plan.seeds.shuffle)
    return training.run(
        _everywhere(progress, task.place),
        program.epoch,
        source,
        Rate(plan.peak, float(steps * plan.epochs)),
        plan.epochs,
        sound=plan.sound,
        patience=plan.patience,
        start=plan.baseline if plan.promised and not task.warm else None,
        processes=task.place.processes,
        **watched,
    )


def _program(task: Task, networks: Networks) -> programs.Program:
    return programs.compiled(task.plan.recipe, programs.templates(networks.layers), task.place)


def _source(
    task: Task, rows: Rows, networks: Networks, seed: int = 0
) -> tuple[loading.Source, int]:
    """Give the rows as they are trained on, and the number of steps of an epoch."""
    size = task.plan.recipe.batch_size
    share = task.place.share(len(rows["x"]), loading.pieces(rows, size))
    return loading.source(rows, networks.prepare, size, seed=seed, share=share), share.steps(size)


def _everywhere(progress: training.Progress, place: Placement) -> training.Progress:
    """Let all devices, of all processes, go on from the progress of the first process."""
    state, best = place.put((progress.state, progress.best))
    progress = progress._replace(state=state, best=best)
    if place.hosts == 1:
        return progress
    notes = (progress.best_value, progress.best_epoch, progress.history)
    best_value, best_epoch, history = json.loads(place.processes.told(json.dumps(notes)))
    return progress._replace(best_value=best_value, best_epoch=best_epoch, history=tuple(history))


def _first_state(plan: Plan, networks: Networks, program: programs.Program) -> training.TrainState:
    return programs.first_state(networks.layers, program, plan.seeds.layers, plan.seeds.shuffle)
