"""Labels of rows: classes as indices, or a continuous number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.dataset import Dataset
from jamjae.data.readers.cells import (
    LEADING_ZERO,
    MISSING,
    clean,
    counted,
    listed,
    natural,
    number_in,
)
from jamjae.errors import DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa

ALWAYS, MOST, SHARE = 20, 100, 5  # whole numbers are classes: so many, or this share of the rows
NAMED_CLASSES = 6  # in a note


class Labels(NamedTuple):
    """What a label is to a Dataset: `y`, `class_names` and a note after the label's name."""

    y: np.ndarray
    class_names: tuple[str, ...]
    note: str


def of_values(values: np.ndarray, na: Sequence[str] = ()) -> Labels:
    """Make labels of an array of shape (n,) of numbers, booleans or text; `na` are missing."""
    if values.dtype.kind in "iufb":
        return _of_numbers(values)
    held = [text_of(one) if isinstance(one, bytes) else one for one in values.tolist()]
    texts = [None if _missing(one) or one in na else clean(one) for one in held]
    known = [text for text in texts if text is not None]
    numbers = [number_in(text) for text in known]
    coded = any(LEADING_ZERO.match(text) and text.strip("+-0") for text in known)  # 01 is not 1
    if known and None not in numbers and not coded:
        found = iter(numbers)
        return _of_numbers(np.array([np.nan if t is None else next(found) for t in texts]))
    return _of_classes(texts, sorted(sorted(set(known)), key=natural))


def of_column(column: pa.ChunkedArray, na: Sequence[str] = ()) -> Labels:
    """Make labels of a column of a table."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64(), safe=False)
    if pa.types.is_boolean(column.type):
        return of_values(np.array(column.cast(pa.string()).to_pylist(), dtype=object))
    return of_values(np.asarray(column.to_numpy()), na)


def text_of(value: Any) -> str:
    """Give a name as text, also one of bytes, as HDF5 holds them."""
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def _missing(value: Any) -> bool:
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return True
    return isinstance(value, str) and value.strip().lower() in MISSING


def _of_numbers(values: np.ndarray) -> Labels:
    numbers = values.astype(np.float64)
    known = ~np.isnan(numbers)
    different = np.unique(numbers[known])
    whole = bool((different == np.rint(different)).all())
    few = len(different) <= max(ALWAYS, min(MOST, int(known.sum()) // SHARE))
    if not (whole and few and len(different)):
        span = f"{different[0]:g} to {different[-1]:g}" if len(different) else "no values"
        return Labels(numbers, (), f"a number, {span}{_gaps(known)}")
    names = [
        str(values.dtype.type(one)) if values.dtype.kind == "b" else f"{one:.0f}"
        for one in different
    ]
    y = np.where(known, np.searchsorted(different, np.nan_to_num(numbers)), -1)
    return Labels(y.astype(np.int64), tuple(names), counted_classes(y, names) + _gaps(known))


def _of_classes(texts: list[str | None], names: list[str]) -> Labels:
    places: dict[str | None, int] = {name: i for i, name in enumerate(names)}
    y = np.array([places.get(text, -1) for text in texts], dtype=np.int64)
    return Labels(y, tuple(names), counted_classes(y, names) + _gaps(y >= 0))


def counted_classes(y: np.ndarray, names: Sequence[str]) -> str:
    """Count the rows of each class."""
    sizes = np.bincount(y[y >= 0], minlength=len(names))
    each = [f"{name} {size:,}" for name, size in zip(names, sizes, strict=True)]
    return f"{counted(len(names), 'class')}: {listed(each, NAMED_CLASSES)}"


def _gaps(known: np.ndarray) -> str:
    missing = int((~known).sum())
    return f"; missing in {counted(missing, 'row')}" if missing else ""


def labelled(
    path: Path,
    X: np.ndarray,
    labels: np.ndarray | None,
    said: str = "",
    index: tuple[str, ...] = (),
    feature_names: tuple[str, ...] = (),
    titles: tuple[str, tuple[str, ...]] = ("", ()),
) -> Dataset:
    """Put rows, labels and names together, after comparing their numbers.

    The note on the labels begins with what is `said` of where they are from. `titles` are the name
    of what holds the names of classes, and these.
    """
    width = int(np.prod(X.shape[1:], dtype=np.int64))
    for what, names, count in (("row", index, len(X)), ("feature", feature_names, width)):
        if names and len(names) != count:
            raise DataFormatError(
                f"Cannot read {str(path)!r}: there are {count} {what}s, but {len(names)} "
                f"{what} names; expected one name per {what}."
            )
    found = Dataset(X, None, (), index, feature_names, description=str(path))
    if labels is None:
        return found
    if labels.shape != (len(X),):
        raise DataFormatError(
            f"Cannot read {str(path)!r}: there are {len(X)} rows, but labels of shape "
            f"{labels.shape}; expected one label per row. Name another array (label=..., "
            "--label), or none (label='', --no-label)."
        )
    made, note = _titled(of_values(labels), *titles)
    return Dataset(
        X,
        made.y,
        made.class_names,
        index,
        feature_names,
        description=str(path),
        notes=(f"label: {said}{made.note}", *([note] if note else [])),
    )


def _titled(found: Labels, source: str, titles: Sequence[str]) -> tuple[Labels, str]:
    """Name classes that are numbers by a list of names, from 0, or from 1 if they are all."""
    if set(found.class_names) <= set(titles) or not titles:
        return found, ""
    numbers = [int(name) for name in found.class_names if name.isdecimal()]
    whole = bool(numbers) and len(numbers) == len(found.class_names)
    first = 1 if whole and max(numbers) == len(titles) and min(numbers) > 0 else 0
    if not whole or max(numbers) - first >= len(titles):
        held = listed(found.class_names) or "no classes"
        return found, f"not used: {source}, {counted(len(titles), 'name')} for {held}"
    names = tuple(clean(titles[number - first]) for number in numbers)
    gaps = _gaps(found.y >= 0)
    counted_from = "; 1 is the first name" if first else ""
    note = f"{counted_classes(found.y, names)}{gaps}, named by {source}{counted_from}"
    return Labels(found.y, names, note), ""
