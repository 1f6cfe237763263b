"""Why a row is anomalous: errors by feature, the nearest normal row, the smallest change."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.text_tables import number
from jamjae.models import tables
from jamjae.models.anomalies import conformal

if TYPE_CHECKING:
    from jamjae.models.anomalies.detector import AnomalyDetector
    from jamjae.models.anomalies.measures import Measure

CANDIDATES = 50  # of the nearest training rows, of which some may be anomalous themselves
STEPS = 20  # from a row to its reconstruction, and from there to the nearest normal row
FAR = "far from all normal rows"  # where each feature alone is as expected
WELL = "like normal rows"
ODD = "not as expected"  # of a column that is not a number
LARGE = 2.0  # deviations of a feature's error that is worth naming


class Explanation(NamedTuple):
    """Why rows are anomalous; all arrays have one row for each.

    Attributes
    ----------
    p_values, scores : float64 arrays of shape (n,)
        Of the rows; a score is ``score_samples``.
    parts : dict of str to float64 array of shape (n,)
        What the score is made of, in deviations of normal rows: ``"error"`` and
        ``"neighbors"``; for tables of at most 100 columns ``"error"``, ``"density"`` and
        ``"mixture"``.
    errors : float64 array of shape (n, *row_shape)
        Value minus reconstruction in units of what is normal for that feature, the root of its
        mean squared error on training rows plus a fifth of the mean over features; NaN where a
        value is missing. Of tables that are encoded or
        standardized one per encoded column. A map of errors for images.
    feature_names : list of str
        Of the columns of `errors`; empty for images.
    reconstruction : array of shape (n, *row_shape), or data frame
    nearest : array of shape (n, *row_shape), or data frame
        The training row with the nearest code, in the units of the data.
    nearest_index : int array of shape (n,)
        Its position among the rows of ``fit``.
    normal : array of shape (n, *row_shape), or data frame
        The row moved towards its reconstruction, and if that is not enough from there towards the
        nearest of the training rows that are normal now, as little as makes it normal. A row that
        is normal stays what it is.
    moved : float64 array of shape (n,)
        How far: 0 to 1 towards the reconstruction, above 1 beyond it, up to 2.
    reasons : list of str
        A short reason for each row.
    """

    p_values: np.ndarray
    scores: np.ndarray
    parts: dict[str, np.ndarray]
    errors: np.ndarray
    feature_names: list[str]
    reconstruction: Any
    nearest: Any
    nearest_index: np.ndarray
    normal: Any
    moved: np.ndarray
    reasons: list[str]


def explained(detector: AnomalyDetector, rows: np.ndarray, X: Any) -> Explanation:
    """Explain checked rows (n, ...), which were given as X."""
    model, measure = detector.model_, detector._measure()
    reference = measure.reference
    parts = measure(rows)
    scores = detector.scale_.combined(parts)
    codes = model._encode(rows)
    made = model.scaling_.clip(model._decode(codes))
    candidates = measure.nearest(codes, CANDIDATES)
    near, goal = candidates[:, 0], reference.rows[_typical(detector, measure, candidates)]
    unit = np.sqrt(reference.typical).reshape(rows.shape[1:])
    errors = np.subtract(rows, made, dtype=np.float64) / unit
    p = conformal.p_values(detector.calibration_scores_, scores)
    moved = _moves(detector, measure, rows, made, goal)
    names = tables.feature_names(model)
    relative = detector.scale_.relative(parts)
    return Explanation(
        p_values=p,
        scores=-scores,
        parts=dict(zip(measure.names, relative.T, strict=True)),
        errors=errors,
        feature_names=names,
        reconstruction=tables.decoded(model, made, X),
        nearest=_like(model, reference.rows[near], X),
        nearest_index=reference.positions[near].astype(np.intp),
        normal=_like(model, _between(rows, made, goal, moved), X),
        moved=moved,
        reasons=_reasons(
            -scores < detector.offset_, errors, _in_units(model, names, made, rows), names
        ),
    )


def _typical(detector: AnomalyDetector, measure: Measure, candidates: np.ndarray) -> np.ndarray:
    """Choose for each row (n,) the first of its candidates (n, c) that is normal itself."""
    numbers, places = np.unique(candidates, return_inverse=True)
    scores = -detector.scale_.combined(measure(measure.reference.rows[numbers]))
    of_each = scores[places.reshape(candidates.shape)]
    normal = of_each >= detector.offset_
    chosen = np.where(normal.any(axis=1), normal.argmax(axis=1), of_each.argmax(axis=1))
    found: np.ndarray = np.take_along_axis(candidates, chosen[:, None], axis=1)[:, 0]
    return found


def _in_units(model: Any, names: list[str], *given: np.ndarray) -> list[np.ndarray]:
    """Give rows in the units of the data, NaN in columns that are not numbers of the data."""
    made = [tables.decoded(model, rows) for rows in given]
    return [_plain(table, names) if hasattr(table, "iloc") else np.asarray(table) for table in made]


def _plain(table: Any, names: list[str]) -> np.ndarray:
    """Give the numbers (n, d) of a data frame that the encoded columns of these names stand for."""
    found = np.full((len(table), len(names)), np.nan)
    for j, name in enumerate(names):
        if name in table.columns and table[name].dtype.kind in "iuf":
            found[:, j] = table[name].to_numpy(dtype=np.float64)
    return found


def _like(model: Any, rows: np.ndarray, X: Any) -> Any:
    precision = np.float64 if model.dtype_ == "float64" else np.float32
    return tables.decoded(model, rows.astype(precision), X)


def _between(rows: np.ndarray, made: np.ndarray, near: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Move rows by 0 to 1 towards `made`, and by 1 to 2 from there towards `near`."""
    steps = moved.reshape(-1, *[1] * (rows.ndim - 1))
    known = np.where(np.isnan(rows), made, rows).astype(np.float64)
    goal = np.where(np.isnan(near), made, near)
    first, second = np.clip(steps, 0, 1), np.clip(steps - 1, 0, 1)
    found = known + first * (made - known)
    return np.where(steps > 0, found + second * (goal - found), rows)


