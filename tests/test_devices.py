"""Training on several devices of a process: the same numbers as on one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer

from jamjae import Autoencoder, load_digits, load_model
from jamjae.cli.options import require_devices
from jamjae.engine import placement
from jamjae.engine.placement import Placement
from jamjae.errors import InvalidNetworkError

WORK = Path(__file__).with_name("devices_work.py")


def fits_on(count):
    found = subprocess.run(
        [sys.executable, WORK, str(count)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"KERAS_BACKEND": "jax"},
    )
    assert found.returncode == 0, found.stderr[-2000:]
    return json.loads(found.stdout.splitlines()[-1])


@pytest.mark.slow
def test_four_devices_give_the_numbers_of_one():
    one, four = fits_on(1), fits_on(4)
    assert (one.pop("devices"), four.pop("devices")) == ([1.0], [4.0])
    assert len(one) == 10
    for name, values in one.items():
        np.testing.assert_allclose(four[name], values, rtol=1e-4, err_msg=name)


# --- which devices ----------------------------------------------------------------------------


def test_the_devices_used_are_told_and_may_be_named(tmp_path):
    X = load_digits().X[:50].reshape(50, -1).astype(float)
    for devices in (None, 1, "local", ["cpu:0"], "cpu:0", placement.of().devices):
        model = Autoencoder(2, network=(), devices=devices).fit(X)
        assert model.devices_ == ["cpu:0"]
    model.set_params(devices=["cpu:0"])
    again = load_model(model.save(tmp_path / "m.jamjae"))
    assert again.devices is None  # another machine has other devices
    assert not hasattr(again, "devices_")


@pytest.mark.parametrize(
    ("devices", "message"),
    [
        (2, r"devices=2 was given, but this process has 1 device: cpu:0"),
        (["gpu:0"], r"devices=\['gpu:0'\] was given, but this process has 1 device: cpu:0"),
        ([], r"devices=\[\] was given"),
        (["cpu:0", "cpu:0"], r"each once"),
        ("cuda", r"devices='cuda' was given"),
    ],
)
def test_devices_that_are_not_there_are_refused(devices, message):
    with pytest.raises(InvalidNetworkError, match=message):
        Autoencoder(2, network=(), devices=devices).fit(np.eye(4))


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        (None, None),
        ("2", 2),
        ("local", "local"),
        ("gpu:1", ["gpu:1"]),
        ("gpu:0, gpu:2", ["gpu:0", "gpu:2"]),
    ],
)
def test_the_command_line_names_devices_as_python_does(text, devices):
    assert require_devices(text, None) == devices


@pytest.mark.parametrize(("text", "workers"), [("", None), ("0", None), ("a,,b", None), ("a", 2)])
def test_devices_that_cannot_be_meant_are_refused_at_once(text, workers):
    with pytest.raises(typer.BadParameter, match="--devices"):
        require_devices(text, workers)


def test_a_batch_is_cut_evenly():
    devices = [object() for _ in range(6)]
    assert len(Placement(devices).dividing(128).devices) == 4
    assert len(Placement(devices).dividing(126).devices) == 6
    assert len(Placement(devices, hosts=3).dividing(9).devices) == 3
    assert Placement(devices, hosts=3).whole_batch(128) == 129


def test_equal_placements_share_compiled_code():
    assert placement.of() == placement.of(1)
    assert hash(placement.of()) == hash(placement.of(["cpu:0"]))
    assert placement.of() != Placement(placement.of().devices, hosts=2)
