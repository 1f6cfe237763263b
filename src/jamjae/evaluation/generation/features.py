"""What rows are compared by: their components, a classifier's features, or the user's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jamjae.data.finite import finite_array
from jamjae.data.rows import drawn
from jamjae.errors import InvalidDataError
from jamjae.evaluation.metrics.separating import quietly

COUNT = 64  # features
LEARNED_FROM = 10_000  # rows at most, from which features and their units are learned
HIDDEN = (128, COUNT)
BATCH, LEAST_STEPS, LEAST_EPOCHS, MOST_EPOCHS = 200, 800, 15, 200

Matrix = np.ndarray
Make = Callable[[Any], Matrix]


class Features(NamedTuple):
    """A way from rows to features (n, k), and its name."""

    make: Make
    title: str
    of_numbers: bool = True  # whether it takes encoded rows (n, d), not the rows as they were given


class SmallClassifier:
    """A network of two hidden layers, trained in seconds on at most 10,000 rows.

    Parameters
    ----------
    rows : array of shape (n, d)
    y : array of shape (n,)
    seed : int
    """

    def __init__(self, rows: Matrix, y: np.ndarray, seed: int) -> None:
        from sklearn.neural_network import MLPClassifier

        some = drawn(len(rows), LEARNED_FROM, seed)
        self.mean, self.scale = _center_and_scale(rows[some])
        epochs = math.ceil(LEAST_STEPS / math.ceil(len(some) / BATCH))
        epochs = min(max(epochs, LEAST_EPOCHS), MOST_EPOCHS)
        self.network = MLPClassifier(
            HIDDEN, batch_size=min(BATCH, len(some)), max_iter=epochs, random_state=seed
        )
        with quietly():
            self.network.fit(self._scaled(rows[some]), y[some])

    def accuracy(self, rows: Matrix, y: np.ndarray) -> float:
        """Give the share of rows that are recognized as of their class."""
        return float((self.network.predict(self._scaled(rows)) == y).mean())

    def hidden(self, rows: Matrix) -> Matrix:
        """Give the outputs of the last hidden layer (n, 64)."""
        found = self._scaled(rows)
        layers = zip(self.network.coefs_[:-1], self.network.intercepts_[:-1], strict=True)
        for weights, bias in layers:
            found = np.maximum(found @ weights + bias, 0.0)
        return found.astype(np.float64)

    def _scaled(self, rows: Matrix) -> Matrix:
        # one scale for all columns: a pixel that is nearly always black is not magnified
        scaled = (rows - self.mean) / self.scale * math.sqrt(rows.shape[1])
        return scaled.astype(np.float32)


def of_components(rows: Matrix, seed: int) -> Features:
    """Principal components of rows, in units in which their total variance is 1."""
    from sklearn.decomposition import PCA

    rows = rows[drawn(len(rows), LEARNED_FROM, seed)]
    mean, scale = _center_and_scale(rows)
    count = min(COUNT, *rows.shape)
    # few columns are all kept: the components are then the rows themselves, turned
    solver = "full" if rows.shape[1] <= 4 * COUNT else "randomized"
    with np.errstate(invalid="ignore", divide="ignore"):  # shares of a variance that is 0
        pca = PCA(count, svd_solver=solver, random_state=seed).fit((rows - mean) / scale)
    share = float(pca.explained_variance_.sum())
    all_of_it = count == rows.shape[1]
    kept = "all of the variance" if all_of_it else f"{min(share, 1.0):.1%} of the variance"
    return Features(
        lambda X: pca.transform((X - mean) / scale),
        f"{count} principal component{'s' * (count > 1)} of the training rows, {kept}, "
        "in units in which the total variance is 1",
    )


def of_classifier(judge: SmallClassifier, rows: Matrix, accuracy: float, seed: int) -> Features:
    """Hidden outputs of a classifier, in units in which their total variance is 1."""
    mean, scale = _center_and_scale(judge.hidden(rows[drawn(len(rows), LEARNED_FROM, seed)]))
    return Features(
        lambda X: (judge.hidden(X) - mean) / scale,
        f"{COUNT} hidden outputs of a classifier of {accuracy:.1%} accuracy on held-out rows, "
        "in units in which the total variance is 1",
    )


def of_callable(make: Callable[[Any], Any]) -> Features:
    """Features that the user's function makes of rows as they were given."""
    name = getattr(make, "__name__", type(make).__name__)
    attempt = f"generation_report cannot use what features={name} returned"

    def checked(X: Any) -> Matrix:
        found = finite_array(make(X), attempt)
        if len(found) != len(X) or found.ndim < 2:
            raise InvalidDataError(
                f"{attempt}: an array of shape {found.shape} for {len(X)} rows; (n, k), one row of "
                "features for each, is expected."
            )
        return found.reshape(len(found), -1).astype(np.float64)

    return Features(checked, f"as returned by {name}", of_numbers=False)


def _center_and_scale(rows: Matrix) -> tuple[Matrix, float]:
    """Mean of rows, and the root of the sum of their variances; 1 if nothing varies."""
    mean = rows.mean(axis=0)
    total = float(np.square(rows - mean).sum() / max(len(rows) - 1, 1))
    return mean, math.sqrt(total) if total > 0 else 1.0
