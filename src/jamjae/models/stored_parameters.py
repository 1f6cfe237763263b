"""Parameters of estimators in a model file: plain values, and Keras's layers and optimizers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from jamjae.engine import network_file
from jamjae.errors import ModelFileError, brief
from jamjae.models.model_file import DETAILS

NOT_WRITTEN = ("encoder", "decoder", "callbacks", "devices", "model")


def made(make: Callable[..., Any], *arguments: Any) -> Any:
    """Call what writes or reads back a part of the model, and name the cure where it fails."""
    try:
        return make(*arguments)
    except OSError:  # a full disk, for one
        raise
    except Exception as error:  # Keras raises whatever a layer's methods do
        cause = error.__cause__ if isinstance(error, ModelFileError) and error.__cause__ else error
        raise ModelFileError(
            "The model was not saved: Keras could not write it so that it can be loaded "
            f"again ({brief(f'{type(cause).__name__}: {cause}', DETAILS)}). Give your "
            "own layers a get_config that returns all arguments of their constructor, and "
            "decorate them with @keras.saving.register_keras_serializable(), or load the file with "
            "load_model(path, custom_objects=...)."
        ) from error


def plain(value: Any) -> Any:
    """Give NumPy's number or boolean as Python's, which JSON knows."""
    return value.item() if isinstance(value, (np.number, np.bool_)) else value


def written(model: Any) -> tuple[dict[str, Any], list[str]]:
    """Split parameters into those that can be written down and the names of the others."""
    found: dict[str, Any] = {}
    omitted = []
    for name, value in model.get_params(deep=False).items():
        if name in NOT_WRITTEN:
            continue  # networks have files of their own; the others belong to one process
        if isinstance(value, (keras.Layer, keras.Optimizer)):
            found[name] = {"keras": made(keras.saving.serialize_keras_object, value)}
        elif isinstance(value, (str, int, float, np.number, np.bool_, type(None))):
            found[name] = plain(value)
        elif isinstance(value, (tuple, list)) and name == "network":
            found[name] = [int(width) for width in value]
        elif isinstance(value, Path):
            found[name] = str(value)
        else:
            omitted.append(name)
    return found, omitted


def read(name: str, value: Any, own: dict[str, Any]) -> Any:
    """Make the value of a parameter of what `written` gave."""
    if isinstance(value, dict):
        network_file.require_modest(name, value["keras"], own)
        found = keras.saving.deserialize_keras_object(value["keras"], own, safe_mode=True)
        if not isinstance(found, (keras.Layer, keras.Optimizer)):
            raise TypeError(f"{value['keras']} is neither a layer nor an optimizer")
        return found
    return tuple(value) if isinstance(value, list) else value
