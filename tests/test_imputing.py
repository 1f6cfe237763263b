"""`jamjae impute` writes a table as it was read: only its missing cells differ."""

from __future__ import annotations

import gzip
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from jamjae.cli import app

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)
N = 60
QUICK = ["-k1", "--epochs=2", "--missing=mask", "--standardize", "--seed=0", "-q"]
NAMES = ["no", "height", "weight", "age", "city", "smokes", "day", "pay", "memo", "grade"]
TITLES = {name: name for name in NAMES} | {"height": "키", "city": "도시", "grade": "등급"}
MISSING = {"height": [3, 9], "weight": [4], "age": [5, 9], "city": [6], "smokes": [7], "day": [8]}


def run(*arguments, code=0, **settings):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], **settings)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def people():
    """Give the values of a table in which all columns go with the height."""
    rng = np.random.RandomState(0)
    height = rng.normal(170, 10, N)
    tall = height > 170
    return pd.DataFrame(
        {
            "no": np.arange(1, N + 1),
            "height": height.round(1),
            "weight": ((height - 100) * 0.9 + rng.normal(0, 1, N)).round(2),
            "age": (height / 4 + rng.normal(0, 1, N)).round().astype(int),
            "city": np.where(tall, "서울", "부산"),
            "smokes": np.where(tall, "Yes", "No"),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta((height - 130).astype(int), "D"),
            "pay": (height * 12_345).astype(int),
            "memo": [f'a "{i}", b' for i in range(N)],
            "grade": rng.choice(["가", "나"], N),
        }
    )


def text(written, separator, gap="", end="\n", header=True):
    """Write a table by what writes the cells of each column; some are missing."""
    table, lines = people(), []
    for i, row in enumerate(table.itertuples(index=False)):
        cells = [written.get(name, str)(value) for name, value in zip(NAMES, row, strict=True)]
        for name, rows in MISSING.items():
            if i in rows:
                cells[NAMES.index(name)] = gap
        lines.append(separator.join(cells))
    first = [separator.join(TITLES.values())] if header else []
    return end.join([*first, *lines, ""])


def quoted(value):
    return '"' + str(value).replace('"', '""') + '"'


PLAIN = {"memo": quoted, "day": lambda day: f"{day:%Y-%m-%d}"}
KOREAN = {
    **PLAIN,
    "height": lambda value: f"{value:.1f}".replace(".", ","),
    "weight": lambda value: f"{value:.2f} kg".replace(".", ","),
    "smokes": lambda value: {"Yes": "예", "No": "아니오"}[value],
    "day": lambda day: f"{day.year}. {day.month}. {day.day}.",
    "pay": lambda value: f"{value:,}".replace(",", "."),
}
ALL_QUOTED = dict.fromkeys(NAMES, quoted) | {
    "day": lambda day: quoted(f"{day:%m/%d/%Y}"),
    "pay": lambda value: quoted(f"${value:,}.00"),
    "height": lambda value: quoted(f"{value / 100:.1%}"),
}
SPACED = {**PLAIN, "memo": lambda value: "-"}
FORMS = {
    "plain": (text(PLAIN, ","), "utf-8", ".csv"),
    "Korean": (text(KOREAN, ";", end="\r\n"), "cp949", ".csv"),
    "all quoted": (text(ALL_QUOTED, ",", gap='""'), "utf-8-sig", ".csv"),
    "tabs in UTF-16": (text(PLAIN, "\t", gap="NA"), "utf-16", ".tsv"),
    "without a header": (text(PLAIN, ",", header=False, gap="NA"), "utf-8", ".csv"),
    "bars": (text(PLAIN, "|", gap="NULL", end="\r\n"), "utf-8", ".csv"),
    "a preamble": (
        "# made by hand\n# in 2024\n\n"
        + text(PLAIN, ",").replace("\n9,", "\n# a comment\n\n9,").removesuffix("\n"),
        "utf-8",
        ".csv",
    ),
}


