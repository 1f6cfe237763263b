"""Images in and out: a file, or a folder whose subfolders are classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jamjae.errors import DataFormatError, DataNotFoundError, OutputError
from jamjae.files import atomic

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm"}
)
COLOURLESS = ("1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")
WHITE = 255


class Found(NamedTuple):
    """Images of one size, and what their files and folders say of them.

    Attributes
    ----------
    pixels : uint8 array of shape (n, h, w) or (n, h, w, 3)
    classes : int array of shape (n,) or None
    class_names, names, skipped : tuple of str
        `names` and `skipped` are paths relative to the folder.
    """

    pixels: np.ndarray
    classes: np.ndarray | None
    class_names: tuple[str, ...]
    names: tuple[str, ...]
    skipped: tuple[str, ...]


class _Kind(NamedTuple):
    size: tuple[int, int]  # height, width, after rotation
    colour: bool


# --- in -------------------------------------------------------------------------------------


def read(path: Path, size: tuple[int, int] | None, *, skip_bad: bool) -> Found:
    """Read one image, or all images of a folder and its subfolders in the order of their names.

    All are brought to one size: `size`, or the median of heights and of widths. One image in
    colour makes all of them so. EXIF rotation is applied, what is transparent becomes white, and
    16-bit grey becomes 8-bit.

    Raises
    ------
    DataNotFoundError
        If there is no image.
    DataFormatError
        If an image cannot be read and `skip_bad` is off.
    """
    root = path if path.is_dir() else path.parent
    files = _files(path)
    kinds: dict[Path, _Kind] = {}
    skipped: list[Path] = []
    for file in files:
        _try(file, lambda file=file: kinds.__setitem__(file, _kind(file)), skipped, skip_bad)
    height, width = size or _median([kind.size for kind in kinds.values()], path)
    channels = (3,) if any(kind.colour for kind in kinds.values()) else ()
    pixels = np.empty((len(kinds), height, width, *channels), dtype=np.uint8)
    kept: list[Path] = []

    def decode(file: Path) -> None:
        pixels[len(kept)] = _pixels(file, (width, height), bool(channels))
        kept.append(file)

    for file in kinds:
        _try(file, lambda file=file: decode(file), skipped, skip_bad)
    _require_some(kept, path)
    classes, class_names = _classes(kept, root)
    names = [tuple(str(file.relative_to(root)) for file in some) for some in (kept, skipped)]
    return Found(pixels[: len(kept)], classes, class_names, *names)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and file.is_file()
    ]
    _require_some(found, path)
    return found


def _require_some(files: list[Path], path: Path) -> None:
    if not files:
        raise DataNotFoundError(
            f"Cannot read images from {str(path)!r}: it holds none that can be read. "
            f"Files ending in {', '.join(sorted(SUFFIXES))} are looked for, in subfolders too."
        )


def _try(file: Path, action, skipped: list[Path], skip_bad: bool) -> None:  # type: ignore[no-untyped-def]
    from PIL import Image

    try:
        action()
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        if not skip_bad:
            raise DataFormatError(
                f"Cannot read the image {str(file)!r}: {error}. Repair or remove it, or leave out "
                "what cannot be read (skip_bad=True, on the command line --skip-bad)."
            ) from error
        skipped.append(file)


def _kind(file: Path) -> _Kind:
    from PIL import Image

    with Image.open(file) as image:
        width, height = image.size
        turned = image.getexif().get(0x0112, 1) >= 5  # by a quarter
        colour = image.mode not in COLOURLESS and not _grey_palette(image)
        return _Kind((width, height) if turned else (height, width), colour)


def _grey_palette(image: Image) -> bool:
    if image.mode != "P" or image.palette is None:
        return False
    red, green, blue = (image.convert("RGB").getchannel(i).tobytes() for i in range(3))
    return red == green == blue


def _median(sizes: list[tuple[int, int]], path: Path) -> tuple[int, int]:
    _require_some([path] * len(sizes), path)
    height, width = np.median(np.array(sizes), axis=0)
    return round(height), round(width)


def _pixels(file: Path, size: tuple[int, int], colour: bool) -> np.ndarray:
    from PIL import Image, ImageOps

    with Image.open(file) as opened:
        image = _eight_bit(ImageOps.exif_transpose(opened))
        image = _on_white(image).convert("RGB" if colour else "L")
        if image.size != size:
            image = image.resize(size, Image.Resampling.LANCZOS)
        return np.asarray(image)


def _eight_bit(image: Image) -> Image:
    from PIL import Image as Images

    if image.mode not in ("I", "F", "I;16", "I;16B", "I;16L", "I;16N"):
        return image
    values = np.asarray(image).astype(np.float64)
    most = 65535.0 if values.max() > WHITE else 255.0
    return Images.fromarray(np.clip(values * (WHITE / most), 0, WHITE).round().astype(np.uint8))


def _on_white(image: Image) -> Image:
    from PIL import Image as Images

    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
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
    folder: str | Path,
    images: np.ndarray,
    *,
    names: Sequence[str] = (),
    data_range: tuple[float, float] = (0.0, 255.0),
) -> list[Path]:
    """Write images as PNG files into a folder, which is made if there is none.

    Parameters
    ----------
    folder : path
    images : array of shape (n, h, w), (n, h, w, 1), (n, h, w, 3) or (n, h, w, 4)
    names : sequence of str
        File names, of which the suffix becomes ``.png``; by default numbers from ``00000.png`` on.
    data_range : (low, high)
        The values that become black and white; what lies beyond is clipped.

    Raises
    ------
    OutputError
        For arrays that are no images, or if a file cannot be written.
    """
    from PIL import Image

    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[-1] not in (3, 4)):
        raise OutputError(
            f"Cannot write an array of shape {images.shape} as images: (n, h, w), (n, h, w, 1), "
            "(n, h, w, 3) or (n, h, w, 4) is expected. Write it as .npy instead."
        )
    low, high = data_range
    paths = [Path(folder) / name for name in names or (f"{i:05d}" for i in range(len(images)))]
    paths = [path.with_suffix(".png") for path in paths]
    for path, image in zip(paths, images, strict=True):
        shades = (np.asarray(image, dtype=np.float64) - low) * (WHITE / (high - low))
        with atomic(path) as temporary:
            Image.fromarray(np.clip(shades, 0, WHITE).round().astype(np.uint8)).save(temporary)
    return paths
