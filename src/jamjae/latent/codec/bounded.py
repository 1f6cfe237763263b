"""Files without loss, or with no value off by more than a bound.

The codec of such a file is a coder of images (`residuals`), or of other numbers (`grid`). Its
settings in the head are two varints: 1 and the bound for images, 2 and 0 for other numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.errors import DataFormatError
from jamjae.latent.codec import varints
from jamjae.latent.codec.archive import Block, Sizes, Writer
from jamjae.latent.codec.grid import Grid
from jamjae.latent.codec.header import Header
from jamjae.latent.codec.reader import Reader
from jamjae.latent.codec.residuals import Residuals
from jamjae.latent.codec.varints import Cursor

IMAGES, NUMBERS = 1, 2  # in the settings; a file without settings holds a lossy codec's codes
BLOCK_ROWS, BLOCK_VALUES = 1000, 1 << 22  # of a block, at most
LARGEST_BOUND = (1 << 16) - 1


def write(
    stream: BinaryIO,
    coder: Residuals | Grid,
    rows: Any,
    *,
    max_error: int = 0,
    feature_names: Sequence[str] = (),
    names: Sequence[str] = (),
    labels: np.ndarray | None = None,
    class_names: Sequence[str] = (),
    report: Callable[[int], object] = lambda _: None,
) -> Sizes:
    """Write rows block by block, with the coder by which they are read.

    Parameters
    ----------
    stream : binary file
    coder : Residuals or Grid
    rows : array of shape (n, ...), or rows in files
        Images of 8 or 16 bits for `Residuals`, of shape (n, h, w) or (n, h, w, c).
    max_error : int
        By which no value of an image may be off; a grid knows its own bound.
    feature_names, names, labels, class_names
        As of `archive.Writer` and `header.Header`.
    report : callable
        Is given the number of rows that are done after each block.

    Returns
    -------
    Sizes

    Raises
    ------
    InvalidDataError, ShapeMismatchError
        As `Residuals.encode` and `Grid.encode`.
    """
    content, images = coder.to_bytes(), isinstance(coder, Residuals)
    header = Header.embedding(
        content,
        dtype=str(rows.dtype),
        row_shape=tuple(rows.shape[1:]),
        settings=varints.write(IMAGES, max_error) if images else varints.write(NUMBERS, 0),
        class_names=tuple(class_names),
        feature_names=tuple(feature_names),
    )
    writer = Writer(stream, header, content)
    size = max(1, min(BLOCK_ROWS, BLOCK_VALUES // max(header.row_values, 1)))
    for first in range(0, len(rows), size):
        part = slice(first, min(first + size, len(rows)))
        some_rows = np.asarray(rows[part])
        if isinstance(coder, Residuals):
            payload = coder.encode(some_rows, max_error=max_error)
        else:
            payload = coder.encode(some_rows)
        some = None if labels is None else labels[part]
        writer.add(payload, part.stop - first, names[part], some)
        report(part.stop)
    return writer.finish()


def settings_of(header: Header) -> tuple[int, int] | None:
    """Give the kind and the bound of a file, None if it holds the codes of a lossy codec.

    Raises
    ------
    DataFormatError
        It is neither.
    """
    if not header.settings:
        return None
    cursor = Cursor(header.settings, "its settings")
    try:
        kind, bound = cursor.number(IMAGES, NUMBERS), cursor.number(0, LARGEST_BOUND)
        cursor.end()
    except UnsoundError as error:
        raise DataFormatError(
            f"Cannot decode rows: {error}. The file is of a newer version of jamjae, or damaged."
        ) from error
    return kind, bound


def decoder_of(reader: Reader) -> Callable[[Block], np.ndarray]:
    """Give what makes rows of the blocks of a file, in their type and shape.

    It raises a `DataFormatError` that names a block which is damaged.

    Raises
    ------
    DataFormatError
        The coder in the file is damaged, or not one of its rows.
    """
    coder, bound = _coder_of(reader)
    shape, kind = reader.header.row_shape, np.dtype(reader.header.dtype)

    def decode(block: Block) -> np.ndarray:
        try:
            if isinstance(coder, Residuals):
                made = coder.decode(block.payload, block.n, max_error=bound)
            else:
                made = coder.decode(block.payload, block.n)
        except DataFormatError as error:
            raise DataFormatError(
                f"Cannot decode block {block.number} (rows {block.first:,} to "
                f"{block.first + block.n - 1:,}): {error}"
            ) from error
        if kind.kind in "iu" and made.dtype.kind == "f":
            made = np.clip(made, np.iinfo(kind).min, np.iinfo(kind).max)
        return made.reshape(block.n, *shape).astype(kind)

    return decode


def _coder_of(reader: Reader) -> tuple[Residuals | Grid, int]:
    settings, shape = settings_of(reader.header), reader.header.row_shape
    if settings is None:
        raise DataFormatError("Cannot decode rows without their codec: the file is of a lossy one.")
    try:
        if settings[0] == NUMBERS:
            grid = Grid.from_bytes(reader.codec())
            sound = len(grid.low) == reader.header.row_values
            coder: Residuals | Grid = grid
        else:
            images = Residuals.from_bytes(reader.codec())
            sound = (*shape, 1)[:3] == images.shape and len(shape) in (2, 3)
            coder, sound = images, sound and not images.predicted
    except UnsoundError as error:
        raise DataFormatError(f"Cannot decode rows: {error}.") from error
    if not sound:
        raise DataFormatError("Cannot decode rows: their coder is one of other rows.")
    return coder, settings[1]
