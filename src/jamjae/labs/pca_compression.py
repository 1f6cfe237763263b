"""LAB 11-2: images compressed to 100 and to 25 components by PCA."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from jamjae import plotting
from jamjae.labs.notebook import Notebook


def run(lab: Notebook) -> None:
    """Compress images by PCA, show their codes, and reconstruct them."""
    lab.section("The data")
    train, test = lab.rows()
    flat = train.X.reshape(len(train.X), -1)

    lab.section("Compressed by PCA")
    lab.say(
        "PCA keeps the directions in which the data vary most. The code of an image has one "
        "component per direction. Drawn as an image itself, a code shows nothing that can be "
        "recognized."
    )
    found = {}
    for asked in (100, 25):
        k = lab.components(asked, train.X.shape[1:])
        pca = PCA(k, random_state=lab.seed).fit(flat)
        if train.X.ndim > 2:
            draw(lab, pca, train.X[:50])
        found[f"PCA {k}"] = {
            "components": k,
            "MSE, training rows": lab.error(pca, train.X),
            "MSE, test rows": lab.error(pca, test.X),
            "explained variance": float(pca.explained_variance_ratio_.sum()),
        }

    lab.section("Reconstruction error")
    lab.results(found, better={"MSE, training rows": min, "MSE, test rows": min})


def draw(lab: Notebook, pca: PCA, images: np.ndarray) -> None:
    """Draw images, their codes as images, and their reconstructions."""
    codes = pca.transform(images.reshape(len(images), -1))
    rows = [images, plotting.code_images(codes), pca.inverse_transform(codes).reshape(images.shape)]
    labels = [lab.label(text) for text in ("original", "code", "reconstruction")]
    lab.figure(
        f"pca-{codes.shape[1]}",
        plotting.image_blocks(rows, row_labels=labels),
        "Fifty images, their codes of {k} components, and their reconstructions by PCA.",
        k=codes.shape[1],
    )
