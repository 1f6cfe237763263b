"""The codec: rows to few bytes, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar, Self

import keras
import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from jamjae.data.archives import UnsoundError
from jamjae.engine import training
from jamjae.errors import DataFormatError, InvalidDataError
from jamjae.latent import codec as coder
from jamjae.latent.codec import bounded
from jamjae.latent.codec.archive import About
from jamjae.latent.codec.header import digest
from jamjae.latent.codec.reader import Reader
from jamjae.models.autoencoder import Autoencoder
from jamjae.models.compression import compressed, quantization
from jamjae.models.compression.content import Content
from jamjae.models.compression.quantized import QuantizedModel
from jamjae.models.trainable import CONSTRAINTS

KEPT = (
    *("network", "scaling", "augmentation", "optimizer", "learning_rate", "schedule"),
    *("batch_size", "epochs", "validation_fraction", "checkpoint_dir", "callbacks", "devices"),
    *("random_state", "verbose"),
)
SHARED = (  # with an autoencoder of the same networks
    *("encoder_", "decoder_", "scaling_", "scale_", "row_shape_", "dtype_", "n_components_"),
    *("baseline_", "table_encoder_", "filling_", "history_", "n_features_in_", "feature_names_in_"),
    *("class_names_", "reconstruction_error_", "devices_"),
)
MEMBER = "codec.bin"  # of a model file


class Codec(QuantizedModel):
    """Compress rows to few bytes: integer codes of a network, entropy coded, and back.

    Encoder, decoder and a model of the codes are trained together, so that codes take few bits and
    their reconstructions have a small error (Ballé et al. 2017). The network starts as PCA; if
    PCA with the same rounding and the same entropy coder has a smaller error at as many bytes, the
    codec is PCA. What is decoded depends on whole numbers alone until the code is exact, so a file
    decodes to the same codes on every machine.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Number of components of a code. ``"auto"`` takes those that stand out of the rounding.
    bytes_per_row : float, default=None
        Target mean bytes per row, including the headers of a file of many rows but not the codec.
    mse : float, default=None
        Target mean squared error per value, instead of ``bytes_per_row``, in the squared units of
        the data: for 8-bit pixels, of values from 0 to 255. If neither is given it is
        0.05 of the variance of the data, or, if that is more, 1.1 times what PCA with
        ``n_components`` leaves.
    network, scaling, augmentation, optimizer, learning_rate, schedule, batch_size, epochs, \
