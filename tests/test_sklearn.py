"""The contract with scikit-learn, and its company: pipelines, searches, tables, processes."""

from __future__ import annotations

import copy
import pickle

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import contract
from jamjae import Autoencoder
from jamjae.engine import programs

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


@pytest.mark.slow
@parametrize_with_checks([Autoencoder(network=(), epochs=2, missing="mask")])
def test_scikit_learn_s_checks_where_values_may_be_missing(estimator, check):
    contract.meet(estimator, check)


@parametrize_with_checks([Autoencoder(network=(), epochs=2)])
def test_scikit_learn_s_checks(estimator, check):
    contract.meet(estimator, check)


@pytest.mark.slow
@parametrize_with_checks([Autoencoder()])
def test_scikit_learn_s_checks_of_the_default(estimator, check):
    contract.meet(estimator, check)


@pytest.fixture(scope="module")
def iris():
    return load_iris(as_frame=True)


@pytest.fixture
def a_fresh_cache():
    programs.compiled.cache_clear()


def quick(**settings):
    return Autoencoder(2, **({"network": (4,), "random_state": 0, "epochs": 3} | settings))


def test_pipeline(iris):
    pipeline = make_pipeline(StandardScaler(), quick(), LogisticRegression())
    assert cross_val_score(pipeline, iris.data, iris.target, cv=3).mean() > 0.8


def test_grid_search_compiles_once(iris):
    traced = []

    def loss(target, output):  # called where a program is traced, not where it runs
        traced.append(target.shape)
        return ((target - output) ** 2).mean(-1)

    for rows in (iris.data[:120], iris.data):  # as many as in a fold, and in the last fit
        quick(loss=loss).fit(rows)
    before = len(traced)
    rates = {"learning_rate": [1e-4, 1e-3, 1e-2]}
    search = GridSearchCV(quick(loss=loss), rates, cv=5).fit(iris.data)
    assert 0 < before == len(traced)
    assert set(search.cv_results_["param_learning_rate"]) == set(rates["learning_rate"])


@pytest.mark.usefixtures("a_fresh_cache")
def test_second_fit_compiles_nothing(iris):
    quick().fit(iris.data)
    quick().fit(iris.data * 2 + 1)
    quick(schedule="one-cycle", learning_rate=0.01).fit(iris.data[:149])
    assert programs.compiled.cache_info().misses == 1


@pytest.mark.usefixtures("a_fresh_cache")
def test_networks_of_one_s_own_built_twice_share_what_is_compiled(iris):
    def pair():
        encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="elu")])
        decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
        return {"encoder": encoder, "decoder": decoder}

    quick(**pair()).fit(iris.data)
    quick(**pair()).fit(iris.data)
    assert programs.compiled.cache_info().misses == 1


def test_clone_copies_the_networks_handed_in():
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    before = encoder.get_weights()[0].copy()
    copied = clone(quick(encoder=encoder, decoder=decoder))
    copied.fit(load_iris().data)
    np.testing.assert_array_equal(encoder.get_weights()[0], before)
    assert np.abs(copied.encoder_.get_weights()[0] - before).max() > 0


def test_clone_keeps_what_scikit_learn_keeps():
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model = quick(encoder=encoder, guide=PCA(2)).set_output(transform="pandas")
    copied = clone(model)
    assert copied._sklearn_output_config == {"transform": "pandas"}
    assert copied.encoder is not encoder
    assert copied.guide is not model.guide
    assert clone(quick()).get_params() == quick().get_params()


def test_set_output_and_feature_names(iris):
    codes = quick().set_output(transform="pandas").fit_transform(iris.data)
    assert isinstance(codes, pd.DataFrame)
    assert list(codes.columns) == ["autoencoder0", "autoencoder1"]
    model = quick().fit(iris.data)
    assert list(model.feature_names_in_) == list(iris.data.columns)
    assert list(model.get_feature_names_out()) == list(codes.columns)
    with pytest.raises(ValueError, match="feature names"):
        model.transform(iris.data.rename(columns={"sepal length (cm)": "length"}))


@pytest.fixture(scope="module")
def fitted(iris):
    return quick().fit(iris.data)


@pytest.mark.parametrize("send", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_of_a_fitted_model_agree(iris, fitted, send):
    sent = send(fitted)
    np.testing.assert_array_equal(sent.transform(iris.data), fitted.transform(iris.data))
    sent.partial_fit(iris.data)


@pytest.mark.slow  # each process loads JAX
def test_joblib_processes(iris, fitted):
    parts = np.array_split(np.asarray(iris.data), 2)
    with pytest.warns(UserWarning, match="feature names"):
        expected = [fitted.transform(part) for part in parts]
    codes = joblib.Parallel(n_jobs=2)(joblib.delayed(_transform)(fitted, part) for part in parts)
    for one, other in zip(codes, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def _transform(model, rows):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.transform(rows)


def test_parameters_are_checked_by_name(iris):
    for name, value in {
        "n_components": 0,
        "network": "deep",
        "loss": "mee",
        "epochs": 0,
        "learning_rate": -1.0,
        "validation_fraction": 1.0,
        "schedule": "linear",
        "batch_size": 0.5,
    }.items():
        with pytest.raises(ValueError, match=f"The '{name}' parameter of Autoencoder"):
            Autoencoder().set_params(**{name: value}).fit(iris.data)
    with pytest.raises(ValueError, match="hidden widths"):
        Autoencoder(network=(8, 0)).fit(iris.data)
