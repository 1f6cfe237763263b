"""A user's own data: what is written is read back, and what is damaged is refused by its name."""

from __future__ import annotations

import csv
import errno
import gzip
import struct
import warnings
import zipfile
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from jamjae.data.readers import delimited, tables
from jamjae.data.reading import read, read_idx, write_images, write_rows
from jamjae.errors import (
    DataFormatError,
    DataNotFoundError,
    InvalidDataError,
    OutputError,
)

KINDS = (".npy", ".npz", ".csv", ".tsv", ".parquet")
DTYPES = ("uint8", "int32", "int64", "float32", "float64")
IDX_CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def some_rows(dtype, shape=(7, 3)):
    rows = np.random.default_rng(0).normal(60, 20, size=shape)
    return rows.astype(dtype)


def idx_bytes(values):
    code = IDX_CODES[values.dtype.str[1:]]
    head = bytes([0, 0, code, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return head + values.astype(values.dtype.newbyteorder(">")).tobytes()


def save_image(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path, **options)


def left_over(folder):
    return sorted(path.name for path in folder.rglob("*"))


# --- laws: written and read back ------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_rows_come_back(tmp_path, kind, dtype):
    rows = some_rows(dtype)
    path = write_rows(tmp_path / "deep" / f"rows{kind}", rows)
    found = read(path)
    np.testing.assert_array_equal(found.X.astype(dtype), rows)
    assert kind in (".csv", ".tsv") or found.X.dtype == rows.dtype
    assert found.y is None
    assert left_over(tmp_path) == ["deep", path.name]


@pytest.mark.parametrize("kind", KINDS)
def test_suffixes_may_be_capitals(tmp_path, kind):
    rows = some_rows("float64")
    np.testing.assert_array_equal(read(write_rows(tmp_path / f"A{kind.upper()}", rows)).X, rows)


@pytest.mark.parametrize("kind", [".npz", ".csv", ".tsv", ".parquet"])
def test_names_come_back(tmp_path, kind):
    row_names = ("a,b", 'c "d"', "é", "4", "", "nan", "g")
    feature_names = ("length (cm)", "x,y", "ü")
    path = tmp_path / f"rows{kind}"
    write_rows(path, some_rows("float64"), row_names=row_names, feature_names=feature_names)
    found = read(path)
    write_rows(path, found.X, row_names=np.array(row_names), feature_names=np.array(feature_names))
    found = read(path)
    assert (found.row_names, found.feature_names) == (row_names, feature_names)
    np.testing.assert_array_equal(found.X, some_rows("float64"))


@pytest.mark.parametrize("kind", [".npy", ".npz"])
def test_arrays_keep_their_shape(tmp_path, kind):
    rows = some_rows("float32", (2, 3, 4, 5))
    np.testing.assert_array_equal(read(write_rows(tmp_path / f"rows{kind}", rows)).X, rows)


@pytest.mark.parametrize("kind", [".csv", ".tsv", ".parquet"])
def test_tables_flatten_images(tmp_path, kind):
    rows = some_rows("uint8", (2, 3, 4))
    found = read(write_rows(tmp_path / f"rows{kind}", rows))
    np.testing.assert_array_equal(found.X, rows.reshape(2, 12))
    assert found.feature_names[-1] == "x12"


@settings(max_examples=60, deadline=None)
@given(
    rows=arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=2, max_side=5),
        elements=st.floats(allow_nan=True, allow_infinity=True),
    ),
    kind=st.sampled_from([".csv", ".tsv", ".npz"]),
)
def test_every_double_comes_back(tmp_path_factory, rows, kind):
    path = tmp_path_factory.mktemp("rows") / f"rows{kind}"
    np.testing.assert_array_equal(read(write_rows(path, rows)).X, rows)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", [(4,), (3, 2), (5, 2, 3), (2, 2, 2, 2), (0, 3)])
