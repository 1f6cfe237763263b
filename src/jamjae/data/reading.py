"""The one door for a user's data: a file or a folder becomes a `Dataset`.

The formats themselves are read by `jamjae.data.readers`.
"""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from jamjae.data.dataset import Dataset, sample_rows
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import arrays, images, tables
from jamjae.data.readers.text import STANDARD_INPUT
from jamjae.data.shaping import shaped
from jamjae.errors import DataFormatError, DataNotFoundError, InvalidDataError

__all__ = ["Dataset", "ReadOptions", "read"]

READERS = (tables, images, arrays)
ALL_USE = ("limit", "limit_first", "random_state", "shape", "channels")
OPTION_NAMES = {"separator": "sep"}
KINDS = (
    ".npy, .npz, .csv, .tsv, .txt (.gz, .zip, .zst too), .parquet, .feather, .xlsx, .jsonl, IDX, "
    "an image "
    f"({', '.join(sorted(images.SUFFIXES))}), or a folder of images"
)


def read(path: str | os.PathLike[str], **options: Any) -> Dataset:
    """Read data by the type of a file or folder.

    Parameters
    ----------
    path : path
        - ``.npy``: memory-mapped;
        - ``.npz``: its only array, or the one named X, x, data, rows, images, x_train, Z or codes;
          y, labels, label, target or y_train hold the classes;
        - ``.csv``, ``.tsv``, ``.parquet``: numeric columns, an empty cell is NaN; a first column
          with the heading ``name``, or with none, holds the names of the rows;
        - IDX, also ``.gz``: the label file beside the image file is read as well;
        - an image, or a folder of images whose subfolders are classes: uint8, gray (n, h, w) or
          color (n, h, w, 3), see `jamjae.data.readers.images.stack`.
    **options
        The fields of `jamjae.data.read_options.ReadOptions`:

        - image_size : (height, width), optional. The size to which images are resized; by default
          the median of their heights and widths. Arrays and tables keep their shape.
        - skip_bad : bool. Skip images that cannot be read, and list them in ``skipped``.
        - label : str, optional. The column of a table, or the array of an ``.npz``, that holds the
          class of each row.
        - limit : int, optional. Maximum number of rows, chosen at random by ``random_state``, or
          the first with ``limit_first=True``.

    Raises
    ------
    DataNotFoundError
        The path does not exist, or the folder holds no image.
    DataFormatError
        A file is damaged, ambiguous or of an unsupported type.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from jamjae.data.writing import write_rows
    >>> path = write_rows(Path(mkdtemp()) / "rows.csv", np.eye(3), feature_names=["a", "b", "c"])
    >>> read(path).feature_names
    ('a', 'b', 'c')
    """
    return read_with(path, ReadOptions(**options))


def read_with(path: str | os.PathLike[str], options: ReadOptions) -> Dataset:
    """Read data as `read` does, with all options as one value."""
    path = Path(path)
    if not path.exists() and path != STANDARD_INPUT:
        raise DataNotFoundError(
            f"Cannot read {str(path)!r}: there is no such file or folder. Check the path, or use "
            "the name of a data set (listed by jamjae datasets)."
        )
    reader = next((reader for reader in READERS if reader.can_read(path)), None)
    if reader is None:
        raise _unsupported(path)
    _require_use(path, reader, options)
    try:
        found = reader.read(path, options)
    except PermissionError as error:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: {error.strerror}. Ask its owner for read permission."
        ) from error
    return limited(shaped(found, options), options)


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
