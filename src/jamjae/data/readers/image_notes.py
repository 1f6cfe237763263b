"""Notes on images: what they are, and what was done to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from jamjae.data.readers.cells import counted, listed
from jamjae.data.readers.pixels import COMPOSED, FROM_ALPHA, FROM_INKS, Kind
from jamjae.data.rows import Given

TO_GRAY = "to gray"  # what was done to a frame, besides what `pixels` calls
RESIZED = "resized"  # begins the note on images of another size
USED = 0.5  # share of a depth's range, below which it is noted


def notes_of(
    array: Given,
    skipped: Sequence[str],
    kinds: dict[int, Kind],
    counts: dict[int, int],
    changes: Counter[str],
) -> list[str]:
    """Say what images are, and what was done to them.

    Parameters
    ----------
    array : array, or rows in files, of shape (n, h, w) or (n, h, w, c)
    skipped : sequence of str
    kinds : dict
        What the header of each file says.
    counts : dict
        Rows of each file.
    changes : Counter
        Frames by what was done to their colors.
    """
    n, size = len(array), tuple(array.shape[1:3])
    color = {1: "gray", 3: "color"}.get(array.shape[3] if array.ndim == 4 else 1, "")
    depth = f"{array.dtype}, {color}" if color else f"{array.dtype}, {array.shape[3]} channels"
    notes = [f"images: {n:,} of {size[0]} x {size[1]} ({depth})"]
    others = sum(kind.size != size for kind in kinds.values())
    if others:
        notes.append(f"{RESIZED}: {others:,} of {counted(len(kinds), 'file')} had another size")
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
    if changes[COMPOSED]:
        notes.append(f"transparency: {changes[COMPOSED]:,} put on a background (--background)")
    if changes[FROM_ALPHA]:
        notes.append(
            f"transparency: {changes[FROM_ALPHA]:,} of one color, whose transparency was taken"
        )
    if changes[TO_GRAY]:
        notes.append(
            f"converted: {counted(changes[TO_GRAY], 'frame')} of color to gray, as the first is"
        )
    if changes[FROM_INKS]:
        notes.append(f"converted: {changes[FROM_INKS]:,} of CMYK inks to red, green and blue")
    if skipped:
        notes.append(f"skipped: {counted(len(skipped), 'damaged image')}: {listed(skipped)}")
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