def _moves(
    detector: AnomalyDetector,
    measure: Measure,
    rows: np.ndarray,
    made: np.ndarray,
    near: np.ndarray,
) -> np.ndarray:
    """Find the smallest of 2 · `STEPS` steps at which each row is normal; 2 if none is."""
    moved = np.full(len(rows), 2.0)
    left = np.arange(len(rows))
    for step in range(2 * STEPS):
        if not len(left):
            break
        at = np.full(len(left), step / STEPS)
        some = _between(rows[left], made[left], near[left], at).astype(rows.dtype)
        normal = -detector.scale_.combined(measure(some)) >= detector.offset_
        moved[left[normal]] = step / STEPS
        left = left[~normal]
    return moved


def _reasons(
    anomalous: np.ndarray, errors: np.ndarray, given: list[np.ndarray], names: list[str]
) -> list[str]:
    """Give a reason for each row, of reconstructions and rows in the units of the data."""
    made, rows = given
    size = np.nan_to_num(np.abs(errors)).reshape(len(errors), -1)
    found = []
    for i, worst in enumerate(size.argmax(axis=1)):
        if not anomalous[i]:
            found.append(WELL)
        elif names and size[i, worst] >= LARGE:
            value, expected = rows[i].ravel()[worst], made[i].ravel()[worst]
            plain = f"{names[worst]} {number(value)}, expected {number(expected)}"
            found.append(plain if np.isfinite([value, expected]).all() else f"{names[worst]} {ODD}")
        elif not names and size[i].max() >= LARGE:
            found.append(_place(size[i].reshape(rows.shape[1:]), errors[i]))
        else:
            found.append(FAR)
    return found


def _place(size: np.ndarray, errors: np.ndarray) -> str:
    """Name the ninth of an image that is off most, and to which side."""
    square = np.square(size.reshape(*size.shape[:2], -1)).sum(axis=2)
    signed = np.nan_to_num(errors).reshape(*size.shape[:2], -1).sum(axis=2)
    ends = [np.linspace(0, side, 4).round().astype(int) for side in square.shape]
    best, words = -math.inf, ""
    for i, row in enumerate(("top", "middle", "bottom")):
        for j, column in enumerate(("left", "center", "right")):
            where = (slice(*ends[0][i : i + 2]), slice(*ends[1][j : j + 2]))
            if square[where].size and square[where].sum() > best:
                best = float(square[where].sum())
                side = "brighter" if signed[where].sum() > 0 else "darker"
                words = f"{row} {column} {side} than normal"
    return words
