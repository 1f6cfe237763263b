"""Missing values: what is masked counts nowhere, PCA is never better, and gaps are filled."""

from __future__ import annotations

import itertools
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.preprocessing import scale
from typer.testing import CliRunner

from cases import mostly_slow
from jamjae import Autoencoder, explore, load_model
from jamjae.cli import app
from jamjae.engine import filling, incomplete_pca, pca
from jamjae.errors import InvalidDataError
from jamjae.evaluation import evaluate

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)
QUICK = {"network": (8,), "epochs": 4, "random_state": 0, "missing": "mask"}


def with_gaps(X, share=0.2, seed=0):
    gaps = np.random.RandomState(seed).random_sample(X.shape) < share
    return np.where(gaps, np.nan, X), gaps


@pytest.fixture(scope="module")
def wine():
    return scale(load_wine().data)


@pytest.fixture(scope="module")
def model(wine):
    return Autoencoder(2, **QUICK).fit(with_gaps(wine)[0])


def em(X, k, steps=500):
    """PCA by expectation maximization, as written down in textbooks: fill, decompose, repeat."""
    gaps = np.isnan(X)
    filled = np.where(gaps, np.nanmean(X, axis=0), X)
    for _ in range(steps):
        mean = filled.mean(axis=0)
        u, s, v = np.linalg.svd(filled - mean, full_matrices=False)
        made = (u[:, :k] * s[:k]) @ v[:k] + mean
        filled = np.where(gaps, made, X)
    return float(np.mean(np.square(X - made)[~gaps])), filled


# --- PCA ------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_its_pca_is_that_of_expectation_maximization(wine, k):
    X, gaps = with_gaps(wine)
    found = incomplete_pca.principal(X, filling.learn(X).fill(X), k, np.ones(len(X)), 0)
    made = found.inverse_transform(found.transform(X))
    assert found.error == pytest.approx(np.mean(np.square(X - made)[~gaps]))
    assert found.error <= em(X, k)[0] * (1 + 1e-6)
    np.testing.assert_allclose(found.components @ found.components.T, np.eye(k), atol=1e-9)


def test_without_gaps_it_is_plain_pca(wine):
    plain = pca.fit(wine, 3)
    found = incomplete_pca.principal(wine, wine, 3, np.ones(len(wine)), 0)
    assert found.error == pytest.approx(plain.error)
    assert found.variance == pytest.approx(plain.variance)
    np.testing.assert_allclose(np.abs(found.components), np.abs(plain.components), atol=1e-4)


