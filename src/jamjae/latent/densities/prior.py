"""The prior of a variational autoencoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.utils import check_random_state

from jamjae.data.archives import UnsoundError
from jamjae.errors import InvalidDataError
from jamjae.latent.densities.classes import UNLABELED, Classes
from jamjae.latent.densities.components import Components
from jamjae.latent.densities.gaussian import Gaussian


class Prior(Gaussian):
    """The standard normal distribution ``N(0, 1)`` of every component, whatever the codes are.

    Examples
    --------
    >>> import numpy as np
    >>> prior = Prior().fit(np.zeros((10, 3)))
    >>> round(float(prior.score_samples([[0.0, 0.0, 0.0]])[0]), 3)
    -2.757
    """

    kind = "prior"

    def fit(self, Z: Any, y: Any = None) -> Self:
        """Take the number of codes and of their components.

        Parameters
        ----------
        Z : array of shape (n, k)
            Codes.
        y : None

        Raises
        ------
        InvalidDataError
            y is given: the prior knows no classes.
        """
        if y is not None:
            raise InvalidDataError(
                "A density of kind 'prior' has no classes, and labels were given. Leave out y, or "
                "choose another kind."
            )
        codes = np.asarray(Z)
        self._classes, of_row = Classes.read(None, len(codes), "Prior.fit")
        self.n_rows_, self.notes_ = len(codes), ()
        self._center, self._scale = np.zeros(codes.shape[1]), np.ones(codes.shape[1])
        self._fit(codes, of_row, check_random_state(self.random_state))
        return self

    def _components(
        self, codes: np.ndarray, of_row: np.ndarray, rng: np.random.RandomState
    ) -> Components:
        return _standard(codes.shape[1])

    def _parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {}, {}

    def _restore(self, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        if settings or arrays or len(self.classes_) or not (self._scale == 1.0).all():
            raise UnsoundError("its prior is not the standard normal distribution")
        self._sum = _standard(self.n_components_)


def _standard(k: int) -> Components:
    return Components(np.ones(1), np.zeros((1, k)), np.eye(k)[None], np.array([UNLABELED]))
