"""Training in several processes of a ``jax.distributed`` job, each with rows of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from jamjae import load_model
from jamjae.data.loading import Share
from jamjae.engine.processes import ALONE, Processes
from jamjae.errors import InvalidDataError, JamjaeError

WORK = Path(__file__).with_name("processes_work.py")


def fits_of(hosts, *arguments):
    with socket.socket() as held:
        held.bind(("localhost", 0))
        port = held.getsockname()[1]
    started = [
        subprocess.Popen(
            [sys.executable, WORK, str(rank), str(hosts), str(port), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"KERAS_BACKEND": "jax"},
        )
        for rank in range(hosts)
    ]
    said = [process.communicate(timeout=500) for process in started]
    for process, (_, errors) in zip(started, said, strict=True):
        assert process.returncode == 0, errors[-2000:]
    return [json.loads(output.splitlines()[-1]) for output, _ in said]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return fits_of(1, tmp_path_factory.mktemp("alone"))[0]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return fits_of(2, tmp_path_factory.mktemp("pair"))


ALIKE = ["plain", "guide", "weights", "variational", "in pieces"]
TOGETHER = [*ALIKE, "again", "drawn seeds", "ill-conditioned", "held out"]
TOGETHER += ["stopped by one", "one device", "resumed"]


@pytest.mark.slow
@pytest.mark.parametrize("name", TOGETHER)
def test_all_processes_have_the_same_model(pair, name):
    first, second = pair[0][name], pair[1][name]
    assert first["found"] == second["found"]
    assert first["codes"] == second["codes"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "ill-conditioned", "guide", "weights", "in pieces"])
def test_their_pca_is_that_of_all_rows(pair, alone, name):
    assert pair[0][name]["found"][0] == pytest.approx(alone[name]["found"][0], rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALIKE)
def test_their_model_is_as_good_as_that_of_one_process(pair, alone, name):
    assert pair[0][name]["found"][1] == pytest.approx(alone[name]["found"][1], rel=0.02)
    assert pair[0][name]["score"] == pytest.approx(alone[name]["score"], rel=0.01)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model_again(pair):
    assert pair[0]["plain"] == pair[0]["again"]
    assert pair[0]["plain"]["found"] != pair[0]["drawn seeds"]["found"]


@pytest.mark.slow
def test_one_process_that_stops_stops_all(pair):
    assert [told["stopped by one"]["epochs"] for told in pair] == [1, 1]


@pytest.mark.slow
def test_the_devices_are_those_of_each_process(pair):
    for told in pair:
        assert told["plain"]["devices"] == ["cpu:0", "cpu:1"]
        assert told["one device"]["devices"] == ["cpu:0"]


@pytest.mark.slow
def test_a_process_may_train_alone(pair):
    assert pair[0]["alone"]["found"] != pair[1]["alone"]["found"]


@pytest.mark.slow
def test_the_first_process_keeps_the_checkpoint_for_all(pair, alone):
    assert [told["files"] for told in pair] == [1, 0]
    for told in (*pair, alone):
        assert told["resumed"]["found"] == told["plain"]["found"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bad rows", "NaN"),
        ("other columns", "the same kind of rows, but process 0 has float32 rows of shape (64,)"),
        ("no rows", "process 1"),
        ("missing", 'with missing="mask"'),
        ("named devices", "in a job of 2 processes"),
        ("unfitted guide", "a guide that is not fitted"),
    ],
)
def test_what_cannot_be_trained_together_is_refused_by_all(pair, name, message):
    assert "Error: " in pair[0][name]
    assert "Error: " in pair[1][name]
    assert message.lower() in (pair[0][name] + pair[1][name]).lower()


LAUNCHERS = {
    "mpirun": ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "2"],
    "srun": ["srun", "--ntasks=2"],
}
READY = {"mpirun": ["mpirun", "--version"], "srun": ["sinfo"]}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_launcher_makes_one_job_of_the_lines_of_the_guide(launcher, tmp_path):
    if not shutil.which(launcher):
        pytest.skip(f"{launcher} is not installed")
    if subprocess.run(READY[launcher], check=False, capture_output=True).returncode:
        pytest.skip(f"{launcher} has no cluster")
    guide = (Path(__file__).parents[1] / "docs" / "scale.md").read_text()
    lines = re.search(r"```python\n(import jax\n.*?)```", guide, re.DOTALL)[1]
    fast = lines.replace("random_state=0", "random_state=0, network=(), epochs=1")
    assert fast != lines
    (tmp_path / "train.py").write_text(fast)
    rng = np.random.RandomState(0)
    X = rng.normal(size=(700, 36)) * np.geomspace(1, 0.1, 36)
    (tmp_path / "rows").mkdir()
    for i, rows in enumerate(np.split(X, [500])):
        pd.DataFrame(rows).rename(columns="c{}".format).to_parquet(
            tmp_path / "rows" / f"part-{i}.parquet"
        )
    command = [*LAUNCHERS[launcher], sys.executable, "train.py"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    whole = PCA(32).fit(X)
    error = np.square(X - whole.inverse_transform(whole.transform(X))).mean()
    assert load_model(tmp_path / "rows.jamjae").baseline_error_ == pytest.approx(error, rel=1e-9)


# --- parts, without processes -----------------------------------------------------------------


def test_all_processes_have_as_many_pieces_and_steps():
    share = Share((1000, 10, 3), pieces=4, rank=1)
    ends = share.ends(30)
    assert [len(some) for some in ends] == [5, 5, 5]
    assert [int(some[-1]) for some in ends] == [1000, 10, 3]
    assert share.steps(30) == 4 * 25  # those of the process with the most rows


def test_a_process_alone_reads_whole_batches():
    assert Share((100,), 3).ends(8)[0].tolist() == [0, 40, 80, 100]
    assert Share((100,)).ends(8)[0].tolist() == [0, 100]
    assert Share((100,), 3).steps(8) == 13


class Two(Processes):
    """Two processes, of which the second always says the same."""

    hosts = 2

    def __init__(self, other):
        self.other = other

    def gathered(self, values):
        return np.stack([np.asarray(values), np.broadcast_to(self.other, np.shape(values))])


def test_numbers_of_processes_are_added_and_compared():
    assert ALONE.total([1, 2]).tolist() == [1.0, 2.0]
    assert Two(4).total([1, 2]).tolist() == [5.0, 6.0]
    assert Two(4.0).ends(1.0, 2.0) == (1.0, 4.0)
    assert Two(True).any(False)
    assert not ALONE.any(False)


def test_what_another_process_says_ends_this_one():
    failed = "Process 1 of 2, which train together, failed: A"
    with pytest.raises(JamjaeError, match=failed), Two(np.uint8(ord("A"))).together():
        pass
    with pytest.raises(InvalidDataError, match="process 0 has 3, and process 1 A"):
        Two(np.uint8(ord("A"))).require_same("3", "number")
    with pytest.raises(ZeroDivisionError), ALONE.together():
        1 / 0  # noqa: B018
