"""A network that carries noise to codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from jamjae.data.archives import UnsoundError
from jamjae.latent.densities.classes import UNLABELED
from jamjae.latent.densities.components import factor
from jamjae.latent.densities.density import Density

STEPS, LEAST_STEPS = 12_000, 3_000  # of training: at most, and at least
STEPS_PER_ROW = 0.5
WIDTHS = (512, 512, 512)
WIDEST, MOST = 4096, 8  # units and layers of a network that is read from a file
WEIGHT = "weight."  # start of the names of arrays


class Flow(Density):
    """A rectified flow: a velocity field that carries N(0, I) to the codes, learned by a network.

    It follows distributions that no sum of a few normal ones does, takes minutes to fit, and needs
    thousands of rows. The network is given the class, where there is one, and in a tenth of the
    rows not, so that codes can also be drawn and evaluated without one: `score_samples` is that of
    the network without a class. With more than 32 components it is estimated by random probes,
    with a standard error of some hundredths of a nat per component.

    Parameters
    ----------
    widths : tuple of int, default=(512, 512, 512)
        Hidden units of the network's layers, the same number in each.
    steps : int, default=None
        Training steps of 512 codes. None: half of the number of rows, 3,000 to 12,000.
    random_state : int, RandomState or None, default=None
        With an int, two fits to the same codes agree on one machine.

    Attributes
    ----------
    loss_ : array of shape (epochs,)
        The objective, the mean squared error of the velocity; not in a model file.

    References
    ----------
    X. Liu, C. Gong and Q. Liu, Flow straight and fast, arXiv:2209.03003. Y. Lipman et al., Flow
    matching for generative modeling, arXiv:2210.02747.
    """

    kind = "flow"

    def __init__(
        self,
        *,
        widths: tuple[int, ...] = WIDTHS,
        steps: int | None = None,
        random_state: Any = None,
    ) -> None:
        super().__init__(random_state=random_state)
        self.widths = widths
        self.steps = steps

    def _fit(self, codes: np.ndarray, of_row: np.ndarray, rng: np.random.RandomState) -> None:
        from jamjae.engine import flows

        self._factor = factor(np.atleast_2d(np.cov(codes.T)))
        self._shape = flows.Shape(codes.shape[1], len(self._classes.names), tuple(self.widths))
        steps = self.steps or int(np.clip(STEPS_PER_ROW * len(codes), LEAST_STEPS, STEPS))
        white = self._whitened(codes)
        self._weights, self.loss_ = flows.train(self._shape, white, of_row, steps, rng)
        self.notes_ += (f"trained for {steps:,} steps of {flows.BATCH} codes",)

    def _draw(
        self, of_sample: np.ndarray, temperature: float, rng: np.random.RandomState
    ) -> np.ndarray:
        noise = temperature * rng.standard_normal((len(of_sample), self._n_varying))
        return self._carried(noise, of_sample)

    def _log_density(self, codes: np.ndarray) -> np.ndarray:
        from jamjae.engine import flows

        none = np.full(len(codes), UNLABELED)
        found = flows.log_density(self._shape, self._weights, self._whitened(codes), none)
        return found - np.log(np.diag(self._factor)).sum()

    def _vary(
        self, code: np.ndarray, of_sample: np.ndarray, spread: float, rng: np.random.RandomState
    ) -> np.ndarray:
        from jamjae.engine import flows

        white = self._whitened(code[None])
        start = flows.carry(self._shape, self._weights, white, of_sample[:1], back=True)
        noise = rng.standard_normal((len(of_sample), len(code)))
        return self._carried(np.sqrt(1.0 - spread**2) * start + spread * noise, of_sample)

    def _parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        arrays = {f"{WEIGHT}{i}": array for i, array in enumerate(self._weights)}
        return {"widths": list(self._shape.widths)}, {"factor": self._factor, **arrays}

    def _restore(self, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        from jamjae.engine import flows

        widths = settings.get("widths")
        plain = isinstance(widths, list) and all(type(width) is int for width in widths)
        if settings.keys() != {"widths"} or not plain or not 1 <= len(widths or ()) <= MOST:
            raise UnsoundError("it does not state the widths of its network")
        if len(set(widths or ())) != 1 or not 1 <= (widths or [0])[0] <= WIDEST:
            raise UnsoundError(f"the widths of its network are {widths}")
        v = self._n_varying
        self._shape = flows.Shape(v, len(self._classes.names), tuple(widths or ()))
        shapes = {f"{WEIGHT}{i}": shape for i, shape in enumerate(self._shape.weights)}
        shapes["factor"] = (v, v)
        if {name: array.shape for name, array in arrays.items()} != shapes:
            raise UnsoundError("its arrays are not those of its network")
        self._factor = arrays["factor"]
        if np.triu(self._factor, 1).any() or not (np.diag(self._factor) > 0).all():
            raise UnsoundError("its array 'factor' is not triangular")
        self._weights = [arrays[f"{WEIGHT}{i}"] for i in range(len(shapes) - 1)]

    def _whitened(self, codes: np.ndarray) -> np.ndarray:
        return np.asarray(solve_triangular(self._factor, codes.T, lower=True).T)

    def _carried(self, noise: np.ndarray, of_sample: np.ndarray) -> np.ndarray:
        from jamjae.engine import flows

        return flows.carry(self._shape, self._weights, noise, of_sample) @ self._factor.T
