"""The derivatives of a fitted encoder: which features move which components."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from jamjae.data import memory
from jamjae.data.column_codecs import UNIT, Categories, Codec, Measure
from jamjae.data.preprocessing import Scaling, value_type
from jamjae.data.rows import Array, row_chunks
from jamjae.engine import keras_bridge
from jamjae.engine.blocks import among
from jamjae.engine.memory import of_outputs
from jamjae.errors import InvalidDataError
from jamjae.models import tables
from jamjae.models.loadings import Loadings, framed

if TYPE_CHECKING:
    import keras

    from jamjae.data.rows import Given
    from jamjae.data.table_encoder import TableEncoder
    from jamjae.engine.filling import Filling
    from jamjae.engine.pca import Principal

MOST_BYTES, SHARE = 1 << 30, 0.5  # of the loadings of all rows; share of the available memory
PER_DAY = {"s": 86_400, "ms": 86_400e3, "us": 86_400e6, "ns": 86_400e9}  # units of times
AT_ONCE, ROWS = 1 << 26, 256  # bytes of outputs that are differentiated at once; rows, at most


class DifferentiableModel:
    """Give the loadings of a fitted model.

    A subclass encodes rows by ``encoder_``, or by ``baseline_`` where it ``is_pca_``.
    """

    encoder_: keras.Model
    baseline_: Principal
    is_pca_: bool
    scaling_: Scaling
    filling_: Filling | None
    table_encoder_: TableEncoder | None
    row_shape_: tuple[int, ...]
    n_components_: int
    get_feature_names_out: Callable[[], np.ndarray]

    def loadings(self, X: Any, *, values: bool | None = None) -> Loadings:
        """Give how each feature moves each component of the code: the Jacobian of the encoder.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c), data frame or rows in files
            In the units of the data of ``fit``. Missing values are taken as predicted.
        values : bool, optional
            Whether to keep the loadings of each row, beside their mean. None keeps them if they
            take up to 1 GiB and half of the available memory, and warns if they take more.

        Returns
        -------
        Loadings
            With PCA's in the same units, tables and figures.

        Raises
        ------
        InvalidDataError, ShapeMismatchError
            X is not as `transform` expects it, or its loadings do not fit into memory or are not
            finite.
        InvalidNetworkError
            The encoder cannot be differentiated.

        Warns
        -----
        UserWarning
            Only means are kept.

        Examples
        --------
        >>> from sklearn.datasets import load_wine
        >>> from jamjae import Autoencoder
        >>> X = load_wine(as_frame=True).data
        >>> ae = Autoencoder(2, scaling="standardize", random_state=0, epochs=5).fit(X)
        >>> found = ae.loadings(X)
        >>> found.values.shape, found.mean.shape
        ((178, 2, 13), (2, 13))
        >>> found.per_deviation().mean.iloc[0].abs().idxmax()
        'flavanoids'
        """
        rows = self._checked(X, "give loadings")
        k, shape, kind = self.n_components_, self.row_shape_, value_type(rows.dtype)
        keep = _kept(self, (len(rows), k, *shape), kind, values)
        units, slopes, features = _Units.of(self), _Moments(), _Moments()
        whole = memory.empty((len(rows), k, *shape), kind) if keep else None
        codes = np.empty((len(rows), k), kind)
        for chunk in row_chunks(rows):
            some = rows[chunk] if self.filling_ is None else self.filling_.fill(rows[chunk])
            features.add(some.reshape(len(some), -1).astype(np.float64))
            with among(len(rows)):
                codes[chunk] = self._encode(rows[chunk], chunk.start)
            start = chunk.start
            for found in self._slopes(some, len(rows)):
                made = units.applied(found)
                _require_finite(self, made, start)
                slopes.add(made)
                if whole is not None:
                    whole[start : start + len(made)] = made.reshape(-1, k, *shape)
                start += len(made)
        components = [str(name) for name in self.get_feature_names_out()]
        titles = getattr(self, "feature_names_in_", ())

        def shown(array: np.ndarray) -> Any:
            return framed(array.astype(kind).reshape(k, *shape), components, titles)

        return Loadings(
            values=whole,
            mean=shown(slopes.mean),
            deviation=shown(slopes.deviation),
            pca=shown(units.applied(self._slopes_of_pca()[None])[0]),
            codes=codes,
            spread=units.spread(features).reshape(shape),
            feature_names=tables.feature_names(self, "x{}"),
            component_names=components,
            columns=units.columns,
        )

    def _slopes(self, rows: np.ndarray, n: int) -> Iterator[np.ndarray]:
        """Give float64 derivatives (b, k, d) of some of n rows, piece by piece."""
        k, d = self.n_components_, math.prod(self.row_shape_)
        if self.is_pca_:
            step = max(AT_ONCE // (8 * k * d), 1)
            for start in range(0, len(rows), step):
                b = min(step, len(rows) - start)
                yield np.broadcast_to(self._slopes_of_pca(), (b, k, d))
            return
        scaled = self.scaling_.apply(rows)
        offset, factor = self.scaling_.in_graph(scaled.dtype)
        each = of_outputs([self.encoder_], 1)
        parts = math.ceil(k / min(k, max(AT_ONCE // each, 1)))
        m = math.ceil(k / parts)
        block = min(max(AT_ONCE // (each * m), 1), ROWS, n)
        block = 1 << (block.bit_length() - 1)  # few sizes, each of which is compiled
        along = np.eye(parts * m, k, dtype=np.float32).reshape(parts, m, k)
        for start in range(0, len(rows), block):
            some = (scaled[start : start + block].astype(np.float32) - offset) * np.float32(factor)
            whole = np.pad(some, [(0, block - len(some))] + [(0, 0)] * (some.ndim - 1))
            found = [keras_bridge.slopes(self.encoder_, whole, part) for part in along]
            flat = np.concatenate(found, axis=1)[: len(some), :k].reshape(len(some), k, d)
            yield flat / (self.scaling_.scale * self._code_units[0])

    def _slopes_of_pca(self) -> np.ndarray:
        """Give those of PCA (k, d), in the units of this model's codes."""
        return self.baseline_.components / np.reshape(self._code_units[1], (-1, 1))

    # --- what a subclass has ----------------------------------------------------------------

    @property
    def _code_units(self) -> tuple[float, Any]:
        """What codes of the encoder, and those of PCA, are divided by to be this model's."""
        return 1.0, 1.0

    def _checked(self, X: Any, operation: str) -> Given:
        raise NotImplementedError

    def _encode(self, rows: Array, start: int = 0) -> np.ndarray:
        raise NotImplementedError


