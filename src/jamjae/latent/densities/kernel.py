"""A normal distribution around each code: for tables of few rows."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.neighbors import NearestNeighbors

from jamjae.data.rows import drawn
from jamjae.latent.densities.classes import UNLABELED
from jamjae.latent.densities.components import Components, NormalDensity, factor, shared
from jamjae.latent.densities.gaussian import ROWS_PER_COMPONENT, few_groups, one_each

ROWS, NUMBERS = 2_000, 1 << 21  # kernels, and numbers in their covariances, at most
BANDWIDTHS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.2)  # that are tried
NEAR = 5  # the neighbor whose distance says how sparse codes are
CLOSE, COPIES = 0.01, 0.02  # share of codes that have another so near, and of samples at most
DRAWN = 4_000  # samples, at least, to find out


def most_rows(v: int) -> int:
    """Give the most codes of v components that a kernel density is made of."""
    return min(ROWS, max(NUMBERS // (v * v), 1))


class Kernel(NormalDensity):
    r"""A normal distribution around each code, per class; parameters as of `Density`.

    .. math:: z = \mu + g\,(z_i - \mu + h \lambda_i L \varepsilon), \quad
              g = (1 + h^2 \overline{\lambda^2})^{-1/2}, \quad \varepsilon \sim N(0, I)

    with a code z_i at random and the mean :math:`\mu` and covariance :math:`L L^\top` of its class,
    which samples then have, too (Silverman's smoothed bootstrap). Kernels are wide where codes are
    sparse: :math:`\lambda_i^2` is proportional to the distance of the fifth nearest code of its
    class.

    The bandwidth h is the least with which samples are no copies: at most 2 % of them are nearer to
    a code than the closest 1 % of codes are to another. Where all up to 1.2 are too narrow, codes
    are too few for their dimension, and the density is a `Gaussian` of its own. At most 2,000 codes
    are used, and all of them equally often, up to one.

    Attributes
    ----------
    bandwidth_ : float
        That was chosen, infinity for a normal distribution per class; not known of a density that
        was loaded.

    References
    ----------
    B. W. Silverman, Density Estimation for Statistics and Data Analysis (1986), sections 5.2 and
    6.4.

    Examples
    --------
    >>> import numpy as np
    >>> Z = np.random.RandomState(0).standard_t(4, size=(300, 2))
    >>> density = Kernel(random_state=0).fit(Z)
    >>> density.sample(3, random_state=0).codes.shape
    (3, 2)
    """

    kind = "kernel"
    bandwidth_: float

    def _components(
        self, codes: np.ndarray, of_row: np.ndarray, rng: np.random.RandomState
    ) -> Components:
        n, v = codes.shape
        few = few_groups(self, of_row, ROWS_PER_COMPONENT * v)
        some = _some(of_row, most_rows(v), rng)
        factors, whole = _factors(codes, of_row), one_each(codes, of_row, few, self.shares_)
        codes, of_row = codes[some], of_row[some]
        means = {group: codes[of_row == group].mean(axis=0) for group in factors}
        widths = _widths(codes, of_row, factors)
        units = self._scale[self._scale > 0]
        for h in BANDWIDTHS:
            self.bandwidth_ = h
            found = _kernels(codes, of_row, h, widths, means, factors, self.shares_)
            if not _copies(found, codes, units, rng):
                of = f" around {len(some):,} of {n:,} codes" if len(some) < n else ""
                self.notes_ += (f"kernels{of} of bandwidth {h:g}, by the distances of codes",)
                return found
        self.bandwidth_ = np.inf
        self.notes_ += ("a normal distribution per class: codes are too far apart for kernels",)
        return whole

    def _draw(
        self, of_sample: np.ndarray, temperature: float, rng: np.random.RandomState
    ) -> np.ndarray:
        components = self._in_turn(of_sample, rng)
        made = self._sum.carried(rng.standard_normal((len(of_sample), self._n_varying)), components)
        # towards the mean of the class, not towards the single codes, which would be copies
        means = self._means(of_sample)
        return means + temperature * (made - means)

    def _vary(
        self, code: np.ndarray, of_sample: np.ndarray, spread: float, rng: np.random.RandomState
    ) -> np.ndarray:
        if of_sample[0] == UNLABELED:
            joint = self._sum.joint(code[None])[0]
            likely = np.exp(joint - joint.max())
            of_sample = self._sum.groups[
                rng.choice(len(likely), len(of_sample), p=likely / likely.sum())
            ]
        means = self._means(of_sample)
        others = self._draw(of_sample, 1.0, rng) - means
        return means + np.sqrt(1.0 - spread**2) * (code - means) + spread * others

    def _in_turn(self, of_sample: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
        """Choose a kernel of the class of each sample, all of them equally often up to one."""
        found = np.empty(len(of_sample), dtype=np.intp)
        for group in np.unique(of_sample):
            among, where = np.flatnonzero(self._sum.groups == group), of_sample == group
            turns = np.arange(where.sum()) % len(among)
            found[where] = rng.permutation(among)[rng.permutation(turns)]
        return found

    def _means(self, of_sample: np.ndarray) -> np.ndarray:
        """Give the mean of the class of each sample."""
        found = np.empty((len(of_sample), self._n_varying))
        for group in np.unique(of_sample):
            found[of_sample == group] = self._sum.means[self._sum.groups == group].mean(axis=0)
        return found


def _some(of_row: np.ndarray, most: int, rng: np.random.RandomState) -> np.ndarray:
    """Choose at most so many rows, of each group in its share and at least one."""
    n = len(of_row)
    parts = []
    for group in np.unique(of_row):
        rows = np.flatnonzero(of_row == group)
        most_of_group = len(rows) if n <= most else max(most * len(rows) // n, 1)
        parts.append(rows[drawn(len(rows), most_of_group, rng.randint(2**31 - 1))])
    return np.sort(np.concatenate(parts))


def _factors(codes: np.ndarray, of_row: np.ndarray) -> dict[int, np.ndarray]:
    """Give the factor of the covariance of each group; of few rows, one within all groups."""
    found: dict[int, np.ndarray] = {}
    common: np.ndarray | None = None
    for group in np.unique(of_row):
        rows = codes[of_row == group]
        if (
            len(rows) >= ROWS_PER_COMPONENT * codes.shape[1]
        ):  # not shrunk: that widens the directions in which columns agree
            found[group] = factor(np.atleast_2d(np.cov(rows.T)))
        else:
            common = factor(shared(codes, of_row)) if common is None else common
            found[group] = common
    return found


def _widths(codes: np.ndarray, of_row: np.ndarray, factors: dict[int, np.ndarray]) -> np.ndarray:
    """Give the relative width of each code's kernel, of mean square 1 within a group."""
    found = np.ones(len(codes))
    for group, lower in factors.items():
        where = np.flatnonzero(of_row == group)
        if len(where) <= 2 * NEAR:
            continue
        white = solve_triangular(lower, codes[where].T, lower=True).T
        near = NearestNeighbors(n_neighbors=NEAR + 1, n_jobs=1).fit(white)
        far = near.kneighbors(white)[0][:, NEAR]
        least = np.median(far) / 10  # equal codes have kernels, too
        widths = np.sqrt(np.maximum(far, least)) if least > 0 else np.ones(len(far))
        found[where] = widths / np.sqrt(np.square(widths).mean())
    return found


def _kernels(
    codes: np.ndarray,
    of_row: np.ndarray,
    h: float,
    widths: np.ndarray,
    means: dict[int, np.ndarray],
    factors: dict[int, np.ndarray],
    shares: np.ndarray,
) -> Components:
    shrinking = 1.0 / np.sqrt(1.0 + h * h)
    centers = np.stack([means[group] for group in of_row])
    counts = {group: (of_row == group).sum() for group in factors}
    lower = np.stack([factors[group] for group in of_row])
    return Components(
        np.array([shares[group] / counts[group] for group in of_row]),
        centers + shrinking * (codes - centers),
        (shrinking * h * widths)[:, None, None] * lower,
        of_row.copy(),
    )


def _copies(
    made: Components, codes: np.ndarray, units: np.ndarray, rng: np.random.RandomState
) -> bool:
    """Whether samples lie nearer to codes than codes do to each other, in units of the codes."""
    if len(codes) < 3:
        return False
    index = NearestNeighbors(n_neighbors=2, n_jobs=1).fit(codes * units)
    closest = np.quantile(index.kneighbors(codes * units)[0][:, 1], CLOSE)
    each = np.tile(np.arange(len(codes)), -(-DRAWN // len(codes)))
    drawn_codes = made.carried(rng.standard_normal((len(each), codes.shape[1])), each)
    near = index.kneighbors(drawn_codes * units, n_neighbors=1)[0][:, 0]
    return bool((near < closest).mean() > COPIES)
