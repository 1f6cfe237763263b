"""Fit and transform on a Ray cluster of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from command_line import run
from jamjae import AnomalyDetector, Autoencoder, load_model

ray = pytest.importorskip("ray")
ray_data = pytest.importorskip("ray.data")

from jamjae.distributed.ray import Transform, fit, pieces  # noqa: E402 - after Ray was found
from jamjae.errors import ClusterError, InvalidDataError, OutputError  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]

N = 1_000


@pytest.fixture(scope="module", autouse=True)
def machine():
    """A cluster for all tests of this file: one starts within about ten seconds.

    A process takes a second to start, so Ray keeps those that are idle, and starts none that
    expects a machine to be taken away.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_TRAIN_HEALTH_CHECK_INTERVAL_S"] = "0.2"
    os.environ["RAY_TRAIN_ENABLE_PREEMPTION_WATCHER"] = "0"
    ray.init(
        "local",
        num_cpus=3,
        include_dashboard=False,
        object_store_memory=150 << 20,
        log_to_driver=False,
        logging_level="ERROR",
        _system_config={"idle_worker_killing_time_threshold_ms": 600_000},
    )
    context = ray_data.DataContext.get_current()
    context.enable_progress_bars, context.execution_options.preserve_order = False, True
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def frame():
    rng = np.random.RandomState(0)
    t = rng.uniform(0, 5, size=(N, 2)).astype(np.float32)
    X = np.column_stack([np.sin(t), np.cos(t), t])
    return pd.DataFrame(X, columns=list("abcdef"))


@pytest.fixture(scope="module")
def saved(frame, tmp_path_factory):
    model = Autoencoder(2, epochs=10, random_state=0).fit(frame)
    return model.save(tmp_path_factory.mktemp("model") / "m.jamjae")


def test_batches_of_a_data_set_are_transformed_as_all_rows_are(frame, saved, tmp_path):
    for i in range(3):
        frame[i * 400 : (i + 1) * 400].to_parquet(tmp_path / f"{i}.parquet", row_group_size=90)
    data = ray_data.read_parquet(str(tmp_path)).select_columns(list("fedcba"))
    made = data.map_batches(
        Transform,
        batch_size=77,
        compute=ray_data.ActorPoolStrategy(size=2),
        fn_constructor_args=(str(saved), "reconstructions"),
        fn_constructor_kwargs={"keep": ["a"]},
        num_cpus=1,
    ).to_pandas()
    np.testing.assert_array_equal(made[list("bcdef")], load_model(saved).reconstruct(frame)[:, 1:])


def test_the_command_line_encodes_and_reconstructs_on_workers(frame, saved, tmp_path):
    frame.to_parquet(tmp_path / "x.parquet")
    for command, workers, options in (("encode", 2, []), ("reconstruct", 1, ["--lazy"])):
        outputs = [tmp_path / f"{command}{i}.npy" for i in range(2)]
        given = [command, saved, tmp_path / "x.parquet", *options]
        here = run(*given, "-o", outputs[0]).output
        there = run(*given, "-o", outputs[1], "--engine", "ray", "--workers", workers).output
        np.testing.assert_array_equal(*map(np.load, outputs))
        assert here.replace(str(outputs[0]), "") == there.replace(str(outputs[1]), "")


