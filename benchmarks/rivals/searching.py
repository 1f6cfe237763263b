"""A grid search as a loop, for libraries without one."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import KFold


def grid(library, recipe, X, *, batch, epochs, rates, folds) -> float:
    """The best mean score of all rates, each fitted to all folds."""
    means = []
    for rate in rates:
        scores = []
        for train, test in KFold(folds).split(X):
            model = library.fit(
                recipe,
                X[train],
                batch=batch,
                epochs=epochs,
                seed=0,
                on_epoch=lambda loss: False,
                rate=rate,
            )
            scores.append(_score(library, model, X[test]))
        means.append(np.mean(scores))
    return float(max(means))


def _score(library, model, X: np.ndarray) -> float:
    restored = library.decode(model, library.encode(model, X)).reshape(X.shape)
    return 1.0 - float(np.square(X - restored).mean() / X.var(axis=0).mean())
