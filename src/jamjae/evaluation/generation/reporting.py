"""`generation_report` and its judge: how good, how varied and how new generated rows are."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.errors import InvalidDataError
from jamjae.evaluation.generation import features as featuring
from jamjae.evaluation.generation import measuring
from jamjae.evaluation.generation.features import Features, SmallClassifier
from jamjae.evaluation.generation.measuring import Sample
from jamjae.evaluation.generation.result import SCORES, GenerationReport, GenerationScore
from jamjae.evaluation.generation.rows import Rows, real_rows

if TYPE_CHECKING:
    from collections.abc import Callable


def generation_report(
    real_train: Any,
    real_held_out: Any,
    generated: Any,
    *,
    y_train: Any = None,
    y_held_out: Any = None,
    y_generated: Any = None,
    features: str | Callable[[Any], Any] = "auto",
    n_neighbors: int = 5,
    random_state: int = 0,
) -> GenerationReport:
    """Measure generated rows against held-out rows, each number beside that of real rows.

    Real rows stand in for generated ones: training rows, as many as were generated, are compared
    with the held-out rows in the same way. No model can be expected to do better. Only copies are
    counted among the held-out rows themselves.

    Parameters
    ----------
    real_train : array-like of shape (n, d), (n, h, w) or (n, h, w, c), or data frame
        The rows that the model was fitted to, all of them. A data frame is encoded by
        `TableEncoder`, and so are the others. Columns of an array whose deviations are far apart
        are standardized.
    real_held_out : array-like or data frame
        Real rows that the model was not fitted to.
    generated : array-like or data frame
    y_train, y_held_out : array-like, optional
        Classes of the real rows; both or none.
    y_generated : array-like, optional
        Classes that were asked for, for the scores that judge them.
    features : {"auto", "pca", "classifier"} or callable, default="auto"
        What Fréchet distance, neighborhoods and two-sample test are computed from: at most 64
        principal components of the rows; 64 hidden outputs of a small classifier of the training
        rows, which needs labels; or what a function makes of rows as they were given, (n, ...) to
        (n, k). ``"auto"``: the classifier if there are labels and rows have more than 64 values,
        else the components, which then hold all there is in rows of up to 64 values.
    n_neighbors : int, default=5
    random_state : int, default=0
        Seed of samples and classifiers.

    Returns
    -------
    GenerationReport
        It prints itself; ``report["coverage"].generated``, ``.to_frame()``, ``.notes``.

    Raises
    ------
    ShapeMismatchError
        Rows differ in shape or columns, or there is not one label per row.
    InvalidDataError
        Values are missing or infinite, there are too few rows for `n_neighbors`, labels are
        incomplete, or `features` is unknown.

    Notes
    -----
    At most 10,000 rows of each set, drawn at random, are used for the Fréchet distance, columns
    and features, 5,000 for neighborhoods and the two-sample test. Copies of all training rows are
    looked for among 2,500. `jamjae.evaluation.metrics` defines each number. Several sets of rows
    are measured in less time by one `GenerationJudge`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> real = rng.normal(size=(400, 3))
    >>> found = generation_report(real[:200], real[200:], np.repeat(real[:1], 200, axis=0))
    >>> round(found["coverage"].real, 1), round(found["coverage"].generated, 1)
    (1.0, 0.0)
    >>> found["copied_share"].generated
    1.0
    """
    judge = GenerationJudge(
        real_train,
        real_held_out,
        y_train=y_train,
        y_held_out=y_held_out,
        features=features,
        n_neighbors=n_neighbors,
        random_state=random_state,
    )
    return judge.report(generated, y_generated)


class GenerationJudge:
    """Real rows against which several sets of generated rows are measured alike.

    What depends on real rows only is computed once: features, their classifier, and the numbers of
    training rows. Parameters and errors are those of `generation_report`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> judge = GenerationJudge(rng.normal(size=(100, 3)), rng.normal(size=(100, 3)))
    >>> near, far = (judge.report(rng.normal(mean, 1.0, size=(100, 3))) for mean in (0.0, 5.0))
    >>> near["coverage"].generated > 0.9, far["coverage"].generated
    (True, 0.0)
    """

    def __init__(
        self,
        real_train: Any,
        real_held_out: Any,
        *,
        y_train: Any = None,
        y_held_out: Any = None,
        features: str | Callable[[Any], Any] = "auto",
        n_neighbors: int = 5,
        random_state: int = 0,
    ) -> None:
        self.real = real_rows(real_train, real_held_out, y_train, y_held_out)
        self.n_neighbors, self.seed = n_neighbors, int(random_state)
        self.by = self._features(features)
        self.held_out = measuring.draw(self.real.held_out, self.by, self.seed)
        self._stand_ins: dict[int, tuple[Sample, dict[str, float]]] = {}

    def report(self, generated: Any, y_generated: Any = None) -> GenerationReport:
        """Measure generated rows.

        Parameters
        ----------
        generated : array-like or data frame
        y_generated : array-like, optional
            Classes that were asked for.

        Returns
        -------
        GenerationReport
        """
        rows, seed = self.real.take_in(generated, y_generated), self.seed
        count = min(len(rows), len(self.real.train), measuring.MAX_ROWS)
        made = measuring.draw(rows, self.by, seed, count)
        of_made = measuring.of_features(self.held_out, made, self.n_neighbors, seed)
        real, of_real = self._stand_in(count)
        values = {name: (value, of_real[name]) for name, value in of_made.items()}
        values["copied_share"] = measuring.of_copies(self.real, rows, seed)
        found = measuring.Samples(self.held_out, made, real)
        notes = [measuring.counted_rows(found, self.real, rows), *self.real.notes]
        columns: list[measuring.ColumnPair] = []
        if self.real.is_table:
            values |= measuring.of_columns(found, columns, notes)
        if rows.y is not None:
            values |= self._of_classes(found, rows, notes)
        scores = {name: GenerationScore(*values[name]) for name in SCORES if name in values}
        return GenerationReport(scores, self.by.title, columns, notes)

    def _stand_in(self, count: int) -> tuple[Sample, dict[str, float]]:
        """Draw so many training rows, and measure them as if they were generated."""
        if count not in self._stand_ins:
            real = measuring.draw(self.real.train, self.by, self.seed, count)
            values = measuring.of_features(self.held_out, real, self.n_neighbors, self.seed)
            self._stand_ins[count] = real, values
        return self._stand_ins[count]

    def _of_classes(
        self, found: measuring.Samples, rows: Rows, notes: list[str]
    ) -> measuring.Values:
        values = measuring.of_classes(found, self.n_neighbors, notes)
        if self.classifier is None:
            notes.append("Classes are not recognized: the training rows are of one class.")
            return values
        values["class_agreement"] = (
            self.classifier.accuracy(rows.numbers, np.asarray(rows.y)),
            self._accuracy,
        )
        if self.real.is_table:
            values |= measuring.of_training(found, self.seed, notes)
        return values

    @functools.cached_property
    def classifier(self) -> SmallClassifier | None:
        """Trained when it is needed, for features or classes; None without two classes."""
        train = self.real.train
        if train.y is None or len(np.unique(train.y)) < 2:
            return None
        return SmallClassifier(train.numbers, train.y, self.seed)

    @functools.cached_property
    def _accuracy(self) -> float:
        held_out = self.real.held_out
        if self.classifier is None:
            return 0.0
        return self.classifier.accuracy(held_out.numbers, np.asarray(held_out.y))

    def _features(self, features: Any) -> Features:
        train = self.real.train
        if callable(features):
            return featuring.of_callable(features)
        if features not in ("auto", "pca", "classifier"):
            raise InvalidDataError(
                f"generation_report received features={features!r}; expected 'auto', 'pca', "
                "'classifier' or a function from rows to features."
            )
        wide = train.numbers.shape[1] > featuring.COUNT
        if (features == "classifier" or (features == "auto" and wide)) and self.classifier:
            return featuring.of_classifier(
                self.classifier, train.numbers, self._accuracy, self.seed
            )
        if features == "classifier":
            raise InvalidDataError(
                "generation_report received features='classifier' without labels of two classes; "
                "expected y_train and y_held_out."
            )
        return featuring.of_components(train.numbers, self.seed)
