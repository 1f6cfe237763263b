"""Why a row is anomalous, and whether a batch of rows has drifted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jamjae import AnomalyDetector, Autoencoder
from jamjae.errors import InvalidDataError
from test_anomalies import linear, normal_rows

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)
NAMES = ["length", "width", "noise", "sum"]


def table(X):
    return pd.DataFrame(X, columns=NAMES)


@pytest.fixture(scope="module")
def fitted():
    return AnomalyDetector(linear(), random_state=0).fit(table(normal_rows(600)))


@pytest.fixture(scope="module")
def anomalous():
    X = normal_rows(3, 7)
    X[0, 3] += 5
    X[1] = [40.0, 0.0, 0.0, 40.0]
    return table(X).set_axis([10, 11, 12])


def test_the_feature_that_is_off_is_named(fitted, anomalous):
    found = fitted.explain(anomalous)
    assert found.feature_names == NAMES
    assert found.errors.shape == (3, 4)
    assert found.reasons[0].split()[0] in {"length", "width", "sum"}  # of which one is wrong
    assert "expected" in found.reasons[0]
    assert found.reasons[1] == "far from all normal rows"
    assert found.reasons[2] == "like normal rows"
    assert np.allclose(found.p_values, fitted.p_values(anomalous))
    assert np.allclose(found.scores, fitted.score_samples(anomalous))


def test_errors_are_in_units_of_what_is_normal():
    X = normal_rows(800)
    detector = AnomalyDetector(linear(), random_state=0).fit(X)
    errors = detector.explain(normal_rows(500, 3)).errors
    size = np.sqrt(np.square(errors).mean(axis=0))
    assert (size < 1.3).all()
    assert size.max() > 0.7


def test_the_row_is_changed_as_little_as_makes_it_normal(fitted, anomalous):
    found = fitted.explain(anomalous)
    assert (fitted.predict(table(found.normal)) == 1).all()
    assert found.moved[2] == 0
    assert np.allclose(found.normal[2], anomalous.iloc[2])
    assert 0 < found.moved[0] <= 1 < found.moved[1]


def test_the_nearest_normal_row_is_one_of_fit(fitted, anomalous):
    found = fitted.explain(anomalous)
    assert np.allclose(found.nearest, normal_rows(600)[found.nearest_index])


def test_rows_of_mixed_tables_are_explained_in_their_own_columns():
    X = normal_rows(60)
    frame = pd.DataFrame(X[:, :2], columns=["a", "b"]).assign(kind=np.where(X[:, 0] > 0, "x", "y"))
    detector = AnomalyDetector(linear(), random_state=0).fit(frame)
    found = detector.explain(frame.iloc[:2])
    assert list(found.nearest.columns) == list(frame.columns)
    assert list(found.normal["kind"]) == list(frame["kind"].iloc[:2])
    assert found.errors.shape == (2, len(found.feature_names))
    anomalous = frame.iloc[:1].assign(b=77.0)
    name, value = detector.explain(anomalous).reasons[0].split(",")[0].split()
    assert float(value) == pytest.approx(anomalous[name].iloc[0], rel=0.01)


def test_a_category_that_is_off_is_named_without_a_number():
    X = normal_rows(60)
    kind = np.where(X[:, 0] > 0, "x", "y")
    frame = pd.DataFrame({"a": X[:, 1], "kind": kind, "same": kind})
    detector = AnomalyDetector(linear(), random_state=0).fit(frame)
    anomalous = frame.iloc[:1].assign(same={"x": "y", "y": "x"}[kind[0]])
    assert detector.explain(anomalous).reasons[0].endswith("not as expected")


def test_the_odd_part_of_an_image_is_named():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 1, 1)) * np.ones((60, 6, 6)) + 0.1 * rng.normal(size=(60, 6, 6))
    detector = AnomalyDetector(linear(), random_state=0).fit(X)
    X[0, :2, 4:] += 3
    X[1, 4:, :2] -= 3
    found = detector.explain(X[:2])
    assert found.errors.shape == (2, 6, 6)
    assert found.reasons == ["top right brighter than normal", "bottom left darker than normal"]


def test_rows_as_before_have_not_drifted(fitted):
    found = fitted.drift(table(normal_rows(300, 8)))
    assert found.p_value > 0.01
    assert found.features == []
    assert found.p_values.shape == (300,)


def test_a_column_that_moved_is_named(fitted):
    X = normal_rows(300, 8)
    X[:, 2] += 0.2
    found = fitted.drift(table(X))
    assert [name for name, _, _ in found.features] == ["noise"]
    assert abs(found.features[0][1] - 2.0) < 0.3
    assert found.shift.shape == (4,)


def test_rows_that_became_odder_have_drifted(fitted):
    X = normal_rows(300, 8)
    X[:, 3] += np.random.RandomState(0).normal(size=300)
    assert fitted.drift(table(X)).p_value < 1e-6


def test_too_few_rows_for_drift_are_refused(fitted):
    with pytest.raises(InvalidDataError, match="at least 20"):
        fitted.drift(table(normal_rows(19)))


@pytest.mark.slow
def test_p_values_of_new_batches_reject_no_more_often_than_promised():
    detector = AnomalyDetector(linear(), random_state=0).fit(normal_rows(2000))
    found = [detector.drift(normal_rows(100, seed)).p_value for seed in range(100, 200)]
    assert np.mean(np.array(found) <= 0.05) <= 0.2
    assert isinstance(detector.model_, Autoencoder)
