"""Images as files of general formats: how many bytes they take, and what comes back."""

from __future__ import annotations

import io
import math
from typing import Any, NamedTuple

import numpy as np

from jamjae.errors import InvalidDataError, MissingDependencyError

# What makes files small; pixels are gray or RGB.
OPTIONS: dict[str, dict[str, Any]] = {
    "WebP": {"method": 6},
    "JPEG": {"optimize": True},
    "AVIF": {"speed": 6},
    "PNG": {"optimize": True},
}
LOSSLESS = ("PNG",)


class ImageFiles(NamedTuple):
    """Images as files.

    Attributes
    ----------
    bytes_per_image : float
        Mean size of a file, headers included.
    images : array of shape (n, h, w) or (n, h, w, c)
        What the files hold, in the units of the images; of the shape and dtype that was given.
    """

    bytes_per_image: float
    images: np.ndarray


def formats() -> tuple[str, ...]:
    """Name the formats that the installed Pillow writes."""
    from PIL import features

    return tuple(
        name for name in OPTIONS if name in ("JPEG", "PNG") or features.check(name.lower())
    )


def are_images(rows: np.ndarray) -> bool:
    """Whether rows are gray or RGB images, which these formats hold."""
    return rows.ndim == 3 or (rows.ndim == 4 and rows.shape[-1] in (1, 3))


def image_files(
    images: np.ndarray, name: str, quality: int | None = None, *, together: bool = False
) -> ImageFiles:
    """Write images into files in memory, and read them.

    Parameters
    ----------
    images : array of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3)
        Of another type than uint8: their range is mapped to 0..255 for the files, and back.
    name : {"WebP", "JPEG", "AVIF", "PNG"}
    quality : int, optional
        From 0 (smallest) to 100; None for a lossless format.
    together : bool, default=False
        Write one file of all images side by side in place of one for each, so that they share its
        headers.

    Returns
    -------
    ImageFiles

    Raises
    ------
    InvalidDataError
        The rows are no images, or there is no such format.
    MissingDependencyError
        The installed Pillow is without this format.
    """
    if name not in OPTIONS or not are_images(images) or not len(images):
        raise InvalidDataError(
            f"image_files received the format {name!r} and rows of shape {images.shape}; expected "
            f"one of {', '.join(OPTIONS)} and gray or RGB images."
        )
    if name not in formats():
        raise MissingDependencyError(f"This Pillow writes no {name} files. Install a newer Pillow.")
    options = {**OPTIONS[name], **({} if quality is None else {"quality": quality})}
    low, high = _range(images)
    pixels = np.rint((images.astype(np.float64) - low) * (255.0 / (high - low))).astype(np.uint8)
    plain = pixels[..., 0] if pixels.shape[3:] == (1,) else pixels
    size, made = _together(plain, name, options) if together else _each(plain, name, options)
    back = made.reshape(images.shape) * ((high - low) / 255.0) + low
    return ImageFiles(size / len(images), back.astype(images.dtype))


def _range(images: np.ndarray) -> tuple[float, float]:
    if images.dtype == np.uint8:
        return 0.0, 255.0
    low, high = float(images.min()), float(images.max())
    return low, high if high > low else low + 1.0


def _each(images: np.ndarray, name: str, options: dict[str, Any]) -> tuple[int, np.ndarray]:
    size, made = 0, np.empty_like(images)
    for place, image in enumerate(images):
        data = _written(image, name, options)
        size += len(data)
        made[place] = _read(data, image)
    return size, made


def _together(images: np.ndarray, name: str, options: dict[str, Any]) -> tuple[int, np.ndarray]:
    """Lay images out in a square of rows and columns, the last row filled with black."""
    n, height, width, *channels = images.shape
    across = math.ceil(math.sqrt(n))
    down = math.ceil(n / across)
    laid = np.zeros((down * across, height, width, *channels), np.uint8)
    laid[:n] = images
    tiled = laid.reshape(down, across, height, width, *channels).swapaxes(1, 2)
    sheet = tiled.reshape(down * height, across * width, *channels)
    data = _written(sheet, name, options)
    made = _read(data, sheet).reshape(down, height, across, width, *channels).swapaxes(1, 2)
    return len(data), made.reshape(laid.shape)[:n]


def _written(image: np.ndarray, name: str, options: dict[str, Any]) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, name, **options)
    return stream.getvalue()


def _read(data: bytes, image: np.ndarray) -> np.ndarray:
    from PIL import Image

    found = Image.open(io.BytesIO(data))
    return np.asarray(found.convert("L" if image.ndim == 2 else "RGB"))
