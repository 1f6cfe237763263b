"""Noise taken from images."""

from __future__ import annotations

import copy
import importlib.util
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.datasets import load_sample_images

from cases import mostly_slow
from jamjae import load_model
from jamjae.cli.transforming import opened
from jamjae.engine.augmentation import ClippedNoise, RandomAffine
from jamjae.errors import JamjaeError, MissingDependencyError, ShapeMismatchError
from jamjae.evaluation import metrics
from jamjae.models.denoising import (
    CLASSICAL,
    NeighborDenoiser,
    PatchDenoiser,
    denoise_classically,
    patches,
)

SIGMA = 0.25
NEEDS = {"wavelet": "pywt", "BM3D": "bm3d"}  # extras, not in every environment
FOUND = [name for name in CLASSICAL if importlib.util.find_spec(NEEDS.get(name, "jamjae"))]
AT_HAND = mostly_slow(FOUND, set(FOUND) - {"BM3D"})


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


@pytest.fixture(scope="module", autouse=True)
def _few_patches():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(patches, "MOST", 900)  # as many in every test
        yield


@pytest.fixture(scope="module")
def learned() -> PatchDenoiser:
    return PatchDenoiser(SIGMA, patch=8, n_components=16, epochs=3, random_state=0).fit(TRAIN)


def psnr(found: np.ndarray) -> float:
    return metrics.psnr(TEST, found, data_range=255)


def test_patches_are_better_than_what_learns_nothing(learned):
    rival = psnr(denoise_classically(NOISY, "total variation", SIGMA))
    assert psnr(learned.denoise(NOISY)) > rival > psnr(NOISY) + 2


@pytest.mark.parametrize("name", AT_HAND)
def test_every_classical_method_removes_noise(name):
    found = denoise_classically(NOISY, name, SIGMA)
    assert (found.shape, found.dtype) == (NOISY.shape, np.uint8)
    assert psnr(found) > psnr(NOISY) + 1


@pytest.mark.parametrize("name", AT_HAND)
def test_classical_methods_take_gray_images(name):
    gray = NOISY[:2, ..., 0] / 255.0
    found = denoise_classically(gray, name, SIGMA)
    assert (found.shape, found.dtype) == (gray.shape, np.float64)
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


def test_images_of_another_size_are_denoised(learned):
    tall = np.concatenate([NOISY[:1], NOISY[1:2]], axis=1)[:, :51]
    assert learned.denoise(tall).shape == (1, 51, 32, 3)
    assert learned.denoise(NOISY[:, :8, :8]).shape == (4, 8, 8, 3)


def test_each_image_is_denoised_by_itself(learned):
    assert np.array_equal(learned.denoise(NOISY)[1:2], learned.denoise(NOISY[1:2]))


def test_the_same_seed_learns_the_same():
    models = [
        PatchDenoiser(SIGMA, patch=8, n_components=16, epochs=1, random_state=5).fit(TRAIN[:3])
        for _ in range(2)
    ]
    first, second = (model.denoise(NOISY) for model in models)
    assert np.array_equal(first, second)


def test_codes_stand_where_their_patches_are(learned):
    codes = learned.codes(TEST)
    assert codes.shape == (4, 4, 4, 16)
    one = learned.autoencoder_.transform(TEST[:1, 8:16, 16:24])
    assert np.allclose(codes[0, 1, 2], one[0], atol=1e-5)


def test_neighbors_give_back_what_they_have_seen():
    model = NeighborDenoiser(1, corruption=ClippedNoise(0.05), random_state=0).fit(TRAIN)
    assert np.array_equal(model.denoise(noisy_of(TRAIN)), TRAIN)


def test_neighbors_are_averaged():
    gray = np.stack([np.full((4, 4), value) for value in (0.0, 0.2, 1.0)])
    found = NeighborDenoiser(2).fit(gray).denoise(gray[:1])
    assert np.allclose(found, 0.1)


def test_augmented_copies_are_kept():
    model = NeighborDenoiser(2, augmentation=RandomAffine(rotation=90, seed=0), copies=3)
    assert model.fit(TRAIN).neighbors_.n_samples_fit_ == 3 * len(TRAIN)


def test_they_are_estimators():
    for model in (PatchDenoiser(0.1, patch=5), NeighborDenoiser(3, copies=2)):
        assert clone(model).get_params() == model.get_params()


def test_patches_are_learned_from_pairs():
    settings = {"patch": 8, "n_components": 16, "epochs": 3, "random_state": 0}
    inverted = PatchDenoiser(**settings).fit(TRAIN, corrupted=255 - TRAIN)
    expected = metrics.psnr(TEST, 255 - TEST, data_range=255)
    assert psnr(inverted.denoise(255 - TEST)) > expected + 10


def test_images_of_several_sizes_are_learned_and_denoised(learned):
    sizes = [TRAIN[0], TRAIN[1][:20, :28], TRAIN[2][:9]]
    model = PatchDenoiser(SIGMA, patch=8, n_components=16, epochs=1, random_state=0).fit(sizes)
    model.fit(sizes, corrupted=[noisy_of(image) for image in sizes])
    found = learned.denoise(sizes)
    assert [image.shape for image in found] == [image.shape for image in sizes]
    assert all(image.dtype == np.uint8 for image in found)
    np.testing.assert_array_equal(found[1], learned.denoise(sizes[1][None])[0])
    assert [codes.shape for codes in learned.codes(sizes)] == [(4, 4, 16), (2, 3, 16), (1, 4, 16)]


