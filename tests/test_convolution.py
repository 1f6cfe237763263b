"""Convolutions against Keras's own, forward and backward, in every geometry."""

from __future__ import annotations

import functools
import itertools

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from scipy.signal import correlate

from cases import mostly_slow
from jamjae.engine import convolution, keras_bridge


def normal(*shape):
    return jnp.asarray(np.random.RandomState(sum(shape)).normal(size=shape).astype(np.float32))


GEOMETRIES = [
    # image, kernel, strides, padding, dilation
    ((7, 7), (3, 3), (1, 1), "same", (1, 1)),
    ((7, 7), (3, 3), (1, 1), "valid", (1, 1)),
    ((8, 5), (3, 2), (1, 1), "same", (1, 1)),
    ((8, 5), (4, 4), (1, 1), "valid", (1, 1)),
    ((9, 6), (3, 3), (2, 2), "same", (1, 1)),
    ((9, 6), (3, 3), (2, 2), "valid", (1, 1)),
    ((8, 8), (4, 4), (2, 2), "same", (1, 1)),
    ((8, 8), (2, 2), (2, 2), "valid", (1, 1)),
    ((8, 12), (4, 4), (4, 4), "valid", (1, 1)),
    ((10, 7), (3, 3), (3, 3), "same", (1, 1)),
    ((10, 7), (3, 3), (2, 1), "same", (1, 1)),
    ((10, 7), (1, 1), (1, 1), "same", (1, 1)),
    ((10, 7), (1, 1), (2, 2), "same", (1, 1)),
    ((10, 7), (2, 2), (3, 3), "valid", (1, 1)),
    ((9, 9), (3, 3), (1, 1), "same", (2, 2)),
    ((9, 9), (3, 2), (1, 1), "valid", (2, 3)),
    ((2, 1), (5, 3), (1, 1), "same", (1, 1)),
    ((1, 1), (3, 3), (2, 2), "same", (1, 1)),
]
# Few to many: patches of the image; many to few: of the grid; one to very many: all by products.
CHANNELS = [(1, 4), (3, 2), (1, 13)]


def taken_in_turn(geometries, channels):
    """Every geometry with all channels, slow but for one of them; and those of that one."""
    cases = [(*each, several) for each, several in itertools.product(geometries, channels)]
    turns = {}
    for place, case in enumerate(cases):
        turns.setdefault(case[:5], []).append(place)
    return cases, [cases[own[turn % len(own)]] for turn, own in enumerate(turns.values())]


CONVOLUTIONS = taken_in_turn(GEOMETRIES, CHANNELS)


def assert_same(mine, theirs, *arguments):
    """Compare values and gradients; one program, hardly optimized, is what compiles fastest."""
    seen = jax.eval_shape(theirs, *arguments)
    weights = np.cos(np.arange(seen.size, dtype=seen.dtype)).reshape(seen.shape)

    def values_and_gradients(*arguments):
        pulled = [jax.vjp(function, *arguments) for function in (mine, theirs)]
        return [(value, *pull(weights)) for value, pull in pulled]

    lowered = jax.jit(values_and_gradients).lower(*arguments)
    compiled = lowered.compile(compiler_options={"xla_backend_optimization_level": 0})
    for one, other in zip(*compiled(*arguments), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("image", "kernel", "strides", "padding", "dilation", "channels"), mostly_slow(*CONVOLUTIONS)
)
def test_conv2d(image, kernel, strides, padding, dilation, channels):
    x, w = normal(3, *image, channels[0]), normal(*kernel, *channels)

    def mine(x, w):
        return convolution.conv2d(x, w, strides=strides, padding=padding, dilation=dilation)

    def theirs(x, w):
        return keras.ops.conv(x, w, strides, padding, dilation_rate=dilation)

    assert_same(mine, theirs, x, w)


TRANSPOSED = [
    (*geometry, extra)
    for geometry, extra in itertools.product(GEOMETRIES, (None, 0, 1))
    if (extra is None or extra < max(geometry[2]))
    and (geometry[2] == (1, 1) or geometry[4] == (1, 1))
]


@pytest.mark.parametrize(
    ("image", "kernel", "strides", "padding", "dilation", "extra", "channels"),
    mostly_slow(*taken_in_turn(TRANSPOSED, [*CHANNELS, (13, 1)])),
)
def test_conv2d_transpose(image, kernel, strides, padding, dilation, extra, channels):
    x, w = normal(3, *image, channels[0]), normal(*kernel, *channels[::-1])

    def mine(x, w):
        return convolution.conv2d_transpose(
            x, w, strides=strides, padding=padding, output_padding=extra, dilation=dilation
        )

    def theirs(x, w):
        return keras.ops.conv_transpose(
            x, w, strides, padding, output_padding=extra, dilation_rate=dilation
        )

    if 0 in jax.eval_shape(theirs, x, w).shape:
        pytest.skip("Keras gives an empty image")
    assert_same(mine, theirs, x, w)


