"""How one column of a table becomes numbers, and numbers the column again."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from jamjae.data import objects
from jamjae.data.archives import UnsoundError
from jamjae.data.readers.cells import listed
from jamjae.data.steps import Steps
from jamjae.errors import InvalidDataError, InvalidTypeError, brief

UNIT = re.compile(r"\[(s|ms|us|ns)")  # of a type of times


class Codec(Protocol):
    """A column's way to numbers and back."""

    @property
    def name(self) -> str:
        """Name of the column."""

    @property
    def width(self) -> int:
        """Number of encoded columns."""

    @property
    def names_out(self) -> list[str]:
        """Their names."""

    def encode(self, column: Any) -> tuple[np.ndarray, int]:
        """Give (n, width) numbers, NaN for missing cells, and how many cells were not known."""

    def decode(self, encoded: np.ndarray) -> Any:
        """Give n values of the column's type."""

    def to_dict(self) -> dict[str, Any]:
        """Give values that JSON knows."""


def kind_of(column: Any) -> str:
    """Name the kind of a column: numbers, booleans, dates, durations, categories; or empty."""
    from pandas import CategoricalDtype
    from pandas.api import types

    dtype = column.dtype
    if held := objects.held_in(column):
        return objects.KINDS[held]
    if isinstance(dtype, CategoricalDtype):
        return "categories"
    for is_kind, kind in (
        (types.is_bool_dtype, "booleans"),
        (types.is_complex_dtype, ""),
        (types.is_numeric_dtype, "numbers"),
        (types.is_datetime64_any_dtype, "dates"),
        (types.is_timedelta64_dtype, "durations"),
    ):
        if is_kind(dtype):
            return kind
    return ""


def fitted(name: str, column: Any, max_categories: int) -> Codec:
    """Choose and fit the codec of a column.

    Raises
    ------
    InvalidTypeError
        It holds something that cannot be encoded.
    InvalidDataError
        It holds too many different texts, or infinity.
    """
    kind = kind_of(column)
    if kind == "categories":
        return _categories(name, column, max_categories)
    if not kind:
        example = brief(repr(next(iter(column.dropna()), None)), 40)
        raise InvalidTypeError(
            f"TableEncoder cannot encode the column {name!r}: it holds {example}; numbers, "
            "booleans, text or dates are expected. Convert or drop it."
        )
    held, text = objects.held_in(column), str(column.dtype)
    column = objects.typed(column)
    steps = Steps.of(kind, column)
    values = steps.counted(kind, column)
    if np.isinf(values).any():
        raise InvalidDataError(
            f"TableEncoder cannot encode the column {name!r}: it holds infinity. Replace it, or "
            "drop those rows."
        )
    known = values[~np.isnan(values)]
    mean = float(known.mean()) if len(known) else 0.0
    deviation = float(known.std()) if len(known) else 0.0
    varies = math.isfinite(deviation) and deviation > 1e-12 * abs(mean)
    dtype = text if held == objects.EMPTY else str(column.dtype)
    scale = deviation if varies else 1.0
    return Measure(name, kind, dtype, mean, scale, steps.origin, steps.size, held)


