"""Pages: what they are made of, and how they are written."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jamjae.data.atomic import atomic
from jamjae.errors import OutputError

if TYPE_CHECKING:
    import os

    from matplotlib.figure import Figure

LIBRARIES = ("jamjae", "jax", "keras", "numpy", "scikit-learn")
BROAD = 6.0  # inches of a figure above which a phone is too narrow for it
PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
<footer>{footer}</footer>
</main>
</body>
</html>
"""
STYLE = """
:root { color-scheme: light dark; --ink: #222; --quiet: #666; --line: #ddd; --paper: #fff;
  --mark: #fff3c4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --quiet: #a0a0a0; --line: #3a3a3a;
  --paper: #161616; --mark: #4a3f10; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p { max-width: 44rem; margin: .6rem 0; }
.lead { font-size: 1.1rem; }
.wide { overflow-x: auto; -webkit-overflow-scrolling: touch; }
.wide + .wide { margin-top: 1.2rem; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; vertical-align: bottom; }
th.word, td.word { text-align: left; }
td.word { white-space: normal; }
th:first-child, td:first-child { position: sticky; left: 0;
  background: var(--paper); white-space: normal; min-width: 7rem; max-width: 11rem; }
td small { display: block; color: var(--quiet); }
td.best { font-weight: 700; background: var(--mark); }
td.missing, figcaption, footer, .quiet { color: var(--quiet); }
ul.notes { font-size: .85rem; color: var(--quiet); padding-left: 1.1rem; }
a { color: inherit; text-underline-offset: .15em; }
figure { margin: 1.2rem 0; }
figure img { width: 100%; min-width: min(100%, 20rem); height: auto; background: #fff;
  border-radius: 4px; display: block; }
figure.broad img { min-width: 38rem; }
figcaption { font-size: .9rem; max-width: 44rem; }
pre { overflow-x: auto; font-size: .8rem; line-height: 1.35; }
footer { font-size: .8rem; margin-top: 2.5rem; border-top: 1px solid var(--line);
  padding-top: .8rem; }
"""


@dataclass(frozen=True)
class Heading:
    """The title of a section."""

    text: str

    def html(self) -> str:
        """Write it for a page."""
        return f"<h2>{escape(self.text)}</h2>"


@dataclass(frozen=True)
class Paragraph:
    """Some sentences; ``lead`` for the one to be read first."""

    text: str
    lead: bool = False

    def html(self) -> str:
        """Write it for a page."""
        return f"<p{' class=lead' if self.lead else ''}>{escape(self.text)}</p>"


@dataclass(frozen=True)
class Notes:
    """Remarks in small print, one a line."""

    lines: Sequence[str]

    def html(self) -> str:
        """Write them for a page."""
        items = "".join(f"<li>{escape(line)}</li>" for line in self.lines)
        return f'<ul class="notes">{items}</ul>' if self.lines else ""


@dataclass(frozen=True)
class Cell:
    """A table's cell: a second line in small print, marked where it is the best, or a link."""

    text: str
    small: str = ""
    best: bool = False
    missing: bool = False
    link: str = ""

    def html(self, kind: str = "") -> str:
        """Write it for a page."""
        kinds = [kind] * bool(kind) + ["best"] * self.best + ["missing"] * self.missing
        text = escape(self.text)
        text = f'<a href="{escape(self.link)}">{text}</a>' if self.link else text
        small = f"<small>{escape(self.small)}</small>" if self.small else ""
        return f'<td class="{" ".join(kinds)}">{text}{small}</td>'


