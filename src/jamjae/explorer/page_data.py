"""The data of a page: rows, codes, maps, errors and networks of a model, as arrays."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.labels import Labels, read_labels
from jamjae.data.rows import drawn
from jamjae.data.table_encoder import TableEncoder
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation import pixel_range, reconstruct, row_errors
from jamjae.explorer import layouts, normality, precision, qualities, samples, table_units
from jamjae.explorer.layouts import Layout
from jamjae.explorer.packing import Packable, rounded, shortened
from jamjae.explorer.shading import SAMPLES, shade
from jamjae.models.anomalies import AnomalyDetector
from jamjae.models.base import LatentModel
from jamjae.models.validation import check_rows
from jamjae.plotting.style import PALETTE

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CODE_BITS, VALUE_BITS = 11, 16
PCA_BITS = 13  # reconstructions by PCA then change by less than a gray level of 255
PLENTY, FEW_LEVELS = 1 << 20, 47  # pixel values above which fewer levels keep a page small
MOST_WEIGHTS = 16_000_000  # of both networks: about 40 MB of page
MOST_VALUES = 100_000_000  # of all rows shown
MOST_FEATURES = 64  # of a table, by which points can be colored
CLASSES, MOST_CLASSES = 20, 100  # different floats, and integers, that still count as classes


class Contents(NamedTuple):
    """A page's facts, for JSON, and its arrays."""

    facts: dict[str, Any]
    arrays: dict[str, Packable]


class Column(NamedTuple):
    """A column by which rows are colored: classes or values."""

    name: str
    values: np.ndarray
    classes: tuple[str, ...] = ()
    own: bool = False  # y, whose name the page translates
    place: int | None = None  # of a column of a table whose values are encoded


def gather(
    model: LatentModel,
    X: ArrayLike,
    y: ArrayLike | None,
    *,
    class_names: Sequence[str] | None,
    columns: Mapping[str, ArrayLike] | None,
    rows: int,
    method: str,
    random_state: int,
    encoder: TableEncoder | None = None,
    detector: AnomalyDetector | None = None,
) -> Contents:
    """Gather the facts and arrays of a page; see `jamjae.explore`."""
    _require_model(model)
    images = check_rows(model, X, "explore", reset=False)
    if len(images) < 2:
        raise InvalidDataError(f"explore received {len(images)} row; a map needs at least 2.")
    colored = _columns(len(images), y, class_names, columns or {})
    given = len(images)
    chosen = drawn(given, rows, random_state)
    colored = [each._replace(values=each.values[chosen]) for each in colored]
    verdicts = normality.verdicts(detector, model, images[chosen])
    images, incomplete = _without_gaps(model, images[chosen])
    features = [str(name) for name in getattr(model, "feature_names_in_", ())]
    whole, (model, quality) = model, qualities.opened(model, images)
    table = table_units.described(encoder, images, features)
    colored += _features(model, images, table)
    _require_room(model, images)
    kept = rounded(np.asarray(model.transform(images), np.float64).T, CODE_BITS)
    codes = kept.array.T.astype(np.float64)  # as the page will have them
    laid = layouts.lay_out(codes, method, random_state)
    flat = images.reshape(len(images), -1)
    seen = _Sight.of(model, flat)
    found = precision.prepare(model, codes, seen.high - seen.low, encodes=_is_image(model))
    given_names = getattr(model, "class_names_", ()) if class_names is None else class_names
    names = [str(name) for name in given_names]
    own = samples.density_of(model)
    density = samples.prepare(model, own, names, random_state)
    shades = [shade(own, layout, random_state) for layout in laid]
    arrays: dict[str, Packable] = {
        "codes": kept,
        "values": seen.kept(flat),
        "directions": layouts.directions(codes),
        **found.weights,
        **_linear(model),
        **_errors(whole, images, detector),
        **verdicts.arrays,
        **density.arrays,
        **quality.arrays,
        **{f"column{place}": each.values.astype(float) for place, each in enumerate(colored)},
    }
    for place, layout in enumerate(laid):
        arrays[f"points{place}"] = layout.places
        if layout.plane is not None:
            arrays[f"plane{place}"] = layout.plane
    arrays |= {f"shade{place}": one.levels for place, one in enumerate(shades) if one}
    if found.steps["decoder"] is None:
        arrays |= _beforehand(model, codes, laid, seen)
    facts = {
        "rows": len(images),
        "of": given,
        "incomplete": incomplete,
        "components": codes.shape[1],
        "shape": list(model.row_shape_),
        "features": features,
        "unit": pixel_range(model.dtype_) ** 2,
        "scaling": _scaling(model),
        "far": layouts.far(codes),
        "directions": codes.shape[1] > layouts.LARGE_CODE,
        "neighbors": layouts.NEIGHBORS,
        "grid": layouts.GRID,
        "maps": [
            {"title": each.title, "way": each.way, "box": each.box, "shade": one and one.facts}
            for each, one in zip(laid, shades, strict=True)
        ],
        "columns": [
            {"name": each.name, "classes": list(each.classes)}
            | ({"key": "y" if each.classes else "y_value"} if each.own else {})
            | ({} if each.place is None else {"place": each.place})
            for each in colored
        ],
        "palette": list(PALETTE),
        "unknown": found.unknown,
        "density": density.facts,
        "codec": quality.facts,
        "detector": verdicts.facts,
        "table": table,
        "shade_samples": SAMPLES,
        **seen._asdict(),
        **found.steps,
    }
    return Contents(facts, arrays)


