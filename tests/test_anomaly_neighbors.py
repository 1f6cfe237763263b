"""The search for near codes, beside all distances, and scores of many rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from jamjae import AnomalyDetector, Autoencoder
from jamjae.errors import InvalidDataError
from jamjae.models.anomalies import given
from jamjae.models.anomalies.neighbors import Neighbors
from test_anomalies import normal_rows

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


@pytest.mark.parametrize("m", [1, 7, 100, 3000])
@pytest.mark.parametrize("k", [1, 6])
def test_nearest_codes_are_found_with_their_distances(m, k):
    rng = np.random.RandomState(m + k)
    codes, queries = rng.normal(size=(m, k)) + 1000, rng.normal(size=(300, k)) + 1000
    n = min(5, m)
    exact = cdist(queries, codes)
    found, apart = Neighbors(codes).nearest(queries, n)
    assert np.array_equal(found, np.argsort(exact, axis=1)[:, :n])
    assert np.allclose(apart, np.sort(exact, axis=1)[:, :n], rtol=1e-12)


@pytest.mark.parametrize("size", [1e6, 1e30])
def test_far_queries_have_their_distances(size):
    codes = np.random.RandomState(0).normal(size=(2000, 3))
    queries = size * np.array([[1.0, -1.0, 0.5], [0.0, 0.0, 1.0]])
    exact = np.sort(np.linalg.norm(queries[:, None] - codes, axis=2), axis=1)[:, :4]
    assert np.allclose(Neighbors(codes).nearest(queries, 4)[1], exact, rtol=1e-6)


def test_equal_codes_are_all_found():
    codes = np.repeat(np.arange(4.0), 500)[:, None]
    found, apart = Neighbors(codes).nearest(np.array([[2.2]]), 50)
    assert np.allclose(apart, 0.2)
    assert len(np.unique(found)) == 50


def test_one_query_is_answered_as_among_many():
    rng = np.random.RandomState(1)
    search, queries = Neighbors(rng.normal(size=(5000, 8))), rng.normal(size=(40, 8))
    found, apart = search.nearest(queries, 5)
    for i in range(40):
        alone, away = search.nearest(queries[i : i + 1], 5)
        assert np.array_equal(alone[0], found[i])
        assert np.array_equal(away[0], apart[i])


def test_a_long_table_is_scored_piece_by_piece(monkeypatch):
    model = Autoencoder(2, network=(), epochs=1, scaling="standardize", random_state=0)
    detector = AnomalyDetector(model, random_state=0).fit(normal_rows(600))
    X = normal_rows(500, 1)
    whole = detector.score_samples(X)
    monkeypatch.setattr(given, "PIECE", 128)
    assert np.array_equal(detector.score_samples(X), whole)
    X[400, 2] = np.nan
    with pytest.raises(InvalidDataError, match=r"NaN at index \(400, 2\)"):
        detector.score_samples(X)
