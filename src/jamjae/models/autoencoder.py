"""The autoencoder: learn codes from which the data can be reconstructed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import keras
import numpy as np

from jamjae.engine import training
from jamjae.models.trainable import CONSTRAINTS, TrainableModel


class Autoencoder(TrainableModel):
    """Learn codes by reconstructing the data from them: ``x̂ = decode(encode(x))``.

    The default network starts as PCA and keeps its best weights, so its reconstruction error on
    the training data is never above that of PCA with as many components. Its codes have PCA's
    units, those of the data.

    Parameters
    ----------
    n_components : int or float, default=2
        Number of components of a code, or the share of the variance (0 to 1) that PCA explains by
        so many. With ``encoder=`` it is the size of that network's output.
    network : {"auto", "dense", "conv"} or tuple of int, default="auto"
        ``"dense"`` for rows or images; ``"conv"`` for images; a tuple gives the hidden widths of
        a dense network from the data to the code, and ``()`` a linear one. ``"auto"`` is dense up
        to 4,096 values per row and convolutional for larger images: on Fashion-MNIST the dense
        network is ahead after 30 and 100 s of training (``benchmarks/fashion_mnist.py``). Dense
        networks have one hidden layer, or three for codes of up to 8 components.
    encoder, decoder : keras.Model, default=None
        Your own networks, used as they are. They are trained in place, from their current
        weights, and become ``encoder_`` and ``decoder_``.
    anchor : {"pca", None}, default="pca"
        Whether jamjae's own networks have a linear path that is PCA.
    loss : {"auto", "mse", "mae", "huber", "bce"} or callable, default="auto"
        Reconstruction loss; a callable takes (b, d) targets and outputs and returns (b,).
        ``"auto"`` is the squared error; for the categories and booleans of a data frame, where
        jamjae's own networks give probabilities, it is cross-entropy.
        ``"bce"`` requires a decoder that ends in a sigmoid.
    scaling : {"auto", "standardize", None}, default="auto"
        ``"auto"`` divides 8-bit values by 255, centers other data and divides them by one number,
        or scales them to the range of a decoder that ends in a sigmoid or tanh. ``"standardize"``
        first divides each column of a table by its standard deviation, so that each counts alike;
        errors and PCA are then those of standardized columns. None trains on the unscaled values.
    missing : {"error", "mask"}, default="error"
        ``"mask"`` takes NaN as missing values, which count in no loss, error or PCA. The encoder
        gets what a factor analysis of the training rows predicts in their place; `reconstruct`
        and `impute` fill them in. One value of up to 4,000 rows is kept from training, to find
        out how well values are predicted; where none is missing, a short second training finds
        that out, and the networks are those of ``"error"``.
    corruption : keras.Layer, default=None
        Changes the input during training, never the target, for example
        ``keras.layers.GaussianNoise(0.3)``. It acts on scaled values.
    augmentation : keras.Layer, default=None
        Changes input and target alike during training, for example
        ``keras.layers.RandomFlip()``.
    guide : array-like of shape (n, k), transformer or manifold learner, default=None
        Features that the codes should match, or a learner that finds them. An unfitted learner
        (``Isomap(n_neighbors=10)``) embeds at most 4,000 of the training rows, chosen at random,
        and the encoder generalizes the embedding; a fitted one transforms all rows. Features are
        centered and divided by one number; k is ``n_components``. PCA may then reconstruct better.
    guide_weight : float, default=1.0
        Weight of the squared difference between codes and guide, added to the loss.
    optimizer : str or keras.Optimizer, default="adam"
        An optimizer is copied, so that yours is not changed.
    learning_rate : "auto" or float, default="auto"
        Peak of the schedule. ``"auto"``: for jamjae's own networks with ``"adam"`` 0.002, or 0.5
        over the width (at most 0.004) with more than one hidden layer; else the optimizer's own.
    schedule : {"one-cycle", "cosine", "constant"}, default="one-cycle"
        Schedule of the learning rate over all epochs. An optimizer with its own schedule keeps
        it.
    batch_size : int, default=128
    epochs : "auto" or int, default="auto"
        Training epochs. ``"auto"``: about 4,000 steps, but at least 20 and at most 300 epochs, so
        that small tables get enough steps; with more than one hidden layer about 5,000 steps, 40
        to 400 epochs.
    validation_fraction : float in [0, 1), default=0.0
        Fraction of the rows held out to choose the best epoch; not used for training.
    early_stopping : bool, default=False
        Stop after ``patience`` epochs without improvement.
    patience : int, default=5
    checkpoint_dir : path, default=None
        Folder for the state of training. An interrupted fit resumes from there, bit for bit, if
        data and parameters are the same.
    callbacks : iterable of callables, default=()
        Called with a `jamjae.engine.training.EpochReport` before the first step, if training
        starts as PCA, and after each epoch. Returning True stops training.
    warm_start : bool, default=False
        Whether ``fit`` continues from the networks of the previous ``fit``.
    devices : int, "local", sequence of str, or None, default=None
        Where to train: None for all devices of this process (several GPUs, say), over which each
        batch is cut; a number for so many; names such as ``["gpu:0"]`` for these. In a process of
        a ``jax.distributed`` job, ``fit`` trains one model with the other processes, each on the
        rows that it is given; ``"local"`` trains alone. Results differ by the rounding of sums.
    random_state : int, RandomState or None, default=None
        With an int, two fits agree bit for bit on one machine with the same number of cores.
    verbose : int, default=0
        1 prints one line per epoch.

    Attributes
    ----------
    encoder_, decoder_ : keras.Model
    history_ : dict of str to array of shape (epochs,)
        ``"loss"`` (and ``"guide"``, ``"val_loss"``) on scaled data; mean per epoch.
    n_features_in_, n_components_ : int
    row_shape_ : tuple of int
    scale_ : float
        The number by which the data are divided.
    reconstruction_error_, baseline_error_ : float
        Mean squared error per element on the training rows, in squared units of the data: of this
        model, and of PCA with as many components. Both are measured before any clipping. After
        ``partial_fit`` the first is that of the last call's rows, the second that of the first's.
    baseline_ : jamjae.engine.pca.Principal
        That PCA.
    is_pca_ : bool
        Whether training did not improve on PCA, so that the model is PCA, computed in float64.
        ``encoder_`` and ``decoder_`` then compute the same in float32.
    devices_ : list of str
        The devices of this process that the last fit used.
    guide_rows_ : int
        Number of rows with features, if there is a guide.
    density_ : jamjae.latent.densities.Density
        The distribution of codes, once `fit_density` was called; ``fit`` drops it.
    table_encoder_ : TableEncoder or None
        What encodes a data frame with columns that are no numbers, or standardizes. Errors are
        then those of its columns, which ``n_features_in_`` counts.

    Examples
    --------
    >>> from jamjae import Autoencoder, load_digits
    >>> X = load_digits().X
    >>> ae = Autoencoder(n_components=8, random_state=0).fit(X)
    >>> ae.transform(X[:5]).shape, ae.reconstruct(X[:5]).shape
    ((5, 8), (5, 8, 8))
    >>> ae.reconstruction_error_ < ae.baseline_error_
    True

    References
    ----------
    Hinton & Salakhutdinov (2006), Science 313:504. Baldi & Hornik (1989), Neural Networks 2:53,
    for the linear autoencoder and PCA.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS

    def __init__(
        self,
        n_components: float = 2,
        *,
        network: str | tuple[int, ...] = "auto",
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        anchor: str | None = "pca",
        loss: str | Callable[..., Any] = "auto",
        scaling: str | None = "auto",
        missing: str = "error",
        corruption: keras.Layer | None = None,
        augmentation: keras.Layer | None = None,
        guide: Any = None,
        guide_weight: float = 1.0,
        optimizer: str | keras.Optimizer = "adam",
        learning_rate: float | str = "auto",
        schedule: str = "one-cycle",
        batch_size: int = 128,
        epochs: int | str = "auto",
        validation_fraction: float = 0.0,
        early_stopping: bool = False,
        patience: int = 5,
        checkpoint_dir: str | Path | None = None,
        callbacks: Iterable[Callable[[training.EpochReport], Any]] = (),
        warm_start: bool = False,
        devices: int | str | Sequence[Any] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.network = network
        self.encoder = encoder
        self.decoder = decoder
        self.anchor = anchor
        self.loss = loss
        self.scaling = scaling
        self.missing = missing
        self.corruption = corruption
        self.augmentation = augmentation
        self.guide = guide
        self.guide_weight = guide_weight
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.epochs = epochs
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.patience = patience
        self.checkpoint_dir = checkpoint_dir
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.devices = devices
        self.random_state = random_state
        self.verbose = verbose

    # --- training ---------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: None = None,
        *,
        sample_weight: Any = None,
        corrupted: Any = None,
        validation_data: Any = None,
    ) -> Self:
        """Fit the encoder and decoder to rows.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c), data frame or rows in files
            At least two rows of finite numbers; 8-bit values stay 8-bit in memory. A data frame may
            have booleans, categories, text and dates, which a `TableEncoder` encodes.
        y : ignored
        sample_weight : array-like of shape (n,), optional
            How much each row counts in the loss, the errors and PCA.
        corrupted : array-like of the shape of X, optional
            Noisy versions of the rows, in the same units, to encode; the targets are the rows of
            X. Use it for measured pairs; ``corruption`` draws new noise instead.
        validation_data : array-like of rows as those of X, optional
            Held-out rows to choose the best epoch, in place of ``validation_fraction``.

        Returns
        -------
        self

        Raises
        ------
        InvalidDataError
            X holds NaN (which `missing` may allow), infinity or text, is sparse, ragged or empty,
            or has a single row.
        InvalidNetworkError
            The given networks do not fit the data or each other.
        TrainingDiverged
            The loss is no longer finite, or explodes.
        """
        return self._fit(X, sample_weight, corrupted, validation_data)
