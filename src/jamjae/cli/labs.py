"""``jamjae lab list``, ``run`` and ``show``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from jamjae.cli import completion
from jamjae.cli.guard import FAILED, heed, keep_compiled, load_libraries
from jamjae.cli.options import Json, Quiet
from jamjae.cli.output import Voice
from jamjae.cli.places import Force, require_folder
from jamjae.data.text_tables import text_table
from jamjae.labs.translation import preferred

ALL = "all"


def list_(json: Json = False) -> None:
    """List the labs."""
    from jamjae.labs import LABS

    voice = Voice(as_json=json)
    known = [
        {"lab": name, "chapter": lab.chapter, "title": lab.title} for name, lab in LABS.items()
    ]
    rows = [list(lab.values()) for lab in known]
    head = ["lab", "chapter", "experiment"]
    voice.result({"labs": known}, text_table(head, rows, left=3))


def show(
    lab: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Name of a lab.", autocompletion=completion.lab),
    ],
) -> None:
    """Print the source code of a lab."""
    from jamjae.labs import find

    load_libraries("jamjae.labs.notebook")
    typer.echo(find(lab).code, nl=False)


def run(
    lab: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Name of a lab, or all.",
            autocompletion=completion.lab_or_all,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder of the report; by default lab-NAME."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Use few rows and epochs, to try a lab out.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    language: Annotated[
        str | None,
        typer.Option(
            metavar="en|ko",
            help="Language of the report; by default the system's.",
            autocompletion=completion.one_of("en", "ko"),
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Data in place of Fashion-MNIST: a data set's name or a path.",
            autocompletion=completion.data,
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            help="Column of a table that holds the classes.", autocompletion=completion.columns
        ),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="Folder of photographs, for a2-denoise.")
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Run a lab, or all, and write a report."""
    from jamjae.labs import find

    voice = Voice(quiet=quiet, as_json=json)
    folder = output or Path(f"lab-{lab}")
    if language not in (None, "en", "ko"):
        raise typer.BadParameter(f"--language {language}: en or ko is expected.")
    if label is not None and data is None:
        raise typer.BadParameter(f"--label {label}: name the table with --data.")
    if lab != ALL:
        uses = find(lab).uses
        for option, value, suits in (("data", data, "rows"), ("images", images, "photos")):
            if value is not None and uses != suits:
                raise typer.BadParameter(f"--{option} {value}: the lab {lab} does not use it.")
    require_folder(folder, [Path(one) for one in (data, images) if one], force=force)
    keep_compiled()
    load_libraries("jamjae.labs.runner")
    from jamjae.labs.runner import Listeners, run_all, run_lab
    from jamjae.labs.settings import Settings

    settings = Settings(seed, quick, language or preferred(), data, label, images)
    listeners = Listeners(voice.note, partial(_watched, voice))
    if lab != ALL:
        outcomes = [run_lab(lab, settings, folder, listeners)]
    else:
        outcomes = run_all(settings, folder, listeners)
    failed = [outcome for outcome in outcomes if outcome.page is None]
    rows = [[o.name, f"{o.seconds:.0f} s", o.error or "done"] for o in outcomes]
    voice.result(
        {
            "output": str(folder),
            "labs": [
                {"lab": o.name, "seconds": o.seconds, "error": o.error or None} for o in outcomes
            ],
        },
        *([text_table(["lab", "time", ""], rows)] if lab == ALL else []),
        f"wrote {folder / 'index.html'}",
    )
    if failed:
        raise typer.Exit(FAILED)


@contextmanager
def _watched(voice: Voice) -> Iterator[Callable[[Any], None]]:
    """Yield a callback for training that shows progress and stops at Ctrl-C."""
    with voice.progress() as watch:

        def each(made: Any) -> None:
            heed()
            watch(made)

        yield each
