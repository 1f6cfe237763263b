"""Data that need no download: generated, or shipped with scikit-learn."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, overload

import numpy as np

from jamjae.data.dataset import Dataset

XY: TypeAlias = tuple[np.ndarray, np.ndarray | None]
DIGITS = tuple("0123456789")


@overload
def make_roll(
    n_samples: int = ...,
    *,
    noise: float = ...,
    random_state: Any = ...,
    return_X_y: Literal[False] = ...,
) -> Dataset: ...


@overload
def make_roll(
    n_samples: int = ..., *, noise: float = ..., random_state: Any = ..., return_X_y: Literal[True]
) -> XY: ...


def make_roll(
    n_samples: int = 1500,
    *,
    noise: float = 0.01,
    random_state: Any = None,
    return_X_y: bool = False,
) -> Dataset | XY:
    """Generate a sheet rolled up in three dimensions, with a color for each point.

    x = sin(t)·(u + 0.5) + noise·N(0, 1), y = 0.3·N(0, 1), z = cos(t)·u + noise·N(0, 1), where
    t = 3·3.14·u and u goes from 0 to 1 in equal steps.

    Parameters
    ----------
    n_samples : int
    noise : float
        Standard deviation of the normal noise added to x and z.
    random_state : int, RandomState or None
    return_X_y : bool, default=False
        Return ``(X, u)`` in place of a Dataset: the points, and their position along the sheet.

    Returns
    -------
    Dataset or tuple of arrays
        ``X`` float64 (n_samples, 3), from about -1.5 to 1.5, in order of u; ``colors``
        (n_samples, 3) from 0 to 1: u, 1 - (2(u - 0.5))², 1 - u. Generated, no license needed.

    References
    ----------
    Kang, Park, Kim, "Eutteum Machine Learning", chapter 12, LAB 12-1.

    Examples
    --------
    >>> make_roll(100, random_state=0).X.shape
    (100, 3)
    """
    from sklearn.utils import check_random_state

    rng = check_random_state(random_state)
    u = np.linspace(0.0, 1.0, n_samples)
    t = 3 * 3.14 * u
    x = np.sin(t) * (u + 0.5) + noise * rng.normal(size=n_samples)
    y = 0.3 * rng.normal(size=n_samples)
    z = np.cos(t) * u + noise * rng.normal(size=n_samples)
    made = Dataset(
        np.stack([x, y, z], axis=1),
        feature_names=("x", "y", "z"),
        colors=np.stack([u, 1 - (2 * (u - 0.5)) ** 2, 1 - u], axis=1),
        description=f"a rolled sheet: ({n_samples}, 3), about -1.5 to 1.5; generated",
    )
    return (made.X, u) if return_X_y else made


@overload
def load_digits(*, return_X_y: Literal[False] = ...) -> Dataset: ...


@overload
def load_digits(*, return_X_y: Literal[True]) -> XY: ...


def load_digits(*, return_X_y: bool = False) -> Dataset | XY:
    """Load 1,797 handwritten digits that come with scikit-learn.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(X, y)`` in place of a Dataset.

    Returns
    -------
    Dataset or tuple of arrays
        ``X`` float32 (1797, 8, 8), 0 to 16; ``y`` and ``class_names`` the ten digits. UCI's
        "Optical Recognition of Handwritten Digits", test part (Alpaydin & Kaynak 1998), CC BY 4.0.

    Examples
    --------
    >>> load_digits().X.shape
    (1797, 8, 8)
    >>> X, y = load_digits(return_X_y=True)
    >>> X.shape, y.shape
    ((1797, 8, 8), (1797,))
    """
    from sklearn import datasets

    found = datasets.load_digits()
    made = Dataset(
        found.images.astype(np.float32),
        found.target,
        DIGITS,
        description="handwritten digits: (1797, 8, 8), 0 to 16; UCI, CC BY 4.0",
    )
    return (made.X, made.y) if return_X_y else made


def load_table(name: str) -> Dataset:
    """Load one of scikit-learn's tables: iris, wine or breast_cancer."""
    from sklearn import datasets

    found = getattr(datasets, f"load_{name}")()
    return Dataset(
        found.data,
        found.target,
        tuple(str(one) for one in found.target_names),
        feature_names=tuple(str(one) for one in found.feature_names),
        description=f"{name.replace('_', ' ')}: {found.data.shape}, "
        f"{found.data.min():g} to {found.data.max():g}; UCI, CC BY 4.0",
    )