@pytest.mark.parametrize("dtype", IDX_CODES)
def test_idx_comes_back(tmp_path, dtype, shape, packed):
    values = some_rows(dtype, shape)
    path = tmp_path / ("a-idx-ubyte" + ".gz" * packed)
    path.write_bytes(gzip.compress(idx_bytes(values)) if packed else idx_bytes(values))
    found = read_idx(path)
    np.testing.assert_array_equal(found, values)
    assert found.dtype == values.dtype
    assert found.dtype.isnative


@pytest.mark.parametrize("shape", [(3, 5, 4), (3, 5, 4, 1), (3, 5, 4, 3)])
def test_images_come_back(tmp_path, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    paths = write_images(tmp_path / "new" / "out", pixels)
    found = read(tmp_path / "new" / "out")
    np.testing.assert_array_equal(found.X, pixels.reshape(found.X.shape))
    assert found.X.dtype == np.uint8
    assert found.row_names == tuple(path.name for path in paths)
    assert found.y is None


def test_images_come_back_under_their_names(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 4), dtype=np.uint8)
    write_images(tmp_path, pixels, names=["cats/1.5.png", "cats/2.jpg", "dogs/1"])
    found = read(tmp_path)
    assert found.row_names == ("cats/1.5.png", "cats/2.png", "dogs/1.png")
    np.testing.assert_array_equal(found.X, pixels)
    assert found.class_names == ("cats", "dogs")
    np.testing.assert_array_equal(found.y, [0, 0, 1])


# --- arrays ---------------------------------------------------------------------------------


def test_npy_is_mapped_not_read(tmp_path):
    X = read(write_rows(tmp_path / "rows.npy", some_rows("float32"))).X
    assert isinstance(X, np.memmap)
    assert not X.flags.writeable


@pytest.mark.parametrize("save", [np.save, lambda path, a: np.savez(path, X=a)])
def test_objects_are_refused_without_running_them(tmp_path, save):
    path = tmp_path / ("o.npy" if save is np.save else "o.npz")
    save(path, np.array([{}, []], dtype=object))
    with pytest.raises(DataFormatError, match=r"o\.np.*Python objects"):
        read(path)


@pytest.mark.parametrize("rows", [np.float64(3), np.array(["a", "b"])])
def test_arrays_without_rows_of_numbers_are_refused(tmp_path, rows):
    np.save(tmp_path / "a.npy", rows)
    with pytest.raises(DataFormatError, match="rows of real numbers"):
        read(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("names", "rows", "labels"),
    [
        (["only"], "only", None),
        (["X", "other"], "X", None),
        (["x_train", "y_train", "x_test", "y_test"], "x_train", "y_train"),
        (["data", "labels"], "data", "labels"),
        (["whatever", "y"], "whatever", "y"),
    ],
)
def test_npz_rows_and_labels_are_found_by_name(tmp_path, names, rows, labels):
    content = {name: np.full(3, i) if name[0] in "yl" else np.full((3, 2), i)
               for i, name in enumerate(names)}  # fmt: skip
    np.savez(tmp_path / "a.npz", **content)
    found = read(tmp_path / "a.npz")
    np.testing.assert_array_equal(found.X, content[rows])
    assert found.class_names == (() if labels is None else (str(names.index(labels)),))


def test_npz_label_may_be_named(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.eye(3), kind=np.array(["b", "a", "b"]), y=np.zeros(3))
    found = read(tmp_path / "a.npz", label="kind")
    np.testing.assert_array_equal(found.y, [1, 0, 1])
    assert found.class_names == ("a", "b")
    with pytest.raises(DataFormatError, match="no array 'sort', but X, kind, y"):
        read(tmp_path / "a.npz", label="sort")


def test_ambiguous_npz_lists_its_names(tmp_path):
    np.savez(tmp_path / "a.npz", np.eye(3), np.eye(2))
    with pytest.raises(DataFormatError, match="arr_0, arr_1"):
        read(tmp_path / "a.npz")


def test_labels_of_another_length_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.eye(3), y=np.zeros(2))
    with pytest.raises(DataFormatError, match="3 rows, but labels of shape"):
        read(tmp_path / "a.npz")


