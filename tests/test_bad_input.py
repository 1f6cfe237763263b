"""Each thing that cannot be learned from gets one clear error, and the model stays as it was."""

from __future__ import annotations

import tracemalloc

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from PIL import Image
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from jamjae import Autoencoder
from jamjae.errors import InvalidDataError, JamjaeError, ShapeMismatchError

GOOD = np.random.RandomState(0).normal(size=(40, 4))


def with_value(value, *index):
    X = GOOD.copy()
    X[index] = value
    return X


def table(**columns):
    """A data frame of good columns and some others."""
    return pd.DataFrame({"age": GOOD[:, 0], **columns, "height": GOOD[:, 1]})


DAYS = pd.date_range("2026-01-01", periods=40)
MASKED = np.ma.MaskedArray(GOOD, mask=np.arange(160).reshape(40, 4) % 40 == 6)
CHANNELS_FIRST = np.zeros((4, 3, 16, 16), dtype=np.uint8)

BAD = {
    "dates": (np.full((4, 2), "2026-01-01", dtype="datetime64[D]"), "dates .datetime64.*numbers"),
    "NaT": (np.full((4, 2), "NaT", dtype="datetime64[s]"), "dates .datetime64"),
    "durations": (np.ones((4, 2), dtype="timedelta64[s]"), "durations.*total_seconds"),
    "dates as objects": (
        np.array([[1.0, np.datetime64("NaT")], [2.0, 3.0]], dtype=object),
        "column 1 holds dates",
    ),
    "masked entries": (MASKED, r"4 masked entries, the first at index \(1, 2\).*filled"),
    "a masked row": ([MASKED[0], MASKED[1]], r"1 masked entry, the first at index \(1, 2\)"),
    "complex columns": (table(phase=GOOD[:, 2] * 1j), "'phase' holds complex numbers.*X.real"),
    "nan in a column": (table(weight=with_value(np.nan, 3, 2)[:, 2]), r"NaN .*\(column 'weight'\)"),
    "a missing number": (table(n=pd.array([None] + [1] * 39, dtype="Int64")), "NaN .*column 'n'"),
    "missing objects": (table(n=np.array([pd.NA] + [1] * 39)), "'n' holds missing.*Imputer"),
    "long text": (np.array([["a" * 10_000, "b"]] * 3), "text such as 'aaa"),
    "a path": ("data.csv", "text 'data.csv'.*jamjae.read"),
    "channels first": (CHANNELS_FIRST, r"3 channels first.*np\.moveaxis\(X, 1, -1\)"),
    "nan": (with_value(np.nan, 3, 2), r"NaN at index \(3, 2\)"),
    "inf": (with_value(np.inf, 5, 0), r"infinity \(inf\) at index \(5, 0\)"),
    "nan in an image": (np.where(np.arange(48) == 20, np.nan, 1).reshape(3, 4, 4), r"\(1, 1, 0\)"),
    "too large for float32": (GOOD * 1e300, "too large"),
    "empty": (np.empty((0, 4)), "0 sample"),
    "no features": (np.empty((4, 0)), "0 feature"),
    "empty images": (np.empty((0, 4, 4)), "0 sample"),
    "one row": (GOOD[:1], "1 sample"),
    "a number": (3.0, "scalar|dimension"),
    "one axis": (GOOD[0], "1D array|dimension"),
    "five axes": (np.ones((2, 2, 2, 2, 2)), r"shape \(2, 2, 2, 2, 2\)"),
    "text": (np.array([["a", "b"], ["c", "d"]]), "text such as 'a'"),
    "objects": (np.array([[{}, 1], [2, 3]], dtype=object), "column 0 holds objects .*not 'dict'"),
    "complex": (GOOD * 1j, "complex.*X.real and X.imag"),
    "ragged rows": ([[1.0, 2.0], [3.0]], r"same shape: \(2,\) and \(1,\)"),
    "ragged images": ([np.ones((2, 2)), np.ones((3, 2))], r"same shape: \(2, 2\) and \(3, 2\)"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_are_refused_by_fit(name):
    X, message = BAD[name]
    with pytest.raises(InvalidDataError, match=message) as caught:
        Autoencoder(2, epochs=1).fit(X)
    assert str(caught.value).startswith("Autoencoder cannot fit")
    assert len(str(caught.value)) < 500


def test_a_sparse_matrix_is_refused_with_a_cure_that_works():
    sparse = scipy.sparse.csr_matrix(GOOD)
    with pytest.raises(InvalidDataError, match=r"sparse.*toarray.*FunctionTransformer"):
        Autoencoder(2, epochs=1).fit(sparse)
    dense = FunctionTransformer(lambda X: X.toarray(), accept_sparse=True)
    assert make_pipeline(dense, quick()).fit_transform(sparse).shape == (40, 2)
    towns = table(town=["Seoul", "Busan"] * 20)[["town"]]
    cured = make_pipeline(OneHotEncoder(sparse_output=False), quick(1))
    assert cured.fit_transform(towns).shape == (40, 1)


def quick(n_components=2, **settings):
    return Autoencoder(n_components, network=(), epochs=1, random_state=0, **settings)


def test_a_list_of_eight_bit_images_stays_eight_bit():
    images = np.random.RandomState(0).randint(0, 256, (12, 5, 6, 3), dtype=np.uint8)
    expected = quick().fit(images)
    for given in (list(images), [Image.fromarray(image) for image in images]):
        model = quick().fit(given)
        assert model.dtype_ == "uint8"
        np.testing.assert_array_equal(model.transform(given), expected.transform(images))
        assert 0 <= model.reconstruct(given).min() <= model.reconstruct(given).max() <= 255


def test_unmasked_entries_are_learned():
    nothing_masked = np.ma.MaskedArray(GOOD, mask=False)
    np.testing.assert_array_equal(
        quick().fit(nothing_masked).transform(nothing_masked), quick().fit(GOOD).transform(GOOD)
    )


def test_numbers_in_objects_and_nullable_columns_are_learned():
    frame = table(n=pd.array(range(40), dtype="Int64"), b=pd.array([True] * 40, dtype="boolean"))
    objects = np.array(frame, dtype=object)
    assert quick().fit(frame).n_features_in_ == quick().fit(objects).n_features_in_ == 4


def test_an_encoder_of_channels_first_takes_them():
    encoder = keras.Sequential([keras.Input((3, 16, 16)), keras.layers.Flatten()])
    encoder.add(keras.layers.Dense(2))
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3 * 16 * 16)])
    decoder.add(keras.layers.Reshape((3, 16, 16)))
    model = Autoencoder(encoder=encoder, decoder=decoder, epochs=1).fit(CHANNELS_FIRST)
    assert model.transform(CHANNELS_FIRST).shape == (4, 2)