def test_anomalies_found_by_workers_are_those_found_here(frame, tmp_path):
    saved = tmp_path / "d.jamjae"
    model = Autoencoder(2, network=(), epochs=1)
    AnomalyDetector(model, random_state=0).fit(frame).save(saved)
    anomalous = frame[::2] + np.eye(6, dtype=np.float32)[np.arange(500) % 6]
    anomalous.to_parquet(tmp_path / "x.parquet", row_group_size=70)
    given = ["anomalies", tmp_path / "x.parquet", "--model", saved, "--lazy", "--json"]
    here, there = (
        json.loads(run(*given, *engine).stdout)
        for engine in ([], ["--engine", "ray", "--workers", 1])
    )
    assert here["anomalies"] > 100
    assert here | {"seconds": 0} == there | {"seconds": 0}

    data = ray_data.read_parquet(str(tmp_path / "x.parquet"))
    settings = {"compute": ray_data.ActorPoolStrategy(size=1), "num_cpus": 1, "batch_size": 77}
    made = data.map_batches(Transform, fn_constructor_args=(str(saved), "anomalies"), **settings)
    table = made.to_pandas()
    detector = load_model(saved)
    np.testing.assert_array_equal(table["score"], detector.score_samples(anomalous))
    np.testing.assert_array_equal(table["p_value"], detector.p_values(anomalous))


def test_an_error_of_a_worker_names_the_rows(frame, saved):
    rows = frame.to_numpy(copy=True)
    rows[5, 2] = np.nan
    model = load_model(saved)
    del model.feature_names_in_
    with pytest.raises(InvalidDataError, match=r"^rows 0 to 999: .* NaN at index \(5, 2\)"):
        list(pieces(model, rows, num_workers=1))


def test_more_workers_than_processors_are_refused(frame, saved):
    with pytest.raises(ClusterError, match="20 workers: they need 20 CPUs, and the cluster has 3"):
        list(pieces(load_model(saved), frame, num_workers=20))


# --- fit ------------------------------------------------------------------------------------

EPOCHS = 12


def estimator(**parameters):
    return Autoencoder(2, network=(16,), epochs=EPOCHS, batch_size=64, random_state=0, **parameters)


@pytest.fixture(scope="module")
def noisy(frame, tmp_path_factory):
    """A file of rows that no network reconstructs without an error."""
    rng = np.random.RandomState(1)
    made = frame + 0.3 * rng.normal(size=frame.shape).astype(np.float32)
    path = tmp_path_factory.mktemp("noisy") / "x.parquet"
    made.to_parquet(path)
    return path


DRIVER = """
import os, signal, sys
from pathlib import Path
import pandas as pd
from jamjae.distributed.ray import fit
sys.path.insert(0, sys.argv[1])
from test_ray import estimator

def die(report):
    if report.epoch >= 2 and any(Path(sys.argv[3]).glob("fit/*.json")):  # a state is known
        os.kill(os.getpid(), signal.SIGKILL)

fit(estimator(callbacks=[die]), pd.read_parquet(sys.argv[2]), num_workers=2,
    storage_path=sys.argv[3])
"""


