"""The report of generated rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jamjae.report.pages import Heading, Illustration, Notes, Paragraph, Part, Report, Table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from jamjae.evaluation import GenerationReport


def of_generation(
    result: GenerationReport,
    title: str,
    *,
    images: ArrayLike | None = None,
    y: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    facts: dict[str, str] | None = None,
) -> Report:
    """Build the report of generated rows: sentence, scores, columns, and a sheet of images.

    Parameters
    ----------
    result : GenerationReport
        As `jamjae.evaluation.generation_report` gives it.
    title : str
        The name of the data or of the model.
    images : array-like of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3), optional
        Generated images, for the sheet.
    y : array-like of shape (n,), optional
        Their classes.
    class_names : sequence of str, optional
    facts : dict of str to str, optional
        For the footer.

    Returns
    -------
    Report
        Written by `jamjae.report.write`.
    """
    parts: list[Part] = [Paragraph(result.sentence, lead=True)]
    if images is not None:
        from jamjae.plotting import sample_sheet

        sheet = sample_sheet(images, y, class_names=class_names)
        parts.append(Illustration("samples", sheet, "Generated images, the first of each line."))
    head = ["", "generated", "real rows", "better"]
    parts += [
        Heading("Scores"),
        Table(head, result.rows),
        Notes([f"Features: {result.features}.", *result.notes]),
    ]
    if result.columns:
        lines = [
            [column, kind, f"{generated:.4f}", f"{real:.4f}"]
            for column, kind, generated, real in result.columns
        ]
        words = (
            "Distance from the held-out rows: Kolmogorov-Smirnov for numbers, total variation for "
            "categories."
        )
        head = ["column", "kind", "generated", "real rows"]
        parts += [Heading("Columns"), Table(head, lines, words=2), Notes([words])]
    return Report(
        title=f"{title}: generated rows",
        parts=parts,
        metrics={"data": title, "sentence": result.sentence, **result.to_dict()},
        rows=_tidy(result),
        facts=facts or {},
    )


def _tidy(result: GenerationReport) -> list[dict[str, Any]]:
    return [{"score": name, **score._asdict()} for name, score in result.scores.items()]