checkpoint_dir, callbacks, devices, random_state, verbose
        As of `jamjae.Autoencoder`.
    validation_fraction : float, default=0.05
        Share of the rows that training does not see. The rounding step is chosen so that these
        rows reach the target; with fewer than 50 such rows, training rows are used instead.

    Attributes
    ----------
    bytes_per_row_, mse_ : float
        What the rows by which the step was chosen have: the ideal length of their codes, and
        their mean squared error in the units of the data.
    step_ : float
        By which codes are rounded, in the units of the data.
    is_pca_ : bool
        Whether the codec is PCA.
    encoder_, decoder_ : keras.Model
        The weights of the decoder are rounded to the bits that a file holds. ``encoder_`` is None
        if the codec was read from a file of compressed rows.
    prior_ : jamjae.latent.codec.prior.Prior
        Distributions of the components of a code, each given the components before.
    tables_ : jamjae.latent.codec.Tables
        The frequencies by which symbols are coded.
    history_ : dict of str to array of shape (epochs,)
        ``"rate"``, bits per value, ``"distortion"``, the squared error per value times its
        weight, their sum ``"loss"``, and ``"val_loss"``.
    n_components_, scaling_, scale_, row_shape_, dtype_, devices_, reconstruction_error_, others
        As of `jamjae.Autoencoder`.

    Examples
    --------
    >>> from jamjae import Codec, load_digits
    >>> X = load_digits().X
    >>> codec = Codec(bytes_per_row=8, epochs=20, random_state=0).fit(X)
    >>> codes = codec.transform(X)  # whole numbers
    >>> bool(codec.bits(X).mean() / 8 < 8), codec.inverse_transform(codes).shape
    (True, (1797, 8, 8))

    References
    ----------
    Ballé, Laparra & Simoncelli (2017), End-to-end optimized image compression. Minnen, Ballé &
    Toderici (2018), Joint autoregressive and hierarchical priors for learned image compression.
    Germain et al. (2015), MADE: masked autoencoder for distribution estimation.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **{name: CONSTRAINTS[name] for name in KEPT},
        "n_components": [StrOptions({"auto"}), *CONSTRAINTS["n_components"][:1]],
        "bytes_per_row": [Interval(Real, 0, None, closed="neither"), None],
        "mse": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(
        self,
        n_components: int | str = "auto",
        *,
        bytes_per_row: float | None = None,
        mse: float | None = None,
        network: str | tuple[int, ...] = "auto",
        scaling: str | None = "auto",
        augmentation: keras.Layer | None = None,
        optimizer: str | keras.Optimizer = "adam",
        learning_rate: float | str = "auto",
        schedule: str = "one-cycle",
        batch_size: int = 128,
        epochs: int | str = "auto",
        validation_fraction: float = 0.05,
        checkpoint_dir: str | Path | None = None,
        callbacks: Iterable[Callable[[training.EpochReport], Any]] = (),
        devices: int | str | Sequence[Any] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.bytes_per_row = bytes_per_row
        self.mse = mse
        self.network = network
        self.scaling = scaling
        self.augmentation = augmentation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.epochs = epochs
        self.validation_fraction = validation_fraction
        self.checkpoint_dir = checkpoint_dir
        self.callbacks = callbacks
        self.devices = devices
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: None = None) -> Self:
        """Train on rows.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c), data frame or rows in files
            As for `Autoencoder.fit`.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        InvalidDataError, InvalidNetworkError, TrainingDiverged
            As `Autoencoder.fit`; or both ``bytes_per_row`` and ``mse`` are given.

        Warns
        -----
        ConvergenceWarning
            Training did not improve on PCA, so the codec is PCA.
        UserWarning
            The target was not reached.
        """
        if self.bytes_per_row is not None and self.mse is not None:
            raise InvalidDataError(
                f"Codec received bytes_per_row={self.bytes_per_row:g} and mse={self.mse:g}. One of "
                "the two decides how rows are rounded; give one of them."
            )
        return self._fit(X)

    @available_if(lambda _: False)  # type: ignore[untyped-decorator]  # it needs all rows
    def partial_fit(self, X: Any, y: None = None) -> Self:
        """Not available: a codec needs all rows at once."""
        raise NotImplementedError

    def transform(self, X: Any) -> np.ndarray:
        """Give the codes of rows.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c)
            In the units of the data of ``fit``.

        Returns
        -------
        int32 array of shape (n, n_components_)
            Whole numbers, which ``inverse_transform`` decodes.
        """
        rows = self._checked(X, "transform")
        return self._encode(rows).astype(np.int32)

    def transform_pieces(self, X: Any) -> Iterator[np.ndarray]:
        """Encode rows as `transform` does, and give the codes piece by piece."""
        return (piece.astype(np.int32) for piece in super().transform_pieces(X))

    def unrounded(self) -> Autoencoder:
        """Give the networks as an autoencoder, whose codes are not rounded."""
        check_is_fitted(self)
        made = Autoencoder(self.n_components_)
        made.__dict__.update({name: self.__dict__[name] for name in SHARED if name in vars(self)})
        made.is_pca_, made.network_share_ = False, 1.0
        made.baseline_error_ = self.baseline_.error
        return made

    # --- to bytes and back ------------------------------------------------------------------

    def content(self) -> bytes:
        """Give what decoding needs of this codec, as bytes for `from_content`.

        Decoder, prior and tables, without the encoder; a compressed file can hold it.
        """
        return self._content().to_bytes()

    def sha256(self) -> bytes:
        """Give the SHA-256 of `content`, which compressed rows name; computed once if it can be."""
        made = self._content()
        key = made.key()
        if self._known_sha256[0] != key:
            self._known_sha256 = (key, digest(made.to_bytes()))
        return self._known_sha256[1]

    _known_sha256: tuple[str, bytes] = ("", b"")  # and of which parts it is

    @classmethod
    def from_content(cls, content: bytes) -> Self:
        """Make a codec that can decode, and not encode, of what `content` gave.

        Raises
        ------
        DataFormatError
            The bytes are not of a codec, or damaged.
        """
        try:
            found = Content.from_bytes(content)
        except UnsoundError as error:
            raise DataFormatError(f"Cannot read a codec: {error}.") from error
        made = cls(found.prior.n_components)
        made._take_content(found)
        made.encoder_ = None
        return made

    def compress(
        self,
        X: Any,
        *,
        embed: bool = False,
        max_error: float | None = None,
        names: Sequence[str] = (),
        labels: np.ndarray | None = None,
        class_names: Sequence[str] = (),
    ) -> bytes:
        """Compress rows to the bytes of a ``.jjz`` file.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c), data frame or rows in files
            In the units of the data of ``fit``.
        embed : bool, default=False
            Whether what decoding needs of the codec is in the bytes; else they name its SHA-256,
            and are decoded by this codec alone.
        max_error : float, optional
            By which no value may be off, in the units of the data. The codes of this codec are then
            not used: the bytes are those of ``jamjae.compress(X, max_error)``, hold a coder that is
            fitted to X, and take more than codes do where the bound is small.
        names : sequence of n str, optional
            Names of the rows.
        labels : array of shape (n,), optional
            Indices of classes, -1 for none, or real numbers.
        class_names : sequence of str, optional

        Returns
        -------
        bytes
            ``docs/format.md`` describes them.

        Raises
        ------
        InvalidDataError
            As `transform`; with max_error as `jamjae.compress`.
        """
        if max_error is not None:
            self.checked(X)
            return bounded.compress(
                X, max_error, names=names, labels=labels, class_names=class_names
            )
        return compressed.compressed(self, X, About(names, labels, class_names), embed=embed)

    def decompress(self, data: bytes, rows: Any = None) -> Any:
        """Decode what `compress` or `jamjae.compress` gave.

        Parameters
        ----------
        data : bytes
        rows : slice or sequence of int, optional
            Positions of the rows to decode; only the blocks, of up to 2,000 rows, that hold them
            are decoded.

        Returns
        -------
        array of shape (n, *row_shape_), or data frame
            In the type of the rows that were compressed: whole numbers where those were.

        Raises
        ------
        DataFormatError
            The bytes are damaged, of another codec, or of a newer version.
        """
        check_is_fitted(self)
        reader = Reader(data)
        if reader.header.row_shape != self.row_shape_:
            raise DataFormatError(
                f"Codec cannot decompress rows of shape {reader.header.row_shape}: its own have "
                f"the shape {self.row_shape_}."
            )
        if bounded.settings_of(reader.header) is not None:
            return compressed.decoded(reader, bounded.decoder_of(reader), rows)
        reader.require(self.sha256(), "this codec")
        return compressed.decoded(reader, partial(compressed.rows_of, self, reader), rows)

    def checked(self, X: Any) -> Any:
        """Check rows that are to be compressed, as `transform` does; those in files stay there."""
        return self._checked(X, "compress")

    def compress_rows(self, rows: Any, start: int = 0) -> bytes:
        """Give the codes of rows as bytes, without any heading: one block of a file.

        Parameters
        ----------
        rows : array of shape (n, *row_shape_)
            That `checked` gave.
        start : int
            The number of the first one among all that are compressed, for messages.
        """
        codes = self._encode(rows, start).astype(np.int32)
        return coder.encode(codes, self.prior_.contexts(), self.tables_)

    def decompress_rows(self, data: bytes, n: int) -> Any:
        """Give n rows of what `compress_rows` made of them."""
        check_is_fitted(self)
        k = self.n_components_
        return self.inverse_transform(
            coder.decode(data, n, k, self.prior_.contexts(), self.tables_)
        )

    def bits(self, X: Any) -> np.ndarray:
        """Give the ideal length of the code of each row in bits, float64 array of shape (n,)."""
        symbols = self.transform(X)
        return quantization.bits_of_rows(self.prior_, self.tables_, symbols)

    # --- in a model file --------------------------------------------------------------------

    def _own_members(self) -> dict[str, bytes]:
        return {MEMBER: self.content()}

    def _take_own_members(self, member: Callable[[str], bytes]) -> None:
        found = Content.from_bytes(member(MEMBER))
        same = found.row_shape == self.row_shape_ and found.prior.n_components == self.n_components_
        if not same or found.dtype != self.dtype_:
            raise UnsoundError("its codec is one of other rows than its networks")
        self._take_content(found)
