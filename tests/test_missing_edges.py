"""Missing values and weights of odd kinds: types of columns, constants and extremes."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.preprocessing import scale

from cases import mostly_slow
from jamjae import Autoencoder
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.models.missing import Hidden

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)
QUICK = {"network": (4,), "epochs": 2, "random_state": 0, "missing": "mask"}


@pytest.fixture(scope="module")
def rows():
    X = np.random.RandomState(0).normal(size=(40, 5))
    X[::4, 1] = np.nan
    return X


@pytest.fixture(scope="module")
def model(rows):
    return Autoencoder(2, **QUICK).fit(rows)


@pytest.mark.parametrize(
    "dtype",
    mostly_slow(
        ["Int64", "Float64", "boolean", "string", "category", "float32"], {"Int64", "string"}
    ),
)
def test_columns_keep_their_type(dtype):
    rng = np.random.RandomState(0)
    base = rng.randint(0, 2, 40)
    column = pd.Series(base).map({0: "no", 1: "yes"}) if dtype in ("string", "category") else base
    frame = pd.DataFrame({"a": base + rng.normal(0, 0.1, 40), "b": pd.Series(column, dtype=dtype)})
    frame.loc[[3, 8], "b"] = pd.NA if dtype != "float32" else np.nan
    made = Autoencoder(1, **QUICK).fit(frame).impute(frame)
    assert made["b"].dtype == frame["b"].dtype
    assert made.notna().all().all()
    known = frame["b"].notna()
    pd.testing.assert_series_equal(made["b"][known], frame["b"][known])


def test_columns_in_another_order():
    frame = pd.DataFrame(np.random.RandomState(0).normal(size=(40, 3)), columns=list("abc"))
    frame["d"] = np.where(frame["a"] > 0, "up", "down")
    frame.loc[[1, 2], "b"] = np.nan
    model = Autoencoder(2, **QUICK).fit(frame)
    turned = model.impute(frame[["d", "c", "b", "a"]])
    pd.testing.assert_frame_equal(turned[list("abcd")], model.impute(frame))


def test_constant_columns():
    X = np.tile([1.0, 2.0, 3.0], (10, 1))
    X[2, 1] = np.nan
    made = Autoencoder(2, **QUICK).fit(X).impute(X)
    np.testing.assert_allclose(made[2], [1.0, 2.0, 3.0], rtol=1e-6)


@pytest.mark.parametrize("scale", mostly_slow([1e-12, 1e12], {1e-12}))
def test_units_do_not_matter(rows, scale):
    plain, other = (
        Autoencoder(2, **QUICK).fit(rows * unit).baseline_error_ / unit**2 for unit in (1.0, scale)
    )
    assert other == pytest.approx(plain, rel=1e-4)


def test_one_row_and_rows_without_values(model):
    one = np.array([[0.1, np.nan, 0.3, np.nan, 0.5]])
    assert np.isfinite(model.impute(one)).all()
    assert np.isfinite(model.impute(np.full((3, 5), np.nan))).all()


@pytest.mark.parametrize(
    ("scaling", "weighted"),
    mostly_slow(
        itertools.product(["auto", "standardize"], [False, True]),
        {("auto", False), ("standardize", True)},
    ),
)
def test_a_mask_changes_nothing_where_nothing_is_missing(rows, scaling, weighted):
    whole = np.nan_to_num(rows)
    weights = np.linspace(0, 1, len(rows)) if weighted else None
    masked = Autoencoder(2, **QUICK, scaling=scaling).fit(whole, sample_weight=weights)
    plain = clone(masked).set_params(missing="error").fit(whole, sample_weight=weights)
    networks = (
        model.encoder_.get_weights() + model.decoder_.get_weights() for model in (masked, plain)
    )
    for one, other in zip(*networks, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(masked.history_["loss"], plain.history_["loss"])
    np.testing.assert_array_equal(masked.reconstruct(whole), plain.reconstruct(whole))
    assert masked.reconstruction_error_ == plain.reconstruction_error_
    assert masked.baseline_error_ == plain.baseline_error_
    assert 0.0 <= masked.network_share_ <= 1.0
    assert np.isfinite(masked.impute(rows)).all()


def with_structure(n):
    """Give rows on a curve, which a network follows and a factor analysis does not."""
    rng = np.random.RandomState(0)
    t = rng.uniform(-3, 3, n)
    X = np.column_stack([np.sin(t), np.cos(t), np.sin(2 * t), np.cos(2 * t), t, t**2])
    return scale(X) + 0.01 * rng.normal(size=X.shape)


def test_the_share_of_networks_is_that_of_rows_held_out(rows):
    X = with_structure(600)
    settings = {**QUICK, "network": (32,), "epochs": 200, "n_components": 2}
    curved = Autoencoder(**settings).fit(X[:500])
    assert curved.network_share_ > 0.3
    gaps = np.random.RandomState(1).random_sample((100, 6)) < 0.2
    holes = np.where(gaps, np.nan, X[500:])
    errors = [
        np.mean(np.square(made - X[500:])[gaps])
        for made in (curved.impute(holes), curved.filling_.fill(holes))
    ]
    assert errors[0] < errors[1]
    held = Autoencoder(**{**settings, "epochs": 2}).fit(X[:500], validation_data=X[500:])
    assert 0.0 <= held.network_share_ <= 1.0
    noise = np.random.RandomState(0).normal(size=(15, 5))  # too few to tell
    alone = Autoencoder(2, **QUICK).fit(noise)
    assert alone.network_share_ == 0.0
    np.testing.assert_allclose(alone.impute(rows[:4]), alone.filling_.fill(rows[:4]), rtol=1e-6)


def test_a_model_that_learned_no_filling_says_so(rows):
    model = Autoencoder(2, **QUICK).set_params(missing="error").fit(np.nan_to_num(rows))
    model.set_params(missing="mask")
    with pytest.raises(InvalidDataError, match="nothing predicts them"):
        model.impute(rows)
    pixels = Autoencoder(2, **QUICK).fit((np.nan_to_num(rows) * 20 + 100).astype(np.uint8))
    with pytest.raises(InvalidDataError, match="fitted to uint8 pixels"):
        pixels.transform(rows)


def test_a_warm_start_learns_what_is_missing(rows):
    model = Autoencoder(2, **QUICK).set_params(missing="error", warm_start=True)
    model.fit(np.nan_to_num(rows)).set_params(missing="mask").fit(rows)
    assert np.isfinite(model.impute(rows)).all()


@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_only_the_ratio_of_weights_counts(rows, unit):
    weights = np.linspace(1, 2, len(rows))
    plain = Autoencoder(2, **QUICK).fit(rows, sample_weight=weights)
    other = Autoencoder(2, **QUICK).fit(rows, sample_weight=weights * unit)
    assert other.reconstruction_error_ == pytest.approx(plain.reconstruction_error_, rel=1e-4)


def test_a_single_row_that_counts_is_refused(rows):
    weights = np.zeros(len(rows))
    weights[7] = 1.0
    with pytest.raises(InvalidDataError, match="a single row count, 7"):
        Autoencoder(2, **QUICK).fit(rows, sample_weight=weights)


def test_the_share_of_variance_is_weighted():
    X = np.random.RandomState(0).normal(size=(60, 3)) * [5.0, 1.0, 1.0]
    X[30:] = X[30:, [2, 1, 0]]
    first = np.r_[np.ones(30), np.zeros(30)]
    settings = {**QUICK, "missing": "error", "n_components": 0.8}
    assert Autoencoder(**settings).fit(X, sample_weight=first).n_components_ == 1
    assert Autoencoder(**settings).fit(X).n_components_ > 1


def test_numbers_in_columns_of_another_order(rows):
    frame = pd.DataFrame(rows, columns=list("abcde"))
    for scaling in ("auto", "standardize"):
        model = Autoencoder(2, **QUICK, scaling=scaling).fit(frame)
        turned = frame[list("ecabd")]
        pd.testing.assert_frame_equal(model.impute(turned), model.impute(frame)[list("ecabd")])
        for operation in (model.transform, model.reconstruct, model.score):
            with pytest.raises(ShapeMismatchError, match=r"X\[model.feature_names_in_\]"):
                operation(turned)
            operation(turned[model.feature_names_in_])


@pytest.mark.parametrize("scaling", ["auto", "standardize"])
def test_not_available_among_objects_is_missing(rows, scaling):
    frame = pd.DataFrame(rows, columns=list("abcde"))
    model = Autoencoder(2, **QUICK, scaling=scaling).fit(frame)
    expected = model.impute(frame)
    for gap in (pd.NA, None, np.nan):
        objects = frame.astype(object).where(frame.notna(), gap)
        before = objects.copy()
        pd.testing.assert_frame_equal(model.impute(objects).astype(float), expected)
        pd.testing.assert_frame_equal(objects, before)
        np.testing.assert_array_equal(model.transform(objects), model.transform(frame))
        array = _impute(model, objects.to_numpy())
        np.testing.assert_array_equal(array.astype(float), expected.to_numpy())
    objects = frame.astype(object).where(frame.notna(), pd.NA)
    again = Autoencoder(2, **QUICK, scaling=scaling).fit(objects)
    np.testing.assert_array_equal(again.transform(objects), model.transform(frame))
    masked = np.ma.masked_invalid(rows)
    np.testing.assert_array_equal(_impute(model, masked), expected.to_numpy())


def _impute(model, array):
    """Impute an array by a model that was fitted to a data frame."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that an array lacks
        return model.impute(array)


