"""Detectors side by side: fitted to normal rows, measured on held-out rows of both kinds."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from sklearn.covariance import EllipticEnvelope
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from command_line import _own_cache, run  # noqa: F401 - a fixture
from jamjae import AnomalyDetector, compare, report
from jamjae.errors import InvalidDataError
from jamjae.evaluation.comparison import detectors
from test_anomalies import linear, normal_rows

CLASSICAL = ["knn", "pca", "iforest", "lof", "ocsvm", "gmm"]
Y = np.arange(150) % 5 == 0
X = normal_rows(150)
X[Y, 3] += 4


def test_classical_detectors_are_measured():
    found = compare(X, Y, task="anomaly", methods=CLASSICAL, seeds=2)
    assert {row["method"] for row in found.rows} == {
        "k-NN",
        "PCA",
        "IForest",
        "LOF",
        "OCSVM",
        "GMM",
    }
    areas = {row["method"]: row["roc_auc"] for row in found.rows}
    assert areas["PCA"] > 0.9  # the last column follows from two others
    assert areas["GMM"] > 0.9
    assert all(row["rows"] == 96 for row in found.rows)  # 4 of 5 normal rows
    assert "ranks anomalies best" in found.sentence
    assert "false alarms" in found.text(120)


def test_k_nn_is_that_of_the_normal_training_rows():
    test = np.vstack([normal_rows(20, 3), normal_rows(5, 4) + 3])
    y = np.repeat([1, -1], [20, 5])
    marked = np.where(Y, -1, 1)
    found = compare(X, marked, test=(test, y), task="anomaly", methods="knn", seeds=1)
    near = NearestNeighbors(n_neighbors=5).fit(X[~Y]).kneighbors(test)[0][:, -1]
    assert found.rows[0]["roc_auc"] == pytest.approx(roc_auc_score(y == -1, near))


def test_an_estimator_and_a_detector_of_one_s_own_take_part(tmp_path):
    mine = AnomalyDetector(linear(), random_state=0)
    found = compare(
        X, Y, task="anomaly", methods={"mine": mine, "ellipse": EllipticEnvelope()}, seeds=1
    )
    assert [row["method"] for row in found.rows] == ["mine", "ellipse"]
    assert found.rows[0]["roc_auc"] > 0.9
    page = report.write(report.of_comparison(found, "columns"), tmp_path)
    assert "All training rows are normal" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"y": None}, "needs y"),
        ({"y": np.arange(150)}, "expected one mark"),
        ({"y": np.zeros(150)}, "no anomaly"),
        ({"y": Y, "methods": ["isomap"]}, "known names are knn"),
        ({"y": Y, "methods": []}, "at least one"),
        ({"y": Y, "code_bytes": True}, "has no codes"),
    ],
)
def test_what_cannot_be_compared_is_refused(settings, said):
    with pytest.raises(InvalidDataError, match=said):
        compare(X, task="anomaly", seeds=1, **settings)


def test_a_detector_of_pyod_is_turned_round(monkeypatch):
    class ECOD:
        def __init__(self, contamination):
            self.share = contamination

        def fit(self, X):
            self.threshold_ = float(np.quantile(np.abs(X).sum(axis=1), 1 - self.share))

        def decision_function(self, X):
            return np.abs(X).sum(axis=1)

    module = ModuleType("pyod.models.ecod")
    module.ECOD = ECOD
    monkeypatch.setitem(sys.modules, "pyod.models.ecod", module)
    monkeypatch.setattr(detectors.importlib.util, "find_spec", lambda _: module)
    found = compare(X, Y, task="anomaly", methods="ecod", seeds=1)
    assert found.rows[0]["roc_auc"] > 0.5
    assert found.rows[0]["false_alarms"] < 0.3


def test_detectors_of_pyod_get_a_seed_and_the_number_of_columns(monkeypatch):
    given = {}

    class DeepSVDD:
        threshold_ = 1.0

        def __init__(self, n_features, contamination, random_state, verbose):
            given.update(n_features=n_features, seed=random_state, verbose=verbose)

        def fit(self, X):
            pass

        def decision_function(self, X):
            return np.abs(X).sum(axis=1)

    module = ModuleType("pyod.models.deep_svdd")
    module.DeepSVDD = DeepSVDD
    monkeypatch.setitem(sys.modules, "pyod.models.deep_svdd", module)
    monkeypatch.setattr(detectors.importlib.util, "find_spec", lambda _: module)
    compare(X, Y, task="anomaly", methods="pyod-deepsvdd", seeds=[3])
    assert given == {"n_features": 4, "seed": 3, "verbose": 0}


def test_on_the_command_line(tmp_path):
    frame = pd.DataFrame(X, columns=list("abcd")).assign(state=np.where(Y, "broken", "fine"))
    frame.to_csv(tmp_path / "t.csv", index=False)
    asked = ("compare", tmp_path / "t.csv", "--task", "anomaly", "--methods", "knn,pca")
    said = run(*asked, "--label", "state", "--normal", "fine", "--seeds", 1)
    assert "ranks anomalies best" in said.stdout
    refused = run(*asked, "--label", "state", code=2)
    assert "--normal" in refused.output
