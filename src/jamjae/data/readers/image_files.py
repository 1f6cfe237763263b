"""Image files as rows: decoded in their turn, and brought to one size and one kind."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import PurePosixPath
from threading import Lock
from typing import NamedTuple

import numpy as np

from jamjae.data import memory
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import folders, pixels
from jamjae.data.readers.folders import Entry
from jamjae.data.readers.image_notes import TO_GRAY
from jamjae.data.readers.pixels import Frame, Kind
from jamjae.data.rows import Given, LazyRows
from jamjae.data.sources import ImageRows, MappedRows
from jamjae.errors import DataFormatError, InvalidDataError, brief

QUIET = Lock()  # of the filters of warnings, which belong to the process


class Found(NamedTuple):
    """What was found when all images were decoded: names of bad ones, and changes of others."""

    bad: list[str]
    changes: Counter[str]


class Place(NamedTuple):
    """Where a row is: a frame of a file, and the size of its first one, if all were read."""

    entry: Entry
    number: int
    size: tuple[int, int] | None


def is_lazy(needed: int, count: int, options: ReadOptions) -> bool:
    """Whether so many images, of so many bytes together, are left in their files."""
    lazy = options.lazy is True or (
        options.lazy == "auto" and memory.is_large(needed, memory.IMAGE_SHARE)
    )
    return lazy and not memory.is_large(needed // count)


def in_files(
    files: Sequence[tuple[Entry, Kind, int]],
    shape: tuple[int, ...],
    dtype: np.dtype,
    options: ReadOptions,
) -> tuple[ImageRows, Found]:
    """Make rows of files, what their headers say, and the number of their frames.

    They are decoded once if bad ones are to be skipped, as only then these are known.
    """
    sized = options.image_size is None
    frames = [
        Place(entry, number, kind.size if sized and not number else None)
        for entry, kind, count in files
        for number in range(count)
    ]
    decode = partial(decoded, shape=shape[1:], dtype=dtype, options=options)
    found = Found([], Counter())
    for entry, number, _ in frames if options.skip_bad else ():
        with bad_ones(entry, found.bad, options):
            row = np.empty(shape[1:], dtype)
            found.changes.update(put(_frame(entry, number, options), row))
    return ImageRows(frames, decode, shape[1:], dtype), found


def decoded(
    place: Place, shape: tuple[int, ...], dtype: np.dtype, options: ReadOptions
) -> np.ndarray:
    """Read one frame of a file as a row, in any thread."""
    row = np.empty(shape, dtype)
    try:
        row[...] = _fitted(_pixels(place, options), row)
    except (MemoryError, InvalidDataError):
        raise
    except Exception as error:  # decoders may raise anything on damaged bytes
        raise DataFormatError(
            f"Cannot read the image {place.entry.name!r}: {_reason(place.entry, error)}. It was "
            "there when its folder was opened: repair it, or read the images again (with "
            "skip_bad=True, --skip-bad, to leave damaged ones out)."
        ) from error
    return row


def _pixels(place: Place, options: ReadOptions) -> np.ndarray:
    with place.entry.open() as file:
        found = None if place.number else pixels.plain(file)
    if found is None:
        with QUIET, _quiet():
            found = _frame(place.entry, place.number, options).pixels
    if place.size is not None and place.size != found.shape[:2]:
        now, then = (" x ".join(map(str, size)) for size in (found.shape[:2], place.size))
        raise ValueError(f"it has {now} pixels, and had {then} when it was opened")
    return found


def _frame(entry: Entry, number: int, options: ReadOptions) -> Frame:
    with entry.open() as file:
        return next(islice(pixels.frames(file, options.background), number, None))


def framed(entry: Entry, number: int, count: int) -> str:
    """Name a frame."""
    return entry.name if count == 1 else f"{entry.name}#{number}"


def put(frame: Frame, row: np.ndarray) -> Counter[str]:
    """Put a frame into its row, and count what was done to its colors."""
    row[...] = _fitted(frame.pixels, row)
    return Counter({frame.change: 1, TO_GRAY: int(frame.pixels.ndim > row.ndim)})


def _fitted(values: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Bring one image to the depth, the channels and the size of all."""
    if row.dtype == np.uint16 and values.dtype == np.uint8:
        values = values.astype(np.uint16) * np.uint16(257)
    if row.ndim == 3 and values.ndim == 2:
        values = np.repeat(values[..., None], row.shape[2], axis=2)
    if row.ndim == 2 and values.ndim == 3:
        values = _in_channels(values[None], color=False)[0]
    if values.shape[2:] != row.shape[2:]:
        raise ValueError(f"it has {values.shape[2]} channels, and others have {row.shape[2]}")
    return pixels.resized(values, (row.shape[0], row.shape[1]))


@contextmanager
def bad_ones(entry: Entry, skipped: list[str], options: ReadOptions) -> Iterator[None]:
    """Name an image that cannot be read, or skip it."""
    try:
        with _quiet():
            yield
    except (MemoryError, InvalidDataError):
        raise
    except Exception as error:  # decoders may raise anything on damaged bytes
        if not options.skip_bad:
            raise DataFormatError(
                f"Cannot read the image {entry.name!r}: {_reason(entry, error)}. Repair or remove "
                "it, or skip damaged images (skip_bad=True, or --skip-bad on the command line)."
            ) from error
        skipped.append(entry.name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Pass over warnings: damaged EXIF data, for example, do not affect pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _reason(entry: Entry, error: Exception) -> str:
    """Say why an image cannot be read."""
    if isinstance(error, FileNotFoundError):
        return "it is gone"
    if isinstance(error, PermissionError):
        return "reading it is not permitted"
    try:
        with entry.open() as file:
            empty = not file.read(1)
    except Exception:  # noqa: BLE001 - it cannot even be opened, as the error says
        return brief(error)
    if empty:
        return "the file is empty"
    if PurePosixPath(entry.name).suffix.lower() in folders.HEIC and not folders.reads_heic():
        return "HEIC needs pillow-heif (pip install pillow-heif)"
    unknown = type(error).__name__ == "UnidentifiedImageError"
    return "it is not an image of a known kind, or damaged" if unknown else brief(error)


def in_channels(X: Given, color: bool) -> Given:
    """Convert 8-bit images to gray (n, h, w) or color (n, h, w, 3).

    Gray is ITU-R 601-2 luma, as in Pillow: ``0.299 R + 0.587 G + 0.114 B``.
    """
    if isinstance(X, LazyRows):
        same = (X.ndim == 4) == color
        return X if same else MappedRows(X, partial(_in_channels, color=color))
    return _in_channels(X, color)


def _in_channels(X: np.ndarray, color: bool) -> np.ndarray:
    if X.ndim == 3 and color:
        return np.repeat(X[..., None], 3, axis=-1)
    if X.ndim == 4 and not color:
        return np.rint(X @ np.array([0.299, 0.587, 0.114])).astype(X.dtype)
    return X
