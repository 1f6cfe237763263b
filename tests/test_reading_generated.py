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
