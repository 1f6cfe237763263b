"""What turns checked rows into a fitted model, for all estimators that are trained."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt, StrOptions

from jamjae.data.preprocessing import Scaling, counted_as
from jamjae.data.rows import Array, Rows, part
from jamjae.engine import architectures, initialization, pca, placement, training
from jamjae.engine.architectures import Pair
from jamjae.engine.checkpoints import Checkpoint, combined, identity
from jamjae.engine.losses import LOSSES
from jamjae.engine.placement import Devices, Placement
from jamjae.engine.processes import Processes
from jamjae.engine.schedules import SCHEDULES
from jamjae.errors import InvalidDataError
from jamjae.models import callbacks, fitting, guides, joint, missing, plan, trial
from jamjae.models.base import LatentModel
from jamjae.models.fitting import Networks, Task
from jamjae.models.plan import Plan, Seeds
from jamjae.models.validation import (
    check_rows,
    explained,
    held_out_rows,
    noisy_versions,
    require_magnitude,
    require_rows,
    require_same_kind,
)

CONSTRAINTS: dict[str, Any] = {
    "n_components": [
        Interval(Integral, 1, None, closed="left"),
        Interval(RealNotInt, 0, 1, closed="neither"),
    ],
    "network": [StrOptions({"auto", "dense", "conv"}), tuple, list],
    "encoder": [keras.Model, None],
    "decoder": [keras.Model, None],
    "anchor": [StrOptions({"pca"}), None],
    "loss": [StrOptions({"auto", *LOSSES}), callable],
    "scaling": [StrOptions({"auto", "standardize"}), None],
    "missing": [StrOptions({"error", "mask"})],
    "corruption": [keras.Layer, None],
    "augmentation": [keras.Layer, None],
    "guide": ["array-like", HasMethods("fit"), None],
    "guide_weight": [Interval(Real, 0, None, closed="left")],
    "optimizer": [str, keras.Optimizer],
    "learning_rate": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
    "schedule": [StrOptions(set(SCHEDULES))],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "early_stopping": ["boolean"],
    "patience": [Interval(Integral, 1, None, closed="left")],
    "checkpoint_dir": [str, Path, None],
    "callbacks": ["array-like", tuple],
    "warm_start": ["boolean"],
    "devices": [Interval(Integral, 1, None, closed="left"), str, list, tuple, None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


class TrainableModel(LatentModel, plan.Parameters):
    """Check rows, start the networks, make a task of them, and judge what came of it.

    A subclass has these parameters, beside those that a plan depends on.
    """

    validation_fraction: float
    checkpoint_dir: str | Path | None
    callbacks: Iterable[Callable[[training.EpochReport], Any]]
    verbose: int
    warm_start: bool
    devices: Devices
    random_state: int | np.random.RandomState | None

    def _fit(
        self, X: Any, sample_weight: Any = None, corrupted: Any = None, held: Any = None
    ) -> Self:
        self._validate_params()
        place = placement.of(self.devices)
        with place.processes.together():
            checked = self._validated(X, sample_weight, corrupted, held)
        joint.require_same(self, checked[0], place.processes)
        task = self._planned(*checked, place)
        verbose = 0 if place.processes.rank else self.verbose
        watching = callbacks.observers(self.callbacks, verbose, task.plan.baseline)
        progress = fitting.run(task, self._networks(), watching)
        return self._store(task, progress)

    def partial_fit(self, X: Any, y: None = None) -> Self:
        """Train on more rows, each used once, at a constant learning rate.

        The first call on a new estimator starts from the PCA of its rows; after ``fit`` training
        continues from there. Parameters and errors are those of ``fit``. Missing values are
        predicted by the factor analysis of the first call's rows, and by the networks as far as
        they predict rows of the last call before these train them.
        """
        self._validate_params()
        attempt = f"{type(self).__name__} cannot partial_fit"
        if self.guide is not None:
            raise InvalidDataError(f"{attempt} with a guide, which needs all rows. Use fit.")
        first, place = not self.__sklearn_is_fitted__(), placement.of(self.devices)
        with place.processes.together():
            rows = check_rows(self, X, "partial_fit", reset=first)
            if not first:
                missing.require_filling(self, rows, attempt)
                self._forget_density()
            else:
                require_rows(rows, self.n_components)
        joint.require_same(self, {"x": rows}, place.processes)
        seeds = Seeds.draw(self.random_state).agreed(place.processes)
        if first:
            self._begin({"x": rows}, seeds, place.processes)
        if self.filling_ is not None:
            hidden = None if first else missing.Hidden(rows, seeds.split, missing.widths(self))
            self.network_share_ = self._share_of_hidden(rows, hidden)
        self.is_pca_ = False
        made = self._plan({"x": rows}, seeds, place).for_one_epoch()
        task = Task(made, {"x": rows}, self._used(place, made), warm=not first)
        with explained(self, rows):
            before = getattr(self, "_training", None)
            progress, self._training = fitting.run_once(task, self._networks(), before)
        self._store_part(rows, progress, task.place)
        return self

    def _validated(
        self, X: Any, sample_weight: Any, corrupted: Any, held: Any
    ) -> tuple[Rows, Rows | None]:
        callbacks.require_callables(self.callbacks)
        rows = check_rows(self, X, "fit", reset=not self._goes_on())
        if self._goes_on():
            require_same_kind(self, rows)
        missing.require_no_augmentation(self, rows)
        weights = missing.weights(sample_weight, rows, f"{type(self).__name__} cannot fit")
        data = {"x": rows, **weights, **noisy_versions(self, rows, corrupted)}
        return data, held_out_rows(self, held, data)

    def _planned(self, data: Rows, given: Rows | None, place: Placement) -> Task:
        apart = {f"held {name}": array for name, array in (given or {}).items()}
        processes = place.processes
        with processes.together():
            checkpoint = self._checkpoint({**data, **apart}, processes)
        seeds = Seeds.draw(self.random_state) if checkpoint is None else checkpoint.seeds
        seeds, warm = seeds.agreed(processes), self._goes_on()
        kept, held = plan.split(len(data["x"]), self.validation_fraction, seeds.split)
        self._begin(part(data, kept), seeds, processes)
        if self.guide is not None:
            whole = missing.filled(self.filling_, data["x"])
            guided = self._guided(whole, (kept, held), seeds, processes, turn=not warm)
            data = {**data, **guided}
        rows, held_out = part(data, kept), given if held is None else part(data, held)
        gaps = self.filling_ is not None and missing.incomplete(rows["x"])
        hidden = missing.Hidden(rows["x"], seeds.split, missing.widths(self)) if gaps else None
        made = self._plan(rows, seeds, place)
        return Task(made, rows, self._used(place, made), held_out, warm, checkpoint, hidden)

    def _plan(self, rows: Rows, seeds: Seeds, place: Placement) -> Plan:
        return plan.make(self, self._pair(), self.scaling_, self.baseline_, rows, seeds, place)

    def _used(self, place: Placement, made: Plan) -> Placement:
        """Choose the devices that a batch can be cut over, and note them."""
        used = place.dividing(made.recipe.batch_size)
        self.devices_ = used.names
        if len(used.devices) < len(place.devices):
            warnings.warn(
                f"{len(used.devices)} of {len(place.devices)} devices are used, as a batch of "
                f"{made.recipe.batch_size} rows cannot be cut evenly over more. Give a batch_size "
                f"that is a multiple of {len(place.devices) * place.hosts}.",
                UserWarning,
                stacklevel=4,
            )
        return used

    def _networks(self) -> Networks:
        layers = plan.layers(self, self._pair())
        factors = plan.code_factors(self, self.baseline_)
        return Networks(self._pair(), layers, self.scaling_, factors, self.filling_)

    def _store(self, task: Task, progress: training.Progress) -> Self:
        self.history_ = callbacks.history(progress.history)
        self._evaluate(task.rows, task.plan, task.place.processes)
        if self.filling_ is not None:
            self.network_share_ = self._share_of_networks(task)
        return self

    def _store_part(self, rows: Array, progress: training.Progress, place: Placement) -> None:
        self.history_ = callbacks.history(progress.history, after=getattr(self, "history_", {}))
        self.reconstruction_error_ = self._error(rows, processes=place.processes)

    def _share_of_networks(self, task: Task) -> float:
        if task.hidden is None:
            seed = task.plan.seeds.split
            return trial.network_share(self, self._unclipped, task.rows, task.held, seed)
        return self._share_of_hidden(task.rows["x"], task.hidden)

    def _share_of_hidden(self, rows: Array, hidden: missing.Hidden | None) -> float:
        """Find the share of the networks by values hidden; 0 if there are none."""
        if hidden is None:
            return 0.0
        return missing.network_share(self.filling_, rows, hidden, self._unclipped)

    def _unclipped(self, rows: np.ndarray) -> np.ndarray:
        return self._reconstruct(rows, clip=False)

    # --- before training --------------------------------------------------------------------

    def _goes_on(self) -> bool:
        return self.warm_start and self.__sklearn_is_fitted__()

    def _begin(self, data: Rows, seeds: Seeds, processes: Processes) -> None:
        """Set everything that is known before the first step."""
        self.__dict__.pop("_training", None)
        self._forget_density()
        self.is_pca_, self.network_share_ = False, 1.0
        given, known = data["x"], missing.relative(data, processes)
        kept = self._goes_on() and missing.allowed(self) and self.filling_ is not None
        if not kept:
            self.filling_ = missing.filling(self, given, known, seeds.network)
        rows = missing.filled(self.filling_, given)
        if self._goes_on():
            self.baseline_ = self._pca(given, known, seeds, processes)
        else:
            self.__dict__.pop("reconstruction_error_", None)  # not fitted until the end
            pair = self._build(rows, known, seeds, processes)
            self.n_components_ = int(np.prod(pair.encoder.output_shape[1:]))
            self.baseline_ = self._pca(given, known, seeds, processes)
            require_magnitude(self, rows, self.baseline_.variance)
            self.scaling_ = self._choose_scaling(rows, pair, processes)
            self.dtype_ = counted_as(rows.dtype)
            self.encoder_, self.decoder_ = pair
            if plan.own(self):
                self._start(seeds)
        self.scale_ = self.scaling_.scale
        self.baseline_error_ = self.baseline_.error

    def _build(
        self, rows: Array, known: np.ndarray | None, seeds: Seeds, processes: Processes
    ) -> Pair:
        return plan.build(self, rows, known, seeds.network, processes)

    def _choose_scaling(self, rows: Array, pair: Pair, processes: Processes) -> Scaling:
        return plan.choose_scaling(self, rows, pair.decoder, self.baseline_, processes)

    def _start(self, seeds: Seeds) -> None:
        plan.start(self, self._pair(), self.baseline_, self.scaling_, seeds)

    def _pca(
        self, rows: Array, known: np.ndarray | None, seeds: Seeds, processes: Processes
    ) -> pca.Principal:
        return missing.baseline(
            self.filling_, rows, self.n_components_, known, seeds.network, processes
        )

    def _guided(
        self,
        rows: Array,
        parts: tuple[Any, Any],
        seeds: Seeds,
        processes: Processes,
        *,
        turn: bool,
    ) -> dict[str, Array]:
        """Find the guide's features, and match the signs of PCA's codes to them."""
        found = guides.guide(self.guide, rows, parts, self.n_components_, seeds.guide, processes)
        self.guide_rows_ = found.rows
        if turn and plan.begins_as_pca(self):
            signs = guides.signs(self.baseline_, rows, found.features, processes)
            initialization.scale_codes(self._pair(), signs)
        return found.columns()

    def _checkpoint(self, data: Rows, processes: Processes) -> Checkpoint | None:
        """Open the checkpoint; of several processes the first one has it."""
        if self.checkpoint_dir is None:
            return None
        networks = self._pair() if self._goes_on() else ()
        name = identity(self.get_params(deep=False), data, networks)
        if processes.hosts > 1:
            name = combined(processes.gathered(np.frombuffer(name.encode(), np.uint8)))
        if processes.rank:
            return None
        return Checkpoint.open(self.checkpoint_dir, name, lambda: Seeds.draw(self.random_state))

    # --- after training ---------------------------------------------------------------------

    def _evaluate(self, data: Rows, made: Plan, processes: Processes) -> None:
        """Measure the error on the training rows, and fall back to PCA if that is better."""
        rows, known = data["x"], missing.relative(data, processes)
        self.reconstruction_error_ = self._error(rows, weights=known, processes=processes)
        epochs = len(self.history_["loss"])
        improved = self.reconstruction_error_ <= self.baseline_error_
        if improved or not made.promised or not epochs:
            return
        self.encoder_, self.decoder_ = architectures.without_columns(self._pair())
        with initialization.whitened(self._pair(), self._networks().factors, already=True):
            self._start(made.seeds)
        self.is_pca_ = True
        error = self._error(rows, weights=known, processes=processes)
        self.reconstruction_error_ = self.baseline_error_ = error
        hopeful = self.network not in ((), [])  # no linear network is better than PCA
        if hopeful and self.baseline_error_ > 1e-9 * self.baseline_.variance:
            after = f"{epochs} epoch{'s' if epochs > 1 else ''}"
            warnings.warn(
                f"Training did not improve on PCA in {after}, so the model is PCA. "
                "Try more epochs, a lower learning_rate or fewer n_components.",
                ConvergenceWarning,
                stacklevel=4,
            )
