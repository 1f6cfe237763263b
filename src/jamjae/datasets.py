"""Named data: generated, shipped with scikit-learn, or fetched, cached and verified.

A fetch looks in the folder ``JAMJAE_DATA`` names, then in jamjae's cache (``JAMJAE_CACHE``, or the
system's place for caches), then in ``/usr/share/datasets``, and downloads what it did not find.
What is found is verified by the SHA-256 of its decompressed bytes, since compressed files differ
between those who hand them out.
"""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jamjae import images
from jamjae.errors import DataFormatError, DataNotFoundError
from jamjae.sources import Dataset, parse_idx, unpacked

SYSTEM = Path("/usr/share/datasets")
PHOTO_SIZE = (63, 63)


class Remote(NamedTuple):
    """A file that can be fetched.

    Attributes
    ----------
    folder, name : str
        Where it lies below each of the places that are looked through.
    address : str
        What it is downloaded from, without the name.
    sha256 : str
        Of its decompressed bytes.
    """

    folder: str
    name: str
    address: str
    sha256: str


FASHION = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"
MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
PHOTOS = "https://raw.githubusercontent.com/dknife/ML/main/data/Proj1/40/"
PHOTOS_SHA256 = "efe78ee889fbb266e1b9de2237f8d0b934c94b5875eef90ae6b6c10c1f3274ce"
DIGESTS = {
    "fashion-mnist": {
        "train-images-idx3-ubyte": (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
        ),
        "train-labels-idx1-ubyte": (
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
        ),
        "t10k-images-idx3-ubyte": (
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
        ),
        "t10k-labels-idx1-ubyte": (
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
        ),
    },
    "mnist": {
        "train-images-idx3-ubyte": (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
        ),
        "train-labels-idx1-ubyte": (
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
        ),
        "t10k-images-idx3-ubyte": (
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
        ),
        "t10k-labels-idx1-ubyte": (
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
        ),
    },
}
CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
DIGITS = tuple("0123456789")


# --- generated and bundled ------------------------------------------------------------------


def make_roll(n_samples: int = 1500, *, noise: float = 0.01, random_state: Any = None) -> Dataset:
    """Make a sheet rolled up in three dimensions, with the colour of each of its points.

    For u from 0 to 1 and t = 3·3.14·u: x = sin(t)·(u + 0.5), y = 0.3·N(0, 1), z = cos(t)·u; x and z
    with some noise.

    Parameters
    ----------
    n_samples : int
    noise : float
        Standard deviation of what is added to x and z.
    random_state : int, RandomState or None

    Returns
    -------
    Dataset
        ``X`` float64 (n_samples, 3), from about -1.5 to 1.5, in order of u; ``colors``
        (n_samples, 3) from 0 to 1: u, 1 - (2(u - 0.5))², 1 - u. Nobody's property.

    References
    ----------
    Kang, Park, Kim, "Eutteum Machine Learning", chapter 12, LAB 12-1.

    Examples
    --------
    >>> make_roll(100, random_state=0).X.shape
    (100, 3)
    """
    from sklearn.utils import check_random_state

    rng = check_random_state(random_state)
    u = np.linspace(0.0, 1.0, n_samples)
    t = 3 * 3.14 * u
    x = np.sin(t) * (u + 0.5) + noise * rng.normal(size=n_samples)
    y = 0.3 * rng.normal(size=n_samples)
    z = np.cos(t) * u + noise * rng.normal(size=n_samples)
    return Dataset(
        np.stack([x, y, z], axis=1),
        feature_names=("x", "y", "z"),
        colors=np.stack([u, 1 - (2 * (u - 0.5)) ** 2, 1 - u], axis=1),
        description=f"a rolled sheet: ({n_samples}, 3), about -1.5 to 1.5; generated",
    )


def load_digits() -> Dataset:
    """Load 1,797 handwritten digits that come with scikit-learn.

    Returns
    -------
    Dataset
        ``X`` float32 (1797, 8, 8), 0 to 16; ``y`` and ``class_names`` the ten digits. UCI's
        "Optical Recognition of Handwritten Digits", test part (Alpaydin & Kaynak 1998), CC BY 4.0.

    Examples
    --------
    >>> load_digits().X.shape
    (1797, 8, 8)
    """
    from sklearn import datasets

    found = datasets.load_digits()
    return Dataset(
        found.images.astype(np.float32),
        found.target,
        DIGITS,
        description="handwritten digits: (1797, 8, 8), 0 to 16; UCI, CC BY 4.0",
    )


def _load_table(name: str) -> Dataset:
    from sklearn import datasets

    found = getattr(datasets, f"load_{name}")()
    return Dataset(
        found.data,
        found.target,
        tuple(str(one) for one in found.target_names),
        feature_names=tuple(str(one) for one in found.feature_names),
        description=f"{name.replace('_', ' ')}: {found.data.shape}; UCI, CC BY 4.0",
    )


