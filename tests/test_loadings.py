"""How features move components: derivatives of encoders, beside PCA's loadings."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers, ops
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA

from cases import mostly_slow
from jamjae import Autoencoder, Codec, VariationalAutoencoder, load_model
from jamjae.errors import InvalidDataError, InvalidNetworkError, ShapeMismatchError
from jamjae.models import differentiating

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning",
    "ignore:.*posterior collapse:UserWarning",
)


@pytest.fixture(scope="module")
def wine():
    return load_wine(as_frame=True)


@pytest.fixture(scope="module")
def standardized(wine):
    model = Autoencoder(3, scaling="standardize", network=(16,), epochs=20, random_state=0)
    return model.fit(wine.data)


@pytest.fixture(scope="module")
def mixed():
    rng = np.random.RandomState(0)
    kind = rng.choice(["a", "b", "c"], 80, p=[0.5, 0.3, 0.2])
    size = rng.normal(size=80) * 3 + (kind == "a")
    frame = pd.DataFrame({"size": size, "kind": kind})
    frame["day"] = pd.Timestamp("2026-01-05") + pd.to_timedelta(rng.randint(0, 9, 80) * 7, "D")
    frame["yes"] = size + rng.normal(size=80) > 0
    model = Autoencoder(2, network=(), epochs=1, random_state=0).fit(frame)
    return model, frame


def differences(model, X, place, step):
    """Give how codes change by a feature of rows, by central differences."""
    low, high = X.copy(), X.copy()
    low[place] -= step
    high[place] += step
    change = model.transform(high).astype(np.float64) - model.transform(low)
    return change / (2 * step)


# --- what they are ------------------------------------------------------------------------------


@pytest.mark.parametrize("network", [True, False])
def test_those_of_a_linear_model_are_those_of_pca(rows, network):
    model = Autoencoder(3, network=(), epochs=1, random_state=0).fit(rows)
    assert model.is_pca_
    model.is_pca_ = not network
    found = model.loadings(rows)
    expected = PCA(3).fit(rows).components_
    signs = np.sign((expected * found.pca).sum(axis=1))
    np.testing.assert_allclose(found.pca, signs[:, None] * expected, atol=1e-9)
    np.testing.assert_allclose(found.values, np.broadcast_to(found.pca, (50, 3, 4)), atol=1e-5)
    np.testing.assert_allclose(found.deviation, 0, atol=1e-6)
    assert found.feature_names == ["x0", "x1", "x2", "x3"]


NETWORKS = {
    "dense": lambda: Autoencoder(3, network=(16,), epochs=3, random_state=0),
    "conv": lambda: Autoencoder(3, network="conv", epochs=1, random_state=0),
    "variational": lambda: VariationalAutoencoder(3, epochs=3, random_state=0),
    "own": lambda: Autoencoder(
        encoder=keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(4, 3, activation="tanh"),
                layers.Flatten(),
                layers.Dense(3),
            ]
        ),
        decoder=keras.Sequential([keras.Input((3,)), layers.Dense(64)]),
        epochs=1,
        random_state=0,
    ),
}


CASES = [("dense", "uint8"), ("conv", "float32"), ("variational", "float64"), ("own", "float32")]


@pytest.mark.parametrize(("name", "kind"), mostly_slow(CASES, set(CASES[:2])))
def test_they_are_derivatives_of_codes(digits, name, kind):
    X = (digits.X[:60] * (15 if kind == "uint8" else 1)).astype(kind)
    model = NETWORKS[name]().fit(X)
    found = model.loadings(X[:5])
    assert found.values.shape == (5, 3, 8, 8)
    assert found.values.dtype == (np.float64 if kind == "float64" else np.float32)
    assert found.mean.shape == found.pca.shape == (3, 8, 8)
    whole = X[:5].astype(np.float64 if kind == "float64" else np.float32)
    for pixel in ((3, 4), (2, 2)):
        step = 0.02 * X.max()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pixels beside the range of their type
            expected = differences(model, whole, (slice(None), *pixel), step)
        here = found.values[:, :, *pixel]
        np.testing.assert_allclose(here, expected, atol=0.02 * np.abs(found.values).max())


def test_those_of_a_codec_are_in_steps_of_its_codes(digits):
    X = digits.X[:100]
    codec = Codec(4, bytes_per_row=6, network=(16,), epochs=3, random_state=0).fit(X)
    found, plain = codec.loadings(X[:6]), codec.unrounded().loadings(X[:6])
    np.testing.assert_allclose(found.values * codec.step_, plain.values, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(found.pca * codec.step_, plain.pca, rtol=1e-4, atol=1e-7)
    assert (found.codes == codec.transform(X[:6])).all()


def test_columns_have_their_own_units(wine, standardized):
    found = standardized.loadings(wine.data.iloc[:20])
    assert list(found.mean.columns) == list(wine.data.columns)
    assert list(found.mean.index) == ["autoencoder0", "autoencoder1", "autoencoder2"]
    for place, name in ((0, "alcohol"), (12, "proline")):
        X = wine.data.iloc[:20].astype(float)
        expected = differences(standardized, X, name, 0.02 * wine.data[name].std())
        np.testing.assert_allclose(
            found.values[:, :, place], expected, atol=0.01 * np.abs(expected).max()
        )
    by_deviation = found.per_deviation()
    np.testing.assert_allclose(
        by_deviation.mean["proline"], found.mean["proline"] * wine.data.proline[:20].std(ddof=0)
    )
    assert by_deviation.per_deviation() is by_deviation
    table = found.table()
    assert list(table.index) == list(wine.data.columns)
    assert table["pca"].shape == table["mean"].shape == (13, 3)


def test_a_category_is_compared_with_the_others(mixed):
    model, frame = mixed
    found = model.loadings(frame)
    assert found.feature_names == ["size", "kind=a", "kind=b", "kind=c", "day", "yes"]
    a, b = (model.transform(frame.assign(kind=one)) for one in "ab")
    change = found.values[:, :, 1] - found.values[:, :, 2]
    np.testing.assert_allclose(change, a - b, atol=1e-5)
    shares = frame["kind"].value_counts(normalize=True)[list("abc")].to_numpy()
    np.testing.assert_allclose(found.values[..., 1:4] @ shares, 0, atol=1e-5)


def test_times_count_days_and_booleans_from_false_to_true(mixed):
    model, frame = mixed
    found = model.loadings(frame)
    later = model.transform(frame.assign(day=frame["day"] + pd.Timedelta(14, "D")))
    np.testing.assert_allclose(
        found.values[:, :, 4], (later - model.transform(frame)) / 14, atol=1e-5
    )
    true, false = (model.transform(frame.assign(yes=one)) for one in (True, False))
    np.testing.assert_allclose(found.values[:, :, 5], true - false, atol=1e-5)


def test_what_a_column_gives_a_component(mixed):
    model, frame = mixed
    found = model.loadings(frame).by_column()
    assert list(found.columns) == ["size", "kind", "day", "yes"]
    one = frame.iloc[[0] * len(frame)].reset_index(drop=True)
    for name in frame.columns:
        alone = model.transform(one.assign(**{name: frame[name].to_numpy()}))
        np.testing.assert_allclose(found[name], alone.std(axis=0), rtol=1e-4)


def test_missing_values_are_taken_as_predicted(rows):
    holes = rows.copy()
    holes[::7, 1] = np.nan
    model = Autoencoder(2, network=(8,), missing="mask", epochs=20, random_state=0).fit(holes)
    found = model.loadings(holes)
    assert np.isfinite(found.values).all()
    whole = np.where(np.isnan(holes), model.filling_.fill(holes), holes)
    np.testing.assert_allclose(found.values, model.loadings(whole).values, atol=1e-6)
    assert np.isfinite(found.per_deviation().mean).all()


def test_a_saved_model_has_the_same(standardized, wine, tmp_path):
    again = load_model(standardized.save(tmp_path / "wine.jamjae")).loadings(wine.data)
    np.testing.assert_array_equal(again.values, standardized.loadings(wine.data).values)


# --- memory -------------------------------------------------------------------------------------


def test_pieces_give_the_same(fitted, rows, monkeypatch):
    whole = fitted.loadings(rows)
    monkeypatch.setattr(differentiating, "AT_ONCE", 600)  # a few rows, one component
    pieces = fitted.loadings(rows)
    np.testing.assert_allclose(pieces.values, whole.values, atol=1e-5)
    np.testing.assert_allclose(pieces.mean, whole.mean, atol=1e-5)
    np.testing.assert_allclose(whole.mean, whole.values.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(whole.deviation, whole.values.std(axis=0), atol=1e-6)


def test_of_too_many_only_the_mean_is_kept(fitted, rows, monkeypatch):
    monkeypatch.setattr(differentiating, "MOST_BYTES", 100)
    with pytest.warns(UserWarning, match=r"50 rows by 2 components take .* only their mean"):
        found = fitted.loadings(rows)
    assert found.values is None
    assert found.per_deviation().values is None
    assert fitted.loadings(rows, values=True).values is not None
    np.testing.assert_array_equal(found.mean, fitted.loadings(rows, values=False).mean)
    monkeypatch.setattr(differentiating.memory, "is_large", lambda *_: True)
    with pytest.raises(InvalidDataError, match="values=False"):
        fitted.loadings(rows, values=True)


# --- bad input ----------------------------------------------------------------------------------


def test_one_row_has_no_deviations(fitted, rows):
    found = fitted.loadings(rows[:1])
    assert found.values.shape == (1, 2, 4)
    for attempt in (found.per_deviation, found.by_column, found.biplot):
        with pytest.raises(InvalidDataError, match="single row"):
            attempt()


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        (np.zeros((2, 5)), ShapeMismatchError, "5 features"),
        (np.full((2, 4), np.nan), InvalidDataError, "NaN"),
        ([["a", "b", "c", "d"]], InvalidDataError, "cannot give loadings"),
        (np.zeros((0, 4)), InvalidDataError, "0 sample"),
    ],
)
def test_other_rows_are_refused(fitted, X, error, match):
    with pytest.raises(error, match=match):
        fitted.loadings(X)


@keras.saving.register_keras_serializable("test_loadings")
class Root(layers.Layer):
    """A square root at 0, where its derivative is infinite."""

    def call(self, x):
        return x + ops.sqrt(0.0 * x)


@keras.saving.register_keras_serializable("test_loadings")
class Loop(layers.Layer):
    """A loop of unknown length, which cannot be differentiated backwards."""

    def compute_output_shape(self, shape):
        return shape

    def call(self, x):
        return ops.while_loop(lambda y: ops.max(ops.abs(y)) > 1.0, lambda y: (y / 2,), [x])[0]


def with_encoder(rows, layer):
    model = Autoencoder(2, network=(), epochs=1, random_state=0).fit(rows)
    model.encoder_ = keras.Sequential([keras.Input((4,)), layer, layers.Dense(2)])
    model.is_pca_ = False
    return model


def test_encoders_without_derivatives_are_refused(rows):
    with pytest.raises(InvalidDataError, match=r"row 0: the derivative .* not finite"):
        with_encoder(rows, Root()).loadings(rows)
    with pytest.raises(InvalidNetworkError, match="cannot be differentiated"):
        with_encoder(rows, Loop()).loadings(rows)
