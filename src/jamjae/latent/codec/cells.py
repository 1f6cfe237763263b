"""Which frequency table belongs to what a network says of a value.

A network's outputs are a location, the logarithm of a scale, and how sure it is that the value is
not the usual one. The last chooses one of the tables of two symbols. The two others are cut into
cells, each around a whole number; frequent cells have a table of their own, and the others share
one for each scale. Symbols are differences from the middle of the cell.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.latent.codec import varints
from jamjae.latent.codec.learning import (
    FLAG,
    LARGEST_SCALE,
    LEAST_SCALE,
    LOCATION,
    LOG_SCALE,
)
from jamjae.latent.codec.networks import OUTPUT_BITS
from jamjae.latent.codec.tables import TOTAL, Tables
from jamjae.latent.codec.varints import Cursor

SCALES = 12  # cells of the scale
FLAGS = 81  # tables of whether a value is the usual one,
FLAG_STEPS = 4  # for each unit of the logit
OWN = 200  # values of a cell that has a table of its own
WEIGHT = 20.0  # values' worth of the shared table in a cell's own
ONE = 1 << OUTPUT_BITS
SPAN = int((LARGEST_SCALE - LEAST_SCALE) * ONE)
MOST_LEVELS = 1 << 16


# The width of a cell of locations, for each cell of the scale: about the scale itself.
STEPS = (1, 1, 1, 1, 1, 2, 4, 7, 12, 21, 38, 67)


@dataclass(frozen=True, eq=False)
class Cells:
    """Tables, and which of them each cell has.

    Attributes
    ----------
    levels : int
        Values run from 0 to levels - 1.
    usual : int
    tables : Tables
        Those of the flags, then those shared by each scale, then those of cells.
    own : int64 array
        Sorted numbers of the cells that have tables of their own, in the tables' order.
    """

    levels: int
    usual: int
    tables: Tables
    own: np.ndarray
    _coarser: dict[int, Tables] = field(default_factory=dict, repr=False)

    def flags(self, outputs: np.ndarray) -> np.ndarray:
        """Choose the tables of the flags.

        Parameters
        ----------
        outputs : int64 array of shape (3, n)
            Of the network.
        """
        return _flags(outputs)

    def values(self, outputs: np.ndarray, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Choose the tables of values, and the middles of their cells.

        Returns
        -------
        table, middle : int64 arrays of shape (n,)
        """
        cell, scale, middle = _cells(outputs, base, self.levels)
        place = np.searchsorted(self.own, cell)
        found = np.minimum(place, max(len(self.own) - 1, 0))
        has = self.own[found] == cell if len(self.own) else np.zeros(len(cell), bool)
        return np.where(has, FLAGS + SCALES + found, FLAGS + scale), middle

    def coarser(self, max_error: int) -> Tables:
        """Give the tables of differences in steps of 2 * max_error + 1, by whole numbers alone."""
        if not max_error:
            return self.tables
        found = self._coarser.get(max_error)
        if found is None:
            found = self._summed(max_error)
            self._coarser.clear()  # a file has one bound; other threads may have other ones
            self._coarser[max_error] = found
        return found

    def _summed(self, max_error: int) -> Tables:
        step, made, first = 2 * max_error + 1, [], []
        tables = self.tables
        for table in range(len(tables)):
            start, size = int(tables.start[table]), int(tables.sizes[table])
            weights, low = tables.frequencies[start : start + size], int(tables.first[table])
            if table >= FLAGS:
                steps = (np.arange(low, low + size) + max_error) // step
                low = int(steps[0])
                weights = np.bincount(steps - low, weights)
            made.append(weights / TOTAL)
            first.append(low)
        return Tables.of(made, first)

    def to_bytes(self) -> bytes:
        """Write the range, the usual value, the cells with tables of their own, and the tables."""
        gaps = np.diff(self.own, prepend=0).tolist()
        tables = self.tables.to_bytes()
        return varints.write(self.levels, self.usual, len(gaps), *gaps, len(tables)) + tables

    @classmethod
    def read(cls, cursor: Cursor) -> Cells:
        """Read what `to_bytes` wrote.

        Raises
        ------
        UnsoundError
        """
        levels = cursor.number(2, MOST_LEVELS)
        usual = cursor.number(0, levels - 1)
        own = np.cumsum(cursor.numbers(cursor.number(0, cursor.left), 0, 1 << 32), dtype=np.int64)
        tables = Tables.from_bytes(cursor.take(cursor.number()))
        if len(tables) != FLAGS + SCALES + len(own) or (np.diff(own) <= 0).any():
            raise UnsoundError("its cells and tables do not fit together")
        return cls(levels, usual, tables, own)


