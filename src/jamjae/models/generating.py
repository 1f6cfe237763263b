"""New rows: learn how codes are distributed, draw codes, decode them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from jamjae.data.labels import read_labels
from jamjae.data.preprocessing import PIXELS
from jamjae.data.rows import Array, Subset, drawn
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.latent import densities
from jamjae.latent.densities import Density
from jamjae.models import tables
from jamjae.models.samples import Residuals, Sampling, Span, encoder_hash
from jamjae.models.validation import check_codes

if TYPE_CHECKING:
    from jamjae.data.preprocessing import Scaling
    from jamjae.data.rows import Given

ROWS = 200_000  # at most, that a density is fitted to


class GenerativeModel:
    """Draw new rows from a density of codes.

    A subclass encodes rows and decodes codes; its ``fit`` calls `_forget_density`.

    Attributes
    ----------
    density_ : jamjae.latent.densities.Density
        The density of codes, once `fit_density` was called.
    sampling_ : Sampling
        Which values rows have, and whose codes these are.
    """

    has_prior: ClassVar[bool] = False
    density_: Density
    sampling_: Sampling
    scaling_: Scaling
    row_shape_: tuple[int, ...]
    dtype_: str
    n_components_: int
    random_state: Any

    def fit_density(
        self, X: Any, y: Any = None, kind: str | Density = "auto", random_state: Any = None
    ) -> Self:
        """Learn the distribution of the codes of rows, from which `sample` draws.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c), data frame or rows in files
            In the units of the data of ``fit``, usually the same rows. Of more than 200,000 rows
            as many are drawn at random.
        y : array-like of shape (n,), optional
            Classes of the rows: whole numbers, text or booleans, to sample by. Missing labels
            (None, NaN) are a group of their own.
        kind : {"auto", "gaussian", "mixture", "kernel", "flow"} or Density, default="auto"
            ``"flow"`` is best for many rows, and takes minutes; samples of images are guided
            towards their class, unless it is given as ``Flow(guidance=1)``. ``"kernel"`` suits
            tables of few rows, and stores their codes. ``"auto"`` goes by the
            number of rows and components; ``density_.kind`` says what was chosen, and
            ``density_.notes_`` what else there is to know. A density is copied and fitted.
        random_state : int, RandomState or None
            None: the estimator's own.

        Returns
        -------
        self

        Raises
        ------
        NotFittedError
            The model is not fitted.
        InvalidDataError
            X is not as `transform` expects it, all codes are equal, y holds values instead of
            classes, or the kind is unknown.
        ShapeMismatchError
            There is not one label per row.

        Warns
        -----
        UserWarning
            Classes of few rows share a covariance.

        Examples
        --------
        >>> from jamjae import Autoencoder, load_digits
        >>> digits = load_digits()
        >>> ae = Autoencoder(8, random_state=0).fit(digits.X)
        >>> ae.fit_density(digits.X, digits.y, kind="mixture").sample(5, y=3).shape
        (5, 8, 8)
        """
        operation = f"{type(self).__name__}.fit_density"
        if kind == "prior" and not self.has_prior:
            raise InvalidDataError(
                f"{operation} received kind='prior', but its codes have no prior. Choose another "
                "kind, or fit a VariationalAutoencoder."
            )
        rows = self._checked(X, "fit_density")
        labels = None if y is None else read_labels(y, len(rows), operation).of_all()
        rng = check_random_state(
            getattr(self, "random_state", None) if random_state is None else random_state
        )
        images, k = len(self.row_shape_) > 1, self.n_components_
        density = densities.choose(kind, len(rows), k, images=images, random_state=rng)
        some = drawn(len(rows), ROWS, rng.randint(2**31 - 1))
        used: Array = rows if len(some) == len(rows) else Subset(rows, some)
        of_used = None if labels is None else labels[some]
        density.fit(self._encode(used), of_used)
        if len(some) < len(rows):
            density.notes_ += (f"{len(some):,} of {len(rows):,} rows were encoded",)
        self.density_ = density
        span, left = Span.of(used, X, self.dtype_), None
        if not images and self.dtype_ not in PIXELS:
            reconstruct = partial(self._reconstruct, clip=False)
            left = Residuals.of(used, reconstruct, density, of_used, rng)
        self.sampling_ = Sampling(span, encoder_hash(self), left)
        if isinstance(getattr(y, "name", None), str):  # a column
            self.label_name_ = y.name
        return self

    def sample(
        self,
        n: int,
        y: Any = None,
        random_state: Any = None,
        temperature: float = 1.0,
        *,
        return_y: bool = False,
        residuals: bool = True,
    ) -> Any:
        """Draw new rows: codes from the density, decoded.

        Parameters
        ----------
        n : int >= 1
        y : label, array-like of shape (n,) or mapping of label to share, optional
            The class of all samples, of each sample, or the shares of classes. None: as among the
            rows of `fit_density`. Whole numbers may be given by the names in ``class_names_``.
        random_state : int, RandomState or None
            With an int, the same samples in every process on one machine.
        temperature : float >= 0, default=1.0
            Below 1 samples are more typical and less varied; see `Density.sample`.
        return_y : bool, default=False
            Whether to give the classes, too.
        residuals : bool, default=True
            Whether rows of a table, which codes describe but for a rest, get such a rest of a
            training row of their class, drawn at random. Without it they are as smooth as
            reconstructions are. Images have none.

        Returns
        -------
        array of shape (n, *row_shape_), or data frame
            In the units, the range and the type of the rows of `fit_density`: whole numbers where
            those were integers, and a data frame as `inverse_transform` gives it.
        classes : array of shape (n,) or None
            Only with ``return_y=True``.

        Raises
        ------
        NotFittedError
            `fit_density` was not called since the model was fitted.
        InvalidDataError
            n is below 1, the temperature negative, or a class was not there.
        ShapeMismatchError
            There are more or fewer labels than samples.
        """
        density = self._require_density("sample")
        rng = check_random_state(random_state)
        made = density.sample(n, self._by_name(y), rng, temperature)
        left: Any = 0.0
        if residuals and self.sampling_.residuals is not None:
            left = temperature * self.sampling_.residuals.like(density, made, rng)
        rows = self._rows_of(made.codes, left)
        return (rows, made.classes) if return_y else rows

    def log_density(self, Z: Any) -> np.ndarray:
        """Log density of codes, in nats: how likely they are among those of `fit_density`.

        Parameters
        ----------
        Z : array-like of shape (n, n_components_)
            As `transform` gives them.

        Returns
        -------
        float64 array of shape (n,)

        Raises
        ------
        NotFittedError
            `fit_density` was not called since the model was fitted.
        InvalidDataError, ShapeMismatchError
            Z holds NaN, or codes of another model's size.
        """
        density = self._require_density("evaluate the log density")
        return density.score_samples(check_codes(self, Z, "evaluate the log density of codes"))

    def variations_of(
        self,
        x: Any,
        n: int = 16,
        *,
        spread: float = 0.3,
        y: Any = None,
        random_state: Any = None,
    ) -> Any:
        """Draw rows near a given one, in the density's own terms.

        Parameters
        ----------
        x : array-like of the shape of a row, or one row of a table
        n : int >= 1, default=16
        spread : float from 0 to 1, default=0.3
            0 gives the reconstruction of x, 1 samples that have no more to do with it than its
            class or component.
        y : label, optional
            The class of x.
        random_state : int, RandomState or None

        Returns
        -------
        array of shape (n, *row_shape_), or data frame
            As `sample` gives them.

        Raises
        ------
        NotFittedError
            `fit_density` was not called since the model was fitted.
        InvalidDataError, ShapeMismatchError
            x is not one row of the data of ``fit``, or the spread is not from 0 to 1.
        """
        density = self._require_density("vary a row")
        single = not hasattr(x, "iloc") and np.ndim(x) == len(self.row_shape_)
        rows = self._checked(np.asarray(x)[None] if single else x, "vary a row")
        if len(rows) != 1:
            raise ShapeMismatchError(
                f"{type(self).__name__} cannot vary {len(rows)} rows at once; one row of shape "
                f"{self.row_shape_} is expected."
            )
        label = self._by_name(y)
        codes = density.vary(
            self._encode(rows)[0], n, spread=spread, y=label, random_state=random_state
        )
        return self._rows_of(codes)

    # --- what a subclass has ----------------------------------------------------------------

    def _checked(self, X: Any, operation: str) -> Given:
        raise NotImplementedError

    def _encode(self, rows: Array, start: int = 0) -> np.ndarray:
        raise NotImplementedError

    def _decode(self, codes: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _reconstruct(self, rows: Array, *, clip: bool, start: int = 0) -> np.ndarray:
        raise NotImplementedError

    # --- the density ------------------------------------------------------------------------

    def _forget_density(self) -> None:
        """Drop a density of codes that the encoder no longer gives."""
        for name in ("density_", "sampling_"):
            self.__dict__.pop(name, None)

    def _require_density(self, attempt: str) -> Density:
        check_is_fitted(self)
        if not hasattr(self, "density_"):
            raise NotFittedError(
                f"{type(self).__name__} cannot {attempt}: it has no density of its codes yet. Call "
                "fit_density(X) first."
            )
        if self.sampling_.encoder != encoder_hash(self):
            raise InvalidDataError(
                f"{type(self).__name__} cannot {attempt}: its density is one of the codes of "
                "another encoder, or of this one before it was trained further. Call "
                "fit_density(X) again."
            )
        return self.density_

    def _rows_of(self, codes: np.ndarray, left: Any = 0.0) -> Any:
        decoded = self._decode(codes)
        made = self.scaling_.clip((decoded + left).astype(decoded.dtype, copy=False))
        span = self.sampling_.span
        return span.rounded(tables.decoded(self, span.clipped(made)))

    def _by_name(self, y: Any) -> Any:
        """Give the numbers of classes that are asked for by the names that the data had."""
        names = [str(name) for name in getattr(self, "class_names_", ())]
        if not names or self.density_.classes_.dtype.kind not in "iu":
            return y

        def number(label: Any) -> Any:
            return names.index(label) if isinstance(label, str) and label in names else label

        if isinstance(y, Mapping):
            return {number(label): share for label, share in y.items()}
        if isinstance(y, list | tuple | np.ndarray):
            return [number(label) for label in np.asarray(y, dtype=object).tolist()]
        return number(y)
