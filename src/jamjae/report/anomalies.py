"""The report of anomalies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.data.text_tables import number
from jamjae.report.pages import Cell, Heading, Illustration, Notes, Paragraph, Part, Report, Table

if TYPE_CHECKING:
    from jamjae.evaluation.anomalies import AnomalyReport

PER_LINE = 10  # images
FEATURES = 3  # of a row, that are shown
LONGEST = 12  # letters of a name above an image
LARGEST = 5.0  # errors, in units of what is normal, that are drawn in full color
BRIGHTER, DARKER = np.array([[0.78, 0.11, 0.13], [0.13, 0.36, 0.78]])  # red and blue
CAPTION = (
    "The strangest rows, by name; what the model reconstructs; the error, red where the row is "
    f"brighter and blue where it is darker, in full color from {LARGEST:g} times what is normal "
    "for that pixel; the training row with the nearest code."
)


def of_anomalies(
    result: AnomalyReport, title: str, *, facts: dict[str, str] | None = None
) -> Report:
    """Build the report of anomalies: sentence, histogram, the strangest rows and why.

    Parameters
    ----------
    result : AnomalyReport
        As `jamjae.evaluation.anomalies.anomaly_report` gives it.
    title : str
        The name of the data.
    facts : dict of str to str, optional
        For the footer.

    Returns
    -------
    Report
        Written by `jamjae.report.write`.
    """
    from jamjae.plotting.histograms import score_histogram

    drawn: Any = score_histogram(result.scores, result.calibration, result.offset)
    caption = (
        "Scores of the rows, and of the calibration rows behind them; rows to the left of the "
        "threshold are reported."
    )
    parts: list[Part] = [
        Paragraph(result.sentence, lead=True),
        Illustration("scores", drawn.get_figure(), caption),
        Heading("The strangest rows"),
        Table(["row", "why", "p-value", "score"], _lines(result), words=2),
        Notes(_limits(result)),
    ]
    parts += _images(result) if result.shown.errors.ndim > 2 else _features(result)
    count = int(result.anomalous.sum())
    summary = {"rows": len(result.anomalous), "anomalies": count, "offset": result.offset}
    return Report(
        title=f"{title}: anomalies",
        parts=parts,
        metrics={
            "data": title,
            "sentence": result.sentence,
            **summary,
            "calibration_rows": len(result.calibration),
            "strangest": [result.line(i) for i in result.strangest.tolist()],
        },
        rows=result.rows,
        facts=facts or {},
    )


def _lines(result: AnomalyReport) -> list[list[Cell | str]]:
    return [
        [
            result.names[i],
            result.reasons[i],
            Cell(f"{result.p_values[i]:.3g}", best=bool(result.anomalous[i])),
            f"{result.scores[i]:.2f}",
        ]
        for i in result.strangest.tolist()
    ]


def _limits(result: AnomalyReport) -> list[str]:
    """Say that there are no p-values below that of a row more anomalous than all others."""
    m = len(result.calibration)
    least = 1.0 / (m + 1)
    if not np.isclose(result.p_values.min(), least):
        return []
    few = f"{m:,} calibration rows allow no p-value below {least:.3g}"
    return [f"{few}; a row that has it is more anomalous than all of them."]


def _images(result: AnomalyReport) -> list[Part]:
    """Show the strangest images, their reconstructions, and where they are off."""
    from jamjae import plotting

    shown = result.shown
    if shown.errors.ndim == 4 and shown.errors.shape[-1] not in (1, 3):
        return [Notes([f"Images of {shown.errors.shape[-1]} channels cannot be drawn."])]
    low, high = _span(result)
    originals, made, near = (
        np.clip((np.asarray(rows, dtype=np.float64) - low) / (high - low), 0, 1)
        for rows in (result.originals, shown.reconstruction, shown.nearest)
    )
    lines = [originals, made, _colored(shown.errors), near]
    names = [_short(result.names[i]) for i in result.strangest.tolist()]
    parts: list[Part] = []
    for start in range(0, len(names), PER_LINE):
        some = slice(start, start + PER_LINE)
        figure = plotting.image_grid(
            [rows[some] for rows in lines],
            row_labels=["row", "reconstruction", "error", "nearest normal"],
            column_labels=names[some],
            data_range=(0.0, 1.0),
        )
        caption = "The next rows." if start else CAPTION
        parts.append(Illustration(f"strangest-{start // PER_LINE + 1}", figure, caption))
    return parts


def _colored(errors: np.ndarray) -> np.ndarray:
    """Draw errors (n, h, w) or (n, h, w, c) as colors (n, h, w, 3): white is as reconstructed.

    Of several channels the one that is farthest off counts.
    """
    errors = np.nan_to_num(errors)
    if errors.ndim == 4:
        worst = np.abs(errors).argmax(axis=3)[..., None]
        errors = np.take_along_axis(errors, worst, axis=3)[..., 0]
    size = np.minimum(np.abs(errors) / LARGEST, 1.0)[..., None]
    color = np.where(errors[..., None] > 0, BRIGHTER, DARKER)
    return np.asarray(1.0 - size * (1.0 - color))


def _short(name: str) -> str:
    """Shorten a name so that it fits above an image: that of a file keeps its end."""
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"


def _span(result: AnomalyReport) -> tuple[float, float]:
    rows = np.asarray(result.originals)
    if rows.dtype.kind == "u":
        return 0.0, float(np.iinfo(rows.dtype).max)
    near = np.asarray(result.shown.nearest, dtype=np.float64)
    low, high = float(np.nanmin(near)), float(np.nanmax(near))
    return low, high if high > low else low + 1.0


def _features(result: AnomalyReport) -> list[Part]:
    """Show the largest errors of the strangest rows, in units of what is normal."""
    lines: list[list[Cell | str]] = []
    for place, i in enumerate(result.strangest.tolist()):
        size = np.nan_to_num(np.abs(result.shown.errors[place]))
        worst = np.argsort(-size, kind="stable")[:FEATURES].tolist()
        cells = [_cell(result, place, j) for j in worst]
        lines.append([result.names[i], *cells, *[""] * (FEATURES - len(cells))])
    note = (
        "Expected is what the model reconstructs. The signed number is the value minus that, "
        "divided by the normal error of the column: the root of its mean squared error on training "
        "rows plus a fifth of the mean over columns."
    )
    head = ["row", "largest error", "second", "third"]
    return [Heading("By column"), Table(head, lines, words=4), Notes([note])]


def _cell(result: AnomalyReport, place: int, j: int) -> Cell:
    """Say how far a column of a row is off; with its value, unless several columns encode it."""
    name, error = result.shown.feature_names[j], float(result.shown.errors[place, j])
    given, made = (
        _value(part, place, name, j) for part in (result.originals, result.shown.reconstruction)
    )
    if given is None or made is None:
        return Cell(name, f"{error:+.1f}")
    return Cell(f"{name} {number(given)}", f"expected {number(made)}, {error:+.1f}")


def _value(part: Any, place: int, name: str, j: int) -> float | None:
    if hasattr(part, "iloc"):
        value = part[name].iloc[place] if name in part.columns else None
    else:
        rows = np.asarray(part)
        value = rows[place, j] if rows.ndim == 2 and j < rows.shape[1] else None
    plain = isinstance(value, int | float | np.integer | np.floating) and not isinstance(
        value, bool
    )
    return float(value) if plain and value is not None else None
