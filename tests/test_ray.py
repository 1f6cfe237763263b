"""Fit and transform on a Ray cluster of this machine."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest

from command_line import run
from jamjae import Autoencoder, load_model

ray = pytest.importorskip("ray")
ray_data = pytest.importorskip("ray.data")

from jamjae.distributed.ray import Transform, pieces  # noqa: E402 - after Ray was found
from jamjae.errors import ClusterError, InvalidDataError  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]

N = 1_000


@pytest.fixture(scope="module", autouse=True)
def machine():
    """A cluster for all tests of this file: one starts within about ten seconds."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        "local",
        num_cpus=3,
        include_dashboard=False,
        object_store_memory=150 << 20,
        log_to_driver=False,
        logging_level="ERROR",
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
    for command, options in (("encode", []), ("reconstruct", ["--lazy"])):
        outputs = [tmp_path / f"{command}{i}.npy" for i in range(2)]
        given = [command, saved, tmp_path / "x.parquet", *options]
        here = run(*given, "-o", outputs[0]).output
        there = run(*given, "-o", outputs[1], "--engine", "ray", "--workers", "2").output
        np.testing.assert_array_equal(*map(np.load, outputs))
        assert here.replace(str(outputs[0]), "") == there.replace(str(outputs[1]), "")


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