def _flags(outputs: np.ndarray) -> np.ndarray:
    steps = (outputs[2] * int(FLAG * FLAG_STEPS) + ONE // 2) >> OUTPUT_BITS
    return np.clip(steps + FLAGS // 2, 0, FLAGS - 1)


def _cells(
    outputs: np.ndarray, base: np.ndarray, levels: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the number of each value's cell, its scale, and the whole number in its middle."""
    log_scale = outputs[1] + int((LOG_SCALE - LEAST_SCALE) * ONE)
    scale = np.clip(log_scale * SCALES // SPAN, 0, SCALES - 1)
    location = (base.astype(np.int64) << OUTPUT_BITS) + int(LOCATION) * outputs[0]
    whole = np.clip((location + ONE // 2) >> OUTPUT_BITS, 0, levels - 1)
    step = np.asarray(STEPS)[scale]
    middle = np.minimum(whole // step * step + step // 2, levels - 1)
    return scale * levels + middle, scale, middle


class Counts:
    """Counts values in their cells, and makes tables of them.

    Parameters
    ----------
    levels, usual : int
        As of `Cells`.
    """

    def __init__(self, levels: int, usual: int) -> None:
        self.levels, self.usual = levels, usual
        self._flags = np.zeros((FLAGS, 2))
        self._values: dict[int, np.ndarray] = {}

    def add(self, outputs: np.ndarray, base: np.ndarray, values: np.ndarray) -> None:
        """Count values, of which the network said what is given."""
        other = (values != self.usual).astype(np.int64)
        self._flags += np.bincount(2 * _flags(outputs) + other, minlength=2 * FLAGS).reshape(-1, 2)
        some = other > 0
        cell, _, _ = _cells(outputs[:, some], base[some], self.levels)
        found, counts = np.unique(cell * self.levels + values[some], return_counts=True)
        for key in np.unique(found // self.levels):
            begin, end = np.searchsorted(found, [key * self.levels, (key + 1) * self.levels])
            kept = self._values.setdefault(int(key), np.zeros(self.levels))
            kept[found[begin:end] % self.levels] += counts[begin:end]

    def cells(self) -> Cells:
        """Make tables of what was counted."""
        shared = [self._shared(scale) for scale in range(SCALES)]
        own = sorted(key for key, counts in self._values.items() if counts.sum() >= OWN)
        rows = [_smooth(counts) for counts in self._flags]
        first = [0] * FLAGS + [1 - self.levels] * SCALES
        for key in own:
            scale, middle = divmod(key, self.levels)
            likely = shared[scale][self.levels - 1 - middle : 2 * self.levels - 1 - middle]
            counts = self._values[key] + WEIGHT * likely / max(likely.sum(), 1e-12)
            rows.append(counts / counts.sum())
            first.append(-middle)
        return Cells(
            self.levels,
            self.usual,
            Tables.of([*rows[:FLAGS], *shared, *rows[FLAGS:]], first),
            np.array(own, np.int64),
        )

    def _shared(self, scale: int) -> np.ndarray:
        """Give the distribution of differences of all cells of a scale."""
        counts = np.zeros(2 * self.levels - 1)
        for key, some in self._values.items():
            of, middle = divmod(key, self.levels)
            if of == scale:
                counts[self.levels - 1 - middle : 2 * self.levels - 1 - middle] += some
        width = max(STEPS[scale], 1)
        away = np.abs(np.arange(1 - self.levels, self.levels))
        prior = np.exp(-away / width)
        counts += WEIGHT * prior / prior.sum()
        return counts / counts.sum()


def _smooth(counts: np.ndarray) -> np.ndarray:
    return (counts + 0.5) / (counts.sum() + 1.0)
