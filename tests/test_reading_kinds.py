"""What the cells of a column are: dates, percent, sheets of Excel, quotes, codes for missing."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jamjae.data.reading import read
from jamjae.errors import DataFormatError, InvalidDataError

DAYS = [pd.Timestamp(2019, 11, 5, 4, 30) + pd.Timedelta(days=9 * i) for i in range(30)]


@pytest.fixture
def table(tmp_path):
    def from_text(text, name="a.csv", **options):
        (tmp_path / name).write_bytes(text.encode())
        return read(tmp_path / name, **options)

    return from_text


@pytest.mark.parametrize(
    ("form", "called"),
    [
        ("%Y-%m-%d", ""),
        ("%Y-%m-%dT%H:%M:%SZ", ""),
        ("%Y/%m/%d %H:%M", ""),
        ("%d.%m.%Y", "day.month.year"),
        ("%d.%m.%Y %H:%M", "day.month.year"),
        ("%d-%m-%Y", "day-month-year"),
        ("%m/%d/%Y", "month/day/year"),
        ("%m/%d/%Y %H:%M:%S", "month/day/year"),
        ("%d/%m/%Y", "day/month/year"),
        ("%d %b %Y", ""),
        ("%d %B %Y", ""),
        ("%b %d, %Y", ""),
        ("%B %d, %Y", ""),
        ("%d%b%Y", ""),
        ("%m/%d/%Y %I:%M %p", "month/day/year"),
        ("%d/%m/%Y %I:%M:%S %p", "day/month/year"),
        ("%Y/%m/%d %H:%M:%S.%f", ""),
        ("%Y. %m. %d.", ""),
        ("%Y년 %m월 %d일", ""),
    ],
)
def test_dates_are_read(table, form, called):
    rows = "".join(f'"{day.strftime(form)}",{i}\n' for i, day in enumerate(DAYS))
    found = table(f"d,a\n{rows}?,1\n")
    read_days = found.X["d"].dt.tz_localize(None)
    want = [day if "%H" in form or "%I" in form else day.replace(hour=0, minute=0) for day in DAYS]
    assert read_days[:30].tolist() == want
    assert read_days.isna().tolist() == [False] * 30 + [True]
    assert (f"dates read as {called}" in str(found.notes)) == bool(called)


def test_times_of_a_zone_are_given_in_utc_and_said(table):
    rows = "".join(f"2020-01-{i + 1:02d}T09:00:00+09:00,{i}\n" for i in range(9))
    found = table(f"d,a\n{rows}")
    assert found.X["d"][0] == pd.Timestamp("2020-01-01T00:00:00Z")
    assert "d times in UTC, from +09:00" in str(found.notes)


def test_dates_with_words_in_the_first_column_are_no_names_of_rows(table):
    rows = "".join(f'"{day:%b %d, %Y}",{i}\n' for i, day in enumerate(DAYS))
    found = table(f"when,a\n{rows}")
    assert found.index == ()
    assert found.X["when"].dtype.kind == "M"


def test_dates_that_may_be_read_in_two_ways_are_said(table):
    found = table("d,a\n01/02/2020,1\n03/04/2020,2\n05/06/2020,4\n")
    assert found.X["d"][0] == pd.Timestamp("2020-01-02")
    assert "month/day/year; day/month/year would fit as well" in str(found.notes)


@pytest.mark.parametrize("bad", ["2020-02-31", "soon"])
def test_what_is_no_date_is_named(table, bad):
    text = "d,a\n" + "".join(f"{day:%Y-%m-%d},{i}\n" for i, day in enumerate(DAYS)) + f"{bad},1\n"
    with pytest.raises(DataFormatError, match=f"line 32, column d: '{bad}' is not a date.*--na"):
        table(text)
    assert pd.isna(table(text, na=(bad,)).X["d"][30])


def test_codes_stand_for_missing_in_each_format(tmp_path, table):
    want = [[1, 1.5], [np.nan, 2], [3, np.nan]]
    np.testing.assert_array_equal(table("a,b\n1,1.5\n-999,2\n3,-999.0\n", na=("-999",)).X, want)
    frame = pd.DataFrame({"a": [1, -999, 3], "b": [1.5, 2, -999]})
    frame.to_parquet(tmp_path / "a.parquet")
    np.testing.assert_array_equal(read(tmp_path / "a.parquet", na=("-999",)).X, want)
    found = table("c,a\nX,1\nx,2\nX,3\nx,4\n", na=("x",))
    assert found.X["c"].isna().tolist() == [False, True, False, True]


def test_percent_beside_other_numbers_is_said(table):
    assert "percent as numbers, 5 % is 5" in str(table("p,b\n5%,1\n7.5%,2\n").notes)
    assert "in 2 of 3 cells" in str(table("p,b\n5%,1\n0.05,2\n7%,3\n").notes)


def test_quotes_are_no_trap(table):
    with pytest.raises(DataFormatError, match="opens a quote that is never closed"):
        table('a,b\n1,"x\n2,3\n4,5\n')
    found = table('a,b\n1,5"\n2,6"\n3,5"\n4,6"\n')
    assert found.X["b"].tolist() == ['5"', '6"', '5"', '6"']


def test_commas_may_stand_in_a_file_called_tsv(table):
    np.testing.assert_array_equal(table("a,b\n1,2\n3,4\n", "a.tsv").X, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(table("a\tb\n1\t2\n3\t4\n", "a.tsv").X, [[1, 2], [3, 4]])


def test_a_long_cell_is_read(table):
    found = table(f"a,b\n1,2\n3,{'x' * (5 << 20)}\n5,6\n", drop=("b",))
    assert found.X.tolist() == [[1], [3], [5]]


def test_vectors_stand_beside_categories(tmp_path):
    frame = pd.DataFrame({"e": [[1.0, 2.0], [5.0, 6.0], [3.0, 4.0]], "b": ["x", "y", "x"]})
    frame.to_parquet(tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet", columns=("e", "b"))
    assert found.feature_names == ("e_0", "e_1", "b")
    assert found.X["e_1"].tolist() == [2, 6, 4]


def test_integers_beyond_what_floats_hold_are_said(table):
    found = table("a,b\n9007199254740993,1\n2,3\n")
    assert "a integers beyond 2⁵³ are rounded" in str(found.notes)


def test_measurements_beside_a_word_are_no_categories(table):
    rows = "1,0.5\n2,unknown\n3,0.7\n4,0.1\n5,.3\n6,unknown\n7,unknown\n"
    with pytest.raises(DataFormatError, match="line 3, column b: 'unknown'"):
        table("a,b\n" + rows)
    assert np.isnan(table("a,b\n" + rows, na=("unknown",)).X[5, 1])
    doors = table("a,doors\n" + "1.5,2\n2.5,4\n3,5more\n4,2\n5,4\n6,5more\n")
    assert set(doors.X["doors"]) == {"2", "4", "5more"}


@pytest.mark.parametrize("name", ["PassengerId", "user_id", "customer ID", "학번"])
def test_names_that_end_in_id_are_those_of_the_index(table, name):
    found = table(f"{name},a\n" + "".join(f"{i * 3 + 7},{i * i}\n" for i in range(9)))
    assert found.index[:2] == ("7", "10")
    assert f"index: {name}" in str(found.notes)
    for other in ("grid", "fluid", "Acid"):
        assert table(f"{other},a\n1,1\n2,4\n3,9\n").index == ()


def test_y_beside_x_is_a_coordinate(table):
    assert table("v,x,y\n" + "1,0,0\n2,0,1\n3,1,0\n" * 9).y is None
    assert table("v,w,y\n" + "1,0,0\n2,0,1\n3,1,0\n" * 9).class_names == ("0", "1")


def test_an_empty_column_that_pandas_named_is_dropped(table):
    found = table("a,b,Unnamed: 32\n1,2,\n3,5,\n")
    assert found.feature_names == ("a", "b")
    assert "dropped" in str(found.notes)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"separator": "::"}, "one character, or one of comma, semicolon, tab"),
        ({"decimal": "x"}, "one of '.', ',' is expected"),
        ({"thousands": "_"}, "one of ',', '.'"),
        ({"decimal": ".", "thousands": "."}, "both '.'"),
    ],
)
def test_marks_are_checked(table, options, said):
    with pytest.raises(InvalidDataError, match=re.escape(said)):
        table("a,b\n1,2\n", **options)


@pytest.mark.parametrize("name", ["tab", "\\t", "\t"])
def test_separators_have_names(table, name):
    assert table("a\tb\n1\t2\n", separator=name).X.tolist() == [[1, 2]]


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst", ".zip"])
def test_damaged_archives_are_said(table, ending):
    with pytest.raises(DataFormatError, match="Cannot read"):
        table("a,b\n1,2\n", f"a.csv{ending}")


def test_columns_of_one_name_are_told_apart_in_each_format(tmp_path, table):
    columns = pa.Table.from_arrays([pa.array([1, 2]), pa.array([3, 5])], names=["a", "a"])
    pq.write_table(columns, tmp_path / "a.parquet")
    for found in (read(tmp_path / "a.parquet"), table("a,a\n1,3\n2,5\n")):
        assert found.feature_names == ("a", "a.1")
        assert found.X.tolist() == [[1, 3], [2, 5]]
        assert "columns of the same name: a" in str(found.notes)


def test_integers_of_any_size_are_read_from_json(table):
    assert table('{"a":1180591620717411303424}\n{"a":1}\n', "a.jsonl").X[0, 0] == 2.0**70


# --- Excel ----------------------------------------------------------------------------------


@pytest.fixture
def sheet(tmp_path, monkeypatch):
    """Read a sheet of some cells, as pandas gives it without openpyxl."""

    class Book:
        sheet_names = ("first", "second")

        def __init__(self, path):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *failure):
            pass

    def of_cells(cells, **options):
        frame = pd.DataFrame(cells, dtype=object).fillna("")
        monkeypatch.setattr(pd, "ExcelFile", Book)
        monkeypatch.setattr(pd, "read_excel", lambda book, **how: frame)
        (tmp_path / "a.xlsx").touch()
        return read(tmp_path / "a.xlsx", **options)

    return of_cells


def test_cells_of_a_sheet_keep_their_types(sheet):
    day = pd.Timestamp(2020, 1, 1)
    body = [[i, i / 2, f"00{i % 2}", day, i % 2 == 0] for i in range(1, 7)]
    found = sheet([["Id", "a", "code", "d", "ok"], *body])
    assert found.index == ("1", "2", "3", "4", "5", "6")
    assert found.X["code"].tolist() == ["001", "000"] * 3
    assert found.X["d"].dtype.kind == "M"
    assert "sheet: first; 1 more passed over (key=..., --key)" in found.notes


def test_a_sheet_may_have_a_title_empty_rows_and_no_header(sheet):
    found = sheet([["Report", ""], ["", ""], ["a", "b"], [1, 2], ["", ""], ["#DIV/0!", 4]])
    np.testing.assert_array_equal(found.X, [[1, 2], [np.nan, 4]])
    assert found.feature_names == ("a", "b")
    assert "passed over: 1 line above the header, 1 empty row" in found.notes
    assert sheet([[1, 2], [3, 4], [3, 5]]).X.shape == (3, 2)
    found = sheet([[400, 401, 402], [0.3, 0.4, 0.1], [0.3, 0.5, 0.2]])
    assert found.feature_names == ("400", "401", "402")
    found = sheet([["", "a"], ["x", 1.5], ["y", ""], ["z", 3]])
    assert found.index == ("x", "y", "z")


def test_errors_name_the_row_of_a_sheet(sheet):
    cells = [["Report", ""], ["", ""], ["a", "b"], *([i / 2, i] for i in range(20)), ["n.d.", 1]]
    with pytest.raises(DataFormatError, match=r"row 24, column a: 'n\.d\.'"):
        sheet(cells)
    with pytest.raises(DataFormatError, match="no sheet 'x'; it has first, second"):
        sheet(cells, key="x")
