"""Names and labels of the rows of a block, in few bytes."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.errors import DataFormatError, InvalidDataError, brief
from jamjae.latent.codec import varints
from jamjae.latent.codec.tables import inflated
from jamjae.latent.codec.varints import Cursor

NONE, NUMBERED, LISTED = range(3)  # kinds of names
CLASSES, VALUES = 1, 2  # kinds of labels; NONE as above
LONGEST = 4096  # bytes of a name
NUMBER = re.compile(r"(\d{1,18})(\D*)$", re.ASCII)
SURROGATES = "surrogateescape"  # a file's name need not be UTF-8


def names_to_bytes(names: Sequence[str]) -> bytes:
    """Write names: as a pattern where they count on, else deflated.

    Raises
    ------
    InvalidDataError
        A name is longer than 4,096 bytes.
    """
    if not len(names):
        return b""
    counted = _counted(names)
    if counted is not None:
        prefix, width, first, suffix = counted
        return b"".join([varints.write(NUMBERED, width, first), _string(prefix), _string(suffix)])
    body = b"".join(map(_string, names))
    return varints.write(LISTED, len(body)) + zlib.compress(body, 9)


def names_from_bytes(content: bytes, n: int) -> tuple[str, ...]:
    """Read the names of n rows; empty if they have none.

    Raises
    ------
    UnsoundError
    """
    if not content:
        return ()
    cursor = Cursor(content, "the names of its rows")
    if cursor.number(NUMBERED, LISTED) == NUMBERED:
        width, first = cursor.number(0, 18), cursor.number(0, 10**18)
        prefix, suffix = _read(cursor), _read(cursor)
        cursor.end()
        return tuple(f"{prefix}{first + i:0{width}d}{suffix}" for i in range(n))
    length = cursor.number(n, n * (LONGEST + 2))
    body = Cursor(inflated(cursor.take(cursor.left), length, "the names of its rows"), "its names")
    found = tuple(_read(body) for _ in range(n))
    body.end()
    return found


def labels_to_bytes(labels: np.ndarray | None) -> bytes:
    """Write labels, which are indices of classes from -1 up, or real numbers."""
    if labels is None or not len(labels):
        return b""
    given = np.asarray(labels)
    if given.dtype.kind == "f":
        return varints.write(VALUES) + zlib.compress(given.astype("<f8").tobytes(), 9)
    if given.dtype.kind not in "iu" or given.min() < -1 or given.max() >= 1 << 31:
        raise InvalidDataError(
            f"Cannot store labels of dtype {given.dtype}: indices of classes (-1 for none) or real "
            "numbers are expected."
        )
    wide = (given.astype(np.int64) + 1).astype("<u4").view(np.uint8).reshape(-1, 4)
    return varints.write(CLASSES) + zlib.compress(wide.T.tobytes(), 9)  # low bytes of all first


def labels_from_bytes(content: bytes, n: int, classes: int) -> np.ndarray | None:
    """Read the labels of n rows; None if they have none.

    Raises
    ------
    UnsoundError
        They are damaged, or name a class that there is not.
    """
    if not content:
        return None
    what = "the labels of its rows"
    cursor = Cursor(content, what)
    if cursor.number(CLASSES, VALUES) == VALUES:
        return np.frombuffer(inflated(cursor.take(cursor.left), 8 * n, what), "<f8").astype(float)
    packed = np.frombuffer(inflated(cursor.take(cursor.left), 4 * n, what), np.uint8)
    found = packed.reshape(4, n).T.copy().view("<u4").ravel().astype(np.int64) - 1
    if classes and n and found.max() >= classes:
        raise UnsoundError(f"{what} name class {found.max():,} of {classes:,}")
    return found


def place_of(folder: Path, name: str) -> Path:
    """Give the path of a row in a folder, and refuse a name that leaves it.

    Parameters
    ----------
    folder : path
    name : str
        The name of a row, which may lie in folders of its own, such as ``bag/0001.png``.

    Raises
    ------
    DataFormatError
        It is absolute, leads upward, names a drive or a device, or has characters that no name
        of a file has.
    """
    parts = PurePosixPath(name).parts
    strange = "\\" in name or any(ord(c) < 32 for c in name) or len(name) > LONGEST
    windows = PureWindowsPath(name)
    outside = name.startswith("/") or bool(windows.drive) or windows.is_reserved()
    if not parts or strange or outside or any(part in ("..", ".") for part in parts):
        raise DataFormatError(
            f"Cannot write the row {brief(repr(name), 80)} into {str(folder)!r}: its name leads "
            "out of the folder. Nothing of this file can be trusted."
        )
    return folder.joinpath(*parts)


def _counted(names: Sequence[str]) -> tuple[str, int, int, str] | None:
    """Find how names count on, such as img007.png, img008.png."""
    found = NUMBER.search(names[0])
    if found is None or len(_string(names[0])) > LONGEST:
        return None
    prefix, digits, suffix = names[0][: found.start()], found[1], found[2]
    width, first = len(digits) if digits.startswith("0") else 0, int(digits)
    made = (f"{prefix}{first + i:0{width}d}{suffix}" for i in range(len(names)))
    same = all(one == name for one, name in zip(made, names, strict=True))
    return (prefix, width, first, suffix) if same else None


def _string(name: str) -> bytes:
    encoded = name.encode("utf-8", SURROGATES)
    if len(encoded) > LONGEST:
        raise InvalidDataError(
            f"Cannot store the name {brief(repr(name), 60)}: it has {len(encoded):,} bytes, and at "
            f"most {LONGEST:,} are expected."
        )
    return varints.write(len(encoded)) + encoded


def _read(cursor: Cursor) -> str:
    try:
        return cursor.take(cursor.number(0, LONGEST)).decode("utf-8", SURROGATES)
    except UnicodeDecodeError as error:
        raise UnsoundError("the names of its rows: no UTF-8") from error
