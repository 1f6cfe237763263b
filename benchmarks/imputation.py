"""Missing values filled in by jamjae and by scikit-learn's imputers.

    python -m benchmarks.imputation [--seeds 3] [--share 0.2]

Removes a share of the cells of standardized tables, and of digits in their gray levels, at random;
prints the root mean squared error of what each method puts there, in standard deviations of a
column or gray levels (0 to 16), as the mean over the seeds, and the seconds of one seed.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - a trial of scikit-learn's
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.preprocessing import scale

from jamjae import Autoencoder

warnings.simplefilter("ignore")

Fill = Callable[[np.ndarray], np.ndarray]


def tables() -> Iterator[tuple[str, np.ndarray, int]]:
    """Give names, tables, and how many components are learned."""
    yield "wine", scale(load_wine().data), 4
    yield "breast cancer", scale(load_breast_cancer().data), 10
    yield "diabetes", scale(load_diabetes().data), 4
    digits = load_digits().data
    yield "digits", digits[:, digits.std(axis=0) > 0], 16


def methods(k: int) -> dict[str, Fill]:
    """Name what fills a table."""

    def ours(X: np.ndarray) -> np.ndarray:
        return Autoencoder(k, missing="mask", random_state=0).fit(X).impute(X)

    return {
        "mean": SimpleImputer().fit_transform,
        "KNNImputer": KNNImputer().fit_transform,
        "IterativeImputer": IterativeImputer(random_state=0).fit_transform,
        "jamjae": ours,
    }


def measured(X: np.ndarray, k: int, share: float, seeds: int) -> dict[str, tuple[float, float]]:
    """Give the error, as a mean over the seeds, and the seconds of each method."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in methods(k)}
    for seed in range(seeds):
        gaps = np.random.RandomState(seed).random_sample(X.shape) < share
        holes = np.where(gaps, np.nan, X)
        for name, fill in methods(k).items():
            began = time.perf_counter()
            made = fill(holes)
            error = float(np.sqrt(np.mean(np.square(made - X)[gaps])))
            found[name].append((error, time.perf_counter() - began))
    return {
        name: (float(np.mean([e for e, _ in each])), each[-1][1]) for name, each in found.items()
    }


def main() -> None:
    """Print one line a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.2)
    given = parser.parse_args()
    print("| table | " + " | ".join(methods(1)) + " |")
    print("|---|" + "---|" * len(methods(1)))
    for name, X, k in tables():
        found = measured(X, k, given.share, given.seeds)
        cells = [f"{error:.3f} ({seconds:.1f} s)" for error, seconds in found.values()]
        print(f"| {name} {X.shape[0]} x {X.shape[1]} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
