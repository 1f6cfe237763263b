"""Autoencoders beside the classical methods: the rolled sheet, and Fashion-MNIST.

Run it from the root of the project::

    .venv/bin/python benchmarks/comparisons.py roll docs
    JAMJAE_DATA=../shared/data .venv/bin/python benchmarks/comparisons.py clothes build/clothes

``roll`` lays out the course's roll (1,500 points of 3 numbers in a plane) by twelve methods,
those that are drawn by chance 15 times, and judges them on 1,500 points of another roll; the second
argument is the folder for ``roll-embeddings.png``. ``clothes`` fits 50,000 of Fashion-MNIST's
training images through 2 and through 64 numbers and judges on the test images, as the paper of
Parametric UMAP (Sainburg, McInnes & Gentner 2021) does; the report goes into the folder (about an
hour).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")  # jamjae sets it too, if imported before Keras

from sklearn.decomposition import KernelPCA
from sklearn.manifold import TSNE, Isomap, LocallyLinearEmbedding

from jamjae import Autoencoder, compare, fetch_fashion_mnist, make_roll, plotting, report
from jamjae.labs.lab_12_1 import chapter
from jamjae.labs.manifolds import KERNELS

POINTS, NEIGHBORS, SEEDS = 1500, 12, 15
TRAINED = 50_000  # of the 60,000 images, as in the paper


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
        "LAB 12-1, 17 weights": lambda setting: chapter(setting.seed),
        "LAB 12-2, 41 weights": lambda setting: chapter(setting.seed, (2, 2, 2)),
        "jamjae": "autoencoder",
        "jamjae, guided by Isomap": lambda setting: Autoencoder(
            guide=Isomap(n_neighbors=NEIGHBORS), random_state=setting.seed
        ),
    }
    found = compare(train.X, methods=methods, test=test.X, seeds=SEEDS, n_neighbors=NEIGHBORS)
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
