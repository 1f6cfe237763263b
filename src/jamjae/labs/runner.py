"""Run labs and write their reports: one folder per lab, and a page that lists them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import keras

from jamjae import report
from jamjae.errors import JamjaeError
from jamjae.labs.catalog import LABS, find
from jamjae.labs.notebook import QUICK, Notebook
from jamjae.labs.settings import Settings
from jamjae.labs.translation import Words
from jamjae.report import Cell, Paragraph, Part, Report, Table


class Outcome(NamedTuple):
    """Result of a run.

    Attributes
    ----------
    name : str
    seconds : float
    page : Path or None
        Its report, if one was written.
    error : str
        Why there is no report.
    """

    name: str
    seconds: float
    page: Path | None = None
    error: str = ""


class Listeners(NamedTuple):
    """Callbacks that report what runs: see `Notebook`."""

    note: Callable[[str], None] = lambda _: None
    progress: Callable[[], AbstractContextManager[Any]] = lambda: nullcontext(lambda _: None)


SILENT = Listeners()


def run_lab(name: str, settings: Settings, folder: Path, listeners: Listeners = SILENT) -> Outcome:
    """Run one lab and write its report.

    Parameters
    ----------
    name : str
        A key of `jamjae.labs.LABS`.
    settings : Settings
    folder : Path
        Folder of the report; an existing one is replaced.
    listeners : Listeners

    Raises
    ------
    KeyboardInterrupt
        After a report of the finished sections is written, which names the missing ones.
    JamjaeError
        The data cannot be used; raised before anything is trained.
    """
    lab = find(name)
    keras.utils.set_random_seed(settings.seed)
    notebook = Notebook(name, lab.title, settings, *listeners)
    try:
        lab.run(notebook)
    except KeyboardInterrupt:
        report.write(notebook.report(_missing(lab.sections, notebook.sections)), folder)
        raise
    page = report.write(notebook.report(), folder)
    return Outcome(name, time.perf_counter() - notebook.began, page)


def _missing(sections: list[str], begun: list[str]) -> list[str]:
    """Give the section that was interrupted and those after it."""
    last = begun[-1] if begun else ""
    return sections[sections.index(last) :] if last in sections else [last or "all"]


def run_all(settings: Settings, folder: Path, listeners: Listeners = SILENT) -> list[Outcome]:
    """Run every lab, each into a folder of its own, and write the page that lists them.

    The others run even if one fails. ``--data`` is used by the labs that take rows, ``--images`` by
    the one that takes photographs.

    Returns
    -------
    list of Outcome

    Raises
    ------
    KeyboardInterrupt
        After the page is written, which names the missing labs.
    """
    outcomes: list[Outcome] = []
    try:
        for name in LABS:
            outcomes += [_attempt(name, settings, folder / name, listeners)]
    except KeyboardInterrupt:
        _write_list(outcomes, settings, folder)
        raise
    _write_list(outcomes, settings, folder)
    return outcomes


def _attempt(name: str, settings: Settings, folder: Path, listeners: Listeners) -> Outcome:
    if LABS[name].uses != "rows":
        settings = replace(settings, data=None, label=None)
    began = time.perf_counter()
    try:
        return run_lab(name, settings, folder, listeners)
    except (JamjaeError, ValueError, MemoryError) as error:
        listeners.note(f"{name}: {error}")
        return Outcome(name, time.perf_counter() - began, error=str(error))


def _write_list(outcomes: Iterable[Outcome], settings: Settings, folder: Path) -> Path:
    words = Words(settings.language)
    found = {outcome.name: outcome for outcome in outcomes}
    lines: list[list[Cell | str]] = []
    for name, lab in LABS.items():
        outcome = found.get(name)
        if outcome is None:
            what = Cell(words("missing: the run was interrupted"), missing=True)
        elif outcome.page is None:
            what = Cell(outcome.error, missing=True)
        else:
            what = Cell(f"{outcome.seconds:.0f} s", QUICK * settings.quick)
        link = f"{name}/index.html" if (folder / name / "index.html").exists() else ""
        lines.append([Cell(name, link=link), words(lab.chapter), words(lab.title), what])
    seconds = sum(outcome.seconds for outcome in found.values())
    head = [words(text) for text in ("lab", "chapter", "experiment", "time")]
    title = words("The chapter's experiments, compared with classical methods")
    parts: list[Part] = [
        Paragraph(words("Each page is self-contained and works offline.")),
        Table(head, lines, words=4),
    ]
    metrics = {
        "quick": settings.quick,
        "seed": settings.seed,
        "complete": len(found) == len(LABS) and all(o.page for o in found.values()),
        "labs": [
            {"lab": o.name, "seconds": o.seconds, "error": o.error or None} for o in found.values()
        ],
    }
    facts = {words("seed"): str(settings.seed), words("time"): f"{seconds:.0f} s"}
    made = Report(
        f"{title} [{QUICK}]" if settings.quick else title,
        parts,
        metrics,
        facts=facts,
        language=settings.language,
    )
    return report.write(made, folder)
