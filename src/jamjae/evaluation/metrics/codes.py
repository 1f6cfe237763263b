r"""Metrics of codes: how well they separate classes, and how small they are."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation.metrics.checks import classes, finite, flat, labels, numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def neighborhood_hit(Z: ArrayLike, y: ArrayLike, *, n_neighbors: int = 5) -> float:
    r"""Fraction of each code's k nearest codes that are of its class, mean over codes.

    Parameters
    ----------
    Z : array-like of shape (n, k)
        Codes.
    y : array-like of shape (n,)
        Their classes, at least two.
    n_neighbors : int
        Less than n. A code is not its own neighbor.

    Returns
    -------
    float
        In [0, 1]. Chance level is the sum of the squared class frequencies.

    Raises
    ------
    ShapeMismatchError
        The number of labels is not that of the codes.
    InvalidDataError
        There is only one class, there are too few codes, or values are not finite.

    References
    ----------
    F. V. Paulovich, L. G. Nonato, R. Minghim and H. Levkowitz, Least square projection, IEEE
    Transactions on Visualization and Computer Graphics 14 (2008) 564-575.

    Examples
    --------
    >>> neighborhood_hit([[0.0], [1.0], [5.0], [6.0]], [0, 0, 1, 1], n_neighbors=1)
    1.0
    """
    codes = flat(finite(Z, "neighborhood_hit", "Z"))
    of_row = classes(y, len(codes), "neighborhood_hit")
    if not 1 <= n_neighbors < len(codes):
        raise InvalidDataError(
            f"neighborhood_hit received n_neighbors={n_neighbors} for {len(codes)} codes; "
            "expected at least 1 and less than the number of codes."
        )
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=n_neighbors).fit(codes).kneighbors(return_distance=False)
    return float((of_row[found] == of_row[:, None]).mean())


def knn_accuracy(
    Z: ArrayLike, y: ArrayLike, Z_test: ArrayLike, y_test: ArrayLike, *, n_neighbors: int = 5
) -> float:
    """Accuracy of k-nearest-neighbors, fitted to training codes, on held-out codes.

    Parameters
    ----------
    Z : array-like of shape (n, k)
    y : array-like of shape (n,)
        Classes of the training codes, at least two.
    Z_test : array-like of shape (m, k)
    y_test : array-like of shape (m,)
    n_neighbors : int
        At most n.

    Returns
    -------
    float
        In [0, 1], as `sklearn.neighbors.KNeighborsClassifier` scores it.

    Raises
    ------
    ShapeMismatchError
        Codes differ in length, or the number of labels is not that of the codes.
    InvalidDataError
        There is only one class, there are too few codes, or values are not finite.

    Examples
    --------
    >>> knn_accuracy([[0.0], [1.0], [5.0]], [0, 0, 1], [[0.4], [7.0]], [0, 1], n_neighbors=1)
    1.0
    """
    train, test = _two_sets(Z, y, Z_test, y_test, "knn_accuracy")
    if not 1 <= n_neighbors <= len(train[0]):
        raise InvalidDataError(
            f"knn_accuracy received n_neighbors={n_neighbors} and {len(train[0])} training codes; "
            "expected at least 1 and at most the number of codes."
        )
    from sklearn.neighbors import KNeighborsClassifier

    return float(KNeighborsClassifier(n_neighbors).fit(*train).score(*test))


def linear_probe_accuracy(
    Z: ArrayLike, y: ArrayLike, Z_test: ArrayLike, y_test: ArrayLike
) -> float:
    """Accuracy of a linear classifier, fitted on training codes, on held-out codes.

    The classifier is scikit-learn's logistic regression (L2, C = 1, at most 300 iterations) on
    codes standardized to mean 0 and standard deviation 1, so that the units of a code do not
    matter.

    Parameters and errors are those of :func:`knn_accuracy`.

    Returns
    -------
    float
        In [0, 1].

    References
    ----------
    G. Alain and Y. Bengio, Understanding intermediate layers using linear classifier probes,
    ICLR workshop 2017.

    Examples
    --------
    >>> linear_probe_accuracy([[0.0], [1.0], [5.0], [6.0]], [0, 0, 1, 1], [[0.4], [7.0]], [0, 1])
    1.0
    """
    train, test = _two_sets(Z, y, Z_test, y_test, "linear_probe_accuracy")
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    with warnings.catch_warnings():  # the limit is part of the definition
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(probe.fit(*train).score(*test))


def bits_per_value(Z: ArrayLike, X: ArrayLike) -> float:
    r"""Bits of code for each value: :math:`8 \cdot \mathrm{bytes}(Z) / \mathrm{size}(X)`.

    The size of the decoder is not counted.

    Parameters
    ----------
    Z : array-like of shape (n, k)
        Codes, in the data type in which they would be stored.
    X : array-like of shape (n, ...)
        The rows they encode.

    Returns
    -------
    float
        For a gray image: bits per pixel. An 8-bit image itself has 8.

    Raises
    ------
    ShapeMismatchError
        `X` and `Z` differ in their number of rows.
    InvalidDataError
        An array is empty or does not hold real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> bits_per_value(np.zeros((5, 64), np.float32), np.zeros((5, 32, 32), np.uint8))
    2.0
    """
    codes, rows = numbers(Z, "bits_per_value", "Z"), numbers(X, "bits_per_value")
    if len(codes) != len(rows):
        raise ShapeMismatchError(
            f"bits_per_value received codes of shape {codes.shape} for rows of shape {rows.shape}; "
            "expected one code for each row."
        )
    return 8.0 * codes.nbytes / rows.size


def _two_sets(
    Z: ArrayLike, y: ArrayLike, Z_test: ArrayLike, y_test: ArrayLike, operation: str
) -> tuple[tuple[NDArray[np.float64], NDArray[Any]], tuple[NDArray[np.float64], NDArray[Any]]]:
    train, test = flat(finite(Z, operation, "Z")), flat(finite(Z_test, operation, "Z_test"))
    if train.shape[1] != test.shape[1]:
        raise ShapeMismatchError(
            f"{operation} received training codes of shape {train.shape} and held-out codes of "
            f"shape {test.shape}; expected the same number of components in both."
        )
    held_out = labels(y_test, len(test), f"{operation} (y_test)")
    return (train, classes(y, len(train), operation)), (test, held_out)
