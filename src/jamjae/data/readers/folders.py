"""Folders and archives of images: which files there are, in which subsets and classes."""

from __future__ import annotations

import io
import os
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import IO, Any, NamedTuple, Self

from jamjae.data.archives import UnsoundError, content_of
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import counted, natural
from jamjae.errors import DataFormatError, brief

SUFFIXES = frozenset(
    (
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".tif"),
        *(
            ".tiff",
            ".webp",
            ".avif",
            ".jp2",
            ".j2k",
            ".jpx",
            ".ppm",
            ".pgm",
            ".pbm",
            ".pnm",
            ".tga",
        ),
    )
)
HEIC = frozenset((".heic", ".heif"))
SUBSETS = {  # names of folders that divide data, and of the subsets they hold
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}
LARGEST = 1 << 30  # bytes of an image in an archive


class Entry(NamedTuple):
    """An image file: its path below the folder, and how to open it."""

    name: str
    open: Callable[[], IO[bytes]]

    @classmethod
    def of(cls, path: Path, name: str = "") -> Self:
        """Make the entry of a file."""
        return cls(name or path.name, partial(_opened, path))


def _opened(path: Path) -> IO[bytes]:
    return path.open("rb")


class Listing(NamedTuple):
    """The images of a folder, and what was passed over, by kind."""

    entries: list[Entry]
    passed: dict[str, list[str]]

    def notes(self) -> list[str]:
        """Count what was passed over, and name one of each kind."""
        return [
            f"passed over: {counted(len(names), noun)}{mark}{rest}, such as {names[0]}"
            for kind, names in self.passed.items()
            for noun, mark, rest in [_parted(kind)]
        ]


def _parted(kind: str) -> tuple[str, str, str]:
    """Cut what follows the noun from a kind, so that the noun alone is put in the plural."""
    mark = next((mark for mark in (" that ", " other ", " (") if mark in kind), "\0")
    return kind.partition(mark)


def listing(path: Path) -> Listing:
    """List the images of a folder, an archive, or the one file there is, in natural order."""
    if path.is_dir():
        found = _of_folder(path)
    elif path.suffix.lower() == ".zip":
        found = _of_archive(path)
    else:
        found = Listing([Entry.of(path)], {})
    return found._replace(entries=sorted(found.entries, key=_in_order))


def _in_order(entry: Entry) -> list[list[tuple[int, float, str]]]:
    return [natural(part) for part in PurePosixPath(entry.name).parts]


def _readable(suffix: str) -> bool:
    return suffix in SUFFIXES or (suffix in HEIC and reads_heic())


def reads_heic() -> bool:
    """Whether pillow-heif is installed; Pillow then opens HEIC."""
    try:
        heif = import_module("pillow_heif")
    except ImportError:
        return False
    heif.register_heif_opener()
    return True


def _judge(name: str) -> str:
    """Say why a file is passed over; empty for an image."""
    suffix = PurePosixPath(name).suffix.lower()
    if any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts):
        return "hidden file"
    if _readable(suffix):
        return ""
    if suffix in HEIC:
        return "HEIC image (pip install pillow-heif reads them)"
    return "file other than an image"


def _of_folder(folder: Path) -> Listing:
    """Walk a folder; links are followed, each folder once."""
    entries: list[Entry] = []
    passed: dict[str, list[str]] = defaultdict(list)
    seen: set[tuple[int, int]] = set()

    def refused(error: OSError) -> None:
        passed["folder that cannot be read"].append(_below(folder, Path(str(error.filename))))

    for place, folders, files in os.walk(folder, followlinks=True, onerror=refused):
        state = Path(place).stat()
        if (state.st_dev, state.st_ino) in seen:
            passed["folder that a link leads to again"].append(_below(folder, Path(place)))
            folders[:] = []
            continue
        seen.add((state.st_dev, state.st_ino))
        for name in [name for name in folders if name.startswith(".")]:
            folders.remove(name)
        folders.sort(key=natural)
        for name in files:
            file = Path(place) / name
            below = _below(folder, file)
            why = "" if name.startswith(".") or file.exists() else "broken link"
            if why := why or _judge(name):
                passed[why].append(below)
            elif file.is_file():
                entries.append(Entry.of(file, below))
    passed.pop("hidden file", None)
    return Listing(entries, dict(passed))