def differing(before, after, separator):
    """Give the cells that differ, by line."""
    lines = zip(before.split("\n"), after.split("\n"), strict=True)
    found = {}
    for i, (old, new) in enumerate(lines):
        if old != new:
            pairs = zip(old.split(separator), new.split(separator), strict=True)
            found[i] = [(a, b) for a, b in pairs if a != b]
    return found


QUICKLY = ("plain", "Korean")


@pytest.mark.parametrize(
    "form",
    [form if form in QUICKLY else pytest.param(form, marks=pytest.mark.slow) for form in FORMS],
)
def test_text_stays_but_for_missing_cells(tmp_path, form):
    written, encoding, ending = FORMS[form]
    table, model = tmp_path / f"people{ending}", tmp_path / "people.jamjae"
    table.write_bytes(written.encode(encoding))
    label = ["--label", "등급"] if "등급" in written else ["--label", "10"]
    run("fit", table, "-o", model, *QUICK, *label)
    filled = tmp_path / f"filled{ending}"
    said = json.loads(run("impute", model, table, "-o", filled, "--json").stdout)
    count = sum(map(len, MISSING.values()))
    assert said["imputed"] == sum(said["columns"].values()) == count
    made = filled.read_bytes().decode(encoding)
    assert made.encode(encoding) == filled.read_bytes()  # nothing lost
    separator = {"Korean": ";", "tabs in UTF-16": "\t", "bars": "|"}.get(form, ",")
    cells = [cell for pairs in differing(written, made, separator).values() for cell in pairs]
    assert len(cells) == count
    assert {old.strip("\r") for old, _ in cells} <= {"", '""', "NA", "?", "NULL"}
    expected = {
        "Korean": {"서울", "아니오"},
        "all quoted": {'"No"'},
    }.get(form, {"No"})
    assert expected <= {new for _, new in cells}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("people") / "people.csv"
    path.write_text(text(PLAIN, ","), encoding="utf-8")
    run("fit", path, "-o", path.with_suffix(".jamjae"), *QUICK)
    return path.with_suffix(".jamjae")


@pytest.mark.parametrize("kind", ["gz", "zip", "-"])
def test_packed_text_and_standard_input(tmp_path, model, kind):
    written = text(PLAIN, ",")
    data, source = written.encode(), tmp_path / f"people.csv.{kind}"
    if kind == "gz":
        source.write_bytes(gzip.compress(data))
    elif kind == "zip":
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr("people.csv", data)
    filled = tmp_path / "filled.csv"
    given = {"input": written} if kind == "-" else {}
    from jamjae.data.readers.opening import _standard_input

    _standard_input.__defaults__[0].clear()
    run("impute", model, "-" if kind == "-" else source, "-o", filled, **given)
    assert len(differing(written, filled.read_text("utf-8"), ",")) == 7
    _standard_input.__defaults__[0].clear()


def test_a_column_is_written_as_it_is(tmp_path):
    from jamjae.data.readers.spelling import Known, speller
    from jamjae.data.readers.typed_columns import BOOLEAN, NUMBERS

    for texts, value, whole, expected in (
        (["1", "12"], 3.7, True, "4"),
        (["1.0", "12.0"], 3.7, True, "4.0"),
        (["1.25", "12.5"], 3.777, False, "3.78"),
        (["1.25", "12.5"], 3.998, False, "4.0"),
        (["1.25", "12.50"], 3.998, False, "4.00"),
        (["5.25", "12.00-"], -3.5, False, "3.50-"),
        (["1.5e-05", "2.5e-04"], 0.00031, False, "3.1e-04"),
        (["$1,200.50", "$3.00"], -4321.987, False, "-$4,321.99"),
        (["(3.50)", "4.25"], -1.254, False, "(1.25)"),
        (["12 %", "7 %"], 8.3, True, "8 %"),
        (["\N{MINUS SIGN}5", "3"], -2.2, True, "\N{MINUS SIGN}2"),
        ([".5", ".25"], 0.333, False, ".33"),
        (["1'200", "5"], 12345.0, True, "12'345"),
        (["12:30", "07:15"], 8.755, False, "08:45"),
        (["1:05 PM", "11:15 AM"], 13.5, False, "1:30 PM"),
        (["0.1234567890123", "1.5"], 0.98765432109, False, "0.98765432"),
        (["-0.4", "0.1"], -0.01, False, "0.0"),
        ([], 3.14159265, False, "3.14159"),
    ):
        assert speller(NUMBERS, Known(texts, [], whole=whole)).write(value) == expected, texts
    for texts, value, expected in ((["Y"], False, "N"), (["참", "거짓"], True, "참")):
        assert speller(BOOLEAN, Known(texts, [])).write(value) == expected


