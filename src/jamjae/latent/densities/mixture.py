"""A sum of normal distributions per class, as many as held-out rows ask for."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from jamjae.data.rows import drawn
from jamjae.latent.densities.components import Components, NormalDensity, factor, shared, shrunk
from jamjae.latent.densities.density import Density
from jamjae.latent.densities.gaussian import ROWS_PER_COMPONENT, few_groups

LADDER = (1, 2, 4, 8, 16, 32, 64)  # numbers of components that are tried
ROWS, LEAST_ROWS = 60_000, 1_000  # used, of all classes together and of one at least
HELD = 5  # one row of so many is held out to choose the number of components
NUMBERS = 1 << 22  # in all covariances, at most
RIDGE, ITERATIONS = 1e-3, 60  # of scikit-learn's fit, on whitened codes


class Mixture(NormalDensity):
    """A mixture of normal distributions per class; parameters as of `Density`.

    The number of components is the first of 1, 2, 4, ... 64 that the next does not improve on, by
    the mean log density of a fifth of the rows, held out. At most 60,000 rows are used, of large
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
        return mixture_of(self, codes, of_row, rng)

    @property
    def numbers_(self) -> dict[object, int]:
        """How many components each class has."""
        groups = self._sum.groups
        names = [None if g < 0 else self.classes_[g].item() for g in self._classes.groups]
        return {
            name: int((groups == group).sum())
            for name, group in zip(names, self._classes.groups, strict=True)
        }


# One thread: the products are too small for several, which wait for each other.
@threadpool_limits.wrap(limits=1)  # type: ignore[untyped-decorator]
def mixture_of(
    density: Density,
    codes: np.ndarray,
    of_row: np.ndarray,
    rng: np.random.RandomState,
    rows_each: int | None = None,
) -> Components:
    """Fit a mixture to the codes (n, v) of each group (n,), and note in the density how many.

    They are whitened first, so that components part where codes do in any direction. With
    `rows_each` there is one component, of at most 64, for so many rows, and none are held out.
    """
    n, v = codes.shape
    whole = factor(shrunk(codes - codes.mean(axis=0)))
    codes = solve_triangular(whole, codes.T, lower=True).T
    groups = density._classes.groups  # noqa: SLF001 - a part of this density
    few = few_groups(density, of_row, 2 * ROWS_PER_COMPONENT * v)
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
            allowed = NUMBERS // (len(groups) * v * v)
            number = rows_each and int(np.clip(len(rows) // rows_each, 1, min(allowed, LADDER[-1])))
            parts.append(_mixed(rows, allowed, rng, number))
    if used < n:
        density.notes_ += (f"{used:,} of {n:,} rows were used for its normal distributions",)
    numbers = [len(weights) for weights, _, _ in parts]
    how = "" if rows_each else ", chosen by held-out rows"
    density.notes_ += (f"{sum(numbers)} normal distributions{how}",)
    shares = density.shares_[groups]
    return Components(
        np.concatenate([s * part[0] for s, part in zip(shares, parts, strict=True)]),
        np.concatenate([means for _, means, _ in parts]) @ whole.T,
        whole @ np.concatenate([factors for _, _, factors in parts]),
        np.repeat(groups, numbers),
    )


def _mixed(
    rows: np.ndarray, most: int, rng: np.random.RandomState, number: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit as many components to rows (n, v) as held-out ones ask for: weights, means, factors."""
    seed = rng.randint(2**31 - 1)
    order = rng.permutation(len(rows))
    held, kept = rows[order[::HELD]], rows[np.delete(order, np.s_[::HELD])]
    best, chosen = -np.inf, number or 1
    for m in () if number else LADDER:
        if m > 1 and (m > most or len(kept) < ROWS_PER_COMPONENT * rows.shape[1] * m):
            break
        reached = _fitted(kept, m, seed).score(held)
        if reached <= best:
            break
        best, chosen = reached, m
    if chosen == 1:
        mean = rows.mean(axis=0)
        return np.ones(1), mean[None], factor(shrunk(rows - mean))[None]
    found = _fitted(rows, chosen, seed)
    return found.weights_, found.means_, np.stack([factor(c) for c in found.covariances_])


def _fitted(rows: np.ndarray, m: int, seed: int) -> GaussianMixture:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # more iterations would change little
        made = GaussianMixture(m, reg_covar=RIDGE, max_iter=ITERATIONS, random_state=seed)
        return made.fit(rows)
