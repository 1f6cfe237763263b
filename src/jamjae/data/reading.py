"""The one door for a user's data: a file or a folder becomes a `Dataset`.

The formats themselves are read by `jamjae.data.readers`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data.dataset import Dataset
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers import arrays, images, tables
from jamjae.data.readers.text import STANDARD_INPUT
from jamjae.errors import DataFormatError, DataNotFoundError, InvalidDataError

__all__ = ["Dataset", "ReadOptions", "read"]

READERS = (tables, images, arrays)
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
    path, chosen = Path(path), ReadOptions(**options)
    if not path.exists() and path != STANDARD_INPUT:
        raise DataNotFoundError(
            f"Cannot read {str(path)!r}: there is no such file or folder. Check the path, or use "
            "the name of a data set (listed by jamjae datasets)."
        )
    reader = next((reader for reader in READERS if reader.can_read(path)), None)
    if reader is None:
        raise _unsupported(path)
    try:
        found = reader.read(path, chosen)
    except PermissionError as error:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: {error.strerror}. Ask its owner for read permission."
        ) from error
    return limited(found, chosen)


def limited(found: Dataset, options: ReadOptions) -> Dataset:
    """Keep at most `options.limit` rows, and note which."""
    n, limit = len(found.X), options.limit
    if limit is None or n <= limit:
        return found
    if limit < 1:
        raise InvalidDataError(
            f"Cannot keep limit={limit} rows: an integer of at least 1 is expected."
        )
    if options.limit_first:
        return found.take(slice(limit)).noted(f"limit: the first {limit:,} of {n:,} rows")
    chosen = np.random.default_rng(options.random_state).choice(n, limit, replace=False)
    seed = "" if options.random_state is None else f" (seed {options.random_state})"
    return found.take(np.sort(chosen)).noted(f"limit: {limit:,} of {n:,} rows, at random{seed}")


def _unsupported(path: Path) -> DataFormatError:
    kind = f"with the suffix {path.suffix}" if path.suffix else "without a suffix"
    return DataFormatError(
        f"Cannot read {str(path)!r}: files {kind} are not supported. Expected {KINDS}."
    )
