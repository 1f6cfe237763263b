"""Keras models and optimizers as pure functions.

The only module that reads or writes Keras variables. Everything above it sees lists of arrays:
``params`` (what is trained) and ``buffers`` (what Keras calls non-trainable variables: BatchNorm's
statistics, the seeds of Dropout and of random augmentation).
"""

from __future__ import annotations

import copy
import difflib
import json
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np

from jamjae.engine import convolution
from jamjae.engine.blocks import by_blocks
from jamjae.engine.compiling import compiled_few, require_own_process
from jamjae.engine.fingerprints import Template, fingerprint, parts, template
from jamjae.errors import BackendError, InvalidNetworkError, brief

if keras.backend.backend() != "jax":
    raise BackendError(
        f"jamjae trains with Keras on JAX, but Keras was already loaded on the "
        f"{keras.backend.backend()!r} backend. Set KERAS_BACKEND=jax in the environment, or "
        "import jamjae before keras."
    )

Arrays = list[jax.Array]


class Variables(NamedTuple):
    """The arrays of one layer or model."""

    params: Arrays
    buffers: Arrays


class Applied(NamedTuple):
    """What a call of a layer gives."""

    output: jax.Array
    buffers: Arrays
    penalty: jax.Array | float  # the sum of the layer's own losses (regularizers)


Apply = Callable[..., Applied]


# --- variables ------------------------------------------------------------------------------


def read(layer: keras.Layer) -> Variables:
    """Take the arrays of a built layer."""
    require_own_process()
    return Variables(
        [v.value for v in layer.trainable_variables],
        [v.value for v in layer.non_trainable_variables],
    )


def write(layer: keras.Layer, variables: Variables) -> None:
    """Put arrays back into a layer."""
    for variable, value in zip(layer.trainable_variables, variables.params, strict=True):
        variable.assign(value)
    for variable, value in zip(layer.non_trainable_variables, variables.buffers, strict=True):
        variable.assign(value)


def reseed(layer: keras.Layer, buffers: Arrays, rng: np.random.RandomState) -> Arrays:
    """Replace the state of every random generator inside a layer by one drawn from `rng`."""

    def drawn() -> jax.Array:
        return jnp.array([rng.randint(2**31), 0], dtype=jnp.uint32)

    return [
        drawn() if "seed_generator" in variable.path else value
        for variable, value in zip(layer.non_trainable_variables, buffers, strict=True)
    ]


def require_finite(layer: keras.Layer, role: str) -> None:
    """Refuse a network that already holds NaN or infinity."""
    for variable in layer.variables:
        value = np.asarray(variable.value)
        if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all():
            raise InvalidNetworkError(
                f"The {role}'s weight {variable.path!r} of shape {value.shape} holds "
                f"{int((~np.isfinite(value)).sum())} values that are NaN or infinite. "
                "Training cannot start from such weights: build the network again, or load finite "
                "weights."
            )


# --- calls ----------------------------------------------------------------------------------


def apply(layer: keras.Layer) -> Apply:
    """Make ``(params, buffers, x, training) -> Applied`` of a built layer.

    Keras keeps notes in a layer while it is traced, so two threads must not trace one at a time;
    `compiling.compiled_few` sees to that.
    """

    def call(params: Arrays, buffers: Arrays, x: jax.Array, training: bool = False) -> Applied:
        mode = {"training": training} if layer._call_has_training_arg else {}
        before = _TRAINING.set(training)
        try:
            output, buffers, losses = layer.stateless_call(
                params, buffers, x, return_losses=True, **mode
            )
        finally:
            _TRAINING.reset(before)
        return Applied(output, buffers, sum(losses, 0.0))

    return call


_TRAINING: ContextVar[bool] = ContextVar("training", default=False)


def _hasten(layer: keras.Layer) -> None:
    """Let a private layer convolve and flatten images by `jamjae.engine.convolution`, for good."""
    for inner in parts(layer):
        plain = getattr(inner, "data_format", None) == "channels_last"
        if plain and type(inner) is keras.layers.Conv2D and inner.groups == 1:
            object.__setattr__(inner, "convolution_op", _conv2d(inner))
        elif plain and type(inner) is keras.layers.Conv2DTranspose:
            object.__setattr__(inner, "call", _conv2d_transpose(inner))
        elif plain and type(inner) is keras.layers.Flatten:
            object.__setattr__(inner, "call", _flatten(inner.call))


