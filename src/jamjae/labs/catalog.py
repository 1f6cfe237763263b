"""The chapter's experiments, each beside its classical rival: one short file a lab.

A lab's file holds the experiment and nothing else. What it asks for and writes into is a
`jamjae.labs.notebook.Notebook`; `jamjae.labs.runner` runs it and writes its report.
"""

from __future__ import annotations

import difflib
import inspect
import re
from importlib import import_module
from typing import Any, NamedTuple

from jamjae.errors import DataNotFoundError


class Lab(NamedTuple):
    """A lab, as lists name it.

    Attributes
    ----------
    chapter : str
        Where it stands in the course.
    title : str
        In English.
    module : str
        Its file, in this folder.
    uses : {"rows", "roll", "photos"}
        Its data: Fashion-MNIST or what ``--data`` names; a generated roll; photographs.
    """

    chapter: str
    title: str
    module: str
    uses: str

    @property
    def code(self) -> str:
        """The lab's own file, as text."""
        return inspect.getsource(self._imported())

    @property
    def sections(self) -> list[str]:
        """The titles of its sections, in the order of its code."""
        return re.findall(r'lab\.section\(\s*"([^"]+)"', self.code)

    def run(self, notebook: Any) -> None:
        """Run it."""
        self._imported().run(notebook)

    def _imported(self) -> Any:
        return import_module(f"jamjae.labs.{self.module}")


LABS: dict[str, Lab] = {
    "pca-compression": Lab(
        "LAB 11-2", "Pictures through 100 and 25 numbers, by PCA", "pca_compression", "rows"
    ),
    "manifolds": Lab(
        "LAB 11-1, 11-3, 11-4", "A rolled sheet, by the classical methods", "manifolds", "roll"
    ),
    "12-1": Lab(
        "LAB 12-1", "A rolled sheet through two numbers, by 17 parameters", "lab_12_1", "roll"
    ),
    "12-2": Lab(
        "LAB 12-2", "A rolled sheet through two numbers, by 41 parameters", "lab_12_2", "roll"
    ),
    "12-3-mlp": Lab(
        "LAB 12-3", "Pictures through 64 numbers, by dense networks", "lab_12_3_mlp", "rows"
    ),
    "12-3-cnn": Lab(
        "LAB 12-3", "Pictures through 64 numbers, by convolutions", "lab_12_3_cnn", "rows"
    ),
    "12-4": Lab("LAB 12-4", "New pictures from the mean code of a class", "lab_12_4", "rows"),
    "features": Lab(
        "Feature extraction", "Features given as the answer, and features found", "features", "roll"
    ),
    "a2-denoise": Lab("Assignment 2", "Noise taken from photographs", "a2_denoise", "photos"),
    "c1-map": Lab("Challenge 1", "A map of the clothes, by t-SNE of codes", "c1_map", "rows"),
}


def find(name: str) -> Lab:
    """Give a lab by its name.

    Raises
    ------
    DataNotFoundError
        There is none of that name; with the nearest one.
    """
    if name not in LABS:
        close = difflib.get_close_matches(name.lower(), LABS, n=1, cutoff=0.4)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise DataNotFoundError(
            f"There is no lab called {name!r}.{hint} There are {', '.join(LABS)}."
        )
    return LABS[name]
