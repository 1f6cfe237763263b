"""Training steps a second: the same network, data, batch size and optimizer in every library.

    make bench ARGS=same_work

Where a library cannot do the same, it does what is nearest to it: MLPRegressor has ReLU and Adam,
PyOD Adam, and both a linear last layer; pythae adds the errors of a row up. PyTorch's RMSprop adds
its epsilon beside the root and Keras's under it, which changes the loss and not the pace.
"""

from __future__ import annotations

from benchmarks.measuring import TITLES, Spread, Table, Workers, ratios
from benchmarks.recipes import RECIPES

NAMES = ("LAB 12-1, roll", "LAB 12-3, MLP", "LAB 12-3, CNN", "A2, photographs")
DENSE_ONLY = ("sklearn", "pyod")  # these build no other networks
EPOCHS = {"LAB 12-1, roll": 11}
WHAT = {"A2, photographs": "images of random colors in place of photographs"}


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    with Workers(TITLES) as workers:
        tables = []
        for batch in (32,) if quick else (32, 256):
            for name in NAMES:
                dense = len(RECIPES[name].shape) == 1
                only = [one for one in TITLES if dense or one not in DENSE_ONLY]
                n, epochs = RECIPES[name].n, EPOCHS.get(name, 3)
                found = workers.in_turn(
                    runs, "steps", only, recipe=name, batch=batch, epochs=epochs, n=n
                )
                tables.append(_table(name, batch, epochs, n, found))
        return tables, workers.versions


def _table(name: str, batch: int, epochs: int, n: int, found: dict) -> Table:
    ours = [each["rate"] for each in found["jamjae"]]
    rows = []
    for library, answers in found.items():
        rates = [each["rate"] for each in answers]
        beside = "" if library == "jamjae" else ratios(ours, rates)
        loss = Spread.of(each["loss"] for each in answers)
        rows.append((TITLES[library], str(Spread.of(rates)), beside, f"{loss.median:.4g}"))
    head = ("library", "steps a second", "jamjae is so many times as fast", "loss")
    words = f"Batches of {batch} of {n:,} {WHAT.get(name, 'rows')}; the loss of epoch {epochs}."
    return Table(f"{name}, batch {batch}", head, rows, words)