@pytest.mark.parametrize("shape", [(40, 6), (12, 3100), (3100, 3100 // 31)])
def test_weights_are_as_rows_repeated(shape):
    rng = np.random.RandomState(0)
    X = rng.normal(size=shape) @ np.diag(np.linspace(3, 0.1, shape[1]))
    counts = rng.randint(0, 4, len(X))
    repeated, weights = np.repeat(X, counts, axis=0), counts / counts.mean()
    one, other = pca.fit(X, 3, 0, weights), pca.fit(repeated, 3, 0)
    np.testing.assert_allclose(one.mean, other.mean, atol=1e-9)
    np.testing.assert_allclose(one.deviations, other.deviations, rtol=1e-6)
    np.testing.assert_allclose(one.error, other.error, rtol=1e-6)
    np.testing.assert_allclose(np.abs(one.components), np.abs(other.components), atol=1e-5)


# --- the promise ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "k"), mostly_slow(itertools.product([0.05, 0.4], [3, 12]), {(0.4, 3)})
)
def test_never_worse_than_pca_on_the_observed_values(wine, k, share):
    X, gaps = with_gaps(wine, share)
    model = Autoencoder(k, **QUICK).fit(X)
    error = float(np.mean(np.square(X - model.reconstruct(X))[~gaps]))
    assert model.reconstruction_error_ == pytest.approx(error, rel=1e-5, abs=1e-9)
    assert error <= em(X, k)[0] * (1 + 1e-5) + 1e-9


def test_missing_values_count_in_no_loss(wine):
    """Whatever stood where values are missing, the model is the same."""
    X, _ = with_gaps(wine)
    whole = Autoencoder(2, **QUICK).fit(X)
    assert np.isfinite(whole.history_["loss"]).all()
    assert whole.history_["loss"][-1] < whole.history_["loss"][0]
    assert whole.score(X) == pytest.approx(
        1 - whole.reconstruction_error_ / whole.baseline_.variance, abs=1e-5
    )
    errors = np.square(X - whole.reconstruct(X))
    np.testing.assert_allclose(-whole.score_samples(X), np.nanmean(errors, axis=1), rtol=1e-4)


@pytest.mark.slow
def test_the_loss_is_the_mean_over_observed_values(wine):
    X, _ = with_gaps(wine)
    model = Autoencoder(13, **{**QUICK, "epochs": 1, "learning_rate": 1e-9}).fit(X)
    scaled = model.history_["loss"][0] * model.scale_**2
    begun = Autoencoder(13, **{**QUICK, "epochs": 1, "learning_rate": 1e-9, "anchor": None}).fit(X)
    assert scaled < 0.2
    assert begun.history_["loss"][0] * begun.scale_**2 == pytest.approx(
        np.nanvar(X, axis=0).mean(), rel=0.3
    )


def test_a_later_fit_without_gaps_is_plain(wine):
    model = clone(Autoencoder(2, **QUICK))
    model.fit(with_gaps(wine)[0])
    model.set_params(missing="error").fit(wine)
    assert model.filling_ is None
    with pytest.raises(InvalidDataError, match="NaN"):
        model.transform(with_gaps(wine)[0])


# --- filling in -----------------------------------------------------------------------------


def test_impute_changes_nothing_else(model, wine):
    X, gaps = with_gaps(wine, seed=1)
    made = model.impute(X)
    np.testing.assert_array_equal(made[~gaps], X[~gaps])
    assert np.isfinite(made).all()
    assert np.mean(np.square(made - wine)[gaps]) < 0.8 * np.mean(np.square(wine)[gaps])
    np.testing.assert_array_equal(model.impute(wine), wine)


def test_a_row_does_not_depend_on_its_company(model, wine):
    X, _ = with_gaps(wine)
    np.testing.assert_allclose(model.transform(X)[7:8], model.transform(X[7:8]), atol=1e-5)
    np.testing.assert_allclose(model.impute(X)[7:8], model.impute(X[7:8]), atol=1e-5)


def test_a_row_without_any_value_is_the_mean(model, wine):
    empty = np.full((1, 13), np.nan)
    np.testing.assert_allclose(model.impute(empty), model.impute(empty), atol=1e-5)
    assert np.isfinite(model.transform(empty)).all()
    assert model.score_samples(empty) == 0.0


def test_a_filling_predicts_what_depends_on_the_rest():
    rng = np.random.RandomState(0)
    z = rng.normal(size=(300, 2))
    X = np.column_stack([z, z.sum(axis=1), z[:, 0] - z[:, 1]])
    holes, gaps = with_gaps(X, 0.1)
    made = filling.learn(holes).fill(holes)
    assert np.sqrt(np.mean(np.square(made - X)[gaps])) < 0.3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_and_files(wine, tmp_path, dtype):
    X = with_gaps(wine)[0].astype(dtype)
    model = Autoencoder(2, **QUICK).fit(X)
    assert model.impute(X).dtype == model.reconstruct(X).dtype == dtype
    for again in (load_model(model.save(tmp_path / "m.jamjae")), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.impute(X), model.impute(X))
        np.testing.assert_array_equal(again.transform(X), model.transform(X))


def test_a_table_of_mixed_columns():
    rng = np.random.RandomState(0)
    age = rng.randint(20, 70, 120).astype(float)
    frame = pd.DataFrame(
        {
            "age": age,
            "work": pd.Categorical(np.where(age > 60, "retired", "employed")),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta((age * 10).astype(int), "D"),
        },
        index=[f"p{i}" for i in range(120)],
    )
    frame.loc["p3", "work"] = None
    frame.loc["p5", "since"] = pd.NaT
    frame.loc["p7", "age"] = np.nan
    model = Autoencoder(2, **{**QUICK, "epochs": 60}).fit(frame)
    made = model.impute(frame)
    assert made.isna().sum().sum() == 0
    assert list(made.dtypes) == list(frame.dtypes)
    assert made.loc["p3", "work"] in {"retired", "employed"}
    known = frame.notna()
    for name in frame:
        pd.testing.assert_series_equal(made[name][known[name]], frame[name][known[name]])
    with pytest.raises(InvalidDataError, match=r"3 cells .*missing=\"mask\""):
        Autoencoder(2, epochs=1).fit(frame)


def test_a_frame_of_numbers_stays_a_frame(wine):
    frame = pd.DataFrame(with_gaps(wine)[0], columns=[f"c{i}" for i in range(13)])
    made = Autoencoder(2, **QUICK).fit(frame).impute(frame)
    assert list(made.columns) == list(frame.columns)
    assert made.notna().all().all()


def test_standardized_columns(wine):
    X, gaps = with_gaps(load_wine().data)
    model = Autoencoder(2, **{**QUICK, "scaling": "standardize"}).fit(X)
    made = model.impute(X)
    np.testing.assert_array_equal(made[~gaps], X[~gaps])
    assert np.isfinite(made).all()


@pytest.mark.slow
def test_images_with_missing_pixels():
    images = np.random.RandomState(0).normal(size=(60, 6, 6)).cumsum(axis=2)
    X, gaps = with_gaps(images, 0.1)
    model = Autoencoder(3, **{**QUICK, "epochs": 2}).fit(X)
    np.testing.assert_array_equal(model.impute(X)[~gaps], X[~gaps])
    assert np.isfinite(model.reconstruct(X)).all()


# --- what is refused ------------------------------------------------------------------------


def test_a_column_without_any_value_is_named(wine):
    frame = pd.DataFrame(wine, columns=[f"c{i}" for i in range(13)]).assign(c4=np.nan)
    with pytest.raises(InvalidDataError, match=r"no row has a value in the column.s. c4"):
        Autoencoder(2, **QUICK).fit(frame)


def test_infinity_is_refused_all_the_same(wine):
    X, _ = with_gaps(wine)
    X[3, 4] = np.inf
    with pytest.raises(InvalidDataError, match=r"infinity .* index \(3, 4\)"):
        Autoencoder(2, **QUICK).fit(X)


def test_the_error_of_nan_names_the_cure(wine):
    with pytest.raises(InvalidDataError, match=r"missing=\"mask\""):
        Autoencoder(2, epochs=1).fit(with_gaps(wine)[0])


def test_augmentation_cannot_move_gaps():
    import keras

    X = with_gaps(np.random.RandomState(0).normal(size=(20, 6, 6)))[0]
    with pytest.raises(InvalidDataError, match="augmentation= would move"):
        Autoencoder(2, augmentation=keras.layers.RandomFlip(), **QUICK).fit(X)


# --- together with the rest of fit ----------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"validation_fraction": 0.2, "early_stopping": True},
        {"n_components": 0.6},
        {"loss": "mae"},
        {"loss": "huber", "anchor": None},
    ],
)
def test_other_parameters(wine, more):
    X, _ = with_gaps(wine)
    model = Autoencoder(**{"n_components": 2, **QUICK, **more}).fit(X)
    assert np.isfinite(model.impute(X)).all()


