"""Arguments and options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

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
EngineKind: TypeAlias = Literal["local", "ray"]
Engine = Annotated[
    EngineKind,
    typer.Option("--engine", help="Compute in this process, or by workers on a Ray cluster."),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Workers, with --engine ray.")
]


def require_workers(engine: EngineKind, workers: int | None) -> int | None:
    """Give the number of workers on a cluster, None for this process."""
    if (engine == "ray") != (workers is not None):
        raise typer.BadParameter("--engine ray and --workers N belong together: give both.")
    return workers


def require_one_of(option: str, text: str, choices: tuple[str, ...]) -> None:
    """Refuse another value before anything is read."""
    if text not in choices:
        raise typer.BadParameter(f"{option} {text}: expected {', '.join(choices)}.")
