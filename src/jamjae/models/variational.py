"""The variational autoencoder: a distribution of codes for each row, and of rows for each code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar, Self

import keras
import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from jamjae.data import preprocessing
from jamjae.data.rows import row_chunks
from jamjae.engine import training
from jamjae.engine.variational import LIKELIHOODS
from jamjae.models.probabilistic import ProbabilisticModel
from jamjae.models.trainable import CONSTRAINTS

WITHOUT = ("loss", "guide", "guide_weight", "corruption")  # parameters of an Autoencoder


class VariationalAutoencoder(ProbabilisticModel):
    """Learn a distribution of codes for each row such that all together are N(0, 1).

    Maximizes ``ELBO = E[log p(x | z)] - β·KL(q(z | x) ‖ N(0, 1))``, a lower bound of the log
    likelihood (β=1), where q(z | x) is normal with a mean and a variance per component. The default
    network starts as probabilistic PCA, whose bound is its exact log likelihood, and keeps its best
    weights. Codes that `transform` gives are the means; `encode_distribution` gives both.

    Parameters
    ----------
    n_components : int or float, default=2
        Number of components of a code, or the share of the variance that PCA explains by so many.
    beta : float > 0, default=1.0
        Weight of the divergence from the prior. Above 1 codes are closer to N(0, 1) and rows are
        reconstructed less well (Higgins et al. 2017).
    likelihood : {"gaussian", "bernoulli", "poisson"}, default="gaussian"
        Distribution of a value given the code. ``"bernoulli"`` is for 8-bit pixels and values
        from 0 to 1, ``"poisson"`` for counts.
    noise : {"learned"} or float > 0, default="learned"
        Standard deviation of the gaussian likelihood, in the units of the data.
    encoder, decoder : keras.Model, default=None
        Your own networks, trained in place. The encoder has two outputs, the mean and the log
        variance of a code; further ones, such as a sampled code, are not used. The decoder gives
        the mean of the likelihood: probabilities for ``"bernoulli"``, rates for ``"poisson"``.
    network, anchor, scaling, missing, augmentation, optimizer, learning_rate, schedule, \
