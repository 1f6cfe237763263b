"""Rows in files in all that is done with a fitted model: only a piece, or a sample, is held."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from jamjae import Autoencoder, compare, explore, latent_map, read
from jamjae.data import rows as rows_of
from jamjae.data.rows import LazyRows, row_chunks
from jamjae.data.streaming import write_pieces
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation.comparison import sampling
from jamjae.models import generating

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)
N, D = 300, 4


@pytest.fixture
def both(tmp_path):
    """Rows in a folder of Parquet, and the same in memory."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N, 2)) @ rng.normal(size=(2, D)) + 0.1 * rng.normal(size=(N, D))
    frame = pd.DataFrame(X.astype(np.float32), columns=list("abcd"))
    (tmp_path / "rows").mkdir()
    for number in range(3):
        part = frame[100 * number : 100 * number + 100]
        part.to_parquet(tmp_path / "rows" / f"{number}.parquet", row_group_size=40)
    return read(tmp_path / "rows", lazy=True).X, frame.to_numpy()


@pytest.fixture
def only_pieces(monkeypatch):
    """Refuse to read more rows at once than a piece."""
    monkeypatch.setattr(rows_of, "LAZY_CHUNK_BYTES", 8 * D * 50)
    read_some = LazyRows._of

    def few(self, index):
        assert len(index) <= 130, f"{len(index)} rows were read at once"
        return read_some(self, index)

    monkeypatch.setattr(LazyRows, "_of", few)


@pytest.fixture
def model(both):
    return Autoencoder(2, network=(), epochs=2, random_state=0, batch_size=64).fit(both[1])


def test_a_comparison_states_its_sample(both, only_pieces, monkeypatch):
    lazy, X = both
    monkeypatch.setattr(sampling, "ROWS", 120)
    y = np.arange(N) % 3
    held = (lazy, y)
    found = compare(lazy, y, methods=["pca"], seeds=1)
    assert found.sampled == (120, N)
    assert found.sentence.startswith("120 of 300 rows, drawn at random, are compared. ")
    assert found.sentence in str(found)
    split = found.splits[0]
    np.testing.assert_array_equal(split.train, X[split.places])
    np.testing.assert_array_equal(split.train_y, y[split.places])
    assert len(compare(lazy, y, test=held, methods=["pca"], seeds=1).splits[0].test) == 120
    with pytest.raises(ShapeMismatchError, match="for 300 rows"):
        compare(lazy, y[:120], methods=["pca"], seeds=1)


def test_a_comparison_of_all_rows_does_not_speak_of_a_sample(both):
    whole = compare(both[0], methods=["pca"], seeds=1)
    assert whole.sampled == (N, N)
    assert "drawn at random" not in whole.sentence


def test_a_comparison_of_little_memory_is_one_of_fewer_rows(both, monkeypatch):
    lazy, _ = both
    monkeypatch.setattr("jamjae.data.memory.available", lambda: lazy.nbytes)
    assert compare(lazy, methods=["pca"], seeds=1).sampled == (N // 4, N)


def test_a_page_holds_the_rows_it_shows(both, model, only_pieces):
    lazy, X = both
    page = explore(model, lazy, rows=60, method="pca").html
    facts = json.loads(
        re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page)[1]
    )
    assert (facts["rows"], facts["of"]) == (60, N)
    assert page == explore(model, X, rows=60, method="pca").html


def test_codes_of_a_file_are_laid_out(both, model, tmp_path):
    lazy, X = both
    names = model.get_feature_names_out()
    path = write_pieces(
        tmp_path / "codes.parquet", model.transform_pieces(lazy), N, feature_names=names
    )
    codes = read(path, lazy=True)
    assert codes.feature_names == tuple(names)
    np.testing.assert_array_equal(codes.X[:], model.transform(X))
    found = latent_map(codes.X, "pca")
    np.testing.assert_array_equal(found.points, latent_map(model.transform(X), "pca").points)


@pytest.mark.parametrize("suffix", [".npy", ".parquet", ".csv", ".npz"])
def test_pieces_are_written_as_they_come(both, model, only_pieces, tmp_path, suffix):
    lazy, X = both
    path = write_pieces(tmp_path / f"codes{suffix}", model.transform_pieces(lazy), N)
    codes = read(path)
    np.testing.assert_allclose(np.asarray(codes.X), model.transform(X), rtol=1e-6)
    made = write_pieces(tmp_path / f"rows{suffix}", model.reconstruct_pieces(lazy), N)
    np.testing.assert_allclose(np.asarray(read(made).X), model.reconstruct(X), rtol=1e-6)


def test_more_or_fewer_rows_than_said_leave_no_file(both, model, tmp_path):
    with pytest.raises(InvalidDataError, match=r"the pieces have 300 rows, but n=299 was given"):
        write_pieces(tmp_path / "codes.npy", model.transform_pieces(both[0]), N - 1)
    assert list(tmp_path.glob("codes*")) == []


def test_a_density_is_learned_from_some_rows_of_files(both, model, only_pieces, monkeypatch):
    lazy, X = both
    monkeypatch.setattr(generating, "ROWS", 120)
    model.fit_density(lazy, np.arange(N) % 2, kind="gaussian", random_state=0)
    assert "120 of 300 rows were encoded" in model.density_.notes_
    low, high = model.sampling_.span.low, model.sampling_.span.high
    model.fit_density(X, np.arange(N) % 2, kind="gaussian", random_state=0)
    np.testing.assert_array_equal(low, model.sampling_.span.low)
    np.testing.assert_array_equal(high, model.sampling_.span.high)
    assert model.sample(5, y=1, random_state=0).shape == (5, D)


def test_scores_of_rows_in_files_are_those_in_memory(both, model, only_pieces):
    lazy, X = both
    assert model.score(lazy) == pytest.approx(model.score(X), abs=1e-9)
    np.testing.assert_allclose(model.score_samples(lazy), model.score_samples(X), rtol=1e-6)
    np.testing.assert_allclose(model.transform(lazy), model.transform(X), rtol=1e-6)
    np.testing.assert_allclose(model.reconstruct(lazy), model.reconstruct(X), rtol=1e-6)


def test_rows_of_a_table_are_checked_and_encoded_and_no_more(both, model, monkeypatch):
    lazy, _ = both
    seen = []
    monkeypatch.setattr(rows_of, "LAZY_CHUNK_BYTES", 8 * D * 50)
    read_some = LazyRows._of
    monkeypatch.setattr(LazyRows, "_of", lambda s, i: seen.append(len(i)) or read_some(s, i))
    for _ in zip(row_chunks(lazy), model.transform_pieces(lazy), strict=True):
        pass
    assert sum(seen) == 2 * N  # once for numbers that are finite, once for the codes
