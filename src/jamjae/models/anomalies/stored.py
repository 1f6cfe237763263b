"""A detector in a model file, beside its autoencoder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from sklearn.base import clone

from jamjae.data.archives import UnsoundError
from jamjae.errors import brief
from jamjae.latent.densities.components import require_triangular
from jamjae.latent.densities.mixture import Mixture
from jamjae.models import stored_parameters
from jamjae.models.anomalies import conformal
from jamjae.models.anomalies.learning import Learned
from jamjae.models.anomalies.measures import WIDE, Measure, Reference, Scale, parts_of
from jamjae.models.consistency import ANOMALY

MIXTURE = "mixture."  # start of the names of its arrays
Detector = TypeVar("Detector", bound=Any)


def parts(detector: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Give what a model file holds of a detector: a part of its manifest, and arrays."""
    described = {
        "model_given": detector.model is not None,
        "offset": float(detector.offset_),
        "exact": bool(detector.exact_),
        "calibrated": hasattr(detector, "false_alarm_"),
        "parts": list(detector.parts_),
    }
    mixture = detector.mixture_
    if mixture is not None:
        described["mixture"] = mixture.config()
    arrays = {
        **({} if mixture is None else {MIXTURE + n: a for n, a in mixture.arrays().items()}),
        **detector.reference_._asdict(),
        **detector.scale_._asdict(),
        "calibration": detector.calibration_scores_,
        "trimmed": detector.trimmed_.astype(np.float64),
    }
    return described, {
        ANOMALY + name: np.require(array, requirements="C") for name, array in arrays.items()
    }


def put_together(
    detector: Detector, described: Any, arrays: Mapping[str, np.ndarray], model: Any
) -> Detector:
    """Put a detector around its autoencoder, of what `parts` gave.

    Raises
    ------
    UnsoundError
        They do not belong together.
    """
    if not isinstance(described, dict) or not isinstance(described.get("parameters"), dict):
        raise UnsoundError("its detector is not described")
    try:
        detector.set_params(
            **{n: stored_parameters.read(n, v, {}) for n, v in described["parameters"].items()}
        )
        detector._validate_params()
    except ValueError as error:
        raise UnsoundError(f"it holds a wrong parameter: {brief(error)}") from error
    offset = described.get("offset")
    if isinstance(offset, bool) or not isinstance(offset, int | float) or not math.isfinite(offset):
        raise UnsoundError("its detector has no threshold")
    flags = [described.get(name) for name in ("model_given", "exact", "calibrated")]
    if not all(isinstance(flag, bool) for flag in flags):
        raise UnsoundError("its detector does not state how it was calibrated")
    own = {n.removeprefix(ANOMALY): a for n, a in arrays.items() if n.startswith(ANOMALY)}
    names = _names(described.get("parts"), detector.measure)
    mixture = _mixture(described, own, model) if "mixture" in names else None
    own = {name: array for name, array in own.items() if not name.startswith(MIXTURE)}
    _require_arrays(own, model, len(names))
    if "density" in names and not hasattr(model, "density_"):
        raise UnsoundError("its detector scores by a density that it does not hold")
    if described["model_given"]:
        detector.model = model if detector.prefit else clone(model)
    reference = Reference(*(own[name] for name in Reference._fields))
    scale = Scale(*(own[name] for name in Scale._fields))
    measure = Measure(model, reference, detector.n_neighbors, names, mixture)
    detector._take(Learned(measure, scale, own["calibration"], described["exact"]))
    detector.offset_ = float(offset)
    detector.trimmed_ = own["trimmed"].astype(np.intp)
    if described["calibrated"]:
        n = len(detector.calibration_scores_)
        detector.false_alarm_ = conformal.rate_of(n, detector.false_alarm)
    return detector


def _names(given: Any, measure: str) -> tuple[str, ...]:
    """Read what the score is made of."""
    known = [parts_of(measure, shape) for shape in ((1,), (WIDE + 1,))]
    names = tuple(given) if isinstance(given, list) else ()
    if names not in known:
        raise UnsoundError(f"its detector scores by other parts than those of {measure!r}")
    return names


def _mixture(described: Mapping[str, Any], own: Mapping[str, np.ndarray], model: Any) -> Mixture:
    config = described.get("mixture")
    if not isinstance(config, dict):
        raise UnsoundError("its detector scores by a mixture that it does not hold")
    arrays = {n.removeprefix(MIXTURE): a for n, a in own.items() if n.startswith(MIXTURE)}
    mixture = Mixture.from_parts(config, arrays)
    if mixture.n_components_ != math.prod(model.row_shape_):
        raise UnsoundError("its mixture is one of other rows")
    return mixture


def _require_arrays(own: Mapping[str, np.ndarray], model: Any, parts_: int) -> None:
    expected = {*Reference._fields, *Scale._fields, "calibration", "trimmed"}
    if own.keys() != expected:
        raise UnsoundError("the arrays of its detector are not whole")
    m, k, d = len(own["codes"]), model.n_components_, math.prod(model.row_shape_)
    shapes: dict[str, tuple[int, ...]] = {
        "rows": (m, *model.row_shape_),
        "codes": (m, k),
        "positions": (m,),
        "typical": (d,),
        "factor": (0, 0) if len(model.row_shape_) > 1 or d > WIDE else (d, d),
        **dict.fromkeys(Scale._fields, (parts_,)),
    }
    for name, array in own.items():
        shape = shapes.get(name, (array.size,))
        if array.shape != shape or (not array.size and name not in ("trimmed", "factor")):
            raise UnsoundError(
                f"its array {ANOMALY + name!r} has shape {array.shape}, expected is {shape}"
            )
        gaps = name == "rows" and getattr(model, "filling_", None) is not None
        if array.dtype.kind == "f" and np.isinf(array).any():
            raise UnsoundError(f"its array {ANOMALY + name!r} holds infinity")
        if array.dtype.kind == "f" and not gaps and np.isnan(array).any():
            raise UnsoundError(f"its array {ANOMALY + name!r} holds NaN")
        if name != "rows" and array.dtype != np.float64:
            raise UnsoundError(f"its array {ANOMALY + name!r} holds {array.dtype}, not float64")
    if (own["typical"] <= 0).any() or (own["spreads"] <= 0).any() or (own["weights"] < 0).any():
        raise UnsoundError("its detector holds negative deviations or weights")
    require_triangular(own["factor"])
    if (np.diff(own["calibration"]) < 0).any():
        raise UnsoundError("the scores of its calibration rows are not in order")