@pytest.mark.parametrize(
    ("form", "day"),
    [
        ("%Y-%m-%d", "2024-03-09"),
        ("%d.%m.%Y", "09.03.2024"),
        ("%Y년 %m월 %d일", "2024년 03월 09일"),
        ("%d %b %Y", "09 Mar 2024"),
        ("%d%b%Y", "09Mar2024"),
        ("%Y%m%d", "20240309"),
        ("%Y-%m-%dT%H:%M:%SZ", "2024-03-09T00:00:00Z"),
        ("%Y-%m-%d %H:%M:%S+09:00", "2024-03-09 09:00:00+09:00"),
        ("%m/%d/%Y %I:%M %p", "03/09/2024 12:00 AM"),
    ],
)
def test_dates_are_written_as_their_column_is(form, day):
    from jamjae.data.readers.date_spelling import as_dates

    times = pd.date_range("2024-01-31", "2024-12-25", 20).floor("D")
    shown = times + pd.Timedelta(hours=9) if "+09" in form else times
    write, note = as_dates(list(shown.strftime(form)), list(times))
    assert (write(pd.Timestamp("2024-03-09")), note) == (day, "")


@pytest.mark.slow
def test_typed_files_keep_their_types(tmp_path):
    table = people().mask(np.random.RandomState(1).random_sample((N, 10)) < 0.1)
    table = table.assign(no=people().no, memo=people().memo, grade=people().grade)
    table["age"] = table["age"].astype("Int16")
    table["city"] = table["city"].astype("category")
    table["height"] = table["height"].astype("float32")
    source, model = tmp_path / "people.parquet", tmp_path / "people.jamjae"
    table.loc[5, "grade"] = None
    table.set_index("no").to_parquet(source)
    run("fit", source, "-o", model, *QUICK, "--label", "grade")
    said = run("impute", model, source, "-o", tmp_path / "filled.parquet")
    assert "not filled, as they are no features of the model: grade 1" in said.output
    made, given = pd.read_parquet(tmp_path / "filled.parquet"), pd.read_parquet(source)
    assert made.dtypes.to_dict() == given.dtypes.to_dict()
    assert made.isna().sum().sum() == 1
    pd.testing.assert_frame_equal(made.where(given.notna()), given.where(given.notna()))
    run("impute", model, source, "-o", tmp_path / "filled.csv")
    read = pd.read_csv(tmp_path / "filled.csv")
    assert list(read) == [*NAMES[1:], "no"]
    assert read["age"].tolist() == made["age"].tolist()


def test_text_as_parquet_has_types(tmp_path, model):
    table = tmp_path / "people.csv"
    table.write_text(text(KOREAN, ";"), encoding="utf-8")
    with_names = table.read_text("utf-8").replace("키", "height")
    table.write_text(with_names, encoding="utf-8")
    own = tmp_path / "own.jamjae"
    run("fit", table, "-o", own, *QUICK)
    run("impute", own, table, "-o", tmp_path / "filled.parquet")
    made, values = pd.read_parquet(tmp_path / "filled.parquet"), people()
    assert made.drop(columns=["memo"]).notna().all().all()
    assert made["day"].dtype.kind == "M"
    assert made["pay"].tolist() == values["pay"].tolist()
    assert made["smokes"].dtype == bool
    assert (made["weight"].drop(4) == values["weight"].drop(4)).all()


