"""Input of an estimator, checked once: numeric rows of one shape, or one clear error."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from jamjae.data.finite import require_finite
from jamjae.data.numeric import (
    REAL,
    channels_first_message,
    column_names,
    looks_channels_first,
    numeric,
)
from jamjae.data.preprocessing import PIXELS, counted_as
from jamjae.data.rows import Array, Given, LazyRows, Rows, is_mapped, row_chunks, value_range
from jamjae.errors import (
    InvalidDataError,
    InvalidTypeError,
    ShapeMismatchError,
    TrainingDiverged,
    brief,
)
from jamjae.models import missing, tables

DTYPES = (np.float64, np.float32, np.uint8, np.uint16)  # anything else numeric becomes float64
WIDEST = 8  # bytes of a number in a mapped file that is left as it is
LARGE_DEVIATION = 5.0  # of images whose pixels cannot be in [0, 1]
SMALLEST, LARGEST = 1e-30, 1e30  # deviations whose codes, in the data's units, float32 can hold
OTHER_SCALE = 10.0  # standard deviations that rows of the same units do not have on average
IN_ORDER = "must be in the same order"  # what scikit-learn says of names
FAR = 60.0  # standard deviations of images that no range of pixels in the same units spans


def check_rows(model: BaseEstimator, X: Any, operation: str, *, reset: bool) -> Given:
    """Give X as an array (n, ...) of numbers; remember or compare its shape.

    Its dtype is float64, float32, uint8 or uint16. A memory-mapped array keeps any other real one,
    so that it need not be copied into memory; its values count as float64. So do rows in files,
    which are checked piece by piece.

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
    given = numeric(tables.encoded(model, X, attempt, reset=reset), attempt)
    rows = _as_array(model, given, attempt, reset)
    if rows.shape[0] < 2 and reset:
        raise InvalidDataError(
            f"{attempt}: only 1 sample was given (n_samples = 1, shape {rows.shape}); at least 2 "
            "are required. A single row or image can be transformed by a fitted model: "
            "transform(X[None])."
        )
    gaps = missing.allowed(model)
    require_finite(rows, attempt, column_names(given), gaps=gaps, cure=missing.cure(model))
    if reset and gaps:
        missing.require_values(model, rows, given)
    if reset:
        if rows.ndim > 2:  # images have no names, even where rows of a table were fitted before
            model.__dict__.pop("feature_names_in_", None)
        model.row_shape_ = rows.shape[1:]
        model.n_features_in_ = math.prod(rows.shape[1:])
    elif rows.shape[1:] != model.row_shape_:
        rows = rows.reshape(len(rows), *model.row_shape_)
    return rows


def _as_array(model: BaseEstimator, X: Any, attempt: str, reset: bool) -> Given:
    table = len(X.shape) <= 2
    dtype = None if _stays_mapped(X) else DTYPES
    settings = {"dtype": dtype, "ensure_all_finite": False, "order": "C"}
    lazy = isinstance(X, LazyRows)
    try:
        if table and (reset or len(model.row_shape_) == 1):
            if lazy:
                validate_data(model, _heading(X), reset=reset, skip_check_array=True)
                return X
            return validate_data(model, X, reset=reset, **settings)
        rows = X if lazy else check_array(X, allow_nd=True, **settings)
    except ValueError as error:
        if IN_ORDER in str(error):
            raise ShapeMismatchError(
                f"{attempt}: {brief(error, 400)} Put the columns of X in that order: "
                "X[model.feature_names_in_]."
            ) from None
        if "features" in str(error) and not reset:  # the estimator checks want their own words
            raise ShapeMismatchError(f"{attempt}: {brief(error, 400)}") from None
        raise InvalidDataError(f"{attempt}: {brief(error)}") from None
    except TypeError as error:
        raise InvalidTypeError(f"{attempt}: {brief(error)}") from None
    if not table:
        _require_images(model, rows, attempt)
    if not reset:
        _require_shape(model, rows, attempt)
    return rows


def _heading(rows: LazyRows) -> Any:
    """Give the names of columns in files as a data frame without rows, where they have names."""
    if not rows.titles:
        return rows
    from pandas import DataFrame

    return DataFrame(columns=list(rows.titles))


def _stays_mapped(X: Any) -> bool:
    real = isinstance(X, np.ndarray) and X.dtype.kind in REAL and X.dtype.itemsize <= WIDEST
    return real and X.dtype.isnative and is_mapped(X)


