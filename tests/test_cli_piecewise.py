"""Commands on data that are read piece by piece write what they write for the same data whole."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from command_line import run
from jamjae import load_model, read
from jamjae.data import rows as data_rows

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)

QUICK = ["--epochs", "2", "-k", "2", "--seed", "0"]
N = 200


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    monkeypatch.setattr(data_rows, "LAZY_CHUNK_BYTES", 8 * 4 * 64)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "t.parquet"
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(N, 4))
    frame = pd.DataFrame(X.astype(np.float32), columns=list("abcd"))
    frame.insert(0, "id", np.arange(1, N + 1))
    frame["species"] = rng.choice(["x", "y", "z"], N)
    frame.to_parquet(path, row_group_size=70)
    return path


@pytest.fixture(scope="module")
def model(table):
    path = table.with_name("m.jamjae")
    run("fit", table, "-o", path, *QUICK, "--lazy")
    return path


def test_a_model_fitted_piece_by_piece_knows_its_columns(table, model):
    fitted = load_model(model)
    assert list(fitted.feature_names_in_) == list("abcd")
    assert list(fitted.class_names_) == ["x", "y", "z"]
    said = run("info", model).output
    assert "read piece by piece, as asked" in " ".join(said.split())
    run("fit", table, "-o", table.with_name("other.jamjae"), *QUICK, "--drop", "a", "--lazy")
    message = run("encode", model, table, "-o", "x.npy", "--drop", "a", "--lazy", code=1).output
    assert "fitted to: a. They have b, c, d" in " ".join(message.split())


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".tsv", ".parquet"])
def test_codes_are_those_of_the_whole(table, model, tmp_path, suffix):
    for how in ("lazy", "no-lazy"):
        run("encode", model, table, "-o", tmp_path / f"{how}{suffix}", f"--{how}")
    lazy, whole = (read(tmp_path / f"{how}{suffix}") for how in ("lazy", "no-lazy"))
    np.testing.assert_allclose(lazy.X, whole.X, rtol=1e-5, atol=1e-5)
    assert lazy.X.dtype == whole.X.dtype
    assert (lazy.index, lazy.feature_names) == (whole.index, whole.feature_names)
    if suffix != ".npy":
        assert lazy.index[:2] == ("1", "2")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_labels_are_kept_beside_codes(table, model, tmp_path, suffix):
    found = []
    for how in ("lazy", "no-lazy"):
        path = tmp_path / f"{how}{suffix}"
        run("encode", model, table, "-o", path, "--keep", "label,b", f"--{how}")
        found.append(pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path))
    pd.testing.assert_frame_equal(*found, rtol=1e-5, atol=1e-5)
    message = run("encode", model, table, "-o", tmp_path / "x.npy", "--keep", "b", "--lazy", code=1)
    assert ".parquet" in message.output
    assert not (tmp_path / "x.npy").exists()


def test_what_fails_in_a_later_piece_leaves_no_file(table, model, tmp_path):
    frame = pd.read_parquet(table)
    frame.loc[150, "c"] = np.nan
    frame.to_parquet(tmp_path / "bad.parquet")
    message = run(
        "encode", model, tmp_path / "bad.parquet", "-o", tmp_path / "z.csv", "--lazy", code=1
    )
    assert "(150, 2)" in message.output
    assert [file.name for file in tmp_path.iterdir()] == ["bad.parquet"]


def test_reconstructions_and_their_quality_are_those_of_the_whole(table, model, tmp_path):
    said = []
    for how in ("lazy", "no-lazy"):
        out = tmp_path / f"{how}.parquet"
        said.append(
            json.loads(run("reconstruct", model, table, "-o", out, f"--{how}", "--json").stdout)
        )
    for name in ("jamjae", "PCA"):
        assert said[0][name] == pytest.approx(said[1][name], rel=1e-5)
    pd.testing.assert_frame_equal(
        *(pd.read_parquet(tmp_path / f"{how}.parquet") for how in ("lazy", "no-lazy")), rtol=1e-4
    )


@pytest.mark.slow
def test_images_are_reconstructed_piece_by_piece(tmp_path):
    rng = np.random.RandomState(0)
    folder = tmp_path / "images"
    for i in range(20):
        (folder / str(i % 2)).mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(rng.randint(0, 255, (8, 9), dtype=np.uint8))
        image.save(folder / str(i % 2) / f"{i}.png")
    run("fit", folder, "-o", tmp_path / "m.jamjae", *QUICK, "--lazy")
    said = []
    for how in ("lazy", "no-lazy"):
        out = tmp_path / how
        result = run("reconstruct", tmp_path / "m.jamjae", folder, "-o", out, f"--{how}", "--json")
        said.append(json.loads(result.stdout))
    for name in ("jamjae", "PCA"):
        assert said[0][name] == pytest.approx(said[1][name], rel=1e-4)
    lazy, whole = (read(tmp_path / how / "1").X.astype(int) for how in ("lazy", "no-lazy"))
    assert np.abs(lazy - whole).max() <= 1
    assert (tmp_path / "lazy" / "originals-and-reconstructions.png").is_file()


def test_comparisons_and_pages_take_a_stated_sample(table, model, tmp_path, monkeypatch):
    monkeypatch.setattr("jamjae.cli.comparing.SAMPLE", 50)
    quick = ["--methods", "pca", "--seeds", "1"]
    found = json.loads(run("compare", table, *quick, "--lazy", "--json").stdout)
    note = "sample: 50 of 200 rows, at random (seed 0), as the data are read piece by piece"
    assert note in found["notes"]
    page = tmp_path / "page.html"
    asked = ["--rows", "40", "--method", "pca", "--lazy", "--json"]
    found = json.loads(run("explore", model, table, "-o", page, *asked).stdout)
    assert found["rows"] == 40
    assert any(note.startswith("sample: 40 of 200 rows") for note in found["notes"])
    run("map", model, table, "-o", tmp_path / "map.png", "--method", "pca", "--lazy")


def test_options_without_effect_are_named(table):
    message = run("fit", "digits", "-o", "x.jamjae", "--lazy", code=2).output
    assert "--lazy has no effect on the data set digits" in " ".join(message.split())
    message = run("fit", table, "-o", "x.jamjae", "--na", "9", "--lazy", code=1).output
    assert "--na" in message
