"""LAB 12-3, made real: images compressed to bytes, beside image formats and PCA."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.decomposition import PCA

from jamjae import Codec, plotting
from jamjae.evaluation import evaluate_reconstruction, image_formats, pixel_range, reconstruct
from jamjae.evaluation.evaluating import clipped
from jamjae.labs import lab_12_3_mlp
from jamjae.labs.notebook import Notebook
from jamjae.models.compression.quantization import Wanted
from jamjae.models.compression.rounded import rounded

AIMS = 10, 20, 40  # bytes of an image
QUALITIES = {"WebP": (0, 10, 20, 40), "JPEG": (1, 10, 20, 40), "AVIF": (0, 10, 20, 40)}
MOST_COMPONENTS = 512  # of PCA: those that a step leaves nothing of take no bits
TEST_ROWS = 2_000  # test rows
COUNTED = 10_000  # training rows whose codes tables are made of, at most about
FLOAT = 4  # bytes of a 32-bit number
SHOWN = 10  # images
CHAPTER = "the chapter's dense network"
SMALLEST = "WebP", "0"


class Point(NamedTuple):
    """Compressed test rows: mean bytes of a row, and what comes back."""

    size: float
    rows: np.ndarray


Points = dict[tuple[str, str], Point]  # by method, and its setting
ALIKE = "as the chapter"  # the setting of the chapter's error


def run(lab: Notebook) -> None:
    """Compress images to bytes, at the chapter's error and along the curve."""
    lab.section("The data")
    train, test = lab.rows()
    X, test_rows = train.X, test.X[: lab.few(TEST_ROWS, 100)]
    k = lab.components(lab_12_3_mlp.COMPONENTS, X.shape[1:])

    lab.section("The chapter's network")
    lab.say(
        "The chapter compresses a row to {k} components. Each is a 32-bit number, so a code takes "
        "{size} bytes.",
        k=k,
        size=FLOAT * k,
    )
    dense = lab.fit_chapter(CHAPTER, lab_12_3_mlp.chapter, k, lab_12_3_mlp.EPOCHS, X)
    points: Points = {(CHAPTER, ""): Point(FLOAT * k, reconstruct(dense, test_rows))}
    error = mse(points[CHAPTER, ""], test_rows) * pixel_range(X.dtype) ** 2  # in the data's units

    lab.section("Codecs")
    lab.say(
        "A codec is trained for few bytes and a small error together. Its codes are rounded to "
        "whole numbers, and a model of the codes gives the number of bits that each of them takes. "
        "One codec is asked for the error of the chapter's network, the others for a number of "
        "bytes."
    )
    aims = [aim * k / lab_12_3_mlp.COMPONENTS for aim in (AIMS[1:2] if lab.quick else AIMS)]
    options: dict[str, Any] = {
        "random_state": lab.seed,
        **({"epochs": 2, "network": ()} if lab.quick else {}),
    }
    same = lab.fit(f"Codec, {ALIKE}", Codec(mse=error, **options), X)
    points["Codec", ALIKE] = compressed(same, test_rows)
    for aim in aims:
        codec = lab.fit(f"Codec {aim:g}", Codec(bytes_per_row=aim, **options), X)
        points["Codec", f"{aim:g}"] = compressed(codec, test_rows)

    lab.section("At the chapter's error")
    rival = Rival(X, test_rows, lab.seed)
    points["PCA", ALIKE] = rival.at(Wanted(error=error))
    points |= {("PCA", f"{aim:g}"): rival.at(Wanted(bits=8.0 * aim)) for aim in aims}
    points |= files(test_rows)
    table(lab, points, test_rows, {(CHAPTER, ""), ("Codec", ALIKE), ("PCA", ALIKE), SMALLEST})
    lab.say(
        "Bytes are those of a file of {n} test rows with its headers, divided by their number. "
        "PCA has the same rounding and the same entropy coder, and the ideal length of its codes "
        "counts. What decoding needs of the codec itself is not counted: its file of {content} "
        "bytes is stored once. The components of the chapter's network are neither rounded nor "
        "coded.",
        n=f"{len(test_rows):,}",
        content=f"{len(same.content()):,}",
    )

    lab.section("Bytes and errors")
    curves(lab, points, test_rows)
    if image_formats.are_images(test_rows):
        images(lab, points, test_rows, aims)


def compressed(codec: Codec, X: np.ndarray) -> Point:
    """Compress rows to a file, and decode it."""
    data = codec.compress(X)
    return Point(len(data) / len(X), codec.decompress(data))


