"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jamjae.errors import JamjaeError, OutputError


@contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to, and rename it when the block is done.

    If the block fails or is interrupted, the temporary file goes and what was at `path` stays.

    Parameters
    ----------
    path : path
        Its folder is made if there is none. An existing file is replaced; a link is followed.

    Yields
    ------
    Path
        A new name with the same suffix, in the same folder.

    Raises
    ------
    OutputError
        If the folder cannot be made, or the file not be written or renamed.
    """
    target = Path(path)
    target = target.resolve() if target.is_symlink() else target
    temporary = target.with_name(f".{uuid.uuid4().hex}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _flush(temporary)
        temporary.replace(target)
    except JamjaeError:
        raise
    except OSError as error:
        raise OutputError(
            f"Cannot write {str(target)!r}: {error.strerror or error}. Nothing was changed there. "
            "Name a file in a folder that you may write to, on a disk with room left."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _flush(path: Path) -> None:
    """Bring a file to the disk before its name stands for it, in case the power goes."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
