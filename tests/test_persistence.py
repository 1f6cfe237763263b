"""Model files: nothing is lost, nothing is run, nothing half-written is left."""

from __future__ import annotations

import copy
import io
import json
import math
import os
import pickle
import stat
import struct
import subprocess
import sys
import tempfile
import tracemalloc
import zipfile

import h5py
import keras
import numpy as np
import pytest
from safetensors.numpy import load, save
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import jamjae
from jamjae import Autoencoder, load_model
from jamjae.data import archives
from jamjae.data.atomic import atomic, require_place
from jamjae.engine import network_file
from jamjae.errors import DataNotFoundError, InvalidNetworkError, ModelFileError, OutputError
from jamjae.models import model_file, persistence


@pytest.fixture(scope="module")
def X():
    return np.random.RandomState(0).normal(size=(50, 4)) * [4, 3, 2, 1]


@pytest.fixture(scope="module")
def model(X):
    return Autoencoder(2, network=(8,), epochs=100, random_state=0).fit(X)


@pytest.fixture
def path(model, tmp_path):
    return model.save(tmp_path / "model.jamjae")


def rewritten(path, **changes):
    """The same file with other contents in some of its parts."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            change = changes.get(name.split(".")[0], content)
            if change is not None:
                file.writestr(name, change(content) if callable(change) else change)
    return path


def manifest_with(**values):
    return lambda content: json.dumps({**json.loads(content), **values})


def first(content):
    """The manifest as version 1 had it."""
    manifest = {**json.loads(content), "version": 1}
    del manifest["sha256"]
    return json.dumps(manifest)


def test_another_process_gets_the_same_codes(model, path, X, tmp_path):
    np.save(tmp_path / "X.npy", X)
    program = (
        "import sys, numpy as np, jamjae\n"
        "model = jamjae.load_model(sys.argv[1])\n"
        "np.save(sys.argv[3], model.transform(np.load(sys.argv[2])))\n"
    )
    arguments = [path, tmp_path / "X.npy", tmp_path / "Z.npy"]
    subprocess.run([sys.executable, "-c", program, *map(str, arguments)], check=True)
    np.testing.assert_allclose(np.load(tmp_path / "Z.npy"), model.transform(X), rtol=1e-6)


def test_parameters_come_back(X, tmp_path):
    model = Autoencoder(
        3,
        network=(8, 4),
        corruption=keras.layers.GaussianNoise(0.25),
        optimizer=keras.optimizers.Adam(0.003, beta_1=0.8),
        epochs=2,
        random_state=7,
        checkpoint_dir=tmp_path / "checkpoints",
    ).fit(X)
    again = jamjae.load_model(model.save(tmp_path / "model.jamjae"))
    for name, value in model.get_params(deep=False).items():
        if name not in ("corruption", "optimizer", "checkpoint_dir"):
            assert getattr(again, name) == value, name
    assert again.corruption.stddev == 0.25
    assert again.optimizer.beta_1 == pytest.approx(0.8)
    np.testing.assert_array_equal(again.fit(X).transform(X), model.transform(X))


def test_what_a_file_cannot_hold_is_named(X, tmp_path):
    model = Autoencoder(2, loss=_loss, epochs=1).fit(X)
    with pytest.warns(UserWarning, match="does not hold the parameters loss"):
        path = model.save(tmp_path / "model.jamjae")
    assert persistence.read_manifest(path)["parameters_omitted"] == ["loss"]


def _loss(target, output):
    return ((target - output) ** 2).sum(axis=1)


def test_data_frames_and_pixels(tmp_path):
    import pandas as pd

    table = pd.DataFrame(np.random.RandomState(0).normal(size=(30, 3)), columns=["가", "b", "c"])
    model = Autoencoder(2, epochs=1).fit(table)
    again = jamjae.load_model(model.save(tmp_path / "table.jamjae"))
    assert list(again.feature_names_in_) == ["가", "b", "c"]
    np.testing.assert_array_equal(again.transform(table), model.transform(table))

    pixels = np.random.RandomState(0).randint(0, 256, (30, 6, 6), dtype=np.uint8)
    model = Autoencoder(2, epochs=1).fit(pixels)
    again = jamjae.load_model(model.save(tmp_path / "pixels.jamjae"))
    reconstructed = again.inverse_transform(np.full((1, 2), 1e3))
    assert 0 <= reconstructed.min() <= reconstructed.max() <= 255


def test_networks_of_one_s_own_come_back_as_such(X, tmp_path):
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    model = Autoencoder(encoder=encoder, decoder=decoder, epochs=2, random_state=0).fit(X)
    again = jamjae.load_model(model.save(tmp_path / "model.jamjae"))
    assert again.encoder is again.encoder_
    assert again.encoder.name == encoder.name
    again.fit(X)


# --- files that are not right ---------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_file_cut_short_is_refused(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelFileError, match="cut short"):
        jamjae.load_model(path)


def test_a_flipped_byte_is_noticed_or_harmless(path, model, X):
    """Only what counts for nothing, such as the time in a zip's header, may differ."""
    content = bytearray(path.read_bytes())
    for position in range(200, len(content) - 200, max(len(content) // 40, 1)):
        damaged = content.copy()
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        try:
            again = jamjae.load_model(path)
        except ModelFileError:
            continue
        np.testing.assert_array_equal(again.reconstruct(X), model.reconstruct(X))


def test_foreign_files_are_refused(tmp_path):
    text = tmp_path / "notes.jamjae"
    text.write_text("not a model")
    with pytest.raises(ModelFileError, match=r"not a \.jamjae file"):
        jamjae.load_model(text)
    other = tmp_path / "other.jamjae"
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("something.txt", "else")
    with pytest.raises(ModelFileError, match=r"not one of jamjae's .*something\.txt"):
        jamjae.load_model(other)
    with pytest.raises(DataNotFoundError, match="no such file"):
        jamjae.load_model(tmp_path / "nothing.jamjae")
    with pytest.raises(DataNotFoundError, match="no such file"):
        jamjae.load_model(tmp_path)


def test_a_newer_file_is_refused(path):
    rewritten(path, manifest=manifest_with(version=3))
    with pytest.raises(ModelFileError, match=r"version 3.*up to version 2.*[Uu]pgrade"):
        jamjae.load_model(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"encoder": None},
        {"arrays": b"nothing"},
        {"arrays": None},
        {"decoder": b"nothing"},
        {"manifest": "[1, 2]"},
        {"manifest": "{"},
        {"manifest": manifest_with(row_shape=[2, 2])},
        {"manifest": manifest_with(sha256=None)},
        {"manifest": manifest_with(sha256={})},
        {"manifest": "[" * 100_000},
        {"manifest": b"\xff\xfe\xff"},
        {"manifest": lambda content: content + b" " * (17 << 20)},
    ],
)
def test_damaged_parts_are_refused(path, changes):
    with pytest.raises(ModelFileError, match="Cannot load a model"):
        jamjae.load_model(rewritten(path, **changes))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("class", "Forest", "no estimator named 'Forest'"),
        ("row_shape", None, "field 'row_shape' is None"),
        ("row_shape", [True, 4], "field 'row_shape'"),
        ("row_shape", [10**30], "field 'row_shape'"),
        ("row_shape", [5], "encoder takes rows of 4 values, but by its manifest they hold 5"),
        ("row_shape", [2, 2], r"'scaling.offset' has shape \(4,\), expected is \(2, 2\)"),
        ("n_components", 3, "encoder gives codes of 2 values, but by its manifest they hold 3"),
        ("version", "2", "field 'version' is '2'"),
        ("class_names", "abc", "field 'class_names' is 'abc'"),
        ("feature_names", ["a"], "names 1 features, but its rows hold 4 values"),
        ("dtype", "object", "field 'dtype' is 'object'"),
        ("dtype", "float16", "field 'dtype' is 'float16'"),
        ("dtype", "uint8", "rows are uint8, but their range is not stated"),
        ("scaling", {"scale": "1", "low": None, "high": None}, "field 'scaling'"),
        ("scaling", {"scale": 0.0, "low": None, "high": None}, "field 'scaling'"),
        ("scaling", {"scale": math.inf, "low": None, "high": None}, "field 'scaling'"),
        ("scaling", {"scale": 10**400, "low": None, "high": None}, "field 'scaling'"),
        ("scaling", {"scale": 1.0, "low": 0.0, "high": None}, "field 'scaling'"),
        ("scaling", {"scale": 1.0}, "field 'scaling'"),
        ("scaling", {"scale": 1.0, "low": 0, "high": 255}, "range is that of 8-bit values"),
        ("parameters", {"depth": 3}, "unexpected keyword argument 'depth'"),
        ("parameters", {"corruption": {"keras": {"class_name": "os"}}}, "could not build"),
        ("denoiser", {"class": "PatchDenoiser", "parameters": {"patch": 9}}, "patches of 9 pixels"),
    ],
)
def test_a_wrong_field_is_named(path, field, value, said):
    with pytest.raises(ModelFileError, match=f"Cannot load a model.*{said}"):
        load_model(resealed(path, manifest=manifest_with(**{field: value})))


