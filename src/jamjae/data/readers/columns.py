"""The columns of a table by role: features, label, index, and those that are dropped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import BOOLEANS, MISSING, clean, listed
from jamjae.data.readers.dates import look_like_dates
from jamjae.data.readers.raw_table import RawTable, cannot_read
from jamjae.errors import DataFormatError, brief, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

ROW_NAMES = ("", "name")  # what the first column is called when it names the rows
UNNAMED = re.compile(r"Unnamed: \d+$")  # pandas's name for a column without one
ID_NAMES = frozenset(
    (
        *("id", "ids", "index", "idx", "row", "rowid", "row_id", "rownames", "no", "no.", "nr"),
        *("#", "uid", "uuid", "번호", "순번", "아이디", "일련번호"),
    )
)
ID_ENDING = re.compile(r"[a-z]I[dD]$|[_ .-][iI][dD]$|학번$|번호$|아이디$")  # PassengerId, user_id
FEW_ROWS = 20
LABEL_NAMES = frozenset(("label", "labels", "target", "species", "레이블", "라벨", "정답"))
LABEL_AT_THE_END = frozenset(("y", "class", "classes", "category", "분류", "등급"))  # first or last


@dataclass(frozen=True)
class Roles:
    """Positions of the columns by role, and what is said of it."""

    names: list[str]
    features: list[int]
    label: int | None
    index: int | None
    notes: list[str]
    label_asked: bool


def place_fitted(
    path: Path, raw: RawTable, options: ReadOptions, names: Sequence[str]
) -> tuple[Roles, ReadOptions]:
    """Find the role of each column; features are those that a model was fitted to, in its order.

    They are called `names`. If some are not there, or other columns were asked for, roles are those
    of `place_columns`.

    Returns
    -------
    Roles, and the options that ask for these features
    """
    roles = place_columns(path, raw, options)
    there = names and set(names) <= set(roles.names) and not options.given("columns", "drop")
    if not there or [roles.names[i] for i in roles.features] == list(names):
        return roles, options
    guessed = options.label is None and roles.label is not None
    if guessed and roles.names[roles.label or 0] not in names:
        options = replace(options, label=roles.names[roles.label or 0])
    options = replace(options, columns=tuple(names))
    roles = place_columns(path, raw, options, others="left out, as the model was not fitted to it")
    if roles.features != sorted(roles.features):
        roles.notes.append("columns: found by their names, in another order than the model's")
    return roles, options


def place_columns(
    path: Path, raw: RawTable, options: ReadOptions, others: str = "not asked for"
) -> Roles:
    """Find the role of each column; what was asked for comes first.

    A note names the `others`.

    Raises
    ------
    DataFormatError
        A column that was asked for does not exist.
    """
    names, notes = _titles(raw)
    find = _Finder(path, names, raw.named)
    dropped = set(find.each(options.drop, "drop"))
    label = find(options.label, "the label") if options.label else None
    index = find(options.index, "the index") if options.index else None
    chosen = find.each(options.columns, "columns")
    taken = {label, index, *dropped, *chosen}
    if index is None and options.index != "":
        index = _index(raw, names, notes, taken)
    if label is None and options.label is None and not chosen:
        label = _label(raw, names, {index, *dropped}, notes)
    apart = {label, index, *dropped}
    features = chosen or [i for i in range(len(names)) if i not in apart]
    features = [i for i in features if i not in (label, index)]
    if options.drop:
        notes.append(f"dropped, as asked: {listed(names[i] for i in sorted(dropped))}")
    if chosen and (rest := [i for i in range(len(names)) if i not in {*chosen, *apart}]):
        notes.append(f"{others}: {listed(names[i] for i in rest)}")
    return Roles(names, features, label, index, notes, bool(options.label))


def _titles(raw: RawTable) -> tuple[list[str], list[str]]:
    """Give each column a name of its own."""
    names: list[str] = []
    notes: list[str] = []
    used: set[str] = set()
    twice: dict[str, str] = {}
    for i, given in enumerate(raw.names):
        name = given if given and not UNNAMED.match(given) else ""
        if not name:
            name = "" if i == 0 and raw.named else f"column_{i + 1}"
        if name in used:
            again = name
            name = next(new for k in range(1, i + 2) if (new := f"{name}.{k}") not in used)
            twice[name] = again
        used.add(name)
        names.append(name)
    if twice:
        again = listed(dict.fromkeys(twice.values()))
        notes.append(f"columns of the same name: {again}, called {listed(twice)}")
    return names, notes


class _Finder:
    """Positions of columns by their names; one that has none, by its number from 1."""

    def __init__(self, path: Path, names: Sequence[str], named: bool) -> None:
        self.path, self.names, self.named = path, list(names), named

    def __call__(self, asked: str, role: str) -> int:
        """Find a column, its name compared in the same form of Unicode."""
        name = clean(asked)
        if name in self.names:
            return self.names.index(name)
        if name.isdecimal() and not self.named and 1 <= int(name) <= len(self.names):
            return int(name) - 1
        raise self._unknown(asked, role)

    def each(self, asked: Sequence[str], role: str) -> list[int]:
        """Find several; one text may name some, separated by commas."""
        names: list[str] = []
        for one in asked:
            whole = clean(one) in self.names or "," not in one
            names += [one] if whole else one.split(",")
        return [self(name, role) for name in names]

    def _unknown(self, asked: str, role: str) -> DataFormatError:
        hint = did_you_mean(clean(asked), filter(None, self.names))
        return cannot_read(
            self.path,
            f"there is no column {asked!r} for {role}.{hint} It has "
            f"{brief(', '.join(self.names))}.",
        )


# --- the index ------------------------------------------------------------------------------


def _index(raw: RawTable, names: list[str], notes: list[str], taken: set[int | None]) -> int | None:
    if raw.indexed:
        further = "; of its further levels features are made" if len(raw.indexed) > 1 else ""
        notes.append(f"index: {raw.names[raw.indexed[0]] or 'that'} of the file{further}")
        return raw.indexed[0]
    if not raw.named:
        return None
    if names[0] in ROW_NAMES and 0 not in taken and len(names) > 1:
        if not names[0]:
            names[0] = "index"
            notes.append("index: the first column, which has no name")
        else:
            notes.append(f"index: {names[0]} (the first column)")
        return 0
    for i, name in enumerate(names):
        called = name.lower() in ID_NAMES or ID_ENDING.search(name)
        if called and i not in taken and (why := _identifies(raw, i)):
            notes.append(f"index: {name} ({why})")
            return i
    if 0 not in taken and len(names) > 1 and _names_rows(raw):
        notes.append(f"index: {names[0]} (text, all different)")
        return 0
    return None


def _identifies(raw: RawTable, position: int) -> str:
    """Say why a column called id identifies the rows; empty if it does not."""
    import pyarrow as pa
    from pyarrow import compute

    column = raw.table.column(position)
    if column.null_count or compute.count_distinct(column).as_py() < len(column):
        return ""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return "text, all different"
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return ""
    values = column.to_numpy()
    if (values[1:] - values[:-1] == 1).all():
        return f"counts up from {values[0]:.0f}"
    whole = (values == values.round()).all()
    return "whole numbers, all different" if whole else ""


def _kinds(raw: RawTable) -> list[pa.DataType]:
    """Give the types of the columns, for which no column is read."""
    return [field.type for field in raw.table.schema]


def _names_rows(raw: RawTable) -> bool:
    """Whether the first column is text, all different, and all others are numbers."""
    import pyarrow as pa
    from pyarrow import compute

    kinds = _kinds(raw)
    others = all(pa.types.is_floating(kind) or pa.types.is_integer(kind) for kind in kinds[1:])
    text = pa.types.is_string(kinds[0]) or pa.types.is_large_string(kinds[0])
    if not (text and others and len(raw.table) > 2):
        return False
    first = raw.table.column(0)
    if first.null_count:
        return False
    if compute.count_distinct(first).as_py() < len(first):
        return False
    held = {str(one).strip().lower() for one in first.slice(0, 20).to_pylist()}
    if held & set(MISSING) or held <= set(BOOLEANS) or look_like_dates(sorted(held)):
        return False
    letters = compute.match_substring_regex(
        compute.utf8_trim_whitespace(first), r"^[^0-9.,+-]*\p{L}"
    )
    return bool(compute.mean(letters.cast(pa.uint8())).as_py() > 0.5)


# --- the label ------------------------------------------------------------------------------


def _label(
    raw: RawTable, names: Sequence[str], apart: set[int | None], notes: list[str]
) -> int | None:
    """Recognise the label by its name, and by few different values."""
    rest = [i for i in range(len(names)) if i not in apart]
    if len(rest) < 2 or not raw.named:
        return None
    plane = "x" in [name.lower() for name in names]  # then y is the other coordinate
    for i in rest:
        name = names[i].lower()
        if name == "y" and plane:
            continue
        at_the_end = i in (rest[0], rest[-1])
        if name in LABEL_NAMES and (_few(raw, i) or _is_number(raw, i)):
            return i
        if name in LABEL_AT_THE_END and at_the_end and _few(raw, i):
            return i
    return None


def _is_number(raw: RawTable, position: int) -> bool:
    import pyarrow as pa

    kind = _kinds(raw)[position]
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _few(raw: RawTable, position: int) -> bool:
    import pyarrow as pa
    from pyarrow import compute

    column = raw.table.column(position)
    if pa.types.is_nested(column.type):
        return False
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    different = compute.count_distinct(column).as_py()
    return bool(different <= max(2, min(100, len(column) // 2)) or len(column) <= FEW_ROWS)
