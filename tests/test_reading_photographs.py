"""Folders of photographs as people have them: damaged, of inks, with pages of many kinds."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from jamjae.data.readers import folders
from jamjae.data.reading import read
from jamjae.errors import DataFormatError

RNG = np.random.default_rng(0)
COLOR = RNG.integers(0, 256, (12, 16, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 65_536, (12, 16), dtype=np.uint16)


def test_a_damaged_image_does_not_change_the_size_of_the_others(tmp_path):
    Image.fromarray(COLOR).save(tmp_path / "good.png")
    large = RNG.integers(0, 256, (200, 100, 3), dtype=np.uint8)
    Image.fromarray(large).save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:2_000])
    found = read(tmp_path, skip_bad=True)
    np.testing.assert_array_equal(found.X[0], COLOR)
    assert found.index == ("good.png",)
    assert "resized" not in str(found.notes)
    assert "skipped: 1 damaged image: a.jpg" in found.notes


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.png", b"", "the file is empty"),
        ("a.png", b"hello", "it is not an image of a known kind, or damaged"),
    ],
)
def test_an_image_that_cannot_be_read_says_why_in_plain_words(tmp_path, name, content, why):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataFormatError, match=f"Cannot read the image 'a.png': {why}"):
        read(tmp_path)


def test_a_heic_image_names_what_reads_it(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "reads_heic", lambda: False)
    (tmp_path / "a.heic").write_bytes(b"no heic")
    with pytest.raises(DataFormatError, match="pip install pillow-heif"):
        read(tmp_path / "a.heic")
    Image.fromarray(COLOR).save(tmp_path / "b.png")
    (tmp_path / "c.heic").write_bytes(b"no heic")
    told = "passed over: 2 HEIC images (pip install pillow-heif reads them), such as"
    assert told in str(read(tmp_path).notes)


def test_pages_of_other_sizes_are_resized_rows_too(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(DEEP)
        file.write(DEEP[:6, :8])
    found = read(tmp_path / "a.tif")
    assert found.X.shape == (2, 12, 16)
    np.testing.assert_array_equal(found.X[0], DEEP)


@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_transparent_pixels_of_16_bits_are_put_on_the_background(tmp_path, kind):
    pixels = np.zeros((4, 4, 4), np.uint16)
    pixels[:2] = 60_000, 30_000, 100, 65_535
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=[kind])
    found = read(tmp_path / "a.tif", background="#ff0000")
    assert found.X[0, 0, 0].tolist() == [60_000, 30_000, 100]
    assert found.X[0, 3, 0].tolist() == [65_535, 0, 0]
    assert "transparency: 1 put on a background (--background)" in found.notes


def test_gray_of_which_0_is_white_is_turned(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", DEEP, photometric="miniswhite")
    np.testing.assert_array_equal(read(tmp_path / "a.tif").X[0], 65_535 - DEEP)


def test_inks_are_converted_and_said(tmp_path):
    Image.fromarray(COLOR).convert("CMYK").save(tmp_path / "a.jpg")
    found = read(tmp_path)
    assert found.X.shape == (1, 12, 16, 3)
    assert "converted: 1 of CMYK inks to red, green and blue" in found.notes


def test_a_frame_of_color_after_one_of_gray_is_made_gray_and_said(tmp_path):
    gray, color = Image.fromarray(COLOR[..., 0]), Image.fromarray(COLOR)
    gray.save(tmp_path / "a.tif", save_all=True, append_images=[color])
    found = read(tmp_path / "a.tif")
    assert found.X.shape == (2, 12, 16)
    want = COLOR @ [0.299, 0.587, 0.114]
    assert np.abs(found.X[1] - want).max() <= 1
    assert "converted: 1 frame of color to gray" in str(found.notes)


def test_what_is_passed_over_is_counted_in_the_plural(tmp_path):
    Image.fromarray(COLOR).save(tmp_path / "a.png")
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("no image")
    assert "passed over: 2 files other than an image, such as" in str(read(tmp_path).notes)
