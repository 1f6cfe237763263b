"""Named data: generated, shipped with scikit-learn, or fetched, cached and verified.

Files are found, downloaded and verified by `jamjae.data.download`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal, NamedTuple, Protocol, cast, overload

import numpy as np

from jamjae.data import download
from jamjae.data.bundled import DIGITS, XY, load_digits, load_table, make_roll
from jamjae.data.dataset import Dataset
from jamjae.data.download import Remote, cache
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import idx, images
from jamjae.data.readers.folders import Entry
from jamjae.errors import DataNotFoundError, did_you_mean

__all__ = [
    "NAMES",
    "Dataset",
    "Named",
    "available",
    "cache",
    "fetch_fashion_mnist",
    "fetch_mnist",
    "fetch_photos",
    "load",
    "load_digits",
    "make_roll",
]

PHOTO_SIZE = (63, 63)
PARTS = {"train": ("train",), "test": ("t10k",), "all": ("train", "t10k")}
WHOLE = ("train", "all")  # parts of data without a test part
ROLL_SEEDS = {"train": (0,), "test": (1,), "all": (0, 1)}
FASHION = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"
MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
PHOTOS = "https://raw.githubusercontent.com/dknife/ML/main/data/Proj1/40/"
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


# --- fetched --------------------------------------------------------------------------------


class _OfSubset(Protocol):
    """A function of a subset, which returns a Dataset unless arrays are asked for."""

    @overload
    def __call__(self, subset: str = ..., *, return_X_y: Literal[False] = ...) -> Dataset: ...

    @overload
    def __call__(self, subset: str = ..., *, return_X_y: Literal[True]) -> XY: ...


def _of_subset(fetch: Callable[..., Dataset | XY]) -> _OfSubset:
    """State the type of a function, which is returned as it is."""
    return cast("_OfSubset", fetch)


@_of_subset
def fetch_fashion_mnist(subset: str = "train", *, return_X_y: bool = False) -> Dataset | XY:
    """Fetch Fashion-MNIST: images of clothes in ten classes.

    Parameters
    ----------
    subset : {"train", "test", "all"}
    return_X_y : bool, default=False
        Return ``(X, y)`` in place of a Dataset.

    Returns
    -------
    Dataset or tuple of arrays
        ``X`` uint8 (60000, 28, 28) to train, (10000, 28, 28) to test, 0 (background) to 255; ``y``
        and ``class_names`` the kind of clothing. Zalando Research (Xiao, Rasul & Vollgraf 2017),
        MIT license.

    Raises
    ------
    DataNotFoundError
        It was not found and cannot be downloaded.
    DataFormatError
        A file that was found is not the original.
    """
    found = _fetch_mnist_like("fashion-mnist", FASHION, CLOTHES, subset, "Zalando, MIT license")
    return (found.X, found.y) if return_X_y else found


@_of_subset
def fetch_mnist(subset: str = "train", *, return_X_y: bool = False) -> Dataset | XY:
    """Fetch MNIST: handwritten digits.

    Parameters
    ----------
    subset : {"train", "test", "all"}
    return_X_y : bool, default=False
        Return ``(X, y)`` in place of a Dataset.

    Returns
    -------
    Dataset or tuple of arrays
        ``X`` uint8 (60000, 28, 28) to train, (10000, 28, 28) to test, 0 (background) to 255; ``y``
        and ``class_names`` the digit. LeCun, Cortes & Burges (1998), CC BY-SA 3.0. Errors as
        `fetch_fashion_mnist`.
    """
    found = _fetch_mnist_like("mnist", MNIST, DIGITS, subset, "LeCun et al., CC BY-SA 3.0")
    return (found.X, found.y) if return_X_y else found


@overload
def fetch_photos(
    image_size: tuple[int, int] = ..., *, return_X_y: Literal[False] = ...
) -> Dataset: ...


@overload
def fetch_photos(image_size: tuple[int, int] = ..., *, return_X_y: Literal[True]) -> XY: ...


def fetch_photos(
    image_size: tuple[int, int] = PHOTO_SIZE, *, return_X_y: bool = False
) -> Dataset | XY:
    """Fetch the forty photographs of the chapter's denoising experiment.

    Parameters
    ----------
    image_size : (height, width)
        They are about 120 pixels wide; the chapter brings them to 63 by 63.
    return_X_y : bool, default=False
        Return ``(X, None)`` in place of a Dataset: photographs have no classes.

    Returns
    -------
    Dataset or tuple of arrays
        ``X`` uint8 (40, height, width, 3), 0 to 255, in the order of their names. From the course
        repository dknife/ML (data/Proj1/40), which states no license for them. Errors as
        `fetch_fashion_mnist`.
    """
    files = [download.fetch(photo)[0] for photo in _photos()]
    entries = [Entry.of(file) for file in files]
    pixels = images.stack(entries, ReadOptions(image_size=image_size, lazy=False)).pixels
    described = f"forty photographs: {pixels.shape}, 0 to 255; dknife/ML, no license given"
    found = Dataset(pixels, index=tuple(file.name for file in files), description=described)
    return (found.X, found.y) if return_X_y else found


def _photos() -> list[Remote]:
    names = (f"img{number:02d}.jpg" for number in range(1, 41))
    return [Remote("photos40", name, PHOTOS, packed=False) for name in names]


def _fetch_mnist_like(
    folder: str, address: str, class_names: tuple[str, ...], subset: str, source: str
) -> Dataset:
    _require_part(folder, subset, PARTS)

    def get(what: str) -> np.ndarray:
        remotes = [Remote(folder, f"{part}-{what}-ubyte", address) for part in PARTS[subset]]
        arrays = [idx.parse(content, path) for path, content in map(download.fetch, remotes)]
        return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]

    X, y = get("images-idx3"), get("labels-idx1").astype(np.int64)
    return Dataset(
        X, y, class_names, description=f"{folder}, {subset}: {X.shape}, 0 to 255; {source}"
    )


def _require_part(name: str, subset: str, parts: Iterable[str]) -> None:
    if subset not in parts:
        raise DataNotFoundError(
            f"Cannot load the part {subset!r} of {name}: it has {', '.join(map(repr, parts))}. "
            "Load one of these, or load all and split it."
        )


# --- by name --------------------------------------------------------------------------------


class Named(NamedTuple):
    """A named data set.

    Attributes
    ----------
    load : callable
        From ``"train"``, ``"test"`` or ``"all"`` to a Dataset.
    summary : str
        Content, shape, range, source and license in one line.
    files : tuple of Remote
        The files it needs; empty if it is generated or comes with a library.
    parts : tuple of str
        The parts that `load` accepts.
    """

    load: Callable[[str], Dataset]
    summary: str
    files: tuple[Remote, ...] = ()
    parts: tuple[str, ...] = ("train", "test", "all")


def _whole(name: str, load: Callable[[], Dataset]) -> Callable[[str], Dataset]:
    """Return a loader of data without a test part: ``"train"`` is all of them."""

    def load_subset(subset: str) -> Dataset:
        _require_part(name, subset, WHOLE)
        return load()

    return load_subset


def _roll(subset: str) -> Dataset:
    """Generate two rolls from different seeds, for training and test."""
    _require_part("roll", subset, PARTS)
    rolls = [make_roll(random_state=seed) for seed in ROLL_SEEDS[subset]]
    return replace(
        rolls[0],
        X=np.concatenate([roll.X for roll in rolls]),
        colors=np.concatenate([roll.colors for roll in rolls if roll.colors is not None]),
        description=f"roll, {subset}: ({1500 * len(rolls)}, 3), about -1.5 to 1.5; generated",
    )


def _files(folder: str, address: str) -> tuple[Remote, ...]:
    ends = ("images-idx3-ubyte", "labels-idx1-ubyte")
    return tuple(Remote(folder, f"{part}-{end}", address) for part in PARTS["all"] for end in ends)


NAMES: dict[str, Named] = {
    "roll": Named(_roll, "a rolled sheet, (1500, 3), about -1.5 to 1.5; generated"),
    "digits": Named(
        _whole("digits", load_digits),
        "handwritten digits, (1797, 8, 8), 0 to 16; UCI, CC BY 4.0",
        parts=WHOLE,
    ),
    "iris": Named(
        _whole("iris", lambda: load_table("iris")),
        "flowers, (150, 4), 0.1 to 7.9 cm; UCI, CC BY 4.0",
        parts=WHOLE,
    ),
    "wine": Named(
        _whole("wine", lambda: load_table("wine")),
        "wines, (178, 13), 0.13 to 1680, several units; UCI, CC BY 4.0",
        parts=WHOLE,
    ),
    "breast-cancer": Named(
        _whole("breast-cancer", lambda: load_table("breast_cancer")),
        "cells, (569, 30), 0 to 4254, several units; UCI, CC BY 4.0",
        parts=WHOLE,
    ),
    "fashion-mnist": Named(
        fetch_fashion_mnist,
        "clothes, (60000, 28, 28), 0 to 255; Zalando, MIT license",
        _files("fashion-mnist", FASHION),
    ),
    "mnist": Named(
        fetch_mnist,
        "handwritten digits, (60000, 28, 28), 0 to 255; LeCun et al., CC BY-SA 3.0",
        _files("mnist", MNIST),
    ),
    "photos": Named(
        _whole("photos", fetch_photos),
        "photographs, (40, 63, 63, 3), 0 to 255; dknife/ML, no license given",
        tuple(_photos()),
        WHOLE,
    ),
}


def load(name: str, subset: str = "train") -> Dataset:
    """Load a data set by its name.

    Parameters
    ----------
    name : str
        A key of `NAMES`.
    subset : {"train", "test", "all"}
        ``"all"`` is the training rows followed by the test rows. Digits, photographs and the
        tables have no test part: ``"train"`` is all of them.

    Raises
    ------
    DataNotFoundError
        The name is unknown, the data set has no such part, or it cannot be fetched.
    DataFormatError
        A file that was found is not the original.

    Examples
    --------
    >>> load("iris").X.shape
    (150, 4)
    """
    return _named(name).load(subset)


def available(name: str) -> str | None:
    """Return where a data set is: ``"built in"``, a folder, or None if it is not downloaded.

    Raises
    ------
    DataNotFoundError
        The name is not a key of `NAMES`.
    """
    files = _named(name).files
    if not files:
        return "built in"
    found = [download.find(file) for file in files]
    return None if None in found else str(found[0].parent)  # type: ignore[union-attr]


def _named(name: str) -> Named:
    if name not in NAMES:
        hint = did_you_mean(name, NAMES)
        raise DataNotFoundError(
            f"Cannot load the data set {name!r}: there is no data set of that name.{hint} "
            f"Known names are {', '.join(NAMES)}."
        )
    return NAMES[name]