@pytest.mark.parametrize("scaling", ["auto", "standardize"])
def test_precision_stays(rows, scaling):
    X = rows.astype(np.float32)
    frame = pd.DataFrame(X, columns=list("abcde"))
    model = Autoencoder(2, **QUICK, scaling=scaling).fit(frame)
    assert set(model.impute(frame).dtypes) == {np.dtype(np.float32)}
    assert _impute(model, X).dtype == np.float32


@pytest.mark.slow
def test_tables_of_several_kinds_without_gaps(rows):
    frame = pd.DataFrame(np.nan_to_num(rows[:, :2]), columns=["a", "b"])
    frame["c"] = pd.Categorical(np.where(frame["a"] > 0, "up", "down"))
    model = Autoencoder(1, **QUICK).fit(frame)
    plain = clone(model).set_params(missing="error").fit(frame)
    np.testing.assert_array_equal(model.transform(frame), plain.transform(frame))
    made = model.impute(frame.mask(np.eye(40, 3) > 0))
    assert made.notna().all().all()
    assert 0.0 <= model.network_share_ <= 1.0


def test_partial_fits_trust_networks_by_rows_that_are_new():
    X = with_structure(600)
    model = Autoencoder(2, **{**QUICK, "network": (32,)}).partial_fit(X[:200])
    assert model.network_share_ == 0.0
    for start in (200, 300, 400):
        model.partial_fit(X[start : start + 100])
    assert 0.0 <= model.network_share_ < 1.0
    gaps = np.random.RandomState(1).random_sample((100, 6)) < 0.2
    holes = np.where(gaps, np.nan, X[500:])
    errors = [
        np.mean(np.square(made - X[500:])[gaps])
        for made in (model.impute(holes), model.filling_.fill(holes))
    ]
    assert errors[0] <= errors[1] * 1.01


def test_a_category_is_hidden_as_a_whole(rows):
    rows = np.tile(np.nan_to_num(rows), (3, 1))
    rows[::5, 1:4] = np.nan
    hidden = Hidden(rows, 0, widths=[1, 3, 1])
    assert set(hidden.columns) == {0, 1, 4}
    made = hidden.hide(rows, np.arange(len(rows)))
    more = np.isnan(made) & ~np.isnan(rows)
    assert np.flatnonzero(more.any(axis=1)).tolist() == hidden.rows.tolist()
    for places, expected in zip(more[hidden.rows], hidden.columns, strict=True):
        part = {0: [0], 1: [1, 2, 3], 4: [4]}[expected]
        assert np.flatnonzero(places).tolist() == part
    values = hidden.values(rows[hidden.rows])
    np.testing.assert_array_equal(values, rows[hidden.rows][more[hidden.rows]])
