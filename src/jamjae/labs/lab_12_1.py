"""LAB 12-1: the roll compressed to two components, by a network of 17 parameters."""

from __future__ import annotations

from functools import partial

import keras
import numpy as np
from keras.layers import Dense
from sklearn.decomposition import PCA

from jamjae import Autoencoder, compare, make_roll, plotting
from jamjae.labs.manifolds import neighbors
from jamjae.labs.notebook import Notebook

EPOCHS, RECORDED, SEEDS = 30, 0.0369, 15


def chapter(seed: int, widths: tuple[int, ...] = (2,), epochs: int = EPOCHS) -> Autoencoder:
    """Make the chapter's network and recipe: ELU after every layer, RMSprop, batches of 32."""
    keras.utils.set_random_seed(seed)
    inward = [Dense(width, activation="elu") for width in widths]
    outward = [Dense(width, activation="elu") for width in (*widths[1:], 3)]
    return Autoencoder(
        encoder=keras.Sequential([keras.Input((3,)), *inward]),
        decoder=keras.Sequential([keras.Input((2,)), *outward]),
        scaling=None,
        optimizer="rmsprop",
        schedule="constant",
        batch_size=32,
        epochs=epochs,
        random_state=seed,
    )


def run(lab: Notebook) -> None:
    """Encode the roll by the chapter's first network, and by jamjae's default."""
    show(lab, (2,), RECORDED)


def show(lab: Notebook, widths: tuple[int, ...], recorded: float) -> None:
    """Train a network of these widths with fifteen seeds, and compare it with other methods."""
    make = partial(chapter, widths=widths, epochs=lab.epochs(EPOCHS))
    train, unseen = (
        make_roll(lab.few(1_500, 500), random_state=seed) for seed in (lab.seed, lab.seed + 1)
    )

    lab.section("The chapter's network")
    n = f"{len(train.X):,}"
    lab.say(
        "{n} points of a rolled sheet are encoded in two components and decoded to three "
        "dimensions.",
        n=n,
    )
    models = [
        lab.fit(f"seed {seed}", make(seed), train.X) for seed in range(lab.seed, lab.seed + SEEDS)
    ]
    losses = [model.history_["loss"][-1] for model in models]
    middle = models[int(np.argsort(losses)[SEEDS // 2])]
    lab.network(middle)
    lab.results(
        {
            "median of 15 seeds": {"final loss": float(np.median(losses))},
            "best seed": {"final loss": float(min(losses))},
            "worst seed": {"final loss": float(max(losses))},
        },
        recorded={("median of 15 seeds", "final loss"): recorded},
        better={},
    )
    lab.losses("loss", middle, "Training loss per epoch, for the median seed.")
    lab.figure(
        "embedding",
        plotting.code_scatter(middle.transform(train.X), colors=train.colors),
        "Codes of the roll, for the median seed.",
    )

    lab.section("jamjae's default")
    lab.say(
        "The same points and the same number of components. What changed: the network starts as "
        "PCA and has hidden layers with GELU, the data are scaled, and Adam's learning rate "
        "rises and falls over a number of epochs that jamjae chooses."
    )
    ours = lab.fit("jamjae", Autoencoder(2, **lab.default), train.X)
    lab.network(ours)
    clouds = {
        lab.label("data"): train.X,
        lab.label("reconstructed by the chapter's network"): middle.reconstruct(train.X),
        lab.label("reconstructed by jamjae"): ours.reconstruct(train.X),
    }
    lab.figure(
        "reconstructed",
        plotting.cloud_grid(clouds, colors=train.colors),
        "The roll, and its reconstructions from two components per point.",
    )
    lab.results(
        {
            name: {
                "MSE, training points": lab.error(model, train.X),
                "MSE, new points": lab.error(model, unseen.X),
            }
            for name, model in (("the chapter's network", middle), ("jamjae", ours))
        }
    )

    lab.section("Comparison with the classical methods")
    found = compare(
        train.X,
        methods={
            "PCA": PCA(2),
            **neighbors(lab.seed),
            lab.label("the chapter's network"): lambda setting: make(setting.seed),
            "jamjae": Autoencoder(2, **lab.default),
        },
        test=unseen.X,
        seeds=[lab.seed],
        n_neighbors=10,
    )
    lab.comparison("embeddings", found, train.colors)