def arrays_with(**arrays):
    return lambda content: save(
        {name: array for name, array in {**load(content), **arrays}.items() if array is not None}
    )


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("scaling.offset", np.zeros(3), r"shape \(3,\), expected is \(4,\)"),
        ("scaling.offset", np.zeros(4, int), "holds int64, expected are floats"),
        ("scaling.offset", np.full(4, np.nan), "holds NaN or infinity"),
        ("baseline.mean", None, "is missing"),
        ("baseline.mean", np.zeros((2, 2)), r"expected is \(4,\)"),
        ("baseline.components", np.zeros((4, 2)), r"expected is \(2, 4\)"),
        ("baseline.deviations", np.zeros(3), r"expected is \(2,\)"),
        ("baseline.deviations", -np.ones(2), "holds negative values"),
        ("history.loss", np.zeros((2, 2)), r"expected is \(epochs,\)"),
        ("weights", np.zeros(2), "which no model has"),
    ],
)
def test_a_wrong_array_is_named(path, name, array, said):
    with pytest.raises(ModelFileError, match=f"array '{name}'.*{said}"):
        load_model(resealed(path, arrays=arrays_with(**{name: array})))


def test_networks_are_held_against_rows_and_codes(path, tmp_path):
    with zipfile.ZipFile(path) as file:
        encoder, decoder = file.read("encoder.keras"), file.read("decoder.keras")
    with pytest.raises(ModelFileError, match="its encoder and its decoder are swapped"):
        load_model(resealed(path, encoder=decoder, decoder=encoder))
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    with pytest.raises(ModelFileError, match=r"decoder takes codes of 3 values.* hold 2"):
        load_model(resealed(path, encoder=encoder, decoder=network_file.written(other)))
    inputs = [keras.Input((2,)), keras.Input((2,))]
    two = keras.Model(inputs, keras.layers.Concatenate()(inputs))
    with pytest.raises(ModelFileError, match=r"decoder has inputs of shapes \[\(None, 2\), "):
        load_model(resealed(path, decoder=network_file.written(two)))
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    other.layers[0].bias.assign([0, 0, np.inf, 0])
    with pytest.raises(ModelFileError, match=r"decoder's weight '.*bias' holds NaN or infinity"):
        load_model(resealed(path, decoder=network_file.written(other)))


