"""Missing values, and rows that do not count alike, before and during training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from jamjae.data.numeric import column_names
from jamjae.data.preprocessing import PIXELS
from jamjae.data.readers.cells import listed
from jamjae.data.rows import Array, Derived, Rows, row_chunks
from jamjae.engine import filling as filling_of
from jamjae.engine import pca
from jamjae.engine.filling import Filling
from jamjae.engine.incomplete_pca import principal
from jamjae.engine.processes import ALONE, Processes
from jamjae.errors import InvalidDataError, brief

Reconstruct = Callable[[np.ndarray], np.ndarray]

MASK = "mask"
CURE = (
    "drop those rows, fill the values (jamjae impute, sklearn.impute.SimpleImputer), or fit a "
    'model that leaves them out of its loss (Autoencoder(missing="mask"), jamjae fit --missing '
    "mask)."
)
FILL = "drop those rows, or fill the values (jamjae impute, sklearn.impute.SimpleImputer)."
LIGHTEST = 1e-15  # of the largest weight; less than that is rounding
HIDDEN_SHARE, HIDDEN = 0.05, 4000  # of the values, one a row, that training does not see; at most


def as_nan(X: Any) -> Any:
    """Give pandas's NA and None among Python objects, and masked entries, as NaN."""
    if isinstance(X, np.ma.MaskedArray):
        values = np.ma.getdata(X)
        values = values if values.dtype.kind == "f" else values.astype(np.float64)
        return np.where(np.ma.getmaskarray(X), np.nan, values)
    if isinstance(X, np.ndarray) and X.dtype == object:
        from pandas import isna

        return np.where(isna(X), np.nan, X)
    if not hasattr(X, "iloc") or getattr(X, "ndim", 0) != 2:
        return X
    from pandas.api.types import is_object_dtype

    found = X
    for i, dtype in enumerate(X.dtypes):
        if is_object_dtype(dtype) and X.iloc[:, i].isna().any():
            found = X.copy(deep=False) if found is X else found
            found.isetitem(i, X.iloc[:, i].where(X.iloc[:, i].notna(), np.nan))
    return found


def allowed(model: Any) -> bool:
    """Whether NaN are missing values for a model."""
    return getattr(model, "missing", None) == MASK


def cure(model: Any) -> str:
    """Give what to do about missing values, for the messages of a model."""
    return CURE if hasattr(model, "missing") else FILL


