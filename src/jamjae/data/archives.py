"""Zip archives and JSON from anywhere, read in bounded memory."""

from __future__ import annotations

import json
import zipfile
from typing import Any

from jamjae.errors import brief

PIECE = 1 << 20
EXPANSION = 100  # times its compressed size, that a member may take; weights hardly compress
ALWAYS_ALLOWED = 16 << 20  # bytes; a small member may be all zeros
JSON_PARTS = 200_000  # lists and objects, of which each takes some hundred bytes


class UnsoundError(ValueError):
    """A part of a file contradicts another one, or asks for more than the file holds."""


def content(file: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Read a member piece by piece, whatever size its header states, up to what is allowed.

    Parameters
    ----------
    file : ZipFile
    name : str
    limit : int
        Bytes. A member that is larger than 16 MiB is also held to 100 times its compressed size.

    Raises
    ------
    UnsoundError
        If there is no such member, if it is there more than once, or if it is larger.
    """
    count = file.namelist().count(name)
    if count != 1:
        raise UnsoundError(f"it holds {count or 'no'} members {brief(repr(name), 80)}, not one")
    return content_of(file, file.getinfo(name), limit)


def content_of(file: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """Read a member as `content` does, by what the archive says of it."""
    name = info.filename
    compressed = min(info.compress_size, file.start_dir)  # no more than there is in front of it
    allowed = min(limit, EXPANSION * compressed + ALWAYS_ALLOWED)
    pieces, size = [], 0
    with file.open(info) as member:
        while piece := member.read(PIECE):
            size += len(piece)
            if max(size, info.file_size) > allowed:
                raise UnsoundError(
                    f"its member {brief(repr(name), 80)} would take "
                    f"{max(size, info.file_size):,} bytes, more than the {allowed:,} allowed"
                )
            pieces.append(piece)
    return b"".join(pieces)


def packing(content: bytes) -> int:
    """Choose how to write a member: a large one as it is, for weights hardly compress."""
    return zipfile.ZIP_STORED if len(content) > ALWAYS_ALLOWED else zipfile.ZIP_DEFLATED


def parsed(text: bytes) -> Any:
    """Parse JSON of at most `JSON_PARTS` lists and objects.

    Raises
    ------
    UnsoundError
        If there are more.
    """
    parts = text.count(b"[") + text.count(b"{")
    if parts > JSON_PARTS:
        raise UnsoundError(f"its JSON holds {parts:,} lists and objects")
    return json.loads(text)
