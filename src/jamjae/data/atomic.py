"""Files that are written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from jamjae.errors import JamjaeError, OutputError

WRITERS = 8  # threads, which wait for the disk at the same time
TEMPORARY = re.compile(r"(\.jamjae-[0-9a-f]{8}-)(\d+)-[0-9a-f]{32}")


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


def write_all(
    paths: Sequence[str | os.PathLike[str]], write: Callable[[int, Path], object]
) -> None:
    """Write many files from several threads, and rename them once all are on the disk.

    Bringing a file to the disk takes a moment in which a processor waits; files that do so at the
    same time share it. If one cannot be written, or the call is interrupted, none is replaced.

    Parameters
    ----------
    paths : sequence of paths
        Different ones, each as for `atomic`.
    write : callable of (int, Path)
        Writes the file of a position in `paths` to a temporary path, from any thread.

    Raises
    ------
    OutputError
        As `atomic`.
    """
    targets = [target_of(path) for path in paths]
    temporaries = [_temporary(target) for target in targets]

    def written(i: int) -> None:
        with _refused(targets[i]):
            write(i, temporaries[i])
            _flush(temporaries[i])

    try:
        _prepare(targets)
        with ThreadPoolExecutor(WRITERS) as pool:
            for _ in pool.map(written, range(len(targets))):
                pass  # the first error is raised, and what is not begun is dropped
        for target, temporary in zip(targets, temporaries, strict=True):
            with _refused(target):
                temporary.replace(target)
    finally:
        for temporary in temporaries:
            with suppress(OSError):
                temporary.unlink()


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a temporary path beside a target, which is gone after the block."""
    temporary = _temporary(target)
    try:
        _prepare([target])
        with _refused(target):
            yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def _refused(target: Path) -> Iterator[None]:
    """Turn errors of the system into one that names the target."""
    try:
        yield
    except JamjaeError:
        raise
    except OSError as error:
        raise OutputError(
            f"Cannot write {str(target)!r}: {error.strerror or error}. Choose a path in a "
            "writable folder, on a disk with free space."
        ) from error


def _prepare(targets: Sequence[Path]) -> None:
    """Make the folders of targets, and remove what killed processes left beside them."""
    folders = {target.parent: target for target in targets}
    prefixes = {_prefix(target) for target in targets}
    for folder, target in folders.items():
        with _refused(target):
            folder.mkdir(parents=True, exist_ok=True)
        _remove_stale(folder, prefixes)


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


def _temporary(target: Path) -> Path:
    return target.with_name(f"{_prefix(target)}{os.getpid()}-{uuid.uuid4().hex}{target.suffix}")


def _prefix(target: Path) -> str:
    """Begin the names of the temporary files of a target, whose own name may be a long one."""
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:8]
    return f".jamjae-{digest}-"


def _remove_stale(folder: Path, prefixes: set[str]) -> None:
    with suppress(OSError):
        for entry in folder.glob(".jamjae-*"):  # one look at a folder, however many its targets
            found = TEMPORARY.match(entry.name)
            if found and found[1] in prefixes and not _is_alive(int(found[2])):
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
