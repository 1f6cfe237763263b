"""The pixels of one image file: its pages and frames, in the depth that it has."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

COLORLESS = ("1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")
SHALLOW = ("1", "L", "P", "RGB", "RGBA", "LA", "PA", "CMYK", "YCbCr", "HSV", "LAB", "La", "RGBa")
ORIENTATION = 0x0112  # the EXIF tag; from 5 on the image lies on its side
BITS = 258  # the TIFF tag of bits per sample
PNG_HEAD = re.compile(rb"\x89PNG\r\n\x1a\n....IHDR........(.)(.)", re.DOTALL)
PLAIN_HEAD = re.compile(rb"\x89PNG\r\n\x1a\n....IHDR........\x08|\xff\xd8\xff", re.DOTALL)
HEAD_BYTES, ODD = 4096, re.compile(rb"acTL|Exif|MPF\0")  # frames, rotation, further images
ASIDE = {"exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp", "transparency"}
DEEP_COLORS = {2: ("RGB;16B", "RGB;16L"), 6: ("RGBA;16B", "RGBA;16L")}  # high bytes, low bytes
CHANNELS = 16  # of an image, at most
UNKNOWN = "its pixels have 32 bits without a known value of white"


class Kind(NamedTuple):
    """What the header of an image says.

    Attributes
    ----------
    size : (height, width)
        After its rotation.
    channels : int
        1 for gray, 3 for color; without transparency.
    dtype : str
    frames : int
    """

    size: tuple[int, int]
    channels: int
    dtype: str
    frames: int


class Frame(NamedTuple):
    """Pixels (h, w) or (h, w, c), and what was done about transparency and inks."""

    pixels: np.ndarray
    change: str = ""


COMPOSED, FROM_ALPHA, FROM_INKS = "composed", "from alpha", "from inks"
ASSOCIATED, UNASSOCIATED = 1, 2  # TIFF's kinds of an extra sample that is transparency
WHITE_IS_ZERO = 0  # TIFF's kind of gray whose 0 is white


class Page(NamedTuple):
    """Pixels of a page, and what its last channel is: transparency of a kind, or 0."""

    pixels: np.ndarray
    transparency: int


def kind(file: IO[bytes], *, sized: bool) -> Kind:
    """Read the header; only where the size is asked for is a PNG searched for its rotation."""
    from PIL import Image, ImageOps

    if pages := _deep_tiff(file):
        first, transparency = pages[0]
        channels = (first.shape[2] if first.ndim == 3 else 1) - bool(transparency)
        return Kind(first.shape[:2], channels, str(first.dtype), len(pages))
    deep = _deep_png(file) is not None
    with Image.open(file) as image:
        width, height = image.size
        color = image.mode not in COLORLESS and not _gray_palette(image)
        turned = sized and image.getexif().get(ORIENTATION, 1) >= 5
        if turned and image.format == "TIFF":  # of which Pillow may have turned the size already
            height, width = ImageOps.exif_transpose(image).size
        size = (width, height) if turned else (height, width)
        depth = "uint16" if deep or _is_16_bit(image) else _dtype(image)
        return Kind(size, 3 if color else 1, depth, int(getattr(image, "n_frames", 1)))


def plain(file: IO[bytes]) -> np.ndarray | None:
    """Decode a PNG or JPEG of 8-bit gray or colors that needs nothing else; None for any other.

    Most images are such: one frame, neither transparent nor turned. Pillow warns of none of them,
    so that threads may decode them without a change of the process's filters of warnings.
    """
    from PIL import Image

    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not PLAIN_HEAD.match(head) or ODD.search(head):
        return None
    with Image.open(file) as image:
        if image.mode in ("L", "RGB") and image.format in ("PNG", "JPEG"):
            image.load()  # what follows the pixels of a PNG may turn them
            if not ASIDE & image.info.keys():
                return np.asarray(image)
    file.seek(0)
    return None


def frames(file: IO[bytes], background: str) -> Iterator[Frame]:
    """Give the pages or frames of an image, rotated as its metadata say.

    Parameters
    ----------
    file : binary file
    background : str
        The color behind transparent pixels.
    """
    from PIL import Image, ImageOps, ImageSequence

    if (alone := plain(file)) is not None:
        yield Frame(alone)
        return
    if pages := _deep_tiff(file):
        yield from (_of_page(page, background) for page in pages)
        return
    modes = _deep_png(file)
    if modes:
        yield _deep_color(file, modes, background)
        return
    with Image.open(file) as opened:
        for page in ImageSequence.Iterator(opened):
            image = ImageOps.exif_transpose(page)
            if image.mode in SHALLOW or image.has_transparency_data:
                yield _shallow(image, background)
            else:
                yield Frame(_wide(image, opened.format))


def _dtype(image: Image) -> str:
    return {"F": "float32", "I": "int32"}.get(image.mode, "uint8")


def _is_16_bit(image: Image) -> bool:
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PPM", "PNG"))


def _gray_palette(image: Image) -> bool:
    if image.mode not in ("P", "PA"):
        return False
    red, green, blue, _ = (band.tobytes() for band in image.convert("RGBA").split())
    return red == green == blue


def _wide(image: Image, file_format: str | None) -> np.ndarray:
    values = np.asarray(image)
    if image.mode.startswith("I;16") or (image.mode == "I" and file_format in ("PPM", "PNG")):
        return np.clip(values, 0, 65535).astype(np.uint16)
    return values


def _shallow(image: Image, background: str) -> Frame:
    """Give 8-bit pixels, without transparency."""
    from PIL import Image as Images

    gray = image.mode in ("1", "L", "LA", "La") or _gray_palette(image)
    if not image.has_transparency_data:
        flat = np.asarray(image.convert("L" if gray else "RGB"))
        return Frame(flat, FROM_INKS if image.mode == "CMYK" else "")
    layered = image.convert("RGBA")
    behind = Images.new("RGBA", image.size, background)
    flat = np.asarray(Images.alpha_composite(behind, layered).convert("L" if gray else "RGB"))
    alpha = np.asarray(layered)[..., 3]
    if np.ptp(alpha) == 0 and alpha.min() == 255:
        return Frame(flat)
    if np.ptp(alpha) and not np.ptp(flat.reshape(-1, flat[0, 0].size), axis=0).any():
        return Frame(alpha, FROM_ALPHA)  # one color, and the shape in its transparency
    return Frame(flat, COMPOSED)


# --- deep colors ----------------------------------------------------------------------------


def _deep_png(file: IO[bytes]) -> tuple[str, str] | None:
    """Give the modes of the two bytes of a PNG of 16-bit colors, of which Pillow keeps one."""
    found = PNG_HEAD.match(file.read(26))
    file.seek(0)
    if found is None or found[1] != b"\x10":
        return None
    return DEEP_COLORS.get(found[2][0])


def _deep_color(file: IO[bytes], modes: tuple[str, str], background: str) -> Frame:
    """Decode twice, once for the high and once for the low bytes."""
    from PIL import Image

    data = file.read()
    halves = []
    for mode in modes:
        image: Any = Image.open(io.BytesIO(data))
        image.tile = [tile._replace(args=mode) for tile in image.tile]
        halves.append(np.asarray(image).astype(np.uint16))
    pixels = halves[0] * np.uint16(256) + halves[1]
    return _of_page(Page(pixels, UNASSOCIATED if pixels.shape[2] == 4 else 0), background)


def _of_page(page: Page, background: str) -> Frame:
    """Put deep pixels that are transparent on a background."""
    from PIL import ImageColor

    pixels, transparency = page
    if not transparency:
        return Frame(pixels)
    highest = np.iinfo(pixels.dtype).max
    alpha = pixels[..., -1:] / highest
    behind = np.array(ImageColor.getcolor(background, "RGB" if pixels.shape[2] > 2 else "L"))
    front = pixels[..., :-1] * (1 if transparency == ASSOCIATED else alpha)
    flat = np.clip(np.rint(front + behind * (highest / 255) * (1 - alpha)), 0, highest)
    made = flat.astype(pixels.dtype)
    return Frame(made[..., 0] if made.shape[2] == 1 else made, COMPOSED * bool(alpha.min() < 1))


def _deep_tiff(file: IO[bytes]) -> list[Page]:
    """Give the pages of a TIFF that Pillow cannot hold: deep colors, floats, many channels."""
    head = file.read(4)
    file.seek(0)
    if head[:2] not in (b"II", b"MM") or head[2:] not in (b"*\0", b"\0*", b"+\0", b"\0+"):
        return []
    import tifffile

    try:
        with tifffile.TiffFile(file) as opened:
            pages: list[Any] = [
                page for page in opened.pages if not getattr(page, "is_reduced", False)
            ]
            first = pages[0]
            simple = (
                first.dtype == np.uint8 and len(first.shape) <= 3 and first.samplesperpixel <= 4
            )
            if simple or first.bitspersample == 1:
                return []
            return [_page(page.asarray(), page) for page in pages]
    except (tifffile.TiffFileError, ValueError, KeyError, IndexError, AttributeError):
        return []
    finally:
        file.seek(0)


def _page(values: np.ndarray, page: Any) -> Page:
    if values.ndim == 3 and page.planarconfig == 2:
        values = np.moveaxis(values, 0, -1)
    if values.ndim == 3 and values.shape[2] > CHANNELS:
        raise ValueError(f"{values.shape[2]} channels")
    native: np.ndarray = values.astype(values.dtype.newbyteorder("="))
    if page.photometric == WHITE_IS_ZERO and native.dtype.kind == "u":
        native = np.iinfo(native.dtype).max - native
    extra = page.extrasamples[-1] if page.extrasamples and native.ndim == 3 else 0
    clear = extra in (ASSOCIATED, UNASSOCIATED) and native.dtype in (np.uint8, np.uint16)
    gray = native.ndim == 3 and native.shape[2] == 1
    return Page(native[..., 0] if gray else native, int(extra) if clear else 0)


def resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize pixels to (height, width) by Lanczos, in their own depth."""
    from PIL import Image

    if pixels.shape[:2] == size:
        return pixels
    width_first = size[::-1]
    if pixels.dtype == np.uint8 and (pixels.ndim == 2 or pixels.shape[2] == 3):
        image = Image.fromarray(pixels)
        return np.asarray(image.resize(width_first, Image.Resampling.LANCZOS))
    planes = pixels[..., None] if pixels.ndim == 2 else pixels
    made = [
        np.asarray(
            Image.fromarray(planes[..., i].astype(np.float32)).resize(
                width_first, Image.Resampling.LANCZOS
            )
        )
        for i in range(planes.shape[2])
    ]
    stacked = np.stack(made, axis=-1)
    if pixels.dtype.kind in "iu":
        span = np.iinfo(pixels.dtype)
        stacked = np.clip(np.rint(stacked), span.min, span.max)
    return stacked.astype(pixels.dtype).reshape(*size, *pixels.shape[2:])
