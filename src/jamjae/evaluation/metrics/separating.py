"""Classifiers as judges of generated rows: can one separate them, can one learn from them."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.rows import drawn
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation.metrics.checks import classes, finite, flat, labels
from jamjae.evaluation.metrics.generation import two_sets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

KINDS = ("auto", "boosting", "forest", "logistic", "neighbors")
MAX_ROWS = 5_000  # of each set, that a two-sample test uses
FEW = 2_000  # rows, up to which a forest learns more than boosting does
WIDE = 256  # columns, from which trees take minutes
STEPS = 300  # of logistic regression, at most


class SamplesAccuracy(NamedTuple):
    """Accuracy on held-out real rows of a classifier trained on samples, and on real rows."""

    samples: float
    real: float


def two_sample_auc(
    real: ArrayLike,
    generated: ArrayLike,
    *,
    classifier: str = "auto",
    folds: int = 5,
    max_rows: int = MAX_ROWS,
    seed: int = 0,
) -> float:
    r"""Area under the ROC curve of a classifier that separates real from generated rows.

    .. math:: \mathrm{AUC} = P(s(y) > s(x)), \quad s \text{ learned from other } x \text{ and } y

    with s the classifier's probability that a row was generated; mean over stratified folds, each
    scored by a classifier trained on the others.

    Parameters
    ----------
    real : array-like of shape (n, ...)
        Rows or features; images are flattened.
    generated : array-like of shape (m, ...)
    classifier : {"auto", "boosting", "forest", "logistic", "neighbors"}, default="auto"
        Gradient-boosted trees, a random forest, logistic regression on standardized columns, or 15
        nearest neighbors on them. ``"auto"``: logistic regression beyond 256 columns; otherwise a
        forest up to 2,000 rows in all, boosting above. A weak classifier finds no difference.
    folds : int, default=5
        At least 2, and at most the rows of either set.
    max_rows : int, default=5,000
        As many rows of each set are taken at random, the same number of both.
    seed : int
        Of the sample, the folds and the classifier.

    Returns
    -------
    float
        In [0, 1]: .5 where the classifier cannot separate them, 1 where it always can. Below .5,
        rows are nearer to the other set than to their own, as copies are.

    Raises
    ------
    ShapeMismatchError
        The rows differ in shape.
    InvalidDataError
        There are too few rows for `folds`, `classifier` is unknown, or values are not finite.

    References
    ----------
    D. Lopez-Paz and M. Oquab, Revisiting classifier two-sample tests, ICLR 2017.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> two_sample_auc(rng.normal(size=(60, 2)), rng.normal(50.0, 1.0, size=(60, 2)))
    1.0
    """
    first, second = two_sets(real, generated, "two_sample_auc")
    count = min(len(first), len(second), max_rows)
    if not 2 <= folds <= count:
        raise InvalidDataError(
            f"two_sample_auc received folds={folds}, and {count} rows of either set to be used; "
            "expected at least 2 folds, and as many rows."
        )
    first, second = first[drawn(len(first), count, seed)], second[drawn(len(second), count, seed)]
    rows, made = np.concatenate([first, second]), np.repeat([0, 1], count)
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    found = []
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(rows, made):
        judge = fitted(rows[train], made[train], classifier, seed, "two_sample_auc")
        found.append(roc_auc_score(made[test], judge.predict_proba(rows[test])[:, 1]))
    return float(np.mean(found))


def train_on_samples_accuracy(
    generated: ArrayLike,
    y_generated: ArrayLike,
    real: ArrayLike,
    y_real: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    *,
    classifier: str = "auto",
    seed: int = 0,
) -> SamplesAccuracy:
    """Accuracy on held-out rows of a classifier trained on samples, beside that of real rows.

    Parameters
    ----------
    generated : array-like of shape (m, ...)
    y_generated : array-like of shape (m,)
        The classes that were asked for, at least two.
    real : array-like of shape (n, ...)
        Training rows; take as many as were generated to compare like with like.
    y_real : array-like of shape (n,)
    X_test : array-like of shape (t, ...)
        Real rows of neither set.
    y_test : array-like of shape (t,)
    classifier : {"auto", "boosting", "forest", "logistic", "neighbors"}, default="auto"
        As in :func:`two_sample_auc`, the same for both, chosen by the larger set.
    seed : int

    Returns
    -------
    SamplesAccuracy
        Both in [0, 1]. The first is lower by what the samples lack of the relation between rows
        and classes.

    Raises
    ------
    ShapeMismatchError
        Rows differ in shape, or the number of labels is not that of the rows.
    InvalidDataError
        There is only one class, labels are missing or of different kinds, `classifier` is unknown,
        or values are not finite.

    References
    ----------
    C. Esteban, S. L. Hyland and G. Rätsch, Real-valued (medical) time series generation with
    recurrent conditional GANs (2017), which names it "train on synthetic, test on real".

    Examples
    --------
    >>> import numpy as np
    >>> real, y = np.array([[0.0], [1.0], [8.0], [9.0]] * 5), np.array([0, 0, 1, 1] * 5)
    >>> train_on_samples_accuracy(real + 0.2, y, real, y, [[0.5], [8.5]], [0, 1])
    SamplesAccuracy(samples=1.0, real=1.0)
    """
    told = "train_on_samples_accuracy"
    test = finite(X_test, told, "X_test")
    held_out = labels(y_test, len(test), f"{told} (y_test)")
    kind = _kind(classifier, max(len(np.asarray(y_generated)), len(np.asarray(y_real))), test, told)
    found = []
    for rows, y, name in ((generated, y_generated, "generated"), (real, y_real, "real")):
        own = finite(rows, told, name)
        if own.shape[1:] != test.shape[1:]:
            raise ShapeMismatchError(
                f"{told} received {name} with rows of shape {own.shape[1:]} and X_test with rows "
                f"of shape {test.shape[1:]}; expected the same shape."
            )
        of_row = classes(y, len(own), f"{told} (y of {name})")
        if (of_row.dtype.kind in "US") != (held_out.dtype.kind in "US"):
            raise InvalidDataError(
                f"{told} received labels {of_row[0]!r} with {name} and {held_out[0]!r} with "
                "X_test; expected the same classes."
            )
        judge = fitted(flat(own), of_row, kind, seed, told)
        found.append(float((judge.predict(flat(test)) == held_out).mean()))
    return SamplesAccuracy(*found)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Fit on one thread, up to a limit of steps that is part of a definition."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    # threads of small steps that share a core with other work take 20 times as long as one
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def fitted(rows: NDArray[np.float64], y: NDArray[Any], kind: str, seed: int, operation: str) -> Any:
    """Fit a classifier that suits the rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    made = {
        "boosting": lambda: HistGradientBoostingClassifier(random_state=seed),
        "forest": lambda: RandomForestClassifier(min_samples_leaf=2, random_state=seed),
        "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=STEPS)),
        "neighbors": lambda: make_pipeline(
            StandardScaler(), KNeighborsClassifier(min(15, len(rows)))
        ),
    }[_kind(kind, len(rows), rows, operation)]()
    with quietly():
        return made.fit(rows, y)


def _kind(kind: str, count: int, rows: NDArray[Any], operation: str) -> str:
    if kind not in KINDS:
        raise InvalidDataError(
            f"{operation} received classifier={kind!r}; expected one of {', '.join(KINDS)}."
        )
    if kind != "auto":
        return kind
    if rows[0].size > WIDE:
        return "logistic"
    return "forest" if count <= FEW else "boosting"
