"""What a page needs to draw new codes of a model's density: its components, network, or a pool.

`page/sampler.js` computes what this module hands over: normal distributions, and the flow's network
by the same steps as Python. A density that is too large for a page becomes codes drawn in advance.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jamjae.engine import flow_matching, flows
from jamjae.explorer.graphs import Graph, trace
from jamjae.explorer.packing import Packable, rounded
from jamjae.latent.densities import Density, Flow, Kernel
from jamjae.latent.densities.classes import UNLABELED
from jamjae.latent.densities.components import Components
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
    """Give what the page computes a density with; None if that is too large, as kernels are."""
    arrays = density.arrays()
    if isinstance(density, Kernel) or sum(map(np.size, arrays.values())) > MOST_NUMBERS:
        return None
    if isinstance(density, Flow):
        return _flow(density, arrays)
    components = code_components(density)
    return {"way": "normal"} | _of(components), _packed(components)


def code_components(density: Density) -> Components:
    """Give the normal distributions of codes (k,); their factors are (m, k, v), of v that vary."""
    arrays = density.arrays()
    components, spread = _components(density, arrays), _in_units(arrays)
    means = arrays["center"] + components.means @ spread.T
    return components._replace(means=means, factors=spread @ components.factors)


def _components(density: Density, arrays: dict[str, np.ndarray]) -> Components:
    """Give the normal distributions of a density; a prior states none, and is N(0, I)."""
    v = int((arrays["scale"] > 0).sum())
    return Components(
        arrays.get("weights", np.ones(1)),
        arrays.get("means", np.zeros((1, v))),
        arrays.get("factors", np.eye(v)[None]),
        np.array(density.config()["settings"].get("groups", [UNLABELED])),
    )


def _of(components: Components) -> dict[str, Any]:
    return {"of": components.groups.tolist()}


def _packed(components: Components) -> dict[str, Packable]:
    return {
        "density_weights": components.weights,
        "density_means": rounded(components.means, MEAN_BITS),
        "density_factors": rounded(components.factors, BITS),
    }


def _in_units(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Give the matrix (k, v) that makes codes, apart from their mean, of standardized ones."""
    return np.diag(arrays["scale"])[:, arrays["scale"] > 0]


def _flow(density: Flow, arrays: dict[str, np.ndarray]) -> Parts:
    base, settings = _components(density, arrays), density.config()["settings"]
    n_classes, widths = len(density.classes_), tuple(settings["widths"])
    shape = flows.Shape(base.means.shape[1], n_classes, widths, settings["start"])
    weights = [arrays[f"weight.{place}"] for place in range(len(shape.weights))]
    network = flows.network(shape)
    network.set_weights(weights)
    graph = trace(network, "flow")
    facts = {
        "way": "flow",
        "network": graph.steps,
        "start": shape.start,
        "steps": math.ceil(flows.STEPS * (1.0 - shape.start)),  # as Python takes
        "frequencies": flow_matching.FREQUENCIES,
    }
    return facts | _of(base), {
        "density_mean": arrays["center"],
        "density_factor": _in_units(arrays) @ arrays["factor"],
        **_packed(base),
        **_agreeing(shape, weights, base, graph),
    }


def _agreeing(
    shape: flows.Shape, weights: flows.Weights, base: Components, graph: Graph
) -> dict[str, Packable]:
    """Round a flow's weights as far as its codes stay within `AGREEMENT`."""
    rng = np.random.RandomState(0)
    chosen = rng.choice(len(base.weights), PROBES, p=base.weights / base.weights.sum())
    points = base.carried(rng.standard_normal((PROBES, shape.n_components)), chosen)
    expected = flows.carry(shape, weights, points, base.groups[chosen])
    for bits in FLOW_BITS:
        coarse = [rounded(a, bits).array if a.ndim > 1 else a for a in weights]
        moved = flows.carry(shape, coarse, points, base.groups[chosen]) - expected
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
