"""Every public function that takes rows refuses what holds no numbers, by one rule and in words."""

from __future__ import annotations

import decimal

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import jamjae
from jamjae import evaluation, latent, plotting
from jamjae.data.writing import write_images, write_rows
from jamjae.errors import InvalidDataError, OutputError
from jamjae.evaluation import metrics
from jamjae.models.denoising import classical

N, K = 12, 3
RNG = np.random.RandomState(0)
GOOD = RNG.normal(size=(N, K))
IMAGES = RNG.rand(N, 8, 8)
CLASSES = np.arange(N) % 2


class Copy:
    """A fitted model that reconstructs rows as they are."""

    def reconstruct(self, X):
        return X


# By name: the function of the argument that is bad, with all others good.
TABLES = {
    "compare": lambda X: jamjae.compare(X, methods=["pca"], seeds=1),
    "compare test": lambda X: jamjae.compare(GOOD, test=X, methods=["pca"], seeds=1),
    "latent_map": lambda X: jamjae.latent_map(X, "pca"),
    "class_means": lambda X: latent.class_means(X, CLASSES),
    "code_grid": lambda X: latent.code_grid(X, 2),
    "evaluate": lambda X: evaluation.evaluate(Copy(), X),
    "evaluate_reconstruction": lambda X: evaluation.evaluate_reconstruction(X, GOOD),
    "evaluate_reconstruction X2": lambda X: evaluation.evaluate_reconstruction(GOOD, X),
    "evaluation.row_errors": lambda X: evaluation.row_errors(X, GOOD),
    "reconstruct": lambda X: evaluation.reconstruct(Copy(), X),
    "clipped": lambda X: evaluation.clipped(X, np.uint8),
    "mean_squared_error": lambda X: metrics.mean_squared_error(X, GOOD),
    "mean_squared_error X2": lambda X: metrics.mean_squared_error(GOOD, X),
    "row_errors": lambda X: metrics.row_errors(X, GOOD),
    "explained_variance": lambda X: metrics.explained_variance(GOOD, X),
    "psnr": lambda X: metrics.psnr(X, GOOD, data_range=1),
    "ssim": lambda X: metrics.ssim(X, IMAGES, data_range=1),
    "data_range": metrics.data_range,
    "trustworthiness": lambda X: metrics.trustworthiness(X, GOOD),
    "trustworthiness Z": lambda X: metrics.trustworthiness(GOOD, X),
    "continuity": lambda X: metrics.continuity(X, GOOD),
    "neighborhood_recall": lambda X: metrics.neighborhood_recall(X, GOOD),
    "neighborhood_scores": lambda X: metrics.neighborhood_scores(X, GOOD),
    "stress": lambda X: metrics.stress(X, GOOD),
    "neighborhood_hit": lambda X: metrics.neighborhood_hit(X, CLASSES),
    "knn_accuracy": lambda X: metrics.knn_accuracy(X, CLASSES, GOOD, CLASSES),
    "knn_accuracy Z_test": lambda X: metrics.knn_accuracy(GOOD, CLASSES, X, CLASSES),
    "linear_probe_accuracy": lambda X: metrics.linear_probe_accuracy(X, CLASSES, GOOD, CLASSES),
    "bits_per_value": lambda X: metrics.bits_per_value(X, GOOD),
    "code_scatter": plotting.code_scatter,
    "code_scatter colors": lambda X: plotting.code_scatter(GOOD, colors=X),
    "thumbnail_scatter": lambda X: plotting.thumbnail_scatter(X, IMAGES),
    "thumbnail_scatter images": lambda X: plotting.thumbnail_scatter(GOOD, X),
    "embedding_grid": lambda X: plotting.embedding_grid({"PCA": X}),
    "cloud_grid": lambda X: plotting.cloud_grid({"data": X}),
    "cloud_grid colors": lambda X: plotting.cloud_grid({"data": GOOD}, colors=X),
    "bar_rows": lambda X: plotting.bar_rows([X]),
    "image_grid": lambda X: plotting.image_grid([X]),
    "image_blocks": lambda X: plotting.image_blocks([X], row_labels=["original"]),
    "code_images": plotting.code_images,
    "denoise_classically": lambda X: classical.denoise_classically(X, "median", 0.1),
    "PatchDenoiser": lambda X: jamjae.PatchDenoiser().fit(X),
    "NeighborDenoiser": lambda X: jamjae.NeighborDenoiser().fit(X),
    "a guide": lambda X: jamjae.Autoencoder(K, guide=X, epochs=1).fit(GOOD),
    "Autoencoder": lambda X: jamjae.Autoencoder(2, epochs=1).fit(X),
    "Autoencoder corrupted": lambda X: jamjae.Autoencoder(2, epochs=1).fit(GOOD, corrupted=X),
}
VECTORS = {
    "variations": lambda z: latent.variations(z, 2),
    "variations scale": lambda z: latent.variations(GOOD[:, 0], 2, kind="additive", scale=z),
    "interpolate": lambda z: latent.interpolate(z, GOOD[:, 0], 3),
    "interpolate last": lambda z: latent.interpolate(GOOD[:, 0], z, 3),
    "loss_curve": lambda z: plotting.loss_curve({"loss": z}),
}


