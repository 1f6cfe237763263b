"""The variational autoencoder: a distribution of codes for each row, and of rows for each code."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from jamjae.data import preprocessing
from jamjae.data.archives import UnsoundError
from jamjae.data.preprocessing import Scaling
from jamjae.data.rows import Array, Given, Rows, row_chunks
from jamjae.engine import custom_networks, initialization, keras_bridge, training, variational
from jamjae.engine.architectures import Pair
from jamjae.engine.variational import LIKELIHOODS, Likelihood, Variational
from jamjae.errors import InvalidDataError
from jamjae.latent.densities import Prior
from jamjae.models import likelihoods, missing, plan
from jamjae.models.fitting import Networks, Task
from jamjae.models.plan import Plan, Seeds
from jamjae.models.samples import Sampling, Span, encoder_hash
from jamjae.models.trainable import CONSTRAINTS, TrainableModel

CERTAIN = 3.0  # standard errors by which a bound must be worse to count as worse
ACTIVE = 0.01  # variance of a component's means from which it is used (Burda et al. 2016)
LEAST_NOISE = 1e-4  # of the data's standard deviation
SHARED = (
    *("n_components", "network", "encoder", "decoder", "anchor", "scaling", "missing"),
    *("augmentation", "optimizer", "learning_rate", "schedule", "batch_size", "epochs"),
    *("validation_fraction", "early_stopping", "patience", "checkpoint_dir", "callbacks"),
    *("warm_start", "random_state", "verbose"),
)


class Learned(NamedTuple):
    """What a variational autoencoder learned beside its networks.

    Attributes
    ----------
    noise : float
        Standard deviation of the gaussian likelihood, in the units of the data.
    elbo, baseline_elbo : float
        Nats per row; the second is that of probabilistic PCA, None where there is none.
    active : tuple of bool
        Which components are used.
    """

    noise: float
    elbo: float
    baseline_elbo: float | None
    active: tuple[bool, ...]


class VariationalAutoencoder(TrainableModel):
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
        **{name: CONSTRAINTS[name] for name in SHARED},
        "beta": [Interval(Real, 0, None, closed="neither")],
        "likelihood": [StrOptions(set(LIKELIHOODS))],
        "noise": [StrOptions({"learned"}), Interval(Real, 0, None, closed="neither")],
    }
    loss, guide, guide_weight, corruption = "mse", None, 1.0, None  # that it does not have
    outputs_per_component, has_prior = 2, True

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
        return self._fit(X, sample_weight, held=validation_data)

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

    # --- before training --------------------------------------------------------------------

    def _build(self, rows: Array, known: np.ndarray | None, seeds: Seeds) -> Pair:
        if plan.own(self):
            pair = super()._build(rows, known, seeds)
            self.posterior_ = variational.with_posterior(pair.encoder)
            return variational.with_means(pair, self.likelihood)
        self.posterior_ = variational.posterior_of(self.encoder)
        pair = custom_networks.given(
            variational.means(self.posterior_), self.decoder, rows.shape[1:]
        )
        keras_bridge.require_finite(self.posterior_, "encoder")
        return pair

    def _choose_scaling(self, rows: Array, pair: Pair) -> Scaling:
        likelihoods.require_values(self, rows)
        if self.likelihood == "gaussian":
            return super()._choose_scaling(rows, pair)
        return likelihoods.scaling(self.likelihood, rows, self.baseline_)

    def _begin(self, data: Rows, seeds: Seeds) -> None:
        super()._begin(data, seeds)
        if not self._goes_on():
            self.noise_ = self._first_noise()

    def _start(self, seeds: Seeds) -> None:
        super()._start(seeds)
        if self.anchor == "pca":
            initialization.start_probabilistic(
                self._pair(), self.posterior_, self.baseline_, self._first_noise()
            )

    def _networks(self) -> Networks:
        layers = plan.layers(self, Pair(self.posterior_, self.decoder_))
        likelihood = Likelihood(learned=self.noise == "learned")
        likelihood.log_noise.assign(math.log(self.noise_ / self.scale_))
        likelihood.unit.assign(self.scale_)
        layers["likelihood"] = likelihood
        return Networks(self._pair(), layers, self.scaling_, None, self.filling_)

    def _plan(self, rows: Rows, seeds: Seeds) -> Plan:
        made = super()._plan(rows, seeds)
        recipe = made.recipe._replace(variational=Variational(self.likelihood, float(self.beta)))
        return made._replace(
            recipe=recipe, sound=training.Sound(np.inf), baseline=None, promised=False
        )

    # --- after training ---------------------------------------------------------------------

    def _store(self, task: Task, progress: training.Progress) -> Self:
        self._take_noise(progress.best)
        return super()._store(task, progress)

    def _store_part(self, rows: Array, progress: training.Progress) -> None:
        self._take_noise(progress.state)
        super()._store_part(rows, progress)
        self.baseline_elbo_, self.elbo_ = self._baseline_elbo(), self._mean_elbo(rows, None)[0]
        self._describe_codes(rows)

    def _take_noise(self, state: training.TrainState) -> None:
        if self.noise == "learned":
            self.noise_ = float(np.exp(state.params["likelihood"][0]) * self.scale_)

    def _evaluate(self, data: Rows, made: Plan) -> None:
        """Measure bound and error on the training rows, and fall back to probabilistic PCA."""
        rows, known = data["x"], missing.relative(data)
        self.baseline_elbo_ = self._baseline_elbo()
        self.elbo_, doubt = self._mean_elbo(rows, known)
        worse = self.elbo_ < self.baseline_elbo_ - CERTAIN * doubt
        if worse and plan.begins_as_pca(self) and self.beta == 1.0:
            self.noise_ = self._first_noise()
            self._start(made.seeds)
            self.elbo_ = self.baseline_elbo_
            warnings.warn(
                "Training did not improve on PCA: the bound of the log likelihood is below that "
                "of probabilistic PCA, so the model is probabilistic PCA. Try more epochs, a lower "
                "learning_rate or fewer n_components.",
                ConvergenceWarning,
                stacklevel=5,
            )
        self.reconstruction_error_ = self._error(rows, weights=known)
        self._describe_codes(rows)

    def _describe_codes(self, rows: Array) -> None:
        """Find the components that are used, and let the prior be the density of codes."""
        self.active_components_ = self._encode(rows).var(axis=0) > ACTIVE
        self._report_collapse()
        self.density_ = Prior().fit(np.zeros((len(rows), self.n_components_)))
        self.sampling_ = Sampling(Span.of(rows, rows, self.dtype_), encoder_hash(self))

    def _report_collapse(self) -> None:
        unused = int((~self.active_components_).sum())
        if unused:
            verb = "is" if unused == 1 else "are"
            warnings.warn(
                f"{unused} of {self.n_components_} components {verb} not used: their codes do not "
                "vary with the rows (posterior collapse). Fewer n_components would give the same "
                "model; a smaller beta uses more of them.",
                UserWarning,
                stacklevel=6,
            )

    def _mean_elbo(self, rows: Array, known: np.ndarray | None) -> tuple[float, float]:
        """Give the mean bound of rows and its standard error."""
        bounds = np.concatenate(list(self._bounds(rows, 1, 0)))
        return float(np.average(bounds, weights=known)), float(bounds.std() / math.sqrt(len(rows)))

    def _baseline_elbo(self) -> float:
        """Give the mean log likelihood of probabilistic PCA with the noise of the start."""
        if self.likelihood != "gaussian" or self.filling_ is not None:
            return math.nan
        d = int(np.prod(self.row_shape_))
        return likelihoods.of_pca(self.baseline_, self._first_noise(), d)

    def _first_noise(self) -> float:
        """Give the noise as asked, or what probabilistic PCA leaves over."""
        if self.noise != "learned":
            return float(self.noise)
        least = LEAST_NOISE * (self.scaling_.scale if self.likelihood == "gaussian" else 1.0)
        return max(likelihoods.noise_of_pca(self.baseline_), least)

    # --- computation on checked rows --------------------------------------------------------

    def _posterior(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give means and standard deviations (n, k)."""
        scaled, in_graph = self._scaled(rows)
        mean, log_variance = variational.split(
            keras_bridge.predict(self.posterior_, scaled, in_graph)
        )
        return mean, np.exp(log_variance / 2.0)

    def _scaled(self, rows: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
        whole = rows if self.filling_ is None else self.filling_.fill(rows)
        scaled = self.scaling_.apply(whole)
        return scaled, self.scaling_.in_graph(scaled.dtype)

    def _bounds(
        self, rows: Given | Array, n_samples: int, random_state: Any, *, weighted: bool = False
    ) -> Iterator[np.ndarray]:
        if not isinstance(n_samples, Integral) or n_samples < 1:
            raise InvalidDataError(
                f"A bound with n_samples={n_samples!r} was asked for; expected the number of codes "
                "per row, at least 1."
            )
        rng = check_random_state(random_state)
        for chunk in row_chunks(rows):
            some = rows[chunk]
            mean, deviation = (part.astype(np.float64) for part in self._posterior(some))
            likelihood = likelihoods.Values.of(self, some)
            found = []
            for _ in range(n_samples):
                noise = rng.standard_normal(mean.shape)
                z = mean + deviation * noise
                log_p = likelihood.log_density(self._decode(z).reshape(len(some), -1))
                log_ratio = 0.5 * np.square(noise) + np.log(deviation) - 0.5 * np.square(z)
                found.append(log_p + log_ratio.sum(axis=1) if weighted else log_p)
            if weighted:
                yield np.logaddexp.reduce(found, axis=0) - math.log(n_samples)
            else:
                divergence = 0.5 * (mean**2 + deviation**2) - np.log(deviation) - 0.5
                yield np.mean(found, axis=0) - divergence.sum(axis=1)

    # --- in a model file --------------------------------------------------------------------

    def _stored(self) -> dict[str, keras.Model]:
        return {"encoder": self.posterior_, "decoder": self.decoder_}

    def _restore(self, networks: Mapping[str, keras.Model], *, given: bool) -> None:
        self.posterior_, self.decoder_ = networks["encoder"], networks["decoder"]
        self.encoder_ = variational.means(self.posterior_)
        if given:
            joined = self.posterior_.layers[-1].input
            encoder = keras.Model(self.posterior_.inputs[0], joined, name="encoder")
            self.set_params(encoder=encoder, decoder=self.decoder_)

    def _described(self) -> dict[str, Any]:
        check_is_fitted(self)
        baseline = None if math.isnan(self.baseline_elbo_) else self.baseline_elbo_
        return Learned(
            self.noise_, self.elbo_, baseline, tuple(map(bool, self.active_components_))
        )._asdict()

    def _restore_described(self, described: Any) -> None:
        if not isinstance(described, dict) or described.keys() != set(Learned._fields):
            raise UnsoundError("it does not say what its variational autoencoder learned")
        found = Learned(**described)
        baseline = math.nan if found.baseline_elbo is None else found.baseline_elbo
        numbers = (found.noise, found.elbo, baseline)
        if not all(type(number) in (int, float) for number in numbers) or not found.noise > 0:
            raise UnsoundError("its noise or its bounds are no numbers")
        if not isinstance(found.active, list) or set(map(type, found.active)) != {bool}:
            raise UnsoundError("it does not say which of its components are used")
        self.noise_, self.elbo_, self.baseline_elbo_ = map(float, numbers)
        self.active_components_ = np.array(found.active)
