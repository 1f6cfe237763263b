"""`generation_report`: how good, how varied and how new generated rows are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.errors import InvalidDataError
from jamjae.evaluation.generation import features as featuring
from jamjae.evaluation.generation import measuring
from jamjae.evaluation.generation.features import Features, SmallClassifier
from jamjae.evaluation.generation.result import SCORES, GenerationReport, GenerationScore
from jamjae.evaluation.generation.rows import Received, received

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
    looked for among 2,500. `jamjae.evaluation.metrics` defines each number.

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
    data = received((real_train, real_held_out, generated), (y_train, y_held_out, y_generated))
    seed = int(random_state)
    judge = _judge(data, features, seed)
    by = _features(features, data, judge, seed)
    drawn_rows = measuring.draw(data, by, seed)
    values, notes = measuring.of_features(drawn_rows, n_neighbors, seed), [*data.notes]
    values["copied_share"] = measuring.of_copies(data, seed)
    columns: list[measuring.ColumnPair] = []
    if data.is_table:
        values |= measuring.of_columns(drawn_rows, columns, notes)
    if judge is not None and data.generated.y is not None:
        values["class_agreement"] = (
            judge.accuracy(data.generated.numbers, data.generated.y),
            judge.accuracy(data.held_out.numbers, measuring.known(data.held_out)),
        )
        values |= measuring.of_classes(drawn_rows, n_neighbors, notes)
        if data.is_table:
            values |= measuring.of_training(drawn_rows, seed, notes)
    scores = {name: GenerationScore(*values[name]) for name in SCORES if name in values}
    return GenerationReport(scores, by.title, columns, [drawn_rows.counted(data), *notes])


def _judge(data: Received, features: Any, seed: int) -> SmallClassifier | None:
    """Train the classifier, if it is needed for features or for the classes of generated rows."""
    y = data.train.y
    if y is None or len(np.unique(y)) < 2:
        return None
    if data.generated.y is None and not _learned(features, data):
        return None
    return SmallClassifier(data.train.numbers, y, seed)


def _learned(features: Any, data: Received) -> bool:
    """Whether features are those of the classifier."""
    wide = data.train.numbers.shape[1] > featuring.COUNT
    return isinstance(features, str) and (
        features == "classifier" or (features == "auto" and data.train.y is not None and wide)
    )


def _features(features: Any, data: Received, judge: SmallClassifier | None, seed: int) -> Features:
    if callable(features):
        return featuring.of_callable(features)
    if features not in ("auto", "pca", "classifier"):
        raise InvalidDataError(
            f"generation_report received features={features!r}; expected 'auto', 'pca', "
            "'classifier' or a function from rows to features."
        )
    if _learned(features, data) and judge is not None:
        accuracy = judge.accuracy(data.held_out.numbers, measuring.known(data.held_out))
        return featuring.of_classifier(judge, data.train.numbers, accuracy, seed)
    if features == "classifier":
        raise InvalidDataError(
            "generation_report received features='classifier' without labels of two classes; "
            "expected y_train and y_held_out."
        )
    return featuring.of_components(data.train.numbers, seed)