# --- tables ---------------------------------------------------------------------------------


def table(tmp_path, text, name="a.csv", **options):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read(tmp_path / name, **options)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b\n1,2\n3,4\n", ("a", "b")),
        ("\ufeffa,b\r\n1,2\r\n3,4", ("a", "b")),
        ("1,2\n3,4\n", ()),
        ('"a";"b"\n1;2\n\n3;4\n', ("a", "b")),
        ("a\tb\n1\t2\n3\t4\n", ("a", "b")),
        ("name,a,b\nx,1,2\ny,3,4\n", ("a", "b")),
        (",a,b\n0,1,2\n1,3,4\n", ("a", "b")),
        (" a , b \n 1 , 2 \n 3 , 4 \n", ("a", "b")),
    ],
)
def test_text_is_understood(tmp_path, text, names):
    found = table(tmp_path, text)
    np.testing.assert_array_equal(found.X, [[1, 2], [3, 4]])
    assert found.feature_names == names


def test_rows_are_not_taken_for_names(tmp_path):
    found = table(tmp_path, "5.1,3.5,setosa\n4.9,3.0,setosa\n6,2,virginica\n", label="column_3")
    np.testing.assert_array_equal(found.X, [[5.1, 3.5], [4.9, 3.0], [6, 2]])
    assert found.class_names == ("setosa", "virginica")


def test_names_may_be_numbers_beside_a_label(tmp_path):
    found = table(tmp_path, "label,0,1\ncat,5,6\ndog,7,8\n", label="label")
    np.testing.assert_array_equal(found.X, [[5, 6], [7, 8]])
    assert found.feature_names == ("0", "1")


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_classes_that_are_numbers_are_in_their_order(tmp_path, name):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "kind": [10, 2, 1]})
    if name == "a.csv":
        frame.to_csv(tmp_path / name, index=False)
    else:
        frame.to_parquet(tmp_path / name)
    found = read(tmp_path / name, label="kind")
    assert found.class_names == ("1", "2", "10")
    np.testing.assert_array_equal(found.y, [2, 1, 0])
    np.testing.assert_array_equal(found.X, [[1], [2], [3]])


def test_empty_cells_are_nan(tmp_path):
    found = table(tmp_path, "a,b\n,2\nNA,nan\n3,null\n")
    np.testing.assert_array_equal(found.X, [[np.nan, 2], [np.nan, np.nan], [3, np.nan]])


@pytest.mark.parametrize(
    ("text", "label", "said"),
    [
        ("a,b,c\n1,x,y\n2,z,w\n", None, r"columns b, c hold text.*label=.*--label"),
        ("a,b,c\n1,x,y\n2,z,w\n", "b", r"columns c hold text"),
        ("a,b\n1,x\n2,y\n", "k", r"no column 'k'.*a, b"),
        ("a,b\n1,2\n3\n", None, r"line 3 .* 1 cells.* 2 columns"),
        ("a,a\n1,2\n", None, "two columns are named 'a'"),
        ("a,b\n", None, "no rows"),
        ("", None, "empty"),
        ("a,b\n1,x\n2,\n", "b", "label is empty in some rows"),
        ("b\nx\ny\n", "b", "no numeric column"),
    ],
)
def test_unclear_tables_are_refused(tmp_path, text, label, said):
    with pytest.raises(DataFormatError, match=rf"(?s)a\.csv.*{said}"):
        table(tmp_path, text, label=label)


def test_other_encodings_are_named(tmp_path):
    (tmp_path / "a.csv").write_bytes("größe,b\n1,2\n".encode("latin-1"))
    with pytest.raises(DataFormatError, match="not UTF-8 text"):
        read(tmp_path / "a.csv")


