"""LAB 11-1, 11-3 and 11-4: a rolled sheet embedded in a plane by the classical methods."""

from __future__ import annotations

from typing import Any

from sklearn.decomposition import PCA, KernelPCA
from sklearn.manifold import TSNE, Isomap, LocallyLinearEmbedding

from jamjae import compare, make_roll, plotting
from jamjae.labs.notebook import Notebook

KERNELS: dict[str, dict[str, Any]] = {
    "polynomial": {"kernel": "poly", "degree": 5, "gamma": 3.5, "coef0": 3.5},
    "RBF": {"kernel": "rbf", "gamma": 2.2},
    "sigmoid": {"kernel": "sigmoid", "gamma": 1.1, "coef0": 3},
    "cosine": {"kernel": "cosine"},
}


def neighbors(seed: int) -> dict[str, object]:
    """Give the methods that use neighbors, with the chapter's settings."""
    return {
        "LLE": LocallyLinearEmbedding(n_neighbors=10, random_state=seed),
        "Isomap": Isomap(n_neighbors=10),
        "t-SNE": TSNE(init="pca", random_state=seed),
    }


def run(lab: Notebook) -> None:
    """Embed the roll by PCA, kernel PCA with four kernels, LLE, Isomap and t-SNE."""
    lab.section("The rolled sheet")
    lab.say(
        "A sheet is rolled up in three dimensions. Its color shows the position along the sheet."
    )
    roll = make_roll(lab.few(5_000, 500), random_state=lab.seed)
    lab.figure(
        "roll",
        plotting.cloud_grid({lab.label("data"): roll.X}, colors=roll.colors),
        "The rolled sheet.",
    )

    lab.section("PCA and kernel PCA")
    lab.say(
        "PCA is a linear projection, so the sheet stays rolled up. Kernel PCA is nonlinear, but "
        "which kernel helps is not known beforehand."
    )
    methods = {"PCA": PCA(2)}
    for name, options in KERNELS.items():
        methods[f"KernelPCA, {name}"] = KernelPCA(2, random_state=lab.seed, **options)
    lab.comparison("kernels", compare(roll.X, methods=methods, seeds=[lab.seed]), roll.colors)

    lab.section("Methods that use neighbors")
    lab.say(
        "LLE, Isomap and t-SNE only use which points are near each other. Isomap unrolls the "
        "sheet. None of the three can map points of the plane back to the sheet."
    )
    roll = make_roll(lab.few(1_000, 500), random_state=lab.seed)
    found = compare(roll.X, methods=neighbors(lab.seed), seeds=[lab.seed])
    lab.comparison("neighbors", found, roll.colors)
