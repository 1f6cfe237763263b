"""A small network of whole numbers: it gives the same result on every machine.

Weights, inputs and activations are whole numbers held as float64. All sums stay below 2**53, so
that matrix products are exact in whatever order, by whatever library and on however many threads
they are added up.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.latent.codec import varints
from jamjae.latent.codec.tables import inflated
from jamjae.latent.codec.varints import Cursor

INPUT_BITS = 14  # binary places of weights of the first layer,
BITS = 8  # of all other weights and of activations,
OUTPUT_BITS = 16  # and of outputs
LARGEST_WEIGHT = 1 << 23
LARGEST_INPUT = 1 << 16
LARGEST_ACTIVATION = 1 << 20
WIDEST = 256  # inputs or outputs of a layer
MOST_PLACES = 1 << 12
WHAT = "its network of whole numbers"


@dataclass(frozen=True)
class Network:
    """Two hidden layers of rectified units; the first has a bias for each row and each column.

    Attributes
    ----------
    weights : three float64 arrays of shape (outputs, inputs)
    biases : two float64 arrays of shape (outputs,)
        Of the second layer and of the last one.
    places : two float64 arrays of shape (places, outputs of the first layer)
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    places: tuple[np.ndarray, ...]

    @classmethod
    def rounded(
        cls,
        weights: Sequence[np.ndarray],
        biases: Sequence[np.ndarray],
        places: Sequence[np.ndarray],
    ) -> Network:
        """Round a network of real numbers; its weights are of shape (inputs, outputs)."""
        first, *others = weights
        return cls(
            (_round(first.T, INPUT_BITS), *(_round(one.T, BITS) for one in others)),
            tuple(_round(one, OUTPUT_BITS) for one in biases),
            tuple(_round(one, INPUT_BITS) for one in places),
        )

    def __call__(self, inputs: np.ndarray, row: Any, column: Any) -> np.ndarray:
        """Compute the outputs.

        Parameters
        ----------
        inputs : float64 array of shape (d, n)
            Whole numbers of at most 16 bits.
        row, column : int, or int arrays of shape (n,)
            The places.

        Returns
        -------
        int64 array of shape (outputs, n)
            With 16 binary places.
        """
        bias = self.places[0][row] + self.places[1][column]
        sums = self.weights[0] @ inputs
        sums += bias.T if bias.ndim == 2 else bias[:, None]
        second = self.weights[1] @ _rectified(sums, INPUT_BITS - BITS)
        second += self.biases[0][:, None]
        out = self.weights[2] @ _rectified(second, BITS)
        out += self.biases[1][:, None]
        return out.astype(np.int64)

    def to_bytes(self) -> bytes:
        """Write it: widths and the number of places, and all numbers as varints, deflated."""
        d, outputs = self.weights[0].shape[1], [len(one) for one in self.weights]
        numbers = np.concatenate(
            [one.ravel() for one in (*self.weights, *self.biases, *self.places)]
        ).astype(np.int64)
        body = varints.write(*map(varints.signed, numbers.tolist()))
        head = varints.write(d, *outputs, *map(len, self.places), len(body))
        packed = zlib.compress(body, 9)
        return head + varints.write(len(packed)) + packed

    @classmethod
    def read(cls, cursor: Cursor) -> Network:
        """Read what `to_bytes` wrote.

        Raises
        ------
        UnsoundError
            It is damaged, or its numbers are so large that sums would not be exact.
        """
        widths = cursor.numbers(4, 1, WIDEST)
        places = cursor.numbers(2, 1, MOST_PLACES)
        shapes: list[tuple[int, ...]] = [(b, a) for a, b in itertools.pairwise(widths)]
        shapes += [(widths[2],), (widths[3],), *((n, widths[1]) for n in places)]
        count = sum(int(np.prod(shape)) for shape in shapes)
        length = cursor.number(count, 6 * count)
        body = Cursor(inflated(cursor.take(cursor.number()), length, WHAT), WHAT)
        numbers = np.array([varints.unsigned(one) for one in body.numbers(count, 0, 1 << 42)])
        body.end()
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        parts = [
            part.reshape(shape).astype(np.float64)
            for part, shape in zip(np.split(numbers, ends), shapes, strict=True)
        ]
        if any(np.abs(part).max() > LARGEST_WEIGHT for part in parts):
            raise UnsoundError(f"{WHAT}: a number is too large")
        return cls(tuple(parts[:3]), tuple(parts[3:5]), tuple(parts[5:]))


def _round(values: np.ndarray, bits: int) -> np.ndarray:
    largest = LARGEST_WEIGHT - 1
    return np.clip(np.rint(np.asarray(values, np.float64) * 2.0**bits), -largest, largest)


def _rectified(sums: np.ndarray, bits: int) -> np.ndarray:
    """Drop binary places of sums, and bring them from 0 to the largest activation."""
    np.multiply(sums, 2.0**-bits, out=sums)
    np.floor(sums, out=sums)
    return np.clip(sums, 0.0, LARGEST_ACTIVATION, out=sums)
