"""What a detector is given: rows that are split before a model checks them, and parameters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from jamjae.data.finite import require_finite
from jamjae.data.numeric import column_names, numeric
from jamjae.data.preprocessing import PIXELS
from jamjae.data.rows import LazyRows
from jamjae.data.table_encoder import is_mixed
from jamjae.engine.augmentation import QuarterTurns
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.models import missing
from jamjae.models.anomalies.conformal import LEAST, require_rows, require_support
from jamjae.models.anomalies.learning import SPLIT, Settings, n_calibrating
from jamjae.models.anomalies.measures import WIDEST, parts_of
from jamjae.models.autoencoder import Autoencoder
from jamjae.models.base import LatentModel

OF_IMAGES, OF_TABLES = 32, 0.8  # components, and the share of the variance they explain
PIECE = 1 << 16  # rows of a table that are encoded at a time
FEW = 10  # distinct whole numbers of a single column that are taken for labels


def require_sense(detector: Any, attempt: str) -> None:
    """Refuse parameters that contradict each other.

    Raises
    ------
    InvalidDataError
    """
    if detector.robust and detector.contamination == "auto":
        raise InvalidDataError(
            f"{attempt}: robust=True leaves out a share of the rows. Give that share, such as "
            "contamination=0.05."
        )
    if detector.prefit and detector.model is None:
        raise InvalidDataError(f"{attempt}: prefit=True needs a fitted model. Give model=.")
    if detector.prefit:
        check_is_fitted(detector.model)


def rows_of(X: Any, model: LatentModel | None, attempt: str, least: int) -> Any:
    """Give at least so many rows, whose parts can be taken: an array, a data frame or in files.

    Raises
    ------
    InvalidDataError
        They are labels in place of rows, not finite, or too few.
    """
    gaps = missing.allowed(model)
    X = missing.as_nan(X) if gaps else X
    if not is_mixed(X):
        X = numeric(X, attempt)
    shape = tuple(X.shape)
    if len(shape) < 2 or _are_labels(X):
        raise InvalidDataError(
            f"{attempt}: {'labels' if shape else 'a number'} of shape {shape} were given in "
            "place of rows. Give the normal rows (n, d), such as X[y == 0]. Reshape your data if "
            "it has a single feature: X.reshape(-1, 1). A single feature needs more than "
            f"{FEW} values."
        )
    if 0 in shape[1:]:
        raise InvalidDataError(
            f"{attempt}: 0 feature(s) (shape={shape}) while a minimum of 1 is required."
        )
    if not isinstance(X, LazyRows) and not is_mixed(X):  # before rows are taken apart
        require_finite(np.asarray(X), attempt, column_names(X), gaps=gaps, cure=missing.CURE)
    if len(X) >= least:
        return X
    sample = "only 1 sample was given: " if len(X) == 1 else ""
    raise InvalidDataError(
        f"{attempt}: {sample}n_samples = {len(X)}, n_features = {int(np.prod(shape[1:]))}; at "
        f"least {least} rows are expected. Give more rows."
    )


def others_of(detector: Any, X: Any, calibration_data: Any, attempt: str) -> Any:
    """Give the rows to calibrate on in place of some of X, if there are, and require enough.

    Raises
    ------
    InvalidDataError
        Too few rows would calibrate, or be learned from.
    ShapeMismatchError
        These rows are not as those of X.
    """
    held, auto = None, detector.contamination == "auto"
    if calibration_data is not None:
        attempt = f"{attempt} with calibration_data"
        held = rows_of(calibration_data, detector.model, attempt, 1)
        if held.shape[1:] != X.shape[1:]:
            raise ShapeMismatchError(
                f"{attempt}: its rows have shape {tuple(held.shape[1:])}, those of X "
                f"{tuple(X.shape[1:])}."
            )
    if held is None and not auto:
        return None
    others = None if held is None else len(held)
    m = n_calibrating(len(X), detector.calibration_fraction, others)
    if auto:
        require_support(m, detector.false_alarm, attempt)
    else:
        require_rows(m, attempt)
    if held is None and len(X) >= SPLIT and len(X) * (1 - detector.calibration_fraction) < LEAST:
        raise InvalidDataError(
            f"{attempt}: calibration_fraction={detector.calibration_fraction:g} of {len(X)} rows "
            f"leaves fewer than {LEAST} rows to learn from. Choose a smaller one."
        )
    return held


def _are_labels(X: Any) -> bool:
    if len(X.shape) != 2 or X.shape[1] != 1 or isinstance(X, LazyRows) or is_mixed(X):
        return False
    values = np.asarray(X, dtype=np.float64)[:, 0]
    known = np.unique(values[np.isfinite(values)])
    return 1 < len(known) <= FEW and bool((known == np.rint(known)).all())


def is_long_table(model: Any, X: Any) -> bool:
    """Whether X is a table that `model` would encode, in memory, and of many rows."""
    encoded = model.table_encoder_ is not None
    return encoded and len(getattr(X, "shape", ())) == 2 and len(X) > PIECE


def pieces(n: int) -> Iterator[np.ndarray]:
    """Cut n rows into the positions of at most `PIECE`."""
    for start in range(0, n, PIECE):
        yield np.arange(start, min(start + PIECE, n))


def settings(detector: Any, X: Any, rng: np.random.RandomState) -> Settings:
    """Gather what a fit needs, with the model that is fitted to X.

    Raises
    ------
    InvalidDataError
        Rows have too many values for a mixture.
    """
    d = math.prod(X.shape[1:])
    if detector.measure == "mixture" and d > WIDEST:
        raise InvalidDataError(
            f"AnomalyDetector cannot fit: measure='mixture' takes rows of at most {WIDEST:,} "
            f"values, and these have {d:,}. Use measure='density', which is that of the codes."
        )
    contaminated = detector.contamination != "auto"
    model = default_model(X, contaminated) if detector.model is None else detector.model
    seed = int(rng.randint(2**31 - 1))
    if not detector.prefit:
        model = clone(model)
        if getattr(model, "random_state", None) is None:
            model.set_params(random_state=seed)
    return Settings(
        model=model,
        prefit=detector.prefit,
        parts=parts_of(detector.measure, X.shape[1:]),
        contaminated=contaminated,
        n_neighbors=int(detector.n_neighbors),
        fraction=float(detector.calibration_fraction),
        seed=seed,
    )


def default_model(X: Any, contaminated: bool = False) -> Autoencoder:
    """Make the autoencoder that a detector takes for rows X unless it is given one.

    It is PCA for few rows of a table, of which a network learns noise, and for tables whose rows
    are not all normal, as a network learns the anomalies as well.
    """
    if len(X.shape) > 2:
        return Autoencoder(OF_IMAGES, corruption=QuarterTurns(seed=0))
    pixels = getattr(getattr(X, "dtype", None), "name", "") in PIXELS
    scaling = "auto" if pixels else "standardize"
    if contaminated or len(X) < SPLIT:
        return Autoencoder(OF_TABLES, scaling=scaling, network=(), epochs=1)
    return Autoencoder(OF_TABLES, scaling=scaling)