def test_other_columns_and_their_order_do_not_matter(tmp_path, model):
    table = pd.read_csv(model.with_suffix(".csv"))
    turned = table[[*reversed(list(table))]].assign(other="x", more=range(N))
    few = turned.iloc[2:10]
    few.to_csv(tmp_path / "few.csv", index=False)
    said = run("impute", model, tmp_path / "few.csv", "-o", tmp_path / "filled.csv")
    assert "8 missing cells filled" in said.output
    made = pd.read_csv(tmp_path / "filled.csv")
    assert list(made) == list(few)
    assert made.notna().all().all()
    run("impute", model, model.with_suffix(".csv"), "-o", tmp_path / "whole.csv")
    whole = pd.read_csv(tmp_path / "whole.csv").iloc[2:10].reset_index(drop=True)
    pd.testing.assert_frame_equal(made[list(whole)], whole, check_dtype=False)


def test_a_limit_writes_those_rows(tmp_path, model):
    source = model.with_suffix(".csv")
    run("impute", model, source, "-o", tmp_path / "f.csv", "--limit", 12, "--limit-first")
    made = (tmp_path / "f.csv").read_text("utf-8").splitlines()
    lines = source.read_text("utf-8").splitlines()
    assert len(made) == 13
    assert [one for one in made if one in lines] == [
        line for i, line in enumerate(lines[:13]) if i - 1 not in {3, 4, 5, 6, 7, 8, 9}
    ]


def test_another_ending_asks_for_its_separator(tmp_path, model):
    source = model.with_suffix(".csv")
    said = run("impute", model, source, "-o", tmp_path / "f.tsv")
    assert "separator: tab, as the name .tsv says" in said.output
    run("impute", model, source, "-o", tmp_path / "f.csv")
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "f.tsv", sep="\t"), pd.read_csv(tmp_path / "f.csv")
    )


@pytest.mark.slow
def test_texts_that_an_encoding_lacks_are_written_in_utf_8(tmp_path, model):
    table = pd.read_csv(model.with_suffix(".csv"))
    table = table.assign(city="München", 키=table["키"].astype("float"))
    table = table.rename(columns={"키": "h", "도시": "c", "등급": "g"})
    table.loc[table["h"] > 170, "city"] = "Łódź"
    table["g"] = "ä"
    own = tmp_path / "own.jamjae"
    table[["h", "weight", "city"]].to_csv(tmp_path / "a.csv", index=False)
    run("fit", tmp_path / "a.csv", "-o", own, *QUICK)
    few = pd.DataFrame({"h": [150.0, 190.0], "weight": [50.0, 80.0], "city": ["München", None]})
    few.to_csv(tmp_path / "few.csv", index=False, encoding="cp1252")
    said = run("impute", own, tmp_path / "few.csv", "-o", tmp_path / "f.csv", "--no-label")
    assert "encoding: UTF-8, as cp1252 cannot write Łódź" in said.output
    assert pd.read_csv(tmp_path / "f.csv")["city"].tolist() == ["München", "Łódź"]


@pytest.mark.slow
def test_parquet_piece_by_piece_is_as_in_memory(tmp_path, monkeypatch):
    from jamjae.data import rows

    monkeypatch.setattr(rows, "LAZY_CHUNK_BYTES", 8 * 4 * 16)
    table = people()[["no", "height", "weight", "age", "city"]]
    table = table.assign(age=table["age"].astype("Int32"))
    for name in ("height", "weight", "age"):
        table.loc[MISSING[name], name] = None
    source, model = tmp_path / "t.parquet", tmp_path / "t.jamjae"
    table.to_parquet(source, row_group_size=17)
    chosen = ["--columns", "height,weight,age"]
    run("fit", source, "-o", model, *QUICK, *chosen)
    for ending in (".parquet", ".csv", ".npy"):
        made = {}
        for way in ("--lazy", "--no-lazy"):  # the model's columns are found by their names
            place = tmp_path / f"f{way}{ending}"
            said = json.loads(run("impute", model, source, "-o", place, way, "--json").stdout)
            assert said["imputed"] == 5
            made[way] = place.read_bytes() if ending == ".csv" else None
            if ending == ".parquet":
                assert pd.read_parquet(place).dtypes.to_dict() == table.dtypes.to_dict()
                made[way] = pd.read_parquet(place).to_csv()
        assert made["--lazy"] == made["--no-lazy"]


