"""Checkpoints: an interrupted training resumes bit for bit."""

from __future__ import annotations

import functools
import hashlib
import json
import marshal
import math
import pickle
import time
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import joblib
import keras
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from jamjae.data.archives import parsed
from jamjae.data.atomic import atomic
from jamjae.data.rows import Rows, row_chunks
from jamjae.engine import keras_bridge
from jamjae.engine.fingerprints import fingerprint
from jamjae.engine.training import EpochReport, Progress
from jamjae.errors import ModelFileError, brief


def identity(
    parameters: Mapping[str, Any], data: Rows, networks: Iterable[keras.Layer] = ()
) -> str:
    """Tell one training from another: a hash of data and parameters, save those that only watch.

    Parameters
    ----------
    parameters : mapping of str to object
        Of the estimator.
    data : Rows
    networks : iterable of layers
        Those that training goes on from, if it does.
    """
    digest = hashlib.sha256()
    for name, rows in sorted(data.items()):
        digest.update(repr((name, rows.shape, rows.dtype.str)).encode())
        for chunk in row_chunks(rows):
            digest.update(rows[chunk].tobytes())
    for name, value in sorted(parameters.items()):
        if name not in ("callbacks", "verbose", "checkpoint_dir", "devices"):
            digest.update(f"{name}=".encode() + _described(value))
    for network in networks:
        digest.update(_described(network))
    return digest.hexdigest()[:16]


def combined(names: np.ndarray) -> str:
    """Give the identity of a training of several processes, of theirs (processes, characters)."""
    return hashlib.sha256(names.tobytes()).hexdigest()[:16]


def _described(value: Any) -> bytes:
    """Describe a parameter so that another process describes an equal one alike."""
    if isinstance(value, keras.Layer):
        return _layer(value)
    if isinstance(value, keras.Optimizer):
        return keras_bridge.describe_optimizer(value, scheduled=False).encode()
    if isinstance(value, types.FunctionType):
        around = [cell.cell_contents for cell in value.__closure__ or ()]
        parts = (value.__module__, value.__qualname__, value.__defaults__, *around)
        # version 0 knows no references, which differ from process to process
        return marshal.dumps(value.__code__, 0) + b"".join(map(_described, parts))
    if isinstance(value, functools.partial):
        return b"".join(map(_described, (value.func, *value.args, *sorted(value.keywords.items()))))
    if isinstance(value, list | tuple):
        return b"".join(map(_described, value))
    return _hashed(value)


def _hashed(value: Any) -> bytes:
    try:
        return joblib.hash(value).encode()
    except (pickle.PicklingError, TypeError, AttributeError):  # only this process can know it
        return repr(value).encode()


def _layer(layer: keras.Layer) -> bytes:
    """Describe a layer by what it computes and by its weights, whatever its seeds."""
    found = fingerprint(layer)
    kinds = sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in found.kinds)
    weights = [np.asarray(v.value).tobytes() for v in layer.variables if "seed" not in v.path]
    described = repr((found.text, kinds, found.trainable)).encode()
    functions = [part() for part in found.functions if isinstance(part(), types.FunctionType)]
    return described + b"".join(map(_described, functions)) + b"".join(weights)


class Resumed(NamedTuple):
    """What a checkpoint file holds."""

    seeds: tuple[int, ...]
    arrays: dict[str, np.ndarray]
    notes: dict[str, Any]


_KEPT: ContextVar[list[Path] | None] = ContextVar("kept", default=None)


@contextmanager
def kept() -> Iterator[None]:
    """Keep the checkpoints of trainings that are done until the block ends without an error.

    What is made of a training, such as a model file, may fail where the training did not. The same
    training begun again goes on from its last epoch.
    """
    paths: list[Path] = []
    before = _KEPT.set(paths)
    try:
        yield
    finally:
        _KEPT.reset(before)
    for path in paths:
        path.unlink(missing_ok=True)


class Checkpoint:
    """The state of one training in a file: written while it runs, gone when it is done.

    A training that is interrupted, by an exception or by the loss of power, leaves the file
    behind; the same training begun again goes on from there. It is written after the first epoch,
    then at most every `EVERY` seconds, and when an exception ends the training. `kept` keeps it
    longer.
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
        if found is None:
            return cls(path, seeds, None)
        if len(found.seeds) != len(seeds):
            raise _damaged(path, f"it holds {len(found.seeds)} seeds; {len(seeds)} are expected")
        return cls(path, type(seeds)(*found.seeds), found)

    def resume(self, fresh: Progress) -> Progress:
        """Give the progress found in the file, or `fresh` where there was none."""
        if self._found is None:
            return fresh
        like, structure = jax.tree.flatten((fresh.state, fresh.best))
        arrays = [self._found.arrays.get(str(number)) for number in range(len(like))]
        if any(
            array is None or (array.shape, array.dtype) != (one.shape, one.dtype)
            for array, one in zip(arrays, like, strict=True)
        ):
            raise _damaged(self.path, "its arrays are not those of this training")
        state, best = jax.tree.unflatten(structure, [jnp.asarray(array) for array in arrays])
        history = tuple(self._found.notes["history"])
        return Progress(
            state, best, self._found.notes["best_value"], self._found.notes["best_epoch"], history
        )

    def observe(self, report: EpochReport, progress: Progress) -> None:
        """Take note of an epoch's end."""
        if report.epoch == 0:
            return
        self._unwritten = progress
        if time.monotonic() - self._written >= self.EVERY:
            self._write()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        kept = _KEPT.get()
        if kind is None and kept is None:
            self.path.unlink(missing_ok=True)
            return
        if self._unwritten is not None:
            self._write()
        if kind is None and kept is not None:
            kept.append(self.path)

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
            described = json.dumps(notes)
            metadata = {"jamjae": described, "sha256": _digest(described, arrays)}
            temporary.write_bytes(save(arrays, metadata=metadata))
        self._written = time.monotonic()


def _digest(notes: str, arrays: dict[str, np.ndarray]) -> str:
    """Hash the notes and the arrays, with their names, shapes and types."""
    digest = hashlib.sha256(notes.encode())
    for name, array in sorted(arrays.items()):
        digest.update(repr((name, array.shape, array.dtype.str)).encode() + array.tobytes())
    return digest.hexdigest()


def _damaged(path: Path, why: object) -> ModelFileError:
    return ModelFileError(
        f"Cannot resume from the checkpoint {str(path)!r}: it is damaged ({brief(why)}). "
        "Delete it to train from the start."
    )


def _read_checkpoint(path: Path) -> Resumed:
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        whole = metadata["sha256"] == _digest(metadata["jamjae"], arrays)
        notes = parsed(metadata["jamjae"].encode())
        found = Resumed(tuple(notes["seeds"]), arrays, notes)
    except Exception as error:  # whatever safetensors and JSON make of damage
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    if not whole:
        raise _damaged(path, "its SHA-256 is not the one that was written")
    if not _are_notes(notes):
        raise _damaged(path, "its record of the training has wrong types")
    return found


def _are_notes(notes: Any) -> bool:
    """Whether notes are of the types that `Checkpoint` writes."""
    return (
        isinstance(notes.get("best_value"), float)
        and isinstance(notes.get("history"), list)
        and _are_counts([*notes["seeds"], notes.get("best_epoch")])
        and notes["best_epoch"] <= len(notes["history"])
        and all(isinstance(terms, dict) for terms in notes["history"])
        and all(isinstance(value, float) for terms in notes["history"] for value in terms.values())
    )


def _are_counts(values: list[Any]) -> bool:
    return all(isinstance(value, int) and 0 <= value < 1 << 32 for value in values)
