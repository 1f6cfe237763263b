"""Assignment 2: noise taken from photographs, by networks, by neighbors and classically."""

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


Pair: TypeAlias = tuple[np.ndarray, np.ndarray]  # restored: those to learn from, and others


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
    """Clean photographs and their noisy versions: to learn from, and to judge by."""

    train: np.ndarray
    noisy_train: np.ndarray
    test: np.ndarray
    noisy: np.ndarray

    def denoised(self, denoise: Callable[[np.ndarray], np.ndarray]) -> Pair:
        """Restore both parts."""
        return denoise(self.noisy_train), denoise(self.noisy)


def run(lab: Notebook) -> None:
    """Learn from thirty photographs to take noise from ten others."""
    lab.section("The photographs")
    train, test = (half.X for half in lab.photos())
    photos = Photos(train, add_noise(train, lab.seed + 1), test, add_noise(test, lab.seed + 2))
    labels = [lab.label(text) for text in ("clean", "noisy")]
    drawn = plotting.image_blocks([photos.train, photos.noisy_train], row_labels=labels)
    lab.picture("photographs", drawn, "The photographs to learn from, and their noisy versions.")
    denoised = {
        "noisy": (photos.noisy_train, photos.noisy),
        **the_chapter(lab, photos),
        "jamjae": ours(lab, photos),
        **rivals(lab, photos),
    }

    lab.section("Beside each other")
    best = ("k-NN, augmented", "the chapter's network, augmented", "total variation", "BM3D")
    chosen = [name for name in ("noisy", *best, "jamjae") if name in denoised]
    drawn = plotting.image_grid(
        [photos.test[:6], *(denoised[name][1][:6] for name in chosen)],
        row_labels=[lab.label(name) for name in ("clean", *chosen)],
    )
    lab.picture("denoised", drawn, "Photographs that nothing was learned from, restored by each.")
    lab.results(
        {name: judged(train, test, *found) for name, found in denoised.items()},
        better=dict.fromkeys(("PSNR, test", "SSIM, test"), max),
    )
    lab.say("PSNR in decibels and SSIM are means over the photographs; higher is better.")


def changes(lab: Notebook) -> dict[str, Any]:
    """Make the chapter's augmentation, and noise that is drawn anew each time."""
    return {
        "corruption": ClippedNoise(NOISE, seed=lab.seed),
        "augmentation": RandomAffine(
            rotation=180, zoom=0.1, shear=0.1, shift=0.1, flips=True, seed=lab.seed
        ),
    }


def the_chapter(lab: Notebook, photos: Photos) -> dict[str, Pair]:
    """Train the chapter's network on thirty pairs, and go on with augmentation."""
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
    caption = "Loss after each epoch, on pairs of noisy and clean photographs."
    lab.losses("loss", network, caption, beside_pca=False)
    losses = {"without augmentation": {"final loss": float(network.history_["loss"][-1])}}
    found = {"the chapter's network": photos.denoised(network.denoise)}

    lab.section("The chapter's network, with augmentation")
    many = np.tile(photos.train, (lab.few(ROUNDS, 10), 1, 1, 1))
    lab.say(
        "Every photograph is turned, zoomed, sheared, shifted and mirrored anew each time, and so "
        "is its noise: {n} pairs an epoch.",
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
        "Photographs it learned from, their codes of 1,024 numbers, restorations.",
        "Photographs it never saw, their codes of 1,024 numbers, restorations.",
    )
    for noisy, caption in zip((photos.noisy_train, photos.noisy), captions, strict=True):
        codes = plotting.code_images(network.transform(noisy[:10]))
        labels = [lab.label(text) for text in ("noisy", "code", "restored")]
        drawn = [noisy[:10], codes, network.denoise(noisy[:10])]
        name = "codes-test" if noisy is photos.noisy else "codes-train"
        lab.picture(name, plotting.image_blocks(drawn, row_labels=labels), caption)
    return {**found, "the chapter's network, augmented": photos.denoised(network.denoise)}


def ours(lab: Notebook, photos: Photos) -> Pair:
    """Train jamjae's default on patches of the same photographs."""
    lab.section("jamjae's default")
    lab.say(
        "What changed: thirty photographs are few, but the patches in them are many. An "
        "autoencoder of 12 × 12 pixels with a code of 36 numbers, about 1,000 for a photograph, "
        "learns from patches in all eight ways they can lie, and each pixel becomes the mean of "
        "what all patches around it say. It learns from the same thirty photographs, no more."
    )
    denoiser = PatchDenoiser(NOISE, epochs=lab.few(12, 1), random_state=lab.seed)
    lab.fit("jamjae", denoiser, photos.train)
    lab.network(denoiser.autoencoder_)
    captions = (
        "Photographs it learned from, the codes of their patches, restorations.",
        "Photographs it never saw, the codes of their patches, restorations.",
    )
    for noisy, caption in zip((photos.noisy_train, photos.noisy), captions, strict=True):
        labels = [lab.label(text) for text in ("noisy", "codes of patches", "restored")]
        drawn = [noisy[:10], tiled(denoiser.codes(noisy[:10])), denoiser.denoise(noisy[:10])]
        name = "jamjae-test" if noisy is photos.noisy else "jamjae-train"
        lab.picture(name, plotting.image_blocks(drawn, row_labels=labels), caption)
    return photos.denoised(denoiser.denoise)


def rivals(lab: Notebook, photos: Photos) -> dict[str, Pair]:
    """Denoise by neighbors, with and without augmentation, and by what learns nothing."""
    lab.section("The classical rivals")
    sigma = float(np.std(photos.noisy_train / 255.0 - photos.train / 255.0))
    lab.say(
        "k-NN gives back the mean of the five photographs whose noisy versions are nearest. The "
        "others learn nothing; they are told how strong the noise is, {sigma} after clipping.",
        sigma=f"{sigma:.2f}",
    )
    lab.say_step("k-NN")
    noise = changes(lab)["corruption"]
    plain = NeighborDenoiser(corruption=noise).fit(photos.train)
    many = NeighborDenoiser(copies=lab.few(ROUNDS, 10), **changes(lab)).fit(photos.train)
    found = {
        "k-NN": photos.denoised(plain.denoise),
        "k-NN, augmented": photos.denoised(many.denoise),
    }
    for method in CLASSICAL:
        lab.say_step(method)
        with lab.optional(method):
            found[method] = photos.denoised(
                partial(denoise_classically, method=method, sigma=sigma)
            )
    return found


def judged(
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
    """Lay the codes of patches (n, rows, columns, k) out where the patches are."""
    n, rows, columns, k = codes.shape
    tiles = plotting.code_images(codes.reshape(-1, k))
    height, width = tiles.shape[1:]
    grid = tiles.reshape(n, rows, columns, height, width).transpose(0, 1, 3, 2, 4)
    return grid.reshape(n, rows * height, columns * width)
