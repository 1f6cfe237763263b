"""The shape of rows: flat rows as images, and channels moved to the end."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from jamjae.data.dataset import Dataset
from jamjae.data.numeric import looks_channels_first
from jamjae.data.read_options import ReadOptions
from jamjae.data.rows import Given, LazyRows, row_chunks, value_range
from jamjae.data.sources import MappedRows
from jamjae.errors import InvalidDataError

ENDS = ("first", "last")


def shaped(found: Dataset, options: ReadOptions) -> Dataset:
    """Give rows the shape of ``options.shape``, and put channels last.

    Raises
    ------
    InvalidDataError
        The shape does not hold as many values as a row has, or rows are no numbers.
    """
    if options.channels not in (None, *ENDS):
        raise InvalidDataError(
            f"Cannot read images with channels={options.channels!r}: 'first' or 'last' is expected."
        )
    if options.shape is not None:
        found = _reshaped(found, options.shape)
    return _channels_last(found, options.channels)


def _reshaped(found: Dataset, shape: tuple[int, ...]) -> Dataset:
    X = found.X
    width = math.prod(X.shape[1:])
    if hasattr(X, "iloc") or math.prod(shape) != width:
        what = "columns that are not numbers" if hasattr(X, "iloc") else f"{width} values"
        raise InvalidDataError(
            f"Cannot give rows of {found.description or 'the data'} the shape "
            f"{' x '.join(map(str, shape))}, which holds {math.prod(shape)} values: a row has "
            f"{what}. Give another shape (--shape), or choose the columns of the pixels."
        )
    X, note = _as_pixels(X)
    made = replace(found, X=X.reshape(len(X), *shape), feature_names=())
    return made.noted(f"shape: each row as {' x '.join(map(str, shape))}{note}")


def _as_pixels(X: Given) -> tuple[Given, str]:
    """Make 8-bit pixels of whole numbers from 0 to 255."""
    if X.dtype.kind not in "if" or not len(X):
        return X, ""
    whole = all(_are_whole(X[rows]) for rows in row_chunks(X)) and value_range(X)[1] > 1
    if not whole:
        return X, ""
    made = MappedRows(X, _as_bytes) if isinstance(X, LazyRows) else _as_bytes(X)
    return made, ", 8-bit pixels, as all are whole"


def _are_whole(values: np.ndarray) -> bool:
    return bool(values.min() >= 0 and values.max() <= 255 and (np.rint(values) == values).all())


def _as_bytes(values: np.ndarray) -> np.ndarray:
    return values.astype(np.uint8)


def _moved(images: np.ndarray) -> np.ndarray:
    return np.moveaxis(images, 1, -1)


def _channels_last(found: Dataset, channels: str | None) -> Dataset:
    X = found.X
    if channels == "last" or getattr(X, "ndim", 0) != 4:
        return found
    if channels is None and not looks_channels_first(X.shape):
        return found
    how = (
        "" if channels else ", as their shape suggests (channels='last', --channels last keeps it)"
    )
    note = f"channels: {X.shape[1]} moved from the first axis of each image to the last{how}"
    moved = MappedRows(X, _moved) if isinstance(X, LazyRows) else _moved(X)
    return replace(found, X=moved).noted(note)
