"""What a page needs to draw new codes of a model's density: its components, network, or a pool.

`page/sampler.js` computes what this module hands over: normal distributions, and the flow's network
by the same steps as Python. A density that is too large for a page becomes codes drawn in advance.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jamjae.engine import flow_matching, flows, keras_bridge
from jamjae.explorer.graphs import Graph, trace
from jamjae.explorer.packing import Packable, rounded
from jamjae.latent.densities import Density, Flow
from jamjae.latent.densities.classes import UNLABELED
from jamjae.models.base import LatentModel
from jamjae.models.samples import encoder_hash

MOST_NUMBERS = 1_500_000  # of covariances or weights, about 2 MB of page
POOL, LARGEST_POOL = 300, 6_000  # codes drawn in advance: of one class, and of all
LEAST_POOL = 24  # of one class
MEAN_BITS, BITS = 16, 12  # of means and factors
FLOW_BITS = (10, 12, 14, 16)  # of a flow's weights
AGREEMENT = 0.01  # deviations by which rounding may move a code of a flow, root mean square
PROBES = 64  # codes by which it is measured


class PageDensity(NamedTuple):
    """A density as facts, None where the page has none, and arrays."""

    facts: dict[str, Any] | None
    arrays: dict[str, Packable]


def density_of(model: LatentModel) -> Density | None:
    """Give the density of a model's codes; None without one, and without one of these codes.

    Warns
    -----
    UserWarning
        The density is one of other codes.
    """
    density: Density | None = getattr(model, "density_", None)
    if density is None or model.sampling_.encoder == encoder_hash(model):
        return density
    warnings.warn(
        "The page draws no samples: the model's density is one of the codes of another encoder, or "
        "of this one before it was trained further. Call fit_density(X) again.",
        UserWarning,
        stacklevel=5,
    )
    return None


def prepare(
    model: LatentModel, density: Density | None, names: Sequence[str], random_state: int
) -> PageDensity:
    """Describe a density for a page.

    Parameters
    ----------
    model : fitted model
    density : Density or None
        That of `density_of`.
    names : sequence of str
        Names of classes that are numbers; may be empty.
    random_state : int
        Of codes that are drawn in advance.
    """
    if density is None:
        return PageDensity(None, {})
    groups = _groups(density, names)
    facts, arrays = _computed(density) or _pool(density, random_state)
    span = model.sampling_.span
    arrays |= {
        "span_low": np.reshape(span.low, -1),
        "span_high": np.reshape(span.high, -1),
        "span_whole": np.reshape(span.whole, -1).astype(np.uint8),
    }
    return PageDensity({"kind": density.kind, "groups": groups, **facts}, arrays)


def _groups(density: Density, names: Sequence[str]) -> list[dict[str, Any]]:
    """Name the classes of a density, with their shares; no name for rows without a label."""
    labels, shares = density.classes_.tolist(), density.shares_.tolist()
    numbered = bool(names) and all(
        type(label) is int and 0 <= label < len(names) for label in labels
    )
    titles = [names[label] if numbered else str(label) for label in labels]
    found = [
        {"number": number, "name": title, "share": share}
        for number, (title, share) in enumerate(zip(titles, shares, strict=False))
    ]
    if shares[-1] > 0:
        found.append({"number": UNLABELED, "name": "", "share": shares[-1]})
    return found


Parts = tuple[dict[str, Any], dict[str, Packable]]


def _computed(density: Density) -> Parts | None:
    """Give what the page computes a density with; None if that is too large."""
    arrays = density.arrays()
    if sum(array.size for array in arrays.values()) > MOST_NUMBERS:
        return None
    if isinstance(density, Flow):
        return _flow(density, arrays)
    return _normal(density, arrays)


def _normal(density: Density, arrays: dict[str, np.ndarray]) -> Parts:
    config = density.config()["settings"]
    v = int((arrays["scale"] > 0).sum())
    means = arrays.get("means", np.zeros((1, v)))
    factors = arrays.get("factors", np.eye(v)[None])
    spread = _in_units(arrays)  # (k, v)
    return {"way": "normal", "of": config.get("groups", [UNLABELED])}, {
        "density_weights": arrays.get("weights", np.ones(1)),
        "density_means": rounded(arrays["center"] + means @ spread.T, MEAN_BITS),
        "density_factors": rounded(spread @ factors, BITS),
    }


def _in_units(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Give the matrix (k, v) that makes codes, apart from their mean, of standardized ones."""
    return np.diag(arrays["scale"])[:, arrays["scale"] > 0]


def _flow(density: Flow, arrays: dict[str, np.ndarray]) -> Parts:
    widths = tuple(density.config()["settings"]["widths"])
    v = int((arrays["scale"] > 0).sum())
    shape = flows.Shape(v, len(density.classes_), widths)
    weights = [arrays[f"weight.{place}"] for place in range(len(shape.weights))]
    network = flows.network(shape)
    keras_bridge.write(network, keras_bridge.Variables(weights, []))
    graph = trace(network, "flow")
    facts = {
        "way": "flow",
        "network": graph.steps,
        "components": v,
        "steps": flows.STEPS,
        "frequencies": flow_matching.FREQUENCIES,
    }
    return facts, {
        "density_mean": arrays["center"],
        "density_factor": _in_units(arrays) @ arrays["factor"],
        **_agreeing(shape, weights, graph),
    }


def _agreeing(shape: flows.Shape, weights: flows.Weights, graph: Graph) -> dict[str, Packable]:
    """Round a flow's weights as far as its codes stay within `AGREEMENT`."""
    rng = np.random.RandomState(0)
    noise = rng.standard_normal((PROBES, shape.n_components))
    classes = rng.randint(UNLABELED, shape.n_classes, PROBES)
    expected = flows.carry(shape, weights, noise, classes)
    for bits in FLOW_BITS:
        coarse = [rounded(a, bits).array if a.ndim > 1 else a for a in weights]
        moved = flows.carry(shape, coarse, noise, classes) - expected
        if np.sqrt(np.square(moved).mean()) <= AGREEMENT:
            return {
                name: rounded(array, bits) if array.ndim > 1 else array
                for name, array in graph.weights.items()
            }
    return dict(graph.weights)


def _pool(density: Density, random_state: int) -> Parts:
    """Draw codes in advance: of all classes together, and of each."""
    labels = density.classes_.tolist()
    count = int(np.clip(LARGEST_POOL // (len(labels) + 1), LEAST_POOL, POOL))
    rng = np.random.RandomState(random_state)
    drawn = [density.sample(count, label, rng) for label in [None, *labels]]
    numbers = {label: number for number, label in enumerate(labels)}
    given = drawn[0].classes
    of_all = (
        [UNLABELED] * count
        if given is None
        else [numbers.get(label, UNLABELED) for label in given.tolist()]
    )
    codes = np.concatenate([each.codes for each in drawn])
    facts = {"way": "pool", "size": count, "of": of_all}
    return facts, {"density_pool": rounded(codes.T, BITS)}
