"""Rows for training: whole, or in pieces that fit in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise
from typing import NamedTuple, TypeAlias, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from jamjae.data.rows import Batch, Rows, is_lazy, is_mapped, read_together

# bytes that are handed over at once: of an array, of a mapped file, and of files that are decoded
HELD_BYTES, MAPPED_BYTES, LAZY_BYTES = 1 << 30, 1 << 23, 1 << 22
BLOCK, BLOCKS = 256, 8  # rows that stay together, at most, and such blocks in a piece, at least

T = TypeVar("T")

# how many rows of a piece count: a number, or with several processes one of each
Count: TypeAlias = int | np.ndarray
# from the number of an epoch to its padded rows, piece by piece, and how many of each count
Source: TypeAlias = Callable[[int], Iterable[tuple[dict[str, jax.Array], Count]]]


class Share(NamedTuple):
    """The part of the rows that this process reads, where several train together.

    Attributes
    ----------
    counts : tuple of int
        Rows of each process.
    pieces : int
        Pieces in which each process reads its rows.
    rank : int
        Number of this process, from 0.
    put : callable
        Puts the rows of an array on the devices.
    """

    counts: tuple[int, ...]
    pieces: int = 1
    rank: int = 0
    put: Callable[[np.ndarray], jax.Array] = jnp.asarray

    def ends(self, batch_size: int) -> list[np.ndarray]:
        """Give the ends of the pieces of each process, from 0 to its number of rows.

        All processes have as many pieces, as each takes part in every step.
        """
        if len(self.counts) == 1:  # whole batches, of which the last piece has the rest
            n = self.counts[0]
            batches = math.ceil(n / self.pieces / batch_size)
            return [np.array([*range(0, n, batches * batch_size if self.pieces > 1 else n), n])]
        numbers = np.arange(self.pieces + 1)
        return [n * numbers // self.pieces for n in self.counts]

    def steps(self, batch_size: int) -> int:
        """Count the batches of an epoch, of which each process has its part."""
        part = batch_size // len(self.counts)
        lengths = np.array([np.diff(ends) for ends in self.ends(batch_size)])
        return int((-(-lengths // part)).max(axis=0).sum())


def source(
    rows: Rows,
    prepare: Callable[[Batch], Batch],
    batch_size: int,
    *,
    seed: int = 0,
    share: Share | None = None,
) -> Source:
    """Give the rows to train on: whole, or in pieces that fit in memory.

    A piece consists of random blocks of neighboring rows, so that a file is read nearly in order
    and sorted data are still mixed. Where files are decoded in parts, such as Parquet's row groups,
    these are the blocks, or groups of blocks if they are longer than a piece. The next piece of a
    file is read while one is trained on.

    Parameters
    ----------
    rows : Rows
        Of this process.
    prepare : callable
        Scales the rows of a batch.
    batch_size : int
        Of all processes together.
    seed : int
    share : Share, optional
        By default of a process that trains alone.
    """
    share = share or Share((len(rows["x"]),), pieces(rows, batch_size))
    part = batch_size // len(share.counts)
    ends = share.ends(batch_size)
    lengths = np.array([np.diff(some) for some in ends])  # (processes, pieces)
    counts: list[Count] = [*lengths[0].tolist()] if len(ends) == 1 else [*lengths.T]
    if len(counts) == 1:
        held = padded(
            prepare({name: rows[name][:] for name in rows}), part, int(lengths.max()), share.put
        )
        return lambda _: [(held, counts[0])]
    starts, groups = _blocks(rows, len(counts))

    def read(number: int) -> Iterator[Batch]:
        order = _Order(starts, groups, _mixed(groups, np.random.RandomState([seed, number])))
        for start, end in pairwise(ends[share.rank].tolist()):
            # where nothing is left some row stands in, and does not count
            chosen = order.rows(start, end) if start < end else np.zeros(1, np.intp)
            yield prepare({name: array[chosen] for name, array in rows.items()})

    def epoch(number: int) -> Iterator[tuple[dict[str, jax.Array], Count]]:
        found = read(number)
        from_file = is_lazy(rows["x"]) or is_mapped(rows["x"])
        for piece, count in zip(_ahead(found) if from_file else found, counts, strict=True):
            yield padded(piece, part, int(lengths.max()), share.put), count

    return epoch


def steps(rows: Rows, batch_size: int) -> int:
    """Count the batches of an epoch of a process alone; the last may not be full."""
    return -(-len(rows["x"]) // batch_size)


def pieces(rows: Rows, batch_size: int) -> int:
    """Give the number of pieces in which rows are read."""
    n = len(rows["x"])
    return max(-(-n // max(_length(rows, batch_size), 1)), 1)


def _length(rows: Rows, batch_size: int) -> int:
    """Give the number of rows of a piece: whole batches, at least one."""
    x = rows["x"]
    held_bytes = LAZY_BYTES if is_lazy(x) else MAPPED_BYTES if is_mapped(x) else HELD_BYTES
    count = -(-sum(array.nbytes for array in rows.values()) // held_bytes)
    each = -(-len(x) // max(count, 1))
    return each if count <= 1 else -(-each // batch_size) * batch_size


def _blocks(rows: Rows, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the first rows of the blocks and the number of rows, and the group of each block.

    A group is read at once and held, so that its rows may be taken from it in any order.
    """
    n = len(rows["x"])
    block = min(BLOCK, max(n // (count * BLOCKS), 1))
    found = read_together(rows["x"])
    if found is None:
        starts = np.arange(0, n, block)
        return np.append(starts, n), np.arange(len(starts))
    steps = np.where(np.diff(found) > n // count, block, n)  # shorter ones are mixed in a piece
    parts = [np.arange(*part) for part in zip(found, found[1:], steps, strict=False)]
    groups = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.append(np.concatenate(parts), n), groups


def _mixed(groups: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Give an order of blocks, by chance, in which those of a group follow each other."""
    first = rng.permutation(int(groups[-1]) + 1)
    if len(first) == len(groups):
        return first
    places, blocks = np.argsort(first), rng.permutation(len(groups))
    return blocks[np.argsort(places[groups[blocks]], kind="stable")]


class _Order:
    """The rows of blocks that are laid one after the other in an order.

    Parameters
    ----------
    starts, groups : array of int
        As `_blocks` gives them.
    order : array of int
        Of the blocks.
    """

    def __init__(self, starts: np.ndarray, groups: np.ndarray, order: np.ndarray) -> None:
        lengths = np.diff(starts)[order]
        self._ends, self._starts, self._groups = np.cumsum(lengths), starts[order], groups[order]
        self._begins = self._ends - lengths

    def rows(self, start: int, end: int) -> np.ndarray:
        """Give the rows from one place to another; within a group they rise, to be read faster."""
        first, last = np.searchsorted(self._ends, (start, end - 1), side="right")
        some = np.arange(first, last + 1)
        changes = np.diff(self._groups[some], prepend=self._groups[first]) != 0
        some = some[np.lexsort((self._starts[some], np.cumsum(changes)))]
        shifts = self._starts[some] - self._begins[some]
        begins, ends = np.maximum(start, self._begins[some]), np.minimum(end, self._ends[some])
        return np.concatenate(
            [np.arange(*part) for part in zip(begins + shifts, ends + shifts, strict=True)]
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


def padded(
    rows: Batch,
    batch_size: int,
    length: int = 0,
    put: Callable[[np.ndarray], jax.Array] = jnp.asarray,
) -> dict[str, jax.Array]:
    """Put rows on the device, padded with zeros to whole batches for at least `length` rows."""
    held = _few(int(-(-max(length, len(rows["x"])) // batch_size))) * int(batch_size)
    return {name: put(_filled(array, held)) for name, array in rows.items()}


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
