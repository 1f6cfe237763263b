"""Checkpoints: a training that was interrupted goes on bit for bit."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import keras
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from jamjae import functional
from jamjae.errors import ModelFileError
from jamjae.files import atomic
from jamjae.scaling import row_chunks
from jamjae.training import Progress, Report


def identity(model: Any, rows: np.ndarray) -> str:
    """Tell one training from another: a hash of data and parameters, save those that only watch."""
    digest = hashlib.sha256(repr((rows.shape, rows.dtype.str)).encode())
    for chunk in row_chunks(rows):
        digest.update(rows[chunk].tobytes())
    for name, value in sorted(model.get_params(deep=False).items()):
        if name not in ("callbacks", "verbose", "checkpoint_dir"):
            digest.update(f"{name}=".encode() + _described(value))
    if model.warm_start and hasattr(model, "encoder_"):
        digest.update(_described(model.encoder_) + _described(model.decoder_))
    return digest.hexdigest()[:16]


def _described(value: Any) -> bytes:
    if isinstance(value, keras.Layer):
        held = functional.read(value) if value.built else functional.Variables([], [])
        weights = b"".join(np.asarray(array).tobytes() for array in (*held.params, *held.buffers))
        return repr(functional.fingerprint(value)).encode() + weights
    if isinstance(value, keras.Optimizer):
        return functional.describe_optimizer(value, scheduled=False).encode()
    if isinstance(value, np.ndarray):
        return repr((value.shape, value.dtype)).encode() + np.ascontiguousarray(value).tobytes()
    if callable(value):
        return f"{value.__module__}.{value.__qualname__}".encode()
    return repr(value).encode()


class Resumed(NamedTuple):
    """What a checkpoint file holds."""

    seeds: tuple[int, ...]
    arrays: dict[str, np.ndarray]
    notes: dict[str, Any]


class Checkpoint:
    """The state of one training in a file: written while it runs, gone when it is done.

    A training that is interrupted, by an exception or by the loss of power, leaves the file
    behind; the same training begun again goes on from there. It is written after the first epoch,
    then at most every `EVERY` seconds, and when an exception ends the training.
    """

    EVERY = 2.0

    def __init__(self, path: Path, seeds: Any, found: Resumed | None) -> None:
        self.path = path
        self.seeds = seeds
        self._found = found
        self._written = -math.inf
        self._unwritten: Progress | None = None

    @classmethod
    def open(cls, folder: str | Path, name: str, draw: Callable[[], Any]) -> Self:
        """Look for the checkpoint of a training by its `identity`; a new one draws its seeds."""
        path = Path(folder) / f"{name}.checkpoint"
        seeds = draw()
        found = _read_checkpoint(path) if path.is_file() else None
        return cls(path, seeds if found is None else type(seeds)(*found.seeds), found)

    def resume(self, fresh: Progress) -> Progress:
        """Give the progress found in the file, or `fresh` where there was none."""
        if self._found is None:
            return fresh
        like, structure = jax.tree.flatten((fresh.state, fresh.best))
        arrays = [self._found.arrays[str(number)] for number in range(len(like))]
        state, best = jax.tree.unflatten(structure, [jnp.asarray(array) for array in arrays])
        history = tuple(self._found.notes["history"])
        return Progress(
            state, best, self._found.notes["best_value"], self._found.notes["best_epoch"], history
        )

    def observe(self, report: Report, progress: Progress) -> None:
        """Take note of an epoch's end."""
        self._unwritten = progress
        if time.monotonic() - self._written >= self.EVERY:
            self._write()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.path.unlink(missing_ok=True)
        elif self._unwritten is not None:
            self._write()

    def _write(self) -> None:
        progress, self._unwritten = self._unwritten, None
        assert progress is not None  # noqa: S101 - only called where there is one
        notes = {
            "seeds": list(self.seeds),
            "history": list(progress.history),
            "best_value": progress.best_value,
            "best_epoch": progress.best_epoch,
        }
        leaves = jax.tree.leaves((progress.state, progress.best))
        arrays = {str(number): np.asarray(leaf) for number, leaf in enumerate(leaves)}
        with atomic(self.path) as temporary:
            temporary.write_bytes(save(arrays, metadata={"jamjae": json.dumps(notes)}))
        self._written = time.monotonic()


def _read_checkpoint(path: Path) -> Resumed:
    try:
        with safe_open(path, framework="numpy") as file:
            notes = json.loads(file.metadata()["jamjae"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"Cannot go on from the checkpoint {str(path)!r}: it is damaged ({error}). "
            "Delete it to train from the beginning."
        ) from error
    return Resumed(tuple(notes["seeds"]), arrays, notes)
