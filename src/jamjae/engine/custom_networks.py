"""A user's own networks: checked, built and copied; the range of their outputs."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

from jamjae.engine import own_layers
from jamjae.engine.architectures import Pair, Shape
from jamjae.engine.fingerprints import fingerprint
from jamjae.engine.keras_bridge import read, require_finite, write
from jamjae.errors import InvalidNetworkError


def given(encoder: Any, decoder: Any, shape: Shape) -> Pair:
    """Check that a user's two Keras models fit together and with the data, building them if needed.

    Raises
    ------
    InvalidNetworkError
        One of them is missing, is not a Keras model, or has several inputs or outputs; their
        shapes do not fit each other or the data; or a weight is NaN or infinite.
    """
    for role, model in (("encoder", encoder), ("decoder", decoder)):
        if not isinstance(model, keras.Model):
            raise InvalidNetworkError(
                f"encoder= and decoder= must both be Keras models, but {role} is {model!r}. "
                "Pass both, for example two keras.Sequential models, or neither."
            )
        _require_one_path(model, role)
    shared = {id(v) for v in encoder.variables} & {id(v) for v in decoder.variables}
    if encoder is decoder or shared:
        raise InvalidNetworkError(
            f"The encoder and the decoder share {len(shared) or 'all of their'} weights. Training "
            "keeps the two apart: give each of them layers of its own."
        )
    _build(encoder, shape)
    _build(decoder, encoder.output_shape[1:])
    _require_fit("rows of the data", shape, "encoder's input", encoder.input_shape[1:])
    _require_fit(
        "encoder's output", encoder.output_shape[1:], "decoder's input", decoder.input_shape[1:]
    )
    _require_fit("decoder's output", decoder.output_shape[1:], "rows of the data", shape)
    for role, model in (("encoder", encoder), ("decoder", decoder)):
        require_finite(model, role)
    return Pair(encoder, decoder)


ONE_PATH = {
    "inputs": "join them first with keras.layers.Concatenate",
    "outputs": "keras.Model({0}.inputs, {0}.outputs[0]) takes the first",
}


def _require_one_path(model: keras.Model, role: str) -> None:
    """Refuse several inputs or outputs, as of a variational encoder ``[mean, logvar, z]``."""
    for kind in ("inputs", "outputs"):
        tensors = getattr(model, kind, None) or []  # none of a model that is yet to be built
        if len(tensors) > 1:
            names = ", ".join(tensor.name for tensor in tensors)
            raise InvalidNetworkError(
                f"The {role} {model.name!r} has {len(tensors)} {kind} ({names}); one is expected. "
                f"Pass a model with one of them: {ONE_PATH[kind].format(role)}."
            )


def copied(model: keras.Model) -> keras.Model:
    """Copy a model and its weights, by its layers where that says all there is.

    `own_layers.copied` writes a file in memory and reads it again, which takes four times as long.
    """
    if model.built:
        try:
            made = keras.models.clone_model(model)
            write(made, read(model))
        except (TypeError, ValueError):  # a model with a call of its own, or a layer without config
            return own_layers.copied(model)
        if fingerprint(made) == fingerprint(model):
            return made
    return own_layers.copied(model)


def _build(model: keras.Model, shape: Shape) -> None:
    if not (isinstance(model, keras.Sequential) or hasattr(model, "operations")):
        raise InvalidNetworkError(
            f"The model {model.name!r} is a {type(model).__name__} with its own call method, whose "
            "shapes are unknown. Pass a keras.Sequential, or a functional model: "
            "keras.Model(inputs, outputs)."
        )
    if not model.layers:
        raise InvalidNetworkError(f"The model {model.name!r} has no layers. Add some first.")
    if model.built:
        return
    wants_image = isinstance(model.layers[0], layers.Conv2D) and len(shape) == 2
    try:
        model.build((None, *shape, 1) if wants_image else (None, *shape))
    except (ValueError, TypeError) as error:
        raise InvalidNetworkError(
            f"The model {model.name!r} could not be built for rows of shape {shape}: {error}"
        ) from error


def _require_fit(one: str, is_shape: Shape, other: str, to_shape: Shape) -> None:
    if None in (*is_shape, *to_shape) or math.prod(is_shape) != math.prod(to_shape):
        raise InvalidNetworkError(
            f"The {one} and the {other} do not fit together: shape {is_shape} is not {to_shape}. "
            "Inputs and outputs must have fixed shapes with the same number of values; change "
            "one of these two layers."
        )


RANGES = {
    **dict.fromkeys(("sigmoid", "hard_sigmoid", "softmax"), (0.0, 1.0)),
    **dict.fromkeys(("tanh", "softsign", "hard_tanh"), (-1.0, 1.0)),
    **dict.fromkeys(("relu", "elu", "selu", "celu", "gelu", "silu", "mish"), (0.0, math.inf)),
    **dict.fromkeys(("softplus", "exponential"), (0.0, math.inf)),
    "relu6": (0.0, 6.0),
}


def output_range(decoder: keras.Model) -> tuple[float, float] | None:
    """Give the range of a decoder's last activation, if it is bounded."""
    for layer in reversed(decoder.layers):
        if isinstance(layer, keras.Model):
            return output_range(layer)
        activation = getattr(layer, "activation", None)
        if activation is not None:
            return RANGES.get(getattr(activation, "__name__", ""))
        if layer.weights:
            return None
    return None
