"""Folders of images: classes, sizes, colors, rotation, and what is damaged."""

from __future__ import annotations

import struct
import warnings
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data_files import cut, emptied, foreign, save_image
from jamjae.data.reading import read
from jamjae.errors import (
    DataFormatError,
    DataNotFoundError,
    InvalidDataError,
)


def test_subfolders_are_classes(folder):
    (folder / "notes.txt").write_text("no image")
    save_image(folder / ".hidden.png", np.zeros((9, 9)))
    save_image(folder / ".cache" / "x.png", np.zeros((9, 9)))
    found = read(folder)
    assert found.X.shape == (3, 4, 6)
    assert found.X[:, 0, 0].tolist() == [20, 30, 10]
    assert found.index == ("cat/b.png", "cat/deep/c.PNG", "dog/a.png")
    assert found.class_names == ("cat", "dog")
    assert found.y.tolist() == [0, 0, 1]


def test_one_image_in_color_makes_all_so(folder):
    save_image(folder / "dog" / "z.png", np.full((4, 6, 3), [1, 2, 3]))
    X = read(folder).X
    assert X.shape == (4, 4, 6, 3)
    assert X[0, 0, 0].tolist() == [20, 20, 20]
    assert X[3, 0, 0].tolist() == [1, 2, 3]


def test_sizes_become_the_median_or_as_asked(folder):
    save_image(folder / "x1.png", np.full((10, 2), 40))
    save_image(folder / "x2.png", np.full((20, 40), 50))
    assert read(folder).X.shape == (5, 4, 6)
    assert read(folder, image_size=(7, 9)).X.shape == (5, 7, 9)
    assert (read(folder, image_size=(7, 9)).X[3:, 0, 0] == [40, 50]).all()


def test_a_single_image_is_one_row(folder):
    found = read(folder / "dog" / "a.png")
    assert found.X.shape == (1, 4, 6)
    assert found.index == ("a.png",)
    assert found.y is None


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_rotation_is_applied(tmp_path, suffix):
    pixels = np.zeros((8, 16), dtype=np.uint8)
    pixels[:, 8:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise brings it upright
    Image.fromarray(pixels).convert("RGB").save(tmp_path / f"a{suffix}", exif=exif)
    X = read(tmp_path).X
    assert X.shape == (1, 16, 8, 3)
    assert X[0, 2, 4, 0] < 30
    assert X[0, 13, 4, 0] > 220


def test_a_rotation_stated_behind_the_pixels_of_a_png_is_found(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    save_image(tmp_path / "a.png", np.zeros((4, 6)), exif=exif)
    content = (tmp_path / "a.png").read_bytes()
    start = content.index(b"eXIf") - 4
    length = 12 + struct.unpack(">I", content[start : start + 4])[0]
    chunk, end = content[start : start + length], content.index(b"IEND") - 4
    moved = content[:start] + content[start + length : end] + chunk + content[end:]
    (tmp_path / "a.png").write_bytes(moved)
    assert read(tmp_path).X.shape == (1, 6, 4)


def test_what_is_transparent_becomes_white(tmp_path):
    save_image(tmp_path / "a.png", np.array([[[9, 9, 9, 0], [9, 9, 9, 255], [0, 0, 0, 128]]]))
    assert read(tmp_path).X[0, 0, :, 0].tolist() == [255, 9, 127]


def test_palettes_are_resolved(tmp_path):
    gray = Image.fromarray(np.array([[0, 100], [200, 255]], dtype=np.uint8))
    palette = gray.convert("P")
    palette.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path).X, np.asarray(gray)[None])
    palette.save(tmp_path / "a.png", transparency=b"\x00\xff")
    assert read(tmp_path).X.shape == (1, 2, 2)
    color = Image.fromarray(np.array([[[250, 0, 0], [0, 0, 250]]], dtype=np.uint8))
    color.quantize(2).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path).X, np.asarray(color)[None])


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_stay_sixteen(tmp_path, suffix):
    deep = np.array([[0, 257, 51143, 65535]], dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / f"a{suffix}")
    found = read(tmp_path)
    assert found.X.dtype == np.uint16
    np.testing.assert_array_equal(found.X, deep[None])