def _require_images(model: BaseEstimator, rows: Array, attempt: str) -> None:
    if rows.ndim > 4 or 0 in rows.shape:
        raise InvalidDataError(
            f"{attempt}: an array of shape {rows.shape} was given. Rows of a table (n, d) or "
            "images (n, h, w) or (n, h, w, c) with at least one sample and one value are expected."
        )
    expected = (getattr(model, "row_shape_", None), _input_shape(model))
    if looks_channels_first(rows.shape) and rows.shape[1:] not in expected:
        raise InvalidDataError(channels_first_message(rows.shape, attempt))


def _input_shape(model: BaseEstimator) -> tuple[int, ...] | None:
    """Give the shape of the rows that an encoder of the user's own takes."""
    encoder = getattr(model, "encoder", None)
    if encoder is None or not encoder.built:
        return None
    return tuple(encoder.input_shape[1:])


def _require_shape(model: BaseEstimator, rows: Array, attempt: str) -> None:
    shape, fitted = rows.shape[1:], model.row_shape_
    same_image = len(fitted) == 1 or _without_channel(shape) == _without_channel(fitted)
    if math.prod(shape) == model.n_features_in_ and (len(shape) == 1 or same_image):
        return
    raise ShapeMismatchError(
        f"{attempt}: X has rows of shape {shape} ({math.prod(shape)} features), but "
        f"{type(model).__name__} is expecting {model.n_features_in_} features as input, rows of "
        f"shape {fitted} as in fit. Reshape the data, or fit again."
    )


def _without_channel(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:2] if shape[2:] == (1,) else shape


def require_magnitude(model: BaseEstimator, rows: Array, variance: float) -> None:
    """Refuse rows that vary by so much or so little that codes in float32 cannot hold it.

    Raises
    ------
    InvalidDataError
    """
    deviation = math.sqrt(variance)
    varies = deviation > 0 or any((rows[chunk] != rows[:1]).any() for chunk in row_chunks(rows))
    if varies and not SMALLEST < deviation < LARGEST:
        unit = deviation or float(np.abs(rows[:2]).max())
        raise InvalidDataError(
            f"{type(model).__name__} cannot fit: the values have a standard deviation of "
            f"{deviation:.3g}, and networks compute in float32, which holds codes from "
            f"{SMALLEST:g} to {LARGEST:g}. Divide X by {unit:.0e}."
        )


def require_rows(rows: Array, n_components: float | str) -> None:
    """Refuse a first batch of ``partial_fit`` whose PCA has fewer components than a code.

    Raises
    ------
    InvalidDataError
    """
    if not isinstance(n_components, Integral):
        raise InvalidDataError(
            f"Autoencoder cannot partial_fit with n_components={n_components}, a share of the "
            "variance, which needs all rows. Give a number of components, or use fit."
        )
    least = min(int(n_components), math.prod(rows.shape[1:]))
    if len(rows) < least:
        raise InvalidDataError(
            f"Autoencoder cannot partial_fit: the first call was given {len(rows)} rows, but needs "
            f"at least n_components={n_components}, as it starts from their PCA. Give a larger "
            "first batch."
        )


def noisy_versions(model: BaseEstimator, rows: Given, corrupted: Any) -> dict[str, Given]:
    """Check the noisy versions of rows, where there are some, and name them for training."""
    if corrupted is None:
        return {}
    changed = [name for name in ("corruption", "augmentation") if getattr(model, name) is not None]
    if changed:
        raise InvalidDataError(
            f"Noisy versions were given by corrupted=, which cannot be combined with "
            f"{changed[0]}=. Give one of the two."
        )
    noisy = check_rows(model, corrupted, "fit noisy versions", reset=False)
    if noisy.shape != rows.shape or noisy.dtype != rows.dtype:
        raise ShapeMismatchError(
            f"corrupted= holds {noisy.dtype} rows of shape {noisy.shape}, but X holds {rows.dtype} "
            f"rows of shape {rows.shape}. One noisy version per row is expected, in the same units."
        )
    return {"corrupted": noisy}


def held_out_rows(model: BaseEstimator, given: Any, data: Rows) -> dict[str, Given] | None:
    """Check rows to choose the best epoch by, where there are some, and name them for training."""
    if given is None:
        return None
    rows = check_rows(model, given, "validate", reset=False)
    taken = "validation_fraction" if model.validation_fraction else ""
    if taken or model.guide is not None or "corrupted" in data:
        other = taken or ("corrupted" if "corrupted" in data else "guide")
        raise InvalidDataError(
            f"validation_data= was given, which cannot be combined with {other}=. Give one of the "
            "two."
        )
    if counted_as(rows.dtype) != counted_as(data["x"].dtype):
        raise InvalidDataError(
            f"validation_data= holds {rows.dtype} values, but X holds {data['x'].dtype}. Convert "
            "them to the same type and units."
        )
    if isinstance(rows, LazyRows):
        return {"x": rows}
    return {"x": rows.astype(data["x"].dtype, copy=False)}


