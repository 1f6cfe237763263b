"""Generated tables of text, filled: nothing but missing cells differs, and all read back alike."""

from __future__ import annotations

import io
import random

import numpy as np
import pandas as pd
import pytest

from jamjae.data import completing
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.lines import HEADING, cut, numbered
from jamjae.data.readers.tables import dataset
from jamjae.data.reading import opened_table

OPTIONS = ReadOptions(label="", index="")
WORDS = (["red", "green"], ["서울", "부산 시"], ["a,b", 'e"f'], ["x y", "z\nw"])
TRUTH = (["yes", "no"], ["TRUE", "FALSE"], ["예", "아니오"])
GAPS = ("", "NA", "nan", "NULL", "#N/A")


def columns(chance, decimal, spaced):
    """Give the texts of columns of several kinds, the first of which are numbers."""
    n = chance.randint(6, 25)
    values = [chance.gauss(50, 20) for _ in range(n)]

    def number(digits, form="{}"):
        return [form.format(f"{x:.{digits}f}".replace(".", decimal)) for x in values]

    word, truth = chance.choice(WORDS[:1] if spaced else WORDS), chance.choice(TRUTH)
    kinds = {
        "whole": [str(int(x)) for x in values],
        "percent": number(1, "{}%"),
        "price": number(2, "${}"),
        "tiny": [f"{x * 1e-7:.2e}".replace(".", decimal) for x in values],
        "word": [chance.choice(word) for _ in values],
        "truth": [chance.choice(truth) for _ in values],
        "day": [f"2024-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}" for _ in values],
        "date": [f"{chance.randint(13, 28)}/{chance.randint(1, 12)}/2024" for _ in values],
        "time": [f"{chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}" for _ in values],
    }
    chosen = chance.sample(sorted(kinds), chance.randint(1, 5))
    return {"number": number(chance.randint(1, 3)), **{name: kinds[name] for name in chosen}}


def written(chance):
    """Give a table as text, its encoding, the text of its gaps, and where they are."""
    separator, end = chance.choice(",;\t| "), chance.choice(["\n", "\r\n"])
    gap = chance.choice(GAPS[1:4] if separator == " " else GAPS)
    table = columns(chance, "," if separator == ";" else ".", separator == " ")
    quoted = chance.random() < 0.3

    def cell(text):
        needed = quoted or any(mark in text for mark in (separator, '"', "\n"))
        return '"' + text.replace('"', '""') + '"' if needed else text

    rows = list(zip(*table.values(), strict=True))
    gaps = {(i, k) for i in range(len(rows)) for k in range(len(table)) if chance.random() < 0.1}
    lines = ["# a comment"] if separator != " " and chance.random() < 0.3 else []
    lines.append(separator.join(map(cell, table)))
    for i, row in enumerate(rows):
        cells = [cell(gap if (i, k) in gaps else text) for k, text in enumerate(row)]
        lines.append(separator.join(cells))
    encoding = chance.choice(["utf-8", "utf-8-sig", "utf-16", "cp949"])
    return end.join(lines) + chance.choice(["", end]), encoding, gap


def filled(X):
    """Put a known value into each gap."""
    frame = pd.DataFrame(X)
    for i in range(frame.shape[1]):
        known = frame.iloc[:, i].dropna()
        frame.isetitem(i, frame.iloc[:, i].fillna(known.iloc[len(known) // 2]))
    return frame if hasattr(X, "iloc") else frame.to_numpy()


@pytest.mark.parametrize("seed", range(60))
def test_only_gaps_are_written(tmp_path, seed):
    text, encoding, gap = written(random.Random(seed))  # noqa: S311 - no secret
    source, place = tmp_path / "t.csv", tmp_path / "f.csv"
    source.write_bytes(text.encode(encoding))
    table = opened_table(source, OPTIONS)
    made = filled(dataset(source, table).X)
    counts, _ = completing.write_table(place, source, table, made, OPTIONS)
    after = place.read_bytes().decode(encoding)
    assert place.read_bytes()[:2] == source.read_bytes()[:2] or text[:2] != after[:2]
    form, changed = table.raw.form, 0
    pairs = (numbered(io.StringIO(one, newline=""), form) for one in (text, after))
    for (old, row), (new, same) in zip(*pairs, strict=True):
        assert row == same
        if old == new:
            continue
        assert row not in (None, HEADING)
        (cells, between), (others, unchanged) = cut(old, form.separator), cut(new, form.separator)
        assert between == unchanged
        differing = [one for one, other in zip(cells, others, strict=True) if one != other]
        assert {one.strip('"') for one in differing} == {gap}
        changed += len(differing)
    assert changed == sum(counts.values())
    again = opened_table(place, OPTIONS)
    assert [one.kind for one in again.features.values()] == [
        one.kind for one in table.features.values()
    ]
    assert not np.asarray(pd.isna(dataset(place, again).X)).any()


def test_workbooks(tmp_path):
    pytest.importorskip("openpyxl")
    frame = pd.DataFrame(
        {"no": range(1, 9), "a": [1.5, None] * 4, "day": pd.Timestamp("2024-01-31")}
    )
    frame.loc[2, "day"] = None
    source = tmp_path / "t.xlsx"
    frame.to_excel(source, index=False, startrow=2)
    table = opened_table(source, ReadOptions())
    made = filled(dataset(source, table).X)
    for ending in (".csv", ".parquet"):
        place = tmp_path / f"f{ending}"
        counts, _ = completing.write_table(place, source, table, made, ReadOptions())
        assert counts == {"a": 4, "day": 1}
        read = pd.read_parquet(place) if ending == ".parquet" else pd.read_csv(place)
        assert list(read) == ["no", "a", "day"]
        assert read["a"].tolist() == [1.5] * 8
        assert read["no"].tolist() == list(range(1, 9))
        assert set(read["day"].astype(str).str[:10]) == {"2024-01-31"}
