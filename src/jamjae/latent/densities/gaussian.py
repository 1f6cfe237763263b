"""One normal distribution per class."""

from __future__ import annotations

import warnings

import numpy as np

from jamjae.latent.densities.components import Components, NormalDensity, factor, shared, shrunk
from jamjae.latent.densities.density import Density

ROWS_PER_COMPONENT = 2  # that a class needs, for each component of a code, for its own covariance


class Gaussian(NormalDensity):
    """A normal distribution ``N(mean, covariance)`` per class; parameters as of `Density`.

    Covariances are shrunk by Ledoit and Wolf's rule, which matters where rows are few.

    References
    ----------
    O. Ledoit and M. Wolf, A well-conditioned estimator for large-dimensional covariance matrices,
    Journal of Multivariate Analysis 88 (2004).

    Examples
    --------
    >>> import numpy as np
    >>> Z = np.random.RandomState(0).normal(size=(500, 2)) @ [[2.0, 0.0], [1.0, 1.0]]
    >>> density = Gaussian().fit(Z)
    >>> density.sample(3, random_state=0).codes.shape, density.score_samples(Z).shape
    ((3, 2), (500,))
    """

    kind = "gaussian"

    def _components(
        self, codes: np.ndarray, of_row: np.ndarray, rng: np.random.RandomState
    ) -> Components:
        few = few_groups(self, of_row, ROWS_PER_COMPONENT * codes.shape[1])
        return one_each(codes, of_row, few, self.shares_)


def one_each(
    codes: np.ndarray, of_row: np.ndarray, few: list[int], shares: np.ndarray
) -> Components:
    """Give a normal distribution per group of codes; those of few rows share a covariance."""
    common = factor(shared(codes, of_row))
    groups = np.unique(of_row)
    means = np.stack([codes[of_row == group].mean(axis=0) for group in groups])
    factors = [
        factor(shrunk(codes[of_row == group] - mean)) if group not in few else common
        for group, mean in zip(groups, means, strict=True)
    ]
    return Components(shares[groups], means, np.stack(factors), groups)


def few_groups(density: Density, of_row: np.ndarray, least: int) -> list[int]:
    """Find the classes of fewer rows than are needed for a distribution of their own.

    Without classes there is none.

    Warns
    -----
    UserWarning
        There are some, whose distributions then differ in their means only.
    """
    groups = density._classes.groups  # noqa: SLF001 - a part of this kind of density
    counts = {group: int((of_row == group).sum()) for group in groups}
    few = [group for group, count in counts.items() if count < least and len(groups) > 1]
    if few:
        names = ["without a label" if g < 0 else repr(density.classes_[g].item()) for g in few]
        listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        note = (
            f"{len(few)} of {len(groups)} classes have fewer than {least} rows and share one "
            f"covariance ({listed})"
        )
        density.notes_ += (note,)
        warnings.warn(f"{type(density).__name__}: {note}.", UserWarning, stacklevel=6)
    return few
