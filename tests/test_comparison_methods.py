"""Methods that take part in a comparison; one that fails does not keep the others from running."""

from __future__ import annotations

import importlib.util
import math

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import FeatureAgglomeration
from sklearn.decomposition import PCA, FastICA
from sklearn.manifold import Isomap
from sklearn.preprocessing import StandardScaler

from comparisons import CLASSICAL, QUICK, X, Y, pair, row
from jamjae import Autoencoder, compare
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation.comparison import METHODS, ComparisonProgress
from jamjae.evaluation.comparison import methods as known_methods
from jamjae.evaluation.comparison.measuring import numbers_stored

LINEAR = Autoencoder(network=(), epochs=2)


def test_estimators_pairs_and_functions_take_part():
    encoder, decoder = pair(3)
    weights = encoder.get_weights()[0].copy()
    found = compare(
        X,
        methods=[
            FastICA(whiten="unit-variance"),
            FeatureAgglomeration(),
            (encoder, decoder),
            StandardScaler(),
            lambda setting: PCA(setting.n_components),
            PCA(),
            PCA(whiten=True),
        ],
        n_components=3,
        **QUICK,
    )
    titles = [r["method"] for r in found.rows]
    assert titles[:4] == ["FastICA", "FeatureAgglomeration", "Keras pair", "StandardScaler"]
    assert titles[-2:] == ["PCA", "PCA 2"]
    notes = {r["method"]: r["note"] for r in found.rows if r["note"]}
    assert set(notes) <= {"FeatureAgglomeration", "FastICA", "StandardScaler"}
    assert "expected 3 components per row" in notes["StandardScaler"]  # it gives four
    assert row(found, "PCA", size=3)["test_mse"] < 0.1
    np.testing.assert_array_equal(encoder.get_weights()[0], weights)  # copies were trained


def test_seeds_draw_a_pairs_weights_anew():
    found = compare(X, methods={"mine": pair()}, seeds=2, test_size=0.3)
    first, second = (r["train_mse"] for r in found.rows)
    assert first != second


@pytest.mark.slow  # Numba compiles UMAP's way back
@pytest.mark.skipif(not importlib.util.find_spec("umap"), reason="umap-learn is not installed")
def test_umap_takes_part_when_asked_for():
    found = compare(X, Y, methods=["pca", "umap"], **QUICK)
    assert row(found, "UMAP")["train_trustworthiness"] > 0.9
    assert row(found, "UMAP")["test_mse"] != "n/a"


def test_umap_takes_no_part_unasked():
    assert "UMAP" not in {METHODS[name].title for name in known_methods.automatic(X)}


def test_convolutions_are_tried_on_images_only():
    assert "conv" in known_methods.automatic(np.zeros((5, 28, 28)))
    assert "conv" not in known_methods.automatic(np.zeros((5, 8, 8)))
    assert "conv" not in known_methods.automatic(X)


def test_slow_methods_get_a_sample_and_say_so(monkeypatch):
    limited = METHODS["isomap"]._replace(limit=60)
    monkeypatch.setitem(known_methods.METHODS, "isomap", limited)
    found = compare(X, Y, methods=["pca", "isomap"], **QUICK)
    assert row(found, "Isomap")["rows"] == 60
    assert "fitted to 60 of 105 rows" in row(found, "Isomap")["note"]
    assert row(found, "PCA")["rows"] == 105


def test_progress_is_reported_before_each_fit():
    told = []
    compare(X, methods=["pca", "isomap"], seeds=2, test_size=0.3, on_progress=told.append)
    assert [p.title for p in told] == ["PCA", "PCA", "Isomap", "Isomap", ""]
    assert [p.done for p in told] == [0, 1, 2, 3, 4]
    assert told[0].seconds_left is None
    assert told[-1] == ComparisonProgress(4, 4, "", 0, 0, 0.0)


def test_numbers_stored_counts_each_array_once():
    fitted = Isomap(n_neighbors=30).fit(X)
    # the rows (in the tree, and held by the neighbors), distances, and kernel PCA's own
    assert numbers_stored(fitted) < 4 * len(X) ** 2
    assert numbers_stored(fitted) > len(X) ** 2
    pca = PCA(2).fit(X)
    floats = [v for v in vars(pca).values() if isinstance(v, np.ndarray)]
    assert numbers_stored(pca) == sum(array.size for array in floats)
    model = Autoencoder(2, network=(), epochs=1, random_state=0).fit(X)
    weights = [*model.encoder_.get_weights(), *model.decoder_.get_weights()]
    assert numbers_stored(model) == sum(w.size for w in weights)


# --- what goes wrong stays with whom it goes wrong ---------------------------------------------


