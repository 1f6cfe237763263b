"""Files of compressed rows: written whole and read back, and what can be read of them."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from jamjae.data.atomic import atomic
from jamjae.errors import DataFormatError, DataNotFoundError, InvalidDataError, OutputError
from jamjae.latent.codec import bounded
from jamjae.latent.codec.archive import Block, Damaged, Sizes
from jamjae.latent.codec.reader import Reader, opened
from jamjae.models import compressed
from jamjae.models.compressed import About

if TYPE_CHECKING:
    from jamjae.latent.codec.grid import Grid
    from jamjae.latent.codec.residuals import Residuals
    from jamjae.models.codec import Codec

Report = Callable[[str, int], object]
Decode = Callable[[Block], Any]


class Saved(NamedTuple):
    """What became of rows.

    Attributes
    ----------
    n : int
        Number of rows.
    sizes : Sizes
        Bytes of the file, by what they are for.
    mse : float
        Mean squared error of a value of what was decoded from the file, in the units of the data;
        of a table that the codec encodes, of its numbers (in standard deviations).
    largest_error : float
        By which a value is off, at most.
    """

    n: int
    sizes: Sizes
    mse: float
    largest_error: float


def save(
    path: str | os.PathLike[str],
    codec: Codec,
    X: Any,
    about: About,
    *,
    model: Path | None = None,
    report: Report = lambda _, __: None,
) -> Saved:
    """Compress rows into a file, block by block, and decode it before it gets its name.

    Parameters
    ----------
    path : path
        Usually ends in ``.jjz``.
    codec : Codec
    X : array-like of rows, data frame or rows in files
    about : About
        Names and labels.
    model : path, optional
        The file of the codec, to which the file then refers, relative to its own folder; by
        default it holds what decoding needs.
    report : callable
        Is given what is done and to how many rows after each block.

    Returns
    -------
    Saved

    Raises
    ------
    InvalidDataError
        As `Codec.compress`.
    OutputError
        The file cannot be written, or what was written cannot be read back.
    """
    refer = "" if model is None else _relative(model, Path(path).parent)

    def write(stream: BinaryIO, told: Callable[[int], object]) -> Sizes:
        embed = model is None
        return compressed.write(stream, codec, X, about, embed=embed, path=refer, report=told)

    return _saved(path, write, partial(_numbers_of, codec), codec.checked(X), report)


def save_bounded(
    path: str | os.PathLike[str],
    coder: Residuals | Grid,
    X: Any,
    about: About,
    *,
    max_error: int = 0,
    feature_names: Sequence[str] = (),
    report: Report = lambda _, __: None,
) -> Saved:
    """Write rows without loss, or with no value off by more than a bound, as `save` does.

    Parameters
    ----------
    path, about, report
        As of `save`.
    coder, X, max_error, feature_names
        As of `jamjae.latent.codec.bounded.write`.
    """

    def write(stream: BinaryIO, told: Callable[[int], object]) -> Sizes:
        return bounded.write(
            stream,
            coder,
            X,
            max_error=max_error,
            feature_names=feature_names,
            names=about.names,
            labels=about.labels,
            class_names=about.class_names,
            report=told,
        )

    return _saved(path, write, bounded.decoder_of, X, report)


def _saved(
    path: str | os.PathLike[str],
    write: Callable[[BinaryIO, Callable[[int], object]], Sizes],
    decoder: Callable[[Reader], Decode],
    rows: Any,
    report: Report,
) -> Saved:
    """Write a file whole or not at all, and measure what it decodes to."""
    with atomic(path) as temporary:
        with temporary.open("wb") as stream:
            sizes = write(stream, partial(report, "compressing"))
        with opened(temporary) as reader:
            mse, largest = _errors(reader, decoder(reader), rows, partial(report, "checking"))
            return Saved(len(reader), sizes, mse, largest)


def _relative(model: Path, folder: Path) -> str:
    """Name a file from a folder; by its whole path where it is on another drive."""
    place = model.resolve()
    with suppress(ValueError):
        return Path(os.path.relpath(place, folder.resolve())).as_posix()
    return place.as_posix()


def _numbers_of(codec: Codec, reader: Reader) -> Decode:
    """Give what makes of blocks the numbers that the codec was given, of a table encoded ones."""
    numbers = copy.copy(codec)
    numbers.table_encoder_ = None
    if codec.table_encoder_ is None:
        return partial(compressed.rows_of, numbers, reader)
    return lambda block: numbers.decompress_rows(block.payload, block.n)


def _errors(
    reader: Reader, decode: Decode, rows: Any, report: Callable[[int], object]
) -> tuple[float, float]:
    """Decode a file that was just written: the mean squared and the largest error."""
    total, largest = 0.0, 0.0
    for block in reader.blocks():
        if isinstance(block, Damaged):
            raise OutputError(f"Cannot keep what was compressed: {block.why} Write it again.")
        made, part = decode(block), slice(block.first, block.first + block.n)
        rest = np.subtract(made, np.reshape(rows[part], made.shape), dtype=np.float64)
        largest = max(largest, float(np.abs(rest).max(initial=0.0)))
        total += float(np.sum(np.square(rest, out=rest)))
        report(part.stop)
    return total / (len(reader) * max(reader.header.row_values, 1)), largest


# --- reading ----------------------------------------------------------------------------------


class Part(NamedTuple):
    """The wanted rows of a block.

    Attributes
    ----------
    block : int
        Its number.
    first : int
        The number of the first of these rows in the file.
    rows : slice
        Their places in the block.
    names : tuple of str
        Empty if they have none.
    labelled : bool
    payload : float
        Bytes of the codes of these rows, as their share of the block's.
    """

    block: int
    first: int
    rows: slice
    names: tuple[str, ...]
    labelled: bool
    payload: float

    def __len__(self) -> int:
        return self.rows.stop - self.rows.start


@dataclass(frozen=True)
class Contents:
    """What can be read of the wanted rows of a file.

    Attributes
    ----------
    parts : tuple of Part
    damaged : tuple of str
        A sentence for each block that cannot be read, and for a damaged index.
    """

    parts: tuple[Part, ...]
    damaged: tuple[str, ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def labelled(self) -> bool:
        """Whether rows have labels."""
        return any(part.labelled for part in self.parts)

    @property
    def named(self) -> bool:
        """Whether rows have names."""
        return any(part.names for part in self.parts)

    def names(self) -> list[str]:
        """Give the names of all rows: their numbers where they have none."""
        return [
            name for part in self.parts for name in part.names or _numbered(part.first, len(part))
        ]


def contents(reader: Reader, wanted: slice = slice(None)) -> Contents:
    """Read the blocks of some rows, with their checksums, and note which are damaged.

    Parameters
    ----------
    reader : Reader
    wanted : slice of step 1

    Raises
    ------
    InvalidDataError
        The file has no such rows.
    """
    begin, end, _ = wanted.indices(len(reader))
    if begin >= end and (len(reader) or not reader.notes):
        raise InvalidDataError(
            f"Cannot decode the rows {_spelled(wanted)}: A:B are the rows from A to below B, and "
            f"the file has the rows 0:{len(reader)}."
        )
    parts, damaged = [], list(reader.notes)
    numbers = range(reader.block_of(begin), reader.block_of(end - 1) + 1) if begin < end else ()
    for number in numbers:
        try:
            block = reader.block(number)
        except DataFormatError as error:
            damaged.append(str(error))
            continue
        rows = slice(max(begin - block.first, 0), min(end - block.first, block.n))
        names, labelled = block.names[rows], block.labels is not None
        share = len(block.payload) * (rows.stop - rows.start) / block.n
        parts.append(Part(number, block.first + rows.start, rows, names, labelled, share))
    return Contents(tuple(parts), tuple(damaged))


class Decoder(NamedTuple):
    """What makes rows of the blocks of a file.

    Attributes
    ----------
    rows_of : callable
        Gives the rows of a `Block`: an array, or a data frame.
    feature_names : tuple of str
        Columns of an array; empty if they have no names.
    label_name : str
        The column of the labels; empty if it is not known.
    n_columns : int or None
        Columns of a data frame, which are fewer than the numbers that encode it.
    """

    rows_of: Decode
    feature_names: tuple[str, ...] = ()
    label_name: str = ""
    n_columns: int | None = None


def decoded(
    decoder: Decoder, reader: Reader, found: Contents
) -> Iterator[tuple[Part, Any, np.ndarray | None]]:
    """Decode block by block: a part of the contents, its rows and its labels."""
    for part in found.parts:
        block = reader.block(part.block)
        made = decoder.rows_of(block)
        rows = made.iloc[part.rows] if hasattr(made, "iloc") else made[part.rows]
        yield part, rows, _labels(block, part.rows)


def decoder_of(reader: Reader, folder: Path, given: Codec | None = None) -> Decoder:
    """Give what decodes a file; parameters and errors as of `codec_of`."""
    if bounded.settings_of(reader.header) is not None:
        return Decoder(bounded.decoder_of(reader), reader.header.feature_names)
    codec = codec_of(reader, folder, given)
    names = tuple(map(str, getattr(codec, "feature_names_in_", ())))
    label = getattr(codec, "label_name_", "")
    encoder = codec.table_encoder_
    columns = None if encoder is None else encoder.n_features_in_
    return Decoder(partial(compressed.rows_of, codec, reader), names, label, columns)


def codec_of(reader: Reader, folder: Path, given: Codec | None = None) -> Codec:
    """Give the codec of a file: one that is given, the one in it, or the one it refers to.

    Parameters
    ----------
    reader : Reader
    folder : path
        The file's, from which it names the codec.
    given : Codec, optional

    Raises
    ------
    DataNotFoundError
        There is no file where the codec should be.
    DataFormatError
        It is not the one by which the rows were compressed, or damaged.
    """
    from jamjae.models.codec import Codec

    header = reader.header
    if given is None and header.codec_bytes:
        found = Codec.from_content(reader.codec())
    else:
        found = _referred(folder / header.path) if given is None else given
        what = "the codec that was given" if given is not None else f"{header.path!r}"
        reader.require(found.content(), what)
    if header.row_shape != found.row_shape_:
        raise DataFormatError(
            f"Cannot decode rows of shape {header.row_shape}: those of the codec have the shape "
            f"{found.row_shape_}. Name the codec by which they were compressed."
        )
    return found


def _referred(place: Path) -> Codec:
    if not place.is_file():
        raise DataNotFoundError(
            f"Cannot decode the rows: their codec is expected at {str(place)!r}, and there is no "
            "such file. Name the codec's file (--model)."
        )
    from jamjae.models.codec import Codec
    from jamjae.models.persistence import load_model

    found = load_model(place)
    if not isinstance(found, Codec):
        raise DataFormatError(
            f"Cannot decode the rows with {str(place)!r}: it holds a {type(found).__name__}, and a "
            "Codec is expected."
        )
    return found


def _labels(block: Block, rows: slice) -> np.ndarray | None:
    return None if block.labels is None else block.labels[rows]


def _numbered(first: int, n: int) -> Sequence[str]:
    return [f"{i:05d}" for i in range(first, first + n)]


def _spelled(wanted: slice) -> str:
    ends = ("" if end is None else str(end) for end in (wanted.start, wanted.stop))
    return ":".join(ends)
