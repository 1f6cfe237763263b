"""Files of several arrays: MATLAB, HDF5, AnnData, safetensors, records; what is left of them."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from jamjae.data.reading import read
from jamjae.errors import DataFormatError

X = np.random.default_rng(0).normal(size=(12, 5))
Y = np.arange(12) % 3
IMAGES = np.random.default_rng(1).integers(0, 256, (6, 9, 8, 3), dtype=np.uint8)


@pytest.fixture
def mat(tmp_path):
    def saved(**arrays):
        scipy.io.savemat(tmp_path / "a.mat", arrays)
        return read(tmp_path / "a.mat")

    return saved


def hdf5(path, head=b"", **arrays):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w", userblock_size=512 if head else 0) as file:
        for name, values in arrays.items():
            file[name] = values
    if head:
        path.write_bytes(head + path.read_bytes()[len(head) :])
    return read(path)


def test_one_row_of_matlab_stays_one_row(mat):
    found = mat(X=X[:1], y=Y[:1])
    assert found.X.shape == (1, 5)
    assert found.y.tolist() == [0]


def test_the_fields_of_a_struct_of_matlab_are_arrays(mat):
    found = mat(data={"X": X, "y": Y})
    np.testing.assert_array_equal(found.X, X)
    np.testing.assert_array_equal(found.y, Y)
    assert "label: data.y, 3 classes: 0 4, 1 4, 2 4" in found.notes


def test_what_is_left_of_a_file_of_matlab_is_said(mat):
    found = mat(X=X, names=np.array(["a", "b"], dtype=object), other={"f": X})
    assert "not read: names, other.f (key=, --key)" in found.notes


def test_a_sparse_matrix_of_matlab_is_made_dense(mat):
    made = scipy.sparse.random(8, 5, 0.4, "csc", rng=0)
    found = mat(A=made)
    np.testing.assert_array_equal(found.X, made.toarray())
    assert "a sparse CSC matrix to a dense one" in str(found.notes)


@pytest.mark.parametrize("y", [None, np.arange(6)[:, None] % 2])
def test_images_of_matlab_stand_along_the_last_axis(mat, y):
    arrays = {} if y is None else {"y": y}
    found = mat(X=np.moveaxis(IMAGES, 0, -1), **arrays)
    np.testing.assert_array_equal(found.X, IMAGES)
    assert "axes: the last of X counts the images, and was moved first" in found.notes


def test_images_of_matlab_whose_first_axis_has_the_labels_stay(mat):
    np.testing.assert_array_equal(mat(X=IMAGES, y=np.arange(6)).X, IMAGES)


def test_the_axes_of_matlab_7_3_are_turned_back(tmp_path):
    head = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    found = hdf5(tmp_path / "a.mat", head, X=X.T, y=Y[None].astype(float))
    np.testing.assert_array_equal(found.X, X)
    np.testing.assert_array_equal(found.y, Y)


def test_labels_of_bytes_are_text(tmp_path):
    labels = np.array([b"red", "청색".encode(), b"red"] * 4)
    np.savez(tmp_path / "a.npz", X=X, y=labels)
    assert read(tmp_path / "a.npz").class_names == ("red", "청색")
    assert hdf5(tmp_path / "a.h5", X=X, y=labels).class_names == ("red", "청색")


def test_records_of_hdf5_are_columns(tmp_path):
    kinds = [("i", "i4"), ("v", "f8", (2,)), ("s", "S2")]
    found = hdf5(tmp_path / "a.h5", t=np.array([(1, (2.5, 3), b"a"), (4, (5, 6), b"b")], kinds))
    np.testing.assert_array_equal(found.X, [[1, 2.5, 3], [4, 5, 6]])
    assert found.feature_names == ("i", "v_0", "v_1")
    assert "dropped: s (no numbers)" in found.notes


@pytest.fixture
def annotated(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5ad", "w") as file:
        file["X"] = X
        for name, size in (("obs", 12), ("var", 5)):
            group = file.create_group(name)
            group.attrs["_index"] = "_index"
            group["_index"] = np.array([f"{name}{i}".encode() for i in range(size)])
        file["obs/type"] = np.array([b"T", b"B"] * 6)
        file["obs/kind/codes"] = np.array([0, 1, -1] * 4, dtype=np.int8)
        file["obs/kind/categories"] = np.array([b"x", b"y"])
    return tmp_path / "a.h5ad"


def test_a_label_of_anndata_is_a_column_of_its_observations(annotated):
    found = read(annotated, label="type")
    assert [found.class_names[i] for i in found.y[:2]] == ["T", "B"]
    assert "label: type, 2 classes: B 6, T 6" in found.notes
    assert read(annotated, label="kind").y[:3].tolist() == [0, 1, -1]
    assert "columns kind, type of obs (label=" in str(read(annotated).notes)


def test_a_label_that_anndata_has_not_is_refused(annotated):
    with pytest.raises(DataFormatError, match=r"obs has no column 'tpye'.*Did you mean 'type'"):
        read(annotated, label="tpye")


def test_bfloat16_is_read_as_float32_and_said(tmp_path):
    pytest.importorskip("safetensors")
    halves = (X.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    about = {"dtype": "BF16", "shape": X.shape, "data_offsets": [0, halves.nbytes]}
    head = json.dumps({"X": about}).encode()
    content = struct.pack("<Q", len(head)) + head + halves.tobytes()
    (tmp_path / "a.safetensors").write_bytes(content)
    found = read(tmp_path / "a.safetensors")
    assert found.X.dtype == np.float32
    np.testing.assert_allclose(found.X, X, rtol=2**-7)
    assert "converted: bfloat16 to float32" in found.notes


def test_a_list_of_numbers_is_a_row_of_one_value_each(tmp_path):
    np.save(tmp_path / "a.npy", X[:, 0])
    found = read(tmp_path / "a.npy")
    np.testing.assert_array_equal(found.X, X[:, :1])
    assert found.notes == ("rows: 12 of 1 value, float64",)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), ()])
def test_an_array_without_values_is_refused(tmp_path, shape):
    np.save(tmp_path / "a.npy", np.zeros(shape))
    with pytest.raises(DataFormatError, match="expected at least one row of real numbers"):
        read(tmp_path / "a.npy")


def test_a_file_that_is_no_array_is_refused_without_unsafe_advice(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"hello, this is text")
    with pytest.raises(DataFormatError, match=r"does not begin as an .npy file does") as refused:
        read(tmp_path / "a.npy")
    assert "pickle" not in str(refused.value)


def test_labels_that_do_not_fit_name_the_cure(tmp_path):
    np.savez(tmp_path / "a.npz", X=X, y=Y[:5])
    with pytest.raises(DataFormatError, match="--no-label"):
        read(tmp_path / "a.npz")
    assert read(tmp_path / "a.npz", label="").y is None
