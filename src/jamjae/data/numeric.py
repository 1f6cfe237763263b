"""Input as an array of numbers, or one short error that names the column.

scikit-learn's checks convert dates to numbers (a missing one to -9.2e18), drop masks and convert a
list of 8-bit images to floats. `numeric` runs before them.
"""

from __future__ import annotations

import datetime as dt
import decimal
from numbers import Complex, Real
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from jamjae.data.rows import LazyRows
from jamjae.errors import InvalidDataError, InvalidTypeError, brief

DATES, DURATIONS, COMPLEX, TEXT, MISSING = "dates", "durations", "complex", "text", "missing"
PLURALS = {COMPLEX: "complex numbers", MISSING: "missing values"}
CURES = {
    DATES: "Convert dates to numbers, such as (dates - dates.min()).dt.days",
    DURATIONS: "Convert durations with .dt.total_seconds() (in NumPy: X / np.timedelta64(1, 's'))",
    COMPLEX: "Complex data not supported: stack X.real and X.imag as columns, or take np.abs(X)",
    TEXT: "Encode text, for example with sklearn.preprocessing.OneHotEncoder(sparse_output=False)",
    MISSING: "Fill missing values, for example with sklearn.impute.SimpleImputer",
}
REAL = "buif"  # kinds of NumPy types that hold real numbers
OF_KIND = {"M": DATES, "m": DURATIONS, "c": COMPLEX}
OF_TYPE = (
    ((dt.date, dt.time, np.datetime64), DATES),
    ((dt.timedelta, np.timedelta64), DURATIONS),
)
FEW_CHANNELS = (1, 3, 4)
SIDE = 8  # pixels; a shorter axis may be channels, not a side of an image
NAMED = 3  # maximum number of columns named in a message


class _Problem(NamedTuple):
    """A kind of value that is not a real number, with an example."""

    kind: str
    example: str = ""


def numeric(X: Any, attempt: str) -> Any:
    """Convert X to an array or data frame of real numbers.

    Parameters
    ----------
    X : array-like
        A data frame stays one and keeps its column names; rows in files stay there. A list of
        arrays or images becomes an array of their own type: 8-bit images stay 8-bit.
    attempt : str
        Start of the error messages, such as ``"Autoencoder cannot fit"``.

    Returns
    -------
    array, data frame or rows in files

    Raises
    ------
    InvalidTypeError
        X is a sparse matrix or holds objects other than numbers.
    InvalidDataError
        X holds text, dates, durations, complex numbers, masked entries, or samples of several
        shapes.
    """
    if scipy.sparse.issparse(X):
        raise InvalidTypeError(
            f"{attempt}: a sparse matrix of shape {X.shape} was given; a dense array is expected. "
            "Convert it with X.toarray(). In a Pipeline, let the step before return a dense array "
            "(OneHotEncoder(sparse_output=False)), or insert TruncatedSVD(100) or "
            "FunctionTransformer(lambda X: X.toarray(), accept_sparse=True)."
        )
    if hasattr(X, "iloc") and getattr(X, "ndim", 0) == 2:
        kinds = [getattr(dtype, "kind", "O") for dtype in X.dtypes]
        unclear = [i for i, kind in enumerate(kinds) if kind not in REAL]
        _require_columns([(_titled(X.columns[i]), X.iloc[:, i]) for i in unclear], attempt)
        return X
    if isinstance(X, LazyRows):
        return X
    array = X if isinstance(X, np.ndarray) else _stacked(X, attempt)
    if isinstance(array, np.ma.MaskedArray):
        array = _unmasked(array, attempt)
    names = column_names(X)
    if array.dtype.kind not in REAL:
        _require_array(array, names, attempt)
    return X if names else array


def real_array(X: Any, attempt: str, *, allow_empty: bool = False) -> np.ndarray:
    """Convert X to an array of real numbers or NaN, with at least one row and one value.

    Parameters
    ----------
    X : array-like
    attempt : str
        Start of the error messages, such as ``"psnr cannot use X2"``.
    allow_empty : bool, default=False
        Whether arrays without values, and single numbers, are allowed.

    Raises
    ------
    InvalidDataError
        As in `numeric`, or the array is empty or a single number.

    Examples
    --------
    >>> real_array([[1, None], [2, 3]], "mean").tolist()
    [[1.0, nan], [2.0, 3.0]]
    """
    given = numeric(X, attempt)
    array = np.asarray(given) if isinstance(given, np.ndarray | LazyRows) else _of_frame(given)
    if array.dtype.kind not in REAL:
        array = array.astype(np.float64)
    if not (allow_empty or (array.ndim and array.size)):
        raise InvalidDataError(
            f"{attempt}: an array of shape {array.shape} was given; at least one row with at least "
            "one value is expected."
        )
    return array


def _of_frame(frame: Any) -> np.ndarray:
    kinds = [getattr(dtype, "kind", "O") for dtype in frame.dtypes]
    plain = all(isinstance(dtype, np.dtype) for dtype in frame.dtypes)
    if plain and set(kinds) <= set(REAL):
        return np.asarray(frame)
    return np.asarray(frame.to_numpy(dtype=np.float64, na_value=np.nan))


def column_names(X: Any) -> list[str]:
    """Give the names of a data frame's columns; an empty list for an array."""
    names = getattr(X, "columns", ())
    return [str(name) for name in names] if not callable(names) else []


