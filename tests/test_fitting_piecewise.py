"""Rows in files with everything that a fit may be given, in threads, forks and bounded memory."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import Isomap

from jamjae import Autoencoder, read
from jamjae.data import loading
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.models import guides

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)

N, D = 300, 4
QUICK = {"network": (), "epochs": 2, "random_state": 0, "batch_size": 64}


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Rows in a file of several row groups, trained on in pieces, and the same in memory."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N, 2)) @ rng.normal(size=(2, D)) + 0.1 * rng.normal(size=(N, D))
    frame = pd.DataFrame(X.astype(np.float32), columns=list("abcd"))
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=70)
    monkeypatch.setattr(loading, "LAZY_BYTES", 4 * D * 128)
    return read(tmp_path / "x.parquet", lazy=True).X, frame.to_numpy()


@pytest.mark.slow
def test_a_guide_is_learned_from_rows_in_files(both):
    lazy, X = both
    fitted = [Autoencoder(2, guide=Isomap(n_neighbors=5), **QUICK).fit(rows) for rows in both]
    assert [model.guide_rows_ for model in fitted] == [N, N]
    first = [model.transform(X[:50]) for model in fitted]
    assert np.corrcoef(first[0][:, 0], first[1][:, 0])[0, 1] > 0.9
    features = np.random.RandomState(1).normal(size=(N, 2))
    guided = Autoencoder(2, guide=features, validation_fraction=0.2, **QUICK).fit(lazy)
    assert np.isfinite(guided.history_["val_loss"]).all()


@pytest.mark.parametrize("kept", [None, np.arange(0, N, 2)])
@pytest.mark.parametrize("kind", ["transformer", "learner", "file"])
def test_features_of_rows_in_files_are_those_of_rows_in_memory(both, tmp_path, kept, kind):
    lazy, X = both
    parts = (None, None) if kept is None else (kept, kept + 1)
    np.save(tmp_path / "features.npy", X[:, :2])
    source = {
        "transformer": PCA(2).fit(X),
        "learner": PCA(2),
        "file": np.load(tmp_path / "features.npy", mmap_mode="r"),
    }[kind]
    found = guides.guide(source, lazy, parts, 2, seed=0)
    beside = guides.guide(source, X, parts, 2, seed=0)
    assert not isinstance(found.features, np.ndarray)
    np.testing.assert_allclose(found.features[:], beside.features, atol=1e-5)
    np.testing.assert_array_equal(found.weights, beside.weights)
    assert found.rows == beside.rows
    with pytest.raises(InvalidDataError, match="the same for every row"):
        guides.guide(_Constant().fit(X), lazy, parts, 2, seed=0)
    with pytest.raises(ShapeMismatchError, match=r"features of shape \(\d+, 3\).*n_components"):
        guides.guide(PCA(3).fit(X), lazy, parts, 2, seed=0)


class _Constant(PCA):
    def transform(self, X):
        return np.ones((len(X), 2))


@pytest.mark.slow
def test_a_fitted_transformer_guides_a_fit_of_rows_in_files(both):
    lazy, X = both
    fitted = PCA(2, random_state=0).fit(X)
    models = [
        Autoencoder(2, guide=fitted, **{**QUICK, "epochs": 5}).fit(rows) for rows in (lazy, X)
    ]
    assert [model.guide_rows_ for model in models] == [N, N]
    wanted = fitted.transform(X)
    for model in models:
        codes = model.transform(X)
        assert min(np.corrcoef(codes[:, i], wanted[:, i])[0, 1] for i in range(2)) > 0.9


def test_an_interrupted_fit_of_rows_in_files_resumes(both, tmp_path):
    lazy, _ = both
    settings = {**QUICK, "epochs": 4, "checkpoint_dir": tmp_path / "state"}

    def stop(report):
        if report.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Autoencoder(2, callbacks=[stop], **settings).fit(lazy)
    epochs = []
    resumed = Autoencoder(2, callbacks=[lambda report: epochs.append(report.epoch)], **settings)
    resumed.fit(lazy)
    assert epochs == [3, 4]
    whole = Autoencoder(2, **{**QUICK, "epochs": 4}).fit(lazy)
    np.testing.assert_array_equal(resumed.history_["loss"], whole.history_["loss"])
    np.testing.assert_array_equal(resumed.transform(lazy), whole.transform(lazy))


def test_parts_and_held_out_rows_may_be_in_files(both):
    lazy, X = both
    model = Autoencoder(2, **QUICK)
    for _ in range(2):
        model.partial_fit(lazy)
    assert model.reconstruction_error_ < np.var(X)
    held = Autoencoder(2, **QUICK).fit(lazy, validation_data=lazy)
    assert np.isfinite(held.history_["val_loss"]).all()
    noisy = Autoencoder(2, **QUICK).fit(lazy, corrupted=lazy)
    assert np.isfinite(noisy.history_["loss"]).all()


def test_columns_in_files_are_standardized_where_they_fit_into_memory(both, monkeypatch):
    lazy, X = both
    fitted = Autoencoder(2, scaling="standardize", **QUICK).fit(lazy)
    frame = pd.DataFrame(X, columns=list("abcd"))
    beside = Autoencoder(2, scaling="standardize", **QUICK).fit(frame)
    np.testing.assert_allclose(
        fitted.transform(lazy), beside.transform(frame), rtol=1e-4, atol=1e-4
    )
    assert not hasattr(fitted, "feature_names_in_")
    named = Autoencoder(2, scaling="standardize", **QUICK).fit(lazy.titled("abcd"))
    np.testing.assert_array_equal(named.transform(frame), beside.transform(frame))
    monkeypatch.setattr("jamjae.data.memory.available", lambda: 1000)
    with pytest.raises(InvalidDataError, match="Cannot read all of ParquetRows"):
        Autoencoder(2, scaling="standardize", **QUICK).fit(lazy)


def test_rows_with_titles_give_an_estimator_the_names(both):
    lazy, X = both
    model = Autoencoder(2, **QUICK).fit(lazy.titled("abcd"))
    assert list(model.feature_names_in_) == list("abcd")
    frame = pd.DataFrame(X, columns=list("abcd"))
    np.testing.assert_array_equal(model.transform(frame), model.transform(lazy.titled("abcd")))
    with pytest.raises(ShapeMismatchError, match="feature names"):
        model.transform(lazy.titled("abdc"))


def test_several_threads_fit_and_transform_the_same_rows(both):
    lazy, X = both
    with ThreadPoolExecutor(2) as pool:
        models = list(pool.map(lambda _: Autoencoder(2, **QUICK).fit(lazy), range(2)))
        codes = list(pool.map(lambda model: model.transform(lazy), models))
    np.testing.assert_array_equal(*codes)
    np.testing.assert_array_equal(codes[0], models[0].transform(X))


def _sum(rows, queue):
    queue.put(float(sum(rows[i : i + 50].sum(dtype=float) for i in range(0, N, 50))))


@pytest.mark.skipif(not hasattr(multiprocessing, "get_context"), reason="no processes")
@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_another_process_reads_the_same_rows(both, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"{method} is not there")
    lazy, X = both
    lazy[:80]  # a row group is held, and pyarrow's threads run, before the process is forked
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    process = context.Process(target=_sum, args=(lazy, queue))
    process.start()
    try:
        assert queue.get(timeout=60) == pytest.approx(X.sum(dtype=float))
    finally:
        process.join(10)
        process.kill()


MEASURED = """
import re, sys
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
from jamjae import Autoencoder, read

def status(name):
    with open("/proc/self/status") as file:
        return int(re.search(name + r":\\s+(\\d+)", file.read())[1]) / 1024

X = np.random.RandomState(0).normal(size=(1 << 16, 8)).astype(np.float32)
table = pa.table({f"c{i}": X[:, i] for i in range(8)})
with pq.ParquetWriter(sys.argv[1], table.schema) as writer:
    for _ in range(int(sys.argv[2])):
        writer.write_table(table)
del X, table
Autoencoder  # which imports JAX and Keras
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # VmHWM, the peak, begins anew
before = status("VmRSS")
rows = read(sys.argv[1], lazy=True).X
Autoencoder(2, network=(), epochs=1, batch_size=4096, random_state=0).fit(rows)
print(status("VmHWM") - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measured by /proc")
def test_memory_does_not_grow_with_the_rows(tmp_path):
    peaks = []
    for groups in (8, 64):  # 16 and 128 MiB
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            MEASURED,
            tmp_path / "x.parquet",
            str(groups),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(float(done.stdout.split()[-1]))
    assert max(peaks) < 500
    assert peaks[1] - peaks[0] < 100
