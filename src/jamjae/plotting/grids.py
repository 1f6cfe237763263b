"""Grids of images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from jamjae.data.numeric import real_array
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.plotting.style import as_list, check_labels, drawn_in_style, new_figure, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from numpy.typing import ArrayLike, NDArray

    Range: TypeAlias = float | tuple[float, float]

CELL = 112  # pixels: the approximate side to which images of a grid are magnified


def image_grid(
    rows: Sequence[ArrayLike],
    *,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    data_range: Range | None = None,
    title: str | None = None,
) -> Figure:
    """Draw rows of images one above the other, such as originals and reconstructions.

    Parameters
    ----------
    rows : sequence of arrays of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3)
        One array per row, all of the same n; gray or RGB. Sizes may differ between rows, as when
        codes are shown as images between the originals and the reconstructions.
    row_labels : sequence of str, optional
        Labels at the left. Two spaces begin a second line: ``"jamjae  MSE .0055"``.
    column_labels : sequence of str, optional
        Labels above the first row.
    data_range : float or (low, high), optional
        Values drawn as black and white; a number stands for ``(0, number)``. Values outside are
        clipped. By default uint8 uses (0, 255); a row of another type uses the range of the first
        row, so that originals and reconstructions can be compared: its extremes, or (0, 1) if it
        lies within. A row whose images differ in size from the first row's uses its own extremes.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        One Axes per image, row by row. Pixels are sharp when saved at the figure's own resolution.

    Raises
    ------
    ShapeMismatchError
        The rows do not hold the same number of images, or the number of labels is wrong.
    InvalidDataError
        There is no row, or a row is not an array of images.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((5, 8, 8))
    >>> figure = image_grid([X, X / 2], row_labels=["original", "half"])
    >>> len(figure.axes)
    10
    """
    stacks = _stacks(rows)
    check_rows(stacks, row_labels, "image_grid")
    count = len(stacks[0])
    check_labels(column_labels, count, "column_labels", "images in a row")
    ranges = _ranges(stacks, data_range)
    with drawn_in_style():
        figure = new_figure((1.0, 1.0))
        texts = _Texts(
            [
                figure.text(
                    0, 0, _two_lines(plain(label)), ha="right", va="center", linespacing=1.3
                )
                for label in as_list(row_labels)
            ],
            [figure.text(0, 0, plain(label), ha="center") for label in as_list(column_labels)],
            figure.text(0, 0, plain(title), va="top", size=10) if title else None,
        )
        panels = [
            [_panel(figure, image, limits) for image in row]
            for row, limits in zip(stacks, ranges, strict=True)
        ]
        _lay_out(figure, panels, [_cell(row) for row in stacks], texts)
    return figure


def image_blocks(
    rows: Sequence[ArrayLike],
    *,
    row_labels: Sequence[str],
    per_line: int = 10,
    data_range: Range | None = None,
    title: str | None = None,
) -> Figure:
    """Draw rows of many images, wrapped into lines as text is: see `image_grid`.

    Parameters
    ----------
    rows : sequence of arrays of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3)
    row_labels : sequence of str
        Labels of the rows, repeated beside each line.
    per_line : int, default=10
        Images per line. A shorter last line is filled with white.
    data_range, title
        As in `image_grid`.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((12, 8, 8))
    >>> len(image_blocks([X, X], row_labels=["original", "copy"], per_line=6).axes)
    24
    """
    stacks = _stacks(rows)
    check_rows(stacks, row_labels, "image_grid")
    ranges = _ranges(stacks, data_range)
    lines: list[NDArray[Any]] = []
    for start in range(0, len(stacks[0]), per_line):
        for images, (low, high) in zip(stacks, ranges, strict=True):
            some = (images[start : start + per_line].astype(np.float64) - low) / (high - low or 1.0)
            missing = per_line - len(some) if start else 0
            lines.append(
                np.pad(
                    some,
                    [(0, missing)] + [(0, 0)] * (some.ndim - 1),
                    mode="constant",
                    constant_values=1.0,
                )
            )
    labels = [*row_labels] * (len(lines) // len(stacks))
    return image_grid(lines, row_labels=labels, data_range=(0.0, 1.0), title=title)


def code_images(Z: ArrayLike) -> NDArray[Any]:
    """Reshape codes to images, as nearly square as possible: (n, k) to (n, h, w), h·w = k.

    Examples
    --------
    >>> import numpy as np
    >>> code_images(np.zeros((5, 100))).shape, code_images(np.zeros((5, 128))).shape
    ((5, 10, 10), (5, 8, 16))
    """
    codes = real_array(Z, "code_images cannot use Z")
    if codes.ndim != 2:
        raise InvalidDataError(
            f"code_images received codes of shape {codes.shape}; expected (n, k)."
        )
    k = codes.shape[1]
    height = next(side for side in range(math.isqrt(k), 0, -1) if k % side == 0)
    return codes.reshape(len(codes), height, k // height)


def _stacks(rows: Sequence[ArrayLike]) -> list[NDArray[Any]]:
    return [
        check_images(row, "image_grid", f"rows[{number}]", f"in row {number} ")
        for number, row in enumerate(rows)
    ]


def check_images(row: ArrayLike, operation: str, name: str, where: str = "") -> NDArray[Any]:
    """Give gray or RGB images as an array (n, h, w) or (n, h, w, 3), or refuse them."""
    images = real_array(row, f"{operation} cannot draw {name}")
    shape = images.shape
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    is_image = images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)
    if not is_image:
        raise InvalidDataError(
            f"{operation} received {where}an array of shape {shape}; expected numbers "
            "(n, h, w), (n, h, w, 1) or (n, h, w, 3). Reshape flattened rows to images first, for "
            "instance X.reshape(-1, 28, 28)."
        )
    return images


def check_rows(arrays: list[Any], labels: Sequence[str] | None, operation: str) -> None:
    """Refuse an empty list of rows, rows of different shapes, or a wrong number of labels."""
    if not arrays:
        raise InvalidDataError(f"{operation} received no rows; expected at least one array.")
    shapes = [array.shape for array in arrays]
    same = 1 if operation == "image_grid" else 2  # number of axes that must agree
    if len({shape[:same] for shape in shapes}) > 1:
        what = "number of images" if same == 1 else "shape"
        raise ShapeMismatchError(
            f"{operation} draws reconstructions beside their originals, but received rows of "
            f"shapes {', '.join(map(str, shapes))}; expected the same {what} in each."
        )
    check_labels(labels, len(arrays), "row_labels", "rows")


class _Texts(NamedTuple):
    """Texts around a grid."""

    rows: list[Text]
    columns: list[Text]
    title: Text | None


def _ranges(rows: list[NDArray[Any]], given: Range | None) -> list[tuple[float, float]]:
    """Find the values of black and white of each row."""
    if given is not None:
        low, high = given if isinstance(given, tuple | list) else (0.0, given)
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise InvalidDataError(
                f"image_grid received data_range={given}; expected a positive number or "
                "(low, high) with low < high."
            )
        return [(float(low), float(high))] * len(rows)
    first = rows[0]
    reference = _extremes(first)
    ranges = [reference]
    for row in rows[1:]:
        own = _extremes(row)
        if row.dtype == np.uint8 or row.shape[1:3] != first.shape[1:3]:
            ranges.append(own)
        elif first.dtype == np.uint8 and max(map(abs, own)) <= 2.0:
            ranges.append((0.0, 1.0))  # reconstructions in [0, 1] below 8-bit originals
        else:
            ranges.append(reference)
    return ranges


def _extremes(images: NDArray[Any]) -> tuple[float, float]:
    if images.dtype == np.uint8:
        return 0.0, 255.0
    finite = images[np.isfinite(images)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return (0.0, 1.0) if low >= 0.0 and high <= 1.0 else (low, high)


def _panel(figure: Figure, image: NDArray[Any], limits: tuple[float, float]) -> Axes:
    low, high = limits
    width = high - low or 1.0
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_axis_off()
    magnified = max(image.shape[:2]) <= 2 * CELL
    ax.imshow(
        np.clip((image.astype(np.float64) - low) / width, 0.0, 1.0),
        cmap="gray",
        vmin=0.0,
        vmax=1.0,
        interpolation="nearest" if magnified else "auto",
        aspect="auto",
    )
    return ax


def _cell(images: NDArray[Any]) -> tuple[int, int]:
    """Width and height in pixels: an integer multiple of the image's, so that pixels are equal."""
    height, width = images.shape[1:3]
    longest = max(height, width)
    if longest > 2 * CELL:
        return max(1, width * 2 * CELL // longest), max(1, height * 2 * CELL // longest)
    factor = max(1, round(CELL / longest))
    return width * factor, height * factor


def _lay_out(
    figure: Figure, panels: list[list[Axes]], cells: list[tuple[int, int]], texts: _Texts
) -> None:
    """Set sizes and positions in whole pixels, from the top left, around the measured texts."""
    gap, margin, space = 6, 12, 14
    left = margin + max((_extent(label)[0] + space for label in texts.rows), default=0)
    top = margin + (_extent(texts.title)[1] + space if texts.title else 0)
    top += max((_extent(text)[1] + gap for text in texts.columns), default=0)
    pitch = gap + max([width for width, _ in cells] + [_extent(text)[0] for text in texts.columns])
    least = [_extent(label)[1] for label in texts.rows] or [0] * len(cells)
    lines = [max(height, low) for (_, height), low in zip(cells, least, strict=True)]
    right = left + len(panels[0]) * pitch - gap
    if texts.title:
        right = max(right, left + _extent(texts.title)[0])
    total = np.array([right + margin, top + sum(lines) + gap * (len(lines) - 1) + margin])
    figure.set_size_inches(*(total / figure.dpi).tolist())

    def place(x: float, y: float) -> tuple[float, float]:
        return float(x / total[0]), float(1.0 - y / total[1])

    below = max((math.ceil(-text.get_window_extent().y0) for text in texts.columns), default=0)
    for index, text in enumerate(texts.columns):  # on one baseline
        text.set_position(place(left + index * pitch + (pitch - gap) / 2, top - gap - below))
    if texts.title:
        texts.title.set_position(place(left, margin))
    for number, (row, (width, height), line) in enumerate(zip(panels, cells, lines, strict=True)):
        if texts.rows:
            texts.rows[number].set_position(place(left - space, top + line / 2))
        for index, ax in enumerate(row):
            x = left + index * pitch + (pitch - gap - width) // 2
            corner = place(x, top + (line - height) // 2 + height)
            ax.set_position((*corner, float(width / total[0]), float(height / total[1])))
        top += line + gap


def _two_lines(label: str) -> str:
    first, _, second = label.partition("  ")
    return f"{first}\n{second.strip()}" if second.strip() else label


def _extent(text: Text) -> tuple[int, int]:
    box = text.get_window_extent()
    return math.ceil(box.width), math.ceil(box.height)
