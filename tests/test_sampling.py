"""New rows of a fitted model: their shape, units and type, their classes, and the model's file."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load, save
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from jamjae import Autoencoder, load_model
from jamjae.errors import InvalidDataError, ModelFileError, ShapeMismatchError
from jamjae.latent.densities import Flow, Mixture
from jamjae.models import generating
from jamjae.models.persistence import read_manifest
from test_damaged_files import rewritten

tiny = pytest.mark.filterwarnings("ignore:Training did not improve")


@pytest.fixture(scope="module")
def labels(rows):
    return np.arange(len(rows)) % 2


@pytest.fixture(scope="module")
def model(fitted, rows, labels):
    return copy.copy(fitted).fit_density(rows, labels, kind="gaussian")


def test_samples_are_rows_like_the_data(model, rows):
    made = model.sample(2000, random_state=0)
    assert made.shape == (2000, 4)
    assert made.dtype == np.float64
    np.testing.assert_allclose(made.mean(axis=0), rows.mean(axis=0), atol=0.5)
    assert (made >= rows.min(axis=0)).all()
    assert (made <= rows.max(axis=0)).all()
    assert (made == model.sample(2000, random_state=0)).all()


def test_samples_are_of_the_classes_asked_for(model):
    made, classes = model.sample(6, y={0: 1, 1: 2}, random_state=0, return_y=True)
    assert made.shape == (6, 4)
    assert sorted(classes) == [0, 0, 1, 1, 1, 1]
    assert model.sample(2, y=[1, 0], return_y=True)[1].tolist() == [1, 0]
    assert model.sample(2, y=1, return_y=True)[1].tolist() == [1, 1]


def test_classes_may_be_asked_for_by_name(model):
    named = copy.copy(model)
    named.class_names_ = np.array(["cat", "dog"], dtype=object)
    assert named.sample(2, y=["dog", "cat"], return_y=True)[1].tolist() == [1, 0]
    assert named.sample(4, y={"dog": 1}, return_y=True)[1].tolist() == [1] * 4
    assert named.sample(1, y="dog", return_y=True)[1].tolist() == [1]
    with pytest.raises(InvalidDataError, match="the class 'cow'"):
        named.sample(1, y="cow")


def test_a_density_may_be_given_with_its_settings(fitted, rows):
    given = Mixture(random_state=3)
    model = copy.copy(fitted).fit_density(rows, kind=given)
    assert model.density_ is not given
    assert model.density_.random_state == 3
    assert not hasattr(given, "n_rows_")


def test_of_many_rows_some_are_used(fitted, rows, labels, monkeypatch):
    monkeypatch.setattr(generating, "ROWS", 20)
    model = copy.copy(fitted).fit_density(rows, labels, kind="gaussian")
    assert model.density_.n_rows_ == 20
    assert model.density_.notes_[-1] == "20 of 50 rows were encoded"
    assert model.density_.classes_.tolist() == [0, 1]


def test_log_density_is_that_of_codes(model, rows):
    codes = model.transform(rows)
    np.testing.assert_array_equal(model.log_density(codes), model.density_.score_samples(codes))
    assert model.log_density(codes).mean() > model.log_density(codes + 100.0).mean()


def test_variations_start_from_the_reconstruction(model, rows):
    near = model.variations_of(rows[0], 5, spread=0.0)
    span = model.sampling_.span
    expected = np.tile(span.clipped(model.reconstruct(rows[:1])), (5, 1))
    np.testing.assert_allclose(near, expected, atol=1e-4)
    some = [model.variations_of(rows[:1], 50, spread=s, random_state=0) for s in (0.1, 0.5)]
    near, far = (np.square(made - expected[:1]).mean() for made in some)
    assert 0 < near < far


def test_pixels_are_pixels():
    pixels = np.random.RandomState(0).randint(0, 200, (30, 6, 6), dtype=np.uint8)
    model = Autoencoder(2, network=(), epochs=1).fit(pixels).fit_density(pixels)
    made = model.sample(200, random_state=0, temperature=30.0)
    assert made.dtype == np.uint8
    assert made.shape == (200, 6, 6)
    assert made.max() < 200
    codes = model.density_.sample(200, random_state=0).codes
    expected = np.rint(model.inverse_transform(codes).clip(pixels.min(), pixels.max()))
    np.testing.assert_array_equal(model.sample(200, random_state=0), expected)


def test_whole_numbers_are_whole(rows):
    model = Autoencoder(2, network=(), epochs=1).fit(rows)
    for dtype in ("int64", "uint64", "int8"):
        made = model.fit_density(np.abs(rows).astype(dtype)).sample(30)
        assert made.dtype == dtype


def test_of_a_data_frame_some_columns_are_whole(rows):
    import pandas as pd

    table = pd.DataFrame(rows, columns=list("abcd")).assign(b=lambda t: t["b"].astype(int))
    made = Autoencoder(2, network=(), epochs=1).fit(table).fit_density(table).sample(30)
    assert (made[:, 1] == np.rint(made[:, 1])).all()
    assert (made[:, 0] != np.rint(made[:, 0])).any()


@tiny
def test_a_mixed_table_gives_a_table(rows):
    import pandas as pd

    table = pd.DataFrame(
        {
            "size": rows[:, 0],
            "count": (10 + rows[:, 1]).astype(int),
            "pet": np.where(rows[:, 2] > 0, "cat", "dog"),
            "old": rows[:, 3] > 0,
        }
    )
    model = Autoencoder(2, network=(), epochs=1).fit(table).fit_density(table, table["pet"])
    made = model.sample(40, random_state=0)
    assert list(made.columns) == list(table.columns)
    assert made.dtypes.equals(table.dtypes)
    assert set(made["pet"]) <= {"cat", "dog"}
    assert made["size"].between(table["size"].min(), table["size"].max()).all()
    near = model.variations_of(table.iloc[[3]], 4, spread=0.1, random_state=0)
    assert list(near.columns) == list(table.columns)


@tiny
def test_a_model_that_masks_missing_values_draws_whole_rows(rows):
    gaps = np.where(np.random.RandomState(1).uniform(size=rows.shape) < 0.1, np.nan, rows)
    model = Autoencoder(2, network=(), epochs=1, missing="mask").fit(gaps).fit_density(gaps)
    assert np.isfinite(model.sample(20, random_state=0)).all()


# --- its life --------------------------------------------------------------------------------


def test_a_new_fit_drops_the_density(rows):
    model = Autoencoder(2, network=(), epochs=1, random_state=0).fit(rows).fit_density(rows)
    other = copy.copy(model).fit(rows)
    assert not hasattr(other, "density_")
    assert model.sample(2).shape == (2, 4)
    for again in (model.partial_fit, model.fit):
        again(rows)
        with pytest.raises(NotFittedError, match=r"cannot sample.*Call fit_density\(X\) first"):
            model.sample(2)
        model.fit_density(rows)


def test_what_is_missing_is_named(rows, fitted):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        Autoencoder(2).sample(3)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        Autoencoder(2).fit_density(rows)
    for call in (fitted.sample, fitted.log_density, fitted.variations_of):
        with pytest.raises(NotFittedError, match=r"Call fit_density\(X\) first"):
            call(3)


def test_the_density_of_another_encoder_is_refused(model, rows):
    other = Autoencoder(2, network=(), epochs=1, random_state=1).fit(rows)
    other.density_, other.sampling_ = model.density_, model.sampling_
    with pytest.raises(InvalidDataError, match="codes of another encoder"):
        other.sample(3)


def test_rows_of_a_table_get_what_codes_do_not_hold(model, rows, tmp_path):
    flat = model.sample(2000, random_state=0, residuals=False)
    made = model.sample(2000, random_state=0)
    lacking = (rows - model.reconstruct(rows)).std(axis=0)
    left = (made - flat).std(axis=0)
    np.testing.assert_allclose(left, lacking, rtol=0.25)
    assert lacking[3] > 0.5  # which is nearly all there is of the last column
    assert flat[:, 3].std() < made[:, 3].std() < 1.3 * rows[:, 3].std()
    again = load_model(model.save(tmp_path / "model.jamjae"))
    np.testing.assert_array_equal(again.sample(9, random_state=4), model.sample(9, random_state=4))


@tiny
def test_images_get_no_residuals():
    pixels = np.random.RandomState(0).randint(0, 256, (30, 6, 6), dtype=np.uint8)
    for rows in (pixels, pixels.reshape(30, 36)):
        model = Autoencoder(2, network=(), epochs=1, random_state=0).fit(rows).fit_density(rows)
        assert model.sampling_.residuals is None


def test_copies_keep_it_and_clones_do_not(model):
    expected = model.sample(3, random_state=0)
    for again in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.sample(3, random_state=0), expected)
    assert not hasattr(clone(model), "density_")


@pytest.mark.slow
def test_another_process_draws_the_same(model, tmp_path):
    path = model.save(tmp_path / "model.jamjae")
    assert read_manifest(path)["density"]["kind"] == "gaussian"
    program = (
        "import sys, numpy as np, jamjae\n"
        "np.save(sys.argv[2], jamjae.load_model(sys.argv[1]).sample(9, y=1, random_state=4))\n"
    )
    subprocess.run([sys.executable, "-c", program, path, tmp_path / "made.npy"], check=True)
    np.testing.assert_array_equal(
        np.load(tmp_path / "made.npy"), model.sample(9, y=1, random_state=4)
    )


@pytest.mark.slow
def test_a_file_holds_a_flow(model, rows, tmp_path):
    flowing = copy.copy(model)
    flowing.density_ = Flow(widths=(16,), steps=50, random_state=0).fit(model.transform(rows))
    again = load_model(flowing.save(tmp_path / "model.jamjae"))
    expected = flowing.sample(9, random_state=4)
    np.testing.assert_array_equal(again.sample(9, random_state=4), expected)
    for other in (copy.deepcopy(flowing), pickle.loads(pickle.dumps(flowing))):
        np.testing.assert_array_equal(other.sample(9, random_state=4), expected)


def test_files_without_a_density_are_read_by_older_versions(saved, model, tmp_path):
    assert read_manifest(saved)["version"] == 2
    assert read_manifest(model.save(tmp_path / "other.jamjae"))["version"] == 3
    assert not hasattr(load_model(saved), "density_")


# --- bad input -------------------------------------------------------------------------------


def test_bad_rows_and_labels(fitted, rows):
    with pytest.raises(InvalidDataError, match="NaN"):
        fitted.fit_density(np.full_like(rows, np.nan))
    with pytest.raises(ShapeMismatchError, match="one label per row"):
        fitted.fit_density(rows, [1, 2])
    with pytest.raises(InvalidDataError, match="kind='flowing'"):
        fitted.fit_density(rows, kind="flowing")
    with pytest.raises(InvalidDataError, match="equal codes"):
        fitted.fit_density(rows[[1, 1, 1]])
    assert not hasattr(fitted, "density_")


def test_bad_requests(model, rows):
    with pytest.raises(InvalidDataError, match="n=0"):
        model.sample(0)
    with pytest.raises(InvalidDataError, match="temperature=-1"):
        model.sample(3, temperature=-1)
    with pytest.raises(ShapeMismatchError, match="one label per sample"):
        model.sample(3, y=[0, 1])
    with pytest.raises(InvalidDataError, match="the class 7, which no training row had"):
        model.sample(3, y=7)
    with pytest.raises(InvalidDataError, match="NaN"):
        model.log_density([[np.nan, 0.0]])
    with pytest.raises(ShapeMismatchError, match=r"\(n, 2\) is expected"):
        model.log_density(np.zeros((3, 5)))
    with pytest.raises(ShapeMismatchError, match="vary 2 rows at once"):
        model.variations_of(rows[:2])


def _without_hashes(changed):
    def change(content):
        manifest = {**json.loads(content), "version": 1}
        changed(manifest)
        del manifest["sha256"]
        return json.dumps(manifest)

    return change


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lambda m: m.pop("density"), "arrays of a density"),
        (lambda m: m.update(density=[1]), "density is not whole"),
        (lambda m: m["density"].update(kind="flowing"), "no density of kind 'flowing'"),
        (lambda m: m["density"].update(encoder="0" * 64), "codes of another encoder"),
        (lambda m: m["density"].update(encoder=None), "of which codes"),
        (lambda m: m["density"].update(rows_of={"dtype": "object"}), "type of samples"),
        (lambda m: m["density"].update(classes={}), "its density is unsound: its classes"),
    ],
)
def test_a_damaged_density_is_refused(model, tmp_path, changed, said):
    path = rewritten(model.save(tmp_path / "model.jamjae"), manifest=_without_hashes(changed))
    with pytest.raises(ModelFileError, match=said):
        load_model(path)


@pytest.mark.parametrize(
    "name", ["density.low", "density.means", "density.scale", "density.residuals"]
)
def test_damaged_arrays_of_a_density_are_refused(model, tmp_path, name):
    path = model.save(tmp_path / "model.jamjae")
    with zipfile.ZipFile(path) as file:
        arrays = load(file.read("arrays.safetensors"))
    for wrong in ({name: arrays[name][:1]}, {name: np.full_like(arrays[name], np.nan)}, {}):
        rest = {key: array for key, array in arrays.items() if key != name}
        unhashed = _without_hashes(lambda m: None)
        with pytest.raises(ModelFileError, match="densit"):
            load_model(rewritten(path, manifest=unhashed, arrays=save({**rest, **wrong})))
        model.save(path)
