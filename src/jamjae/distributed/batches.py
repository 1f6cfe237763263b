"""Batches of a data set's columns as rows of a model, and what is made of them as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jamjae.errors import InvalidDataError, ShapeMismatchError, brief

Columns = Mapping[str, np.ndarray]
ARRAY_COLUMNS = ("data", "image", "item")  # as Ray calls what it reads from arrays and images


def fitted_names(model: Any) -> tuple[str, ...]:
    """Give the names of the columns that a model was fitted to, none if they had none."""
    model = getattr(model, "model_", model)  # of a detector
    source = getattr(model, "table_encoder_", None)
    source = source if hasattr(source, "feature_names_in_") else model
    return tuple(map(str, getattr(source, "feature_names_in_", ())))


def place(
    known: Sequence[str], attempt: str, asked: Sequence[str] = (), of: Any = None
) -> list[str]:
    """Choose the columns of a data set that are a model's rows.

    Parameters
    ----------
    known : sequence of str
        Columns of the data set.
    attempt : str
        Start of the error message.
    asked : sequence of str
        Columns that are asked for by name.
    of : fitted estimator, optional
        Its columns are taken where it has names for them.

    Raises
    ------
    ShapeMismatchError
        One of them is not there.
    """
    wanted = list(asked) or list(fitted_names(of))
    if missing := [name for name in wanted if name not in known]:
        whose = "was asked for" if asked else "the model was fitted to"
        raise ShapeMismatchError(
            f"{attempt}: the data set has no column {brief(', '.join(missing))}, which {whose}. "
            f"Its columns are {brief(', '.join(known))}. Rename or select columns of the data set, "
            "or name them with columns=."
        )
    if wanted:
        return wanted
    arrays = [name for name in ARRAY_COLUMNS if name in known]
    return arrays[:1] if arrays else list(known)


def rows_of(batch: Columns, columns: Sequence[str], attempt: str) -> Any:
    """Give the columns of a batch as rows: an array, or a data frame where a column is no number.

    One column of arrays is images or rows of a table; several columns are those of a table.

    Raises
    ------
    InvalidDataError
        Arrays of several shapes stand in a column, or arrays in one of several columns.
    """
    parts = [np.asarray(batch[name]) for name in columns]
    if len(parts) == 1 and parts[0].ndim > 1:
        return parts[0]
    ragged = [n for n, part in zip(columns, parts, strict=True) if _is_ragged(part)]
    if ragged or any(part.ndim > 1 for part in parts):
        what = f"arrays of several shapes in {ragged[0]!r}" if ragged else "a column of arrays"
        raise InvalidDataError(
            f"{attempt}: received {what} among {brief(', '.join(columns))}. Expected one column of "
            "arrays of one shape (ray.data.read_images(..., size=(h, w))), or columns of single "
            "values. Name the column with columns=."
        )
    if all(part.dtype.kind in "biuf" for part in parts):
        kinds = {part.dtype for part in parts}
        return np.column_stack(parts).astype(kinds.pop() if len(kinds) == 1 else float, copy=False)
    from pandas import DataFrame

    return DataFrame(dict(zip(columns, parts, strict=True)))


def _is_ragged(part: np.ndarray) -> bool:
    return part.dtype == object and len(part) > 0 and isinstance(part[0], np.ndarray)


def as_columns(made: Any, names: Sequence[str], title: str) -> dict[str, np.ndarray]:
    """Give rows as columns: named ones of a table, or one column of arrays called `title`."""
    if hasattr(made, "iloc"):
        return {str(name): made[name].to_numpy() for name in made.columns}
    if made.ndim == 2 and len(names) == made.shape[1]:
        return {name: np.ascontiguousarray(made[:, i]) for i, name in enumerate(names)}
    return {title: made}