@pytest.mark.slow
def test_guides_noise_and_partial_fits(wine):
    from sklearn.manifold import Isomap

    X, _ = with_gaps(wine)
    assert np.isfinite(Autoencoder(2, guide=Isomap(), **QUICK).fit(X).transform(X)).all()
    noisy = Autoencoder(2, **QUICK).fit(X, corrupted=X + 0.1)
    assert np.isfinite(noisy.reconstruct(X)).all()
    slowly = Autoencoder(2, **QUICK).partial_fit(X).partial_fit(X)
    assert np.isfinite(slowly.impute(X)).all()
    apart = Autoencoder(2, **QUICK).fit(X[:150], validation_data=X[150:])
    assert np.isfinite(apart.history_["val_loss"]).all()


# --- weights --------------------------------------------------------------------------------


def test_rows_of_weight_zero_count_nowhere(wine):
    weights = np.r_[np.ones(100), np.zeros(78)]
    model = Autoencoder(2, network=(), random_state=0, epochs=2).fit(wine, sample_weight=weights)
    plain = pca.fit(wine[:100], 2)
    assert model.baseline_error_ == pytest.approx(plain.error)
    assert model.reconstruction_error_ <= plain.error * (1 + 1e-6)


def test_the_error_is_weighted(wine):
    weights = np.random.RandomState(0).random_sample(len(wine)) + 0.1
    model = Autoencoder(2, **{**QUICK, "missing": "error", "epochs": 20})
    model.fit(wine, sample_weight=weights)
    errors = -model.score_samples(wine)
    assert model.reconstruction_error_ == pytest.approx(np.average(errors, weights=weights))
    assert model.reconstruction_error_ <= model.baseline_error_


