"""The error of unseen images after fits of as many epochs as a time has room for.

    make bench ARGS='best_in_time --runs 1'

Takes 440 seconds a library and run. The chapter's networks learn at a constant rate until time is
up; jamjae's default plans its rate for so many epochs as fit in, by the pace of an earlier fit.
"""

from __future__ import annotations

import math
import statistics
from functools import partial

from benchmarks.goals import DEFAULT, GOALS
from benchmarks.measuring import Table, in_turn

MARKS = (10, 30, 100, 300)  # seconds
RIVALS = [one for goal in GOALS for one in goal.rivals]


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    n, marks, versions = 6_000 if quick else 60_000, MARKS[:1] if quick else MARKS, {}
    pace = DEFAULT.ask(versions, "pace", n=n, seed=0)
    rows = {one.title: [one.title] for one in (DEFAULT, *RIVALS)}
    for mark in marks:
        room = max(1, 1 + math.floor((mark - pace["first"]) / pace["later"]))
        calls = {DEFAULT.title: partial(DEFAULT.learn, versions, n=n, epochs=room)}
        calls |= {one.title: partial(one.learn, versions, n=n, most=mark) for one in RIVALS}
        found = in_turn(runs, calls, warm_up=False)
        for title, cells in rows.items():
            cells.append(_reached(found[title]))
    words = (
        "Mean squared error of the 10,000 test images, pixels clipped to [0, 1], after "
        f"a fit to {n:,} of as many epochs as the time from its call has room for, compiling "
        "included; of one epoch at least."
    )
    head = ("library", *(f"{mark} s" for mark in marks))
    return [Table("Unseen images", head, [tuple(each) for each in rows.values()], words)], versions


def _reached(answers: list[dict]) -> str:
    median = {key: statistics.median(each[key] for each in answers) for key in answers[0]}
    epochs = f"{median['epochs']:.0f} epoch{'s' * (median['epochs'] != 1)}"
    return f"{median['unseen']:.5f} ({epochs}, {median['returned']:.0f} s)"
