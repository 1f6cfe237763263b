"""Which features move which components: heat maps, and maps of pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data.finite import finite_array
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.plotting.style import (
    GREY,
    INK,
    as_list,
    check_labels,
    drawn_in_style,
    new_figure,
    plain,
    quieten,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

MOST_FEATURES, MOST_COMPONENTS = 40, 16
SIGNED = "RdBu_r"  # blue below zero, red above


def loading_map(
    loadings: ArrayLike,
    pca: ArrayLike | None = None,
    *,
    feature_names: Sequence[str] | None = None,
    component_names: Sequence[str] | None = None,
    per: str = "deviation",
    title: str | None = None,
) -> Figure:
    """Draw loadings of features as a heat map, beside PCA's in the same colors.

    Parameters
    ----------
    loadings : array-like of shape (k, d)
        Of more than 40 features the 40 of the largest loadings are drawn, of more than 16
        components the first 16; the titles say so.
    pca : array-like of shape (k, d), optional
    feature_names : sequence of d str, optional
    component_names : sequence of k str, optional
    per : {"deviation", "unit"}, default="deviation"
        Of the feature, that a loading is the change for.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InvalidDataError
        A number is not finite, or the arrays are no tables.
    ShapeMismatchError
        The arrays differ in shape, or the number of names is wrong.

    Examples
    --------
    >>> figure = loading_map([[1.0, -0.5]], feature_names=["a", "b"])
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['a', 'b']
    """
    parts = _checked("loading_map", loadings, pca, (2,), "(k, d). For images see loading_images")
    k, d = parts[0].shape
    check_labels(feature_names, d, "feature_names", "features")
    names = as_list(feature_names) or [f"x{place}" for place in range(d)]
    size = np.square(parts[0]).sum(axis=0)
    kept = np.sort(np.argsort(-size, kind="stable")[:MOST_FEATURES])
    columns = _first(component_names, k)
    few = [part[:MOST_COMPONENTS, kept].T for part in parts]
    high = max(float(np.abs(part).max()) for part in few) or 1.0
    with drawn_in_style():
        side = 0.42 * len(columns) + 0.5
        figure = new_figure(
            (2.6 + len(few) * max(side, 1.4), 1.5 + 0.2 * len(kept)), layout="constrained"
        )
        panels = figure.subplots(1, len(few), sharey=True, squeeze=False)[0]
        for ax, part, heading in zip(panels, few, ["model", "PCA"], strict=False):
            drawn = ax.imshow(part, cmap=SIGNED, vmin=-high, vmax=high, aspect="auto")
            quieten(ax)
            ax.set_title(heading, color=INK)
            ax.set_xticks(range(len(columns)), columns, rotation=90 if len(columns) > 3 else 20)
            ax.tick_params(length=0, labelcolor=INK)
            ax.spines[:].set_visible(False)
        panels[0].set_yticks(range(len(kept)), [plain(names[place]) for place in kept])
        bar: Any = figure.colorbar(drawn, ax=list(panels), fraction=0.06, aspect=30)
        bar.outline.set_visible(False)
        bar.set_label(f"change per {per} of the feature", color=GREY, fontsize=8)
        bar.ax.tick_params(color=GREY, labelcolor=GREY, labelsize=8, width=0.6, length=2.5)
        _head(figure, title, (len(kept), d, "features"), (len(columns), k, "components"))
    return figure


def loading_images(
    loadings: ArrayLike,
    pca: ArrayLike | None = None,
    *,
    component_names: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw the loadings of pixels as images: red where brighter ones raise a component.

    Parameters
    ----------
    loadings : array-like of shape (k, h, w) or (k, h, w, c)
        Of colors the mean over channels is drawn, of more than 16 components the first 16.
    pca : array-like of the same shape, optional
        Drawn below, each image in its own range.
    component_names : sequence of k str, optional
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InvalidDataError
        A number is not finite, or the arrays are no images.
    ShapeMismatchError
        The arrays differ in shape, or the number of names is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> len(loading_images(np.eye(4)[None]).axes)
    1
    """
    expected = "(k, h, w) or (k, h, w, c). For tables see loading_map"
    parts = _checked("loading_images", loadings, pca, (3, 4), expected)
    names = _first(component_names, len(parts[0]))
    few = [part.mean(axis=3) if part.ndim == 4 else part for part in parts]
    few = [part[:MOST_COMPONENTS] for part in few]
    per_line = min(len(few[0]), 8)
    lines = math.ceil(len(few[0]) / per_line) * len(few)
    with drawn_in_style():
        shape = (max(0.95 * per_line, 1.6) + 0.5, 1.12 * lines + 0.4)
        figure = new_figure(shape, layout="constrained")
        grid = figure.subplots(lines, per_line, squeeze=False)
        for ax in grid.ravel():
            ax.set_axis_off()
        for number, maps in enumerate(few):
            for place, image in enumerate(maps):
                line, column = divmod(place, per_line)
                ax = grid[line * len(few) + number, column]
                high = float(np.abs(image).max()) or 1.0
                ax.imshow(image, cmap=SIGNED, vmin=-high, vmax=high, interpolation="nearest")
                ax.set_title(names[place] if not number else "PCA", fontsize=7, color=INK, pad=2)
        _head(figure, title, (len(few[0]), len(parts[0]), "components"))
    return figure


def _checked(
    operation: str, loadings: ArrayLike, pca: ArrayLike | None, axes: Sequence[int], expected: str
) -> list[NDArray[np.float64]]:
    """Give loadings, and PCA's if there are any, as finite arrays of one shape."""
    parts = []
    for name, given in (("loadings", loadings), ("pca", pca)):
        if given is None:
            continue
        found = finite_array(given, f"{operation} cannot use {name}").astype(np.float64)
        if found.ndim not in axes:
            raise InvalidDataError(
                f"{operation} received {name} of shape {found.shape}; expected {expected}."
            )
        parts.append(found)
    if parts[-1].shape != parts[0].shape:
        raise ShapeMismatchError(
            f"{operation} received loadings of shape {parts[0].shape} and PCA's of shape "
            f"{parts[-1].shape}; expected the same."
        )
    return parts


def _first(names: Sequence[str] | None, k: int) -> list[str]:
    """Give the names of the first of k components, those that are drawn."""
    check_labels(names, k, "component_names", "components")
    return [plain(name) for name in as_list(names) or map(str, range(1, k + 1))][:MOST_COMPONENTS]


def _head(figure: Figure, title: str | None, *drawn: tuple[int, int, str]) -> None:
    """Write the title, and how many of what are drawn where those are not all."""
    left = [f"{n} of {of:,} {what}" for n, of, what in drawn if n < of]
    words = ", ".join([*([plain(title)] if title else []), *left])
    if words:
        figure.suptitle(words, fontsize=10, color=INK, x=0.01, ha="left")
