"""Rows for training: whole, or in pieces that fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise
from typing import TypeAlias, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from jamjae.data.rows import Batch, Rows, is_lazy, is_mapped, read_together

# bytes that are handed over at once: of an array, of a mapped file, and of files that are decoded
HELD_BYTES, MAPPED_BYTES, LAZY_BYTES = 1 << 30, 1 << 23, 1 << 22
BLOCK, BLOCKS = 256, 8  # rows that stay together, at most, and such blocks in a piece, at least

T = TypeVar("T")

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
    and sorted data are still mixed; where files are decoded in parts, such as Parquet's row groups,
    these are the blocks. The next piece of a file is read while one is trained on.
    """
    n, length = len(rows["x"]), _length(rows, batch_size)
    if length >= n:
        whole = [(padded(prepare({name: rows[name][:] for name in rows}), batch_size), n)]
        return lambda _: whole
    starts = _blocks(rows, -(-n // length))
    ends = [*range(0, n, length), n]

    def read(number: int) -> Iterator[tuple[Batch, int]]:
        order = np.random.RandomState([seed, number]).permutation(len(starts) - 1)
        for start, end in pairwise(ends):
            chosen = _in_order(starts, order, start, end)
            yield prepare({name: array[chosen] for name, array in rows.items()}), end - start

    def pieces(number: int) -> Iterator[tuple[dict[str, jax.Array], int]]:
        found = read(number)
        from_file = is_lazy(rows["x"]) or is_mapped(rows["x"])
        return (
            (padded(piece, batch_size, length), held)
            for piece, held in (_ahead(found) if from_file else found)
        )

    return pieces


def steps(rows: Rows, batch_size: int) -> int:
    """Count the batches of an epoch, of which the last may not be full."""
    return -(-len(rows["x"]) // batch_size)


def _length(rows: Rows, batch_size: int) -> int:
    """Give the number of rows of a piece: whole batches, at least one."""
    x = rows["x"]
    held_bytes = LAZY_BYTES if is_lazy(x) else MAPPED_BYTES if is_mapped(x) else HELD_BYTES
    count = -(-sum(array.nbytes for array in rows.values()) // held_bytes)
    each = -(-len(x) // max(count, 1))
    return each if count <= 1 else -(-each // batch_size) * batch_size


def _blocks(rows: Rows, count: int) -> np.ndarray:
    """Give the first rows of the blocks, and the number of rows."""
    n = len(rows["x"])
    found = read_together(rows["x"])
    if found is not None:
        return found
    block = min(BLOCK, max(n // (count * BLOCKS), 1))
    return np.append(np.arange(0, n, block), n)


def _in_order(starts: np.ndarray, order: np.ndarray, start: int, end: int) -> np.ndarray:
    """Give the rows from `start` to `end` of the blocks laid one after the other in an order."""
    lengths = np.diff(starts)[order]
    ends = np.cumsum(lengths)
    first, last = np.searchsorted(ends, (start, end - 1), side="right")
    begins = ends - lengths
    shifts = starts[order] - begins  # from a place in the order to a row
    return np.concatenate(
        [
            np.arange(max(start, begins[i]), min(end, ends[i])) + shifts[i]
            for i in range(first, last + 1)
        ]
    )


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """Make the next item in a thread while one is used."""
    with ThreadPoolExecutor(1, thread_name_prefix="jamjae-reading") as pool:
        waiting = pool.submit(_next, items)
        while found := waiting.result():
            waiting = pool.submit(_next, items)
            yield found.pop()  # held by the caller alone


def _next(items: Iterator[T]) -> list[T]:
    return list(islice(items, 1))


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
