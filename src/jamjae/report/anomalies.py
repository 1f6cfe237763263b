"""The report of anomalies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.report.pages import Cell, Heading, Illustration, Notes, Paragraph, Part, Report, Table

if TYPE_CHECKING:
    from jamjae.evaluation.anomalies import AnomalyReport

PER_LINE = 10  # images
FEATURES = 3  # of a row, that are shown
LARGEST = 5.0  # deviations, that are drawn black


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
        "Scores of the rows over those of normal rows that calibrated the threshold; rows left of "
        "it are reported."
    )
    parts: list[Part] = [
        Paragraph(result.sentence, lead=True),
        Illustration("scores", drawn.get_figure(), caption),
        Heading("The strangest rows"),
        Table(["row", "why", "p-value", "score"], _lines(result), words=2),
    ]
    parts += _images(result) if result.shown.errors.ndim > 2 else _features(result)
    count = int(result.odd.sum())
    summary = {"rows": len(result.odd), "anomalies": count, "offset": result.offset}
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
            Cell(f"{result.p_values[i]:.3g}", best=bool(result.odd[i])),
            f"{result.scores[i]:.2f}",
        ]
        for i in result.strangest.tolist()
    ]


def _images(result: AnomalyReport) -> list[Part]:
    """Show the strangest images, their reconstructions, and where they are off."""
    from jamjae import plotting

    shown = result.shown
    if shown.errors.ndim == 4 and shown.errors.shape[-1] not in (1, 3):
        return [Notes([f"Images of {shown.errors.shape[-1]} channels cannot be drawn."])]
    size = np.nan_to_num(np.abs(shown.errors))
    if size.ndim == 4:
        size = size.mean(axis=3)
    low, high = _span(result)
    maps = 1.0 - np.minimum(size / LARGEST, 1.0)
    originals, made, near = (
        np.clip((np.asarray(rows, dtype=np.float64) - low) / (high - low), 0, 1)
        for rows in (result.originals, shown.reconstruction, shown.nearest)
    )
    lines: list[Any] = []
    labels: list[str] = []
    for start in range(0, len(maps), PER_LINE):
        some = slice(start, start + PER_LINE)
        lines += [
            _filled(rows[some], min(len(maps), PER_LINE)) for rows in (originals, made, maps, near)
        ]
        labels += ["row", "reconstruction", "error", "nearest normal"]
    figure = plotting.image_grid(lines, row_labels=labels, data_range=(0.0, 1.0))
    caption = (
        "The strangest rows, what the model reconstructs, the error in units of what is normal "
        f"(black: {LARGEST:g} and more), and the training row with the nearest code."
    )
    return [Illustration("strangest", figure, caption)]


def _filled(images: np.ndarray, n: int) -> np.ndarray:
    """Fill a line of images up with white."""
    rest = [(0, n - len(images))] + [(0, 0)] * (images.ndim - 1)
    return np.pad(images, rest, constant_values=1.0)


def _span(result: AnomalyReport) -> tuple[float, float]:
    rows = np.asarray(result.originals)
    if rows.dtype.kind == "u":
        return 0.0, float(np.iinfo(rows.dtype).max)
    near = np.asarray(result.shown.nearest, dtype=np.float64)
    low, high = float(np.nanmin(near)), float(np.nanmax(near))
    return low, high if high > low else low + 1.0


def _features(result: AnomalyReport) -> list[Part]:
    """Show what is off most in the strangest rows, in units of what is normal."""
    errors, names = result.shown.errors, result.shown.feature_names
    lines: list[list[Cell | str]] = []
    for place, i in enumerate(result.strangest.tolist()):
        size = np.nan_to_num(np.abs(errors[place]))
        worst = np.argsort(-size, kind="stable")[:FEATURES]
        said = [f"{names[j]} {errors[place, j]:+.1f}" for j in worst.tolist()]
        lines.append([result.names[i], *said, *[""] * (FEATURES - len(said))])
    head = ["row", "most off", "second", "third"]
    note = (
        "Value minus reconstruction, in units of what is normal for that column: the root mean "
        "squared error of normal rows."
    )
    return [Heading("By column"), Table(head, lines, words=4), Notes([note])]
