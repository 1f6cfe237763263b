"""How a variational autoencoder starts, what it minimizes, and what is measured after training."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from numbers import Integral
from typing import Any, Self

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from jamjae.data.preprocessing import Scaling
from jamjae.data.rows import Array, Given, Rows, row_chunks
from jamjae.engine import custom_networks, initialization, keras_bridge, training, variational
from jamjae.engine.architectures import Pair
from jamjae.engine.placement import Placement
from jamjae.engine.processes import Processes
from jamjae.engine.variational import Likelihood, Variational
from jamjae.errors import InvalidDataError, TrainingDiverged
from jamjae.latent.densities import Prior
from jamjae.models import likelihoods, missing, plan
from jamjae.models.fitting import Networks, Task
from jamjae.models.likelihoods import Learned
from jamjae.models.plan import Plan, Seeds
from jamjae.models.samples import Sampling, Span, encoder_hash
from jamjae.models.trainable import TrainableModel

CERTAIN = 3.0  # standard errors by which a bound must be worse to count as worse
ACTIVE = 0.01  # variance of a component's means from which it is used (Burda et al. 2016)
LEAST_NOISE = 1e-4  # of the data's standard deviation


class ProbabilisticModel(TrainableModel):
    """Train a network of distributions of codes, which begins as probabilistic PCA.

    A subclass has these parameters, beside those of every trained model.
    """

    beta: float
    likelihood: str
    noise: str | float
    missing: str
    posterior_: keras.Model
    noise_: float
    elbo_: float
    baseline_elbo_: float
    active_components_: np.ndarray
    loss, guide, guide_weight, corruption = "mse", None, 1.0, None  # that it does not have
    outputs_per_component, has_prior = 2, True

    # --- before training --------------------------------------------------------------------

    def _build(
        self, rows: Array, known: np.ndarray | None, seeds: Seeds, processes: Processes
    ) -> Pair:
        if plan.own(self):
            pair = super()._build(rows, known, seeds, processes)
            self.posterior_ = variational.with_posterior(pair.encoder)
            return variational.with_means(pair, self.likelihood)
        self.posterior_ = variational.posterior_of(self.encoder)
        pair = custom_networks.given(
            variational.means(self.posterior_), self.decoder, rows.shape[1:]
        )
        keras_bridge.require_finite(self.posterior_, "encoder")
        return pair

    def _choose_scaling(self, rows: Array, pair: Pair, processes: Processes) -> Scaling:
        with processes.together():
            likelihoods.require_values(self, rows)
        if self.likelihood == "gaussian":
            return super()._choose_scaling(rows, pair, processes)
        return likelihoods.scaling(self.likelihood, rows, self.baseline_)

    def _begin(self, data: Rows, seeds: Seeds, processes: Processes) -> None:
        super()._begin(data, seeds, processes)
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

    def _plan(self, rows: Rows, seeds: Seeds, place: Placement) -> Plan:
        made = super()._plan(rows, seeds, place)
        recipe = made.recipe._replace(variational=Variational(self.likelihood, float(self.beta)))
        return made._replace(
            recipe=recipe, sound=training.Sound(np.inf), baseline=None, promised=False
        )

    # --- after training ---------------------------------------------------------------------

    def _store(self, task: Task, progress: training.Progress) -> Self:
        self._take_noise(progress.best)
        return super()._store(task, progress)

    def _store_part(self, rows: Array, progress: training.Progress, place: Placement) -> None:
        self._take_noise(progress.state)
        super()._store_part(rows, progress, place)
        self.baseline_elbo_ = self._baseline_elbo()
        self.elbo_ = self._mean_elbo(rows, None, place.processes)[0]
        self._describe_codes(rows, place.processes)

    def _take_noise(self, state: training.TrainState) -> None:
        if self.noise == "learned":
            self.noise_ = float(np.exp(state.params["likelihood"][0]) * self.scale_)

    def _evaluate(self, data: Rows, made: Plan, processes: Processes) -> None:
        """Measure bound and error on the training rows, and fall back to probabilistic PCA."""
        rows, known = data["x"], missing.relative(data, processes)
        self.baseline_elbo_ = self._baseline_elbo()
        self.elbo_, doubt = self._mean_elbo(rows, known, processes)
        falls_back = plan.begins_as_pca(self) and not math.isnan(self.baseline_elbo_)
        diverged = not np.isfinite(self.elbo_)
        if diverged and not falls_back:
            raise TrainingDiverged(
                "Training diverged: the bound of the log likelihood is no longer finite. The "
                f"likely cause is the learning rate (peak {made.peak:g}); try "
                f'{made.peak / 10:g} or learning_rate="auto".'
            )
        below = self.beta == 1.0 and self.elbo_ < self.baseline_elbo_ - CERTAIN * doubt
        if falls_back and (diverged or below):
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
        self.reconstruction_error_ = self._error(rows, weights=known, processes=processes)
        self._describe_codes(rows, processes)

    def _describe_codes(self, rows: Array, processes: Processes) -> None:
        """Find the components that are used, and let the prior be the density of codes."""
        n, _, variances = processes.moments(self._encode(rows))
        self.active_components_ = variances > ACTIVE
        self._report_collapse()
        self.density_ = Prior().fit(np.zeros((n, self.n_components_)))
        span = Span.of(rows, rows, self.dtype_).over(processes)
        self.sampling_ = Sampling(span, encoder_hash(self))

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

    def _mean_elbo(
        self, rows: Array, known: np.ndarray | None, processes: Processes
    ) -> tuple[float, float]:
        """Give the mean bound of rows and its standard error."""
        bounds = np.concatenate(list(self._bounds(rows, 1, 0)))
        n, mean, variance = processes.moments(bounds)
        if known is not None:
            weighted, total = processes.total([known @ bounds, known.sum()])
            mean = weighted / total
        return float(mean), math.sqrt(float(variance) / n)

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
            values = likelihoods.Values.of(self, some)
            bound = likelihoods.importance_bound if weighted else likelihoods.elbo
            yield bound(values, self._decode, mean, deviation, n_samples, rng)

    # --- in a model file --------------------------------------------------------------------

    @property
    def _code_units(self) -> tuple[float, Any]:
        deviations = np.where(self.baseline_.usable, self.baseline_.deviations, np.inf)
        return 1.0, deviations

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
        active = tuple(map(bool, self.active_components_))
        return Learned(self.noise_, self.elbo_, self.baseline_elbo_, active).to_dict()

    def _restore_described(self, described: Any) -> None:
        found = Learned.from_dict(described)
        self.noise_, self.elbo_, self.baseline_elbo_ = found[:3]
        self.active_components_ = np.array(found.active)
