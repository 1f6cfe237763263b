"""Model files that are damaged, foreign or made on purpose are refused in one sentence."""

from __future__ import annotations

import io
import json
import math
import struct
import tracemalloc
import zipfile

import h5py
import keras
import numpy as np
import pytest
from safetensors.numpy import load, save

import jamjae
from jamjae import Autoencoder, load_model
from jamjae.data import archives
from jamjae.engine import network_file
from jamjae.errors import DataNotFoundError, ModelFileError
from jamjae.models import model_file


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


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_file_cut_short_is_refused(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelFileError, match="cut short"):
        jamjae.load_model(saved)


def test_a_flipped_byte_is_noticed_or_harmless(saved, fitted, rows):
    """Only what counts for nothing, such as the time in a zip's header, may differ."""
    content = bytearray(saved.read_bytes())
    for position in range(200, len(content) - 200, max(len(content) // 40, 1)):
        damaged = content.copy()
        damaged[position] ^= 0xFF
        saved.write_bytes(damaged)
        try:
            again = jamjae.load_model(saved)
        except ModelFileError:
            continue
        np.testing.assert_array_equal(again.reconstruct(rows), fitted.reconstruct(rows))


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


def test_a_newer_file_is_refused(saved):
    rewritten(saved, manifest=manifest_with(version=5))
    with pytest.raises(ModelFileError, match=r"version 5.*up to version 4.*[Uu]pgrade"):
        jamjae.load_model(saved)


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
def test_damaged_parts_are_refused(saved, changes):
    with pytest.raises(ModelFileError, match="Cannot load a model"):
        jamjae.load_model(rewritten(saved, **changes))


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
        ("scaling", {"scale": 1.0, "low": 0, "high": 255}, "range is that of pixels"),
        ("baseline_variance", -0.5, "field 'baseline_variance' is -0.5"),
        ("is_pca", 1, "field 'is_pca'"),
        ("parameters", {"depth": 3}, "unexpected keyword argument 'depth'"),
        ("parameters", {"corruption": {"keras": {"class_name": "os"}}}, "could not build"),
        ("denoiser", {"class": "PatchDenoiser", "parameters": {"patch": 9}}, "patches of 9 pixels"),
    ],
)
def test_a_wrong_field_is_named(saved, field, value, said):
    with pytest.raises(ModelFileError, match=f"Cannot load a model.*{said}"):
        load_model(resealed(saved, manifest=manifest_with(**{field: value})))


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
def test_a_wrong_array_is_named(saved, name, array, said):
    with pytest.raises(ModelFileError, match=f"array '{name}'.*{said}"):
        load_model(resealed(saved, arrays=arrays_with(**{name: array})))


def test_networks_are_held_against_rows_and_codes(saved, tmp_path):
    with zipfile.ZipFile(saved) as file:
        encoder, decoder = file.read("encoder.keras"), file.read("decoder.keras")
    with pytest.raises(ModelFileError, match="its encoder and its decoder are swapped"):
        load_model(resealed(saved, encoder=decoder, decoder=encoder))
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    with pytest.raises(ModelFileError, match=r"decoder takes codes of 3 values.* hold 2"):
        load_model(resealed(saved, encoder=encoder, decoder=network_file.written(other)))
    inputs = [keras.Input((2,)), keras.Input((2,))]
    two = keras.Model(inputs, keras.layers.Concatenate()(inputs))
    with pytest.raises(ModelFileError, match=r"decoder has inputs of shapes \[\(None, 2\), "):
        load_model(resealed(saved, decoder=network_file.written(two)))
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    other.layers[0].bias.assign([0, 0, np.inf, 0])
    with pytest.raises(ModelFileError, match=r"decoder's weight '.*bias' holds NaN or infinity"):
        load_model(resealed(saved, decoder=network_file.written(other)))


