"""Images: a file, a folder or an archive whose subfolders are classes, as one array."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np

from jamjae.data import memory
from jamjae.data.dataset import Dataset, sample_rows
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import folders, pixels
from jamjae.data.readers.cells import clean, natural
from jamjae.data.readers.folders import SUFFIXES, Division, Entry
from jamjae.data.readers.image_notes import Stack
from jamjae.data.readers.image_notes import notes as stack_notes
from jamjae.data.readers.labelling import Labels, counted_classes, of_values
from jamjae.data.readers.piecewise import piecewise_note
from jamjae.data.readers.pixels import Kind
from jamjae.data.rows import Given, LazyRows
from jamjae.data.sources import ImageRows, MappedRows
from jamjae.errors import DataFormatError, DataNotFoundError, InvalidDataError

__all__ = ["KIND", "SUFFIXES", "USES", "can_read", "read", "stack", "subsets"]

KIND = "images"
USES = ("label", "image_size", "frames", "background", "label_file", "skip_bad", "subset", "lazy")
ALL_FRAMES = ("rows", "first")
SHARE = 0.8  # of the memory that is available, which images read whole may take


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
        f"in {', '.join(sorted(SUFFIXES))} are read, also in subfolders. Check the path."
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
        with _bad_ones(entry, skipped, options), entry.open() as file:
            kinds[i] = pixels.kind(file, sized=options.image_size is None)
    if not kinds:
        return Stack(np.empty((0, 1, 1), np.uint8), [], [], sorted(skipped), [])
    size = options.image_size or _median([kind.size for kind in kinds.values()])
    counts = {i: kind.frames if options.frames == "rows" else 1 for i, kind in kinds.items()}
    dtype, channels = _common(list(kinds.values()))
    shape = (sum(counts.values()), *size, *channels)
    needed = math.prod(shape) * dtype.itemsize
    lazy = options.lazy is True or (options.lazy == "auto" and memory.is_large(needed))
    if lazy and not memory.is_large(needed // shape[0]):
        return _in_files(entries, kinds, counts, (shape[1:], dtype), skipped, options)
    _require_memory(shape, needed)
    made = Stack(np.empty(shape, dtype), [], [], skipped, [])
    alphas: Counter[str] = Counter()
    for i in kinds:
        before = len(made.names)
        with _bad_ones(entries[i], skipped, options):
            alphas += _fill(made, entries[i], i, counts[i], options)
            continue
        del made.names[before:], made.places[before:]
    made.notes.extend(stack_notes(made, kinds, size, counts, alphas))
    return made._replace(pixels=made.pixels[: len(made.names)], skipped=sorted(skipped))


def _in_files(
    entries: Sequence[Entry],
    kinds: dict[int, Kind],
    counts: dict[int, int],
    row: tuple[tuple[int, ...], np.dtype],
    skipped: list[str],
    options: ReadOptions,
) -> Stack:
    """Leave the pixels in the files, of which each is decoded once where bad ones are skipped."""
    shape, dtype = row
    decode = partial(_decoded, shape=shape, dtype=dtype, background=options.background)
    frames: list[tuple[Entry, int]] = []
    names: list[str] = []
    places: list[int] = []
    for i, count in counts.items():
        of_file = [(entries[i], number) for number in range(count)]
        with _bad_ones(entries[i], skipped, options):
            for frame in of_file if options.skip_bad else ():
                decode(frame)
            frames += of_file
            names += [_named(entries[i], number, count) for number in range(count)]
            places += [i] * count
    rows = ImageRows(frames, decode, shape, dtype)
    made = Stack(rows, names, places, sorted(skipped), [])
    size = (shape[0], shape[1])
    first, *rest = stack_notes(made, kinds, size, counts, Counter())
    made.notes.extend([f"{first}, {piecewise_note(rows.nbytes, options)}", *rest])
    return made


def _decoded(
    frame: tuple[Entry, int], shape: tuple[int, ...], dtype: np.dtype, background: str
) -> np.ndarray:
    """Read one frame of a file as a row."""
    entry, number = frame
    row = np.empty(shape, dtype)
    options = ReadOptions(background=background)
    with _bad_ones(entry, [], options), entry.open() as file:
        row[...] = _fitted(next(islice(pixels.frames(file, background), number, None)).pixels, row)
    return row


def _named(entry: Entry, number: int, count: int) -> str:
    return entry.name if count == 1 else f"{entry.name}#{number}"


def _fill(made: Stack, entry: Entry, place: int, count: int, options: ReadOptions) -> Counter[str]:
    """Put the frames of one file into the array."""
    alphas: Counter[str] = Counter()
    with entry.open() as file:
        for number, frame in enumerate(pixels.frames(file, options.background)):
            if number == count:
                break
            row = made.pixels[len(made.names)]
            row[...] = _fitted(frame.pixels, row)
            made.names.append(_named(entry, number, count))
            made.places.append(place)
            alphas[frame.alpha] += 1
    return alphas


def _fitted(values: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Bring one image to the depth, the channels and the size of all."""
    if row.dtype == np.uint16 and values.dtype == np.uint8:
        values = values.astype(np.uint16) * np.uint16(257)
    if row.ndim == 3 and values.ndim == 2:
        values = np.repeat(values[..., None], row.shape[2], axis=2)
    if row.ndim == 2 and values.ndim == 3:
        values = values[..., 0]
    if values.shape[2:] != row.shape[2:]:
        raise ValueError(f"it has {values.shape[2]} channels, and others have {row.shape[2]}")
    return pixels.resized(values, (row.shape[0], row.shape[1]))


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
            f"take {needed / 1e9:.3g} GB, and {(memory.available() or 0) / 1e9:.3g} GB of memory "
            "are available. Give a smaller image_size (--image-size 64x64) or a limit (--limit), "
            "or leave lazy=False (--no-lazy) out."
        )


@contextmanager
def _bad_ones(entry: Entry, skipped: list[str], options: ReadOptions) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged EXIF data, for example, do not affect pixels
            yield
    except (MemoryError, InvalidDataError):
        raise
    except Exception as error:  # decoders may raise anything on damaged bytes
        if not options.skip_bad:
            raise DataFormatError(
                f"Cannot read the image {entry.name!r}: {error}. Repair or remove it, or skip "
                "damaged images (skip_bad=True, or --skip-bad on the command line)."
            ) from error
        skipped.append(entry.name)


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


def in_channels(X: Given, color: bool) -> Given:
    """Convert 8-bit images to gray (n, h, w) or color (n, h, w, 3).

    Gray is ITU-R 601-2 luma, as in Pillow: ``0.299 R + 0.587 G + 0.114 B``.
    """
    if isinstance(X, LazyRows):
        same = (X.ndim == 4) == color
        return X if same else MappedRows(X, partial(_in_channels, color=color))
    return _in_channels(X, color)


def _in_channels(X: np.ndarray, color: bool) -> np.ndarray:
    if X.ndim == 3 and color:
        return np.repeat(X[..., None], 3, axis=-1)
    if X.ndim == 4 and not color:
        return np.rint(X @ np.array([0.299, 0.587, 0.114])).astype(X.dtype)
    return X
