"""Writing tables: text and Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jamjae.data.readers.cells import guarded

if TYPE_CHECKING:
    import pandas as pd


def write_delimited(
    path: Path,
    rows: np.ndarray,
    names: Sequence[str],
    row_names: Sequence[str],
    separator: str,
    encoding: str = "utf-8",
) -> None:
    """Write rows (n, d) as text below a header; floats in as few digits as are exact.

    Parameters
    ----------
    path : path
    rows : array of shape (n, d)
    names : sequence of d str
    row_names : sequence of n str, or none
        Written as the first column, ``name``.
    separator, encoding : str
    """
    frame = named_frame(
        rows, [guarded(name) for name in names], [guarded(name) for name in row_names]
    )
    frame.to_csv(
        path, sep=separator, index=False, na_rep="nan", lineterminator="\n", encoding=encoding
    )


def write_parquet(
    path: Path, rows: np.ndarray, names: Sequence[str], row_names: Sequence[str]
) -> None:
    """Write rows (n, d) as Parquet; parameters as those of `write_delimited`."""
    named_frame(rows, names, row_names).to_parquet(path, index=False)


def named_frame(rows: np.ndarray, names: Sequence[str], row_names: Sequence[str]) -> pd.DataFrame:
    """Put names of rows before the columns of a data frame."""
    from pandas import DataFrame

    frame = DataFrame(rows, columns=list(names))
    if row_names:
        frame.insert(0, "name", list(row_names))
    return frame
