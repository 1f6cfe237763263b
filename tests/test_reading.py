"""A user's own data: what is written is read back, and what is damaged is refused by its name."""

from __future__ import annotations

import gzip
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from data_files import (
    DTYPES,
    IDX_CODES,
    KINDS,
    cut,
    emptied,
    foreign,
    idx_bytes,
    left_over,
    some_rows,
)
from jamjae.data.readers.idx import read_idx
from jamjae.data.reading import read
from jamjae.data.writing import write_images, write_rows
from jamjae.errors import (
    DataFormatError,
    DataNotFoundError,
    InvalidDataError,
)

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
    write_rows(path, some_rows("float64"), index=row_names, feature_names=feature_names)
    found = read(path)
    write_rows(path, found.X, index=np.array(row_names), feature_names=np.array(feature_names))
    found = read(path)
    assert (found.index, found.feature_names) == (row_names, feature_names)
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
    assert found.index == tuple(path.name for path in paths)
    assert found.y is None


def test_images_come_back_under_their_names(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 4), dtype=np.uint8)
    write_images(tmp_path, pixels, names=["cats/1.5.png", "cats/2.jpg", "dogs/1"])
    found = read(tmp_path)
    assert found.index == ("cats/1.5.png", "cats/2.png", "dogs/1.png")
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
    with pytest.raises(DataFormatError, match="row of real numbers"):
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


def test_of_several_arrays_the_largest_is_taken_and_said(tmp_path):
    np.savez(tmp_path / "a.npz", np.eye(3), np.eye(2))
    found = read(tmp_path / "a.npz")
    np.testing.assert_array_equal(found.X, np.eye(3))
    assert "array: arr_0, the largest of arr_0, arr_1 (key=, --key takes another)" in found.notes
    assert "not read: arr_1 (key=, --key)" in found.notes
    np.testing.assert_array_equal(read(tmp_path / "a.npz", key="arr_1").X, np.eye(2))
    with pytest.raises(DataFormatError, match=r"no array 'arr_9'.*arr_0, arr_1"):
        read(tmp_path / "a.npz", key="arr_9")


def test_labels_of_another_length_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.eye(3), y=np.zeros(2))
    with pytest.raises(DataFormatError, match="3 rows, but labels of shape"):
        read(tmp_path / "a.npz")


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
    with pytest.raises((DataFormatError, InvalidDataError), match=r"label.*'y'.*[Ll]eave"):
        read(folder / name, label="y")


def test_options_are_known_and_take_one_name_or_several(tmp_path):
    frame = pd.DataFrame(np.arange(6.0).reshape(2, 3), columns=list("abc"))
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert read(tmp_path / "a.csv", drop="a").feature_names == ("b", "c")
    assert read(tmp_path / "a.csv", columns=["c", "a"]).X.tolist() == [[2, 0], [5, 3]]
    with pytest.raises(InvalidDataError, match=r"'lable'.*Did you mean 'label'"):
        read(tmp_path / "a.csv", lable="a")


def test_options_without_effect_are_refused(tmp_path):
    path = write_rows(tmp_path / "a.npy", np.zeros((2, 5, 5)))
    with pytest.raises(InvalidDataError, match=r"image_size=\(3, 3\).*no effect on arrays"):
        read(path, image_size=(3, 3))
