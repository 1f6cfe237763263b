"""What stands at the head of a .jjz file: of which codec its rows are, and what they look like."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Self

from jamjae.data.archives import UnsoundError
from jamjae.errors import InvalidDataError
from jamjae.latent.codec import varints
from jamjae.latent.codec.varints import Cursor

DTYPES = (  # the number of a type in the file is its place here; types may be added at the end
    "uint8", "uint16", "float32", "float64", "int8", "int16", "int32", "int64", "uint32", "uint64",
    "bool", "float16",
)  # fmt: skip
EMBEDDED, REFERRED = range(2)
MOST_AXES = 8
MOST_VALUES = 1 << 28  # of a row,
MOST_IN_BLOCK = 1 << 22  # and of a block of more than one row
MOST_TEXT = 1 << 16  # bytes of a string
MOST_NAMES = 1 << 20  # classes or columns
SHA = 32  # bytes


@dataclass(frozen=True)
class Header:
    """The head of a file of compressed rows.

    Attributes
    ----------
    sha256 : bytes
        Of the codec's file.
    codec_bytes : int
        How long the codec is that follows the head; 0 if it is referred to.
    path : str
        Where the codec is that is referred to, relative to the file's folder or absolute.
    dtype : str
        Of the rows.
    row_shape : tuple of int
    settings : bytes
        What the codec needs to know beside each block, such as the quality chosen.
    class_names, feature_names : tuple of str
        Empty if there are none.
    """

    sha256: bytes
    codec_bytes: int
    path: str
    dtype: str
    row_shape: tuple[int, ...]
    settings: bytes = b""
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()

    @classmethod
    def embedding(cls, codec: bytes, **what: object) -> Self:
        """Make the head of a file that holds its codec."""
        return cls(digest(codec), len(codec), "", **what)  # type: ignore[arg-type]

    @classmethod
    def referring(cls, sha256: bytes, path: str, **what: object) -> Self:
        """Make the head of a file that names its codec by path and SHA-256."""
        return cls(sha256, 0, path, **what)  # type: ignore[arg-type]

    @property
    def row_values(self) -> int:
        """Number of values in a row."""
        return math.prod(self.row_shape)

    def to_bytes(self) -> bytes:
        """Write it.

        Raises
        ------
        InvalidDataError
            The rows have a type, a shape or names that a file cannot hold.
        """
        self._check()
        kind = varints.write(EMBEDDED, self.codec_bytes)
        if not self.codec_bytes:
            kind = varints.write(REFERRED) + varints.text([self.path])
        names = (self.class_names, self.feature_names)
        return b"".join(
            [
                kind,
                self.sha256,
                varints.write(DTYPES.index(self.dtype), len(self.row_shape), *self.row_shape),
                varints.write(len(self.settings)) + self.settings,
                *(varints.write(len(some)) + varints.text(some) for some in names),
            ]
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises
        ------
        UnsoundError
        """
        cursor = Cursor(content, "its head")
        size, path = 0, ""
        if cursor.number(EMBEDDED, REFERRED) == EMBEDDED:
            size = cursor.number(1, 1 << 40)
        else:
            path = _string(cursor)
        sha256 = cursor.take(SHA)
        dtype = DTYPES[cursor.number(0, len(DTYPES) - 1)]
        shape = tuple(cursor.numbers(cursor.number(0, MOST_AXES), 0, MOST_VALUES))
        if math.prod(shape) > MOST_VALUES:
            raise UnsoundError(f"its head: rows of {math.prod(shape):,} values")
        settings = cursor.take(cursor.number())
        class_names, feature_names = _strings(cursor), _strings(cursor)
        cursor.end()
        return cls(sha256, size, path, dtype, shape, settings, class_names, feature_names)

    def _check(self) -> None:
        if self.dtype not in DTYPES:
            raise InvalidDataError(
                f"Cannot store rows of dtype {self.dtype}. One of {', '.join(DTYPES)} is expected."
            )
        if len(self.row_shape) > MOST_AXES or self.row_values > MOST_VALUES:
            raise InvalidDataError(
                f"Cannot store rows of shape {self.row_shape}: at most {MOST_AXES} axes and "
                f"{MOST_VALUES:,} values are expected."
            )
        for name in (self.path, *self.class_names, *self.feature_names):
            if len(name.encode("utf-8", "surrogateescape")) > MOST_TEXT:
                raise InvalidDataError(f"Cannot store a name of more than {MOST_TEXT:,} bytes.")


def digest(codec: bytes) -> bytes:
    """Give the SHA-256 of a codec's file."""
    return hashlib.sha256(codec).digest()


def _strings(cursor: Cursor) -> tuple[str, ...]:
    count = cursor.number(0, min(MOST_NAMES, cursor.left))
    return tuple(_string(cursor) for _ in range(count))


def _string(cursor: Cursor) -> str:
    try:
        return cursor.take(cursor.number(0, MOST_TEXT)).decode("utf-8", "surrogateescape")
    except UnicodeDecodeError as error:
        raise UnsoundError("its head: a name that is no UTF-8") from error
