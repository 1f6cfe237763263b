"""Tables of mixed columns as numbers, and back."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from jamjae.data import column_codecs
from jamjae.data.archives import UnsoundError
from jamjae.data.column_codecs import Categories, Codec, Measure
from jamjae.data.numeric import real_array
from jamjae.data.readers.cells import counted, listed
from jamjae.errors import InvalidDataError, ShapeMismatchError


class Shares(NamedTuple):
    """Where categories and booleans lie among encoded columns: ``share = encoded·factor + shift``.

    Attributes
    ----------
    groups : tuple of (int, int)
        The first column of each, and the one after its last.
    factor, shift : float64 arrays of shape (number of encoded columns,)
        A share is 1 for the category of a row, else 0. Those of other columns are not used.
    """

    groups: tuple[tuple[int, int], ...]
    factor: np.ndarray
    shift: np.ndarray


class TableEncoder(TransformerMixin, BaseEstimator):
    """Encode numbers, booleans, categories, text and dates as numbers, and decode them again.

    Numbers and booleans are centered and divided by their standard deviation, dates and durations
    likewise in days. Categories and text become one column per category, centered and divided by
    one number, so that they vary by 1 together: each column of the table counts alike, as in factor
    analysis of mixed data.

    Parameters
    ----------
    max_categories : int, default=100
        Maximum number of different texts in a column; more are refused.

    Attributes
    ----------
    feature_names_in_ : array of str
        Names of the columns, if `fit` was given a data frame.
    n_features_in_ : int
        Number of columns.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [30, 41, 25], "pet": ["cat", "dog", "cat"]})
    >>> encoder = TableEncoder().fit(frame)
    >>> encoder.get_feature_names_out().tolist()
    ['age', 'pet=cat', 'pet=dog']
    >>> encoder.inverse_transform(encoder.transform(frame)).equals(frame)
    True

    References
    ----------
    Pagès (2004), Analyse factorielle de données mixtes, Revue de Statistique Appliquée 52(4).
    """

    def __init__(self, max_categories: int = 100) -> None:
        self.max_categories = max_categories

    def fit(self, X: Any, y: None = None) -> Self:
        """Learn how each column is encoded.

        Parameters
        ----------
        X : data frame or array-like of shape (n, d)
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        InvalidDataError
            A column holds what is no number, boolean, text or date, or too many different texts;
            the table has no rows or no columns.
        """
        frame = self._frame(X)
        if not frame.shape[0] or not frame.shape[1]:
            raise InvalidDataError(
                f"TableEncoder cannot fit: a table of {frame.shape[0]} sample(s) and "
                f"{frame.shape[1]} feature(s) (shape={frame.shape}) while a minimum of 1 is "
                "required."
            )
        self.__dict__.pop("feature_names_in_", None)
        if self._named(X):
            names = [str(name) for name in frame.columns]
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise InvalidDataError(
                    f"TableEncoder cannot fit: two columns are named {twice!r}. Rename one of them."
                )
            self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = frame.shape[1]
        self.codecs_: list[Codec] = [
            column_codecs.fitted(self._title(i), frame.iloc[:, i], self.max_categories)
            for i in range(frame.shape[1])
        ]
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Encode a table.

        Parameters
        ----------
        X : data frame or array-like of shape (n, d)
            With the columns of `fit`, a data frame's in any order.

        Returns
        -------
        float64 array of shape (n, number of encoded columns)
            NaN in all columns of a cell that is missing. A category that was not seen gives the
            code of none of them, with a warning.

        Raises
        ------
        ShapeMismatchError
            Columns are missing.
        """
        check_is_fitted(self, "codecs_")
        frame = self._ordered(X)
        unknown: dict[str, int] = {}
        parts = []
        for i, codec in enumerate(self.codecs_):
            column = frame.iloc[:, i]
            if len(column) and column.isna().all():  # of whatever type
                parts.append(np.full((len(frame), codec.width), np.nan))
                continue
            part, strange = codec.encode(column)
            parts.append(part)
            if strange:
                unknown[codec.name] = strange
        if unknown:
            each = listed(f"{name} {counted(n, 'cell')}" for name, n in unknown.items())
            warnings.warn(
                f"TableEncoder met categories that it was not fitted to ({each}); they are "
                "encoded as none of the known ones.",
                UserWarning,
                stacklevel=2,
            )
        return np.hstack(parts) if parts else np.empty((len(frame), 0))

    def inverse_transform(self, Z: Any) -> Any:
        """Decode numbers to a table with the columns and types of `fit`.

        Parameters
        ----------
        Z : array-like of shape (n, number of encoded columns)

        Returns
        -------
        data frame, or array of shape (n, d) if `fit` was given an array of numbers
            Whole numbers are rounded to whole ones, a category is the most likely one, a boolean
            is true from one half on. Whole numbers, dates and durations are rounded to the
            steps that all of them had, such as whole days.
        """
        check_is_fitted(self, "codecs_")
        encoded = real_array(Z, "TableEncoder cannot decode", allow_empty=True).astype(np.float64)
        width = sum(codec.width for codec in self.codecs_)
        if encoded.ndim != 2 or encoded.shape[1] != width:
            raise ShapeMismatchError(
                f"TableEncoder cannot decode an array of shape {encoded.shape}; (n, {width}) is "
                "expected, as transform returns it."
            )
        columns, start = [], 0
        for codec in self.codecs_:
            columns.append(codec.decode(encoded[:, start : start + codec.width]))
            start += codec.width
        if not hasattr(self, "feature_names_in_"):
            return np.column_stack([np.asarray(column) for column in columns])
        from pandas import DataFrame

        return DataFrame(dict(zip(self.feature_names_in_, columns, strict=True)))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the encoded columns: ``age``, ``pet=cat``, ``pet=dog``."""
        check_is_fitted(self, "codecs_")
        names = [name for codec in self.codecs_ for name in codec.names_out]
        return np.array(names, dtype=object)

    def shares(self) -> Shares | None:
        """Give where categories and booleans lie; None if no such column varies."""
        check_is_fitted(self, "codecs_")
        factor, shift = np.ones(self._n_features_out), np.zeros(self._n_features_out)
        groups: list[tuple[int, int]] = []
        start = 0
        for codec in self.codecs_:
            stop = start + codec.width
            scale, means = _share(codec)
            if 0.0 < max(means, default=0.0) < 1.0:
                factor[start:stop], shift[start:stop] = scale, means
                groups.append((start, stop))
            start = stop
        return Shares(tuple(groups), factor, shift) if groups else None

    # --- as JSON ----------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Give what was learned as values that JSON knows."""
        check_is_fitted(self, "codecs_")
        return {
            "max_categories": int(self.max_categories),
            "named": hasattr(self, "feature_names_in_"),
            "columns": [codec.to_dict() for codec in self.codecs_],
        }

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Self:
        """Make an encoder of what `to_dict` gave.

        Raises
        ------
        UnsoundError
            A part is missing or of another type.
        """
        if not isinstance(given, dict) or not isinstance(given.get("columns"), list):
            raise UnsoundError("a table encoder has no list of columns")
        most = given.get("max_categories", 100)
        if not isinstance(most, int):
            raise UnsoundError("a table encoder has a max_categories that is no integer")
        made = cls(most)
        made.codecs_ = [column_codecs.from_dict(one) for one in given["columns"]]
        made.n_features_in_ = len(made.codecs_)
        if len({codec.name for codec in made.codecs_}) < len(made.codecs_):
            raise UnsoundError("a table encoder has two columns of one name")
        if given.get("named"):
            made.feature_names_in_ = np.array([codec.name for codec in made.codecs_], dtype=object)
        return made

    # --- tables in --------------------------------------------------------------------------

    def _named(self, X: Any) -> bool:
        return hasattr(X, "iloc") and all(isinstance(name, str) for name in X.columns)

    def _title(self, position: int) -> str:
        names = getattr(self, "feature_names_in_", None)
        return f"x{position}" if names is None else str(names[position])

    def _frame(self, X: Any) -> Any:
        from pandas import DataFrame

        if hasattr(X, "iloc") and getattr(X, "ndim", 0) == 2:
            return X
        array = real_array(X, f"{type(self).__name__} cannot encode", allow_empty=True)
        if array.ndim != 2:
            raise InvalidDataError(
                f"TableEncoder cannot encode an array of shape {array.shape}: Expected 2D array, "
                "(n, d). Reshape your data, for example with X.reshape(len(X), -1)."
            )
        return DataFrame(array)

    def _ordered(self, X: Any) -> Any:
        frame = self._frame(X)
        names = getattr(self, "feature_names_in_", None)
        if names is not None and self._named(X):
            absent = [name for name in names if name not in frame.columns]
            if absent:
                raise ShapeMismatchError(
                    f"TableEncoder was fitted to columns that the table lacks: {listed(absent)}. "
                    f"It has {listed(frame.columns, 12)}."
                )
            extra = [name for name in frame.columns if name not in set(names)]
            if extra:
                raise ShapeMismatchError(
                    f"TableEncoder was not fitted to some columns of the table: {listed(extra)}. "
                    f"Drop them, or fit again."
                )
            return frame[list(names)]
        if frame.shape[1] != self.n_features_in_:
            raise ShapeMismatchError(
                f"X has {frame.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        return frame

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    @property
    def _n_features_out(self) -> int:
        return sum(codec.width for codec in self.codecs_)


def _share(codec: Codec) -> tuple[float, tuple[float, ...]]:
    """Give the scale and the means of a column's shares; no means if it has none."""
    if isinstance(codec, Categories):
        return codec.scale, codec.means
    if isinstance(codec, Measure) and codec.kind == "booleans":
        return codec.deviation, (codec.mean,)
    return 1.0, ()


def is_mixed(X: Any) -> bool:
    """Whether X is a data frame with columns that are no numbers, as `TableEncoder` encodes."""
    if not (hasattr(X, "iloc") and getattr(X, "ndim", 0) == 2):
        return False
    return any(column_codecs.kind_of(X.iloc[:, i]) not in ("numbers", "") for i in _unclear(X))


def _unclear(X: Any) -> Sequence[int]:
    kinds = [getattr(dtype, "kind", "O") for dtype in X.dtypes]
    return [i for i, kind in enumerate(kinds) if kind not in "uif"]
