"""Codes for other tools: TensorBoard's embedding projector and Embedding Atlas."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.atomic import atomic
from jamjae.data.numeric import FEW_CHANNELS, real_array
from jamjae.data.readers.image_writing import shades_of
from jamjae.errors import InvalidDataError, OutputError, ShapeMismatchError, brief

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import ArrayLike

SHEET = 8192  # pixels: the largest side of a sprite that the projector loads
LEAST_SIDE = 8  # pixels of a thumbnail; below that nothing is seen
SHOWN = 100_000  # rows that TensorBoard's projector loads
MISSING = "(missing)"  # the projector takes an empty cell for 0, and passes over an empty line
VECTOR, IMAGE = "vector", "image"
PIECE = 4096  # rows whose images are encoded at a time
CONFIG = """\
embeddings {{
  tensor_name: "codes"
  tensor_path: "vectors.tsv"
{rest}}}
"""
SPRITE = """\
  sprite {{
    image_path: "sprite.png"
    single_image_dim: {side}
    single_image_dim: {side}
  }}
"""


class Exported(NamedTuple):
    """What was written.

    Attributes
    ----------
    path : Path
        The file, or the folder.
    notes : tuple of str
        What was made smaller or left out.
    has_images : bool
        Whether there are images in it.
    """

    path: Path
    notes: tuple[str, ...]
    has_images: bool


def write_projector(
    folder: str | os.PathLike[str],
    codes: ArrayLike,
    *,
    columns: Mapping[str, ArrayLike] | None = None,
    images: Any = None,
    data_range: tuple[float, float] = (0.0, 255.0),
) -> Exported:
    """Write codes for TensorBoard's embedding projector.

    ``tensorboard --logdir folder`` opens the folder; the projector on its own loads
    ``vectors.tsv`` and ``metadata.tsv``.

    Parameters
    ----------
    folder : path
        It is made if there is none. ``projector_config.pbtxt`` names the other files, relative to
        the folder, and is written last.
    codes : array of shape (n, k)
        At least two components.
    columns : mapping of str to array-like of shape (n,), optional
        Labels and what else is known of the rows, for ``metadata.tsv``. A missing value is written
        as ``(missing)``: the projector takes an empty cell for 0.
    images : array or lazy rows of shape (n, h, w), (n, h, w, 1), (n, h, w, 3), (n, h, w, 4)
        For ``sprite.png``: a square thumbnail each, made smaller if more than 8192 x 8192 pixels
        were needed.
    data_range : (low, high)
        The values that become black and white.

    Returns
    -------
    Exported

    Raises
    ------
    InvalidDataError
        The codes are not an array of at least two components.
    ShapeMismatchError
        The numbers of codes, values and images differ.
    OutputError
        A file cannot be written.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> made = write_projector(mkdtemp(), [[0, 1], [2, 3]], columns={"label": ["cat", "dog"]})
    >>> sorted(path.name for path in made.path.iterdir())
    ['metadata.tsv', 'projector_config.pbtxt', 'vectors.tsv']
    """
    folder = Path(folder)
    Z, frame = _checked(codes, columns, images, f"Cannot write {str(folder)!r} for the projector")
    if Z.shape[1] < 2:
        raise InvalidDataError(
            f"Cannot write {str(folder)!r} for the projector: it shows codes of two components and "
            f"more, and {len(Z)} codes of {Z.shape[1]} were given. Use another format, or fit a "
            "model of more components."
        )
    images, notes = _drawn(images)
    with atomic(folder / "vectors.tsv") as path:
        _vectors(Z, path)
    rest = ""
    if len(frame.columns):
        with atomic(folder / "metadata.tsv") as path:
            path.write_text(_metadata(frame), encoding="utf-8", newline="\n")
        rest += '  metadata_path: "metadata.tsv"\n'
    side, made = (0, []) if images is None else _sprite_side(len(images), images.shape[1:])
    if side:
        _write_sprite(folder / "sprite.png", images, side, data_range)
        rest += SPRITE.format(side=side)
    with atomic(folder / "projector_config.pbtxt") as path:
        path.write_text(CONFIG.format(rest=rest), encoding="utf-8", newline="\n")
    few = [f"rows: TensorBoard loads the first {SHOWN:,} of {len(Z):,}"] if len(Z) > SHOWN else []
    return Exported(folder, (*notes, *made, *few), side > 0)


def write_atlas(
    path: str | os.PathLike[str],
    codes: ArrayLike,
    *,
    columns: Mapping[str, ArrayLike] | None = None,
    images: Any = None,
    data_range: tuple[float, float] = (0.0, 255.0),
) -> Exported:
    """Write codes as a Parquet file for Embedding Atlas.

    ``embedding-atlas codes.parquet --x x --y y`` shows codes of two components,
    ``embedding-atlas codes.parquet --vector vector`` a map of others, and ``--image image`` beside
    each point its image.

    Parameters
    ----------
    path : path
        Ends in ``.parquet``.
    codes : array of shape (n, k)
        Written as lists in the column ``vector``; if k is 2, as ``x`` and ``y`` too.
    columns : mapping of str to array-like of shape (n,), optional
        Further columns, such as labels.
    images : array or lazy rows of shape (n, h, w), (n, h, w, 1), (n, h, w, 3), (n, h, w, 4)
        Written as PNG files in the column ``image``.
    data_range : (low, high)
        The values that become black and white.

    Returns
    -------
    Exported

    Raises
    ------
    InvalidDataError
        The codes are no table of numbers, or two columns have the same name.
    ShapeMismatchError
        The numbers of codes, values and images differ.
    OutputError
        The file cannot be written.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> import pandas as pd
    >>> path = mkdtemp() + "/codes.parquet"
    >>> made = write_atlas(path, [[0.0, 1.0], [2.0, 3.0]], columns={"label": ["cat", "dog"]})
    >>> pd.read_parquet(made.path).columns.tolist()
    ['x', 'y', 'label', 'vector']
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    attempt = f"Cannot write {str(path)!r} for Embedding Atlas"
    if path.suffix.lower() != ".parquet":
        raise OutputError(f"{attempt}: a file name that ends in .parquet is expected.")
    Z, frame = _checked(codes, columns, images, attempt)
    images, notes = _drawn(images)
    plane = {"x": Z[:, 0], "y": Z[:, 1]} if Z.shape[1] == 2 else {}
    taken = {*plane, VECTOR} | ({IMAGE} if images is not None else set())
    if twice := taken.intersection(frame.columns):
        raise InvalidDataError(
            f"{attempt}: two columns are named {min(twice)!r}, one of which holds codes or images. "
            "Rename the other one, or leave it out."
        )
    for place, (name, values) in enumerate(plane.items()):
        frame.insert(place, name, values)
    table = _table(frame, Z, attempt)
    schema = table.schema if images is None else table.schema.append(pa.field(IMAGE, pa.binary()))
    with atomic(path) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for piece in _pieces(table, images, data_range):
            writer.write_table(piece)
    return Exported(path, tuple(notes), images is not None)


