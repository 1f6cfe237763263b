"""Named data: what they are, where they are looked for, and what is said when they are nowhere."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import struct
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pooch
import pytest

from jamjae.data import catalog, download
from jamjae.errors import DataFormatError, DataNotFoundError

BUILT_IN = ("roll", "digits", "iris", "wine", "breast-cancer")
UNSPLIT = ("digits", "iris", "wine", "breast-cancer")
FETCHED = ("fashion-mnist", "mnist", "photos")
SHAPES = {
    "roll": (1500, 3),
    "digits": (1797, 8, 8),
    "iris": (150, 4),
    "wine": (178, 13),
    "breast-cancer": (569, 30),
    "fashion-mnist": (60000, 28, 28),
    "mnist": (60000, 28, 28),
    "photos": (40, 63, 63, 3),
}


def require(name):
    """Skip a test of real data that are not in JAMJAE_DATA; none is downloaded by a test."""
    given = os.environ.get("JAMJAE_DATA")
    if given is None:
        pytest.skip("data were not looked for: JAMJAE_DATA is not set")
    if catalog.available(name) is None:
        pytest.skip(f"{name} is not in JAMJAE_DATA ({given})")


# --- what they are --------------------------------------------------------------------------


@pytest.mark.parametrize("name", catalog.NAMES)
def test_every_named_data_set_is_what_its_summary_says(name):
    if name in FETCHED:
        require(name)
    found = catalog.load(name)
    n = len(found.X)
    assert found.X.shape == SHAPES[name]
    assert str(SHAPES[name]) in catalog.NAMES[name].summary
    assert str(SHAPES[name]) in found.description
    assert found.X.dtype == {"digits": np.float32}.get(
        name, np.uint8 if name in FETCHED else np.float64
    )
    assert np.isfinite(found.X).all()
    assert found.skipped == ()
    if found.y is not None:
        assert found.y.shape == (n,)
        assert found.y.dtype.kind == "i"
        assert sorted(set(found.y.tolist())) == list(range(len(found.class_names)))
    if found.feature_names:
        assert len(found.feature_names) == found.X.shape[1]


@pytest.mark.parametrize("name", ["roll", "fashion-mnist", "mnist"])
def test_all_is_train_then_test(name):
    if name in FETCHED:
        require(name)
    train, test, whole = (catalog.load(name, subset) for subset in ("train", "test", "all"))
    np.testing.assert_array_equal(whole.X, np.concatenate([train.X, test.X]))
    if train.y is not None:
        np.testing.assert_array_equal(whole.y, np.concatenate([train.y, test.y]))
    if train.colors is not None:
        np.testing.assert_array_equal(whole.colors, np.concatenate([train.colors, test.colors]))
    assert not np.array_equal(train.X[: len(test.X)], test.X)


@pytest.mark.parametrize("name", UNSPLIT)
def test_data_without_a_split_have_no_test_part(name):
    np.testing.assert_array_equal(catalog.load(name, "train").X, catalog.load(name, "all").X)
    with pytest.raises(DataNotFoundError, match=rf"'test' of {name}: it has 'train', 'all'"):
        catalog.load(name, "test")


@pytest.mark.parametrize("name", catalog.NAMES)
def test_unknown_parts_are_refused(name):
    with pytest.raises(DataNotFoundError, match=rf"'validation' of {name}"):
        catalog.load(name, "validation")


@pytest.mark.parametrize("use", [catalog.load, catalog.available])
def test_unknown_names_are_refused_with_a_suggestion(use):
    with pytest.raises(DataNotFoundError, match=r"'fashion-mnst'.*mean 'fashion-mnist'.*roll, "):
        use("fashion-mnst")
    with pytest.raises(DataNotFoundError, match="Known names are roll, digits"):
        use("0")


def test_the_roll_is_the_chapter_s():
    made = catalog.make_roll(500, noise=0.0, random_state=3)
    u = made.colors[:, 0]
    t = 3 * 3.14 * u
    np.testing.assert_allclose(u, np.linspace(0, 1, 500))
    np.testing.assert_allclose(made.X[:, 0], np.sin(t) * (u + 0.5))
    np.testing.assert_allclose(made.X[:, 2], np.cos(t) * u)
    np.testing.assert_allclose(made.colors[:, 1], 1 - (2 * (u - 0.5)) ** 2)
    np.testing.assert_allclose(made.colors[:, 2], 1 - u)
    assert 0.25 < made.X[:, 1].std() < 0.35


def test_the_roll_s_noise_is_as_stated():
    clean, noisy = (catalog.make_roll(5000, noise=s, random_state=0).X for s in (0.0, 0.1))
    np.testing.assert_array_equal(clean[:, 1], noisy[:, 1])
    np.testing.assert_allclose((noisy - clean).std(axis=0), [0.1, 0.0, 0.1], rtol=0.05)


def test_the_same_seed_makes_the_same_roll():
    first, second, other = (catalog.make_roll(50, random_state=seed).X for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "load", [catalog.load_digits, partial(catalog.make_roll, 30, random_state=0)]
)
def test_rows_and_classes_alone_are_returned_as_by_scikit_learn(load):
    found = load()
    X, y = load(return_X_y=True)
    np.testing.assert_array_equal(X, found.X)
    np.testing.assert_array_equal(y, found.colors[:, 0] if found.y is None else found.y)


def test_photos_of_another_size():
    require("photos")
    found = catalog.fetch_photos(image_size=(20, 30))
    assert found.X.shape == (40, 20, 30, 3)
    assert found.index[:2] == ("img01.jpg", "img02.jpg")


def test_fashion_mnist_begins_with_an_ankle_boot():
    require("fashion-mnist")
    found = catalog.fetch_fashion_mnist()
    assert found.class_names[found.y[0]] == "Ankle boot"
    assert np.bincount(found.y).tolist() == [6000] * 10


# --- where they are looked for --------------------------------------------------------------


def idx(values):
    head = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return head + values.tobytes()


class Small:
    """A Fashion-MNIST of a few rows, and the places it may be in."""

    def __init__(self, root):
        rng = np.random.default_rng(0)
        self.X = {"train": rng.integers(0, 256, (6, 4, 4), dtype=np.uint8),
                  "t10k": rng.integers(0, 256, (3, 4, 4), dtype=np.uint8)}  # fmt: skip
        self.content = {}
        for part, X in self.X.items():
            self.content[f"{part}-images-idx3-ubyte"] = idx(X)
            self.content[f"{part}-labels-idx1-ubyte"] = idx(np.arange(len(X), dtype=np.uint8))
        self.places = {name: root / name for name in ("data", "cache", "system", "server")}

    def put(self, place, *, packed=True, folder="fashion-mnist", change=lambda content: content):
        where = self.places[place] / folder
        where.mkdir(parents=True, exist_ok=True)
        for name, content in self.content.items():
            changed = change(content)
            (where / (name + ".gz" * packed)).write_bytes(
                gzip.compress(changed) if packed else changed
            )
        return where

    def downloads(self):
        return sorted(path.name for path in self.places["cache"].rglob("*") if path.is_file())


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Set up empty places, the checksums of a small data set, and no way to the network."""
    made = Small(tmp_path)
    sums = {
        f"fashion-mnist/{name}": hashlib.sha256(content).hexdigest()
        for name, content in made.content.items()
    }
    monkeypatch.setattr(download, "checksums", lambda: sums)
    monkeypatch.setattr(download, "SYSTEM", made.places["system"])
    monkeypatch.setenv("JAMJAE_DATA", str(made.places["data"]))
    monkeypatch.setenv("JAMJAE_CACHE", str(made.places["cache"]))
    monkeypatch.setattr(catalog, "FASHION", "http://127.0.0.1:9/")  # where no server listens
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return made


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(small, monkeypatch):
    small.places["server"].mkdir()
    handler = partial(Quiet, directory=small.places["server"])
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setattr(catalog, "FASHION", f"http://127.0.0.1:{serving.server_port}/")
        yield small
        serving.shutdown()
        thread.join()


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("place", ["data", "cache", "system"])
def test_data_are_found_in_each_place(small, place, packed):
    where = small.put(place, packed=packed)
    assert catalog.available("fashion-mnist") == str(where)
    found = catalog.fetch_fashion_mnist("all")
    np.testing.assert_array_equal(found.X, np.concatenate(list(small.X.values())))
    assert found.y.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2]