def test_an_activation_that_is_none_is_refused_at_load(saved):
    def broken(config):
        kind = {"class_name": "Dense", "module": "keras.layers", "config": {"units": 3}}
        return config.replace('"activation": "gelu"', f'"activation": {json.dumps(kind)}')

    with pytest.raises(ModelFileError, match="Keras could not build"):
        load_model(resealed(saved, encoder=with_config(broken)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ('"padding": [[2, 2], [2, 2]]', '"padding": [[100000, 2], [2, 2]]'),
        ('"dilation_rate": [1, 1]', '"dilation_rate": [10000000, 1]'),
        ('"pool_size": [2, 2]', '"pool_size": [1000000000, 2]'),
        ('"size": [2, 2]', '"size": [1000000, 2]'),
    ],
)
def test_what_a_network_makes_on_the_way_is_bounded(tmp_path, field, value):
    """None of this has weights, nor changes the shape of codes."""
    layers = [
        keras.layers.ZeroPadding2D(2),
        keras.layers.Conv2D(2, 3, padding="same"),
        keras.layers.UpSampling2D(2),
        keras.layers.MaxPooling2D(2, padding="same"),
        keras.layers.GlobalAveragePooling2D(),
    ]
    encoder = keras.Sequential([keras.Input((8, 8, 1)), *layers])
    content = network_file.written(encoder)
    assert network_file.read("encoder", content, {}).count_params() == encoder.count_params()
    changed = with_config(lambda config: config.replace(field, value))(content)
    assert changed != content
    with pytest.raises(archives.UnsoundError, match="of a row on the way"):
        network_file.read("encoder", changed, {})


def test_code_is_neither_written_nor_run(rows, tmp_path, saved):
    encoder = keras.Sequential(
        [keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2), keras.layers.Dense(2)]
    )
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    model = Autoencoder(encoder=encoder, decoder=decoder, epochs=1).fit(rows)
    with pytest.raises(ModelFileError, match="Lambda layer"):
        model.save(tmp_path / "code.jamjae")
    assert not (tmp_path / "code.jamjae").exists()

    encoder.save(tmp_path / "lambda.keras")
    rewritten(saved, manifest=first, encoder=(tmp_path / "lambda.keras").read_bytes())
    with pytest.raises(ModelFileError, match="safely"):
        jamjae.load_model(saved)


def test_a_changed_member_is_named(saved, tmp_path, rows):
    other = (
        Autoencoder(2, network=(8,), epochs=1, random_state=1).fit(rows).save(tmp_path / "o.jamjae")
    )
    with zipfile.ZipFile(other) as file:
        content = file.read("decoder.keras")
    with pytest.raises(ModelFileError, match=r"'decoder\.keras' is damaged.*SHA-256"):
        jamjae.load_model(rewritten(saved, decoder=content))


def test_a_file_of_version_1_has_no_hashes(saved, fitted, rows):
    again = jamjae.load_model(rewritten(saved, manifest=first))
    np.testing.assert_array_equal(again.transform(rows), fitted.transform(rows))


def forged(path, position, value):
    """The same file with another field in the directory's record of its last member."""
    content = bytearray(path.read_bytes())
    record = content.rindex(b"PK\x01\x02")
    content[record + position : record + position + len(value)] = value
    path.write_bytes(content)
    return path


def test_odd_fields_of_the_zip_are_refused(saved):
    with pytest.raises(ModelFileError, match=r"more than the .* allowed"):
        jamjae.load_model(forged(saved, 24, b"\xf0\xff\xff\xf0"))  # its size


def test_an_unknown_compression_is_refused(saved):
    with pytest.raises(ModelFileError, match="cut short"):
        jamjae.load_model(forged(saved, 10, b"\x63\x00"))


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


def test_a_configuration_is_held_against_the_weights_before_anything_is_built(rows, tmp_path):
    path = Autoencoder(2, network=(), epochs=1).fit(rows).save(tmp_path / "model.jamjae")
    huge = with_config(lambda config: config.replace('"units": 2', '"units": 1000000000'))
    with pytest.raises(ModelFileError, match=r"encoder asks for [45],000,000,00\d weights"):
        load_model(resealed(path, encoder=huge))


def test_a_parameter_cannot_ask_for_much_either(saved):
    layer = keras.layers.Dense(3)
    layer.build((None, 4))
    described = json.dumps(keras.saving.serialize_keras_object(layer))
    described = json.loads(described.replace('"units": 3', '"units": 1000000000'))
    changed = manifest_with(parameters={"corruption": {"keras": described}})
    with pytest.raises(ModelFileError, match=r"corruption asks for [45],000,000,000 weights"):
        load_model(resealed(saved, manifest=changed))


def test_weights_that_are_not_stored_in_full_are_refused(saved):
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
        load_model(resealed(saved, decoder=hollow))


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
