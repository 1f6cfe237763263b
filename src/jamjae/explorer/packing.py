"""Arrays as text inside a page: rounded, deflated, and in base 85.

A page's script finds each array by its entry in a table: where its bytes begin and how to read
them. `page/arrays.js` reads what this module writes.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

SAFE = str.maketrans("<", ",")  # "<!--" inside a script would change how the page is read


class Rounded(NamedTuple):
    """An array as integers, each row with a unit of its own.

    Attributes
    ----------
    numbers : int32 array of shape (rows, columns)
    units : float32 array of shape (rows,)
        ``array ≈ numbers · units[:, None]``, reshaped.
    shape : tuple of int
    """

    numbers: np.ndarray
    units: np.ndarray
    shape: tuple[int, ...]

    @property
    def array(self) -> np.ndarray:
        """The array with which the page computes."""
        return (self.numbers * self.units[:, None]).astype(np.float32).reshape(self.shape)


def rounded(array: np.ndarray, bits: int) -> Rounded:
    """Round an array (..., columns) so that the largest value of each row takes `bits` bits."""
    rows = np.asarray(array, np.float64).reshape(-1, array.shape[-1] if array.ndim else 1)
    units = np.abs(rows).max(axis=1, initial=0.0) / (2 ** (bits - 1) - 1)
    units = units.astype(np.float32)
    units = np.where(units >= np.finfo(np.float32).tiny, units, np.float32(1.0))
    numbers = np.rint(rows / units[:, None]).astype(np.int32)
    return Rounded(numbers, units, tuple(array.shape))


def shortened(array: np.ndarray) -> np.ndarray:
    """Round float32 values to 16 binary digits: the last byte of each is zero, and deflates."""
    words = np.asarray(array, np.float32).view(np.uint32)
    return ((words + np.uint32(0x80)) & np.uint32(0xFFFFFF00)).view(np.float32)


Packable = Rounded | np.ndarray


class Packed(NamedTuple):
    """Arrays as text.

    Attributes
    ----------
    table : dict
        For each name ``[kind, shape, start]``, or ``["rounded", shape, start, rows, planes]``,
        where `start` is an offset in the inflated bytes.
    length : int
        Number of deflated bytes.
    text : str
        ASCII without "<", quotes or backslashes.
    """

    table: dict[str, Any]
    length: int
    text: str


def pack(arrays: Mapping[str, Packable]) -> Packed:
    """Encode arrays as one text.

    Parameters
    ----------
    arrays : mapping of str to Rounded, uint8 array or float array
        Floats are kept as float32.
    """
    table: dict[str, Any] = {}
    parts: list[bytes] = []
    start = 0
    for name, array in arrays.items():
        entry, data = _packed(array)
        table[name] = [*entry[:2], start, *entry[2:]]
        parts.append(data)
        start += len(data)
    deflated = zlib.compress(b"".join(parts), 9)
    text = base64.b85encode(deflated, pad=True).decode("ascii")
    return Packed(table, len(deflated), text.translate(SAFE))


def _packed(array: Packable) -> tuple[list[Any], bytes]:
    if isinstance(array, Rounded):
        signless = (array.numbers << 1) ^ (array.numbers >> 31)  # 0, -1, 1, -2 to 0, 1, 2, 3
        planes = max(-(-int(signless.max(initial=0)).bit_length() // 8), 1)
        data = _planes(array.units, 4) + _planes(signless.astype("<u4"), planes)
        return ["rounded", list(array.shape), len(array.units), planes], data
    if array.dtype == np.uint8:
        return ["bytes", list(array.shape)], array.tobytes()
    return ["floats", list(array.shape)], _planes(array.astype("<f4"), 4)


def _planes(array: np.ndarray, count: int) -> bytes:
    """Group the first bytes of all values, then the second, and so on: this deflates better."""
    parts = np.ascontiguousarray(array).reshape(-1).view(np.uint8).reshape(-1, 4)
    return np.ascontiguousarray(parts[:, :count].T).tobytes()
