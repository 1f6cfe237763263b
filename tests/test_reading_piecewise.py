"""Data too large for memory, through the one door: read piece by piece, equal to the whole."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from jamjae import read
from jamjae.data import memory
from jamjae.data.advice import advice
from jamjae.data.rows import LazyRows
from jamjae.data.sources import ImageRows, MappedRows, ParquetRows
from jamjae.errors import DataFormatError, InvalidDataError

N = 230


@pytest.fixture
def table(tmp_path):
    rng = np.random.RandomState(0)
    frame = pd.DataFrame(
        {
            "id": np.arange(1, N + 1),
            "a": rng.random_sample(N),
            "b": rng.random_sample(N).astype(np.float32),
            "flag": rng.random_sample(N) > 0.5,
            "k": rng.randint(0, 9, N),
            "species": rng.choice(["x", "y"], N),
        }
    )
    frame.loc[3, "a"] = None
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=100)
    return tmp_path / "t.parquet"


def _equal(lazy, whole):
    assert isinstance(whole.X, np.ndarray)
    np.testing.assert_array_equal(np.asarray(lazy.X), whole.X)
    assert lazy.X.dtype == whole.X.dtype
    assert lazy.feature_names == whole.feature_names
    assert lazy.class_names == whole.class_names
    assert tuple(lazy.index) == tuple(whole.index)
    np.testing.assert_array_equal(lazy.y, whole.y)
    assert lazy.notes[1:] == whole.notes[1:]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"drop": "k"},
        {"columns": ("b", "a")},
        {"columns": "b", "label": "k"},
        {"label": "a", "drop": "species"},
        {"index": "", "label": "species"},
        {"index": "species", "label": ""},
        {"columns": ("a", "b", "k", "id"), "shape": (2, 2)},
    ],
)
def test_parquet_read_piece_by_piece_is_that_read_whole(table, options):
    lazy, whole = (read(table, lazy=lazy, **options) for lazy in (True, False))
    assert isinstance(lazy.X, ParquetRows)
    _equal(lazy, whole)
    assert lazy.notes[0].startswith(f"rows: {N} x ")
    assert "in 1 file, read piece by piece, as asked (" in lazy.notes[0]


def test_some_rows_of_files_are_in_memory(table):
    lazy, whole = (read(table, lazy=lazy, limit=20) for lazy in (True, False))
    assert isinstance(lazy.X, np.ndarray)
    _equal(lazy, whole)
    some = read(table, lazy=True).take(slice(5, 9))
    assert some.index == ("6", "7", "8", "9")
    np.testing.assert_array_equal(some.X, read(table).X[5:9])


def test_a_folder_and_an_index_of_text(tmp_path):
    frame = pd.DataFrame({"v": [1.5, 2.5, 3.5, 4.5]}, index=["p", "q", "r", "s"])
    frame[:2].to_parquet(tmp_path / "0.parquet")
    frame[2:].to_parquet(tmp_path / "1.parquet")
    (tmp_path / "_old.parquet").write_bytes(b"not read")
    lazy, whole = (read(tmp_path, lazy=lazy) for lazy in (True, False))
    _equal(lazy, whole)
    assert "in 2 files" in lazy.notes[0]
    assert (lazy.index[1], lazy.index[1:3], len(lazy.index)) == ("q", ("q", "r"), 4)


def test_columns_of_one_type_keep_it_unless_they_are_empty(tmp_path):
    columns = {"a": [1.0, 2.0], "b": [3.0, np.nan], "none": [np.nan, np.nan]}
    frame = pd.DataFrame(columns, dtype=np.float32)
    frame.to_parquet(tmp_path / "e.parquet")
    for chosen in (("a", "b"), ("a", "b", "none")):
        lazy, whole = (read(tmp_path / "e.parquet", columns=chosen, lazy=z) for z in (True, False))
        np.testing.assert_array_equal(np.asarray(lazy.X), whole.X)
        assert lazy.X.dtype == whole.X.dtype


def test_large_data_are_read_piece_by_piece_by_themselves(table, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 10_000)
    found = read(table, columns=("a", "b"))
    assert isinstance(found.X, ParquetRows)
    said = "read piece by piece (0.0069 MB is more than 25% of the 0.01 MB of memory available"
    assert said in found.notes[0]
    assert "--no-lazy" in found.notes[0]
    monkeypatch.setattr(memory, "available", lambda: 10**9)
    assert isinstance(read(table, columns=("a", "b")).X, np.ndarray)


def test_columns_that_are_no_numbers_are_read_whole_or_refused(table, monkeypatch):
    with pytest.raises(InvalidDataError, match=r"no numbers: species \(.*drop=, --drop.*--no-lazy"):
        read(table, label="k", lazy=True)
    monkeypatch.setattr(memory, "available", lambda: 20_000)
    whole = read(table, label="k")
    assert hasattr(whole.X, "iloc")
    assert any(note.startswith("read whole, ") and "species" in note for note in whole.notes)
    monkeypatch.setattr(memory, "is_large", lambda needed, *_: needed > 5_000)
    with pytest.raises(InvalidDataError, match="--drop"):
        read(table, label="k")


def test_a_label_too_large_to_be_read_whole_is_named(table, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 100)
    with pytest.raises(DataFormatError, match=r"column 'id' takes .* read whole.*--drop"):
        read(table)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("t.parquet", {"na": "9"}, "Leave na"),
        ("t.csv", {}, "Write it as .parquet"),
        ("t.npz", {}, "Write it as .npy"),
        ("records.npy", {}, "it holds records"),
        ("t.parquet", {"lazy": "yes"}, "'auto', True or False"),
    ],
)
def test_what_cannot_be_read_piece_by_piece_is_refused(table, name, options, message):
    pd.DataFrame({"a": [1, 2]}).to_csv(table.parent / "t.csv", index=False)
    np.savez(table.parent / "t.npz", X=np.eye(3))
    np.save(table.parent / "records.npy", np.zeros(3, [("a", float), ("b", int)]))
    with pytest.raises(InvalidDataError, match=message):
        read(table.parent / name, **{"lazy": True, **options})


def test_columns_in_the_names_of_folders_are_read_whole(tmp_path):
    for year in (2020, 2021):
        (tmp_path / f"year={year}").mkdir()
        pd.DataFrame({"a": [1.0, year]}).to_parquet(tmp_path / f"year={year}" / "x.parquet")
    assert read(tmp_path).feature_names == ("a", "year")
    with pytest.raises(InvalidDataError, match="names of its folders hold a column"):
        read(tmp_path, lazy=True)


def _images(folder, n=12, sides=(6, 8), color=3):
    rng = np.random.RandomState(1)
    for i in range(n):
        (folder / f"{i % 2}").mkdir(parents=True, exist_ok=True)
        shape = (sides[0] + i % 3, sides[1], *((color,) if i % 4 else ()))
        image = Image.fromarray(rng.randint(0, 255, shape, dtype=np.uint8))
        image.save(folder / f"{i % 2}" / f"{i}.png")
    return folder


def test_images_stay_in_their_files(tmp_path):
    folder = _images(tmp_path / "images")
    frames = [Image.fromarray(np.full((7, 8), 40 * i, np.uint8)) for i in range(3)]
    frames[0].save(folder / "1" / "pages.tif", save_all=True, append_images=frames[1:])
    lazy, whole = (read(folder, lazy=lazy) for lazy in (True, False))
    assert isinstance(lazy.X, ImageRows)
    _equal(lazy, whole)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(lazy.X))[3:6], whole.X[3:6])
    assert lazy.notes[0].startswith(f"{whole.notes[0]}, read piece by piece, as asked")


def test_damaged_images_are_found_when_they_are_skipped(tmp_path):
    folder = _images(tmp_path / "images")
    whole = (folder / "0" / "2.png").read_bytes()
    (folder / "0" / "2.png").write_bytes(whole[: len(whole) // 2])
    lazy, eager = (read(folder, lazy=lazy, skip_bad=True) for lazy in (True, False))
    _equal(lazy, eager)
    assert lazy.skipped == eager.skipped == ("0/2.png",)
    with pytest.raises(DataFormatError, match=r"0/2\.png.*--skip-bad"):
        read(folder, lazy=True).X[:]


def test_pixels_and_channels_are_changed_when_they_are_read(tmp_path):
    pixels = np.random.RandomState(0).randint(0, 256, (20, 3 * 8 * 9))
    frame = pd.DataFrame(pixels, columns=[f"p{i}" for i in range(pixels.shape[1])])
    frame.to_parquet(tmp_path / "p.parquet")
    lazy, whole = (read(tmp_path / "p.parquet", lazy=z, shape=(3, 8, 9)) for z in (True, False))
    assert isinstance(lazy.X, MappedRows)
    assert lazy.X.shape == (20, 8, 9, 3)
    _equal(lazy, whole)


def test_arrays_of_numpy_are_mapped_or_read(tmp_path):
    np.save(tmp_path / "x.npy", np.eye(5))
    lazy, auto, whole = (read(tmp_path / "x.npy", lazy=lazy) for lazy in (True, "auto", False))
    assert [isinstance(each.X, np.memmap) for each in (lazy, auto, whole)] == [True, True, False]
    said = "rows: 5 of 5 values, float64"
    assert lazy.notes == (f"{said}, read piece by piece, as asked (0.0002 MB)",)
    assert auto.notes == whole.notes == (said,)


def test_rows_in_files_are_never_gathered_by_reading(table, monkeypatch):
    def refuse(*_):
        raise AssertionError("all rows were read")

    monkeypatch.setattr(LazyRows, "__array__", refuse)
    assert len(read(table, lazy=True).named_rows()) == N


def test_one_column_that_makes_the_variance_is_pointed_out(tmp_path):
    X = np.random.RandomState(0).normal(size=(50, 3)) * [1000, 1, 1]
    pd.DataFrame(X, columns=list("abc")).to_parquet(tmp_path / "v.parquet")
    found = read(tmp_path / "v.parquet", lazy=True)
    assert [note[:22] for note in advice(found.X, found.feature_names)] == [
        "variance: a makes 100."
    ]


def test_images_are_left_in_their_files_from_half_of_the_memory_on(tmp_path, monkeypatch):
    folder = _images(tmp_path / "images")
    needed = read(folder).X.nbytes
    for there, kind in ((3 * needed, np.ndarray), (2 * needed - 10, ImageRows)):
        monkeypatch.setattr(memory, "available", lambda there=there: there)
        assert isinstance(read(folder).X, kind)
    assert "is more than 50% of the" in read(folder).notes[0]
