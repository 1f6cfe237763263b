"""Weights as whole numbers times powers of two, and these as few bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.latent.codec import entropy, varints
from jamjae.latent.codec.tables import Tables
from jamjae.latent.codec.varints import Cursor

LARGEST = 1 << 15  # whole number of a weight that is multiplied by others
LARGEST_PLACES = 40
MOST_WEIGHTS = 1 << 28
MOST_PER_BYTE = 512  # weights that a byte can hold, if they are all alike
ENDS = 4.0  # root mean squares from zero up to which numbers have frequencies of their own


class Matrix(NamedTuple):
    """Whole numbers that are weights times a power of two.

    Attributes
    ----------
    values : float64 array
        Whole numbers.
    places : int
        Binary places, negative for weights that are large.
    """

    values: np.ndarray
    places: int

    @classmethod
    def of(cls, given: np.ndarray, levels: float) -> Self:
        """Round weights so that the root mean square of those that are not 0 is about `levels`."""
        weights = np.asarray(given, np.float64)
        used = weights[weights != 0]
        size = float(np.sqrt(np.mean(np.square(used)))) if len(used) else 1.0
        places = int(np.clip(math.floor(math.log2(levels / size) + 0.5), -20, LARGEST_PLACES))
        return cls(np.rint(np.clip(weights * 2.0**places, -LARGEST, LARGEST)), places)

    @property
    def weights(self) -> np.ndarray:
        """The weights, rounded."""
        return self.values / 2.0**self.places


def pack(matrices: Sequence[Matrix]) -> bytes:
    """Write matrices, entropy coded; their shapes are not written."""
    symbols = [matrix.values.astype(np.int64).ravel() for matrix in matrices]
    tables = Tables.of(*zip(*(_frequencies(some) for some in symbols), strict=True))
    each = np.repeat(np.arange(len(symbols)), [len(some) for some in symbols])
    stream = entropy.encode(np.concatenate(symbols)[:, None], _Each(each), tables)
    described = tables.to_bytes()
    places = [varints.signed(matrix.places) for matrix in matrices]
    head = varints.write(*places, len(described), len(stream))
    return head + described + stream


def unpack(cursor: Cursor, shapes: Sequence[tuple[int, ...]]) -> list[Matrix]:
    """Read matrices of known shapes that `pack` wrote.

    Raises
    ------
    UnsoundError
        They are damaged.
    """
    sizes = [math.prod(shape) for shape in shapes]
    if sum(sizes) > MOST_WEIGHTS:
        raise UnsoundError(f"its weights: {sum(sizes):,} are too many")
    places = [varints.unsigned(one) for one in cursor.numbers(len(shapes), 0, 128)]
    described, length = cursor.numbers(2)
    tables = Tables.from_bytes(cursor.take(described))
    if len(tables) != len(shapes):
        raise UnsoundError(f"its weights: {len(tables)} tables are there for {len(shapes)}")
    stream = cursor.take(length)
    if sum(sizes) > MOST_PER_BYTE * (length + 1024):
        raise UnsoundError(f"its weights: {sum(sizes):,} do not fit into {length:,} bytes")
    each = _Each(np.repeat(np.arange(len(sizes)), sizes))
    values = entropy.decode(stream, sum(sizes), 1, each, tables)[:, 0].astype(np.float64)
    parts = np.split(values, np.cumsum(sizes)[:-1])
    return [
        Matrix(part.reshape(shape), place)
        for part, shape, place in zip(parts, shapes, places, strict=True)
    ]


class _Each:
    """Contexts of one column of numbers, whose tables are known in advance."""

    def __init__(self, tables: np.ndarray) -> None:
        self._tables = tables

    def at(self, _: int, __: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._tables, np.zeros_like(self._tables)


def _frequencies(symbols: np.ndarray) -> tuple[np.ndarray, int]:
    """Give the probabilities of consecutive numbers, and the first of these."""
    if not len(symbols):
        return np.ones(1), 0
    reach = math.ceil(ENDS * math.sqrt(float(np.mean(np.square(symbols))))) + 1
    reach = min(reach, 2000)
    inside = symbols[np.abs(symbols) <= reach]
    counts = np.bincount(inside + reach, minlength=2 * reach + 1)
    return counts / (len(symbols) + 1.0), -reach
