"""What a report card receives: three sets of rows, made comparable, and their classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jamjae.data.advice import differ_in_units
from jamjae.data.finite import finite_array
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation.metrics.checks import flat, labels
from jamjae.evaluation.metrics.tabular_generation import same_columns

Numbers = Callable[[Any, str], tuple[Any, np.ndarray]]


class Rows(NamedTuple):
    """One set of rows: as given, as numbers (n, d), and their classes."""

    given: Any
    numbers: np.ndarray
    y: np.ndarray | None

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, index: np.ndarray) -> Rows:
        """Give some of the rows."""
        given = self.given.iloc[index] if hasattr(self.given, "iloc") else self.given[index]
        return Rows(given, self.numbers[index], None if self.y is None else self.y[index])


class Real(NamedTuple):
    """Real rows, and the way in which all others become numbers of the same columns.

    Attributes
    ----------
    train, held_out : Rows
    is_table : bool
    numbers : callable
        From rows as they are given, and their name, to rows as they are used and numbers (n, d).
    notes : list of str
    """

    train: Rows
    held_out: Rows
    is_table: bool
    numbers: Numbers
    notes: list[str]

    def take_in(self, generated: Any, y: Any) -> Rows:
        """Check generated rows and their classes."""
        given, numbers = self.numbers(generated, "generated")
        if y is not None and self.train.y is None:
            raise InvalidDataError(
                "generation_report received y_generated without y_train and y_held_out; expected "
                "all three."
            )
        return Rows(given, numbers, _classes(y, len(numbers), "y_generated", self.train.y))


def real_rows(train: Any, held_out: Any, y_train: Any, y_held_out: Any) -> Real:
    """Check real rows and classes; mixed tables and columns of several units become numbers."""
    if (y_train is None) != (y_held_out is None):
        given, absent = ("y_train", "y_held_out")[:: 1 if y_held_out is None else -1]
        raise InvalidDataError(
            f"generation_report received {given} without {absent}; expected both, or no labels."
        )
    notes: list[str] = []
    numbers = (_of_frames if _is_frame(train) else _of_arrays)(train, notes)
    used, made = numbers(train, "real_train")
    used_held_out, made_held_out = numbers(held_out, "real_held_out")
    y = _classes(y_train, len(made), "y_train", None)
    others = _classes(y_held_out, len(made_held_out), "y_held_out", y)
    is_table = _is_frame(train) or used.ndim == 2
    held = Rows(used_held_out, made_held_out, others)
    return Real(Rows(used, made, y), held, is_table, numbers, notes)


def _is_frame(X: Any) -> bool:
    return hasattr(X, "iloc") and getattr(X, "ndim", 0) == 2


def _refuse_kinds(X: Any, name: str, *, frame: bool) -> None:
    if _is_frame(X) != frame:
        kinds = ("an array", "a data frame")
        raise InvalidDataError(
            f"generation_report received {kinds[frame]} in real_train and {kinds[not frame]} in "
            f"{name}; expected data frames, or arrays, in all."
        )


def _of_frames(train: Any, notes: list[str]) -> Numbers:
    from pandas import DataFrame

    from jamjae.data.table_encoder import TableEncoder

    encoder = TableEncoder().fit(train)
    titles = encoder.get_feature_names_out()
    notes.append("Columns are encoded as numbers by TableEncoder, fitted to the training rows.")

    def numbers(X: Any, name: str) -> tuple[Any, np.ndarray]:
        _refuse_kinds(X, name, frame=True)
        same_columns(train, X, f"generation_report (real_train and {name})")
        given = X[list(train.columns)]
        made = DataFrame(encoder.transform(given), columns=titles)
        return given, finite_array(made, f"generation_report cannot use {name}")

    return numbers


def _of_arrays(train: Any, notes: list[str]) -> Numbers:
    first = finite_array(train, "generation_report cannot use real_train")
    if not 2 <= first.ndim <= 4:
        raise ShapeMismatchError(
            f"generation_report received real_train of shape {first.shape}; expected rows (n, d), "
            "or images (n, h, w) or (n, h, w, c)."
        )
    mean: Any = None
    deviation: Any = None
    if differ_in_units(first):
        mean, deviation = flat(first).mean(axis=0), flat(first).std(axis=0)
        deviation = np.where(deviation > 0, deviation, 1.0)
        notes.append("Columns are standardized: their deviations in the training rows differ.")

    def numbers(X: Any, name: str) -> tuple[Any, np.ndarray]:
        _refuse_kinds(X, name, frame=False)
        rows = finite_array(X, f"generation_report cannot use {name}")
        if rows.shape[1:] != first.shape[1:]:
            raise ShapeMismatchError(
                f"generation_report received rows of shape {rows.shape[1:]} in {name} and of shape "
                f"{first.shape[1:]} in real_train; expected the same shape."
            )
        return rows, flat(rows) if mean is None else (flat(rows) - mean) / deviation

    return numbers


def _classes(y: Any, count: int, name: str, known: np.ndarray | None) -> np.ndarray | None:
    """Return one class per row, which must be among the known ones; None if there are none."""
    if y is None:
        return None
    found = labels(y, count, f"generation_report ({name})")
    if known is not None:
        among = set(known.tolist())
        if strange := sorted(set(found.tolist()) - among, key=str):
            raise InvalidDataError(
                f"generation_report received the class {strange[0]!r} in {name}, which is not in "
                f"y_train; expected the classes {', '.join(map(repr, sorted(among)))}."
            )
    return found
