"""Seconds until the chapter's recorded losses are reached on Fashion-MNIST, and what is best when.

    make bench ARGS=time_to_quality

Each rival trains the chapter's network by the chapter's recipe, jamjae its own default; every
library has a new process for each run. The loss is the mean squared error of an epoch's training
images, pixels in [0, 1], as the library reports it while it learns.
"""

from __future__ import annotations

import math
import statistics
import sys
from functools import partial

from benchmarks.measuring import TITLES, Spread, Table, Worker, figures, in_turn, ratios

GOALS = (  # recipe, the loss its notebook records after 15 epochs, and the rivals
    ("LAB 12-3, MLP", 0.01398, ("tensorflow", "torch")),
    ("LAB 12-3, CNN", 0.00738, ("tensorflow", "torch")),
)
MOST = 900.0  # seconds after which a run is given up
MARKS = (10, 30, 100, 300)  # seconds


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    n, versions, tables = 6_000 if quick else 60_000, {}, []
    for recipe, target, rivals in GOALS[:1] if quick else GOALS:
        found: dict[str, list[dict]] = {library: [] for library in ("jamjae", *rivals)}
        for number in range(runs):
            for library, answers in found.items():
                own = library == "jamjae"
                with Worker(library) as worker:
                    versions[library] = worker.ask("load")
                    answer = worker.ask(
                        "until",
                        recipe=None if own else recipe,
                        target=target,
                        n=n,
                        most=MOST,
                        seed=number,
                    )
                    answer["whole"] = answer["called"] - worker.started + (answer["seconds"] or 0)
                print(f"  {library} {answer}", file=sys.stderr, flush=True)
                answers.append(answer)
        tables.append(_table(recipe, target, n, found))
    tables.append(_marked(runs, n, MARKS[:1] if quick else MARKS, versions))
    return tables, versions


def _table(recipe: str, target: float, n: int, found: dict[str, list[dict]]) -> Table:
    rows = []
    for library, answers in found.items():
        title = _who(library, None if library == "jamjae" else recipe)
        epochs = str(Spread.of(each["epochs"] for each in answers))
        if any(each["seconds"] is None for each in answers):
            lowest = figures(min(each["loss"] for each in answers))
            rows.append((title, f"not in {MOST:.0f} s ({lowest})", "", "", epochs))
            continue
        seconds, whole = ([each[key] for each in answers] for key in ("seconds", "whole"))
        ours = [each["seconds"] for each in found["jamjae"]]
        beside = "" if library == "jamjae" or None in ours else ratios(seconds, ours)
        rows.append((title, str(Spread.of(seconds)), beside, str(Spread.of(whole)), epochs))
    head = ("who", "s from the call of fit", "jamjae is so many times faster")
    head += ("s from the start of the process", "epochs")
    words = f"{n:,} images until the loss of an epoch is at most {target} ({recipe}'s, recorded)."
    return Table(f"As good as {recipe}", head, rows, words)


# --- the best of a given time ---------------------------------------------------------------


def _marked(runs: int, n: int, marks: tuple[int, ...], versions: dict) -> Table:
    """The error of unseen images after fits of as many epochs as a time has room for."""
    who = [("jamjae", None), *((one, name) for name, _, rivals in GOALS for one in rivals)]
    rows = {_who(*one): [_who(*one)] for one in who}
    paces = {one: _alone(*one, versions, task="pace", n=n) for one in who}
    for mark in marks:
        room = {one: 1 + math.floor((mark - p["first"]) / p["later"]) for one, p in paces.items()}
        calls = {
            _who(*one): partial(_unseen, *one, versions, n, epochs)
            for one, epochs in room.items()
            if epochs > 0
        }
        found = in_turn(runs, calls, warm_up=False)
        for name, cells in rows.items():
            cells.append(_reached(found[name]) if name in found else "no epoch ends")
    words = (
        f"Mean squared error of the 10,000 test images after a fit to {n:,}, of as many epochs as "
        "the time from its call has room for, compiling included, by the pace of an earlier fit."
    )
    head = ("who", *(f"{mark} s" for mark in marks))
    return Table("Unseen images", head, [tuple(cells) for cells in rows.values()], words)


def _unseen(library: str, recipe: str | None, versions: dict, n: int, epochs: int, number: int):
    asked = {"task": "unseen", "n": n, "epochs": epochs, "seed": number}
    return {**_alone(library, recipe, versions, **asked), "epochs": epochs}


def _alone(library: str, recipe: str | None, versions: dict, **asked) -> dict:
    """Ask a new process."""
    with Worker(library) as worker:
        versions[library] = worker.ask("load")
        return worker.ask(recipe=recipe, **asked)


def _reached(answers: list[dict]) -> str:
    error, took = (statistics.median(each[key] for each in answers) for key in ("mse", "seconds"))
    return f"{error:.5f} ({answers[0]['epochs']} epochs, {took:.0f} s)"


def _who(library: str, recipe: str | None) -> str:
    return f"{TITLES[library]}, {recipe}" if recipe else f"{TITLES[library]}, default"
