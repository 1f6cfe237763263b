"""A network that carries a blurred mixture of normal distributions to the codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from jamjae.data.archives import UnsoundError
from jamjae.latent.densities.classes import UNLABELED
from jamjae.latent.densities.components import (
    NAMES,
    Components,
    factor,
    require_triangular,
)
from jamjae.latent.densities.density import Density
from jamjae.latent.densities.mixture import mixture_of

STEPS, LEAST_STEPS = 12_000, 3_000  # of training: at most, and at least
STEPS_PER_ROW = 0.5
WIDTHS = (512, 512, 512)
START = 0.75
GUIDANCE = 4.0  # for images; see docs/densities.md
STRONGEST = 100.0  # guidance that is read from a file
ROWS_EACH = 90  # of a class, for one normal distribution of the mixture at the start
WIDEST, MOST = 4096, 8  # units and layers of a network that is read from a file
WEIGHT = "weight."  # start of the names of arrays


class Flow(Density):
    """A rectified flow: a velocity field, learned by a network, that carries points to the codes.

    On the way from noise e to a code z a point is at ``(1 - t)·e + t·z`` at time t. The flow begins
    late, at `start`, with points of a mixture that was fitted to the codes and blurred by that much
    noise. So the mixture has only to be right roughly, and the network learns only what no sum of
    normal distributions follows. It takes minutes, and thousands of rows.

    The network is given the class, where there is one, and in a tenth of the rows not, so that
    codes can be evaluated without one: `score_samples` is that of the network without a class. With
    more than 32 components it is estimated by random probes (Hutchinson's estimator).

    Parameters
    ----------
    widths : tuple of int, default=(512, 512, 512)
        Hidden units of the network's layers, the same number in each.
    steps : int, default=None
        Training steps of 512 codes. None: half of the number of rows, 3,000 to 12,000.
    start : float from 0 to below 1, default=0.75
        0 begins at noise, and has no use for a mixture.
    guidance : float of at least 0, default=1
        How far samples of a class go from the velocity without a class to that of the class, and
        beyond where it is more than 1: they are then more typical of their class than its codes
        are on average (Ho & Salimans 2022). At 1 they have the distribution that was learned, of
        which `score_samples` is the density in any case. `choose` takes 4 for images.
    random_state : int, RandomState or None, default=None
        With an int, two fits to the same codes agree on one machine.

    Attributes
    ----------
    loss_ : array of shape (epochs,)
        The objective, the mean squared error of the velocity; not in a model file.

    References
    ----------
    X. Liu, C. Gong and Q. Liu, Flow straight and fast, arXiv:2209.03003. Y. Lipman et al., Flow
    matching for generative modeling, arXiv:2210.02747. J. Ho and T. Salimans, Classifier-free
    diffusion guidance, arXiv:2207.12598. Z. Lyu et al., Accelerating diffusion models
    via early stop of the diffusion process, arXiv:2205.12524, for a start in the middle.
    """

    kind = "flow"

    def __init__(
        self,
        *,
        widths: tuple[int, ...] = WIDTHS,
        steps: int | None = None,
        start: float = START,
        guidance: float = 1.0,
        random_state: Any = None,
    ) -> None:
        super().__init__(random_state=random_state)
        self.widths = widths
        self.steps = steps
        self.start = start
        self.guidance = guidance

    def _fit(self, codes: np.ndarray, of_row: np.ndarray, rng: np.random.RandomState) -> None:
        from jamjae.engine import flows

        self._factor = factor(np.atleast_2d(np.cov(codes.T)))
        widths, n_classes = tuple(self.widths), len(self._classes.names)
        self._shape = flows.Shape(codes.shape[1], n_classes, widths, float(self.start))
        steps = self.steps or int(np.clip(STEPS_PER_ROW * len(codes), LEAST_STEPS, STEPS))
        white = self._whitened(codes)
        self._base = mixture_of(self, white, of_row, rng, ROWS_EACH).blurred(self.start)
        self._weights, self.loss_ = flows.train(self._shape, white, of_row, steps, rng)
        self.notes_ += (f"trained for {steps:,} steps of {flows.BATCH} codes",)
        if n_classes and self.guidance != 1.0:
            self.notes_ += (f"samples are guided towards their class by {self.guidance:g}",)

    def _draw(
        self, of_sample: np.ndarray, temperature: float, rng: np.random.RandomState
    ) -> np.ndarray:
        components = self._base.chosen(of_sample, rng)
        noise = temperature * rng.standard_normal((len(of_sample), self._n_varying))
        begin = self._base.carried(noise, components)
        return self._carried(begin, of_sample, float(self.guidance))

    def _log_density(self, codes: np.ndarray) -> np.ndarray:
        from jamjae.engine import flows

        none = np.full(len(codes), UNLABELED)
        white = self._whitened(codes)
        begin, change = flows.back_with_change(self._shape, self._weights, white, none)
        return self._base.log_density(begin) - change - np.log(np.diag(self._factor)).sum()

    def _vary(
        self, code: np.ndarray, of_sample: np.ndarray, spread: float, rng: np.random.RandomState
    ) -> np.ndarray:
        from jamjae.engine import flows

        white, group = self._whitened(code[None]), of_sample[:1]
        begin = flows.carry(self._shape, self._weights, white, group, back=True)[0]
        varied = self._base.varied(begin, int(group[0]), len(of_sample), spread, rng)
        return self._carried(varied, of_sample)

    def _parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        settings, arrays = self._base.parts()
        settings |= {"widths": list(self._shape.widths), "start": self._shape.start}
        settings["guidance"] = float(self.guidance)
        weights = {f"{WEIGHT}{i}": array for i, array in enumerate(self._weights)}
        return settings, {**arrays, "factor": self._factor, **weights}

    def _restore(self, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        if settings.keys() != {"groups", "widths", "start", "guidance"}:
            raise UnsoundError("its settings are not those of a flow")
        self.guidance = settings["guidance"]
        if not isinstance(self.guidance, float) or not 0 <= self.guidance <= STRONGEST:
            raise UnsoundError("it does not state its guidance")
        base = {name: array for name, array in arrays.items() if name in NAMES}
        allowed, v = set(self._classes.groups), self._n_varying
        self._base = Components.from_parts(settings["groups"], base, v, allowed)
        self._shape = _shape(v, len(self._classes.names), settings["widths"], settings["start"])
        shapes = {f"{WEIGHT}{i}": shape for i, shape in enumerate(self._shape.weights)}
        shapes["factor"] = (v, v)
        if {name: array.shape for name, array in arrays.items() if name not in base} != shapes:
            raise UnsoundError("its arrays are not those of its network")
        require_triangular(arrays["factor"])
        self._factor = arrays["factor"]
        self._weights = [arrays[f"{WEIGHT}{i}"] for i in range(len(shapes) - 1)]

    def _whitened(self, codes: np.ndarray) -> np.ndarray:
        return np.asarray(solve_triangular(self._factor, codes.T, lower=True).T)

    def _carried(
        self, points: np.ndarray, of_sample: np.ndarray, guidance: float = 1.0
    ) -> np.ndarray:
        from jamjae.engine import flows

        guidance = guidance if len(self._classes.names) else 1.0
        found = flows.carry(self._shape, self._weights, points, of_sample, guidance=guidance)
        return found @ self._factor.T


def _shape(v: int, n_classes: int, widths: Any, start: Any) -> Any:
    from jamjae.engine import flows

    plain = isinstance(widths, list) and all(type(width) is int for width in widths)
    if not plain or not 1 <= len(widths) <= MOST or len(set(widths)) != 1:
        raise UnsoundError("it does not state the widths of its network")
    if not 1 <= widths[0] <= WIDEST:
        raise UnsoundError(f"its network is {widths[0]} units wide")
    if not isinstance(start, float) or not 0 <= start < 1:
        raise UnsoundError("it does not state where it begins")
    return flows.Shape(v, n_classes, tuple(widths), start)
