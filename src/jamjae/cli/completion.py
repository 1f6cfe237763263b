"""What a shell completes: names, files and columns, found without JAX or pandas.

A shell completes paths itself, with the right marks and quotes, if a function here returns nothing.
Paths are returned only where they stand beside names, or where some of them are left out.
"""

from __future__ import annotations

import csv
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

QUOTED = re.compile(r"[\s'\"\\$`&|;<>()*?\[\]{}!#~=:]")  # what a shell would have to quote
MOST = 200  # paths listed
HEAD = 1 << 14  # bytes of a table in which its first line is looked for
TEXTS = (".csv", ".tsv", ".txt")
ENCODINGS = ("utf-8-sig", "cp949")


def data(incomplete: str) -> list[tuple[str, str] | str]:
    """Complete the name of a data set, or a path."""
    from jamjae.data.catalog import NAMES

    named: list[tuple[str, str] | str] = [
        (name, known.summary) for name, known in NAMES.items() if name.startswith(incomplete)
    ]
    return [*named, *_paths(incomplete)] if named else []


def model(incomplete: str) -> list[str]:
    """Complete the path of a .jamjae file."""
    return _files(incomplete, ".jamjae")


def compressed(incomplete: str) -> list[str]:
    """Complete the path of a .jjz file."""
    return _files(incomplete, ".jjz")


def model_or_compressed(incomplete: str) -> list[str]:
    """Complete the path of a .jamjae or .jjz file."""
    return _files(incomplete, ".jamjae", ".jjz")


def lab() -> list[tuple[str, str]]:
    """Complete the name of a lab."""
    from jamjae.labs.catalog import LABS

    return [(name, known.title) for name, known in LABS.items()]


def lab_or_all() -> list[tuple[str, str]]:
    """Complete the name of a lab, or ``all``."""
    return [*lab(), ("all", "all labs")]


def columns(ctx: Any, incomplete: str) -> list[str]:
    """Complete the name of a column, from the first line of DATA if that is a text table."""
    words = [ctx.params.get("data") or "", *ctx.args]  # unparsed while an option has no value yet
    paths = [path for path in map(Path, words) if path.suffix.lower() in TEXTS and path.is_file()]
    if not paths:
        return []
    before, comma, _ = incomplete.rpartition(",")
    return [before + comma + name for name in _header(paths[-1]) if not QUOTED.search(name)]


def classes(ctx: Any, incomplete: str) -> list[str]:
    """Complete the name of a class of MODEL."""
    words = [str(ctx.params.get("model") or ""), *ctx.args]
    paths = [path for path in map(Path, words) if path.suffix == ".jamjae" and path.is_file()]
    names = _class_names(paths[-1]) if paths else []
    return [name for name in names if name.startswith(incomplete) and not QUOTED.search(name)]


def one_of(*values: str) -> Callable[[], list[str]]:
    """Make a function that completes one of some values."""
    return lambda: list(values)


def several_of(*values: str) -> Callable[[str], list[str]]:
    """Make a function that completes the last of some values with commas between."""

    def complete(incomplete: str) -> list[str]:
        before, comma, _ = incomplete.rpartition(",")
        return [before + comma + value for value in values]

    return complete


def _files(incomplete: str, *suffixes: str) -> list[str]:
    """Give paths of files with these suffixes, none if there are only folders."""
    found = _paths(incomplete, suffixes)
    return found if any(not path.endswith("/") for path in found) else []


def _paths(incomplete: str, suffixes: tuple[str, ...] = ("",)) -> list[str]:
    """Give paths that begin so, folders with a slash; of files, those of some suffixes."""
    folder, slash, begun = incomplete.rpartition("/")
    try:
        with os.scandir(folder + slash or ".") as entries:
            some = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
    shown = [entry for entry in some if begun or not entry.name.startswith(".")]
    found = (
        f"{folder}{slash}{entry.name}{'/' if entry.is_dir() else ''}"
        for entry in shown
        if entry.name.startswith(begun)
        and (entry.is_dir() or entry.name.lower().endswith(suffixes))
    )
    return list(islice((path for path in found if not QUOTED.search(path)), MOST))


def _class_names(path: Path) -> list[str]:
    """Give the names of the classes in a model file."""
    try:
        with zipfile.ZipFile(path) as file:
            manifest = json.loads(file.read("manifest.json"))
        names = manifest["class_names"] or manifest["density"]["classes"]["names"]
        return [str(name) for name in names]
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError):
        return []


def _header(path: Path) -> Iterable[str]:
    """Give the cells of a table's first line."""
    with path.open("rb") as file:
        line = file.read(HEAD).split(b"\n")[0]
    for encoding in ENCODINGS:
        try:
            text = line.decode(encoding).strip()
        except UnicodeDecodeError:
            continue
        mark = max(",;\t|", key=text.count)
        return [cell.strip() for cell in next(csv.reader([text], delimiter=mark), [])]
    return []
