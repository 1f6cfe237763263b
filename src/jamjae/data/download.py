"""Remote files: where they are looked for, how they are downloaded and verified.

A file is looked for in the folder named by ``JAMJAE_DATA``, in jamjae's cache (``JAMJAE_CACHE``, or
the system's cache folder), and in ``/usr/share/datasets``; otherwise it is downloaded. It is
verified by the SHA-256 of its decompressed bytes, since compressed files differ between mirrors.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from jamjae.data.readers.idx import unpacked
from jamjae.errors import DataFormatError, DataNotFoundError

SYSTEM = Path("/usr/share/datasets")
TIMEOUT = 30  # seconds without an answer


class Remote(NamedTuple):
    """A file that can be fetched.

    Attributes
    ----------
    folder, name : str
        Its path within each folder that is searched.
    address : str
        The URL it is downloaded from, without the name.
    packed : bool
        Whether it is downloaded as ``name.gz``; both names are found in a folder.
    """

    folder: str
    name: str
    address: str
    packed: bool = True

    @property
    def sha256(self) -> str:
        """The SHA-256 of its decompressed bytes."""
        return checksums()[f"{self.folder}/{self.name}"]

    @property
    def download_name(self) -> str:
        """The last part of its URL."""
        return f"{self.name}.gz" if self.packed else self.name


@functools.cache
def checksums() -> dict[str, str]:
    """Read the SHA-256 of each file by ``folder/name``, of its decompressed bytes."""
    lines = resources.files("jamjae.data").joinpath("checksums.txt").read_text(encoding="ascii")
    return {name: digest for digest, name in map(str.split, lines.splitlines())}


def cache() -> Path:
    """Return the folder of downloads."""
    if os.environ.get("JAMJAE_CACHE"):
        return Path(os.environ["JAMJAE_CACHE"])
    import pooch

    return Path(pooch.os_cache("jamjae"))


def places() -> Iterator[Path]:
    """Return the folders that are searched, in order."""
    if os.environ.get("JAMJAE_DATA"):
        yield Path(os.environ["JAMJAE_DATA"])
    yield cache()
    yield SYSTEM


def find(remote: Remote) -> Path | None:
    """Find a file in the first folder that has it, without reading it."""
    names = dict.fromkeys((remote.name, remote.download_name))
    candidates = (place / remote.folder / name for place in places() for name in names)
    return next((path for path in candidates if path.is_file()), None)


def fetch(remote: Remote) -> tuple[Path, bytes]:
    """Find a file, or download it into the cache.

    Returns
    -------
    path : Path
        Its path.
    content : bytes
        Its decompressed bytes, verified.

    Raises
    ------
    DataNotFoundError
        It was not found and cannot be downloaded.
    DataFormatError
        It is damaged or another file. Such a download is deleted.
    """
    found = find(remote)
    path = found or _download(remote)
    try:
        content = unpacked(path)
        _require_genuine(path, content, remote)
    except DataFormatError:
        if found is None:  # such as a network's sign-in page: try again next time
            path.unlink(missing_ok=True)
        raise
    return path, content


def _require_genuine(path: Path, content: bytes, remote: Remote) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if digest != remote.sha256:
        raise DataFormatError(
            f"Cannot use {str(path)!r}: it is not the original file. The SHA-256 of its content is "
            f"{digest}; expected {remote.sha256}. Delete it, and it is downloaded again from "
            f"{remote.address + remote.download_name}."
        )


def _download(remote: Remote) -> Path:
    import pooch

    try:
        with _quiet(pooch.get_logger()):
            path = pooch.retrieve(
                remote.address + remote.download_name,
                known_hash=None,  # compressed bytes differ; the content is verified after
                fname=remote.download_name,
                path=cache() / remote.folder,
                downloader=pooch.HTTPDownloader(timeout=TIMEOUT),
            )
    except Exception as error:  # whatever the network layers below pooch raise
        raise DataNotFoundError(_ways(remote, error)) from error
    return Path(path)


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _ways(remote: Remote, error: Exception) -> str:
    given = os.environ.get("JAMJAE_DATA")
    looked = ", ".join(str(place / remote.folder) for place in places())
    address = remote.address + remote.download_name
    start = (
        f"Cannot find {remote.name!r} of the data set {remote.folder!r}: it is in none of "
        f"{looked}, and the download failed ({type(error).__name__}: {error}). Do one of the "
        "following:"
    )
    lines = [start, f"  - connect to the network and try again; the file is at {address};"]
    lines.append(
        f"  - put the file into {cache() / remote.folder}, the cache (JAMJAE_CACHE moves it);"
    )
    lines.append(
        f"  - set JAMJAE_DATA to a folder that contains {remote.folder}/{remote.download_name}"
        + (f" (it is {given} now)." if given else ".")
    )
    if remote.folder == "fashion-mnist":
        lines.append("  - on Debian or Ubuntu, run: apt install dataset-fashion-mnist.")
    return "\n".join(lines)
