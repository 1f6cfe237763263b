"""Files of several arrays: which one holds the rows, which the labels and the names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.data.dataset import Dataset
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import listed
from jamjae.data.readers.labelling import labelled, text_of
from jamjae.errors import DataFormatError, brief, did_you_mean

ROWS = ("X", "x", "data", "rows", "images", "x_train", "X_train", "train_images", "Z", "codes")
LABELS = ("y", "labels", "label", "target", "targets", "y_train", "Y", "train_labels")
NAMES = {"row_names": "index", "feature_names": "feature_names"}  # arrays, and what they become
CLASS_NAMES = ("target_names", "class_names", "label_names", "classes")
SMALL_FLOATS = ("bfloat16", "float8_e4m3fn", "float8_e5m2")  # types that NumPy itself has not


def of_arrays(
    path: Path,
    arrays: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
    options: ReadOptions,
) -> Dataset:
    """Choose the arrays of rows, of labels and of names, and note what was chosen."""
    chosen, guess = _rows_among(path, shapes, options)
    rows = np.asarray(arrays[chosen])
    if rows.dtype.names:
        return of_records(path, rows)
    label = _labels_among(path, shapes, chosen, options)
    names = {
        attribute: tuple(map(text_of, np.asarray(arrays[part]).ravel()))
        for part, attribute in NAMES.items()
        if part in shapes and part != chosen
    }
    labels, how = (None, "") if label is None else _label_values(np.asarray(arrays[label]))
    named, titles = _class_names(arrays, shapes, (chosen, label))
    small = f"converted: {rows.dtype} to float32" if rows.dtype.name in SMALL_FLOATS else ""
    X = real_rows(path, rows.astype(np.float32) if small else rows)
    made = labelled(path, X, labels, f"{label}{how}, ", **names, titles=(named, titles))
    rest = [name for name in shapes if name not in (chosen, label, *NAMES, named)]
    notes = (
        f"array: {chosen}{guess}" if guess else "",
        *made.notes,
        small,
        f"not read: {listed(rest)} (key=, --key)" if rest else "",
    )
    return replace(made, notes=tuple(note for note in notes if note))


def _rows_among(
    path: Path, shapes: Mapping[str, tuple[int, ...]], options: ReadOptions
) -> tuple[str, str]:
    if options.key is not None:
        if options.key not in shapes:
            hint = did_you_mean(options.key, shapes)
            raise DataFormatError(
                f"Cannot read {str(path)!r}: it has no array {options.key!r}, but "
                f"{listed(shapes, 12)}.{hint}"
            )
        return options.key, ""
    others = (options.label, *LABELS, *NAMES, *CLASS_NAMES)
    rest = [name for name in shapes if name not in others]
    if len(rest) == 1:
        return rest[0], ""
    if known := [name for name in ROWS if name in rest]:
        return known[0], ""
    tables = [name for name in rest if len(shapes[name]) > 1]
    if not tables:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: it is not clear which array holds the rows; there are "
            f"{listed(shapes, 12) or 'none'}. Name it (key=, --key), or call one of them X."
        )
    largest = max(tables, key=lambda name: int(np.prod(shapes[name], dtype=np.float64)))
    guess = (
        f", the largest of {listed(tables)} (key=, --key takes another)" if len(tables) > 1 else ""
    )
    return largest, guess


def _labels_among(
    path: Path, shapes: Mapping[str, tuple[int, ...]], chosen: str, options: ReadOptions
) -> str | None:
    if options.label == "":
        return None
    if options.label is not None:
        if options.label not in shapes:
            raise DataFormatError(
                f"Cannot read {str(path)!r}: it has no array {options.label!r}, but "
                f"{listed(shapes, 12)}."
            )
        return options.label
    beside = chosen.replace("images", "labels").replace("X", "y").replace("x", "y")
    known = [name for name in (beside, *LABELS) if name in shapes and name != chosen]
    return known[0] if known else None


def _class_names(
    arrays: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], taken: tuple[str | None, ...]
) -> tuple[str, tuple[str, ...]]:
    """Find the names of classes: the array that holds them, and its texts."""
    for name in CLASS_NAMES:
        if name in shapes and len(shapes[name]) == 1 and name not in taken:
            values = np.asarray(arrays[name])
            if values.dtype.kind in "US" or all(isinstance(one, bytes | str) for one in values):
                return name, tuple(map(text_of, values))
    return "", ()


def _label_values(labels: np.ndarray) -> tuple[np.ndarray, str]:
    """Give labels of shape (n,), also of a column and of one-hot rows."""
    if labels.ndim == 2 and 1 in labels.shape:
        return labels.ravel(), ""
    if labels.ndim == 2 and labels.dtype.kind in "biuf":
        one_hot = bool(((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all())
        if one_hot:
            return labels.argmax(axis=1), ", one-hot"
    return labels, ""


def real_rows(path: Path, rows: Any) -> np.ndarray:
    """Give rows of real numbers, or refuse what are none."""
    is_array = isinstance(rows, np.ndarray)
    if is_array and rows.ndim and rows.size and rows.dtype.kind in "biuf":
        return rows
    kind = f"an array of shape {rows.shape} and type {rows.dtype}" if is_array else "no array"
    raise DataFormatError(
        f"Cannot read {str(path)!r}: it holds {kind}; expected at least one row of real numbers."
    )


def about_objects(path: Path) -> str:
    """Say why Python objects are not read."""
    return (
        f"Cannot read {str(path)!r}: it holds Python objects, and reading these could run "
        "arbitrary code. Save an array of numbers whose rows all have the same shape."
    )


def of_records(path: Path, rows: np.ndarray) -> Dataset:
    """Take the fields of records as columns."""
    names = rows.dtype.names or ()
    numeric = [name for name in names if rows.dtype[name].base.kind in "biuf"]
    if not numeric or rows.ndim != 1:
        raise DataFormatError(
            f"Cannot read {str(path)!r}: its records have no fields of numbers, but "
            f"{listed(names)}. Save the numbers as an array of shape (n, d)."
        )
    parts = {name: rows[name].reshape(len(rows), -1) for name in numeric}
    X = np.hstack(list(parts.values()))
    titles = [
        name if rows.dtype[name].shape == () else f"{name}_{k}"
        for name, part in parts.items()
        for k in range(part.shape[1])
    ]
    dropped = [name for name in names if name not in numeric]
    notes = [f"features: the fields {listed(numeric, 6)}"]
    notes += [f"dropped: {listed(dropped)} (no numbers)"] if dropped else []
    return Dataset(X, feature_names=tuple(titles), description=str(path), notes=tuple(notes))


def damaged(path: Path, why: object) -> DataFormatError:
    """Say that a file cannot be what its name says."""
    return DataFormatError(
        f"Cannot read {str(path)!r}: it is damaged or not what its name says ({brief(why)}). "
        "Copy it again from its source."
    )
