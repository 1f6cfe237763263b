"""Tests of numbers that lie far apart, and of values that are no numbers."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from cases import mostly_slow
from jamjae import Autoencoder, load_model
from jamjae.engine import pca
from jamjae.engine.training import Progress, _advanced
from jamjae.errors import InvalidDataError


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


def error_of(model, X):
    made = model.inverse_transform(model.transform(X))
    return np.square(X - made.reshape(X.shape)).mean()


def far_apart():
    rng = np.random.RandomState(0)
    income = np.c_[rng.uniform(1e7, 9e7, 300), rng.rand(300), rng.randint(18, 80, 300)]
    clock = np.c_[1.7e12 + np.cumsum(rng.uniform(0, 6e4, 500)), rng.normal(20, 5, 500)]
    return {"income, rate, age": (income.round(3), 2), "milliseconds, degrees": (clock, 1)}


@pytest.mark.parametrize("name", far_apart())
@pytest.mark.filterwarnings("ignore:Training did not improve")
def test_columns_far_apart_are_never_reconstructed_worse_than_by_pca(name, tmp_path):
    X, k = far_apart()[name]
    model = Autoencoder(k, network=(4,), epochs=2, random_state=0).fit(X)
    rival = error_of(PCA(k, svd_solver="full").fit(X), X)
    assert error_of(model, X) <= rival * (1 + 1e-6)
    assert model.baseline_error_ == pytest.approx(rival, rel=1e-6)
    assert np.square(X - model.reconstruct(X)).mean() <= rival * (1 + 1e-6)
    again = load_model(model.save(tmp_path / "model.jamjae"))
    np.testing.assert_array_equal(again.reconstruct(X), model.reconstruct(X))
    single = model.reconstruct(X.astype(np.float32))
    assert np.square(X.astype(np.float32) - single.astype(float)).mean() <= rival * 1.1


@pytest.mark.filterwarnings("ignore:Training did not improve")
def test_a_model_that_became_pca_learns_on():
    X, k = far_apart()["income, rate, age"]
    model = Autoencoder(k, epochs=2, random_state=0).fit(X)
    assert model.is_pca_
    model.partial_fit(X)
    assert not model.is_pca_
    assert not Autoencoder(2, random_state=0, epochs=40).fit(X / X.std(axis=0)).is_pca_


def test_16_bit_pixels_are_clipped_and_do_not_wrap(tmp_path):
    rng = np.random.RandomState(0)
    X = (65535 * (rng.rand(60, 5, 5) > 0.5)).astype(np.uint16)
    model = Autoencoder(3, network=(), epochs=2, random_state=0).fit(X)
    made = model.reconstruct(X)
    assert made.dtype == np.float32
    assert made.min() >= 0
    assert made.max() <= 65535
    assert model.dtype_ == "uint16"
    loaded = load_model(model.save(tmp_path / "model.jamjae"))
    np.testing.assert_array_equal(loaded.reconstruct(X), made)
    assert model.score(X) == pytest.approx(model.score(X.astype(float)), abs=1e-6)


def test_a_bounded_decoder_keeps_float64():
    import keras

    X = np.random.RandomState(0).uniform(1e6, 1e6 + 1, (30, 4))
    encoder = keras.Sequential([keras.layers.Dense(2)])
    decoder = keras.Sequential([keras.layers.Dense(4, activation="sigmoid")])
    made = Autoencoder(encoder=encoder, decoder=decoder, epochs=1).fit(X).reconstruct(X)
    assert made.dtype == np.float64
    assert len(np.unique(made)) > 10


@pytest.mark.parametrize(
    "dtype", mostly_slow(["int16", "int64", "float16", "bool"], {"int16", "bool"})
)
def test_a_mapped_file_of_any_numbers_is_learned_as_its_copy_is(dtype, tmp_path):
    X = np.random.RandomState(0).randint(0, 50, (80, 6)).astype(dtype)
    np.save(tmp_path / "rows.npy", X)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    settings = {"network": (), "epochs": 2, "random_state": 0}
    models = [Autoencoder(2, **settings).fit(rows) for rows in (mapped, X)]
    mapped_codes, codes = (m.transform(r) for m, r in zip(models, (mapped, X), strict=True))
    assert mapped_codes.dtype == codes.dtype == np.float64
    np.testing.assert_allclose(mapped_codes, codes, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n", [40, 3500])
def test_pca_of_many_features_is_exact_without_a_copy(n, monkeypatch):
    monkeypatch.setattr(pca, "COVARIANCE_LIMIT", 60)
    rng = np.random.RandomState(0)
    low = rng.normal(size=(n, 30)) * np.geomspace(10, 0.1, 30)
    X = low @ rng.normal(size=(30, 80)) + 0.01 * rng.normal(size=(n, 80)) + 100
    found = pca.fit(X, 7)
    rival = error_of(PCA(7, svd_solver="full").fit(X), X)
    assert found.error == pytest.approx(rival, rel=1e-4)
    assert np.square(X - found.reconstruct(X)).mean() == pytest.approx(found.error, rel=1e-9)
    np.testing.assert_allclose(found.components @ found.components.T, np.eye(7), atol=1e-9)
    np.testing.assert_allclose(found.transform(X).std(axis=0), found.deviations, rtol=1e-6)


@pytest.mark.parametrize("size", [1e148, 1e-160, 1e-170])
def test_values_that_float32_cannot_hold_are_refused_with_the_cause(size):
    X = np.random.RandomState(0).normal(size=(20, 4)) * size
    with pytest.raises(InvalidDataError, match=r"standard deviation of .*float32.* Divide X by"):
        Autoencoder(2, epochs=1).fit(X)


def test_large_float32_values_are_reconstructed():
    X = (np.random.RandomState(0).normal(size=(50, 4)) * 1e28).astype(np.float32)
    assert Autoencoder(4, network=(), epochs=1, random_state=0).fit(X).score(X) > 0.999


def pixels(kind):
    drawn = np.random.RandomState(0).randint(0, 256, (20, 4, 4)).astype(np.uint8)
    return {
        "uint8": drawn,
        "uint16": drawn.astype(np.uint16) * 257,
        "float": drawn.astype(float),
        "fraction": drawn / 255,
    }[kind]


@pytest.mark.parametrize(
    ("fitted", "given", "cure"),
    [
        ("uint8", "fraction", r"in \[0, 1\], multiply them by 255"),
        ("uint16", "fraction", r"in \[0, 1\], multiply them by 65535"),
        ("fraction", "uint8", "0 to 255, divide them by 255"),
        ("float", "fraction", "multiply them by 255"),
        ("uint8", "uint16", "The range of pixels is 0 to 255"),
    ],
)
def test_another_range_of_pixels_is_warned_of(fitted, given, cure):
    model = Autoencoder(2, network=(), epochs=1, random_state=0).fit(pixels(fitted))
    for method in (model.transform, model.reconstruct, model.score, model.score_samples):
        method(pixels(fitted))
        with pytest.warns(UserWarning, match=cure):
            method(pixels(given))
