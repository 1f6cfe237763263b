"""Files of compressed rows: written whole and read back, and what can be read of them."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.atomic import atomic
from jamjae.errors import DataFormatError, DataNotFoundError, OutputError
from jamjae.latent.codec import bounded
from jamjae.latent.codec.archive import About, Damaged, Sizes
from jamjae.latent.codec.reader import Reader, opened
from jamjae.models.compression import compressed
from jamjae.models.compression.file_contents import Contents, Part

if TYPE_CHECKING:
    from jamjae.models.compression.codec import Codec

Report = Callable[[str, float], object]
Decode = Callable[..., Any]  # of a block, and what is called with the rows that are done


class Saved(NamedTuple):
    """How many rows were written, in how many bytes, and how exactly.

    Attributes
    ----------
    n : int
    sizes : Sizes
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
        Is called with what is done and to how many rows, after each block.

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

    write = partial(
        compressed.write, codec=codec, X=X, about=about, embed=model is None, path=refer
    )
    return _saved(path, write, partial(_numbers_of, codec), codec.checked(X), report)


def save_bounded(
    path: str | os.PathLike[str],
    coder: bounded.Coder,
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
    write = partial(
        bounded.write,
        coder=coder,
        rows=X,
        about=about,
        max_error=max_error,
        feature_names=feature_names,
    )
    return _saved(path, write, bounded.decoder_of, X, report)


def _saved(
    path: str | os.PathLike[str],
    write: Callable[..., Sizes],
    decoder: Callable[[Reader], Decode],
    rows: Any,
    report: Report,
) -> Saved:
    """Write a file whole or not at all, and measure what it decodes to."""
    with atomic(path) as temporary:
        with temporary.open("wb") as stream:
            sizes = write(stream, report=partial(report, "compressing"))
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
    return lambda block, _: numbers.decompress_rows(block.payload, block.n)


def _errors(
    reader: Reader, decode: Decode, rows: Any, report: Callable[[float], object]
) -> tuple[float, float]:
    """Decode a file that was just written: the mean squared and the largest error."""
    total, largest = 0.0, 0.0
    for block in reader.blocks():
        if isinstance(block, Damaged):
            raise OutputError(f"Cannot keep what was compressed: {block.why} Write it again.")
        made, part = decode(block, report), slice(block.first, block.first + block.n)
        rest = np.subtract(made, np.reshape(rows[part], made.shape), dtype=np.float64)
        largest = max(largest, float(np.abs(rest).max(initial=0.0)))
        total += float(np.sum(np.square(rest, out=rest)))
        report(part.stop)
    return total / (len(reader) * max(reader.header.row_values, 1)), largest


# --- reading ----------------------------------------------------------------------------------


def decompress(data: bytes, rows: Any = None) -> Any:
    """Decode bytes that hold what decodes them.

    Parameters
    ----------
    data : bytes
        Of ``jamjae.compress``, ``Codec.compress(X, embed=True)`` or a ``.jjz`` file.
    rows : slice or sequence of int, optional
        As of `Codec.decompress`.

    Returns
    -------
    array of shape (n, ...), or data frame
        In the type of the rows that were compressed.

    Raises
    ------
    DataFormatError
        As of `Codec.decompress`, or the bytes name a codec that is not in them.
    InvalidDataError
        There are no such rows.
    """
    reader = Reader(data)
    if not reader.header.codec_bytes:
        raise DataFormatError(
            "Cannot decompress: the bytes name a codec and do not hold it. Use codec.decompress of "
            "that codec, or compress with embed=True."
        )
    return compressed.decoded(reader, decoder_of(reader, Path()).rows_of, rows)


class Decoder(NamedTuple):
    """What makes rows of the blocks of a file.

    Attributes
    ----------
    rows_of : callable
        Gives the rows of a `Block`: an array, or a data frame. Its second argument is called with
        the number of rows of the file that are done.
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
    decoder: Decoder,
    reader: Reader,
    found: Contents,
    report: Callable[[float], object] = lambda _: None,
) -> Iterator[tuple[Part, Any, np.ndarray | None]]:
    """Decode block by block: a part of the contents, its rows and its labels.

    `report` is called with the number of rows of `found` that are done, and parts of large ones.
    """
    done = 0
    for part in found.parts:
        block = reader.block(part.block)
        made = decoder.rows_of(block, partial(_report_of, report, done - part.first))
        rows = made.iloc[part.rows] if hasattr(made, "iloc") else made[part.rows]
        done += len(part)
        report(done)
        yield part, rows, None if block.labels is None else block.labels[part.rows]


def _report_of(report: Callable[[float], object], before: int, done: float) -> None:
    report(max(before + done, 0.0))


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
    from jamjae.models.compression.codec import Codec

    header = reader.header
    if given is None and header.codec_bytes:
        found = Codec.from_content(reader.codec())
    else:
        found = _referred(folder / header.path) if given is None else given
        what = "the codec that was given" if given is not None else f"{header.path!r}"
        reader.require(found.sha256(), what)
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
    from jamjae.models.compression.codec import Codec
    from jamjae.models.persistence import load_model

    found = load_model(place)
    if not isinstance(found, Codec):
        raise DataFormatError(
            f"Cannot decode the rows with {str(place)!r}: it holds a {type(found).__name__}, and a "
            "Codec is expected."
        )
    return found
