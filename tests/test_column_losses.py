"""A loss for each kind of column: cross-entropy where a table has categories or booleans."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pandas as pd
import pytest

from jamjae import Autoencoder, TableEncoder, load_model
from jamjae.engine import column_outputs
from jamjae.engine.column_outputs import ColumnOutputs

pytestmark = pytest.mark.filterwarnings("ignore:Training did not improve on PCA")
GROUPS = ((1, 4), (5, 6))  # of six columns: a number, three categories, a number, a boolean


def table(n=120, seed=0):
    """A table whose categories follow an angle that its numbers show."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    return pd.DataFrame(
        {
            "x": np.cos(angle) + 0.05 * rng.normal(size=n),
            "y": np.sin(angle) + 0.05 * rng.normal(size=n),
            "third": np.array(["east", "north", "west"])[(angle // (2 * np.pi / 3)).astype(int)],
            "upper": angle < np.pi,
        }
    )


@pytest.fixture(scope="module")
def layer():
    made = ColumnOutputs(GROUPS)
    made.build((None, 6))
    made.set_weights([np.array([1, 0.4, 0.4, 0.4, 1, 0.5]), np.array([0, 0.2, 0.3, 0.5, 0, 0.6])])
    return made


def shares(layer, output):
    return np.asarray(output) * np.asarray(layer.factor) + np.asarray(layer.shift)


@pytest.mark.parametrize("size", [0.1, 1.0, 100.0, 1e4])
def test_outputs_are_probabilities_whatever_the_linear_output(layer, size):
    x = size * np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    output = np.asarray(layer(x))
    p = shares(layer, output)
    assert np.isfinite(output).all()
    assert np.allclose(p[:, 1:4].sum(axis=1), 1, atol=1e-5)
    assert p[:, [1, 2, 3, 5]].min() >= -1e-6
    assert p[:, 5].max() <= 1 + 1e-6
    assert np.array_equal(output[:, [0, 4]], x[:, [0, 4]])
    assert np.array_equal(p[:, 1:4].argmax(axis=1), shares(layer, x)[:, 1:4].argmax(axis=1))


def test_the_cost_is_cross_entropy_of_shares_and_the_squared_error_of_numbers(layer):
    rng = np.random.default_rng(1)
    factor, shift = np.asarray(layer.factor), np.asarray(layer.shift)
    t = np.array([[1.0, 0, 1, 0, 2.0, 1], [0.5, 0, 0, 1, -1.0, 0]])
    p = np.array([[0.0, 0.2, 0.7, 0.1, 2.5, 0.9], [0.5, 0.1, 0.1, 0.8, -1.0, 0.4]])
    target, output = (t - shift) / factor, (p - shift) / factor
    expected = [
        (1 + 0.25 - np.log(0.7) / 0.4**2 - np.log(0.9) / 2 / 0.5**2) / 6,
        (-np.log(0.8) / 0.4**2 - np.log(0.6) / 2 / 0.5**2) / 6,
    ]
    arrays = [jnp.asarray(a, jnp.float32) for a in (factor, shift, target, output)]
    assert np.allclose(column_outputs.cost(GROUPS, *arrays), expected, rtol=1e-5)
    blank = jnp.zeros((3, 6))  # as what is missing
    assert np.allclose(column_outputs.cost(GROUPS, *arrays[:2], blank, blank), 0, atol=1e-6)
    x = jnp.asarray(1e3 * rng.normal(size=(20, 6)), jnp.float32)
    cost = jax.jit(lambda x: column_outputs.cost(GROUPS, *arrays[:3], layer(x)).sum())
    lost = jax.grad(cost)(x[:2])
    assert np.isfinite(lost).all()


@pytest.mark.parametrize("groups", [[[2, 1]], [[0, 7]], [[0, 2], [1, 3]], [[-1, 2]]])
def test_groups_lie_in_the_columns(groups):
    with pytest.raises(ValueError, match="do not lie"):
        ColumnOutputs(groups).build((None, 6))


def test_shares_are_found_among_encoded_columns():
    frame = table()
    frame["same"] = "one"
    encoder = TableEncoder().fit(frame)
    found = encoder.shares()
    assert found.groups == ((2, 5), (5, 6))
    hot = encoder.transform(frame) * found.factor + found.shift
    assert np.allclose(hot[:, 2:5], pd.get_dummies(frame["third"]).to_numpy(float))
    assert np.allclose(hot[:, 5], frame["upper"])
    assert TableEncoder().fit(frame[["x", "same"]]).shares() is None


@pytest.mark.slow
def test_categories_are_learned_better_and_the_promise_holds():
    frame, new = table(600), table(400, seed=1)
    right, scores = {}, {}
    for loss in ("auto", "mse"):
        model = Autoencoder(1, loss=loss, random_state=0).fit(frame)
        assert model.reconstruction_error_ <= model.baseline_error_
        back = model.reconstruct(new)
        right[loss] = (back[["third", "upper"]] == new[["third", "upper"]]).to_numpy().mean()
        scores[loss] = model.score(new)
    assert right["auto"] >= right["mse"] - 0.01
    assert right["auto"] > 0.9
    assert scores["auto"] > scores["mse"] - 0.02


def test_one_model_is_saved_and_falls_back_to_pca(tmp_path):
    frame = table()
    model = Autoencoder(1, network=(16,), epochs=30, random_state=0).fit(frame)
    assert isinstance(model.decoder_.layers[-1], ColumnOutputs)
    made = model.reconstruct(frame)
    pd.testing.assert_frame_equal(
        load_model(model.save(tmp_path / "m.jamjae")).reconstruct(frame), made
    )
    bad = Autoencoder(1, network=(16,), learning_rate=1e-12, epochs=1, random_state=0).fit(frame)
    if bad.is_pca_:
        Z = bad.transform(frame)
        assert not isinstance(bad.decoder_.layers[-1], ColumnOutputs)
        assert np.allclose(
            bad.decoder_(Z) * bad.scale_, bad.baseline_.inverse_transform(Z), atol=1e-3
        )


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"loss": "mse"}, {"network": ()}, {"loss": "huber"}])
def test_other_losses_and_linear_networks_have_one_loss(settings):
    model = Autoencoder(1, epochs=1, random_state=0, **settings).fit(table())
    assert not isinstance(model.decoder_.layers[-1], ColumnOutputs)


def test_ones_own_networks_keep_the_squared_error():
    frame = table()
    encoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(6)])
    given = [
        Autoencoder(encoder=encoder, decoder=decoder, epochs=2, random_state=0, loss=loss)
        for loss in ("auto", "mse")
    ]
    weights = [m.get_weights() for m in (encoder, decoder)]
    found = []
    for model in given:
        for network, w in zip((encoder, decoder), weights, strict=True):
            network.set_weights(w)
        found.append(model.fit(frame).history_["loss"])
    assert np.array_equal(*found)
