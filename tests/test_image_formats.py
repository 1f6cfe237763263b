"""Images as files of general formats: sizes, and what comes back."""

import io

import numpy as np
import pytest
from PIL import Image

from jamjae import load_digits
from jamjae.errors import InvalidDataError
from jamjae.evaluation import image_formats
from jamjae.evaluation.image_formats import image_files

GRAY = np.add.outer(np.arange(10), np.add.outer(np.arange(12), np.arange(9))).astype(np.uint8) * 8


@pytest.mark.parametrize("images", [GRAY, GRAY[..., None], np.stack([GRAY] * 3, axis=-1)])
@pytest.mark.parametrize("together", [False, True])
def test_png_gives_back_what_it_holds(images, together):
    found = image_files(images, "PNG", together=together)
    assert found.images.dtype == images.dtype
    assert np.array_equal(found.images, images)


def test_sizes_are_those_of_files():
    found = image_files(GRAY[:1], "WebP", 0)
    stream = io.BytesIO()
    Image.fromarray(GRAY[0]).save(stream, "WebP", quality=0, method=6)
    assert found.bytes_per_image == len(stream.getvalue())


@pytest.mark.parametrize("name", ["WebP", "JPEG", "AVIF"])
def test_more_bytes_have_less_error(name):
    if name not in image_formats.formats():
        pytest.skip(f"this Pillow writes no {name}")
    few, many = (image_files(GRAY, name, quality) for quality in (1, 90))
    errors = [np.mean(np.square(found.images - GRAY.astype(float))) for found in (few, many)]
    assert few.bytes_per_image < many.bytes_per_image
    assert errors[1] < errors[0]


def test_images_together_share_their_headings():
    one, each = (image_files(GRAY, "WebP", 0, together=both) for both in (True, False))
    assert one.bytes_per_image < each.bytes_per_image / 2


def test_other_ranges_are_mapped_to_pixels_and_back():
    images = load_digits().X[:20]
    found = image_files(images, "PNG")
    assert found.images.dtype == images.dtype
    assert np.abs(found.images - images).max() <= 16 / 255 / 2 + 1e-6


@pytest.mark.parametrize(
    ("rows", "name"), [(np.eye(3), "PNG"), (GRAY, "GIF"), (np.zeros((2, 3, 3, 2)), "PNG")]
)
def test_what_no_file_holds_is_refused(rows, name):
    with pytest.raises(InvalidDataError, match="image_files received"):
        image_files(rows, name)
