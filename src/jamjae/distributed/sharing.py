"""Rows that other processes open by themselves, where they lie in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jamjae.data.rows import is_mapped, row_chunks
from jamjae.data.table_encoder import is_mixed
from jamjae.errors import InvalidDataError

ROWS = "data"  # as Ray calls arrays that it reads


class Mapped(NamedTuple):
    """An array in a file: where its values begin, and what they are."""

    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype


def shared(X: Any) -> Any:
    """Give what to send to another process for rows: the place of a mapped array, else the rows."""
    if not isinstance(X, np.ndarray) or not is_mapped(X) or not X.flags.c_contiguous:
        return X
    source: Any = X
    while isinstance(source.base, np.memmap):
        source = source.base
    if not isinstance(source, np.memmap):
        return X
    offset = source.offset + X.ctypes.data - source.ctypes.data
    return Mapped(Path(str(source.filename)), offset, X.shape, X.dtype)


def titles(X: Any) -> tuple[str, ...]:
    """Give the names of the columns of rows, none if they have none."""
    return tuple(map(str, X.columns if hasattr(X, "iloc") else getattr(X, "titles", ())))


def dataset(ray: Any, X: Any) -> Any:
    """Make a Ray data set of rows in memory or in files, with one column of arrays.

    Raises
    ------
    InvalidDataError
        A data frame has columns that are no numbers.
    """
    if is_mixed(X):
        raise InvalidDataError(
            "Cannot fit on a cluster: the data frame has columns that are no numbers. Encode it "
            "before, with a jamjae.TableEncoder."
        )
    rows = np.asarray(X) if hasattr(X, "iloc") else X
    held = [ray.put(shared(rows))]

    def read(ends: Any) -> dict[str, np.ndarray]:
        start, stop = int(ends["start"][0]), int(ends["stop"][0])
        return {ROWS: np.asarray(opened(ray.get(held[0]))[start:stop])}

    ends = [chunk.indices(len(rows))[:2] for chunk in row_chunks(rows)]
    return ray.data.from_items(
        [{"start": start, "stop": stop} for start, stop in ends], override_num_blocks=len(ends)
    ).map_batches(read, batch_size=1)


def opened(given: Any) -> Any:
    """Open what `shared` gave."""
    if not isinstance(given, Mapped):
        return given
    return np.memmap(given.path, given.dtype, "r", given.offset, given.shape)