# --- fetched --------------------------------------------------------------------------------


def fetch_fashion_mnist(subset: str = "train") -> Dataset:
    """Fetch Fashion-MNIST: pictures of clothes in ten classes.

    Parameters
    ----------
    subset : {"train", "test", "all"}

    Returns
    -------
    Dataset
        ``X`` uint8 (60000, 28, 28) to train, (10000, 28, 28) to test, 0 (background) to 255; ``y``
        and ``class_names`` the kind of clothing. Zalando Research (Xiao, Rasul & Vollgraf 2017),
        MIT licence.

    Raises
    ------
    DataNotFoundError
        If it is nowhere and cannot be downloaded.
    DataFormatError
        If a file that was found is not the original.
    """
    return _fetch_mnist_like("fashion-mnist", FASHION, CLOTHES, subset, "Zalando, MIT licence")


def fetch_mnist(subset: str = "train") -> Dataset:
    """Fetch MNIST: handwritten digits.

    Parameters
    ----------
    subset : {"train", "test", "all"}

    Returns
    -------
    Dataset
        ``X`` uint8 (60000, 28, 28) to train, (10000, 28, 28) to test, 0 (background) to 255; ``y``
        and ``class_names`` the digit. LeCun, Cortes & Burges (1998), CC BY-SA 3.0. Errors as
        `fetch_fashion_mnist`.
    """
    return _fetch_mnist_like("mnist", MNIST, DIGITS, subset, "LeCun et al., CC BY-SA 3.0")


def fetch_photos(image_size: tuple[int, int] = PHOTO_SIZE) -> Dataset:
    """Fetch the forty photographs of the chapter's denoising experiment.

    Parameters
    ----------
    image_size : (height, width)
        They are about 120 pixels wide; the chapter brings them to 63 by 63.

    Returns
    -------
    Dataset
        ``X`` uint8 (40, height, width, 3), 0 to 255, in the order of their names. From the course
        repository dknife/ML (data/Proj1/40), which states no licence for them. Errors as
        `fetch_fashion_mnist`.
    """
    names = [f"img{number:02d}.jpg" for number in range(1, 41)]
    folder, digest = _photo_folder(names), hashlib.sha256()
    for name in names:
        digest.update((folder / name).read_bytes())
    _require_original(folder, digest.hexdigest(), PHOTOS_SHA256)
    found = images.read(folder, image_size, skip_bad=False)
    described = f"forty photographs: {found.pixels.shape}, 0 to 255; dknife/ML, no licence given"
    return Dataset(found.pixels, row_names=found.names, description=described)


def _photo_folder(names: list[str]) -> Path:
    for place in places():
        if all((place / "photos40" / name).is_file() for name in names):
            return place / "photos40"
    for name in names:
        _download(Remote("photos40", name, PHOTOS, PHOTOS_SHA256))
    return cache() / "photos40"


def _fetch_mnist_like(
    folder: str, address: str, class_names: tuple[str, ...], subset: str, source: str
) -> Dataset:
    parts = {"train": ("train",), "test": ("t10k",), "all": ("train", "t10k")}
    if subset not in parts:
        raise DataNotFoundError(
            f"{folder} has no part {subset!r}: ask for {', '.join(map(repr, parts))}."
        )

    def get(name: str) -> np.ndarray:
        return _idx(Remote(folder, name, address, DIGESTS[folder][name]))

    X = [get(f"{part}-images-idx3-ubyte") for part in parts[subset]]
    y = [get(f"{part}-labels-idx1-ubyte") for part in parts[subset]]
    rows = np.concatenate(X) if len(X) > 1 else X[0]
    described = f"{folder}, {subset}: {rows.shape}, 0 to 255; {source}"
    return Dataset(rows, np.concatenate(y).astype(np.int64), class_names, description=described)


# --- where files are ------------------------------------------------------------------------


def cache() -> Path:
    """Give the folder downloads are kept in."""
    import pooch

    return Path(os.environ.get("JAMJAE_CACHE") or pooch.os_cache("jamjae"))


def places() -> Iterator[Path]:
    """Give the folders that are looked through, in order."""
    if os.environ.get("JAMJAE_DATA"):
        yield Path(os.environ["JAMJAE_DATA"])
    yield cache()
    yield SYSTEM


def _found(remote: Remote) -> Path | None:
    names = (remote.name, f"{remote.name}.gz")
    candidates = (place / remote.folder / name for place in places() for name in names)
    return next((path for path in candidates if path.is_file()), None)


def _idx(remote: Remote) -> np.ndarray:
    path = _found(remote) or _download(remote._replace(name=f"{remote.name}.gz"))
    content = unpacked(path)
    _require_original(path, hashlib.sha256(content).hexdigest(), remote.sha256)
    return parse_idx(content, path)


