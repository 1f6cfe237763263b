"""Assignment 2: noise taken from photographs, by networks, by neighbours and classically."""

from __future__ import annotations

import keras
import numpy as np
from keras.layers import Conv2D, Conv2DTranspose, Dense, Flatten, Reshape

from jamjae import Autoencoder, metrics, plotting
from jamjae.denoising import CLASSICAL, NeighborDenoiser, PatchDenoiser, denoise_classically
from jamjae.labs.notebook import Notebook
from jamjae.layers import ClippedNoise, RandomAffine

NOISE, EPOCHS, MORE_EPOCHS, ROUNDS = 0.3, 100, 50, 401  # rounds of 30 photographs: 12,030
RECORDED, RECORDED_AUGMENTED = 0.0155, 0.0043  # training losses, pixels from 0 to 1


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


def run(lab: Notebook) -> None:
    """Learn from thirty photographs to take noise from ten others."""
    lab.section("The photographs")
    train, test = (half.X for half in lab.photos())
    noisy_train, noisy = add_noise(train, lab.seed + 1), add_noise(test, lab.seed + 2)
    lab.picture(
        "photographs",
        plotting.image_blocks([train, noisy_train], row_labels=[lab.label("clean"), lab.label("noisy")]),
        "The photographs to learn from, and their noisy versions.",
    )
    changes = {
        "corruption": ClippedNoise(NOISE, seed=lab.seed),
        "augmentation": RandomAffine(
            rotation=180, zoom=0.1, shear=0.1, shift=0.1, flips=True, seed=lab.seed
        ),
    }
    denoised = {"noisy": (noisy_train, noisy)}

    def note(name: str, denoiser) -> None:
        denoised[name] = (denoiser.denoise(noisy_train), denoiser.denoise(noisy))

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
    lab.fit("the chapter's network", network, train, corrupted=noisy_train)
    lab.network(network)
    caption = "Loss after each epoch, on pairs of noisy and clean photographs."
    lab.losses("loss", network, caption, beside_pca=False)
    losses = {"without augmentation": {"final loss": float(network.history_["loss"][-1])}}
    note("the chapter's network", network)

    lab.section("The chapter's network, with augmentation")
    lab.say(
        "Every photograph is turned, zoomed, sheared, shifted and mirrored anew each time, and so "
        "is its noise: {n} pairs an epoch.",
        n=f"{len(train) * lab.few(ROUNDS, 10):,}",
    )
    network.set_params(epochs=lab.epochs(MORE_EPOCHS), **changes)
    many = np.tile(train, (lab.few(ROUNDS, 10), 1, 1, 1))
    lab.fit("the chapter's network, augmented", network, many)
    losses["with augmentation"] = {"final loss": float(network.history_["loss"][-1])}
    note("the chapter's network, augmented", network)
    lab.results(
        losses,
        recorded={
            ("without augmentation", "final loss"): RECORDED,
            ("with augmentation", "final loss"): RECORDED_AUGMENTED,
        },
        better={},
    )
    for name, photos in (("train", noisy_train), ("test", noisy)):
        codes = plotting.code_images(network.transform(photos[:10]))
        rows = [photos[:10], codes, network.denoise(photos[:10])]
        labels = [lab.label(text) for text in ("noisy", "code", "restored")]
        text = "Photographs it learned from" if name == "train" else "Photographs it never saw"
        drawn = plotting.image_blocks(rows, row_labels=labels)
        lab.picture(f"codes-{name}", drawn, text + ", their codes of 1,024 numbers, restorations.")

    lab.section("jamjae's default")
    lab.say(
        "What changed: thirty photographs are few, but the patches in them are many. An "
        "autoencoder of 12 × 12 pixels with a code of 36 numbers, about 1,000 for a photograph, "
        "learns from patches in all eight ways they can lie, and each pixel becomes the mean of "
        "what all patches around it say. It learns from the same thirty photographs, no more."
    )
    short = {"epochs": 1} if lab.quick else {}
    ours = PatchDenoiser(NOISE, random_state=lab.seed, **short)
    lab.fit("jamjae", ours, train)
    lab.network(ours.autoencoder_)
    note("jamjae", ours)
    for name, photos in (("train", noisy_train), ("test", noisy)):
        tiles = tiled(ours.codes(photos[:10]))
        rows = [photos[:10], tiles, ours.denoise(photos[:10])]
        labels = [lab.label(text) for text in ("noisy", "codes of patches", "restored")]
        text = "Photographs it learned from" if name == "train" else "Photographs it never saw"
        drawn = plotting.image_blocks(rows, row_labels=labels)
        lab.picture(f"jamjae-{name}", drawn, text + ", the codes of their patches, restorations.")

    lab.section("The classical rivals")
    sigma = float(np.std(noisy_train / 255.0 - train / 255.0))
    lab.say(
        "k-NN gives back the mean of the five photographs whose noisy versions are nearest. The "
        "others learn nothing; they are told how strong the noise is, {sigma} after clipping.",
        sigma=f"{sigma:.2f}",
    )
    lab.say_step("k-NN")
    corruption = changes["corruption"]
    note("k-NN", NeighborDenoiser(corruption=corruption).fit(train))
    copies = lab.few(ROUNDS, 10)
    note("k-NN, augmented", NeighborDenoiser(copies=copies, **changes).fit(train))
    for method in CLASSICAL:
        lab.say_step(method)
        with lab.optional(method):
            denoised[method] = tuple(
                denoise_classically(photos, method, sigma) for photos in (noisy_train, noisy)
            )

    lab.section("Beside each other")
    few = slice(0, 6)
    chosen = ["noisy", "k-NN, augmented", "the chapter's network, augmented", "total variation",
              "BM3D", "jamjae"]
    chosen = [name for name in chosen if name in denoised]
    drawn = plotting.image_grid(
        [test[few], *(denoised[name][1][few] for name in chosen)],
        row_labels=[lab.label(name) for name in ("clean", *chosen)],
    )
    lab.picture("denoised", drawn, "Photographs that nothing was learned from, restored by each.")
    lab.results(
        {name: judged(train, test, *found) for name, found in denoised.items()},
        better=dict.fromkeys(("PSNR, test", "SSIM, test"), max),
    )
    lab.say("PSNR in decibels and SSIM are means over the photographs; higher is better.")


def judged(
    train: np.ndarray, test: np.ndarray, found_train: np.ndarray, found: np.ndarray
) -> dict[str, float]:
    """Measure denoised photographs against the clean ones."""
    return {
        "PSNR, training": metrics.psnr(train, found_train, data_range=255.0),
        "SSIM, training": metrics.ssim(train, found_train, data_range=255.0),
        "PSNR, test": metrics.psnr(test, found, data_range=255.0),
        "SSIM, test": metrics.ssim(test, found, data_range=255.0),
    }


def tiled(codes: np.ndarray) -> np.ndarray:
    """Lay the codes of patches (n, rows, columns, k) out where the patches are."""
    n, rows, columns, k = codes.shape
    tiles = plotting.code_images(codes.reshape(-1, k))
    height, width = tiles.shape[1:]
    grid = tiles.reshape(n, rows, columns, height, width).transpose(0, 1, 3, 2, 4)
    return grid.reshape(n, rows * height, columns * width)
