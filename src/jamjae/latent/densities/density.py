"""The contract of all densities of codes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state

from jamjae.data.archives import UnsoundError
from jamjae.data.finite import finite_array
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.latent.densities.classes import UNLABELED, Classes

# a component whose deviation is less, as a share of its mean and of the largest deviation, is
# constant: the rest is rounding in float32 and in float64
CONSTANT = (1e-6, 1e-10)
ARRAYS = ("center", "scale")  # that every density has


class Drawn(NamedTuple):
    """Samples of a density.

    Attributes
    ----------
    codes : float64 array of shape (n, k)
    classes : array of shape (n,) or None
        The class that each was drawn of, None where training rows had no label; None as a whole
        for a density without classes.
    """

    codes: np.ndarray
    classes: np.ndarray | None


class Density(ABC):
    """The distribution of codes: fit it, draw new codes, evaluate the log density.

    How to implement a kind: name it by `kind` and define four methods, which see only codes that
    are standardized (mean 0, variance 1 in every component that varies), and classes as numbers
    (0, 1, ...; -1 for rows without a label):

    * ``_fit(codes, of_row, rng)`` learns; what it has to say goes into ``self.notes_``;
    * ``_draw(of_sample, temperature, rng)`` gives one code per asked class;
    * ``_log_density(codes)`` gives nats, of all classes together (leave it out if there is none);
    * ``_vary(code, of_sample, spread, rng)`` moves one code at random, such that a spread of 1
      gives independent samples and 0 the code itself.

    And two that make a model file possible without pickle: ``_parts()`` gives ``(settings,
    arrays)``, a dict that JSON knows and a dict of arrays; ``_restore(settings, arrays)`` takes
    them and raises UnsoundError for what `_parts` never gives. Add the class to `choosing.KINDS`.

    Parameters
    ----------
    random_state : int, RandomState or None, default=None
        With an int, two fits to the same codes agree.

    Attributes
    ----------
    n_components_ : int
        Components of a code.
    n_rows_ : int
        Codes that it was fitted to.
    classes_ : array of shape (c,)
        Classes of the training rows; empty without labels.
    shares_ : float64 array of shape (c + 1,)
        The share of each class; the last is that of rows without a label.
    notes_ : tuple of str
        What was chosen or left out, in words.
    """

    kind: ClassVar[str]

    def __init__(self, *, random_state: Any = None) -> None:
        self.random_state = random_state
        self.notes_: tuple[str, ...] = ()

    # --- what users call --------------------------------------------------------------------

    def fit(self, Z: Any, y: Any = None) -> Self:
        """Learn the distribution of codes.

        Parameters
        ----------
        Z : array-like of shape (n, k)
            At least two codes that differ.
        y : array-like of shape (n,), optional
            Their classes: whole numbers, text or booleans; None and NaN are missing labels, and
            these rows are learned as a group of their own.

        Returns
        -------
        self

        Raises
        ------
        InvalidDataError
            Z holds NaN or infinity, fewer than two codes, or equal codes only; y holds values
            instead of classes.
        ShapeMismatchError
            There is not one label per code.
        """
        operation = f"{type(self).__name__}.fit"
        codes = _codes(Z, operation)
        if len(codes) < 2 or (codes == codes[0]).all():
            what = "equal codes" if len(codes) > 1 else "code"
            raise InvalidDataError(
                f"{operation} received {len(codes)} {what}; expected at least two that differ."
            )
        self._classes, of_row = Classes.read(y, len(codes), operation)
        self.n_rows_ = len(codes)
        self.notes_ = ()
        self._center, self._scale = _standardizing(codes)
        constant = np.flatnonzero(self._scale == 0)
        if len(constant):
            self.notes_ += (f"{len(constant)} of {codes.shape[1]} components are constant",)
        self._fit(self._standardized(codes), of_row, check_random_state(self.random_state))
        return self

    def sample(
        self, n: int, y: Any = None, random_state: Any = None, temperature: float = 1.0
    ) -> Drawn:
        """Draw new codes.

        Parameters
        ----------
        n : int >= 1
        y : label, array-like of shape (n,) or mapping of label to share, optional
            The class of all samples, of each sample, or the shares of classes. None: as among the
            training rows. Shares are kept as exactly as n samples can.
        random_state : int, RandomState or None
            With an int, the same samples in every process on one machine.
        temperature : float >= 0, default=1.0
            Factor on the deviation of the random numbers: below 1 samples are more typical and
            less varied.

        Returns
        -------
        Drawn
            ``codes`` (n, k) and their ``classes`` (n,).

        Raises
        ------
        InvalidDataError
            n is below 1, the temperature negative or not finite, or a class was not there.
        ShapeMismatchError
            There are more or fewer labels than samples.
        """
        operation = f"{type(self).__name__}.sample"
        self._require_fitted(operation)
        require_count(n, operation)
        if not isinstance(temperature, Real) or not 0 <= float(temperature) < np.inf:
            raise InvalidDataError(
                f"{operation} received temperature={temperature!r}; expected a number of at least "
                "0, and 1 for the density as it is."
            )
        rng = check_random_state(random_state)
        of_sample = self._classes.requested(y, int(n), rng, operation)
        codes = self._draw(of_sample, float(temperature), rng)
        return Drawn(self._in_units(codes), self._classes.labels(of_sample))

    def score_samples(self, Z: Any) -> np.ndarray:
        """Log density of codes, in nats.

        Components that are constant among the training codes do not count. With classes, it is
        the density of all classes together, in their shares.

        Parameters
        ----------
        Z : array-like of shape (n, k)

        Returns
        -------
        float64 array of shape (n,)

        Raises
        ------
        InvalidDataError
            The kind has no log density, or Z holds NaN or infinity.
        ShapeMismatchError
            Codes have another number of components than those of ``fit``.
        """
        operation = f"{type(self).__name__}.score_samples"
        codes = self._checked(Z, operation)
        scales = self._scale[self._scale > 0]
        return self._log_density(self._standardized(codes)) - np.log(scales).sum()

    def vary(
        self, z: Any, n: int, *, spread: float = 0.3, y: Any = None, random_state: Any = None
    ) -> np.ndarray:
        """Draw codes near one, in the density's own terms.

        The random numbers u that the density makes a code of become ``√(1 - s²)·u + s·ε`` with
        ``ε ~ N(0, 1)`` and the spread s, so that variations follow the density as samples do.

        Parameters
        ----------
        z : array-like of shape (k,)
        n : int >= 1
        spread : float from 0 to 1, default=0.3
            0 gives the code itself, 1 independent samples of its surroundings' component or class.
        y : label, optional
            The class of the code, for densities with classes. None: by the density.
        random_state : int, RandomState or None

        Returns
        -------
        float64 array of shape (n, k)

        Raises
        ------
        InvalidDataError
            n is below 1, the spread not from 0 to 1, or a class was not there.
        ShapeMismatchError
            The code has another number of components than those of ``fit``.
        """
        operation = f"{type(self).__name__}.vary"
        code = self._checked(np.asarray(z)[None], operation)
        require_count(n, operation)
        if not isinstance(spread, Real) or not 0 <= float(spread) <= 1:
            raise InvalidDataError(
                f"{operation} received spread={spread!r}; expected a number from 0 (the row "
                "itself) to 1 (any row)."
            )
        number = UNLABELED if y is None else self._classes.number(y, operation)
        rng = check_random_state(random_state)
        moved = self._vary(self._standardized(code)[0], np.full(n, number), float(spread), rng)
        return self._in_units(moved)

    def config(self) -> dict[str, Any]:
        """Describe the density for JSON; `arrays` has the rest."""
        self._require_fitted(f"{type(self).__name__}.config")
        return {
            "kind": self.kind,
            "rows": self.n_rows_,
            "classes": self._classes.to_dict(),
            "notes": list(self.notes_),
            "settings": self._parts()[0],
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Give all arrays of the density by name."""
        self._require_fitted(f"{type(self).__name__}.arrays")
        return {"center": self._center, "scale": self._scale, **self._parts()[1]}

    @classmethod
    def from_parts(cls, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """Make a fitted density of what `config` and `arrays` gave.

        Raises
        ------
        UnsoundError
            They do not describe such a density.
        """
        made = cls()
        rows, notes = config.get("rows"), config.get("notes")
        if not isinstance(rows, int) or isinstance(rows, bool) or not 2 <= rows < 2**63:
            raise UnsoundError("it does not state the number of its rows")
        if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
            raise UnsoundError("its notes are no list of texts")
        if not isinstance(config.get("settings"), dict):
            raise UnsoundError("it has no settings")
        _require_arrays(arrays)
        made._classes = Classes.from_dict(config.get("classes"))
        made._center, made._scale = arrays["center"], arrays["scale"]
        made.n_rows_, made.notes_ = rows, tuple(notes)
        own = {name: array for name, array in arrays.items() if name not in ARRAYS}
        made._restore(config["settings"], own)
        return made

    @property
    def n_components_(self) -> int:
        """Components of a code."""
        return len(self._scale)

    @property
    def classes_(self) -> np.ndarray:
        """Classes of the training rows."""
        return self._classes.names

    @property
    def shares_(self) -> np.ndarray:
        """The share of each class; the last is that of rows without a label."""
        return self._classes.shares

    # --- what a kind defines ----------------------------------------------------------------

    @abstractmethod
    def _fit(self, codes: np.ndarray, of_row: np.ndarray, rng: np.random.RandomState) -> None:
        """Learn from codes (n, v) and the numbers of their classes (n,)."""

    @abstractmethod
    def _draw(
        self, of_sample: np.ndarray, temperature: float, rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw codes (n, v) of the classes (n,)."""

    def _log_density(self, codes: np.ndarray) -> np.ndarray:
        raise InvalidDataError(
            f"{type(self).__name__}.score_samples: a density of kind {self.kind!r} has no log "
            "density; it can only draw samples. Fit another kind, such as 'mixture'."
        )

    @abstractmethod
    def _vary(
        self, code: np.ndarray, of_sample: np.ndarray, spread: float, rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw codes (n, v) near a code (v,)."""

    @abstractmethod
    def _parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Give all that was learned, as settings for JSON and arrays."""

    @abstractmethod
    def _restore(self, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Take what `_parts` gave; raise UnsoundError for anything else."""

    # --- what all kinds share ---------------------------------------------------------------

    @property
    def _n_varying(self) -> int:
        return int((self._scale > 0).sum())

    def _require_fitted(self, operation: str) -> None:
        if not hasattr(self, "_scale"):
            raise NotFittedError(f"{operation}: the density is not fitted. Call fit first.")

    def _checked(self, Z: Any, operation: str) -> np.ndarray:
        self._require_fitted(operation)
        codes = _codes(Z, operation)
        if codes.shape[1] != self.n_components_:
            raise ShapeMismatchError(
                f"{operation} received codes of {codes.shape[1]} components; this density is one "
                f"of codes of {self.n_components_}."
            )
        return codes

    def _standardized(self, codes: np.ndarray) -> np.ndarray:
        varying = self._scale > 0
        return (codes[:, varying] - self._center[varying]) / self._scale[varying]

    def _in_units(self, codes: np.ndarray) -> np.ndarray:
        whole = np.tile(self._center, (len(codes), 1))
        varying = self._scale > 0
        whole[:, varying] += codes * self._scale[varying]
        return whole


def require_count(n: Any, operation: str) -> None:
    """Refuse a number of samples below 1.

    Raises
    ------
    InvalidDataError
    """
    if not isinstance(n, Integral) or isinstance(n, bool) or n < 1:
        raise InvalidDataError(
            f"{operation} received n={n!r}; expected the number of samples, at least 1."
        )


def _codes(Z: Any, operation: str) -> np.ndarray:
    codes = finite_array(Z, f"{operation} cannot use Z")
    if codes.ndim != 2:
        raise ShapeMismatchError(
            f"{operation} received codes of shape {codes.shape}; expected (n, k), one row a code."
        )
    return codes.astype(np.float64)


def _standardizing(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the mean and the deviation of each component; zero for one that is constant."""
    center, deviation = codes.mean(axis=0), codes.std(axis=0)
    least = np.maximum(CONSTANT[0] * np.abs(center), CONSTANT[1] * deviation.max())
    return center, np.where(deviation > least, deviation, 0.0)


def _require_arrays(arrays: Mapping[str, np.ndarray]) -> None:
    for name in ARRAYS:
        if name not in arrays or arrays[name].ndim != 1:
            raise UnsoundError(f"its array {name!r} is missing or no row of numbers")
    if arrays["center"].shape != arrays["scale"].shape:
        raise UnsoundError("its arrays 'center' and 'scale' have different lengths")
    for name, array in arrays.items():
        if array.dtype not in (np.float32, np.float64) or not np.isfinite(array).all():
            raise UnsoundError(f"its array {name!r} holds other than finite numbers")
    if (arrays["scale"] < 0).any() or not (arrays["scale"] > 0).any():
        raise UnsoundError("its array 'scale' is not that of deviations")
