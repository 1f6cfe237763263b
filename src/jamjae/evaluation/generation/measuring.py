"""The numbers of a report card: of generated rows, and of the real rows that stand in for them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jamjae.data.readers.cells import counted, listed
from jamjae.data.rows import drawn
from jamjae.evaluation import metrics
from jamjae.evaluation.generation.features import Features
from jamjae.evaluation.generation.rows import Received, Rows
from jamjae.evaluation.metrics.generation import neighborhood_balls

MAX_ROWS = 10_000  # of each set, for the Fréchet distance and columns
NEIGHBOR_ROWS = 5_000  # of each set, for neighborhoods and the two-sample test
COPY_ROWS = 2_500  # of each set, whose nearest training rows are found
MAX_COLUMNS = 256  # of a table, whose distributions and correlations are compared

Values = dict[str, tuple[float, float]]
ColumnPair = tuple[str, str, float, float]


class Drawn(NamedTuple):
    """Random rows of each set: generated ones, as many training rows, and held-out ones.

    Attributes
    ----------
    rows : tuple of Rows
        Held-out, generated and training rows.
    features : list of array
        Theirs.
    """

    rows: tuple[Rows, Rows, Rows]
    features: list[np.ndarray]

    def counted(self, data: Received) -> str:
        """Say how many rows were used."""
        held_out, made, real = (f"{len(rows):,}" for rows in self.rows)
        said = (
            f"{made} of {len(data.generated):,} generated rows beside {real} of "
            f"{len(data.train):,} training rows, against {held_out} of {len(data.held_out):,} "
            "held-out rows"
        )
        if max(map(len, self.rows)) <= COPY_ROWS:
            return said + "."
        return (
            f"{said}; at most {NEIGHBOR_ROWS:,} of each for neighborhoods and the two-sample test, "
            f"{COPY_ROWS:,} for copies."
        )


def draw(data: Received, by: Features, seed: int) -> Drawn:
    """Draw rows, of generated and of training rows the same number, and make their features."""
    count = min(len(data.generated), len(data.train), MAX_ROWS)
    wanted = ((data.held_out, MAX_ROWS), (data.generated, count), (data.train, count))
    held_out, made, real = (rows.take(drawn(len(rows), most, seed)) for rows, most in wanted)
    sets = (held_out, made, real)
    return Drawn(sets, [by.make(X.numbers if by.of_numbers else X.given) for X in sets])


def known(rows: Rows) -> np.ndarray:
    """Classes of rows that have some."""
    return np.asarray(rows.y)


def of_features(found: Drawn, n_neighbors: int, seed: int) -> Values:
    """Fréchet distance, neighborhoods and two-sample test."""
    held_out, made, real = found.features
    values = {
        "frechet_distance": (
            metrics.frechet_distance(held_out, made),
            metrics.frechet_distance(held_out, real),
        )
    }
    some = [X[drawn(len(X), NEIGHBOR_ROWS, seed)] for X in found.features]
    balls = [neighborhood_balls(some[0], X, n_neighbors, "generation_report") for X in some[1:]]
    for name, of_made, of_real in zip(balls[0]._fields, *balls, strict=True):
        values[name] = of_made, of_real
    if min(map(len, some)) >= 5:
        values["two_sample_auc"] = (
            metrics.two_sample_auc(some[0], some[1], seed=seed),
            metrics.two_sample_auc(some[0], some[2], seed=seed),
        )
    return values


def of_copies(data: Received, seed: int) -> tuple[float, float]:
    """Share of rows, as numbers, that are as near to a training row as few held-out ones are."""
    held_out, made = (
        rows.numbers[drawn(len(rows), COPY_ROWS, seed)] for rows in (data.held_out, data.generated)
    )
    found = metrics.copied_share(data.train.numbers, held_out, made)
    return found.generated, found.held_out


def of_columns(found: Drawn, columns: list[ColumnPair], notes: list[str]) -> Values:
    """Distances of columns, which are appended to `columns`, and of correlations."""
    width = found.rows[0].numbers.shape[1]
    if width > MAX_COLUMNS:
        notes.append(
            f"Distributions and correlations of columns are compared up to {MAX_COLUMNS} columns; "
            f"the table has {width:,}."
        )
        return {}
    held_out, made, real = (rows.given for rows in found.rows)
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
    held_out, made, real = (rows.numbers for rows in found.rows)
    if width > 1 and min(len(made), len(held_out)) > 1:
        values["correlation_difference"] = (
            metrics.correlation_difference(held_out, made),
            metrics.correlation_difference(held_out, real),
        )
    return values


def of_classes(found: Drawn, n_neighbors: int, notes: list[str]) -> Values:
    """Coverage within each class: the lowest."""
    lowest: list[tuple[float, float]] = []
    few = []
    of_row = [known(rows) for rows in found.rows]
    for label in np.unique(of_row[0]):
        held_out, made, real = (
            X[y == label][:NEIGHBOR_ROWS] for X, y in zip(found.features, of_row, strict=True)
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


def of_training(found: Drawn, seed: int, notes: list[str]) -> Values:
    """Accuracy of a classifier trained on samples, beside one trained on as many real rows."""
    held_out, made, real = found.rows
    for rows, name in ((made, "generated"), (real, "training")):
        if len(np.unique(known(rows))) < 2:
            notes.append(f"No classifier was trained: the {name} rows drawn are of one class.")
            return {}
    accuracy = metrics.train_on_samples_accuracy(
        made.numbers,
        known(made),
        real.numbers,
        known(real),
        held_out.numbers,
        known(held_out),
        seed=seed,
    )
    return {"train_on_samples_accuracy": (accuracy.samples, accuracy.real)}