def require_same_kind(model: BaseEstimator, rows: Array) -> None:
    """Refuse a warm start from networks that were fitted to another kind of data, or codes."""
    kinds = {model.dtype_, counted_as(rows.dtype)}
    if len(kinds) > 1 and kinds & PIXELS.keys():
        raise InvalidDataError(
            f"warm_start continues a fit to {model.dtype_} values, but {rows.dtype} values were "
            "given. Convert them, or set warm_start=False."
        )
    if model.encoder is None and model.n_components != model.n_components_:
        raise ShapeMismatchError(
            f"warm_start continues with n_components={model.n_components_}, but n_components is "
            f"{model.n_components} now. Change it back, or set warm_start=False."
        )


@contextmanager
def explained(model: BaseEstimator, rows: Array) -> Iterator[None]:
    """Name the cause if training diverges on rows of another scale than those of ``fit``.

    Raises
    ------
    TrainingDiverged
    """
    try:
        yield
    except TrainingDiverged as error:
        some = rows[row_chunks(rows)[0]]
        spread = float(np.sqrt(np.mean(np.square(model.scaling_.apply(some).astype(np.float64)))))
        if spread < OTHER_SCALE:
            raise
        raise TrainingDiverged(
            f"Training diverged: these rows lie {spread:.3g} standard deviations from the mean of "
            f"the first call's rows, which set the scale to {model.scaling_.scale:.3g}. Convert "
            "all rows to the same units, or start with typical rows."
        ) from error


def check_codes(model: BaseEstimator, Z: Any, operation: str = "decode") -> np.ndarray:
    """Give codes as floats (n, n_components_); a data frame's columns by their names."""
    attempt = f"{type(model).__name__} cannot {operation}"
    codes = _in_order(model, numeric(Z, attempt), attempt)
    try:
        codes = check_array(codes, dtype=(np.float64, np.float32), ensure_all_finite=False)
    except ValueError as error:
        raise InvalidDataError(f"{attempt}: {brief(error)}") from None
    if codes.shape[1] != model.n_components_:
        raise ShapeMismatchError(
            f"{attempt}: codes of shape {codes.shape} were given; (n, {model.n_components_}) is "
            "expected: one column per component, as transform returns them."
        )
    require_finite(codes, attempt, [])
    return codes


def _in_order(model: BaseEstimator, Z: Any, attempt: str) -> Any:
    """Put the columns of a data frame of codes in the order of the components they are named by."""
    names, given = list(model.get_feature_names_out()), column_names(Z)
    if given == names or not set(given) & set(names):
        return Z
    if sorted(given) == sorted(names):
        return Z[names]
    raise ShapeMismatchError(
        f"{attempt}: the codes have the columns {brief(given)}; {brief(names)} are expected."
    )


def warn_of_other_range(model: BaseEstimator, rows: Array) -> None:
    """Warn of pixels in another range than those of ``fit``, such as 0 to 1 in place of 0 to 255.

    Parameters
    ----------
    model : fitted estimator
    rows : array of shape (n, ...)
    """
    of_pixels = rows.dtype.name == model.dtype_ in PIXELS  # which have a range by their type
    of_table = model.dtype_ not in PIXELS and len(model.row_shape_) == 1
    if rows.size < 2 or of_pixels or of_table:
        return
    least, most = value_range(rows)
    deviation = math.sqrt(model.baseline_.variance)
    fraction = 0 < most <= 1.0
    cure = ""
    if highest := PIXELS.get(model.dtype_):
        if fraction and rows.dtype.kind == "f":
            cure = f"If they are pixels in [0, 1], multiply them by {highest:g}."
        elif most > highest:
            cure = f"The range of pixels is 0 to {highest:g}: scale them to that range."
    elif len(model.row_shape_) > 1:
        if fraction and deviation > LARGE_DEVIATION:
            cure = "If they are pixels in [0, 1], multiply them by 255."
        elif most - least > FAR * deviation > 0:
            cure = "If they are pixels in 0 to 255, divide them by 255."
    if cure:
        warnings.warn(
            f"The model was fitted on {model.dtype_} values with a standard deviation of "
            f"{deviation:.3g}, but these range from {least:.3g} to {most:.3g}. {cure}",
            UserWarning,
            stacklevel=4,
        )