def _flatten(slowly: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    def call(inputs: jax.Array) -> jax.Array:
        return slowly(inputs) if _TRAINING.get() else convolution.flatten(inputs)

    return call


def _conv2d(layer: keras.layers.Conv2D) -> Callable[..., jax.Array]:
    return lambda x, kernel: convolution.conv2d(
        x,
        keras.ops.convert_to_tensor(kernel),
        strides=layer.strides,
        padding=layer.padding,
        dilation=layer.dilation_rate,
    )


def _conv2d_transpose(layer: keras.layers.Conv2DTranspose) -> Callable[..., jax.Array]:
    def call(inputs: jax.Array) -> jax.Array:
        y = convolution.conv2d_transpose(
            inputs,
            keras.ops.convert_to_tensor(layer.kernel),
            strides=layer.strides,
            padding=layer.padding,
            output_padding=layer.output_padding,
            dilation=layer.dilation_rate,
        )
        return layer.activation(y + layer.bias.value if layer.use_bias else y)

    return call


# --- optimizers -----------------------------------------------------------------------------


class Optimizer(NamedTuple):
    """A Keras optimizer as two pure functions (the shape of optax's GradientTransformation).

    ``init()`` gives the state; ``update(gradients, state, params, learning_rate)`` gives the new
    params and the new state. A learning rate of None leaves the optimizer's own in force.
    """

    init: Callable[[], Arrays]
    update: Callable[..., tuple[Arrays, Arrays]]


def _optimizer(kind: str | keras.Optimizer) -> keras.Optimizer:
    """Give the Keras optimizer of a name, or the one handed in if its settings can be kept."""
    if isinstance(kind, str):
        return keras.optimizers.get(_known_optimizer(kind))
    excluded = getattr(kind, "_exclude_from_weight_decay", None) or getattr(
        kind, "_exclude_from_weight_decay_pattern", None
    )
    for wrong, name in ((kind.use_ema, "use_ema=True"), (excluded, "exclude_from_weight_decay()")):
        if wrong:
            raise InvalidNetworkError(
                f"The optimizer {kind.name!r} was given with {name}, which jamjae does not "
                "support: it keeps the weights of the best epoch, and applies weight decay to all "
                "weights. Pass an optimizer without it."
            )
    return kind


def _known_optimizer(name: str) -> str:
    names = sorted(
        key
        for key, value in vars(keras.optimizers).items()
        if isinstance(value, type) and issubclass(value, keras.Optimizer) and key != "Optimizer"
    )
    known = {key.lower(): key for key in names}
    if name.lower() not in known:
        near = [known[key] for key in difflib.get_close_matches(name.lower(), known)] or names
        raise InvalidNetworkError(
            f"optimizer={name!r} is not known to Keras. Did you mean {' or '.join(near)}?"
            if near != names
            else f"optimizer={name!r} is not known to Keras. Choose one of {', '.join(names)}."
        )
    return known[name.lower()]


def describe_optimizer(kind: str | keras.Optimizer, scheduled: bool) -> str:
    """Write an optimizer down, without its learning rate where a schedule of ours sets that."""
    described = keras.optimizers.serialize(_optimizer(kind))
    if scheduled:
        described["config"]["learning_rate"] = 0.0
    described["config"]["name"] = "optimizer"
    return json.dumps(described, sort_keys=True)


def optimizer(description: str, layers: list[keras.Layer]) -> Optimizer:
    """Make the optimizer described, tied to the trainable variables of layers in their order."""
    own = _deserialized(json.loads(description))
    own.build([v for layer in layers for v in layer.trainable_variables])
    initial = [np.asarray(v.value) for v in own.variables]
    rates = [i for i, v in enumerate(own.variables) if v is own._learning_rate]

    def update(
        gradients: Arrays, state: Arrays, params: Arrays, learning_rate: jax.Array | None
    ) -> tuple[Arrays, Arrays]:
        if learning_rate is not None:
            rate = learning_rate.astype(jnp.float32)  # a weak type would compile a second time
            state = [rate if i in rates else s for i, s in enumerate(state)]
        return own.stateless_apply(state, gradients, params)

    return Optimizer(lambda: [jnp.asarray(array) for array in initial], update)


def _deserialized(described: dict[str, Any]) -> keras.Optimizer:
    cause: object = ""
    try:
        own = keras.optimizers.deserialize(described)
    except Exception as error:  # noqa: BLE001 - whatever a constructor of one's own raises
        own, cause = None, f" ({brief(error)})"
    if not isinstance(own, keras.Optimizer):
        raise InvalidNetworkError(
            f"Keras cannot rebuild the optimizer {described['class_name']} from its "
            f"configuration{cause}. Give your own optimizer a get_config that returns all "
            "arguments of its constructor, and decorate its class with "
            "@keras.saving.register_keras_serializable()."
        )
    return own


def default_learning_rate(kind: str | keras.Optimizer) -> float | None:
    """Give an optimizer's own rate, or None where it follows a schedule of its own."""
    own = _optimizer(kind)
    if isinstance(own._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        return None
    return float(own.learning_rate)


# --- compiled calls -------------------------------------------------------------------------


def private(layer: keras.Layer) -> keras.Layer:
    """Copy a layer to compile from, out of reach of what its owner does to it later."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            copied = copy.deepcopy(layer)
        except Exception:  # noqa: BLE001 - whatever a layer that cannot be copied raises
            return layer
    if fingerprint(copied) != fingerprint(layer):  # it holds what its configuration does not
        return layer
    _hasten(copied)
    return copied


@lru_cache(maxsize=32)
def _forward(known: Template, offset: float, factor: float) -> Callable[..., jax.Array]:
    layer = private(known.layer)
    call, shape = apply(layer), layer.input_shape[1:]

    @compiled_few
    def forward(variables: Variables, x: jax.Array) -> jax.Array:
        x = (x.astype(np.float32) - offset) * factor
        return call(*variables, x.reshape(-1, *shape)).output

    return forward


def predict(
    layer: keras.Layer, X: np.ndarray, in_graph: tuple[float, float] = (0.0, 1.0)
) -> np.ndarray:
    """Apply a model to rows.

    Parameters
    ----------
    layer : keras model
    X : array of shape (n, ...)
        Each row holds as many numbers as the model's input.
    in_graph : (offset, factor)
        The part of the scaling that the compiled call does: ``(x - offset) · factor``.

    Returns
    -------
    float32 array of shape (n, *output_shape)
    """
    require_own_process()
    forward = _forward(template(layer), *in_graph)
    variables = read(layer)
    made = np.empty((len(X), *layer.output_shape[1:]), dtype=np.float32)
    return by_blocks(lambda rows: forward(variables, rows), X, made)


@lru_cache(maxsize=8)
def _backward(known: Template) -> Callable[..., jax.Array]:
    layer = private(known.layer)
    call, shape = apply(layer), layer.input_shape[1:]

    @compiled_few
    def slopes(variables: Variables, x: jax.Array, along: jax.Array) -> jax.Array:
        def encode(rows: jax.Array) -> jax.Array:
            return call(*variables, rows.reshape(-1, *shape)).output.reshape(len(x), -1)

        made, back = jax.vjp(encode, x)
        return jax.vmap(lambda one: back(jnp.broadcast_to(one, made.shape))[0], out_axes=1)(along)

    return slopes


def slopes(layer: keras.Layer, X: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Differentiate sums of a model's outputs by its input: ``along · J`` at each row.

    Parameters
    ----------
    layer : keras model
    X : float32 array of shape (n, ...)
    along : float32 array of shape (m, k)
        Weights of the k outputs; unit vectors give rows of the Jacobian.

    Returns
    -------
    float32 array of shape (n, m, ...)

    Raises
    ------
    InvalidNetworkError
        A layer cannot be differentiated.
    """
    require_own_process()
    try:
        return np.asarray(_backward(template(layer))(read(layer), X, along))
    except (TypeError, ValueError, NotImplementedError) as error:
        raise InvalidNetworkError(
            f"The model {layer.name!r} cannot be differentiated by its input: {brief(error)}"
        ) from error