# --- arguments --------------------------------------------------------------------------------


def _require_model(model: Any) -> None:
    if not isinstance(model, LatentModel) or not model.__sklearn_is_fitted__():
        raise InvalidDataError(
            f"explore received {type(model).__name__} as the model; a fitted jamjae.Autoencoder or "
            "AnomalyDetector is expected, or one from jamjae.load_model."
        )


def _without_gaps(model: LatentModel, X: np.ndarray) -> tuple[np.ndarray, int]:
    """Fill what is missing with what the model predicts, as a page shows whole rows.

    Returns
    -------
    X, and how many rows were incomplete
    """
    if getattr(model, "filling_", None) is None:
        return X, 0
    gaps = np.isnan(np.asarray(X, dtype=np.float64)).reshape(len(X), -1).any(axis=1)
    if not gaps.any():
        return X, 0
    warnings.warn(
        f"The page shows the missing values of {gaps.sum():,} rows as the model imputes them.",
        UserWarning,
        stacklevel=4,
    )
    return model.impute(X), int(gaps.sum())


def _columns(
    n: int,
    y: ArrayLike | None,
    class_names: Sequence[str] | None,
    columns: Mapping[str, ArrayLike],
) -> list[Column]:
    found = []
    if y is not None:
        found.append(_column("class", y, n, class_names, what="y"))
        found[0] = found[0]._replace(own=True)
    elif class_names is not None:
        raise InvalidDataError(
            "explore received class_names without y; both are needed to name the classes."
        )
    return found + [_column(str(name), values, n) for name, values in columns.items()]


def _features(
    model: LatentModel, images: np.ndarray, table: list[dict[str, Any]] | None
) -> list[Column]:
    """Give the columns of a table, by which its points can be colored."""
    if images.ndim != 2 or _is_image(model):
        return []
    if table is not None:
        known = table_units.features(table, images)[:MOST_FEATURES]
        return [Column(*each, place=place) for place, each in enumerate(known)]
    names = getattr(model, "feature_names_in_", None)
    names = [f"x{i + 1}" for i in range(images.shape[1])] if names is None else names
    few = list(names)[:MOST_FEATURES]
    return [Column(str(name), images[:, place]) for place, name in enumerate(few)]


def _column(
    name: str,
    values: ArrayLike,
    n: int,
    class_names: Sequence[str] | None = None,
    *,
    what: str = "",
) -> Column:
    labels = read_labels(values, n, f"explore (for {what or f'the column {name!r}'})")
    given = labels.values
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        raise InvalidDataError(f"explore received infinity in {what or f'the column {name!r}'}.")
    many = {"f": CLASSES, "i": MOST_CLASSES, "u": MOST_CLASSES}.get(given.dtype.kind, n)
    if class_names is None and len(np.unique(given.astype(str))) > many:
        return Column("value" if what == "y" else name, _at(labels, given))
    kinds, places = np.unique(given, return_inverse=True)
    if class_names is None:
        return Column(name, _at(labels, places), tuple(map(str, kinds)))
    numbered = not given.size or (kinds.min() >= 0 and kinds.max() < len(class_names))
    if given.dtype.kind not in "iub" or not numbered:
        raise ShapeMismatchError(
            f"explore received {len(class_names)} class_names, but y holds {kinds[:5].tolist()} …; "
            f"integers from 0 to {len(class_names) - 1} are expected."
        )
    return Column(name, _at(labels, given.astype(int)), tuple(map(str, class_names)))


