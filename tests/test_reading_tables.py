"""Tables as they are found: headers, separators, labels, gaps, and what holds text."""

from __future__ import annotations

import csv
import re

import numpy as np
import pandas as pd
import pytest

from jamjae.data.reading import read
from jamjae.data.writing import write_rows
from jamjae.errors import (
    DataFormatError,
)

# --- tables ---------------------------------------------------------------------------------


def table(tmp_path, text, name="a.csv", **options):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read(tmp_path / name, **options)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b\n1,2\n3,4\n", ("a", "b")),
        ("\ufeffa,b\r\n1,2\r\n3,4", ("a", "b")),
        ("1,2\n3,4\n", ()),
        ('"a";"b"\n1;2\n\n3;4\n', ("a", "b")),
        ("a\tb\n1\t2\n3\t4\n", ("a", "b")),
        ("name,a,b\nx,1,2\ny,3,4\n", ("a", "b")),
        (",a,b\n0,1,2\n1,3,4\n", ("a", "b")),
        (" a , b \n 1 , 2 \n 3 , 4 \n", ("a", "b")),
    ],
)
def test_text_is_understood(tmp_path, text, names):
    found = table(tmp_path, text)
    np.testing.assert_array_equal(found.X, [[1, 2], [3, 4]])
    assert found.feature_names == names


def test_rows_are_not_taken_for_names(tmp_path):
    found = table(tmp_path, "5.1,3.5,setosa\n4.9,3.0,setosa\n6,2,virginica\n", label="column_3")
    np.testing.assert_array_equal(found.X, [[5.1, 3.5], [4.9, 3.0], [6, 2]])
    assert found.class_names == ("setosa", "virginica")


def test_names_may_be_numbers_beside_a_label(tmp_path):
    found = table(tmp_path, "label,0,1\ncat,5,6\ndog,7,8\n", label="label")
    np.testing.assert_array_equal(found.X, [[5, 6], [7, 8]])
    assert found.feature_names == ("0", "1")


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_classes_that_are_numbers_are_in_their_order(tmp_path, name):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "kind": [10, 2, 1]})
    if name == "a.csv":
        frame.to_csv(tmp_path / name, index=False)
    else:
        frame.to_parquet(tmp_path / name)
    found = read(tmp_path / name, label="kind")
    assert found.class_names == ("1", "2", "10")
    np.testing.assert_array_equal(found.y, [2, 1, 0])
    np.testing.assert_array_equal(found.X, [[1], [2], [3]])


def test_empty_cells_are_nan(tmp_path):
    found = table(tmp_path, "a,b\n,2\nNA,nan\n3,null\n")
    np.testing.assert_array_equal(found.X, [[np.nan, 2], [np.nan, np.nan], [3, np.nan]])


@pytest.mark.parametrize(
    ("text", "label", "said"),
    [
        ("a,b\n1,x\n2,y\n", "k", r"no column 'k'.*a, b"),
        ("a,kind\n1,x\n2,y\n", "kinds", r"no column 'kinds'.*Did you mean 'kind'"),
        ("a,b\n1,2\n3\n", None, r"line 3 .* 1 cell, .* 2 columns"),
        ("a,b\n", None, "no rows"),
        ("", None, "empty"),
        ("b\nx\ny\n", "b", "no column to learn from"),
        ("b\nx1\nx2\nx3\n", None, "no column to learn from.*b: text, all different"),
    ],
)
def test_unclear_tables_are_refused(tmp_path, text, label, said):
    with pytest.raises(DataFormatError, match=rf"(?s)a\.csv.*{said}"):
        table(tmp_path, text, label=label)


@pytest.mark.parametrize(
    ("encoding", "name", "said"),
    [
        ("utf-8-sig", "größe", ""),
        ("utf-16", "키", "encoding: UTF-16"),
        ("utf-16-le", "größe", "UTF-16, without its mark"),
        ("cp949", "몸무게", r"encoding: cp949 \(Korean\)"),
        ("latin-1", "größe", "encoding: .*as it seems"),
    ],
)
def test_encodings_are_found_and_said(tmp_path, encoding, name, said):
    (tmp_path / "a.csv").write_bytes(f"{name},b\n1,2\n3,4\n".encode(encoding))
    found = read(tmp_path / "a.csv")
    assert found.feature_names == (name, "b")
    assert re.search(said, "\n".join(found.notes))
    again = read(tmp_path / "a.csv", encoding=encoding)
    assert again.feature_names == (name, "b")
    np.testing.assert_array_equal(again.X, [[1, 2], [3, 4]])


def test_an_encoding_that_does_not_fit_is_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes("größe,b\n1,2\n".encode("latin-1"))
    with pytest.raises(DataFormatError, match="not utf-8 text"):
        read(tmp_path / "a.csv", encoding="utf-8")
    with pytest.raises(DataFormatError, match="no encoding 'klingon'"):
        read(tmp_path / "a.csv", encoding="klingon")