def test_parquet_with_text_and_gaps(tmp_path):
    frame = pd.DataFrame({"a": [1, None, 3], "b": ["x", "y", None]}).convert_dtypes()
    frame.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataFormatError, match="columns b hold text"):
        read(tmp_path / "a.parquet")
    with pytest.raises(DataFormatError, match="label is empty"):
        read(tmp_path / "a.parquet", label="b")
    frame[["a"]].to_parquet(tmp_path / "b.parquet")
    np.testing.assert_array_equal(read(tmp_path / "b.parquet").X, [[1], [np.nan], [3]])


def test_odd_cells_of_numbers_are_numbers(tmp_path):
    found = table(tmp_path, "a,b\n 1, NA \n2 ,nUlL\n\n-inf,1e-320\n")
    np.testing.assert_array_equal(found.X, [[1, np.nan], [2, np.nan], [-np.inf, 1e-320]])


@pytest.mark.parametrize("cell", ["true", "2020-01-31", "12:30", "1 2"])
def test_cells_that_are_no_numbers_are_text(tmp_path, cell):
    with pytest.raises(DataFormatError, match="columns b hold text"):
        table(tmp_path, f"a,b\n1,{cell}\n2,{cell}\n")


def test_lines_that_are_too_long_or_not_utf8_are_named(tmp_path):
    with pytest.raises(DataFormatError, match=r"line 3 .* 3 cells.* 2 columns"):
        table(tmp_path, "a,b\n1,2\n3,4,5\n")
    (tmp_path / "a.csv").write_bytes("a,b\n1,x\n2,é\n".encode("latin-1"))
    with pytest.raises(DataFormatError, match="not UTF-8 text"):
        read(tmp_path / "a.csv", label="b")


@pytest.mark.parametrize("text", ["1,2", "\n\n1,2", "\r\na,b\r\n\r\n1,2"])
def test_one_row_and_empty_lines_are_read(tmp_path, text):
    np.testing.assert_array_equal(table(tmp_path, text).X, [[1, 2]])


def test_text_is_quoted_with_its_line_in_the_file(tmp_path):
    numbers = "".join(f"{i},{i}\n" for i in range(70))
    with pytest.raises(DataFormatError, match=r"columns b hold text, 'n\.d\.' in line 76 of col"):
        table(tmp_path, f'\na,b\n"1\n", NA \n{numbers}\n1,n.d.\n2,\n')
    with pytest.raises(DataFormatError, match="line 76 has 1 cells, but there are 2 columns"):
        table(tmp_path, f'\na,b\n"1\n", NA \n{numbers}\n1\n')
    with pytest.raises(DataFormatError, match=r"c11 and 28 columns more hold text, '잠+…'"):
        table(tmp_path, ",".join(f"c{i}" for i in range(40)) + "\n" + ",".join(["잠" * 900] * 40))


def test_identifiers_with_underscores_stay_apart(tmp_path):
    found = table(tmp_path, "id,a\n10_1,1\n1_01,2\n", label="id")
    assert found.class_names == ("10_1", "1_01")
    with pytest.raises(DataFormatError, match="columns id hold text"):
        table(tmp_path, "id,a\n10_1,1\n1_01,2\n")


def test_numbers_of_several_types_and_gaps_share_a_table(tmp_path):
    frame = pd.DataFrame({"a": [1, 2], "b": [True, False], "c": [0.5, 1.5]})
    frame["d"] = pd.array([None, 3], dtype="Int64")
    frame.to_parquet(tmp_path / "a.parquet")
    X = read(tmp_path / "a.parquet").X
    np.testing.assert_array_equal(X, [[1, 1, 0.5, np.nan], [2, 0, 1.5, 3]])
    assert X.flags.c_contiguous


def test_columns_are_converted_all_at_once(tmp_path, monkeypatch):
    rows = np.random.default_rng(0).random((3, 200))
    paths = [write_rows(tmp_path / f"wide{kind}", rows) for kind in (".csv", ".parquet")]
    monkeypatch.setattr(pd.DataFrame, "__getitem__", None)  # what walks the columns one by one
    monkeypatch.setattr(pd.Series, "to_numpy", None)
    monkeypatch.setattr(delimited, "_column_numbers", None)
    for path in paths:
        np.testing.assert_array_equal(read(path).X, rows)


