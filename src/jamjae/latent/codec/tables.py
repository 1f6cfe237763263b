"""Integer frequency tables of symbols: what an entropy coder needs to know of them.

A table gives each of a run of integers, and an escape for all others, a frequency; the
frequencies of a table sum to `TOTAL`. They are rounded to five significant bits when a table is
made, and computed from what is rounded by whole numbers alone: tables that were read are those
that were written, on every machine.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.errors import InvalidDataError
from jamjae.latent.codec import varints
from jamjae.latent.codec.varints import Cursor

TOTAL = 1 << 20  # frequencies of a table; what constriction makes of them is exact
SCALE = 1 << 16  # of the rounded frequencies that are written, which need not sum to it
MANTISSA = 4  # bits after the first one
LARGEST = (16 << MANTISSA) - 1  # the code of 31 * 2**14, well above SCALE
MOST_SYMBOLS = 1 << 12  # in a table
MOST_TABLES = 1 << 16
MOST_NUMBERS = 1 << 22  # in all tables
MOST_BITS = 36  # of what an escape says: twice a difference of two sums of 32-bit numbers
INT32 = np.iinfo(np.int32)


class Tables:
    """Frequency tables, numbered from 0.

    Parameters
    ----------
    first : sequence of int, of length t
        The lowest symbol of each table.
    sizes : sequence of int, of length t
        How many symbols each has, the escape not counted.
    codes : uint8 array of length sum(sizes) + t
        Rounded frequencies of one table after another, the escape's last: a code c below 16 is
        the frequency c, and any other (16 + c mod 16) * 2**(c div 16 - 1).

    Attributes
    ----------
    first, sizes : int64 arrays of shape (t,)
    frequencies : int64 array
        One table after another, each with its escape, from 1 up, summing to `TOTAL`.
    start : int64 array of shape (t,)
        Where in `frequencies` each table begins.

    Examples
    --------
    >>> import numpy as np
    >>> tables = Tables.of([[0.25, 0.5, 0.25], [0.9, 0.1]], first=[-1, 0])
    >>> tables.bits(np.array([0, 0, 1]), np.array([0, 1, 0])).round(2).tolist()
    [1.0, 2.0, 0.15]
    >>> Tables.from_bytes(tables.to_bytes()).frequencies.tolist() == tables.frequencies.tolist()
    True
    """

    def __init__(self, first: Sequence[int], sizes: Sequence[int], codes: np.ndarray) -> None:
        self.first = np.asarray(first, np.int64)
        self.sizes = np.asarray(sizes, np.int64)
        self._codes = np.asarray(codes, np.uint8)
        self.start = np.concatenate([[0], np.cumsum(self.sizes + 1)[:-1]]).astype(np.int64)
        raw = np.split(_value(self._codes), self.start[1:])
        self.frequencies = np.concatenate([_normalized(one) for one in raw])
        self._models: dict[int, Any] = {}

    @classmethod
    def of(cls, probabilities: Sequence[Any] | np.ndarray, first: Any) -> Tables:
        """Make tables from probabilities.

        Symbols at the ends of a table that are less likely than 2**-17 are left to the escape,
        whose probability is what is missing to 1, and at least 2**-16.

        Parameters
        ----------
        probabilities : sequence of t arrays, or array of shape (t, m)
            Probabilities of consecutive symbols; each array sums to at most 1.
        first : int or array of shape (t,)
            The symbol to which the first probability of each belongs.

        Raises
        ------
        InvalidDataError
            There are no tables, too many or too long ones, or what is given are no probabilities.
        """
        rows = [np.asarray(one, np.float64) for one in probabilities]
        if not 0 < len(rows) <= MOST_TABLES:
            raise InvalidDataError(
                f"Tables.of received {len(rows):,} tables. From 1 to {MOST_TABLES:,} are expected."
            )
        firsts = np.broadcast_to(np.asarray(first, np.int64), len(rows))
        made = [_rounded(row, int(low)) for row, low in zip(rows, firsts, strict=True)]
        lows, codes = zip(*made, strict=True)
        return cls(lows, [len(one) - 1 for one in codes], np.concatenate(codes))

    def __len__(self) -> int:
        return len(self.first)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.first, self.sizes, self._codes)

    def to_bytes(self) -> bytes:
        """Write their number, lowest symbols and sizes as varints, and their codes deflated."""
        lows = [varints.signed(int(low)) for low in self.first]
        head = varints.write(len(self), *lows, *map(int, self.sizes))
        return head + zlib.compress(self._codes.tobytes(), 9)

    @classmethod
    def from_bytes(cls, content: bytes) -> Tables:
        """Read what `to_bytes` wrote.

        Raises
        ------
        UnsoundError
            It is damaged, or asks for more memory than such tables may take.
        """
        cursor = Cursor(content, "its frequency tables")
        count = cursor.number(1, MOST_TABLES)
        first = [varints.unsigned(low) for low in cursor.numbers(count, 0, 1 << 32)]
        sizes = cursor.numbers(count, 1, MOST_SYMBOLS)
        expected = sum(sizes) + count
        if expected > MOST_NUMBERS:
            raise UnsoundError(f"its frequency tables hold {expected:,} numbers")
        codes = inflated(cursor.take(cursor.left), expected, "its frequency tables")
        numbers = np.frombuffer(codes, np.uint8)
        if numbers.max() > LARGEST:
            raise UnsoundError("its frequency tables: a frequency is too large")
        return cls(first, sizes, numbers)

    def bits(self, index: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        """Give the ideal length of symbols in bits, each by its own table.

        Parameters
        ----------
        index : int array of shape (n,)
        symbols : int array of shape (n,)
            Less their shifts.

        Returns
        -------
        float64 array of shape (n,)
        """
        index = np.asarray(index)
        place, beyond = self.places(index, symbols)
        lengths = np.log2(TOTAL / self.frequencies[self.start[index] + place])
        out = place == self.sizes[index]
        if out.any():
            lengths[out] += escape_bits(beyond[out])
        return lengths

    def places(self, index: np.ndarray, symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the place of symbols in their tables, and how far beyond them the escaped ones are.

        Returns
        -------
        place : int64 array of shape (n,)
            The size of the table for an escaped symbol.
        beyond : int64 array of shape (n,)
            From 0 up, even above the table and odd below; no meaning for the other symbols.
        """
        place = np.asarray(symbols, np.int64) - self.first[index]
        size = self.sizes[index]
        beyond = np.where(place < 0, -2 * place - 1, 2 * (place - size))
        return np.where((place >= 0) & (place < size), place, size), beyond

    def model(self, table: int) -> Any:
        """Give constriction's model of a table; the escape is its last symbol."""
        found = self._models.get(table)
        if found is None:
            import constriction

            start, size = self.start[table], self.sizes[table]
            weights = self.frequencies[start : start + size + 1].astype(np.float64)
            found = constriction.stream.model.Categorical(weights, perfect=False)
            self._models[table] = found
        return found


