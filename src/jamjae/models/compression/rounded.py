"""Codes of any method, rounded and entropy coded as a codec's are: how many bytes they take."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from jamjae.models.compression import quantization
from jamjae.models.compression.quantization import BITS_OVER_ENTROPY, Wanted

PROBED = 200  # rows by which the components' steps are compared
MOVED = 0.25  # standard deviations by which a component is moved for that
COARSEST = 4.0  # steps of rounding that are searched, in the largest deviation
FINEST = 2.0**-30  # in the largest code: symbols have 32 bits
TINY = 1e-300
NEAR = math.log(8.0)  # from what normal components would take
HALVINGS, FEWER = 18, 10  # of spans of steps; as counting bits is slow
Decode = Callable[[np.ndarray], np.ndarray]


class RoundedCodes(NamedTuple):
    """Codes after rounding, and what they take.

    Attributes
    ----------
    bytes_per_row : float
        Mean ideal length by frequency tables that were made of training rows; the tables, which
        belong to the method as its weights do, are not counted.
    error : float
        Mean squared error of a value after decoding.
    codes : array of shape (m, k)
        Rounded, in the units they came in.
    """

    bytes_per_row: float
    error: float
    codes: np.ndarray


def rounded(
    train: np.ndarray,
    evaluated: np.ndarray,
    decode: Decode,
    rows: np.ndarray,
    wanted: Wanted,
) -> RoundedCodes | None:
    """Round codes as coarsely as an error allows, or as finely as a number of bits does.

    Each component has a step by which its reconstruction changes as much as by every other's, as
    PCA's components with one step do. Symbols are coded by the distributions of their components,
    each by itself.

    Parameters
    ----------
    train, evaluated : arrays of shape (n, k) and (m, k)
        Codes of training rows, of which the tables are made, and of the rows that are evaluated.
    decode : callable
        Reconstructs rows of codes (·, k).
    rows : array of shape (m, ...)
        What the evaluated codes were made of.
    wanted : Wanted
        Bits of a row, or the mean squared error of a value.

    Returns
    -------
    RoundedCodes or None
        None if codes rounded to 30 bits have a larger error than is wanted.
    """
    center, units = train.mean(axis=0), _units(train, evaluated, decode)
    scaled, scaled_evaluated = (train - center) / units, (evaluated - center) / units
    largest = max(float(np.abs(part).max(initial=0.0)) for part in (scaled, scaled_evaluated))
    deviations = scaled.std(axis=0)

    def at(step: float) -> RoundedCodes:
        symbols = np.rint(scaled_evaluated / step)
        codes = symbols * step * units + center
        made = np.subtract(decode(codes), rows, dtype=np.float64)
        error = float(np.mean(np.square(made, out=made)))
        if math.isnan(wanted.bits):
            return RoundedCodes(math.nan, error, codes)
        return RoundedCodes(bytes_at(step), error, codes)

    def bytes_at(step: float) -> float:
        learned = quantization.independent(deviations / step)
        tables = quantization.made_of(learned, np.rint(scaled / step).astype(np.int32))
        symbols = np.rint(scaled_evaluated / step).astype(np.int32)
        return quantization.bits(learned, tables, symbols) / 8.0

    def too_coarse(found: RoundedCodes) -> bool:
        if math.isnan(wanted.bits):
            return not found.error <= wanted.error
        return found.bytes_per_row < wanted.bits / 8.0

    low, high = _span(deviations, largest, wanted)
    if math.isnan(wanted.bits) and too_coarse(at(math.exp(low))):
        return None
    for _ in range(HALVINGS if math.isnan(wanted.bits) else FEWER):
        middle = (low + high) / 2.0
        low, high = (low, middle) if too_coarse(at(math.exp(middle))) else (middle, high)
    step = math.exp(low if math.isnan(wanted.bits) else high)  # no more than what is wanted
    return at(step)._replace(bytes_per_row=bytes_at(step))


def _span(deviations: np.ndarray, largest: float, wanted: Wanted) -> tuple[float, float]:
    """Give the logarithms of steps between which to search."""
    low = math.log(max(largest * FINEST, TINY))
    high = max(math.log(max(COARSEST * float(deviations.max()), TINY)), low)
    if math.isnan(wanted.bits):
        return low, high
    begin, end = low, high
    for _ in range(HALVINGS):  # as if components were normal, which takes no tables
        middle = (begin + end) / 2.0
        lengths = np.log2(np.maximum(deviations, TINY)) - middle / math.log(2.0)
        few = np.maximum(lengths + BITS_OVER_ENTROPY, 0.0).sum() < wanted.bits
        begin, end = (begin, middle) if few else (middle, end)
    return max(low, end - NEAR), min(high, end + NEAR)


def _units(train: np.ndarray, evaluated: np.ndarray, decode: Decode) -> np.ndarray:
    """Give each component's step, which changes reconstructions by 1, root mean square."""
    some = evaluated[:PROBED].astype(np.float64)
    before = np.asarray(decode(some), np.float64)
    moves = MOVED * train.std(axis=0)
    units = np.empty(len(moves))
    for j, move in enumerate(moves.tolist()):
        moved = some.copy()
        moved[:, j] += move
        change = math.sqrt(float(np.mean(np.square(decode(moved) - before)))) if move else 0.0
        units[j] = move / change if change else math.inf
    known = np.isfinite(units)
    units[~known] = (units[known].max() if known.any() else 1.0) * 1e9  # rounds to the mean
    return units
