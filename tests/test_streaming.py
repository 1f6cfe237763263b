"""Rows that are written piece by piece: types of columns, and what a kind of file cannot hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jamjae.data.streaming import write_pieces
from jamjae.errors import OutputError

MIXED = pd.DataFrame(
    {
        "height": [1.5, 2.0],
        "member": pd.array([True, False], dtype="boolean"),
        "city": ["Seoul", None],
        "day": pd.to_datetime(["2024-01-01", "2024-01-02"]),
        "nothing": [None, None],
    }
)


def test_parquet_keeps_the_types_of_columns(tmp_path):
    path = write_pieces(tmp_path / "rows.parquet", [MIXED, MIXED], n=4)
    found = pd.read_parquet(path)
    assert [kind.kind for kind in found.dtypes[["height", "member", "day"]]] == ["f", "b", "M"]
    assert found["city"].isna().tolist() == [False, True] * 2
    assert found["day"].tolist() == [*MIXED["day"]] * 2


def test_parquet_takes_text_where_the_first_piece_has_none(tmp_path):
    pieces = [pd.DataFrame({"word": [None]}), pd.DataFrame({"word": ["late"]})]
    found = pd.read_parquet(write_pieces(tmp_path / "rows.parquet", pieces, n=2))
    assert found["word"].tolist()[1] == "late"


def test_a_table_of_several_types_is_no_array(tmp_path):
    with pytest.raises(OutputError, match=r"several types.*\.csv"):
        write_pieces(tmp_path / "rows.npy", [MIXED], n=2)
    assert not list(tmp_path.iterdir())
    write_pieces(tmp_path / "rows.npy", [np.ones((2, 3))], n=2)
