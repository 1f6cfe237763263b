"""What a layer computes, as a value: the key of compiled code and part of a checkpoint's name."""

from __future__ import annotations

import json
import types
import weakref
from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

import jax
import joblib
import keras
import numpy as np


def parts(layer: keras.Layer) -> list[keras.Layer]:
    """Give a layer and all layers inside it."""
    return list(layer._flatten_layers())


class Fingerprint(NamedTuple):
    """What a layer computes, by its configuration, and which of its arrays are trained."""

    text: str
    kinds: frozenset[type]  # of a user's own layers inside it
    functions: tuple[Any, ...]  # of a user's own
    trainable: tuple[bool, ...] = ()


_DESCRIPTIONS: weakref.WeakKeyDictionary[Any, tuple[tuple[Any, ...], Fingerprint]] = (
    weakref.WeakKeyDictionary()
)
NODES = ("keras_history", "input_layers", "output_layers")  # where a configuration names layers


def fingerprint(layer: keras.Layer) -> Fingerprint:
    """Describe a layer such that equal fingerprints compute the same function of their arrays.

    Names do not count (Keras numbers them through the process), so networks built twice by the
    same code share what was compiled for the first. A layer is described again once any of its
    attributes changed.

    Parameters
    ----------
    layer : keras.Layer
    """
    seen = _glance(layer)
    known = _DESCRIPTIONS.get(layer)
    if known is None or known[0] != seen:
        known = _DESCRIPTIONS[layer] = seen, _describe(layer)
    return known[1]._replace(trainable=tuple(v.trainable for v in layer.variables))


def _glance(layer: keras.Layer) -> tuple[Any, ...]:
    """Note the attributes of all layers inside: plain ones by value, others as they are held."""
    noted: list[Any] = []
    for part in parts(layer):
        held, deep = vars(part).values(), _is_foreign(part)
        noted += [v if type(v) in PLAIN else _noted(v, deep=deep) for v in held]
    return tuple(noted)


def _noted(value: Any, *, deep: bool) -> Any:
    if type(value) in PLAIN:
        return value
    if deep and type(value) in (list, tuple, dict, set):  # which may be changed in place
        inside = value.items() if isinstance(value, dict) else value
        return type(value).__name__, tuple(_noted(item, deep=True) for item in inside)
    if isinstance(value, types.FunctionType):
        return weakref.ref(value)  # an identity may be that of another function later
    return _by_value(value) if isinstance(value, np.ndarray) else id(value)


PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None)})


def _describe(layer: keras.Layer) -> Fingerprint:
    inside = parts(layer)
    foreign = {type(part) for part in inside if _is_foreign(part)}
    names = {part.name: f"@{i}" for i, part in enumerate(inside)}
    try:
        config = keras.saving.serialize_keras_object(layer)
        text = json.dumps(_nameless(config, names), sort_keys=True, default=repr)
        text += "".join(_own_attributes(part) for part in inside if type(part) in foreign)
    except (TypeError, ValueError, NotImplementedError):
        text = f"{id(layer)}"  # cannot be described, so is only equal to itself
        return Fingerprint(text, frozenset(foreign), (weakref.ref(layer),))
    return Fingerprint(text, frozenset(foreign), tuple(_functions(inside)))


def _is_foreign(layer: keras.Layer) -> bool:
    return not type(layer).__module__.startswith("keras.")


def _own_attributes(layer: keras.Layer) -> str:
    """Describe what a user's own layer holds beside its configuration, layers and weights."""
    given = vars(keras.layers.Layer(name="bare"))
    described = []
    for name, value in sorted(vars(layer).items()):
        if name in given or name.startswith("_") or name == "seed":
            continue
        if isinstance(value, keras.random.SeedGenerator):
            continue  # training draws its own
        held = isinstance(value, (keras.Layer, keras.Variable, types.FunctionType))
        if not held:  # described by the configuration, the weights and `_functions`
            described.append(f"{name}={_by_value(value)}")
    return repr((type(layer).__qualname__, described))


def _by_value(value: Any) -> str:
    if type(value) in PLAIN:
        return repr(value)
    if isinstance(value, list | tuple | dict | set):
        items = sorted(value.items(), key=repr) if isinstance(value, dict) else value
        return f"{type(value).__name__}({', '.join(_by_value(item) for item in items)})"
    if isinstance(value, np.ndarray | jax.Array):
        return f"{value.dtype}{value.shape}{np.asarray(value).tobytes()!r}"
    try:
        return str(joblib.hash(value))
    except Exception:  # noqa: BLE001 - whatever a value that cannot be pickled raises
        return f"{type(value).__qualname__} at {id(value)}"


def _nameless(config: Any, names: dict[str, str], *, naming: bool = False) -> Any:
    """Put numbers in place of the names of a configuration's layers, and leave out their seeds."""
    if isinstance(config, dict):
        return {
            key: _nameless(value, names, naming=key == "name" or key in NODES)
            for key, value in config.items()
            if key != "seed"  # training draws its own
        }
    if isinstance(config, list | tuple):
        return [_nameless(part, names, naming=naming) for part in config]
    return names.get(config, config) if naming and isinstance(config, str) else config


def _functions(layers: list[keras.Layer]) -> Iterator[weakref.ref[Any]]:
    """Find the functions of a user's own in layers: Keras writes down no more than their names."""
    for layer in layers:
        for value in vars(layer).values():
            if isinstance(value, types.FunctionType) and not value.__module__.startswith("keras."):
                yield weakref.ref(value)


class Template:
    """A layer hidden behind its fingerprint, for `lru_cache`, which it does not keep alive."""

    def __init__(self, key: Hashable, layer: keras.Layer) -> None:
        self.key = key
        self._layer = weakref.ref(layer)

    @property
    def layer(self) -> keras.Layer:
        """The layer, as long as its owner keeps it."""
        layer = self._layer()
        if layer is None:
            raise RuntimeError("the layer of this template is gone")
        return layer

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def template(layer: keras.Layer) -> Template:
    """Wrap a layer so that it equals every layer of the same fingerprint."""
    return Template(fingerprint(layer), layer)
