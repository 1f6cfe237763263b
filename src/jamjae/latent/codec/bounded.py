"""Files of images without loss, or with no value off by more than a bound.

The codec of such a file is a coder of images (`residuals`). Its settings in the head are two
varints: 1, and the bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.errors import DataFormatError
from jamjae.latent.codec import varints
from jamjae.latent.codec.archive import Block, Sizes, Writer
from jamjae.latent.codec.header import Header
from jamjae.latent.codec.reader import Reader
from jamjae.latent.codec.residuals import Residuals
from jamjae.latent.codec.varints import Cursor

KIND = 1  # in the settings; a file without settings holds the codes of a lossy codec
BLOCK_ROWS, BLOCK_VALUES = 1000, 1 << 22  # of a block, at most
LARGEST_BOUND = (1 << 16) - 1


def write(
    stream: BinaryIO,
    coder: Residuals,
    rows: Any,
    *,
    max_error: int = 0,
    names: Sequence[str] = (),
    labels: np.ndarray | None = None,
    class_names: Sequence[str] = (),
    report: Callable[[int], object] = lambda _: None,
) -> Sizes:
    """Write images block by block, with the coder by which they are read.

    Parameters
    ----------
    stream : binary file
    coder : Residuals
    rows : uint8 or uint16 array of shape (n, h, w) or (n, h, w, c), or rows in files
    max_error : int
        By which no value may be off.
    names, labels, class_names
        As of `archive.Writer` and `header.Header`.
    report : callable
        Is given the number of rows that are done after each block.

    Returns
    -------
    Sizes

    Raises
    ------
    InvalidDataError, ShapeMismatchError
        As `Residuals.encode`.
    """
    content = coder.to_bytes()
    header = Header.embedding(
        content,
        dtype=str(rows.dtype),
        row_shape=tuple(rows.shape[1:]),
        settings=varints.write(KIND, max_error),
        class_names=tuple(class_names),
    )
    writer = Writer(stream, header, content)
    size = max(1, min(BLOCK_ROWS, BLOCK_VALUES // max(header.row_values, 1)))
    for first in range(0, len(rows), size):
        part = slice(first, min(first + size, len(rows)))
        payload = coder.encode(np.asarray(rows[part]), max_error=max_error)
        some = None if labels is None else labels[part]
        writer.add(payload, part.stop - first, names[part], some)
        report(part.stop)
    return writer.finish()


def bound_of(header: Header) -> int | None:
    """Give the bound of a file, None if it is of a lossy codec.

    Raises
    ------
    DataFormatError
        It is neither.
    """
    if not header.settings:
        return None
    cursor = Cursor(header.settings, "its settings")
    try:
        cursor.number(KIND, KIND)
        bound = cursor.number(0, LARGEST_BOUND)
        cursor.end()
    except UnsoundError as error:
        raise DataFormatError(
            f"Cannot decode rows: {error}. The file is of a newer version of jamjae, or damaged."
        ) from error
    return bound


def coder_of(reader: Reader) -> Residuals:
    """Read the coder that a file holds.

    Raises
    ------
    DataFormatError
        It is damaged, or not one of the file's rows.
    """
    try:
        coder = Residuals.from_bytes(reader.codec())
    except UnsoundError as error:
        raise DataFormatError(f"Cannot decode rows: {error}.") from error
    shape = reader.header.row_shape
    if coder.predicted or (*shape, 1)[:3] != coder.shape or len(shape) not in (2, 3):
        raise DataFormatError("Cannot decode rows: their coder is one of other images.")
    return coder


def rows_of(coder: Residuals, reader: Reader, block: Block) -> np.ndarray:
    """Decode the rows of a block, in their type and shape.

    Raises
    ------
    DataFormatError
        The block is damaged; the message names it.
    """
    bound = bound_of(reader.header) or 0
    try:
        made = coder.decode(block.payload, block.n, max_error=bound)
    except DataFormatError as error:
        raise DataFormatError(
            f"Cannot decode block {block.number} (rows {block.first:,} to "
            f"{block.first + block.n - 1:,}): {error}"
        ) from error
    return made.reshape(block.n, *reader.header.row_shape).astype(reader.header.dtype)
