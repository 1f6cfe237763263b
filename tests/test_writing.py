"""What cannot be written is refused, and leaves what was there."""

from __future__ import annotations

import csv
import errno

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from data_files import KINDS, left_over
from jamjae.data.readers import table_writing
from jamjae.data.reading import read
from jamjae.data.streaming import write_pieces
from jamjae.data.writing import write_images, write_rows
from jamjae.errors import (
    InvalidDataError,
    OutputError,
)

# --- what cannot be written -----------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch, kind):
    path = write_rows(tmp_path / f"rows{kind}", np.eye(2))
    before = path.read_bytes()

    def full_disk(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    for home, name in ((np, "save"), (np, "savez_compressed"), (csv, "writer")):
        monkeypatch.setattr(home, name, full_disk)
    monkeypatch.setattr(table_writing, "write_parquet", full_disk)
    with pytest.raises(OutputError, match=rf"rows\{kind}.*No space left.*disk with free space"):
        write_rows(path, np.zeros((5, 5)))
    assert path.read_bytes() == before
    assert left_over(tmp_path) == [path.name]


def test_an_interrupted_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = write_rows(tmp_path / "rows.npy", np.eye(2))

    def interrupt(file, rows, **options):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_rows(path, np.zeros((5, 5)))
    np.testing.assert_array_equal(read(path).X, np.eye(2))
    assert left_over(tmp_path) == ["rows.npy"]


def test_no_folder_can_be_made_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="writable folder"):
        write_rows(tmp_path / "file" / "a.csv", np.eye(2))
    with pytest.raises(OutputError, match="writable folder"):
        write_images(tmp_path / "file", np.zeros((1, 2, 2)))


def test_unknown_kinds_of_output_list_the_known_ones(tmp_path):
    with pytest.raises(OutputError, match=r"a\.txt.*\.npy, \.npz, \.csv"):
        write_rows(tmp_path / "a.txt", np.eye(2))


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (np.array([{}, []], dtype=object), {}),
        (np.array(["a"]), {}),
        (np.float64(1), {}),
        (np.eye(2), {"index": ["a"]}),
        (np.eye(2), {"feature_names": ["a", "b", "c"]}),
        (np.eye(2), {"feature_names": ["a", "a"]}),
        (np.eye(2), {"feature_names": ["name", "a"], "index": ["a", "b"]}),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_do_not_fit_are_refused(tmp_path, kind, rows, names):
    with pytest.raises(InvalidDataError, match="Cannot write"):
        write_rows(tmp_path / f"a{kind}", rows, **names)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("shape", [(4, 4), (1, 4, 4, 2), (1, 4, 4, 5), (1, 0, 4), (1, 2, 3, 4, 1)])
def test_arrays_that_are_no_images_are_refused(tmp_path, shape):
    with pytest.raises(InvalidDataError, match=r"shape .* as images"):
        write_images(tmp_path / "out", np.zeros(shape))
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("names", [["a"], ["a", "a"], ["a", "../b"], ["a", "/b"]])
def test_names_that_do_not_fit_images_are_refused(tmp_path, names):
    with pytest.raises(InvalidDataError, match="names"):
        write_images(tmp_path / "out", np.zeros((2, 3, 3)), names=names)
    assert left_over(tmp_path) == []


def test_images_are_replaced_all_or_none(tmp_path, monkeypatch):
    first, *_ = write_images(tmp_path, np.zeros((12, 3, 3)))
    before, whole = first.read_bytes(), Image.Image.save

    def save(image, path, **options):
        if np.asarray(image).max() == 7:
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(image, path, **options)

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(OutputError, match=r"00007\.png.*No space left"):
        write_images(tmp_path, np.full((12, 3, 3), np.arange(12.0)[:, None, None]))
    assert first.read_bytes() == before
    assert left_over(tmp_path) == [f"{i:05d}.png" for i in range(12)]


def test_names_that_differ_in_suffix_only_stay_apart(tmp_path):
    paths = write_images(tmp_path, np.zeros((2, 3, 3)), names=["a.jpg", "a.bmp"])
    assert [path.name for path in paths] == ["a.jpg.png", "a.bmp.png"]


def test_shades_are_rounded_and_clipped(tmp_path):
    image = np.array([[[-5.0, 0.4, 0.6, 254.5, 300.0, np.inf]]])
    write_images(tmp_path, image)
    assert read(tmp_path).X.tolist() == [[[0, 0, 1, 254, 255, 255]]]
    write_images(tmp_path, np.array([[[-1.0, 0.0, 1.0, 2.0]]]), data_range=(-1, 1))
    assert read(tmp_path).X.tolist() == [[[0, 128, 255, 255]]]


@pytest.mark.parametrize("options", [{"data_range": (1, 1)}, {}])
def test_images_without_a_range_or_with_nan_are_refused(tmp_path, options):
    with pytest.raises(InvalidDataError, match="data_range"):
        write_images(tmp_path / "out", np.full((1, 2, 2), np.nan), **options)
    assert left_over(tmp_path) == []


def test_alpha_is_written(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (1, 3, 3, 4), dtype=np.uint8)
    (path,) = write_images(tmp_path, pixels)
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels[0])


@pytest.mark.parametrize("kind", [".npz", ".csv", ".tsv", ".parquet"])
def test_labels_are_read_back(tmp_path, kind):
    frame = pd.DataFrame({"a": [1, 2, 3], "label": [0.5, 1.5, 2.5]})
    path = write_rows(tmp_path / f"rows{kind}", frame, labels=["가", "y", "y"])
    found = read(path, label=None if kind == ".npz" else "label_")
    assert [found.class_names[c] for c in found.y] == ["가", "y", "y"]
    assert np.array_equal(found.X, frame)
    assert found.feature_names == ("a", "label")


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_pieces_are_read_back(tmp_path, kind):
    rows = np.arange(12.0).reshape(6, 2)
    labels = ["가", "y", None, "z", "y", "가"]
    pieces = ((rows[i : i + 2], (), labels[i : i + 2]) for i in (0, 2, 4))
    path = write_pieces(tmp_path / f"rows{kind}", pieces, 6, label_name="kind")
    found = read(path, **({} if kind in (".npy", ".npz") else {"label": "kind"}))
    assert np.array_equal(found.X, rows)
    if kind != ".npy":
        named = [None if c < 0 else found.class_names[c] for c in found.y]
        assert named == labels


def test_labels_of_another_number_are_refused(tmp_path):
    with pytest.raises(InvalidDataError, match="2 labels for 3 rows"):
        write_rows(tmp_path / "rows.csv", np.eye(3), labels=["x", "y"])
    assert not any(tmp_path.iterdir())
