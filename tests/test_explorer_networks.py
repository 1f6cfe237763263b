"""The page of a model in a browser: it decodes as Python does."""

from __future__ import annotations

import functools

import keras
import numpy as np
import pytest
from keras import layers

from jamjae import Autoencoder, explore
from jamjae.engine.column_outputs import ColumnOutputs
from jamjae.explorer import graphs
from jamjae.labs import a2_denoise, lab_12_3_cnn, lab_12_3_mlp
from pages import PAGE

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)
SLOW = pytest.mark.slow


# --- it computes what Python computes ------------------------------------------------------------


def images(shape, n=60):
    rng = np.random.RandomState(0)
    return (rng.rand(n, *shape) * np.linspace(0.2, 1, n).reshape(-1, *[1] * len(shape))).astype(
        np.float32
    )


@pytest.mark.parametrize(
    ("shape", "settings"),
    [
        ((9, 9), {}),
        pytest.param((7, 10, 3), {"network": "conv"}, marks=SLOW),
        pytest.param((33, 18), {"network": "conv"}, marks=SLOW),
        ((5,), {"n_components": 3}),
        pytest.param((28, 28), {"pair": lambda: lab_12_3_mlp.chapter((28, 28), 64)}, marks=SLOW),
        pytest.param((28, 28), {"pair": lambda: lab_12_3_cnn.chapter((28, 28), 64)}, marks=SLOW),
        pytest.param((63, 63, 3), {"pair": a2_denoise.chapter}, marks=SLOW),
    ],
)
def test_the_page_decodes_and_encodes_as_python_does(opened, shape, settings):
    settings = dict(settings)
    if "pair" in settings:
        encoder, decoder = settings.pop("pair")()
        settings |= {"encoder": encoder, "decoder": decoder}
    else:
        settings = {"n_components": 10, **settings}
    X = images(shape, n=30)
    model = Autoencoder(random_state=0, epochs=2, batch_size=30, **settings).fit(X)
    page = opened(explore(model, X, method="pca"))
    codes = model.transform(X[:8])
    codes = np.concatenate([codes, codes.mean(axis=0) + 2 * (codes - codes.mean(axis=0))])
    found = page.evaluate("(Z) => Z.map((z) => Array.from(jamjae.decode(z)))", codes.tolist())
    expected = model.inverse_transform(codes).reshape(len(codes), -1)
    assert np.abs(np.array(found) - expected).max() <= 1e-4 * np.ptp(X)
    if len(shape) > 1:
        flat = X[:8].reshape(8, -1).tolist()
        found = page.evaluate("(X) => X.map((x) => Array.from(jamjae.encode(x)))", flat)
        error = np.abs(np.array(found) - model.transform(X[:8])).mean()
        assert error <= 0.1 * model.transform(X).std()  # its weights have seven bits


def everything():
    """A network of every layer that pages know; its weights are to be set."""
    conv, transposed, dense = (  # Keras would compile each shape's drawing
        functools.partial(layer, kernel_initializer="zeros")
        for layer in (layers.Conv2D, layers.Conv2DTranspose, layers.Dense)
    )
    x = keras.Input((8, 9, 3))
    y = layers.Rescaling(0.7, 0.1)(x)
    y = layers.ZeroPadding2D(((1, 2), (0, 1)))(y)
    y = conv(4, 3, strides=2, padding="same", dilation_rate=1, activation="silu")(y)
    y = layers.BatchNormalization()(y)
    y = layers.UpSampling2D((2, 3))(layers.LeakyReLU(0.15)(y))
    y = conv(5, 2, dilation_rate=2, activation="gelu")(y)
    y = layers.MaxPooling2D(2, padding="same")(y)
    a = layers.AveragePooling2D(3, 2, padding="same")(y)
    b = conv(5, 3, 2, padding="same", use_bias=False, activation="tanh")(y)
    y = layers.Concatenate()([layers.Add()([a, b]), layers.Multiply()([a, b])])
    y = layers.Subtract()([y, layers.ReLU(1.5, 0.1, 0.2)(y)])
    y = layers.Dropout(0.5)(layers.GaussianNoise(0.3)(y))
    y = transposed(6, 4, 3, activation="mish")(y)
    y = transposed(3, 3, 2, padding="same", output_padding=1, activation="selu")(y)
    y = layers.Cropping2D(((2, 1), (1, 3)))(y)
    y = layers.ELU(0.5)(dense(4)(y))
    y = keras.Sequential([conv(3, 3, 3), layers.Activation("softsign")])(y)
    y = layers.Flatten()(y)
    return keras.Model(x, layers.Softmax()(dense(7)(y)))