@dataclass(frozen=True)
class Table:
    """Rows of cells below their heads; plain strings are cells too.

    The first columns, `words` of them, hold words, the others numbers.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    words: int = 1

    def html(self) -> str:
        """Write it for a page."""
        kinds = ["word" if place < self.words else "" for place in range(len(self.head))]
        head = "".join(
            f'<th class="{kind}">{escape(name)}</th>'
            for name, kind in zip(self.head, kinds, strict=True)
        )
        body = "".join(f"<tr>{self._line(row, kinds)}</tr>" for row in self.rows)
        return (
            f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    @staticmethod
    def _line(row: Sequence[Cell | str], kinds: Sequence[str]) -> str:
        cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
        return "".join(cell.html(kind) for cell, kind in zip(cells, kinds, strict=True))


@dataclass(frozen=True)
class Picture:
    """A Matplotlib figure with a caption; `name` is that of its file, without a suffix."""

    name: str
    figure: Figure
    caption: str

    def html(self, png: bytes) -> str:
        """Write it for a page, with the pixels inside; a broad one can be pushed on a phone."""
        data = base64.b64encode(png).decode("ascii")
        broad = " class=broad" if self.figure.get_figwidth() > BROAD else ""
        width = f"max-width: {96 * self.figure.get_figwidth():.0f}px"
        image = f'<img src="data:image/png;base64,{data}" alt="{escape(self.caption)}"'
        return (
            f'<figure{broad}><div class="wide">{image} style="{width}"></div>'
            f"<figcaption>{escape(self.caption)}</figcaption></figure>"
        )


Part = Heading | Paragraph | Notes | Table | Picture


@dataclass(frozen=True)
class Report:
    """What a folder of results tells.

    Attributes
    ----------
    title : str
    parts : sequence
        Headings, paragraphs, notes, tables and pictures, in the order of the page.
    metrics : dict
        For programs: ``metrics.json``. Infinity and NaN become null.
    rows : sequence of dict
        A tidy table: ``metrics.csv``. None is written where there are none.
    facts : dict of str to str
        The small print at the end: seed, time; the versions of the libraries are added.
    language : str
    """

    title: str
    parts: Sequence[Part]
    metrics: dict[str, Any]
    rows: Sequence[dict[str, Any]] = ()
    facts: dict[str, str] = field(default_factory=dict)
    language: str = "en"


def versions() -> dict[str, str]:
    """Give the versions of Python and the libraries that results depend on."""
    found = {name: metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **found}


def write(report: Report, folder: str | os.PathLike[str]) -> Path:
    """Write a report's folder: figures, ``metrics.json``, ``metrics.csv``, ``index.html`` last.

    Every file is written whole or not at all. Figures are written as PNG and SVG beside the page,
    which holds them too and needs no other file.

    Parameters
    ----------
    report : Report
    folder : path-like
        Made if there is none; files of the same names are replaced.

    Returns
    -------
    pathlib.Path
        Of the page.

    Raises
    ------
    OutputError
        The folder cannot be made or written to.

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
    body = [
        part.html(_pixels(part, place)) if isinstance(part, Picture) else part.html()
        for part in report.parts
    ]
    known = {**report.metrics, "versions": versions()}
    text = json.dumps(_plain(known), ensure_ascii=False, indent=1, allow_nan=False)
    _write(place / "metrics.json", text + "\n")
    if report.rows:
        _write(place / "metrics.csv", _csv(report.rows))
    facts = {**report.facts, **versions()}
    footer = " · ".join(f"{escape(name)} {escape(value)}" for name, value in facts.items())
    page = PAGE.format(
        language=escape(report.language),
        title=escape(report.title),
        style=STYLE,
        body="\n".join(body),
        footer=footer,
    )
    return _write(place / "index.html", page)


def _pixels(picture: Picture, folder: Path) -> bytes:
    from jamjae import plotting

    plotting.save(picture.figure, folder / f"{picture.name}.svg")
    return plotting.save(picture.figure, folder / f"{picture.name}.png").read_bytes()


def _write(path: Path, text: str) -> Path:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
    return path


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    written = io.StringIO()
    table = csv.DictWriter(written, names, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return written.getvalue()


def _plain(value: Any) -> Any:
    """Turn what a program computed into what JSON knows."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