def test_a_disturbed_fit_comes_to_the_same_bits(noisy, tmp_path, capsys):
    data = pd.read_parquet(noisy)
    whole = fit(estimator(verbose=1), data, num_workers=2, storage_path=tmp_path / "whole")
    said = capsys.readouterr().out
    assert f"epoch {EPOCHS}/{EPOCHS}  loss" in said
    assert all(part in said for part in ("(PCA ", "s left", "rows/s", "2 workers"))

    alone = estimator().fit(data)
    assert abs(whole.reconstruction_error_ / alone.reconstruction_error_ - 1) < 0.01
    assert whole.baseline_error_ == pytest.approx(alone.baseline_error_, rel=1e-6)
    assert list(whole.feature_names_in_) == list("abcdef")
    assert whole.checkpoint_dir is None

    job = tmp_path / "disturbed"
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", DRIVER, here, noisy, job]
    cluster = os.environ | {"RAY_ADDRESS": ray.get_runtime_context().gcs_address}
    ended = subprocess.run(command, check=False, env=cluster)
    assert ended.returncode == -signal.SIGKILL
    reported, killed = [], []

    def kill_a_worker(report):
        reported.append(report.epoch)
        if not killed:
            killed.append(_worker())
            os.kill(killed[0], signal.SIGKILL)

    model = estimator(callbacks=[kill_a_worker])
    again = fit(model, data, num_workers=2, storage_path=job)
    assert reported[0] > 1, "it went on from the state of the first call"
    assert killed
    np.testing.assert_array_equal(again.history_["loss"], whole.history_["loss"])
    for name in ("encoder_", "decoder_"):
        for one, other in zip(
            getattr(again, name).get_weights(), getattr(whole, name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(one, other)

    done = fit(estimator(), data, num_workers=2, storage_path=job)  # without workers
    assert done.reconstruction_error_ == whole.reconstruction_error_
    with pytest.raises(OutputError, match="holds another job, with other parameters"):
        fit(estimator(loss="mae"), data, num_workers=2, storage_path=job)


def _worker():
    """The number of a process of this cluster that trains."""
    for path in Path("/proc").glob("[0-9]*"):
        if (path / "cmdline").read_bytes().startswith(b"ray::RayTrainWorker"):
            raylet = Path("/proc") / _parent(path)
            if _parent(raylet) == str(os.getpid()):
                return int(path.name)
    raise AssertionError("no worker trains")


def _parent(process):
    lines = (process / "status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("PPid:"))


def test_the_command_line_fits_on_a_worker_as_here(frame, tmp_path):
    frame.to_parquet(tmp_path / "x.parquet")
    options = ["--epochs", "2", "-k", "2", "--seed", "0"]
    here, there = tmp_path / "here.jamjae", tmp_path / "there.jamjae"
    run("fit", tmp_path / "x.parquet", "-o", here, *options)
    on_ray = ["--engine", "ray", "--workers", "1"]
    said = run("fit", tmp_path / "x.parquet", "-o", there, *options, *on_ray).output
    assert "fitting by 1 worker on Ray" in said
    assert "epoch 2/2" in said
    one, other = load_model(here), load_model(there)
    assert list(one.feature_names_in_) == list(other.feature_names_in_)
    np.testing.assert_array_equal(one.transform(frame), other.transform(frame))


def test_an_error_in_the_rows_is_said_once(frame, tmp_path):
    frame = frame.copy()
    frame.iloc[-1, 2] = np.nan
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=130)
    data = ray_data.read_parquet(str(tmp_path / "x.parquet"))
    with pytest.raises(InvalidDataError, match="Autoencoder cannot fit: there is NaN"):
        fit(estimator(), data, num_workers=2, storage_path=tmp_path / "job", max_failures=0)


def test_what_cannot_work_is_refused_before_workers_start(frame, tmp_path):
    rows = frame.to_numpy()
    with pytest.raises(InvalidDataError, match="has 3 rows for 2 workers"):
        fit(estimator(), rows[:3], num_workers=2, storage_path=tmp_path)
    with pytest.raises(ClusterError, match="20 workers: they need 20 CPUs"):
        fit(estimator(), rows, num_workers=20, storage_path=tmp_path)
    with pytest.raises(OutputError, match=r"storage_path='/proc/job'.*that all machines can write"):
        fit(estimator(), rows, num_workers=2, storage_path="/proc/job")
    with pytest.raises(InvalidDataError, match="the data frame has columns that are no numbers"):
        fit(estimator(), frame.assign(kind="a"), num_workers=2, storage_path=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def joblib_s_pool():
    """Ray makes joblib's pool its own for good: every later one of this process would be Ray's."""
    from joblib.pool import PicklingPool

    bases = PicklingPool.__bases__
    yield
    PicklingPool.__bases__ = bases


@pytest.mark.usefixtures("joblib_s_pool")
def test_a_grid_search_runs_on_the_cluster(frame):
    from joblib import parallel_backend
    from ray.util.joblib import register_ray
    from sklearn.model_selection import GridSearchCV

    register_ray()
    model = Autoencoder(network=(), epochs=2, random_state=0)
    search = GridSearchCV(model, {"n_components": [1, 2]}, cv=2, refit=False)
    with parallel_backend("ray", n_jobs=2):
        search.fit(frame.to_numpy())
    assert search.best_params_ == {"n_components": 2}