def test_a_list_of_one_size_is_an_array(learned):
    images = [Image.fromarray(image) for image in NOISY]
    np.testing.assert_array_equal(learned.denoise(images), learned.denoise(NOISY))


@pytest.mark.parametrize("step", [1, 3, 8])
def test_every_pixel_is_covered(learned, step):
    model = copy.copy(learned).set_params(step=step)
    found = model.denoise(NOISY[:1, :30, :31] / 255.0)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("seeds", [(0, 0, 1), (None, None, 0)])
def test_a_seed_keeps_the_same_versions_and_leaves_the_layer_alone(seeds):
    layer = RandomAffine(rotation=90, seed=7)
    state = np.array(layer.seed_generator.state)
    fits = [NeighborDenoiser(1, augmentation=layer, random_state=seed).fit(TRAIN) for seed in seeds]
    first, again, other = (model.denoise(NOISY) for model in fits)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(np.array(layer.seed_generator.state), state)


def test_a_denoiser_is_saved_and_loaded(learned, tmp_path):
    again = load_model(learned.save(tmp_path / "noise.jamjae"))
    assert type(again) is PatchDenoiser
    assert again.get_params() == learned.get_params()
    np.testing.assert_array_equal(again.denoise(NOISY), learned.denoise(NOISY))
    np.testing.assert_array_equal(again.codes(NOISY), learned.codes(NOISY))
    with pytest.raises(ShapeMismatchError, match="3 channels"):
        again.denoise(NOISY[..., 0])


def test_the_command_line_says_that_a_denoiser_is_for_python(learned, tmp_path):
    path = learned.save(tmp_path / "noise.jamjae")
    with pytest.raises(JamjaeError, match=r"holds a PatchDenoiser; an Autoencoder or a Var"):
        opened(path)


GREY = np.full((3, 20, 20), 0.5)
BAD = {
    "a table": (lambda: PatchDenoiser().fit(np.zeros((3, 4))), r"shape \(3, 4\).*X\[None\]"),
    "nothing": (lambda: PatchDenoiser().fit(np.zeros((0, 20, 20))), r"shape \(0, 20, 20\)"),
    "NaN": (lambda: PatchDenoiser().fit(np.full((3, 20, 20), np.nan)), "NaN or infinity"),
    "too bright": (lambda: PatchDenoiser().fit(GREY + 7.0), "up to 7.5.*Divide"),
    "below 0": (lambda: PatchDenoiser().fit(GREY - 0.6), r"down to -0.1.*np.clip\(X, 0, 1\)"),
    "text": (lambda: PatchDenoiser().fit([["a"]]), "PatchDenoiser cannot fit: .*text"),
    "one color image": (
        lambda: PatchDenoiser().fit(TRAIN[0]),
        r"\(32, 32, 3\) looks like one color image.*X\[None\]",
    ),
    "channels first": (
        lambda: PatchDenoiser().fit(np.moveaxis(TRAIN, -1, 1)),
        r"3 channels first.*np.moveaxis\(X, 1, -1\)",
    ),
    "several channels": (
        lambda: PatchDenoiser().fit([TRAIN[0], TRAIN[1][..., 0]]),
        "have 1 and 3 channels",
    ),
    "a large patch": (lambda: PatchDenoiser(patch=21).fit(GREY), "20 x 20 .* 21 x 21"),
    "one small image": (
        lambda: PatchDenoiser().fit([TRAIN[0], TRAIN[1][:9]]),
        "9 x 32 pixels is smaller than a patch of 12 x 12",
    ),
    "a wide step": (lambda: PatchDenoiser(patch=5, step=8).fit(GREY), "step from 1 to 5"),
    "no step": (
        lambda: PatchDenoiser(step=0).fit(GREY),
        "step=0; expected an integer of at least 1",
    ),
    "no patch": (lambda: PatchDenoiser(patch=1).fit(GREY), "patch=1; .* at least 2"),
    "half a component": (lambda: PatchDenoiser(n_components=0.5).fit(GREY), "n_components=0.5"),
    "negative noise": (lambda: PatchDenoiser(-1).fit(GREY), "noise=-1; .* from 0 to 1"),
    "noise of 255": (lambda: PatchDenoiser(25).fit(GREY), "noise=25; .*Divide .* by 255"),
    "pairs of other sizes": (
        lambda: PatchDenoiser().fit(GREY, corrupted=GREY[:2]),
        "corrupted= has 2 images and X 3",
    ),
    "too few neighbors": (lambda: NeighborDenoiser(9).fit(TRAIN), "n_neighbors=9 of 8 images"),
    "no neighbor": (lambda: NeighborDenoiser(0).fit(TRAIN), "expected 1 to 8"),
    "neighbors of another size": (
        lambda: NeighborDenoiser().fit(TRAIN).denoise(TEST[:, :8]),
        r"\(8, 32, 3\) were given.*PatchDenoiser",
    ),
    "neighbors of several sizes": (
        lambda: NeighborDenoiser().fit([TRAIN[0], TRAIN[1][:9]]),
        r"several sizes, \(9, 32\) and \(32, 32\).*PatchDenoiser",
    ),
    "an unknown method": (lambda: denoise_classically(NOISY, "magic", 0.1), "method='magic'"),
    "no deviation": (lambda: denoise_classically(NOISY, "median", 0.0), "sigma=0.0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_before_the_fit_with_a_cure(name):
    call, message = BAD[name]
    with pytest.raises(JamjaeError, match=message):
        call()


def test_another_number_of_channels_is_refused(learned):
    with pytest.raises(ShapeMismatchError, match="3 channels"):
        learned.denoise(NOISY[..., 0])
