"""Pages: their parts, and how they are written."""

from __future__ import annotations

import base64
import json
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from jamjae.data.atomic import atomic
from jamjae.errors import OutputError

if TYPE_CHECKING:
    import os

    from jinja2 import Template
    from matplotlib.figure import Figure

LIBRARIES = ("jamjae", "jax", "keras", "numpy", "scikit-learn")
BROAD = 6.0  # inches; wider figures can be scrolled on a phone


@dataclass(frozen=True)
class Heading:
    """The title of a section."""

    text: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Paragraph:
    """Some sentences; ``lead`` for the one to be read first."""

    text: str
    lead: bool = False
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Notes:
    """Remarks in small print, one per line."""

    lines: Sequence[str]
    kind: ClassVar[str] = "notes"


@dataclass(frozen=True)
class Cell:
    """A table's cell: a second line in small print, marked where it is the best, or a link."""

    text: str
    small: str = ""
    best: bool = False
    missing: bool = False
    link: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of cells below their headings; plain strings are cells too.

    The first columns, `words` of them, hold words, the others numbers.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    words: int = 1
    kind: ClassVar[str] = "table"

    @property
    def cells(self) -> list[list[Cell]]:
        """The rows, with a cell in place of each plain string."""
        return [
            [
                cell if isinstance(cell, Cell) else Cell(cell)
                for cell, _ in zip(row, self.head, strict=True)
            ]
            for row in self.rows
        ]


@dataclass(frozen=True)
class Illustration:
    """A Matplotlib figure with a caption; `name` is that of its file, without a suffix."""

    name: str
    figure: Figure
    caption: str
    kind: ClassVar[str] = "illustration"

    @property
    def broad(self) -> bool:
        """Whether a phone is too narrow for it, so that it can be scrolled there."""
        return self.figure.get_figwidth() > BROAD

    @property
    def width(self) -> int:
        """Pixels of its width on a page."""
        return round(96 * self.figure.get_figwidth())


Part = Heading | Paragraph | Notes | Table | Illustration


@dataclass(frozen=True)
class Report:
    """The content of a folder of results.

    Attributes
    ----------
    title : str
    parts : sequence
        Headings, paragraphs, notes, tables and illustrations, in the order of the page.
    metrics : dict
        Written to ``metrics.json``; infinity and NaN become null.
    rows : sequence of dict
        A tidy table, written to ``metrics.csv`` unless it is empty.
    facts : dict of str to str
        The footer: seed, time; the versions of the libraries are added.
    language : str
    """

    title: str
    parts: Sequence[Part]
    metrics: dict[str, Any]
    rows: Sequence[dict[str, Any]] = ()
    facts: dict[str, str] = field(default_factory=dict)
    language: str = "en"


def versions() -> dict[str, str]:
    """Return the versions of Python and the libraries that results depend on."""
    found = {name: metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **found}


def write(report: Report, folder: str | os.PathLike[str]) -> Path:
    """Write a report's folder: figures, ``metrics.json``, ``metrics.csv``, ``index.html`` last.

    Every file is written atomically. Figures are written as PNG and SVG beside the page, which also
    contains them and needs no other file.

    Parameters
    ----------
    report : Report
    folder : path-like
        Created if missing; files of the same names are replaced.

    Returns
    -------
    pathlib.Path
        Path of the page.

    Raises
    ------
    OutputError
        The folder cannot be created or written to.

    Examples
    --------
    >>> import tempfile
    >>> made = Report("Two numbers", [Paragraph("One and two.")], {"one": 1, "two": 2})
    >>> with tempfile.TemporaryDirectory() as place:
    ...     page = write(made, place).read_text(encoding="utf-8")
    >>> "<p>One and two.</p>" in page
    True
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Cannot write a report into {str(place)!r}: {error.strerror}."
        ) from error
    parts = [
        (part, _pixels(part, place) if isinstance(part, Illustration) else "")
        for part in report.parts
    ]
    known = {**report.metrics, "versions": versions()}
    text = json.dumps(_plain(known), ensure_ascii=False, indent=1, allow_nan=False)
    _write(place / "metrics.json", text + "\n")
    if report.rows:
        _write(place / "metrics.csv", _csv(report.rows))
    page = _page().render(report=report, parts=parts, facts={**report.facts, **versions()})
    return _write(place / "index.html", page)


def _page() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("jamjae.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return found.get_template("page.html")


def _pixels(illustration: Illustration, folder: Path) -> str:
    """Write a figure beside the page, and return its PNG in base64 for the page itself."""
    from jamjae import plotting

    plotting.save(illustration.figure, folder / f"{illustration.name}.svg")
    png = plotting.save(illustration.figure, folder / f"{illustration.name}.png").read_bytes()
    return base64.b64encode(png).decode("ascii")


def _write(path: Path, text: str) -> Path:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
    return path


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    from pandas import DataFrame

    columns = dict.fromkeys(name for row in rows for name in row)
    frame = DataFrame(rows, columns=list(columns), dtype=object)  # whole numbers stay whole
    return str(frame.to_csv(index=False, lineterminator="\n"))


def _plain(value: Any) -> Any:
    """Convert values to types that JSON knows."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
