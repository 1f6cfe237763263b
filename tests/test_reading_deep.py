"""Images as people have them: deep, in pages, transparent, divided, linked, packed."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from data_files import save_image
from jamjae.data.reading import read
from jamjae.data.writing import write_images
from jamjae.errors import DataFormatError, DataNotFoundError, InvalidDataError

RNG = np.random.default_rng(0)


def deep_png(path, pixels):
    """Write a PNG of 16-bit colors, which Pillow does not."""
    height, width, channels = pixels.shape
    color = {3: 2, 4: 6}[channels]

    def chunk(name, body):
        checked = name + body
        return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


# --- depth ------------------------------------------------------------------------------------


def test_sixteen_bits_in_color_stay_sixteen(tmp_path):
    pixels = RNG.integers(0, 65536, (5, 7, 3)).astype(np.uint16)
    deep_png(tmp_path / "a.png", pixels)
    tifffile.imwrite(tmp_path / "b.tif", pixels, photometric="rgb")
    found = read(tmp_path)
    assert found.X.dtype == np.uint16
    np.testing.assert_array_equal(found.X, [pixels, pixels])


def test_transparent_colors_of_sixteen_bits_lie_on_the_background(tmp_path):
    pixels = np.full((2, 2, 4), 65535, np.uint16)
    pixels[..., 0], pixels[0, 0, 3] = 1000, 0
    deep_png(tmp_path / "a.png", pixels)
    X = read(tmp_path, background="black").X
    assert X[0, 0, 0].tolist() == [0, 0, 0]
    assert X[0, 1, 1].tolist() == [1000, 65535, 65535]


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "float32"])
def test_a_tiff_keeps_its_type_and_channels(tmp_path, dtype):
    pixels = (RNG.random((6, 5, 7)) * 1000 - 300 * (dtype != "uint16")).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", planarconfig="contig")
    X = read(tmp_path / "a.tif").X
    assert X.dtype == dtype
    np.testing.assert_array_equal(X, pixels if X.ndim == 3 else pixels[None])


def test_eight_bits_among_sixteen_are_widened_and_said(tmp_path):
    Image.fromarray(np.full((3, 3), 40_000, np.uint16)).save(tmp_path / "a.png")
    save_image(tmp_path / "b.png", np.full((3, 3), 100))
    found = read(tmp_path)
    assert found.X[:, 0, 0].tolist() == [40_000, 25_700]
    assert "converted: 1 of 8 bits to 16, as others are" in found.notes


def test_a_small_range_in_a_deep_image_is_said(tmp_path):
    Image.fromarray(np.full((3, 3), 4095, np.uint16)).save(tmp_path / "a.png")
    found = read(tmp_path)
    assert found.X.max() == 4095
    assert "values: 0 to 4,095 of 65,535, 12 of 16 bits" in found.notes


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 3)])
def test_sixteen_bits_are_written_and_come_back(tmp_path, shape):
    pixels = RNG.integers(0, 65536, shape).astype(np.uint16)
    write_images(tmp_path, pixels, data_range=(0, 65535), bits=16)
    np.testing.assert_array_equal(read(tmp_path).X, pixels)


# --- pages and transparency -------------------------------------------------------------------


def test_pages_and_frames_are_rows(tmp_path):
    pages = [Image.fromarray(np.full((4, 4), 10 * i, np.uint8)) for i in range(12)]
    pages[0].save(tmp_path / "s.tif", save_all=True, append_images=pages[1:])
    pages[0].save(tmp_path / "t.gif", save_all=True, append_images=pages[1:3])
    found = read(tmp_path)
    assert found.X[:12, 0, 0].tolist() == [10 * i for i in range(12)]
    assert len(found.X) == 15
    assert found.index[:2] == ("s.tif#0", "s.tif#1")
    assert "frames: 15 pages or frames of 2 files are rows (frames=, --frames)" in found.notes
    first = read(tmp_path, frames="first")
    assert first.index == ("s.tif", "t.gif")
    assert any("passed over but the first" in note for note in first.notes)
    with pytest.raises(InvalidDataError, match="'rows' or 'first'"):
        read(tmp_path, frames="all")


def test_deep_pages_are_rows(tmp_path):
    pages = RNG.integers(0, 65536, (5, 4, 6)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")
    np.testing.assert_array_equal(read(tmp_path / "a.tif").X, pages)


def test_a_shape_that_is_all_in_the_transparency_is_seen(tmp_path):
    layered = np.full((6, 6, 4), 255, np.uint8)
    layered[:3, :, 3] = 0
    Image.fromarray(layered).save(tmp_path / "a.png")
    found = read(tmp_path / "a.png")
    assert np.ptp(found.X) == 255
    assert "transparency: 1 of one color, whose transparency was taken" in found.notes


def test_the_background_is_chosen_and_said(tmp_path):
    layered = np.zeros((2, 2, 4), np.uint8)
    layered[0, 0] = 200, 100, 50, 255
    Image.fromarray(layered).save(tmp_path / "a.png")
    found = read(tmp_path)
    assert found.X[0, 1, 1].tolist() == [255, 255, 255]
    assert "transparency: 1 put on a background (--background)" in found.notes
    assert read(tmp_path, background="#0000ff").X[0, 1, 1].tolist() == [0, 0, 255]
    with pytest.raises(InvalidDataError, match="background='nocolor'"):
        read(tmp_path, background="nocolor")


# --- folders ----------------------------------------------------------------------------------


def test_classes_and_files_are_in_natural_order(tmp_path):
    for name in ("10", "2", "1"):
        save_image(tmp_path / name / "img10.png", np.full((2, 2), 1))
        save_image(tmp_path / name / "img2.png", np.full((2, 2), 2))
    found = read(tmp_path)
    assert found.class_names == ("1", "2", "10")
    assert found.index[:3] == ("1/img2.png", "1/img10.png", "2/img2.png")
    assert "label: the folder, 3 classes: 1 2, 2 2, 10 2" in found.notes


@pytest.fixture
def divided(tmp_path):
    for subset, count in (("train", 3), ("test", 1), ("val", 2)):
        for kind in ("cat", "dog"):
            for i in range(count):
                save_image(tmp_path / subset / kind / f"{i}.png", np.full((2, 2), i + 200))
    return tmp_path


def test_folders_called_train_and_test_are_subsets(divided):
    found = read(divided)
    assert found.subsets == ("train", "valid", "test")
    assert (len(found.X), found.class_names) == (6, ("cat", "dog"))
    note = "subset: train, 6 files; valid has 4, test has 2 (subset=, --subset takes them)"
    assert note in found.notes
    assert len(read(divided, subset="test").X) == 2
    assert len(read(divided, subset="all").X) == 12
    with pytest.raises(DataFormatError, match="no subset 'extra'; it has train, valid, test"):
        read(divided, subset="extra")


def test_a_subset_where_there_is_none_is_refused(folder):
    with pytest.raises(DataFormatError, match="no subset 'test'"):
        read(folder, subset="test")


def test_links_are_followed_once_and_broken_ones_said(tmp_path):
    save_image(tmp_path / "real" / "a" / "1.png", np.full((2, 2), 200))
    (tmp_path / "real" / "a" / "again").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "gone.png").symlink_to(tmp_path / "nothing.png")
    (tmp_path / "real" / "note.txt").write_text("no image")
    (tmp_path / "link").symlink_to("real")
    found = read(tmp_path / "link")
    assert found.index == ("a/1.png",)
    said = "\n".join(found.notes)
    assert "passed over: 1 broken link, such as gone.png" in said
    assert "1 folder that a link leads to again, such as a/again" in said
    assert "1 file other than an image, such as note.txt" in said


def test_images_that_no_library_reads_are_counted(tmp_path, monkeypatch):
    (tmp_path / "a.heic").write_bytes(b"heic")
    monkeypatch.setattr("jamjae.data.readers.folders.reads_heic", lambda: False)
    with pytest.raises(DataNotFoundError, match=r"1 HEIC image .pip install pillow-heif"):
        read(tmp_path)


def test_an_archive_reads_as_the_folder(folder):
    packed = folder.parent / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in folder.rglob("*.[pP][nN][gG]"):
            archive.write(file, file.relative_to(folder))
        archive.writestr("../outside.txt", "no image")
    one, other = read(folder), read(packed)
    packed.unlink()
    np.testing.assert_array_equal(one.X, other.X)
    assert (one.index, one.class_names) == (other.index, other.class_names)


def test_labels_come_from_a_table(tmp_path):
    for i in range(4):
        save_image(tmp_path / "img" / f"{i}.png", np.full((2, 2), 200))
    (tmp_path / "l.csv").write_text(
        "file,kind,age\n0.png,cat,1\n1,dog,2\nimg/x.png,cat,3\n3.png,,4\n"
    )
    found = read(tmp_path / "img", label_file=str(tmp_path / "l.csv"))
    assert found.y.tolist() == [0, 1, -1, -1]
    assert found.class_names == ("cat", "dog")
    assert any("missing in 2 rows" in note for note in found.notes)
    ages = read(tmp_path / "img", label_file=str(tmp_path / "l.csv"), label="age")
    assert ages.class_names == ("1", "2", "4")
    with pytest.raises(DataFormatError, match="no column 'kinds'"):
        read(tmp_path / "img", label_file=str(tmp_path / "l.csv"), label="kinds")


def test_a_limit_takes_all_classes_and_reads_no_more(folder, monkeypatch):
    for i in range(30):
        save_image(folder / "cat" / f"n{i}.png", np.full((4, 6), 200))
        save_image(folder / "dog" / f"n{i}.png", np.full((4, 6), 200))
    found = read(folder, limit=20)
    assert set(found.y) == {0, 1}
    assert "limit: 20 of 63 rows, at random (seed 0)" in found.notes
    assert set(read(folder, limit=20, limit_first=True).y) == {0}


def test_images_too_many_for_memory_are_refused(folder, monkeypatch):
    with pytest.raises(InvalidDataError, match=r"would take .* GB.*--image-size"):
        read(folder, image_size=(200_000, 200_000))


# --- arrays -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "dia", "bsr"])
def test_sparse_matrices_are_made_dense(tmp_path, form):
    import scipy.sparse

    dense = np.where(RNG.random((6, 5)) < 0.3, 7.0, 0.0)
    scipy.sparse.save_npz(tmp_path / "a.npz", scipy.sparse.csr_matrix(dense).asformat(form))
    found = read(tmp_path / "a.npz")
    np.testing.assert_array_equal(found.X, dense)
    assert any(f"a sparse {form.upper()} matrix to a dense one" in note for note in found.notes)


def test_a_sparse_matrix_too_large_is_refused_with_a_cure(tmp_path):
    import scipy.sparse

    scipy.sparse.save_npz(tmp_path / "a.npz", scipy.sparse.eye(100_000, format="csr"))
    with pytest.raises(DataFormatError, match=r"100,000 x 100,000.*80\.0 GB.*TruncatedSVD"):
        read(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_channels_first_are_moved_and_said(tmp_path, name):
    X = RNG.integers(0, 255, (4, 3, 16, 16)).astype(np.uint8)
    np.save(tmp_path / name, X) if name == "a.npy" else np.savez(tmp_path / name, X=X)
    found = read(tmp_path / name)
    np.testing.assert_array_equal(found.X, np.moveaxis(X, 1, -1))
    assert any(note.startswith("channels: 3 moved from the first axis") for note in found.notes)
    np.testing.assert_array_equal(read(tmp_path / name, channels="last").X, X)
    with pytest.raises(InvalidDataError, match="'first' or 'last'"):
        read(tmp_path / name, channels="middle")


def test_flat_rows_take_a_shape(tmp_path):
    text = "label,p0,p1,p2,p3\n" + "".join(f"{i % 2},0,100,200,255\n" for i in range(30))
    (tmp_path / "a.csv").write_text(text)
    found = read(tmp_path / "a.csv", shape=(2, 2))
    assert (found.X.shape, found.X.dtype) == ((30, 2, 2), np.uint8)
    assert found.class_names == ("0", "1")
    with pytest.raises(InvalidDataError, match="3 x 3, which holds 9 values: a row has 4"):
        read(tmp_path / "a.csv", shape=(3, 3))


@pytest.mark.parametrize("labels", [np.array([[2], [0], [1]]), np.eye(3)[[2, 0, 1]]])
def test_labels_of_a_column_and_one_hot(tmp_path, labels):
    np.savez(tmp_path / "a.npz", x_train=np.eye(3), y_train=labels)
    assert read(tmp_path / "a.npz").y.tolist() == [2, 0, 1]


def test_fields_of_records_are_columns(tmp_path):
    records = np.array([(1, 2.5, b"x"), (3, 4.5, b"y")], [("a", "i4"), ("b", "f8"), ("c", "S1")])
    np.save(tmp_path / "a.npy", records)
    found = read(tmp_path / "a.npy")
    np.testing.assert_array_equal(found.X, [[1, 2.5], [3, 4.5]])
    assert found.feature_names == ("a", "b")
    assert "dropped: c (no numbers)" in found.notes


def test_matlab_safetensors_and_hdf5_are_read(tmp_path):
    import h5py
    from safetensors.numpy import save_file
    from scipy.io import savemat

    X, y = RNG.random((5, 3)), np.array([0, 1, 0, 1, 1])
    savemat(tmp_path / "a.mat", {"X": X, "y": y})
    save_file({"X": X, "y": y}, tmp_path / "a.safetensors")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["X"], file["y"] = X, y
    for name in ("a.mat", "a.safetensors", "a.h5"):
        found = read(tmp_path / name)
        np.testing.assert_array_equal(found.X, X)
        np.testing.assert_array_equal(found.y, y)


@pytest.mark.parametrize("sparse", [False, True])
def test_the_matrix_of_anndata_is_read(tmp_path, sparse):
    import h5py

    X = np.array([[1.0, 0], [0, 2], [3, 4]])
    with h5py.File(tmp_path / "a.h5ad", "w") as file:
        if sparse:
            group = file.create_group("X")
            group.attrs["encoding-type"], group.attrs["shape"] = "csr_matrix", X.shape
            group["data"] = np.array([1.0, 2, 3, 4])
            group["indices"], group["indptr"] = np.array([0, 1, 0, 1]), np.array([0, 1, 2, 4])
        else:
            file["X"] = X
        for name, names in (("obs", ["c1", "c2", "c3"]), ("var", ["g1", "g2"])):
            file.create_group(name).attrs["_index"] = "_index"
            file[name]["_index"] = names
    found = read(tmp_path / "a.h5ad")
    np.testing.assert_array_equal(found.X, X)
    assert (found.index, found.feature_names) == (("c1", "c2", "c3"), ("g1", "g2"))


@pytest.mark.parametrize("name", ["a.mat", "a.safetensors", "a.h5", "a.feather", "a.zip", "a.xlsx"])
def test_damaged_files_are_refused(tmp_path, name):
    Path(tmp_path / name).write_bytes(b"no such file at all" * 9)
    with pytest.raises((DataFormatError, ImportError), match="a\\."):
        read(tmp_path / name)
