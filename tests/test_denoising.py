"""Noise taken from images."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_sample_images

from jamjae.engine.augmentation import ClippedNoise, RandomAffine
from jamjae.errors import InvalidDataError, MissingDependencyError, ShapeMismatchError
from jamjae.evaluation import metrics
from jamjae.models.denoising import CLASSICAL, NeighborDenoiser, PatchDenoiser, denoise_classically

SIGMA = 0.25
NEEDS = {"wavelet": "pywt", "BM3D": "bm3d"}  # extras, not in every environment
AT_HAND = [name for name in CLASSICAL if importlib.util.find_spec(NEEDS.get(name, "jamjae"))]


def photographs(n: int) -> np.ndarray:
    """Pieces of a real photograph, 8-bit, 32 x 32."""
    photo = load_sample_images().images[1][::2, ::2]
    places = np.random.RandomState(0).randint(0, 170, (n, 2))
    return np.stack([photo[row : row + 32, column : column + 32] for row, column in places])


def noisy_of(clean: np.ndarray, seed: int = 0) -> np.ndarray:
    noise = SIGMA * np.random.RandomState(seed).standard_normal(clean.shape)
    return np.rint(255 * np.clip(clean / 255 + noise, 0, 1)).astype(np.uint8)


CLEAN = photographs(12)
TRAIN, TEST = CLEAN[:8], CLEAN[8:]
NOISY = noisy_of(TEST)


@pytest.fixture(scope="module")
def learned() -> PatchDenoiser:
    return PatchDenoiser(SIGMA, patch=8, n_components=16, epochs=3, random_state=0).fit(TRAIN)


def psnr(found: np.ndarray) -> float:
    return metrics.psnr(TEST, found, data_range=255)


def test_patches_are_better_than_what_learns_nothing(learned):
    rival = psnr(denoise_classically(NOISY, "total variation", SIGMA))
    assert psnr(learned.denoise(NOISY)) > rival > psnr(NOISY) + 2


@pytest.mark.parametrize("name", AT_HAND)
def test_every_rival_takes_noise_away(name):
    found = denoise_classically(NOISY, name, SIGMA)
    assert (found.shape, found.dtype) == (NOISY.shape, np.uint8)
    assert psnr(found) > psnr(NOISY) + 1


@pytest.mark.parametrize("name", AT_HAND)
def test_rivals_take_grey_images(name):
    grey = NOISY[:2, ..., 0] / 255.0
    found = denoise_classically(grey, name, SIGMA)
    assert (found.shape, found.dtype) == (grey.shape, np.float64)
    assert 0 <= found.min() <= found.max() <= 1


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "bm3d", None)
    with pytest.raises(MissingDependencyError, match=r"bm3d.*jamjae\[denoise\]"):
        denoise_classically(NOISY, "BM3D", SIGMA)


def test_units_shape_and_type_are_those_that_came(learned):
    for images in (NOISY, NOISY / 255.0, (NOISY / 255.0).astype(np.float32)):
        found = learned.denoise(images)
        assert (found.shape, found.dtype) == (images.shape, images.dtype)
    assert np.allclose(learned.denoise(NOISY / 255.0) * 255, learned.denoise(NOISY), atol=0.51)


def test_images_of_another_size_are_restored(learned):
    tall = np.concatenate([NOISY[:1], NOISY[1:2]], axis=1)[:, :51]
    assert learned.denoise(tall).shape == (1, 51, 32, 3)
    assert learned.denoise(NOISY[:, :8, :8]).shape == (4, 8, 8, 3)


def test_each_image_is_restored_by_itself(learned):
    assert np.array_equal(learned.denoise(NOISY)[1:2], learned.denoise(NOISY[1:2]))


def test_the_same_seed_learns_the_same():
    models = [PatchDenoiser(0.2, patch=6, epochs=1, random_state=5).fit(TRAIN) for _ in range(2)]
    first, second = (model.denoise(NOISY) for model in models)
    assert np.array_equal(first, second)


def test_codes_stand_where_their_patches_are(learned):
    codes = learned.codes(TEST)
    assert codes.shape == (4, 4, 4, 16)
    one = learned.autoencoder_.transform(TEST[:1, 8:16, 16:24])
    assert np.allclose(codes[0, 1, 2], one[0], atol=1e-5)


def test_neighbours_give_back_what_they_have_seen():
    model = NeighborDenoiser(1, corruption=ClippedNoise(0.05, seed=0)).fit(TRAIN)
    assert np.array_equal(model.denoise(noisy_of(TRAIN)), TRAIN)


def test_neighbours_are_averaged():
    grey = np.stack([np.full((4, 4), value) for value in (0.0, 0.2, 1.0)])
    found = NeighborDenoiser(2).fit(grey).denoise(grey[:1])
    assert np.allclose(found, 0.1)


def test_augmented_copies_are_kept():
    model = NeighborDenoiser(2, augmentation=RandomAffine(rotation=90, seed=0), copies=3)
    assert model.fit(TRAIN).neighbours_.n_samples_fit_ == 3 * len(TRAIN)


def test_they_are_estimators():
    for model in (PatchDenoiser(0.1, patch=5), NeighborDenoiser(3, copies=2)):
        assert clone(model).get_params() == model.get_params()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: PatchDenoiser().fit(np.zeros((3, 4))), InvalidDataError),
        (lambda: PatchDenoiser().fit(np.zeros((0, 20, 20))), InvalidDataError),
        (lambda: PatchDenoiser().fit(np.full((3, 20, 20), np.nan)), InvalidDataError),
        (lambda: PatchDenoiser().fit(np.full((3, 20, 20), 7.0)), InvalidDataError),
        (lambda: PatchDenoiser().fit(np.full((3, 20, 20), -0.1)), InvalidDataError),
        (lambda: PatchDenoiser(patch=21).fit(np.zeros((3, 20, 20))), InvalidDataError),
        (lambda: PatchDenoiser().fit([["a"]]), InvalidDataError),
        (lambda: NeighborDenoiser(9).fit(TRAIN), InvalidDataError),
        (lambda: NeighborDenoiser().fit(TRAIN).denoise(TEST[:, :8]), ShapeMismatchError),
        (lambda: denoise_classically(NOISY, "magic", 0.1), InvalidDataError),
        (lambda: denoise_classically(NOISY, "median", 0.0), InvalidDataError),
    ],
)
def test_bad_input_is_refused(call, error):
    with pytest.raises(error):
        call()


def test_another_number_of_channels_is_refused(learned):
    with pytest.raises(ShapeMismatchError, match="3 channels"):
        learned.denoise(NOISY[..., 0])
