"""Missing values of rows in files are learned and filled as those of the same rows in memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jamjae import Autoencoder, read
from jamjae.data import loading
from jamjae.data import rows as data_rows
from jamjae.data.rows import LazyRows

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)
QUICK = {"network": (8,), "epochs": 3, "batch_size": 32, "random_state": 0, "missing": "mask"}
N = 150


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    monkeypatch.setattr(data_rows, "LAZY_CHUNK_BYTES", 8 * 5 * 32)


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N, 2)) @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(N, 5))
    X[rng.random_sample(X.shape) < 0.15] = np.nan
    X[40:80, 1] = np.nan  # a whole piece, and a row group, without a value
    return X


@pytest.fixture(params=["parquet", "npy", "folder"])
def files(request, table, tmp_path):
    """Give rows in files, as their reader gives them, and the same in memory."""
    frame = pd.DataFrame(table, columns=list("abcde"))
    if request.param == "npy":
        path = tmp_path / "t.npy"
        np.save(path, table)
    elif request.param == "parquet":
        path = tmp_path / "t.parquet"
        frame.to_parquet(path, row_group_size=40)
    else:
        path = tmp_path / "t"
        path.mkdir()
        frame[:70].to_parquet(path / "1.parquet", index=False)
        frame[70:].to_parquet(path / "2.parquet", index=False)
    lazy = read(path, lazy=True)
    assert isinstance(lazy.X, np.memmap if request.param == "npy" else LazyRows)
    return lazy, read(path, lazy=False)


@pytest.mark.parametrize(
    "more",
    [
        {},
        pytest.param({"scaling": "standardize"}, marks=pytest.mark.slow),
        pytest.param({"validation_fraction": 0.2}, marks=pytest.mark.slow),
        pytest.param({"n_components": 0.8}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_rows_in_files_are_learned_as_in_memory(files, more):
    lazy, held = (found.named_rows() for found in files)
    settings = {"n_components": 2, **QUICK, **more}
    one, other = (Autoencoder(**settings).fit(X) for X in (lazy, held))
    for name in ("reconstruction_error_", "baseline_error_", "network_share_"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-4), name
    X = np.asarray(held)
    for operation in ("transform", "reconstruct", "impute", "score_samples"):
        made = [np.asarray(getattr(one, operation)(X)) for X in (lazy, held)]
        np.testing.assert_allclose(*made, rtol=1e-5, atol=1e-6, err_msg=operation)
        expected = np.asarray(getattr(other, operation)(held))
        np.testing.assert_allclose(made[0], expected, rtol=1e-2, atol=1e-3, err_msg=operation)
    filled = np.asarray(one.impute(lazy))
    np.testing.assert_array_equal(filled[~np.isnan(X)], X[~np.isnan(X)])
    assert np.isfinite(filled).all()
    assert one.score(lazy) == pytest.approx(one.score(held), rel=1e-6)


def test_pieces_are_those_of_all_rows(files):
    lazy, held = (found.named_rows() for found in files)
    model = Autoencoder(2, **QUICK).fit(held)
    for operation in ("transform", "reconstruct"):
        pieces = list(getattr(model, f"{operation}_pieces")(lazy))
        whole = np.asarray(getattr(model, operation)(held))
        np.testing.assert_allclose(np.concatenate(pieces), whole, rtol=1e-5, atol=1e-6)


def test_training_piece_by_piece(files, monkeypatch):
    monkeypatch.setattr(loading, "LAZY_BYTES", 8 * 5 * 64)  # rows are shuffled within pieces
    lazy, held = (found.named_rows() for found in files)
    one, other = (Autoencoder(2, **QUICK).fit(X) for X in (lazy, held))
    assert one.baseline_error_ == pytest.approx(other.baseline_error_, rel=1e-6)
    assert one.reconstruction_error_ <= one.baseline_error_ * (1 + 1e-6)
    assert np.isfinite(np.asarray(one.impute(lazy))).all()


def test_a_mask_changes_nothing_where_nothing_is_missing(table, tmp_path):
    frame = pd.DataFrame(np.nan_to_num(table), columns=list("abcde"))
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=40)
    lazy = read(tmp_path / "t.parquet", lazy=True).named_rows()
    masked = Autoencoder(2, **QUICK).fit(lazy)
    plain = Autoencoder(2, **{**QUICK, "missing": "error"}).fit(lazy)
    np.testing.assert_array_equal(masked.transform(lazy), plain.transform(lazy))
    assert 0.0 <= masked.network_share_ <= 1.0


def test_gaps_are_refused_without_a_mask(files):
    lazy = files[0].named_rows()
    with pytest.raises(ValueError, match="missing"):
        Autoencoder(2, network=(8,), epochs=1).fit(lazy)
