"""The objective of variational autoencoders, and what their networks have beyond others.

The encoder of such a model gives a normal distribution of codes for each row: ``[mean, log
variance]``, an array of (n, 2·k). A code is drawn from it and decoded to the mean of a likelihood:

    -ELBO = E[-log p(x | z)] + β·KL(N(mean, variance) ‖ N(0, 1)).

All terms are in nats per value of a row.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
from jax.scipy.special import gammaln
from keras import layers, ops

from jamjae.engine.architectures import ANCHOR, LAST, LAST_AXIS, LOG_VARIANCE, Pair, ending_in
from jamjae.engine.column_outputs import STEEP, log_positive
from jamjae.engine.objectives import Batch, Pass, Term, row_weight
from jamjae.errors import InvalidNetworkError

LIKELIHOODS = ("gaussian", "bernoulli", "poisson")
POSTERIOR = "posterior"
WIDEST = 20.0  # log variance, of either sign
LEAST = 1e-6  # probability or rate, so that logarithms stay finite


class Variational(NamedTuple):
    """What a variational autoencoder minimizes.

    Attributes
    ----------
    likelihood : {"gaussian", "bernoulli", "poisson"}
    beta : float
        Weight of the divergence of the codes' distribution from the prior.
    """

    likelihood: str
    beta: float


# --- the objective --------------------------------------------------------------------------


def drawn(posterior: jax.Array, key: jax.Array) -> jax.Array:
    """Draw codes (b, k) of their distributions (b, 2·k): ``mean + deviation·ε``."""
    mean, log_variance = split(posterior)
    return mean + jnp.exp(log_variance / 2.0) * jax.random.normal(key, mean.shape)


def split(posterior: Any) -> tuple[Any, Any]:
    """Give the means and the log variances (n, k)."""
    k = posterior.shape[1] // 2
    return posterior[:, :k], posterior[:, k:].clip(-WIDEST, WIDEST)


def terms(settings: Variational) -> list[Term]:
    """Give the two terms of the objective."""
    likelihood = {"gaussian": _gaussian, "bernoulli": _bernoulli, "poisson": _poisson}
    cost = likelihood[settings.likelihood]
    return [
        Term("reconstruction", 1.0, lambda made, batch: cost(made, batch) * row_weight(batch)),
        Term("divergence", settings.beta, lambda made, batch: _kl(made) * row_weight(batch)),
    ]


def _kl(made: Pass) -> jax.Array:
    mean, log_variance = split(made.code)
    rest = jnp.square(mean) + jnp.exp(log_variance) - log_variance - 1.0
    return 0.5 * rest.sum(axis=1) / made.target.shape[1]


def _gaussian(made: Pass, batch: Batch) -> jax.Array:
    log_noise, d = _of_likelihood(made)[0], made.target.shape[1]
    observed = batch["observed"].reshape(-1, d).sum(axis=1) if "observed" in batch else d
    squared = jnp.square(made.output - made.target).sum(axis=1) * jnp.exp(-2.0 * log_noise)
    return (squared / 2.0 + observed * (log_noise + math.log(2.0 * math.pi) / 2.0)) / d


def _bernoulli(made: Pass, batch: Batch) -> jax.Array:
    p = jnp.clip(made.output, LEAST, 1.0 - LEAST)
    nats = -(made.target * jnp.log(p) + (1.0 - made.target) * jnp.log1p(-p))
    return _observed(nats, batch).mean(axis=1)


def _poisson(made: Pass, batch: Batch) -> jax.Array:
    unit = _of_likelihood(made)[1]
    counts, rate = made.target * unit, jnp.maximum(made.output * unit, LEAST)
    nats = rate - counts * jnp.log(rate) + gammaln(counts + 1.0)
    return _observed(nats, batch).mean(axis=1)


def _observed(nats: jax.Array, batch: Batch) -> jax.Array:
    return (
        jnp.where(batch["observed"].reshape(nats.shape), nats, 0) if "observed" in batch else nats
    )


def _of_likelihood(made: Pass) -> tuple[jax.Array, jax.Array]:
    """Give the logarithm of the noise and the unit of counts."""
    trained, kept = made.params["likelihood"], made.buffers["likelihood"]
    return (trained or kept)[0], kept[-1]


# --- layers ---------------------------------------------------------------------------------


class Likelihood(layers.Layer):
    """What a likelihood has beside its mean: the standard deviation of noise, the unit of counts.

    Parameters
    ----------
    learned : bool
        Whether the noise is.
    """

    def __init__(self, *, learned: bool) -> None:
        super().__init__()
        self.learned = learned
        self.log_noise = self.add_weight((), "zeros", trainable=learned, name="log_noise")
        self.unit = self.add_weight((), "ones", trainable=False, name="unit")
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return whether the noise is learned."""
        return {"learned": self.learned}


