"""Files of compressed rows: a codec's blocks in the container of `jamjae.latent.codec.archive`."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from jamjae.data.rows import Given
from jamjae.errors import DataFormatError, InvalidDataError
from jamjae.latent.codec.archive import Block, Damaged, Sizes, Writer
from jamjae.latent.codec.header import DTYPES, Header
from jamjae.latent.codec.reader import Reader

if TYPE_CHECKING:
    from jamjae.models.codec import Codec

BLOCK_ROWS, BLOCK_VALUES = 2000, 1 << 22  # of a block, at most


class About(NamedTuple):
    """What a file says of its rows, beside the rows.

    Attributes
    ----------
    names : sequence of n str
        Such as the names of image files; empty if there are none.
    labels : array of shape (n,) or None
        Indices of classes, -1 for none, or real numbers.
    class_names : sequence of str
    """

    names: Sequence[str] = ()
    labels: np.ndarray | None = None
    class_names: Sequence[str] = ()


def write(
    stream: BinaryIO,
    codec: Codec,
    X: Any,
    about: About,
    *,
    embed: bool,
    path: str = "",
    report: Callable[[int], object] = lambda _: None,
) -> Sizes:
    """Compress rows block by block into a stream.

    Parameters
    ----------
    stream : binary file
    codec : Codec
    X : array-like of rows, data frame or rows in files
    about : About
    embed : bool
        Whether the file holds what decoding needs of the codec; else it names its SHA-256.
    path : str
        Where the codec is that a file refers to.
    report : callable
        Is told how many rows are done after each block.
    """
    rows = codec.checked(X)
    if not len(rows):
        raise InvalidDataError(
            "Codec cannot compress: there are no rows. At least one is expected."
        )
    content = codec.content()
    facts: dict[str, Any] = {
        "dtype": _dtype(X),
        "row_shape": codec.row_shape_,
        "class_names": tuple(about.class_names),
        "feature_names": tuple(map(str, getattr(codec, "feature_names_in_", ()))),
    }
    header = (
        Header.embedding(content, **facts) if embed else Header.referring(content, path, **facts)
    )
    writer = Writer(stream, header, content if embed else b"")
    for part, codes in codec.blocks(rows, block_rows(codec.row_shape_)):
        labels = None if about.labels is None else about.labels[part]
        writer.add(codes, part.stop - part.start, about.names[part], labels)
        report(part.stop)
    return writer.finish()


def block_rows(row_shape: tuple[int, ...]) -> int:
    """Give the number of rows of a block."""
    return max(1, min(BLOCK_ROWS, BLOCK_VALUES // max(int(np.prod(row_shape)), 1)))


def compressed(codec: Codec, X: Any, about: About, *, embed: bool) -> bytes:
    """Compress rows to bytes."""
    stream = io.BytesIO()
    write(stream, codec, X, about, embed=embed)
    return stream.getvalue()


def pieces(codec: Codec, reader: Reader) -> Iterator[tuple[Block, Any] | Damaged]:
    """Decode a file block by block: each block with its rows, or what is damaged of it."""
    for block in reader.blocks():
        yield block if isinstance(block, Damaged) else (block, rows_of(codec, reader, block))


def rows_of(codec: Codec, reader: Reader, block: Block) -> Any:
    """Decode the rows of a block, in the type of those that were compressed."""
    try:
        made = codec.decompress_rows(block.payload, block.n)
    except DataFormatError as error:
        raise DataFormatError(
            f"Cannot decode block {block.number} (rows {block.first:,} to "
            f"{block.first + block.n - 1:,}): {error}"
        ) from error
    return typed(made, reader.header.dtype)


def decompressed(codec: Codec, data: bytes, rows: Any = None) -> Any:
    """Decode bytes that `compressed` gave, or some of the rows.

    Raises
    ------
    DataFormatError
        They are damaged, of another codec, or no compressed rows.
    """
    reader = Reader(data)
    reader.require(codec.content(), "this codec")
    if reader.header.row_shape != codec.row_shape_:
        raise DataFormatError("Cannot decode rows: they have another shape than the codec's.")
    if rows is None:
        blocks = (reader.block(number) for number in range(len(reader.rows)))
        return _joined([rows_of(codec, reader, block) for block in blocks])
    wanted = _indices(rows, len(reader))
    numbers = np.array([reader.block_of(int(row)) for row in wanted], dtype=int)
    found = {
        number: (block.first, rows_of(codec, reader, block))
        for number in sorted(set(numbers.tolist()))
        for block in [reader.block(number)]
    }
    parts = []
    for row, number in zip(wanted.tolist(), numbers.tolist(), strict=True):
        first, some = found[number]
        parts.append(some[row - first : row - first + 1])
    return _joined(parts)


def _indices(rows: Any, n: int) -> np.ndarray:
    if isinstance(rows, slice):
        return np.arange(n)[rows]
    wanted = np.asarray(rows)
    if wanted.ndim != 1 or wanted.dtype.kind not in "iu" or not len(wanted):
        raise InvalidDataError(
            f"rows={rows!r} was given. A slice or a list of numbers of rows is expected."
        )
    if wanted.min() < -n or wanted.max() >= n:
        raise InvalidDataError(f"Row {wanted.max()} was asked for, and there are {n:,} rows.")
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


def typed(made: Any, dtype: str) -> Any:
    """Round rows to a type of whole numbers, if that is theirs; tables have theirs already."""
    if hasattr(made, "iloc"):
        return made
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return made >= 0.5
    if kind.kind not in "iu":
        return made.astype(kind, copy=False)
    ends = np.iinfo(kind)
    top = np.nextafter(made.dtype.type(ends.max), 0) if ends.bits > 32 else ends.max
    return np.clip(np.rint(made), ends.min, top).astype(kind)
