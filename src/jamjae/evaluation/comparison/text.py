"""A comparison as a table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jamjae.evaluation.comparison.result import Comparison

# By importance: what a narrow terminal has no room for goes first from the end.
SHOWN = (
    "test_mse",
    "train_mse",
    "train_trustworthiness",
    "knn5_accuracy",
    "fit_seconds",
    "test_trustworthiness",
    "linear_probe_accuracy",
    "knn1_accuracy",
    "transform_seconds_per_row",
    "test_neighbourhood_recall",
    "test_ssim",
    "test_psnr",
    "numbers_stored",
)
GAP = "  "


def render(found: Comparison, width: int) -> str:
    """Write the blocks, notes and sentence of a comparison within `width` columns."""
    seeds = len({run.seed for run in found.runs})
    blocks = [_block(found, size, width) for size in found.sizes]
    over = f"medians of {seeds} seeds; " if seeds > 1 else ""
    return "\n\n".join(
        [*blocks, f"({over}* best of its column; n/a: does not apply)", found.sentence]
    )


def _block(found: Comparison, size: int, width: int) -> str:
    best = found.best(size)
    summary = [row for row in found.summary_rows if row["n_components"] == size]
    titles = [row["method"] for row in summary]
    first = [f"{size} component{'s' if size > 1 else ''}", *titles]
    columns = [first]
    names = [name for name in SHOWN if name in found.columns]
    chosen = {}
    room = width - max(map(len, first))
    for name in names:
        column = found.columns[name]
        cells = [column.head + " "]
        for title in titles:
            spread = found.spread(title, size, name)
            star = "*" if title in best.get(name, ()) else " "
            cells.append("n/a " if spread is None else column.show(spread.median) + star)
        room -= len(GAP) + max(map(len, cells))
        if room < 0:
            break
        chosen[name] = cells
    columns += [chosen[name] for name in found.columns if name in chosen]
    widths = [max(map(len, cells)) for cells in columns]
    lines = [
        GAP.join(
            cell.ljust(wide) if number == 0 else cell.rjust(wide)
            for number, (cell, wide) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in zip(*columns, strict=True)
    ]
    lines.insert(1, GAP.join("-" * wide for wide in widths))
    notes = [f"{row['method']}: {row['note']}" for row in summary if row["note"]]
    return "\n".join([*lines, *(["", *notes] if notes else [])])