def test_rows_and_classes_of_fetched_data(small):
    small.put("data")
    X, y = catalog.fetch_fashion_mnist("test", return_X_y=True)
    np.testing.assert_array_equal(X, small.X["t10k"])
    np.testing.assert_array_equal(y, [0, 1, 2])


def test_the_first_place_wins(small):
    for place in ("system", "cache", "data"):
        where = small.put(place)
        assert catalog.available("fashion-mnist") == str(where)


def test_without_a_folder_of_its_own_the_cache_is_the_system_s(small, monkeypatch):
    monkeypatch.delenv("JAMJAE_DATA")
    monkeypatch.delenv("JAMJAE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(small.places["cache"]))
    assert list(download.places())[-1] == small.places["system"]
    assert len(list(download.places())) == 2
    assert download.cache().name == "jamjae"


def test_what_is_found_nowhere_is_downloaded_once_and_quietly(server, capfd, caplog):
    logger = pooch.get_logger()
    logger.addHandler(caplog.handler)
    level = logger.level
    server.put("server", folder="")
    assert catalog.available("fashion-mnist") is None
    first = catalog.fetch_fashion_mnist("test").X
    assert server.downloads() == ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]
    shutil.rmtree(server.places["server"])
    np.testing.assert_array_equal(catalog.fetch_fashion_mnist("test").X, first)
    np.testing.assert_array_equal(first, server.X["t10k"])
    logger.removeHandler(caplog.handler)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert logger.level == level