batch_size, epochs, validation_fraction, early_stopping, patience, checkpoint_dir, callbacks, \
warm_start, random_state, verbose
        As of `jamjae.Autoencoder`; the anchor is probabilistic PCA.

    Attributes
    ----------
    encoder_, decoder_, posterior_ : keras.Model
        ``posterior_`` gives means and log variances (n, 2·n_components_), ``encoder_`` the means.
    noise_ : float
        Standard deviation of the gaussian likelihood, in the units of the data.
    elbo_, baseline_elbo_ : float
        Mean bound of the training rows in nats per row, of this model and of probabilistic PCA
        with as many components; the second is NaN for other likelihoods.
    devices_ : list of str
        The devices of this process that the last fit used.
    active_components_ : bool array of shape (n_components_,)
        Which components vary with the rows; the others hold nothing (posterior collapse).
    history_ : dict of str to array of shape (epochs,)
        ``"loss"``, the sum of ``"reconstruction"`` and β times ``"divergence"``: nats per value
        of the scaled rows (and ``"val_loss"``).
    density_ : jamjae.latent.densities.Density
        The prior, of which `sample` draws, until `fit_density` is called.
    reconstruction_error_, baseline_error_, and others
        As of `jamjae.Autoencoder`. A variational autoencoder gives up some of the error for the
        distribution of its codes, so PCA may reconstruct better.

    Examples
    --------
    >>> from jamjae import VariationalAutoencoder, load_digits
    >>> X = load_digits().X
    >>> vae = VariationalAutoencoder(4, epochs=20, random_state=0).fit(X)
    >>> vae.sample(3, random_state=0).shape, vae.encode_distribution(X[:5])[1].shape
    ((3, 8, 8), (5, 4))
    >>> vae.elbo_ > vae.baseline_elbo_
    True

    References
    ----------
    Kingma & Welling (2014), Auto-encoding variational Bayes. Tipping & Bishop (1999),
    Probabilistic principal component analysis. Lucas et al. (2019), Don't blame the ELBO!, for
    probabilistic PCA as the linear variational autoencoder.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **{name: allowed for name, allowed in CONSTRAINTS.items() if name not in WITHOUT},
        "beta": [Interval(Real, 0, None, closed="neither")],
        "likelihood": [StrOptions(set(LIKELIHOODS))],
        "noise": [StrOptions({"learned"}), Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        n_components: float = 2,
        *,
        beta: float = 1.0,
        likelihood: str = "gaussian",
        noise: str | float = "learned",
        network: str | tuple[int, ...] = "auto",
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        anchor: str | None = "pca",
        scaling: str | None = "auto",
        missing: str = "error",
        augmentation: keras.Layer | None = None,
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
        self.beta = beta
        self.likelihood = likelihood
        self.noise = noise
        self.network = network
        self.encoder = encoder
        self.decoder = decoder
        self.anchor = anchor
        self.scaling = scaling
        self.missing = missing
        self.augmentation = augmentation
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

    def fit(
        self, X: Any, y: None = None, *, sample_weight: Any = None, validation_data: Any = None
    ) -> Self:
        """Train on rows.

        Parameters
        ----------
        X : array-like of shape (n, d), (n, h, w) or (n, h, w, c), data frame or rows in files
            As for `Autoencoder.fit`.
        y : ignored
        sample_weight : array-like of shape (n,), optional
            How much each row counts.
        validation_data : array-like of rows as those of X, optional
            Held-out rows to choose the best epoch.

        Returns
        -------
        self

        Raises
        ------
        InvalidDataError, InvalidNetworkError, TrainingDiverged
            As `Autoencoder.fit`; or values that the likelihood does not allow.

        Warns
        -----
        UserWarning
            Components are not used.
        ConvergenceWarning
            Training did not improve on probabilistic PCA, so the model is that.
        """
        self._fit(X, sample_weight, held=validation_data)
        self.sampling_ = self.sampling_._replace(span=self.sampling_.span.typed(X))
        return self

    def encode_distribution(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Give the distribution of the code of each row.

        Parameters
        ----------
        X : array-like of rows, as for `transform`

        Returns
        -------
        mean, deviation : arrays of shape (n, n_components_)
            The mean is what `transform` gives.
        """
        rows = self._checked(X, "encode rows")
        found = [self._posterior(rows[some]) for some in row_chunks(rows)]
        kind = preprocessing.value_type(rows.dtype)
        means, spreads = (np.concatenate(parts).astype(kind) for parts in zip(*found, strict=True))
        return means, spreads

    def elbo(self, X: Any, n_samples: int = 1, random_state: Any = 0) -> np.ndarray:
        """Evidence lower bound of the log likelihood of each row, in nats.

        ``E[log p(x | z)] - KL(q(z | x) ‖ N(0, 1))``, whatever β; the expectation over codes is the
        mean of ``n_samples``. Missing values do not count. For a table that is encoded or
        standardized it is that of its encoded columns.

        Parameters
        ----------
        X : array-like of rows, as for `transform`
        n_samples : int >= 1, default=1
        random_state : int, RandomState or None, default=0

        Returns
        -------
        float64 array of shape (n,)
        """
        rows = self._checked(X, "evaluate the bound of")
        return np.concatenate(list(self._bounds(rows, n_samples, random_state)))

    def importance_bound(self, X: Any, n_samples: int = 64, random_state: Any = 0) -> np.ndarray:
        """Importance-weighted bound of the log likelihood of each row, in nats.

        ``log(mean of p(x | z)·p(z) / q(z | x))`` over ``n_samples`` codes: at least the `elbo`, and
        nearer to the log likelihood the more samples there are (Burda et al. 2016).

        Parameters
        ----------
        X : array-like of rows, as for `transform`
        n_samples : int >= 1, default=64
        random_state : int, RandomState or None, default=0

        Returns
        -------
        float64 array of shape (n,)
        """
        rows = self._checked(X, "evaluate the bound of")
        weighted = self._bounds(rows, n_samples, random_state, weighted=True)
        return np.concatenate(list(weighted))
