"""A sum of normal distributions per class, as many as held-out rows ask for."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from jamjae.data.rows import drawn
from jamjae.latent.densities.components import Components, NormalDensity, factor, shared, shrunk
from jamjae.latent.densities.gaussian import ROWS_PER_COMPONENT, few_groups

LADDER = (1, 2, 4, 8, 16, 32, 64)  # numbers of components that are tried
ROWS, LEAST_ROWS = 24_000, 1_000  # used, of all classes together and of one at least
HELD = 5  # one row of so many is held out to choose the number of components
NUMBERS = 1 << 22  # in all covariances, at most
RIDGE, ITERATIONS = 1e-4, 60  # of scikit-learn's fit, on standardized codes


class Mixture(NormalDensity):
    """A mixture of normal distributions per class; parameters as of `Density`.

    The number of components is the first of 1, 2, 4, ... 64 that the next does not improve on, by
    the mean log density of a fifth of the rows, held out. At most 24,000 rows are used, of large
    classes fewer than there are.

    Attributes
    ----------
    numbers_ : dict of class to int
        How many components each class has; the key None is that of rows without a label.

    Examples
    --------
    >>> import numpy as np
    >>> Z = np.random.RandomState(0).normal(size=(500, 2)) + np.repeat([[0, 0], [9, 9]], 250, 0)
    >>> Mixture(random_state=0).fit(Z).numbers_
    {None: 2}
    """

    kind = "mixture"

    def _components(
        self, codes: np.ndarray, of_row: np.ndarray, rng: np.random.RandomState
    ) -> Components:
        n, v = codes.shape
        groups = self._classes.groups
        few = few_groups(self, of_row, 2 * ROWS_PER_COMPONENT * v)
        common = factor(shared(codes, of_row))
        used, parts = 0, []
        for group in groups:
            rows = codes[of_row == group]
            most = max(ROWS * len(rows) // n, LEAST_ROWS)
            rows = rows[drawn(len(rows), most, rng.randint(2**31 - 1))]
            used += len(rows)
            if group in few:
                parts.append((np.ones(1), rows.mean(axis=0)[None], common[None]))
            else:
                parts.append(_mixed(rows, NUMBERS // (len(groups) * v * v), rng))
        if used < n:
            self.notes_ += (f"{used:,} of {n:,} rows were used",)
        numbers = [len(weights) for weights, _, _ in parts]
        self.notes_ += (f"{sum(numbers)} components, chosen by held-out rows",)
        shares = self._classes.shares[groups]
        return Components(
            np.concatenate([s * part[0] for s, part in zip(shares, parts, strict=True)]),
            np.concatenate([means for _, means, _ in parts]),
            np.concatenate([factors for _, _, factors in parts]),
            np.repeat(groups, numbers),
        )

    @property
    def numbers_(self) -> dict[object, int]:
        """How many components each class has."""
        groups = self._sum.groups
        names = [None if g < 0 else self.classes_[g].item() for g in self._classes.groups]
        return {
            name: int((groups == group).sum())
            for name, group in zip(names, self._classes.groups, strict=True)
        }


def _mixed(
    rows: np.ndarray, most: int, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit as many components to rows (n, v) as held-out ones ask for: weights, means, factors."""
    seed = rng.randint(2**31 - 1)
    order = rng.permutation(len(rows))
    held, kept = rows[order[::HELD]], rows[np.delete(order, np.s_[::HELD])]
    best, number = -np.inf, 1
    for m in LADDER:
        if m > 1 and (m > most or len(kept) < ROWS_PER_COMPONENT * rows.shape[1] * m):
            break
        reached = _fitted(kept, m, seed).score(held)
        if reached <= best:
            break
        best, number = reached, m
    if number == 1:
        mean = rows.mean(axis=0)
        return np.ones(1), mean[None], factor(shrunk(rows - mean))[None]
    found = _fitted(rows, number, seed)
    return found.weights_, found.means_, np.stack([factor(c) for c in found.covariances_])


def _fitted(rows: np.ndarray, m: int, seed: int) -> GaussianMixture:
    with warnings.catch_warnings():  # that more iterations would change little
        warnings.simplefilter("ignore", ConvergenceWarning)
        made = GaussianMixture(m, reg_covar=RIDGE, max_iter=ITERATIONS, random_state=seed)
        return made.fit(rows)
