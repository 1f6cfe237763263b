"""Bytes of compressed clothes and their error, beside PCA and image formats, and how fast.

    make bench ARGS='codec --runs 3'

Codecs are trained on the training images with one seed, once for each aim; speeds are measured so
many times. Every file is one that was written and read: all headers count.
"""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.measuring import Spread, Table
from benchmarks.recipes import clothes_8bit
from jamjae import Codec
from jamjae.evaluation import image_formats
from jamjae.evaluation.image_formats import image_files
from jamjae.labs.lab_12_3_codec import Rival
from jamjae.models.compression.quantization import Wanted

WHITE = 255**2  # errors are those of pixels in [0, 1]; a codec's are of pixels from 0 to 255
EPOCHS, QUICK_EPOCHS = "auto", 2
ROWS, QUICK_ROWS = (60_000, 10_000), (2_000, 500)  # training and test images
TRIED = 500  # images by which a quality is chosen
SPREAD = 10_000  # training images, evenly spread, whose files stand for those of all


class Aim(NamedTuple):
    """What a codec is asked for, and what it is to reach.

    Attributes
    ----------
    settings : dict
        Of `Codec`.
    error, size : float
        The largest mean squared error, and the most bytes an image.
    """

    settings: dict[str, float]
    error: float
    size: float

    @property
    def title(self) -> str:
        (name, value), *_ = self.settings.items()
        return f"mse={value / WHITE:.4g}" if name == "mse" else f"{name}={value:g}"


AIMS = (
    Aim({"bytes_per_row": 17}, 0.0070, 17),
    *(
        Aim({"mse": error * WHITE}, error, size)
        for error, size in ((0.0055, 23), (0.0040, 36), (0.0027, 60))
    ),
)


class Trained(NamedTuple):
    """A codec, and what it makes of the test images."""

    aim: Aim
    codec: Codec
    seconds: float
    data: bytes
    error: float

    @property
    def title(self) -> str:
        return f"{self.aim.title}{', which is PCA' * self.codec.is_pca_}"


def images(learned: int, held: int) -> tuple[np.ndarray, np.ndarray]:
    """Give so many training images and test images, 8-bit."""
    return clothes_8bit(learned, "train"), clothes_8bit(held, "test")


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    train, test = images(*(QUICK_ROWS if quick else ROWS))
    epochs = QUICK_EPOCHS if quick else EPOCHS
    trained = [_trained(aim, train, test, epochs) for aim in AIMS]
    tables = [
        _sizes(trained, train, test),
        _formats(trained, test),
        _speeds(trained, test, runs),
        _whole(trained, train),
    ]
    packages = ("jamjae", "jax", "keras", "constriction", "pillow")
    return tables, {"codec": {name: importlib.metadata.version(name) for name in packages}}


def _trained(aim: Aim, train: np.ndarray, test: np.ndarray, epochs: int | str) -> Trained:
    began = time.perf_counter()
    codec = Codec(**aim.settings, epochs=epochs, random_state=0).fit(train)
    seconds = time.perf_counter() - began
    data = codec.compress(test)
    return Trained(aim, codec, seconds, data, mse(codec.decompress(data), test))


def mse(made: np.ndarray, images: np.ndarray) -> float:
    """Give the mean squared error of pixels in [0, 1]; what is decoded is 8-bit, so clipped."""
    rest = np.subtract(made, images, dtype=np.float64)
    return float(np.mean(np.square(rest, out=rest))) / WHITE


# --- tables ---------------------------------------------------------------------------------


def _sizes(trained: list[Trained], train: np.ndarray, test: np.ndarray) -> Table:
    rival = Rival(train, test, 0)
    rows = []
    for one in trained:
        size = len(one.data) / len(test)
        pca = rival.at(Wanted(error=one.error * WHITE)).size
        missed = size > one.aim.size or one.error > one.aim.error
        goal = f"{one.aim.size:g} at {_short(one.aim.error)}{', missed' * missed}"
        own = len(one.codec.content())
        cells = (f"{size:.2f}", _short(one.error), goal, f"{pca:.1f}", f"{pca / size:.2f}")
        rows.append((one.title, *cells, f"{own:,}", f"{one.seconds:.0f}"))
    head = ("codec", "bytes an image", "MSE", "goal", "PCA, bytes at this MSE", "times as many")
    words = (
        f"The file of {len(test):,} test images, headers included, without the codec; the codec "
        "itself is stored once, by the bytes of the column before the last. PCA has the same "
        "rounding and the same entropy coder, and the ideal length of its codes is given. "
        f"{len(train):,} training images."
    )
    return Table("Test images", (*head, "bytes of the codec", "s to fit"), rows, words)


