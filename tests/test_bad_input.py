"""Each thing that cannot be learned from gets one clear error, and the model stays as it was."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from jamjae import Autoencoder
from jamjae.errors import InvalidDataError, JamjaeError, ShapeMismatchError

GOOD = np.random.RandomState(0).normal(size=(40, 4))


def with_value(value, *index):
    X = GOOD.copy()
    X[index] = value
    return X


BAD = {
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
    "text": (np.array([["a", "b"], ["c", "d"]]), "string|text|convert"),
    "objects": (np.array([[{}, 1], [2, 3]], dtype=object), "float|number"),
    "complex": (GOOD * 1j, "[Cc]omplex"),
    "ragged rows": ([[1.0, 2.0], [3.0]], "same shape"),
    "ragged images": ([np.ones((2, 2)), np.ones((3, 2))], "same shape"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_are_refused_by_fit(name):
    X, message = BAD[name]
    with pytest.raises(InvalidDataError, match=message) as caught:
        Autoencoder(2, epochs=1).fit(X)
    assert "Autoencoder cannot fit" in str(caught.value)


def test_a_sparse_matrix_is_refused():
    with pytest.raises((InvalidDataError, TypeError), match=r"[Ss]parse.*toarray"):
        Autoencoder(2, epochs=1).fit(scipy.sparse.csr_matrix(GOOD))


@pytest.fixture(scope="module")
def model():
    return Autoencoder(2, network=(8,), random_state=0).fit(GOOD)


@pytest.fixture(scope="module")
def image_model():
    images = np.random.RandomState(0).normal(size=(20, 5, 6))
    return Autoencoder(2, network=(8,), random_state=0).fit(images)


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


def test_a_failed_fit_leaves_the_model_as_it_was(model):
    before = model.transform(GOOD)
    with pytest.raises(InvalidDataError):
        model.fit(with_value(np.nan, 0, 0))
    np.testing.assert_array_equal(model.transform(GOOD), before)


def test_pixels_between_0_and_1_are_noticed_where_0_to_255_was_learned():
    pixels = np.random.RandomState(0).randint(0, 256, (30, 4, 4), dtype=np.uint8)
    model = Autoencoder(2, epochs=30, random_state=0).fit(pixels)
    with pytest.warns(UserWarning, match="multiply them by 255"):
        model.transform(pixels / 255.0)


def test_constant_data_are_no_trouble():
    X = np.full((20, 3), 7.0)
    model = Autoencoder(2, epochs=2, random_state=0).fit(X)
    np.testing.assert_allclose(model.reconstruct(X), X)
    assert model.score(X) in (0.0, 1.0)


@pytest.mark.parametrize("guide", [GOOD[:, :3], GOOD[:10, :2]])
def test_a_guide_of_another_shape_is_refused(guide):
    with pytest.raises(ShapeMismatchError, match=r"guide.*\(40, 2\)"):
        Autoencoder(2, guide=guide).fit(GOOD)


def test_too_little_is_left_to_train_on():
    with pytest.raises(InvalidDataError, match="validation_fraction"):
        Autoencoder(2, validation_fraction=0.9).fit(GOOD[:5])
