"""The prior of integer codes, in whole numbers: which table each component is coded by.

A `jamjae.engine.rate_distortion.CodePrior` learns a logistic distribution of each component, given
the components before. Here it is rounded to fixed-point numbers. All products and sums stay below
2**53, where float64 has every whole number: matrices are multiplied fast, and to the same numbers
on every machine, in any order.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Self

import numpy as np
from scipy.special import expit

from jamjae.data.archives import UnsoundError
from jamjae.latent.codec import varints, weights
from jamjae.latent.codec.tables import Tables
from jamjae.latent.codec.varints import Cursor
from jamjae.latent.codec.weights import Matrix

PLACES = 8  # binary places of means, log scales and hidden units
FACTOR = 12  # binary places of the factor by which the step of quantization changes
PHASES = 16  # parts of a step to which means are rounded
SCALES = 8  # log scales in a unit of the natural logarithm
FINEST = -24  # number of the smallest scale, exp(-3)
COUNT = 57  # of scales, up to exp(4)
FULL, QUARTER = 24, 35  # scales below 1 and below 4: with all phases, and with a quarter of them
LARGEST_CODE, LARGEST_HIDDEN, LARGEST_OUTPUT = 1 << 12, 1 << 20, 1 << 31
MOST_COMPONENTS, MOST_HIDDEN = 1 << 10, 1 << 12
WIDEST = 1 << 15  # of a step's logarithm, with binary places
LEAST_FACTOR, LARGEST_FACTOR = 1 << (FACTOR - 3), 1 << (FACTOR + 3)  # 1/8 to 8
TRUSTED = 200.0  # symbols whose own frequencies count as much as the logistic distribution
GROUP = 8  # components that are computed together
LEVELS = 12.0  # to which the root mean square of weights is rounded
HIDDEN_UNITS = "the hidden units of its prior"

_PHASES = np.where(np.arange(COUNT) < FULL, PHASES, np.where(np.arange(COUNT) < QUARTER, 4, 1))
_OFFSETS = np.concatenate([[0], np.cumsum(_PHASES)[:-1]])
N_TABLES = int(_PHASES.sum())


class Step(NamedTuple):
    """The step of quantization over the one of training.

    Attributes
    ----------
    factor : int
        With `FACTOR` binary places.
    widening : int
        Its logarithm, in parts of `SCALES`, with `PLACES` binary places.
    """

    factor: int = 1 << FACTOR
    widening: int = 0

    @classmethod
    def of(cls, ratio: float) -> Self:
        """Round a ratio from 1/8 to 8."""
        factor = int(np.clip(round(ratio * 2**FACTOR), LEAST_FACTOR, LARGEST_FACTOR))
        return cls(factor, round(math.log(factor / 2**FACTOR) * SCALES * 2**PLACES))

    @staticmethod
    def is_sound(factor: int, widening: int) -> bool:
        """Whether they are numbers that a step has."""
        return LEAST_FACTOR <= factor <= LARGEST_FACTOR and abs(widening) <= WIDEST

    @property
    def ratio(self) -> float:
        """The ratio, as it is rounded."""
        return self.factor / 2**FACTOR


class Prior(NamedTuple):
    """Distributions of the components of integer codes.

    Attributes
    ----------
    degrees : int array of shape (h,)
        How many components each hidden unit is given, rising.
    inward : Matrix of shape (k, h)
    bias : float64 array of shape (h,)
        Whole numbers with `PLACES` binary places.
    outward : Matrix of shape (h, 2·k)
        To means and log scales.
    base : float64 array of shape (2·k,)
        Means, in steps of training, and log scales, in parts of `SCALES`; whole numbers with
        `PLACES` binary places.
    step : Step
    """

    degrees: np.ndarray
    inward: Matrix
    bias: np.ndarray
    outward: Matrix
    base: np.ndarray
    step: Step = Step()

    @classmethod
    def of(
        cls,
        degrees: np.ndarray,
        inward: np.ndarray,
        bias: np.ndarray,
        outward: np.ndarray,
        mean: np.ndarray,
        log_scale: np.ndarray,
    ) -> Self:
        """Round a prior to whole numbers.

        Parameters
        ----------
        degrees : int array of shape (h,)
        inward : array of shape (k, h)
            ``hidden = max(codes @ inward + bias, 0)``, zero where a unit is not given a component.
        bias : array of shape (h,)
        outward : array of shape (h, 2·k)
            Added to means and log scales, zero where a component may not depend on a unit.
        mean, log_scale : arrays of shape (k,)
        """
        order = np.argsort(degrees, kind="stable")
        k = len(mean)
        scaled = np.array(outward[order], np.float64)
        scaled[:, k:] *= SCALES
        base = np.concatenate([mean, np.asarray(log_scale) * SCALES]) * 2.0**PLACES
        limit = float(LARGEST_OUTPUT)
        return cls(
            np.asarray(degrees, np.int64)[order],
            Matrix.of(inward[:, order], LEVELS),
            np.rint(np.asarray(bias, np.float64)[order] * 2.0**PLACES),
            Matrix.of(scaled, LEVELS),
            np.rint(np.clip(base, -limit, limit)),
        )

    @property
    def n_components(self) -> int:
        """Number of components of a code."""
        return len(self.base) // 2

    def at(self, ratio: float) -> Self:
        """Give the prior of codes in steps `ratio` times as large as those of training."""
        return self._replace(step=Step.of(ratio))

    def contexts(self) -> Contexts:
        """Begin a block of rows."""
        return Contexts(self)

    def to_bytes(self) -> bytes:
        """Write it without its step."""
        smalls = np.concatenate([self.bias, self.base])
        counts = np.bincount(self.degrees, minlength=self.n_components + 1).tolist()
        head = varints.write(self.n_components, *counts)
        return head + weights.pack([self.inward, self.outward, Matrix(smalls, 0)])

    @classmethod
    def from_cursor(cls, cursor: Cursor) -> Self:
        """Read what `to_bytes` wrote.

        Raises
        ------
        UnsoundError
            It is damaged, or asks for more memory than such a prior may take.
        """
        k = cursor.number(1, MOST_COMPONENTS)
        counts = cursor.numbers(k + 1, 0, MOST_HIDDEN)
        h = sum(counts)
        if h > MOST_HIDDEN or counts[0] or (counts[k] and k > 1):
            raise UnsoundError(f"{HIDDEN_UNITS}: there are {h:,}, or some are given nothing")
        inward, outward, smalls = weights.unpack(cursor, [(k, h), (h, 2 * k), (h + 2 * k,)])
        degrees = np.repeat(np.arange(k + 1), counts)
        return cls(degrees, inward, smalls.values[:h], outward, smalls.values[h:])


class Contexts:
    """Chooses the tables of one block of codes; see `jamjae.latent.codec.Contexts`.

    Components are taken in groups: what a group's hidden units add to all later components is
    computed once, by one product of large matrices. Rows lie in columns, so that what is known so
    far is one piece of memory.
    """

    def __init__(self, prior: Prior) -> None:
        self._prior = prior
        self._inward = np.ascontiguousarray(prior.inward.values.T)  # (h, k)
        self._outward = np.ascontiguousarray(prior.outward.values.T)  # (2·k, h)
        ends = np.arange(prior.n_components)
        self._known = np.searchsorted(prior.degrees, ends, side="right")  # hidden units, by j

    def at(self, j: int, before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Choose the table and the shift of component j of each row."""
        prior, k = self._prior, self._prior.n_components
        if not j:
            self._begin(len(before))
        else:
            self._codes[j - 1] = np.clip(before[:, j - 1], -LARGEST_CODE, LARGEST_CODE)
        if j % GROUP == 0:
            self._begin_group(j)
        self._extend(j)
        recent = slice(self._spread_to, self._known[j])
        pair = [j, k + j]
        found = self._sums[pair] + self._outward[pair, recent] @ self._hidden[recent]
        found = np.floor(found / 2.0**prior.outward.places) + prior.base[pair, None]
        found = np.clip(found, -LARGEST_OUTPUT, LARGEST_OUTPUT)
        middle = _rounded(found[0] / prior.step.ratio, PLACES - 4)  # in parts of a step
        scale = _rounded(found[1] - prior.step.widening, PLACES) - FINEST
        scale = np.clip(scale, 0, COUNT - 1)
        shift = (middle + PHASES // 2) // PHASES
        phase = middle - shift * PHASES + PHASES // 2
        return _OFFSETS[scale] + phase * _PHASES[scale] // PHASES, shift

    def _begin(self, n: int) -> None:
        k, h = self._prior.n_components, len(self._prior.degrees)
        self._codes = np.zeros((k, n))
        self._hidden = np.zeros((h, n))
        self._sums = np.zeros((2 * k, n))  # of what hidden units add to each output
        self._given = np.zeros((h, n))  # what components before the group add to hidden units
        self._spread_to = 0  # hidden units that are in the sums of all later components

    def _begin_group(self, j: int) -> None:
        """Compute what is known before the group that begins with component j."""
        k = self._prior.n_components
        done = slice(self._spread_to, self._known[j - 1] if j else 0)
        coming = slice(done.stop, self._known[min(j + GROUP, k) - 1])
        if done.stop > done.start:
            for outputs in (slice(j, k), slice(k + j, 2 * k)):
                self._sums[outputs] += self._outward[outputs, done] @ self._hidden[done]
        if j and coming.stop > coming.start:
            self._given[coming] = self._inward[coming, :j] @ self._codes[:j]
        self._spread_to, self._start = done.stop, j

    def _extend(self, j: int) -> None:
        """Compute the hidden units that are given the first j components and no more."""
        prior, new = self._prior, slice(self._known[j - 1] if j else 0, self._known[j])
        if new.stop > new.start:
            recent = slice(self._start, j)
            sums = self._given[new] + self._inward[new, recent] @ self._codes[recent]
            sums = np.floor(
                sums * prior.step.factor / 2.0 ** (FACTOR + prior.inward.places - PLACES)
            )
            self._hidden[new] = np.clip(sums + prior.bias[new, None], 0, LARGEST_HIDDEN)


def _rounded(numbers: np.ndarray, places: int) -> np.ndarray:
    """Take binary places off, to the nearest whole number.

    A division that IEEE 754 rounds correctly gives one result on every machine.
    """
    return np.floor(numbers / 2.0**places + 0.5).astype(np.int64)


# --- tables ---------------------------------------------------------------------------------


def tables(index: np.ndarray, symbols: np.ndarray) -> Tables:
    """Make the tables of logistic distributions, improved by how often symbols occurred.

    Parameters
    ----------
    index, symbols : int arrays of shape (n,)
        The tables of symbols, and the symbols less their shifts, of training rows.
    """
    order = np.argsort(index, kind="stable")
    starts = np.searchsorted(index[order], np.arange(N_TABLES + 1))
    made, first = [], []
    for scale in range(COUNT):
        width = math.exp((FINEST + scale) / SCALES)
        reach = math.ceil(12.0 * width) + 1
        around = np.arange(-reach, reach + 1)
        for phase in range(_PHASES[scale]):
            part = PHASES // _PHASES[scale]
            middle = (phase * part + (part - 1) / 2.0 - PHASES // 2) / PHASES
            number = _OFFSETS[scale] + phase
            chances = _logistic(around - middle, width)
            seen = symbols[order[starts[number] : starts[number + 1]]]
            seen = seen[np.abs(seen) <= reach] + reach
            counts = np.bincount(seen, minlength=len(around))
            chances = (counts + TRUSTED * chances) / (len(seen) + TRUSTED)
            made.append(chances / max(chances.sum(), 1.0))
            first.append(-reach)
    return Tables.of(made, first)


def _logistic(distance: np.ndarray, width: float) -> np.ndarray:
    """Give what a logistic distribution has within ½ of distances from its mean."""
    away = -np.abs(distance)
    found: np.ndarray = expit((away + 0.5) / width) - expit((away - 0.5) / width)
    return found
