"""``jamjae anomalies`` as a user types it, and its report."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from command_line import _own_cache, run  # noqa: F401 - a fixture
from jamjae import AnomalyDetector, load_model, report
from jamjae.data.text_tables import number
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation.anomalies import anomaly_report
from jamjae.report.anomalies import _colored as colored
from test_anomalies import linear, normal_rows

pytestmark = pytest.mark.filterwarnings("ignore:Training did not improve")
NAMES = ["length", "width", "noise", "sum"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("anomalies")
    anomalous = normal_rows(30, 2)
    anomalous[:4, 3] += 6
    for name, rows in (("normal", normal_rows(60, 1)), ("new", anomalous)):
        pd.DataFrame(rows, columns=NAMES).to_csv(place / f"{name}.csv", index=False)
    frame = pd.DataFrame(normal_rows(60, 5), columns=NAMES)
    linear().fit(frame).save(place / "model.jamjae")
    AnomalyDetector(linear(), random_state=0).fit(frame).save(place / "detector.jamjae")
    return place


def test_a_model_is_calibrated_on_normal_rows(folder, tmp_path):
    said = run(
        *("anomalies", folder / "new.csv", "--model", folder / "model.jamjae"),
        *("--train", folder / "normal.csv", "-o", tmp_path / "out", "--json"),
    )
    found = json.loads(said.stdout)
    assert found["anomalies"] >= 4
    assert {line["row"] for line in found["strangest"][:4]} == {"0", "1", "2", "3"}
    assert "from 60 normal rows scored across folds" in found["sentence"]
    table = pd.read_csv(tmp_path / "out" / "metrics.csv")
    assert list(table.columns) == ["row", "p_value", "score", "anomaly", "reason"]
    assert table.anomaly.sum() == found["anomalies"]
    assert table.reason[:4].str.contains("expected").all()
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "By column" in page
    assert "expected to be" in page
    assert re.search(r">sum [\d.-]+<small>expected [\d.-]+, [+-][\d.]+</small>", page)
    assert (tmp_path / "out" / "scores.png").exists()


def test_a_saved_detector_is_used_at_another_rate(folder):
    model = ("--model", folder / "detector.jamjae")
    said = run("anomalies", folder / "new.csv", *model, "--false-alarm", "0.1")
    assert "expected to be 0.098" in said.stdout
    refused = run(
        "anomalies", folder / "new.csv", *model, "--false-alarm", "0.001", "--json", code=1
    )
    assert "at least 999 calibration rows" in json.loads(refused.stdout)["error"]


def test_rows_that_are_not_new_are_noted(folder):
    rows = folder / "new.csv"
    said = run("anomalies", rows, "--model", folder / "model.jamjae", "--train", rows)
    assert "--train is DATA" in said.stderr


def test_a_saved_detector_keeps_its_rate(folder, tmp_path):
    load_model(folder / "detector.jamjae").with_rate(0.1).save(tmp_path / "d.jamjae")
    said = run("anomalies", folder / "new.csv", "--model", tmp_path / "d.jamjae")
    assert "expected to be 0.098" in said.stdout


@pytest.mark.parametrize(
    ("model", "more", "said"),
    [
        ("model.jamjae", (), "Give normal rows"),
        ("detector.jamjae", ("--train", "normal.csv"), "Leave out"),
        ("detector.jamjae", ("--epochs", "2"), "no effect on a fitted --model"),
        ("detector.jamjae", ("--false-alarm", "0"), "a share above 0"),
    ],
)
def test_what_does_not_go_together_is_refused(folder, monkeypatch, model, more, said):
    monkeypatch.chdir(folder)
    result = run("anomalies", "new.csv", "--model", model, *more, code=2)
    assert said in result.output


@pytest.mark.slow
def test_a_detector_is_fitted_to_normal_rows_and_saved(folder, tmp_path):
    said = run(
        *("anomalies", folder / "new.csv", "--train", folder / "normal.csv"),
        *("--save", tmp_path / "d.jamjae", "--epochs", 2, "-k", 2),
    )
    assert "fit 6: 2 epochs" in said.stderr
    assert load_model(tmp_path / "d.jamjae").model_.n_components_ == 2


@pytest.mark.slow
def test_without_normal_rows_a_share_of_the_data_is_reported(folder):
    said = run("anomalies", folder / "new.csv", "--epochs", 1, "--false-alarm", "0.1")
    assert "3 of 30 rows" in said.stdout
    assert "no false-alarm rate is guaranteed" in said.stdout


def test_images_are_shown_with_their_errors(tmp_path):
    rng = np.random.RandomState(0)
    X = np.ones((30, 4, 4)) * rng.normal(size=(30, 1, 1)) + 0.1 * rng.normal(size=(30, 4, 4))
    detector = AnomalyDetector(linear(), random_state=0).fit(X)
    result = anomaly_report(detector, X + np.eye(4), names=[f"n{i}" for i in range(30)], shown=12)
    page = report.write(report.of_anomalies(result, "squares"), tmp_path)
    assert {"strangest-1.png", "strangest-2.png"} <= {file.name for file in tmp_path.iterdir()}
    text = page.read_text(encoding="utf-8")
    assert result.names[result.strangest[0]] in text
    assert text.count("full color") == 2  # a caption, and what is read in place of the figure
    assert ("30 calibration rows allow no p-value below 0.0323" in text) == (
        result.p_values.min() < 0.04
    )
    assert len(result.rows) == 30


def test_errors_are_red_where_rows_are_brighter():
    errors = np.zeros((1, 1, 4))
    errors[0, 0] = [0.0, 2.5, -50.0, np.nan]
    white, red, blue, missing = colored(errors)[0, 0]
    assert (white == 1).all()
    assert (missing == 1).all()
    assert red[0] > red[2]
    assert blue[2] > blue[0]
    assert np.allclose(colored(errors / 1e9), 1)
    both = np.stack([errors, 2 * errors, -errors], axis=3)  # the channel that is farthest off
    np.testing.assert_array_equal(colored(both), colored(2 * errors))


def test_mixed_tables_show_values_of_plain_columns_only(tmp_path):
    X = normal_rows(60)
    frame = pd.DataFrame(X[:, :2], columns=["a", "b"]).assign(kind=np.where(X[:, 0] > 0, "x", "y"))
    detector = AnomalyDetector(linear(), random_state=0).fit(frame)
    anomalous = frame.assign(a=frame["a"] + 9)
    page = report.write(report.of_anomalies(anomaly_report(detector, anomalous), "mixed"), tmp_path)
    text = page.read_text(encoding="utf-8")
    assert re.search(r">kind=[xy]<small>[+-][\d.]+</small>", text)
    assert re.search(r">[ab] [\d.-]+<small>expected ", text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(2416.0, "2420"), (0.00599, "0.00599"), (0.0, "0"), (-3.0, "-3"), (1.2e9, "1.2e+09")],
)
def test_numbers_of_usual_size_have_no_exponent(value, text):
    assert number(value) == text


def test_names_and_numbers_of_rows_are_checked(folder):
    detector = load_model(folder / "detector.jamjae")
    rows = pd.DataFrame(normal_rows(25), columns=NAMES)
    with pytest.raises(ShapeMismatchError, match="2 names of 25 rows"):
        anomaly_report(detector, rows, names=["a", "b"])
    with pytest.raises(InvalidDataError, match="shown=0"):
        anomaly_report(detector, rows, shown=0)


def test_scores_that_cannot_be_drawn_are_refused():
    from jamjae.plotting import score_histogram

    with pytest.raises(InvalidDataError, match="shapes"):
        score_histogram(np.zeros((2, 2)), [0.0], 0.0)


def test_files_that_are_not_there_are_missed_before_training(folder, monkeypatch):
    monkeypatch.setattr(AnomalyDetector, "fit", None)
    said = run("anomalies", folder / "none.csv", "--train", folder / "normal.csv", code=1)
    assert "no such file" in said.stderr
