"""Numbers of any kind, none off by more than a bound: as whole steps of a grid.

A value x is kept as k = round(x / step), with step a little under twice the bound. Each column is
predicted from those before it by a linear function of whole numbers, and what is left is coded by
a table of its column; low bits that look like noise are coded evenly.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.errors import DataFormatError, InvalidDataError
from jamjae.latent.codec import varints
from jamjae.latent.codec.entropy import Decoder, Encoder
from jamjae.latent.codec.tables import INT32, Tables, inflated
from jamjae.latent.codec.varints import Cursor

BAND = 32  # columns before one that it is predicted from
BITS = 16  # binary places of weights
LARGEST_WEIGHT = 1 << 24
LEARNED = 100_000  # rows, at most, of which a grid learns
SPREAD = 12.0  # standard deviations of what tables code, in symbols; what is finer is low bits
CHUNK = 12  # low bits that are coded at once
MOST_LOW = 31
MOST_COLUMNS = 1 << 16
PRIOR = 20.0  # values' worth of a smooth distribution in each table
LARGEST = 1 << 30  # steps from zero, at most
EXACT = 1 << 52  # whole numbers below it are exact as float64
WHAT = "its grid"


@dataclass(frozen=True, eq=False)
class Grid:
    """Codes rows of numbers.

    Attributes
    ----------
    step : float
        In the units of the data.
    weights : int64 array of shape (d, BAND + 1)
        Of the columns before each, the nearest one first, with 16 binary places; the last is the
        offset in steps.
    low : int64 array of shape (d,)
        Low bits of each column that are coded evenly.
    tables : Tables
        Even ones of 1 to 12 bits, then one for each column.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.random.RandomState(0).normal(size=(500, 3)).cumsum(axis=1)
    >>> grid = Grid.fit(rows, max_error=0.01)
    >>> found = grid.decode(grid.encode(rows), 500)
    >>> bool(np.abs(found - rows).max() <= 0.01)
    True
    """

    step: float
    weights: np.ndarray
    low: np.ndarray
    tables: Tables

    @classmethod
    def fit(cls, rows: np.ndarray, max_error: float) -> Grid:
        """Learn from rows.

        Parameters
        ----------
        rows : array of shape (n, ...) of real numbers
        max_error : float
            By which no value may be off; above 0, but for whole numbers, of whatever type.

        Raises
        ------
        InvalidDataError
            There are no numbers, or the bound is finer than their type, or than 2**30 steps.
        """
        values = _checked(rows)
        step = _step(values, max_error, np.asarray(rows).dtype)
        whole = _whole(values[:: -(-len(values) // LEARNED)], step)
        weights = np.stack([_weights(whole, j) for j in range(whole.shape[1])])
        low, made, first = [], [], []
        for j in range(whole.shape[1]):
            left = whole[:, j] - _predicted(whole[:, :j], weights[j])
            spread = float(np.sqrt(np.mean(np.square(left, dtype=np.float64))))
            bits = int(np.clip(np.floor(np.log2(max(spread / SPREAD, 1.0))), 0, MOST_LOW))
            probabilities, lowest = _distribution(left >> bits)
            low.append(bits)
            made.append(probabilities)
            first.append(lowest)
        even = [np.full(1 << bits, 2.0**-bits) for bits in range(1, CHUNK + 1)]
        tables = Tables.of([*even, *made], [0] * CHUNK + first)
        return cls(step, weights, np.array(low, np.int64), tables)

    def encode(self, rows: np.ndarray) -> bytes:
        """Encode rows of shape (n, ...).

        Raises
        ------
        InvalidDataError
            They have another number of columns, or values that no grid holds.
        """
        values = _checked(rows)
        if values.shape[1] != len(self.low):
            raise InvalidDataError(
                f"Cannot encode rows of {values.shape[1]:,} values: the grid was fitted to rows of "
                f"{len(self.low):,}."
            )
        whole, encoder = _whole(values, self.step), Encoder()
        for j, bits in enumerate(self.low.tolist()):
            left = whole[:, j] - _predicted(whole[:, :j], self.weights[j])
            encoder.column(self.tables, np.full(len(whole), CHUNK + j), left >> bits)
            for at in range(0, bits, CHUNK):
                some = min(CHUNK, bits - at)
                part = (left >> at) & ((1 << some) - 1)
                encoder.column(self.tables, np.full(len(whole), some - 1), part)
        return encoder.finish()

    def decode(self, data: bytes, n: int) -> np.ndarray:
        """Decode n rows.

        Returns
        -------
        float64 array of shape (n, d)

        Raises
        ------
        DataFormatError
        """
        whole, decoder = np.zeros((n, len(self.low)), np.int64), Decoder(data)
        for j, bits in enumerate(self.low.tolist()):
            left = decoder.column(self.tables, np.full(n, CHUNK + j)) << bits
            for at in range(0, bits, CHUNK):
                some = min(CHUNK, bits - at)
                left += decoder.column(self.tables, np.full(n, some - 1)) << at
            found = left + _predicted(whole[:, :j], self.weights[j])
            if n and (found.min() < INT32.min or found.max() > INT32.max):
                raise DataFormatError("Cannot decode a block of numbers: it is damaged.")
            whole[:, j] = found
        decoder.finish()
        return whole * self.step

    def to_bytes(self) -> bytes:
        """Write it: the step, columns, low bits, weights and tables."""
        numbers = [varints.signed(int(one)) for one in self.weights.ravel()]
        body = varints.write(*self.low.tolist(), *numbers)
        packed = zlib.compress(body, 9)
        head = varints.write(len(self.low), len(body), len(packed))
        return struct.pack("<d", self.step) + head + packed + self.tables.to_bytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Grid:
        """Read what `to_bytes` wrote.

        Raises
        ------
        UnsoundError
        """
        cursor = Cursor(content, WHAT)
        (step,) = struct.unpack("<d", cursor.take(8))
        if not (np.isfinite(step) and step > 0):
            raise UnsoundError(f"{WHAT}: its step is {step}")
        d = cursor.number(1, MOST_COLUMNS)
        count = d * (BAND + 2)
        length = cursor.number(count, 6 * count)
        body = Cursor(inflated(cursor.take(cursor.number()), length, WHAT), WHAT)
        low = np.array(body.numbers(d, 0, MOST_LOW), np.int64)
        found = [varints.unsigned(one) for one in body.numbers(d * (BAND + 1), 0, 1 << 33)]
        body.end()
        weights = np.array(found, np.int64).reshape(d, BAND + 1)
        if np.abs(weights[:, :-1]).max() > LARGEST_WEIGHT:
            raise UnsoundError(f"{WHAT}: a weight is too large")
        tables = Tables.from_bytes(cursor.take(cursor.left))
        if len(tables) != CHUNK + d:
            raise UnsoundError(f"{WHAT}: its tables are of other columns")
        return cls(step, weights, low, tables)


def _checked(rows: Any) -> np.ndarray:
    given = np.asarray(rows)
    if given.dtype.kind not in "biuf" or given.ndim < 2 or not given.size:
        raise InvalidDataError(
            f"Cannot keep an array of shape {given.shape} and dtype {given.dtype} within a bound. "
            "Rows of real numbers are expected."
        )
    values = given.reshape(len(given), -1).astype(np.float64)
    if not np.isfinite(values).all() or values.shape[1] > MOST_COLUMNS:
        raise InvalidDataError(
            f"Cannot keep rows of {values.shape[1]:,} values within a bound: finite numbers are "
            f"expected, at most {MOST_COLUMNS:,} in a row."
        )
    return values


def _step(values: np.ndarray, max_error: float, dtype: np.dtype) -> float:
    """Give the step with which no value is off by more than the bound, rounding included."""
    largest = float(np.abs(values).max())
    rounding = largest * (float(np.finfo(dtype).eps) if dtype.kind == "f" else 0.0)
    exact = EXACT if dtype.kind != "f" or max_error < 1 else 1.0 / float(np.finfo(dtype).eps)
    whole = largest + max_error < min(exact, EXACT) and bool((np.rint(values) == values).all())
    if whole and max_error >= 0:
        step = 2.0 * np.floor(max_error) + 1.0  # whole numbers stay whole
    else:
        rounding += 0.5 * (dtype.kind != "f")  # where it becomes an integer again
        step = 2.0 * (max_error * (1 - 1e-9) - rounding - largest * 2.0**-51)
    if not 0 < step < np.inf or largest / step > LARGEST:
        least = max(rounding, largest / LARGEST / 2.0)
        raise InvalidDataError(
            f"Cannot keep values up to {largest:.6g} of type {dtype} within {max_error:g}: a "
            f"bound above {least:.2g} is expected."
        )
    return step


def _whole(values: np.ndarray, step: float) -> np.ndarray:
    steps = np.rint(values / step)
    if np.abs(steps).max(initial=0) > LARGEST:
        raise InvalidDataError(
            f"Cannot keep values up to {np.abs(values).max():.6g}: the grid was fitted to rows "
            "with a smaller range. Fit one to these."
        )
    return steps.astype(np.int64)


def _weights(whole: np.ndarray, j: int) -> np.ndarray:
    """Fit a column to those before it, by least squares, and round the weights."""
    made = np.zeros(BAND + 1, np.int64)
    before = whole[:, max(j - BAND, 0) : j][:, ::-1].astype(np.float64)
    mean, center = before.mean(axis=0), float(np.median(whole[:, j]))
    if before.shape[1] and len(whole) > 4 * before.shape[1]:
        spread = np.maximum(before.std(axis=0), 1e-9)
        scaled = (before - mean) / spread
        ridge = 1e-6 * len(whole) * np.eye(before.shape[1])
        target = whole[:, j] - whole[:, j].mean()
        fitted = np.linalg.solve(scaled.T @ scaled + ridge, scaled.T @ target) / spread
        limit = LARGEST_WEIGHT - 1
        made[: len(fitted)] = np.clip(np.rint(fitted * 2.0**BITS), -limit, limit)
        center = float(np.median(whole[:, j] - (before @ (made[: len(fitted)] * 2.0**-BITS))))
    made[-1] = int(np.clip(center, INT32.min, INT32.max))
    return made


def _predicted(before: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Predict a column by whole numbers: sums of products below 2**63."""
    near = before[:, ::-1][:, :BAND]
    sums = (near * weights[: near.shape[1]]).sum(axis=1, dtype=np.int64)
    return np.clip((sums >> BITS) + weights[-1], INT32.min // 2, INT32.max // 2)


def _distribution(symbols: np.ndarray) -> tuple[np.ndarray, int]:
    """Count symbols, smoothly, and leave far ones to the escape."""
    low, high = (int(np.clip(end, -1000, 1000)) for end in (symbols.min(), symbols.max()))
    low, high = low - 8, high + 8
    inside = symbols[(symbols >= low) & (symbols <= high)]
    counts = np.bincount(inside - low, minlength=high - low + 1).astype(np.float64)
    width = max(float(np.abs(inside).mean()) if len(inside) else 1.0, 0.3)
    smooth = np.exp(-np.abs(np.arange(low, high + 1)) / width)
    share = len(inside) / len(symbols)
    counts = counts / len(symbols) + PRIOR / len(symbols) * smooth / smooth.sum()
    return counts / counts.sum() * min(share + 1e-9, 1 - 2.0**-14), low
