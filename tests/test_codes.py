"""The units of codes: PCA's, however the networks learn."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from sklearn.decomposition import PCA

from jamjae import Autoencoder, load_model

RNG = np.random.RandomState(0)
X = RNG.normal(size=(300, 5)) @ RNG.normal(size=(5, 8)) * [9, 5, 3, 1, 1, 1, 0.1, 0.1] + 40.0
PIXELS = RNG.randint(0, 256, (200, 6, 6), dtype=np.uint8)


@pytest.mark.parametrize(
    "rows", [X, X.astype(np.float32), PIXELS], ids=["wide", "float32", "uint8"]
)
def test_a_linear_network_s_codes_are_pca_s(rows):
    model = Autoencoder(3, network=(), epochs=1, learning_rate=1e-12, random_state=0).fit(rows)
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    expected = PCA(3).fit_transform(flat)
    assert np.allclose(np.abs(model.transform(rows)), np.abs(expected), atol=2e-3 * expected.std())


@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"network": (32, 16)}, marks=pytest.mark.slow),
        pytest.param({"network": "conv"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_codes_spread_as_pca_s_do(options):
    model = Autoencoder(3, epochs=3, random_state=0, **options).fit(PIXELS)
    spread = model.transform(PIXELS).std(axis=0) / model.baseline_.deviations
    assert (spread > 0.5).all()
    assert (spread < 3.0).all()


def test_learning_on_leaves_their_units():
    model = Autoencoder(3, epochs=30, random_state=0).fit(X)
    before = model.transform(X)
    model.set_params(warm_start=True, epochs=1, learning_rate=1e-9).fit(X)
    assert np.allclose(model.transform(X), before, rtol=1e-3, atol=1e-3 * before.std())
    model.partial_fit(X)
    assert np.allclose(model.transform(X), before, rtol=1e-3, atol=1e-3 * before.std())


def test_an_interrupted_warm_fit_leaves_the_codes_as_they_were():
    def interrupt(report):
        raise KeyboardInterrupt

    model = Autoencoder(3, epochs=20, random_state=0, warm_start=True).fit(X)
    before = model.transform(X)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=[interrupt]).fit(X)
    assert np.allclose(model.transform(X), before, rtol=1e-5)


def test_a_loaded_model_learns_on(tmp_path):
    model = load_model(Autoencoder(3, epochs=20, random_state=0).fit(X).save(tmp_path / "m.jamjae"))
    before = model.transform(X)
    model.set_params(warm_start=True, epochs=1, learning_rate=1e-9).fit(X)
    assert np.allclose(model.transform(X), before, rtol=1e-3, atol=1e-3 * before.std())


def test_components_without_variance_stay_finite():
    flat = np.outer(np.arange(50.0), [1.0, 2.0, 0.0])
    model = Autoencoder(3, epochs=2, random_state=0).fit(flat)
    assert np.isfinite(model.transform(flat)).all()
    assert model.reconstruction_error_ <= model.baseline_error_ + 1e-6


def test_codes_that_a_guide_chose_and_those_of_other_networks_are_left_alone():
    guide = RNG.normal(size=(300, 2))
    guided = Autoencoder(2, guide=guide, guide_weight=1e4, epochs=100, random_state=0).fit(X)
    assert guided.transform(X).std() < 3.0
    encoder = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(8)])
    model = Autoencoder(encoder=encoder, decoder=decoder, epochs=1, random_state=0).fit(X)
    scaled = (X[:4] - model.scaling_.offset) / model.scale_
    assert np.allclose(model.transform(X[:4]), encoder.predict(scaled, verbose=0), atol=1e-4)
