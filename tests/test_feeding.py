"""Rows fed to training: whole or in pieces, each of them once."""

from __future__ import annotations

import numpy as np
import pytest

from jamjae import Autoencoder
from jamjae.data import loading


@pytest.mark.parametrize("n", [1, 255, 256, 257, 1000, 2049])
def test_pieces_hold_every_row_once(n):
    rows = {"x": np.arange(n, dtype=np.float32)[:, None]}
    source = loading.source(rows, lambda piece: piece, 32, held_bytes=1024)
    orders = []
    for number in (0, 1):
        parts = [np.asarray(piece["x"])[:count, 0] for piece, count in source.pieces(number)]
        together = np.concatenate(parts)
        np.testing.assert_array_equal(np.sort(together), np.arange(n))
        orders.append(together)
    if n > 1000:
        assert not np.array_equal(*orders)


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
        assert len(list(source.pieces(0))) == pieces
