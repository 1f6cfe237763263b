"""The qualities of a codec that a page offers: larger steps of rounding, fewer bytes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from jamjae.explorer.packing import Packable
from jamjae.models.base import LatentModel
from jamjae.models.compression import quantization
from jamjae.models.compression.codec import Codec

RATIOS = (0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0)  # of the step over the codec's own


class Qualities(NamedTuple):
    """What a page knows of a codec; nothing for other models.

    Attributes
    ----------
    facts : dict or None
        The codec's step, and of each ratio the mean bytes and the mean squared error.
    arrays : dict
        Bytes of each row for each ratio, (ratios, n).
    """

    facts: dict[str, Any] | None
    arrays: dict[str, Packable]


def opened(model: LatentModel, images: np.ndarray) -> tuple[LatentModel, Qualities]:
    """Give what a page decodes with, which does not round codes, and the qualities of a codec."""
    if not isinstance(model, Codec):
        return model, Qualities(None, {})
    plain = model.unrounded()
    scores = plain.transform(images).astype(np.float64)
    sizes, means = [], []
    for ratio in RATIOS:
        learned = model.prior_.at(ratio * model.prior_.step.ratio)
        step = model.step_ * learned.step.ratio / model.prior_.step.ratio
        symbols = np.rint(scores / step).astype(np.int32)
        sizes.append(quantization.bits_of_rows(learned, model.tables_, symbols) / 8.0)
        rest = plain.inverse_transform(symbols * step) - np.asarray(images, np.float64)
        means.append([float(sizes[-1].mean()), float(np.mean(np.square(rest)))])
    facts = {"step": model.step_, "ratios": list(RATIOS), "means": means}
    return plain, Qualities(facts, {"bytes": np.stack(sizes)})
