"""Seconds until the chapter's recorded losses are reached on Fashion-MNIST.

    make bench ARGS=time_to_quality

Each rival trains the chapter's network by the chapter's recipe, jamjae its own default; every
library has a new process for each run. The loss is the mean squared error of an epoch's training
images, pixels in [0, 1], as the library reports it while it learns; jamjae's default begins as PCA
and reports that as the loss before its first step. Its learning rate follows a plan of 20 epochs;
who wants a loss soon plans fewer, so a fit of few epochs is timed as well, and judged by the error
of unseen images.
"""

from __future__ import annotations

from functools import partial

from benchmarks.measuring import TITLES, Spread, Table, fresh, in_turn, ratios

GOALS = (  # recipe, the loss its notebook records after 15 epochs, and the rivals
    ("LAB 12-3, MLP", 0.01398, ("tensorflow", "torch")),
    ("LAB 12-3, CNN", 0.00738, ("tensorflow", "torch")),
)
FEW = 2  # epochs of jamjae's short fit
MOST = 900.0  # seconds after which a run is given up


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    n, versions, tables = 6_000 if quick else 60_000, {}, []
    for recipe, target, rivals in GOALS[:1] if quick else GOALS:
        until = {"task": "until", "target": target, "most": MOST}
        asked = {
            who("jamjae", None): ("jamjae", None, until),
            f"the same, of {FEW} epochs": ("jamjae", None, {"task": "unseen", "epochs": FEW}),
            **{who(one, recipe): (one, recipe, until) for one in rivals},
        }
        calls = {
            title: partial(_timed, library, taken, versions, {**task, "n": n})
            for title, (library, taken, task) in asked.items()
        }
        found = in_turn(runs, calls, warm_up=False)
        tables.append(_table(recipe, target, n, found))
    return tables, versions


def _timed(library: str, recipe: str | None, versions: dict, asked: dict, number: int) -> dict:
    """Time a fit in a new process, from its start as well."""
    with fresh(library, versions) as worker:
        answer = worker.ask(recipe=recipe, seed=number, **asked)
        return {**answer, "whole": answer["called"] - worker.started + answer["seconds"]}


def _table(recipe: str, target: float, n: int, found: dict[str, list[dict]]) -> Table:
    ours = list(found)[:2]
    columns = {
        title: {key: [each[key] for each in answers] for key in answers[0]}
        for title, answers in found.items()
    }
    reached = {title: max(answers["loss"]) <= target for title, answers in columns.items()}
    rows = []
    for title, answers in columns.items():
        times, whole = ["not reached", "", ""], ""
        if reached[title]:
            seconds, whole = answers["seconds"], str(Spread.of(answers["whole"]))
            beside = (
                ratios(seconds, columns[own]["seconds"])
                if title not in ours and reached[own]
                else ""
                for own in ours
            )
            times = [str(Spread.of(seconds)), *beside]
        counted = (str(Spread.of(answers[key])) for key in ("epochs", "loss"))
        rows.append((title, *times, whole, *counted))
    head = ("who", "s from the call of fit", "times the first row's", "times the second's")
    head += ("s from the start of the process", "epochs", "loss")
    words = (
        f"{n:,} images until the loss is at most {target} ({recipe}'s, recorded), or for "
        f"{MOST:.0f} s. The second row's loss is the error of 10,000 unseen images after a fit "
        f"of {FEW} epochs."
    )
    return Table(f"As good as {recipe}", head, rows, words)


def who(library: str, recipe: str | None) -> str:
    return f"{TITLES[library]}, {recipe}" if recipe else f"{TITLES[library]}, default"
