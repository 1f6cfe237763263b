"""Tables with types: forms of JSON, clock times, periods, and workbooks as people leave them."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from jamjae.data.reading import read
from jamjae.errors import DataFormatError

FRAME = pd.DataFrame({"v": [1.5, 2.5, 3.5], "k": ["x", "y", "x"]}, index=["r1", "r2", "r3"])


@pytest.mark.parametrize("form", ["columns", "index", "split"])
def test_each_form_of_json_that_pandas_writes_keeps_the_names_of_rows(tmp_path, form):
    FRAME.to_json(tmp_path / "a.json", orient=form)
    found = read(tmp_path / "a.json")
    assert found.index == ("r1", "r2", "r3")
    assert found.feature_names == ("v", "k")
    assert found.X["v"].tolist() == [1.5, 2.5, 3.5]
    assert found.X["k"].tolist() == ["x", "y", "x"]


@pytest.mark.parametrize("form", ["records", "table", "values"])
def test_forms_of_json_without_names_of_rows_are_read(tmp_path, form):
    FRAME.reset_index(drop=True).to_json(tmp_path / "a.json", orient=form)
    found = read(tmp_path / "a.json")
    assert found.X.iloc[:, 0].tolist() == [1.5, 2.5, 3.5]
    assert found.X.iloc[:, 1].tolist() == ["x", "y", "x"]


def test_rows_of_json_of_different_lengths_are_refused(tmp_path):
    (tmp_path / "a.json").write_text("[[1, 2], [3]]")
    with pytest.raises(DataFormatError, match="record 2 has 1 values, but the first has 2"):
        read(tmp_path / "a.json")


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
@pytest.mark.parametrize("mixed", [False, True])
def test_records_within_records_are_columns(tmp_path, name, mixed):
    records = [{"a": {"x": i / 2, "y": {"z": i}}, "b": i * i} for i in range(5)]
    records[0]["b"] = None if mixed else 0
    lines = [json.dumps(one) for one in records]
    text = "\n".join(lines) if name == "a.jsonl" else f"[{','.join(lines)}]"
    (tmp_path / name).write_text(text)
    found = read(tmp_path / name)
    assert found.feature_names == ("a.x", "a.y.z", "b")
    np.testing.assert_array_equal(found.X[:, 1], range(5))


def test_clock_times_and_periods_are_numbers_and_dates(tmp_path):
    frame = pd.DataFrame(
        {
            "t": [dt.time(12, 30), None, dt.time(0, 6)],
            "p": pd.period_range("2021-01", periods=3, freq="M"),
            "i": pd.IntervalIndex.from_breaks([0, 1, 2, 3]),
            "b": [b"x", b"y", b"z"],
        }
    )
    frame.to_parquet(tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    np.testing.assert_allclose(found.X["t"].to_numpy(), [12.5, np.nan, 0.1])
    assert found.X["p"].tolist() == pd.date_range("2021-01", periods=3, freq="MS").tolist()
    said = str(found.notes)
    assert "t times as hours, 12:30 is 12.5" in said
    assert "p periods as the times they begin" in said
    assert "i (holds intervals), b (holds bytes)" in said


@pytest.fixture
def workbook(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")

    def of(**sheets):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / "a.xlsx")
        return tmp_path / "a.xlsx"

    return of


def test_the_first_sheet_that_holds_a_table_is_read(workbook):
    rows = [["a", "b"], *([i, i * i] for i in range(5))]
    path = workbook(about=[["Written in 2021"]], data=rows)
    found = read(path)
    assert found.feature_names == ("a", "b")
    assert "sheet: data; 1 more passed over (key=..., --key)" in found.notes


def test_formulas_without_values_are_refused(workbook):
    rows = [["a", "b", "c"], *([i, i * i, f"=A{i + 2}+B{i + 2}"] for i in range(5))]
    with pytest.raises(DataFormatError, match=r"C2 of 'data' holds the formula =A2\+B2 without"):
        read(workbook(data=rows))


def test_a_sheet_with_two_lines_of_names_is_read(workbook):
    rows = [["k", 2020, None], [None, "q1", "q2"], *(["xy"[i % 2], i, i * i] for i in range(6))]
    found = read(workbook(data=rows))
    assert found.feature_names == ("k", "2020 q1", "2020 q2")
    assert found.X["2020 q2"].tolist() == [0, 1, 4, 9, 16, 25]