def test_parquet_with_text_and_gaps(tmp_path):
    frame = pd.DataFrame({"a": [1, None, 3], "b": ["x", "y", None]}).convert_dtypes()
    frame.to_parquet(tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet", label="b")
    np.testing.assert_array_equal(found.X, [[1], [np.nan], [3]])
    np.testing.assert_array_equal(found.y, [0, 1, -1])
    assert found.class_names == ("x", "y")
    assert "missing: 1 cell in 1 column: a 1" in found.notes


def test_odd_cells_of_numbers_are_numbers(tmp_path):
    found = table(tmp_path, "a,b\n 1, NA \n2 ,nUlL\n\n-inf,1e-320\n")
    np.testing.assert_array_equal(found.X, [[1, np.nan], [2, np.nan], [-np.inf, 1e-320]])


def test_lines_that_are_too_long_are_named(tmp_path):
    with pytest.raises(DataFormatError, match=r"line 3 .* 3 cells.* 2 columns"):
        table(tmp_path, "a,b\n1,2\n3,4,5\n")


@pytest.mark.parametrize("text", ["1,2", "\n\n1,2", "\r\na,b\r\n\r\n1,2"])
def test_one_row_and_empty_lines_are_read(tmp_path, text):
    np.testing.assert_array_equal(table(tmp_path, text).X, [[1, 2]])


def test_text_is_quoted_with_its_line_in_the_file(tmp_path):
    numbers = "".join(f"{i},{i}\n" for i in range(70))
    with pytest.raises(DataFormatError, match=r"line 76, column b: 'n\.d\.' is not a number.*--na"):
        table(tmp_path, f'\na,b\n"1\n", NA \n{numbers}\n1,n.d.\n2,\n')
    with pytest.raises(DataFormatError, match="line 76 has 1 cell, but there are 2 columns"):
        table(tmp_path, f'\na,b\n"1\n", NA \n{numbers}\n1\n')


def test_identifiers_with_underscores_stay_apart(tmp_path):
    found = table(tmp_path, "id,a\n10_1,1\n1_01,2\n", label="id")
    assert found.class_names == ("1_01", "10_1")
    assert table(tmp_path, "id,a\n10_1,1\n1_01,2\n").index == ("10_1", "1_01")


def test_numbers_of_several_types_and_gaps_share_a_table(tmp_path):
    frame = pd.DataFrame({"a": [1, 2], "b": [True, False], "c": [0.5, 1.5]})
    frame["d"] = pd.array([None, 3], dtype="Int64")
    frame.to_parquet(tmp_path / "a.parquet")
    X = read(tmp_path / "a.parquet").X
    np.testing.assert_array_equal(X, [[1, 1, 0.5, np.nan], [2, 0, 1.5, 3]])
    assert X.flags.c_contiguous


def test_columns_are_converted_all_at_once(tmp_path, monkeypatch):
    rows = np.random.default_rng(0).random((3, 200))
    paths = [write_rows(tmp_path / f"wide{kind}", rows) for kind in (".csv", ".parquet")]
    monkeypatch.setattr(pd.DataFrame, "__getitem__", None)  # what walks the columns one by one
    monkeypatch.setattr(pd.Series, "to_numpy", None)
    for path in paths:
        np.testing.assert_array_equal(read(path).X, rows)


def test_wide_tables_are_read(tmp_path):
    rows = np.random.default_rng(0).random((2, 50_000))  # lines of 1 MB
    np.testing.assert_array_equal(read(write_rows(tmp_path / "wide.csv", rows)).X, rows)


def test_names_are_no_formulas(tmp_path):
    names = ("=1+1", "-x", "@a", "-1", "'quoted", "+ b")
    path = write_rows(tmp_path / "a.csv", np.eye(6), index=names, feature_names=names)
    cells = [line[0] for line in csv.reader(path.read_text("utf-8").splitlines())]
    assert cells == ["name", "'=1+1", "'-x", "'@a", "-1", "'quoted", "'+ b"]
    found = read(path)
    assert (found.index, found.feature_names) == (names, names)


def test_columns_without_names_are_asked_for_by_number(tmp_path):
    found = table(tmp_path, "1,7,5\n0,3,6\n1,9,4\n", label="1", drop="3")
    np.testing.assert_array_equal(found.X, [[7], [3], [9]])
    assert found.y.tolist() == [1, 0, 1]


def test_a_target_of_many_numbers_is_a_continuous_label(tmp_path):
    rows = "".join(f"{i},{i * 1.5}\n" for i in range(200))
    found = table(tmp_path, f"a,target\n{rows}")
    assert found.X.shape == (200, 1)
    assert found.y.dtype == np.float64
    assert found.class_names == ()
    assert "label: target" in found.notes[2]


def test_whole_numbers_beside_categories_are_whole(tmp_path):
    found = table(tmp_path, "a,b,c,kind\n1,2.5,7,x\n3,4,,y\n5,6,9,x\n")
    assert found.X.dtypes.astype(str).tolist() == ["int64", "float64", "Int64", "category"]
    assert found.X["c"].isna().tolist() == [False, True, False]
