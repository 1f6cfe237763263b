"""Files that are written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jamjae.errors import JamjaeError, OutputError


@contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to, and rename it when the block is done.

    If the block fails or is interrupted, the temporary file goes and what was at `path` stays.
    Temporary files that a killed process left beside it are removed by the next write to `path`.

    Parameters
    ----------
    path : path
        Its folder is made if there is none. An existing file is replaced; a link is followed.
        Anything else there, such as a folder, a device or a pipe, is refused.

    Yields
    ------
    Path
        A new name with the same suffix, in the same folder.

    Raises
    ------
    OutputError
        If the folder cannot be made, or the file not be written or renamed.
    """
    target = target_of(path)
    with _beside(target) as temporary:
        yield temporary
        _flush(temporary)
        temporary.replace(target)


def require_place(path: str | os.PathLike[str]) -> None:
    """Refuse a path that `atomic` could not write to, before any work is done for it.

    Raises
    ------
    OutputError
    """
    with _beside(target_of(path)) as temporary:
        temporary.touch()


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a temporary path beside a target, which is gone after the block."""
    name = f"{_prefix(target)}{os.getpid()}-{uuid.uuid4().hex}{target.suffix}"
    temporary = target.with_name(name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(target)
        yield temporary
    except JamjaeError:
        raise
    except OSError as error:
        raise OutputError(
            f"Cannot write {str(target)!r}: {error.strerror or error}. Choose a path in a "
            "writable folder, on a disk with free space."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def target_of(path: str | os.PathLike[str]) -> Path:
    """Follow links to the file that is to be written, and refuse what cannot be replaced."""
    target = Path(path)
    try:
        os.access(os.fsencode(target), os.F_OK)  # refuses invalid names
        target = target.resolve() if target.is_symlink() else target
        if target.exists() and not target.is_file():
            raise OutputError(
                f"Cannot write {str(target)!r}: it is a {_kind(target)}. Choose the path of a "
                "regular or new file."
            )
    except JamjaeError:
        raise
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, or an invalid name
        raise OutputError(
            f"Cannot write {str(path)!r}: {getattr(error, 'strerror', None) or error}. "
            "Choose another path."
        ) from error
    if target.is_symlink():
        raise OutputError(
            f"Cannot write {str(path)!r}: its links form a loop. Choose another path."
        )
    return target


def _kind(path: Path) -> str:
    if path.is_dir():
        return "folder"
    return "named pipe" if path.is_fifo() else "device or socket"


def _prefix(target: Path) -> str:
    """Begin the names of the temporary files of a target, whose own name may be a long one."""
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:8]
    return f".jamjae-{digest}-"


def _remove_stale(target: Path) -> None:
    named = re.compile(re.escape(_prefix(target)) + r"(\d+)-[0-9a-f]{32}")
    with suppress(OSError):
        for entry in target.parent.glob(f"{_prefix(target)}*"):
            found = named.match(entry.name)
            if found and not _is_alive(int(found[1])):
                entry.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    if os.name == "nt":  # there, signal 0 would end the process
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _flush(path: Path) -> None:
    """Bring a file to the disk before its name stands for it, in case the power goes."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