def test_an_activation_that_is_none_is_refused_at_load(path):
    def broken(config):
        kind = {"class_name": "Dense", "module": "keras.layers", "config": {"units": 3}}
        return config.replace('"activation": "gelu"', f'"activation": {json.dumps(kind)}')

    with pytest.raises(ModelFileError, match="Keras could not build"):
        load_model(resealed(path, encoder=with_config(broken)))


def test_code_is_neither_written_nor_run(X, tmp_path, path):
    encoder = keras.Sequential(
        [keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2), keras.layers.Dense(2)]
    )
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    model = Autoencoder(encoder=encoder, decoder=decoder, epochs=1).fit(X)
    with pytest.raises(ModelFileError, match="Lambda layer"):
        model.save(tmp_path / "code.jamjae")
    assert not (tmp_path / "code.jamjae").exists()

    encoder.save(tmp_path / "lambda.keras")
    rewritten(path, manifest=first, encoder=(tmp_path / "lambda.keras").read_bytes())
    with pytest.raises(ModelFileError, match="safely"):
        jamjae.load_model(path)


def test_a_changed_member_is_named(path, tmp_path, X):
    other = (
        Autoencoder(2, network=(8,), epochs=1, random_state=1).fit(X).save(tmp_path / "o.jamjae")
    )
    with zipfile.ZipFile(other) as file:
        content = file.read("decoder.keras")
    with pytest.raises(ModelFileError, match=r"'decoder\.keras' is damaged.*SHA-256"):
        jamjae.load_model(rewritten(path, decoder=content))


