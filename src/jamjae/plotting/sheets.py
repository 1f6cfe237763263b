"""Sheets of generated images, and images along the components of a code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data.finite import finite_array
from jamjae.data.labels import read_labels
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.plotting.grids import check_images, image_grid
from jamjae.plotting.style import as_list, check_labels, class_titles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from jamjae.plotting.grids import Range

SHOWN = 100  # images of a sheet, at most
RANGE = (0.01, 0.99)  # quantiles of a component between which it is varied
MOST = (0.01, 0.99)  # quantiles of pixels drawn as black and white, where few go far beyond


def sample_sheet(
    images: ArrayLike,
    y: ArrayLike | None = None,
    *,
    class_names: Sequence[str] | None = None,
    per_line: int = 10,
    data_range: Range | None = None,
    title: str | None = None,
) -> Figure:
    """Draw generated images as a sheet: line after line, or one line per class.

    Parameters
    ----------
    images : array-like of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3)
    y : array-like of shape (n,), optional
        Classes, such as were asked for: each gets a line with its first `per_line` images, in
        ascending order. Images whose label is missing (None, NaN) are left out.
    class_names : sequence of str, optional
        Names of the classes, as in `code_scatter`.
    per_line : int, default=10
        Images per line. A shorter line is filled with white.
    data_range, title
        As in `image_grid`; by default all lines have one range.

    Returns
    -------
    matplotlib.figure.Figure
        One Axes per place. Without `y` the first 100 images are drawn.

    Raises
    ------
    ShapeMismatchError
        There is not one label per image.
    InvalidDataError
        The arrays are not images, there is no label, `per_line` is less than 1, or `class_names`
        does not name every class.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).random((25, 8, 8))
    >>> figure = sample_sheet(images, np.arange(25) % 2, class_names=["shirt", "shoe"])
    >>> len(figure.axes), [text.get_text() for text in figure.texts]
    (20, ['shirt', 'shoe'])
    """
    stack = check_images(images, "sample_sheet", "images")
    if per_line < 1:
        raise InvalidDataError(f"sample_sheet received per_line={per_line}; expected at least 1.")
    names: list[str] | None = None
    if y is None:
        if class_names is not None:
            raise InvalidDataError("sample_sheet received class_names without y.")
        starts = range(0, min(len(stack), max(SHOWN // per_line, 1) * per_line), per_line)
        lines = [stack[start : start + per_line] for start in starts]
        per_line = min(per_line, len(stack))
    else:
        labels = read_labels(y, len(stack), "sample_sheet")
        if not len(labels.values):
            raise InvalidDataError("sample_sheet received no label; expected some, or y=None.")
        classes = np.unique(labels.values)
        names = class_titles(classes, class_names, "sample_sheet")
        known = stack[labels.known]
        lines = [known[labels.values == label][:per_line] for label in classes]
        per_line = max(map(len, lines))
    low, high = _one_range(stack, data_range)
    filled = [_filled((line - low) / (high - low or 1.0), per_line) for line in lines]
    return image_grid(filled, row_labels=names, data_range=(0.0, 1.0), title=title)


def latent_traversals(
    decode: Callable[[NDArray[np.float64]], ArrayLike] | ArrayLike,
    Z: ArrayLike | None = None,
    *,
    code: ArrayLike | None = None,
    components: int | Sequence[int] = 8,
    steps: int = 9,
    row_labels: Sequence[str] | None = None,
    data_range: Range | None = None,
    title: str | None = None,
) -> Figure:
    """Draw images along each component of a code: one line per component, the code in the middle.

    Parameters
    ----------
    decode : callable or array-like of shape (m, s, h, w), (m, s, h, w, 1) or (m, s, h, w, 3)
        Decodes codes (n, k) to images, as a model's ``inverse_transform`` does; or images decoded
        already, one line for each of m components.
    Z : array-like of shape (n, k), optional
        Codes, with a callable: each component is varied from its quantile .01 to .99 among them.
    code : array-like of shape (k,), optional
        The code that is varied; by default the one of `Z` nearest to their mean.
    components : int or sequence of int, default=8
        Indices of components; or how many, of those that change the image most.
    steps : int, default=9
        Images per line, odd, so that the code itself is in the middle.
    row_labels : sequence of str, optional
        By default the component, counted from 1 as in all figures, and its range.
    data_range, title
        As in `image_grid`; by default all lines have one range, beyond which 1 % of the pixels lie
        at either end.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeMismatchError
        `code` has another length than those of `Z`, or the number of labels is wrong.
    InvalidDataError
        `Z` is missing or not finite, what was decoded are not images, `steps` is even or less than
        3, or there is no such component.

    Examples
    --------
    >>> import numpy as np
    >>> Z = np.random.default_rng(0).normal(size=(50, 3))
    >>> figure = latent_traversals(lambda Z: Z[:, :1, None] * np.ones((4, 4)), Z, components=2)
    >>> len(figure.axes), figure.texts[0].get_text().splitlines()[0]
    (18, 'component 1')
    """
    if callable(decode):
        lines, labels = _decoded(decode, Z, code, components, steps)
        space = [""] * (steps // 2 - 1)
        heads: list[str] | None = ["low", *space, "code", *space, "high"]
    else:
        lines = [
            check_images(line, "latent_traversals", f"images[{number}]", f"in line {number} ")
            for number, line in enumerate(_lines(decode))
        ]
        labels, heads = [""] * len(lines), None
    check_labels(row_labels, len(lines), "row_labels", "lines")
    low, high = _one_range(np.stack(lines), data_range, MOST)
    shown = [(line - low) / (high - low or 1.0) for line in lines]
    given = as_list(row_labels) or (labels if any(labels) else None)
    return image_grid(
        shown, row_labels=given, column_labels=heads, data_range=(0.0, 1.0), title=title
    )


def _decoded(
    decode: Callable[[NDArray[np.float64]], ArrayLike],
    Z: ArrayLike | None,
    code: ArrayLike | None,
    components: int | Sequence[int],
    steps: int,
) -> tuple[list[NDArray[Any]], list[str]]:
    """Vary components of a code and decode the results: lines of images, and their labels."""
    if Z is None:
        raise InvalidDataError(
            "latent_traversals received a function without codes; expected Z=, codes whose "
            "components give the ranges."
        )
    codes = finite_array(Z, "latent_traversals cannot use Z").astype(np.float64)
    if codes.ndim != 2:
        raise InvalidDataError(
            f"latent_traversals received codes of shape {codes.shape}; expected (n, k)."
        )
    if steps < 3 or steps % 2 == 0:
        raise InvalidDataError(
            f"latent_traversals received steps={steps}; expected an odd number of at least 3."
        )
    middle = _middle(codes, code)
    low, high = np.quantile(codes, RANGE, axis=0)
    ends = np.minimum(low, middle), np.maximum(high, middle)
    chosen = _chosen(decode, middle, ends, components)
    lines, labels = [], []
    for i in chosen:
        line = np.repeat(middle[None], steps, axis=0)
        half = steps // 2 + 1
        line[:half, i] = np.linspace(ends[0][i], middle[i], half)
        line[half - 1 :, i] = np.linspace(middle[i], ends[1][i], half)
        lines.append(
            check_images(decode(line), "latent_traversals", "what decode returned", "from decode ")
        )
        labels.append(f"component {i + 1}  {_number(ends[0][i])} to {_number(ends[1][i])}")
    return lines, labels


def _number(value: float) -> str:
    shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}"
    return shown.replace("-", "\N{MINUS SIGN}")


def _middle(codes: NDArray[np.float64], code: ArrayLike | None) -> NDArray[np.float64]:
    if code is None:
        spread = codes.std(axis=0)
        away = (codes - codes.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        return np.asarray(codes[np.square(away).sum(axis=1).argmin()])
    middle = finite_array(code, "latent_traversals cannot use code").astype(np.float64)
    if middle.shape != codes.shape[1:]:
        raise ShapeMismatchError(
            f"latent_traversals received a code of shape {middle.shape} and codes of "
            f"{codes.shape[1]} components; expected one code ({codes.shape[1]},)."
        )
    return middle


def _chosen(
    decode: Callable[[NDArray[np.float64]], ArrayLike],
    middle: NDArray[np.float64],
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    components: int | Sequence[int],
) -> list[int]:
    """Give the components that were asked for, or those that change the image most."""
    count = len(middle)
    if not isinstance(components, int | np.integer):
        chosen = [int(i) for i in components]
        if wrong := [i for i in chosen if not 0 <= i < count]:
            raise InvalidDataError(
                f"latent_traversals received component {wrong[0]} of codes of {count} components; "
                f"expected 0 to {count - 1}."
            )
        return chosen
    if components < 1:
        raise InvalidDataError(
            f"latent_traversals received components={components}; expected at least 1."
        )
    if components >= count:
        return list(range(count))
    every = np.arange(count)
    moved = np.repeat(middle[None], 2 * count, axis=0)
    moved[every, every], moved[count + every, every] = ends
    images = np.asarray(decode(moved), dtype=np.float64).reshape(2, count, -1)
    change = np.square(images[1] - images[0]).mean(axis=1)
    return np.argsort(-change, kind="stable")[:components].tolist()


def _lines(images: Any) -> NDArray[Any]:
    lines = finite_array(images, "latent_traversals cannot draw images")
    if lines.ndim not in (4, 5):
        raise InvalidDataError(
            f"latent_traversals received images of shape {lines.shape}; expected (m, s, h, w) or "
            "(m, s, h, w, c): one line of s images for each of m components."
        )
    return lines


def _one_range(
    stack: NDArray[Any], given: Range | None, among: tuple[float, float] = (0.0, 1.0)
) -> tuple[float, float]:
    """Give the values of black and white, the same for all lines: quantiles of the pixels."""
    if given is not None:
        low, high = given if isinstance(given, tuple | list) else (0.0, given)
        if not (np.isfinite([low, high]).all() and low < high):
            raise InvalidDataError(
                f"The figure cannot use data_range={given}; expected a positive number or "
                "(low, high) with low < high."
            )
        return float(low), float(high)
    if stack.dtype == np.uint8:
        return 0.0, 255.0
    low, high = float(np.nanmin(stack)), float(np.nanmax(stack))
    if low >= 0.0 and high <= 1.0:
        return 0.0, 1.0
    inner = np.nanquantile(stack, among)
    return (float(inner[0]), float(inner[1])) if inner[0] < inner[1] else (low, high)


def _filled(line: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Fill a line of images in [0, 1] with white ones."""
    missing = [(0, count - len(line))] + [(0, 0)] * (line.ndim - 1)
    return np.pad(np.clip(line, 0.0, 1.0), missing, mode="constant", constant_values=1.0)