@keras.saving.register_keras_serializable(package="jamjae")
class LikelihoodMean(layers.Layer):
    """Make the mean of a likelihood of a linear output that would be the mean itself.

    Probabilities of ``"bernoulli"`` are ``s(u) / (s(u) + s(1 - u))`` with ``s(u) = log(1 +
    exp(10·u)) / 10``, rates of ``"poisson"`` are ``s(u)``.

    Parameters
    ----------
    likelihood : {"bernoulli", "poisson"}
    """

    def __init__(self, likelihood: str, **options: Any) -> None:
        super().__init__(**options)
        if likelihood not in LIKELIHOODS[1:]:
            raise ValueError(
                f"LikelihoodMean received {likelihood!r}; bernoulli or poisson expected"
            )
        self.likelihood = likelihood

    def call(self, inputs: Any) -> Any:
        """Compute means of linear outputs."""
        if self.likelihood == "bernoulli":
            return ops.sigmoid(log_positive(inputs) - log_positive(1.0 - inputs))
        return ops.softplus(STEEP * inputs) / STEEP

    def get_config(self) -> dict[str, Any]:
        """Return the likelihood."""
        return {**super().get_config(), "likelihood": self.likelihood}


# --- networks -------------------------------------------------------------------------------


def with_posterior(encoder: keras.Model) -> keras.Model:
    """Let an encoder that jamjae built give log variances, too, from its last hidden layer.

    Returns
    -------
    keras.Model
        It shares the layers of the encoder, which gives the means.
    """
    names = {layer.name for layer in encoder.layers}
    hidden = encoder.get_layer(LAST if LAST in names else ANCHOR).input
    k = encoder.output_shape[-1]
    log_variance = layers.Dense(k, kernel_initializer="zeros", name=LOG_VARIANCE)(hidden)
    return _joined(encoder.inputs[0], [encoder.outputs[0], log_variance])


def posterior_of(encoder: Any) -> keras.Model:
    """Make one output of a user's encoder with two: means and log variances.

    Further outputs, such as a sampled code, are left out.

    Raises
    ------
    InvalidNetworkError
        It has one output, or its first two have different sizes.
    """
    outputs = list(getattr(encoder, "outputs", None) or [])
    sizes = [math.prod(side or 0 for side in output.shape[1:]) for output in outputs[:2]]
    if len(sizes) < 2 or sizes[0] != sizes[1] or not sizes[0]:
        raise InvalidNetworkError(
            "VariationalAutoencoder expects an encoder= with two outputs of one size, the mean and "
            "the log variance of a code: keras.Model(x, [mean, log_variance]). It received "
            f"{encoder if not isinstance(encoder, keras.Model) else [o.shape for o in outputs]!r}."
        )
    parts = [o if len(o.shape) == 2 else layers.Flatten(LAST_AXIS)(o) for o in outputs[:2]]
    return _joined(encoder.inputs[0], parts)


def _joined(x: Any, parts: list[Any]) -> keras.Model:
    return keras.Model(x, layers.Concatenate(name=POSTERIOR)(parts), name="encoder")


def means(posterior: keras.Model) -> keras.Model:
    """Give the network of the means, which shares the layers of a posterior.

    Raises
    ------
    InvalidNetworkError
        It is not as `with_posterior` and `posterior_of` make it.
    """
    last = posterior.layers[-1]
    if not isinstance(last, layers.Concatenate) or len(last.input) != 2:
        raise InvalidNetworkError("The encoder does not end in means and log variances.")
    return keras.Model(posterior.inputs[0], last.input[0], name="encoder")


def with_means(pair: Pair, likelihood: str) -> Pair:
    """Let a decoder that jamjae built end in the mean of a likelihood."""
    if likelihood == "gaussian":
        return pair
    return ending_in(pair, LikelihoodMean(likelihood, name="mean"))
