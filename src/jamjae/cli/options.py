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

Network = Annotated[
    str,
    typer.Option(
        help="Network: auto, dense, conv, or hidden widths such as 512,128.",
        autocompletion=completion.one_of("auto", "dense", "conv"),
    ),
]
Epochs = Annotated[str, typer.Option(help="Number of training epochs, or auto.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Rows per batch.")]
LearningRate = Annotated[str, typer.Option(help="Peak learning rate, or auto.")]
CheckpointDir = Annotated[
    Path | None, typer.Option(help="Folder for checkpoints, to resume if interrupted.")
]
Seed = Annotated[int | None, typer.Option(help="Random seed.")]
Standardize = Annotated[
    bool, typer.Option("--standardize", help="Divide each column by its deviation.")
]
Devices = Annotated[
    str | None,
    typer.Option(
        help="Devices to train on: how many, or names such as gpu:0,gpu:2; by default all.",
    ),
]


def require_devices(devices: str | None, workers: int | None) -> int | str | list[str] | None:
    """Give the devices as `jamjae.Autoencoder` takes them."""
    if devices is None:
        return None
    names = [name.strip() for name in devices.split(",")]
    if not all(names) or names == ["0"]:
        raise typer.BadParameter(
            f"--devices {devices!r}: expected a number from 1, or names such as gpu:0,gpu:2."
        )
    if workers is not None and not names[0].isdecimal():
        raise typer.BadParameter(
            f"--devices {devices}: with --engine ray each worker has devices of its own. Give "
            "their number, or leave it out."
        )
    if len(names) > 1 or ":" in names[0]:
        return names
    return int(names[0]) if names[0].isdecimal() else names[0]


def require_workers(engine: EngineKind, workers: int | None) -> int | None:
    """Give the number of workers on a cluster, None for this process."""
    if (engine == "ray") != (workers is not None):
        raise typer.BadParameter("--engine ray and --workers N belong together: give both.")
    return workers


def require_one_of(option: str, text: str, choices: tuple[str, ...]) -> None:
    """Refuse another value before anything is read."""
    if text not in choices:
        raise typer.BadParameter(f"{option} {text}: expected {', '.join(choices)}.")
