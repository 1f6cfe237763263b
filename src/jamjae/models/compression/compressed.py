"""Files of compressed rows: a codec's blocks in the container of `jamjae.latent.codec.archive`."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from jamjae.data.preprocessing import as_integers
from jamjae.data.rows import Given
from jamjae.engine.blocks import among
from jamjae.errors import DataFormatError, InvalidDataError
from jamjae.latent.codec import archive
from jamjae.latent.codec.archive import About, Block, Sizes
from jamjae.latent.codec.header import DTYPES, Header
from jamjae.latent.codec.reader import Reader, decoding

if TYPE_CHECKING:
    from jamjae.models.compression.codec import Codec

BLOCK_ROWS = 2000  # of a block, at most


def write(
    stream: BinaryIO,
    codec: Codec,
    X: Any,
    about: About,
    *,
    embed: bool,
    path: str = "",
    report: Callable[[float], object] = lambda _: None,
) -> Sizes:
    """Compress rows block by block into a stream.

    Parameters
    ----------
    stream : binary file
    codec : Codec
    X : array-like of rows, data frame or rows in files
    about, report
        As of `archive.write`.
    embed : bool
        Whether the file holds what decoding needs of the codec; else it names its SHA-256.
    path : str
        Where the codec is that a file refers to.
    """
    rows = codec.checked(X)
    if not len(rows):
        raise InvalidDataError(
            "Codec cannot compress: there are no rows. At least one is expected."
        )
    facts: dict[str, Any] = {
        "dtype": _dtype(X),
        "row_shape": codec.row_shape_,
        "class_names": tuple(about.class_names),
        "feature_names": tuple(map(str, getattr(codec, "feature_names_in_", ()))),
    }
    content = codec.content() if embed else b""
    header = (
        Header.embedding(content, **facts)
        if embed
        else Header.referring(codec.sha256(), path, **facts)
    )

    def encode(part: slice) -> bytes:
        return codec.compress_rows(rows[part], part.start)

    with among(len(rows)):
        return archive.write(
            stream, header, content, len(rows), encode, about, block_rows=BLOCK_ROWS, report=report
        )


def compressed(codec: Codec, X: Any, about: About, *, embed: bool) -> bytes:
    """Compress rows to bytes."""
    stream = io.BytesIO()
    write(stream, codec, X, about, embed=embed)
    return stream.getvalue()


def rows_of(codec: Codec, reader: Reader, block: Block, _: object = None) -> Any:
    """Decode the rows of a block at once, in the type of those that were compressed."""
    with decoding(block):
        made = codec.decompress_rows(block.payload, block.n)
    return _typed(made, reader.header.dtype)


def decoded(reader: Reader, decode: Callable[..., Any], rows: Any = None) -> Any:
    """Decode a file, or some of its rows.

    Parameters
    ----------
    reader : Reader
    decode : callable
        Gives the rows of a block: an array or a data frame.
    rows : slice or sequence of int, optional
        The numbers of rows.

    Raises
    ------
    DataFormatError
        A block is damaged, or the index, so that rows may be missing.
    InvalidDataError
        There are no such rows.
    """
    if reader.notes:
        raise DataFormatError(
            f"Cannot decompress: {'; '.join(reader.notes)}. Write the bytes to a file: `jamjae "
            "decompress` decodes what is left."
        )
    if rows is None:
        return _joined([decode(reader.block(number)) for number in range(len(reader.rows))])
    wanted = _indices(rows, len(reader))
    numbers = np.array([reader.block_of(int(row)) for row in wanted], dtype=int)
    found = {
        number: (block.first, decode(block))
        for number in sorted(set(numbers.tolist()))
        for block in [reader.block(number)]
    }
    parts = []
    for row, number in zip(wanted.tolist(), numbers.tolist(), strict=True):
        first, some = found[number]
        parts.append(some[row - first : row - first + 1])
    return _joined(parts)


def _indices(rows: Any, n: int) -> np.ndarray:
    wanted = np.arange(n)[rows] if isinstance(rows, slice) else np.asarray(rows)
    if wanted.ndim != 1 or wanted.dtype.kind not in "iu" or not len(wanted):
        raise InvalidDataError(
            f"rows={rows!r} was given, and there are {n:,} rows. A slice of them or a list of "
            "their numbers is expected."
        )
    beyond = wanted[(wanted < -n) | (wanted >= n)]
    if len(beyond):
        raise InvalidDataError(f"Row {beyond[0]} was asked for, and there are {n:,} rows.")
    return wanted % n


def _joined(parts: list[Any]) -> Any:
    if not hasattr(parts[0], "iloc"):
        return np.concatenate(parts)
    from pandas import concat

    return concat(parts, ignore_index=True)


def _dtype(X: Given | Any) -> str:
    """Name the type that rows have when they come back: of a mixed table, that of numbers."""
    kinds = {str(kind).lower() for kind in getattr(X, "dtypes", [getattr(X, "dtype", None)])}
    name = kinds.pop() if len(kinds) == 1 else "float64"
    return name if name in DTYPES else "float64"


def _typed(made: Any, dtype: str) -> Any:
    """Round rows to a type of integers, if that is theirs; tables have theirs already."""
    if hasattr(made, "iloc"):
        return made
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return made >= 0.5
    return as_integers(made, kind) if kind.kind in "iu" else made.astype(kind, copy=False)
