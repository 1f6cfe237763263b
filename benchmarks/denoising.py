"""Denoising of photographs: the README's figure.

Run it from the root of the project::

    .venv/bin/python benchmarks/denoising.py docs

It learns from pieces of the two photographs that come with scikit-learn (china.jpg by
danielbuechele and flower.jpg by vultilion, both CC BY 2.0), and denoises others. `jamjae lab run
a2-denoise` measures the README's table on the course's photographs, which have no license.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from jamjae import plotting
from jamjae.evaluation import metrics
from jamjae.labs.a2_denoise import NOISE, add_noise
from jamjae.labs.data import pieces_of_photographs
from jamjae.models.denoising import PatchDenoiser, denoise_classically

RIVALS = ("median", "wavelet", "total variation", "BM3D")
LEARNED, SHOWN = 22, 7


def main(folder: str) -> None:
    pieces = pieces_of_photographs().X
    train, test = pieces[:LEARNED], pieces[LEARNED:]
    noisy = add_noise(test, seed=1)
    sigma = float(np.std(noisy / 255.0 - test / 255.0))
    found = {name: denoise_classically(noisy, name, sigma) for name in RIVALS}
    found["jamjae"] = PatchDenoiser(NOISE, random_state=0).fit(train).denoise(noisy)
    labels = ["clean", "noisy"]
    for name, denoised in found.items():
        labels.append(f"{name}  {metrics.psnr(test, denoised, data_range=255.0):.1f} dB")
    rows = [images[:SHOWN] for images in (test, noisy, *found.values())]
    figure = plotting.image_grid(rows, row_labels=labels)
    print(plotting.save(figure, Path(folder) / "denoised.png"))


if __name__ == "__main__":
    main(*sys.argv[1:])
