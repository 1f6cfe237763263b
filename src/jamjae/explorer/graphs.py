"""Networks as lists of steps that a page can compute without Keras.

A step names its operation, the steps that give its inputs, the shape of its result, and its
weights. The page's ``network.js`` computes the operations listed in `STEPS`; any other layer raises
`UnknownLayer`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers

from jamjae.engine import column_outputs
from jamjae.engine.column_outputs import ColumnOutputs
from jamjae.engine.convolution_geometry import Geometry, conv2d_geometry, conv2d_transpose_geometry

ACTIVATIONS = (
    *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "sigmoid"),
    *("hard_sigmoid", "tanh", "softsign", "softplus", "silu", "mish", "exponential", "softmax"),
)
SAME_AT_REST = (  # layers that act during training only
    *(layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.AlphaDropout),
    *(layers.GaussianNoise, layers.GaussianDropout, layers.ActivityRegularization),
)
Settings = dict[str, Any]


class UnknownLayer(Exception):
    """A network contains a layer that a page cannot compute; the message names it."""


class Graph(NamedTuple):
    """A network as steps.

    Attributes
    ----------
    steps : list of dict
        ``{"op", "from", "shape", ...}``: step 0 is the network's input, the last its output;
        ``"from"`` are numbers of earlier steps, shapes are those of one row.
    weights : dict of str to float32 array
        By the names that the steps use; the last axis is that of a step's own units.
    """

    steps: list[Settings]
    weights: dict[str, np.ndarray]


def trace(model: keras.Model, role: str) -> Graph:
    """Follow a built model from its input to its output.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, with one input and one output; models inside it are followed too.
    role : str
        Prefix of the names of its weights.

    Raises
    ------
    UnknownLayer
        It contains a layer, or a setting of one, that a page cannot compute.
    """
    graph = Graph([{"op": "input", "from": [], "shape": list(model.input_shape[1:])}], {})
    known = {_key(model.inputs[0]): 0}
    _follow(model.outputs[0], known, graph, role)
    return graph


def _key(tensor: keras.KerasTensor) -> tuple[int, int, int]:
    operation, node, place = tensor._keras_history
    return id(operation), node, place


def _follow(tensor: keras.KerasTensor, known: dict[Any, int], graph: Graph, role: str) -> int:
    """Give the number of the step that makes a tensor, adding the steps up to it."""
    key = _key(tensor)
    if key in known:
        return known[key]
    operation, node, place = tensor._keras_history
    taken = operation._inbound_nodes[node].input_tensors
    before = [_follow(each, known, graph, role) for each in taken]
    if isinstance(operation, keras.Model):
        inside = {_key(each): one for each, one in zip(operation.inputs, before, strict=True)}
        known[key] = _follow(operation.outputs[place], inside, graph, role)
        return known[key]
    if None in tensor.shape[1:]:
        raise UnknownLayer(f"{operation.name} (an open shape)")
    known[key] = _add(operation, Sides(taken, tensor), before, graph, role)
    return known[key]


class Sides(NamedTuple):
    """Inputs and output of one call of a layer; a layer may be called more than once."""

    taken: list[keras.KerasTensor]
    given: keras.KerasTensor

    @property
    def before(self) -> tuple[int, ...]:
        """Shape of a row of the first input."""
        return tuple(self.taken[0].shape[1:])

    @property
    def after(self) -> tuple[int, ...]:
        """Shape of a row of the output."""
        return tuple(self.given.shape[1:])


def _add(layer: Any, sides: Sides, before: list[int], graph: Graph, role: str) -> int:
    kind = next((kind for kind in STEPS if type(layer) is kind), None)
    if isinstance(layer, SAME_AT_REST):
        return before[0]
    if kind is None:
        raise UnknownLayer(type(layer).__name__)
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise UnknownLayer(f"{type(layer).__name__} (channels first)")
    settings, weights = STEPS[kind](layer, sides)
    activation = getattr(layer, "activation", None)
    if activation is not None:
        settings |= _activation(activation)
    step = {**settings, "from": before, "shape": list(sides.after)}
    for name, array in weights.items():
        step[name] = f"{role}{len(graph.steps)}.{name}"
        graph.weights[step[name]] = np.asarray(array, np.float32)
    graph.steps.append(step)
    return len(graph.steps) - 1


def _activation(function: Callable[..., Any]) -> Settings:
    name = getattr(function, "__name__", "")
    if name not in ACTIVATIONS or keras.activations.get(name) is not function:
        raise UnknownLayer(f"the activation {name or function!r}")
    return {"activation": name} if name != "linear" else {}


# --- one step per kind of layer ----------------------------------------------------------------

Step = tuple[Settings, dict[str, Any]]
Translation = Callable[[Any, Sides], Step]


def _kernel_and_bias(layer: Any, kernel: np.ndarray) -> dict[str, Any]:
    return {"kernel": kernel} | ({"bias": layer.bias} if layer.use_bias else {})


def _dense(layer: layers.Dense, sides: Sides) -> Step:
    return {"op": "dense"}, _kernel_and_bias(layer, np.asarray(layer.kernel))


def _conv2d(layer: layers.Conv2D, sides: Sides) -> Step:
    if layer.groups != 1:
        raise UnknownLayer("Conv2D (in groups)")
    kernel = np.asarray(layer.kernel)
    geometry = conv2d_geometry(
        sides.before[:2],
        kernel.shape[:2],
        strides=layer.strides,
        padding=layer.padding,
        dilation=layer.dilation_rate,
    )
    return _lying("conv", geometry), _kernel_and_bias(layer, kernel)


def _conv2d_transpose(layer: layers.Conv2DTranspose, sides: Sides) -> Step:
    kernel = np.asarray(layer.kernel)
    geometry = conv2d_transpose_geometry(
        sides.before[:2],
        kernel.shape[:2],
        strides=layer.strides,
        padding=layer.padding,
        output_padding=layer.output_padding,
        dilation=layer.dilation_rate,
    )
    return _lying("conv_transpose", geometry), _kernel_and_bias(layer, kernel)


def _lying(operation: str, geometry: Geometry) -> Settings:
    return {
        "op": operation,
        "strides": list(geometry.strides),
        "dilation": list(geometry.dilation),
        "before": [before for before, _ in geometry.padding],
    }


def _normalization(layer: layers.BatchNormalization, sides: Sides) -> Step:
    if layer.axis not in (-1, len(sides.before)):
        raise UnknownLayer("BatchNormalization (not along the last axis)")
    factor = 1.0 / np.sqrt(np.asarray(layer.moving_variance, np.float64) + layer.epsilon)
    if layer.scale:
        factor = factor * np.asarray(layer.gamma)
    shift = -np.asarray(layer.moving_mean) * factor
    if layer.center:
        shift = shift + np.asarray(layer.beta)
    return {"op": "scale"}, {"factor": factor, "shift": shift}


def _rescaling(layer: layers.Rescaling, sides: Sides) -> Step:
    channels = sides.before[-1]
    parts = {"factor": layer.scale, "shift": layer.offset}
    return {"op": "scale"}, {
        name: np.broadcast_to(np.asarray(part, np.float64), (channels,)).copy()
        for name, part in parts.items()
    }


def _pooling(kind: str) -> Translation:
    def step(layer: Any, sides: Sides) -> Step:
        size, strides = layer.pool_size, layer.strides
        each = zip(sides.before[:2], sides.after[:2], size, strides, strict=True)
        total = [max((out - 1) * stride + reach - side, 0) for side, out, reach, stride in each]
        same = layer.padding == "same"
        before = [part // 2 if same else 0 for part in total]
        return {"op": kind, "size": list(size), "strides": list(strides), "before": before}, {}

    return step


def _upsampling(layer: layers.UpSampling2D, sides: Sides) -> Step:
    if layer.interpolation != "nearest":
        raise UnknownLayer(f"UpSampling2D ({layer.interpolation})")
    return {"op": "repeat", "times": list(layer.size)}, {}


def _shifted(sign: int, attribute: str) -> Translation:
    """Zero padding, and cropping, which is padding by a negative number."""

    def step(layer: Any, sides: Sides) -> Step:
        (top, _), (left, _) = getattr(layer, attribute)
        return {"op": "shift", "before": [sign * top, sign * left]}, {}

    return step


def _relu(layer: layers.ReLU, sides: Sides) -> Step:
    settings = {
        "most": layer.max_value,
        "slope": layer.negative_slope,
        "threshold": layer.threshold,
    }
    return {
        "op": "rectify",
        **{name: float(v) for name, v in settings.items() if v is not None},
    }, {}


def _merged(operation: str) -> Translation:
    def step(layer: Any, sides: Sides) -> Step:
        if any(tuple(each.shape[1:]) != sides.after for each in sides.taken):
            raise UnknownLayer(f"{type(layer).__name__} (of different shapes)")
        return {"op": operation}, {}

    return step


def _joined(layer: layers.Concatenate, sides: Sides) -> Step:
    if layer.axis not in (-1, len(sides.after)):
        raise UnknownLayer("Concatenate (not along the last axis)")
    return {"op": "join"}, {}


def _softmax(layer: layers.Softmax, sides: Sides) -> Step:
    if layer.axis not in (-1, len(sides.after)):
        raise UnknownLayer("Softmax (not along the last axis)")
    return {"op": "same", "activation": "softmax"}, {}


def _columns(layer: ColumnOutputs, sides: Sides) -> Step:
    settings = {"op": "columns", "groups": [list(group) for group in layer.groups]}
    constants = {"steep": column_outputs.STEEP, "tail": column_outputs.TAIL}
    return settings | constants, {"factor": layer.factor, "shift": layer.shift}


def _plain(operation: str) -> Translation:
    return lambda *_: ({"op": operation}, {})


STEPS: dict[type, Translation] = {
    layers.InputLayer: _plain("same"),
    layers.Identity: _plain("same"),
    layers.Dense: _dense,
    layers.Conv2D: _conv2d,
    layers.Conv2DTranspose: _conv2d_transpose,
    layers.BatchNormalization: _normalization,
    layers.Rescaling: _rescaling,
    layers.MaxPooling2D: _pooling("most"),
    layers.AveragePooling2D: _pooling("mean"),
    layers.UpSampling2D: _upsampling,
    layers.ZeroPadding2D: _shifted(1, "padding"),
    layers.Cropping2D: _shifted(-1, "cropping"),
    layers.Flatten: _plain("same"),
    layers.Reshape: _plain("same"),
    layers.Activation: _plain("same"),
    layers.ReLU: _relu,
    layers.LeakyReLU: lambda layer, _: (
        {"op": "rectify", "slope": float(layer.negative_slope)},
        {},
    ),
    layers.ELU: lambda layer, _: ({"op": "elu", "alpha": float(layer.alpha)}, {}),
    layers.Softmax: _softmax,
    layers.Add: _merged("add"),
    layers.Subtract: _merged("subtract"),
    layers.Multiply: _merged("multiply"),
    layers.Concatenate: _joined,
    ColumnOutputs: _columns,
}
