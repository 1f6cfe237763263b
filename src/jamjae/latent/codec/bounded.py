"""Rows without loss, or with no value off by more than a bound.

The codec of such a file is a coder of images (`residuals`), or of other numbers (`grid`), fitted
to the rows. Its settings in the head are two varints: 1 and the bound for images, 3 and the bound
for large images, which are coded by diagonals, 2 and 0 for other numbers.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.data.numeric import column_names, real_array
from jamjae.data.preprocessing import as_integers
from jamjae.data.rows import LazyRows
from jamjae.errors import DataFormatError, InvalidDataError
from jamjae.latent.codec import archive, varints
from jamjae.latent.codec.archive import About, Block, Sizes
from jamjae.latent.codec.grid import Grid
from jamjae.latent.codec.header import Header
from jamjae.latent.codec.reader import Reader, decoding
from jamjae.latent.codec.residuals import Residuals, is_large
from jamjae.latent.codec.varints import Cursor

IMAGES, NUMBERS, LARGE_IMAGES = 1, 2, 3  # in the settings; a lossy codec's file has none
BLOCK_ROWS = 1000  # of a block, at most
LARGEST_BOUND = (1 << 16) - 1  # of images
LEARNED = 20_000  # images from which a coder learns, at most
ATTEMPT = "compress within max_error cannot use X"

NOTHING = About()

Coder = Residuals | Grid
Report = Callable[[float], object]


def compress(
    X: Any,
    max_error: float = 0.0,
    *,
    names: Sequence[str] = (),
    labels: np.ndarray | None = None,
    class_names: Sequence[str] = (),
    random_state: int = 0,
) -> bytes:
    """Compress rows without loss, or with no value off by more than a bound, without a model.

    A coder of the values is fitted to the rows and stands in the bytes: for images of 8 or 16
    bits a small network of whole numbers, which sees the values around each one; for other numbers
    a linear prediction of each column from those before it.

    Parameters
    ----------
    X : array-like of shape (n, ...), data frame or rows in files
        Finite real numbers.
    max_error : float, default=0.0
        By which no value may be off, in the units of the data; 0 for whole numbers only. Of images
        of 8 or 16 bits, a whole number up to 65,535.
    names : sequence of n str, optional
        Names of the rows.
    labels : array of shape (n,), optional
        Indices of classes, -1 for none, or real numbers.
    class_names : sequence of str, optional
    random_state : int, default=0
        Chooses the images, if there are more than 20,000, and the values that the network learns
        from.

    Returns
    -------
    bytes
        Of a ``.jjz`` file, which ``jamjae.decompress`` decodes; ``docs/format.md`` describes them.

    Raises
    ------
    InvalidDataError, InvalidTypeError
        X has no rows, NaN, infinity or what is no number; or max_error is negative, NaN, infinite,
        or finer than the type of the values.

    Examples
    --------
    >>> import jamjae
    >>> X = jamjae.load_digits().X.astype("uint8")
    >>> data = jamjae.compress(X)
    >>> bool((jamjae.decompress(data) == X).all()), len(data) < X.size / 2
    (True, True)
    """
    rows, about = _rows_of(X), About(names, labels, class_names)
    coder, stream = fit(rows, max_error, random_state=random_state), io.BytesIO()
    bound = int(max_error) if isinstance(coder, Residuals) else 0
    write(stream, coder, rows, about, max_error=bound, feature_names=column_names(X))
    return stream.getvalue()


def _rows_of(X: Any) -> Any:
    return X if isinstance(X, LazyRows) else real_array(X, ATTEMPT)


def fit(
    rows: Any, max_error: float, *, random_state: int = 0, report: Report = lambda _: None
) -> Coder:
    """Fit a coder to rows: of images, or of other numbers.

    Parameters
    ----------
    rows : array of shape (n, ...), or rows in files
    max_error : float
        As of `compress`.
    random_state : int
    report : callable
        Is called with the share that is done of a coder of images.

    Raises
    ------
    InvalidDataError
        As of `compress`.
    """
    if not 0 <= max_error < math.inf:
        raise InvalidDataError(
            f"compress received max_error={max_error:g}. A finite number from 0 up is expected."
        )
    if not is_images(rows):
        return Grid.fit(np.asarray(rows[:]), max_error)
    if max_error > LARGEST_BOUND or max_error != int(max_error):
        raise InvalidDataError(
            f"compress received max_error={max_error:g} for images of 8 or 16 bits. A whole number "
            f"up to {LARGEST_BOUND:,} is expected."
        )
    chosen = np.sort(np.random.default_rng(random_state).permutation(len(rows))[:LEARNED])
    sample = rows[chosen] if len(chosen) < len(rows) else rows[:]
    return Residuals.fit(np.asarray(sample), random_state=random_state, report=report)


def is_images(rows: Any) -> bool:
    """Whether rows are images of 8 or 16 bits, which are coded as such."""
    return rows.dtype in (np.uint8, np.uint16) and rows.ndim in (3, 4)


def write(
    stream: BinaryIO,
    coder: Coder,
    rows: Any,
    about: About = NOTHING,
    *,
    max_error: int = 0,
    feature_names: Sequence[str] = (),
    report: Report = lambda _: None,
) -> Sizes:
    """Write rows block by block, with the coder by which they are read.

    Parameters
    ----------
    stream : binary file
    coder : Residuals or Grid
    rows : array of shape (n, ...), or rows in files
        Images of 8 or 16 bits for `Residuals`, of shape (n, h, w) or (n, h, w, c).
    about : About
    max_error : int
        By which no value of an image may be off; a grid knows its own bound.
    feature_names : sequence of str
        Of the columns.
    report : callable
        Is called with the number of rows that are done; of large images, with parts of them.

    Raises
    ------
    InvalidDataError, ShapeMismatchError
        As `Residuals.encode` and `Grid.encode`.
    """
    content, images = coder.to_bytes(), isinstance(coder, Residuals)
    large = images and is_large(rows.shape[1:])
    kind = (LARGE_IMAGES if large else IMAGES) if images else NUMBERS
    header = Header.embedding(
        content,
        dtype=str(rows.dtype),
        row_shape=tuple(rows.shape[1:]),
        settings=varints.write(kind, max_error if images else 0),
        class_names=tuple(about.class_names),
        feature_names=tuple(feature_names),
    )

    def encode(part: slice) -> bytes:
        some = np.asarray(rows[part])
        if isinstance(coder, Residuals):
            shares = partial(_report_share, report, part.start, len(some))
            return coder.encode(some, max_error=max_error, by_diagonals=large, report=shares)
        return coder.encode(some)

    return archive.write(
        stream, header, content, len(rows), encode, about, block_rows=BLOCK_ROWS, report=report
    )


def _report_share(report: Report, first: int, n: int, share: float) -> None:
    report(first + share * n)


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
        kind, bound = cursor.number(IMAGES, LARGE_IMAGES), cursor.number(0, LARGEST_BOUND)
        cursor.end()
    except UnsoundError as error:
        raise DataFormatError(
            f"Cannot decode rows: {error}. The file is of a newer version of jamjae, or damaged."
        ) from error
    return kind, bound


def decoder_of(reader: Reader) -> Callable[..., np.ndarray]:
    """Give what makes rows of the blocks of a file, in their type and shape.

    Its second argument, which may be left out, is called with the number of rows of the file that
    are done. It raises a `DataFormatError` that names a block which is damaged.

    Raises
    ------
    DataFormatError
        The coder in the file is damaged, or not one of its rows.
    """
    coder, kind_of_rows, bound = _coder_of(reader)
    large = kind_of_rows == LARGE_IMAGES
    shape, kind = reader.header.row_shape, np.dtype(reader.header.dtype)

    def decode(block: Block, report: Report = lambda _: None) -> np.ndarray:
        with decoding(block):
            if isinstance(coder, Residuals):
                shares = partial(_report_share, report, block.first, block.n)
                given = (block.payload, block.n, None, bound)
                made = coder.decode(*given, by_diagonals=large, report=shares)
            else:
                made = coder.decode(block.payload, block.n)
        made = made.reshape(block.n, *shape)
        whole = kind.kind in "iu" and made.dtype.kind == "f"
        return as_integers(made, kind) if whole else made.astype(kind)

    return decode


def _coder_of(reader: Reader) -> tuple[Coder, int, int]:
    settings, shape = settings_of(reader.header), reader.header.row_shape
    if settings is None:
        raise DataFormatError("Cannot decode rows without their codec: the file is of a lossy one.")
    try:
        if settings[0] == NUMBERS:
            grid = Grid.from_bytes(reader.codec())
            sound = len(grid.low) == reader.header.row_values
            coder: Coder = grid
        else:
            images = Residuals.from_bytes(reader.codec())
            sound = (*shape, 1)[:3] == images.shape and len(shape) in (2, 3)
            coder, sound = images, sound and not images.predicted
    except UnsoundError as error:
        raise DataFormatError(f"Cannot decode rows: {error}.") from error
    if not sound:
        raise DataFormatError("Cannot decode rows: their coder is one of other rows.")
    return coder, *settings
