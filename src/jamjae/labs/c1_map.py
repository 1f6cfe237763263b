"""Challenge 1: a map of clothes, by t-SNE of their codes of 128 components."""

from __future__ import annotations

import numpy as np

from jamjae import Autoencoder, latent_map, plotting
from jamjae.evaluation import metrics
from jamjae.labs import lab_12_3_cnn
from jamjae.labs.notebook import Notebook

COMPONENTS, EPOCHS, RECORDED = 128, 15, 351.3  # the loss of pixels from 0 to 255
MAPPED = 3_000  # rows in the t-SNE maps, as in the chapter


def run(lab: Notebook) -> None:
    """Map raw pixels, PCA's codes and those of two networks, and evaluate each by k-NN."""
    lab.section("The data")
    train, test = lab.rows()
    y, y_test = lab.classes(train, least=2), lab.classes(test)
    k = lab.components(COMPONENTS, train.X.shape[1:])

    lab.section("The chapter's network")
    conv = lab.fit_chapter(
        "the chapter's convolutional network", lab_12_3_cnn.chapter, k, EPOCHS, train.X
    )
    lab.network(conv)
    lab.losses("loss", conv, "Training loss per epoch, for pixels from 0 to 255.")

    lab.section("jamjae's default")
    lab.say(
        "The same number of components with jamjae's default network. What changed: dense layers "
        "that start as PCA replace the convolutions."
    )
    ours = lab.fit("jamjae", Autoencoder(k, **lab.default), train.X)
    lab.network(ours)

    lab.section("The maps")
    shown = train.X[: lab.few(MAPPED, 500)]
    lab.say(
        "t-SNE embeds the first {n} rows so that near rows stay near: from their raw values, "
        "from their PCA components, and from the codes of each network.",
        n=f"{len(shown):,}",
    )
    pca = ours.baseline_
    ways = {
        "raw values": lambda X: X.reshape(len(X), -1).astype(np.float32),
        f"PCA {k}": pca.transform,
        "the chapter's convolutional network": conv.transform,
        "jamjae": ours.transform,
    }
    maps, numbers = {}, {}
    for name, transform in ways.items():
        lab.step(f"t-SNE: {name}")
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
    lab.figure("maps", drawn, "t-SNE of the same rows. Colors show the classes.")
    lab.say(
        "k-NN is fitted to the codes of the training rows and predicts the classes of the test "
        "rows. The neighborhood hit of a map is the share of each point's five nearest neighbors "
        "that belong to its class."
    )
    lab.results(numbers, better=dict.fromkeys(next(iter(numbers.values())), max))

    lab.section("Comparison with PCA")
    lab.reconstructions(
        {"the chapter's convolutional network": conv, "jamjae": ours, f"PCA {k}": pca},
        train.X,
        test.X,
        recorded={"the chapter's convolutional network": RECORDED},
    )
