"""The one door for a user's data: a file or a folder becomes a `Dataset`.

The formats themselves are read by `jamjae.data.readers`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from jamjae.data.dataset import Dataset, sample_rows
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import arrays, images, tables
from jamjae.data.readers.opening import STANDARD_INPUT
from jamjae.data.shaping import shaped
from jamjae.errors import DataFormatError, DataNotFoundError, InvalidDataError, did_you_mean

__all__ = ["Dataset", "ReadOptions", "read"]

READERS = (tables, images, arrays)
ALL_USE = ("limit", "limit_first", "random_state", "shape", "channels")
SEVERAL = {"columns", "drop", "na"}  # options of several names
OPTION_NAMES = {"separator": "sep"}
KINDS = (
    ".npy, .npz, .csv, .tsv, .txt (.gz, .zip, .zst too), .parquet, .feather, .xlsx, .jsonl, IDX, "
    "an image "
    f"({', '.join(sorted(images.SUFFIXES))}), or a folder of images"
)


def read(path: str | os.PathLike[str], **options: Any) -> Dataset:
    """Read data by the type of a file or folder, and note what was read.

    Parameters
    ----------
    path : path
        - A table: ``.csv``, ``.tsv``, ``.txt`` (also ``.gz``, ``.bz2``, ``.xz``, ``.zst`` or
          ``.zip``), ``.parquet`` or a folder of these, ``.feather``, ``.xlsx``, ``.jsonl``,
          ``.json``, or ``"-"`` for text from standard input. Encoding, separator, decimal mark and
          header are found out.
        - Arrays: ``.npy`` (memory-mapped), ``.npz``, ``.safetensors``, ``.mat``, ``.h5``,
          ``.h5ad``, IDX (also ``.gz``; the label file beside the image file is read as well).
          Matrices of ``scipy.sparse.save_npz`` are made dense.
        - An image, or a folder or ``.zip`` of images whose subfolders are classes; folders called
          train and test are subsets. See `jamjae.data.readers.images.stack`.
    label : str
        Column, or array, of the classes or of a number. By default a column named label, target,
        species or the like; ``""`` for none.
    index : str
        Column that names the rows. By default one without a name, or one such as ``Id`` that
        counts up; ``""`` for none.
    columns, drop : tuple of str
        Columns to take as features, or to leave out. A column of lists is taken if it is named.
    na : tuple of str
        Further texts that mean a missing value.
    encoding, separator, decimal, thousands : str
    header : bool
        Whether the first line names the columns.
    key : str
        Array of a file of several, or sheet of a workbook.
    shape : tuple of int
        Shape of each row, to make images of flat rows.
    channels : {"first", "last"}
        Where the channels of images stand; by default found out from the shape.
    image_size : (height, width)
        The size to which images are resized; by default the median of their sizes.
    frames : {"rows", "first"}, default="rows"
        Whether all pages and frames of an image are rows, or only the first is.
    background : str, default="white"
        Color behind transparent pixels: a name, or ``#rrggbb``.
    label_file : path
        Table with the names of image files in one column and labels in another.
    skip_bad : bool, default=False
        Skip images that cannot be read, and list them in ``skipped``.
    lazy : {"auto", True, False}, default="auto"
        Whether the rows of Parquet and images stay in their files and are read piece by piece by
        `fit`, `transform` and the like: ``"auto"`` if they take more than a quarter of the memory
        available, for images half of it. All features of such a table are numbers; its label and
        index are read whole.
    subset : str
        ``"train"`` (the default where there are subsets), ``"test"``, ``"valid"`` or ``"all"``.
    limit : int
        Maximum number of rows, chosen at random by `random_state` (default 0), or the first with
        ``limit_first=True``.

    Returns
    -------
    Dataset
        ``X`` is an array, or a data frame if some columns are no numbers; ``notes`` says what was
        read, converted, guessed and left out.

    Raises
    ------
    DataNotFoundError
        The path does not exist, or the folder holds no image.
    DataFormatError
        A file is damaged, ambiguous or of an unsupported type; the message names the line, column
        and cell.
    InvalidDataError
        An option has no effect on this kind of data, or is not valid.

    Examples
    --------
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from jamjae.data.writing import write_rows
    >>> path = write_rows(Path(mkdtemp()) / "rows.csv", np.eye(3), feature_names=["a", "b", "c"])
    >>> read(path).feature_names
    ('a', 'b', 'c')
    """
    return read_with(path, _options(options))


def read_with(
    path: str | os.PathLike[str], options: ReadOptions, names: Sequence[str] = ()
) -> Dataset:
    """Read data as `read` does, with all options as one value.

    Columns of a table that are called `names`, those a model was fitted to, are found wherever they
    stand, and are the features if there are all of them.
    """
    path = Path(path)
    reader = _reader(path, options)
    with _permitted(path):
        known = (names,) if reader is tables else ()
        found = reader.read(path, options, *known)
    return finished(found, options)


def finished(found: Dataset, options: ReadOptions) -> Dataset:
    """Give rows the shape that was asked for, and keep as many as were."""
    return limited(shaped(found, options), options)


def opened_table(
    path: Path, options: ReadOptions, names: Sequence[str] = ()
) -> tables.Opened | Dataset | None:
    """Read a table as it stands in its file, with the columns `names` as features.

    Rows that stay in their files are a `Dataset`; None for what is no table. Errors as `read`.
    """
    if _reader(path, options) is not tables:
        return None
    with _permitted(path):
        left = tables.left_in_files(path, options, names)
        return tables.opened(path, options, names) if left is None else left


def require_there(path: Path) -> None:
    """Refuse a file or folder that is not there.

    Raises
    ------
    DataNotFoundError
    """
    if not path.exists() and path != STANDARD_INPUT:
        raise DataNotFoundError(
            f"Cannot read {str(path)!r}: there is no such file or folder. Check the path, or name "
            "a data set that jamjae datasets lists (in Python: jamjae.data.catalog.load)."
        )


def _reader(path: Path, options: ReadOptions) -> Any:
    """Find the reader of a file, and refuse options that it does not use."""
    require_there(path)
    reader = next((reader for reader in READERS if reader.can_read(path)), None)
    if reader is None:
        raise _unsupported(path)
    _require_use(path, reader, options)
    if options.lazy not in ("auto", True, False):
        raise InvalidDataError(
            f"Cannot read {str(path)!r} with lazy={options.lazy!r}: 'auto', True or False is "
            "expected."
        )
    return reader


@contextmanager
def _permitted(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: {error.strerror}. Ask its owner for read permission."
        ) from error


def _options(given: dict[str, Any]) -> ReadOptions:
    """Check the names of options, and take one name, or a list, for a tuple of names."""
    names = [field.name for field in fields(ReadOptions)]
    for name in given:
        if name not in names:
            hint = did_you_mean(name, names)
            raise InvalidDataError(
                f"read received the option {name!r}, which it does not have.{hint} Expected some "
                f"of {', '.join(names)}."
            )
    made = dict(given)
    for name in SEVERAL & given.keys():
        value = given[name]
        made[name] = (value,) if isinstance(value, str) else tuple(map(str, value))
    return ReadOptions(**made)


def limited(found: Dataset, options: ReadOptions) -> Dataset:
    """Keep at most `options.limit` rows, and note which."""
    n, limit = len(found.X), options.limit
    if limit is None or n <= limit:
        return found
    if limit < 1:
        raise InvalidDataError(
            f"Cannot keep limit={limit} rows: an integer of at least 1 is expected."
        )
    chosen, note = sample_rows(n, options)
    return found.take(chosen).noted(note)


def subsets(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Give the names of the subsets of a folder of images; empty if it is not divided."""
    return images.subsets(Path(path)) if Path(path).is_dir() else ()


def _require_use(path: Path, reader: Any, options: ReadOptions) -> None:
    """Refuse options that would have no effect."""
    others = [field.name for field in fields(options) if field.name not in (*reader.USES, *ALL_USE)]
    if unused := options.given(*others):
        option = OPTION_NAMES.get(unused[0], unused[0].replace("_", "-"))
        raise InvalidDataError(
            f"Cannot read {str(path)!r} with {unused[0]}={getattr(options, unused[0])!r}: it has "
            f"no effect on {reader.KIND}. Leave it (on the command line --{option}) out."
        )


def _unsupported(path: Path) -> DataFormatError:
    kind = f"with the suffix {path.suffix}" if path.suffix else "without a suffix"
    return DataFormatError(
        f"Cannot read {str(path)!r}: files {kind} are not supported. Expected {KINDS}."
    )
