"""What is said of images that were read."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from jamjae.data.readers.cells import counted, listed
from jamjae.data.readers.pixels import COMPOSED, FROM_ALPHA, Kind
from jamjae.data.rows import Given

USED = 0.5  # share of a depth's range, below which it is noted


class Stack(NamedTuple):
    """Images of one size.

    Attributes
    ----------
    pixels : array or rows in files of shape (n, h, w) or (n, h, w, c)
    names : list of str
        Of each row; with its number for a frame.
    places : list of int
        Position of each row's entry.
    skipped : list of str
    notes : list of str
    """

    pixels: Given
    names: list[str]
    places: list[int]
    skipped: list[str]
    notes: list[str]


def notes(
    made: Stack,
    kinds: dict[int, Kind],
    size: tuple[int, int],
    counts: dict[int, int],
    alphas: Counter[str],
) -> list[str]:
    """Say what was read, and what was converted or passed over."""
    n, array = len(made.names), made.pixels
    if isinstance(array, np.ndarray):
        array = array[:n]
    color = {1: "gray", 3: "color"}.get(array.shape[3] if array.ndim == 4 else 1, "")
    depth = f"{array.dtype}, {color}" if color else f"{array.dtype}, {array.shape[3]} channels"
    notes = [f"images: {n:,} of {size[0]} x {size[1]} ({depth})"]
    others = sum(kind.size != size for kind in kinds.values())
    if others:
        notes.append(f"resized: {others:,} of {counted(len(kinds), 'file')} had another size")
    gray = sum(kind.channels == 1 for kind in kinds.values())
    if gray and array.ndim == 4:
        notes.append(f"converted: {gray:,} gray to color, as others are")
    shallow = sum(kind.dtype == "uint8" for kind in kinds.values())
    if shallow and array.dtype == np.uint16:
        notes.append(f"converted: {shallow:,} of 8 bits to 16, as others are")
    paged = [i for i in kinds if kinds[i].frames > 1]
    if paged:
        what = f"{sum(kinds[i].frames for i in paged):,} pages or frames of"
        taken = "are rows" if any(counts[i] > 1 for i in paged) else "passed over but the first"
        notes.append(f"frames: {what} {counted(len(paged), 'file')} {taken} (frames=, --frames)")
    if alphas[COMPOSED]:
        notes.append(f"transparency: {alphas[COMPOSED]:,} put on a background (--background)")
    if alphas[FROM_ALPHA]:
        notes.append(
            f"transparency: {alphas[FROM_ALPHA]:,} of one color, whose transparency was taken"
        )
    if made.skipped:
        notes.append(
            f"skipped: {counted(len(made.skipped), 'damaged image')}: {listed(made.skipped)}"
        )
    return [*notes, *_range_note(array)]


def _range_note(array: Given) -> list[str]:
    """Note a range used that is far below that of the type."""
    if not isinstance(array, np.ndarray) or array.dtype.kind != "u" or not array.size:
        return []
    most, highest = int(array.max()), int(np.iinfo(array.dtype).max)
    if not 0 < most < USED * highest:
        return []
    bits = most.bit_length()
    return [f"values: 0 to {most:,} of {highest:,}, {bits} of {array.dtype.itemsize * 8} bits"]
