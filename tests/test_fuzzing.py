"""Damaged model files are refused in one sentence, or make no difference."""

from __future__ import annotations

import importlib
import math
from collections import Counter

import pytest


@pytest.fixture
def fuzzing(benchmarks_path, monkeypatch):
    found = importlib.import_module("benchmarks.fuzz_models")
    monkeypatch.setattr(found, "BYTES", math.inf)  # of a process that ran other tests before
    return found


def test_a_hundred_mutants(fuzzing, tmp_path):
    originals, samples = fuzzing.saved(tmp_path, [fuzzing.named, fuzzing.own_pair])
    verdicts = Counter()
    for number in range(100):
        original, damaged = fuzzing.mutant(number, 0, originals)
        path = tmp_path / "mutant.jamjae"
        path.write_bytes(damaged.content)
        found = fuzzing.examine(path, damaged.sealed, samples[original.name])
        assert found.verdict in fuzzing.FINE, fuzzing.line(number, original, damaged, found)
        verdicts[found.verdict] += 1
    assert verdicts["refused"] > 50
    assert verdicts["equal"] > 5


def test_what_is_looked_for_is_seen(fuzzing, tmp_path, monkeypatch):
    _, samples = fuzzing.saved(tmp_path, [fuzzing.named])
    path, sample = tmp_path / "named.jamjae", samples["named"]
    assert fuzzing.examine(path, False, sample).verdict == "equal"
    moved = sample._replace(results=[result + 1 for result in sample.results])
    assert fuzzing.examine(path, False, moved).verdict == "SILENT"
    assert fuzzing.examine(path, True, moved).verdict == "resealed"
    assert fuzzing.examine(path, False, sample._replace(description="")).verdict == "metadata"
    monkeypatch.setattr(fuzzing, "BYTES", 1)
    assert fuzzing.examine(path, False, sample).verdict == "1 GB"
    monkeypatch.setattr(fuzzing, "load_model", lambda *_: {}["key"])
    monkeypatch.setattr(fuzzing, "BYTES", math.inf)
    assert fuzzing.examine(path, False, sample).verdict == "RAW"


@pytest.mark.slow
def test_a_process_that_dies_or_hangs_is_seen_and_replaced(fuzzing, tmp_path, monkeypatch):
    (original,), samples = fuzzing.saved(tmp_path, [fuzzing.named])
    whole = fuzzing.Mutant("bytes flipped", False, original.content)
    examiner = fuzzing.Examiner(samples)
    try:
        assert examiner.examine(original, whole).verdict == "equal"
        examiner.process.kill()
        examiner.process.join()
        assert examiner.examine(original, whole).verdict == "CRASH"
        monkeypatch.setattr(fuzzing, "SECONDS", 0.0)
        assert examiner.examine(original, whole).verdict == "HANG"
        assert examiner.process is None
    finally:
        examiner.stop()
