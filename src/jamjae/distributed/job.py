"""A fit on a cluster, seen from the process that waits for it."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from ray.data import Dataset
from ray.train import CheckpointConfig, DataConfig, FailureConfig, Result, RunConfig, ScalingConfig
from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer
from ray.train.v2.jax import JaxTrainer

from jamjae import errors
from jamjae.distributed import storage
from jamjae.distributed.batches import place
from jamjae.distributed.board import Board, Failure
from jamjae.distributed.joining import Processors
from jamjae.distributed.progress import Watch
from jamjae.distributed.sharing import dataset, titles
from jamjae.distributed.workers import MODEL, SHARD, Task, work
from jamjae.engine import own_layers
from jamjae.engine.fingerprints import parts
from jamjae.engine.training import EpochReport
from jamjae.errors import ClusterError, InvalidDataError, JamjaeError, brief
from jamjae.models.callbacks import require_callables
from jamjae.models.persistence import load_model

LAYERS = ("encoder", "decoder", "corruption", "augmentation")
RUN = "fit"  # name of Ray's run within the folder of the job
POLL_SECONDS = 0.2


class Job(NamedTuple):
    """An estimator, the columns of its data, how they are divided, and the folder of the job."""

    ray: Any
    model: Any
    dataset: Any
    columns: tuple[str, ...]
    names: tuple[str, ...]
    counts: tuple[int, ...]
    storage_path: str

    @classmethod
    def of(
        cls,
        ray: Any,
        model: Any,
        data: Any,
        num_workers: int,
        asked: Sequence[str],
        storage_path: str | Path,
    ) -> Job:
        """Check what is asked for, and note the job in its folder."""
        attempt = f"{type(model).__name__} cannot fit on a cluster"
        require_callables(model.callbacks)
        names: tuple[str, ...] = ()
        if not isinstance(data, Dataset):
            names, data = titles(data), dataset(ray, data)
        n = data.count()
        if n < 2 * num_workers:
            raise InvalidDataError(
                f"{attempt}: the data set has {n} rows for {num_workers} workers; at least two for "
                "each are expected. Ask for fewer workers."
            )
        columns, first = place(data.columns(), attempt, asked), data.take(1)[0]
        if not names and all(np.ndim(first[name]) == 0 for name in columns):
            names = tuple(columns)
        ends = [n * i // num_workers for i in range(num_workers + 1)]
        counts = tuple(b - a for a, b in pairwise(ends))
        folder = storage.location(storage_path)
        storage.begin(folder, storage.described(model, data, first, columns, counts))
        return cls(ray, model, data, tuple(columns), names, counts, folder)

    def finished(self) -> Any:
        """Give the fitted model of an earlier call that came to its end, else None."""
        try:
            found = Result.from_path(f"{self.storage_path}/{RUN}")
        except Exception:  # noqa: BLE001 - whatever Ray raises where there was no run yet
            return None
        return self._loaded(found.checkpoint)

    def run(self, *, use_gpu: bool, max_failures: int) -> Any:
        """Train, and give the fitted model."""
        board = self.ray.remote(num_cpus=0)(Board).remote()
        trainer = self._trainer(board, use_gpu, max_failures)
        ended: list[Any] = []
        thread = threading.Thread(target=_run, args=(trainer, ended), daemon=True)
        thread.start()
        watch = Watch(self.model, sum(self.counts), len(self.counts))
        try:
            while thread.is_alive():
                self._see(board, watch)
                thread.join(POLL_SECONDS)
            self._see(board, watch)
        except BaseException as error:
            board.fail.remote(type(error).__name__, str(error))
            raise
        result = ended[0]
        if isinstance(result, Exception):
            raise ClusterError(
                f"Workers of {type(self.model).__name__} failed: {brief(result, 600)} Call fit "
                "again with the same storage_path to go on from the last state."
            ) from result
        return self._loaded(result.checkpoint)

    def _trainer(self, board: Any, use_gpu: bool, max_failures: int) -> Any:
        task = Task([self.ray.put(_bare(self.model))], self.columns, self.counts, board)._asdict()
        each = {"CPU": 0, "GPU": 1} if use_gpu else {"CPU": 1}
        given: dict[str, Any] = {
            "train_loop_config": task,  # a plain one, as Ray's controller loads it, too
            "scaling_config": ScalingConfig(
                num_workers=len(self.counts), use_gpu=use_gpu, resources_per_worker=each
            ),
            "datasets": {SHARD.format(i): shard for i, shard in enumerate(self._shards())},
            "dataset_config": DataConfig(datasets_to_split=[]),
            "run_config": RunConfig(
                name=RUN,
                storage_path=self.storage_path,
                failure_config=FailureConfig(max_failures=max_failures),
                checkpoint_config=CheckpointConfig(num_to_keep=2),
            ),
        }
        if use_gpu:
            return JaxTrainer(work, **given)
        return DataParallelTrainer(work, backend_config=Processors(), **given)

    def _shards(self) -> list[Any]:
        """Divide the rows, in their order, so that a worker that is replaced gets the same."""
        self.dataset.context.execution_options.preserve_order = True
        whole = self.dataset.materialize()
        ends = np.cumsum(self.counts)[:-1].tolist()
        return whole.split_at_indices(ends) if ends else [whole]

    def _see(self, board: Any, watch: Watch) -> None:
        reports, failures = self.ray.get(board.take.remote())
        for report in reports:
            watch(EpochReport(*report))
        if failures:
            time.sleep(5 * POLL_SECONDS)  # others may know more
            raise _error(self.ray.get(board.take.remote())[1])

    def _loaded(self, checkpoint: Any) -> Any:
        if checkpoint is None:
            return None
        with checkpoint.as_directory() as folder:
            path = Path(folder) / MODEL
            if not path.is_file():
                return None
            found = load_model(path, _classes(self.model))
        parameters = self.model.get_params(deep=False)
        own = {name: parameters[name] for name in parameters if name not in ("encoder", "decoder")}
        found.set_params(**own)
        if len(self.names) == found.n_features_in_ and len(found.row_shape_) == 1:
            found.feature_names_in_ = np.array(self.names, dtype=object)
        return found


def _classes(model: Any) -> dict[str, Any]:
    """Find the user's own classes and functions in an estimator's parameters."""
    given = [getattr(model, name, None) for name in LAYERS]
    layers = [part for one in given if isinstance(one, keras.Layer) for part in parts(one)]
    return own_layers.classes([getattr(model, "optimizer", None), *layers])


def _bare(model: Any) -> Any:
    """Give the estimator without what only this process can use."""
    return copy.copy(model).set_params(callbacks=())


def _run(trainer: Any, ended: list[Any]) -> None:
    try:
        ended.append(trainer.fit())
    except Exception as error:  # noqa: BLE001 - raised in the thread that waits
        ended.append(error)


def _error(failures: Sequence[Failure]) -> Exception:
    """Make an error of what workers said: of the one that failed, rather than of the others."""
    kind, message = next((one for one in failures if one.kind != "JamjaeError"), failures[0])
    known = getattr(errors, kind, None)
    is_own = isinstance(known, type) and issubclass(known, JamjaeError)
    return known(message) if is_own and known is not None else InvalidDataError(message)
