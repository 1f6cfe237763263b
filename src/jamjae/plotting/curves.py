"""Loss curves, with PCA's error as a reference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from jamjae.data.numeric import real_array
from jamjae.errors import InvalidDataError
from jamjae.plotting.style import (
    GREY,
    PALETTE,
    drawn_in_style,
    matplotlib_module,
    new_axes,
    quieten,
    set_title,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray


def loss_curve(
    history: Mapping[str, ArrayLike],
    *,
    baseline: float | None = None,
    validation_baseline: float | None = None,
    baseline_label: str = "PCA",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the loss per epoch, with PCA's error as a dashed line.

    Parameters
    ----------
    history : mapping of str to array-like of shape (epochs,)
        ``"loss"`` and, optionally, ``"val_loss"``; other entries are not drawn.
    baseline : float, optional
        Error of the baseline on the training data, in units of the loss: a dashed line.
    validation_baseline : float, optional
        The same on the validation data.
    baseline_label : str
        Name of the baseline; the legend adds its value.
    title : str, optional
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Its vertical axis is logarithmic if the values span more than a factor of ten.

    Raises
    ------
    InvalidDataError
        There is no loss to draw.

    Examples
    --------
    >>> ax = loss_curve({"loss": [0.5, 0.2, 0.1]}, baseline=0.25)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['training', 'PCA 0.25']
    """
    curves = _curves(history)
    lines = {
        "training": (baseline, PALETTE[0]),
        "validation": (validation_baseline, PALETTE[3]),
    }
    known = [value for value, _ in lines.values() if value is not None]
    with drawn_in_style():
        ax = new_axes((6.0, 3.4)) if ax is None else ax
        quieten(ax)
        for name, losses in curves.items():
            marker = "o" if len(losses) == 1 else ""
            epochs = np.arange(1, len(losses) + 1)
            ax.plot(epochs, losses, color=lines[name][1], marker=marker, lw=1.6, label=name)
        for name, (value, color) in lines.items():
            if value is None:
                continue
            both = len(known) > 1
            label = f"{baseline_label} {name if both else ''} {_short(value)}".replace("  ", " ")
            ax.axhline(
                value, color=color if both else GREY, ls="--", lw=1.1, label=label, zorder=1.5
            )
        _loss_scale(ax, np.concatenate([*curves.values(), known]))
        _epoch_scale(ax, max(map(len, curves.values())))
        ax.set(xlabel="epoch", ylabel="loss")
        set_title(ax, title)
        ax.legend(loc="best")
    return ax


def _curves(history: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
    names = {"loss": "training", "val_loss": "validation"}
    curves = {
        name: real_array(history[key], f"loss_curve cannot draw {key!r}").astype(np.float64)
        for key, name in names.items()
        if history.get(key) is not None
    }
    if not curves or any(curve.ndim != 1 for curve in curves.values()):
        raise InvalidDataError(
            f"loss_curve received a history with the entries {sorted(history)}; expected 'loss', "
            "one number per epoch, and optionally 'val_loss'. Pass the history_ of a fitted "
            "estimator."
        )
    return curves


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _epoch_scale(ax: Axes, epochs: int) -> None:
    ax.xaxis.set_major_locator(
        matplotlib_module("matplotlib.ticker").MaxNLocator(
            "auto", integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]
        )
    )
    if epochs == 1:
        ax.set_xlim(0.5, 1.5)


def _loss_scale(ax: Axes, values: NDArray[np.float64]) -> None:
    positive = values[np.isfinite(values) & (values > 0)]
    if positive.size and positive.max() > 10 * positive.min() and np.nanmin(values) > 0:
        ticker = matplotlib_module("matplotlib.ticker")
        decades = math.log10(positive.max() / positive.min())
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(
            ticker.LogLocator(subs=(1.0, 2.0, 5.0) if decades < 3 else (1.0,))
        )
        ax.yaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
        ax.yaxis.set_minor_locator(ticker.NullLocator())
