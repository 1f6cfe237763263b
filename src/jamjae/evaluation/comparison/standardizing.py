"""Columns of different units brought to one, for all methods alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from jamjae.data.advice import differ_in_units
from jamjae.data.table_encoder import TableEncoder, is_mixed
from jamjae.errors import InvalidDataError
from jamjae.evaluation.comparison.measuring import Split


def is_wanted(standardize: Any, rows: np.ndarray) -> bool:
    """Decide whether columns are standardized: as asked, or by their deviations."""
    if standardize == "auto":
        return differ_in_units(rows)
    if not isinstance(standardize, bool | np.bool_):
        raise InvalidDataError(
            f"compare received standardize={standardize!r}; expected True, False or 'auto'."
        )
    if standardize and rows.ndim != 2:
        raise InvalidDataError(
            f"compare received standardize=True for images of shape {rows.shape[1:]}; only columns "
            "of a table are standardized."
        )
    return bool(standardize)


def encoded(X: Any, test: Any) -> tuple[tuple[Any, Any], bool]:
    """Encode a mixed table, and held-out rows by the same encoder."""
    if not is_mixed(X):
        return (X, test), False
    encoder = TableEncoder().fit(X)

    def numbers(table: Any) -> Any:
        from pandas import DataFrame

        return DataFrame(encoder.transform(table), columns=encoder.get_feature_names_out())

    if isinstance(test, tuple) and len(test) == 2:
        test = numbers(test[0]), test[1]
    elif test is not None and not isinstance(test, tuple):
        test = numbers(test)
    return (numbers(X), test), True


def standardized(split: Split) -> Split:
    """Center and divide each column by its deviation, both of the training rows."""
    train = split.train.astype(np.float64)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1.0
    return split._replace(
        train=(train - mean) / deviation,
        test=(split.test.astype(np.float64) - mean) / deviation,
    )
