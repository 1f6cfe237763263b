"""The benchmarks say what they lack instead of ending without an answer."""

from __future__ import annotations

import importlib
import sys

import pytest

from jamjae.errors import DataNotFoundError


@pytest.fixture
def benchmarks(benchmarks_path, monkeypatch):
    monkeypatch.chdir(benchmarks_path)  # processes of libraries are started from there
    return importlib.import_module("benchmarks.__main__")


def test_missing_data_are_named_before_anything_is_measured(benchmarks, monkeypatch, tmp_path):
    def nowhere(subset):
        raise DataNotFoundError(f"Cannot get Fashion-MNIST, {subset}")

    def measured(*_, **__):
        raise AssertionError("measured without data")

    monkeypatch.setattr(benchmarks, "fetch_fashion_mnist", nowhere)
    monkeypatch.setattr(benchmarks, "measure", measured)
    output = tmp_path / "RESULTS.md"
    monkeypatch.setattr(sys, "argv", ["benchmarks", "starting", "same_work", "--output", output])
    monkeypatch.setattr(sys, "argv", [str(word) for word in sys.argv])
    with pytest.raises(SystemExit, match=r"^error: Cannot get Fashion-MNIST, all$"):
        benchmarks.main()
    assert not output.exists()


def test_groups_of_generated_data_need_none(benchmarks, monkeypatch):
    monkeypatch.setattr(benchmarks, "fetch_fashion_mnist", pytest.fail)
    benchmarks.require_data(["starting", "scaling"])


def test_a_process_says_what_went_wrong_in_it(benchmarks):
    measuring = importlib.import_module("benchmarks.measuring")
    with (
        measuring.Worker("sklearn") as worker,
        pytest.raises(measuring.Failed, match=r"sklearn failed in the task 'steps': KeyError: 'no"),
    ):
        worker.ask("steps", recipe="no such recipe", batch=1, epochs=1, n=1, seed=0)
