"""How far a network's predictions of missing values can be trusted, where it was trained on none.

Values that a network was trained on say too much for it. So rows are held out: those of validation,
or some that a second network does not see, trained for a quarter of the epochs.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import clone

from jamjae.data.rows import Array, Rows, drawn
from jamjae.engine import filling as filling_of
from jamjae.engine.filling import Filling
from jamjae.errors import JamjaeError
from jamjae.models import missing
from jamjae.models.missing import Reconstruct

ROWS, SHARE = 4000, 0.8  # taken at most; of these the share that a second network is trained on
FEWEST = 20  # rows; the factor analysis predicts alone where there are fewer
EPOCHS = 4  # by which those of the first network are divided
HELD, GAPS, TIMES = 1000, 0.2, 5  # rows of which so many values are taken away, so many times


def network_share(
    model: Any, reconstruct: Reconstruct, data: Rows, held: Rows | None, seed: int
) -> float:
    """Find the share of the reconstruction that predicts values of rows held out best, from 0 to 1.

    It is 0, so that the factor analysis predicts alone, for networks of the user's own, guided or
    denoising ones, without rows of validation.

    Parameters
    ----------
    model : estimator
        Fitted to rows of which no value is missing, with a filling.
    reconstruct : callable
        What its networks make of rows that are numbers.
    data, held : Rows
        Training rows, and held-out rows if there are any.
    seed : int
    """
    if held is not None:
        some = held["x"][drawn(len(held["x"]), HELD, seed)]
        return _share(model, model.filling_, reconstruct, some, seed)
    alike = model.encoder is None and model.decoder is None and model.guide is None
    if not alike or "corrupted" in data or len(data["x"]) < FEWEST:
        return 0.0
    index = np.random.RandomState(seed).permutation(drawn(len(data["x"]), ROWS, seed))
    seen, rest = np.split(index, [int(SHARE * len(index))])
    weights = None if "weight" not in data else np.asarray(data["weight"][seen])
    rows = np.asarray(data["x"][seen])
    try:
        other = _second(model, rows, weights, seed)
    except (JamjaeError, ValueError):  # weights of which too few count, for one
        return 0.0
    filling = filling_of.learn(rows, weights, seed)
    return _share(
        model,
        filling,
        lambda some: other.reconstruct(filling.fill(some)),
        np.asarray(data["x"][rest[:HELD]]),
        seed,
    )


def _second(model: Any, rows: Array, weights: np.ndarray | None, seed: int) -> Any:
    other = clone(model).set_params(
        n_components=min(model.n_components_, len(rows), int(np.prod(rows.shape[1:]))),
        scaling="auto" if model.scaling == "standardize" else model.scaling,
        missing="error",
        epochs=max(len(model.history_["loss"]) // EPOCHS, 1),
        validation_fraction=0.0,
        early_stopping=False,
        checkpoint_dir=None,
        callbacks=(),
        warm_start=False,
        random_state=seed,
        verbose=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as that the second network is PCA
        return other.fit(rows, sample_weight=weights)


def _share(
    model: Any, filling: Filling, reconstruct: Reconstruct, rows: np.ndarray, seed: int
) -> float:
    """Compare predictions of values that are taken away at random, several times."""
    rng, known = np.random.RandomState(seed), ~np.isnan(rows)
    widths = missing.widths(model) or [1] * known[0].size
    steps, rests = [], []
    for _ in range(TIMES):
        cells = rng.random_sample((len(rows), len(widths))) < GAPS  # of a table
        gaps = known & np.repeat(cells, widths, axis=1).reshape(rows.shape)
        given = np.where(gaps, np.nan, rows)
        linear = np.asarray(filling.fill(given)[gaps], np.float64)
        steps.append(np.asarray(reconstruct(given)[gaps], np.float64) - linear)
        rests.append(rows[gaps] - linear)
    return missing.best_share(np.concatenate(steps), np.concatenate(rests))