def frame(**column):
    return pd.DataFrame({"age": GOOD[:, 0], **column, "height": GOOD[:, 1]})


DAYS = pd.date_range("2026-01-01", periods=N)
DATES = np.full((N, K), "2026-01-01", dtype="datetime64[D]")
OBJECTS = np.array(GOOD, dtype=object)
OBJECTS[:, 1] = np.datetime64("NaT")
MASK = np.arange(N * K).reshape(N, K) == 4
BAD = {
    "dates": (DATES, r"dates \(datetime64"),
    "missing dates": (np.full((N, K), "NaT", dtype="datetime64[s]"), r"dates \(datetime64"),
    "NaT among objects": (OBJECTS, "column 1 holds dates"),
    "durations": (DATES - DATES[0], "durations .*total_seconds"),
    "masked entries": (np.ma.MaskedArray(GOOD, MASK), r"1 masked entry, .*\(1, 1\)"),
    "complex numbers": (GOOD * 1j, r"complex.*np\.abs"),
    "text": (np.full((N, K), "a"), "text such as 'a'"),
    "ragged rows": ([[1.0, 2.0], [3.0]], "same shape"),
    "sparse": (scipy.sparse.csr_matrix(GOOD), "sparse matrix .*toarray"),
    "nothing": (np.empty((0, K)), r"\(0, 3\)|0 sample"),
    "a column of dates": (frame(day=DAYS), "column 'day' holds dates .*dt.days"),
    "a column of text": (frame(town=["Seoul"] * N), "column 'town' holds text such as 'Seoul'"),
    "a missing object": (frame(n=np.array([pd.NA] + [1] * (N - 1))), "column 'n' holds missing"),
}
MIXED = ("dates", "text")  # are encoded
ELSEWHERE = {  # a list of images of several sizes is taken, and scikit-learn checks parameters
    *(("denoise_classically", "ragged rows"), ("PatchDenoiser", "ragged rows")),
    *(("NeighborDenoiser", "ragged rows"), ("a guide", "sparse")),
    *((name, f"a column of {kind}") for name in ("Autoencoder", "compare") for kind in MIXED),
}
OF_VECTORS = ("dates", "masked entries", "complex numbers", "text")


@pytest.mark.parametrize(
    ("name", "bad"), [(name, bad) for name in TABLES for bad in BAD if (name, bad) not in ELSEWHERE]
)
def test_what_holds_no_numbers_is_refused(name, bad):
    given, message = BAD[bad]
    with pytest.raises(InvalidDataError, match=message) as caught:
        TABLES[name](given)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("bad", OF_VECTORS)
@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_without_numbers_is_refused(name, bad):
    given, message = BAD[bad]
    with pytest.raises(InvalidDataError, match=message.replace("(1, 1)", "(4,)").split(",")[0]):
        VECTORS[name](given.ravel() if bad != "masked entries" else given.ravel()[:N])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    "name",
    [
        *("compare", "compare test", "latent_map", "class_means", "code_grid", "trustworthiness"),
        *("stress", "neighborhood_hit", "knn_accuracy Z_test", "cloud_grid", "a guide"),
    ],
)
def test_values_that_are_not_finite_are_found_by_their_column(name, value):
    bad = frame(weight=np.where(np.arange(N) == 5, value, 1.0))
    with pytest.raises(InvalidDataError, match=r"(NaN|inf\)) at index \(5, 1\) \(column 'weight'"):
        TABLES[name](bad)


@pytest.mark.parametrize("write", [write_rows, write_images])
@pytest.mark.parametrize("bad", [bad for bad in BAD if bad not in ("nothing", "ragged rows")])
def test_what_holds_no_numbers_is_not_written(tmp_path, write, bad):
    given, message = BAD[bad]
    if write is write_rows and bad.startswith("a column of"):
        message = "columns that are not numbers.*csv"  # and is written there
    with pytest.raises((InvalidDataError, OutputError), match=f"Cannot write.*{message}"):
        write(tmp_path / "a.npy", given)
    assert not list(tmp_path.iterdir())


def test_whatever_holds_numbers_is_taken():
    nullable = frame(n=pd.array(range(N), dtype="Int64"))
    for given in (nullable, nullable.astype(object), nullable.map(decimal.Decimal)):
        expected = latent.class_means(nullable.to_numpy(np.float64), CLASSES).codes
        np.testing.assert_array_equal(latent.class_means(given, CLASSES).codes, expected)
    gaps = frame(n=pd.array([None] + [1] * (N - 1), dtype="Int64"))
    assert np.isnan(metrics.row_errors(gaps, GOOD)).tolist() == [True] + [False] * (N - 1)
    assert metrics.mean_squared_error(np.ma.MaskedArray(GOOD), GOOD) == 0.0


def test_missing_labels_are_refused_where_every_row_needs_one():
    labels = [None, *CLASSES[1:]]
    with pytest.raises(InvalidDataError, match="1 missing labels among 12"):
        metrics.neighborhood_hit(GOOD, labels)
    with pytest.raises(InvalidDataError, match=r"\(y_test\) received 1 missing"):
        metrics.knn_accuracy(GOOD, CLASSES, GOOD, labels)
