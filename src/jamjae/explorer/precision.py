"""Networks as a page computes them: traced, with weights rounded within a tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jamjae.engine import custom_networks, keras_bridge
from jamjae.explorer.graphs import Graph, UnknownLayer, trace
from jamjae.explorer.packing import Packable, rounded
from jamjae.models.base import LatentModel

AGREEMENT = 7e-5  # share of the data's range by which rounded weights may change what is decoded
DECODER_BITS, ENCODER_BITS = range(14, 21), 7
PROBED = 2000  # codes decoded to measure it


class TracedNetworks(NamedTuple):
    """Both networks of a model.

    Attributes
    ----------
    steps : dict of str to list, or to None
        Of ``"decoder"`` and ``"encoder"``; None where a page cannot compute it.
    unknown : dict of str to str
        The layer that a page cannot compute.
    weights : dict of str to Packable
    """

    steps: dict[str, Any]
    unknown: dict[str, str]
    weights: dict[str, Packable]


def prepare(model: LatentModel, codes: np.ndarray, span: float, *, encodes: bool) -> TracedNetworks:
    """Trace the decoder, and the encoder where the page is to encode."""
    found = TracedNetworks({"decoder": None, "encoder": None}, {}, {})
    asked = {"decoder": model.decoder_} | ({"encoder": model.encoder_} if encodes else {})
    for role, network in asked.items():
        try:
            graph = trace(network, role)
        except UnknownLayer as unknown:
            found.unknown[role] = str(unknown)
            continue
        found.steps[role] = graph.steps
        if role == "decoder":
            found.weights.update(_agreeing(model, graph, codes, span))
        else:
            found.weights.update(_matrices(graph, ENCODER_BITS))
    return found


def _matrices(graph: Graph, bits: int) -> dict[str, Packable]:
    return {
        name: rounded(array, bits) if array.ndim > 1 else array
        for name, array in graph.weights.items()
    }


def _agreeing(
    model: LatentModel, graph: Graph, codes: np.ndarray, span: float
) -> dict[str, Packable]:
    """Round the decoder's weights as far as its output stays within `AGREEMENT`."""
    some = codes[:: max(len(codes) // PROBED, 1)].astype(np.float32)
    wide = some.mean(axis=0) + 2 * (some - some.mean(axis=0))  # beyond the data, too
    probes = np.concatenate([some, wide])
    expected = keras_bridge.predict(model.decoder_, probes)
    copied = custom_networks.copied(model.decoder_)
    exact = keras_bridge.read(copied)
    for bits in DECODER_BITS:
        keras_bridge.write(
            copied, keras_bridge.Variables(*(_rounded(part, bits) for part in exact))
        )
        moved = np.abs(keras_bridge.predict(copied, probes) - expected).max() * model.scaling_.scale
        if moved <= AGREEMENT * span:
            return _matrices(graph, bits)
    return dict(graph.weights)


def _rounded(arrays: Sequence[Any], bits: int) -> list[Any]:
    return [rounded(np.asarray(a), bits).array if a.ndim > 1 else a for a in arrays]