def test_wide_tables_are_read(tmp_path):
    rows = np.random.default_rng(0).random((2, 50_000))  # lines of 1 MB
    np.testing.assert_array_equal(read(write_rows(tmp_path / "wide.csv", rows)).X, rows)


def test_names_are_no_formulas(tmp_path):
    names = ("=1+1", "-x", "@a", "-1", "'quoted", "+ b")
    path = write_rows(tmp_path / "a.csv", np.eye(6), row_names=names, feature_names=names)
    cells = [line[0] for line in csv.reader(path.read_text("utf-8").splitlines())]
    assert cells == ["name", "'=1+1", "'-x", "'@a", "-1", "'quoted", "'+ b"]
    found = read(path)
    assert (found.row_names, found.feature_names) == (names, names)


# --- IDX ------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte"),
    ],
)
def test_labels_beside_images_are_read(tmp_path, images, labels, packed):
    pixels, y = some_rows("u1", (3, 2, 2)), np.array([7, 2, 7], dtype="u1")
    (tmp_path / images).write_bytes(idx_bytes(pixels))
    labels_file = idx_bytes(y)
    (tmp_path / (labels + ".gz" * packed)).write_bytes(
        gzip.compress(labels_file) if packed else labels_file
    )
    found = read(tmp_path / images)
    np.testing.assert_array_equal(found.X, pixels)
    np.testing.assert_array_equal(found.y, [1, 0, 1])
    assert found.class_names == ("2", "7")


def test_an_idx_file_is_not_its_own_label(tmp_path):
    (tmp_path / "codes-idx1-ubyte").write_bytes(idx_bytes(some_rows("u1", (4,))))
    assert read(tmp_path / "codes-idx1-ubyte").y is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: content[:9],
        lambda content: content[:2],
        lambda content: b"",
        lambda content: b"\1" + content[1:],
        lambda content: content[:2] + b"\x0a" + content[3:],
        lambda content: content[:3] + b"\0" + content[4:],
        lambda content: content[:4] + b"\xff" * 12 + content[16:],
    ],
    ids=["cut", "surplus", "header", "magic", "empty", "foreign", "type", "scalar", "vast"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_idx_is_refused(tmp_path, damage, packed):
    content = damage(idx_bytes(some_rows("u1", (3, 2, 2))))
    path = tmp_path / ("a-idx3-ubyte" + ".gz" * packed)
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataFormatError, match="a-idx3-ubyte"):
        read_idx(path)


# --- images ---------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    save_image(tmp_path / "dog" / "a.png", np.full((4, 6), 10))
    save_image(tmp_path / "cat" / "b.png", np.full((4, 6), 20))
    save_image(tmp_path / "cat" / "deep" / "c.PNG", np.full((4, 6), 30))
    return tmp_path


def test_subfolders_are_classes(folder):
    (folder / "notes.txt").write_text("no image")
    save_image(folder / ".hidden.png", np.zeros((9, 9)))
    save_image(folder / ".cache" / "x.png", np.zeros((9, 9)))
    found = read(folder)
    assert found.X.shape == (3, 4, 6)
    assert found.X[:, 0, 0].tolist() == [20, 30, 10]
    assert found.row_names == ("cat/b.png", "cat/deep/c.PNG", "dog/a.png")
    assert found.class_names == ("cat", "dog")
    assert found.y.tolist() == [0, 0, 1]


def test_one_image_in_colour_makes_all_so(folder):
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
    assert found.row_names == ("a.png",)
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
    grey = Image.fromarray(np.array([[0, 100], [200, 255]], dtype=np.uint8))
    palette = grey.convert("P")
    palette.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path).X, np.asarray(grey)[None])
    palette.save(tmp_path / "a.png", transparency=b"\x00\xff")
    assert read(tmp_path).X.shape == (1, 2, 2)
    colour = Image.fromarray(np.array([[[250, 0, 0], [0, 0, 250]]], dtype=np.uint8))
    colour.quantize(2).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path).X, np.asarray(colour)[None])


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_become_eight(tmp_path, suffix):
    deep = np.array([[0, 257, 51143, 65535]], dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / f"a{suffix}")
    assert read(tmp_path).X.tolist() == [[[0, 1, 199, 255]]]


