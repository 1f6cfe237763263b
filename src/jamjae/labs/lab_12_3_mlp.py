"""LAB 12-3: pictures through 64 numbers, by dense networks."""

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
    """Compress and restore pictures by the chapter's dense network, and by jamjae's default."""
    lab.section("The data")
    train, test = lab.rows()
    k = lab.components(COMPONENTS, train.X.shape[1:])

    lab.section("The chapter's network")
    dense = lab.fit_chapter("the chapter's dense network", chapter, k, EPOCHS, train.X)
    lab.network(dense)
    lab.losses("loss", dense, "Loss after each epoch; pixels from 0 to 255.")
    lab.restored(
        "chapter-train", dense, train.X, "Pictures it was trained on, codes, restorations."
    )
    lab.restored("chapter-test", dense, test.X, "Pictures it never saw, codes, restorations.")

    lab.section("jamjae's default")
    lab.say(
        "The same pictures through as many numbers. What changed: the network starts as PCA and "
        "has one wide hidden layer with GELU each way, pixels are divided by 255, and Adam's "
        "learning rate rises and falls over 20 epochs."
    )
    ours = lab.fit("jamjae", Autoencoder(k, **lab.default), train.X)
    lab.network(ours)
    lab.restored("jamjae-test", ours, test.X, "Pictures jamjae never saw, codes, restorations.")

    lab.section("Beside PCA")
    lab.say("PCA takes as many numbers and a fraction of the time. Who loses to it, loses.")
    lab.restorations(
        {"the chapter's dense network": dense, "jamjae": ours, f"PCA {k}": ours.baseline_},
        train.X,
        test.X,
        recorded={"the chapter's dense network": RECORDED},
    )
