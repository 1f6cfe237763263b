"""Images: a file, a folder or an archive whose subfolders are classes, as one array."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from jamjae.data import memory
from jamjae.data.dataset import Dataset, sample_rows
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import folders, pixels
from jamjae.data.readers.cells import clean, natural
from jamjae.data.readers.folders import SUFFIXES, Division, Entry
from jamjae.data.readers.image_files import bad_ones, framed, in_files, is_lazy, put
from jamjae.data.readers.image_notes import notes_of
from jamjae.data.readers.labelling import Labels, counted_classes, of_values
from jamjae.data.readers.piecewise import kept_note, piecewise_note
from jamjae.data.readers.pixels import Kind
from jamjae.data.rows import Given
from jamjae.errors import DataFormatError, DataNotFoundError, InvalidDataError

__all__ = ["KIND", "SUFFIXES", "USES", "can_read", "read", "stack", "subsets"]

KIND = "images"
USES = ("label", "image_size", "frames", "background", "label_file", "skip_bad", "subset", "lazy")
ALL_FRAMES = ("rows", "first")
SHARE = 0.8  # of the memory that is available, which images read whole may take


class Stack(NamedTuple):
    """Images of one size.

    Attributes
    ----------
    pixels : array, or rows in files, of shape (n, h, w) or (n, h, w, c)
    names : list of str
        Of each row; with its number for a frame.
    places : list of int
        Position of each row's entry.
    skipped : list of str
    notes : list of str
    """

    pixels: Given
    names: list[str]
    places: list[int]
    skipped: list[str]
    notes: list[str]


def can_read(path: Path) -> bool:
    """Whether a path is a folder, an archive with images, or named as an image."""
    if path.suffix.lower() == ".zip" and path.is_file():
        return folders.holds_images(path)
    return path.is_dir() or path.suffix.lower() in SUFFIXES | folders.HEIC


def subsets(folder: Path) -> tuple[str, ...]:
    """Give the names of the subsets into which a folder is divided; empty if it is not."""
    entries = folders.listing(folder).entries
    return folders.divided(folder, entries, ReadOptions()).subsets


def read(path: Path, options: ReadOptions) -> Dataset:
    """Read one image, or all images of a folder and its subfolders in natural order.

    Hidden files and files that are no images are passed over. Folders called train and test are
    subsets; the first level of folders, below those, names the classes. All else as `stack`.

    Raises
    ------
    DataNotFoundError
        If there is no image.
    DataFormatError
        If an image cannot be read and ``skip_bad`` is off.
    """
    listing = folders.listing(path)
    parts = folders.divided(path, listing.entries, options)
    kept, limit_note = _limited(parts, options)
    made = stack(kept.entries, options)
    if not made.names:
        raise _without_images(path, made.skipped, listing)
    labels, label_note = _labels(kept, made, path, options)
    return Dataset(
        made.pixels,
        None if labels is None else labels.y,
        () if labels is None else labels.class_names,
        tuple(made.names),
        subsets=parts.subsets,
        skipped=tuple(made.skipped),
        description=str(path),
        notes=tuple(
            note
            for note in (
                *made.notes[:1],
                label_note,
                parts.note,
                limit_note,
                *made.notes[1:],
                *listing.notes(),
            )
            if note
        ),
    )


def _limited(parts: Division, options: ReadOptions) -> tuple[Division, str]:
    """Choose files before they are read."""
    if options.limit is None or len(parts.entries) <= options.limit:
        return parts, ""
    chosen, note = sample_rows(len(parts.entries), options)
    kept = [parts.entries[i] for i in chosen], [parts.below[i] for i in chosen]
    return Division(*kept, parts.subsets, parts.note), note


def _without_images(
    path: Path, skipped: Sequence[str], listing: folders.Listing
) -> DataNotFoundError:
    why = f"none of the {len(skipped)} can be read" if skipped else "no images were found"
    passed = "".join(f"; {note}" for note in listing.notes())
    return DataNotFoundError(
        f"Cannot read images from {str(path)!r}: {why}{passed}. Files ending "
        f"in {', '.join(sorted(SUFFIXES))} are read, also in subfolders; tables and arrays are "
        "read one file at a time. Check the path."
    )


# --- pixels ---------------------------------------------------------------------------------


def stack(entries: Sequence[Entry], options: ReadOptions) -> Stack:
    """Read images into one array: first their headers, then their pixels one by one.

    Only gray images give (n, h, w); with one color image all become color. EXIF rotation is
    applied, transparent pixels are put on ``options.background``, palettes are resolved, and pages
    and frames are rows. Images of another size are resized (Lanczos). 16-bit images stay 16-bit;
    8-bit images among them are multiplied by 257.

    Raises
    ------
    DataFormatError
        If an image cannot be read and ``options.skip_bad`` is off.
    InvalidDataError
        If the images do not fit into memory, or are of types that do not go together.
    """
    _require_options(options)
    skipped: list[str] = []
    kinds: dict[int, Kind] = {}
    for i, entry in enumerate(entries):
        with bad_ones(entry, skipped, options), entry.open() as file:
            kinds[i] = pixels.kind(file, sized=options.image_size is None)
    return _stacked(entries, kinds, skipped, options)


def _stacked(
    entries: Sequence[Entry], kinds: dict[int, Kind], skipped: list[str], options: ReadOptions
) -> Stack:
    """Read the pixels of the entries of which the `kinds` are known."""
    if not kinds:
        return Stack(np.empty((0, 1, 1), np.uint8), [], [], sorted(skipped), [])
    size = options.image_size or _median([kind.size for kind in kinds.values()])
    counts = {i: kind.frames if options.frames == "rows" else 1 for i, kind in kinds.items()}
    dtype, channels = _common(list(kinds.values()))
    shape = (sum(counts.values()), *size, *channels)
    needed = math.prod(shape) * dtype.itemsize
    if is_lazy(needed, shape[0], options):
        return _in_files(entries, kinds, counts, (shape, dtype), skipped, options)
    _require_memory(shape, needed)
    array = np.empty(shape, dtype)
    made = Stack(array, [], [], skipped, [])
    changes: Counter[str] = Counter()
    good: dict[int, Kind] = {}
    for i, kind in kinds.items():
        before = len(made.names)
        with bad_ones(entries[i], skipped, options):
            changes += _fill(array, made, entries[i], i, counts[i], options)
            good[i] = kind
            continue
        del made.names[before:], made.places[before:]
    if len(good) < len(kinds):  # again, since the size and channels of all are of the good ones
        return _stacked(entries, good, skipped, options)
    array = array[: len(made.names)]
    made.notes.extend(notes_of(array, skipped, kinds, counts, changes))
    return made._replace(pixels=array, skipped=sorted(skipped))


def _in_files(
    entries: Sequence[Entry],
    kinds: dict[int, Kind],
    counts: dict[int, int],
    stack: tuple[tuple[int, ...], np.dtype],
    skipped: list[str],
    options: ReadOptions,
) -> Stack:
    """Leave the pixels in the files, of which each is decoded once where bad ones are skipped."""
    files = [(entries[i], kinds[i], counts[i]) for i in kinds]
    rows, found = in_files(files, *stack, options)
    if found.bad:
        good = {i: kind for i, kind in kinds.items() if entries[i].name not in found.bad}
        return _stacked(entries, good, [*skipped, *dict.fromkeys(found.bad)], options)
    places = [i for i in kinds for _ in range(counts[i])]
    first, *rest = notes_of(rows, skipped, kinds, counts, found.changes)
    how = piecewise_note(rows.nbytes, options, memory.IMAGE_SHARE)
    notes = [f"{first}, {how}{kept_note(rows)}", *rest]
    names = [framed(entries[i], number, counts[i]) for i in kinds for number in range(counts[i])]
    return Stack(rows, names, places, sorted(skipped), notes)


def _fill(
    pixels_of_all: np.ndarray,
    made: Stack,
    entry: Entry,
    place: int,
    count: int,
    options: ReadOptions,
) -> Counter[str]:
    """Put the frames of one file into the array."""
    changes: Counter[str] = Counter()
    with entry.open() as file:
        for number, frame in enumerate(pixels.frames(file, options.background)):
            if number == count:
                break
            changes += put(frame, pixels_of_all[len(made.names)])
            made.names.append(framed(entry, number, count))
            made.places.append(place)
    return changes


def _common(kinds: Sequence[Kind]) -> tuple[np.dtype, tuple[int, ...]]:
    dtypes = {kind.dtype for kind in kinds}
    if len(dtypes) > 1 and dtypes != {"uint8", "uint16"}:
        raise InvalidDataError(
            f"Cannot read images of the types {', '.join(sorted(dtypes))} together, since nothing "
            "says how their values compare. Read each kind by itself."
        )
    channels = max(kind.channels for kind in kinds)
    return np.dtype("uint16" if len(dtypes) > 1 else dtypes.pop()), (
        () if channels == 1 else (channels,)
    )


def _require_options(options: ReadOptions) -> None:
    from PIL import ImageColor

    size = options.image_size
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise InvalidDataError(
            f"Cannot resize images to {size}: two integers of at least 1 are expected, height and "
            "width in pixels."
        )
    if options.frames not in ALL_FRAMES:
        raise InvalidDataError(
            f"Cannot read images with frames={options.frames!r}: 'rows' or 'first' is expected."
        )
    try:
        ImageColor.getrgb(options.background)
    except ValueError:
        raise InvalidDataError(
            f"Cannot put images on background={options.background!r}: the name of a color, or "
            "#rrggbb, is expected."
        ) from None


def _require_memory(shape: tuple[int, ...], needed: int) -> None:
    if memory.is_large(needed, SHARE):
        raise InvalidDataError(
            f"Cannot read {shape[0]:,} images of {' x '.join(map(str, shape[1:]))}: they would "
            f"take {memory.size(needed)}, and {memory.size(memory.available() or 0)} of memory "
            "are available. Give a smaller image_size (--image-size 64x64) or a limit (--limit), "
            "or leave lazy=False (--no-lazy) out."
        )


def _median(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    height, width = np.median(np.array(sizes), axis=0)
    return round(height), round(width)


# --- labels ---------------------------------------------------------------------------------


def _labels(
    parts: Division, made: Stack, path: Path, options: ReadOptions
) -> tuple[Labels | None, str]:
    if options.label_file is not None:
        labels, note = _from_table(made, parts, options)
        return labels, f"label: {note}"
    if options.label:
        raise DataFormatError(
            f"Cannot read {str(path)!r} with the label {options.label!r}: images take their "
            "classes from subfolders, or from a table (label_file=, --label-file). Leave it out."
        )
    if options.label == "":
        return None, ""
    found = [_folder(parts.below[place]) for place in made.places]
    if not any(found):
        return None, ""
    names = sorted({name or path.name for name in found}, key=natural)
    y = np.array([names.index(name or path.name) for name in found], dtype=np.int64)
    return Labels(y, tuple(names), ""), f"label: the folder, {counted_classes(y, names)}"


def _folder(below: PurePosixPath) -> str:
    return below.parts[0] if len(below.parts) > 1 else ""


def _from_table(made: Stack, parts: Division, options: ReadOptions) -> tuple[Labels, str]:
    """Find the label of each image in a table, by its file's name."""
    from pandas import read_csv

    source = str(options.label_file)
    try:
        frame = read_csv(source, sep=None, engine="python", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DataFormatError(f"Cannot read the labels in {source!r}: {error}") from error
    names = [clean(name) for name in frame.columns]
    keys = {form: i for i, entry in enumerate(parts.entries) for form in _forms(entry.name)}
    hits = [sum(form in keys for form in map(clean, frame.iloc[:, c])) for c in range(len(names))]
    at = int(np.argmax(hits)) if hits else 0
    others = [c for c in range(len(names)) if c != at]
    if not hits or not hits[at] or not others:
        raise DataFormatError(
            f"Cannot read the labels in {source!r}: no column holds names of the images, such as "
            f"{made.names[0]!r}, beside a column of labels."
        )
    if options.label and clean(options.label) not in names:
        raise DataFormatError(
            f"Cannot read the labels in {source!r}: there is no column {options.label!r}; it has "
            f"{', '.join(names)}."
        )
    label = names.index(clean(options.label)) if options.label else others[0]
    by_place = {
        keys[clean(name)]: text
        for name, text in zip(frame.iloc[:, at], frame.iloc[:, label], strict=True)
        if clean(name) in keys
    }
    values = np.array([by_place.get(place) for place in made.places], dtype=object)
    labels = of_values(values)
    return labels, f"{names[label]} of {source}, {labels.note}"


def _forms(name: str) -> set[str]:
    """Give the forms in which a table may name a file: with folder and suffix, or without."""
    path = PurePosixPath(clean(name))
    return {str(path), path.name, path.stem, str(path.with_suffix(""))}