def test_sixteen_bits_of_pgm_become_eight(tmp_path):
    (tmp_path / "a.pgm").write_bytes(b"P5 3 1 65535\n" + struct.pack(">3H", 0, 25700, 65535))
    assert read(tmp_path).X.tolist() == [[[0, 100, 255]]]


def test_black_and_white_is_grey(tmp_path):
    Image.fromarray(np.array([[0, 255]], dtype=np.uint8)).convert("1").save(tmp_path / "a.png")
    assert read(tmp_path).X.tolist() == [[[0, 255]]]


def test_images_of_32_bits_are_refused(tmp_path):
    Image.fromarray(np.array([[0.0, 0.5]], dtype=np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(DataFormatError, match=r"a\.tif.*32 bits.*\.npy"):
        read(tmp_path)


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def foreign(path):
    path.write_bytes(b"no image at all")


def emptied(path):
    path.write_bytes(b"")


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
    assert found.row_names == ("cat/b.png", "cat/deep/c.PNG", "dog/a.png")
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
    with pytest.raises(DataNotFoundError, match=r"holds none.*\.png"):
        read(tmp_path, skip_bad=skip_bad)
    (tmp_path / "bad.png").write_bytes(b"")
    with pytest.raises((DataNotFoundError, DataFormatError), match="cannot be read"):
        read(tmp_path, skip_bad=skip_bad)


@pytest.mark.parametrize("size", [(0, 3), (3,), (2, 3, 4)])
def test_impossible_sizes_are_refused(folder, size):
    with pytest.raises(InvalidDataError, match="height and the width"):
        read(folder, image_size=size)


# --- what cannot be read --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["none", "none.npy", "none.png", "none-ubyte", "folder/none.csv"])
def test_nothing_there(tmp_path, name):
    with pytest.raises(DataNotFoundError, match="no such file"):
        read(tmp_path / name)
    with pytest.raises(DataNotFoundError, match="no such file"):
        read_idx(tmp_path / name)


@pytest.mark.parametrize("name", ["a.docx", "a", "a.gz"])
def test_unknown_kinds_list_the_known_ones(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(DataFormatError, match=r"\.npy, \.npz, \.csv.*IDX.*\.png.*folder of images"):
        read(tmp_path / name)


@pytest.mark.parametrize("kind", [".npy", ".npz", ".parquet"])
@pytest.mark.parametrize("damage", [cut, foreign, emptied])
def test_damaged_files_are_refused(tmp_path, kind, damage):
    path = write_rows(tmp_path / f"rows{kind}", some_rows("float64"))
    damage(path)
    with pytest.raises(DataFormatError, match=rf"rows\{kind}.*Copy it again"):
        read(path)


def test_an_npz_of_no_arrays_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("X", "text")
    with pytest.raises(DataFormatError, match=r"a\.npz"):
        read(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["a.npy", "dog", "dog/a.png", "a-idx3-ubyte"])
def test_a_label_where_there_are_no_columns_is_refused(folder, name):
    write_rows(folder / "a.npy", np.eye(2))
    (folder / "a-idx3-ubyte").write_bytes(idx_bytes(np.zeros((1, 2, 2), dtype="u1")))
    with pytest.raises(DataFormatError, match=r"label 'y'.*Leave label out"):
        read(folder / name, label="y")


def test_a_size_of_images_leaves_arrays_as_they_are(tmp_path):
    path = write_rows(tmp_path / "a.npy", np.zeros((2, 5, 5)))
    assert read(path, image_size=(3, 3)).X.shape == (2, 5, 5)


# --- what cannot be written -----------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch, kind):
    path = write_rows(tmp_path / f"rows{kind}", np.eye(2))
    before = path.read_bytes()

    def full_disk(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    for home, name in ((np, "save"), (np, "savez_compressed"), (csv, "writer")):
        monkeypatch.setattr(home, name, full_disk)
    monkeypatch.setattr(tables, "write_parquet", full_disk)
    with pytest.raises(OutputError, match=rf"rows\{kind}.*No space left.*disk with room"):
        write_rows(path, np.zeros((5, 5)))
    assert path.read_bytes() == before
    assert left_over(tmp_path) == [path.name]


def test_an_interrupted_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = write_rows(tmp_path / "rows.npy", np.eye(2))

    def interrupt(file, rows, **options):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_rows(path, np.zeros((5, 5)))
    np.testing.assert_array_equal(read(path).X, np.eye(2))
    assert left_over(tmp_path) == ["rows.npy"]


def test_no_folder_can_be_made_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="may write to"):
        write_rows(tmp_path / "file" / "a.csv", np.eye(2))
    with pytest.raises(OutputError, match="may write to"):
        write_images(tmp_path / "file", np.zeros((1, 2, 2)))


def test_unknown_kinds_of_output_list_the_known_ones(tmp_path):
    with pytest.raises(OutputError, match=r"a\.txt.*\.npy, \.npz, \.csv"):
        write_rows(tmp_path / "a.txt", np.eye(2))


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (np.array([{}, []], dtype=object), {}),
        (np.array(["a"]), {}),
        (np.float64(1), {}),
        (np.eye(2), {"row_names": ["a"]}),
        (np.eye(2), {"feature_names": ["a", "b", "c"]}),
        (np.eye(2), {"feature_names": ["a", "a"]}),
        (np.eye(2), {"feature_names": ["name", "a"], "row_names": ["a", "b"]}),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_do_not_fit_are_refused(tmp_path, kind, rows, names):
    with pytest.raises(InvalidDataError, match="Cannot write"):
        write_rows(tmp_path / f"a{kind}", rows, **names)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("shape", [(4, 4), (1, 4, 4, 2), (1, 4, 4, 5), (1, 0, 4), (1, 2, 3, 4, 1)])
def test_arrays_that_are_no_images_are_refused(tmp_path, shape):
    with pytest.raises(InvalidDataError, match=r"shape .* as images"):
        write_images(tmp_path / "out", np.zeros(shape))
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("names", [["a"], ["a", "a"], ["a", "../b"], ["a", "/b"]])
def test_names_that_do_not_fit_images_are_refused(tmp_path, names):
    with pytest.raises(InvalidDataError, match="names"):
        write_images(tmp_path / "out", np.zeros((2, 3, 3)), names=names)
    assert left_over(tmp_path) == []


def test_names_that_differ_in_suffix_only_stay_apart(tmp_path):
    paths = write_images(tmp_path, np.zeros((2, 3, 3)), names=["a.jpg", "a.bmp"])
    assert [path.name for path in paths] == ["a.jpg.png", "a.bmp.png"]


def test_shades_are_rounded_and_clipped(tmp_path):
    image = np.array([[[-5.0, 0.4, 0.6, 254.5, 300.0, np.inf]]])
    write_images(tmp_path, image)
    assert read(tmp_path).X.tolist() == [[[0, 0, 1, 254, 255, 255]]]
    write_images(tmp_path, np.array([[[-1.0, 0.0, 1.0, 2.0]]]), data_range=(-1, 1))
    assert read(tmp_path).X.tolist() == [[[0, 128, 255, 255]]]


@pytest.mark.parametrize("options", [{"data_range": (1, 1)}, {}])
def test_images_without_a_range_or_with_nan_are_refused(tmp_path, options):
    with pytest.raises(InvalidDataError, match="data_range"):
        write_images(tmp_path / "out", np.full((1, 2, 2), np.nan), **options)
    assert left_over(tmp_path) == []


def test_alpha_is_written(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (1, 3, 3, 4), dtype=np.uint8)
    (path,) = write_images(tmp_path, pixels)
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels[0])


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
