"""A Keras network as the bytes of a ``.keras`` file and back, in bounded memory.

What such a file asks for is held against what it stores before Keras builds anything: a
configuration is a few bytes of JSON, and a width of 10⁹ in it would end the process.
"""

from __future__ import annotations

import io
import math
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py  # Keras requires it, and reads and writes weights with it
import jax
import jax.numpy as jnp
import keras
import numpy as np

from jamjae.data import archives
from jamjae.data.archives import UnsoundError, parsed
from jamjae.engine import keras_bridge
from jamjae.errors import OutputError, brief

CONFIG, NOTES, WEIGHTS, ASSETS = "config.json", "metadata.json", "model.weights.h5", "assets/"
JSON_BYTES, LARGEST = 16 << 20, 8 << 30
ALWAYS_ALLOWED = 16 << 20  # weights that need not be stored: constants of a layer, for one
ROWS = 2  # of the call that is traced
ROOM, SPREAD = 1 << 22, 1024  # values made of one row: so many, or so many times its own
ALLOWED = 2  # times the weights stored; some layers merge theirs when they are saved


def written(network: keras.Model) -> bytes:
    """Write a network as the bytes of a ``.keras`` file."""
    with (
        _naming_the_folder("save a network"),
        tempfile.TemporaryDirectory(prefix="jamjae-") as folder,
    ):
        path = Path(folder) / "network.keras"
        keras.saving.save_model(network, path)
        return path.read_bytes()


def read(name: str, content: bytes, own: dict[str, Any]) -> keras.Model:
    """Build a network from the bytes of a ``.keras`` file; no code in it is run.

    Parameters
    ----------
    name : str
        What it is, for the messages.
    content : bytes
    own : dict of str to class or function
        Keras's ``custom_objects``.

    Raises
    ------
    UnsoundError
        If its configuration asks for other sizes than those of its weights, or if one of its
        members is missing, foreign or larger than it should be.
    OutputError
        If there is no room in the folder for temporary files.
    Exception
        Whatever Keras and the constructors of layers raise.
    """
    members = _members(name, content)
    config = parsed(members[CONFIG])
    stored = _count_stored(name, members[WEIGHTS])
    require_modest(name, config, own, stored)
    with _naming_the_folder("load a network"):
        folder = tempfile.TemporaryDirectory(prefix="jamjae-")
    with folder as place:
        path = Path(place) / "network.keras"
        with _naming_the_folder("load a network"):
            _write(path, members)
        network = keras.saving.load_model(path, own, compile=False, safe_mode=True)
    if not isinstance(network, keras.Model):
        raise UnsoundError(f"its {name} is a {type(network).__name__}, not a Keras model")
    _require_working(name, network, stored)
    return network


def require_modest(name: str, config: Any, own: dict[str, Any], stored: int = 0) -> None:
    """Refuse a layer's configuration that asks for many more weights than are stored.

    Raises
    ------
    UnsoundError
    """
    asked = _count_asked(config, own)
    if asked > ALLOWED * stored + ALWAYS_ALLOWED:
        raise UnsoundError(f"its {name} asks for {asked:,} weights, of which {stored:,} are stored")


