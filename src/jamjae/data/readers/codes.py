"""Codes such as 00501 that come only after the rows by which a column was taken for numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

PIECE = 1 << 20  # bytes looked at, at a time
ZERO, NINE = b"09"
BEFORE = b'\r\n" '  # a cell, besides the separator
CODE = r"^\s*[+-]?0+[1-9][0-9]*\s*$"


def may_begin_with_zero(file: IO[bytes], separator: str) -> bool:
    """Whether a cell of a file seems to be a zero before another digit."""
    before = np.frombuffer((BEFORE.decode() + separator).encode(), np.uint8)
    tail = b"\n"
    while piece := file.read(PIECE):
        text = np.frombuffer(tail + piece, np.uint8)
        after = text[2:]
        found = np.flatnonzero((text[1:-1] == ZERO) & (after >= ZERO) & (after <= NINE))
        if np.isin(text[found], before).any():
            return True
        tail = (tail + piece)[-2:]
    return False


def whole(table: pa.Table, positions: Iterable[int]) -> list[int]:
    """Choose the columns of numbers that are all whole, as codes are."""
    from pyarrow import compute

    found = []
    for i in positions:
        column = table.column(i)
        if compute.all(compute.equal(column, compute.round(column))).as_py():
            found.append(i)
    return found


def with_codes(batches: Iterable[pa.RecordBatch]) -> frozenset[int]:
    """Choose the columns of text, called by their positions, of which a cell is a code."""
    from pyarrow import compute

    found: set[int] = set()
    for batch in batches:
        for name in batch.schema.names:
            codes = compute.match_substring_regex(batch.column(name), CODE)
            if int(name) not in found and compute.any(codes).as_py():
                found.add(int(name))
    return frozenset(found)
