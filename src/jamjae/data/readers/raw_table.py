"""A table as it stands in its file, before anything is made of its columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jamjae.errors import DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa

    from jamjae.data.readers.text import TextFormat


@dataclass(frozen=True)
class RawTable:
    """A table as it stands in its file.

    Attributes
    ----------
    table : pyarrow.Table
        Its columns are addressed by their positions.
    names : list of str
        Empty where a column has no name.
    named : bool
        Whether columns have names.
    indexed : tuple of int
        Positions of the columns that the file itself calls an index.
    notes : tuple of str
    place : callable
        From the position of a row to how a person finds it in the file.
    decimal, thousands : str, str or None
        How numbers in columns of text are written.
    na : tuple of str
        Further texts that stand for a missing value.
    form : TextFormat or None
        How it is written, if it is text.
    """

    table: pa.Table
    names: list[str]
    named: bool = True
    indexed: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    place: Callable[[int], str] = field(default=lambda row: f"row {row}")
    decimal: str = "."
    thousands: str | None = None
    na: tuple[str, ...] = ()
    form: TextFormat | None = None


def cannot_read(path: Path, why: str) -> DataFormatError:
    """Name the file that cannot be read, and why."""
    return DataFormatError(f"Cannot read {str(path)!r}: {why}")


def typed(values: list[Any]) -> pa.Array:
    """Give a column of values one type: numbers, else their own, else text."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    try:
        return pa.array(values, pa.float64() if kinds == {int, float} else None)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if v is None else _spelled(v) for v in values], pa.string())


def _spelled(value: Any) -> str:
    if isinstance(value, (bool, int, float, list, dict)):
        return json.dumps(value)
    return str(value)
