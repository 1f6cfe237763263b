"""The networks: where they start, what they accept, what they tell of themselves."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest

from cases import mostly_slow
from jamjae import Autoencoder
from jamjae.data import preprocessing
from jamjae.engine import architectures, custom_networks, initialization, keras_bridge, pca
from jamjae.errors import InvalidNetworkError

SHAPES = [(1,), (6,), (5, 7), (28, 28), (9, 13, 1), (12, 8, 3), (4, 4, 4), (1, 9), (3, 2, 9)]


def rows_of(shape, n=40):
    return np.random.RandomState(0).normal(2.0, 3.0, size=(n, *shape))


STARTS = [
    (kind, shape, k)
    for kind, shape, k in itertools.product(["dense", "conv"], SHAPES, [1, 3, 50])
    if kind == "dense" or len(shape) > 1  # a row is no image
]
QUICK_STARTS = {
    *(("dense", (6,), 3), ("dense", (5, 7), 3), ("dense", (12, 8, 3), 50)),
    *(("conv", (5, 7), 1), ("conv", (9, 13, 1), 50), ("conv", (12, 8, 3), 3)),
}


@pytest.mark.parametrize(("kind", "shape", "k"), mostly_slow(STARTS, QUICK_STARTS))
def test_an_anchored_pair_starts_as_pca(kind, shape, k):
    X = rows_of(shape)
    principal = pca.fit(X, k)
    scale = preprocessing.for_rows(X, principal.mean, principal.variance)
    if kind == "conv":
        pair = architectures.convolutional(shape, k, anchored=True)
    else:
        pair = architectures.dense(shape, k, (8,), anchored=True)
    initialization.start(pair, principal, scale, np.random.RandomState(0))
    Z = keras_bridge.predict(pair.encoder, scale.apply(X))
    reconstructed = scale.undo(keras_bridge.predict(pair.decoder, Z))
    np.testing.assert_allclose(reconstructed, principal.reconstruct(X), atol=1e-4)
    error = np.square(reconstructed - X).mean()
    assert error == pytest.approx(principal.error, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("shape", [(6,), (9, 13, 3)])
def test_hidden_layers_are_not_zero_at_the_start(shape):
    pair = architectures.dense(shape, 2, (8, 4), anchored=False)
    initialization.start(pair, None, preprocessing.Scaling(0.0, 1.0), np.random.RandomState(0))
    for model in pair:
        assert all(np.abs(w).max() > 0 for w in model.get_weights() if w.ndim > 1)


def chapter_roll():
    """LAB 12-1 of the chapter."""
    encoder = keras.Sequential([keras.layers.Dense(2, activation="elu", input_shape=[3])])
    decoder = keras.Sequential([keras.layers.Dense(3, activation="elu", input_shape=[2])])
    return encoder, decoder


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`:UserWarning")
def test_summary_of_the_chapter_s_network(capsys):
    X = rows_of((3,))
    encoder, decoder = chapter_roll()
    model = Autoencoder(encoder=encoder, decoder=decoder, epochs=1, random_state=0).fit(X)
    model.summary()
    printed = capsys.readouterr().out
    assert "parameters in all" in printed
    (total,) = (line for line in printed.splitlines() if "in all" in line)
    assert total.split()[-1] == "17"
    assert [line.split()[-1] for line in printed.splitlines() if "Dense" in line] == ["8", "9"]
    assert model.encoder_ is encoder
    assert model.decoder_ is decoder
    assert model.n_components_ == 2


def functional_pair():
    x = keras.Input((6, 5, 1))
    h = keras.layers.Conv2D(4, 3, activation="elu")(x)
    encoder = keras.Model(x, keras.layers.Dense(2)(keras.layers.Flatten()(h)))
    z = keras.Input((2,))
    h = keras.layers.Reshape((4, 3, 4))(keras.layers.Dense(48)(z))
    return encoder, keras.Model(z, keras.layers.Conv2DTranspose(1, 3)(h))


def unbuilt_pair():
    encoder = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])
    decoder = keras.Sequential([keras.layers.Dense(30), keras.layers.Reshape((6, 5))])
    return encoder, decoder


def nested_pair():
    inner = keras.Sequential([keras.layers.Conv2D(3, 3, padding="same"), keras.layers.Flatten()])
    encoder = keras.Sequential([keras.Input((6, 5, 1)), inner, keras.layers.Dense(2)])
    return encoder, unbuilt_pair()[1]


class Subclassed(keras.Model):
    """A model written as a class."""

    def __init__(self, size):
        super().__init__()
        self.dense = keras.layers.Dense(size)

    def build(self, input_shape):
        self.dense.build((None, int(np.prod(input_shape[1:]))))
        self.built = True

    def call(self, x):
        return self.dense(keras.ops.reshape(x, (keras.ops.shape(x)[0], -1)))


@pytest.mark.parametrize(
    "make", [functional_pair, pytest.param(unbuilt_pair, marks=pytest.mark.slow), nested_pair]
)
def test_a_pair_of_one_s_own_is_trained_in_place(make):
    X = rows_of((6, 5))
    encoder, decoder = make()
    model = Autoencoder(encoder=encoder, decoder=decoder, epochs=1, random_state=0).fit(X)
    before = [w.copy() for w in encoder.get_weights()]
    model.fit(X)
    assert any(np.abs(a - b).max() > 0 for a, b in zip(before, encoder.get_weights(), strict=True))
    scaled = model.scaling_.apply(X).reshape(-1, *encoder.input_shape[1:])
    np.testing.assert_allclose(encoder.predict(scaled, verbose=0), model.transform(X), atol=1e-4)


def dense_pair(code_out, code_in, last=None, d=6, size=6):
    encoder = keras.Sequential([keras.Input((d,)), keras.layers.Dense(code_out)])
    decoder = keras.Sequential([keras.Input((code_in,)), keras.layers.Dense(size, activation=last)])
    return {"encoder": encoder, "decoder": decoder}


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (dense_pair(2, 3), r"encoder's output .*\(2,\) is not \(3,\)"),
        (dense_pair(2, 2, d=5), r"rows of the data .*\(6,\) is not \(5,\)"),
        (dense_pair(2, 2, size=7), r"decoder's output .*\(7,\) is not \(6,\)"),
        ({"encoder": dense_pair(2, 2)["encoder"]}, "decoder is None"),
    ],
)
def test_networks_that_do_not_fit_are_refused_with_both_shapes(pair, message):
    with pytest.raises(InvalidNetworkError, match=message):
        Autoencoder(**pair).fit(rows_of((6,)))


def test_nan_weights_are_refused():
    pair = dense_pair(2, 2)
    kernel, bias = pair["decoder"].get_weights()
    kernel[1, 2] = np.nan
    pair["decoder"].set_weights([kernel, bias])
    with pytest.raises(InvalidNetworkError, match=r"decoder's weight .*kernel.*1 values"):
        Autoencoder(**pair).fit(rows_of((6,)))


@pytest.mark.parametrize(
    ("last", "low", "high"),
    [("sigmoid", 0.0, 1.0), ("tanh", -1.0, 1.0), ("relu", 0.0, np.inf), ("elu", 0.0, np.inf)],
)
def test_there_is_no_sigmoid_trap(last, low, high):
    """Data of any range are brought into what the decoder's last activation can give."""
    X = rows_of((6,)) * 100 - 1000
    pair = dense_pair(6, 6, last=last)
    model = Autoencoder(**pair, epochs=200, learning_rate=0.02, random_state=0).fit(X)
    scaled = model.scaling_.apply(X)
    assert scaled.min() >= low - 1e-6
    assert scaled.max() <= high + 1e-6
    if last != "relu":  # units that are dead at the start stay so
        assert model.score(X) > 0.5


