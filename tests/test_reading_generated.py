"""Generated tables come back as they were written; `benchmarks/read_tables.py` makes thousands."""

from __future__ import annotations

import importlib

import pytest


@pytest.fixture
def tables(benchmarks_path, monkeypatch):
    monkeypatch.syspath_prepend(str(benchmarks_path))
    return importlib.import_module("benchmarks.read_tables")


@pytest.mark.parametrize("seed", range(6))
def test_generated_tables_come_back(tables, tmp_path, seed):
    for number in range(10):
        outcome, _ = tables.examined(tmp_path, seed, number)
        assert outcome.verdict not in tables.BAD, (seed, number, outcome)


@pytest.mark.parametrize(
    ("seed", "number"),
    [
        *((0, number) for number in (25, 41, 43, 74, 91, 98, 100, 146, 231, 263, 301, 389)),
        *((0, number) for number in (414, 444, 458, 544, 548)),
        *((1, number) for number in (111, 177, 272, 869, 921, 1229, 1713, 1756, 1922, 1956)),
    ],
)
def test_tables_that_once_came_back_otherwise(tables, tmp_path, seed, number):
    outcome, _ = tables.examined(tmp_path, seed, number)
    assert outcome.verdict == tables.EQUAL, outcome
