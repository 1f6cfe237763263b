"""The layers that corrupt and augment."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from jamjae import Autoencoder, load_model
from jamjae.engine.augmentation import ClippedNoise, RandomAffine

IMAGES = np.random.RandomState(0).random_sample((64, 9, 11, 3)).astype("float32")


@pytest.mark.parametrize("layer", [ClippedNoise(0.3), RandomAffine(rotation=180, flips=True)])
def test_nothing_changes_outside_of_training(layer):
    assert np.array_equal(np.asarray(layer(IMAGES)), IMAGES)
    assert not np.array_equal(np.asarray(layer(IMAGES, training=True)), IMAGES)


@pytest.mark.parametrize("layer", [ClippedNoise(0.3), RandomAffine(rotation=180, flips=True)])
def test_every_call_draws_anew(layer):
    first, second = (np.asarray(layer(IMAGES, training=True)) for _ in range(2))
    assert not np.array_equal(first, second)


def test_noise_is_normal_and_clipped():
    gray = np.full((200, 40), 0.5, dtype="float32")
    noisy = np.asarray(ClippedNoise(0.1, seed=0)(gray, training=True))
    assert abs(noisy.mean() - 0.5) < 0.005
    assert abs(noisy.std() - 0.1) < 0.005
    wild = np.asarray(ClippedNoise(5.0, low=-1.0, high=2.0, seed=0)(gray, training=True))
    assert (wild.min(), wild.max()) == (-1.0, 2.0)


def test_an_affine_map_of_nothing_changes_nothing():
    same = np.asarray(RandomAffine(seed=0)(IMAGES, training=True))
    assert np.allclose(same, IMAGES, atol=1e-5)


def test_flips_are_mirrors():
    flipped = np.asarray(RandomAffine(flips=True, seed=0)(IMAGES, training=True))
    ways = [IMAGES, IMAGES[:, ::-1], IMAGES[:, :, ::-1], IMAGES[:, ::-1, ::-1]]
    near = np.array(
        [[np.allclose(a, b, atol=1e-4) for a, b in zip(w, flipped, strict=True)] for w in ways]
    )
    assert near.any(axis=0).all()
    assert (near.sum(axis=1) > 5).all()


def test_turning_keeps_the_middle_and_moves_the_corners():
    image = np.zeros((40, 9, 9, 1), dtype="float32")
    image[:, 4, 4], image[:, 0, 0] = 1.0, 0.5
    layer = RandomAffine(rotation=180, fill="constant", seed=1)
    turned = np.asarray(layer(image, training=True))
    assert np.allclose(turned[:, 4, 4], 1.0, atol=1e-4)
    assert turned[:, 0, 0].std() > 0.01


def test_shifts_are_as_far_as_asked():
    image = np.zeros((200, 21, 21, 1), dtype="float32")
    image[:, 10, 10] = 1.0
    moved = np.asarray(RandomAffine(shift=0.2, fill="constant", seed=0)(image, training=True))
    rows, columns = np.nonzero(moved.max(axis=(0, 3)) > 0.2)
    assert 10 - 5 <= rows.min() < 8
    assert 12 < columns.max() <= 10 + 5


@pytest.mark.parametrize(
    "make",
    [
        lambda: ClippedNoise(-0.1),
        lambda: ClippedNoise(float("nan")),
        lambda: ClippedNoise(0.1, low=1.0, high=0.0),
        lambda: RandomAffine(rotation=-1),
        lambda: RandomAffine(zoom=1.0),
        lambda: RandomAffine(fill="mirrors"),
    ],
)
def test_what_makes_no_sense_is_refused(make):
    with pytest.raises(ValueError, match="received"):
        make()


def test_a_model_with_them_learns_and_is_saved(tmp_path):
    images = (255 * IMAGES).astype("uint8")
    model = Autoencoder(
        4,
        corruption=ClippedNoise(0.2),
        augmentation=RandomAffine(rotation=10, shift=0.1),
        network=(8,),
        epochs=2,
        random_state=0,
    ).fit(images)
    again = load_model(model.save(tmp_path / "noisy.jamjae"))
    assert np.array_equal(again.transform(images), model.transform(images))
    assert again.corruption.get_config()["stddev"] == 0.2
    assert again.augmentation.get_config()["shift"] == 0.1


def test_they_are_made_again_from_their_configuration():
    for layer in (ClippedNoise(0.3, high=2.0), RandomAffine(shear=0.1, flips=True, seed=3)):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        assert again.get_config() == layer.get_config()