def test_binary_cross_entropy_needs_a_sigmoid():
    with pytest.raises(InvalidNetworkError, match="sigmoid"):
        Autoencoder(2, loss="bce").fit(rows_of((6,)))
    pair = dense_pair(6, 6, last="sigmoid")
    model = Autoencoder(**pair, loss="bce", epochs=100, learning_rate=0.02, random_state=0)
    assert model.fit(rows_of((6,))).score(rows_of((6,))) > 0.3


def test_an_image_network_for_rows_says_what_it_needs():
    with pytest.raises(InvalidNetworkError, match=r"images .*\(6,\)"):
        Autoencoder(2, network="conv").fit(rows_of((6,)))


def test_a_corruption_that_changes_the_shape_is_refused():
    with pytest.raises(InvalidNetworkError, match="corruption"):
        Autoencoder(2, corruption=keras.layers.Dense(3)).fit(rows_of((6,)))


class Doubled(keras.Model):
    """A model with a call of its own, which only a file can copy."""

    def __init__(self, units=2, **settings):
        super().__init__(**settings)
        self.units, self.dense = units, keras.layers.Dense(units)

    def call(self, x):
        return 2 * self.dense(x)

    def get_config(self):
        return {"units": self.units}


def nested():
    x = keras.Input((4,))
    z = keras.Sequential([keras.layers.Dense(3, activation="elu"), keras.layers.Dropout(0.5)])(x)
    frozen = keras.layers.Dense(2, trainable=False)
    return keras.Model(x, keras.layers.BatchNormalization()(frozen(z)))


def frozen():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.trainable = False
    return model


def subclassed():
    model = Doubled()
    model(np.ones((1, 4)))
    return model


def with_a_function_of_ones_own():
    scale = 3.0
    double = keras.layers.Lambda(lambda x: scale * x, output_shape=(4,))
    return keras.Sequential([keras.Input((4,)), double, keras.layers.Dense(2)])


@pytest.mark.parametrize("made", [nested, frozen, subclassed, with_a_function_of_ones_own])
def test_a_copied_network_is_the_same_and_its_own(made):
    keras.utils.set_random_seed(1)
    model = made()
    weights = [np.array(v.value) for v in model.variables]
    copied = custom_networks.copied(model)
    assert [v.trainable for v in copied.variables] == [v.trainable for v in model.variables]
    for mine, theirs in zip(copied.variables, weights, strict=True):
        np.testing.assert_array_equal(mine.value, theirs)
    X = np.random.RandomState(0).normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_array_equal(copied(X), model(X))
    for variable in copied.variables:
        variable.assign(variable.value + 1)
    for mine, before in zip(model.variables, weights, strict=True):
        np.testing.assert_array_equal(mine.value, before)


def test_an_unbuilt_network_is_copied():
    model = keras.Sequential([keras.layers.Dense(2)])
    assert not custom_networks.copied(model).built
    assert custom_networks.copied(model) is not model
