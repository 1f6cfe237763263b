"""The numbers of a report card: of generated rows, and of the real rows that stand in for them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jamjae.data.readers.cells import counted, listed
from jamjae.data.rows import drawn
from jamjae.evaluation import metrics
from jamjae.evaluation.generation.features import Features
from jamjae.evaluation.generation.rows import Real, Rows
from jamjae.evaluation.metrics.generation import neighborhood_balls

MAX_ROWS = 10_000  # of each set, for the Fréchet distance and columns
NEIGHBOR_ROWS = 5_000  # of each set, for neighborhoods and the two-sample test
COPY_ROWS = 2_500  # of each set, whose nearest training rows are found
FOLDS = 5  # of the two-sample test
MAX_COLUMNS = 256  # of a table, whose distributions and correlations are compared

Values = dict[str, tuple[float, float]]
ColumnPair = tuple[str, str, float, float]


class Sample(NamedTuple):
    """Random rows of a set, and their features."""

    rows: Rows
    features: np.ndarray

    @property
    def y(self) -> np.ndarray:
        """Classes of rows that have some."""
        return np.asarray(self.rows.y)


class Samples(NamedTuple):
    """Held-out rows, generated ones, and as many training rows, which stand in for them."""

    held_out: Sample
    generated: Sample
    real: Sample


def draw(rows: Rows, by: Features, seed: int, most: int = MAX_ROWS) -> Sample:
    """Draw rows at random, and make their features."""
    some = rows.take(drawn(len(rows), most, seed))
    return Sample(some, by.make(some.numbers if by.of_numbers else some.given))


def counted_rows(found: Samples, real: Real, generated: Rows) -> str:
    """Say how many rows were used."""
    sizes = [len(sample.rows) for sample in found]
    said = (
        f"{sizes[1]:,} of {len(generated):,} generated rows beside {sizes[2]:,} of "
        f"{len(real.train):,} training rows, against {sizes[0]:,} of {len(real.held_out):,} "
        "held-out rows"
    )
    if max(sizes) <= COPY_ROWS:
        return said + "."
    return (
        f"{said}; at most {NEIGHBOR_ROWS:,} of each for neighborhoods and the two-sample test, "
        f"{COPY_ROWS:,} for copies."
    )


def of_features(held_out: Sample, made: Sample, n_neighbors: int, seed: int) -> dict[str, float]:
    """Fréchet distance, neighborhoods and two-sample test of rows against held-out rows."""
    some, others = (
        X[drawn(len(X), NEIGHBOR_ROWS, seed)] for X in (held_out.features, made.features)
    )
    found = {"frechet_distance": metrics.frechet_distance(held_out.features, made.features)}
    found |= neighborhood_balls(some, others, n_neighbors, "generation_report")._asdict()
    if min(len(some), len(others)) >= FOLDS:
        found["two_sample_auc"] = metrics.two_sample_auc(some, others, folds=FOLDS, seed=seed)
    return found


def of_copies(real: Real, generated: Rows, seed: int) -> tuple[float, float]:
    """Share of rows, as numbers, that are as near to a training row as few held-out ones are."""
    held_out, made = (
        rows.numbers[drawn(len(rows), COPY_ROWS, seed)] for rows in (real.held_out, generated)
    )
    found = metrics.copied_share(real.train.numbers, held_out, made)
    return found.generated, found.held_out


def of_columns(found: Samples, columns: list[ColumnPair], notes: list[str]) -> Values:
    """Distances of columns, which are appended to `columns`, and of correlations."""
    width = found.held_out.rows.numbers.shape[1]
    if width > MAX_COLUMNS:
        notes.append(
            f"Distributions and correlations of columns are compared up to {MAX_COLUMNS} columns; "
            f"the table has {width:,}."
        )
        return {}
    held_out, made, real = (sample.rows.given for sample in found)
    pairs = zip(
        metrics.marginal_distances(held_out, made),
        metrics.marginal_distances(held_out, real),
        strict=True,
    )
    columns += [(one.column, one.kind, one.distance, other.distance) for one, other in pairs]
    distances = np.array([pair[2:] for pair in columns])
    mean, largest = distances.mean(axis=0).tolist(), distances.max(axis=0).tolist()
    values = {
        "mean_marginal_distance": (mean[0], mean[1]),
        "largest_marginal_distance": (largest[0], largest[1]),
    }
    held_out, made, real = (sample.rows.numbers for sample in found)
    if width > 1 and min(len(made), len(held_out)) > 1:
        values["correlation_difference"] = (
            metrics.correlation_difference(held_out, made),
            metrics.correlation_difference(held_out, real),
        )
    return values


def of_classes(found: Samples, n_neighbors: int, notes: list[str]) -> Values:
    """Coverage within each class: the lowest."""
    lowest: list[tuple[float, float]] = []
    few = []
    for label in np.unique(found.held_out.y):
        held_out, made, real = (
            sample.features[sample.y == label][:NEIGHBOR_ROWS] for sample in found
        )
        count = min(len(made), len(real))  # as many of both
        if min(count, len(held_out)) <= n_neighbors:
            few.append(label)
            continue
        balls = [
            neighborhood_balls(held_out, X[:count], n_neighbors, "generation_report")
            for X in (made, real)
        ]
        lowest.append((balls[0].coverage, balls[1].coverage))
    if few:
        notes.append(
            f"Coverage within a class leaves out {counted(len(few), 'class')} with at most "
            f"{n_neighbors} rows drawn of one of the sets: {listed(map(str, few))}."
        )
    if not lowest:
        return {}
    made, real = np.array(lowest).min(axis=0).tolist()
    return {"lowest_class_coverage": (made, real)}


def of_training(found: Samples, seed: int, notes: list[str]) -> Values:
    """Accuracy of a classifier trained on samples, beside one trained on as many real rows."""
    for sample, name in ((found.generated, "generated"), (found.real, "training")):
        if len(np.unique(sample.y)) < 2:
            notes.append(f"No classifier was trained: the {name} rows drawn are of one class.")
            return {}
    accuracy = metrics.train_on_samples_accuracy(
        found.generated.rows.numbers,
        found.generated.y,
        found.real.rows.numbers,
        found.real.y,
        found.held_out.rows.numbers,
        found.held_out.y,
        seed=seed,
    )
    return {"train_on_samples_accuracy": (accuracy.samples, accuracy.real)}