def _require_working(name: str, network: keras.Model, stored: int) -> None:
    """Trace a call, without computing: an activation that is none shows only there.

    So does a padding or a dilation of 10⁶, which has no weights.
    """
    if len(network.inputs) != 1 or None in network.inputs[0].shape[1:]:
        return  # an estimator's check says so
    shape, result = ((ROWS, *one[0].shape[1:]) for one in (network.inputs, network.outputs))
    call = keras_bridge.apply(network)
    traced, found = jax.make_jaxpr(lambda held: call(*held, jnp.zeros(shape)), return_shape=True)(
        keras_bridge.read(network)
    )
    if getattr(found.output, "shape", None) != result:
        raise UnsoundError(f"its {name} gives {found.output}, expected is the shape {result}")
    largest = max(_sizes(traced.jaxpr), default=0) // ROWS
    allowed = max(ROOM, SPREAD * max(math.prod(shape), math.prod(result)) // ROWS, stored)
    if largest > allowed:
        raise UnsoundError(
            f"its {name} makes {largest:,} values of a row on the way, more than the {allowed:,} "
            "allowed"
        )


def _sizes(program: Any) -> Iterator[int]:
    """Count the values that each step of a traced program gives, or takes with its padding."""
    for step in program.eqns:
        yield from (math.prod(getattr(made.aval, "shape", ())) for made in step.outvars)
        if isinstance(step.params.get("padding"), tuple):
            yield _padded(step)
        for held in jax.tree.leaves(list(step.params.values()), is_leaf=_is_program):
            if _is_program(held):
                yield from _sizes(getattr(held, "jaxpr", held))


def _is_program(value: Any) -> bool:
    return hasattr(value, "eqns") or hasattr(value, "jaxpr")


def _padded(step: Any) -> int:
    """Count the values of a convolution's or a window's input with its padding."""
    sides, padding = list(step.invars[0].aval.shape), list(step.params["padding"])
    if "dimension_numbers" in step.params:  # of a convolution, which pads only along an image
        axes = step.params["dimension_numbers"].lhs_spec[2:]
        along = dict(zip(axes, padding, strict=True))
        padding = [along.get(axis, (0, 0)) for axis in range(len(sides))]
    grown = [side + sum(ends) for side, ends in zip(sides, padding, strict=True)]
    return math.prod(max(side, 1) for side in grown)


# --- what is stored -------------------------------------------------------------------------


def _members(name: str, stored: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(stored)) as file:
        members = {part: archives.content(file, part, JSON_BYTES) for part in (NOTES, CONFIG)}
        members[WEIGHTS] = archives.content(file, WEIGHTS, LARGEST)
        for part in file.namelist():
            if part.startswith(ASSETS) and not part.endswith("/"):
                members[part] = archives.content(file, part, LARGEST)
            elif part not in members and part != ASSETS:
                raise UnsoundError(f"its {name} holds a foreign member {brief(repr(part), 80)}")
    return members


def _count_stored(name: str, weights: bytes) -> int:
    """Count the weights in an HDF5 file, of which each array must be there in full."""
    sizes = []

    def note(path: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            needed = item.size * item.dtype.itemsize
            if needed > item.id.get_storage_size():
                raise UnsoundError(
                    f"its {name} has weights {brief(repr(path), 80)} of {needed:,} bytes, which "
                    "are not all stored"
                )
            sizes.append(int(item.size))

    with h5py.File(io.BytesIO(weights), "r") as file:
        file.visititems(note)
    return sum(sizes)


# --- what is asked for ----------------------------------------------------------------------


def _count_asked(config: Any, own: dict[str, Any]) -> int:
    """Build a layer without a number in it, and count its weights."""

    def build() -> Any:
        return keras.saving.deserialize_keras_object(config, own, safe_mode=True)

    try:
        built = _apart(_stateless, build)
    except Exception:
        if _names_own(config):  # what they do is not known, nor how large it is
            return 0
        raise
    variables = getattr(built, "variables", ())
    return sum(int(np.prod(variable.shape, dtype=object)) for variable in variables)


def _names_own(config: Any) -> bool:
    """Whether a configuration names classes or functions that are neither Keras's nor jamjae's."""
    if isinstance(config, dict):
        package = str(config.get("module") or "keras").partition(".")[0]
        name = str(config.get("registered_name") or "").partition(">")
        own = package not in ("keras", "builtins", "jamjae") or (name[1] and name[0] != "jamjae")
        return bool(own) or any(map(_names_own, config.values()))
    return isinstance(config, list) and any(map(_names_own, config))


def _apart(call: Callable[..., Any], *arguments: Any) -> Any:
    """Call in a thread of its own, as Keras keeps notes of what it builds for each thread.

    There, it would initialize these weights with the next ones.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call, *arguments).result()


def _stateless(build: Callable[[], Any]) -> Any:
    """Build with shapes in place of arrays."""
    try:
        with keras.StatelessScope(initialize_variables=False):
            return build()
    except Exception:  # noqa: BLE001 - a layer that makes its weights from arrays, for one
        return _traced(build)


def _traced(build: Callable[[], Any]) -> Any:
    made: list[Any] = []
    jax.eval_shape(lambda: made.append(build()))
    return made[0]


# --- temporary files ------------------------------------------------------------------------


def _write(path: Path, members: dict[str, bytes]) -> None:
    """Make a new archive, so that Keras reads what was checked, and no more."""
    with zipfile.ZipFile(path, "w") as file:
        for name, part in members.items():
            file.writestr(name, part)


@contextmanager
def _naming_the_folder(attempt: str) -> Iterator[None]:
    """Say that the folder for temporary files is what failed, and not the model file."""
    try:
        yield
    except OSError as error:
        folder = tempfile.tempdir or os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - for a message
        raise OutputError(
            f"Cannot {attempt}: no temporary file can be written in {folder!r} "
            f"({error.strerror or error}). Make room there, or name another folder by the "
            "environment variable TMPDIR."
        ) from error
