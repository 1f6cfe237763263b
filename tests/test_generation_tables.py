"""Columns and correlations of generated tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation.metrics import correlation_difference, marginal_distances

RNG = np.random.default_rng(0)


def distances(real, made):
    return {one.column: one.distance for one in marginal_distances(real, made)}


def slow_kolmogorov_smirnov(one, other):
    at = np.concatenate([one, other])
    shares = [(values <= at[:, None]).mean(axis=1) for values in (one, other)]
    return np.abs(shares[0] - shares[1]).max()


@pytest.mark.parametrize("whole", [False, True], ids=["floats", "ties"])
def test_columns_of_numbers_have_the_distance_of_their_distribution_functions(whole):
    real, made = RNG.normal(size=(50, 3)), RNG.normal(0.4, 2.0, size=(80, 3))
    if whole:
        real, made = np.rint(real), np.rint(made)
    for i, one in enumerate(marginal_distances(real, made)):
        assert one[:2] == (f"x{i}", "numbers")
        assert one.distance == pytest.approx(slow_kolmogorov_smirnov(real[:, i], made[:, i]))


def test_columns_of_every_kind():
    days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"])
    real = pd.DataFrame(
        {
            "number": [1, 2, 3, 4],
            "constant": [5.0] * 4,
            "text": ["a", "a", "b", None],
            "flag": [True, True, True, False],
            "kind": pd.Categorical([1, 1, 2, 2], categories=[1, 2, 3]),
            "date": days,
            "duration": pd.to_timedelta([1, 2, 3, 4], "D"),
        }
    )
    made = real.copy()
    made["text"] = ["a", "b", "b", "c"]
    made["flag"] = [False] * 4
    made["kind"] = pd.Categorical([3, 3, 3, 3], categories=[1, 2, 3])
    made["date"] = days + pd.Timedelta(days=2)
    found = distances(real, made[made.columns[::-1]])
    assert list(found) == list(real.columns)
    assert found == {
        "number": 0.0,
        "constant": 0.0,
        "text": 0.5,
        "flag": 0.75,
        "kind": 1.0,
        "date": 0.5,
        "duration": 0.0,
    }


def test_columns_that_differ_are_refused():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    with pytest.raises(ShapeMismatchError, match="only one has b, c"):
        marginal_distances(frame, frame.rename(columns={"b": "c"}))
    with pytest.raises(InvalidDataError, match="'b'"):
        marginal_distances(frame, frame.assign(b=[1, 2]))
    with pytest.raises(InvalidDataError, match=r"1 missing.*'a'"):
        marginal_distances(frame, frame.assign(a=[1.0, np.nan]))
    with pytest.raises(InvalidDataError, match=r"\(n, d\)"):
        marginal_distances(np.ones((2, 3, 3)), np.ones((2, 3, 3)))


def test_correlations_are_those_of_numpy():
    mix = RNG.normal(size=(4, 4))
    real, made = RNG.normal(size=(200, 4)) @ mix, RNG.normal(size=(90, 4))
    pairs = np.triu_indices(4, 1)
    expected = np.abs(np.corrcoef(real.T) - np.corrcoef(made.T))[pairs].mean()
    assert correlation_difference(real, made) == pytest.approx(expected)
    frames = [pd.DataFrame(X, columns=list("abcd")) for X in (real, made)]
    assert correlation_difference(frames[0], frames[1][list("dcba")]) == pytest.approx(expected)


def test_a_constant_column_correlates_with_none():
    real = np.column_stack([np.arange(5.0), np.arange(5.0)])
    constant = np.column_stack([np.arange(5.0), np.full(5, 0.1)])
    assert correlation_difference(constant, constant) == 0.0
    assert correlation_difference(real, constant) == pytest.approx(1.0)


def test_correlations_need_two_rows_and_two_columns():
    for small in (np.ones((1, 2)), np.ones((3, 1)), np.ones((3, 2, 2))):
        with pytest.raises(InvalidDataError, match="two rows and two columns"):
            correlation_difference(small, small)
