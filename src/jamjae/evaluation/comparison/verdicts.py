"""What a comparison says in one sentence for each number of components."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jamjae.evaluation.comparison.result import Comparison, Spread

SUFFICES = 0.10  # PCA does not suffice if another method's error is lower by this fraction
REAL = "training rows"  # the title of real rows among generators


def of_reconstruction(found: Comparison, size: int) -> str:
    """Say whether PCA suffices."""
    begin, errors = _begin(size), found.spreads(size, "test_mse")
    title = _pca(found)
    if title is None:
        return f"{begin} PCA was not compared, so whether it suffices is unknown."
    pca = errors.pop(title, None)
    if pca is None:
        return f"{begin} PCA has no reconstruction to compare with, so it does not suffice."
    if not errors:
        return f"{begin} only PCA reconstructs unseen rows."
    rival_title = min(errors, key=lambda name: errors[name].median)
    rival = errors[rival_title]
    saved = 1.0 - rival.median / pca.median if pca.median > 0 else 0.0
    if saved <= 0:
        return (
            f"{begin} PCA suffices: no other method reconstructs unseen rows better"
            f"{_hits(found, size)}."
        )
    always = _always_better(found, size, rival_title, title)
    if saved < SUFFICES or not always:
        at_times = "" if always else ", but not with every seed"
        return (
            f"{begin} PCA suffices: the best other method, {rival_title}, reduces the error on "
            f"unseen rows by {saved:.0%}{at_times}{_hits(found, size)}."
        )
    return (
        f"{begin} PCA does not suffice: {rival_title} reconstructs unseen rows with "
        f"{saved:{'.1%' if saved > 0.99 else '.0%'}} less error{_hits(found, size)}."
    )


def of_generation(found: Comparison, size: int) -> str:
    """Name the method whose rows are nearest to held-out ones."""
    begin, distances = _begin(size), found.spreads(size, "frechet_distance")
    real = distances.pop(REAL, None)
    if not distances:
        return f"{begin} no method draws new rows."
    ranked = sorted(distances, key=lambda title: distances[title].median)
    best, covers = ranked[0], found.spreads(size, "coverage")

    def told(title: str) -> str:
        covered = covers.get(title)
        share = "" if covered is None else f" and coverage {covered.median:.3f}"
        return f"Fréchet distance {distances[title].median:.4g}{share}"

    said = f"{begin} {best} draws the rows that are nearest to held-out ones ({told(best)}"
    said += f"; training rows themselves {real.median:.4g})" if real else ")"
    pca = _pca(found)
    if pca is not None and pca in distances and pca != best:
        said += f", ahead of {pca} ({told(pca)})"
    return f"{said}."


def of_detection(found: Comparison, size: int) -> str:
    """Name the method that ranks anomalies best."""
    begin, areas = _begin(size), found.spreads(size, "roc_auc")
    if not areas:
        return f"{begin} no method could be measured."
    ranked = sorted(areas, key=lambda title: -areas[title].median)
    best, alarms = ranked[0], found.spreads(size, "false_alarms")
    said = f"{begin} {best} ranks anomalies best (ROC-AUC {areas[best].median:.4f}"
    said += f", false alarms {alarms[best].median:.3f} where .05 was asked for)"
    if len(ranked) > 1:
        said += f", ahead of {ranked[1]} ({areas[ranked[1]].median:.4f})"
    return f"{said}."


VERDICTS: dict[str, Callable[[Comparison, int], str]] = {
    "reconstruct": of_reconstruction,
    "generate": of_generation,
    "anomaly": of_detection,
}


def _begin(size: int) -> str:
    return f"With {size} component{'s' if size > 1 else ''}"


def _always_better(found: Comparison, size: int, one: str, other: str) -> bool:
    """Return whether one method reconstructs better than another with every seed."""
    errors = [
        {
            run.seed: run.outcome.values.get("test_mse", math.inf)
            for run in found.runs
            if run.method.title == title and run.n_components == size
        }
        for title in (one, other)
    ]
    return all(error < errors[1][seed] for seed, error in errors[0].items())


def _pca(found: Comparison) -> str | None:
    return next((run.method.title for run in found.runs if run.method.pca), None)


def _hits(found: Comparison, size: int) -> str:
    """Say how well the codes separate classes, if there are labels."""
    shares: dict[str, Spread] = found.spreads(size, "knn5_accuracy")
    pca = _pca(found)
    if pca is None or pca not in shares or len(shares) < 2:
        return ""
    best = max(shares, key=lambda title: shares[title].median)
    told = f"; 5-NN classifies {shares[pca].median:.1%} of them correctly from PCA's codes"
    return told if best == pca else f"{told}, {shares[best].median:.1%} from those of {best}"
