"""Symbols to bytes and back, by a range coder and integer frequency tables.

One stream of bytes holds a block of rows: column after column, and within a column the rows of
one table after another. What is coded depends on whole numbers alone; `constriction` codes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from jamjae.errors import DataFormatError, InvalidDataError
from jamjae.latent.codec.tables import ESCAPES, INT32, MOST_BITS, Tables, bit_lengths

PART = 16  # bits of what follows an escape that are coded at once
WORD = np.dtype("<u4")


class Contexts(Protocol):
    """Chooses the table of every symbol from those already coded."""

    def at(self, j: int, before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Choose for column j.

        Parameters
        ----------
        j : int
        before : int32 array of shape (n, j)
            The columns before it. It is not to be written to.

        Returns
        -------
        table : int array of shape (n,)
            The number of each row's table.
        shift : int array of shape (n,)
            32-bit numbers that are subtracted from the symbols. Both must depend on `before` by
            whole numbers alone.
        """


class Encoder:
    """Encodes columns of symbols, one after another."""

    def __init__(self) -> None:
        self._coder = _coder().RangeEncoder()

    def column(self, tables: Tables, index: np.ndarray, symbols: np.ndarray) -> None:
        """Encode int64 symbols of shape (n,), each by the table of an index."""
        place, beyond = tables.places(index, symbols)
        place = place.astype(np.int32)
        for table, rows in _groups(index):
            self._coder.encode(np.ascontiguousarray(place[rows]), tables.model(table))
        escaped = place == tables.sizes[index]
        if escaped.any():
            _encode_beyond(self._coder, beyond[escaped])

    def finish(self) -> bytes:
        """Give what was encoded; trailing zeros are left out."""
        return self._coder.get_compressed().astype(WORD).tobytes().rstrip(b"\0")


class Decoder:
    """Decodes columns of symbols, one after another.

    Parameters
    ----------
    data : bytes
        What an `Encoder` gave.
    """

    def __init__(self, data: bytes) -> None:
        padded = bytes(data) + bytes(-len(data) % WORD.itemsize)
        self._coder = _coder().RangeDecoder(np.frombuffer(padded, WORD).astype(np.uint32))

    def column(self, tables: Tables, index: np.ndarray) -> np.ndarray:
        """Decode one symbol for each of n tables.

        Returns
        -------
        int64 array of shape (n,)

        Raises
        ------
        DataFormatError
            The bytes are not of such a column.
        """
        found = np.empty(len(index), np.int64)
        try:
            for table, rows in _groups(index):
                found[rows] = self._coder.decode(tables.model(table), len(found[rows]))
            escaped = found == tables.sizes[index]
            if escaped.any():
                beyond = _decode_beyond(self._coder, int(escaped.sum()))
                size = tables.sizes[index[escaped]]
                found[escaped] = np.where(beyond & 1, -(beyond + 1 >> 1), size + (beyond >> 1))
        except AssertionError as error:  # constriction's
            raise DataFormatError(_DAMAGED.format("no symbols have such a code")) from error
        return tables.first[index] + found

    def finish(self) -> None:
        """Refuse what follows the last symbol.

        Raises
        ------
        DataFormatError
        """
        if not self._coder.maybe_exhausted():
            raise DataFormatError(_DAMAGED.format("bytes follow its last symbol"))


def encode(symbols: np.ndarray, contexts: Contexts, tables: Tables) -> bytes:
    """Encode a block of rows.

    Parameters
    ----------
    symbols : int array of shape (n, k)
        Of 32 bits.
    contexts : Contexts
    tables : Tables

    Returns
    -------
    bytes
        Within a few bytes of the ideal length; trailing zeros are left out.

    Raises
    ------
    InvalidDataError
        The symbols are no 32-bit integers, or no matrix of them.
    """
    columns = _checked(symbols)
    encoder = Encoder()
    for j, column in enumerate(columns):
        index, shift = _chosen(contexts, j, columns[:j].T, len(column), tables)
        encoder.column(tables, index, column - shift)
    return encoder.finish()


