"""Tables as people bring them, each once read wrongly: what is read, and what is said."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jamjae.data.reading import read
from jamjae.data.writing import write_rows
from jamjae.errors import DataFormatError


@pytest.fixture
def table(tmp_path):
    def from_text(text, name="a.csv", encoding="utf-8", **options):
        (tmp_path / name).write_bytes(text.encode(encoding))
        return read(tmp_path / name, **options)

    return from_text


def said(found, about):
    return "; ".join(note for note in found.notes if note.startswith(about))


def spread(names, rows=6, separator=","):
    """Give rows of numbers, never in order, under a header."""
    values = np.random.default_rng(0).random((rows, len(names)))
    body = [[f"{value:.3f}" for value in row] for row in values]
    return "\n".join(separator.join(cells) for cells in [names, *body]) + "\n"


# --- headers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ["400.5", "401.0", "401.5", "402.0"],
        ["400", "401", "402", "403"],
        ["2000", "2001", "2002"],
        ["1000", "950", "900", "850"],
    ],
)
def test_names_may_be_numbers(table, names):
    found = table(spread(names))
    assert found.feature_names == tuple(names)
    assert found.X.shape == (6, len(names))
    assert "--no-header" in said(found, "header")
    assert table(spread(names), header=False).X.shape == (7, len(names))


def test_names_may_be_numbers_beside_those_of_rows(table):
    found = table(",400,401,402\ns0,0.1,0.8,0.7\ns1,0.9,0.5,0.3\ns2,0.4,0.2,0.1\n")
    assert found.index == ("s0", "s1", "s2")
    assert found.feature_names == ("400", "401", "402")
    found = table("country,2000,2001\nKR,1.5,2\nUS,3,4\nFR,5,1\n")
    assert found.feature_names == ("2000", "2001")
    assert found.index == ("KR", "US", "FR")


@pytest.mark.parametrize(
    "text",
    [
        "400,401,402\n1,x,0.5\n3,y,0.1\n5,x,0.2\n7,y,0.9\n",  # numbers above text
        "400,401,class\n1,2,x\n3,5,y\n5,1,x\n7,7,y\n",  # a usual name
        "400,500,kind\n1,2,x\n3,5,y\n5,1,x\n7,7,y\n",  # a name that no row has
    ],
)
def test_names_may_be_numbers_above_text(table, text):
    found = table(text)
    assert len(found.X) == 4
    assert said(found, "header") == "" or "first line" in said(found, "header")


@pytest.mark.parametrize(
    "text",
    [
        "0,1\n1,0\n1,1\n1,1\n0,1\n",
        "0.82,0.3,c\n0.23,0.55,a\n0.93,0.7,a\n0.03,0.42,a\n0.5,0.1,a\n",
        "5.1,3.5,1.4\n4.9,3.0,1.4\n6.3,3.3,6.0\n",
        "1,2,3\n2,3,4\n3,4,5\n",
        "2000,2001,2002\n1990,1991,1992\n1980,1985,1999\n",
        "3.41\t.\t0.84\n-15.59\t0.5\t0.24\n-9.5\t.\t-1.7\n",
        "112.36;104'882'601.8\n-110.95;-39'664'559.9\n29.31;77'986'513.8\n",
        "5,1,x\n6,2,y\n7,4,x\n9,9,y\n",
    ],
)
def test_a_first_row_stays_a_row(table, text):
    found = table(text)
    assert len(found.X) == text.count("\n")
    assert found.feature_names == () or found.feature_names[0] == "column_1"


def test_what_is_written_is_read_back(tmp_path):
    rows = np.array([[0.1, 2e-8], [-3.0, 4.5], [1 / 3, 0.0]])
    for names in (["a", "b"], ["400", "401"], ["é", "n, total"]):
        path = write_rows(tmp_path / "r.csv", rows, feature_names=names, index=["x", "y", "z"])
        found = read(path)
        np.testing.assert_array_equal(found.X, rows)
        assert (found.feature_names, found.index) == (tuple(names), ("x", "y", "z"))
        path.unlink()


def test_commas_in_a_header_of_semicolons(table):
    found = table("length, cm;width, cm;n\n1;2;3\n3;4;5\n5;7;1\n")
    assert found.feature_names == ("length, cm", "width, cm", "n")


# --- text -----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["cp949", "euc-kr", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    "text", ["키,몸무게,등급\n1.5,2,가\n2.5,3,나\n", "키\n1.5\n2\n", "index|키\n001|0.5\n002|1.5\n"]
)
def test_korean_is_read_in_each_encoding(table, text, encoding):
    found = table(text, encoding=encoding)
    assert found.feature_names[0] == "키"
    if encoding in ("cp949", "euc-kr"):
        assert "cp949" in said(found, "encoding")


@pytest.mark.parametrize("text", ["temp °C,b\n1,2\n3,4\n", "größe,b\n1,2\n3,4\n"])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-8", "utf-16"])
def test_western_letters_are_read_in_each_encoding(table, text, encoding):
    assert table(text, encoding=encoding).feature_names[0] == text.split(",")[0]


def test_an_encoding_may_be_given(tmp_path):
    (tmp_path / "a.csv").write_bytes("рост,вес\n1,2\n3,4\n".encode("cp1251"))
    assert read(tmp_path / "a.csv", encoding="cp1251").feature_names == ("рост", "вес")


def test_names_are_compared_composed(table):
    text = unicodedata.normalize("NFD", "키,등급\n1,x\n2,y\n3,x\n")
    assert table(text, label="등급").class_names == ("x", "y")
    found = table("키,é\n1,2\n3,4\n", columns=(unicodedata.normalize("NFD", "é"),))
    assert found.feature_names == ("é",)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("h;w\n0,126;-0,132\n0,64;0,105\n", [0.126, -0.132]),
        ("h;w\n1.234,5;7\n2.345,25;8\n", [1234.5, 7]),
        ("h;w\n0,5;799.634\n0,25;779.569\n", [0.5, 799634]),
        ("h;w\n1.5;631,286\n2.5;67,523\n", [1.5, 631286]),
        ("h;w\n1 234,5;7\n12,5;8\n", [1234.5, 7]),
        ("h;w\n1'234.5;7\n12.5;8\n", [1234.5, 7]),
        ("h;w\n1'234,5;7\n12,5;8\n", [1234.5, 7]),
        ('h,w\n"1,234.5",7\n"12,345.5",8\n', [1234.5, 7]),
        ("h;w\n−5;7\n3;8\n", [-5, 7]),
        ("sep=;\nh;w\n1,5;2\n2,5;3\n", [1.5, 2]),
        ("# by a machine\nh,w\n1,2\n# again\n3,4\n", [1, 2]),
        ('h, w\n"1", "2"\n"3", "4"\n', [1, 2]),
        ("h  w\n1    2.5\n10   4\n", [1, 2.5]),
        ("h,w,\n1,2,\n3,4,\n", [1, 2]),
    ],
)
def test_numbers_are_read_as_they_are_written(table, text, first):
    found = table(text)
    np.testing.assert_array_equal(found.X[0], first)
    assert found.feature_names == ("h", "w")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("e\n-224,983.92\n983.5\n12,000\n", -224983.92),
        ("e\n-224,05\n983,5\n12,25\n", -224.05),
        ("-224,05\n983,5\n12,25\n", -224.05),
    ],
)
def test_commas_in_one_column_are_those_of_its_numbers(table, text, first):
    found = table(text)
    assert found.X.shape == (3, 1)
    assert found.X[0, 0] == first


def test_a_mark_that_comes_late_is_no_decimal_point(table):
    text = "a;b\n" + "0,5;1\n" * 400 + "1.234;2\n"
    found = table(text)
    assert found.X[-1, 0] == 1234
    assert "a . separates groups of three digits" in said(found, "converted")


@pytest.mark.parametrize(
    ("text", "options", "place"),
    [
        ("a,b\n" + "1,2\n" * 5000 + "1,n.d.\n", {}, "line 5002, column b: 'n.d.'"),
        ("k,x\n\n" + "1,2.5\n" * 20 + "3,oops\n", {}, "line 23, column x: 'oops'"),
        ("sep=;\nk;x\n" + "1;2,5\n" * 20 + "3;?!\n", {}, "line 23, column x: '?!'"),
        ("# c\nk,x\n" + "1,2\n# c\n" * 20 + "3,oops\n", {}, "line 43, column x: 'oops'"),
        ("a,b\n\n1,2\n\n3\n", {}, "line 5 has 1 cell, but there are 2 columns"),
    ],
)
def test_errors_name_the_line(table, text, options, place):
    with pytest.raises(DataFormatError, match=r"(--na|Complete)") as caught:
        table(text, **options)
    assert place in str(caught.value)


def test_errors_name_the_row_of_a_typed_table(tmp_path):
    frame = pd.DataFrame({"a": [*("1.5",) * 20, "n.d."], "b": range(21)})
    frame.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataFormatError, match=r"row 20, column a: 'n\.d\.' .*--drop"):
        read(tmp_path / "a.parquet")
    assert np.isnan(read(tmp_path / "a.parquet", na=("n.d.",)).X[20, 0])


# --- roles ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "cells"),
    [
        ("Id", ["1", "2", "3"]),
        ("id", ["10_1", "1_01", "2_1"]),
        ("id", ["007", "008", "7"]),
        ("Unnamed: 0", ["0", "1", "2"]),
        ("", ["0", "1", "2"]),
        ("index", ["5", "6", "7"]),
        ("name", ["a", "b", "b"]),
        ("id", ["9007199254740993", "9007199254740992", "3"]),
    ],
)
def test_an_index_is_recognised(table, head, cells):
    found = table(f"{head},a\n" + "".join(f"{cell},{i * i}\n" for i, cell in enumerate(cells)))
    assert found.index == tuple(cells)
    assert found.feature_names == ("a",)


def test_what_counts_up_is_a_feature(table):
    found = table("year,a\n" + "".join(f"{2000 + i},{i * i}\n" for i in range(9)))
    assert (found.index, found.feature_names) == ((), ("year", "a"))


@pytest.mark.parametrize(
    ("cells", "classes", "y"),
    [
        (["x", "NA", "None", "null"], ("x",), [0, -1, -1, -1]),
        (["x", "", "#N/A", "y"], ("x", "y"), [0, -1, -1, 1]),
        (["2", "10", "nan", "2"], ("2", "10"), [0, 1, -1, 0]),
        (["007", "7", "7", "007"], ("007", "7"), [0, 1, 1, 0]),
        (["True", "False", "True", "False"], ("False", "True"), [1, 0, 1, 0]),
    ],
)
def test_a_label_is_recognised(table, cells, classes, y):
    found = table("a,label\n" + "".join(f"{i * i},{cell}\n" for i, cell in enumerate(cells)))
    assert found.class_names == classes
    assert found.y.tolist() == y
    assert ("missing in" in said(found, "label")) == (-1 in y)
    assert table("a,label\n1,0\n2,1\n4,1\n", label="").feature_names == ("a", "label")


def test_a_continuous_label_stays_numbers(table):
    text = "a,price\n" + "".join(f"{i % 7}.5,{i * 1.37:.2f}\n" for i in range(60)) + "1,\n"
    found = table(text, label="price")
    assert found.class_names == ()
    assert np.isnan(found.y[60])
    assert found.y[59] == 80.83


# --- typed columns --------------------------------------------------------------------------


def test_a_column_of_vectors_is_taken_when_it_is_asked_for(tmp_path):
    vectors = np.arange(24, dtype=np.float32).reshape(4, 6)
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 6)
    columns = {"id": [0, 1, 2, 3], "text": ["a", "b", "c", "d"]}
    for number, lists in enumerate((fixed, pa.array(vectors.tolist()))):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(pa.table({**columns, "embedding": lists}), path)
        np.testing.assert_array_equal(read(path, columns=("embedding",)).X, vectors)
        with pytest.raises(DataFormatError, match=r"embedding: lists of 6 numbers.*--columns"):
            read(path)


def test_booleans_may_be_missing(tmp_path, table):
    frame = pd.DataFrame({"a": pd.array([True, None, False], "boolean"), "b": [1.5, 2, 3]})
    frame.to_parquet(tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    np.testing.assert_array_equal(found.X[:, 0], [1, np.nan, 0])
    found = table("a,b\nyes,1\n,2\nno,4\n")
    np.testing.assert_array_equal(found.X[:, 0], [1, np.nan, 0])
    assert "yes is 1" in said(found, "converted")


@pytest.mark.parametrize("name", ["name", "sample", None])
def test_the_index_of_parquet_is_kept(tmp_path, name):
    frame = pd.DataFrame({"a": [1.5, 2.5, 4]}, index=pd.Index(["x", "y", "z"], name=name))
    frame.to_parquet(tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").index == ("x", "y", "z")
    frame.set_index(pd.Index([1, 2, 3], name="Id")).to_parquet(tmp_path / "b.parquet")
    assert read(tmp_path / "b.parquet").index == ("1", "2", "3")


def test_json_is_not_guessed_at(tmp_path):
    records = '{"code": "007", "a": 0.0125300001, "d": "2020-01-01"}\n'
    lines = records + records.replace("007", "10_1") + records
    (tmp_path / "a.jsonl").write_text(lines)
    (tmp_path / "a.json").write_text("[" + ",".join(lines.splitlines()) + "]")
    for name in ("a.jsonl", "a.json"):
        frame = read(tmp_path / name).X
        assert frame["code"].tolist() == ["007", "10_1", "007"]
        assert frame["a"].tolist() == [0.0125300001] * 3
        assert frame["d"].dtype.kind == "M"


def test_lines_that_are_no_json_are_named(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"a": 2}\noops\n')
    with pytest.raises(DataFormatError, match="line 3"):
        read(tmp_path / "a.jsonl")
