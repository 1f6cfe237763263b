"""What tables of all kinds share: columns by role, cells and names as they are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jamjae.data.dataset import Dataset
from jamjae.errors import DataFormatError, brief

if TYPE_CHECKING:
    import pandas as pd

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
ROW_NAMES = ("name", "")  # what the first column is called when it names the rows
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of a formula
NAMED = 12  # columns named in a message


class ReadTable(NamedTuple):
    """The columns of a table by role.

    Attributes
    ----------
    X : array of shape (n, d)
        The numeric columns. An empty cell is NaN.
    labels : array of shape (n,) or None
        The classes as in the table, numbers or text.
    row_names, feature_names : tuple of str
        Empty if the table has none.
    """

    X: np.ndarray
    labels: np.ndarray | None
    row_names: tuple[str, ...]
    feature_names: tuple[str, ...]


class Columns(NamedTuple):
    """Position of each column by role."""

    names: list[str]
    named: bool
    label: int | None
    row_name: int | None

    @property
    def features(self) -> list[int]:
        """All other columns."""
        return [i for i in range(len(self.names)) if i not in (self.label, self.row_name)]


def cannot_read(path: Path, why: str) -> DataFormatError:
    """Name the file that cannot be read, and why."""
    return DataFormatError(f"Cannot read {str(path)!r}: {why}")


def place_columns(path: Path, names: list[str], label: str | None, *, named: bool) -> Columns:
    """Find the columns of the label and of the names of rows."""
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise cannot_read(path, f"two columns are named {twice!r}. Rename one of them.")
    if label is not None and label not in names:
        raise cannot_read(
            path, f"there is no column {label!r} for the label. It has {brief(', '.join(names))}."
        )
    at = None if label is None else names.index(label)
    first = 0 if named and names[0] in ROW_NAMES and at != 0 else None
    columns = Columns(names, named, at, first)
    if not columns.features:
        raise cannot_read(
            path,
            f"there is no numeric column besides the label and row names ({', '.join(names)}).",
        )
    return columns


def text_found(path: Path, names: Sequence[str], example: str = "") -> DataFormatError:
    """Name the columns that hold text where numbers are expected, and one of the cells."""
    shown = ", ".join(names[:NAMED])
    more = f" and {len(names) - NAMED} columns more" if len(names) > NAMED else ""
    return cannot_read(
        path,
        f"expected numbers, but the columns {shown}{more} hold text{example}. Name the column of "
        "the classes (label=..., on the command line --label), and convert or drop the others.",
    )


def typed_labels(path: Path, labels: list[str]) -> np.ndarray:
    """Convert labels to numbers if all of them are, so that 10 comes after 2."""
    if any(label.strip().lower() in ("", "nan") for label in labels):
        raise cannot_read(path, "the label is empty in some rows. Fill it in, or drop these rows.")
    numbers = [number_in(label) for label in labels]
    if None in numbers or not np.isfinite(np.array(numbers, dtype=np.float64)).all():
        return np.array(labels)
    values = np.array(numbers, dtype=np.float64)
    whole = (values == np.round(values)).all() and np.abs(values).max() < 2**53
    return values.astype(np.int64) if whole else values


def number_in(cell: str) -> float | None:
    """Parse a cell: NaN if it is empty, None if it holds text, such as the identifier 10_1."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return math.nan if cell.strip().lower() in MISSING else None


def named_frame(rows: np.ndarray, names: Sequence[str], row_names: Sequence[str]) -> pd.DataFrame:
    """Put names of rows before the columns of a data frame."""
    from pandas import DataFrame

    frame = DataFrame(rows, columns=list(names))
    if row_names:
        frame.insert(0, "name", list(row_names))
    return frame


def guarded(name: str) -> str:
    """Put an apostrophe before a name that a spreadsheet would take for a formula and run."""
    return f"'{name}" if name.startswith(FORMULA) and number_in(name) is None else name


def unguarded(name: str) -> str:
    """Take away the apostrophe that `guarded` put before a name."""
    return name[1:] if name.startswith("'") and name[1:].startswith(FORMULA) else name


def labelled(
    path: Path,
    X: np.ndarray,
    labels: np.ndarray | None,
    index: tuple[str, ...] = (),
    feature_names: tuple[str, ...] = (),
) -> Dataset:
    """Put rows, labels and names together, after comparing their numbers."""
    y: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    width = math.prod(X.shape[1:])
    for what, names, count in (("row", index, len(X)), ("feature", feature_names, width)):
        if names and len(names) != count:
            raise DataFormatError(
                f"Cannot read {str(path)!r}: there are {count} {what}s, but {len(names)} "
                f"{what} names; expected one name per {what}."
            )
    if labels is not None:
        if labels.shape != (len(X),):
            raise DataFormatError(
                f"Cannot read {str(path)!r}: there are {len(X)} rows, but labels of shape "
                f"{labels.shape}; expected one label per row."
            )
        classes, y = np.unique(labels, return_inverse=True)
        class_names = tuple(str(name) for name in classes)
    return Dataset(X, y, class_names, index, feature_names, description=str(path))
