"""Figures that tests draw, and their texts."""

from __future__ import annotations

import numpy as np

from jamjae import plotting

DRAWINGS = {
    "image_grid": lambda: plotting.image_grid([np.eye(8)[None]], row_labels=["eye"], title="one"),
    "bar_rows": lambda: plotting.bar_rows([np.eye(2), np.eye(2)], row_labels=["a", "b"]),
    "loss_curve": lambda: plotting.loss_curve({"loss": [2.0, 1.0]}, baseline=1.5).figure,
    "rate_curves": lambda: plotting.rate_curves({"PCA": [(10, 0.02), (20, 0.01)]}).figure,
    "code_scatter": lambda: plotting.code_scatter(np.eye(3), [0, 1, 2]).figure,
    "image_blocks": lambda: plotting.image_blocks([np.ones((3, 4, 4))], row_labels=["ones"]),
    "sample_sheet": lambda: plotting.sample_sheet(np.ones((3, 4, 4)), [0, 1, 1]),
    "latent_traversals": lambda: plotting.latent_traversals(np.ones((2, 3, 4, 4))),
    "biplot": lambda: plotting.biplot(np.eye(2), np.eye(2)).figure,
    "loading_map": lambda: plotting.loading_map(np.eye(2), np.eye(2)),
    "loading_images": lambda: plotting.loading_images(np.ones((2, 4, 4)), title="two"),
    "density_map": lambda: plotting.density_map(np.eye(2), lambda points: points[:, 0]).figure,
    "cloud_grid": lambda: plotting.cloud_grid({"cloud": np.eye(3)}),
}


def texts(holder):
    return [text.get_text() for text in holder.texts]
