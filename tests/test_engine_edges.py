"""Networks and trainings that resemble others, and are none of them."""

from __future__ import annotations

import functools

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.decomposition import PCA

from cases import mostly_slow
from jamjae import Autoencoder
from jamjae.engine import keras_bridge
from jamjae.engine.checkpoints import identity
from jamjae.errors import InvalidNetworkError

X = np.random.default_rng(0).normal(size=(60, 4))
ONE = {"epochs": 2, "random_state": 0, "batch_size": 16}


def pair(activation, name=None, units=2):
    encoder = keras.Sequential(
        [keras.Input((4,)), layers.Dense(units, activation=activation, name=name)]
    )
    return {
        "encoder": encoder,
        "decoder": keras.Sequential([keras.Input((units,)), layers.Dense(4)]),
    }


def agrees(model):
    scaled = model.scaling_.apply(X)
    np.testing.assert_allclose(
        model.transform(X), np.asarray(model.encoder_(scaled)), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("n", mostly_slow([1, 8, 9, 32, 33, 128, 129, 300], {1, 9, 129}))
def test_any_number_of_rows_is_encoded_as_keras_does(n):
    x = keras.Input((6, 5, 1))
    spread = layers.Conv2DTranspose(4, 3, activation="elu")(inputs=x)
    model = keras.Model(x, layers.Dense(3)(layers.Flatten()(inputs=spread)))
    images = np.random.default_rng(n).random((n, 6, 5, 1), dtype=np.float32)
    codes = keras_bridge.predict(model, images)
    assert codes.shape == (n, 3)
    np.testing.assert_allclose(codes, np.asarray(model(images)), rtol=1e-4, atol=1e-5)


def test_layers_named_like_their_activation_are_distinguished():
    for activation in ("relu", "tanh"):
        agrees(Autoencoder(**pair(activation, name=activation), **ONE).fit(X))


def test_functions_of_one_name_are_distinguished():
    def scaled_by(factor):
        def activation(x):
            return factor * x

        return activation

    for factor in (1.0, -5.0):
        agrees(Autoencoder(**pair(scaled_by(factor)), **ONE).fit(X))


def test_a_layer_can_be_frozen_between_two_fits():
    networks = pair("relu")
    Autoencoder(**networks, **ONE).fit(X)
    networks["encoder"].trainable = False
    frozen = [w.copy() for w in networks["encoder"].get_weights()]
    agrees(Autoencoder(**networks, **ONE).fit(X))
    for before, after in zip(frozen, networks["encoder"].get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    agrees(Autoencoder(**pair("relu"), **ONE).fit(np.vstack([X, X])))  # an equal, unfrozen one


def test_a_rate_that_was_changed_counts():
    def fitted(rate, changed=None):
        encoder = keras.Sequential(
            [
                keras.Input((4,)),
                layers.Dropout(rate, seed=0),
                layers.Dense(2, kernel_initializer="ones"),
            ]
        )
        decoder = keras.Sequential([keras.Input((2,)), layers.Dense(4, kernel_initializer="ones")])
        before = [network.get_weights() for network in (encoder, decoder)]
        model = Autoencoder(encoder=encoder, decoder=decoder, **ONE).fit(X)
        if changed is None:
            return model.history_["loss"]
        for network, weights in zip((encoder, decoder), before, strict=True):
            network.set_weights(weights)
        encoder.layers[0].rate = changed
        return model.fit(X).history_["loss"]

    np.testing.assert_array_equal(fitted(0.1, changed=0.9), fitted(0.9))


class Plain(layers.Layer):
    def call(self, x):
        return 0.9 * x


@pytest.mark.parametrize(
    ("corruption", "factor"),
    [(Plain(), 0.9), (layers.Rescaling(0.5), 0.5)],
    ids=["own", "Rescaling"],
)
def test_a_corruption_need_not_know_of_training(corruption, factor):
    still = {"scaling": None, "learning_rate": 1e-9, "epochs": 1, "random_state": 0}
    model = Autoencoder(2, network=(), corruption=corruption, batch_size=len(X), **still).fit(X)
    expected = np.square(model.reconstruct(factor * X) - X).mean()
    assert model.history_["loss"][0] == pytest.approx(expected, rel=1e-3)
    assert np.square(model.reconstruct(X) - X).mean() < 0.99 * expected


def test_widths_may_be_numpys():
    model = Autoencoder(network=[np.int64(8)], **ONE)
    assert model.fit(X).encoder_.get_layer("hidden_1").units == 8


def test_keras_may_be_set_to_channels_first():
    images = np.random.default_rng(0).normal(size=(20, 12, 10, 3))
    before = keras.config.image_data_format()

    def reconstructed(data_format):
        keras.config.set_image_data_format(data_format)
        try:
            model = Autoencoder(network="conv", epochs=2, random_state=0).fit(images)
            return model.reconstruct(images)
        finally:
            keras.config.set_image_data_format(before)

    first, last = (reconstructed(f"channels_{side}") for side in ("first", "last"))
    np.testing.assert_allclose(first, last, rtol=1e-4, atol=1e-4)


class Subclassed(keras.Model):
    def call(self, x):
        return x


def tied():
    shared = layers.Dense(4)
    networks = [keras.Sequential([keras.Input((4,)), shared]) for _ in range(2)]
    return dict(zip(("encoder", "decoder"), networks, strict=True))


@pytest.mark.parametrize(
    ("networks", "words"),
    [
        (tied(), "share"),
        ({"encoder": Subclassed(), "decoder": Subclassed()}, "its own call method|share"),
        ({**pair("relu"), "encoder": Subclassed()}, "its own call method"),
        ({**pair("relu"), "encoder": keras.Sequential()}, "no layers"),
    ],
)
def test_networks_that_cannot_be_trained_are_refused(networks, words):
    with pytest.raises(InvalidNetworkError, match=words):
        Autoencoder(**networks, **ONE).fit(X)


# --- checkpoints: equal trainings, and others ---------------------------------------------------


def squared(t, o):
    return ((t - o) ** 2).mean(-1)


def powered(t, o, p):
    return (abs(t - o) ** p).mean(-1)


def losses():
    return [lambda t, o: ((t - o) ** 2).mean(-1), lambda t, o: abs(t - o).mean(-1)]


@pytest.mark.parametrize(
    "choices",
    [
        [{"loss": loss} for loss in losses()],
        [{"loss": functools.partial(powered, p=p)} for p in (2, 3)],
        [{"guide": PCA(2).fit(rows)} for rows in (X, X[:30])],
        [{"guide": X[:, :2]}, {"guide": X[:, 2:]}],
        [{"random_state": np.random.RandomState(seed)} for seed in (0, 1)],
        [{"corruption": layers.GaussianNoise(noise)} for noise in (0.1, 0.2)],
    ],
    ids=["lambdas", "partials", "learners", "arrays", "generators", "layers"],
)
def test_other_trainings_have_other_identities(choices):
    first, second = (identity(choice, {"x": X}) for choice in choices)
    assert first != second
    assert first == identity(choices[0], {"x": X})


def test_equal_trainings_have_one_identity():
    for make in (
        lambda: {"loss": squared},
        lambda: {"loss": functools.partial(powered, p=2)},
        lambda: {"guide": PCA(2).fit(X)},
        lambda: {"random_state": np.random.RandomState(0)},
        lambda: {"corruption": layers.GaussianNoise(0.3)},  # whose seed is drawn anew
    ):
        assert identity(make(), {"x": X}) == identity(make(), {"x": X})


def test_patience_that_ended_before_an_interrupt_ends_the_resumed_fit(tmp_path):
    settings = {
        "n_components": 2,
        "epochs": 30,
        "random_state": 0,
        "early_stopping": True,
        "patience": 1,
        "validation_fraction": 0.5,
        "learning_rate": 0.3,
        "schedule": "constant",
    }
    whole = Autoencoder(**settings).fit(X)
    epochs = len(whole.history_["loss"])
    assert epochs < 30

    def interrupt(report):
        if report.epoch == epochs:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Autoencoder(**settings, checkpoint_dir=tmp_path, callbacks=[interrupt]).fit(X)
    resumed = Autoencoder(**settings, checkpoint_dir=tmp_path).fit(X)
    np.testing.assert_array_equal(resumed.history_["val_loss"], whole.history_["val_loss"])