def _require_original(path: Path, is_digest: str, digest: str) -> None:
    if is_digest != digest:
        raise DataFormatError(
            f"{str(path)!r} is not the original: the SHA-256 of its content is {is_digest}, "
            f"expected {digest}. Delete it to fetch it anew."
        )


def _download(remote: Remote) -> Path:
    import pooch

    folder = cache() / remote.folder
    try:
        return Path(
            pooch.retrieve(
                remote.address + remote.name,
                known_hash=None,  # compressed bytes differ; the content is verified after
                fname=remote.name,
                path=folder,
                downloader=pooch.HTTPDownloader(timeout=30),
            )
        )
    except Exception as error:  # whatever the network layers below pooch raise
        raise DataNotFoundError(_ways(remote, error)) from error


def _ways(remote: Remote, error: Exception) -> str:
    given = os.environ.get("JAMJAE_DATA")
    lines = [
        f"The data {remote.folder!r} were found nowhere and could not be downloaded "
        f"({type(error).__name__}). Looked in "
        + ", ".join(str(place / remote.folder) for place in places())
        + ". Any of these helps:",
        f"  - connect to the network, and try again: {remote.address + remote.name};",
        f"  - put the files into {cache() / remote.folder};",
        f"  - name a folder that has {remote.folder}/{remote.name} in it: set JAMJAE_DATA"
        + (f" (now {given})." if given else "."),
    ]
    if remote.folder == "fashion-mnist":
        lines.append("  - on Debian and Ubuntu: apt install dataset-fashion-mnist.")
    return "\n".join(lines)


# --- by name --------------------------------------------------------------------------------


class Named(NamedTuple):
    """A data set as the command line knows it.

    Attributes
    ----------
    load : callable
        From ``"train"``, ``"test"`` or ``"all"`` to a Dataset.
    summary : str
        What it is, its shape, range and licence.
    files : tuple of str
        What has to be found for it; empty where it comes with a library.
    """

    load: Callable[[str], Dataset]
    summary: str
    files: tuple[str, ...] = ()


def _whole(load: Callable[[], Dataset]) -> Callable[[str], Dataset]:
    def load_subset(subset: str) -> Dataset:
        if subset == "test":
            raise DataNotFoundError(
                "This data set has no part to test with: ask for all of it, or split it."
            )
        return load()

    return load_subset


def _idx_files(folder: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}" for name in DIGESTS[folder])


NAMES: dict[str, Named] = {
    "roll": Named(
        _whole(lambda: make_roll(random_state=0)), "a rolled sheet, (1500, 3); generated"
    ),
    "digits": Named(
        _whole(load_digits), "handwritten digits, (1797, 8, 8), 0 to 16; UCI, CC BY 4.0"
    ),
    "iris": Named(_whole(lambda: _load_table("iris")), "flowers, (150, 4), cm; UCI, CC BY 4.0"),
    "wine": Named(_whole(lambda: _load_table("wine")), "wines, (178, 13); UCI, CC BY 4.0"),
    "breast-cancer": Named(
        _whole(lambda: _load_table("breast_cancer")), "cells, (569, 30); UCI, CC BY 4.0"
    ),
    "fashion-mnist": Named(
        fetch_fashion_mnist,
        "clothes, (60000, 28, 28), 0 to 255; Zalando, MIT licence",
        _idx_files("fashion-mnist"),
    ),
    "mnist": Named(
        fetch_mnist,
        "handwritten digits, (60000, 28, 28), 0 to 255; LeCun et al., CC BY-SA 3.0",
        _idx_files("mnist"),
    ),
    "photos": Named(
        _whole(fetch_photos),
        "photographs, (40, 63, 63, 3), 0 to 255; dknife/ML, no licence given",
        tuple(f"photos40/img{number:02d}.jpg" for number in range(1, 41)),
    ),
}


def load(name: str, subset: str = "train") -> Dataset:
    """Load a data set by its name.

    Parameters
    ----------
    name : str
        A key of `NAMES`.
    subset : {"train", "test", "all"}
        Where a data set has no such parts, the first and the last are all of it.

    Raises
    ------
    DataNotFoundError
        For another name, for a part a data set does not have, or if it cannot be fetched.

    Examples
    --------
    >>> load("iris").X.shape
    (150, 4)
    """
    if name not in NAMES:
        close = difflib.get_close_matches(name, NAMES, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise DataNotFoundError(
            f"There is no data set named {name!r}.{hint} There are {', '.join(NAMES)}."
        )
    return NAMES[name].load(subset)


def available(name: str) -> str | None:
    """Tell where a data set is: ``"built in"``, a folder, or None where it has to be downloaded."""
    files = NAMES[name].files
    if not files:
        return "built in"
    for place in places():
        if all((place / f).is_file() or (place / f"{f}.gz").is_file() for f in files):
            return str((place / files[0]).parent)
    return None
