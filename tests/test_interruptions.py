"""Interrupted fits go on bit for bit, and leave no mark."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import safetensors
import safetensors.numpy

from cases import mostly_slow
from jamjae import Autoencoder
from jamjae.engine import checkpoints
from jamjae.engine.checkpoints import kept
from jamjae.errors import ModelFileError
from pairs import pair

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(150, 5)) @ np.diag([3.0, 2.0, 1.0, 0.5, 0.1])


# --- interruptions --------------------------------------------------------------------------


class Interrupted(Exception):
    pass


def interrupt_at(epoch):
    def callback(report):
        if report.epoch == epoch:
            raise Interrupted

    return callback


@pytest.mark.parametrize(
    ("seed", "given"),
    mostly_slow([(0, False), (0, True), (None, False), (None, True)], {(0, True), (None, False)}),
)
def test_an_interrupted_fit_goes_on_bit_for_bit(X, tmp_path, given, seed):
    def settings():
        networks = {}
        if given:
            keras.utils.set_random_seed(0)
            networks = dict(zip(("encoder", "decoder"), pair(batch_norm=True), strict=True))
        return {
            "n_components": 2,
            "epochs": 7,
            "batch_size": 16,
            "validation_fraction": 0.2,
            "random_state": seed,
            **networks,
        }

    with pytest.raises(Interrupted):
        Autoencoder(**settings(), checkpoint_dir=tmp_path, callbacks=[interrupt_at(4)]).fit(X)
    assert len(list(tmp_path.iterdir())) == 1
    epochs = []
    resumed = Autoencoder(
        **settings(), checkpoint_dir=tmp_path, callbacks=[lambda r: epochs.append(r.epoch)]
    ).fit(X)
    assert epochs == [5, 6, 7]
    assert list(tmp_path.iterdir()) == []
    if seed is not None:
        straight = Autoencoder(**settings()).fit(X)
        np.testing.assert_array_equal(resumed.transform(X), straight.transform(X))
        for name, values in straight.history_.items():
            np.testing.assert_array_equal(resumed.history_[name], values)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_checkpoint_is_kept_until_what_follows_is_done(X, tmp_path, early_stopping):
    settings = {
        "epochs": 30 if early_stopping else 4,
        "random_state": 0,
        "early_stopping": early_stopping,
        "patience": 1,
        "learning_rate": 0.02,
        "schedule": "constant",
    }
    straight = Autoencoder(2, **settings).fit(X)
    assert (len(straight.history_["loss"]) < settings["epochs"]) == early_stopping

    def fails():
        with kept():
            Autoencoder(2, **settings, checkpoint_dir=tmp_path).fit(X)
            raise Interrupted

    with pytest.raises(Interrupted):
        fails()
    assert len(list(tmp_path.iterdir())) == 1
    epochs = []
    with kept():
        again = Autoencoder(
            2, **settings, checkpoint_dir=tmp_path, callbacks=[lambda r: epochs.append(r.epoch)]
        ).fit(X)
        assert len(list(tmp_path.iterdir())) == 1
    assert (epochs, list(tmp_path.iterdir())) == ([], [])
    np.testing.assert_array_equal(again.transform(X), straight.transform(X))
    np.testing.assert_array_equal(again.history_["loss"], straight.history_["loss"])


def test_other_data_or_parameters_have_a_checkpoint_of_their_own(X, tmp_path):
    for rows, epochs in ((X, 5), (X, 6), (X + 1, 5)):
        with pytest.raises(Interrupted):
            Autoencoder(2, epochs=epochs, checkpoint_dir=tmp_path, callbacks=[interrupt_at(2)]).fit(
                rows
            )
    assert len(list(tmp_path.iterdir())) == 3


def test_a_damaged_checkpoint_is_refused(X, tmp_path):
    with pytest.raises(Interrupted):
        Autoencoder(2, checkpoint_dir=tmp_path, callbacks=[interrupt_at(2)]).fit(X)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    changed = bytearray(whole)
    changed[-1] ^= 0x01  # one bit of the last array
    arrays = {"0": np.zeros(1, np.float32)}
    for content in (whole[:100], bytes(changed), b"", safetensors.numpy.save(arrays)):
        file.write_bytes(content)
        with pytest.raises(ModelFileError, match="Delete it"):
            Autoencoder(2, checkpoint_dir=tmp_path).fit(X)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seeds": [1, 2]}, "holds 2 seeds"),
        ({"seeds": [1, 2, 3, 4, "5"]}, "wrong types"),
        ({"seeds": [1, 2, 3, 4, 10**30]}, "wrong types"),
        ({"history": 3}, "wrong types"),
        ({"history": [{"loss": "low"}]}, "wrong types"),
        ({"best_epoch": 10**9}, "wrong types"),
        ({"best_value": None}, "wrong types"),
    ],
)
def test_a_checkpoint_made_on_purpose_is_refused(X, tmp_path, changes, said):
    with pytest.raises(Interrupted):
        Autoencoder(2, checkpoint_dir=tmp_path, callbacks=[interrupt_at(2)]).fit(X)
    (path,) = tmp_path.iterdir()
    with safetensors.safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        notes = json.dumps({**json.loads(file.metadata()["jamjae"]), **changes})
    metadata = {"jamjae": notes, "sha256": checkpoints._digest(notes, arrays)}
    path.write_bytes(safetensors.numpy.save(arrays, metadata=metadata))
    with pytest.raises(ModelFileError, match=f"{said}.*Delete it"):
        Autoencoder(2, checkpoint_dir=tmp_path).fit(X)
