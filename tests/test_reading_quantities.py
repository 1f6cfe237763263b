"""Numbers that are written with a unit, a currency or marks of their own; times; codes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jamjae.data.reading import read

WIDE_2 = "\N{FULLWIDTH DIGIT TWO}"


@pytest.fixture
def column(tmp_path):
    """Read a column of texts, beside one of numbers."""

    def from_texts(texts, **options):
        rows = "".join(f'{i / 2},"{text}"\n' for i, text in enumerate(texts))
        (tmp_path / "a.csv").write_text(f"a,v\n{rows}", encoding="utf-8")
        return read(tmp_path / "a.csv", **options)

    return from_texts


@pytest.mark.parametrize(
    ("texts", "values", "said"),
    [
        (["1.5 kg", "12 kg", "0 kg"], [1.5, 12, 0], "numbers in kg, 1.5 kg is 1.5"),
        (["15kg", "2kg", "-3kg"], [15, 2, -3], "numbers in kg, -3kg is -3"),
        (["5,000원", "12,500원", "0"], [5000, 12500, 0], "numbers in 원, 12,500원 is 12500"),
        (["$1,200.50", "-$3.25", "$0.10"], [1200.5, -3.25, 0.1], "in $, -$3.25 is -3.25"),
        (["€ 1.200,50", "€ 3,25", "€ 7"], [1200.5, 3.25, 7], "in €, € 1.200,50 is 1200.5"),
        (["12.5 USD", "3 USD", "4 USD"], [12.5, 3, 4], "in USD"),
        (["(1.50)", "2.25", "3.5"], [-1.5, 2.25, 3.5], "(1.50) is -1.5"),
        (["1 000,5", "2 000,25", "3,0"], [1000.5, 2000.25, 3], "2 000,25 is 2000.25"),
        (["36.6 °C", "37.1 °C", "-"], [36.6, 37.1, np.nan], "1 cell - taken for missing"),
        ([f"{WIDE_2},500원", f"{WIDE_2}원", "3원"], [2500, 2, 3], f"{WIDE_2},500원 is 2500"),
        (["12:30", "08:05", "0:15"], [12.5, 8 + 1 / 12, 0.25], "times as hours, 12:30 is 12.5"),
        (["9:30 AM", "1:00 PM", "12:00 am"], [9.5, 13, 0], "9:30 AM is 9.5"),
        (["1:30:00", "0:00:36", "26:00:00"], [1.5, 0.01, 26], "times as hours, 1:30:00 is 1.5"),
        (["59:30", "12:15", "90:45"], [59.5, 12.25, 90.75], "times as minutes, 59:30 is 59.5"),
    ],
)
def test_what_is_written_beside_a_number_is_taken_away_and_said(column, texts, values, said):
    found = column(texts)
    np.testing.assert_allclose(found.X[:, 1], values)
    assert said in str(found.notes)


@pytest.mark.parametrize(
    "texts",
    [
        ["1 kg", "200 g", "3 kg"],
        ["101A", "102A", "103A"],
        ["s1", "s2", "s3"],
        ["1-2", "3-4", "5-6"],
        ["1:02:03", "59:30", "1:00"],
        ["007 kg", "012 kg", "100 kg"],
        ["16:9x", "4:3x", "1:1x"],
        ["1,23", "1,234.5", "2.5,1"],
        ["12.3.4", "1.2.3", "5.6.7"],
        ["192.168.100.200", "192.168.101.201", "192.168.102.203"],
        ["$5 per h", "$6 per h", "$7 per h"],
    ],
)
def test_what_is_no_number_stays_text(column, texts):
    found = column(texts)
    assert found.feature_names == ("a",)
    assert f"v (text, all different, such as '{texts[0]}')" in str(found.notes)


def test_a_code_that_begins_with_zero_late_makes_its_column_text(column):
    zips = [f"{10_001 + 7 * i}" for i in range(400)] + ["00501"]
    found = column(zips)
    assert found.feature_names == ("a",)
    assert "v (text, all different, since 00501 begins with 0)" in str(found.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_late_codes_are_found_however_a_table_is_written(tmp_path, encoding, separator):
    body = "".join(f"{i % 3}{separator}{i / 4}\n" for i in range(400))
    text = f"등급{separator}v\n{body}# end\n007{separator}0.5\n"
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    found = read(tmp_path / "a.csv", label="")
    assert found.X["등급"].cat.categories.tolist() == ["0", "007", "1", "2"]
    assert "categories, since 007 begins with 0" in str(found.notes)


def test_zeros_inside_of_other_cells_leave_numbers_as_they_are(tmp_path):
    rows = "".join(f"{i},2020-01-{i % 9 + 1:02d},0.0{i}\n" for i in range(400))
    (tmp_path / "a.csv").write_text(f"a,when,b\n{rows}0,2020-01-01,0\n")
    found = read(tmp_path / "a.csv")
    assert found.X.dtypes.astype(str).to_dict()["a"] == "int64"


def test_integers_that_are_rounded_late_are_said(column):
    found = column([*map(str, range(400)), str(2**53 + 3)])
    assert "v integers beyond 2⁵³ are rounded" in str(found.notes)
    assert "rounded" not in str(column(["1e300", "2.5"]).notes)


def test_the_largest_integers_are_rounded_and_said(tmp_path):
    frame = pd.DataFrame({"u": np.array([1, 2**64 - 1], np.uint64), "v": [0.5, 1.5]})
    frame.to_parquet(tmp_path / "a.parquet")
    assert "u integers beyond 2⁵³ are rounded" in str(read(tmp_path / "a.parquet").notes)


DAYS = pd.date_range("2019-11-05", periods=40, freq="9D")


@pytest.mark.parametrize("kind", ["text", "integers"])
@pytest.mark.parametrize("form", ["%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S"])
def test_days_in_numbers_are_dates(tmp_path, kind, form):
    days = DAYS.strftime(form)
    frame = pd.DataFrame({"d": days if kind == "text" else days.astype(int), "a": range(40)})
    frame["e"] = frame["d"].where(frame["a"] > 3)  # the first are missing
    frame.to_parquet(tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert found.X["d"].tolist() == DAYS.tolist()
    assert found.X["e"][4:].tolist() == DAYS[4:].tolist()
    assert "d numbers as dates, such as 2019-11-05" in str(found.notes)


def test_numbers_that_are_not_all_days_stay_numbers(column):
    days = [*DAYS.strftime("%Y%m%d"), "20201350"]
    assert column(days).X[0, 1] == 20191105


@pytest.mark.parametrize("form", ["%y/%m/%d", "%d.%m.%y", "%m-%d-%y"])
def test_years_of_two_digits_are_read_where_one_order_fits(column, form):
    days = pd.date_range("1988-01-05", periods=60, freq="41D")
    found = column(days.strftime(form))
    assert found.X["v"].tolist() == days.tolist()
    order = {"%y": "year", "%m": "month", "%d": "day"}
    for part, name in order.items():
        form = form.replace(part, name)
    assert f"dates read as {form}" in str(found.notes)


def test_years_of_two_digits_that_fit_several_orders_are_said(column):
    found = column(["01/02/03", "04/05/06", "07/08/09"])
    assert "dates in 3 possible orders: write years with four digits" in str(found.notes)


@pytest.mark.parametrize("mixed", [False, True])
def test_infinite_cells_are_counted_apart_from_missing_ones(tmp_path, mixed):
    frame = pd.DataFrame({"a": [1.5, np.inf, -np.inf, np.nan] * 3, "b": range(12)})
    if mixed:
        frame["k"] = ["x", "y"] * 6
    frame.to_parquet(tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert "missing: 3 cells in 1 column: a 3" in found.notes
    assert "infinite: 6 cells in 1 column: a 6" in found.notes
