"""Time and memory as the data grow: rows of a file that is mapped into memory, and larger images.

make bench ARGS=scaling
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.measuring import TITLES, Spread, Table, fresh, in_turn, ratios
from benchmarks.recipes import RECIPES

LIBRARIES = ("jamjae", "torch", "tensorflow")
SIZES, SIDES = (10_000, 100_000, 1_000_000, 10_000_000), (28, 64, 128, 256)


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    versions: dict[str, dict] = {}
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npy"
        for n in SIZES[:3] if quick else SIZES:
            write(path, "table", n)
            words = "One epoch, batches of 256; 32 features a row, float32."
            found = measured(runs, "table", path, 256, 1, versions)
            tables.append(_table(f"{n:,} rows", words, found))
        for side in SIDES[:3] if quick else SIDES:
            name = f"images of {side} x {side}"
            write(path, name, RECIPES[name].n)
            words = f"Two epochs of {RECIPES[name].n} images, batches of 32."
            found = measured(runs, name, path, 32, 2, versions)
            tables.append(_table(name, words, found))
    return tables, versions


def write(path: Path, name: str, n: int) -> None:
    """Write rows piece by piece, each piece the same: what is learned from does not matter."""
    piece = RECIPES[name].rows(min(n, 100_000))
    whole = np.lib.format.open_memmap(path, "w+", piece.dtype, (n, *piece.shape[1:]))
    for start in range(0, n, len(piece)):
        whole[start : start + len(piece)] = piece[: n - start]
    whole.flush()


def measured(runs: int, name: str, path: Path, batch: int, epochs: int, versions: dict) -> dict:
    def one(library: str, number: int) -> dict:
        with fresh(library, versions) as worker:
            return worker.ask("scale", recipe=name, path=str(path), batch=batch, epochs=epochs)

    return in_turn(runs, {each: partial(one, each) for each in LIBRARIES}, warm_up=False)


def _table(title: str, words: str, found: dict) -> Table:
    rows = []
    ours = [each["seconds"] for each in found["jamjae"]]
    for library, answers in found.items():
        taken = [each["seconds"] for each in answers]
        beside = "" if library == "jamjae" else ratios(taken, ours)
        memory = Spread.of(each["mib"] for each in answers)
        rows.append((TITLES[library], str(Spread.of(taken)), beside, str(memory)))
    head = ("library", "s", "jamjae is so many times as fast", "MiB beyond the file's pages")
    return Table(title, head, rows, words)
