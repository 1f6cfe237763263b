"""A user's own data: what is written is read again, and what is damaged is named."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from PIL import Image

from jamjae import images, sources
from jamjae.errors import DataFormatError, DataNotFoundError, OutputError

ROWS = np.random.RandomState(0).normal(size=(7, 3)).astype(np.float32)


@pytest.mark.parametrize("kind", [".npy", ".npz", ".csv", ".parquet"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_rows_come_back(tmp_path, kind, dtype):
    rows = (
        (ROWS * 10).astype(dtype) if dtype != np.uint8 else np.arange(21, dtype=dtype).reshape(7, 3)
    )
    path = sources.write_rows(tmp_path / f"new/folder/rows{kind}", rows)
    found = sources.read(path)
    np.testing.assert_allclose(found.X, rows, rtol=1e-6)
    if kind != ".csv":
        assert found.X.dtype == dtype


@pytest.mark.parametrize("kind", [".csv", ".parquet"])
def test_names_come_back(tmp_path, kind):
    names = [f"행 {i}" for i in range(7)]
    path = sources.write_rows(
        tmp_path / f"rows{kind}", ROWS, row_names=names, feature_names=["가", "b", "c"]
    )
    found = sources.read(path, label="name")
    assert found.feature_names == ("가", "b", "c")
    assert [found.class_names[i] for i in found.y] == names


def test_an_array_file_is_not_read_into_memory(tmp_path):
    assert isinstance(sources.read(sources.write_rows(tmp_path / "a.npy", ROWS)).X, np.memmap)


def test_archives_with_several_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=ROWS, y_train=[0, 1, 0, 1, 0, 1, 0])
    found = sources.read(tmp_path / "a.npz")
    assert found.X.shape == (7, 3)
    assert found.class_names == ("0", "1")
    np.savez(tmp_path / "b.npz", one=ROWS, two=ROWS)
    with pytest.raises(DataFormatError, match=r"one, two.*Name one of them X"):
        sources.read(tmp_path / "b.npz")


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("a,b\n1,2\n3,4\n", ("a", "b")),
        ("\ufeffa;b\n1;2\n3;4\n", ("a", "b")),
        ("1,2\n3,4\n", ()),
        ("a,b\r\n1,2\r\n\r\n3,4\r\n", ("a", "b")),
        ('"a","b"\n"1","2"\n 3 , 4e0 \n', ("a", "b")),
    ],
)
def test_tables_of_text(tmp_path, text, features):
    (tmp_path / "t.csv").write_bytes(text.encode())
    found = sources.read(tmp_path / "t.csv")
    np.testing.assert_array_equal(found.X, [[1, 2], [3, 4]])
    assert found.feature_names == features


def test_missing_values_are_nan(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,\nNA,4\n")
    np.testing.assert_array_equal(sources.read(tmp_path / "t.csv").X, [[1, np.nan], [np.nan, 4]])


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        ("a,b\n1,x\n2,y\n", None, "columns b hold text.*--label"),
        ("a,b\n1,x\n2,y\n", "c", "no column 'c'; it has a, b"),
        ("a,b\n1\n", None, "row 1 has 1 cells.*2 columns"),
        ("a,a\n1,2\n", None, "same name"),
        ("", None, "empty"),
        ("\n\n", None, "empty"),
    ],
)
def test_bad_tables(tmp_path, text, label, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataFormatError, match=message):
        sources.read(tmp_path / "t.csv", label=label)


def idx(array, code):
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


@pytest.mark.parametrize(("code", "dtype"), sources.IDX_TYPES.items())
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx(tmp_path, code, dtype, suffix):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    content = idx(array, code)
    path = tmp_path / f"t-images-idx3-ubyte{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    (tmp_path / f"t-labels-idx1-ubyte{suffix}").write_bytes(
        (gzip.compress if suffix else bytes)(idx(np.array([1, 0], dtype="u1"), 8))
    )
    found = sources.read(path)
    np.testing.assert_array_equal(found.X, array)
    assert found.X.dtype.isnative
    np.testing.assert_array_equal(found.y, [1, 0])


@pytest.mark.parametrize(
    "change", [lambda c: c[:-1], lambda c: c + b"\0", lambda c: c[:6], lambda c: b"PK" + c]
)
def test_damaged_idx(tmp_path, change):
    path = tmp_path / "t-ubyte"
    path.write_bytes(change(idx(np.zeros((2, 3), dtype="u1"), 8)))
    with pytest.raises(DataFormatError, match="damaged"):
        sources.read(path)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.parquet", "a-ubyte.gz", "a.png", "a.csv"])
def test_files_that_are_not_what_their_names_say(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x93\xff nonsense")
    with pytest.raises(DataFormatError, match="a"):
        sources.read(tmp_path / name)


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataFormatError):
        sources.read(tmp_path / "a.npy")


def test_paths_that_lead_nowhere(tmp_path):
    with pytest.raises(DataNotFoundError, match="no such file"):
        sources.read(tmp_path / "none.csv")
    (tmp_path / "a.doc").write_text("x")
    with pytest.raises(DataFormatError, match="are not understood"):
        sources.read(tmp_path / "a.doc")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataNotFoundError, match="holds none"):
        sources.read(tmp_path / "empty")


# --- images ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5, 6), (5, 6, 1), (5, 6, 3)])
def test_images_come_back(tmp_path, shape):
    pixels = np.random.RandomState(0).randint(0, 256, (4, *shape), dtype=np.uint8)
    images.write(tmp_path, pixels)
    found = sources.read(tmp_path)
    np.testing.assert_array_equal(found.X, pixels[..., 0] if shape[2:] == (1,) else pixels)
    assert found.row_names == tuple(f"{i:05d}.png" for i in range(4))
    assert found.y is None


def test_shades_are_clipped_and_rounded(tmp_path):
    images.write(tmp_path, np.array([[[-1.0, 0.0, 0.5, 1.0, 2.0]]]), data_range=(0, 1))
    assert sources.read(tmp_path).X.tolist() == [[[0, 0, 128, 255, 255]]]


def test_two_channels_are_no_image(tmp_path):
    with pytest.raises(OutputError, match="npy"):
        images.write(tmp_path, np.zeros((1, 3, 3, 2)))


def test_rotation_palettes_alpha_and_sixteen_bits(tmp_path):
    wide = Image.new("L", (6, 4), 10)
    exif = wide.getexif()
    exif[0x0112] = 6
    wide.save(tmp_path / "a.jpg", exif=exif)
    assert sources.read(tmp_path / "a.jpg").X.shape == (1, 6, 4)

    clear = Image.new("RGBA", (2, 2), (255, 0, 0, 0))
    clear.save(tmp_path / "b.png")
    assert (sources.read(tmp_path / "b.png").X == 255).all()

    deep = Image.fromarray(np.full((2, 2), 65535, dtype=np.uint16))
    deep.save(tmp_path / "c.png")
    assert (sources.read(tmp_path / "c.png").X == 255).all()

    Image.new("RGB", (2, 2), (0, 200, 0)).convert("P").save(tmp_path / "d.gif")
    assert sources.read(tmp_path / "d.gif").X.shape == (1, 2, 2, 3)

    Image.new("1", (2, 2), 1).save(tmp_path / "e.png")
    assert (sources.read(tmp_path / "e.png").X == 255).all()


def test_mixed_sizes_and_hidden_files(tmp_path):
    for name, size in (("a/1.png", (4, 6)), ("a/2.png", (8, 6)), ("b/3.PNG", (6, 10))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", size, 100).save(tmp_path / name)
    (tmp_path / "a/.hidden.png").write_bytes(b"no image")
    (tmp_path / "notes.txt").write_text("no image")
    found = sources.read(tmp_path)
    assert found.X.shape == (3, 6, 6)
    assert (found.X == 100).all()
    assert found.class_names == ("a", "b")
    assert found.y.tolist() == [0, 0, 1]
    assert sources.read(tmp_path, image_size=(3, 5)).X.shape == (3, 3, 5)


def test_an_image_cut_short_is_damaged(tmp_path):
    pixels = np.random.RandomState(0).randint(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "good.jpg")
    content = (tmp_path / "good.jpg").read_bytes()
    (tmp_path / "short.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataFormatError, match=r"short\.jpg"):
        sources.read(tmp_path)
    found = sources.read(tmp_path, skip_bad=True)
    assert found.row_names == ("good.jpg",)
    assert found.skipped == ("short.jpg",)


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = sources.write_rows(tmp_path / "rows.npy", ROWS)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OutputError, match="No space left"):
        sources.write_rows(path, ROWS * 2)
    monkeypatch.undo()
    np.testing.assert_array_equal(np.load(path), ROWS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["rows.npy"]
