"""Files as people have them, and options that do not apply."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from command_line import _own_cache, run  # noqa: F401 - a fixture
from jamjae.data import reading
from jamjae.errors import DataFormatError

X = np.random.default_rng(0).normal(size=(40, 4))


@pytest.mark.parametrize("index", [True, False])
def test_pandas_own_files_of_unnamed_columns(tmp_path, index):
    pd.DataFrame(X).to_csv(tmp_path / "x.csv", index=index)
    found = reading.read(tmp_path / "x.csv")
    np.testing.assert_allclose(found.X, X)
    assert len(found.index) == (40 if index else 0)


def test_a_table_that_counts_in_its_first_row_is_no_header(tmp_path):
    np.savetxt(tmp_path / "x.csv", np.arange(1, 13).reshape(3, 4), delimiter=",")
    assert reading.read(tmp_path / "x.csv").X.shape == (3, 4)


@pytest.mark.parametrize("names", [{"feature_names": ["a", "b"]}, {"row_names": ["r"]}])
def test_names_that_are_too_few_are_refused_when_read(tmp_path, names):
    np.savez(tmp_path / "x.npz", X=X, **names)
    with pytest.raises(DataFormatError, match="expected one name per"):
        reading.read(tmp_path / "x.npz")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for i in range(12):
        pixels = rng.integers(0, 256, (9, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:02d}.png")
    return folder


def test_photographs_come_in_the_channels_of_the_model(photos, tmp_path):
    run("fit", "digits", "-o", tmp_path / "gray.jamjae", "--epochs", "20", "-k", "2", "-q")
    run("encode", tmp_path / "gray.jamjae", photos, "-o", tmp_path / "codes.npy")
    assert np.load(tmp_path / "codes.npy").shape == (12, 2)
    run("fit", photos, "-o", tmp_path / "color.jamjae", "--epochs", "20", "-k", "2", "-q")
    Image.fromarray(np.zeros((9, 8), np.uint8)).save(tmp_path / "gray.png")
    run("encode", tmp_path / "color.jamjae", tmp_path / "gray.png", "-o", tmp_path / "one.npy")
    assert np.load(tmp_path / "one.npy").shape == (1, 2)


def test_nothing_is_written_over_the_data(photos, tmp_path):
    run("fit", photos, "-o", tmp_path / "m.jamjae", "--epochs", "20", "-k", "2", "-q")
    before = {path.name: path.read_bytes() for path in photos.iterdir()}
    told = run("reconstruct", tmp_path / "m.jamjae", photos, "-o", photos, code=2)
    assert "which is read" in told.stderr
    assert {path.name: path.read_bytes() for path in photos.iterdir()} == before
    np.save(tmp_path / "x.npy", X)
    run("fit", tmp_path / "x.npy", "-o", tmp_path / "t.jamjae", "--epochs", "20", "-k", "2", "-q")
    run("encode", tmp_path / "t.jamjae", tmp_path / "x.npy", "-o", tmp_path / "x.npy", code=2)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), X)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["iris", "--label", "species"], "no effect on the data set iris"),
        (["digits", "--image-size", "8x8"], "no effect on the data set digits"),
        (["iris", "--noise", "2"], "less than or equal to 1"),
    ],
)
def test_options_without_effect_are_refused(tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame(X, columns=list("abcd")).to_csv("x.csv", index=False)
    assert words in run("fit", *options, "-o", "m.jamjae", code=2).stderr
    for option in (("--image-size", "8x8"), ("--subset", "test")):
        told = run("fit", "x.csv", *option, "-o", "m.jamjae", code=1).stderr
        assert f"on the command line {option[0]}) out" in told
