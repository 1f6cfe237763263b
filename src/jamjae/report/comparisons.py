"""The report of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from jamjae.evaluation import pixel_range
from jamjae.report.pages import Cell, Heading, Illustration, Notes, Paragraph, Part, Report, Table

if TYPE_CHECKING:
    from jamjae.evaluation.comparison import Comparison


def of_comparison(
    result: Comparison,
    title: str,
    *,
    class_names: Sequence[str] | None = None,
    colors: Any = None,
    facts: dict[str, str] | None = None,
) -> Report:
    """Build the report of a comparison: sentence, figures, all tables, and the tidy rows.

    Parameters
    ----------
    result : Comparison
    title : str
        The name of the data.
    class_names : sequence of str, optional
    colors : array-like of shape (n, 3), optional
        Colors of the rows that were compared, for the embeddings.
    facts : dict of str to str, optional
        For the footer.

    Returns
    -------
    Report
        Written by `jamjae.report.write`.
    """
    caption = "Leading metrics. Bars span the range over the seeds; a ring marks the best median."
    parts: list[Part] = [
        Paragraph(result.sentence, lead=True),
        Paragraph(_setting(result)),
    ]
    leading = result.figure()
    if leading is not None:
        parts.append(Illustration("comparison", leading, caption))
    for size in result.sizes:
        parts += block(result, size)
    embeddings = result.embeddings(colors=colors, class_names=class_names)
    if embeddings is not None:
        caption = "Codes of the training rows, for the first seed."
        parts += [Heading("Embeddings"), Illustration("embeddings", embeddings, caption)]
    return Report(
        title=f"{title}: autoencoders and classical methods",
        parts=parts,
        metrics={
            "data": title,
            "sentence": result.sentence,
            "summary": result.summary_rows,
            "rows": result.rows,
        },
        rows=result.rows,
        facts=facts or {},
    )


def _setting(result: Comparison) -> str:
    split = next(iter(result.splits.values()))
    seeds = len(result.splits)
    unit = (
        "pixels in [0, 1]" if pixel_range(split.train.dtype) > 1 else "in squared units of the data"
    )
    over = "the median over the seeds with the range below; " if seeds > 1 else ""
    measured = f"MSE is the mean squared error per value, {unit}."
    if result.purpose == "generate":
        measured = "Samples, as many as training rows but at most 10,000, against held-out rows."
    if result.purpose == "anomaly":
        measured = "All training rows are normal; thresholds are set for 5 % false alarms."
    if "bytes_per_row" in result.columns:
        measured += (
            " Bytes are the ideal length of a held-out row's code by tables of the training rows' "
            "codes; tables and model are not counted."
        )
    return (
        f"{len(split.train):,} training rows and {len(split.test):,} held-out rows of "
        f"{' x '.join(map(str, split.train.shape[1:]))} values; {seeds} seed"
        f"{'s' if seeds > 1 else ''}. {measured} In the "
        f"tables: {over}the best method of each row is highlighted; n/a: not applicable."
    )


def block(result: Comparison, size: int, words: Callable[[str], str] = str) -> list[Part]:
    """Build the part about one number of components: heading, table, notes, reconstructions.

    `words` translates the text of the table.
    """
    best = result.best(size)
    summary = [row for row in result.summary_rows if row["n_components"] == size]
    titles = [row["method"] for row in summary]
    absent = words("n/a")
    lines: list[list[Cell | str]] = [
        [
            words(column.title),
            *(_cell(result, t, size, name, t in best.get(name, ()), absent) for t in titles),
        ]
        for name, column in result.columns.items()
    ]
    heading = f"{size} component{'s' if size > 1 else ''}"
    notes = [
        f"{row['method']}: {'; '.join(map(words, row['note'].split('; ')))}"
        for row in summary
        if row["note"]
    ]
    parts: list[Part] = [Heading(heading), Table(["", *titles], lines), Notes(notes)]
    reconstructed = result.reconstructions(size)
    if reconstructed is not None:
        name = "samples" if result.purpose == "generate" else "reconstructions"
        caption = result.task.caption.format(size)
        parts.append(Illustration(f"{name}-{size}", reconstructed, caption))
    return parts


def _cell(result: Comparison, title: str, size: int, name: str, best: bool, absent: str) -> Cell:
    spread = result.spread(title, size, name)
    if spread is None:
        return Cell(absent, missing=True)
    show = result.columns[name].show
    spans = show(spread.least) != show(spread.greatest)
    small = f"{show(spread.least)} to {show(spread.greatest)}" if spans else ""
    return Cell(show(spread.median), small, best=best)