def test_a_file_of_version_1_has_no_hashes(path, model, X):
    again = jamjae.load_model(rewritten(path, manifest=first))
    np.testing.assert_array_equal(again.transform(X), model.transform(X))


def forged(path, position, value):
    """The same file with another field in the directory's record of its last member."""
    content = bytearray(path.read_bytes())
    record = content.rindex(b"PK\x01\x02")
    content[record + position : record + position + len(value)] = value
    path.write_bytes(content)
    return path


def test_odd_fields_of_the_zip_are_refused(path):
    with pytest.raises(ModelFileError, match=r"more than the .* allowed"):
        jamjae.load_model(forged(path, 24, b"\xf0\xff\xff\xf0"))  # its size


def test_an_unknown_compression_is_refused(path):
    with pytest.raises(ModelFileError, match="cut short"):
        jamjae.load_model(forged(path, 10, b"\x63\x00"))


def resealed(path, **changes):
    """The same file with other parts, of which the manifest holds the right hashes."""
    rewritten(path, **changes)
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))
    model_file.write(path, manifest, parts)
    return path


def with_config(change):
    """A `.keras` file with another configuration."""

    def changed(content):
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            parts = {name: file.read(name) for name in file.namelist()}
        parts["config.json"] = change(parts["config.json"].decode()).encode()
        with zipfile.ZipFile(written := io.BytesIO(), "w") as file:
            for name, part in parts.items():
                file.writestr(name, part)
        return written.getvalue()

    return changed


def test_a_configuration_is_held_against_the_weights_before_anything_is_built(X, tmp_path):
    path = Autoencoder(2, network=(), epochs=1).fit(X).save(tmp_path / "model.jamjae")
    huge = with_config(lambda config: config.replace('"units": 2', '"units": 1000000000'))
    with pytest.raises(ModelFileError, match=r"encoder asks for [45],000,000,00\d weights"):
        load_model(resealed(path, encoder=huge))


def test_a_parameter_cannot_ask_for_much_either(path):
    layer = keras.layers.Dense(3)
    layer.build((None, 4))
    described = json.dumps(keras.saving.serialize_keras_object(layer))
    described = json.loads(described.replace('"units": 3', '"units": 1000000000'))
    changed = manifest_with(parameters={"corruption": {"keras": described}})
    with pytest.raises(ModelFileError, match=r"corruption asks for [45],000,000,000 weights"):
        load_model(resealed(path, manifest=changed))


def test_weights_that_are_not_stored_in_full_are_refused(path):
    def hollow(content):
        """Declare an array of 4 GB of which nothing is stored."""
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            parts = {name: file.read(name) for name in file.namelist()}
        with h5py.File(weights := io.BytesIO(parts["model.weights.h5"]), "r+") as file:
            file.create_dataset("more", (1 << 30,), "f4", chunks=(1 << 20,), fillvalue=1.0)
        parts["model.weights.h5"] = weights.getvalue()
        with zipfile.ZipFile(written := io.BytesIO(), "w") as file:
            for name, part in parts.items():
                file.writestr(name, part)
        return written.getvalue()

    with pytest.raises(ModelFileError, match=r"'more' .* not all stored"):
        load_model(resealed(path, decoder=hollow))


