"""How much each part of a score counts: found on normal rows, beside anomalies made of them.

Rows of tables become kinds of anomalies as in Han et al. (2022, ADBench, NeurIPS 35), and images
have a patch moved (Li et al. 2021, CutPaste, CVPR). No known anomaly is needed.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

USED = 500  # normal rows that anomalies are made of, at most
STEPS = 8  # weights are eighths
EQUAL = 0.7  # over sqrt(n): AUC that weights must gain for each squared distance from equal ones
CHANGED = 0.2  # of the columns of a row that come from another one
NEAR = 10  # normal rows around a row
LOCAL, FAR = 5**0.5, 1.5  # times as far from the rows around it, and from the mean of all
PATCH = 4  # patches are this much shorter than the image


def made_of(rows: np.ndarray, normal: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Make anomalies (kinds, n, ...) of normal rows.

    Parameters
    ----------
    rows : array of shape (n, d), (n, h, w) or (n, h, w, c)
        Checked rows; NaN where a value is missing, and so are the values made of it.
    normal : float64 array of shape (m, d), or (m, ...) for images, which do not need it
        Others without missing values.
    rng : RandomState

    Returns
    -------
    array of shape (kinds, n, ...)
        In the type of `rows`. Of images one kind; of tables four: farther from the rows around,
        farther from the mean, with some columns of another row, and between two rows.
    """
    if rows.ndim > 2:
        return _patched(rows, rng)[None]
    n, d = rows.shape
    known = np.where(np.isfinite(rows), rows, normal.mean(axis=0)).astype(np.float64)
    nearest = np.argsort(cdist(known, normal), axis=1, kind="stable")[:, :NEAR]
    around, mean = normal[nearest].mean(axis=1), normal.mean(axis=0)
    other, second = normal[rng.randint(len(normal), size=(2, n))]
    changed = rng.uniform(size=(n, d)) < CHANGED
    changed[np.arange(n), rng.randint(d, size=n)] = True  # one at least
    share = rng.uniform(0.3, 0.7, size=(n, 1))
    made = np.stack(
        [
            around + LOCAL * (known - around),
            mean + FAR * (known - mean),
            np.where(changed, other, known),
            share * known + (1 - share) * second,
        ]
    )
    made[:, ~np.isfinite(rows)] = np.nan
    if rows.dtype.kind in "iu":
        limits = np.iinfo(rows.dtype)
        made = np.clip(np.rint(made), limits.min, limits.max)
    return made.astype(rows.dtype)


def _patched(rows: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Copy a patch of each image to another place in it."""
    made = rows.copy()
    sizes = [max(side // PATCH, 1) for side in rows.shape[1:3]]
    for image, whole in zip(made, rows, strict=True):
        (y, x), (to_y, to_x) = (
            [rng.randint(side - size + 1) for side, size in zip(whole.shape, sizes, strict=False)]
            for _ in range(2)
        )
        h, w = sizes
        image[to_y : to_y + h, to_x : to_x + w] = whole[y : y + h, x : x + w]
    return made


def weights_of(normal: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Find the weights of parts that separate anomalies from normal rows.

    They have the greatest mean ROC-AUC over the kinds of anomalies, less what is expected to be
    chance: weights far from equal ones must gain more.

    Parameters
    ----------
    normal : array of shape (n, parts)
        Parts of normal rows on their common scale.
    made : array of shape (kinds, m, parts)
        Those of anomalies.

    Returns
    -------
    float64 array of shape (parts,)
        Eighths, which add up to 1.

    Examples
    --------
    >>> normal = np.random.default_rng(0).normal(size=(100, 2))
    >>> weights_of(normal, np.stack([normal + [3.0, 0.0]]))
    array([0.75, 0.25])
    """
    parts = normal.shape[1]
    ways = itertools.product(range(STEPS + 1), repeat=parts)
    weights = np.array([way for way in ways if sum(way) == STEPS]) / STEPS
    areas = np.mean([_separated(normal @ weights.T, kind @ weights.T) for kind in made], axis=0)
    lost = EQUAL / np.sqrt(len(normal)) * np.square(weights - 1 / parts).sum(axis=1)
    found: np.ndarray = weights[np.argmax(areas - lost)]
    return found


def _separated(low: np.ndarray, high: np.ndarray) -> Any:
    """Give the ROC-AUC of each column of scores (n, w) and higher ones (m, w)."""
    n, m = len(low), len(high)
    ranks = rankdata(np.concatenate([low, high]), axis=0)[n:].sum(axis=0)
    return (ranks - m * (m + 1) / 2) / (n * m)