def test_more_components_than_features_fail_where_they_must():
    found = compare(X, Y, methods=["pca", "tsne", LINEAR], n_components=6, **QUICK)
    pca, tsne, own = found.rows
    assert pca["note"].startswith("failed: n_components=6")
    assert pca["test_mse"] == "n/a"
    assert "t-SNE computes 2 or 3 components" in tsne["note"]
    assert own["test_mse"] != "n/a"


def test_more_components_than_rows():
    few = np.random.default_rng(0).normal(size=(8, 30))
    found = compare(few, methods=["pca", "lle", LINEAR], n_components=7, seeds=1)
    assert found.rows[0]["note"].startswith("failed")
    assert found.rows[2]["test_mse"] != "n/a"


def test_one_class_only_leaves_out_what_needs_several():
    found = compare(X, np.zeros(len(X), int), methods=["pca"], **QUICK)
    assert found.rows[0]["knn5_accuracy"] == "n/a"
    assert found.rows[0]["test_mse"] != "n/a"


def test_a_class_of_one_row_is_no_obstacle():
    y = np.where(np.arange(len(X)) == 0, 9, Y)
    assert compare(X, y, methods=["pca"], **QUICK).rows[0]["knn1_accuracy"] > 0.8


@pytest.mark.parametrize(
    "rows",
    [
        np.hstack([X, np.ones((150, 2))]),
        pytest.param(np.repeat(X[:50], 3, axis=0), marks=pytest.mark.slow),
        pytest.param(np.vstack([X[:75], X[75:] + 1e3]), marks=pytest.mark.slow),
        np.ones((60, 3)),
        pytest.param(X.astype(np.float32) * 1e6, marks=pytest.mark.slow),
        pytest.param((X * 20).astype(np.uint8), marks=pytest.mark.slow),
    ],
    ids=["constant columns", "duplicates", "two islands", "all equal", "large units", "8-bit"],
)
def test_hard_rows_give_every_method_its_row(rows):
    found = compare(rows, methods=[*CLASSICAL, LINEAR], n_components=2, **QUICK)
    assert len(found.rows) == len(CLASSICAL) + 1
    assert found.rows[0]["test_mse"] != "n/a"
    for told in found.rows:
        assert not any(isinstance(v, float) and not math.isfinite(v) for v in told.values())


def test_islands_are_reported():
    islands = np.vstack([X[:75], X[75:] + 1e3])
    found = compare(islands, methods=["lle", "isomap", "pca"], **QUICK)
    for name in ("LLE", "Isomap"):
        assert "has 2 connected components" in row(found, name)["note"]
    assert row(found, "PCA")["note"] == ""


def test_a_failure_in_reconstructing_keeps_what_was_measured():
    class Broken(PCA):
        def inverse_transform(self, Z):
            raise RuntimeError("no way back")

    told = compare(X, methods=[Broken(2)], **QUICK).rows[0]
    assert told["test_mse"] == "n/a"
    assert told["test_trustworthiness"] != "n/a"
    assert "reconstruction failed: no way back" in told["note"]


def test_an_interrupt_is_no_failure_of_a_method():
    def interrupted(setting):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(X, methods=[interrupted], **QUICK)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"methods": ["pce"]}, InvalidDataError, "unknown method 'pce'"),
        ({"methods": []}, InvalidDataError, "no methods"),
        ({"methods": [3]}, InvalidDataError, "cannot use 3"),
        ({"n_components": 0}, InvalidDataError, "n_components=0"),
        ({"n_components": [2, 2.5]}, InvalidDataError, "n_components"),
        ({"seeds": 0}, InvalidDataError, "seeds=0"),
        ({"test_size": 1.0}, InvalidDataError, "test_size=1.0"),
        ({"test_size": 149}, InvalidDataError, "at least 2"),
        ({"y": Y[:10]}, ShapeMismatchError, "one label per row"),
        ({"y": np.linspace(0, 1, 150)}, InvalidDataError, "fractions"),
        ({"test": X[:, :2]}, ShapeMismatchError, "expected the same"),
        ({"test": X, "y": Y}, ShapeMismatchError, "only one"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        compare(X, **{"methods": ["pca"], **arguments})


@pytest.mark.parametrize(
    "rows", [[[1.0, np.nan]] * 9, [["a", "b"]] * 9, np.zeros((9, 2, 2, 2, 2)), np.zeros((1, 3))]
)
def test_rows_that_are_none_are_refused(rows):
    with pytest.raises(InvalidDataError):
        compare(rows, methods=["pca"])


def test_data_frames_and_text_labels():
    frame = pd.DataFrame(X, columns=list("abcd"))
    found = compare(frame, np.array(["x", "y", "z"])[Y], methods=["pca"], **QUICK)
    assert found.rows[0]["knn5_accuracy"] > 0.8