def bomb(path, size, stated):
    """A zip of so many zeros, which states another size."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file,
        file.open("zeros", "w") as member,
    ):
        for _ in range(size >> 20):
            member.write(bytes(1 << 20))
    content = path.read_bytes()
    sizes = struct.pack("<I", size), struct.pack("<I", stated)
    path.write_bytes(content.replace(*sizes))
    return path


@pytest.mark.parametrize("stated", [100, 1 << 26])
def test_a_member_is_read_within_bounds_whatever_size_it_states(tmp_path, stated):
    path = bomb(tmp_path / "bomb.zip", 1 << 26, stated)
    with zipfile.ZipFile(path) as file:
        tracemalloc.start()
        try:
            with pytest.raises((archives.UnsoundError, zipfile.BadZipFile)):
                archives.content(file, "zeros", 1 << 33)
            assert tracemalloc.get_traced_memory()[1] < 40 << 20
        finally:
            tracemalloc.stop()


def test_large_members_that_compress_well_are_read_again(tmp_path):
    model_file.write(tmp_path / "zeros.jamjae", {}, {"zeros": bytes(17 << 20)})
    with zipfile.ZipFile(tmp_path / "zeros.jamjae") as file:
        assert len(archives.content(file, "zeros", 1 << 33)) == 17 << 20


def test_json_of_many_parts_is_not_parsed():
    with pytest.raises(archives.UnsoundError, match="lists and objects"):
        archives.parsed(b"[" + b"[]," * 300_000 + b"[]]")


def test_a_file_s_names_cannot_steer_the_terminal(tmp_path):
    other = tmp_path / "other.jamjae"
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("\x1b[2J" + "x" * 5000, "else")
    with pytest.raises(ModelFileError) as caught:
        jamjae.load_model(other)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 900


# --- layers of one's own --------------------------------------------------------------------


class Doubled(keras.layers.Layer):
    def call(self, x):
        return x * 2


class Forgetful(keras.layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {}


def with_layer(layer, X):
    encoder = keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(2)])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    return Autoencoder(encoder=encoder, decoder=decoder, epochs=1, random_state=0).fit(X)


def test_layers_of_one_s_own_are_passed_by_name(X, tmp_path):
    model = with_layer(Doubled(), X)
    path = model.save(tmp_path / "own.jamjae")
    again = jamjae.load_model(path, custom_objects={"Doubled": Doubled})
    np.testing.assert_array_equal(again.transform(X), model.transform(X))
    with pytest.raises(ModelFileError, match="custom_objects"):
        jamjae.load_model(path, custom_objects={"Doubled": Forgetful})


class Noise(keras.layers.GaussianNoise):
    pass


def test_a_corruption_of_one_s_own_is_passed_by_name(X, tmp_path):
    model = Autoencoder(2, network=(4,), epochs=1, corruption=Noise(0.5)).fit(X)
    path = model.save(tmp_path / "own.jamjae")
    assert isinstance(load_model(path, custom_objects={"Noise": Noise}).corruption, Noise)
    with pytest.raises(ModelFileError, match="custom_objects"):
        load_model(path)


def test_what_could_not_be_loaded_again_is_not_saved(X, tmp_path):
    model = with_layer(Forgetful(2), X)
    with pytest.raises(ModelFileError, match=r"not saved.*get_config.*register_keras_serializable"):
        model.save(tmp_path / "own.jamjae")
    assert list(tmp_path.iterdir()) == []


class Changed(keras.layers.Layer):
    """Its configuration makes another layer, without a word."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {}


