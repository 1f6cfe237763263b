"""Rows in files: read when they are asked for, and fitted as the same rows in memory are."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from jamjae import Autoencoder
from jamjae.data import loading, memory
from jamjae.data.rows import LazyRows, part, row_chunks
from jamjae.data.sources import ImageRows, ParquetRows
from jamjae.errors import DataFormatError, DataNotFoundError, InvalidDataError, ShapeMismatchError


def _values(n=700, d=4, dtype=np.float32):
    rng = np.random.RandomState(0)
    return (rng.normal(size=(n, 2)) @ rng.normal(size=(2, d)) + rng.normal(size=d)).astype(dtype)


def _write(path, X, group=100, **columns):
    table = pa.table({**{f"c{i}": X[:, i] for i in range(X.shape[1])}, **columns})
    pq.write_table(table, path, row_group_size=group)
    return path


@pytest.fixture
def folder(tmp_path):
    X = _values()
    for number, (start, end) in enumerate([(0, 250), (250, 300), (300, 700)]):
        _write(tmp_path / f"part-{number}.parquet", X[start:end])
    (tmp_path / "_metadata.parquet").write_bytes(b"not read")
    return tmp_path, X


def test_rows_of_a_folder_are_those_of_the_array(folder):
    path, X = folder
    rows = ParquetRows(path)
    assert (rows.shape, rows.dtype, len(rows), rows.ndim) == (X.shape, X.dtype, 700, 2)
    assert (rows.nbytes, rows.feature_names) == (X.nbytes, ("c0", "c1", "c2", "c3"))
    mixed = np.random.RandomState(1).randint(-700, 700, 300)
    none = np.array([], dtype=int)
    for index in (slice(None), slice(90, 260), slice(600, 10, -7), mixed, X[:, 0] > 0, none):
        np.testing.assert_array_equal(rows[index], X[index])
    np.testing.assert_array_equal(rows[3], X[3])
    np.testing.assert_array_equal(np.asarray(rows), X)
    np.testing.assert_array_equal(rows.reshape(700, 2, 2)[5:9], X[5:9].reshape(-1, 2, 2))
    assert rows.reshape(700, -1, 2).shape == (700, 2, 2)
    for wrong in ((700, 3, -1), (2, 350, 4), (700, -1, -1)):
        with pytest.raises(ValueError, match="cannot be reshaped"):
            rows.reshape(*wrong)
    assert repr(rows) == "ParquetRows(shape=(700, 4), dtype=float32)"
    with pytest.raises(IndexError, match="of 700 rows"):
        rows[np.array([700])]


def test_rows_are_read_in_threads_and_after_a_pickle(folder):
    path, X = folder
    rows = pickle.loads(pickle.dumps(ParquetRows(path, ["c2", "c0"])))
    index = [np.random.RandomState(i).permutation(700) for i in range(20)]
    with ThreadPoolExecutor(4) as pool:
        for chosen, found in zip(index, pool.map(rows.__getitem__, index), strict=True):
            np.testing.assert_array_equal(found, X[chosen][:, [2, 0]])


def test_a_row_group_is_decoded_once_a_pass(folder, monkeypatch):
    path, _ = folder
    rows = ParquetRows(path)
    decoded = []
    read = rows._decoded
    monkeypatch.setattr(rows, "_decoded", lambda group: decoded.append(group) or read(group))
    with monkeypatch.context() as only_one:
        only_one.setattr("jamjae.data.sources.HELD_BYTES", 1)
        for chunk in row_chunks(rows, 8 * 4 * 60):
            rows[chunk]
    assert decoded == list(range(8))
    monkeypatch.setattr(loading, "LAZY_BYTES", rows.nbytes // 5)
    decoded.clear()
    rows._forget()
    monkeypatch.setattr("jamjae.data.sources.HELD_BYTES", 1)
    assert len(list(loading.source({"x": rows}, lambda piece: piece, 32)(0))) == 5
    assert sorted(decoded) == list(range(8))


def test_types_are_common_and_missing_cells_are_nan(tmp_path):
    columns = {
        "small": pa.array([1, None, 3], pa.int16()),
        "flag": pa.array([True, None, False]),
        "real": pa.array([0.5, 1.5, None], pa.float32()),
        "whole": pa.array([1, 2, 3], pa.int64()),
        "money": pa.array(["1.25", None, "3"]).cast(pa.decimal128(5, 2)),
        "text": pa.array(["a", "b", "c"]),
    }
    pq.write_table(pa.table(columns), tmp_path / "mixed.parquet")
    few = ParquetRows(tmp_path / "mixed.parquet", ["small", "flag", "real"])
    assert few.dtype == np.float32
    np.testing.assert_array_equal(few[:], [[1, 1, 0.5], [np.nan, np.nan, 1.5], [3, 0, np.nan]])
    every = ParquetRows(tmp_path / "mixed.parquet")
    assert (every.dtype, every.feature_names[-1]) == (np.float64, "money")
    np.testing.assert_array_equal(every[:][:, 4], [1.25, np.nan, 3])
    with pytest.raises(InvalidDataError, match=r"there is NaN at index \(0?1, 0\)"):
        Autoencoder(1).fit(few)


@pytest.mark.parametrize("validation_fraction", [0.0, 0.3])
def test_a_fit_is_that_of_a_mapped_array(folder, validation_fraction):
    path, X = folder
    np.save(path / "rows.npy", X)
    settings = {"validation_fraction": validation_fraction, "random_state": 0, "epochs": 3}
    lazy, mapped = (
        Autoencoder(2, network=(8,), **settings).fit(rows)
        for rows in (ParquetRows(path), np.load(path / "rows.npy", mmap_mode="r"))
    )
    rows = ParquetRows(path)
    np.testing.assert_array_equal(lazy.history_["loss"], mapped.history_["loss"])
    np.testing.assert_array_equal(lazy.transform(rows), mapped.transform(X))
    np.testing.assert_array_equal(lazy.reconstruct(rows), mapped.reconstruct(X))
    np.testing.assert_array_equal(lazy.score_samples(rows), mapped.score_samples(X))
    assert lazy.score(rows) == mapped.score(X)


class _Held(LazyRows):
    """An array that is read as if it were a file with the same parts as another."""

    def __init__(self, array, starts):
        self.array, self._starts = array, starts
        self.shape, self.dtype = array.shape, array.dtype

    starts = property(lambda self: self._starts)

    def _read(self, index):
        return self.array[index]


def test_pieces_of_files_are_those_of_an_array_with_the_same_parts(folder, monkeypatch):
    path, X = folder
    monkeypatch.setattr(loading, "LAZY_BYTES", 3000)
    rows = ParquetRows(path)
    kept = np.flatnonzero(np.arange(700) % 5)
    for index in (None, kept):
        found = [np.asarray(piece["x"])[:n] for piece, n in _pieces(part({"x": rows}, index))]
        other = part({"x": _Held(X, rows.starts)}, index)
        beside = [np.asarray(piece["x"])[:n] for piece, n in _pieces(other)]
        assert len(found) == len(beside) > 2
        for one, two in zip(found, beside, strict=True):
            np.testing.assert_array_equal(one, two)
        together = np.concatenate(found)
        wanted = X if index is None else X[index]
        np.testing.assert_array_equal(np.sort(together[:, 0]), np.sort(wanted[:, 0]))


def _pieces(rows):
    return loading.source(rows, lambda piece: piece, 32, seed=3)(0)


def test_a_reading_error_ends_the_training(folder, monkeypatch):
    path, _ = folder
    rows = ParquetRows(path)
    monkeypatch.setattr(loading, "LAZY_BYTES", 3000)
    source = loading.source({"x": rows}, lambda piece: piece, 32)
    (path / "part-1.parquet").unlink()
    with pytest.raises(DataFormatError, match=r"part-1.parquet.*it is gone"):
        list(source(0))


def test_a_file_that_was_changed_is_refused(tmp_path):
    rows = ParquetRows(_write(tmp_path / "x.parquet", _values(50)))
    _write(tmp_path / "x.parquet", _values(60))
    with pytest.raises(DataFormatError, match="changed after it was opened"):
        rows[:]


def test_files_that_do_not_fit_together_are_named(tmp_path):
    X = _values(20)
    _write(tmp_path / "a.parquet", X)
    for change, message in (
        ({"c3": np.arange(20)}, r"b.parquet.*'c3' holds int64, and that of 'a.parquet' float"),
        ({"c3": ["a"] * 20}, r"b.parquet.*'c3' holds string; numbers are expected"),
    ):
        _write(tmp_path / "b.parquet", X, **change)
        with pytest.raises(DataFormatError, match=message):
            ParquetRows(tmp_path)
    _write(tmp_path / "b.parquet", X[:, :3])
    with pytest.raises(DataFormatError, match=r"b.parquet.*no column 'c3'.*as 'a.parquet' does"):
        ParquetRows(tmp_path)


def test_files_without_rows_or_numbers_are_refused(tmp_path):
    _write(tmp_path / "none.parquet", _values(0))
    with pytest.raises(DataFormatError, match="it has no rows"):
        ParquetRows(tmp_path / "none.parquet")
    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "text.parquet")
    with pytest.raises(DataFormatError, match="none of its columns holds numbers"):
        ParquetRows(tmp_path / "text.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataFormatError, match=r"bad.parquet.*Copy it again"):
        ParquetRows(tmp_path / "bad.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataNotFoundError, match=r"there is none that ends in .parquet"):
        ParquetRows(tmp_path / "empty")


def test_rows_that_do_not_fit_into_memory_are_not_gathered(folder, monkeypatch):
    rows = ParquetRows(folder[0])
    monkeypatch.setattr(memory, "available", lambda: rows.nbytes)
    with pytest.raises(InvalidDataError, match=r"Cannot read all of ParquetRows.*limit="):
        np.asarray(rows)


def test_other_columns_than_those_of_fit_are_refused(folder):
    path, X = folder
    model = Autoencoder(2, network=(), epochs=1, random_state=0).fit(X)
    with pytest.raises(ShapeMismatchError, match="expecting 4 features"):
        model.transform(ParquetRows(path, ["c0", "c1"]))


def _gray(file):
    with Image.open(file) as image:
        return np.asarray(image)


def test_images_are_decoded_on_demand(tmp_path):
    X = np.random.RandomState(0).randint(0, 256, (30, 5, 6), dtype=np.uint8)
    files = [tmp_path / f"{i:02d}.png" for i in range(30)]
    for file, image in zip(files, X, strict=True):
        Image.fromarray(image).save(file)
    rows = pickle.loads(pickle.dumps(ImageRows(files, _gray, (5, 6))))
    np.testing.assert_array_equal(rows[[3, 1, 29]], X[[3, 1, 29]])
    settings = {"network": (8,), "epochs": 2, "random_state": 0}
    lazy, array = (Autoencoder(2, **settings).fit(each) for each in (rows, X))
    np.testing.assert_array_equal(lazy.transform(rows), array.transform(X))


@pytest.mark.parametrize(("limit", "used", "left"), [("900", "300", 600), ("max", "300", None)])
def test_the_limit_of_a_container_counts(tmp_path, monkeypatch, limit, used, left):
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text(used)
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "missing")
    there = memory.available()
    assert there == left if left else there is None or there > 10**6
