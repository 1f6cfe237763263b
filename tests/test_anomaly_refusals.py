"""What a detector of anomalies refuses, and says of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jamjae import AnomalyDetector
from jamjae.errors import InvalidDataError, ShapeMismatchError
from test_anomalies import linear, normal_rows


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (np.arange(30) % 2, "labels of shape"),
        ((np.arange(30) % 2)[:, None], "labels of shape"),
        (np.ones((30, 4)), "rows are equal"),
        (normal_rows(19), "at least 20 rows"),
    ],
)
def test_what_is_not_normal_rows_is_refused(rows, said):
    with pytest.raises(InvalidDataError, match=said):
        AnomalyDetector(linear()).fit(rows)


@pytest.mark.parametrize(
    ("settings", "held", "said"),
    [
        ({}, normal_rows(24, 1), "with calibration_data: 19 rows are left"),
        ({}, normal_rows(50, 1)[:, :3], r"rows have shape \(3,\), those of X \(4,\)"),
        ({"contamination": 0.1}, normal_rows(9, 1), "7 rows are left"),
        ({"calibration_fraction": 0.99}, None, "fewer than 20 rows to learn from"),
        ({"calibration_fraction": 0.01}, None, "4 rows are left to calibrate on"),
    ],
)
def test_rows_that_cannot_calibrate_are_refused_before_training(settings, held, said):
    model = linear(callbacks=[lambda _: pytest.fail("it was trained")])
    with pytest.raises((InvalidDataError, ShapeMismatchError), match=said):
        AnomalyDetector(model, **settings).fit(normal_rows(600), calibration_data=held)


def test_missing_values_are_named_by_their_place_among_all_rows():
    X = normal_rows(100)
    X[90, 2] = np.nan
    with pytest.raises(InvalidDataError, match=r"\(90, 2\)"):
        AnomalyDetector(linear(), random_state=0).fit(X)


@pytest.mark.parametrize(("n", "calibrating"), [(60, 60), (600, 120)])
def test_a_rate_that_so_few_rows_cannot_support_is_refused_before_training(n, calibrating):
    model = linear(callbacks=[lambda _: pytest.fail("it was trained")])
    with pytest.raises(InvalidDataError, match=f"for {calibrating} .*at least 999 calibration"):
        AnomalyDetector(model, false_alarm=0.001, random_state=0).fit(normal_rows(n))
    detector = AnomalyDetector(linear(), random_state=0).fit(normal_rows(n))
    assert len(detector.calibration_scores_) == calibrating


@pytest.mark.parametrize(
    "settings", [{"robust": True}, {"prefit": True, "model": None}], ids=["robust", "prefit"]
)
def test_parameters_that_contradict_each_other_are_refused(settings):
    detector = AnomalyDetector(linear()).set_params(**settings)
    with pytest.raises(InvalidDataError, match="Give"):
        detector.fit(normal_rows(40))


def test_new_columns_are_refused():
    frame = pd.DataFrame(normal_rows(60), columns=list("abcd"))
    detector = AnomalyDetector(linear(), random_state=0).fit(frame)
    with pytest.raises(InvalidDataError, match="unseen at fit time: - e"):
        detector.p_values(frame.rename(columns={"d": "e"}))
    with pytest.raises(InvalidDataError, match="yet now missing: - d"):
        detector.p_values(frame[["a", "b", "c"]])
    assert detector.feature_names_in_.tolist() == list("abcd")
    of_array = AnomalyDetector(linear(), random_state=0).fit(normal_rows(60))
    with pytest.raises(ShapeMismatchError, match="expecting 4 features"):
        of_array.p_values(normal_rows(60)[:, :3])


def test_missing_values_are_refused_or_count_for_nothing():
    X = normal_rows(60)
    X[::7, 2] = np.nan
    with pytest.raises(InvalidDataError, match="NaN"):
        AnomalyDetector(linear()).fit(X)
    detector = AnomalyDetector(linear(missing="mask"), random_state=0).fit(X)
    row = np.zeros((1, 4))
    row[0, 2] = np.nan
    assert np.isfinite(detector.score_samples(row)).all()
    found = detector.explain(row)
    assert np.isnan(found.errors[0, 2])
    assert np.isfinite(np.asarray(found.reconstruction)).all()
