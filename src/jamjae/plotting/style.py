"""Style of all figures: fonts, colors, figures without a window, files."""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
import unicodedata
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data.atomic import atomic
from jamjae.data.numeric import real_array
from jamjae.errors import (
    InvalidDataError,
    MissingDependencyError,
    MissingFontWarning,
    OutputError,
    ShapeMismatchError,
    brief,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

DPI = 150
INK, GREY, LIGHT = "#222222", "#777777", "#cccccc"
# Okabe and Ito (2008) with a darker yellow, more visible on white, and with gray and three of Paul
# Tol's muted colors; the most similar ones are far apart in the list.
PALETTE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#999999",
    "#332288",
    "#E5D834",
    "#882255",
    "#222222",
    "#44AA99",
)
KOREAN_FONTS = (
    "NanumGothic",
    "NanumBarunGothic",
    "Nanum Gothic",
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "Noto Sans CJK JP",  # one file holds every CJK language, and is listed under the first
    "Noto Sans CJK SC",
    "Source Han Sans KR",
    "Apple SD Gothic Neo",
    "AppleGothic",
    "Malgun Gothic",
    "UnDotum",
    "Baekmuk Dotum",
)
HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb]")
SYLLABLE = 0xAC00  # the first one, 가
PLACEHOLDERS = ("lastresort", "last resort")  # fonts with a box for each script
FORMATS = (".png", ".svg", ".pdf")


@contextlib.contextmanager
def drawn_in_style() -> Iterator[None]:
    """Apply the style, and silence warnings of missing glyphs, inside the block only."""
    matplotlib = matplotlib_module()
    family = [*matplotlib.rcParams["font.family"], *korean_fonts()]
    look = {
        "font.family": family,
        "font.size": 9,
        "axes.titlesize": 9,
        "axes.labelsize": 9,
        "axes.facecolor": "white",
        "axes.grid": False,
        "axes.labelcolor": INK,
        "axes.unicode_minus": True,
        "figure.facecolor": "white",
        "legend.fontsize": 8.5,
        "legend.frameon": False,
        "legend.labelcolor": INK,
        "savefig.bbox": None,  # "tight" would shift images by parts of a pixel
        "savefig.facecolor": "auto",
        "svg.hashsalt": "jamjae",
        "text.color": INK,
        "text.usetex": False,
    }
    with matplotlib.rc_context(look), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


@functools.cache
def korean_fonts() -> tuple[str, ...]:
    """Find an installed font with Hangul, as a fallback; empty if there is none."""
    installed = set(matplotlib_module("matplotlib.font_manager").fontManager.get_font_names())
    return tuple(name for name in KOREAN_FONTS if name in installed)[:1] or _other_font()


def _other_font() -> tuple[str, ...]:
    """Find a font with Hangul by its glyphs, also one installed since Matplotlib listed them."""
    manager = matplotlib_module("matplotlib.font_manager")
    found: dict[str, str] = {}
    for path in sorted(manager.findSystemFonts()):
        with contextlib.suppress(OSError, RuntimeError):  # no font that Matplotlib can read
            font = manager.get_font(path)
            name = font.family_name
            if font.get_char_index(SYLLABLE) and not name.lower().startswith(PLACEHOLDERS):
                found.setdefault(name, path)
    for name in (*KOREAN_FONTS, *sorted(found)):
        if name in found:
            manager.fontManager.addfont(found[name])
            return (name,)
    return ()


_warned: list[str] = []  # once per process is enough


def warn_of_missing_font(what: str) -> None:
    """Warn, once, of Korean text that no installed font shows."""
    if _warned:
        return
    _warned.append(what)
    warnings.warn(
        f"{what}, for no installed font shows Hangul. Install one: on Debian and Ubuntu "
        "apt install fonts-nanum, elsewhere the font NanumGothic or Noto Sans KR.",
        MissingFontWarning,
        stacklevel=2,
    )


def new_figure(inches: tuple[float, float], **options: Any) -> Figure:
    """Make a figure outside pyplot, without a window; sizes in inches."""
    figure: Figure = matplotlib_module("matplotlib.figure").Figure(inches, dpi=DPI, **options)
    return figure


def new_axes(inches: tuple[float, float]) -> Axes:
    """Make a figure with one Axes, and return the Axes."""
    return new_figure(inches, layout="constrained").add_subplot()