def decode(data: bytes, n: int, k: int, contexts: Contexts, tables: Tables) -> np.ndarray:
    """Decode a block of n rows of k symbols.

    Damaged bytes raise an error or give other symbols; a checksum must tell. Memory and time grow
    with n * k alone.

    Returns
    -------
    int32 array of shape (n, k)

    Raises
    ------
    DataFormatError
        The bytes are not of such a block.
    """
    columns = np.zeros((k, n), np.int32)
    decoder = Decoder(data)
    for j, column in enumerate(columns if n else ()):
        index, shift = _chosen(contexts, j, columns[:j].T, n, tables)
        values = decoder.column(tables, index) + shift
        if values.min() < INT32.min or values.max() > INT32.max:
            raise DataFormatError(_DAMAGED.format("a symbol has more than 32 bits"))
        column[:] = values
    decoder.finish()
    return columns.T


_DAMAGED = "Cannot decode a block of symbols: {}. It is damaged, or of another codec."


def _coder() -> Any:
    import constriction

    return constriction.stream.queue


def _checked(symbols: np.ndarray) -> np.ndarray:
    """Give symbols as columns in memory."""
    given = np.asarray(symbols)
    if given.ndim != 2 or given.dtype.kind not in "iu":
        raise InvalidDataError(
            f"Cannot encode symbols: an array of shape {given.shape} and dtype {given.dtype} was "
            "given. A matrix of integers is expected."
        )
    if given.size and (given.min() < INT32.min or given.max() > INT32.max):
        raise InvalidDataError(
            f"Cannot encode symbols from {given.min():,} to {given.max():,}: 32 bits are expected."
        )
    return np.ascontiguousarray(given.T, np.int32) if len(given) else np.empty((0, 0), np.int32)


def _chosen(
    contexts: Contexts, j: int, before: np.ndarray, n: int, tables: Tables
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the tables and shifts of a column, and refuse those that there are not."""
    index, shift = (np.asarray(part) for part in contexts.at(j, before))
    if index.shape != (n,) or shift.shape != (n,):
        raise InvalidDataError(
            f"The contexts of column {j} have the shapes {index.shape} and {shift.shape}. One "
            f"table and one shift are expected for each of {n:,} rows."
        )
    if index.min() < 0 or index.max() >= len(tables):
        raise InvalidDataError(
            f"The contexts of column {j} name tables from {index.min()} to {index.max()}, and "
            f"there are {len(tables)}."
        )
    return index, shift.astype(np.int64)


def _groups(index: np.ndarray) -> Iterator[tuple[int, Any]]:
    """Give every table that is used, in order, and the rows of it."""
    if not len(index):
        return
    if (index == index[0]).all():
        yield int(index[0]), slice(None)
        return
    order = np.argsort(index.astype(np.uint16), kind="stable")  # which NumPy counts, not compares
    ordered = index[order]
    starts = [0, *(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1).tolist(), len(ordered)]
    for begin, end in itertools.pairwise(starts):
        yield int(ordered[begin]), order[begin:end]


# --- what follows an escape: a number of bits, and the bits in parts ---------------------------


def _encode_beyond(coder: Any, beyond: np.ndarray) -> None:
    numbers = beyond + 1
    lengths = bit_lengths(numbers)
    coder.encode(lengths.astype(np.int32), _lengths_model())
    rest = numbers - (np.int64(1) << lengths)
    for part in range(0, MOST_BITS, PART):
        bits = np.clip(lengths - part, 0, PART)
        some = bits > 0
        if some.any():
            low = (rest[some] >> part) & ((1 << PART) - 1)
            coder.encode(low.astype(np.int32), _uniform(), _sizes(bits[some]))


def _decode_beyond(coder: Any, count: int) -> np.ndarray:
    lengths = coder.decode(_lengths_model(), count).astype(np.int64)
    numbers = np.int64(1) << lengths
    for part in range(0, MOST_BITS, PART):
        bits = np.clip(lengths - part, 0, PART)
        some = bits > 0
        if some.any():
            low = coder.decode(_uniform(), _sizes(bits[some])).astype(np.int64)
            numbers[some] += low << part
    return numbers - 1


def _sizes(bits: np.ndarray) -> np.ndarray:
    return (1 << bits).astype(np.int32)


def _uniform() -> Any:
    import constriction

    return constriction.stream.model.Uniform()


def _lengths_model() -> Any:
    import constriction

    return constriction.stream.model.Categorical(ESCAPES.astype(np.float64), perfect=False)
