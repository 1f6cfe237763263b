"""Fit and transform on a Ray cluster; nothing else in jamjae knows Ray."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data.rows import row_chunks
from jamjae.distributed.cluster import cluster
from jamjae.distributed.sharing import opened, shared
from jamjae.distributed.transforming import Transform
from jamjae.engine.blocks import among
from jamjae.errors import InvalidDataError, JamjaeError

__all__ = ["Transform", "fit", "pieces"]

METHODS = {"codes": "transform", "reconstructions": "reconstruct", "scores": "score_samples"}


def fit(
    model: Any,
    dataset: Any,
    *,
    num_workers: int,
    storage_path: str | Path,
    use_gpu: bool = False,
    max_failures: int = 3,
    columns: Sequence[str] = (),
) -> Any:
    """Fit an estimator to a data set, on workers that train in step.

    Each worker takes a part of the rows and of each batch. A worker that dies is replaced, and
    training goes on from its last state to the same bits. So it does in a second call with the
    same `storage_path`, where this process was ended.

    Parameters
    ----------
    model : estimator
        It stays as it is. Its callbacks are called in this process, and cannot stop training.
        With a ``random_state`` two fits with as many workers agree bit for bit.
    dataset : ray.data.Dataset, or rows as ``fit`` takes them
        One column of arrays, or columns of numbers; rows in memory or in files. Ray holds all
        rows, on disk where memory does not suffice, and each worker has its own in a temporary
        file.
    num_workers : int
        Each takes a processor, or a GPU.
    storage_path : path or address
        Folder of this job, that all machines can write: shared, or such as ``s3://bucket/folder``.
    use_gpu : bool, default=False
    max_failures : int, default=3
        How often workers are replaced.
    columns : sequence of str, default=()
        By default a column called ``data``, ``image`` or ``item``, or all columns.

    Returns
    -------
    fitted estimator

    Raises
    ------
    ClusterError
        No cluster answers, it has too few processors or other versions of libraries, or workers
        failed more often than allowed.
    OutputError
        `storage_path` cannot be written, or belongs to another job.
    InvalidDataError
        There are fewer than two rows for each worker, a column holds no numbers, or as ``fit``.

    Examples
    --------
    >>> rows = ray.data.read_parquet("table/")  # doctest: +SKIP
    >>> ae = fit(Autoencoder(8), rows, num_workers=2, storage_path="job/")  # doctest: +SKIP
    """
    with cluster(num_workers, cpus=0 if use_gpu else 1, gpus=int(use_gpu)) as ray:
        from jamjae.distributed.job import Job

        job = Job.of(ray, model, dataset, num_workers, columns, storage_path)
        if (found := job.finished()) is None:
            found = job.run(use_gpu=use_gpu, max_failures=max_failures)
        return found


def pieces(model: Any, X: Any, what: str = "codes", *, num_workers: int) -> Iterator[np.ndarray]:
    """Transform rows on workers, and give the results piece by piece, in order.

    Parameters
    ----------
    model : fitted estimator
    X : rows (n, ...) in memory or in files, or data frame
        Files must be at the same place on all machines of the cluster.
    what : {"codes", "reconstructions", "scores"}, default="codes"
        What ``transform``, ``reconstruct`` or ``score_samples`` gives.
    num_workers : int
        Each takes a processor.

    Yields
    ------
    array of shape (m, ...)
        For each slice of ``jamjae.data.rows.row_chunks(X)``, bit for bit as of the model's own
        method.

    Raises
    ------
    ClusterError
        No cluster answers, or it has too few processors or other versions of libraries.
    InvalidDataError, ShapeMismatchError
        As the model's method raises them.

    Examples
    --------
    >>> codes = np.concatenate(list(pieces(model, X, num_workers=2)))  # doctest: +SKIP
    """
    ends = [chunk.indices(len(X))[:2] for chunk in row_chunks(X)]
    with cluster(num_workers) as ray:
        made = ray.data.from_items(
            [{"start": start, "stop": stop} for start, stop in ends], override_num_blocks=len(ends)
        ).map_batches(
            _Pieces,
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=min(num_workers, len(ends))),
            fn_constructor_args=([ray.put(model), ray.put(shared(X))], METHODS[what]),
            num_cpus=1,
        )
        with closing(iter(made.iter_batches(batch_size=None))) as batches:
            yield from _cut(batches, [stop - start for start, stop in ends])


class _Pieces:
    """Transform pieces of rows by their places; loaded once by each actor."""

    def __init__(self, held: Sequence[Any], method: str) -> None:
        import ray

        model, rows = ray.get(list(held))
        self.X, self.call = opened(rows), getattr(model, method)

    def __call__(self, batch: Mapping[str, np.ndarray]) -> dict[str, Any]:
        start, stop = int(batch["start"][0]), int(batch["stop"][0])
        try:
            with among(len(self.X)):
                return {"made": self.call(self.X[start:stop])}
        except JamjaeError as error:  # which Ray would make text of
            return {"error": np.array([f"rows {start:,} to {stop - 1:,}: {error}"])}


def _cut(
    batches: Iterable[Mapping[str, np.ndarray]], lengths: Sequence[int]
) -> Iterator[np.ndarray]:
    """Cut blocks, of which Ray splits large ones, into arrays of so many rows."""
    held: list[np.ndarray] = []
    coming = iter(batches)
    for length in lengths:
        while sum(map(len, held)) < length:
            batch = next(coming)
            if "error" in batch:
                raise InvalidDataError(str(batch["error"][0]))
            held.append(batch["made"])
        joined = held[0] if len(held) == 1 else np.concatenate(held)
        held = [joined[length:]]
        yield joined[:length]