class Rival:
    """PCA, whose codes are rounded and entropy coded.

    Parameters
    ----------
    X, test_rows : arrays of shape (n, ...)
        Training and test rows.
    seed : int
    """

    def __init__(self, X: np.ndarray, test_rows: np.ndarray, seed: int) -> None:
        flat = X.reshape(len(X), -1)
        self.test_rows = test_rows
        self.pca = PCA(min(MOST_COMPONENTS, *flat.shape), random_state=seed).fit(flat)
        self.codes = self.pca.transform(flat[:: max(len(flat) // COUNTED, 1)])

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Reconstruct rows."""
        made = self.pca.inverse_transform(codes).reshape(-1, *self.test_rows.shape[1:])
        return clipped(made, self.test_rows.dtype)

    def at(self, wanted: Wanted) -> Point:
        """Give the point of as many bits, or as small an error."""
        codes = self.pca.transform(self.test_rows.reshape(len(self.test_rows), -1))
        found = rounded(self.codes, codes, self.decode, self.test_rows, wanted)
        if found is None:  # an error that even codes of 30 bits do not have
            return Point(FLOAT * codes.shape[1], self.decode(codes))
        return Point(found.bytes_per_row, self.decode(found.codes))


def files(test_rows: np.ndarray) -> Points:
    """Write images as files of other formats, one for each; and as one WebP file."""
    if not image_formats.are_images(test_rows):
        return {}
    found: Points = {}
    for name in image_formats.formats():
        for quality in QUALITIES.get(name, (None,)):
            made = image_formats.image_files(test_rows, name, quality)
            found[name, "" if quality is None else str(quality)] = Point(*made)
    for quality in QUALITIES["WebP"] * (SMALLEST in found):
        made = image_formats.image_files(test_rows, "WebP", quality, together=True)
        found["WebP, one file", str(quality)] = Point(*made)
    return found


def mse(point: Point, X: np.ndarray) -> float:
    """Give the error of what comes back; 8-bit values count from 0 to 1."""
    return evaluate_reconstruction(X, point.rows, image_metrics=False).mse


def table(lab: Notebook, points: Points, X: np.ndarray, chosen: Collection[Any]) -> None:
    """Add a table of some points."""
    lab.results(
        {
            " ".join(key).strip(): {"bytes per row": point.size, "MSE, test rows": mse(point, X)}
            for key, point in points.items()
            if key in chosen
        },
        better={},
    )


def curves(lab: Notebook, points: Points, X: np.ndarray) -> None:
    """Draw errors over bytes, and add them as a table."""
    drawn: dict[str, list[tuple[float, float]]] = {}
    for (method, _), point in points.items():
        error = mse(point, X)
        if error and method not in image_formats.LOSSLESS:
            drawn.setdefault(lab.label(method), []).append((point.size, error))
    lab.figure(
        "curves",
        plotting.rate_curves(drawn, xlabel=lab.label("bytes per row")),
        "Error over bytes: lower and further left is better.",
    )
    lab.say(
        "In the table, the number after a format is its quality; after Codec and PCA it is the "
        "requested bytes. Image formats write a file with a header for each image. As images of "
        "this size are hardly larger than such a header, WebP is also given all images side by "
        "side in one file. PNG is lossless."
    )
    table(lab, points, X, points)
    pixels = pixel_range(X.dtype) > 1
    unit = "pixels in [0, 1]" if pixels else "in squared units of the data"
    lab.say("MSE is the mean squared error per value ({unit}).", unit=lab.words(unit))


def images(lab: Notebook, points: Points, X: np.ndarray, aims: Sequence[float]) -> None:
    """Draw images of a few bytes beside those of PCA and the smallest of WebP."""
    keys = [*(("Codec", f"{aim:g}") for aim in aims), ("PCA", f"{aims[-1]:g}")]
    shown = {key: points[key] for key in keys}
    shown |= {SMALLEST: points[SMALLEST]} if SMALLEST in points else {}
    labels = [lab.label("original")]
    for (method, _), point in shown.items():
        size = lab.label("{size} bytes", size=f"{point.size:.3g}")
        labels.append(f"{lab.label(method)}, {size}  MSE {mse(point, X):.3g}")
    low, high = (0, 255) if X.dtype == np.uint8 else (float(X.min()), float(X.max()))
    drawn = plotting.image_grid(
        [X[:SHOWN], *(point.rows[:SHOWN] for point in shown.values())],
        row_labels=labels,
        data_range=(low, high),
    )
    lab.figure(
        "images",
        drawn,
        "Test images and their reconstructions; the last row is the smallest that WebP can write.",
    )
