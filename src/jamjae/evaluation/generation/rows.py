"""What a report card receives: three sets of rows, made comparable, and their classes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from jamjae.data.advice import differ_in_units
from jamjae.data.finite import finite_array
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation.metrics.checks import flat, labels
from jamjae.evaluation.metrics.tabular_generation import same_columns

NAMES = ("real_train", "real_held_out", "generated")


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


class Received(NamedTuple):
    """Three sets of rows of the same columns."""

    train: Rows
    held_out: Rows
    generated: Rows
    is_table: bool
    notes: list[str]


def received(given: tuple[Any, Any, Any], classes: tuple[Any, Any, Any]) -> Received:
    """Check rows and classes, and bring mixed tables and columns of several units to numbers."""
    frames = [hasattr(X, "iloc") and getattr(X, "ndim", 0) == 2 for X in given]
    notes: list[str] = []
    if all(frames):
        given, numbers = _encoded(given)
        notes.append("Columns are encoded as numbers by TableEncoder, fitted to the training rows.")
        is_table = True
    elif any(frames):
        raise InvalidDataError(
            "generation_report received a data frame for only some of real_train, real_held_out "
            "and generated; expected three data frames, or three arrays."
        )
    else:
        given, numbers, notes = _arrays(given)
        is_table = given[0].ndim == 2
    of_rows = _classes(classes, [len(X) for X in numbers])
    sets = [Rows(*one) for one in zip(given, numbers, of_rows, strict=True)]
    return Received(sets[0], sets[1], sets[2], is_table, notes)


def _encoded(frames: tuple[Any, Any, Any]) -> tuple[tuple[Any, Any, Any], list[np.ndarray]]:
    from pandas import DataFrame

    from jamjae.data.table_encoder import TableEncoder

    for frame in frames[1:]:
        same_columns(frames[0], frame, "generation_report")
    given = (frames[0], *(frame[list(frames[0].columns)] for frame in frames[1:]))
    encoder = TableEncoder().fit(given[0])
    titles = encoder.get_feature_names_out()
    made = [
        finite_array(
            DataFrame(encoder.transform(frame), columns=titles),
            f"generation_report cannot use {name}",
        )
        for frame, name in zip(given, NAMES, strict=True)
    ]
    return (given[0], given[1], given[2]), made


def _arrays(
    given: tuple[Any, Any, Any],
) -> tuple[tuple[Any, Any, Any], list[np.ndarray], list[str]]:
    sets = [
        finite_array(X, f"generation_report cannot use {name}")
        for X, name in zip(given, NAMES, strict=True)
    ]
    shapes = {name: X.shape[1:] for name, X in zip(NAMES, sets, strict=True)}
    if len(set(shapes.values())) > 1 or not 2 <= sets[0].ndim <= 4:
        listed = ", ".join(f"{shape} in {name}" for name, shape in shapes.items())
        raise ShapeMismatchError(
            f"generation_report received rows of shape {listed}; expected the same shape in all "
            "three: (d,), (h, w) or (h, w, c)."
        )
    numbers, notes = [flat(X) for X in sets], []
    if differ_in_units(sets[0]):
        mean, deviation = numbers[0].mean(axis=0), numbers[0].std(axis=0)
        deviation[deviation == 0] = 1.0
        numbers = [(X - mean) / deviation for X in numbers]
        notes.append("Columns are standardized: their deviations in the training rows differ.")
    return (sets[0], sets[1], sets[2]), numbers, notes


def _classes(given: tuple[Any, Any, Any], counts: list[int]) -> list[np.ndarray | None]:
    """Return the classes of each set, or None where they are not given."""
    names = ("y_train", "y_held_out", "y_generated")
    if (given[0] is None) != (given[1] is None) or (given[0] is None and given[2] is not None):
        absent = [name for name, y in zip(names, given, strict=True) if y is None]
        raise InvalidDataError(
            f"generation_report received labels without {' and '.join(absent)}; expected y_train "
            "and y_held_out, or no labels. y_generated may be left out."
        )
    found = [
        None if y is None else labels(y, count, f"generation_report ({name})")
        for y, count, name in zip(given, counts, names, strict=True)
    ]
    if found[0] is not None:
        known = set(found[0].tolist())
        for y, name in zip(found[1:], names[1:], strict=True):
            if strange := sorted(set([] if y is None else y.tolist()) - known, key=str):
                raise InvalidDataError(
                    f"generation_report received the class {strange[0]!r} in {name}, which is not "
                    f"in y_train; expected the classes {', '.join(map(repr, sorted(known)))}."
                )
    return found
