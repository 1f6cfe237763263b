"""The error of unseen images after fits of as many epochs as a time has room for.

    make bench ARGS='best_in_time --runs 1'

Takes 440 seconds a library and run. Recipes and rivals are those of ``time_to_quality``.
"""

from __future__ import annotations

import math
import statistics
from functools import partial

from benchmarks.groups.time_to_quality import GOALS, who
from benchmarks.measuring import Table, fresh, in_turn

MARKS = (10, 30, 100, 300)  # seconds


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    n, marks, versions = 6_000 if quick else 60_000, MARKS[:1] if quick else MARKS, {}
    asked = [("jamjae", None), *((one, name) for name, _, rivals in GOALS for one in rivals)]
    rows = {who(*one): [who(*one)] for one in asked}
    paces = {one: _alone(*one, versions, {"task": "pace", "n": n}) for one in asked}
    for mark in marks:
        room = {one: 1 + math.floor((mark - p["first"]) / p["later"]) for one, p in paces.items()}
        calls = {
            who(*one): partial(_alone, *one, versions, {"task": "unseen", "n": n, "epochs": epochs})
            for one, epochs in room.items()
            if epochs > 0
        }
        found = in_turn(runs, calls, warm_up=False)
        for name, cells in rows.items():
            cells.append(_reached(found[name]) if name in found else "no epoch ends")
    words = (
        f"Mean squared error of the 10,000 test images, restored pixels clipped to [0, 1], after a "
        f"fit to {n:,}, of as many epochs as the time from its call has room for, compiling "
        "included, by the pace of an earlier fit."
    )
    head = ("who", *(f"{mark} s" for mark in marks))
    return [Table("Unseen images", head, [tuple(each) for each in rows.values()], words)], versions


def _alone(library: str, recipe: str | None, versions: dict, asked: dict, number: int = 0) -> dict:
    """Ask a new process."""
    with fresh(library, versions) as worker:
        return worker.ask(recipe=recipe, seed=number, **asked)


def _reached(answers: list[dict]) -> str:
    error, took = (statistics.median(each[key] for each in answers) for key in ("loss", "seconds"))
    return f"{error:.5f} ({answers[0]['epochs']} epochs, {took:.0f} s)"