def _at(labels: Labels, values: np.ndarray) -> np.ndarray:
    """Give each row the value of its label, NaN where that is missing."""
    if not labels.missing:
        return values
    placed = np.full(len(labels.known), np.nan)
    placed[labels.known] = values
    return placed


def _require_room(model: LatentModel, images: np.ndarray) -> None:
    weights = sum(network.count_params() for network in (model.encoder_, model.decoder_))
    if weights > MOST_WEIGHTS:
        raise InvalidDataError(
            f"The model is too large for a page: its networks have {weights:,} weights (about "
            f"{2.5e-6 * weights:.0f} MB); the maximum is {MOST_WEIGHTS:,}. Fit a smaller one, "
            "for example with network=(256,), or draw a figure with jamjae map."
        )
    if images.size > MOST_VALUES:
        fits = MOST_VALUES // math.prod(images.shape[1:])
        raise InvalidDataError(
            f"{len(images):,} rows of {math.prod(images.shape[1:]):,} values are too many for a "
            f"page (about {1e-6 * images.size:.0f} MB). Show fewer: rows={fits}."
        )


def _is_image(model: LatentModel) -> bool:
    return len(model.row_shape_) > 1


# --- arrays -----------------------------------------------------------------------------------


class _Sight(NamedTuple):
    """How rows are stored: as images in `levels` levels from `low` to `high`, or as numbers."""

    image: bool
    low: float
    high: float
    levels: int

    @classmethod
    def of(cls, model: LatentModel, flat: np.ndarray) -> _Sight:
        ends = (0.0, 255.0) if model.dtype_ == "uint8" else (float(flat.min()), float(flat.max()))
        high = ends[1] if ends[1] > ends[0] else ends[0] + 1.0
        return cls(_is_image(model), ends[0], high, FEW_LEVELS if flat.size > PLENTY else 255)

    def kept(self, rows: np.ndarray) -> Packable:
        """Round rows (n, ...): pixels to levels, tables per feature."""
        flat = rows.reshape(len(rows), -1)
        if not self.image:
            return rounded(flat.T, VALUE_BITS)
        bright = (np.clip(flat, self.low, self.high) - self.low) / (self.high - self.low)
        return np.rint(bright * self.levels).astype(np.uint8)


def _errors(
    model: LatentModel, images: np.ndarray, detector: AnomalyDetector | None
) -> dict[str, Packable]:
    """Return each row's squared error, and PCA's, by the rule of `evaluate`, and units of them."""
    made = {
        "errors": reconstruct(model, images),
        "pca_errors": reconstruct(model.baseline_, images),
    }
    found = {name: row_errors(images, rows, dtype=model.dtype_) for name, rows in made.items()}
    found["error_units"] = normality.units_of_errors(detector, images, made["errors"])
    return {name: shortened(values) for name, values in found.items()}


def _beforehand(
    model: LatentModel, codes: np.ndarray, laid: list[Layout], seen: _Sight
) -> dict[str, Packable]:
    """Decode in advance what the page cannot: a grid over each map, and the rows."""
    found = {"reconstructions": seen.kept(model.inverse_transform(codes))}
    for place, layout in enumerate(laid):
        there = layouts.codes_at(layout, layouts.grid(layout), codes)
        found[f"grid{place}"] = seen.kept(model.inverse_transform(there))
    return found


def _scaling(model: LatentModel) -> dict[str, Any]:
    scaling = model.scaling_
    clipped = [scaling.low, scaling.high] if np.isfinite(scaling.low) else None
    return {"scale": scaling.scale, "clip": clipped}


def _linear(model: LatentModel) -> dict[str, Packable]:
    """Give PCA, the offset of the scaling, and the mean of each row's values."""
    principal, d = model.baseline_, math.prod(model.row_shape_)
    offset = np.broadcast_to(np.asarray(model.scaling_.offset, np.float64).reshape(-1), (d,))
    return {
        "pca": rounded(principal.components, PCA_BITS),
        "pca_mean": np.asarray(principal.mean, np.float64).reshape(-1),
        "offset": offset.copy(),
    }