def test_sixteen_bits_of_pgm_stay_sixteen(tmp_path):
    (tmp_path / "a.pgm").write_bytes(b"P5 3 1 65535\n" + struct.pack(">3H", 0, 25700, 65535))
    assert read(tmp_path).X.tolist() == [[[0, 25700, 65535]]]


def test_black_and_white_is_gray(tmp_path):
    Image.fromarray(np.array([[0, 255]], dtype=np.uint8)).convert("1").save(tmp_path / "a.png")
    assert read(tmp_path).X.tolist() == [[[0, 255]]]


def test_floats_of_a_tiff_stay_floats(tmp_path):
    Image.fromarray(np.array([[0.0, 0.5]], dtype=np.float32)).save(tmp_path / "a.tif")
    found = read(tmp_path)
    assert found.X.dtype == np.float32
    np.testing.assert_array_equal(found.X, [[[0, 0.5]]])
    save_image(tmp_path / "b.png", np.zeros((1, 2)))
    with pytest.raises(InvalidDataError, match="float32, uint8 together"):
        read(tmp_path)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".webp"])
@pytest.mark.parametrize("damage", [cut, foreign, emptied])
def test_damaged_images_are_named_or_left_out(folder, damage, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (4, 60, 3))
    save_image(folder / "cat" / f"bad{suffix}", noise)
    damage(folder / "cat" / f"bad{suffix}")
    with pytest.raises(DataFormatError, match=rf"cat/bad\{suffix}.*--skip-bad"):
        read(folder)
    found = read(folder, skip_bad=True)
    assert found.skipped == (f"cat/bad{suffix}",)
    assert found.index == ("cat/b.png", "cat/deep/c.PNG", "dog/a.png")
    assert len(found.X) == len(found.y) == 3


@settings(max_examples=80, deadline=None)
@given(data=st.data(), suffix=st.sampled_from([".png", ".jpg", ".gif", ".bmp", ".webp", ".ppm"]))
def test_no_byte_of_an_image_can_do_worse_than_be_refused(tmp_path_factory, data, suffix):
    path = tmp_path_factory.mktemp("images") / f"a{suffix}"
    save_image(path, np.random.default_rng(0).integers(0, 256, (6, 7, 3)))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(DataFormatError):
        assert read(path, image_size=(4, 4)).X.shape[:3] == (1, 4, 4)


@pytest.mark.parametrize("skip_bad", [False, True])
def test_a_folder_without_images_is_an_error(tmp_path, skip_bad):
    with pytest.raises(DataNotFoundError, match=r"no images were found.*\.png"):
        read(tmp_path, skip_bad=skip_bad)
    (tmp_path / "bad.png").write_bytes(b"")
    with pytest.raises(
        (DataNotFoundError, DataFormatError),
        match=r"Cannot read the image|none of the 1 can be read",
    ):
        read(tmp_path, skip_bad=skip_bad)


@pytest.mark.parametrize("size", [(0, 3), (3,), (2, 3, 4)])
def test_impossible_sizes_are_refused(folder, size):
    with pytest.raises(InvalidDataError, match="height and width"):
        read(folder, image_size=size)


def test_damaged_metadata_pass_without_a_warning(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "a description of some length"
    save_image(tmp_path / "a.jpg", np.zeros((8, 8)), exif=exif)
    content = (tmp_path / "a.jpg").read_bytes()
    start = content.index(b"Exif\0\0")
    (tmp_path / "a.jpg").write_bytes(
        content[: start + 14] + b"\xff\x7f" + content[start + 16 :]  # entries beyond the end
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(tmp_path).X.shape == (1, 8, 8)