def _table(frame: pd.DataFrame, Z: np.ndarray, attempt: str) -> pa.Table:
    """Put codes as lists beside the columns of a data frame."""
    import pyarrow as pa

    try:
        columns = pa.Table.from_pandas(frame, preserve_index=False)
    except pa.ArrowException as error:
        raise InvalidDataError(
            f"{attempt}: {brief(error)}. Give columns of one type each."
        ) from error
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(Z.reshape(-1)), Z.shape[1])
    return pa.table({**dict(zip(columns.column_names, columns, strict=True)), VECTOR: vectors})


def _pieces(table: pa.Table, images: Any, span: tuple[float, float]) -> Iterator[pa.Table]:
    """Give the whole table, or parts of it with their images as PNG files."""
    import pyarrow as pa

    if images is None:
        yield table
        return
    for start in range(0, table.num_rows, PIECE):
        found = [_as_png(shades) for shades in shades_of(images[start : start + PIECE], span)]
        yield table.slice(start, PIECE).append_column(IMAGE, pa.array(found, pa.binary()))


# --- what was given -------------------------------------------------------------------------


def _checked(
    codes: ArrayLike, columns: Mapping[str, ArrayLike] | None, images: Any, attempt: str
) -> tuple[np.ndarray, pd.DataFrame]:
    """Give codes as an array and columns as a data frame, or refuse them."""
    from pandas import DataFrame

    Z = real_array(codes, attempt)
    if Z.ndim != 2:
        raise InvalidDataError(f"{attempt}: codes of shape {Z.shape} were given; expected (n, k).")
    given = {str(name): values for name, values in (columns or {}).items()}
    sizes = {name: len(values) for name, values in given.items()}  # type: ignore[arg-type]
    sizes |= {} if images is None else {"images": len(images)}
    for name, size in sizes.items():
        if size != len(Z):
            raise ShapeMismatchError(f"{attempt}: {len(Z)} codes and {size} {name} were given.")
    return Z, DataFrame(given, index=range(len(Z)))


