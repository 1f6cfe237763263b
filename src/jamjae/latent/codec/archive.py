"""The container of compressed rows, .jjz: a head, blocks of rows, and an index.

``docs/format.md`` describes it byte by byte. A block is written as soon as it is there, and read
without the others. Checksums depend on the head and on a block's number: a block of another file
or of another place is as damaged as one with a flipped bit.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

import numpy as np

from jamjae.errors import InvalidDataError
from jamjae.latent.codec import varints
from jamjae.latent.codec.header import MOST_IN_BLOCK, Header
from jamjae.latent.codec.names import labels_to_bytes, names_to_bytes

MAGIC = b"\x89JJZ\r\n\x1a\n"  # as PNG's: shows a transfer as text or in seven bits
VERSION = 1
END = b"JJZ."
CRC = 4  # bytes
TRAILER = 4 + CRC + len(END)
HEAD_BYTES = 64 << 20
ROWS = 1 << 16  # of a block, at most
PARTS = 3 * varints.LONGEST + varints.LONGEST  # the longest beginning of a block


class About(NamedTuple):
    """What a file says of its rows, beside the rows.

    Attributes
    ----------
    names : sequence of n str
        Such as the names of image files; empty if there are none.
    labels : array of shape (n,) or None
        Indices of classes, -1 for none, or real numbers.
    class_names : sequence of str
    """

    names: Sequence[str] = ()
    labels: np.ndarray | None = None
    class_names: Sequence[str] = ()


@dataclass
class Sizes:
    """How many bytes a file has, by what they are for."""

    payload: int = 0
    names: int = 0  # and labels
    index: int = 0  # and heads, checksums and the end
    codec: int = 0

    @property
    def total(self) -> int:
        """Bytes of the file."""
        return self.payload + self.names + self.index + self.codec


@dataclass(frozen=True)
class Block:
    """A block of rows as it is in the file.

    Attributes
    ----------
    number, first, n : int
        Its place among the blocks, the number of its first row, and how many rows it has.
    payload : bytes
        What the codec made of them.
    names : tuple of str
        Of the rows; empty if they have none.
    labels : array of shape (n,) or None
    """

    number: int
    first: int
    n: int
    payload: bytes
    names: tuple[str, ...] = ()
    labels: np.ndarray | None = None


@dataclass(frozen=True)
class Damaged:
    """A block that cannot be read: its number, its rows, and a sentence that says why."""

    number: int
    first: int
    n: int
    why: str


@dataclass
class Writer:
    """Writes a file of compressed rows to a stream, block by block.

    Parameters
    ----------
    stream : binary file
    header : Header
    codec : bytes
        The codec's file, if the header embeds it.
    """

    stream: BinaryIO
    header: Header
    codec: bytes = b""
    sizes: Sizes = field(default_factory=Sizes)

    def __post_init__(self) -> None:
        head = self.header.to_bytes()
        if len(self.codec) != self.header.codec_bytes:
            raise InvalidDataError("The codec is not the one that the head of the file names.")
        start = MAGIC + varints.write(VERSION, len(head)) + head
        self._seed = zlib.crc32(start)
        self.stream.write(start + self._seed.to_bytes(CRC, "little"))
        self.stream.write(self.codec)
        self.sizes.index += len(start) + CRC
        self.sizes.codec = len(self.codec)
        self._index: list[tuple[int, int, int]] = []  # rows, bytes and checksum of each block

    def add(
        self,
        payload: bytes,
        n: int,
        names: Sequence[str] = (),
        labels: np.ndarray | None = None,
    ) -> None:
        """Write a block of n rows.

        Raises
        ------
        InvalidDataError
            It has no rows or too many, or not one name and one label for each.
        """
        most = most_rows(self.header)
        if not 0 < n <= most:
            raise InvalidDataError(
                f"Cannot write a block of {n:,} rows of {self.header.row_values:,} values. From 1 "
                f"to {most:,} rows are expected."
            )
        _require_one_each(n, names, labels)
        named, labelled = names_to_bytes(names), labels_to_bytes(labels)
        start = varints.write(n, len(payload), len(named), len(labelled))
        crc = zlib.crc32(start, seed_of(self._seed, len(self._index)))
        for part in (payload, named, labelled):
            crc = zlib.crc32(part, crc)
        for part in (start, payload, named, labelled, crc.to_bytes(CRC, "little")):
            self.stream.write(part)
        size = len(start) + len(payload) + len(named) + len(labelled) + CRC
        self._index.append((n, size, crc))
        self.sizes.payload += len(payload)
        self.sizes.names += len(named) + len(labelled)
        self.sizes.index += len(start) + CRC

    def finish(self) -> Sizes:
        """Write the index and the end of the file."""
        parts = [varints.write(0, len(self._index))]  # no block has 0 rows
        for n, size, crc in self._index:
            parts.append(varints.write(n, size) + crc.to_bytes(CRC, "little"))
        index = b"".join(parts)
        crc = zlib.crc32(index, self._seed)
        end = len(index).to_bytes(4, "little") + crc.to_bytes(CRC, "little") + END
        self.stream.write(index + end)
        self.sizes.index += len(index) + len(end)
        return self.sizes


def write(
    stream: BinaryIO,
    header: Header,
    codec: bytes,
    n: int,
    encode: Callable[[slice], bytes],
    about: About,
    *,
    block_rows: int,
    report: Callable[[float], object] = lambda _: None,
) -> Sizes:
    """Write rows block by block.

    Parameters
    ----------
    stream : binary file
    header : Header
    codec : bytes
        The codec's file, if the header embeds it.
    n : int
        The number of rows.
    encode : callable
        Gives the payload of the rows of a slice.
    about : About
    block_rows : int
        The number of rows of a block, at most; blocks of large rows have fewer.
    report : callable
        Is called with the number of rows that are done, after each block.

    Raises
    ------
    InvalidDataError
        The number of names or labels is not that of the rows.
    """
    _require_one_each(n, about.names, about.labels)
    writer = Writer(stream, header, codec)
    size = max(1, min(block_rows, MOST_IN_BLOCK // max(header.row_values, 1)))
    for start in range(0, n, size):
        part = slice(start, min(start + size, n))
        labels = None if about.labels is None else about.labels[part]
        writer.add(encode(part), part.stop - start, about.names[part], labels)
        report(part.stop)
    return writer.finish()


def _require_one_each(n: int, names: Sequence[str], labels: np.ndarray | None) -> None:
    for what, some in (("names", names), ("labels", labels)):
        if some is not None and len(some) not in (0, n):
            raise InvalidDataError(f"{n:,} rows have {len(some):,} {what}: expected one each.")


def seed_of(seed: int, number: int) -> int:
    """Begin a block's checksum by the file's head and the block's number."""
    return zlib.crc32(number.to_bytes(8, "little"), seed)


def most_rows(header: Header) -> int:
    """Give the largest number of rows of a block: what a reader makes room for."""
    return min(ROWS, max(1, MOST_IN_BLOCK // max(header.row_values, 1)))
