"""The command line: parse, call, print. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from jamjae import __version__
from jamjae.cli.anomalies import anomalies
from jamjae.cli.comparing import compare, map_
from jamjae.cli.compressing import compress
from jamjae.cli.decompressing import decompress
from jamjae.cli.demo import demo
from jamjae.cli.exploring import explore
from jamjae.cli.fitting import fit
from jamjae.cli.guard import FAILED, MISUSED, discard_output, guarded, print_error
from jamjae.cli.imputing import impute
from jamjae.cli.information import datasets, info
from jamjae.cli.labs import list_, run, show
from jamjae.cli.reading import Command
from jamjae.cli.sampling import sample
from jamjae.cli.transforming import decode, encode, reconstruct

PROGRAM = "jamjae"
UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # an unknown option and the like

app = typer.Typer(
    name=PROGRAM,
    help="Learn latent representations with autoencoders, never worse than PCA.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"jamjae {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass


commands = (
    *(fit, encode, decode, reconstruct, sample, impute),
    *(compress, decompress),
    *(anomalies, compare, map_, explore, info, datasets, demo),
)
for command in commands:
    app.command(command.__name__.strip("_"), cls=Command)(guarded(command))

lab = typer.Typer(
    help="The course's experiments, compared with classical methods.", no_args_is_help=True
)
for of_lab in (list_, run, show):
    lab.command(of_lab.__name__.strip("_"))(guarded(of_lab))
app.add_typer(lab, name="lab")


def app_main() -> None:
    """Run the command line."""
    try:
        if "--json" in sys.argv:
            sys.exit(_with_json_errors())
        app(prog_name=PROGRAM)
    except OSError as error:  # --help or --version, where standard output is full
        discard_output()
        typer.echo(f"error: {error.strerror}", err=True)
        sys.exit(FAILED)


def _with_json_errors() -> int:
    """Run the command line, and print an unknown or missing option as JSON too."""
    try:
        code = app(prog_name=PROGRAM, standalone_mode=False)
    except UsageError as error:
        print_error(getattr(error, "message", "") or str(error))
        return MISUSED
    return code if isinstance(code, int) else 0