def test_arrays_keep_their_file(tmp_path):
    X = np.random.RandomState(0).normal(size=(40, 3)).astype(np.float32)
    X[::5, 1] = np.nan
    np.savez(tmp_path / "a.npz", rows=X, y=np.arange(40) % 2, extra=np.ones(2))
    run("fit", tmp_path / "a.npz", "-o", tmp_path / "m.jamjae", *QUICK)
    said = run("impute", tmp_path / "m.jamjae", tmp_path / "a.npz", "-o", tmp_path / "f.npz")
    assert "8 missing cells filled" in said.output
    with np.load(tmp_path / "a.npz") as given, np.load(tmp_path / "f.npz") as made:
        assert sorted(made.files) == sorted(given.files)
        assert made["rows"].dtype == np.float32
        np.testing.assert_array_equal(made["rows"][~np.isnan(X)], X[~np.isnan(X)])
        np.testing.assert_array_equal(made["y"], given["y"])


@pytest.mark.slow
def test_columns_without_a_value_are_filled(tmp_path, model):
    own = tmp_path / "own.jamjae"
    table = pd.read_csv(model.with_suffix(".csv"))[["키", "weight", "age", "도시", "day"]]
    table.columns = ["h", "w", "a", "c", "d"]
    table.to_csv(tmp_path / "t.csv", index=False)
    run("fit", tmp_path / "t.csv", "-o", own, *QUICK)
    for row in ("190,,,,", "190,80,47,서울,", ",,,,"):
        (tmp_path / "one.csv").write_text(f"h,w,a,c,d\n{row}\n", encoding="utf-8")
        run("impute", own, tmp_path / "one.csv", "-o", tmp_path / "f.csv", "--force")
        cells = (tmp_path / "f.csv").read_text("utf-8").splitlines()[1].split(",")
        assert [
            new for old, new in zip(row.split(","), cells, strict=True) if old not in ("", new)
        ] == []
        assert float(cells[0]) > 100
        assert cells[2] == str(int(cells[2]))
        assert cells[3] in ("서울", "부산")
        assert pd.Timestamp(cells[4]).year == 2024


@pytest.mark.parametrize(("between", "gap", "name"), [(", ", "", "t.csv"), ("   ", "NA", "t.txt")])
def test_spaces_stay(tmp_path, between, gap, name):
    table = people()[["height", "weight", "age"]].astype(str)
    for column in table:
        table.loc[MISSING[column], column] = gap
    lines = [between.join(table), *map(between.join, table.itertuples(index=False)), ""]
    (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    run("fit", tmp_path / name, "-o", tmp_path / "m.jamjae", *QUICK)
    place = tmp_path / f"filled-{name}"
    run("impute", tmp_path / "m.jamjae", tmp_path / name, "-o", place)
    made = place.read_text("utf-8").split("\n")
    for old, new in zip(lines[:-1], made[:-1], strict=True):
        pairs = list(zip(old.split(between), new.split(between), strict=True))
        assert all(before in (after, gap) for before, after in pairs)
    assert not any(between * 2 in line or "NA" in line for line in made)


def test_text_is_written_to_names_of_text_alone(tmp_path, model):
    pd.read_csv(model.with_suffix(".csv")).to_parquet(tmp_path / "t.parquet")
    said = run("impute", model, tmp_path / "t.parquet", "-o", tmp_path / "f.txt", code=1)
    assert "expected a file name that ends in" in said.stderr
