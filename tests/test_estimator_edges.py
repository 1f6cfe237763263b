"""Estimators in the hands of people who change their minds, and data far from the usual."""

from __future__ import annotations

import pickle

import jax.numpy as jnp
import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from jamjae import Autoencoder
from jamjae.engine import pca
from jamjae.errors import InvalidDataError, ShapeMismatchError, TrainingDiverged
from jamjae.evaluation import metrics

X = np.random.default_rng(0).normal(size=(200, 10))
pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


def summed(target, output):
    return jnp.sum((target - output) ** 2, axis=-1)


def test_a_loss_that_is_a_sum_is_no_divergence():
    wide = np.random.default_rng(0).normal(size=(300, 400))
    model = Autoencoder(8, network=(), loss=summed, epochs=3, random_state=0).fit(wide)
    assert model.history_["loss"][-1] > 100


def test_a_heavy_guide_is_no_divergence():
    guide = np.random.default_rng(1).normal(size=(200, 2))
    Autoencoder(network=(), guide=guide, guide_weight=1000.0, epochs=3, random_state=0).fit(X)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_images_that_are_all_equal(value):
    images = np.full((30, 5, 5), value, np.uint8)
    model = Autoencoder(2, network=(), epochs=3, random_state=0).fit(images)
    np.testing.assert_allclose(model.reconstruct(images), value, atol=1e-3)


def test_names_of_columns_go_when_images_come():
    model = Autoencoder(2, network=(), epochs=1, random_state=0)
    model.fit(pd.DataFrame(X, columns=list("abcdefghij")))
    assert list(model.feature_names_in_) == list("abcdefghij")
    model.fit(np.random.default_rng(0).normal(size=(50, 4, 4)))
    assert not hasattr(model, "feature_names_in_")


def test_pca_reconstructs_as_well_as_it_says_far_from_zero():
    far = 1e8 + np.random.default_rng(0).normal(size=(300, 8))
    found = pca.fit(far, 4)
    error = metrics.mean_squared_error(far, found.reconstruct(far))
    assert error == pytest.approx(found.error, rel=1e-3)
    assert found.reconstruct(far.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(("offset", "unit"), [(1e6, 0.01), (0.0, 1e-25), (0.0, 1e25), (5.0, 1.0)])
def test_pca_of_many_features_in_any_unit(offset, unit):
    rng = np.random.default_rng(0)
    rows = offset + unit * rng.normal(size=(60, 3100))
    found = pca.fit(rows, 4)
    centered = rows - rows.mean(axis=0)
    left = (np.linalg.svd(centered / unit, compute_uv=False)[4:] ** 2).sum() / rows.size
    assert found.error / unit**2 == pytest.approx(left, rel=1e-2)
    assert found.variance / unit**2 == pytest.approx((centered / unit).var(), rel=1e-3)
    reconstructed = metrics.mean_squared_error(rows / unit, found.reconstruct(rows) / unit)
    assert reconstructed == pytest.approx(left, rel=1e-2)


def test_a_warm_start_keeps_the_shape_it_began_with():
    model = Autoencoder(2, epochs=1, warm_start=True, random_state=0).fit(X)
    with pytest.raises(ShapeMismatchError, match="expecting 10 features"):
        model.fit(X[:, :5])
    assert model.n_features_in_ == 10
    with pytest.raises(ShapeMismatchError, match="n_components is 5"):
        model.set_params(n_components=5).fit(X)
    with pytest.raises(InvalidDataError, match="uint8 values"):
        model.set_params(n_components=2).fit(np.zeros((20, 10), np.uint8))
    assert model.fit(X).transform(X).shape == (200, 2)


def test_a_fit_that_diverged_leaves_nothing_that_looks_fitted():
    model = Autoencoder(2, epochs=5, learning_rate=1e12, random_state=0)
    with pytest.raises(TrainingDiverged):
        model.fit(X)
    for use in (model.transform, model.score, model.reconstruct):
        with pytest.raises(NotFittedError):
            use(X)
    with pytest.raises(NotFittedError):
        model.save("never.jamjae")
    assert model.set_params(learning_rate=1e-3).fit(X).transform(X).shape == (200, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "sgd"},
        {"corruption": keras.layers.GaussianNoise(0.1, seed=0)},
        {"batch_size": 32},
        {"learning_rate": 1e-4},
    ],
    ids=str,
)
def test_partial_fit_goes_on_after_a_change(change):
    model = Autoencoder(2, network=(), random_state=0).partial_fit(X)
    model.set_params(**change).partial_fit(X)
    assert len(model.history_["loss"]) == 2


def test_partial_fit_takes_weights_set_by_hand():
    model = Autoencoder(2, random_state=0).partial_fit(X)
    layer = model.decoder_.get_layer("correction")
    layer.set_weights([np.zeros_like(w) + 3.0 for w in layer.get_weights()])
    worse = -model.score_samples(X).mean()
    model.set_params(learning_rate=1e-9).partial_fit(X)
    assert model.reconstruction_error_ == pytest.approx(worse, rel=1e-3)


def test_partial_fit_keeps_the_optimizers_memory():
    def twice(model):
        for _ in range(2):
            model.partial_fit(X)
        return model.transform(X)

    kept = Autoencoder(2, random_state=0)
    reset = Autoencoder(2, random_state=0).partial_fit(X)
    del reset._training
    assert not np.allclose(twice(kept), reset.partial_fit(X).transform(X))


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("use", ["transform", "score_samples", "score", "reconstruct"])
def test_rows_beyond_all_measure_are_named(use):
    model = Autoencoder(2, epochs=1, random_state=0).fit(X)
    far = X.copy()
    far[3, 0] = 1e60
    with pytest.raises(InvalidDataError, match=r"row 3, the first\s+of at least 1"):
        getattr(model, use)(far)


def test_a_first_batch_smaller_than_the_code_is_refused():
    with pytest.raises(InvalidDataError, match="given 5 rows, but needs at least n_components=8"):
        Autoencoder(8).partial_fit(X[:5])
    Autoencoder(8, network=(), random_state=0).partial_fit(X[:8])


def test_batches_on_another_scale_are_named_as_the_cause():
    model = Autoencoder(2, random_state=0).partial_fit(X)
    with pytest.raises(
        TrainingDiverged, match="standard deviations from the mean of the first call"
    ):
        model.partial_fit(1e6 * X)


def test_a_pickle_holds_no_state_of_the_optimizer():
    fitted = Autoencoder(2, random_state=0, epochs=1).fit(X)
    before = len(pickle.dumps(fitted))
    assert len(pickle.dumps(fitted.partial_fit(X))) < 1.1 * before
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(X), fitted.transform(X))
    again.partial_fit(X)
