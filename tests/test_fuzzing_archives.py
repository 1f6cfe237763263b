"""The fuzzing of files of compressed rows finds nothing, and would find something."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from jamjae.latent.codec.reader import Reader


@pytest.fixture(scope="module")
def originals():
    return {}


@pytest.fixture
def fuzzing(benchmarks_path, originals):
    found = importlib.import_module("benchmarks.fuzz_archives")
    if not originals:
        images = np.random.RandomState(0).randint(0, 200, (2 * found.ROWS, 3, 3), dtype=np.uint8)
        originals["images"] = found._exact("images", images, 1)
        originals["numbers"] = found._numbers()
    return found


def test_two_hundred_mutants(fuzzing, originals):
    verdicts = set()
    for number in range(200):
        original, kind, sealed, content = fuzzing.mutant(number, 0, list(originals.values()))
        verdict, said = fuzzing.examine(original, content, sealed)
        assert verdict not in fuzzing.BAD, (number, kind, said)
        verdicts.add(verdict)
    assert verdicts >= {"refused", "partly"}


def test_what_is_looked_for_is_seen(fuzzing, originals):
    original = originals["images"]
    assert fuzzing.examine(original, original.content, sealed=False) == ("equal", "")
    moved = original._replace(rows=original.rows + 1)
    assert fuzzing.examine(moved, original.content, sealed=False)[0] == "SILENT"
    assert fuzzing.examine(moved, original.content, sealed=True)[0] == "resealed"

    def broken(reader: Reader):
        raise KeyError(reader.header.dtype)

    raw = original._replace(decode=broken)
    assert fuzzing.examine(raw, original.content, sealed=False)[0] == "RAW"
