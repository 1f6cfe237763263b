"""Images in and out: a file, or a folder whose subfolders are classes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jamjae.data.atomic import atomic
from jamjae.data.dataset import Dataset
from jamjae.data.numeric import real_array
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import counted, listed
from jamjae.data.readers.labelling import counted_classes
from jamjae.errors import DataFormatError, DataNotFoundError, InvalidDataError

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm"}
)
COLORLESS = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N")
WIDE = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
SUBSETS = ("train", "valid", "val", "validation", "test")  # folders that divide data
WHITE = 255
ORIENTATION = 0x0112  # the EXIF tag; from 5 on the image lies on its side


class _Kind(NamedTuple):
    size: tuple[int, int]  # height, width, after rotation
    color: bool


# --- in -------------------------------------------------------------------------------------


KIND = "images"
USES = ("image_size", "frames", "background", "label_file", "skip_bad", "subset")  # options


def can_read(path: Path) -> bool:
    """Whether a path is a folder, or the name of a file that of an image."""
    return path.is_dir() or path.suffix.lower() in SUFFIXES


def subsets(folder: Path) -> tuple[str, ...]:
    """Give the names of the subsets into which a folder is divided; empty if it is not."""
    inside = {part.name.lower(): part.name for part in folder.iterdir() if part.is_dir()}
    found = tuple(inside[name] for name in SUBSETS if name in inside)
    return found if "train" in map(str.lower, found) and len(found) > 1 else ()


def read(path: Path, options: ReadOptions) -> Dataset:
    """Read one image, or all images of a folder and its subfolders in the order of their names.

    Hidden files and files that are no images are passed over. The first level of subfolders names
    the classes, in sorted order. All else as `stack`.

    Raises
    ------
    DataNotFoundError
        If there is no image.
    DataFormatError
        If an image cannot be read and ``skip_bad`` is off.
    """
    root = path if path.is_dir() else path.parent
    pixels, kept, skipped = stack(_files(path), options.image_size, skip_bad=options.skip_bad)
    if not kept:
        raise _without_images(path, skipped)
    classes, class_names = _classes(kept, root)
    names = [tuple(file.relative_to(root).as_posix() for file in some) for some in (kept, skipped)]
    notes = [f"images: {len(pixels):,} of {' x '.join(map(str, pixels.shape[1:]))}, {pixels.dtype}"]
    if classes is not None:
        notes.append(f"label: the folder, {counted_classes(classes, class_names)}")
    if skipped:
        notes.append(f"skipped: {counted(len(skipped), 'damaged image')}: {listed(names[1])}")
    return Dataset(
        pixels,
        classes,
        class_names,
        names[0],
        skipped=names[1],
        description=str(path),
        notes=tuple(notes),
    )


def stack(
    files: Sequence[Path], size: tuple[int, int] | None = None, *, skip_bad: bool = False
) -> tuple[np.ndarray, list[Path], list[Path]]:
    """Read images into one array: first their headers, then their pixels one by one.

    Only gray images give (n, h, w); with one color image all become color. EXIF rotation is
    applied, transparent pixels are put on white, 16-bit gray is divided by 257, palettes are
    resolved, and animations give their first frame. Images of another size are resized (Lanczos).

    Parameters
    ----------
    files : sequence of path
    size : (height, width), optional
        By default the median of all heights and the median of all widths, as the headers state.
    skip_bad : bool
        Leave out what cannot be read, cut-off files included.

    Returns
    -------
    pixels : uint8 array of shape (n, height, width) or (n, height, width, 3)
    kept, skipped : list of path

    Raises
    ------
    DataFormatError
        If an image cannot be read and `skip_bad` is off. 32-bit images are among these: nothing
        says which of their values is white.
    """
    _require_size(size)
    skipped: list[Path] = []
    kinds: dict[Path, _Kind] = {}
    for file in files:
        with _bad_ones(file, skipped, skip_bad=skip_bad):
            kinds[file] = _kind(file, sized=size is None)
    height, width = size or _median([kind.size for kind in kinds.values()])
    channels = (3,) if any(kind.color for kind in kinds.values()) else ()
    pixels = np.empty((len(kinds), height, width, *channels), dtype=np.uint8)
    kept: list[Path] = []
    for file in kinds:
        with _bad_ones(file, skipped, skip_bad=skip_bad):
            pixels[len(kept)] = _pixels(file, (width, height), color=bool(channels))
            kept.append(file)
    return pixels[: len(kept)], kept, sorted(skipped)


def _require_size(size: tuple[int, int] | None) -> None:
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise InvalidDataError(
            f"Cannot resize images to {size}: two integers of at least 1 are expected, height and "
            "width in pixels."
        )


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and file.is_file()
    ]


def _without_images(path: Path, skipped: Sequence[Path]) -> DataNotFoundError:
    why = f"none of the {len(skipped)} can be read" if skipped else "no images were found"
    return DataNotFoundError(
        f"Cannot read images from {str(path)!r}: {why}. Files ending "
        f"in {', '.join(sorted(SUFFIXES))} are read, also in subfolders. Check the path."
    )


@contextmanager
def _bad_ones(file: Path, skipped: list[Path], *, skip_bad: bool) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged EXIF data, for example, do not affect pixels
            yield
    except MemoryError:
        raise
    except Exception as error:  # decoders may raise anything on damaged bytes
        if not skip_bad:
            raise DataFormatError(
                f"Cannot read the image {str(file)!r}: {error}. Repair or remove it, or skip "
                "damaged images (skip_bad=True, or --skip-bad on the command line)."
            ) from error
        skipped.append(file)


def _kind(file: Path, *, sized: bool) -> _Kind:
    """Read the header; only where the size is asked for is a PNG searched for its rotation."""
    from PIL import Image, ImageOps

    with Image.open(file) as image:
        width, height = image.size
        color = image.mode not in COLORLESS and not _gray_palette(image)
        turned = sized and image.getexif().get(ORIENTATION, 1) >= 5
        if turned and image.format == "TIFF":  # of which Pillow may have turned the size already
            height, width = ImageOps.exif_transpose(image).size
        return _Kind((width, height) if turned else (height, width), color)


def _gray_palette(image: Image) -> bool:
    if image.mode not in ("P", "PA"):
        return False
    red, green, blue, _ = (band.tobytes() for band in image.convert("RGBA").split())
    return red == green == blue


def _median(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    if not sizes:
        return 1, 1
    height, width = np.median(np.array(sizes), axis=0)
    return round(height), round(width)


def _pixels(file: Path, size: tuple[int, int], *, color: bool) -> np.ndarray:
    from PIL import Image, ImageOps

    with Image.open(file) as opened:
        image = _eight_bit(ImageOps.exif_transpose(opened), opened.format)
        image = _on_white(image).convert("RGB" if color else "L")
        if image.size != size:
            image = image.resize(size, Image.Resampling.LANCZOS)
        return np.asarray(image)


def _eight_bit(image: Image, file_format: str | None) -> Image:
    from PIL import Image as Images

    if image.mode not in WIDE:
        return image
    if image.mode == "F" or (image.mode == "I" and file_format != "PPM"):
        raise ValueError(
            "its pixels have 32 bits without a known value of white; read it with another "
            "library and save it as .npy"
        )
    values = np.asarray(image).astype(np.float64)  # 65535 = 257·255 is white
    return Images.fromarray(np.clip(values / 257, 0, WHITE).round().astype(np.uint8))


def _on_white(image: Image) -> Image:
    from PIL import Image as Images

    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Images.alpha_composite(Images.new("RGBA", image.size, (WHITE,) * 4), image)


def _classes(files: list[Path], root: Path) -> tuple[np.ndarray | None, tuple[str, ...]]:
    folders = [file.relative_to(root).parts[0] if file.parent != root else "" for file in files]
    if not any(folders):
        return None, ()
    names, classes = np.unique(folders, return_inverse=True)
    return classes, tuple(str(name) or root.name for name in names)


# --- out ------------------------------------------------------------------------------------


def write(
    folder: str | os.PathLike[str],
    images: np.ndarray,
    *,
    names: Sequence[str] = (),
    data_range: tuple[float, float] = (0.0, 255.0),
) -> list[Path]:
    """Write images as PNG files into a folder, each of them whole or not at all.

    Parameters
    ----------
    folder : path
        It is made if there is none. Files of the same names are replaced.
    images : array of shape (n, h, w), (n, h, w, 1), (n, h, w, 3) or (n, h, w, 4)
        Gray, in color, or in color with an alpha channel.
    names : sequence of str, optional
        File names, with subfolders as in ``Dataset.row_names``; the suffix of an image becomes
        ``.png``. By default numbers from ``00000.png`` on.
    data_range : (low, high)
        The values that become black and white; what lies beyond is clipped, and what lies between
        two shades is rounded.

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
    from PIL import Image

    images = _as_images(images)
    low, high = data_range
    if not low < high:
        raise InvalidDataError(
            f"Cannot write images: data_range={data_range} was given; (black, white) with "
            "black < white is expected, such as (0, 255)."
        )
    paths = [Path(folder) / name for name in _file_names(names, len(images))]
    for path, image in zip(paths, images, strict=True):
        shades = (image.astype(np.float64) - low) * (WHITE / (high - low))
        with atomic(path) as temporary:
            Image.fromarray(np.clip(shades, 0, WHITE).round().astype(np.uint8)).save(temporary)
    return paths


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


def _file_names(names: Sequence[str], n: int) -> list[str]:
    names = list(names) or [f"{i:05d}" for i in range(n)]
    if len(names) != n:
        raise InvalidDataError(
            f"Cannot write {n} images with {len(names)} names: one name per image is expected."
        )
    plain = [_stem(name) + ".png" for name in names]
    if len(set(plain)) < n:  # a.jpg and a.bmp: keep the suffix, which differs
        plain = [f"{name}.png" for name in names]
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


def in_channels(X: np.ndarray, color: bool) -> np.ndarray:
    """Convert 8-bit images to gray (n, h, w) or color (n, h, w, 3).

    Gray is ITU-R 601-2 luma, as in Pillow: ``0.299 R + 0.587 G + 0.114 B``.
    """
    if X.ndim == 3 and color:
        return np.repeat(X[..., None], 3, axis=-1)
    if X.ndim == 4 and not color:
        return np.rint(X @ np.array([0.299, 0.587, 0.114])).astype(X.dtype)
    return X
