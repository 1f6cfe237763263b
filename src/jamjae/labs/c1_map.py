"""C1: a map of the clothes, by t-SNE of their codes of 128 numbers."""

from __future__ import annotations

import numpy as np

from jamjae import Autoencoder, latent_map, plotting
from jamjae.evaluation import metrics
from jamjae.labs import lab_12_3_cnn
from jamjae.labs.notebook import Notebook

COMPONENTS, EPOCHS, RECORDED = 128, 15, 351.3  # the loss of pixels from 0 to 255
MAPPED = 3_000  # rows that t-SNE lays out, as in the chapter


def run(lab: Notebook) -> None:
    """Lay out raw pixels, PCA's codes and those of two networks, and judge each by k-NN."""
    lab.section("The data")
    train, test = lab.rows()
    y, y_test = lab.classes(train, least=2), lab.classes(test)
    k = lab.components(COMPONENTS, train.X.shape[1:])

    lab.section("The chapter's network")
    conv = lab.fit_chapter("the chapter's convolutions", lab_12_3_cnn.chapter, k, EPOCHS, train.X)
    lab.network(conv)
    lab.losses("loss", conv, "Loss after each epoch; pixels from 0 to 255.")

    lab.section("jamjae's default")
    lab.say(
        "As many numbers by jamjae's default network. What changed: dense layers that start as "
        "PCA, in place of convolutions."
    )
    ours = lab.fit("jamjae", Autoencoder(k, **lab.default), train.X)
    lab.network(ours)

    lab.section("The maps")
    shown = train.X[: lab.few(MAPPED, 500)]
    lab.say(
        "t-SNE lays out the first {n} rows by who is near whom: by their raw values, by PCA's "
        "numbers, and by the codes of either network.",
        n=f"{len(shown):,}",
    )
    pca = ours.baseline_
    ways = {
        "raw values": lambda X: X.reshape(len(X), -1).astype(np.float32),
        f"PCA {k}": pca.transform,
        "the chapter's convolutions": conv.transform,
        "jamjae": ours.transform,
    }
    maps, numbers = {}, {}
    for name, transform in ways.items():
        lab.say_step(f"t-SNE: {name}")
        codes, unseen = transform(train.X), transform(test.X)
        maps[lab.label(name)] = latent_map(codes[: len(shown)], random_state=lab.seed).points
        classes = y[: len(shown)]
        numbers[name] = {
            "1-NN accuracy": metrics.knn_accuracy(codes, y, unseen, y_test, n_neighbors=1),
            "5-NN accuracy": metrics.knn_accuracy(codes, y, unseen, y_test, n_neighbors=5),
            "neighborhood hit of the map": metrics.neighborhood_hit(
                maps[lab.label(name)], classes, n_neighbors=5
            ),
        }
    drawn = plotting.embedding_grid(
        maps,
        {name: y[: len(shown)] for name in maps},
        class_names=train.class_names or None,
        columns=2,
        size=4.2,
    )
    lab.picture("maps", drawn, "t-SNE of the same rows, in the colours of their classes.")
    lab.say(
        "k-NN is fitted to the training rows' numbers and finds the classes of the test rows. The "
        "hit of a map is the share of the five nearest points in it that are of a point's class."
    )
    lab.results(numbers, better=dict.fromkeys(next(iter(numbers.values())), max))

    lab.section("Beside PCA")
    lab.restorations(
        {"the chapter's convolutions": conv, "jamjae": ours, f"PCA {k}": pca},
        train.X,
        test.X,
        recorded={"the chapter's convolutions": RECORDED},
    )
