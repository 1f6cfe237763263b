"""What is put into the missing cells of a table, by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jamjae.data.readers.tables import Opened
from jamjae.data.readers.typed_columns import BOOLEAN, DATES, DURATIONS, NUMBERS, VECTORS


class Fill(NamedTuple):
    """Values for the missing cells of one column.

    Attributes
    ----------
    position : int
        Of the column in its file.
    kind : str
        Of `typed_columns`.
    gaps : bool array of shape (n,), or (n, d) for a column of lists
    values : array, list or Series
        As many as there are gaps: floats, booleans, times, or texts.
    whole : bool
        Whether all known numbers of the column are whole.
    """

    position: int
    kind: str
    gaps: np.ndarray
    values: Any
    whole: bool = False

    @property
    def cells(self) -> int:
        """How many are filled."""
        return int(self.gaps.sum())


def fills(table: Opened, X: Any, made: Any) -> list[Fill]:
    """Give what fills each column that has missing cells.

    Parameters
    ----------
    table : Opened
    X : array or data frame of n rows
        The rows as they were read.
    made : array or data frame
        The same rows without missing cells.
    """
    import pandas as pd

    found, start = [], 0
    for position, titles in table.titles.items():
        end = start + len(titles)
        one = table.features[position]
        here = _columns(X, start, end)
        gaps = np.asarray(pd.isna(here))
        start = end
        if not gaps.any():
            continue
        given = _columns(made, start - len(titles), end)
        if one.kind == VECTORS:
            values = np.asarray(given, np.float64)[gaps]
            found.append(Fill(position, one.kind, gaps, values))
            continue
        gaps = gaps[:, 0]
        known = here[~gaps, 0] if isinstance(here, np.ndarray) else here.iloc[~gaps, 0]
        predicted = given[gaps, 0] if isinstance(given, np.ndarray) else given.iloc[gaps, 0]
        whole = one.kind == NUMBERS and _are_whole(np.asarray(known, np.float64))
        found.append(
            Fill(position, one.kind, gaps, _typed(one.kind, predicted, known, whole), whole)
        )
    return found


def _columns(rows: Any, start: int, end: int) -> Any:
    return rows[:, start:end] if isinstance(rows, np.ndarray) else rows.iloc[:, start:end]


def _are_whole(known: np.ndarray) -> bool:
    return bool(len(known) and (known == np.rint(known)).all())


def _typed(kind: str, predicted: Any, known: Any, whole: bool) -> Any:
    """Give predictions the type that a column of this kind has."""
    import pandas as pd

    if kind == NUMBERS:
        values = np.asarray(predicted, np.float64)
        values = np.rint(values) if whole else values
        marks = set(np.unique(np.asarray(known, np.float64))[:3])
        return np.clip(values, 0.0, 1.0) if whole and marks == {0.0, 1.0} else values
    if kind == BOOLEAN:
        return np.asarray(predicted, np.float64) >= 0.5
    if kind in (DATES, DURATIONS):
        return pd.Series(predicted).reset_index(drop=True)
    return list(predicted)


def texts_of_gaps(found: Sequence[Fill]) -> list[str]:
    """Give all texts, such as categories, that are put into cells."""
    return sorted({one for fill in found for one in fill.values if isinstance(one, str)})