def weights(given: Any, rows: Array, attempt: str) -> dict[str, np.ndarray]:
    """Check the weights of rows, where there are some, and name them for training.

    Raises
    ------
    InvalidDataError
        They are negative, not finite, all zero or not one number per row.
    """
    if given is None:
        return {}
    try:
        found = _check_sample_weight(given, np.empty((len(rows), 1)), dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise InvalidDataError(f"{attempt}: sample_weight: {brief(error)}") from None
    if (found < 0).any():
        place = int((found < 0).argmax())
        raise InvalidDataError(
            f"{attempt}: sample_weight has {found[place]:g} at index {place}. Weights of at least "
            "0 are expected: how much each row counts."
        )
    found = np.where(found < LIGHTEST * found.max(), 0.0, found)
    if np.count_nonzero(found) < 2:
        raise InvalidDataError(
            f"{attempt}: sample_weight lets a single row count, {int(found.argmax())}. At least "
            f"two are expected; a weight of less than {LIGHTEST:g} of the largest counts as 0."
        )
    return {"weight": found}


def relative(data: Rows, processes: Processes = ALONE) -> np.ndarray | None:
    """Give the weights of rows with a mean of one; None if there are none."""
    if "weight" not in data:
        return None
    found = np.asarray(data["weight"][:])
    if np.count_nonzero(found) < 2:
        raise InvalidDataError(
            f"Of {len(found)} rows for training, {np.count_nonzero(found)} have a positive "
            "sample_weight; at least 2 are expected. Give a smaller validation_fraction, or more "
            "rows with a positive weight."
        )
    found = found / processes.ends(0.0, found.max())[1]  # so that no sum of them overflows
    total, n = processes.total([found.sum(), len(found)])
    return found / (total / n)


def require_values(model: Any, rows: Array, X: Any) -> None:
    """Refuse columns without any value.

    Raises
    ------
    InvalidDataError
    """
    counts = sum((~np.isnan(rows[c])).sum(axis=0) for c in row_chunks(rows))
    empty = np.flatnonzero(np.ravel(counts) == 0)
    if len(empty):
        names = column_names(X) or [f"{i}" for i in range(np.size(counts))]
        raise InvalidDataError(
            f"{type(model).__name__} cannot fit: no row has a value in the column(s) "
            f"{listed(names[i] for i in empty)}. Drop them."
        )


def filling(model: Any, rows: Array, relative: np.ndarray | None, seed: int) -> Filling | None:
    """Learn what predicts missing values; None for a model that refuses them, and for pixels."""
    if not allowed(model) or rows.dtype.kind != "f":
        return None
    return filling_of.learn(rows, relative, seed)


def filled(found: Filling | None, rows: Array) -> Array:
    """Give the rows with their missing values predicted, when they are asked for."""
    if found is None or not incomplete(rows):
        return rows
    return Derived(rows, lambda some, _: found.fill(some))


def baseline(
    found: Filling | None,
    rows: Array,
    n_components: int,
    relative: np.ndarray | None,
    seed: int,
    processes: Processes,
) -> pca.Principal:
    """Find the PCA of rows; of their observed values if some are missing."""
    if found is None or not incomplete(rows):
        return pca.fit(rows, n_components, seed, relative, processes)
    known = np.ones(len(rows)) if relative is None else relative
    return principal(rows, filled(found, rows), n_components, known, seed)


class Hidden:
    """Some observed values, at most one a row, that training does not see.

    Parameters
    ----------
    X : rows (n, ...)
    seed : int
    widths : sequence of int, optional
        How many features each column of a table was encoded as, which are hidden together.

    Attributes
    ----------
    rows, columns, widths : int arrays of shape (m,)
        Their places, from a feature on; rows rise.
    """

    def __init__(self, X: Array, seed: int, widths: Sequence[int] | None = None) -> None:
        rng, d = np.random.RandomState(seed), int(np.prod(X.shape[1:]))
        sizes = np.ones(d, int) if widths is None else np.array(widths, int)
        starts, k = np.cumsum(sizes) - sizes, len(sizes)
        m = min(int(np.ceil(HIDDEN_SHARE * len(X) * k)), HIDDEN, len(X)) if k > 1 else 0
        rows = np.sort(rng.choice(len(X), m, replace=False))
        observed = ~np.isnan(X[rows].reshape(m, -1)[:, starts]) if m else np.ones((0, k), bool)
        some = observed.sum(axis=1) > 1
        lots = np.where(observed, rng.random_sample(observed.shape), -1.0).argmax(axis=1)[some]
        self.rows, self.columns, self.widths = rows[some], starts[lots], sizes[lots]

    def hide(self, some: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Replace the values by NaN in a copy of rows at given positions."""
        made = some.copy()
        if not len(self.rows):
            return made
        place = np.searchsorted(self.rows, positions)
        place[place == len(self.rows)] = 0
        here = np.flatnonzero(self.rows[place] == positions)
        which, columns = self._features(place[here])
        made.reshape(len(made), -1)[here[which], columns] = np.nan
        return made

    def values(self, X: np.ndarray) -> np.ndarray:
        """Give the values at the places, of the rows `rows` of X, in one row."""
        found: np.ndarray = X.reshape(len(X), -1)[self._features(np.arange(len(self.rows)))]
        return found

    def _features(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give each feature at some places: which of the places, and the feature."""
        sizes = self.widths[places]
        which = np.repeat(np.arange(len(places)), sizes)
        within = np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return which, self.columns[places][which] + within


def widths(model: Any) -> list[int] | None:
    """Give how many features each column of a table is encoded as; None for other rows."""
    encoder = getattr(model, "table_encoder_", None)
    return None if encoder is None else [codec.width for codec in encoder.codecs_]


def for_training(found: Filling | None, data: Rows, hidden: Hidden | None = None) -> Rows:
    """Give what the loop trains on: rows without gaps, what is observed, and weights.

    Weights have such a mean that a loss is the mean over the observed values.
    """
    if found is None and "weight" not in data:
        return data
    made = dict(data)
    known = relative(data)
    if found is not None and (hidden is not None or incomplete(data["x"])):
        x = data["x"] if hidden is None else Derived(data["x"], hidden.hide)
        observed = Derived(x, lambda some, _: ~np.isnan(some), np.dtype(bool))
        made |= {"x": filled(found, x), "observed": observed}
        if "corrupted" in data:
            made["corrupted"] = filled(found, data["corrupted"])
        share = _observed_share(observed, known)
        known = (np.ones(len(x)) if known is None else known) / share
    if known is not None:
        made["weight"] = known.astype(np.float32)
    return made


def network_share(
    found: Filling | None, rows: Array, hidden: Hidden | None, reconstruct: Reconstruct
) -> float:
    """Find the share of the reconstruction that predicts hidden values best, from 0 to 1.

    The rest of a prediction is that of the filling.
    """
    if found is None or hidden is None or not len(hidden.rows):
        return 1.0
    some = rows[hidden.rows]
    given = hidden.hide(some, hidden.rows)
    linear = hidden.values(found.fill(given)).astype(np.float64)
    step = hidden.values(reconstruct(given)) - linear
    return best_share(step, hidden.values(some) - linear)


def best_share(step: np.ndarray, rest: np.ndarray) -> float:
    """Give how much of a step from one prediction to another comes nearest to what is missing."""
    total = float(step @ step)
    return float(np.clip(step @ rest / total, 0.0, 1.0)) if total else 1.0


def imputed(
    found: Filling | None, share: float, rows: np.ndarray, reconstruct: Reconstruct
) -> np.ndarray:
    """Give rows with predictions in place of NaN, in their own precision."""
    whole = rows.copy()
    incomplete = np.flatnonzero(np.isnan(rows).reshape(len(rows), -1).any(axis=1))
    if found is None or not len(incomplete):
        return whole
    some = rows[incomplete]
    made = share * reconstruct(some) + (1.0 - share) * found.fill(some)
    whole[incomplete] = np.where(np.isnan(some), made, some)
    return whole


def require_no_augmentation(model: Any, rows: Array) -> None:
    """Refuse to change rows at random where values are missing, as they would move.

    Raises
    ------
    InvalidDataError
    """
    if allowed(model) and model.augmentation is not None and incomplete(rows):
        raise InvalidDataError(
            f"{type(model).__name__} cannot fit: values are missing, and augmentation= would move "
            "them. Use corruption=, or impute the rows first."
        )


def require_filling(model: Any, rows: Array, attempt: str) -> None:
    """Refuse missing values if nothing was learned that predicts them.

    Raises
    ------
    InvalidDataError
    """
    if allowed(model) and model.filling_ is None and incomplete(rows):
        lacks = f"to {model.dtype_} pixels" if model.dtype_ in PIXELS else 'without missing="mask"'
        raise InvalidDataError(
            f"{attempt}: values are missing (NaN), and the model was fitted {lacks}, so nothing "
            'predicts them. Fit it to floating-point rows with missing="mask" (--missing mask).'
        )


def _observed_share(observed: Array, known: np.ndarray | None) -> float:
    total = 0.0
    for rows in row_chunks(observed):
        shares = observed[rows].reshape(-1, int(np.prod(observed.shape[1:]))).mean(axis=1)
        total += float(shares.sum() if known is None else known[rows] @ shares)
    return total / len(observed)


def incomplete(rows: Array) -> bool:
    """Whether a value is missing."""
    return rows.dtype.kind == "f" and any(bool(np.isnan(rows[c]).any()) for c in row_chunks(rows))
