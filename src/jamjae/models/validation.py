"""What an estimator is given, checked once: numeric rows of one shape, or one clear error."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from jamjae.data.preprocessing import row_chunks
from jamjae.errors import InvalidDataError, InvalidTypeError, ShapeMismatchError

DTYPES = (np.float64, np.float32, np.uint8)  # anything else numeric becomes float64
TOO_LARGE = 1e150  # the square of more is no finite number


def check_rows(model: BaseEstimator, X: Any, operation: str, *, reset: bool) -> np.ndarray:
    """Give X as an array (n, ...) of float64, float32 or uint8; remember or compare its shape.

    Parameters
    ----------
    model : estimator
        Gets ``n_features_in_``, ``feature_names_in_`` and ``row_shape_`` where `reset`, is held to
        them otherwise.
    X : array-like of shape (n, d), (n, h, w) or (n, h, w, c)
    operation : str
        What is attempted, for the messages.
    reset : bool
        Whether this is the first sight of the data.

    Raises
    ------
    InvalidDataError
        For NaN, infinity, text, ragged or empty data.
    ShapeMismatchError
        For rows of another shape than those of ``fit``.
    """
    attempt = f"{type(model).__name__} cannot {operation}"
    rows = _as_array(model, X, attempt, reset)
    if rows.shape[0] < 2 and reset:
        raise InvalidDataError(
            f"{attempt}: 1 sample was given (n_samples = 1, shape {rows.shape}), at least 2 are "
            "needed to learn what differs between samples. A single image or row needs a first "
            "axis of samples, and a fitted model to transform it."
        )
    _require_finite(rows, attempt)
    if reset:
        if rows.ndim > 2:  # images have no names, even where rows of a table were fitted before
            model.__dict__.pop("feature_names_in_", None)
        model.row_shape_ = rows.shape[1:]
        model.n_features_in_ = math.prod(rows.shape[1:])
    elif rows.shape[1:] != model.row_shape_:
        rows = rows.reshape(len(rows), *model.row_shape_)
    return rows


def _as_array(model: BaseEstimator, X: Any, attempt: str, reset: bool) -> np.ndarray:
    settings = {"dtype": DTYPES, "ensure_all_finite": False, "order": "C"}
    dimensions = _depth(X, attempt)
    try:
        if dimensions <= 2:
            if not reset and len(model.row_shape_) > 1:
                rows = check_array(X, **settings)
                _require_shape(model, rows, attempt)
                return rows
            return validate_data(model, X, reset=reset, **settings)
        rows = check_array(X, allow_nd=True, **settings)
    except ShapeMismatchError:
        raise
    except ValueError as error:
        raise InvalidDataError(f"{attempt}: {error}") from None
    except TypeError as error:
        raise InvalidTypeError(f"{attempt}: {error}") from None
    if dimensions > 4 or 0 in rows.shape:
        raise InvalidDataError(
            f"{attempt}: an array of shape {rows.shape} was given. Rows of a table (n, d) or "
            "images (n, h, w) or (n, h, w, c) with at least one sample and one value are expected."
        )
    if not reset:
        _require_shape(model, rows, attempt)
    return rows


def _depth(X: Any, attempt: str) -> int:
    if hasattr(X, "shape"):
        return len(X.shape)
    try:
        return np.asarray(X).ndim
    except ValueError as error:
        raise InvalidDataError(
            f"{attempt}: the samples do not all have the same shape ({error}). Bring images to one "
            "size first; `jamjae.data.reading.read` does it for a folder of images."
        ) from None


def _require_shape(model: BaseEstimator, rows: np.ndarray, attempt: str) -> None:
    shape, fitted = rows.shape[1:], model.row_shape_
    same_image = len(fitted) == 1 or _without_channel(shape) == _without_channel(fitted)
    if math.prod(shape) == model.n_features_in_ and (len(shape) == 1 or same_image):
        return
    raise ShapeMismatchError(
        f"{attempt}: X has rows of shape {shape} ({math.prod(shape)} features), but "
        f"{type(model).__name__} is expecting {model.n_features_in_} features as input, rows of "
        f"shape {fitted} as in fit. Bring the data to that shape, or fit anew."
    )


def _without_channel(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:2] if shape[2:] == (1,) else shape


def _require_finite(rows: np.ndarray, attempt: str) -> None:
    if not np.issubdtype(rows.dtype, np.floating):
        return
    for chunk in row_chunks(rows):
        largest = float(np.abs(rows[chunk]).max())  # NaN wins over every number
        if not largest < TOO_LARGE:
            _refuse(rows, chunk.start or 0, attempt)


def _refuse(rows: np.ndarray, start: int, attempt: str) -> None:
    bad = ~(np.abs(rows[start:].astype(np.float64)) < TOO_LARGE)
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    first = (first[0] + start, *first[1:])
    value = rows[first]
    kind = f"{value:g}" if np.isfinite(value) else "infinity (inf)"
    kind = "NaN" if np.isnan(value) else kind
    raise InvalidDataError(
        f"{attempt}: X holds {kind} at index {first}, the first of at least {int(bad.sum())} "
        "values that are NaN, inf or too large to be squared. Finite numbers are expected: drop "
        "those rows, or fill them, for example with sklearn.impute.SimpleImputer."
    )


def check_codes(model: BaseEstimator, Z: Any) -> np.ndarray:
    """Give codes as a float32 array (n, n_components_)."""
    attempt = f"{type(model).__name__} cannot decode"
    try:
        codes = check_array(Z, dtype=np.float32, ensure_all_finite=False)
    except ValueError as error:
        raise InvalidDataError(f"{attempt}: {error}") from None
    if codes.shape[1] != model.n_components_:
        raise ShapeMismatchError(
            f"{attempt}: codes of shape {codes.shape} were given, (n, {model.n_components_}) is "
            "expected. Codes are what transform gives, one column a component."
        )
    _require_finite(codes, attempt)
    return codes


def warn_of_other_range(rows: np.ndarray, fitted_dtype: str) -> None:
    """Warn of pixels in [0, 1] where a model has learned 0..255."""
    floats = np.issubdtype(rows.dtype, np.floating)
    if fitted_dtype == "uint8" and floats and rows.size > 1 and 0 < rows.max() <= 1.0:
        warnings.warn(
            f"The model was fitted on 8-bit values (0 to 255), but these reach only "
            f"{rows.max():.3g}. If they are pixels in [0, 1], multiply them by 255.",
            UserWarning,
            stacklevel=4,
        )
