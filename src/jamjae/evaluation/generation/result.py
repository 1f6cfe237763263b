"""The report card: its numbers, as a table, as a data frame and as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from jamjae.data.text_tables import text_table

if TYPE_CHECKING:
    import pandas as pd


class Meaning(NamedTuple):
    """What a score is called, and which direction is better: low, high, or near a number."""

    title: str
    better: str


SCORES: dict[str, Meaning] = {
    "frechet_distance": Meaning("Fréchet distance", "low"),
    "precision": Meaning("precision", "high"),
    "recall": Meaning("recall", "high"),
    "density": Meaning("density", "near 1"),
    "coverage": Meaning("coverage", "high"),
    "lowest_class_coverage": Meaning("coverage, lowest of a class", "high"),
    "class_agreement": Meaning("rows recognized as of their class", "high"),
    "two_sample_auc": Meaning("two-sample test, AUC", "near .5"),
    "copied_share": Meaning("share of copies of training rows", "near .01"),
    "mean_marginal_distance": Meaning("distance of columns, mean", "low"),
    "largest_marginal_distance": Meaning("distance of columns, largest", "low"),
    "correlation_difference": Meaning("difference of correlations, mean", "low"),
    "train_on_samples_accuracy": Meaning("accuracy of a classifier trained on them", "high"),
}


class GenerationScore(NamedTuple):
    """One number of generated rows, and the same number of real rows."""

    generated: float
    real: float


@dataclass(frozen=True, eq=False)
class GenerationReport:
    """Generated rows against held-out real rows, each number beside that of real rows.

    Attributes
    ----------
    scores : dict of str to GenerationScore
        By name, in the order of `SCORES`; those that do not apply to the data are absent.
    features : str
        What the distances, neighborhoods and the two-sample test were computed from.
    columns : list of (str, str, float, float)
        For tables: name and kind of each column, its distance from the held-out rows among the
        generated rows, and among the training rows.
    notes : list of str
        How many rows were used, and what was left out, with the reason.
    """

    scores: dict[str, GenerationScore]
    features: str
    columns: list[tuple[str, str, float, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> GenerationScore:
        return self.scores[name]

    def to_frame(self) -> pd.DataFrame:
        """Give a data frame with one row per score: ``generated``, ``real`` and ``better``."""
        from pandas import DataFrame

        rows = [[*score, SCORES[name].better] for name, score in self.scores.items()]
        return DataFrame(rows, list(self.scores), ["generated", "real", "better"])

    def columns_to_frame(self) -> pd.DataFrame:
        """Give a data frame with one row per column of a table; empty for images."""
        from pandas import DataFrame

        found = DataFrame(self.columns, columns=["column", "kind", "generated", "real"])
        return found.set_index("column")

    def to_dict(self) -> dict[str, Any]:
        """Give values that JSON knows."""
        return {
            "scores": {name: score._asdict() for name, score in self.scores.items()},
            "features": self.features,
            "columns": [
                dict(zip(("column", "kind", "generated", "real"), one, strict=True))
                for one in self.columns
            ],
            "notes": list(self.notes),
        }

    def text(self) -> str:
        """Format the scores as a table, with the features and notes below it."""
        rows = [
            [SCORES[name].title, _shown(score.generated), _shown(score.real), SCORES[name].better]
            for name, score in self.scores.items()
        ]
        table = text_table(["", "generated", "real rows", "better"], rows)
        return "\n".join([table, "", f"Features: {self.features}.", *self.notes])

    def __repr__(self) -> str:
        return self.text()


def _shown(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.1f}"
