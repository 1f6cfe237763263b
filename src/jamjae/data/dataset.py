"""Dataset: rows, with what the source says about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from jamjae.data.read_options import ReadOptions
from jamjae.data.rows import LazyRows


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows, with what the source says about them.

    Attributes
    ----------
    X : array of shape (n, ...), DataFrame or rows in files
        One row per sample, in the units of the source. A DataFrame where some columns are not
        numbers: dates, and categories as pandas's ``category``. Large data stay in their files, as
        ``jamjae.data.rows.LazyRows``: ``X[a:b]`` reads some.
    y : array of shape (n,) or None
        Integers are indices into `class_names`, -1 where the label is missing; floats are a
        continuous label, NaN where it is missing.
    class_names, index, feature_names : sequence of str
        Names of the classes, of the rows and of the columns; empty if the source has none.
    colors : float array of shape (n, 3) or None
        Red, green and blue from 0 to 1 for each row, if the source has colors.
    subsets : tuple of str
        The subsets of the source, such as ``("train", "test")``; empty if it is not divided.
    skipped : tuple of str
        Names of files that could not be read and were skipped.
    description : str
        Shape, range, source and license of named data; the path of other data.
    notes : tuple of str
        What was read, converted, left out and guessed, a line each.
    label_name : str
        The column of a table that `y` is made of; empty if there is none.
    """

    X: Any
    y: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    index: Sequence[str] = ()
    feature_names: tuple[str, ...] = ()
    colors: np.ndarray | None = None
    subsets: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    description: str = ""
    notes: tuple[str, ...] = ()
    label_name: str = ""

    @property
    def labels(self) -> np.ndarray | None:
        """`y` with NaN in place of missing classes, as figures and comparisons take it."""
        if self.y is None or self.y.dtype.kind == "f" or not (self.y < 0).any():
            return self.y
        return np.where(self.y < 0, np.nan, self.y)

    def take(self, rows: slice | np.ndarray) -> Self:
        """Give some rows, by a slice or by their positions."""
        places = range(len(self.X))[rows] if isinstance(rows, slice) else rows
        return replace(
            self,
            X=self.X.iloc[rows] if hasattr(self.X, "iloc") else self.X[rows],
            y=None if self.y is None else self.y[rows],
            index=tuple(self.index[i] for i in places) if self.index else (),
            colors=None if self.colors is None else self.colors[rows],
        )

    def noted(self, *notes: str) -> Self:
        """Add notes."""
        return replace(self, notes=(*self.notes, *notes))

    def named_rows(self) -> Any:
        """Give `X` with its column names, as a data frame, where it is a table that has names."""
        if not self.feature_names or self.X.ndim != 2 or hasattr(self.X, "iloc"):
            return self.X
        if isinstance(self.X, LazyRows):
            return self.X.titled(self.feature_names)
        from pandas import DataFrame

        return DataFrame(self.X, columns=list(self.feature_names), copy=False)


def sample_rows(n: int, options: ReadOptions) -> tuple[np.ndarray, str]:
    """Choose ``options.limit`` of n rows, in their order; return their positions and a note."""
    limit = options.limit or n
    if options.limit_first:
        return np.arange(min(limit, n)), f"limit: the first {limit:,} of {n:,} rows"
    chosen = np.random.default_rng(options.random_state).choice(n, limit, replace=False)
    seed = "" if options.random_state is None else f" (seed {options.random_state})"
    return np.sort(chosen), f"limit: {limit:,} of {n:,} rows, at random{seed}"