def escape_bits(beyond: np.ndarray) -> np.ndarray:
    """Give the ideal length of what follows an escape, in bits."""
    length = bit_lengths(beyond + 1)
    return np.log2(ESCAPES.sum() / ESCAPES[length]) + length


def bit_lengths(numbers: np.ndarray) -> np.ndarray:
    """Give the number of bits of numbers from 1 to 2**52, the first one not counted."""
    return np.frexp(numbers.astype(np.float64))[1] - 1


def inflated(content: bytes, expected: int, what: str) -> bytes:
    """Inflate bytes that must give an expected number of them.

    Raises
    ------
    UnsoundError
    """
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(content, expected + 1)
    except zlib.error as error:
        raise UnsoundError(f"{what}: damaged ({error})") from error
    if len(found) != expected or not inflater.eof or inflater.unused_data:
        raise UnsoundError(f"{what}: {expected:,} bytes are announced, and not there")
    return found


# How often what follows an escape has 0, 1, 2, ... bits, in 2**16; small distances are likelier.
ESCAPES = (1 << np.maximum(14 - np.arange(MOST_BITS) // 2, 0)).astype(np.int64)
ESCAPES[0] -= ESCAPES.sum() - (1 << 16)


def _rounded(probabilities: np.ndarray, low: int) -> tuple[int, np.ndarray]:
    """Round probabilities to codes, leave out unlikely ends, and put the escape last."""
    if probabilities.ndim != 1 or not len(probabilities) or not (probabilities >= 0).all():
        raise InvalidDataError(
            "Tables.of received something that is not an array of probabilities, each from 0 to 1."
        )
    total = float(probabilities.sum())
    if not 0 < total <= 1 + 1e-6:
        raise InvalidDataError(
            f"Tables.of received probabilities that sum to {total:.6g}. At most 1 is expected."
        )
    codes = _code(probabilities)
    (likely,) = np.nonzero(codes)
    begin, end = (likely[0], likely[-1] + 1) if len(likely) else (0, 1)
    kept = codes[begin:end]
    if len(kept) > MOST_SYMBOLS or not INT32.min <= low + begin <= INT32.max:
        raise InvalidDataError(
            f"Tables.of received a table of {len(kept):,} symbols from {low + int(begin):,} up. At "
            f"most {MOST_SYMBOLS:,} are expected, which begin within 32 bits; leave unlikely ones "
            "to the escape."
        )
    missing = 1.0 - float(probabilities[begin:end].sum())
    escape = max(int(_code(np.array([missing]))[0]), 1)
    return low + int(begin), np.append(kept, np.uint8(escape)).astype(np.uint8)


def _code(probabilities: np.ndarray) -> np.ndarray:
    """Round probabilities to the nearest codes."""
    frequencies = np.clip(probabilities * SCALE, 0, SCALE)
    exponent = np.maximum(np.frexp(frequencies)[1] - MANTISSA - 1, 0)
    mantissa = np.rint(frequencies / 2.0**exponent).astype(np.int64)
    return (mantissa + (exponent << MANTISSA)).astype(np.uint8)


def _value(codes: np.ndarray) -> np.ndarray:
    """Give the frequencies of codes."""
    wide = codes.astype(np.int64)
    exponent = np.maximum((wide >> MANTISSA) - 1, 0)
    return np.where(wide < 16, wide, (16 + (wide & 15)) << exponent)


def _normalized(raw: np.ndarray) -> np.ndarray:
    """Bring frequencies to the sum `TOTAL`, each at least 1, by whole numbers alone."""
    made = np.maximum(raw * TOTAL // max(int(raw.sum()), 1), 1)
    excess = int(made.sum()) - TOTAL
    while excess > 0:
        largest = int(made.argmax())
        taken = min(excess, int(made[largest]) // 2)
        made[largest] -= taken
        excess -= taken
    made[made.argmax()] -= excess
    return made
