"""The output of commands: lines of text, or one JSON object."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from jamjae.engine.training import EpochReport

LINES = 20  # epochs reported, at most, if standard error is no terminal
SECONDS = 5.0  # between lines on rows that are done, if standard error is no terminal
NARROW, BAR = 70, 20  # columns; a terminal narrower than the former shows no bar
LEFT = 8  # columns of the time that is left
FIRST = ("loss", "val_loss", "PCA")  # terms that matter most


class Voice:
    """Prints results to standard output, progress and notes to standard error.

    Parameters
    ----------
    quiet : bool
        Print errors only.
    as_json : bool
        Print the result as one JSON object.
    """

    def __init__(self, *, quiet: bool = False, as_json: bool = False) -> None:
        self.quiet = quiet
        self.as_json = as_json

    def note(self, text: str) -> None:
        """Print a note on standard error."""
        if not self.quiet and not self.as_json:
            typer.echo(text, err=True)

    def result(self, values: dict[str, Any], *lines: str) -> None:
        """Print the result, as JSON or as lines of text."""
        if self.as_json:
            typer.echo(json.dumps(_finite(values), ensure_ascii=False, default=_plain))
        elif not self.quiet:
            for line in lines:
                typer.echo(line)

    @property
    def live(self) -> bool:
        """Whether standard error is a terminal that can show a live progress bar."""
        heard = not self.quiet and not self.as_json
        return heard and sys.stderr is not None and sys.stderr.isatty()

    @contextmanager
    def progress(self) -> Iterator[Callable[[EpochReport], None]]:
        """Yield a callback for training: a live bar on a terminal, else a few lines."""
        if self.quiet or self.as_json:
            yield lambda _: None
        elif self.live:
            with _bar() as advance:
                yield advance
        else:
            yield self._report_some

    @contextmanager
    def rows(self, n: int) -> Iterator[Callable[[str, float], None]]:
        """Yield a callback for what is done to rows: a live bar on a terminal, else some lines."""
        if self.live:
            with _rows_bar(n) as advance:
                yield advance
        else:
            said = time.monotonic()

            def report(doing: str, done: float) -> None:
                nonlocal said
                if time.monotonic() - said > SECONDS:
                    said = time.monotonic()
                    self.note(_done(doing, done, n))

            yield report

    def _report_some(self, report: EpochReport) -> None:
        every = max(report.epochs // LINES, 1)
        if report.epoch and (report.epoch % every == 0 or report.epoch == report.epochs):
            left = report.seconds / report.epoch * (report.epochs - report.epoch)
            self.note(f"epoch {report.epoch}/{report.epochs}  {_terms(report)}  {left:.0f} s left")


def _terms(report: EpochReport, digits: int = 5, room: float = math.inf) -> str:
    """Format the terms of the loss; those that matter most, if not all have room."""
    terms = {name: f"{name} {value:.{digits}g}" for name, value in report.terms.items()}
    if report.baseline is not None:
        terms["PCA"] = f"PCA {report.baseline:.{digits}g}"
    kept: set[str] = set()
    for name in sorted(terms, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST)):
        if len("  ".join([terms[one] for one in kept | {name}])) <= room:
            kept.add(name)
    return "  ".join(text for name, text in terms.items() if name in kept)


@contextmanager
def _bar() -> Iterator[Callable[[EpochReport], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    narrow = console.width < NARROW
    bar = () if narrow else (BarColumn(bar_width=BAR),)
    left = () if narrow else (TimeRemainingColumn(),)
    words = (TextColumn("{task.description}"), TextColumn("{task.fields[terms]}"))
    with Progress(words[0], *bar, words[1], *left, console=console) as progress:
        compiling = "compiling"
        task = progress.add_task(compiling, total=None, terms="")

        def advance(report: EpochReport) -> None:
            doing = f"epoch {report.epoch}/{report.epochs}" if report.epoch else compiling
            room = console.width - len(doing) - 1 - (0 if narrow else BAR + LEFT + 2)
            progress.update(
                task,
                completed=report.epoch,
                total=report.epochs,
                description=doing,
                terms=_terms(report, 4 if narrow else 5, room),
            )

        yield advance


@contextmanager
def _rows_bar(n: int) -> Iterator[Callable[[str, float], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    wide = () if console.width < NARROW else (BarColumn(bar_width=BAR), TimeRemainingColumn())
    words = TextColumn("{task.description}")
    with Progress(words, *wide, console=console, transient=True) as progress:
        task, before = progress.add_task("", total=n, visible=False), ""

        def advance(doing: str, done: float) -> None:
            nonlocal before
            if doing != before:
                progress.reset(task)  # the time that is left is estimated anew
                before = doing
            said = _done(doing, done, n)
            progress.update(task, completed=done, description=said, visible=True)

        yield advance


def _done(doing: str, done: float, n: int) -> str:
    """Say how many rows are done; of a single one, which part."""
    return f"{doing}  {done:.0%}" if n == 1 else f"{doing}  {int(done):,}/{n:,} rows"


def size(n: int) -> str:
    """Format a number of bytes."""
    return f"{n / 1e6:.1f} MB" if n >= 1e6 else f"{n / 1e3:.1f} kB"


def _finite(value: Any) -> Any:
    """Replace infinity (the PSNR of a perfect image) and NaN, which JSON does not know, by None."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: Any) -> Any:
    """Convert NumPy scalars and paths to types that JSON knows."""
    return value.item() if hasattr(value, "item") else str(value)
