"""What turns checked rows into a fitted model, for all estimators that are trained."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from jamjae.data.preprocessing import counted_as
from jamjae.data.rows import Array, Rows, part
from jamjae.engine import architectures, initialization, pca, training
from jamjae.engine.checkpoints import Checkpoint, identity
from jamjae.models import callbacks, guides, missing, plan, trial
from jamjae.models.base import LatentModel
from jamjae.models.fitting import Networks, Task
from jamjae.models.plan import Plan, Seeds
from jamjae.models.validation import (
    check_rows,
    held_out_rows,
    noisy_versions,
    require_magnitude,
    require_same_kind,
)


class TrainableModel(LatentModel, plan.Parameters):
    """Check rows, start the networks, make a task of them, and judge what came of it.

    A subclass has these parameters, beside those that a plan depends on.
    """

    validation_fraction: float
    checkpoint_dir: str | Path | None
    callbacks: Iterable[Callable[[training.EpochReport], Any]]
    warm_start: bool
    random_state: int | np.random.RandomState | None

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

    def _planned(self, data: Rows, given: Rows | None) -> Task:
        apart = {f"held {name}": array for name, array in (given or {}).items()}
        warm, checkpoint = self._goes_on(), self._checkpoint({**data, **apart})
        seeds = Seeds.draw(self.random_state) if checkpoint is None else checkpoint.seeds
        kept, held = plan.split(len(data["x"]), self.validation_fraction, seeds.split)
        self._begin(part(data, kept), seeds)
        if self.guide is not None:
            whole = missing.filled(self.filling_, data["x"])
            data = {**data, **self._guided(whole, (kept, held), seeds, turn=not warm)}
        rows, held_out = part(data, kept), given if held is None else part(data, held)
        gaps = self.filling_ is not None and missing.incomplete(rows["x"])
        hidden = missing.Hidden(rows["x"], seeds.split) if gaps else None
        return Task(self._plan(rows, seeds), rows, held_out, warm, checkpoint, hidden)

    def _plan(self, rows: Rows, seeds: Seeds) -> Plan:
        return plan.make(self, self._pair(), self.scaling_, self.baseline_, rows, seeds)

    def _networks(self) -> Networks:
        layers = plan.layers(self, self._pair())
        factors = plan.code_factors(self, self.baseline_)
        return Networks(self._pair(), layers, self.scaling_, factors, self.filling_)

    def _store(self, task: Task, progress: training.Progress) -> Self:
        self.history_ = callbacks.history(progress.history)
        self._evaluate(task.rows, task.plan)
        if self.filling_ is not None:
            self.network_share_ = self._share_of_networks(task)
        return self

    def _share_of_networks(self, task: Task) -> float:
        def reconstruct(rows: np.ndarray) -> np.ndarray:
            return self._reconstruct(rows, clip=False)

        if task.hidden is None:
            seed = task.plan.seeds.split
            return trial.network_share(self, reconstruct, task.rows, task.held, seed)
        return missing.network_share(self.filling_, task.rows["x"], task.hidden, reconstruct)

    # --- before training --------------------------------------------------------------------

    def _goes_on(self) -> bool:
        return self.warm_start and self.__sklearn_is_fitted__()

    def _begin(self, data: Rows, seeds: Seeds) -> None:
        """Set everything that is known before the first step."""
        self.__dict__.pop("_training", None)
        self._forget_density()
        self.is_pca_, self.network_share_ = False, 1.0
        given, known = data["x"], missing.relative(data)
        kept = self._goes_on() and missing.allowed(self) and self.filling_ is not None
        if not kept:
            self.filling_ = missing.filling(self, given, known, seeds.network)
        rows = missing.filled(self.filling_, given)
        if self._goes_on():
            self.baseline_ = self._pca(given, known, seeds)
        else:
            self.__dict__.pop("reconstruction_error_", None)  # not fitted until the end
            pair = plan.build(self, rows, known, seeds.network)
            self.n_components_ = int(np.prod(pair.encoder.output_shape[1:]))
            self.baseline_ = self._pca(given, known, seeds)
            require_magnitude(self, rows, self.baseline_.variance)
            self.scaling_ = plan.choose_scaling(self, rows, pair.decoder, self.baseline_)
            self.dtype_ = counted_as(rows.dtype)
            self.encoder_, self.decoder_ = pair
            if plan.own(self):
                plan.start(self, pair, self.baseline_, self.scaling_, seeds)
        self.scale_ = self.scaling_.scale
        self.baseline_error_ = self.baseline_.error

    def _pca(self, rows: Array, known: np.ndarray | None, seeds: Seeds) -> pca.Principal:
        return missing.baseline(self.filling_, rows, self.n_components_, known, seeds.network)

    def _guided(
        self, rows: Array, parts: tuple[Any, Any], seeds: Seeds, *, turn: bool
    ) -> dict[str, np.ndarray]:
        """Find the guide's features, and match the signs of PCA's codes to them."""
        found = guides.guide(self.guide, rows, parts, self.n_components_, seeds.guide)
        self.guide_rows_ = found.rows
        if turn and plan.begins_as_pca(self):
            signs = guides.signs(self.baseline_.transform(rows), found.features)
            initialization.scale_codes(self._pair(), signs)
        return found.columns()

    def _checkpoint(self, data: Rows) -> Checkpoint | None:
        if self.checkpoint_dir is None:
            return None
        networks = self._pair() if self._goes_on() else ()
        name = identity(self.get_params(deep=False), data, networks)
        return Checkpoint.open(self.checkpoint_dir, name, lambda: Seeds.draw(self.random_state))

    # --- after training ---------------------------------------------------------------------

    def _evaluate(self, data: Rows, made: Plan) -> None:
        """Measure the error on the training rows, and fall back to PCA if that is better."""
        rows, known = data["x"], missing.relative(data)
        self.reconstruction_error_ = self._error(rows, weights=known)
        epochs = len(self.history_["loss"])
        improved = self.reconstruction_error_ <= self.baseline_error_
        if improved or not made.promised or not epochs:
            return
        self.encoder_, self.decoder_ = architectures.without_columns(self._pair())
        with initialization.whitened(self._pair(), self._networks().factors, already=True):
            plan.start(self, self._pair(), self.baseline_, self.scaling_, made.seeds)
        self.is_pca_ = True
        self.reconstruction_error_ = self.baseline_error_ = self._error(rows, weights=known)
        hopeful = self.network not in ((), [])  # no linear network is better than PCA
        if hopeful and self.baseline_error_ > 1e-9 * self.baseline_.variance:
            after = f"{epochs} epoch{'s' if epochs > 1 else ''}"
            warnings.warn(
                f"Training did not improve on PCA in {after}, so the model is PCA. "
                "Try more epochs, a lower learning_rate or fewer n_components.",
                ConvergenceWarning,
                stacklevel=4,
            )
