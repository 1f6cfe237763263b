"""What can be read of a file of compressed rows, and which blocks of it are damaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from jamjae.errors import DataFormatError, InvalidDataError
from jamjae.latent.codec.reader import Reader


class Part(NamedTuple):
    """The wanted rows of a block.

    Attributes
    ----------
    block : int
        Its number.
    first : int
        The number of the first of these rows in the file.
    rows : slice
        Their places in the block.
    names : tuple of str
        Empty if they have none.
    labelled : bool
    payload : float
        Bytes of the codes of these rows, as their share of the block's.
    """

    block: int
    first: int
    rows: slice
    names: tuple[str, ...]
    labelled: bool
    payload: float

    def __len__(self) -> int:
        return self.rows.stop - self.rows.start


@dataclass(frozen=True)
class Contents:
    """What can be read of the wanted rows of a file.

    Attributes
    ----------
    parts : tuple of Part
    damaged : tuple of str
        A sentence for each block that cannot be read, and for a damaged index.
    """

    parts: tuple[Part, ...]
    damaged: tuple[str, ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def labelled(self) -> bool:
        """Whether rows have labels."""
        return any(part.labelled for part in self.parts)

    @property
    def named(self) -> bool:
        """Whether rows have names."""
        return any(part.names for part in self.parts)

    def names(self) -> list[str]:
        """Give the names of all rows, their numbers where they have none."""
        return [
            name
            for part in self.parts
            for name in part.names
            or (f"{i:05d}" for i in range(part.first, part.first + len(part)))
        ]


def contents(reader: Reader, wanted: slice = slice(None)) -> Contents:
    """Read the blocks of some rows, with their checksums, and note which are damaged.

    Parameters
    ----------
    reader : Reader
    wanted : slice of step 1

    Raises
    ------
    InvalidDataError
        The file has no such rows.
    """
    begin, end, _ = wanted.indices(len(reader))
    if begin >= end and (len(reader) or not reader.notes):
        raise InvalidDataError(
            f"Cannot decode the rows {_spelled(wanted)}: A:B are the rows from A to below B, and "
            f"the file has the rows 0:{len(reader)}."
        )
    parts, damaged = [], list(reader.notes)
    numbers = range(reader.block_of(begin), reader.block_of(end - 1) + 1) if begin < end else ()
    for number in numbers:
        try:
            block = reader.block(number)
        except DataFormatError as error:
            damaged.append(str(error))
            continue
        rows = slice(max(begin - block.first, 0), min(end - block.first, block.n))
        names, labelled = block.names[rows], block.labels is not None
        share = len(block.payload) * (rows.stop - rows.start) / block.n
        parts.append(Part(number, block.first + rows.start, rows, names, labelled, share))
    return Contents(tuple(parts), tuple(damaged))


def _spelled(wanted: slice) -> str:
    ends = ("" if end is None else str(end) for end in (wanted.start, wanted.stop))
    return ":".join(ends)
