"""Lines that are no rows: titles, comments of all kinds, units, headers of two lines, totals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jamjae.data.reading import read
from jamjae.errors import DataFormatError

ROWS = "".join(f"{i / 2},{i % 7},{i * i}\n" for i in range(12))


@pytest.fixture
def table(tmp_path):
    def from_text(text, **options):
        (tmp_path / "a.csv").write_text(text, encoding="utf-8")
        return read(tmp_path / "a.csv", **options)

    return from_text


def is_read(found, names=("a", "b", "c")):
    assert found.feature_names == names
    np.testing.assert_array_equal(found.X[:, 2], np.arange(12) ** 2)


@pytest.mark.parametrize(
    ("above", "count"),
    [
        ("Report of 2021\n", "1 line"),
        ("Report of 2021\n\n", "1 line"),
        ("Report of 2021,,\nunit: kg,,\n", "2 lines"),
        ("% made by a machine\n% on Monday\n", "2 lines"),
        ("// made by a machine\n", "1 line"),
        ("; made by a machine\n", "1 line"),
        ("# a comment\nReport of 2021\n", "1 line"),
    ],
)
def test_titles_above_a_table_are_passed_over_and_said(table, above, count):
    found = table(f"{above}a,b,c\n{ROWS}")
    is_read(found)
    assert f"passed over: {count} above the table, such as" in str(found.notes)


def test_a_title_does_not_hide_the_separator(table):
    rows = "".join(f"0,{i}\tred\tblue\n" for i in range(9))
    found = table(f"Report of 2021\n\np\tAlpha\tBeta\n{rows}")
    assert found.feature_names == ("p", "Alpha", "Beta")
    assert found.X["p"].tolist() == [i / 10 for i in range(9)]


def test_units_above_columns_that_separators_end_are_passed_over(table):
    rows = "".join(f"{i / 2},{i},\n" for i in range(9))
    found = table(f"a,b,\n[s],[m],\n{rows}")
    assert found.feature_names == ("a", "b")


def test_the_line_of_an_error_counts_titles(table):
    with pytest.raises(DataFormatError, match="line 16, column b: 'oops' is not a number"):
        table(f"Report of 2021\n\na,b,c\n{ROWS}1,oops,2\n")


def test_a_header_of_r_with_one_name_is_no_title(table):
    found = table("x\nr1,0.5\nr2,1.5\nr3,2.5\n")
    assert found.feature_names == ("x",)
    assert found.index == ("r1", "r2", "r3")


def test_a_title_above_two_columns_is_one(table):
    found = table("Report of 2021\nx,y\n1,0.5\n2,1.5\n3,2.5\n4,1\n")
    assert found.feature_names == ("x", "y")


@pytest.mark.parametrize("units", ["[s],[°C],[l/min]", "s,°C,", "kg,kg,kg", "sec,deg,litres"])
def test_a_line_of_units_is_passed_over_and_said(table, units):
    found = table(f"a,b,c\n{units}\n{ROWS}")
    is_read(found)
    assert "passed over: a line of units or further names" in str(found.notes)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("2020,,2021\nQ1,Q2,Q1", ("2020 Q1", "2020 Q2", "2021 Q1")),
        ("Sales,,Costs\nmean,std,mean", ("Sales mean", "Sales std", "Costs mean")),
    ],
)
def test_a_header_of_two_lines_is_put_together(table, header, names):
    found = table(f"{header}\n{ROWS}")
    is_read(found, names)
    assert "header: two lines, put together" in str(found.notes)


def test_columns_of_two_levels_of_pandas_are_read_back(tmp_path):
    columns = pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "x")])
    values = np.arange(30).reshape(10, 3) / 4
    pd.DataFrame(values, columns=columns).to_csv(tmp_path / "a.csv")
    found = read(tmp_path / "a.csv")
    np.testing.assert_array_equal(found.X, values)
    assert found.feature_names == ("a x", "a y", "b x")


@pytest.mark.parametrize("first", ["n.d.,n.d.,n.d.", "unknown,2,3"])
def test_a_first_row_that_may_be_missing_is_no_line_of_units(table, first):
    with pytest.raises(DataFormatError, match="line 2, column a"):
        table(f"a,b,c\n{first}\n{ROWS}")


def test_text_that_comes_again_is_a_row(tmp_path):
    rows = "".join(f"{'xy'[i % 2]},{i},{i * i}\n" for i in range(12))
    (tmp_path / "a.csv").write_text(f"k,b,c\nx,?,?\n{rows}")
    assert len(read(tmp_path / "a.csv").X) == 13


@pytest.mark.parametrize("word", ["Total", "합계", "Summe:"])
def test_a_row_of_totals_is_pointed_out(table, word):
    rows = "".join(f"r{i},{i / 2},{i}\n" for i in range(12))
    found = table(f"name,a,b\n{rows}{word},33,66\n")
    assert len(found.X) == 13
    assert f"last row: line 14, name {word}; if it sums up the others" in str(found.notes)
    with pytest.raises(DataFormatError, match="a row of totals: remove it from the file"):
        table(f"a,b,c\n{ROWS}{word},1,2\n")


def test_all_texts_that_are_no_numbers_are_in_the_cure(table):
    rows = "".join(f"{i},{i}\n" for i in range(20))
    with pytest.raises(DataFormatError, match=r"na=\('<1', '<5'\), --na '<1' --na '<5'"):
        table(f"a,b\n{rows}1,<1\n2,<5\n3,<1\n")
    many = "".join(f"1,x{i}\n" for i in range(10))
    with pytest.raises(DataFormatError, match="So are 9 other texts, such as 'x1'"):
        table(f"a,b\n{rows}{rows}{many}")


def test_one_column_has_no_separator_to_be_said(table):
    assert not any("separator" in note for note in table("a\n1\n2\n3\n").notes)


def test_columns_of_the_same_name_say_what_they_are_called(table):
    found = table("a,a.1,a,b\n1,2,3,4\n5,6,7,8\n")
    assert found.feature_names == ("a", "a.1", "a.2", "b")
    assert "columns of the same name: a, called a.2" in found.notes


def test_marks_that_take_no_space_are_taken_away(table):
    found = table("\u200ba,b\n1\u200b,2\n\ufeff3,4\n")
    assert found.feature_names == ("a", "b")
    np.testing.assert_array_equal(found.X, [[1, 2], [3, 4]])


def test_numbers_of_16_bits_are_read(tmp_path):
    frame = pd.DataFrame({"a": np.array([1, 2.5, 3], np.float16), "b": [1.0, 2, 3]})
    frame.to_parquet(tmp_path / "a.parquet")
    np.testing.assert_array_equal(read(tmp_path / "a.parquet").X[:, 0], [1, 2.5, 3])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n', "it holds JSON. Rename it: .jsonl"),
        (b'[{"a": 1, "b": 2}, {"a": 3, "b": 4}]', "it holds JSON"),
        (b"<!DOCTYPE html>\n<table><tr><td>1</td></tr></table>", "a page of HTML"),
        (b"PK\x03\x04 and so on", "a workbook or an archive"),
        (b"\x89PNG\r\n\x1a\n", "an image"),
        (b"PAR1 and so on", "Parquet"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.tsv"])
def test_a_file_of_another_kind_is_named(tmp_path, content, told, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataFormatError, match=told):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "told"), [(b"a,b\n1,2\n", "it holds text"), (b"<table>", "a page of HTML")]
)
@pytest.mark.parametrize("name", ["a.xls", "a.xlsx"])
def test_text_that_is_called_a_workbook_is_named(tmp_path, content, told, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataFormatError, match=f"{told}, whatever its name says"):
        read(tmp_path / name)


def test_a_table_whose_header_begins_with_a_brace_is_read(table):
    assert table("{a},b\n1,2\n3,4\n").feature_names == ("{a}", "b")


def test_percents_without_a_header_are_no_text(table):
    found = table("1.5,79.1%,a\n2.5,71.5%,b\n3.5,81.5%,a\n4.5,42.4%,b\n")
    assert len(found.X) == 4
    assert found.X.iloc[:, 1].tolist() == [79.1, 71.5, 81.5, 42.4]
