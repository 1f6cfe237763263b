"""What a worker does: join the others, take its rows, train with them, keep the state."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ray.train import Checkpoint, get_checkpoint, get_context, report
from sklearn.utils._param_validation import InvalidParameterError

from jamjae.data.streaming import write_pieces
from jamjae.distributed.batches import rows_of
from jamjae.engine import placement
from jamjae.engine.training import EpochReport
from jamjae.errors import ClusterError, InvalidDataError, JamjaeError

MODEL, STATE = "model.jamjae", "*.checkpoint"
SHARD = "shard{}"  # name of the data set of a rank


class Task(NamedTuple):
    """What all workers get.

    Attributes
    ----------
    held : list of one reference
        To the estimator.
    columns : sequence of str
        Of the data set, that are its rows.
    counts : sequence of int
        Rows of each worker.
    board : actor
        See `board.Board`.
    """

    held: list[Any]
    columns: Sequence[str]
    counts: Sequence[int]
    board: Any


def work(given: dict[str, Any]) -> None:
    """Train, and report the state and at last the model; `given` is a `Task` as a dictionary."""
    import ray

    task, rank = Task(**given), get_context().get_world_rank()
    if ray.get(task.board.failed.remote()):
        raise ClusterError("The job is over.")
    try:
        with tempfile.TemporaryDirectory(prefix="jamjae-") as folder:
            _train(task, rank, Path(folder))
    except (JamjaeError, InvalidParameterError) as error:  # another attempt would end alike
        ray.get(task.board.fail.remote(type(error).__name__, str(error)))
        raise


def _train(task: Task, rank: int, folder: Path) -> None:
    import ray

    kept, made = folder / "kept", folder / "made"
    kept.mkdir()
    made.mkdir()
    if _resumed(kept):
        return
    rows = _rows(task, rank, folder / "rows.npy")
    model = ray.get(task.held[0])
    model.set_params(callbacks=[Reporter(task.board, rank, kept)], checkpoint_dir=kept, verbose=0)
    model.fit(rows)
    if rank == 0:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parameters that are not stored are put back later
            model.save(made / MODEL)
    report({"done": True}, Checkpoint.from_directory(made) if rank == 0 else None)


def _resumed(kept: Path) -> bool:
    """Take the state of an earlier attempt; whether that had come to its end."""
    found = get_checkpoint()
    if found is None:
        return False
    with found.as_directory() as held:
        for path in Path(held).glob(STATE):
            shutil.copy(path, kept)
        return (Path(held) / MODEL).is_file()


def _rows(task: Task, rank: int, path: Path) -> np.ndarray:
    """Write the rows of this worker into a file, piece by piece, and map it into memory."""
    from ray.train import get_dataset_shard

    batches = get_dataset_shard(SHARD.format(rank)).iter_batches(batch_size=None)
    write_pieces(path, _pieces(batches, task.columns), task.counts[rank])
    found: np.ndarray = np.load(path, mmap_mode="r")
    return found


def _pieces(batches: Any, columns: Sequence[str]) -> Iterator[tuple[np.ndarray, Sequence[str]]]:
    kind = None
    for batch in batches:
        rows = rows_of(batch, columns, "Cannot fit")
        if hasattr(rows, "iloc"):
            names = [name for name in rows if rows[name].dtype.kind not in "biuf"]
            raise InvalidDataError(
                f"Cannot fit on a cluster: the columns {', '.join(names)} hold no numbers. Encode "
                "them before (fit a jamjae.TableEncoder to a sample and map_batches with it), or "
                "name other columns with columns=."
            )
        if not len(rows):
            continue
        kind = kind or (rows.dtype, rows.shape[1:])
        if (rows.dtype, rows.shape[1:]) != kind:
            raise InvalidDataError(
                f"Cannot fit: rows of {kind[0]} of shape {kind[1]} are followed by rows of "
                f"{rows.dtype} of shape {rows.shape[1:]}. Expected one type and shape; are values "
                "missing in some files only?"
            )
        yield rows, ()


class Reporter:
    """Reports epochs to the board, and the state of training to Ray when it was written.

    All workers report alike, as Ray waits for all of them.
    """

    def __init__(self, board: Any, rank: int, kept: Path) -> None:
        self.board, self.rank, self.kept = board, rank, kept
        self.processes = placement.of(None).processes
        self.stamp = self._stamp()

    def __call__(self, found: EpochReport) -> None:
        """Be told of an epoch."""
        import ray

        if self.rank == 0:
            self.board.put.remote(tuple(found))
        if self.processes.any(ray.get(self.board.failed.remote())):
            raise ClusterError("The job was ended.")
        stamp = self._stamp()
        if self.processes.any(stamp != self.stamp):
            self.stamp = stamp
            state = Checkpoint.from_directory(self.kept) if self.rank == 0 else None
            report({"epoch": found.epoch, **found.terms}, state)

    def _stamp(self) -> list[int]:
        return [path.stat().st_mtime_ns for path in self.kept.glob(STATE)]
