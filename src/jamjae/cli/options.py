"""Arguments and options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jamjae.cli import completion

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="Name of a data set, a path, or -.",
        autocompletion=completion.data,
    ),
]
Model = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="A .jamjae file.", autocompletion=completion.model),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def require_one_of(option: str, text: str, choices: tuple[str, ...]) -> None:
    """Refuse another value before anything is read."""
    if text not in choices:
        raise typer.BadParameter(f"{option} {text}: expected {', '.join(choices)}.")
