"""LAB 12-2: the roll compressed to two components, by a network of 41 parameters."""

from __future__ import annotations

from jamjae.labs.lab_12_1 import show
from jamjae.labs.notebook import Notebook

WIDTHS, RECORDED = (2, 2, 2), 0.0873  # of the encoder; the decoder's are 2, 2, 3


def run(lab: Notebook) -> None:
    """Encode the roll by the chapter's second network, which is deeper and no better."""
    show(lab, WIDTHS, RECORDED)
