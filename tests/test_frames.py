"""Tables of mixed columns, and standardized ones, in a model."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from typer.testing import CliRunner

from jamjae import Autoencoder, compare, explore, load_model
from jamjae.cli import app
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation import evaluate

RNG = np.random.default_rng(0)
QUICK = {"epochs": 2, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:Training did not improve on PCA")


@pytest.fixture(scope="module")
def people():
    n = 80
    city = RNG.choice(["서울", "부산", "대구"], n)
    return pd.DataFrame(
        {
            "age": RNG.integers(18, 90, n),
            "income": RNG.normal(3e4, 9e3, n) + 2e4 * (city == "서울"),
            "member": RNG.random(n) < 0.4,
            "city": city,
            "since": pd.Timestamp("2001-01-01") + pd.to_timedelta(RNG.integers(0, 9999, n), "D"),
        },
        index=[f"p{i}" for i in range(n)],
    )


@pytest.fixture(scope="module")
def model(people):
    return Autoencoder(3, **QUICK).fit(people)


def test_a_frame_is_learned_and_a_frame_comes_back(people, model):
    Z = model.transform(people)
    assert Z.shape == (80, 3)
    back = model.reconstruct(people)
    assert back.dtypes.equals(people.dtypes)
    assert back.index.equals(people.index)
    assert set(back["city"]) <= set(people["city"])
    assert list(model.inverse_transform(Z).columns) == list(people.columns)


def test_it_is_never_worse_than_pca_of_the_same_encoding(people, model):
    encoded = model.table_encoder_.transform(people)
    pca = PCA(3).fit(encoded)
    error = np.square(pca.inverse_transform(pca.transform(encoded)) - encoded).mean()
    assert model.baseline_error_ == pytest.approx(error)
    assert model.reconstruction_error_ <= error * (1 + 1e-9)
    assert model.score(people) == pytest.approx(evaluate(model, people).explained_variance)


def test_all_columns_come_back_from_enough_components(people):
    model = Autoencoder(7, network=(), random_state=0, epochs=1).fit(people)
    pd.testing.assert_frame_equal(model.reconstruct(people), people, rtol=1e-5)


def test_columns_are_found_by_name(people, model):
    turned = people[list(reversed(people.columns))]
    np.testing.assert_array_equal(model.transform(turned), model.transform(people))
    with pytest.raises(ShapeMismatchError, match="lacks: city"):
        model.transform(people.drop(columns="city"))


def test_missing_cells_are_named(people):
    holes = people.copy()
    holes.loc["p3", "city"] = None
    with pytest.raises(InvalidDataError, match=r"1 cell of the table is missing .*city 1"):
        Autoencoder(2, **QUICK).fit(holes)


def test_it_is_saved_pickled_and_cloned(people, model, tmp_path):
    for again in (load_model(model.save(tmp_path / "m.jamjae")), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.transform(people), model.transform(people))
        pd.testing.assert_frame_equal(again.reconstruct(people), model.reconstruct(people))
    assert not hasattr(clone(model), "table_encoder_")


def test_a_frame_of_numbers_goes_as_before(people):
    numbers = people[["age", "income"]]
    model = Autoencoder(1, **QUICK).fit(numbers)
    assert model.table_encoder_ is None
    assert isinstance(model.reconstruct(numbers), np.ndarray)


def test_a_page_of_a_frame_shows_encoded_columns(people, model):
    assert "city=서울" in explore(model, people, method="pca").html


def test_a_frame_is_compared_by_its_encoding(people):
    found = compare(people, methods=["pca"], seeds=1)
    assert found.encoded
    assert found.sentence.startswith("Columns are encoded as numbers by TableEncoder.")
    assert found.splits[0].train.shape[1] == 7
    held = compare(people[:60], methods=["pca"], seeds=1, test=people[60:])
    assert len(held.splits[0].test) == 20


# --- standardized -----------------------------------------------------------------------------


def test_standardized_columns_count_alike():
    X = load_wine().data
    model = Autoencoder(2, scaling="standardize", **QUICK).fit(X)
    Z = StandardScaler().fit_transform(X)
    pca = PCA(2).fit(Z)
    error = np.square(pca.inverse_transform(pca.transform(Z)) - Z).mean()
    assert model.baseline_error_ == pytest.approx(error)
    assert model.reconstruction_error_ <= error * (1 + 1e-9)
    back = model.reconstruct(X)
    assert back.shape == X.shape
    assert np.square(StandardScaler().fit(X).transform(back) - Z).mean() == pytest.approx(
        model.reconstruction_error_, rel=1e-4
    )


def test_a_standardized_model_is_saved(tmp_path):
    X = load_wine(as_frame=True).data
    model = Autoencoder(2, scaling="standardize", **QUICK).fit(X)
    again = load_model(model.save(tmp_path / "m.jamjae"))
    np.testing.assert_array_equal(again.reconstruct(X), model.reconstruct(X))
    assert list(again.feature_names_in_) == list(X.columns)
    with pytest.raises(ShapeMismatchError, match=r"images of shape \(4, 4\).*table of 13 columns"):
        again.transform(np.zeros((5, 4, 4)))


def test_images_and_holes_are_not_standardized():
    with pytest.raises(InvalidDataError, match=r"columns of a table .n, d., and .*\(5, 4, 4\)"):
        Autoencoder(2, scaling="standardize").fit(np.zeros((5, 4, 4)))
    X = load_wine(as_frame=True).data.copy()
    X.iloc[3, 1] = np.nan
    with pytest.raises(InvalidDataError, match=r"NaN at index \(3, 1\) \(column 'malic_acid'\)"):
        Autoencoder(2, scaling="standardize").fit(X)


def test_partial_fit_and_a_warm_start_keep_the_encoding(people):
    model = Autoencoder(3, random_state=0).partial_fit(people[:40])
    encoder = model.table_encoder_
    model.partial_fit(people[40:])
    assert model.table_encoder_ is encoder
    model.set_params(warm_start=True, epochs=1).fit(people)
    assert model.table_encoder_ is encoder


# --- on the command line ----------------------------------------------------------------------


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def test_a_mixed_table_there_and_back(people, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    people.to_csv("people.csv")
    run("fit", "people.csv", "-o", "m.jamjae", "-k", 3, "--epochs", 2, "--seed", 0)
    run("encode", "m.jamjae", "people.csv", "-o", "codes.csv")
    run("reconstruct", "m.jamjae", "people.csv", "-o", "back.csv")
    run("decode", "m.jamjae", "codes.csv", "-o", "decoded.parquet")
    back = pd.read_csv("back.csv", index_col=0)
    assert list(back.columns) == list(people.columns)
    assert list(back.index) == list(people.index)
    assert list(pd.read_parquet("decoded.parquet").columns) == ["name", *people.columns]
    told = run("reconstruct", "m.jamjae", "people.csv", "-o", "back.npy", code=1)
    assert "not numbers" in told.stderr


def test_fit_standardizes_where_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load_wine(as_frame=True).frame.to_csv("wine.csv", index=False)
    told = run("fit", "wine.csv", "-o", "m.jamjae", "-k", 2, "--epochs", 2, "--standardize")
    assert "label: target (by its name" in told.stderr
    assert load_model("m.jamjae").table_encoder_ is not None
    run("encode", "m.jamjae", "wine.csv", "-o", "codes.csv")


def test_columns_and_labels_are_kept_beside_codes(people, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    people.assign(label=np.arange(80) % 2).to_csv("people.csv")
    run("fit", "people.csv", "-o", "m.jamjae", "-k", 2, "--epochs", 2)
    keep = ("--keep", "label,city", "--keep", "age")
    run("encode", "m.jamjae", "people.csv", "-o", "codes.csv", *keep, "--excel")
    assert Path("codes.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    kept = pd.read_csv("codes.csv", index_col=0)
    assert list(kept.columns) == ["autoencoder0", "autoencoder1", "label", "city", "age"]
    assert kept["city"].tolist() == people["city"].tolist()
    assert kept["age"].tolist() == people["age"].tolist()
    told = run("encode", "m.jamjae", "people.csv", "-o", "c.csv", "--keep", "town", code=1)
    assert "Cannot keep 'town'" in told.stderr
    told = run("encode", "m.jamjae", "people.csv", "-o", "c.npy", "--excel", code=1)
    assert "for Excel" in told.stderr


def test_an_encoder_that_lost_its_names_is_no_raw_error(people, model, tmp_path):
    again = load_model(model.save(tmp_path / "m.jamjae"))
    del again.table_encoder_.feature_names_in_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(again.transform(people), model.transform(people))
