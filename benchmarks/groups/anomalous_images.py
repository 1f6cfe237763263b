"""Detectors of anomalies on images: each class in turn is normal, all test images are measured.

    make bench ARGS='anomalous_images --runs 1'

Methods learn from the training images of one class and rank all test images (hours); with --quick
from 1,000 of two classes of each set, and 2,000 test images. `anomalies` has the methods.
"""

from __future__ import annotations

from importlib.metadata import version

import numpy as np

from benchmarks.groups import anomalies
from benchmarks.measuring import Table
from jamjae import fetch_fashion_mnist, fetch_mnist, load_digits

COMPONENTS = 32  # of PCA and of jamjae's default
FETCHED = {"Fashion-MNIST": fetch_fashion_mnist, "MNIST": fetch_mnist}


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    found: dict[str, dict[str, list[dict]]] = {}
    for name in (*FETCHED, "digits"):
        for normal in range(2 if quick else 10):
            for seed in range(runs):
                train, test, marks = _split(name, normal, seed, quick)
                for row in anomalies.compared(train, test, marks, seed, COMPONENTS):
                    found.setdefault(name, {}).setdefault(row["method"], []).append(row)
                    print(f"  {name} {normal} {row['method']}: {row['roc_auc']}", flush=True)
    words = f"Means over the classes, each of which is normal in turn, and {runs} seeds."
    versions = {package: version(package) for package in anomalies.PACKAGES}
    return anomalies.tables_of(found, words), {"jamjae": versions}


def _split(name: str, normal: int, seed: int, quick: bool):
    """Give training images of one class, test images of all, and marks of those of others."""
    if name == "digits":
        data = load_digits()
        order = np.random.RandomState(seed).permutation(len(data.X))
        X, y = data.X[order], np.asarray(data.y)[order]
        n = int(0.7 * len(X))
        return X[:n][y[:n] == normal], X[n:], (y[n:] != normal).astype(int)
    train, test = (FETCHED[name](part) for part in ("train", "test"))
    own = train.X[np.asarray(train.y) == normal][: 1_000 if quick else None]
    some = slice(2_000 if quick else None)
    return own, test.X[some], (np.asarray(test.y)[some] != normal).astype(int)
