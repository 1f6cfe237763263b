"""Decoded rows are kept in a temporary file: the same rows, decoded once, and nothing left."""

from __future__ import annotations

import io
import pickle
import shutil
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from jamjae import Autoencoder, read
from jamjae.data import loading, scratch
from jamjae.data.rows import LazyRows
from jamjae.data.sources import ImageRows
from jamjae.errors import DataFormatError

N, SHAPE = 150, (3, 5)
QUICK = {"network": (), "epochs": 3, "random_state": 0, "batch_size": 64}
pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


class Counted(LazyRows):
    """An array of which every row that is read is counted."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.counts = Counter()

    def _read(self, index):
        self.counts.update(index.tolist())
        return self.array[index]


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files of its own."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


@pytest.fixture
def images(tmp_path):
    """A folder of gray images, and their pixels."""
    pixels = np.random.RandomState(0).randint(0, 256, (N, 8, 9), dtype=np.uint8)
    (tmp_path / "images").mkdir()
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / "images" / f"{i:03d}.png")
    return tmp_path / "images", pixels


def _indices():
    rng = np.random.RandomState(1)
    blocks = np.arange(N).reshape(-1, 10)[rng.permutation(N // 10)].reshape(-1)
    return (
        slice(None),
        slice(N, 3, -7),
        rng.randint(-N, N, 200),  # with some rows more than once
        np.array([0, 0, 2, 5, 5, 6]),
        blocks,
        np.flatnonzero(np.arange(N) % 4),
        np.array([], dtype=int),
        np.arange(N) % 2 == 0,
    )


@pytest.mark.parametrize("units", [1 << 20, 40])
@pytest.mark.parametrize("gap", [1 << 14, 1, 16 * 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_rows_that_are_kept_are_the_same(monkeypatch, units, gap, dtype):
    monkeypatch.setattr(scratch, "UNITS", units)
    monkeypatch.setattr(scratch, "GAP_BYTES", gap)
    monkeypatch.setattr(scratch, "RUN_BYTES", 20 * 15 * np.dtype(dtype).itemsize)
    array = np.random.RandomState(0).randint(0, 256, (N, *SHAPE)).astype(dtype)
    rows = Counted(array)
    assert rows.keep()
    for index in _indices()[::-1] * 2:
        np.testing.assert_array_equal(rows[index], array[index])
    assert set(rows.counts.values()) == {1}
    assert len(rows.counts) == N
    flat = rows.reshape(N, 15)
    np.testing.assert_array_equal(flat[7:30], array.reshape(N, 15)[7:30])
    assert set(rows.counts.values()) == {1}


def test_a_pickle_carries_no_rows():
    array = np.random.RandomState(0).normal(size=(N, 400))
    rows = ImageRows(range(N), array.__getitem__, (400,), float)
    rows.keep()
    np.testing.assert_array_equal(rows[:], array)
    carried = pickle.dumps(rows.scratch)
    assert len(carried) < 1000
    other = pickle.loads(carried)
    assert not other.known.any()
    np.testing.assert_array_equal(other.read(np.arange(4), lambda i: array[i] + 1), array[:4] + 1)


def test_several_threads_read_what_is_kept():
    array = np.random.RandomState(0).normal(size=(N, 3))
    rows = Counted(array)
    rows.keep()
    index = [np.random.RandomState(i).permutation(N) for i in range(30)]
    with ThreadPoolExecutor(4) as pool:
        for chosen, found in zip(index, pool.map(rows.__getitem__, index), strict=True):
            np.testing.assert_array_equal(found, array[chosen])


def test_nothing_is_kept_where_there_is_no_room(images, temporary, monkeypatch):
    folder, pixels = images
    free = 4 * pixels.nbytes
    for more, kept in ((0, True), (-1, False)):
        usage = shutil.disk_usage(folder)._replace(free=free + more)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, usage=usage: usage)
        found = read(folder, lazy=True)
        assert (found.X.scratch is not None) is kept
        note = "decoded once and kept in a temporary file of 0.011 MB"
        assert (note in found.notes[0]) is kept
        np.testing.assert_array_equal(found.X[:], pixels)
    monkeypatch.setattr("tempfile.tempdir", str(temporary / "nowhere"))
    assert read(folder, lazy=True).X.scratch is None


def test_no_file_is_left(images, temporary):
    rows = read(images[0], lazy=True).X
    rows[:]
    assert rows.scratch.known.all()
    assert list(temporary.iterdir()) == []


def test_rows_that_cannot_be_written_are_decoded_again(monkeypatch):
    array = np.random.RandomState(0).normal(size=(N, 3))
    rows = Counted(array)
    rows.keep()
    np.testing.assert_array_equal(rows[:50], array[:50])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with pytest.warns(UserWarning, match=r"No more rows are kept decoded.*No space left.*TMPDIR"):
        np.testing.assert_array_equal(rows[40:90], array[40:90])
    np.testing.assert_array_equal(rows[:], array)
    np.testing.assert_array_equal(rows[:50], array[:50])
    assert rows.counts[3] == 2  # not of the last call, which asked for rows that are kept


@pytest.mark.slow
def test_a_fit_decodes_each_image_once(images, monkeypatch):
    folder, pixels = images
    rows, decoded = read(folder, lazy=True).X, []
    decode = rows.decode
    rows.decode = lambda place: decoded.append(place.entry.name) or decode(place)
    monkeypatch.setattr(loading, "LAZY_BYTES", 72 * 64)
    model = Autoencoder(2, **QUICK).fit(rows)
    assert Counter(decoded) == Counter(f"{i:03d}.png" for i in range(N))
    again = read(folder, lazy=True).X
    again.scratch = None
    beside = Autoencoder(2, **QUICK).fit(again)
    np.testing.assert_array_equal(model.history_["loss"], beside.history_["loss"])
    np.testing.assert_array_equal(model.transform(rows), beside.transform(pixels))


def _zipped(path, pixels):
    with zipfile.ZipFile(path, "w") as archive:
        for i, image in enumerate(pixels):
            Image.fromarray(image).save(held := io.BytesIO(), "PNG")
            archive.writestr(f"{i:03d}.png", held.getvalue())
    return path


def test_an_archive_is_listed_once(images, tmp_path, monkeypatch):
    _, pixels = images
    path, opened = _zipped(tmp_path / "images.zip", pixels), []
    open_archive = zipfile.ZipFile

    def counted(*args):
        opened.append(args)
        return open_archive(*args)

    monkeypatch.setattr(zipfile, "ZipFile", counted)
    rows = read(path, lazy=True).X
    np.testing.assert_array_equal(rows[:], pixels)
    assert len(opened) < 20  # of 150 images: to look what it is, to list, and once a thread
    other = pickle.loads(pickle.dumps(rows))
    np.testing.assert_array_equal(other[:], pixels)


def test_another_archive_of_the_name_is_opened_anew(images, tmp_path):
    _, pixels = images
    rows = read(_zipped(tmp_path / "images.zip", pixels), lazy=True).X
    rows.scratch = None
    _zipped(tmp_path / "images.zip", 255 - pixels[:100])
    np.testing.assert_array_equal(rows[:100], 255 - pixels[:100])
    with pytest.raises(DataFormatError, match=r"'100\.png'.*read the images again"):
        rows[100]
    (tmp_path / "images.zip").unlink()
    with pytest.raises(DataFormatError, match=r"'003\.png': it is gone"):
        rows[3]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_images_of_one_name_in_an_archive_are_refused(images, tmp_path):
    path = _zipped(tmp_path / "images.zip", images[1][:5])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("003.png", b"another")
    with pytest.raises(DataFormatError, match=r"003\.png.*holds several members"):
        read(path)


def _gone(file):
    file.unlink()


def _larger(file):
    Image.fromarray(np.zeros((30, 40), np.uint8)).save(file)


def _damaged(file):
    file.write_bytes(file.read_bytes()[:40])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_gone, r"'077\.png': it is gone"),
        (_larger, r"'077\.png': it has 30 x 40 pixels, and had 8 x 9 when it was opened"),
        (_damaged, r"'077\.png': it is not an image of a known kind, or damaged"),
    ],
)
def test_an_image_that_changes_while_it_is_trained_on_is_named(
    images, monkeypatch, change, message
):
    folder, _ = images
    rows = read(folder, lazy=True).X
    rows.scratch = None
    monkeypatch.setattr(loading, "LAZY_BYTES", 72 * 64)  # pieces, which a thread reads ahead
    source = loading.source({"x": rows}, lambda piece: piece, 32)
    assert sum(n for _, n in source(0)) == N
    change(folder / "077.png")
    with pytest.raises(DataFormatError, match=message) as raised:
        list(source(1))
    assert "read the images again" in str(raised.value)


@pytest.mark.slow
def test_a_fit_ends_where_an_image_is_gone(images, monkeypatch):
    folder, _ = images
    rows = read(folder, lazy=True).X
    rows.scratch = None
    monkeypatch.setattr(loading, "LAZY_BYTES", 72 * 64)

    def meanwhile(report):
        if report.epoch == 1:
            (folder / "077.png").unlink()

    with pytest.raises(DataFormatError, match=r"'077\.png': it is gone"):
        Autoencoder(2, callbacks=[meanwhile], **QUICK).fit(rows)


@pytest.mark.slow
def test_images_that_are_kept_may_go(images, monkeypatch):
    folder, pixels = images
    monkeypatch.setattr(loading, "LAZY_BYTES", 72 * 64)
    rows = read(folder, lazy=True).X
    rows[:]
    shutil.rmtree(folder)
    model = Autoencoder(2, **QUICK).fit(rows)
    np.testing.assert_array_equal(model.transform(rows), model.transform(pixels))
