"""Inside scikit-learn's searches, pipelines and column transformers, with NumPy's numbers."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from jamjae import Autoencoder, load_model

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


@pytest.fixture(scope="module")
def iris():
    return load_iris(as_frame=True)


@pytest.fixture(scope="module")
def mixed(iris):
    """Numbers and text."""
    kinds = pd.Series(np.array(["a", "b", "c"])[iris.target], name="kind")
    return pd.concat([iris.data.iloc[:, :3], kinds], axis=1)


def quick(n_components=2, **settings):
    return Autoencoder(n_components, **({"random_state": 0, "epochs": 1, "network": ()} | settings))


PLAIN = {
    "n_components": 2,
    "network": (4, 3),
    "guide_weight": 0.5,
    "learning_rate": 0.001953125,
    "batch_size": 32,
    "epochs": 2,
    "validation_fraction": 0.25,
    "early_stopping": True,
    "patience": 1,
    "warm_start": False,
    "random_state": 3,
    "verbose": 0,
}
NUMPY = {
    "n_components": [np.int8(2), np.int64(2), np.uint16(2)],
    "network": [(np.int64(4), np.int32(3)), list(np.array([4, 3]))],
    "guide_weight": [np.float32(0.5), np.float64(0.5), np.float16(0.5)],
    "learning_rate": [np.float16(0.001953125), np.float32(0.001953125), np.float64(0.001953125)],
    "batch_size": [np.int16(32)],
    "epochs": [np.int32(2)],
    "validation_fraction": [np.float32(0.25), np.float16(0.25)],
    "early_stopping": [np.True_],
    "patience": [np.int64(1)],
    "warm_start": [np.False_],
    "random_state": [np.int64(3), np.uint8(3)],
    "verbose": [np.int64(0)],
}


@pytest.fixture(scope="module")
def plain(iris):
    return Autoencoder(**PLAIN).fit(iris.data)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, marks=pytest.mark.slow if place else ())
        for name, values in NUMPY.items()
        for place, value in enumerate(values)
    ],
)
def test_a_parameter_of_numpy_is_that_number(iris, plain, name, value, tmp_path):
    model = Autoencoder(**{**PLAIN, name: value}).fit(iris.data)
    expected = plain.transform(iris.data)
    np.testing.assert_array_equal(model.transform(iris.data), expected)
    model.save(tmp_path / "a.jamjae")
    loaded = load_model(tmp_path / "a.jamjae")
    np.testing.assert_array_equal(loaded.transform(iris.data), expected)
    assert loaded.get_params()[name] == (tuple(value) if name == "network" else value)


def test_a_grid_of_numpy_arrays(iris):
    grid = {
        "n_components": np.arange(2, 4),
        "early_stopping": np.array([True, False]),
        "warm_start": np.array([False]),
        "learning_rate": np.array([1e-3], dtype=np.float32),
        "epochs": np.array([1], dtype=np.uint8),
    }
    search = GridSearchCV(quick(), grid, cv=2, error_score="raise").fit(iris.data)
    assert search.best_params_["n_components"] == 3
    assert search.best_estimator_.transform(iris.data).shape == (150, 3)
    drawn = RandomizedSearchCV(
        quick(), {"n_components": np.arange(1, 4)}, n_iter=2, cv=2, random_state=0
    ).fit(iris.data)
    assert np.isfinite(drawn.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("transform", ["default", "pandas"])
def test_columns_of_several_kinds(mixed, iris, transform):
    columns = ColumnTransformer(
        [
            ("codes", make_pipeline(StandardScaler(), quick()), make_column_selector(r"\(cm\)")),
            ("kinds", OneHotEncoder(sparse_output=False), ["kind"]),
        ]
    ).set_output(transform=transform)
    found = columns.fit_transform(mixed)
    assert found.shape == (150, 5)
    again = columns.transform(mixed.iloc[:, ::-1])  # columns go by their names
    np.testing.assert_array_equal(np.asarray(again), np.asarray(found))
    if transform == "pandas":
        assert list(found.columns[:2]) == ["codes__autoencoder0", "codes__autoencoder1"]
        assert list(found.index) == list(mixed.index)
    model = make_pipeline(columns, LogisticRegression())
    assert cross_val_score(model, mixed, iris.target, cv=2).min() > 0.9


def test_codes_of_a_column_transformer_are_encoded(mixed):
    kinds = ("kinds", OneHotEncoder(sparse_output=False), ["kind"])
    columns = ColumnTransformer([kinds], remainder="passthrough")
    both = Pipeline([("columns", columns), ("codes", quick())]).set_output(transform="pandas")
    codes = both.fit_transform(mixed)
    assert list(codes.columns) == list(both.get_feature_names_out())
    assert both[-1].feature_names_in_[0] == "kinds__kind_a"
    assert both[-1].inverse_transform(codes).shape == (150, 6)


@pytest.fixture(scope="module")
def anything(mixed):
    """Numbers, text, categories, booleans, dates, and objects of Python's."""
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(150), "D")
    return mixed.assign(
        size=pd.Categorical.from_codes(np.arange(150) % 2, ["S", "M"]),
        wide=mixed.iloc[:, 0] > 6,
        seen=days,
        noted=pd.Series(days.date, dtype=object),
        sure=pd.Series([True, False, False] * 50, dtype=object),
    )


