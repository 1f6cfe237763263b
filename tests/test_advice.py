"""What is pointed out before a fit, and columns of different units in a comparison."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris, load_wine

from jamjae import compare
from jamjae.data.advice import advice, differ_in_units
from jamjae.errors import InvalidDataError

RNG = np.random.default_rng(0)


def test_a_column_that_makes_nearly_all_the_variance():
    wine = load_wine()
    (found,) = advice(wine.data, wine.feature_names, 2)
    assert found.startswith("variance: proline makes 99.8% of it: consider standardizing")
    assert advice(load_iris().data[:100:7], [], 2) == []


def test_constant_columns_equal_rows_and_codes_longer_than_a_row():
    X = RNG.random((20, 3))
    X[:, 1], X[5] = 4.0, X[0]
    assert advice(X, ["a", "b", "c"], 3) == [
        "codes: 3 components for 3 values per row, so nothing is compressed",
        "constant: 1 column: b",
        "equal rows: 1 of 20 repeat another",
    ]


def test_missing_cells_do_not_hide_what_is_found():
    X = RNG.random((20, 3)) * [1, 1, 1e6]
    X[0, 0] = np.nan
    assert "column_3 makes 100.0%" in advice(X, [], 1)[0]


def test_a_fit_that_standardizes_is_not_advised_to():
    assert advice(load_wine().data, [], 2, standardized=True) == []


def test_a_column_without_values_is_looked_at_in_silence():
    X = RNG.random((20, 3))
    X[:, 1], X[:, 2] = np.nan, np.inf
    assert len(advice(X, [], 1)) == 1


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([*range(20, 40), 99, 99], "99 in a (2 cells)"),
        ([*range(20), -9, -9], "-9 in a (2 cells)"),
        ([*np.linspace(0, 3, 20), -999, -999, np.nan], "-999 in a (2 cells)"),
        ([*range(70, 98), 99, 99], ""),
        ([*range(20, 40), 99], ""),
        ([*range(-20, 20), -99, -99], ""),
        ([0, 1] * 10, ""),
    ],
)
def test_numbers_that_may_mean_missing_are_pointed_out(column, said):
    X = np.array(column, dtype=float)[:, None]
    found = [note for note in advice(X, ["a"]) if note.startswith("missing, perhaps")]
    assert [said in note for note in found] == [True] * bool(said)


@pytest.mark.parametrize(
    ("X", "differ"),
    [
        (load_wine().data, True),
        (load_iris().data, False),
        (RNG.random((9, 4)) * [1, 1, 1, 1e-9], False),
        ((RNG.random((9, 4)) * 255).astype(np.uint8), False),
        (RNG.random((9, 4, 4)), False),
    ],
)
def test_units_differ_where_few_columns_make_all_the_variance(X, differ):
    assert differ_in_units(X) is differ


def test_a_comparison_standardizes_columns_of_different_units_and_says_so():
    X, y = load_wine(return_X_y=True)
    found = compare(X, y, methods=["pca"], seeds=1)
    assert found.standardized
    assert found.sentence.startswith("Columns are standardized.")
    assert found.rows[0]["knn5_accuracy"] > 0.95
    split = found.splits[0]
    np.testing.assert_allclose(split.train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(split.train.std(axis=0), 1)
    raw = compare(X, y, methods=["pca"], seeds=1, standardize=False)
    assert not raw.standardized
    assert raw.rows[0]["knn5_accuracy"] < 0.8
    assert not compare(load_iris().data, methods=["pca"], seeds=1).standardized


def test_what_cannot_be_standardized_is_refused():
    with pytest.raises(InvalidDataError, match="standardize='yes'"):
        compare(load_iris().data, standardize="yes")
    with pytest.raises(InvalidDataError, match="only columns of a table"):
        compare(RNG.random((9, 4, 4)), standardize=True)
