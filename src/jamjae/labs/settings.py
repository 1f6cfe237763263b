"""How a lab is to be run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """How a lab is to be run.

    Attributes
    ----------
    seed : int
    quick : bool
        Few rows and epochs; every figure and number says so.
    language : {"en", "ko"}
    data : str or None
        A data set's name or a path, in place of the chapter's data.
    label : str or None
        The column of a table that holds the classes.
    images : Path or None
        A folder of one's own photographs.
    """

    seed: int = 0
    quick: bool = False
    language: str = "en"
    data: str | None = None
    label: str | None = None
    images: Path | None = None
