"""LAB 12-3: images compressed to 64 components by convolutional networks."""

from __future__ import annotations

import keras
from keras.layers import Conv2D, Conv2DTranspose, Dense, Flatten, Reshape

from jamjae import Autoencoder
from jamjae.errors import InvalidDataError
from jamjae.labs import lab_12_3_mlp
from jamjae.labs.notebook import Notebook

COMPONENTS, EPOCHS, RECORDED = 64, 15, 479.8  # the loss of pixels from 0 to 255
SMALLEST = 5  # pixels of a side: each convolution takes two


def chapter(shape: tuple[int, ...], k: int) -> tuple[keras.Model, keras.Model]:
    """Make the chapter's pair: two convolutions and a dense layer, and the same way back."""
    if len(shape) < 2 or min(shape[:2]) < SMALLEST:
        raise InvalidDataError(
            f"The chapter's convolutions take images of {SMALLEST} x {SMALLEST} pixels or more; "
            f"rows of shape {shape} were given. The lab 12-3-mlp takes rows of any shape."
        )
    height, width, channels = (*shape, 1)[:3]
    grid = (height - 4, width - 4, 16)  # what two 3 x 3 windows leave
    encoder = [
        keras.Input(shape),
        Reshape((height, width, channels)),
        Conv2D(16, 3, activation="elu"),
        Conv2D(16, 3, activation="elu"),
        Flatten(),
        Dense(k, activation="elu"),
    ]
    decoder = [
        keras.Input((k,)),
        Dense(grid[0] * grid[1] * grid[2], activation="elu"),
        Reshape(grid),
        Conv2DTranspose(16, 3, activation="elu"),
        Conv2DTranspose(channels, 3, activation="elu"),
        Reshape(shape),
    ]
    return keras.Sequential(encoder), keras.Sequential(decoder)


def run(lab: Notebook) -> None:
    """Compress images by the chapter's convolutional network, beside dense networks."""
    lab.section("The data")
    train, test = lab.rows()
    k = lab.components(COMPONENTS, train.X.shape[1:])

    lab.section("The chapter's network")
    conv = lab.fit_chapter("the chapter's convolutional network", chapter, k, EPOCHS, train.X)
    lab.network(conv)
    lab.losses("loss", conv, "Training loss per epoch, for pixels from 0 to 255.")
    lab.reconstructed(
        "chapter-train", conv, train.X, "Training images, their codes and their reconstructions."
    )
    lab.reconstructed(
        "chapter-test", conv, test.X, "Test images, their codes and their reconstructions."
    )

    lab.section("jamjae's default")
    lab.say(
        "The same images and the same number of components. What changed: for images of this "
        "size jamjae uses dense layers that start as PCA. They train in a fraction of the time "
        "that convolutions take."
    )
    ours = lab.fit("jamjae", Autoencoder(k, **lab.default), train.X)
    lab.network(ours)
    lab.reconstructed(
        "jamjae-test", ours, test.X, "Test images, their codes and their reconstructions."
    )

    lab.section("Comparison with the dense network and PCA")
    dense = lab.fit_chapter(
        "the chapter's dense network", lab_12_3_mlp.chapter, k, lab_12_3_mlp.EPOCHS, train.X
    )
    lab.reconstructions(
        {
            "the chapter's convolutional network": conv,
            "the chapter's dense network": dense,
            "jamjae": ours,
            f"PCA {k}": ours.baseline_,
        },
        train.X,
        test.X,
        recorded={
            "the chapter's convolutional network": RECORDED,
            "the chapter's dense network": lab_12_3_mlp.RECORDED,
        },
    )