class _Units(NamedTuple):
    """From derivatives by encoded columns to those by features, in the units of the table.

    Attributes
    ----------
    factors : float64 array of shape (d,)
        Units of the table in one of the encoded column.
    columns : tuple of (str, int, int)
        As of `Loadings`.
    shares : dict of (int, int) to float64 array
        The shares of the categories of a column, by its first feature and the one after its last.
    """

    factors: np.ndarray
    columns: tuple[tuple[str, int, int], ...]
    shares: dict[tuple[int, int], np.ndarray]

    @classmethod
    def of(cls, model: DifferentiableModel) -> Self:
        names = tables.feature_names(model, "x{}")
        if model.table_encoder_ is None:
            each = tuple((name, place, place + 1) for place, name in enumerate(names))
            return cls(np.ones(math.prod(model.row_shape_)), each, {})
        codecs = model.table_encoder_.codecs_
        stops = np.cumsum([codec.width for codec in codecs]).tolist()
        columns = tuple(
            (codec.name if codec.width > 1 else names[stop - 1], stop - codec.width, stop)
            for codec, stop in zip(codecs, stops, strict=True)
        )
        shares = {
            (start, stop): np.array(codec.means)
            for codec, (_, start, stop) in zip(codecs, columns, strict=True)
            if isinstance(codec, Categories)
        }
        factors = [factor for codec in codecs for factor in [_unit(codec)] * codec.width]
        return cls(np.array(factors), columns, shares)

    def applied(self, slopes: np.ndarray) -> np.ndarray:
        """Convert derivatives (b, k, d); those by categories are less their mean."""
        made = slopes / self.factors
        for (start, stop), shares in self.shares.items():
            made[..., start:stop] -= (made[..., start:stop] @ shares)[..., None]
        return made

    def spread(self, features: _Moments) -> np.ndarray:
        """Give the deviations (d,) of features, for categories the roots of their shares."""
        found = features.deviation * self.factors
        for (start, stop), shares in self.shares.items():
            now = features.mean[start:stop] * self.factors[start:stop] + shares
            found[start:stop] = np.sqrt(np.maximum(now, 0.0))
        return found


def _unit(codec: Codec) -> float:
    """Give how many units of the table one of an encoded column is; days for times."""
    if isinstance(codec, Categories):
        return codec.scale
    assert isinstance(codec, Measure)  # noqa: S101 - there are two codecs
    unit = UNIT.search(codec.dtype) if codec.kind in ("dates", "durations") else None
    size = codec.deviation * (codec.step or 1)
    return size / PER_DAY[unit[1]] if unit else size


class _Moments:
    """Mean and standard deviation of arrays along their first axis, added piece by piece."""

    def __init__(self) -> None:
        self._n, self._first = 0, np.zeros(())
        self._total, self._squares = np.zeros(()), np.zeros(())

    def add(self, some: np.ndarray) -> None:
        """Add arrays (b, ...)."""
        if not self._n:
            self._first = some[0].copy()
        rest = some - self._first
        self._n += len(some)
        self._total = self._total + rest.sum(axis=0)
        self._squares = self._squares + np.square(rest, out=rest).sum(axis=0)

    @property
    def mean(self) -> np.ndarray:
        """Mean of all."""
        return np.asarray(self._first + self._total / self._n)

    @property
    def deviation(self) -> np.ndarray:
        """Standard deviation of all."""
        variance = self._squares / self._n - np.square(self._total / self._n)
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _kept(model: Any, shape: tuple[int, ...], kind: Any, values: bool | None) -> bool:
    """Decide whether the loadings of all rows are kept."""
    needed = math.prod(shape) * np.dtype(kind).itemsize
    large = memory.is_large(needed, SHARE)
    if values is False or not (large or (values is None and needed > MOST_BYTES)):
        return values is not False
    said = (
        f"The loadings of {shape[0]:,} rows by {shape[1]:,} components take {memory.size(needed)}"
    )
    if values:
        raise InvalidDataError(
            f"{type(model).__name__} cannot keep them all: {said}, more than half of the memory "
            "that is available. Give fewer rows, or take their mean with values=False."
        )
    warnings.warn(
        f"{said}, so that only their mean and deviation are kept. Give fewer rows to have them "
        "for each, or values=False without this warning.",
        UserWarning,
        stacklevel=3,
    )
    return False


def _require_finite(model: Any, made: np.ndarray, start: int) -> None:
    finite = np.isfinite(made).reshape(len(made), -1).all(axis=1)
    if not finite.all():
        raise InvalidDataError(
            f"{type(model).__name__} cannot give loadings of row {start + int(finite.argmin())}: "
            "the derivative of its encoder is not finite there. Drop such rows."
        )
