"""Assignment 2: photographs denoised by networks, by k-NN and by classical methods."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import keras
import numpy as np
from keras.layers import Conv2D, Conv2DTranspose, Dense, Flatten, Reshape

from jamjae import Autoencoder, plotting
from jamjae.engine.augmentation import ClippedNoise, RandomAffine
from jamjae.evaluation import evaluate_reconstruction
from jamjae.labs.notebook import Notebook
from jamjae.models.denoising import CLASSICAL, NeighborDenoiser, PatchDenoiser, denoise_classically

NOISE, EPOCHS, MORE_EPOCHS, ROUNDS = 0.3, 100, 50, 401  # rounds of 30 photographs: 12,030
RECORDED, RECORDED_AUGMENTED = 0.0155, 0.0043  # training losses, pixels from 0 to 1


Denoised: TypeAlias = tuple[np.ndarray, np.ndarray]  # denoised: training and test photographs


def chapter() -> tuple[keras.Model, keras.Model]:
    """Make the chapter's pair for photographs of 63 x 63 x 3: 5,921,747 parameters."""
    encoder = [
        keras.Input((63, 63, 3)),
        Conv2D(16, 3, strides=3, activation="elu"),
        Conv2D(8, 3, activation="elu"),
        Flatten(),
        Dense(1024, activation="elu"),
    ]
    decoder = [
        keras.Input((1024,)),
        Dense(2888, activation="elu"),
        Reshape((19, 19, 8)),
        Conv2DTranspose(16, 3, activation="elu"),
        Conv2DTranspose(3, 3, strides=3, activation="elu"),
    ]
    return keras.Sequential(encoder), keras.Sequential(decoder)


def add_noise(photos: np.ndarray, seed: int) -> np.ndarray:
    """Add normal noise of 0.3 to pixels from 0 to 1 and clip them, as a camera does."""
    noise = NOISE * np.random.RandomState(seed).standard_normal(photos.shape)
    return np.rint(255.0 * np.clip(photos / 255.0 + noise, 0.0, 1.0)).astype(np.uint8)


class Photos(NamedTuple):
    """Training and test photographs, clean and noisy."""

    train: np.ndarray
    noisy_train: np.ndarray
    test: np.ndarray
    noisy: np.ndarray

    def denoised(self, denoise: Callable[[np.ndarray], np.ndarray]) -> Denoised:
        """Denoise both parts."""
        return denoise(self.noisy_train), denoise(self.noisy)


def run(lab: Notebook) -> None:
    """Learn from thirty photographs to denoise ten others."""
    lab.section("The photographs")
    train, test = (half.X for half in lab.photos())
    photos = Photos(train, add_noise(train, lab.seed + 1), test, add_noise(test, lab.seed + 2))
    labels = [lab.label(text) for text in ("clean", "noisy")]
    drawn = plotting.image_blocks([photos.train, photos.noisy_train], row_labels=labels)
    lab.figure("photographs", drawn, "The training photographs and their noisy versions.")
    denoised = {
        "noisy": (photos.noisy_train, photos.noisy),
        **the_chapter(lab, photos),
        "jamjae": ours(lab, photos),
        **classical(lab, photos),
    }

    lab.section("Comparison")
    best = ("k-NN, augmented", "the chapter's network, augmented", "total variation", "BM3D")
    chosen = [name for name in ("noisy", *best, "jamjae") if name in denoised]
    drawn = plotting.image_grid(
        [photos.test[:6], *(denoised[name][1][:6] for name in chosen)],
        row_labels=[lab.label(name) for name in ("clean", *chosen)],
    )
    lab.figure("denoised", drawn, "Test photographs, denoised by each method.")
    lab.results(
        {name: measured(train, test, *found) for name, found in denoised.items()},
        better=dict.fromkeys(("PSNR, test", "SSIM, test"), max),
    )
    lab.say("PSNR (in decibels) and SSIM are means over the photographs. Higher is better.")


def changes(lab: Notebook) -> dict[str, Any]:
    """Give the chapter's augmentation, and noise that is drawn anew each time."""
    return {
        "corruption": ClippedNoise(NOISE, seed=lab.seed),
        "augmentation": RandomAffine(
            rotation=180, zoom=0.1, shear=0.1, shift=0.1, flips=True, seed=lab.seed
        ),
    }


