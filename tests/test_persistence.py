"""Model files: nothing is lost, nothing is run, nothing half-written is left."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import zipfile

import keras
import numpy as np
import pytest

import jamjae
from jamjae import Autoencoder, load_model
from jamjae.data.atomic import atomic, require_place
from jamjae.engine import network_file
from jamjae.errors import ModelFileError, OutputError
from jamjae.models import persistence


def test_another_process_gets_the_same_codes(fitted, saved, rows, tmp_path):
    np.save(tmp_path / "X.npy", rows)
    program = (
        "import sys, numpy as np, jamjae\n"
        "model = jamjae.load_model(sys.argv[1])\n"
        "np.save(sys.argv[3], model.transform(np.load(sys.argv[2])))\n"
    )
    arguments = [saved, tmp_path / "X.npy", tmp_path / "Z.npy"]
    subprocess.run([sys.executable, "-c", program, *map(str, arguments)], check=True)
    np.testing.assert_allclose(np.load(tmp_path / "Z.npy"), fitted.transform(rows), rtol=1e-6)


def test_parameters_come_back(rows, tmp_path):
    model = Autoencoder(
        3,
        network=(8, 4),
        corruption=keras.layers.GaussianNoise(0.25),
        optimizer=keras.optimizers.Adam(0.003, beta_1=0.8),
        epochs=2,
        random_state=7,
        checkpoint_dir=tmp_path / "checkpoints",
    ).fit(rows)
    again = jamjae.load_model(model.save(tmp_path / "model.jamjae"))
    for name, value in model.get_params(deep=False).items():
        if name not in ("corruption", "optimizer", "checkpoint_dir"):
            assert getattr(again, name) == value, name
    assert again.corruption.stddev == 0.25
    assert again.optimizer.beta_1 == pytest.approx(0.8)
    np.testing.assert_array_equal(again.fit(rows).transform(rows), model.transform(rows))


def test_what_a_file_cannot_hold_is_named(rows, tmp_path):
    model = Autoencoder(2, network=(), loss=_loss, epochs=1).fit(rows)
    with pytest.warns(UserWarning, match="does not store the parameters loss"):
        path = model.save(tmp_path / "model.jamjae")
    assert persistence.read_manifest(path)["parameters_omitted"] == ["loss"]


def _loss(target, output):
    return ((target - output) ** 2).sum(axis=1)


def test_data_frames_and_pixels(tmp_path):
    import pandas as pd

    table = pd.DataFrame(np.random.RandomState(0).normal(size=(30, 3)), columns=["가", "b", "c"])
    model = Autoencoder(2, network=(), epochs=1).fit(table)
    again = jamjae.load_model(model.save(tmp_path / "table.jamjae"))
    assert list(again.feature_names_in_) == ["가", "b", "c"]
    np.testing.assert_array_equal(again.transform(table), model.transform(table))

    pixels = np.random.RandomState(0).randint(0, 256, (30, 6, 6), dtype=np.uint8)
    model = Autoencoder(2, network=(), epochs=1).fit(pixels)
    again = jamjae.load_model(model.save(tmp_path / "pixels.jamjae"))
    reconstructed = again.inverse_transform(np.full((1, 2), 1e3))
    assert 0 <= reconstructed.min() <= reconstructed.max() <= 255


def test_networks_of_one_s_own_come_back_as_such(rows, tmp_path):
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    model = Autoencoder(encoder=encoder, decoder=decoder, epochs=2, random_state=0).fit(rows)
    again = jamjae.load_model(model.save(tmp_path / "model.jamjae"))
    assert again.encoder is again.encoder_
    assert again.encoder.name == encoder.name
    again.fit(rows)


def test_numbers_of_numpy_are_written(rows, tmp_path):
    settings = {"epochs": np.int64(1), "verbose": 0, "warm_start": np.bool_(True)}
    model = Autoencoder(2, network=(), **settings).fit(rows)
    model.class_names_ = np.array([3, 5])
    again = jamjae.load_model(model.save(tmp_path / "model.jamjae"))
    assert again.warm_start is True
    assert list(again.class_names_) == [3, 5]


def test_names_that_are_no_utf_8_are_written(rows, tmp_path):
    names = ["\udcff\udc80", "\ud800", "가", "\\ud800", np.str_("b")]
    model = Autoencoder(2, network=(), epochs=1).fit(rows)
    model.class_names_ = np.array([*names, np.int64(3), np.bool_(True), 1.5], dtype=object)
    model.feature_names_in_ = np.array(names[:4], dtype=object)
    again = load_model(model.save(tmp_path / "model.jamjae"))
    assert list(again.class_names_) == [*names, 3, True, 1.5]
    assert list(again.feature_names_in_) == names[:4]
    model.class_names_ = [b"a"]
    with pytest.raises(ModelFileError, match=r"class_names_ holds b'a', a bytes"):
        model.save(tmp_path / "model.jamjae")


# --- files that cannot be written -----------------------------------------------------------


def test_a_folder_for_temporary_files_that_fails_is_named(fitted, saved, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    said = r"no temporary file can be written in '.*gone' \(No such file.*TMPDIR"
    with pytest.raises(OutputError, match=f"Cannot save a network: {said}"):
        fitted.save(tmp_path / "other.jamjae")
    with pytest.raises(OutputError, match=f"Cannot load a network: {said}"):
        load_model(saved)
    monkeypatch.undo()
    monkeypatch.setattr(network_file, "_write", full)
    with pytest.raises(OutputError, match=r"Cannot load a network: .*No space left"):
        load_model(saved)
    monkeypatch.setattr(keras.saving, "save_model", full)
    with pytest.raises(OutputError, match=r"Cannot save a network: .*No space left"):
        fitted.save(tmp_path / "other.jamjae")


def full(*_):
    raise OSError(28, "No space left on device")


def test_an_unwritable_place_is_named_and_nothing_is_left(fitted, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        fitted.save(tmp_path / "file" / "model.jamjae")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_loses_nothing(fitted, saved, monkeypatch):
    before = saved.read_bytes()

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(OutputError, match="No space left"):
        fitted.save(saved)
    assert saved.read_bytes() == before
    assert [entry.name for entry in saved.parent.iterdir()] == [saved.name]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no named pipes")
def test_only_regular_files_are_replaced(tmp_path):
    pipe, folder, loop = tmp_path / "pipe", tmp_path / "folder", tmp_path / "loop"
    os.mkfifo(pipe)
    folder.mkdir()
    loop.symlink_to(loop)
    linked = tmp_path / "null"
    linked.symlink_to(os.devnull)
    for target in (pipe, folder, loop, linked):
        with pytest.raises(OutputError, match="Cannot write"), atomic(target) as temporary:
            temporary.write_text("lost")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["folder", "loop", "null", "pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["\ud800", "a\0b", "x" * 300])
def test_what_is_no_name_of_a_file_is_refused(tmp_path, name):
    with pytest.raises(OutputError, match="Cannot write"):
        require_place(tmp_path / name)


def test_what_a_killed_process_left_is_removed_by_the_next_write(tmp_path):
    program = (
        "import os, sys\n"
        "from jamjae.data.atomic import atomic\n"
        "with atomic(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os._exit(9)\n"
    )
    for name in ("a.txt", "b.txt"):
        subprocess.run([sys.executable, "-c", program, str(tmp_path / name)], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    with atomic(tmp_path / "a.txt") as outer, atomic(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
        outer.write_text("whole")  # that of a living process stays
    assert (tmp_path / "a.txt").read_text() == "whole"
    assert len(list(tmp_path.iterdir())) == 2  # what was left beside b.txt is b.txt's


def test_pixels_are_scaled_in_the_compiled_step_after_loading_too(tmp_path):
    pixels = np.random.RandomState(0).randint(0, 256, (30, 6, 6), dtype=np.uint8)
    model = Autoencoder(2, network=(), epochs=1, random_state=0).fit(pixels)
    again = load_model(model.save(tmp_path / "pixels.jamjae"))
    assert again.scaling_ == model.scaling_
    assert np.array_equal(again.transform(pixels), model.transform(pixels))
    assert again.reconstruct(pixels).dtype == model.reconstruct(pixels).dtype == np.float32


def test_a_file_that_is_no_model_is_not_replaced(fitted, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n")
    with pytest.raises(OutputError, match=r"table\.csv.*not a model"):
        fitted.save(table)
    assert table.read_text() == "a,b\n1,2\n"
    fitted.save(fitted.save(tmp_path / "m.jamjae"))
