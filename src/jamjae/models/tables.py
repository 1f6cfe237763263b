"""Tables before and after a model: mixed columns, and columns to be standardized, as numbers."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from jamjae.data.finite import require_finite
from jamjae.data.numeric import column_names, numeric, real_array
from jamjae.data.preprocessing import PIXELS, value_type
from jamjae.data.readers.cells import counted, listed
from jamjae.data.rows import LazyRows
from jamjae.data.table_encoder import TableEncoder, is_mixed
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.models import missing

STANDARDIZE = "standardize"


def encoded(model: Any, X: Any, attempt: str, *, reset: bool) -> Any:
    """Give rows as numbers: those of a table encoder if there is one, else as they are.

    Parameters
    ----------
    model : estimator
        Gets ``table_encoder_`` where `reset`: an encoder fitted to X if X is a data frame with
        columns that are no numbers, or if ``model.scaling`` is ``"standardize"``; else None.
    X : data frame or array-like
    attempt : str
        Start of the error messages.
    reset : bool
        Whether this is the first sight of the data.

    Raises
    ------
    InvalidDataError
        Cells of a mixed table are missing, or images are to be standardized.
    """
    mixed, gaps = is_mixed(X), missing.allowed(model)
    if gaps and not mixed:
        X = missing.as_nan(X)
    wanted = getattr(model, "scaling", None) == STANDARDIZE
    if isinstance(X, LazyRows) and (wanted if reset else getattr(model, "table_encoder_", None)):
        X = _framed(np.asarray(X), list(X.titles)) if X.titles else np.asarray(X)
    if reset:
        model.table_encoder_ = None
        if mixed:
            model.table_encoder_ = TableEncoder().fit(X)
        elif wanted:
            model.table_encoder_ = TableEncoder().fit(_floats(X, attempt, gaps))
    encoder = getattr(model, "table_encoder_", None)
    if encoder is None:
        return X
    if not reset and len(shape := np.shape(X)) > 2:
        raise ShapeMismatchError(
            f"{attempt}: images of shape {shape[1:]} were given, and the model was fitted to a "
            f"table of {counted(encoder.n_features_in_, 'column')}."
        )
    given = X if mixed or hasattr(encoder, "feature_names_in_") else _floats(X, attempt, gaps)
    if mixed and not gaps:
        _require_whole(given, encoder, attempt, missing.cure(model))
    Z = encoder.transform(given).astype(_precision(X), copy=False)
    names = column_names(X) if not hasattr(encoder, "feature_names_in_") else _titles(encoder)
    return _framed(Z, names) if len(names) == Z.shape[1] else Z


def in_order(model: Any, X: Any) -> Any:
    """Put the columns of a data frame, where they have the names of `fit`, in its order."""
    names = [str(name) for name in getattr(model, "feature_names_in_", ())]
    given = column_names(X)
    unlike = given != names and sorted(given) == sorted(names) and len(set(names)) == len(names)
    return X[names] if unlike and list(X.columns) == given else X


def decoded(model: Any, made: np.ndarray, like: Any = None) -> Any:
    """Give the table that numbers encode; with the index of the frame `like`, if it is one.

    An array has the precision of the numbers.
    """
    encoder = getattr(model, "table_encoder_", None)
    if encoder is None:
        return made
    table = encoder.inverse_transform(made)
    if not hasattr(table, "iloc"):
        return table.astype(made.dtype, copy=False)
    if hasattr(like, "iloc"):
        table.index = like.index
    return table


def completed(model: Any, made: np.ndarray, X: Any) -> Any:
    """Give X with what is missing taken from numbers that encode it; all else is as it was."""
    table = decoded(model, made, X)
    if not hasattr(X, "iloc") and hasattr(table, "iloc"):
        X = _framed(_as_floats(X), list(table.columns))
    if not hasattr(X, "iloc"):
        given = made if table is made else _as_floats(X)
        return np.where(np.isnan(given), np.asarray(table).astype(given.dtype), given)
    named = hasattr(table, "iloc")
    if not named:
        table = _framed(table, list(X.columns))
        table.index = X.index
    whole = X.copy()
    for i, name in enumerate(X.columns):
        if X.iloc[:, i].isna().any():
            whole.isetitem(i, _filled(X.iloc[:, i], table[name] if named else table.iloc[:, i]))
    return whole


def _filled(column: Any, predicted: Any) -> Any:
    """Give a column with predictions in place of what is missing, in its own type."""
    from pandas import CategoricalDtype
    from pandas.api import types

    gaps = column.isna()
    if gaps.all() and not types.is_numeric_dtype(predicted.dtype):
        return predicted if types.is_numeric_dtype(column.dtype) else predicted.astype(column.dtype)
    if isinstance(column.dtype, CategoricalDtype):
        known = set(column.cat.categories)
        column = column.cat.add_categories([c for c in predicted[gaps].unique() if c not in known])
    elif types.is_bool_dtype(column.dtype) and types.is_numeric_dtype(predicted.dtype):
        predicted = predicted >= 0.5
    elif types.is_integer_dtype(column.dtype):
        span = np.iinfo(column.dtype.numpy_dtype)
        predicted = predicted.astype(np.float64).round().clip(span.min, span.max)
    return column.where(~gaps, predicted.astype(column.dtype))


def as_numbers(model: Any, X: Any, *, named: bool = False) -> tuple[Any, Any]:
    """Give a model of encoded rows, and the rows encoded, for what compares and draws numbers.

    With `named` the columns keep their names: the rows are a data frame.

    Returns
    -------
    model, X
        As they are if the model has no table encoder. Errors are then in standard deviations.
    """
    encoder = getattr(model, "table_encoder_", None)
    if encoder is None:
        return model, X
    inner = copy.copy(model)
    rows = encoded(model, X, f"{type(model).__name__} cannot use X", reset=False)
    inner.table_encoder_ = None
    if named:
        return inner, rows
    inner.__dict__.pop("feature_names_in_", None)
    return inner, np.asarray(rows)


def feature_names(model: Any, unnamed: str = "column {}") -> list[str]:
    """Name the columns of what a model learns; those of images have no names."""
    if len(model.row_shape_) > 1:
        return []
    names = getattr(model, "feature_names_in_", None)
    if model.table_encoder_ is not None and (names is None or len(names) != model.row_shape_[0]):
        return _titles(model.table_encoder_)
    if names is None:
        return [unnamed.format(place) for place in range(model.n_features_in_)]
    return [str(name) for name in names]


def _precision(X: Any) -> type[np.floating]:
    """Give the type in which a table of numbers is computed; float64 for a mixed one."""
    if hasattr(X, "iloc"):
        names = {str(dtype).lower() for dtype in X.dtypes}  # pandas's Float32 is nullable
        return np.float32 if names <= {"float32", *PIXELS} else np.float64
    return value_type(np.asarray(X).dtype)


def _floats(X: Any, attempt: str, gaps: bool) -> np.ndarray:
    rows = real_array(numeric(X, attempt), attempt)
    if rows.ndim != 2:
        raise InvalidDataError(
            f"{attempt}: scaling='standardize' divides the columns of a table (n, d), and an array "
            f"of shape {rows.shape} was given. Leave scaling='auto' for images."
        )
    require_finite(rows, attempt, column_names(X), gaps=gaps, cure=missing.CURE)
    return rows.astype(np.float64)


def _as_floats(X: Any) -> np.ndarray:
    """Give rows as floats, in their own precision if they are floats."""
    rows = np.asarray(missing.as_nan(X))
    return rows if rows.dtype in (np.float32, np.float64) else rows.astype(np.float64)


def _require_whole(frame: Any, encoder: TableEncoder, attempt: str, cure: str) -> None:
    names = list(getattr(encoder, "feature_names_in_", frame.columns))
    counts = frame[[name for name in names if name in frame.columns]].isna().sum()
    if where := [f"{name} {count:,}" for name, count in counts.items() if count]:
        cells, verb = counted(int(counts.sum()), "cell"), "is" if counts.sum() == 1 else "are"
        raise InvalidDataError(
            f"{attempt}: {cells} of the table {verb} missing (NaN): {listed(where)}. "
            f"Finite numbers are expected: {cure}"
        )


def _titles(encoder: TableEncoder) -> list[str]:
    return [str(name) for name in encoder.get_feature_names_out()]


def _framed(Z: np.ndarray, names: list[str]) -> Any:
    from pandas import DataFrame

    return DataFrame(Z, columns=names, copy=False)
