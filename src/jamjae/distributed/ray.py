"""Fit and transform on a Ray cluster; nothing else in jamjae knows Ray."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from jamjae.data.rows import row_chunks
from jamjae.distributed.cluster import cluster
from jamjae.distributed.sharing import opened, shared
from jamjae.distributed.transforming import Transform
from jamjae.engine.blocks import among
from jamjae.errors import InvalidDataError, JamjaeError

__all__ = ["Transform", "pieces"]

METHODS = {"codes": "transform", "reconstructions": "reconstruct", "scores": "score_samples"}


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
