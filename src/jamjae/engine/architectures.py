"""The networks: the only module that builds Keras layers.

A default network is the sum of two paths. The linear path (the *anchor*) is PCA and stays PCA; the
nonlinear path starts at zero, because the kernel of its last layer does:

    z = x·E + b + f(x),   x̂ = z·D + c + g(z).

So the first reconstruction *is* PCA's, and training can only improve on it. E is whitened during
training: every component of a code starts with variance one. Afterwards `scale_codes` scales the
codes to PCA's units.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import keras
import numpy as np
from keras import layers

from jamjae.data.text_tables import text_table
from jamjae.engine import column_outputs
from jamjae.engine.column_outputs import ColumnOutputs, Groups

Shape = tuple[int, ...]
Tensor: TypeAlias = keras.KerasTensor
ACTIVATION = "gelu"
LAST_AXIS = "channels_last"  # whatever Keras is set to
ANCHOR = "anchor"  # the linear path
LAST = "correction"  # the last layer of a nonlinear path, which starts at zero
LOG_VARIANCE = "log_variance"  # of the codes of a variational autoencoder
GRID_LAYER = "grid"  # that only convolutional decoders have
HIDDEN, FIRST = "hidden_", "hidden_1"  # fully connected layers, and the first of them
DENSE_LIMIT = 4096  # values of an image up to which dense networks learn faster
FEW = 8  # components up to which dense networks are deep
EMPTY = {"kernel_initializer": "zeros"}  # `start` fills them; drawn by Keras it is a second more
PATCH, GRID, FILTERS = 4, 8, 64  # of convolutional networks; see benchmarks/fashion_mnist.py


class Pair(NamedTuple):
    """An encoder and the decoder that takes its codes."""

    encoder: keras.Model
    decoder: keras.Model


# --- jamjae's own ---------------------------------------------------------------------------


def ending_in(pair: Pair, layer: keras.Layer) -> Pair:
    """Let the decoder of a pair end in one more layer."""
    before = pair.decoder
    decoder = keras.Model(before.input, layer(before.output), name="decoder")
    return pair._replace(decoder=decoder)


def with_columns(pair: Pair, groups: Groups) -> Pair:
    """Let the decoder of a pair end in probabilities of the columns that encode categories."""
    return ending_in(pair, ColumnOutputs(groups, name=column_outputs.NAME))


def without_columns(pair: Pair) -> Pair:
    """Undo `with_columns`."""
    columns = column_outputs.of(pair.decoder)
    if columns is None:
        return pair
    return pair._replace(decoder=keras.Model(pair.decoder.input, columns.input, name="decoder"))


def prefers_convolution(shape: Shape) -> bool:
    """Whether images are large enough for convolutions to be worth their time."""
    return len(shape) in (2, 3) and math.prod(shape) > DENSE_LIMIT


def dense(shape: Shape, n_components: int, widths: Sequence[int], *, anchored: bool) -> Pair:
    """Fully connected paths of the given hidden widths; the decoder mirrors the encoder.

    Parameters
    ----------
    shape : tuple
        Shape of a row; images are flattened and reshaped.
    n_components : int
    widths : sequence of int
        Hidden units, from the data to the code; empty for the linear path alone.
    anchored : bool
        Whether there is a linear path.
    """

    def encode(x: Tensor) -> Tensor:
        return _last(_hidden(_flat(x), widths), n_components)

    def decode(z: Tensor) -> Tensor:
        return _last(_hidden(z, widths[::-1]), math.prod(shape))

    return _pair(shape, n_components, encode, decode, linear=anchored, corrected=bool(widths))


def dense_widths(shape: Shape, n_components: int) -> tuple[int, ...]:
    """Choose the hidden widths of `dense` for rows of a shape.

    One layer of 64 to 1024 units. With few components the mapping is more nonlinear, and three
    layers of 128 to 512 units learn it better (on Fashion-MNIST with 2 components a squared error
    of .0232 instead of .0288).
    """
    size = 2 ** round(math.log2(4 * max(math.prod(shape), n_components)))
    if n_components > FEW:
        return (int(np.clip(size, 64, 1024)),)
    return tuple(int(np.clip(size // halved, 128, 512 // halved)) for halved in (1, 2, 4))


def hidden_widths(model: keras.Model) -> tuple[int, ...]:
    """Read the widths of the hidden layers of a network that `dense` built."""
    return tuple(layer.units for layer in model.layers if layer.name.startswith(HIDDEN))


def decoder_network(decoder: keras.Model) -> str | list[int]:
    """Say how to build a decoder that jamjae built: ``"conv"``, or the widths of `dense`."""
    if any(layer.name == GRID_LAYER for layer in decoder.layers):
        return "conv"
    return list(hidden_widths(decoder)[::-1])


def convolutional(shape: Shape, n_components: int, *, anchored: bool) -> Pair:
    """Convolutional paths for images of any size and number of channels.

    The encoder divides the image into patches, halves the grid of patches until no side is longer
    than `GRID`, mixes neighbors in a residual block and flattens to the code; the decoder mirrors
    it. Sides that do not divide evenly are padded at first and cropped at the end.

    Parameters
    ----------
    shape : (h, w) or (h, w, c)
    n_components : int
    anchored : bool
        Whether there is a linear path.
    """
    height, width, channels = (*shape, 1)[:3]
    patch = PATCH if max(height, width) >= 4 * PATCH else PATCH // 2
    halvings = max(math.ceil(math.log2(max(height, width) / (patch * GRID))), 0)
    unit = patch * 2**halvings
    grid = (-(-height // unit), -(-width // unit), FILTERS)
    spare = ((0, grid[0] * unit - height), (0, grid[1] * unit - width))

    def encode(x: Tensor) -> Tensor:
        x = layers.Reshape((height, width, channels), name="image")(x)
        x = layers.ZeroPadding2D(spare, LAST_AXIS, name="pad")(x) if any(map(any, spare)) else x
        x = _convolution(x, patch, strides=patch, name="patches")
        for number in range(1, halvings + 1):
            x = _convolution(x, 3, strides=2, name=f"halve_{number}")
        return _last(_flat(_residual(x)), n_components)

    def decode(z: Tensor) -> Tensor:
        z = _hidden(z, (1024, math.prod(grid)))
        z = _residual(layers.Reshape(grid, name=GRID_LAYER)(z))
        for number in range(1, halvings + 1):
            z = layers.Conv2DTranspose(
                FILTERS,
                3,
                strides=2,
                padding="same",
                data_format=LAST_AXIS,
                activation=ACTIVATION,
                name=f"double_{number}",
                **EMPTY,
            )(z)
        z = layers.Conv2DTranspose(
            channels, patch, strides=patch, data_format=LAST_AXIS, name=LAST, **EMPTY
        )(z)
        return _flat(
            layers.Cropping2D(spare, LAST_AXIS, name="crop")(z) if any(map(any, spare)) else z
        )

    return _pair(shape, n_components, encode, decode, linear=anchored, corrected=True)


def _convolution(x: Tensor, size: int, *, strides: int = 1, name: str) -> Tensor:
    return layers.Conv2D(
        FILTERS,
        size,
        strides=strides,
        padding="same",
        data_format=LAST_AXIS,
        activation=ACTIVATION,
        name=name,
        **EMPTY,
    )(x)


def _residual(x: Tensor) -> Tensor:
    return layers.Add(name="residual")([x, _convolution(x, 3, name="neighbors")])


def _pair(
    shape: Shape,
    n_components: int,
    encode: Callable[[Tensor], Tensor],
    decode: Callable[[Tensor], Tensor],
    *,
    linear: bool,
    corrected: bool,
) -> Pair:
    x = keras.Input(shape, name="rows")
    z = keras.Input((n_components,), name="codes")
    code = _sum(_flat(x), n_components, encode(x) if corrected else None, linear)
    reconstructed = _sum(z, math.prod(shape), decode(z) if corrected else None, linear)
    if len(shape) != 1:
        reconstructed = layers.Reshape(shape, name="reconstruction")(reconstructed)
    return Pair(keras.Model(x, code, name="encoder"), keras.Model(z, reconstructed, name="decoder"))


def _sum(x: Tensor, units: int, correction: Tensor | None, linear: bool) -> Tensor:
    if correction is None:
        return layers.Dense(units, name=ANCHOR, **EMPTY)(x)
    if not linear:
        return correction
    anchor = layers.Dense(units, name=ANCHOR, trainable=False, **EMPTY)(x)
    return layers.Add(name="sum")([anchor, correction])


def _flat(x: Tensor) -> Tensor:
    return x if len(x.shape) == 2 else layers.Flatten(LAST_AXIS)(x)


def _hidden(x: Tensor, widths: Sequence[int]) -> Tensor:
    for number, width in enumerate(widths, start=1):
        x = layers.Dense(width, activation=ACTIVATION, name=f"{HIDDEN}{number}", **EMPTY)(x)
    return x


def _last(x: Tensor, units: int) -> Tensor:
    return layers.Dense(units, name=LAST, **EMPTY)(x)


def residual(n_inputs: int, n_outputs: int, widths: Sequence[int]) -> keras.Model:
    """Fully connected layers of one width, each after the first adding to the one before."""
    x = keras.Input((n_inputs,), name="inputs")
    h = x
    for number, width in enumerate(widths, start=1):
        more = layers.Dense(width, activation="silu", name=f"{HIDDEN}{number}", **EMPTY)(h)
        h = more if number == 1 else layers.Add(name=f"sum_{number}")([h, more])
    return keras.Model(x, _last(h, n_outputs), name="velocity")


# --- for people to read ---------------------------------------------------------------------


def describe(pair: Pair) -> str:
    """Write each network's layers, output shapes and parameters, and the totals, as a table."""
    lines: list[tuple[str, str, str]] = []
    for model in pair:
        lines.append((model.name, "output shape", "parameters"))
        lines += [
            (f"  {layer.name} ({type(layer).__name__})", _size(layer), f"{layer.count_params():,}")
            for layer in model.layers
            if not isinstance(layer, layers.InputLayer)
        ]
        lines.append(("  total", "", f"{model.count_params():,}"))
    frozen = sum(w.value.size for model in pair for w in model.non_trainable_weights)
    lines.append(("parameters in all", "", f"{sum(m.count_params() for m in pair):,}"))
    lines.append(("  of these not trained", "", f"{frozen:,}"))
    return text_table(("", "", ""), lines, left=2)


def _size(layer: keras.Layer) -> str:
    return " x ".join(str(side) for side in layer.output.shape[1:])
