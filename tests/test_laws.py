"""Laws that every autoencoder keeps, whatever its network and whatever the shape of a row."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest

import jamjae
from cases import mostly_slow
from jamjae import Autoencoder

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


def waves(shape, n=90, dtype=np.float64):
    """Rows of a shape with a few smooth directions in them, and a little noise."""
    rng = np.random.RandomState(0)
    size = int(np.prod(shape))
    phase = rng.uniform(0, 2 * np.pi, (n, 3, 1))
    rows = np.sin(phase + np.linspace(0, 6, size) * np.arange(1, 4)[:, None]).sum(axis=1)
    rows += 0.05 * rng.normal(size=rows.shape)
    if dtype == np.uint8:
        rows = np.clip(rows * 40 + 128, 0, 255)
    return rows.reshape(n, *shape).astype(dtype)


def own_pair(shape, k):
    """A pair as a textbook writes it, with buffers: BatchNorm and Dropout."""
    size = int(np.prod(shape))
    encoder = keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Flatten(),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(k),
        ]
    )
    decoder = keras.Sequential(
        [keras.Input((k,)), keras.layers.Dense(size), keras.layers.Reshape(shape)]
    )
    return {"encoder": encoder, "decoder": decoder}


CASES = {
    "row": ((6,), {}),
    "one feature": ((1,), {}),
    "wide": ((40,), {"network": (32, 16)}),
    "linear": ((12,), {"network": ()}),
    "no anchor": ((12,), {"anchor": None, "network": "dense"}),
    "image": ((9, 11), {"network": "conv"}),
    "odd image": ((5, 13, 1), {"network": "conv"}),
    "color image": ((10, 6, 3), {"network": "conv"}),
    "four channels": ((8, 8, 4), {"network": "conv"}),
    "seven channels": ((6, 9, 7), {"network": "conv"}),
    "tiny image": ((2, 3), {"network": "conv"}),
    "image, dense": ((6, 5), {"network": "dense"}),
    "given": ((8,), own_pair),
    "given, image": ((6, 5), own_pair),
}
DTYPES = (np.uint8, np.float32, np.float64)


@pytest.fixture(
    scope="module", params=mostly_slow(CASES, {"row", "no anchor", "color image", "given"})
)
def case(request):
    shape, settings = CASES[request.param]
    k = min(3, int(np.prod(shape)))
    if callable(settings):
        settings = settings(shape, k)
    X = waves(shape)
    model = Autoencoder(k, random_state=0, epochs=3, batch_size=32, **settings).fit(X)
    return model, X


def test_shapes_agree(case):
    model, X = case
    Z = model.transform(X)
    assert Z.shape == (len(X), model.n_components_)
    assert model.inverse_transform(Z).shape == X.shape
    assert model.reconstruct(X).shape == X.shape
    assert model.score_samples(X).shape == (len(X),)


def test_reconstruct_is_transform_and_back(case):
    model, X = case
    np.testing.assert_array_equal(model.inverse_transform(model.transform(X)), model.reconstruct(X))


def test_rows_do_not_depend_on_each_other(case):
    model, X = case
    single = np.concatenate([model.transform(X[i : i + 1]) for i in range(40)])
    np.testing.assert_allclose(model.transform(X)[:40], single, rtol=1e-4, atol=1e-5)


def test_errors_are_those_of_the_reconstruction(case):
    model, X = case
    errors = np.square(model.reconstruct(X) - X).reshape(len(X), -1).mean(axis=1)
    np.testing.assert_allclose(-model.score_samples(X), errors, rtol=1e-3, atol=1e-9)
    assert model.reconstruction_error_ == pytest.approx(errors.mean(), rel=1e-3)
    spread = np.square(X - X.mean(axis=0)).mean()
    assert model.score(X) == pytest.approx(1 - errors.mean() / spread, rel=1e-3)


def test_save_and_load_change_nothing(case, tmp_path):
    model, X = case
    again = jamjae.load_model(model.save(tmp_path / "model.jamjae"))
    np.testing.assert_array_equal(again.transform(X), model.transform(X))
    np.testing.assert_array_equal(again.reconstruct(X), model.reconstruct(X))
    assert again.score(X) == model.score(X)
    for name in ("n_components_", "n_features_in_", "row_shape_", "scale_", "dtype_"):
        assert getattr(again, name) == getattr(model, name)
    assert again.reconstruction_error_ == model.reconstruction_error_
    assert again.baseline_error_ == model.baseline_error_
    np.testing.assert_array_equal(again.history_["loss"], model.history_["loss"])
    np.testing.assert_array_equal(again.baseline_.reconstruct(X), model.baseline_.reconstruct(X))


@pytest.mark.parametrize(
    ("name", "dtype"),
    mostly_slow(
        itertools.product(["row", "image", "image, dense"], DTYPES),
        {("row", np.float64)},
    ),
)
def test_same_seed_same_result(name, dtype):
    shape, settings = CASES[name]
    X = waves(shape, dtype=dtype)
    one, two, other = (
        Autoencoder(2, random_state=seed, epochs=2, **settings).fit(X) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.transform(X), two.transform(X))
    np.testing.assert_array_equal(one.history_["loss"], two.history_["loss"])
    assert not np.array_equal(one.history_["loss"], other.history_["loss"])


@pytest.mark.parametrize(
    ("shape", "dtype"),
    mostly_slow(
        itertools.product([(6,), (5, 7), (6, 6, 3)], DTYPES),
        {((6,), np.float64), ((6,), np.float32), ((5, 7), np.uint8)},
    ),
)
def test_a_reconstruction_has_the_units_and_precision_of_the_data(shape, dtype):
    X = waves(shape, dtype=dtype)
    model = Autoencoder(2, random_state=0, epochs=2).fit(X)
    reconstructed = model.reconstruct(X)
    assert reconstructed.dtype == (np.float64 if dtype == np.float64 else np.float32)
    assert abs(reconstructed.mean() - X.mean()) < 0.2 * X.std()
    if dtype == np.uint8:
        assert 0 <= reconstructed.min() <= reconstructed.max() <= 255


@pytest.mark.parametrize(
    ("factor", "offset"),
    mostly_slow(itertools.product([1e-6, 1.0, 1e6], [0.0, 1000.0]), {(1e-6, 0.0), (1e6, 1000.0)}),
)
def test_units_do_not_matter(factor, offset):
    """Scaling is by one number, so the share of the variance explained has no units."""
    X = waves((6,))
    plain = Autoencoder(2, random_state=0).fit(X).score(X)
    moved = factor * (X + offset)
    assert Autoencoder(2, random_state=0).fit(moved).score(moved) == pytest.approx(plain, abs=2e-3)


def test_integers_and_big_endian_and_lists_are_numbers_too():
    X = np.round(waves((6,)) * 10)
    expected = Autoencoder(2, random_state=0, epochs=2).fit(X).transform(X)
    for kind in (X.astype(np.int64), X.astype(">f8"), X.tolist(), np.asfortranarray(X)):
        result = Autoencoder(2, random_state=0, epochs=2).fit(kind).transform(kind)
        np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-6)


def test_the_clean_target_is_never_corrupted():
    """A corruption that wipes the input out leaves nothing better than the mean row to learn."""
    X = waves((6,))

    @keras.saving.register_keras_serializable("tests")
    class Wipe(keras.layers.Layer):
        def call(self, x, training=False):
            return x * 0.0 if training else x

    model = Autoencoder(
        2, network=(8,), anchor=None, corruption=Wipe(), random_state=0, epochs=300
    ).fit(X)
    spread = np.square(X - X.mean(axis=0)).mean() / model.scale_**2
    assert model.history_["loss"][-1] == pytest.approx(spread, rel=0.05)


def test_augmentation_changes_input_and_target_alike():
    """With weights that stand still, the loss tells what was given and what was asked for."""
    X = waves((6,))

    @keras.saving.register_keras_serializable("tests")
    class Roll(keras.layers.Layer):
        def call(self, x, training=False):
            return keras.ops.roll(x, 1, axis=-1) if training else x

    settings = {"scaling": None, "learning_rate": 1e-9, "epochs": 1, "random_state": 0}
    model = Autoencoder(2, augmentation=Roll(), batch_size=len(X), **settings).fit(X)

    def loss(given, wanted):
        return np.square(model.reconstruct(given) - wanted).mean()

    rolled = np.roll(X, 1, axis=-1)
    (found,) = model.history_["loss"]
    assert found == pytest.approx(loss(rolled, rolled), rel=1e-3)
    for given, wanted in ((X, X), (rolled, X), (X, rolled)):  # ignored, or in one place only
        assert found != pytest.approx(loss(given, wanted), rel=0.1)


@pytest.mark.slow  # files of a few rows are read in pieces in test_loading.py
def test_a_million_rows(tmp_path):
    """A memory-mapped file is read in pieces; every row is encoded."""
    path = tmp_path / "rows.npy"
    rows = np.lib.format.open_memmap(path, "w+", np.float32, (1_000_000, 3))
    rows[:] = np.random.RandomState(0).normal(size=(1000, 3)).repeat(1000, axis=0)
    model = Autoencoder(2, network=(4,), batch_size=8192, epochs=1, random_state=0)
    Z = model.fit(np.load(path, mmap_mode="r")).transform(np.load(path, mmap_mode="r"))
    assert Z.shape == (1_000_000, 2)
    assert model.reconstruction_error_ <= model.baseline_error_
