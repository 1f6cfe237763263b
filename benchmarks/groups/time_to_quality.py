"""Seconds until the chapter's recorded losses are reached on Fashion-MNIST.

    make bench ARGS=time_to_quality

Each rival trains the chapter's network by the chapter's recipe, jamjae its own default; every
library has a new process for each run. The loss is the mean squared error of an epoch's training
images, pixels in [0, 1], as the library reports it while it learns; jamjae's default begins as PCA
and reports that as the loss before its first step.
"""

from __future__ import annotations

import sys

from benchmarks.measuring import TITLES, Spread, Table, Worker, figures, ratios

GOALS = (  # recipe, the loss its notebook records after 15 epochs, and the rivals
    ("LAB 12-3, MLP", 0.01398, ("tensorflow", "torch")),
    ("LAB 12-3, CNN", 0.00738, ("tensorflow", "torch")),
)
MOST = 900.0  # seconds after which a run is given up


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
    return tables, versions


def _table(recipe: str, target: float, n: int, found: dict[str, list[dict]]) -> Table:
    rows = []
    for library, answers in found.items():
        title = who(library, None if library == "jamjae" else recipe)
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
    words = f"{n:,} images until the loss is at most {target} ({recipe}'s, recorded)."
    return Table(f"As good as {recipe}", head, rows, words)


def who(library: str, recipe: str | None) -> str:
    return f"{TITLES[library]}, {recipe}" if recipe else f"{TITLES[library]}, default"