@pytest.mark.parametrize(
    ("images", "strides"),
    mostly_slow(itertools.product([1, 5, 6], [(1, 1), (2, 2), (3, 3)]), {(1, (3, 3)), (5, (2, 2))}),
)
def test_patches_laid_out_by_pieces_give_the_same_gradient(images, strides, monkeypatch):
    x, w = normal(images, 10, 9, 3), normal(3, 3, 3, 4)

    def gradient():
        settings = {"strides": strides, "padding": "same", "dilation": (1, 1)}
        return jax.grad(lambda w: jnp.sin(convolution.conv2d(x, w, **settings)).sum())(w)

    whole = gradient()
    monkeypatch.setattr(convolution, "CACHED", 2 * 4 * 10 * 9 * 27)  # of two images, or fewer
    np.testing.assert_allclose(gradient(), whole, rtol=1e-4, atol=1e-4)
    monkeypatch.setattr(convolution, "CACHED", 0)  # one by one
    np.testing.assert_allclose(gradient(), whole, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("first", [0.5, np.nan])
def test_flatten_keeps_every_number(first):
    x = normal(3, 4, 5, 2).at[0, 0, 0, 0].set(first)
    np.testing.assert_array_equal(jax.jit(convolution.flatten)(x), np.asarray(x).reshape(3, -1))


def test_flatten_is_not_fused_with_what_comes_before():
    def rows(x, bias):
        return convolution.flatten(jax.nn.elu(x + bias))

    traced = jax.make_jaxpr(rows)(normal(3, 4, 5, 2), normal(2))
    assert "cond" in {equation.primitive.name for equation in traced.eqns}


@pytest.mark.parametrize(
    ("transposed", "strides", "channels"),
    mostly_slow(
        itertools.product([False, True], [(1, 1), (2, 2), (3, 1), (3, 3)], [(1, 13), (3, 2)]),
        {(False, (2, 2), (3, 2)), (True, (3, 1), (1, 13))},
    ),
)
def test_gradients_are_finite_differences(transposed, strides, channels):
    def loss(x, w):
        function = convolution.conv2d_transpose if transposed else convolution.conv2d
        dilation = (1, 1)
        return jnp.sin(function(x, w, strides=strides, padding="same", dilation=dilation)).sum()

    kernel = (3, 3, *(channels[::-1] if transposed else channels))
    with jax.enable_x64(True):
        given = [jnp.asarray(normal(*shape), float) for shape in ((2, 6, 5, channels[0]), kernel)]
        along = [jnp.asarray(normal(*each.shape), float) for each in given]
        gradients = jax.grad(loss, (0, 1))(*given)
        expected = sum(float((g * a).sum()) for g, a in zip(gradients, along, strict=True))
        ahead, behind = (
            float(loss(*(x + step * a for x, a in zip(given, along, strict=True))))
            for step in (1e-5, -1e-5)
        )
    np.testing.assert_allclose((ahead - behind) / 2e-5, expected, rtol=1e-6)


def test_against_scipy():
    x, w = normal(1, 6, 7, 2), normal(3, 3, 2, 1)
    expected = sum(correlate(x[0, :, :, c], w[:, :, c, 0], mode="valid") for c in range(2))
    result = convolution.conv2d(x, w, strides=(1, 1), padding="valid", dilation=(1, 1))
    np.testing.assert_allclose(result[0, :, :, 0], expected, rtol=1e-4, atol=1e-4)


def network():
    def drawn(shape, dtype=None):  # Keras would compile the drawing of each shape
        return 0.3 * normal(*shape)

    conv, transposed = (
        functools.partial(layer, kernel_initializer=drawn)
        for layer in (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    )
    return keras.Sequential(
        [
            keras.Input((9, 7, 2)),
            conv(4, 3, strides=2, padding="same", activation="elu"),
            conv(3, 3, use_bias=False),
            transposed(4, 3, strides=2, activation="elu"),
            transposed(2, 4, strides=2, padding="same", use_bias=False),
        ]
    )


def test_a_network_has_keras_s_gradients_inside_a_loop_too():
    model = network()
    held, x = keras_bridge.read(model), normal(5, 9, 7, 2)

    def loss(params, x):
        return (keras_bridge.apply(model)(params, held.buffers, x).output ** 2).sum()

    def keras_loss(params, x):
        return (model.stateless_call(params, held.buffers, x)[0] ** 2).sum()

    @jax.jit
    def looped(params, x):
        zeros = jax.tree.map(jnp.zeros_like, params)

        def body(_, sums):
            return jax.tree.map(jnp.add, sums, jax.grad(loss)(params, x))

        return jax.lax.fori_loop(0, 3, body, zeros)

    expected = jax.jit(jax.grad(keras_loss))(held.params, x)
    scale = max(float(jnp.abs(g).max()) for g in expected)
    for one, two, other in zip(
        jax.jit(jax.grad(loss))(held.params, x), looped(held.params, x), expected, strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5 * scale)
        np.testing.assert_allclose(two / 3, other, rtol=1e-3, atol=1e-5 * scale)


def test_a_layer_is_as_it_was_after_being_traced():
    model = network()
    x = normal(2, 9, 7, 2)
    before = model(x)
    keras_bridge.apply(model)(*keras_bridge.read(model), x)
    np.testing.assert_array_equal(model(x), before)
    assert all("convolution_op" not in vars(layer) for layer in model.layers)
    assert all("call" not in vars(layer) for layer in model.layers)


def test_half_precision_and_vmap():
    x, w = normal(2, 5, 5, 1).astype(jnp.bfloat16), normal(3, 3, 1, 2).astype(jnp.bfloat16)

    def total(x, w):
        y = convolution.conv2d(x, w, strides=(2, 2), padding="same", dilation=(1, 1))
        return convolution.conv2d_transpose(y, w, strides=(2, 2), padding="same").sum()

    gradients = jax.jit(jax.grad(total, (0, 1)))(x, w)
    assert [g.dtype for g in gradients] == [jnp.bfloat16] * 2
    many = jax.jit(jax.vmap(jax.grad(total), (None, 0)))(x, jnp.stack([w, 2 * w]))
    np.testing.assert_allclose(
        many[0].astype(np.float32), gradients[0].astype(np.float32), rtol=0.1, atol=0.1
    )
