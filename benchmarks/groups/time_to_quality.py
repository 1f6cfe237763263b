"""Seconds until the chapter's recorded losses are reached on Fashion-MNIST.

    make bench ARGS=time_to_quality

Each rival trains the chapter's network by the chapter's recipe, but for the range of its pixels
(see `Goal.white`), jamjae its own default; every library has a new process for each run. The loss
is the mean squared error of an epoch's training images, as the library reports it during training;
jamjae's default starts as PCA and reports that as the loss before its first step. Its learning rate
follows a plan of 20 epochs; a short fit plans fewer, so a fit of few epochs is timed as
well, and evaluated by the error of test images.
"""

from __future__ import annotations

from functools import partial

from benchmarks.goals import DEFAULT, GOALS, Entrant, Goal
from benchmarks.measuring import Spread, Table, in_turn, ratios

FEW = 2  # epochs of jamjae's short fit
MOST = 900.0  # seconds after which a run is given up


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    n, versions, tables = 6_000 if quick else 60_000, {}, []
    for goal in GOALS[:1] if quick else GOALS:
        calls = {
            DEFAULT.title: partial(_until, DEFAULT, goal.loss, n, versions),
            f"the same, of {FEW} epochs": partial(_short, n, versions),
            **{one.title: partial(_until, one, goal.loss, n, versions) for one in goal.rivals},
        }
        tables.append(_table(goal, n, in_turn(runs, calls, warm_up=False)))
    return tables, versions


def _until(entrant: Entrant, target: float, n: int, versions: dict, seed: int) -> dict:
    """Fit until the reported loss is at most `target`."""
    answer = entrant.learn(versions, seed, n=n, target=target, most=MOST)
    return {**answer, "judged": answer["loss"]}


def _short(n: int, versions: dict, seed: int) -> dict:
    """Fit jamjae's default for few epochs, until ``fit`` returns, and evaluate it."""
    answer = DEFAULT.learn(versions, seed, n=n, epochs=FEW)
    return {**answer, "seconds": answer["returned"], "judged": answer["unseen"]}


def _table(goal: Goal, n: int, found: dict[str, list[dict]]) -> Table:
    ours = list(found)[:2]
    columns = {
        title: {key: [each[key] for each in answers] for key in answers[0]}
        for title, answers in found.items()
    }
    reached = {title: max(answers["judged"]) <= goal.loss for title, answers in columns.items()}
    rows = []
    for title, answers in columns.items():
        times, whole = ["not reached", "", ""], ""
        if reached[title]:
            seconds = answers["seconds"]
            before = zip(answers["called"], answers["started"], seconds, strict=True)
            whole = str(Spread.of(called - started + took for called, started, took in before))
            beside = (
                ratios(seconds, columns[own]["seconds"])
                if title not in ours and reached[own]
                else ""
                for own in ours
            )
            times = [str(Spread.of(seconds)), *beside]
        told = (str(Spread.of(answers[key])) for key in ("returned", "epochs", "loss", "unseen"))
        rows.append((title, *times, whole, *told))
    head = ("library", "s from the call of fit", "times the first row's", "times the second's")
    head += ("s from the start of the process", "s until fit returned")
    head += ("epochs", "reported loss", "error of unseen images")
    words = (
        f"{n:,} images until the reported loss is at most {goal.loss} (on record for "
        f"{goal.recipe}), or for {MOST:.0f} s. The second row is evaluated by the error of 10,000 "
        f"unseen images after a fit of {FEW} epochs, pixels clipped to their range, and timed "
        "until fit returned. Epoch 0 is PCA, by which jamjae's default begins."
    )
    return Table(f"As good as {goal.recipe}", head, rows, words)
