"""Tests of numbers that lie far apart, and of values that are no numbers."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from jamjae import Autoencoder
from jamjae.engine import pca
from jamjae.engine.training import Progress, _advanced


def test_pca_keeps_directions_that_are_1e9_times_smaller():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 4)) * [1e9, 1.0, 0.5, 0.1]
    rival = PCA(2, svd_solver="full").fit(X)
    expected = np.square(X - rival.inverse_transform(rival.transform(X))).mean()
    assert pca.fit(X, 2).error == pytest.approx(expected, rel=1e-4)


def test_a_nan_validation_loss_is_never_the_best():
    progress = Progress.begin("first")
    for state, value in (("good", 0.5), ("nan", np.nan)):
        progress = _advanced(progress, state, {"loss": 1.0, "val_loss": value})
    assert (progress.best, progress.best_epoch) == ("good", 0)


def test_numpy_integers_are_accepted_as_parameters():
    X = np.random.RandomState(0).normal(size=(20, 4))
    model = Autoencoder(np.int64(3), network=(), epochs=np.int64(1), batch_size=np.int64(8)).fit(X)
    assert model.transform(X).shape == (20, 3)


def test_float64_data_come_back_as_float64_without_scaling():
    X = np.random.RandomState(0).normal(size=(20, 4))
    model = Autoencoder(2, network=(), scaling=None, epochs=1).fit(X)
    assert model.reconstruct(X).dtype == np.float64


def test_a_constant_8_bit_image_set_that_is_reconstructed_scores_1():
    X = np.full((20, 4, 4), 101, dtype=np.uint8)
    assert Autoencoder(1, network=(), epochs=1, random_state=0).fit(X).score(X) == 1.0
