"""The report card: its numbers, as a table, as a data frame and as text."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from jamjae.data.text_tables import text_table

if TYPE_CHECKING:
    import pandas as pd


SHORT = 0.9  # times what real rows reach: below, something is missing
SEPARABLE = 0.65  # AUC from which a classifier separates generated from real rows
COPIED = 2.0  # times the share among held-out rows: above, the model remembers its rows


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

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """Title, generated, real and better of each score, as text."""
        return [
            (SCORES[name].title, _shown(score.generated), _shown(score.real), SCORES[name].better)
            for name, score in self.scores.items()
        ]

    @property
    def sentence(self) -> str:
        """What generated rows lack beside real ones, in words.

        They are unlike real rows if their precision, and too alike if their coverage, is less than
        .9 of what real rows reach; a classifier separates them from an AUC of .65; and they are
        copies if their share is twice that among held-out rows.
        """
        told = [
            f"{said} ({SCORES[name].title} {_shown(self[name].generated)}, of real rows "
            f"{_shown(self[name].real)})"
            for name, said in _FAULTS.items()
            if self._lacks(name)
        ]
        if not told:
            return "Generated rows come close to real ones by these scores."
        return f"Generated rows fall short of real ones: {'; '.join(told)}."

    def _lacks(self, name: str) -> bool:
        if name not in self.scores:
            return False
        generated, real = self[name]
        if name == "two_sample_auc":
            return generated > SEPARABLE
        if name == "copied_share":
            return generated > COPIED * real
        return generated < SHORT * real

    def text(self, width: int = 100) -> str:
        """Format the scores as a table, with a sentence, the features and notes below it."""
        table = text_table(["", "generated", "real rows", "better"], self.rows)
        said = (self.sentence, f"Features: {self.features}.", *self.notes)
        return "\n".join([table, "", *(textwrap.fill(one, width) for one in said)])

    def __repr__(self) -> str:
        return self.text()


_FAULTS = {
    "precision": "some are unlike any real row",
    "coverage": "kinds of rows are missing",
    "lowest_class_coverage": "a class is hardly varied",
    "class_agreement": "rows are not of the class that was asked for",
    "train_on_samples_accuracy": "a classifier learns less from them",
    "two_sample_auc": "a classifier separates them from real rows",
    "copied_share": "some are copies of training rows",
}


def _shown(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.1f}"
