"""Methods side by side: what they can do is measured, and what they cannot is said."""

from __future__ import annotations

import importlib.util
import math

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import FeatureAgglomeration
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA, FastICA
from sklearn.manifold import TSNE, Isomap
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jamjae import Autoencoder, compare, load_digits, make_roll, plotting, report
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation import metrics
from jamjae.evaluation.comparison import METHODS, ComparisonProgress, columns
from jamjae.evaluation.comparison import methods as known_methods
from jamjae.evaluation.comparison.measuring import numbers_stored

X, Y = load_iris(return_X_y=True)
DIGITS = load_digits()
QUICK = {"seeds": 1, "test_size": 0.3}
CLASSICAL = ["pca", "kernel-pca", "lle", "isomap", "tsne"]


@pytest.fixture(scope="module")
def iris():
    model = Autoencoder(epochs=30)
    methods = {**{METHODS[name].title: name for name in CLASSICAL}, "jamjae": model}
    return compare(X, Y, methods=methods, seeds=2, test_size=0.3)


@pytest.fixture(scope="module")
def digits():
    return compare(
        DIGITS.X[:400],
        DIGITS.y[:400],
        methods={"PCA": "pca", "Isomap": "isomap", "jamjae": Autoencoder(epochs=20)},
        n_components=[2, 8],
        seeds=1,
    )


def row(found, method, seed=0, size=2):
    return next(
        r for r in found.rows if (r["method"], r["seed"], r["n_components"]) == (method, seed, size)
    )


def test_there_is_one_row_a_method_size_and_seed(iris, digits):
    assert len(iris.rows) == len(iris.table) == 6 * 2
    assert len(digits.rows) == 3 * 2
    assert len(iris.summary) == 6
    assert {tuple(r) for r in iris.rows} == {tuple(iris.rows[0])}  # the same columns in each
    assert list(iris.table.columns) == list(iris.rows[0])


def test_every_number_is_what_the_metrics_say(iris):
    split = iris.splits[1]
    pca = PCA(2, random_state=1).fit(split.train)
    train, test = pca.transform(split.train), pca.transform(split.test)
    told = row(iris, "PCA", seed=1)
    reconstructed = pca.inverse_transform(test)
    assert told["test_mse"] == pytest.approx(metrics.mean_squared_error(split.test, reconstructed))
    assert told["train_trustworthiness"] == metrics.trustworthiness(split.train, train)
    assert told["test_stress"] == metrics.stress(split.test, test)
    accuracy = metrics.knn_accuracy(train, split.train_y, test, split.test_y, n_neighbors=1)
    assert told["knn1_accuracy"] == accuracy
    assert told["numbers_stored"] == numbers_stored(pca)
    assert told["fit_seconds"] > 0


def test_what_a_method_cannot_do_is_na_and_said(iris):
    isomap, tsne = row(iris, "Isomap"), row(iris, "t-SNE")
    assert isomap["test_mse"] == isomap["train_mse"] == "n/a"
    assert isomap["knn5_accuracy"] != "n/a"
    assert "no usable inverse_transform" in isomap["note"]
    assert tsne["knn5_accuracy"] == tsne["test_trustworthiness"] == "n/a"
    assert tsne["train_trustworthiness"] > 0.9
    assert "no transform" in tsne["note"]
    assert math.isnan(iris.table.set_index(["method", "seed"]).loc[("t-SNE", 0), "test_mse"])
    assert iris.spread("t-SNE", 2, "test_mse") is None


def test_medians_and_ranges_are_over_the_seeds(iris):
    values = [row(iris, "jamjae", seed)["test_mse"] for seed in (0, 1)]
    assert iris.spread("jamjae", 2, "test_mse") == (np.median(values), min(values), max(values))
    told = next(r for r in iris.summary_rows if r["method"] == "jamjae")
    assert (told["test_mse_min"], told["test_mse_max"]) == (min(values), max(values))
    assert told["seeds"] == 2


def test_the_best_is_marked_whichever_it_is(iris):
    best = iris.best(2)
    for name, titles in best.items():
        medians = {
            title: spread.median
            for title in {r["method"] for r in iris.rows}
            if (spread := iris.spread(title, 2, name))
        }
        first = (min if columns.COLUMNS[name].better == "low" else max)(medians.values())
        assert {title for title, value in medians.items() if value == first} <= titles
    assert best["numbers_stored"] != {"jamjae"}


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        (
            {"PCA": [1.0], "jamjae": [0.5]},
            "PCA does not suffice: jamjae reconstructs unseen rows with 50%",
        ),
        (
            {"PCA": [1.0], "jamjae": [0.95]},
            "PCA suffices: the best other method, jamjae, reduces the error on unseen rows by 5%",
        ),
        (
            {"PCA": [1.0, 0.6, 1.1], "jamjae": [0.7, 0.7, 0.65]},
            "PCA suffices: the best other method",
        ),
        ({"PCA": [1.0], "jamjae": [1.5]}, "PCA suffices: no other method"),
        ({"PCA": [1.0]}, "only PCA reconstructs"),
        ({"jamjae": [1.0]}, "PCA was not compared"),
        ({"PCA": [0.0], "jamjae": [0.0]}, "PCA suffices: no other method"),
    ],
)
def test_the_sentence_says_when_pca_suffices(iris, errors, expected):
    runs = [
        run._replace(
            method=run.method._replace(title=title, pca=title == "PCA"),
            seed=seed,
            outcome=run.outcome._replace(values={"test_mse": value}),
        )
        for run in iris.runs[:1]
        for title, values in errors.items()
        for seed, value in enumerate(values)
    ]
    assert expected in type(iris)(runs, iris.splits).sentence