def _below(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _of_archive(path: Path) -> Listing:
    entries: list[Entry] = []
    passed: dict[str, list[str]] = defaultdict(list)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: it is damaged or no .zip archive ({error})."
        ) from error

    opened = Archive(path)
    for name in names:
        if why := _judge(name):
            passed[why].append(name)
        else:
            entries.append(Entry(name, partial(opened.member, name)))
    passed.pop("hidden file", None)
    return Listing(entries, dict(passed))


class Archive:
    """An archive whose list of members is read once, not again for each of them.

    It stays open while its images may be read, once for each thread that reads at a time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._forget()

    def _forget(self) -> None:
        self._idle: list[tuple[zipfile.ZipFile, set[str]]] = []
        self._lock, self._state = Lock(), self._now()

    def _now(self) -> tuple[int, int, int]:
        state = self.path.stat()
        return os.getpid(), state.st_size, state.st_mtime_ns

    def __reduce__(self) -> tuple[Any, ...]:
        return Archive, (self.path,)

    def member(self, name: str) -> IO[bytes]:
        """Read one member whole."""
        if self._state != self._now():  # another process, or another archive of this name
            self._forget()
        with self._lock:
            archive, twice = self._idle.pop() if self._idle else self._opened()
        try:
            if name in twice:
                raise UnsoundError(f"it holds several members {brief(repr(name), 80)}, not one")
            return io.BytesIO(content_of(archive, archive.getinfo(name), LARGEST))
        finally:
            self._idle.append((archive, twice))

    def _opened(self) -> tuple[zipfile.ZipFile, set[str]]:
        archive = zipfile.ZipFile(self.path)
        counts = Counter(archive.namelist())
        return archive, {name for name, count in counts.items() if count > 1}


def holds_images(path: Path) -> bool:
    """Whether a .zip archive holds images."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(not _judge(name) for name in archive.namelist() if not name.endswith("/"))
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


# --- subsets and classes --------------------------------------------------------------------


class Division(NamedTuple):
    """The images of one subset, with the part of their path below the subset's folder."""

    entries: list[Entry]
    below: list[PurePosixPath]
    subsets: tuple[str, ...]
    note: str


def divided(path: Path, entries: Sequence[Entry], options: ReadOptions) -> Division:
    """Choose the images of a subset, where the folders divide them.

    Raises
    ------
    DataFormatError
        There is no such subset.
    """
    paths = [PurePosixPath(entry.name) for entry in entries]
    places = [SUBSETS.get(one.parts[0].lower()) if len(one.parts) > 1 else None for one in paths]
    if "train" not in places or None in places or len(set(places)) < 2:
        if options.subset not in (None, "all"):
            raise DataFormatError(
                f"Cannot read {str(path)!r}: there is no subset {options.subset!r}, as its folders "
                "do not divide it. Leave subset (--subset) out."
            )
        return Division(list(entries), paths, (), "")
    names = tuple(dict.fromkeys(name for name in SUBSETS.values() if name in places))
    wanted = options.subset or "train"
    if wanted not in (*names, "all"):
        raise DataFormatError(
            f"Cannot read {str(path)!r}: there is no subset {wanted!r}; it has "
            f"{', '.join(names)}, or all."
        )
    chosen = [i for i, place in enumerate(places) if wanted in (place, "all")]
    others = [f"{name} has {places.count(name):,}" for name in names if name != wanted]
    note = f"subset: {wanted}, {counted(len(chosen), 'file')}"
    if wanted != "all":
        note += f"; {', '.join(others)} (subset=, --subset takes them)"
    below = [PurePosixPath(*paths[i].parts[1:]) for i in chosen]
    return Division([entries[i] for i in chosen], below, names, note)
