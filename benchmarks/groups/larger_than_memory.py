"""Folders of Parquet and of PNG: memory and rows a second beside the same rows in memory.

make bench ARGS=larger_than_memory
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from benchmarks.files import BATCH, RECIPE, write_images, write_table
from benchmarks.measuring import Spread, Table, fresh, in_turn, ratios

EPOCHS = 3
SIZES = {"table": (100_000, 10_000_000), "images": (10_000, 100_000)}
QUICK = {"table": (100_000, 1_000_000), "images": (1_000, 10_000)}
WRITE = {"table": write_table, "images": write_images}
WORDS = {
    "table": "Parquet of 32 float32 columns, {n:,} rows; the dense network of the recipe `table`.",
    "images": "{n:,} PNG of 28 x 28, 8-bit; the dense network of LAB 12-3.",
}


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    versions: dict[str, dict] = {}
    sizes = QUICK if quick else SIZES
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, (few, many) in sizes.items():
            small, large = (Path(folder) / f"{kind}-{n}" for n in (few, many))
            WRITE[kind](small, few)
            WRITE[kind](large, many)
            found = in_turn(runs, _calls(kind, small, large, versions), warm_up=False)
            tables += [_rates(kind, many, found), _memory(kind, few, many, found)]
    return tables, versions


def _calls(kind: str, small: Path, large: Path, versions: dict) -> dict:
    def ask(library: str, task: str, settings: dict, seed: int) -> dict:
        with fresh(library, versions) as worker:
            return worker.ask(task, seed=seed, **settings)

    def fit(folder: Path, *, lazy: bool):
        settings = {"kind": kind, "folder": str(folder), "lazy": lazy, "epochs": EPOCHS}
        return partial(ask, "jamjae", "files", settings)

    def load(recipe: str | None):
        settings = {"folder": str(large), "batch": BATCH, "workers": 2, "epochs": EPOCHS}
        return partial(ask, "torch_files", "loader", {**settings, "recipe": recipe})

    calls = {
        "few": fit(small, lazy=True),
        "files": fit(large, lazy=True),
        "memory": fit(large, lazy=False),
        "plain": partial(ask, "jamjae", "plain", {"kind": kind, "folder": str(large)}),
    }
    if kind == "images":
        calls |= {"torch": load(RECIPE[kind]), "loader": load(None)}
    return calls


TITLES = {
    "files": "jamjae, from the files",
    "memory": "jamjae, in memory",
    "torch": "PyTorch, DataLoader with two workers",
    "loader": "the DataLoader alone, without training",
    "encoding": "jamjae, codes written to .npy",
    "plain": "plain reading (pyarrow, Pillow)",
}


def _rates(kind: str, n: int, found: dict) -> Table:
    rates = {name: [each["rate"] for each in found[name]] for name in TITLES if name in found}
    rates["encoding"] = [each["encoded"] for each in found["files"]]
    rows = []
    for name, title in TITLES.items():
        if name in rates:
            beside = "" if name == "files" else ratios(rates["files"], rates[name])
            whole = [each["whole"] for each in found.get(name, []) if "whole" in each]
            taken = str(Spread.of(whole)) if whole else ""
            rows.append((title, str(Spread.of(rates[name])), beside, taken))
    words = f"{WORDS[kind].format(n=n)} Batches of {BATCH}; rates of the epochs after the first."
    head = ("", "rows a second", "from the files it is so many times as fast", "s, all 3 epochs")
    return Table(f"{n:,} rows, {kind}: speed", head, rows, words)


def _memory(kind: str, few: int, many: int, found: dict) -> Table:
    def peaks(name: str, what: str) -> list[float]:
        return [each[what] for each in found[name]]

    rows = []
    for title, what in (("fit", "peak"), ("encode and write", "peak of encoding")):
        most, least = peaks("files", what), peaks("few", what)
        more = Spread.of(a - b for a, b in zip(most, least, strict=True))
        rows.append((title, str(Spread.of(least)), str(Spread.of(most)), str(more)))
    more = [a - b for a, b in zip(peaks("memory", "peak"), peaks("few", "peak"), strict=True)]
    rows.append(
        ("fit in memory", "", str(Spread.of(peaks("memory", "peak"))), str(Spread.of(more)))
    )
    head = ("", f"{few:,} rows, MiB", f"{many:,} rows, MiB", "more, MiB")
    words = "The most that was resident in the process, all libraries included."
    return Table(f"{many:,} rows, {kind}: memory", head, rows, words)
