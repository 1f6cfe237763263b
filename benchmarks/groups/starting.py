"""What surrounds training: importing, a first fit, a second one, and a grid search of 20 fits.

make bench ARGS=starting
"""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial

from benchmarks.measuring import TITLES, Spread, Table, fresh, in_turn, ratios
from benchmarks.recipes import RECIPES

IMPORTS = {
    "jamjae": "from jamjae import Autoencoder",
    "tensorflow": "import os; os.environ['KERAS_BACKEND'] = 'tensorflow'; import keras",
    "torch": "import torch",
    "pythae": "from pythae.models import AE",
    "sklearn": "from sklearn.neural_network import MLPRegressor",
    "pyod": "from pyod.models.auto_encoder import AutoEncoder",
}
LIBRARIES = ("jamjae", "tensorflow", "torch")
SEARCHED = ("jamjae", "torch")  # TensorFlow-Keras would take twenty times its fit: minutes
DRAWN = "R² is that of one draw of first weights."
RATES, FOLDS = [3e-4, 1e-3, 3e-3, 1e-2], 5  # 20 fits


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    versions: dict[str, dict] = {}
    imports = in_turn(runs, {name: partial(imported, name) for name in IMPORTS})
    tables = [_table("Import", "In a process of its own, as a whole.", imports, "seconds")]
    for name in ("LAB 12-1, roll", "digits"):
        calls = {one: partial(fits, one, name, quick, versions) for one in LIBRARIES}
        found = in_turn(runs, calls, warm_up=False)
        epochs, rows = (10 if quick else 30), RECIPES[name].n
        what = f"{rows:,} rows, batches of 32, {epochs} epochs; in a new process each time"
        for key, title, words in (
            ("first", "first fit", f"{what}, imports not counted."),
            ("second", "second fit", f"{what}; again, after the first."),
            ("grid", "grid search of 20 fits", f"4 learning rates by 5 folds; {what}. {DRAWN}"),
        ):
            tables.append(_table(f"{name}: {title}", words, found, key))
    return tables, versions


def imported(library: str, number: int) -> dict:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS[library]], check=True, capture_output=True)
    return {"seconds": time.perf_counter() - began}


def fits(library: str, name: str, quick: bool, versions: dict, number: int) -> dict:
    asked = {"recipe": name, "batch": 32, "epochs": 10 if quick else 30, "n": RECIPES[name].n}
    with fresh(library, versions) as worker:
        first = worker.ask("train", **asked, name="a")
        second = worker.ask("train", **asked, name="b")
        found = {"first": first["seconds"], "second": second["seconds"]}
        if library in SEARCHED:
            grid = worker.ask("grid", **asked, rates=RATES, folds=FOLDS)
            found |= {"grid": grid["seconds"], "score": grid["score"]}
    return found


def _table(title: str, words: str, found: dict, key: str) -> Table:
    rows = []
    ours = [each[key] for each in found["jamjae"]]
    for library, answers in found.items():
        if key not in answers[0]:
            continue
        taken = [each[key] for each in answers]
        beside = "" if library == "jamjae" else ratios(taken, ours)
        score = (f"{answers[-1]['score']:.3f}",) if key == "grid" else ()
        rows.append((TITLES[library], str(Spread.of(taken)), beside, *score))
    head = ("library", "s", "jamjae is so many times as fast")
    return Table(title, (*head, "best mean R²") if key == "grid" else head, rows, words)
