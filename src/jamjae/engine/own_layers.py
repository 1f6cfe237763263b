"""A user's own layers: how to rebuild them, in this process or another.

Keras stores a layer as its class's name and its ``get_config``. Another process does not find a
class that was not registered, and a ``get_config`` that omits an argument rebuilds another layer,
or none.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

import jax
import keras
import numpy as np

from jamjae.engine import keras_bridge
from jamjae.engine.compiling import forked
from jamjae.engine.fingerprints import fingerprint, parts
from jamjae.errors import InvalidNetworkError, JamjaeError, brief

CURE = (
    "Give it a get_config that returns all arguments of its constructor, in addition to "
    "super().get_config()."
)
ROWS = 2  # of a probe


def own(layer: keras.Layer) -> list[keras.Layer]:
    """Give the layers inside that are neither Keras's nor jamjae's."""
    return [part for part in parts(layer) if _is_own(type(part))]


def classes(used: Iterable[Any]) -> dict[str, Any]:
    """Name the classes and functions of a user's own that layers or optimizers are made of.

    Returns
    -------
    dict of str to class or function
        What Keras takes as ``custom_objects``.
    """
    found: list[Any] = []
    for one in used:
        for part in parts(one) if isinstance(one, keras.Layer) else [one]:
            held = getattr(part, "__dict__", {}).values()
            found += [type(part), *(value for value in held if isinstance(value, FunctionType))]
    named = {kind.__name__: kind for kind in found if _is_own(kind)}
    return named | {keras.saving.get_registered_name(kind): kind for kind in named.values()}


def _is_own(kind: Any) -> bool:
    package = str(kind.__module__).partition(".")[0]
    return package not in ("keras", "jamjae", "builtins")


# --- copies ---------------------------------------------------------------------------------


def require_rebuildable(layer: keras.Layer, attempt: str) -> None:
    """Refuse a user's own layer that cannot be rebuilt from its configuration.

    Raises
    ------
    InvalidNetworkError
        Which names the layer and the cure.
    """
    for part in own(layer):
        if isinstance(part, keras.Model):
            continue
        try:
            type(part).from_config(part.get_config())
        except Exception as error:
            raise InvalidNetworkError(
                f"{attempt}: the layer {part.name!r} of class {type(part).__name__} cannot be "
                f"rebuilt from its get_config ({brief(f'{type(error).__name__}: {error}')}). {CURE}"
            ) from error


def require_same(made: keras.Layer, layer: keras.Layer, attempt: str) -> None:
    """Refuse a copy that gives other numbers, since its configuration omits something.

    Raises
    ------
    InvalidNetworkError
    """
    if not own(layer) or fingerprint(made) == fingerprint(layer):
        return
    if _gives(made, layer):
        return
    names = ", ".join(f"{part.name!r} of class {type(part).__name__}" for part in own(layer))
    raise InvalidNetworkError(
        f"{attempt}: rebuilt from its configuration, {layer.name!r} gives other numbers. One of "
        f"your layers ({brief(names)}) has an attribute that its get_config omits. {CURE}"
    )


def _gives(made: keras.Layer, layer: keras.Layer) -> bool:
    """Whether a copy gives the numbers of a model, where those are the same at each call."""
    if not isinstance(layer, keras.Model) or len(layer.inputs) != 1:
        return True
    shape = tuple(side or 1 for side in layer.inputs[0].shape[1:])
    probe = np.random.RandomState(0).normal(size=(ROWS, *shape)).astype(np.float32)

    def outputs(model: keras.Layer) -> np.ndarray:
        found = keras_bridge.apply(model)(*keras_bridge.read(model), probe).output
        return np.concatenate([np.ravel(part) for part in jax.tree.leaves(found)])

    expected = outputs(layer)
    if not np.array_equal(expected, outputs(layer), equal_nan=True):
        return True  # it draws at random
    found = outputs(made)
    return found.shape == expected.shape and np.allclose(found, expected, 1e-4, equal_nan=True)


def copied(layer: keras.Layer) -> keras.Layer:
    """Copy a layer or model and its weights by its configuration.

    Raises
    ------
    InvalidNetworkError
        A user's own layer cannot be rebuilt from its configuration, or not as the same layer.
    """
    attempt = f"Cannot copy {layer.name!r}"
    try:
        with keras.saving.custom_object_scope(classes([layer])):
            made = copy.deepcopy(layer)
    except Exception as error:
        require_rebuildable(layer, attempt)
        raise InvalidNetworkError(
            f"{attempt}: Keras cannot rebuild it ({brief(error)}). Your own layers need a "
            "get_config that returns all arguments of their constructors."
        ) from error
    require_same(made, layer, attempt)
    return made


# --- pickles --------------------------------------------------------------------------------


class Carried:
    """Represents a layer in a pickle, with the user's own classes, and unpickles to the layer.

    The other process must be able to import these classes, but need not have registered them.

    Raises
    ------
    InvalidNetworkError
        A user's own layer cannot be rebuilt from its configuration.
    """

    def __init__(self, layer: keras.Layer) -> None:
        require_rebuildable(layer, f"Cannot pickle {layer.name!r}")
        self._layer = layer

    def __reduce__(self) -> tuple[Any, ...]:
        try:
            make, arguments = self._layer.__reduce__()
        except JamjaeError:
            raise
        except Exception as error:
            raise InvalidNetworkError(
                f"Cannot pickle {self._layer.name!r}: Keras cannot serialize it ({brief(error)}). "
                f"{CURE}"
            ) from error
        return _arrived, (make, arguments, classes([self._layer]))


def carried(state: dict[str, Any]) -> dict[str, Any]:
    """Put layers into a form that any process can read, with the classes of a user's own."""
    stands: dict[int, Carried] = {}
    for value in state.values():
        if isinstance(value, keras.Layer) and id(value) not in stands:
            stands[id(value)] = Carried(value)
    return {name: stands.get(id(value), value) for name, value in state.items()}


def _arrived(make: Callable[..., Any], arguments: tuple[Any, ...], kinds: dict[str, Any]) -> Any:
    if forked():  # in which Keras would wait forever; the first call of the model says so
        return None
    with keras.saving.custom_object_scope(kinds):
        return make(*arguments)
