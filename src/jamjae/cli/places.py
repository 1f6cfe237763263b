"""Where commands may write: never onto or into what they read, and over nothing unasked."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from jamjae.data.atomic import require_place
from jamjae.errors import OutputError

Force = Annotated[bool, typer.Option("--force", help="Replace what is at the output.")]


def require_file(
    output: Path, reads: Iterable[Path], *, force: bool, suffixes: Iterable[str] = ()
) -> None:
    """Refuse a file that cannot or must not be written, before any work is done.

    Parameters
    ----------
    output : path
    reads : paths
        The files and folders that the command reads.
    force : bool
        Whether an existing file may be replaced.
    suffixes : str
        Of which the name must end in one.

    Raises
    ------
    typer.BadParameter
        The output is, or lies in, what is read.
    OutputError
        It has another suffix, exists, or cannot be written.
    """
    ends = tuple(suffixes)
    if ends and output.suffix.lower() not in ends:
        raise OutputError(
            f"Cannot write {str(output)!r}: a file name that ends in {', '.join(ends)} is expected."
        )
    _require_apart(output, reads)
    if output.exists() and output.is_file() and not force:
        raise OutputError(
            f"Cannot write {str(output)!r}: it exists. Choose another path, or replace it with "
            "--force."
        )
    require_place(output)


def require_folder(output: Path, reads: Iterable[Path], *, force: bool) -> None:
    """Refuse a folder that cannot or must not be written into, without creating it.

    Raises
    ------
    typer.BadParameter
        It is, lies in, or holds what is read.
    OutputError
        It is not empty, or cannot be created or written into.
    """
    reads = list(reads)
    _require_apart(output, reads)
    for read in reads:
        if read.exists() and output.resolve() in read.resolve().parents:
            raise typer.BadParameter(
                f"--output {output} holds {read}, which is read. Choose another folder."
            )
    found = next(part for part in (output, *output.absolute().parents) if part.exists())
    if not (found.is_dir() and os.access(found, os.W_OK | os.X_OK)):
        why = "is not writable" if found.is_dir() else "is not a folder"
        raise OutputError(
            f"Cannot write into {str(output)!r}: {str(found)!r} {why}. Choose a folder "
            "that can be written to or created."
        )
    if found == output and not force and any(output.iterdir()):
        raise OutputError(
            f"Cannot write into {str(output)!r}: the folder is not empty. Choose another one, or "
            "write into it with --force, which replaces files of the same names."
        )


def _require_apart(output: Path, reads: Iterable[Path]) -> None:
    """Refuse what is read, by whatever path or link, and what lies in a folder that is read."""
    for read in reads:
        if not read.exists():
            continue
        if _is_same(output, read):
            raise typer.BadParameter(
                f"--output {output} would replace {read}, which is read. Choose another path."
            )
        inside = read.is_dir() and any(_is_same(part, read) for part in _parents(output))
        if inside:
            raise typer.BadParameter(
                f"--output {output} lies in {read}, which is read. Choose a path outside of it."
            )


def _parents(path: Path) -> list[Path]:
    resolved = Path(os.path.realpath(path))
    return [*resolved.parents, *path.absolute().parents]


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # one of them does not exist
        return False
