"""The benchmarks say what they lack instead of ending without an answer."""

from __future__ import annotations

import importlib
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from jamjae import load_digits
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


class StandIn:
    """A library that generates zeros, and ones by its better sampler; and their judge."""

    train = np.ones((60_000, 1), dtype=np.uint8)

    def measure(self, images):
        found = dict.fromkeys(("coverage", "precision", "recall"), float(images.mean()))
        return {**found, "frechet": 3.0 - float(images.mean())}

    def ask(self, task, *, folder, seconds, **settings):
        asked.append(seconds)
        made = {}
        for number, name in enumerate(("worse", "better")):
            path = Path(folder) / f"{number}.npy"
            np.save(path, np.full(5, number))
            made[name] = {"path": str(path), "fitted": 100.0 + number, "drawn": 1.0}
        return {"samplers": made}


asked: list[float] = []


def test_rivals_that_generate_get_as_much_time_and_their_best_sampler(benchmarks, monkeypatch):
    group = importlib.import_module("benchmarks.groups.generate")
    monkeypatch.setattr(group, "Judge", StandIn)
    monkeypatch.setattr(group, "fresh", lambda *_: nullcontext(StandIn()))
    asked.clear()
    (everything, best), _ = group.run(1, quick=True)
    assert asked == [0.0, 101.0, 101.0, 101.0]
    assert len(everything.rows) == 1 + 4 * 2
    assert {len(row) for row in everything.rows} == {len(everything.head)}
    assert best.rows[0] == ("jamjae, default", "better", "1.00", "+0.000")
    assert [row[1] for row in best.rows] == ["better"] * 4


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning")
def test_codecs_are_measured_beside_pca_and_formats(benchmarks, monkeypatch):
    group = importlib.import_module("benchmarks.groups.codec")
    digits = (15 * load_digits().X).astype(np.uint8)
    monkeypatch.setattr(group, "images", lambda *_: (digits[:800], digits[800:]))
    aim = group.Aim({"bytes_per_row": 4}, 0.5, 1.0)
    monkeypatch.setattr(group, "AIMS", (aim,))
    (sizes, formats, speeds, whole), versions = group.run(1, quick=True)
    size, error, goal = sizes.rows[0][1:4]
    assert 2 < float(size) < 5
    assert 0 < float(error) < 0.5
    assert goal == "1 at .50000, missed"
    assert formats.rows[0][1] == f"{float(size):.1f} at {error}"
    assert all(len(row) == len(table.head) for table in (sizes, formats) for row in table.rows)
    assert len(speeds.rows) == len(whole.rows) == 1
    assert "constriction" in versions["codec"]


def test_the_quality_of_a_format_is_the_one_of_the_nearest_error(benchmarks):
    group = importlib.import_module("benchmarks.groups.codec")
    images = (15 * load_digits().X[:20]).astype(np.uint8)
    wanted = group.mse(group.image_files(images, "JPEG", 40).images, images)
    _, error = group.at_error(images, "JPEG", wanted)
    assert error == pytest.approx(wanted, rel=0.2)
    assert group.at_error(images, "JPEG", 1.0)[0] < group.at_error(images, "JPEG", 1e-9)[0]
