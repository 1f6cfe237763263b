"""What users hand in to a comparison."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from comparisons import QUICK, X, Y, row
from jamjae import compare, plotting, report
from jamjae.errors import InvalidDataError
from jamjae.evaluation import metrics

# --- what users hand in -------------------------------------------------------------------------


@pytest.mark.parametrize("label", [None, float("nan")])
@pytest.mark.parametrize("names", [["a", "b", "c"], [0, 1, 2]])
def test_rows_without_a_label_are_left_out_of_what_needs_one(label, names):
    y = np.array(names, dtype=object)[Y]
    y[::7] = label
    found = compare(X, y, methods=["pca", "isomap"], **QUICK)
    split, told = found.splits[0], row(found, "PCA")
    pca = PCA(2, random_state=0).fit(split.train)
    known, known_test = (
        np.array([one in names for one in part]) for part in (split.train_y, split.test_y)
    )
    assert not known.all()
    accuracy = metrics.knn_accuracy(
        pca.transform(split.train[known]),
        split.train_y[known].astype(str),
        pca.transform(split.test[known_test]),
        split.test_y[known_test].astype(str),
    )
    assert told["knn5_accuracy"] == accuracy
    assert told["train_neighborhood_hit"] > 0.8
    assert row(found, "Isomap")["linear_probe_accuracy"] > 0.8
    assert len(found.embeddings().axes) == 2


def test_without_a_single_label_nothing_needs_one():
    found = compare(X, np.full(len(X), np.nan), methods=["pca"], **QUICK)
    assert found.rows[0]["knn5_accuracy"] == found.rows[0]["test_neighborhood_hit"] == "n/a"


def test_labels_of_two_kinds_are_refused():
    X = np.random.RandomState(0).normal(size=(60, 4))
    with pytest.raises(InvalidDataError, match="some are text"):
        compare(X, np.array(["a", 1] * 30, dtype=object), methods="pca")
    with pytest.raises(InvalidDataError, match="same classes"):
        compare(X, [0, 1] * 30, test=(X, ["a", "b"] * 30), methods="pca")


@pytest.mark.parametrize("error", [AttributeError, KeyError, AssertionError, OSError])
def test_whatever_a_method_raises_the_others_go_on(error):
    def fails(setting):
        raise error("it broke")

    X = np.random.RandomState(0).normal(size=(60, 4))
    found = compare(X, methods={"bad": fails, "PCA": "pca"}, seeds=1)
    assert "it broke" in found.rows[0]["note"]
    assert found.rows[1]["test_mse"] > 0


def test_held_out_floats_beside_pixels_are_not_cut_off():
    rng = np.random.RandomState(0)
    pixels = rng.randint(0, 256, (60, 5), dtype=np.uint8)
    unseen = rng.normal(500, 100, (20, 5))
    found = compare(pixels, test=unseen, methods="pca", seeds=1)
    alike = compare(pixels.astype(float), test=unseen, methods="pca", seeds=1)
    assert found.rows[0]["test_mse"] == pytest.approx(alike.rows[0]["test_mse"])
    assert next(iter(found.splits.values())).test.max() > 255


def test_pca_is_known_by_what_it_is():
    X = np.random.RandomState(0).normal(size=(60, 4))
    assert "PCA was not" not in compare(X, methods={"mine": PCA()}, seeds=1).sentence
    assert "PCA was not" in compare(X, methods={"PCA": "isomap"}, seeds=1).sentence
    failed = compare(X, methods=["pca", "isomap"], n_components=9, seeds=1)
    assert "no reconstruction" in failed.sentence


def test_where_every_method_fails_there_is_still_a_report(tmp_path):
    def fails(setting):
        raise ValueError("no")

    found = compare(np.random.RandomState(0).normal(size=(60, 4)), methods=[fails], seeds=1)
    assert found.figure() is None
    assert report.write(report.of_comparison(found, "nothing"), tmp_path).exists()


@pytest.mark.parametrize(
    "options",
    [
        {"n_neighbors": 0},
        {"n_neighbors": 2.5},
        {"n_neighbors": "5"},
        {"methods": 5},
        {"methods": None},
        {"methods": [PCA]},
        {"methods": [(1, 2, 3)]},
        {"test": (np.zeros((5, 4)), None, None)},
    ],
)
def test_what_is_no_option_is_refused(options):
    with pytest.raises(InvalidDataError):
        compare(np.random.RandomState(0).normal(size=(60, 4)), seeds=1, **options)


def test_fewer_neighbors_are_reported():
    X = np.random.RandomState(0).normal(size=(30, 4))
    found = compare(X, methods="pca", n_neighbors=50, seeds=1)
    assert "11 neighbors instead of 50" in found.rows[0]["note"]


def test_few_rows_are_enough_for_neighbors():
    X = np.random.RandomState(0).normal(size=(10, 4))
    found = compare(X, methods=["lle", "isomap"], seeds=1)
    assert not any(run.outcome.failed for run in found.runs)


def test_dollars_are_no_formulas(tmp_path):
    X = np.random.RandomState(0).normal(size=(60, 4))
    found = compare(X, ["$5", "cost $\\frac$ x"] * 30, methods={"$\\bad$": "pca"}, seeds=1)
    for figure in (found.figure(), found.embeddings()):
        assert plotting.save(figure, tmp_path / "dollars.png").exists()


def test_the_code_of_an_estimator_inside_a_pipeline_has_the_size_asked_for():
    search = make_pipeline(StandardScaler(), PCA())
    found = compare(X, methods=[search], n_components=2, seeds=1)
    assert next(iter(found.runs)).outcome.codes.shape[1] == 2


@pytest.mark.parametrize("method", ["pca", "kernel-pca"])
def test_rows_far_from_zero_are_reconstructed_as_well(method):
    far = (X + 1000.0).astype(np.float32)
    near, moved = (compare(rows, methods=method, seeds=1).rows[0]["test_mse"] for rows in (X, far))
    assert moved == pytest.approx(near, rel=0.05)
