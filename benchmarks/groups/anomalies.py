"""Detectors of anomalies on tables: learned from normal rows, measured on others and anomalies.

    make bench ARGS='anomalies --runs 3'

A run is a seed: of the split, of what is generated and of the methods. Every method gets the same
rows, standardized by those it learns from; `compare(task="anomaly")` has them with their settings,
jamjae's is the default. `benchmarks.anomalous_rows` has the sets. The false alarms of jamjae's
detector are those of 20 further splits (2 with --quick).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
from scipy.stats import rankdata

from benchmarks.anomalous_rows import SETS, split
from benchmarks.measuring import Table, figures
from jamjae import AnomalyDetector, compare

METHODS = (
    *("knn", "pca", "iforest", "lof", "ocsvm", "gmm", "ecod"),
    *("pyod-autoencoder", "pyod-deepsvdd"),
)
PACKAGES = ("jamjae", "jax", "numpy", "pyod", "scikit-learn", "torch")
COMPONENTS = 8  # of PCA; jamjae's takes as many as explain four fifths of the variance
FIRST = 100  # seed of the splits for false alarms
RATES = (0.05, 0.01)
MEASURES = {
    "roc_auc": "ROC-AUC",
    "average_precision": "Average precision",
    "false_alarms": "False alarms at thresholds for .05",
    "fit_seconds": "Seconds to fit",
}


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    found: dict[str, dict[str, list[dict]]] = {}  # by set, by method, one for each seed
    for name in SETS:
        for seed in range(runs):
            for row in compared(*split(name, seed), seed, COMPONENTS):
                found.setdefault(name, {}).setdefault(row["method"], []).append(row)
        print(f"  {name}: {_means(found[name], 'roc_auc')}", flush=True)
    tables = tables_of(found, "One seed." if runs == 1 else f"Means over {runs} seeds.")
    versions = {package: version(package) for package in PACKAGES}
    return [*tables, _alarms(2 if quick else 20)], {"jamjae": versions}


def compared(train, test, marks, seed: int, n_components: int) -> Iterator[dict]:
    """Measure all methods on one split."""
    ours = {"jamjae": AnomalyDetector(random_state=seed)}
    answer = compare(
        train,
        np.zeros(len(train), dtype=int),
        test=(test, marks),
        task="anomaly",
        methods={**ours, **{_title(name): name for name in METHODS}},
        n_components=n_components,
        seeds=[seed],
        standardize=train.ndim == 2,
    )
    yield from answer.rows


def _title(name: str) -> str:
    from jamjae.evaluation.comparison.detectors import detectors

    return detectors()[name].title


def tables_of(found: dict[str, dict[str, list[dict]]], words: str) -> list[Table]:
    """Make a table of each measure: a row for each method, a column for each set."""
    made = []
    for measure, title in MEASURES.items():
        means = {name: _means(of_set, measure) for name, of_set in found.items()}
        methods = list(next(iter(means.values())))
        values = np.array([[means[name][method] for name in means] for method in methods])
        head, rows = ("method", *means), [[m, *map(_short, v)] for m, v in _pairs(methods, values)]
        if measure in ("roc_auc", "average_precision"):
            head = (*head, "mean rank")
            ranks = rankdata(-np.nan_to_num(values, nan=-1.0), axis=0).mean(axis=1)
            rows = [[*row, f"{rank:.2f}"] for row, rank in zip(rows, ranks, strict=True)]
        made.append(Table(title, head, [tuple(row) for row in rows], words))
    return made


def _pairs(methods: list[str], values: np.ndarray) -> Iterator[tuple[str, list[float]]]:
    yield from zip(methods, values.tolist(), strict=True)


def _means(of_set: dict[str, list[dict]], measure: str) -> dict[str, float]:
    """Average over seeds; not a number where a method failed."""
    return {
        method: statistics.mean(
            row[measure] if isinstance(row[measure], float) else float("nan") for row in answers
        )
        for method, answers in of_set.items()
    }


def _short(value: float) -> str:
    return "failed" if np.isnan(value) else f"{value:.3f}" if value < 1 else figures(value)


def _alarms(splits: int) -> Table:
    """Share of new normal rows with a p-value up to each rate, beside what is expected of it."""
    rows = []
    for name in SETS:
        shares, least = _shares(name, splits)
        cells = [name]
        for k, rate in enumerate(RATES):
            expected = np.floor(rate / least + 1e-9) * least
            error = shares[:, k].std(ddof=1) / splits**0.5
            measured = f"{shares[:, k].mean():.4f} ± {error:.4f}"
            cells += [measured, f"{expected:.4f}"] if expected else ["too few rows", "none"]
        rows.append(tuple(cells))
        print(f"  {cells}", flush=True)
    head = ("set", *(word for r in RATES for word in (f"share at {r}", f"expected at {r}")))
    words = (
        f"Share of new normal rows that jamjae's detector reports, over {splits} splits, with the "
        "standard error of the mean; and the share that its calibration rows allow."
    )
    return Table("False alarms of jamjae's detector", head, rows, words)


def _shares(name: str, splits: int) -> tuple[np.ndarray, float]:
    """Give the shares (splits, rates), and the least p-value that there is."""
    shares = np.empty((splits, len(RATES)))
    for i in range(splits):
        train, test, marks = split(name, FIRST + i)
        detector = AnomalyDetector(random_state=i).fit(train)
        p = detector.p_values(test[marks == 0])
        shares[i] = [(p <= rate * (1 + 1e-9)).mean() for rate in RATES]
    return shares, 1 / (len(detector.calibration_scores_) + 1)