@pytest.mark.slow
def test_a_mixed_table_is_searched(anything):
    grid = {"n_components": [1, 3], "scaling": ["auto", "standardize"]}
    rows = anything.sample(frac=1, random_state=0)  # every kind in every fold
    search = GridSearchCV(quick(), grid, cv=2, error_score="raise").fit(rows)
    assert search.best_params_["n_components"] == 3
    assert search.score(anything) > 0
    pd.testing.assert_series_equal(
        search.best_estimator_.reconstruct(anything).dtypes, anything.dtypes
    )


@pytest.mark.slow
def test_a_mixed_table_goes_through_a_pipeline(anything, iris):
    pipeline = make_pipeline(quick(4), StandardScaler(), LogisticRegression())
    assert cross_val_score(pipeline, anything, iris.target, cv=2).min() > 0.8
    grid = {"autoencoder__n_components": [1, 4]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(anything, iris.target)
    assert search.predict(anything.iloc[::-1]).shape == (150,)
    codes = make_pipeline(quick(), StandardScaler()).set_output(transform="pandas")
    found = codes.fit_transform(anything)
    assert list(found.index) == list(anything.index)
    back = codes.inverse_transform(found)
    assert list(back.columns) == list(anything.columns)
    assert back["noted"].map(type).eq(dt.date).all()


def test_pandas_output_keeps_the_index_through_a_pipeline(iris):
    rows = iris.data.sample(30, random_state=0)
    pipeline = make_pipeline(StandardScaler(), quick()).set_output(transform="pandas")
    codes = pipeline.fit_transform(rows)
    assert list(codes.index) == list(rows.index)
    assert list(codes.columns) == list(pipeline.get_feature_names_out())
    assert pipeline.inverse_transform(codes).shape == (30, 4)
    union = FeatureUnion([("one", quick(1)), ("two", quick(2))]).set_output(transform="pandas")
    assert list(union.fit_transform(rows).columns) == [
        *("one__autoencoder0", "two__autoencoder0", "two__autoencoder1"),
    ]


def stopping():
    model = quick(early_stopping=np.True_, validation_fraction=0.2)
    return make_pipeline(StandardScaler(), model)


@pytest.mark.slow  # each process loads JAX
def test_folds_in_two_processes_are_those_of_one(iris):
    one, two = (cross_val_score(stopping(), iris.data, cv=3, n_jobs=n) for n in (1, 2))
    np.testing.assert_allclose(two, one, rtol=1e-6)


def test_folds_of_a_pipeline_in_a_pipeline(iris):
    probe = make_pipeline(stopping(), LogisticRegression())
    found = cross_validate(probe, iris.data, iris.target, cv=2, return_estimator=True)
    assert np.isfinite(found["test_score"]).all()
    assert found["estimator"][0][0][-1].n_components_ == 2
    assert cross_val_predict(probe, iris.data, iris.target, cv=2).shape == (150,)
