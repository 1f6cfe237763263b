"""Encoding and decoding: rows a second, and the time of a single row.

make bench ARGS=encode_decode
"""

from __future__ import annotations

from benchmarks.measuring import TITLES, Spread, Table, Workers, ratios
from benchmarks.recipes import RECIPES

NAMES = ("LAB 12-3, MLP", "LAB 12-3, CNN")
LIBRARIES = ("jamjae", "tensorflow", "torch")


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    sizes = {1: 50, 100: 50, 6_000 if quick else 60_000: 1}  # rows, and calls a run
    tables = []
    with Workers(LIBRARIES) as workers:
        for name in NAMES:
            trained = {"recipe": name, "batch": 256, "epochs": 1, "n": 1024, "name": name}
            for worker in workers.workers.values():
                worker.ask("train", **trained)
            for n, times in sizes.items():
                found = workers.in_turn(runs, "apply", name=name, recipe=name, n=n, times=times)
                tables.append(_table(name, n, found))
        return tables, workers.versions


def _table(name: str, n: int, found: dict) -> Table:
    rows = []
    for library, answers in found.items():
        cells = [TITLES[library]]
        for part in ("encode", "decode"):
            taken = [each[part] for each in answers]
            ours = [each[part] for each in found["jamjae"]]
            rate = (n / seconds for seconds in taken)
            shown = (1e3 * seconds for seconds in taken) if n == 1 else rate
            cells += [str(Spread.of(shown)), "" if library == "jamjae" else ratios(taken, ours)]
        rows.append(tuple(cells))
    unit = "ms" if n == 1 else "rows a second"
    faster = "jamjae is so many times as fast"
    head = ("library", f"encode, {unit}", faster, f"decode, {unit}", faster)
    shape = "x".join(map(str, RECIPES[name].shape))
    return Table(f"{name}, {n:,} row{'s' * (n > 1)} of {shape}", head, rows)