@dataclass(frozen=True)
class Measure:
    """Numbers, booleans, dates and durations: one encoded column, standardized.

    Columns of Python objects, which `held` names, are encoded as typed ones.
    """

    kinds: ClassVar[tuple[str, ...]] = ("numbers", "booleans", "dates", "durations")
    name: str
    kind: str
    dtype: str
    mean: float
    deviation: float
    origin: int
    step: int
    held: str

    @property
    def width(self) -> int:
        """One."""
        return 1

    @property
    def names_out(self) -> list[str]:
        """The name of the column."""
        return [self.name]

    def encode(self, column: Any) -> tuple[np.ndarray, int]:
        """Center and divide."""
        kind = kind_of(column)
        if kind != self.kind and not {kind, self.kind} <= {"numbers", "booleans"}:
            raise InvalidDataError(
                f"TableEncoder was fitted to {self.kind} in the column {self.name!r}, which now "
                f"holds {kind or brief(column.dtype, 40)}."
            )
        typed = self._in_unit(objects.typed(column))
        counts = Steps(self.origin, self.step).counted(self.kind, typed)
        return ((counts - self.mean) / self.deviation)[:, None], 0

    def _in_unit(self, column: Any) -> Any:
        """Give dates and durations in the unit of the column that was fitted."""
        from pandas.errors import OutOfBoundsDatetime, OutOfBoundsTimedelta

        unit = UNIT.search(self.dtype)
        if self.kind not in ("dates", "durations") or unit is None:
            return column
        try:
            return column.dt.as_unit(unit.group(1))
        except (OutOfBoundsDatetime, OutOfBoundsTimedelta) as error:
            raise InvalidDataError(
                f"TableEncoder cannot encode the column {self.name!r}: {brief(error)}. It was "
                f"fitted to {self.dtype}."
            ) from error

    def decode(self, encoded: np.ndarray) -> Any:
        """Multiply and add, and give the column its type again."""
        from pandas import Series

        if self.held == objects.EMPTY:
            return Series([None] * len(encoded), dtype=self.dtype)
        made = self._decoded(encoded)
        return objects.untyped(made, self.held) if self.held else made

    def _decoded(self, encoded: np.ndarray) -> Any:
        import pandas as pd

        values = encoded[:, 0] * self.deviation + self.mean
        missing = np.isnan(values)
        if self.kind == "booleans":
            return _typed(pd.Series(values >= 0.5), missing, self.dtype, "boolean")
        if not self.step:
            return pd.Series(values).astype(self.dtype)
        whole = self._whole(values)
        if self.kind == "numbers":
            return _typed(pd.Series(whole), missing, self.dtype, "Int64")
        unit = UNIT.search(self.dtype)[1]  # type: ignore[index]
        kind = "datetime64" if self.kind == "dates" else "timedelta64"
        made = pd.Series(whole.view(f"{kind}[{unit}]")).mask(missing)
        zone = getattr(pd.api.types.pandas_dtype(self.dtype), "tz", None)
        if zone is not None:
            made = made.dt.tz_localize("UTC").dt.tz_convert(zone)
        return made.astype(self.dtype)

    @property
    def counts(self) -> range:
        """Counts of steps that the type of whole numbers and times can hold."""
        plain = self.dtype.lower().removesuffix("[pyarrow]")
        span = np.iinfo(plain if self.kind == "numbers" else np.int64)
        most = (int(span.max) - self.origin) // self.step
        return range(-((self.origin - int(span.min)) // self.step), most + 1)

    def _whole(self, counts: np.ndarray) -> np.ndarray:
        """Give whole values of counts of steps, within the range of the type."""
        held = self.counts
        rounded = np.rint(np.nan_to_num(counts))
        within = [min(max(int(count), held.start), held.stop - 1) for count in rounded]
        exact = [count * self.step + self.origin for count in within]
        return np.array(exact, dtype=np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Give the fields."""
        return {"codec": "measure", **vars(self)}


def _typed(made: Any, missing: np.ndarray, dtype: str, nullable: str) -> Any:
    """Give values their type; one that has room for missing cells, where some are."""
    if not missing.any():
        return made.astype(dtype)
    wide = dtype if dtype[:1].isupper() or dtype == "boolean" else nullable
    return made.astype(wide).mask(missing)


@dataclass(frozen=True)
class Categories:
    """Categories and text: an encoded column for each, which vary by 1 together."""

    name: str
    dtype: str
    categories: tuple[Any, ...]
    ordered: bool
    means: tuple[float, ...]
    scale: float

    @property
    def width(self) -> int:
        """The number of categories."""
        return len(self.categories)

    @property
    def names_out(self) -> list[str]:
        """The name of the column, and of each category."""
        return [f"{self.name}={category}" for category in self.categories]

    def encode(self, column: Any) -> tuple[np.ndarray, int]:
        """Give an indicator of each category, centered and divided."""
        from pandas import Index

        values = column.astype(object)
        missing = column.isna().to_numpy()
        places = Index(list(self.categories), dtype=object).get_indexer(values)
        hot = np.equal.outer(places, np.arange(self.width)).astype(np.float64)
        encoded = (hot - np.array(self.means)) / self.scale
        encoded[missing] = np.nan
        return encoded, int(((places < 0) & ~missing).sum())

    def decode(self, encoded: np.ndarray) -> Any:
        """Take the most likely category."""
        import pandas as pd

        missing = np.isnan(encoded).any(axis=1)
        likely = np.nan_to_num(encoded * self.scale + np.array(self.means))
        places = np.where(missing, -1, likely.argmax(axis=1))
        held = pd.Categorical.from_codes(places, list(self.categories), ordered=self.ordered)
        if self.dtype == "category":
            return pd.Series(held)
        return pd.Series(held).astype(object).where(~missing, None).astype(self.dtype)

    def to_dict(self) -> dict[str, Any]:
        """Give the fields."""
        fields = {**vars(self), "categories": [_plain(one) for one in self.categories]}
        return {"codec": "categories", **fields, "means": list(self.means)}


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _categories(name: str, column: Any, max_categories: int) -> Categories:
    known = column.dropna()
    declared = str(column.dtype) == "category"
    names = list(column.cat.categories) if declared else sorted(known.unique())
    strange = [one for one in names if not isinstance(one, str | int | float | bool | np.generic)]
    if strange:
        raise InvalidTypeError(
            f"TableEncoder cannot encode the column {name!r}: its category "
            f"{brief(repr(strange[0]), 40)} is neither text nor a number."
        )
    if len(names) > max_categories:
        raise InvalidDataError(
            f"TableEncoder cannot encode the column {name!r}: it holds {len(names):,} different "
            f"texts, such as {listed(names, 2)}, and {max_categories} are allowed. Drop it, group "
            "rare ones, or give max_categories."
        )
    if not names:
        raise InvalidDataError(
            f"TableEncoder cannot encode the column {name!r}: it has no values. Drop it."
        )
    counts = known.value_counts()
    shares = np.array([int(counts.get(one, 0)) for one in names]) / max(len(known), 1)
    scale = math.sqrt(float((shares * (1 - shares)).sum())) or 1.0
    dtype = "category" if declared else str(column.dtype)
    ordered = bool(declared and column.cat.ordered)
    return Categories(name, dtype, tuple(names), ordered, tuple(map(float, shares)), scale)


# --- from JSON ------------------------------------------------------------------------------

TEXTS = ("category", "object", "str", "string", "string[python]", "string[pyarrow]")
_FIELDS: dict[str, tuple[Callable[..., Any], dict[str, tuple[type, ...]]]] = {
    "measure": (
        Measure,
        {
            "name": (str,),
            "kind": (str,),
            "dtype": (str,),
            "mean": (float, int),
            "deviation": (float, int),
            "origin": (int,),
            "step": (int,),
            "held": (str,),
        },
    ),
    "categories": (
        Categories,
        {
            "name": (str,),
            "dtype": (str,),
            "categories": (list,),
            "ordered": (bool,),
            "means": (list,),
            "scale": (float, int),
        },
    ),
}


def from_dict(given: Any) -> Codec:
    """Make a codec of what `Codec.to_dict` gave.

    Raises
    ------
    UnsoundError
        A field is missing or of another type.
    """
    if not isinstance(given, dict) or given.get("codec") not in _FIELDS:
        raise UnsoundError("a column of a table encoder has no known codec")
    make, expected = _FIELDS[given["codec"]]
    for name, types in expected.items():
        if not isinstance(given.get(name), types):
            raise UnsoundError(f"a column of a table encoder has the field {name!r} wrong")
    fields = {name: given[name] for name in expected}
    if given["codec"] == "categories":
        fields |= {"categories": tuple(given["categories"]), "means": tuple(given["means"])}
        numbers = [*given["means"], given["scale"]]
        plain = all(isinstance(one, str | int | float | bool) for one in given["categories"])
        plain = plain and given["dtype"] in TEXTS
        sound = plain and len(given["means"]) == len(set(given["categories"])) > 0
    else:
        numbers, sound = [given["mean"], given["deviation"]], _suits(given)
    finite = all(isinstance(n, float | int) and math.isfinite(n) for n in numbers)
    if not (sound and finite and numbers[-1] > 0 and _is_dtype(given["dtype"])):
        raise UnsoundError(
            f"the column {brief(given['name'], 40)!r} of a table encoder is not sound"
        )
    made: Codec = make(**fields)
    return made


def _suits(given: dict[str, Any]) -> bool:
    """Whether the type of a column is one of its kind, and whole numbers fit into 64 bits."""
    from pandas.api import types

    kind, dtype, step = given["kind"], given["dtype"], given["step"]
    if kind not in Measure.kinds or not _is_dtype(dtype) or step < 0:
        return False
    if not all(-(2**63) <= n < 2**63 for n in (given["origin"], step)):
        return False
    integer = kind == "numbers" and types.is_integer_dtype(dtype)
    if given["held"] == objects.EMPTY:
        return kind == "numbers" and dtype in TEXTS
    if given["held"] and objects.KINDS.get(given["held"]) != kind:
        return False
    suits = {
        "numbers": types.is_numeric_dtype(dtype),
        "booleans": types.is_bool_dtype(dtype),
        "dates": types.is_datetime64_any_dtype(dtype),
        "durations": types.is_timedelta64_dtype(dtype),
    }
    return bool(suits[kind]) and (step > 0 or not (integer or kind in ("dates", "durations")))


def _is_dtype(name: str) -> bool:
    from pandas.api.types import pandas_dtype

    try:
        pandas_dtype(name)
    except (TypeError, ValueError):
        return False
    return True
