"""jamjae: the recipe's network handed in, or its own default where no recipe is given.

The default gets its pixels as the 8-bit numbers they come in, so that its loss is, as everybody's,
that of pixels in [0, 1]; other numbers it divides by their deviation.
"""

from __future__ import annotations

import os
import time

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np

from benchmarks.recipes import Recipe
from benchmarks.rivals import keras_models
from jamjae import Autoencoder

PACKAGES = ("jamjae", "jax", "keras")


def estimator(recipe: Recipe | None, batch: int, epochs, seed: int = 0, **settings):
    if recipe is None:
        return Autoencoder(64, random_state=seed, epochs=epochs or "auto", **settings)
    encoder, decoder = keras_models.pair(recipe, seed)
    return Autoencoder(
        encoder=encoder,
        decoder=decoder,
        scaling=None,
        optimizer="rmsprop",
        schedule="constant",
        batch_size=batch,
        epochs=epochs,
        random_state=seed,
        **settings,
    )


def fit(recipe, X, *, batch, epochs, seed, on_epoch, **settings):
    return estimator(
        recipe,
        batch,
        epochs,
        seed,
        callbacks=[lambda report: on_epoch(report.terms["loss"], report.epoch)],
        **settings,
    ).fit(X)


def encode(model, X: np.ndarray) -> np.ndarray:
    return model.transform(X)


def decode(model, Z: np.ndarray) -> np.ndarray:
    return model.inverse_transform(Z)


def grid(recipe, X, *, batch, epochs, rates, folds) -> float:
    """The best mean score of all rates, each fitted to all folds."""
    from sklearn.model_selection import GridSearchCV, KFold

    search = GridSearchCV(
        estimator(recipe, batch, epochs), {"learning_rate": rates}, cv=KFold(folds), refit=False
    )
    search.fit(X)
    return float(search.best_score_)


def generate(model: str, X: np.ndarray, components: int, seconds: float, count: int, seed: int):
    """Fit the default, and densities to its codes, which take the time they take."""
    began = time.perf_counter()
    network = Autoencoder(components, random_state=seed).fit(X)
    trained = time.perf_counter() - began
    for kind in ("mixture", "flow"):
        began = time.perf_counter()
        network.fit_density(X, kind=kind, random_state=seed)
        fitted = time.perf_counter() - began
        began = time.perf_counter()
        images = network.sample(count, random_state=seed)
        yield kind, images, trained + fitted, time.perf_counter() - began
