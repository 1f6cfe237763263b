"""What a network computes, as a list of steps that a page can follow without Keras.

A step names its operation, the steps whose results it takes, the shape of its own result, and its
weights. The page's ``network.js`` knows the operations listed in `STEPS`; whatever else a network
holds raises `UnknownLayer`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers

from jamjae.convolution import Geometry, conv2d_geometry, conv2d_transpose_geometry

ACTIVATIONS = (
    *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "sigmoid"),
    *("hard_sigmoid", "tanh", "softsign", "softplus", "silu", "mish", "exponential", "softmax"),
)
SAME_AT_REST = (  # layers that only do something while a network learns
    *(layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.AlphaDropout),
    *(layers.GaussianNoise, layers.GaussianDropout, layers.ActivityRegularization),
)
Settings = dict[str, Any]


class UnknownLayer(Exception):
    """A network holds a layer that a page cannot compute; it is named."""


class Graph(NamedTuple):
    """A network as steps.

    Attributes
    ----------
    steps : list of dict
        ``{"op", "from", "shape", ...}``: step 0 is the network's input, the last its output;
        ``"from"`` are numbers of earlier steps, shapes are those of one row.
    weights : dict of str to float32 array
        By the names that steps call them; the last axis is that of a step's own units.
    """

    steps: list[Settings]
    weights: dict[str, np.ndarray]

    @property
    def size(self) -> int:
        """Count the weights."""
        return sum(array.size for array in self.weights.values())


def trace(model: keras.Model, role: str) -> Graph:
    """Follow a built model from its input to its output.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, with one input and one output; models inside it are followed too.
    role : str
        What the names of its weights begin with.

    Raises
    ------
    UnknownLayer
        It holds a layer, or a setting of one, that pages do not compute.
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
    shape = list(tensor.shape[1:])
    if None in shape:
        raise UnknownLayer(f"{operation.name} (an open shape)")
    known[key] = _add(operation, before, shape, graph, role)
    return known[key]


def _add(layer: Any, before: list[int], shape: list[int], graph: Graph, role: str) -> int:
    kind = next((kind for kind in STEPS if type(layer) is kind), None)
    if isinstance(layer, SAME_AT_REST):
        return before[0]
    if kind is None:
        raise UnknownLayer(type(layer).__name__)
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise UnknownLayer(f"{type(layer).__name__} (channels first)")
    settings, weights = STEPS[kind](layer)
    activation = getattr(layer, "activation", None)
    if activation is not None:
        settings |= _activation(activation)
    step = {**settings, "from": before, "shape": shape}
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


# --- one step a kind of layer ------------------------------------------------------------------

Step = tuple[Settings, dict[str, Any]]


def _kernel_and_bias(layer: Any, kernel: np.ndarray) -> dict[str, Any]:
    return {"kernel": kernel} | ({"bias": layer.bias} if layer.use_bias else {})


def _dense(layer: layers.Dense) -> Step:
    return {"op": "dense"}, _kernel_and_bias(layer, np.asarray(layer.kernel))


def _conv2d(layer: layers.Conv2D) -> Step:
    if layer.groups != 1:
        raise UnknownLayer("Conv2D (in groups)")
    kernel = np.asarray(layer.kernel)
    geometry = conv2d_geometry(
        layer.input.shape[1:3],
        kernel.shape[:2],
        strides=layer.strides,
        padding=layer.padding,
        dilation=layer.dilation_rate,
    )
    return _lying("conv", geometry), _kernel_and_bias(layer, kernel)


def _conv2d_transpose(layer: layers.Conv2DTranspose) -> Step:
    kernel = np.asarray(layer.kernel)
    geometry = conv2d_transpose_geometry(
        layer.input.shape[1:3],
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


def _normalization(layer: layers.BatchNormalization) -> Step:
    if layer.axis not in (-1, len(layer.input.shape) - 1):
        raise UnknownLayer("BatchNormalization (not along the last axis)")
    factor = 1.0 / np.sqrt(np.asarray(layer.moving_variance, np.float64) + layer.epsilon)
    if layer.scale:
        factor = factor * np.asarray(layer.gamma)
    shift = -np.asarray(layer.moving_mean) * factor
    if layer.center:
        shift = shift + np.asarray(layer.beta)
    return {"op": "scale"}, {"factor": factor, "shift": shift}


def _rescaling(layer: layers.Rescaling) -> Step:
    channels = layer.input.shape[-1]
    parts = {"factor": layer.scale, "shift": layer.offset}
    return {"op": "scale"}, {
        name: np.broadcast_to(np.asarray(part, np.float64), (channels,)).copy()
        for name, part in parts.items()
    }


def _pooling(kind: str) -> Callable[[Any], Step]:
    def step(layer: Any) -> Step:
        size, strides = layer.pool_size, layer.strides
        sides = zip(layer.input.shape[1:3], layer.output.shape[1:3], size, strides, strict=True)
        total = [max((out - 1) * stride + reach - side, 0) for side, out, reach, stride in sides]
        same = layer.padding == "same"
        before = [part // 2 if same else 0 for part in total]
        return {"op": kind, "size": list(size), "strides": list(strides), "before": before}, {}

    return step


def _upsampling(layer: layers.UpSampling2D) -> Step:
    if layer.interpolation != "nearest":
        raise UnknownLayer(f"UpSampling2D ({layer.interpolation})")
    return {"op": "repeat", "times": list(layer.size)}, {}


def _shifted(sign: int, attribute: str) -> Callable[[Any], Step]:
    """Zero padding, and cropping, which is the same with less than nothing."""

    def step(layer: Any) -> Step:
        (top, _), (left, _) = getattr(layer, attribute)
        return {"op": "shift", "before": [sign * top, sign * left]}, {}

    return step


def _relu(layer: layers.ReLU) -> Step:
    settings = {
        "most": layer.max_value,
        "slope": layer.negative_slope,
        "threshold": layer.threshold,
    }
    return {"op": "rectify", **{name: float(v) for name, v in settings.items() if v}}, {}


def _plain(operation: str) -> Callable[[Any], Step]:
    return lambda _: ({"op": operation}, {})


STEPS: dict[type, Callable[[Any], Step]] = {
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
    layers.LeakyReLU: lambda layer: ({"op": "rectify", "slope": float(layer.negative_slope)}, {}),
    layers.ELU: lambda layer: ({"op": "elu", "alpha": float(layer.alpha)}, {}),
    layers.Softmax: lambda _: ({"op": "same", "activation": "softmax"}, {}),
    layers.Add: _plain("add"),
    layers.Subtract: _plain("subtract"),
    layers.Multiply: _plain("multiply"),
    layers.Concatenate: _plain("join"),
}