def the_chapter(lab: Notebook, photos: Photos) -> dict[str, Denoised]:
    """Train the chapter's network on thirty pairs, then continue with augmentation."""
    lab.section("The chapter's network, without augmentation")
    encoder, decoder = chapter()
    network = Autoencoder(
        encoder=encoder,
        decoder=decoder,
        optimizer="rmsprop",
        schedule="constant",
        batch_size=32,
        epochs=lab.epochs(EPOCHS),
        warm_start=True,
        random_state=lab.seed,
    )
    lab.fit("the chapter's network", network, photos.train, corrupted=photos.noisy_train)
    lab.network(network)
    caption = "Training loss per epoch, on pairs of noisy and clean photographs."
    lab.losses("loss", network, caption, beside_pca=False)
    losses = {"without augmentation": {"final loss": float(network.history_["loss"][-1])}}
    found = {"the chapter's network": photos.denoised(network.denoise)}

    lab.section("The chapter's network, with augmentation")
    many = np.tile(photos.train, (lab.few(ROUNDS, 10), 1, 1, 1))
    lab.say(
        "Each photograph is rotated, zoomed, sheared, shifted and flipped at random every time, "
        "and its noise is drawn anew: {n} pairs per epoch.",
        n=f"{len(many):,}",
    )
    network.set_params(epochs=lab.epochs(MORE_EPOCHS), **changes(lab))
    lab.fit("the chapter's network, augmented", network, many)
    losses["with augmentation"] = {"final loss": float(network.history_["loss"][-1])}
    lab.results(
        losses,
        recorded={
            ("without augmentation", "final loss"): RECORDED,
            ("with augmentation", "final loss"): RECORDED_AUGMENTED,
        },
        better={},
    )
    captions = (
        "Noisy training photographs, their codes of 1,024 components, and denoised photographs.",
        "Noisy test photographs, their codes of 1,024 components, and denoised photographs.",
    )
    for noisy, caption in zip((photos.noisy_train, photos.noisy), captions, strict=True):
        codes = plotting.code_images(network.transform(noisy[:10]))
        labels = [lab.label(text) for text in ("noisy", "code", "denoised")]
        drawn = [noisy[:10], codes, network.denoise(noisy[:10])]
        name = "codes-test" if noisy is photos.noisy else "codes-train"
        lab.figure(name, plotting.image_blocks(drawn, row_labels=labels), caption)
    return {**found, "the chapter's network, augmented": photos.denoised(network.denoise)}


def ours(lab: Notebook, photos: Photos) -> Denoised:
    """Train jamjae's default on patches of the same photographs."""
    lab.section("jamjae's default")
    lab.say(
        "What changed: thirty photographs are few, but they contain many patches. An autoencoder "
        "of patches of 12 × 12 pixels, with codes of 36 components (about 1,000 per photograph), "
        "learns from patches in all eight orientations. Each denoised pixel is the mean over all "
        "patches that cover it. The training data are the same thirty photographs."
    )
    denoiser = PatchDenoiser(NOISE, epochs=lab.few(12, 1), random_state=lab.seed)
    lab.fit("jamjae", denoiser, photos.train)
    lab.network(denoiser.autoencoder_)
    captions = (
        "Noisy training photographs, the codes of their patches, and denoised photographs.",
        "Noisy test photographs, the codes of their patches, and denoised photographs.",
    )
    for noisy, caption in zip((photos.noisy_train, photos.noisy), captions, strict=True):
        labels = [lab.label(text) for text in ("noisy", "codes of patches", "denoised")]
        drawn = [noisy[:10], tiled(denoiser.codes(noisy[:10])), denoiser.denoise(noisy[:10])]
        name = "jamjae-test" if noisy is photos.noisy else "jamjae-train"
        lab.figure(name, plotting.image_blocks(drawn, row_labels=labels), caption)
    return photos.denoised(denoiser.denoise)


def classical(lab: Notebook, photos: Photos) -> dict[str, Denoised]:
    """Denoise by k-NN, with and without augmentation, and by methods without training."""
    lab.section("The classical methods")
    sigma = float(np.std(photos.noisy_train / 255.0 - photos.train / 255.0))
    lab.say(
        "k-NN returns the mean of the five training photographs whose noisy versions are "
        "nearest. The other methods need no training, but are given the standard deviation of "
        "the noise, {sigma} after clipping.",
        sigma=f"{sigma:.2f}",
    )
    lab.step("k-NN")
    noise = changes(lab)["corruption"]
    plain = NeighborDenoiser(corruption=noise).fit(photos.train)
    many = NeighborDenoiser(copies=lab.few(ROUNDS, 10), **changes(lab)).fit(photos.train)
    found = {
        "k-NN": photos.denoised(plain.denoise),
        "k-NN, augmented": photos.denoised(many.denoise),
    }
    for method in CLASSICAL:
        lab.step(method)
        with lab.optional(method):
            found[method] = photos.denoised(
                partial(denoise_classically, method=method, sigma=sigma)
            )
    return found


def measured(
    train: np.ndarray, test: np.ndarray, found_train: np.ndarray, found: np.ndarray
) -> dict[str, Any]:
    """Measure denoised photographs against the clean ones."""
    learned, unseen = (
        evaluate_reconstruction(train, found_train),
        evaluate_reconstruction(test, found),
    )
    return {
        "PSNR, training": learned.psnr,
        "SSIM, training": learned.ssim,
        "PSNR, test": unseen.psnr,
        "SSIM, test": unseen.ssim,
    }


def tiled(codes: np.ndarray) -> np.ndarray:
    """Arrange the codes of patches (n, rows, columns, k) as the patches lie in the image."""
    n, rows, columns, k = codes.shape
    tiles = plotting.code_images(codes.reshape(-1, k))
    height, width = tiles.shape[1:]
    grid = tiles.reshape(n, rows, columns, height, width).transpose(0, 1, 3, 2, 4)
    return grid.reshape(n, rows * height, columns * width)
