"""What workers on a cluster compute, and what is refused, without a cluster."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from command_line import run
from jamjae import AnomalyDetector, Autoencoder
from jamjae.data import rows as data_rows
from jamjae.distributed import cluster
from jamjae.distributed.sharing import Mapped, opened, shared
from jamjae.distributed.transforming import DRAWN, Transform
from jamjae.engine import blocks
from jamjae.errors import ClusterError, InvalidDataError, ShapeMismatchError

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)

N = 203


@pytest.fixture(scope="module")
def X():
    rng = np.random.RandomState(0)
    return (rng.normal(size=(N, 2)) @ rng.normal(size=(2, 4))).astype(np.float32) + 1


@pytest.fixture(scope="module", params=[False, True], ids=["network", "PCA"])
def model(request, X):
    fitted = Autoencoder(2, network=(8,), epochs=1, random_state=0).fit(X)
    fitted.is_pca_ = request.param
    return fitted


def cut(X, *places):
    return np.split(X, places)


@pytest.mark.parametrize("places", [(1,), (7, 8, 100), (128,), range(1, N)])
def test_a_row_does_not_depend_on_the_rows_beside_it(model, X, places):
    expected = {
        "codes": model.transform(X),
        "reconstructions": model.reconstruct(X),
        "errors": -model.score_samples(X),
    }
    for what, whole in expected.items():
        made = [Transform(model, what)({"data": part}) for part in cut(X, *places)]
        columns = {name: np.concatenate([one[name] for one in made]) for name in made[0]}
        found = np.column_stack(list(columns.values())).reshape(whole.shape)
        np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize("places", [(1,), (7, 8, 100), range(1, N)])
def test_anomalies_are_those_of_the_detector(X, places):
    noisy = (X + np.random.RandomState(1).normal(size=X.shape)).astype(np.float32)
    detector = AnomalyDetector(Autoencoder(2, network=(8,), epochs=1), random_state=0).fit(noisy)
    made = [Transform(detector, "anomalies")({"data": part}) for part in cut(X, *places)]
    found = {name: np.concatenate([one[name] for one in made]) for name in made[0]}
    np.testing.assert_array_equal(found["score"], detector.score_samples(X))
    np.testing.assert_array_equal(found["p_value"], detector.p_values(X))
    np.testing.assert_array_equal(found["anomaly"], detector.predict(X) == -1)
    for model, what in ((detector, "codes"), (detector.model_, "anomalies")):
        with pytest.raises(InvalidDataError, match='"anomalies" is for an AnomalyDetector'):
            Transform(model, what)


@pytest.mark.parametrize("n", [5, 40])
def test_of_few_rows_their_number_is_told(model, X, n):
    transform = Transform(model, rows=n)
    found = np.concatenate(
        [transform({"data": X[i : i + 3]})["autoencoder0"] for i in range(0, n, 3)]
    )
    np.testing.assert_array_equal(found[:n], model.transform(X[:n])[:, 0])


def test_pieces_are_computed_as_the_whole_is(model, X, monkeypatch):
    whole = model.transform(X), model.reconstruct(X), model.score_samples(X)
    monkeypatch.setattr(data_rows, "CHUNK_BYTES", 8 * 4 * 67)
    np.testing.assert_array_equal(np.concatenate(list(model.transform_pieces(X))), whole[0])
    np.testing.assert_array_equal(np.concatenate(list(model.reconstruct_pieces(X))), whole[1])
    np.testing.assert_array_equal(model.score_samples(X), whole[2])


def test_the_number_of_rows_is_forgotten_afterwards():
    with blocks.among(1000), blocks.among(3):
        assert blocks.block_size(1, (4,)) == blocks.MANY
    assert blocks.block_size(1, (4,)) == blocks.FEW


def test_columns_are_found_by_name_in_any_order():
    rng = np.random.RandomState(1)
    frame = pd.DataFrame(rng.normal(size=(150, 3)), columns=list("abc"))
    named = Autoencoder(2, network=(8,), epochs=1, random_state=0).fit(frame)
    batch = {name: frame[name].to_numpy() for name in "cab"} | {"key": np.arange(150)}
    made = Transform(named, "reconstructions", keep=["key"])(batch)
    assert list(made) == ["key", "a", "b", "c"]
    np.testing.assert_array_equal(
        np.column_stack([made[name] for name in "abc"]), named.reconstruct(frame)
    )
    del batch["b"]
    with pytest.raises(ShapeMismatchError, match="no column b, which the model was fitted to"):
        Transform(named)(batch)
    with pytest.raises(ShapeMismatchError, match="no column d, which was asked for"):
        Transform(named, columns=["a", "d"])(batch)


def test_tables_of_mixed_columns_come_back_as_columns():
    rng = np.random.RandomState(1)
    frame = pd.DataFrame({"size": rng.normal(size=150), "kind": rng.choice(["p", "q"], 150)})
    mixed = Autoencoder(2, network=(8,), epochs=2, random_state=0).fit(frame)
    batch = {"kind": frame["kind"].to_numpy(object), "size": frame["size"].to_numpy()}
    made = Transform(mixed, "reconstructions")(batch)
    assert made["kind"].tolist() == mixed.reconstruct(frame)["kind"].tolist()
    assert made["size"].tolist() == mixed.reconstruct(frame)["size"].tolist()
    np.testing.assert_array_equal(
        Transform(mixed)(batch)["autoencoder1"], mixed.transform(frame)[:, 1]
    )


def test_samples_are_the_same_whatever_the_batches(model, X):
    drawn = model.fit_density(X, kind="gaussian")
    ids = np.arange(2 * DRAWN - 5, 2 * DRAWN + 9)
    transform = Transform(drawn, "samples", random_state=3)
    whole = transform({"id": ids})["sample"]
    assert whole.shape == (14, 4)
    assert len(np.unique(whole, axis=0)) == 14
    for i in (0, 4, 5, 13):
        np.testing.assert_array_equal(transform({"id": ids[i : i + 1]})["sample"][0], whole[i])
    with pytest.raises(InvalidDataError, match=r"no column id .* ray\.data\.range"):
        transform({"x": ids})


def test_what_is_not_known_is_refused(model):
    with pytest.raises(InvalidDataError, match="what='latent'; expected one of codes"):
        Transform(model, "latent")


def test_arrays_of_several_shapes_are_refused(model, X):
    ragged = np.empty(2, object)
    ragged[:] = [np.zeros((2, 2)), np.zeros((3, 2))]
    with pytest.raises(InvalidDataError, match=r"several shapes in 'image'.*size=\(h, w\)"):
        Transform(model)({"image": ragged})
    with pytest.raises(InvalidDataError, match="a column of arrays among a, b"):
        Transform(model, columns=["a", "b"])({"a": X, "b": X})


def test_a_mapped_array_is_sent_as_its_place(X, tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    for view in (mapped, mapped[5:], mapped[10:30].reshape(20, 2, 2)):
        sent = pickle.loads(pickle.dumps(shared(view)))
        assert isinstance(sent, Mapped)
        np.testing.assert_array_equal(opened(sent), view)
    assert shared(mapped[::2]) is not mapped
    np.testing.assert_array_equal(opened(shared(mapped[::2])), X[::2])
    assert opened(shared(X)) is X


# --- the cluster ----------------------------------------------------------------------------


def test_other_versions_on_a_machine_are_named():
    pytest.importorskip("ray")
    here = {name: cluster.metadata.version(name) for name in cluster.LIBRARIES}
    cluster.require_alike({"10.0.0.1": here})
    other = here | {"jamjae": "", "keras": "3.1"}
    with pytest.raises(ClusterError, match=r"10\.0\.0\.2.*jamjae missing.*keras 3\.1 \(here"):
        cluster.require_alike({"10.0.0.1": here, "10.0.0.2": other})


def test_a_machine_without_jamjae_says_so(tmp_path):
    cloudpickle = pytest.importorskip("cloudpickle")
    shutil.copytree(Path(cloudpickle.__file__).parent, tmp_path / "cloudpickle")
    code = f"""
import sys
sys.path.append({str(tmp_path)!r})
import cloudpickle
print(cloudpickle.loads({cloudpickle.dumps(cluster.make_probe())!r})())
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(dict.fromkeys(cluster.LIBRARIES, ""))


def test_a_dead_address_is_said_at_once(monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    message = r"Cannot connect to a Ray cluster at '127\.0\.0\.1:1'.*unset it to start"
    with pytest.raises(ClusterError, match=message), cluster.cluster(2):
        pass
    with pytest.raises(InvalidDataError, match="num_workers=0"), cluster.cluster(0):
        pass


def test_workers_belong_to_the_engine(saved):
    for options in (["--engine", "ray"], ["--workers", "2"]):
        said = run("encode", saved, "digits", "-o", "x.npy", *options, code=2).output
        assert "belong together" in said
