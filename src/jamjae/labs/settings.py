"""The settings of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Settings with which a lab is run.

    Attributes
    ----------
    seed : int
    quick : bool
        Use few rows and epochs; every figure and number is marked.
    language : {"en", "ko"}
    data : str or None
        A data set's name or a path, in place of the chapter's data.
    label : str or None
        The column of a table that holds the classes.
    images : Path or None
        A folder of the user's photographs.
    """

    seed: int = 0
    quick: bool = False
    language: str = "en"
    data: str | None = None
    label: str | None = None
    images: Path | None = None
