"""New codes from old ones: class means, variations, ways between two codes, grids.

Every function takes codes and gives codes; a model's ``inverse_transform`` makes data of them::

    dress = class_means(model.transform(X), y).codes[3]
    model.inverse_transform(variations(dress, 50, spread=0.3, random_state=0))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from jamjae.data.finite import finite_array
from jamjae.data.labels import read_labels, warn_of_missing
from jamjae.errors import InvalidDataError, ShapeMismatchError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

KINDS = ("multiplicative", "additive")


class ClassMeans(NamedTuple):
    """One code a class.

    Attributes
    ----------
    classes : array of shape (c,)
        In ascending order.
    codes : float64 array of shape (c, k)
        Their means.
    counts : int array of shape (c,)
        How many codes each is the mean of.
    """

    classes: NDArray[Any]
    codes: NDArray[np.float64]
    counts: NDArray[np.intp]


def class_means(Z: ArrayLike, y: ArrayLike) -> ClassMeans:
    """Mean code of each class: its representative, ``mean_c = Σ z / n_c``.

    Parameters
    ----------
    Z : array-like of shape (n, k)
    y : array-like of shape (n,)
        Classes: integers or text.

    Raises
    ------
    ShapeMismatchError
        There is not one label per code.
    InvalidDataError
        ``Z`` holds no codes, or NaN; no code has a label.

    Warns
    -----
    UserWarning
        Codes whose label is missing (None, NaN) are left out.

    Examples
    --------
    >>> found = class_means([[0.0, 2.0], [2.0, 0.0], [5.0, 5.0]], ["a", "a", "b"])
    >>> found.classes.tolist(), found.codes.tolist(), found.counts.tolist()
    (['a', 'b'], [[1.0, 1.0], [5.0, 5.0]], [2, 1])
    """
    codes = _codes(Z, "class_means")
    labels = read_labels(y, len(codes), "class_means")
    classes, of_row, counts = np.unique(labels.values, return_inverse=True, return_counts=True)
    if not len(classes):
        raise InvalidDataError(f"class_means received {len(codes)} codes, none with a label.")
    warn_of_missing(labels, "class_means")
    known = codes[labels.known]
    means = np.stack([known[of_row == number].mean(axis=0) for number in range(len(classes))])
    return ClassMeans(classes, means, counts)


def variations(
    code: ArrayLike,
    n: int,
    *,
    spread: float = 0.3,
    kind: str = "multiplicative",
    scale: ArrayLike = 1.0,
    random_state: Any = None,
) -> NDArray[np.float64]:
    """Codes around one: ``z·(1 + spread·ε)`` or ``z + spread·scale·ε``, with ``ε ~ N(0, 1)``.

    Parameters
    ----------
    code : array-like of shape (k,)
    n : int
        How many.
    spread : float >= 0, default=0.3
    kind : {"multiplicative", "additive"}
        A multiplicative variation leaves a component that is zero at zero.
    scale : float or array-like of shape (k,), default=1
        For additive variations: a number, or one per component, such as the class's standard
        deviations.
    random_state : int, RandomState or None

    Returns
    -------
    float64 array of shape (n, k)

    Raises
    ------
    InvalidDataError
        The code is not one row of finite numbers, ``spread`` is negative or the kind unknown.
    ShapeMismatchError
        ``scale`` has another length than the code.

    References
    ----------
    LAB 12-4 of Kang, Park & Kim, "Eutteum Machine Learning", varies the mean dress so.

    Examples
    --------
    >>> variations([2.0, 0.0], 3, spread=0.0).tolist()
    [[2.0, 0.0], [2.0, 0.0], [2.0, 0.0]]
    """
    start = _code(code, "variations")
    size = finite_array(np.atleast_1d(scale), "variations cannot use scale").astype(np.float64)
    if kind not in KINDS:
        raise InvalidDataError(f"variations received kind={kind!r}; expected one of {KINDS}.")
    if not (np.isfinite(spread) and spread >= 0) or n < 1:
        raise InvalidDataError(
            f"variations received n={n} and spread={spread}; expected n >= 1 and spread >= 0."
        )
    if size.shape not in ((1,), start.shape):
        raise ShapeMismatchError(
            f"variations received a code of {len(start)} components and a scale of shape "
            f"{size.shape}; expected one number, or {len(start)}."
        )
    noise = spread * check_random_state(random_state).standard_normal((n, len(start)))
    return start * (1.0 + noise) if kind == "multiplicative" else start + size * noise


def interpolate(first: ArrayLike, last: ArrayLike, n: int) -> NDArray[np.float64]:
    """Codes on the straight way from one to another, both included.

    Parameters
    ----------
    first, last : array-like of shape (k,)
    n : int >= 2

    Returns
    -------
    float64 array of shape (n, k)

    Examples
    --------
    >>> interpolate([0.0, 0.0], [1.0, 2.0], 3).tolist()
    [[0.0, 0.0], [0.5, 1.0], [1.0, 2.0]]
    """
    start, end = _code(first, "interpolate"), _code(last, "interpolate")
    if start.shape != end.shape or n < 2:
        raise ShapeMismatchError(
            f"interpolate received codes of {len(start)} and {len(end)} components and n={n}; "
            "expected two of the same length, and n from 2."
        )
    return start + np.linspace(0.0, 1.0, n)[:, None] * (end - start)


def code_grid(
    Z: ArrayLike, n: int, *, components: tuple[int, int] = (0, 1), coverage: float = 0.9
) -> NDArray[np.float64]:
    """Codes on a grid over two components, the others at their mean.

    Parameters
    ----------
    Z : array-like of shape (n_rows, k), k >= 2
        Codes of data, which determine the extent of the grid.
    n : int >= 2
        Codes a side.
    components : (int, int), default=(0, 1)
        Columns of Z that go to the right and downwards.
    coverage : float in (0, 1], default=0.9
        Share of the codes, component by component, that lies between the grid's ends.

    Returns
    -------
    float64 array of shape (n, n, k)
        The first axis runs downwards: from the second component's greatest value to its least.

    Examples
    --------
    >>> code_grid([[0.0, 0.0], [1.0, 2.0]], 2, coverage=1.0)[..., 1].tolist()
    [[2.0, 2.0], [0.0, 0.0]]
    """
    codes = _codes(Z, "code_grid")
    right, down = components
    if n < 2 or right == down or not all(0 <= c < codes.shape[1] for c in components):
        raise InvalidDataError(
            f"code_grid received codes of {codes.shape[1]} components, components={components} and "
            f"n={n}; expected two different columns of them, and n from 2."
        )
    if not 0 < coverage <= 1:
        raise InvalidDataError(f"code_grid received coverage={coverage}; expected 0 to 1.")
    tail = (1.0 - coverage) / 2.0
    low, high = np.quantile(codes[:, [right, down]], [tail, 1.0 - tail], axis=0)
    grid = np.tile(codes.mean(axis=0), (n, n, 1))
    grid[:, :, right] = np.linspace(low[0], high[0], n)
    grid[:, :, down] = np.linspace(high[1], low[1], n)[:, None]
    return grid


def _codes(Z: ArrayLike, operation: str) -> NDArray[np.float64]:
    codes = finite_array(Z, f"{operation} cannot use Z")
    if codes.ndim != 2:
        raise InvalidDataError(
            f"{operation} received codes of shape {codes.shape}; expected numbers (n, k)."
        )
    return codes.astype(np.float64)


def _code(code: ArrayLike, operation: str) -> NDArray[np.float64]:
    found = finite_array(code, f"{operation} cannot use a code")
    if found.ndim != 1:
        raise InvalidDataError(
            f"{operation} received a code of shape {found.shape}; expected (k,), one code."
        )
    return found.astype(np.float64)
