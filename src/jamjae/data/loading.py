"""Rows for training: whole, or in pieces that fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from jamjae.data.rows import Batch, Rows, is_mapped

HELD_BYTES, MAPPED_BYTES = 1 << 30, 1 << 23  # handed over at once, of an array and of a file
BLOCK, BLOCKS = 256, 8  # rows that stay together, at most, and such blocks in a piece, at least


# from the number of an epoch to its padded rows, piece by piece, and how many of each count
Source: TypeAlias = Callable[[int], Iterable[tuple[dict[str, jax.Array], int]]]


def source(
    rows: Rows,
    prepare: Callable[[Batch], Batch],
    batch_size: int,
    *,
    seed: int = 0,
) -> Source:
    """Give the rows to train on: whole, or in pieces that fit in memory.

    A piece consists of random blocks of neighboring rows, so that a file is read nearly in order
    and sorted data are still mixed.
    """
    n, count = len(rows["x"]), _pieces(rows)
    if count <= 1:
        whole = [(padded(prepare({name: rows[name][:] for name in rows}), batch_size), n)]
        return lambda _: whole
    blocks = -(-n // (block := min(BLOCK, max(n // (count * BLOCKS), 1))))
    length = -(-blocks // count) * block

    def pieces(number: int) -> Iterator[tuple[dict[str, jax.Array], int]]:
        order = np.random.RandomState([seed, number]).permutation(blocks)
        for some in np.array_split(order, count):
            chosen = (some[:, None] * block + np.arange(block)).ravel()
            chosen = chosen[chosen < n]
            piece = prepare({name: array[chosen] for name, array in rows.items()})
            yield padded(piece, batch_size, length), len(chosen)

    return pieces


def steps(rows: Rows, batch_size: int) -> int:
    """Count the batches of an epoch; each piece may end in one that is not full."""
    return -(-len(rows["x"]) // batch_size) + max(_pieces(rows), 1) - 1


def _pieces(rows: Rows) -> int:
    held_bytes = MAPPED_BYTES if is_mapped(rows["x"]) else HELD_BYTES
    return -(-sum(array.nbytes for array in rows.values()) // held_bytes)


def padded(rows: Batch, batch_size: int, length: int = 0) -> dict[str, jax.Array]:
    """Put rows on the device, padded with zeros to whole batches for at least `length` rows."""
    held = _few(int(-(-max(length, len(rows["x"])) // batch_size))) * int(batch_size)
    return {name: jnp.asarray(_filled(array, held)) for name, array in rows.items()}


def _few(batches: int) -> int:
    """Round up, so that code is compiled for few numbers of batches.

    Up to 16 exact, beyond to 4 leading bits, so at most an eighth is added; what is added is not
    computed.
    """
    unit = 1 << max(batches.bit_length() - 4, 0)
    return -(-batches // unit) * unit if batches > 16 else batches


def _filled(array: np.ndarray, held: int) -> np.ndarray:
    more = held - len(array)
    return np.pad(array, [(0, more)] + [(0, 0)] * (array.ndim - 1)) if more else array