@pytest.mark.slow
def test_weights_draw_the_model(wine):
    heavy = np.where(np.arange(len(wine)) < 60, 100.0, 0.01)
    plain, drawn = (
        Autoencoder(1, network=(16,), epochs=60, random_state=0).fit(wine, sample_weight=weights)
        for weights in (None, heavy)
    )
    assert drawn.score_samples(wine[:60]).mean() > plain.score_samples(wine[:60]).mean()


def test_weights_and_gaps_together(wine):
    X, gaps = with_gaps(wine)
    weights = np.random.RandomState(0).random_sample(len(X)) + 0.1
    model = Autoencoder(2, **QUICK).fit(X, sample_weight=weights)
    squares = np.where(gaps, 0, np.square(np.nan_to_num(X) - model.reconstruct(X)))
    expected = (weights @ squares.sum(axis=1)) / (weights @ (~gaps).sum(axis=1))
    assert model.reconstruction_error_ == pytest.approx(expected, rel=1e-4)
    assert model.reconstruction_error_ <= model.baseline_error_ * (1 + 1e-7)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (-np.ones(178), "-1 at index 0"),
        (np.zeros(178), "at least one non-zero"),
        (np.ones(3), "sample_weight"),
        (np.full(178, np.nan), "NaN"),
        (np.ones((178, 2)), "sample_weight"),
        (["a"] * 178, "sample_weight"),
    ],
)
def test_wrong_weights(wine, weights, said):
    with pytest.raises(InvalidDataError, match=said):
        Autoencoder(2, **QUICK).fit(wine, sample_weight=weights)


# --- what uses a model ----------------------------------------------------------------------


def test_evaluation_and_page(model, wine):
    X, gaps = with_gaps(wine)
    found = evaluate(model, X)
    assert found.mse == pytest.approx(np.mean(np.square(X - model.reconstruct(X))[~gaps]))
    assert found.explained_variance == pytest.approx(model.score(X), abs=1e-6)
    rows = np.count_nonzero(gaps.any(axis=1))
    with pytest.warns(UserWarning, match=f"missing values of {rows} rows as the model imputes"):
        assert explore(model, X).html.startswith("<!DOCTYPE html>")


def test_the_command_line_fills_a_table(tmp_path):
    rng = np.random.RandomState(0)
    height = rng.normal(170, 10, 80).round(1)
    frame = pd.DataFrame({"height": height, "weight": (height - 100).round(1), "city": "서울"})
    frame.loc[height < 168, "city"] = "부산"
    holes = frame.mask(rng.random_sample(frame.shape) < 0.1)
    table, model = tmp_path / "people.csv", tmp_path / "people.jamjae"
    holes.to_csv(table, index=False)
    full, run = tmp_path / "full.csv", CliRunner().invoke
    fitted = run(app, ["fit", str(table), "-o", str(model), "-k1", "--epochs=5", "--missing=mask"])
    assert fitted.exit_code == 0, fitted.output
    filled = run(app, ["impute", str(model), str(table), "-o", str(full), "--json"])
    said = json.loads(filled.stdout)
    assert said["imputed"] == holes.isna().sum().sum()
    made = pd.read_csv(full)
    assert made.notna().all().all()
    for name in frame:
        known = holes[name].notna()
        pd.testing.assert_series_equal(made[name][known], holes[name][known], check_dtype=False)
