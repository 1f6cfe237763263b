"""Files as bytes, whether compressed, packed or standard input."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from pathlib import Path
from typing import IO, Any

from jamjae.errors import DataFormatError

OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
STANDARD_INPUT = Path("-")


def is_packed(path: Path) -> bool:
    """Whether a file is compressed, or standard input."""
    return path == STANDARD_INPUT or path.suffix.lower() in (*OPENERS, ".zip", ".zst")


def opened(path: Path) -> IO[bytes]:
    """Open a file, decompressed if it is compressed; standard input is kept in memory."""
    if path == STANDARD_INPUT:
        return io.BytesIO(_standard_input())
    kind = path.suffix.lower()
    if kind == ".zip":
        return _only_member(path)
    if kind == ".zst":
        import pyarrow as pa

        return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
    return OPENERS.get(kind, Path.open)(path, "rb")


def _standard_input(held: list[bytes] = []) -> bytes:  # noqa: B006 - it can be read only once
    if not held:
        held.append(sys.stdin.buffer.read())
    return held[0]


def _only_member(path: Path) -> IO[bytes]:
    if not zipfile.is_zipfile(path):
        raise DataFormatError(f"Cannot read {str(path)!r}: it is damaged or no .zip archive.")
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if not n.endswith("/") and "__MACOSX" not in n]
        if len(names) != 1:
            raise DataFormatError(
                f"Cannot read {str(path)!r}: the archive holds {len(names)} files; a table packed "
                "as .zip has one. Unpack it, and read one of its files."
            )
    return zipfile.ZipFile(path).open(names[0])