@pytest.mark.parametrize("packed", [True, False])
def test_a_download_that_is_not_the_original_is_refused_and_not_kept(server, packed):
    where = server.put("server", folder="", change=lambda content: content[:-1] + b"\xff")
    if not packed:  # a sign-in page
        for path in where.iterdir():
            path.write_bytes(b"<html>")
    with pytest.raises(DataFormatError, match="train-images"):
        catalog.fetch_fashion_mnist()
    assert server.downloads() == []


@pytest.mark.parametrize("place", ["data", "cache", "system"])
def test_another_file_is_refused_with_both_hashes(small, place):
    where = small.put(place, change=lambda content: content + b"\0")
    is_digest = hashlib.sha256(small.content["train-images-idx3-ubyte"] + b"\0").hexdigest()
    digest = download.checksums()["fashion-mnist/train-images-idx3-ubyte"]
    path = where / "train-images-idx3-ubyte.gz"
    with pytest.raises(DataFormatError, match=rf"{path}.*{is_digest}.*{digest}.*Delete it"):
        catalog.fetch_fashion_mnist()
    assert path.exists()


def test_a_cut_file_is_refused_by_its_name(small):
    path = small.put("data") / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataFormatError, match=r"train-images-idx3-ubyte\.gz.*damaged"):
        catalog.fetch_fashion_mnist()


def test_without_a_network_every_remedy_is_named(small):
    with pytest.raises(DataNotFoundError) as caught:
        catalog.fetch_fashion_mnist()
    for way in (
        "http://127.0.0.1:9/train-images-idx3-ubyte.gz",
        str(small.places["cache"] / "fashion-mnist"),
        "JAMJAE_CACHE",
        "JAMJAE_DATA to a folder that contains fashion-mnist/train-images-idx3-ubyte.gz",
        str(small.places["data"]),
        "apt install dataset-fashion-mnist",
        str(small.places["system"]),
    ):
        assert way in str(caught.value)
    assert small.downloads() == []


def test_a_missing_page_is_no_data(server):
    with pytest.raises(DataNotFoundError, match="404"):
        catalog.fetch_fashion_mnist()
    assert server.downloads() == []


def test_a_cache_that_cannot_be_created_is_reported(server):
    server.put("server", folder="")
    server.places["cache"].write_text("a file where the folder should be")
    with pytest.raises(DataNotFoundError, match="JAMJAE_CACHE moves it"):
        catalog.fetch_fashion_mnist()


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_data_need_no_file(small, name):
    assert catalog.available(name) == "built in"


def test_a_changed_photograph_is_refused(tmp_path, monkeypatch):
    require("photos")
    copy = Path(shutil.copytree(catalog.available("photos"), tmp_path / "photos40"))
    (copy / "img07.jpg").chmod(0o644)
    (copy / "img07.jpg").write_bytes(b"another")
    monkeypatch.setenv("JAMJAE_DATA", str(tmp_path))
    with pytest.raises(DataFormatError, match=r"img07\.jpg.*not the original"):
        catalog.fetch_photos()


def test_every_file_has_a_checksum():
    named = {f"{f.folder}/{f.name}" for data in catalog.NAMES.values() for f in data.files}
    assert named == set(download.checksums())
    assert all(len(digest) == 64 for digest in download.checksums().values())
