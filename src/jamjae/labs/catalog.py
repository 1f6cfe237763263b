"""The chapter's experiments, each beside classical methods: one short file per lab.

A lab's file holds only the experiment. It takes its data from, and writes into, a
`jamjae.labs.notebook.Notebook`; `jamjae.labs.runner` runs it and writes its report.
"""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import Any, NamedTuple

from jamjae.errors import DataNotFoundError, did_you_mean


class Lab(NamedTuple):
    """One experiment of the chapter.

    Attributes
    ----------
    chapter : str
        Its place in the course.
    title : str
        Title, in English.
    module : str
        Name of its module in this package.
    uses : {"rows", "roll", "photos"}
        Kind of its data: Fashion-MNIST or what ``--data`` names; a generated roll; photographs.
    """

    chapter: str
    title: str
    module: str
    uses: str

    @property
    def code(self) -> str:
        """Source code of the lab."""
        return inspect.getsource(self._imported())

    @property
    def sections(self) -> list[str]:
        """Titles of its sections, in order."""
        return re.findall(r'lab\.section\(\s*"([^"]+)"', self.code)

    def run(self, notebook: Any) -> None:
        """Run the experiment, writing into `notebook`."""
        self._imported().run(notebook)

    def _imported(self) -> Any:
        return import_module(f"jamjae.labs.{self.module}")


LABS: dict[str, Lab] = {
    "pca-compression": Lab(
        "LAB 11-2", "Images compressed to 100 and 25 components by PCA", "pca_compression", "rows"
    ),
    "manifolds": Lab(
        "LAB 11-1, 11-3, 11-4",
        "A rolled sheet, embedded by the classical methods",
        "manifolds",
        "roll",
    ),
    "12-1": Lab(
        "LAB 12-1",
        "A rolled sheet, compressed to two components by 17 parameters",
        "lab_12_1",
        "roll",
    ),
    "12-2": Lab(
        "LAB 12-2",
        "A rolled sheet, compressed to two components by 41 parameters",
        "lab_12_2",
        "roll",
    ),
    "12-3-mlp": Lab(
        "LAB 12-3", "Images compressed to 64 components by dense networks", "lab_12_3_mlp", "rows"
    ),
    "12-3-cnn": Lab(
        "LAB 12-3",
        "Images compressed to 64 components by convolutional networks",
        "lab_12_3_cnn",
        "rows",
    ),
    "12-3-codec": Lab(
        "LAB 12-3",
        "Images compressed to bytes, beside image formats and PCA",
        "lab_12_3_codec",
        "rows",
    ),
    "12-4": Lab("LAB 12-4", "New images from the mean code of a class", "lab_12_4", "rows"),
    "vae": Lab(
        "Beyond the chapter",
        "A variational autoencoder with a plane of codes",
        "vae",
        "rows",
    ),
    "features": Lab(
        "Feature extraction", "Given features and learned features", "features", "roll"
    ),
    "a2-denoise": Lab("Assignment 2", "Denoising photographs", "a2_denoise", "photos"),
    "c1-map": Lab("Challenge 1", "A t-SNE map of clothes, from their codes", "c1_map", "rows"),
}


def find(name: str) -> Lab:
    """Return a lab by its name.

    Raises
    ------
    DataNotFoundError
        No lab has that name; the message suggests the nearest one.
    """
    if name not in LABS:
        hint = did_you_mean(name.lower(), LABS, cutoff=0.4)
        raise DataNotFoundError(
            f"There is no lab called {name!r}.{hint} The labs are {', '.join(LABS)}."
        )
    return LABS[name]
