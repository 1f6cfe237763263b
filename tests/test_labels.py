"""Missing labels: one rule for statistics, figures, pages and comparisons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jamjae.data.labels import read_labels
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.latent import class_means
from jamjae.plotting import code_scatter, thumbnail_scatter
from jamjae.plotting.style import LIGHT

Z = np.arange(8.0).reshape(4, 2)
MISSING = {
    "None beside text": ["a", None, "b", "a"],
    "None beside numbers": [0, None, 1, 0],
    "NaN beside numbers": [0.0, np.nan, 1.0, 0.0],
    "NaN beside text": np.array(["a", np.nan, "b", "a"], dtype=object),
    "NA of pandas": pd.Series([0, None, 1, 0], dtype="Int64"),
    "text of pandas": pd.Series(["a", None, "b", "a"]),
    "a category": pd.Series(pd.Categorical(["a", None, "b", "a"])),
    "NaT": np.array(["2026-01-01", "NaT", "2026-01-02", "2026-01-01"], dtype="datetime64[D]"),
    "a masked label": np.ma.MaskedArray([0, 7, 1, 0], mask=[False, True, False, False]),
}


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_label_is_no_class(name):
    labels = read_labels(MISSING[name], 4, "a test")
    assert labels.known.tolist() == [True, False, True, True]
    assert len(np.unique(labels.values)) == 2
    assert labels.values.dtype.kind in "iUM"


def test_labels_that_are_all_there_are_as_they_come():
    for given in (np.array([0.5, 1.0]), np.array([2, 1]), ["b", "a"], np.array([1.0, 2.0])):
        labels = read_labels(given, 2, "a test")
        assert labels.values.tolist() == list(given)
        assert labels.values.dtype == np.asarray(given).dtype
        assert labels.missing == 0


@pytest.mark.parametrize("name", MISSING)
def test_class_means_leave_them_out(name):
    with pytest.warns(UserWarning, match="leaves out 1 of 4 rows, whose label is missing"):
        found = class_means(Z, MISSING[name])
    assert found.counts.tolist() == [2, 1]
    assert found.codes.tolist() == [[3.0, 4.0], [4.0, 5.0]]


@pytest.mark.parametrize("name", MISSING)
def test_figures_draw_them_gray(name):
    ax = code_scatter(Z, MISSING[name])
    gray = ax.collections[0]
    assert gray.get_offsets().tolist() == [[2.0, 3.0]]
    assert ax.get_legend().get_texts()[-1].get_text() == "no label"
    drawn = sum(len(collection.get_offsets()) for collection in ax.collections)
    assert drawn == 4
    images = np.zeros((4, 3, 3))
    framed = thumbnail_scatter(Z, images, MISSING[name])
    assert framed.patches[1].get_edgecolor()[:3] == pytest.approx([int(LIGHT[1:3], 16) / 255] * 3)


def test_values_that_are_missing_are_gray_too():
    ax = code_scatter(Z, [0.5, np.nan, 1.5, 2.5])
    assert ax.collections[0].get_offsets().tolist() == [[2.0, 3.0]]
    assert ax.collections[1].get_array().tolist() == [0.5, 1.5, 2.5]


def test_no_label_at_all():
    assert len(code_scatter(Z, [None] * 4).collections[0].get_offsets()) == 4
    with pytest.raises(InvalidDataError, match="none with a label"):
        class_means(Z, [None] * 4)


def test_labels_that_cannot_be_used_are_refused():
    with pytest.raises(ShapeMismatchError, match=r"labels of shape \(3,\) for 4 rows"):
        class_means(Z, [0, 1, 2])
    with pytest.raises(InvalidDataError, match="some are text and some are not"):
        class_means(Z, [0, "a", None, 1])
