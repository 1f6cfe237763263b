"""Base class of autoencoders: encode, decode, evaluate, save."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import keras
import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from jamjae.data.preprocessing import Scaling, value_type
from jamjae.data.rows import Array, Given, observed_variance, row_chunks
from jamjae.data.table_encoder import TableEncoder
from jamjae.engine import architectures, custom_networks, keras_bridge, own_layers
from jamjae.engine.blocks import among
from jamjae.engine.filling import Filling
from jamjae.engine.pca import Principal
from jamjae.engine.processes import ALONE, Processes
from jamjae.errors import InvalidDataError
from jamjae.models import missing, tables
from jamjae.models.differentiating import DifferentiableModel
from jamjae.models.generating import GenerativeModel
from jamjae.models.validation import check_codes, check_rows, warn_of_other_range


class LatentModel(
    GenerativeModel,
    DifferentiableModel,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Encode, decode, reconstruct and evaluate with two fitted networks.

    A subclass's ``fit`` sets ``encoder_``, ``decoder_``, ``scaling_``, ``row_shape_``,
    ``dtype_``, ``n_components_``, ``baseline_`` and ``is_pca_``.
    """

    encoder_: keras.Model
    decoder_: keras.Model
    scaling_: Scaling
    row_shape_: tuple[int, ...]
    dtype_: str
    n_components_: int
    baseline_: Principal
    is_pca_: bool
    table_encoder_: TableEncoder | None
    filling_: Filling | None
    network_share_: float

    def transform(self, X: Any) -> np.ndarray:
        """Encode rows.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c)
            In the units of the data of ``fit``.

        Returns
        -------
        array of shape (n, n_components_)
            Codes; float64 for float64 rows, else float32.
        """
        rows = self._checked(X, "transform")
        codes = self._encode(rows)
        return codes.astype(value_type(rows.dtype), copy=False)

    def transform_pieces(self, X: Any) -> Iterator[np.ndarray]:
        """Encode rows as `transform` does, and give the codes piece by piece."""
        rows = self._checked(X, "transform")
        for chunk in row_chunks(rows):
            with among(len(rows)):
                codes = self._encode(rows[chunk], chunk.start)
            yield codes.astype(value_type(rows.dtype), copy=False)

    def reconstruct_pieces(self, X: Any) -> Iterator[Any]:
        """Reconstruct rows as `reconstruct` does, piece by piece."""
        rows = self._checked(X, "reconstruct")
        for chunk in row_chunks(rows):
            with among(len(rows)):
                made = self._reconstruct(rows[chunk], clip=True, start=chunk.start)
            yield tables.decoded(self, made)

    def inverse_transform(self, Z: Any) -> np.ndarray:
        """Decode codes.

        Parameters
        ----------
        Z : array-like of shape (n, n_components_)

        Returns
        -------
        array of shape (n, *row_shape_), or data frame
            In the units of the data of ``fit``, float64 where those were, else float32. For 8- and
            16-bit pixels clipped to the range of their type, so that a cast never wraps around. A
            data frame, with the columns and types of that of ``fit``, if it had other columns than
            numbers.
        """
        check_is_fitted(self)
        made = self.scaling_.clip(self._decode(check_codes(self, Z)))
        return tables.decoded(self, made)

    def reconstruct(self, X: Any) -> np.ndarray:
        """Encode rows and decode their codes.

        Like ``inverse_transform(transform(X))``, but without rounding the codes in between.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c)
            In the units of the data of ``fit``.

        Returns
        -------
        array of shape (n, *row_shape_)
            As `inverse_transform` returns them.
        """
        made = self._reconstruct(self._checked(X, "reconstruct"), clip=True)
        return tables.decoded(self, made, X)

    def impute(self, X: Any) -> Any:
        """Fill in what is missing, and leave all else as it is; for models that mask it.

        A missing value is predicted by the reconstruction and by a factor analysis of the training
        rows, in the shares that predicted best what training did not see.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c), or data frame
            In the units of the data of ``fit``; NaN, pandas's NA and masked entries are missing
            values. The columns of a data frame are found by their names, in any order.

        Returns
        -------
        array of shape (n, *row_shape_), or data frame if X is one
            With the columns of X in their order and types.

        Raises
        ------
        InvalidDataError
            Values are missing, and the model was not fitted with ``missing="mask"``.
        """
        ordered = tables.in_order(self, X)
        if ordered is not X:
            return self.impute(ordered)[list(X.columns)]
        rows = self._checked(X, "impute")
        made = missing.imputed(
            self.filling_,
            self.network_share_,
            np.asarray(rows),
            lambda some: self._reconstruct(some, clip=True),
        )
        return tables.completed(self, made, X)

    def denoise(self, X: Any) -> np.ndarray:
        """Remove noise from rows: the same as `reconstruct`, for models fitted with corruption."""
        return self.reconstruct(X)

    def score(self, X: Any, y: None = None) -> float:
        """Explained variance of `reconstruct`, R²: 1 is perfect, 0 no better than the mean.

        Errors of all features count alike; those of a table that is encoded or standardized are
        in standard deviations of its columns. Those of 8- and 16-bit pixels are computed after
        clipping to the range of their type, as `jamjae.evaluation.evaluate` does for every method.

        Returns
        -------
        float
            ``1 - Σ(x - x̂)² / Σ(x - mean)²``, at most 1.
        """
        rows = self._checked(X, "score")
        error, variance = self._error(rows, clip=True), observed_variance(rows)
        rounding = 1e-4 if rows.dtype == np.uint8 else 0.0  # squared: 0.01 of a gray level
        return float(1.0 - error / variance) if variance > 0 else float(error <= rounding)

    def score_samples(self, X: Any) -> np.ndarray:
        """Minus the mean squared error of each row of `reconstruct`; low means anomalous.

        In squared units of the data; clipped as in `score`. Missing values do not count.

        Returns
        -------
        float64 array of shape (n,)
        """
        rows = self._checked(X, "score samples")
        pieces = self._errors_by_pieces(rows, clip=True)
        return -np.concatenate([errors / np.maximum(counts, 1) for errors, counts in pieces])

    def save(self, path: str | Path) -> Path:
        """Save the fitted model to one ``.jamjae`` file.

        The file contains no code and is written whole or not at all; see
        `jamjae.models.persistence.save_model`.
        """
        from jamjae.models.persistence import save_model

        check_is_fitted(self)
        return save_model(self, path)

    def summary(self) -> None:
        """Print each network's layers, output shapes and numbers of parameters."""
        check_is_fitted(self)
        print(architectures.describe(self._pair()))

    def __sklearn_clone__(self) -> Self:
        """Clone as scikit-learn does, but copy Keras models faster, for grid searches."""
        parameters = self.get_params(deep=False)
        layers = {name: one for name, one in parameters.items() if isinstance(one, keras.Layer)}
        bare = copy.copy(self)
        bare.__dict__.update(dict.fromkeys(layers))
        cloned = super(LatentModel, bare).__sklearn_clone__()
        return cloned.set_params(**{name: _copied(one) for name, one in layers.items()})

    def __copy__(self) -> Self:
        """Copy the estimator and share its attributes, without the conversions of a pickle."""
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    def __getstate__(self) -> dict[str, Any]:
        """Give the state for a pickle: layers that any process can read, no optimizer state."""
        state = super().__getstate__()
        return own_layers.carried({name: state[name] for name in state if name != "_training"})

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = missing.allowed(self)
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "reconstruction_error_")

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def _pair(self) -> architectures.Pair:
        return architectures.Pair(self.encoder_, self.decoder_)

    # --- in a model file --------------------------------------------------------------------

    outputs_per_component: ClassVar[int] = 1  # of the encoder that is stored

    def _stored(self) -> dict[str, keras.Model]:
        """Give the networks that a model file stores."""
        return {"encoder": self.encoder_, "decoder": self.decoder_}

    def _restore(self, networks: Mapping[str, keras.Model], *, given: bool) -> None:
        """Take the networks of a file; whether they were a user's own, and parameters."""
        self.encoder_, self.decoder_ = networks["encoder"], networks["decoder"]
        if given:
            self.set_params(encoder=self.encoder_, decoder=self.decoder_)

    def _own_members(self) -> dict[str, bytes]:
        """Give members of a model file that other models do not have."""
        return {}

    def _take_own_members(self, member: Callable[[str], bytes]) -> None:
        """Read the members that `_own_members` gave; raise UnsoundError for anything else."""

    def _described(self) -> dict[str, Any] | None:
        """Give what else a subclass learned, for JSON."""
        return None

    def _restore_described(self, described: Any) -> None:
        """Take what `_described` gave; raise UnsoundError for anything else."""

    # --- computation on checked rows --------------------------------------------------------

    def _checked(self, X: Any, operation: str) -> Given:
        check_is_fitted(self)
        rows = check_rows(self, X, operation, reset=False)
        missing.require_filling(self, rows, f"{type(self).__name__} cannot {operation}")
        warn_of_other_range(self, rows)
        return rows

    def _encode(self, rows: Array, start: int = 0) -> np.ndarray:
        return self.baseline_.transform(rows) if self.is_pca_ else self._by_network(rows, start)

    def _by_network(self, rows: Array, start: int = 0) -> np.ndarray:
        with among(len(rows)):
            codes = [self._encode_some(rows[chunk]) for chunk in row_chunks(rows)]
        encoded = np.concatenate(codes).reshape(len(rows), -1)
        self._require_finite(encoded, "transform", start)
        return encoded

    def _encode_some(self, rows: np.ndarray) -> np.ndarray:
        if self.filling_ is not None:
            rows = self.filling_.fill(rows)
        scaled = self.scaling_.apply(rows)
        return keras_bridge.predict(self.encoder_, scaled, self.scaling_.in_graph(scaled.dtype))

    def _decode(self, codes: np.ndarray) -> np.ndarray:
        if not self.is_pca_:
            return self._from_network(codes)
        shape = (len(codes), *self.row_shape_)
        return self.baseline_.inverse_transform(codes).reshape(shape).astype(self._precision)

    @property
    def _precision(self) -> type[np.floating]:
        return np.float64 if self.dtype_ == "float64" else np.float32

    def _from_network(self, codes: np.ndarray) -> np.ndarray:
        precision, shape = self._precision, (len(codes), *self.row_shape_)
        made = keras_bridge.predict(self.decoder_, codes.astype(np.float32, copy=False))
        return self.scaling_.undo(made.astype(precision, copy=False).reshape(shape))

    def _reconstruct(self, rows: Array, *, clip: bool, start: int = 0) -> np.ndarray:
        made = self._decode(self._encode(rows, start))
        return self.scaling_.clip(made) if clip else made

    def _error(
        self,
        rows: Array,
        *,
        clip: bool = False,
        weights: np.ndarray | None = None,
        processes: Processes = ALONE,
    ) -> float:
        """Mean squared error per observed element, without an array of one number per row."""
        total, count, start = 0.0, 0.0, 0
        for errors, counts in self._errors_by_pieces(rows, clip=clip):
            some = 1.0 if weights is None else weights[start : start + len(errors)]
            total += float(np.sum(some * errors))
            count += float(np.sum(some * counts))
            start += len(errors)
        total, count = map(float, processes.total([total, count]))
        return total / count if count else 0.0

    def _errors_by_pieces(
        self, rows: Array, *, clip: bool = False
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Compare rows with what `reconstruct` returns for them, in float64.

        Gives the sums of squared errors of rows, and how many of their values are observed.
        """
        for chunk in row_chunks(rows):
            some = rows[chunk]
            with among(len(rows)):
                made = self._reconstruct(some, clip=clip, start=chunk.start)
            rest = np.subtract(made, some, dtype=np.float64).reshape(len(some), -1)
            counts = np.full(len(some), rest.shape[1])
            if self.filling_ is not None:
                counts = counts - _blank(rest, some).sum(axis=1)
            errors = np.square(rest, out=rest).sum(axis=1)
            self._require_finite(errors, "evaluate", chunk.start)
            yield errors, counts

    def _require_finite(self, found: np.ndarray, operation: str, start: int = 0) -> None:
        finite = np.isfinite(found.reshape(len(found), -1)).all(axis=1)
        if not finite.all():
            raise InvalidDataError(
                f"{type(self).__name__} cannot {operation} row {start + int(finite.argmin())}, the "
                f"first of at least {int((~finite).sum())}: its values are too far from those of "
                f"fit, which were divided by {self.scaling_.scale:.3g}. Convert the rows to the "
                "units of fit, or drop such rows."
            )


def _copied(layer: keras.Layer) -> keras.Layer:
    whole = isinstance(layer, keras.Model)
    return custom_networks.copied(layer) if whole else own_layers.copied(layer)


def _blank(rest: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Set what is missing in rows to zero in flat numbers made of them; give where that is."""
    where = np.isnan(rows).reshape(rest.shape)
    rest[where] = 0.0
    return where
