"""What is said of cells that are nearly numbers: limits, codes, days of Excel; UCI's tables."""

from __future__ import annotations

import numpy as np
import pytest

from jamjae import read
from jamjae.errors import DataFormatError


@pytest.fixture
def column(tmp_path):
    """Read texts as the second column of a table."""

    def from_texts(texts, name="v"):
        path = tmp_path / "t.csv"
        lines = [f"{i / 2},{text}" for i, text in enumerate(texts)]
        path.write_text("\n".join([f"a,{name}", *lines, ""]), encoding="utf-8")
        return read(path)

    return from_texts


def said(found):
    return " ".join(found.notes)


# --- nearly numbers -------------------------------------------------------------------------


def test_limits_among_numbers(column):
    numbers = [f"{i}.5" for i in range(20)]
    with pytest.raises(DataFormatError, match=r"below or above a limit.*na=\('<5',\), --na '<5'"):
        column([*numbers, "<5"])
    found = column([*numbers[:9], *["<5", ">100"] * 8])
    assert "because of 16 cells such as '<5' among 9 numbers (--na '<5' takes it" in said(found)


def test_classes_among_few_whole_numbers(column):
    found = column([*"0120120120", *["3+"] * 3])
    assert found.X["v"].dtype == "category"
    assert "because of 3 cells such as '3+' among 10 numbers" in said(found)
    with pytest.raises(DataFormatError, match="'3x' is not a number"):  # a slip
        column([*"0120120120", "3x"])


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["12.5-", "3", "0.5-"], [-12.5, 3, -0.5]),
        (['"1,234.50-"', '"2,000.00"', "5.00"], [-1234.5, 2000, 5]),
    ],
)
def test_a_minus_behind_a_number(column, texts, values):
    found = column(texts * 4)
    np.testing.assert_allclose(found.X[:, 1], values * 4)
    first = texts[0].strip('"')
    assert f"{first} is {values[0]}" in said(found)


@pytest.mark.parametrize("texts", [["1-", "2-"], ["1-", "2+", "3"], ["0-17", "65-"]])
def test_a_minus_that_is_none(column, texts):
    assert column(texts * 8).X["v"].dtype == "category"


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["1E5", "A12", "B7", "2E3"], "since 1E5 is a code among codes"),
        (["1E5", "123", "4E2", "777"], "since 1E5 is a code among codes"),
    ],
)
def test_codes_that_would_be_numbers(column, texts, why):
    found = column(texts * 4)
    assert sorted(found.X["v"].cat.categories) == sorted(texts)
    assert why in said(found)


def test_numbers_that_might_be_codes_are_said(column):
    found = column(["1E5", "2E3", "20"] * 4)
    assert found.X[:3, 1].tolist() == [100_000, 2_000, 20]
    assert "v 8 cells such as 1E5 read as 100000" in said(found)
    assert "read as" not in said(column(["1.5E+05", "2e-3", "20"] * 4))


@pytest.mark.parametrize("name", ["date", "order_date", "orderDate", "주문일자", "Datum"])
def test_days_of_excel_are_pointed_out(column, name):
    found = column(range(45_292, 45_304), name)
    assert f"{name}: numbers such as 45292, which is 2024-01-01 if they are Excel's" in said(found)


@pytest.mark.parametrize(
    ("name", "first"), [("distance", 45_292), ("update", 45_292), ("date", 10), ("date", 90_000)]
)
def test_other_numbers_are_no_days(column, name, first):
    assert "Excel" not in said(column(range(first, first + 12), name))


# --- UCI's tables ---------------------------------------------------------------------------

CARS = [
    '18.0   8   307.0      130.0      3504.      12.0   70  1\t"chevrolet chevelle, malibu"',
    '15.0   8   350.0      ?          3693.      11.5   70  1\t"buick skylark 320"',
    '18.0   4   97.00      46.00      1835.      20.5   70  2\t"vw 1131   deluxe sedan"',
]


@pytest.mark.parametrize("header", ["", "mpg cyl disp hp weight acc year origin\tname\n"])
def test_spaces_and_then_a_tab(tmp_path, header):
    path = tmp_path / "auto-mpg.data"
    path.write_text(header + "\n".join(CARS) + "\n", encoding="utf-8")
    found = read(path, columns=("name",) if header else ("column_9",))
    assert list(found.X.iloc[:, 0]) == [car.split('"')[1] for car in CARS]
    found = read(path)
    assert found.X.shape == (3, 8)
    assert found.X[:, 4].tolist() == [3504, 3693, 1835]
    assert np.isnan(found.X[1, 3])
    assert "separator: space" in found.notes


def test_tabs_alone_stay_the_separator(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("1\ta  b\n2\tc  d\n3\te  f\n", encoding="utf-8")
    assert "separator: tab" in said(read(path))


# --- names of classes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "names", "y_read"),
    [
        ([0, 1, 2, 1], ("ape", "bee", "cat"), [0, 1, 2, 1]),
        ([1, 2, 3, 2], ("ape", "bee", "cat"), [0, 1, 2, 1]),
        ([0, 2, 0, 2], ("ape", "cat"), [0, 1, 0, 1]),
    ],
)
@pytest.mark.parametrize("called", ["target_names", "class_names"])
def test_names_beside_labels_name_the_classes(tmp_path, y, names, y_read, called):
    path = tmp_path / "a.npz"
    np.savez(path, data=np.eye(4), target=y, **{called: np.array(["ape", "bee", "cat"])})
    found = read(path)
    assert found.class_names == names
    assert found.y.tolist() == y_read
    assert f"named by {called}" in said(found)
    assert "not read" not in said(found)


def test_names_that_do_not_fit_are_said(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, data=np.eye(4), y=[0, 5, 0, 5], class_names=np.array(["ape", "bee"]))
    found = read(path)
    assert found.class_names == ("0", "5")
    assert "not used: class_names, 2 names for 0, 5" in found.notes
