"""A result as a folder: one page that opens offline, the figures, and machine-readable metrics."""

from jamjae.report.anomalies import of_anomalies
from jamjae.report.comparisons import of_comparison
from jamjae.report.generation import of_generation
from jamjae.report.pages import (
    Cell,
    Heading,
    Illustration,
    Notes,
    Paragraph,
    Part,
    Report,
    Table,
    versions,
    write,
)

__all__ = [
    "Cell",
    "Heading",
    "Illustration",
    "Notes",
    "Paragraph",
    "Part",
    "Report",
    "Table",
    "of_anomalies",
    "of_comparison",
    "of_generation",
    "versions",
    "write",
]
