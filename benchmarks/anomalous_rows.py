"""Tables with normal and anomalous rows: bundled with scikit-learn, or generated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn import datasets

Made = tuple[np.ndarray, np.ndarray]  # normal rows and anomalous ones
TRAINED = 0.7  # of the normal rows


def breast_cancer(_: int) -> Made:
    X, y = datasets.load_breast_cancer(return_X_y=True)
    return X[y == 1], X[y == 0]


def wine(_: int) -> Made:
    X, y = datasets.load_wine(return_X_y=True)
    return X[y == 1], X[y != 1]


def digits(_: int) -> Made:
    """The digits 0 to 4 are normal, as tables of 64 columns."""
    X, y = datasets.load_digits(return_X_y=True)
    return X[y < 5], X[y >= 5]


def diabetes(seed: int) -> Made:
    """Anomalous rows take each column from another row."""
    X, rng = datasets.load_diabetes().data, np.random.RandomState(seed)
    return X, np.stack([rng.permutation(column) for column in X.T], axis=1)[:200]


def moons(seed: int) -> Made:
    """Two half moons seen through ten functions; anomalous rows are anywhere around them."""
    rng = np.random.RandomState(100 + seed)
    plane, _ = datasets.make_moons(1000, noise=0.05, random_state=seed)
    slopes, offsets = rng.normal(size=(2, 10)), rng.uniform(-2, 2, 10)

    def seen(points: np.ndarray) -> np.ndarray:
        noise = 0.05 * rng.normal(size=(len(points), 10))
        return np.tanh(points @ slopes + offsets) + noise

    low, high = plane.min(axis=0) - 0.2, plane.max(axis=0) + 0.2
    return seen(plane), seen(rng.uniform(low, high, size=(300, 2)))


def heavy_tails(seed: int) -> Made:
    """Five factors and noise of t distributions in 20 columns; anomalous rows are off in three."""
    rng = np.random.RandomState(200 + seed)
    loadings = rng.normal(size=(5, 20))

    def drawn(n: int) -> np.ndarray:
        return rng.standard_t(3, (n, 5)) @ loadings + 0.3 * rng.standard_t(3, (n, 20))

    normal, anomalous = drawn(1500), drawn(300)
    for row in anomalous:
        row[rng.choice(20, 3, replace=False)] += 4 * rng.normal(size=3)
    return normal, anomalous


def groups(seed: int) -> Made:
    """Eight normal distributions in twelve columns; anomalous rows lie between two, or anywhere."""
    rng = np.random.RandomState(300 + seed)
    centers, shapes = 3 * rng.normal(size=(8, 12)), 0.4 * rng.normal(size=(8, 12, 12))

    def around(n: int, of: np.ndarray) -> np.ndarray:
        return np.einsum("nd,nde->ne", rng.normal(size=(n, 12)), shapes[of])

    own = rng.randint(8, size=1500)
    normal = centers[own] + around(1500, own)
    a, b = rng.randint(8, size=(2, 300))
    share = rng.uniform(0.3, 0.7, (300, 1))
    between = share * centers[a] + (1 - share) * centers[b]
    places = np.where((a != b)[:, None], between, 4 * rng.normal(size=(300, 12)))
    return normal, places + around(300, a)


SETS: dict[str, Callable[[int], Made]] = {
    "breast cancer": breast_cancer,
    "wine": wine,
    "digits 0 to 4": digits,
    "diabetes": diabetes,
    "moons": moons,
    "heavy tails": heavy_tails,
    "groups": groups,
}


def split(name: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give normal rows to learn from, and test rows with marks: 1 for anomalous ones."""
    normal, anomalous = SETS[name](seed)
    order = np.random.RandomState(seed).permutation(len(normal))
    n = int(TRAINED * len(normal))
    test = np.concatenate([normal[order[n:]], anomalous])
    return normal[order[:n]], test, np.repeat([0, 1], [len(normal) - n, len(anomalous)])
