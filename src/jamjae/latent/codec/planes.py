"""Images of 8 or 16 bits as planes of 8 bits, and back."""

from __future__ import annotations

import numpy as np

from jamjae.errors import InvalidDataError, ShapeMismatchError

MOST_CHANNELS = 16
MOST_VALUES = 1 << 27  # of an image, of which each takes a moment and a byte or two


def checked(rows: np.ndarray) -> np.ndarray:
    """Give images as an array with channels."""
    given = np.asarray(rows)
    if given.dtype not in (np.uint8, np.uint16) or given.ndim not in (3, 4) or not given.size:
        raise InvalidDataError(
            f"Cannot code an array of shape {given.shape} and dtype {given.dtype} without loss. "
            "Images of 8 or 16 bits, (n, rows, columns) or (n, rows, columns, channels), are "
            "expected."
        )
    images = given if given.ndim == 4 else given[..., None]
    if images.shape[3] > MOST_CHANNELS // 2 or images[0].size > MOST_VALUES:
        raise InvalidDataError(
            f"Cannot code images of shape {images.shape[1:]}: at most {MOST_CHANNELS // 2} "
            f"channels and {MOST_VALUES:,} values are expected."
        )
    return images


def as_images(predictions: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Give predictions of images in their shape, as values that these may have."""
    given = np.asarray(predictions)
    if given.size != images.size:
        raise ShapeMismatchError(
            f"Predictions of shape {given.shape} were given for images of shape {images.shape}."
        )
    return np.clip(given.reshape(images.shape), 0, (1 << 16) - 1)


def split(images: np.ndarray, low_bits: int) -> np.ndarray:
    """Give channels, each as high and low bits where there are low ones: (n, planes, ...)."""
    planes = np.moveaxis(np.clip(images, 0, (256 << low_bits) - 1), 3, 1)
    if not low_bits:
        return planes.astype(np.uint8)
    halves = np.stack([planes >> low_bits, planes & ((1 << low_bits) - 1)], axis=2)
    return halves.reshape(len(planes), -1, *planes.shape[2:]).astype(np.uint8)


def joined(planes: np.ndarray, low_bits: int) -> np.ndarray:
    """Reverse `split`."""
    if low_bits:
        high, low = planes[:, ::2].astype(np.int64), planes[:, 1::2].astype(np.int64)
        return np.moveaxis((high << low_bits) + low, 1, 3).astype(np.uint16)
    return np.moveaxis(planes, 1, 3).astype(np.uint8)