def _formats(trained: list[Trained], test: np.ndarray) -> Table:
    kinds = [(name, False) for name in image_formats.formats() if name != "PNG"]
    kinds += [("WebP", True)] * (("WebP", False) in kinds)
    rows = []
    for name, together in kinds:
        cells = []
        for one in trained:
            size, error = at_error(test, name, one.error, together=together)
            cells.append(f"{size:.1f} at {_short(error)}")
        rows.append((f"{name}, one file of all" if together else name, *cells))
    plain = image_files(test, "PNG")
    rows.append(("PNG, lossless", *(f"{plain.bytes_per_image:.1f}" for _ in trained)))
    rows.insert(
        0, ("codec", *(f"{len(t.data) / len(test):.1f} at {_short(t.error)}" for t in trained))
    )
    words = (
        "Bytes of an image, at the quality whose MSE is nearest to the codec's: the lowest one "
        "where even that has a smaller MSE."
    )
    return Table("Image formats", ("", *(one.title for one in trained)), rows, words)


def _speeds(trained: list[Trained], test: np.ndarray, runs: int) -> Table:
    rows = []
    for one in trained:
        packing = _rates(runs, len(test), partial(one.codec.compress, test))
        unpacking = _rates(runs, len(test), partial(one.codec.decompress, one.data))
        rows.append((one.title, str(packing), str(unpacking)))
    words = (
        f"Of {len(test):,} test images: images to the bytes of a file, and back to 8-bit images."
    )
    head = ("codec", "compress, images a second", "decompress, images a second")
    return Table("Speed", head, rows, words)


def _rates(runs: int, n: int, call: Callable[[], object]) -> Spread:
    """Give rows a second of a call that was made once before."""
    seconds = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return Spread.of(n / taken for taken in seconds[1:])


def _whole(trained: list[Trained], train: np.ndarray) -> Table:
    some = train[:: max(len(train) // SPREAD, 1)]
    rows = []
    for one in trained:
        data = one.codec.compress(train, embed=True)
        error = mse(one.codec.decompress(data), train)
        size, nearest = at_error(some, "WebP", error)
        half = size * len(train) / 2
        cells = (f"{len(data):,}", _short(error), f"{half:,.0f}", _short(nearest))
        rows.append((one.title, *cells, f"{len(data) / half:.3f}"))
    words = (
        f"One file of the {len(train):,} training images with the codec inside, and half of the "
        f"bytes of as many WebP files, by the mean of {len(some):,} of them."
    )
    head = (
        "codec",
        "bytes of the file",
        "MSE",
        "half of WebP's bytes",
        "MSE of WebP",
        "of that half",
    )
    return Table("Training images, with the codec embedded", head, rows, words)


def at_error(
    images: np.ndarray, name: str, error: float, *, together: bool = False
) -> tuple[float, float]:
    """Give bytes of an image, and the error, at the quality whose error is nearest."""
    few = images[:: max(len(images) // TRIED, 1)]
    low, high = int(name == "JPEG"), 100  # 0 is Pillow's default of a JPEG
    while high - low > 1:
        middle = (low + high) // 2
        tried = image_files(few, name, middle, together=together).images
        low, high = (middle, high) if mse(tried, few) > error else (low, middle)
    found: list[Any] = [image_files(images, name, q, together=together) for q in (low, high)]
    points = [(one.bytes_per_image, mse(one.images, images)) for one in found]
    return min(points, key=lambda point: abs(np.log(max(point[1], 1e-12) / error)))


def _short(error: float) -> str:
    return f"{error:.5f}".lstrip("0")
