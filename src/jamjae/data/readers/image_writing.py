"""Images as PNG files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from jamjae.data.atomic import write_all
from jamjae.data.numeric import real_array
from jamjae.data.readers.folders import SUFFIXES
from jamjae.errors import InvalidDataError

DEPTHS: dict[int, tuple[int, type[np.unsignedinteger]]] = {
    8: (255, np.uint8),
    16: (65535, np.uint16),
}  # white


def write(
    folder: str | os.PathLike[str],
    images: np.ndarray,
    *,
    names: Sequence[str] = (),
    data_range: tuple[float, float] = (0.0, 255.0),
    bits: int = 8,
) -> list[Path]:
    """Write images as PNG files into a folder, all of them or none.

    Parameters
    ----------
    folder : path
        It is made if there is none. Files of the same names are replaced.
    images : array of shape (n, h, w), (n, h, w, 1), (n, h, w, 3) or (n, h, w, 4)
        Gray, in color, or in color with an alpha channel.
    names : sequence of str, optional
        File names, with subfolders as in ``Dataset.index``; the suffix of an image becomes
        ``.png``. By default numbers from ``00000.png`` on.
    data_range : (low, high)
        The values that become black and white; what lies beyond is clipped, and what lies between
        two shades is rounded.
    bits : {8, 16}
        Depth of a shade. In color, PNG files of 16 bits are written as ``.tif``.

    Returns
    -------
    list of path
        The files, in the order of `images`.

    Raises
    ------
    InvalidDataError
        For arrays that are no images, NaN, or names that do not fit; then nothing is written.
    OutputError
        If a file cannot be written.
    """
    images = _as_images(images)
    _require_range(data_range)
    if bits not in DEPTHS:
        raise InvalidDataError(f"Cannot write images with bits={bits}: 8 or 16 is expected.")
    paths = [
        Path(folder) / name
        for name in file_names(names, len(images), bits=bits, color=images.ndim == 4)
    ]
    write_all(paths, lambda i, path: _save(path, _as_shades(images[i], data_range, bits)))
    return paths


def shades_of(images: np.ndarray, data_range: tuple[float, float]) -> Iterator[np.ndarray]:
    """Give each image in shades from 0 to 255, as `write` writes it; errors likewise."""
    _require_range(data_range)
    for image in _as_images(images):
        yield _as_shades(image, data_range, 8)


def _as_shades(image: np.ndarray, data_range: tuple[float, float], bits: int) -> np.ndarray:
    low, high = data_range
    white, dtype = DEPTHS[bits]
    shades = (image.astype(np.float64) - low) * (white / (high - low))
    return np.clip(shades, 0, white).round().astype(dtype)


def _require_range(data_range: tuple[float, float]) -> None:
    low, high = data_range
    if not low < high:
        raise InvalidDataError(
            f"Cannot write images: data_range={data_range} was given; (black, white) with "
            "black < white is expected, such as (0, 255)."
        )


def _save(path: Path, shades: np.ndarray) -> None:
    if path.suffix == ".tif":
        import tifffile

        tifffile.imwrite(path, shades, photometric="rgb")
    else:
        from PIL import Image

        Image.fromarray(shades).save(path)


def _as_images(images: np.ndarray) -> np.ndarray:
    images = real_array(images, "Cannot write images", allow_empty=True)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    channels = images.shape[3:]
    if images.ndim not in (3, 4) or channels not in ((), (3,), (4,)) or 0 in images.shape[1:]:
        raise InvalidDataError(
            f"Cannot write an array of shape {images.shape} as images: (n, h, w), (n, h, w, 1), "
            "(n, h, w, 3) or (n, h, w, 4) is expected. Write it as .npy instead."
        )
    if any(np.isnan(image).any() for image in images):
        raise InvalidDataError(
            f"Cannot write an array of {images.dtype} as images: it holds NaN. Finite numbers "
            "within data_range are expected."
        )
    return images


def file_names(names: Sequence[str], n: int, *, bits: int = 8, color: bool = False) -> list[str]:
    """Give the names of the files that `write` makes of n images; errors likewise.

    Images that are written in several calls need names that differ in all of them: give these as
    `names`.
    """
    suffix = ".tif" if bits == 16 and color else ".png"
    names = list(names) or [f"{i:05d}" for i in range(n)]
    if len(names) != n:
        raise InvalidDataError(
            f"Cannot write {n} images with {len(names)} names: one name per image is expected."
        )
    plain = [_stem(name) + suffix for name in names]
    if len(set(plain)) < n:  # a.jpg and a.bmp: keep the suffix, which differs
        plain = [f"{name}{suffix}" for name in names]
    outside = [name for name in plain if Path(name).is_absolute() or ".." in Path(name).parts]
    if len(set(plain)) < n or outside:
        raise InvalidDataError(
            "Cannot write images: their names must differ and stay within the folder. "
            f"Received {', '.join(outside[:1] or sorted(names)[:3])}, ..."
        )
    return plain


def _stem(name: str) -> str:
    path = Path(name)
    return str(path.with_suffix("")) if path.suffix.lower() in SUFFIXES else str(path)