class Arrays(keras.layers.Layer):
    """Makes its weights from arrays, which Keras cannot do without numbers."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.factor = keras.Variable(np.full(4, 2.0, np.float32), trainable=False)

    def call(self, x):
        return x * self.factor


def test_what_would_give_other_numbers_is_not_saved_copied_or_searched(X, tmp_path):
    model = with_layer(Changed(3.0), X)
    with pytest.raises(ModelFileError, match=r"not saved.* other numbers.*'changed.*get_config"):
        model.save(tmp_path / "own.jamjae")
    with pytest.raises(InvalidNetworkError, match=r"Cannot copy.* other numbers.*'changed"):
        clone(model)
    assert list(tmp_path.iterdir()) == []
    same = with_layer(Changed(1.0), X)
    assert clone(same).encoder.layers[0].factor == 1.0


@pytest.mark.parametrize("copied", [clone, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_with_layers_of_one_s_own(X, copied):
    """Pickles hold such classes by their place, so they need not be registered."""
    for layer in (Doubled(), Arrays()):
        model = with_layer(layer, X)
        again = copied(model)
        assert type(again.encoder.layers[0]) is type(layer)
        assert again.encoder is not model.encoder
        if copied is not clone:
            assert again.encoder is again.encoder_
            np.testing.assert_array_equal(again.transform(X), model.transform(X))
    noisy = copied(Autoencoder(2, corruption=Noise(0.5)))
    assert type(noisy.corruption) is Noise
    with pytest.raises(InvalidNetworkError, match=r"Cannot (copy|pickle).*'forgetful.*get_config"):
        copied(with_layer(Forgetful(2), X))


def test_a_shallow_copy_shares_the_networks(model):
    assert copy.copy(model).encoder_ is model.encoder_


@pytest.mark.slow
def test_a_search_in_several_processes_with_layers_of_one_s_own(X):
    """None of the processes has registered them."""
    search = GridSearchCV(with_layer(Doubled(), X), {"epochs": [1, 2]}, cv=2, n_jobs=2)
    assert search.fit(X).best_score_ <= 1
    search.estimator = with_layer(Forgetful(2), X)
    with pytest.raises(InvalidNetworkError, match="'forgetful"):
        search.fit(X)


def test_weights_made_from_arrays_are_written(X, tmp_path):
    model = with_layer(Arrays(), X)
    again = load_model(model.save(tmp_path / "own.jamjae"), {"Arrays": Arrays})
    np.testing.assert_array_equal(again.transform(X), model.transform(X))


@pytest.mark.parametrize("name", ["corruption", "augmentation"])
def test_code_in_a_parameter_is_not_written(X, tmp_path, name):
    layer = keras.layers.Lambda(lambda x: x * 1.0)
    model = Autoencoder(2, network=(4,), epochs=1, **{name: layer}).fit(X)
    with pytest.raises(ModelFileError, match=f"{name} has the Lambda layer"):
        model.save(tmp_path / "code.jamjae")


def test_numbers_of_numpy_are_written(X, tmp_path):
    model = Autoencoder(2, epochs=np.int64(1), verbose=0, warm_start=np.bool_(True)).fit(X)
    model.class_names_ = np.array([3, 5])
    again = jamjae.load_model(model.save(tmp_path / "model.jamjae"))
    assert again.warm_start is True
    assert list(again.class_names_) == [3, 5]


def test_names_that_are_no_utf_8_are_written(X, tmp_path):
    names = ["\udcff\udc80", "\ud800", "가", "\\ud800", np.str_("b")]
    model = Autoencoder(2, network=(), epochs=1).fit(X)
    model.class_names_ = np.array([*names, np.int64(3), np.bool_(True), 1.5], dtype=object)
    model.feature_names_in_ = np.array(names[:4], dtype=object)
    again = load_model(model.save(tmp_path / "model.jamjae"))
    assert list(again.class_names_) == [*names, 3, True, 1.5]
    assert list(again.feature_names_in_) == names[:4]
    model.class_names_ = [b"a"]
    with pytest.raises(ModelFileError, match=r"class_names_ holds b'a', a bytes"):
        model.save(tmp_path / "model.jamjae")


# --- files that cannot be written -----------------------------------------------------------


def test_a_folder_for_temporary_files_that_fails_is_named(model, path, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    said = r"no temporary file can be written in '.*gone' \(No such file.*TMPDIR"
    with pytest.raises(OutputError, match=f"Cannot save a network: {said}"):
        model.save(tmp_path / "other.jamjae")
    with pytest.raises(OutputError, match=f"Cannot load a network: {said}"):
        load_model(path)
    monkeypatch.undo()
    monkeypatch.setattr(network_file, "_write", full)
    with pytest.raises(OutputError, match=r"Cannot load a network: .*No space left"):
        load_model(path)
    monkeypatch.setattr(keras.saving, "save_model", full)
    with pytest.raises(OutputError, match=r"Cannot save a network: .*No space left"):
        model.save(tmp_path / "other.jamjae")


def full(*_):
    raise OSError(28, "No space left on device")


def test_an_unwritable_place_is_named_and_nothing_is_left(model, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        model.save(tmp_path / "file" / "model.jamjae")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_loses_nothing(model, path, monkeypatch):
    before = path.read_bytes()

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(OutputError, match="No space left"):
        model.save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


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
    pixels = np.random.RandomState(0).randint(0, 256, (40, 7, 5), dtype=np.uint8)
    model = Autoencoder(2, epochs=1, random_state=0).fit(pixels)
    again = load_model(model.save(tmp_path / "pixels.jamjae"))
    assert again.scaling_ == model.scaling_
    assert np.array_equal(again.transform(pixels), model.transform(pixels))
    assert again.reconstruct(pixels).dtype == model.reconstruct(pixels).dtype == np.float32
