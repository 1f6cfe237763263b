"""Named data: shapes, ranges, and where they are looked for."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from jamjae import datasets
from jamjae.errors import DataFormatError, DataNotFoundError


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "classes"),
    [
        ("roll", (1500, 3), np.float64, 0),
        ("digits", (1797, 8, 8), np.float32, 10),
        ("iris", (150, 4), np.float64, 3),
        ("wine", (178, 13), np.float64, 3),
        ("breast-cancer", (569, 30), np.float64, 2),
    ],
)
def test_what_is_built_in(name, shape, dtype, classes):
    found = datasets.load(name)
    assert found.X.shape == shape
    assert found.X.dtype == dtype
    assert len(found.class_names) == classes
    assert datasets.available(name) == "built in"
    assert str(shape) in datasets.NAMES[name].summary
    with pytest.raises(DataNotFoundError, match="no part to test"):
        datasets.load(name, "test")


def test_the_roll_is_the_chapter_s():
    roll = datasets.make_roll(1000, noise=0.0, random_state=0)
    u = np.linspace(0, 1, 1000)
    np.testing.assert_allclose(roll.X[:, 0], np.sin(3 * 3.14 * u) * (u + 0.5))
    np.testing.assert_allclose(roll.X[:, 2], np.cos(3 * 3.14 * u) * u)
    assert roll.X[:, 1].std() == pytest.approx(0.3, rel=0.1)
    assert roll.colors.min() >= 0
    assert roll.colors.max() <= 1
    np.testing.assert_array_equal(
        datasets.make_roll(random_state=3).X, datasets.make_roll(random_state=3).X
    )


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(DataNotFoundError, match="Did you mean 'fashion-mnist'"):
        datasets.load("fashion_mnist")


def test_fashion_mnist(fashion_mnist):
    assert fashion_mnist.X.shape == (60000, 28, 28)
    assert fashion_mnist.X.dtype == np.uint8
    assert np.bincount(fashion_mnist.y).tolist() == [6000] * 10
    assert fashion_mnist.class_names[3] == "Dress"
    assert datasets.fetch_fashion_mnist("all").X.shape == (70000, 28, 28)


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No data anywhere, and no network."""
    monkeypatch.delenv("JAMJAE_DATA", raising=False)
    monkeypatch.setenv("JAMJAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets, "SYSTEM", tmp_path / "system")

    import pooch

    def unreachable(*_, **__):
        raise ConnectionError("no network")

    monkeypatch.setattr(pooch, "retrieve", unreachable)
    return tmp_path


@pytest.mark.parametrize("fetch", ["fetch_fashion_mnist", "fetch_mnist", "fetch_photos"])
def test_without_a_network_all_ways_are_told(nowhere, fetch):
    with pytest.raises(DataNotFoundError) as caught:
        getattr(datasets, fetch)()
    told = str(caught.value)
    assert "JAMJAE_DATA" in told
    assert str(nowhere / "cache") in told
    assert str(nowhere / "system") in told
    assert "https://" in told
    assert ("apt install" in told) == (fetch == "fetch_fashion_mnist")


def small(monkeypatch):
    """Stand-ins for the four files: 3 images to train and 2 to test."""
    import hashlib

    from test_sources import idx

    contents = {}
    for part, n in (("train", 3), ("t10k", 2)):
        contents[f"{part}-images-idx3-ubyte"] = idx(np.full((n, 28, 28), n, dtype="u1"), 8)
        contents[f"{part}-labels-idx1-ubyte"] = idx(np.arange(n, dtype="u1"), 8)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setitem(datasets.DIGESTS, "mnist", digests)
    return contents


@pytest.mark.parametrize("place", ["given", "cache", "system"])
@pytest.mark.parametrize("packed", [False, True])
def test_places_and_packing(nowhere, monkeypatch, place, packed):
    if place == "given":
        monkeypatch.setenv("JAMJAE_DATA", str(nowhere / "given"))
    folder = nowhere / place / "mnist"
    folder.mkdir(parents=True)
    for name, content in small(monkeypatch).items():
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(content) if packed else content)
    assert datasets.fetch_mnist().X.shape == (3, 28, 28)
    assert datasets.fetch_mnist("test").y.tolist() == [0, 1]
    assert datasets.fetch_mnist("all").X.shape == (5, 28, 28)
    assert datasets.available("mnist") == str(folder)
    with pytest.raises(DataNotFoundError, match="no part 'validation'"):
        datasets.fetch_mnist("validation")


def test_what_is_not_the_original_is_refused(nowhere, monkeypatch):
    folder = nowhere / "cache" / "mnist"
    folder.mkdir(parents=True)
    contents = small(monkeypatch)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    changed = bytearray(contents["train-images-idx3-ubyte"])
    changed[-1] ^= 1
    (folder / "train-images-idx3-ubyte").write_bytes(changed)
    with pytest.raises(DataFormatError, match=r"not the original.*Delete it"):
        datasets.fetch_mnist()
    (folder / "train-images-idx3-ubyte").unlink()
    (folder / "train-images-idx3-ubyte.gz").write_bytes(b"cut")
    with pytest.raises(DataFormatError, match="damaged"):
        datasets.fetch_mnist()


def test_a_download_is_kept_and_verified(nowhere, monkeypatch):
    contents, asked = small(monkeypatch), []

    import pooch

    def retrieve(url, fname, path, **_):
        asked.append(url)
        Path(path).mkdir(parents=True, exist_ok=True)
        target = Path(path) / fname
        target.write_bytes(gzip.compress(contents[fname.removesuffix(".gz")]))
        return str(target)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    assert datasets.fetch_mnist().X.shape == (3, 28, 28)
    assert datasets.fetch_mnist().X.shape == (3, 28, 28)
    assert len(asked) == 2  # images and labels, once each
    assert all(url.startswith("https://") and url.endswith(".gz") for url in asked)


def test_photos(fashion_mnist):
    if datasets.available("photos") is None:
        pytest.skip("the photographs are not in JAMJAE_DATA")
    found = datasets.fetch_photos()
    assert found.X.shape == (40, 63, 63, 3)
    assert found.row_names[0] == "img01.jpg"
    assert datasets.fetch_photos((20, 30)).X.shape == (40, 20, 30, 3)


def test_photos_that_were_changed_are_refused(nowhere):
    folder = nowhere / "cache" / "photos40"
    folder.mkdir(parents=True)
    for number in range(1, 41):
        (folder / f"img{number:02d}.jpg").write_bytes(b"other")
    with pytest.raises(DataFormatError, match="not the original"):
        datasets.fetch_photos()
