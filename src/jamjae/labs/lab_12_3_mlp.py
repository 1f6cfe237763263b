"""LAB 12-3: images compressed to 64 components by dense networks."""

from __future__ import annotations

import math

import keras
from keras.layers import Dense, Flatten, Reshape

from jamjae import Autoencoder
from jamjae.labs.notebook import Notebook

COMPONENTS, EPOCHS, RECORDED = 64, 15, 909.2  # the loss of pixels from 0 to 255


def chapter(shape: tuple[int, ...], k: int) -> tuple[keras.Model, keras.Model]:
    """Make the chapter's pair: three layers of ELU each way, none wider than the code."""
    size = math.prod(shape)
    inward = [Dense(k, activation="elu") for _ in range(3)]
    outward = [Dense(width, activation="elu") for width in (k, k, size)]
    return (
        keras.Sequential([keras.Input(shape), Flatten(), *inward]),
        keras.Sequential([keras.Input((k,)), *outward, Reshape(shape)]),
    )


def run(lab: Notebook) -> None:
    """Compress images by the chapter's dense network, and by jamjae's default."""
    lab.section("The data")
    train, test = lab.rows()
    k = lab.components(COMPONENTS, train.X.shape[1:])

    lab.section("The chapter's network")
    dense = lab.fit_chapter("the chapter's dense network", chapter, k, EPOCHS, train.X)
    lab.network(dense)
    lab.losses("loss", dense, "Training loss per epoch, for pixels from 0 to 255.")
    lab.reconstructed(
        "chapter-train", dense, train.X, "Training images, their codes and their reconstructions."
    )
    lab.reconstructed(
        "chapter-test", dense, test.X, "Test images, their codes and their reconstructions."
    )

    lab.section("jamjae's default")
    lab.say(
        "The same images and the same number of components. What changed: the network starts as "
        "PCA, encoder and decoder have one wide hidden layer with GELU each, pixels are divided "
        "by 255, and Adam's learning rate rises and falls over 20 epochs."
    )
    ours = lab.fit("jamjae", Autoencoder(k, **lab.default), train.X)
    lab.network(ours)
    lab.reconstructed(
        "jamjae-test", ours, test.X, "Test images, their codes and their reconstructions."
    )

    lab.section("Comparison with PCA")
    lab.say(
        "With the same number of components, PCA takes a fraction of the time. A network is "
        "worth training only if its error is lower."
    )
    lab.reconstructions(
        {"the chapter's dense network": dense, "jamjae": ours, f"PCA {k}": ours.baseline_},
        train.X,
        test.X,
        recorded={"the chapter's dense network": RECORDED},
    )
