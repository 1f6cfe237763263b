"""The data of the labs: the chapter's, or the user's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jamjae.data import catalog, reading
from jamjae.data.dataset import Dataset
from jamjae.errors import DataNotFoundError, InvalidDataError

if TYPE_CHECKING:
    from jamjae.labs.settings import Settings

CHAPTER = "fashion-mnist"
HELD_OUT = 5  # every fifth row is held out where data have no test part
FEWEST = 10  # photographs
LEARNED = 0.75  # share of a user's photographs for training, as the chapter's 30 of 40
PHOTO_SIZE = (63, 63)
PLACES = (3, 5)  # pieces of a photograph that comes with scikit-learn: rows, columns


class Halves(NamedTuple):
    """Training rows and test rows."""

    train: Dataset
    test: Dataset


def rows(settings: Settings, most: tuple[int, int]) -> Halves:
    """Load Fashion-MNIST, or the data that the settings name, in two parts.

    Parameters
    ----------
    settings : Settings
    most : (int, int)
        Maximum number of rows of each part.

    Raises
    ------
    DataNotFoundError
        The data are not found; for the chapter's, the message says what to do.
    InvalidDataError
        There are fewer than ten rows.
    """
    name = settings.data or CHAPTER
    try:
        train, test = _halves(name, settings.label)
    except DataNotFoundError as error:
        if settings.data:
            raise
        raise DataNotFoundError(
            f"{error}\n  - run the lab on the digits that come with scikit-learn: --data digits."
        ) from error
    if len(train.X) + len(test.X) < FEWEST:
        raise InvalidDataError(
            f"A lab needs at least {FEWEST} rows, but {name} has {len(train.X) + len(test.X)}."
        )
    return Halves(_first(train, most[0]), _first(test, most[1]))


def _halves(name: str, label: str | None) -> Halves:
    if name in catalog.NAMES:
        if "test" in catalog.NAMES[name].parts:
            return Halves(catalog.load(name, "train"), catalog.load(name, "test"))
        return _parted(catalog.load(name))
    if Path(name).exists() or "/" in name:
        return _parted(reading.read(name, label=label))
    return Halves(catalog.load(name), catalog.load(name))  # which raises, with the nearest name


def _parted(found: Dataset) -> Halves:
    held = np.arange(len(found.X)) % HELD_OUT == HELD_OUT - 1
    return Halves(found.take(np.flatnonzero(~held)), found.take(np.flatnonzero(held)))


def _first(found: Dataset, most: int) -> Dataset:
    return found if len(found.X) <= most else found.take(slice(most))


def components(asked: int, row_shape: Sequence[int]) -> int:
    """Give the number of components: as asked, or a smaller square number for small rows.

    It is at most a quarter of the number of features, so that something is compressed.

    Examples
    --------
    >>> components(64, (28, 28)), components(64, (8, 8)), components(25, (8, 8))
    (64, 9, 4)
    """
    most = math.prod(row_shape) // 4
    if asked <= most:
        return asked
    return max(math.isqrt(int(most * min(asked / 100, 1.0))), 1) ** 2


# --- photographs ----------------------------------------------------------------------------


def photographs(settings: Settings, most: tuple[int, int]) -> Halves:
    """Load the chapter's 30 photographs and 10 more, or three quarters and one of the user's.

    Each part has `most` photographs at most. Where the chapter's photographs are not found, pieces
    of scikit-learn's two photographs replace them.

    Raises
    ------
    DataNotFoundError
        The folder holds no images.
    InvalidDataError
        It holds fewer than ten.
    """
    if settings.images is not None:
        found = reading.read(settings.images, image_size=PHOTO_SIZE, skip_bad=True)
        if len(found.X) < FEWEST:
            raise InvalidDataError(
                f"Learning to remove noise needs at least {FEWEST} photographs, but "
                f"{str(settings.images)!r} holds {len(found.X)}."
            )
        found = replace(found, X=_in_color(found.X))
    else:
        try:
            found = catalog.load("photos")
        except DataNotFoundError:
            found = pieces_of_photographs()
    learned = round(len(found.X) * LEARNED)
    halves = found.take(slice(learned)), found.take(slice(learned, None))
    return Halves(*map(_first, halves, most))


def _in_color(X: np.ndarray) -> np.ndarray:
    return X if X.ndim == 4 else np.repeat(X[..., None], 3, axis=-1)


def pieces_of_photographs() -> Dataset:
    """Cut scikit-learn's two photographs, at half their size, into pieces that do not overlap."""
    from skimage.transform import downscale_local_mean
    from sklearn.datasets import load_sample_images

    side = PHOTO_SIZE[0]
    pieces = []
    for photo in load_sample_images().images:
        small = downscale_local_mean(photo, (2, 2, 1)).astype(np.uint8)
        tops, lefts = (
            np.linspace(0, length - side, count).astype(int)
            for length, count in zip(small.shape, PLACES, strict=False)
        )
        pieces += [small[top : top + side, left : left + side] for top in tops for left in lefts]
    order = np.random.RandomState(0).permutation(len(pieces))
    text = f"{len(pieces)} pieces of the two photographs that come with scikit-learn"
    return Dataset(np.stack(pieces)[order], description=text)
