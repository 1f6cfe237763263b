"""A comparison as a table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jamjae.data.text_tables import GAP, text_table, text_width
from jamjae.evaluation.comparison.result import MISSING

if TYPE_CHECKING:
    from jamjae.evaluation.comparison.result import Comparison


def render(found: Comparison, width: int) -> str:
    """Format the blocks, notes and sentence of a comparison within `width` columns."""
    seeds = len({run.seed for run in found.runs})
    blocks = [_block(found, size, width) for size in found.sizes]
    over = f"medians of {seeds} seeds; " if seeds > 1 else ""
    return "\n\n".join(
        [*blocks, f"({over}*: best of the column; n/a: not applicable)", found.sentence]
    )


def _block(found: Comparison, size: int, width: int) -> str:
    summary = [row for row in found.summary_rows if row["n_components"] == size]
    titles = [row["method"] for row in summary]
    first = f"{size} component{'s' if size > 1 else ''}"
    columns = _fitting(found, size, titles, width - max(map(text_width, (first, *titles))))
    rows = zip(titles, *columns.values(), strict=True)
    heads = [found.columns[name].head + " " for name in columns]  # above the place of a star
    table = text_table([first, *heads], list(rows))
    notes = [f"{row['method']}: {row['note']}" for row in summary if row["note"]]
    return "\n".join([table, *(["", *notes] if notes else [])])


def _fitting(found: Comparison, size: int, titles: list[str], room: int) -> dict[str, list[str]]:
    """Return the cells of the most important columns that fit, in the order of the metrics."""
    best = found.best(size)
    chosen: dict[str, list[str]] = {}
    for name in (name for name in found.task.shown if name in found.columns):
        cells = [_cell(found, title, size, name, title in best.get(name, ())) for title in titles]
        room -= GAP + max(map(text_width, (found.columns[name].head + " ", *cells)))
        if room < 0:
            break
        chosen[name] = cells
    return {name: chosen[name] for name in found.columns if name in chosen}


def _cell(found: Comparison, title: str, size: int, name: str, best: bool) -> str:
    spread = found.spread(title, size, name)
    shown = MISSING if spread is None else found.columns[name].show(spread.median)
    return shown + ("*" if best else " ")