def test_pixels_are_clipped_for_every_method_before_any_error_is_taken():
    """A linear network is PCA: every quality of its reconstructions is that of PCA's."""
    images = (DIGITS.X[:300] * 15).astype(np.uint8)
    found = compare(images, methods=["pca", Autoencoder(network=())], **QUICK)
    pca, linear = found.rows
    for name in ("mse", "explained_variance"):
        for part in ("train", "test"):
            assert linear[f"{part}_{name}"] == pytest.approx(pca[f"{part}_{name}"], rel=1e-3)
    for name in ("test_psnr", "test_ssim"):
        assert linear[name] == pytest.approx(pca[name], rel=1e-3)
    assert pca["test_mse"] < 0.1  # of pixels in [0, 1]


def test_images_get_their_metrics_and_tables_do_not(digits, iris):
    assert {"test_psnr", "test_ssim"} <= set(digits.rows[0])
    assert not {"test_psnr", "test_ssim"} & set(iris.rows[0])
    assert row(digits, "jamjae")["test_ssim"] > row(digits, "PCA")["test_ssim"]


def test_without_labels_no_column_needs_them():
    found = compare(X, methods=["pca", "isomap"], **QUICK)
    assert not {"knn1_accuracy", "test_neighborhood_hit"} & set(found.rows[0])
    assert "no other method" in found.sentence or "only PCA" in found.sentence


def test_rows_of_ones_own_are_held_out():
    found = compare(X[:100], Y[:100], methods="pca", test=(X[100:], Y[100:]), seeds=[4, 7])
    assert [r["seed"] for r in found.rows] == [4, 7]
    assert [r["rows"] for r in found.rows] == [100, 100]
    assert found.splits[4].test.shape == (50, 4)


# --- who takes part -------------------------------------------------------------------------


def pair(k=2):
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(k)])
    decoder = keras.Sequential([keras.Input((k,)), keras.layers.Dense(4)])
    return encoder, decoder


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


@pytest.mark.skipif(not importlib.util.find_spec("umap"), reason="umap-learn is not installed")
def test_umap_takes_part_when_asked_for():
    found = compare(X, Y, methods=["pca", "umap"], **QUICK)
    assert row(found, "UMAP")["train_trustworthiness"] > 0.9
    assert row(found, "UMAP")["test_mse"] != "n/a"
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
    model = Autoencoder(2, epochs=20, random_state=0).fit(X)
    weights = [*model.encoder_.get_weights(), *model.decoder_.get_weights()]
    assert numbers_stored(model) == sum(w.size for w in weights)


# --- what goes wrong stays with whom it goes wrong ---------------------------------------------


def test_more_components_than_features_fail_where_they_must():
    found = compare(X, Y, methods=["pca", "tsne", Autoencoder(epochs=2)], n_components=6, **QUICK)
    pca, tsne, own = found.rows
    assert pca["note"].startswith("failed: n_components=6")
    assert pca["test_mse"] == "n/a"
    assert "t-SNE computes 2 or 3 components" in tsne["note"]
    assert own["test_mse"] != "n/a"


def test_more_components_than_rows():
    few = np.random.default_rng(0).normal(size=(8, 30))
    found = compare(few, methods=["pca", "lle", Autoencoder(epochs=2)], n_components=7, seeds=1)
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
        np.repeat(X[:50], 3, axis=0),
        np.vstack([X[:75], X[75:] + 1e3]),
        np.ones((60, 3)),
        X.astype(np.float32) * 1e6,
        (X * 20).astype(np.uint8),
    ],
    ids=["constant columns", "duplicates", "two islands", "all equal", "large units", "8-bit"],
)
def test_hard_rows_give_every_method_its_row(rows):
    found = compare(rows, methods=[*CLASSICAL, Autoencoder(epochs=2)], n_components=2, **QUICK)
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


# --- told and drawn -----------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_the_table_fits_a_terminal(iris, width):
    text = iris.text(width)
    table = text.split("\n\n")[0].splitlines()
    assert max(map(len, table)) <= width
    assert "test MSE" in table[0]
    assert any("n/a" in line for line in table)
    assert any("*" in line for line in table)
    assert iris.sentence in text
    assert repr(iris) == iris.text()


def test_figures(iris, digits):
    chart = iris.figure()
    assert [text.get_text() for ax in chart.axes for text in ax.texts].count("n/a") >= 3
    grid = iris.embeddings(class_names=["a", "b", "c"])
    assert [ax.get_title(loc="left").split("\n")[0] for ax in grid.axes][:2] == [
        "PCA",
        "KernelPCA",
    ]
    assert [text.get_text() for text in grid.legends[0].get_texts()] == ["a", "b", "c"]
    assert iris.reconstructions(2) is None
    assert digits.reconstructions(8) is not None
    assert len(digits.embeddings().axes) == 3  # of the codes of two numbers only


def test_colours_belong_to_the_rows_they_were_given_with():
    roll = make_roll(200, random_state=0)
    found = compare(roll.X, methods=["pca"], **QUICK)
    drawn = found.embeddings(colors=roll.colors).axes[0].collections[0].get_facecolors()[:, :3]
    np.testing.assert_allclose(drawn, roll.colors[found.splits[0].places], atol=1e-6)


def test_tsne_of_many_rows_is_opentsnes_where_it_is(monkeypatch):
    monkeypatch.setattr(known_methods, "LARGE", 50)
    found = compare(X, Y, methods=["tsne"], **QUICK)
    if importlib.util.find_spec("openTSNE"):
        assert row(found, "t-SNE")["knn5_accuracy"] > 0.8  # it has a transform
    assert TSNE().get_params()["n_components"] == 2


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