def looks_channels_first(shape: tuple[int, ...]) -> bool:
    """Whether an array (n, c, h, w) seems to hold images whose channels come first."""
    return len(shape) == 4 and shape[1] in FEW_CHANNELS and min(shape[2:]) >= SIDE


def channels_first_message(shape: tuple[int, ...], attempt: str) -> str:
    """Give the error message for images whose channels come first."""
    return (
        f"{attempt}: images of shape {shape} have their {shape[1]} channels first; (n, h, w, c) is "
        "expected. Move the channels to the end: np.moveaxis(X, 1, -1)."
    )


def _stacked(X: Any, attempt: str) -> np.ndarray:
    if isinstance(X, (list, tuple)) and any(isinstance(row, np.ma.MaskedArray) for row in X):
        return np.ma.stack(X)
    try:
        return np.asarray(X)
    except ValueError as error:
        shapes = list(dict.fromkeys(np.shape(row) for row in _arrays(X)))
        different = f": {shapes[0]} and {shapes[1]}" if len(shapes) > 1 else f" ({brief(error)})"
        raise InvalidDataError(
            f"{attempt}: the samples do not all have the same shape{different}. Resize "
            "images to one size first, for a folder with jamjae.read(folder, image_size=(64, 64))."
        ) from None


def _arrays(X: Any) -> list[np.ndarray]:
    try:
        return [np.asarray(row) for row in X]
    except (ValueError, TypeError):
        return []


def _unmasked(array: np.ma.MaskedArray, attempt: str) -> np.ndarray:
    masked = np.ma.getmaskarray(array)
    if masked.any():
        first = tuple(int(i) for i in np.unravel_index(int(masked.argmax()), masked.shape))
        count = int(masked.sum())
        entries = "1 masked entry" if count == 1 else f"{count} masked entries"
        raise InvalidDataError(
            f"{attempt}: a masked array was given with {entries}, the first at index {first}. "
            "Finite numbers are expected: fill masked entries with X.filled(value), or drop those "
            "rows."
        )
    return np.asarray(array.data)


# --- values that are not numbers ------------------------------------------------------------


def _require_array(array: np.ndarray, names: list[str], attempt: str) -> None:
    if array.ndim == 2 and array.dtype.kind == "O":
        titles = [*map(_titled, names)] or [f"column {i}" for i in range(array.shape[1])]
        return _require_columns(list(zip(titles, array.T, strict=True)), attempt)
    problem = _problem(array)
    if problem is None:
        return None
    if array.ndim == 0 and problem.kind == TEXT:
        raise InvalidDataError(
            f"{attempt}: the text {brief(repr(array.item()))} was given; an array is expected. "
            "Read a file with jamjae.read(path).X."
        )
    return _refuse([("", problem)], attempt)


def _titled(name: Any) -> str:
    return f"column {str(name)!r}"


def _require_columns(columns: list[tuple[str, Any]], attempt: str) -> None:
    looked = [(title, _problem(values)) for title, values in columns]
    found = [(title, problem) for title, problem in looked if problem is not None]
    if found:
        _refuse(found, attempt)


def _refuse(found: list[tuple[str, _Problem]], attempt: str) -> None:
    """Raise an error that names the columns, what they hold, and a cure for each kind."""
    said = [
        f"{title or 'the data'} {'holds' if title else 'hold'} "
        f"{PLURALS.get(problem.kind, problem.kind)} {problem.example}".rstrip()
        for title, problem in found[:NAMED]
    ]
    more = f"; and so on in {len(found) - NAMED} more columns" if len(found) > NAMED else ""
    kinds = list(dict.fromkeys(problem.kind for _, problem in found))
    cures = [CURES[kind] for kind in kinds if kind in CURES]
    objects = len(cures) < len(kinds)
    raise (InvalidTypeError if objects else InvalidDataError)(
        f"{attempt}: real numbers are expected, but {'; '.join(said)}{more}. "
        + ". ".join(cures + ["Or drop those columns"] * bool(found[0][0]))
        + "."
    )


def _problem(values: Any) -> _Problem | None:
    """Find what an array or column holds that is not a real number."""
    dtype = values.dtype
    kind = getattr(dtype, "kind", "O")
    if kind in OF_KIND:
        return _Problem(OF_KIND[kind], f"({dtype})")
    if kind in REAL:
        return None
    flat = np.asarray(values, dtype=object).ravel()
    kinds = {held: _kind_of_type(held) for held in set(map(type, flat))}
    for value in flat:
        problem = kinds[type(value)]
        if problem == TEXT:
            if not _is_number(value):
                return _Problem(TEXT, f"such as {brief(repr(value), 40)}")
        elif problem is not None:
            return _Problem(problem, f"such as {brief(repr(value), 40)}")
    return None


def _kind_of_type(held: type) -> str | None:
    """Classify a type; None for numbers and for the type of None, which becomes NaN."""
    if held.__name__ in ("NAType", "NaTType"):
        return MISSING
    if issubclass(held, (str, bytes)):
        return TEXT
    for types, kind in OF_TYPE:
        if issubclass(held, types):
            return kind
    if issubclass(held, (Real, np.bool_, decimal.Decimal, type(None))):
        return None
    if issubclass(held, Complex):
        return COMPLEX
    return f"objects (the argument must be a string or a real number, not {held.__name__!r})"


def _is_number(value: str | bytes) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
