"""IDX, the format of MNIST: a type, a shape, and the values, the most significant byte first."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path

import numpy as np

from jamjae.errors import DataFormatError, DataNotFoundError

TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an IDX file, the format of MNIST; ``.gz`` is unpacked.

    Returns
    -------
    array
        Of the type and shape the file states, in the byte order of this machine.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    DataFormatError
        If the file is not IDX, cut short, or longer than it states.

    References
    ----------
    LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats.
    """
    return parse(unpacked(Path(path)), Path(path))


def unpacked(path: Path) -> bytes:
    """Read a file, and decompress it if its name ends in ``.gz``; errors as `read_idx`."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except FileNotFoundError:
        raise DataNotFoundError(
            f"Cannot read {str(path)!r}: there is no such file. Check the path."
        ) from None
    except PermissionError as error:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: {error.strerror}. Ask its owner for read permission."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, error) from error


def parse(content: bytes, path: Path) -> np.ndarray:
    """Make an array of the bytes of an IDX file; `path` is for messages, errors as `read_idx`."""
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES:
        raise _damaged(path, "it does not begin like an IDX file")
    start = 4 + 4 * content[3]
    if len(content) < start or start == 4:
        raise _damaged(path, "it ends within its header")
    shape = tuple(int(side) for side in np.frombuffer(content[4:start], ">u4"))
    dtype = np.dtype(TYPES[content[2]])
    stated = math.prod(shape) * dtype.itemsize
    if len(content) - start != stated:
        raise _damaged(path, f"it states {stated} bytes, but {len(content) - start} follow")
    values = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="))


def _damaged(path: Path, why: object) -> DataFormatError:
    return DataFormatError(
        f"Cannot read {str(path)!r}: it is damaged or not what its name says ({why}). "
        "Copy it again from its source."
    )
