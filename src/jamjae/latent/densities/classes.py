"""Classes of rows: which there are, how often, and which ones samples are asked of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.data.labels import read_labels
from jamjae.errors import InvalidDataError, ShapeMismatchError, brief, did_you_mean

NAMED = 10  # classes that a message lists
UNLABELED = -1  # the number of the rows that have no label
PLAIN = {"U": str, "i": int, "u": int, "b": bool}  # kinds of labels, and what JSON makes of them


class Classes(NamedTuple):
    """The classes of the training rows.

    Attributes
    ----------
    names : array of shape (c,)
        Whole numbers, text or booleans in ascending order; empty if no row has a label.
    shares : float64 array of shape (c + 1,)
        The share of each class among the rows; the last is that of rows without a label.
    """

    names: np.ndarray
    shares: np.ndarray

    @classmethod
    def read(cls, y: Any, n: int, operation: str) -> tuple[Self, np.ndarray]:
        """Read labels, and number their classes.

        Parameters
        ----------
        y : array-like of shape (n,) or None
            None, NaN and the like are missing labels.
        n : int
            Rows.
        operation : str
            What is attempted, for the messages.

        Returns
        -------
        Classes, and the number of the class of each row (n,), -1 without a label

        Raises
        ------
        ShapeMismatchError
            There is not one label per row.
        InvalidDataError
            The labels are values (floats with decimals, dates), not classes.
        """
        of_row = np.full(n, UNLABELED)
        if y is None:
            return cls(np.array([], dtype=np.int64), np.array([1.0])), of_row
        labels = read_labels(y, n, operation)
        values = _whole(labels.values, operation)
        names, of_row[labels.known] = np.unique(values, return_inverse=True)
        counts = np.bincount(of_row[labels.known], minlength=len(names))
        return cls(names, np.append(counts, labels.missing) / n), of_row

    @property
    def groups(self) -> list[int]:
        """The numbers of classes, and -1 if there are rows without a label."""
        found = list(range(len(self.names)))
        return [*found, UNLABELED] if self.shares[-1] > 0 else found

    def number(self, label: Any, operation: str) -> int:
        """Give the number of a class.

        Raises
        ------
        InvalidDataError
            There is no such class.
        """
        known = {name: number for number, name in enumerate(self.names.tolist())}
        label = label.item() if isinstance(label, np.generic) else label
        if not known:
            raise InvalidDataError(
                f"{operation} received the class {brief(repr(label), 80)}, but the density was "
                "fitted without labels. Fit it with labels: fit_density(X, y)."
            )
        try:
            return known[label]
        except (KeyError, TypeError):
            listed = ", ".join(map(repr, list(known)[:NAMED])) + (
                f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
            )
            near = (
                did_you_mean(label, [k for k in known if isinstance(k, str)])
                if (isinstance(label, str))
                else ""
            )
            raise InvalidDataError(
                f"{operation} received the class {brief(repr(label), 80)}, which no training row "
                f"had. The classes are {listed}.{near}"
            ) from None

    def requested(self, y: Any, n: int, rng: np.random.RandomState, operation: str) -> np.ndarray:
        """Give the number of the class of each of n samples.

        Parameters
        ----------
        y : None, label, mapping of label to share, or array-like of shape (n,)
            None: as often as among the training rows. A mapping gives proportions.
        n : int
        rng : RandomState
        operation : str
            What is attempted, for the messages.

        Returns
        -------
        int array of shape (n,)

        Raises
        ------
        InvalidDataError
            A class was not there, or shares are negative or all zero.
        ShapeMismatchError
            There are more or fewer labels than samples.
        """
        if y is None:
            groups = [*range(len(self.names)), UNLABELED]
            return np.array(groups)[_shared_out(self.shares, n, rng)]
        if isinstance(y, Mapping):
            numbers = np.array([self.number(label, operation) for label in y], dtype=np.intp)
            return numbers[_shared_out(_proportions(y, operation), n, rng)]
        if np.ndim(y) == 0:
            return np.full(n, self.number(y, operation))
        labels = np.asarray(y)
        if labels.shape != (n,):
            raise ShapeMismatchError(
                f"{operation} received labels of shape {labels.shape} for n={n} samples; expected "
                f"({n},), one label per sample, a single label, or shares such as "
                "{label: 0.5, ...}."
            )
        found = {label: self.number(label, operation) for label in set(labels.tolist())}
        return np.array([found[label] for label in labels.tolist()], dtype=np.intp)

    def labels(self, of_sample: np.ndarray) -> np.ndarray | None:
        """Give the label of each sample, None where it has none; None if there are no classes."""
        if not len(self.names):
            return None
        if (of_sample >= 0).all():
            return self.names[of_sample]
        labels = self.names.astype(object)[of_sample]
        labels[of_sample < 0] = None
        return labels

    def to_dict(self) -> dict[str, Any]:
        """Describe the classes for JSON."""
        return {"names": self.names.tolist(), "shares": self.shares.tolist()}

    @classmethod
    def from_dict(cls, described: Any) -> Self:
        """Make classes of what `to_dict` described.

        Raises
        ------
        UnsoundError
            It is nothing of the kind.
        """
        if not isinstance(described, dict) or described.keys() != {"names", "shares"}:
            raise UnsoundError("its classes are no names and shares")
        names, shares = described["names"], described["shares"]
        lists = isinstance(names, list) and isinstance(shares, list)
        if not lists or len(shares) != len(names) + 1:
            raise UnsoundError("it does not have one share per class and one more")
        sorts = {type(name) for name in names}
        if len(sorts) > 1 or not sorts <= {str, int, bool} or names != sorted(set(names)):
            raise UnsoundError("its classes are not different names of one kind in ascending order")
        plain = all(isinstance(s, float | int) and not isinstance(s, bool) for s in shares)
        if not plain or not all(0 <= share <= 1 for share in shares):
            raise UnsoundError("the shares of its classes are no numbers from 0 to 1")
        if not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
            raise UnsoundError("the shares of its classes do not add up to 1")
        if any(isinstance(n, int) and not -(2**63) <= n < 2**63 for n in names):
            raise UnsoundError("the number of one of its classes is too large")
        array = np.array(names) if names else np.array([], dtype=np.int64)
        return cls(array, np.array(shares, dtype=np.float64))


def _whole(values: np.ndarray, operation: str) -> np.ndarray:
    if values.dtype.kind == "f" and (values == np.rint(values)).all():
        values = values.astype(np.int64)
    if values.dtype.kind not in PLAIN and len(values):
        raise InvalidDataError(
            f"{operation} received labels of type {values.dtype}, such as "
            f"{brief(repr(values[0]), 40)}; expected classes: whole numbers, text or booleans."
        )
    return values if len(values) else np.array([], dtype=np.int64)


def _proportions(shares: Mapping[Any, Any], operation: str) -> np.ndarray:
    try:
        given = np.array(list(shares.values()), dtype=np.float64)
    except (TypeError, ValueError):
        given = np.array([np.nan])
    if not (np.isfinite(given).all() and (given >= 0).all() and given.sum() > 0):
        raise InvalidDataError(
            f"{operation} received the shares {brief(dict(shares), 80)}; expected numbers of at "
            "least 0, of which one is positive."
        )
    return given / given.sum()


def _shared_out(shares: np.ndarray, n: int, rng: np.random.RandomState) -> np.ndarray:
    """Draw n of the positions of shares, each as often as its share up to one, in random order.

    Each draw has its share as probability (systematic sampling), so a single one is fair, too.
    """
    ends = np.cumsum(shares)
    places = (rng.uniform() + np.arange(n)) / n * ends[-1]
    last = int(np.flatnonzero(shares)[-1])
    return rng.permutation(np.minimum(np.searchsorted(ends, places, side="right"), last))
