"""Autoencoders beside the classical methods: the rolled sheet, and Fashion-MNIST.

Run it from the root of the project::

    .venv/bin/python benchmarks/comparisons.py roll docs
    JAMJAE_DATA=../shared/data .venv/bin/python benchmarks/comparisons.py clothes build/clothes

``roll`` lays out the course's roll (1,500 points of 3 numbers in a plane) by eleven methods and
judges them on 1,500 points of another roll; the second argument is the folder for
``roll-embeddings.png``. ``clothes`` fits 50,000 of Fashion-MNIST's training images through 2 and
through 64 numbers and judges on the test images, as the paper of Parametric UMAP (Sainburg,
McInnes & Gentner 2021) does; the report goes into the folder (about an hour).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")  # jamjae sets it too, if imported before Keras

import keras
from keras.layers import Dense
from sklearn.decomposition import KernelPCA
from sklearn.manifold import TSNE, Isomap, LocallyLinearEmbedding

from jamjae import Autoencoder, compare, fetch_fashion_mnist, make_roll, plotting, report

POINTS, NEIGHBORS = 1500, 12
KERNELS = {
    "polynomial": {"kernel": "poly", "degree": 5, "gamma": 3.5, "coef0": 3.5},
    "RBF": {"kernel": "rbf", "gamma": 2.2},
    "sigmoid": {"kernel": "sigmoid", "gamma": 1.1, "coef0": 3},
    "cosine": {"kernel": "cosine"},
}
TRAINED = 50_000  # of the 60,000 images, as in the paper


def chapter(*widths: int):
    """LAB 12-1 and 12-2: ELU after every layer, RMSprop, 30 epochs of batches of 32."""

    def make(setting):
        keras.utils.set_random_seed(setting.seed)
        encoder = [Dense(width, activation="elu") for width in widths]
        decoder = [Dense(width, activation="elu") for width in (*widths[1:], 3)]
        return Autoencoder(
            encoder=keras.Sequential([keras.Input((3,)), *encoder]),
            decoder=keras.Sequential([keras.Input((2,)), *decoder]),
            scaling=None,
            optimizer="rmsprop",
            schedule="constant",
            batch_size=32,
            epochs=30,
            random_state=setting.seed,
        )

    return make


def roll(folder: str) -> None:
    train, test = (make_roll(POINTS, random_state=seed) for seed in (0, 1))
    methods = {"PCA": "pca"}
    for name, options in KERNELS.items():
        restores = name != "polynomial"  # whose kernel matrix is too ill-conditioned to come back
        methods[f"KernelPCA, {name}"] = KernelPCA(2, fit_inverse_transform=restores, **options)
    methods |= {
        "LLE": LocallyLinearEmbedding(n_neighbors=NEIGHBORS),
        "Isomap": Isomap(n_neighbors=NEIGHBORS),
        "t-SNE": TSNE(init="pca"),
        "LAB 12-1, 17 weights": chapter(2),
        "LAB 12-2, 41 weights": chapter(2, 2, 2),
        "jamjae": "autoencoder",
        "jamjae, guided by Isomap": lambda setting: Autoencoder(
            guide=Isomap(n_neighbors=NEIGHBORS), random_state=setting.seed
        ),
    }
    found = compare(train.X, methods=methods, test=test.X, seeds=1, n_neighbors=NEIGHBORS)
    print(found.text(110))
    figure = found.embeddings(colors=train.colors)
    plotting.save(figure, Path(folder) / "roll-embeddings.png")


def clothes(folder: str) -> None:
    train, test = fetch_fashion_mnist(), fetch_fashion_mnist("test")
    began = time.perf_counter()
    found = compare(
        train.X[:TRAINED],
        train.y[:TRAINED],
        test=(test.X, test.y),
        n_components=[2, 64],
        seeds=1,
        on_progress=lambda p: print(f"{time.perf_counter() - began:.0f} s: {p.title}", flush=True),
    )
    print(found.text(140))
    page = report.of_comparison(found, "Fashion-MNIST", class_names=train.class_names)
    print(report.write(page, folder))


if __name__ == "__main__":
    {"roll": roll, "clothes": clothes}[sys.argv[1]](*sys.argv[2:])
