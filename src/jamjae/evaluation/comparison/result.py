"""The result of a comparison: one row per fit, medians over seeds, the best, and figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.evaluation.comparison import verdicts
from jamjae.evaluation.comparison.columns import TASKS, MetricColumn, Task
from jamjae.evaluation.comparison.measuring import MethodOutcome, Split
from jamjae.evaluation.comparison.methods import Method

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MISSING = "n/a"
SCATTERED = 5_000  # points of one embedding in a figure, at most


class Run(NamedTuple):
    """One method, size and seed, with its outcome."""

    method: Method
    n_components: int
    seed: int
    outcome: MethodOutcome


class Spread(NamedTuple):
    """Median, minimum and maximum of one metric over the seeds."""

    median: float
    least: float
    greatest: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Methods side by side.

    Attributes
    ----------
    runs : list of Run
    splits : dict of int to Split
        Training and held-out rows, by seed.
    standardized : bool
        Whether each column was centered and divided by its deviation.
    encoded : bool
        Whether the columns of a mixed table were encoded by `TableEncoder`.
    purpose : {"reconstruct", "generate", "anomaly"}
    sampled : (int, int) or None
        How many rows were drawn, and of how many, of data that stay in their files.
    in_bytes : bool
        Whether the bytes of codes were counted.
    """

    runs: list[Run]
    splits: dict[int, Split]
    standardized: bool = False
    encoded: bool = False
    purpose: str = "reconstruct"
    sampled: tuple[int, int] | None = None
    in_bytes: bool = False

    @property
    def task(self) -> Task:
        """What methods were compared for."""
        return TASKS[self.purpose]

    # --- tables -----------------------------------------------------------------------------

    @property
    def columns(self) -> dict[str, MetricColumn]:
        """The metrics that apply to these data, by name, in order."""
        split = next(iter(self.splits.values()))
        known = {"images"} if split.train.ndim > 2 else set()
        if split.train_y is not None:
            known.add("labels")
        if split.train.ndim == 2:
            known.add("table")
        if self.in_bytes:
            known.add("bytes")
        columns = self.task.columns
        return {name: column for name, column in columns.items() if column.needs in ("", *known)}

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One dict per method, size and seed: the fit, every metric or "n/a", and a note."""
        return [
            {
                "method": run.method.title,
                "n_components": run.n_components,
                "seed": run.seed,
                "rows": len(run.outcome.rows),
                **{name: run.outcome.values.get(name, MISSING) for name in self.columns},
                "note": "; ".join(run.outcome.notes),
            }
            for run in self.runs
        ]

    @property
    def table(self) -> pd.DataFrame:
        """The same as a pandas data frame, with NaN for n/a."""
        return _frame(self.rows)

    @property
    def summary(self) -> pd.DataFrame:
        """Median, minimum and maximum of each metric over the seeds: one row per method and size.

        NaN where a metric does not apply.
        """
        return _frame(self.summary_rows)

    @property
    def summary_rows(self) -> list[dict[str, Any]]:
        """The summary as dicts, with "n/a" for metrics that do not apply."""
        return [
            {
                "method": method.title,
                "n_components": size,
                "seeds": len(runs),
                "rows": int(np.median([len(run.outcome.rows) for run in runs])),
                **{
                    f"{name}{ending}": MISSING if spread is None else value
                    for name in self.columns
                    for spread in (_spread(runs, name),)
                    for ending, value in zip(("", "_min", "_max"), spread or (0, 0, 0), strict=True)
                },
                "note": "; ".join(_notes(runs)),
            }
            for size in self.sizes
            for method, runs in self._groups(size)
        ]

    @property
    def sizes(self) -> list[int]:
        """The numbers of components that were compared."""
        return list(dict.fromkeys(run.n_components for run in self.runs))

    def spread(self, title: str, size: int, name: str) -> Spread | None:
        """Return the median and range of one metric, or None if it does not apply."""
        return _spread(dict(self._by_title(size))[title], name)

    def spreads(self, size: int, name: str) -> dict[str, Spread]:
        """Return the medians and ranges of one metric by method, of those it applies to."""
        found = {title: _spread(runs, name) for title, runs in self._by_title(size)}
        return {title: spread for title, spread in found.items() if spread}

    def best(self, size: int) -> dict[str, set[str]]:
        """Return the titles of the best methods by column: all whose medians look the same."""
        found: dict[str, set[str]] = {}
        for name, column in self.columns.items():
            medians = {t: spread.median for t, spread in self.spreads(size, name).items()}
            if medians:
                shown = column.show(column.best(medians.values()))
                found[name] = {t for t, value in medians.items() if column.show(value) == shown}
        return found

    @property
    def sentence(self) -> str:
        """For each number of components, whether PCA suffices, or who draws best, in words."""
        verdict = verdicts.VERDICTS[self.purpose]
        said = ["Columns are standardized."] if self.standardized else []
        if self.sampled is not None and self.sampled[0] < self.sampled[1]:
            some, n = self.sampled
            said.append(f"{some:,} of {n:,} rows, drawn at random, are compared.")
        said += ["Columns are encoded as numbers by TableEncoder."] if self.encoded else []
        return " ".join([*said, *(verdict(self, size) for size in self.sizes)])

    # --- figures ----------------------------------------------------------------------------

    def figure(self) -> Figure | None:
        """Draw the leading metrics of all methods, with their ranges over the seeds.

        None if every method failed.
        """
        from jamjae.plotting import Panel, dot_panels

        titles = list(dict.fromkeys(run.method.title for run in self.runs))
        panels = []
        for name in self.task.charted:
            column = self.columns.get(name)
            series: dict[str, list[tuple[float, float, float] | None]] = {}
            for size in self.sizes:
                groups = dict(self._by_title(size))
                series[f"{size} component{'s' if size > 1 else ''}"] = [
                    _spread(groups[title], name) for title in titles
                ]
            if column and any(point for points in series.values() for point in points):
                panels.append(Panel(column.title, series, column.better, column.log))
        return dot_panels(titles, panels) if panels else None

    def embeddings(
        self, *, colors: Any = None, class_names: Sequence[str] | None = None
    ) -> Figure | None:
        """Draw all methods' codes of the training rows side by side, for the first seed.

        Parameters
        ----------
        colors : array-like of shape (n, 3), optional
            Of the rows that were compared, instead of their classes.
        class_names : sequence of str, optional

        Returns
        -------
        Figure or None
            None if no codes have two or three components.
        """
        from jamjae.plotting import embedding_grid

        seed = self.runs[0].seed
        several = sum(2 <= size <= 3 for size in self.sizes) > 1
        shown, places = {}, {}
        for run in self.runs:
            codes = run.outcome.codes
            if run.seed == seed and codes is not None and 2 <= run.n_components <= 3:
                few = slice(None, None, max(len(codes) // SCATTERED, 1))
                title = run.method.title + (f", {run.n_components}" if several else "")
                trust = run.outcome.values.get("train_trustworthiness", math.nan)
                title = f"{title}\ntrustworthiness {trust:.4f}"
                shown[title] = codes[few, :2]
                places[title] = run.outcome.rows[few]
        if not shown:
            return None
        split = self.splits[seed]
        if colors is not None:
            given = np.asarray(colors)[split.places]
            return embedding_grid(shown, colors={name: given[at] for name, at in places.items()})
        if split.train_y is None:
            return embedding_grid(shown)
        classes = {name: split.train_y[at] for name, at in places.items()}
        return embedding_grid(shown, classes, class_names=class_names)

    def reconstructions(self, size: int) -> Figure | None:
        """Draw held-out images above what each method made, for the first seed.

        Their reconstructions, or samples.
        """
        from jamjae.plotting import image_grid

        seed = self.runs[0].seed
        test = self.splits[seed].test
        if test.ndim < 3 or (test.ndim == 4 and test.shape[-1] not in (1, 3)):
            return None
        made = {
            run.method.title: run.outcome.reconstructed
            for run in self.runs
            if run.seed == seed
            and run.n_components == size
            and run.outcome.reconstructed is not None
        }
        if not made:
            return None
        count = len(next(iter(made.values())))
        first = "original" if self.purpose == "reconstruct" else "held-out"
        labels = [first, *(self._labelled(title, size) for title in made)]
        low, high = (
            (0.0, 255.0) if test.dtype == np.uint8 else (float(test.min()), float(test.max()))
        )
        if high <= low:
            return None
        return image_grid([test[:count], *made.values()], row_labels=labels, data_range=(low, high))

    def _labelled(self, title: str, size: int) -> str:
        name, short = self.task.labelled
        spread = self.spread(title, size, name)
        return title if spread is None else f"{title}  {short} {spread.median:.4g}"

    # --- text -------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return self.text()

    def text(self, width: int = 100) -> str:
        """Format the leading metrics as a table, with the best of each column starred."""
        from jamjae.evaluation.comparison.text import render

        return render(self, width)

    def _groups(self, size: int) -> Iterator[tuple[Method, list[Run]]]:
        titles = dict.fromkeys(run.method.title for run in self.runs)
        for title in titles:
            runs = [r for r in self.runs if r.method.title == title and r.n_components == size]
            if runs:
                yield runs[0].method, runs

    def _by_title(self, size: int) -> list[tuple[str, list[Run]]]:
        return [(method.title, runs) for method, runs in self._groups(size)]


def _spread(runs: list[Run], name: str) -> Spread | None:
    values = [run.outcome.values[name] for run in runs if name in run.outcome.values]
    if not values:
        return None
    return Spread(float(np.median(values)), min(values), max(values))


def _notes(runs: list[Run]) -> list[str]:
    """Return each note once, with the number of seeds it applies to if not all."""
    counts: dict[str, int] = {}
    for run in runs:
        for note in run.outcome.notes:
            counts[note] = counts.get(note, 0) + 1
    return [
        note if count == len(runs) else f"{note} ({count} of {len(runs)} seeds)"
        for note, count in counts.items()
    ]


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    from pandas import DataFrame

    return DataFrame(
        [{name: math.nan if v == MISSING else v for name, v in row.items()} for row in rows]
    )