def _vectors(Z: np.ndarray, path: Path) -> None:
    """Write codes, floats in as few digits as are exact."""
    from pandas import DataFrame

    DataFrame(Z).to_csv(path, sep="\t", header=False, index=False, lineterminator="\n")


def _metadata(frame: pd.DataFrame) -> str:
    """Give a line per row, below a header only if there are several columns."""
    cells = [
        [MISSING if absent else _cell(value) for value, absent in zip(column, missing, strict=True)]
        for column, missing in ((frame[name], frame[name].isna()) for name in frame.columns)
    ]
    head = [[_cell(name) for name in frame.columns]] if len(cells) > 1 else []
    return "".join("\t".join(row) + "\n" for row in [*head, *zip(*cells, strict=True)])


def _cell(value: object) -> str:
    """Give a value on one line, without tabs."""
    return " ".join(str(value).split()) or MISSING


# --- images ---------------------------------------------------------------------------------


def _drawn(images: Any) -> tuple[Any, list[str]]:
    """Give images that can be drawn, else None and a note."""
    if images is None or len(images.shape) == 3:
        return images, []
    if len(images.shape) == 4 and images.shape[3] in FEW_CHANNELS:
        return images, []
    return None, [f"images: left out; rows of shape {images.shape[1:]} cannot be drawn"]


def _sprite_side(n: int, shape: tuple[int, ...]) -> tuple[int, list[str]]:
    """Choose the side of thumbnails, 0 if they are left out, and a note if it is not theirs."""
    largest = max(shape[:2])
    side = min(largest, SHEET // _across(n))
    if side == largest:
        return side, []
    limit = f"the projector loads at most {SHEET} x {SHEET} pixels"
    if side < LEAST_SIDE:
        return 0, [f"images: {n:,} left out; {limit}"]
    was = " x ".join(map(str, shape[:2]))
    return side, [f"images: made smaller, from {was} pixels to {side} x {side}; {limit}"]


def _across(n: int) -> int:
    """Give the thumbnails in a row of a sprite: as many as in a column, as the projector counts."""
    return math.isqrt(n - 1) + 1


def _write_sprite(path: Path, images: Any, side: int, span: tuple[float, float]) -> None:
    """Write thumbnails row by row into a square image, transparent beside them."""
    from PIL import Image

    across = _across(len(images))
    sheet = Image.new("RGBA", (side * across, side * across))
    for start in range(0, len(images), PIECE):
        for place, shades in enumerate(shades_of(images[start : start + PIECE], span), start):
            image = Image.fromarray(shades).convert("RGBA")
            if max(image.size) > side:
                image.thumbnail((side, side))
            left, top = ((side - length) // 2 for length in image.size)
            sheet.paste(image, (place % across * side + left, place // across * side + top))
    with atomic(path) as temporary:
        sheet.save(temporary)


def _as_png(shades: np.ndarray) -> bytes:
    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(shades).save(written, "PNG")
    return written.getvalue()