def test_a_bad_value_is_found_without_a_copy_of_the_rows():
    X = np.zeros((60_000, 100), dtype=np.float32)
    X[59_999, 3] = np.nan
    tracemalloc.start()
    with pytest.raises(InvalidDataError, match=r"NaN at index \(59999, 3\)"):
        quick().fit(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * X.nbytes


@pytest.fixture(scope="module")
def model():
    return Autoencoder(2, network=(8,), epochs=2, random_state=0).fit(GOOD)


@pytest.fixture(scope="module")
def image_model():
    images = np.random.RandomState(0).normal(size=(20, 5, 6))
    return Autoencoder(2, network=(8,), epochs=2, random_state=0).fit(images)


@pytest.mark.parametrize("method", ["transform", "reconstruct", "score", "score_samples"])
def test_bad_rows_are_refused_by_a_fitted_model(model, method):
    for X in (with_value(np.nan, 3, 2), np.ones((0, 4)), [[1.0, 2.0], [3.0]]):
        with pytest.raises(InvalidDataError):
            getattr(model, method)(X)
    with pytest.raises(ValueError, match=r"3 features.* expecting 4 features"):
        getattr(model, method)(GOOD[:, :3])


def test_other_images_are_refused(image_model):
    with pytest.raises(ShapeMismatchError, match=r"\(6, 6\).*\(5, 6\)"):
        image_model.transform(np.ones((3, 6, 6)))
    with pytest.raises(ShapeMismatchError, match=r"\(29,\).*\(5, 6\)"):
        image_model.transform(np.ones((3, 29)))


def test_images_may_come_as_rows_or_with_a_channel(image_model):
    images = np.random.RandomState(1).normal(size=(3, 5, 6))
    expected = image_model.transform(images)
    np.testing.assert_array_equal(image_model.transform(images.reshape(3, 30)), expected)
    np.testing.assert_array_equal(image_model.transform(images[..., None]), expected)


def test_a_transposed_image_is_not_taken_for_one(image_model):
    with pytest.raises(ShapeMismatchError, match=r"\(6, 5\).*\(5, 6\)"):
        image_model.transform(np.ones((3, 6, 5)))


@pytest.mark.parametrize(
    "Z", [np.ones((3, 1)), np.ones((3, 3)), np.ones(2), np.full((1, 2), np.nan), "text"]
)
def test_bad_codes_are_refused(model, Z):
    with pytest.raises(JamjaeError, match="cannot decode"):
        model.inverse_transform(Z)


def test_codes_of_a_data_frame_go_by_their_names(model):
    Z = pd.DataFrame(model.transform(GOOD), columns=model.get_feature_names_out())
    expected = model.inverse_transform(Z.to_numpy())
    np.testing.assert_array_equal(model.inverse_transform(Z.iloc[:, ::-1]), expected)
    renamed = Z.set_axis(["x", "y"], axis=1)
    np.testing.assert_array_equal(model.inverse_transform(renamed), expected)
    with pytest.raises(ShapeMismatchError, match=r"autoencoder0.*autoencoder1"):
        model.inverse_transform(Z.set_axis(["autoencoder0", "other"], axis=1))


def test_a_failed_fit_leaves_the_model_as_it_was(model):
    before = model.transform(GOOD)
    with pytest.raises(InvalidDataError):
        model.fit(with_value(np.nan, 0, 0))
    np.testing.assert_array_equal(model.transform(GOOD), before)


def test_pixels_between_0_and_1_are_noticed_where_0_to_255_was_learned():
    pixels = np.random.RandomState(0).randint(0, 256, (30, 4, 4), dtype=np.uint8)
    model = quick().fit(pixels)
    with pytest.warns(UserWarning, match="multiply them by 255"):
        model.transform(pixels / 255.0)


def test_constant_data_are_no_trouble():
    X = np.full((20, 3), 7.0)
    model = quick().fit(X)
    np.testing.assert_allclose(model.reconstruct(X), X)
    assert model.score(X) in (0.0, 1.0)


@pytest.mark.parametrize("guide", [GOOD[:, :3], GOOD[:10, :2]])
def test_a_guide_of_another_shape_is_refused(guide):
    with pytest.raises(ShapeMismatchError, match=r"guide.*\(40, 2\)"):
        Autoencoder(2, guide=guide).fit(GOOD)


def test_too_little_is_left_to_train_on():
    with pytest.raises(InvalidDataError, match="validation_fraction"):
        Autoencoder(2, validation_fraction=0.9).fit(GOOD[:5])


def several(**tensors):
    """Two networks for rows of four numbers; the encoder has several outputs or inputs."""
    x = keras.Input((4,), name="x")
    other = keras.Input((4,), name="other")
    mean, spread = (keras.layers.Dense(2, name=name)(x) for name in ("mean", "spread"))
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    known = {"x": x, "other": other, "mean": mean, "spread": spread}
    inputs, outputs = ([known[name] for name in tensors[kind]] for kind in ("inputs", "outputs"))
    if "other" in tensors["inputs"]:
        outputs = [keras.layers.Dense(2)(keras.layers.Concatenate()(inputs))]
    return keras.Model(inputs, outputs), decoder


PARAMETERS = {
    "several outputs": (
        lambda: dict(
            zip(NETWORKS, several(inputs=("x",), outputs=("mean", "spread")), strict=True)
        ),
        r"encoder .* has 2 outputs .*keras.Model\(encoder.inputs, encoder.outputs\[0\]\)",
    ),
    "several inputs": (
        lambda: dict(zip(NETWORKS, several(inputs=("x", "other"), outputs=()), strict=True)),
        r"encoder .* has 2 inputs \(x, other\).*Concatenate",
    ),
    "early stopping of Keras": (
        lambda: {"callbacks": [keras.callbacks.EarlyStopping()]},
        "Keras's EarlyStopping.*early_stopping=True",
    ),
    "checkpoints of Keras": (
        lambda: {"callbacks": [keras.callbacks.ModelCheckpoint("a.keras")]},
        "Keras's ModelCheckpoint.*checkpoint_dir=",
    ),
    "another callback of Keras": (
        lambda: {"callbacks": [keras.callbacks.Callback()]},
        "Keras's Callback.*a function that is called",
    ),
    "no callback": (lambda: {"callbacks": [3]}, "callbacks= holds 3; functions"),
}
NETWORKS = ("encoder", "decoder")


@pytest.mark.parametrize("name", PARAMETERS)
def test_bad_parameters_are_refused_with_a_cure(name):
    parameters, message = PARAMETERS[name]
    with pytest.raises(JamjaeError, match=message):
        Autoencoder(epochs=1, **parameters()).fit(GOOD)