def activated(name):
    x = keras.Input((40,))
    return keras.Model(x, layers.Dense(40, activation=name)(x))


@pytest.fixture(scope="module")
def interpreter(browser):
    """A page that holds nothing but the script that computes networks."""
    page = browser.new_page()
    script = "\n".join((PAGE / f"{name}.js").read_text("utf-8") for name in ("arrays", "network"))
    page.set_content(f"<script>{script}</script>")
    yield page
    page.close()


def run(interpreter, model, X):
    graph = graphs.trace(model, "a")
    arrays = {
        name: {"values": array.ravel().tolist(), "shape": list(array.shape)}
        for name, array in graph.weights.items()
    }
    found = interpreter.evaluate(
        """([steps, arrays, X]) => {
          for (const each of Object.values(arrays)) each.values = Float32Array.from(each.values);
          const apply = network(steps, arrays);
          return X.map((x) => Array.from(apply(Float32Array.from(x))));
        }""",
        [graph.steps, arrays, X.reshape(len(X), -1).tolist()],
    )
    return np.array(found)


def test_every_layer_agrees_with_keras(interpreter):
    keras.utils.set_random_seed(0)
    model = everything()
    rng = np.random.RandomState(0)
    for variable in model.variables:  # of BatchNormalization, too
        if variable.dtype == "float32":
            variable.assign(np.abs(rng.normal(0.1, 0.5, variable.shape)) * rng.choice([0.6, 1]))
    X = rng.normal(size=(3, 8, 9, 3)).astype(np.float32)
    known = {step["op"] for step in graphs.trace(model, "a").steps}  # and "columns", below
    assert known == {"input", *(op for op in OPERATIONS if op != "dense"), "dense"}
    found = run(interpreter, model, X)
    np.testing.assert_allclose(found, model.predict(X, verbose=0), atol=2e-6, rtol=2e-5)


OPERATIONS = {
    *("same", "dense", "conv", "conv_transpose", "scale", "most", "mean", "repeat", "shift"),
    *("rectify", "elu", "add", "subtract", "multiply", "join"),
}


def test_probabilities_of_categories(interpreter):
    x = keras.Input((7,))
    layer = ColumnOutputs([(1, 4), (5, 6)])
    model = keras.Model(x, layer(x))
    rng = np.random.RandomState(0)
    layer.set_weights([rng.uniform(0.2, 2, 7), rng.uniform(0, 1, 7)])
    X = (rng.normal(size=(40, 7)) * 10.0 ** rng.uniform(-2, 3, (40, 1))).astype(np.float32)
    np.testing.assert_allclose(run(interpreter, model, X), np.asarray(model(X)), atol=1e-5)


def test_a_layer_that_is_called_twice(interpreter):
    keras.utils.set_random_seed(0)
    x = keras.Input((9, 9, 2))
    twice = layers.Conv2D(2, 3, 2, padding="same", activation="elu")
    inside = keras.Sequential([layers.Conv2DTranspose(2, 3, 2, padding="same")])
    y = twice(twice(x))
    model = keras.Model(x, layers.Concatenate()([layers.Flatten()(inside(y)), layers.Flatten()(y)]))
    X = np.random.RandomState(0).normal(size=(2, 9, 9, 2)).astype(np.float32)
    np.testing.assert_allclose(run(interpreter, model, X), np.asarray(model(X)), atol=1e-5)


@pytest.mark.parametrize("name", graphs.ACTIVATIONS)
def test_every_activation_agrees_with_keras(interpreter, name):
    model = activated(name)
    model.layers[-1].set_weights([np.eye(40), np.zeros(40)])
    X = np.concatenate([np.linspace(-9, 9, 39), [0.0]])[None].astype(np.float32)
    found = run(interpreter, model, X)
    np.testing.assert_allclose(found, np.asarray(model(X)), atol=2e-6, rtol=2e-6)
