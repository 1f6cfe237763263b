"""Which kind of density suits codes, and densities by name."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.errors import InvalidDataError
from jamjae.latent.densities.density import Density
from jamjae.latent.densities.flow import GUIDANCE, Flow
from jamjae.latent.densities.gaussian import Gaussian
from jamjae.latent.densities.kernel import Kernel, most_rows
from jamjae.latent.densities.mixture import Mixture
from jamjae.latent.densities.prior import Prior

KINDS: dict[str, type[Density]] = {
    kind.kind: kind for kind in (Gaussian, Mixture, Kernel, Flow, Prior)
}
MIXTURE_ROWS = 20  # for each component of a code, from which mixtures are chosen
FLOW_ROWS, FLOW_COMPONENTS = 10_000, 3  # from which flows are


def choose(
    kind: str | Density, n: int, k: int, *, images: bool = False, random_state: Any = None
) -> Density:
    """Make an unfitted density of a kind, or of that which suits n codes of k components.

    Parameters
    ----------
    kind : {"auto", "gaussian", "mixture", "kernel", "flow", "prior"} or Density
        ``"auto"``: a flow from 10,000 rows and 3 components on; below, kernels for tables of up to
        2,000 rows, a gaussian for less than 20 rows per component, else a mixture. A density,
        fitted or not, is copied with its settings, and keeps its own random state if it has one.
    n, k : int
    images : bool, default=False
        Whether samples become images, which are to look like their class: a flow is then guided.
        Those of tables are to have the distribution of the rows.
    random_state : int, RandomState or None

    Raises
    ------
    InvalidDataError
        There is no such kind.
    """
    if isinstance(kind, Density):
        settings = {name: getattr(kind, name) for name in signature(type(kind)).parameters}
        if settings["random_state"] is None:
            settings["random_state"] = random_state
        return type(kind)(**settings)
    if kind == "auto":
        kind = "gaussian" if n < MIXTURE_ROWS * k else "mixture"
        kind = "kernel" if n <= most_rows(k) and not images else kind
        kind = "flow" if n >= FLOW_ROWS and k >= FLOW_COMPONENTS else kind
    if kind not in KINDS:
        raise InvalidDataError(
            f"A density of kind={kind!r} was asked for; expected 'auto', a density, or one of "
            f"{', '.join(map(repr, KINDS))}."
        )
    if kind == Flow.kind:
        return Flow(guidance=GUIDANCE if images else 1.0, random_state=random_state)
    return KINDS[kind](random_state=random_state)


def rebuilt(config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Density:
    """Make a fitted density of its `Density.config` and `Density.arrays`.

    Raises
    ------
    UnsoundError
        They do not describe a density.
    """
    kind = config.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise UnsoundError(f"this version of jamjae has no density of kind {str(kind)[:40]!r}")
    return KINDS[kind].from_parts(config, arrays)
