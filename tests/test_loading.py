"""Rows fed to training: whole or in pieces, each of them once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jamjae import Autoencoder
from jamjae.data import loading, sources
from jamjae.data.rows import part
from jamjae.data.sources import ParquetRows
from jamjae.engine import pca


@pytest.mark.parametrize("n", [1, 255, 256, 257, 1000, 2049])
def test_pieces_hold_every_row_once(n, monkeypatch):
    monkeypatch.setattr(loading, "HELD_BYTES", 1024)
    rows = {"x": np.arange(n, dtype=np.float32)[:, None]}
    source = loading.source(rows, lambda piece: piece, 32)
    orders = []
    for number in (0, 1):
        parts = [np.asarray(piece["x"])[:count, 0] for piece, count in source(number)]
        together = np.concatenate(parts)
        np.testing.assert_array_equal(np.sort(together), np.arange(n))
        orders.append(together)
    if n > 1000:
        assert not np.array_equal(*orders)


@pytest.mark.parametrize("length", [500, 3_000])
def test_rows_far_apart_in_a_large_row_group_are_trained_on_together(length, tmp_path, monkeypatch):
    """The file is read once in an epoch, though a piece takes rows from all of a group."""
    table = pd.DataFrame({"x": np.arange(3_000, dtype=np.float32)})
    table.to_parquet(tmp_path / "x.parquet", row_group_size=length)
    monkeypatch.setattr(loading, "LAZY_BYTES", 1_200)  # 300 rows
    x = ParquetRows(tmp_path / "x.parquet")
    decoded, decode = [], x._decoded
    monkeypatch.setattr(x, "_decoded", lambda group: decoded.append(group) or decode(group))
    monkeypatch.setattr(sources, "HELD_BYTES", 1)
    source = loading.source({"x": x}, lambda piece: piece, 10)
    pieces = [np.asarray(piece["x"])[:count, 0] for piece, count in source(0)]
    assert len(pieces) == 10
    assert all(np.ptp(piece) > length / 2 for piece in pieces)
    np.testing.assert_array_equal(np.sort(np.concatenate(pieces)), table["x"])
    assert sorted(decoded) == list(range(3_000 // length))


def test_only_the_last_batch_of_pieces_is_not_full(monkeypatch):
    monkeypatch.setattr(loading, "HELD_BYTES", 1024)
    rows = {"x": np.zeros((1001, 1))}
    for size in (7, 32, 300):
        counts = [count for _, count in loading.source(rows, lambda piece: piece, size)(0)]
        assert len(counts) > 2
        assert not any(count % size for count in counts[:-1])
        assert sum(-(-count // size) for count in counts) == loading.steps(rows, size)


@pytest.mark.slow
def test_learning_from_pieces_is_as_good_as_from_the_whole(monkeypatch):
    X = np.random.RandomState(0).normal(size=(150, 5)) @ np.diag([3.0, 2.0, 1.0, 0.5, 0.1])
    rows = np.tile(X, (20, 1))
    whole = Autoencoder(2, network=(8,), epochs=5, random_state=0).fit(rows)
    monkeypatch.setattr(loading, "HELD_BYTES", 20_000)
    parts = Autoencoder(2, network=(8,), epochs=5, random_state=0).fit(rows)
    assert parts.reconstruction_error_ == pytest.approx(whole.reconstruction_error_, rel=0.05)


def test_rows_of_a_file_come_in_pieces(tmp_path, monkeypatch):
    np.save(tmp_path / "rows.npy", np.zeros((2_000, 4), np.float32))
    monkeypatch.setattr(loading, "MAPPED_BYTES", 16_384)  # half of them
    for rows, pieces in (
        (np.load(tmp_path / "rows.npy", mmap_mode="r"), 2),
        (np.asarray(np.load(tmp_path / "rows.npy", mmap_mode="r"))[:, ::-1], 2),  # a view
        (np.load(tmp_path / "rows.npy"), 1),
    ):
        source = loading.source({"x": rows}, lambda piece: piece, 32)
        assert len(list(source(0))) == pieces


def test_held_out_rows_of_a_file_are_not_copied(tmp_path, monkeypatch):
    np.save(tmp_path / "rows.npy", np.random.RandomState(0).normal(size=(500, 40)))
    monkeypatch.setattr(loading, "MAPPED_BYTES", 1 << 15)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    most = []
    padded = loading.padded
    monkeypatch.setattr(
        loading, "padded", lambda piece, *size: most.append(len(piece["x"])) or padded(piece, *size)
    )
    settings = {"network": (), "epochs": 2, "random_state": 0}
    model = Autoencoder(2, validation_fraction=0.4, **settings).fit(mapped)
    assert max(most) < 200
    assert np.isfinite(model.history_["val_loss"]).all()


def test_some_rows_are_read_as_a_copy_of_them_is():
    rows = np.random.RandomState(0).randint(0, 99, (40, 3, 2))
    index = np.array([1, 5, 7, 8, 30])
    some = part({"x": rows}, index)["x"]
    assert (some.shape, some.dtype, len(some)) == ((5, 3, 2), rows.dtype, 5)
    assert some.nbytes == rows[index].nbytes
    np.testing.assert_array_equal(some[1:4], rows[index][1:4])
    np.testing.assert_array_equal(some[np.array([4, 0])], rows[index][[4, 0]])
    found, copied = (pca.fit(x, 2) for x in (some, rows[index]))
    np.testing.assert_array_equal(found.components, copied.components)
