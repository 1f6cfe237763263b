"""Reading a file of compressed rows, any block without the others."""

from __future__ import annotations

import io
import os
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.errors import DataFormatError, DataNotFoundError, InvalidTypeError
from jamjae.latent.codec import varints
from jamjae.latent.codec.archive import (
    CRC,
    END,
    HEAD_BYTES,
    MAGIC,
    PARTS,
    TRAILER,
    VERSION,
    Block,
    Damaged,
    Sizes,
    most_rows,
    seed_of,
)
from jamjae.latent.codec.header import Header, digest
from jamjae.latent.codec.names import labels_from_bytes, names_from_bytes
from jamjae.latent.codec.varints import Cursor


class Reader:
    """Reads a file of compressed rows, any block without the others.

    Parameters
    ----------
    stream : binary file that can seek, or bytes
    name : str
        What messages call it.

    Attributes
    ----------
    header : Header
    rows : tuple of int
        The number of rows of each block.
    notes : tuple of str
        What was found damaged, other than blocks.

    Raises
    ------
    DataFormatError
        It is no such file, of a newer version, or its head is damaged.
    InvalidTypeError
        It is neither bytes nor a file.
    """

    def __init__(
        self, stream: BinaryIO | bytes | bytearray | memoryview, name: str = "the data"
    ) -> None:
        if isinstance(stream, bytes | bytearray | memoryview):
            stream = io.BytesIO(stream)
        if not hasattr(stream, "seek"):
            raise InvalidTypeError(
                f"Cannot read rows from a {type(stream).__name__}: the bytes of a .jjz file are "
                "expected, such as pathlib.Path(path).read_bytes()."
            )
        self._stream = stream
        self._name = name
        self._length = self._stream.seek(0, os.SEEK_END)
        self.notes: tuple[str, ...] = ()
        with self._sound("its head is damaged"):
            body = self._read_head()
        self.sizes = Sizes(codec=self.header.codec_bytes, index=body - self.header.codec_bytes)
        try:
            self._read_index(body)
        except UnsoundError as error:
            self._scan(body)
            note = "up to the first that is damaged; rows after these may be lost"
            self.notes = (f"the index is damaged ({error}): blocks were found without it, {note}",)
        self.rows = tuple(n for n, _, _, _ in self._index)
        self._first = [0, *np.cumsum(self.rows, dtype=object).tolist()]

    def __len__(self) -> int:
        return self._first[-1]

    def codec(self) -> bytes:
        """Read the codec that is embedded.

        Raises
        ------
        DataFormatError
            There is none, or it is damaged.
        """
        size = self.header.codec_bytes
        if not size:
            raise DataFormatError(
                f"{self._name} holds no codec: it refers to {self.header.path!r}. Name the file "
                "of the codec."
            )
        content = self._bytes(self._codec_at, size)
        if digest(content) != self.header.sha256:
            raise DataFormatError(
                f"The codec in {self._name} is damaged: its SHA-256 differs. If the codec was "
                "saved, name its file."
            )
        return content

    def require(self, sha256: bytes, what: str) -> None:
        """Refuse a codec other than the one by which the rows were compressed.

        Raises
        ------
        DataFormatError
        """
        if sha256 != self.header.sha256:
            raise DataFormatError(
                f"Cannot read {self._name} with {what}: its SHA-256 begins with "
                f"{sha256.hex()[:16]}, and that of the codec by which the rows were "
                f"compressed with {self.header.sha256.hex()[:16]}. Name the file of that codec."
            )

    def block(self, number: int) -> Block:
        """Read a block.

        Raises
        ------
        DataFormatError
            It is damaged; the message names it and its rows.
        """
        n, at, size, crc = self._index[number]
        first = self._first[number]
        try:
            return self._parsed(number, first, n, self._bytes(at, size), crc)
        except UnsoundError as error:
            raise DataFormatError(
                f"Block {number} of {self._name} (rows {first:,} to {first + n - 1:,}) is damaged: "
                f"{error}.{' The other blocks can be read.' * (len(self.rows) > 1)}"
            ) from error

    def blocks(self) -> Iterator[Block | Damaged]:
        """Read all blocks in order; one that is damaged is reported in its place."""
        for number, n in enumerate(self.rows):
            try:
                yield self.block(number)
            except DataFormatError as error:
                yield Damaged(number, self._first[number], n, str(error))

    def block_of(self, row: int) -> int:
        """Give the number of the block that holds a row."""
        if not 0 <= row < len(self):
            raise IndexError(f"{self._name} has {len(self):,} rows, and no row {row:,}.")
        return bisect_right(self._first, row) - 1

    # --- parts ---

    def _read_head(self) -> int:
        """Read the head, and return where the first block begins."""
        start = self._bytes(0, min(len(MAGIC) + 2 * varints.LONGEST, self._length))
        if not start.startswith(MAGIC):
            raise DataFormatError(
                f"{self._name} is no file of compressed rows: it does not begin as a .jjz file "
                "does."
            )
        cursor = Cursor(start[len(MAGIC) :], "its head")
        version = cursor.number(1)
        if version > VERSION:
            raise DataFormatError(
                f"{self._name} has version {version} of its format, and this version of jamjae "
                f"reads up to {VERSION}. Update jamjae."
            )
        length = cursor.number(0, HEAD_BYTES)
        at = len(MAGIC) + cursor.at
        whole = self._bytes(0, at + length + CRC)
        self._seed = zlib.crc32(whole[:-CRC])
        if self._seed != int.from_bytes(whole[-CRC:], "little"):
            raise UnsoundError("its checksum differs")
        self.header = Header.from_bytes(whole[at:-CRC])
        self._codec_at = len(whole)
        if self.header.codec_bytes > self._length - len(whole):
            raise UnsoundError("the codec is cut off")
        return len(whole) + self.header.codec_bytes

    def _read_index(self, body: int) -> None:
        """Read the index from the end of the file."""
        end = self._bytes(max(self._length - TRAILER, body), TRAILER)
        length = int.from_bytes(end[:4], "little")
        at = self._length - TRAILER - length
        if end[-len(END) :] != END or at < body:
            raise UnsoundError("the file does not end as it should")
        content = self._bytes(at, length)
        if zlib.crc32(content, self._seed) != int.from_bytes(end[4 : -len(END)], "little"):
            raise UnsoundError("its checksum differs")
        cursor = Cursor(content, "its index")
        cursor.number(0, 0)
        self._index, place = [], body
        for _ in range(cursor.number(0, cursor.left)):
            n, size = cursor.number(1, most_rows(self.header)), cursor.number(CRC)
            self._index.append((n, place, size, int.from_bytes(cursor.take(CRC), "little")))
            place += size
        cursor.end()
        if place != at:
            raise UnsoundError("its blocks do not fill the file")
        self.sizes.index += length + TRAILER

    def _scan(self, body: int) -> None:
        """Find blocks from the front, as far as their sizes can be followed."""
        self._index, at = [], body
        while at < self._length:
            try:
                n, size = self._measure(at)
                content = self._bytes(at, size)
                self._parsed(len(self._index), 0, n, content, None)
            except UnsoundError:
                return
            self._index.append((n, at, size, int.from_bytes(content[-CRC:], "little")))
            at += size

    def _measure(self, at: int) -> tuple[int, int]:
        """Give the rows and bytes of the block that begins at a place."""
        cursor = Cursor(self._bytes(at, min(PARTS, self._length - at)), "a block")
        n = cursor.number(1, most_rows(self.header))
        return n, sum(cursor.numbers(3, 0, self._length)) + cursor.at + CRC

    def _parsed(self, number: int, first: int, n: int, content: bytes, crc: int | None) -> Block:
        found = zlib.crc32(content[:-CRC], seed_of(self._seed, number))
        if found != int.from_bytes(content[-CRC:], "little") or crc not in (None, found):
            raise UnsoundError("its checksum differs")
        cursor = Cursor(content[:-CRC], "the block")
        cursor.number(n, n)
        lengths = cursor.numbers(3, 0, len(content))
        payload, named, labelled = (cursor.take(length) for length in lengths)
        cursor.end()
        names = names_from_bytes(named, n)
        labels = labels_from_bytes(labelled, n, len(self.header.class_names))
        return Block(number, first, n, payload, names, labels)

    def _bytes(self, at: int, count: int) -> bytes:
        if at + count > self._length:
            raise UnsoundError("the file is cut off")
        self._stream.seek(at)
        content = self._stream.read(count)
        if len(content) != count:
            raise UnsoundError("the file is cut off")
        return content

    @contextmanager
    def _sound(self, what: str) -> Iterator[None]:
        try:
            yield
        except UnsoundError as error:
            raise DataFormatError(f"Cannot read {self._name}: {what} ({error}).") from error


@contextmanager
def decoding(block: Block) -> Iterator[None]:
    """Name the block and its rows in an error that decoding it raises."""
    try:
        yield
    except DataFormatError as error:
        raise DataFormatError(
            f"Cannot decode block {block.number} (rows {block.first:,} to "
            f"{block.first + block.n - 1:,}): {error}"
        ) from error


def is_compressed(path: str | os.PathLike[str]) -> bool:
    """Whether a file is one of compressed rows, by its first bytes or its name."""
    place = Path(path)
    if place.suffix.lower() == ".jjz" or not place.is_file():
        return place.suffix.lower() == ".jjz"
    with place.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Reader]:
    """Open a file of compressed rows.

    Raises
    ------
    DataNotFoundError, DataFormatError
    """
    place = Path(path)
    if not place.is_file():
        raise DataNotFoundError(
            f"Cannot read {str(place)!r}: there is no such file. Name a file that `compress` wrote."
        )
    with place.open("rb") as stream:
        yield Reader(stream, repr(str(place)))