def quieten(ax: Axes) -> None:
    """Remove the frame's top and right, and mute the rest."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(linewidth=0.6, color=GREY)
    ax.tick_params(which="both", color=GREY, labelcolor=GREY, labelsize=8, width=0.6, length=2.5)


def plain(text: object) -> str:
    """Escape text, so that a dollar sign does not begin a formula; its letters composed (NFC)."""
    composed = unicodedata.normalize("NFC", str(text))
    _require_glyphs(composed)
    return composed.replace("$", r"\$")


def _require_glyphs(text: str) -> None:
    if HANGUL.search(text) and not korean_fonts():
        warn_of_missing_font(f"This figure shows boxes in place of {brief(repr(text), 40)}")


def set_title(ax: Axes, title: str | None) -> None:
    """Set a title at the left, if there is one."""
    if title:
        ax.set_title(plain(title), loc="left", fontsize=10, color=INK)


def check_labels(labels: Sequence[str] | None, count: int, name: str, what: str) -> None:
    """Refuse labels whose number differs from that of the things they name."""
    if labels is not None and len(labels) != count:
        raise ShapeMismatchError(f"{name} has {len(labels)} entries, but there are {count} {what}.")


def class_titles(classes: NDArray[Any], names: Sequence[str] | None, operation: str) -> list[str]:
    """Give a title to each class, in ascending order: by its number, or by its place."""
    if names is None:
        return [plain(value) for value in classes]
    if classes.dtype.kind in "bui" and classes[0] >= 0 and classes[-1] < len(names):
        return [plain(names[int(value)]) for value in classes]
    if len(names) == len(classes):
        return [plain(name) for name in names]
    raise InvalidDataError(
        f"{operation} received {len(names)} class_names for {len(classes)} classes, "
        f"{classes[0]} to {classes[-1]}; expected one for each."
    )


def check_colors(colors: ArrayLike, count: int, operation: str) -> NDArray[np.float64]:
    """Give colors of points as an array (count, 3), or refuse them."""
    rgb = real_array(colors, f"{operation} cannot use colors").astype(np.float64)
    if rgb.shape != (count, 3):
        raise ShapeMismatchError(
            f"{operation} received {count} points and colors of shape {rgb.shape}; expected "
            f"({count}, 3), red, green and blue of each."
        )
    if not (rgb.min() >= -1e-6 and rgb.max() <= 1 + 1e-6):
        raise InvalidDataError(
            f"{operation} received colors from {rgb.min():g} to {rgb.max():g}; expected red, "
            "green and blue in [0, 1]. Divide uint8 colors by 255."
        )
    return np.clip(rgb, 0.0, 1.0)


def as_list(labels: Sequence[Any] | None) -> list[Any]:
    """Convert labels to a list: those of scikit-learn are arrays, which have no truth value."""
    return [] if labels is None else list(labels)


def matplotlib_module(module: str = "matplotlib") -> Any:
    """Import a module of Matplotlib, or explain how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            'Drawing needs Matplotlib, which is not installed. Run: pip install "jamjae[plot]"'
        ) from error


def save(figure: Figure | Axes, path: str | os.PathLike[str]) -> Path:
    """Write a figure as PNG (150 dots per inch), SVG or PDF, by the suffix of its name.

    The file is written whole or not at all, and its folder is created if needed.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or matplotlib.axes.Axes
        An Axes saves the figure that contains it.
    path : path-like
        Ends in ``.png``, ``.svg`` or ``.pdf``. An existing file is replaced.

    Returns
    -------
    pathlib.Path
        The path of the file.

    Raises
    ------
    OutputError
        The suffix is not supported, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from jamjae.plotting import loss_curve
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(loss_curve({"loss": [2.0, 1.0]}), folder + "/loss.svg").name
    'loss.svg'
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in FORMATS:
        raise OutputError(
            f"Cannot save a figure as {str(target)!r}: expected a name that ends in "
            f"{', '.join(FORMATS)}."
        )
    whole: Any = figure.figure.figure  # an Axes may belong to a subfigure
    for text in whole.findobj(matplotlib_module("matplotlib.text").Text):
        _require_glyphs(text.get_text())
    dates = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with atomic(target) as temporary, drawn_in_style():
        whole.savefig(temporary, format=suffix[1:], dpi=DPI, metadata=dates[suffix])
    return target
