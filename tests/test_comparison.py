"""Methods side by side: what they can do is measured, told and drawn."""

from __future__ import annotations

import importlib.util
import math

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from comparisons import CLASSICAL, DIGITS, QUICK, X, Y, row
from jamjae import Autoencoder, compare, make_roll
from jamjae.evaluation import metrics
from jamjae.evaluation.comparison import METHODS, columns
from jamjae.evaluation.comparison import methods as known_methods
from jamjae.evaluation.comparison.measuring import numbers_stored


@pytest.fixture(scope="module")
def iris():
    model = Autoencoder(epochs=5)
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


def test_colors_belong_to_the_rows_they_were_given_with():
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
