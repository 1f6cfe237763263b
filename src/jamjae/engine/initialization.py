"""The first weights of jamjae's own networks, and the scale of their codes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from jamjae.data.preprocessing import Scaling
from jamjae.data.table_encoder import Shares
from jamjae.engine.architectures import ANCHOR, FIRST, LAST, LOG_VARIANCE, Pair, Shape
from jamjae.engine.column_outputs import ColumnOutputs
from jamjae.engine.pca import Principal

SMALLEST = 1e-8  # variance of a code that has the prior's of 1


def start(
    pair: Pair,
    principal: Principal | None,
    scaling: Scaling,
    rng: np.random.RandomState,
    shares: Shares | None = None,
) -> None:
    """Set the initial weights of a pair that jamjae built.

    Hidden layers are drawn as Glorot & Bengio (2010) do; with `principal` the linear paths become
    PCA's and the last layers zero. The output of the columns of `shares` begins as the
    probabilities that come nearest.
    """
    for model in pair:
        for layer in model.layers:
            if isinstance(layer, ColumnOutputs) and shares is not None:
                offset = np.ravel(scaling.offset)
                layer.set_weights(
                    [shares.factor * scaling.scale, shares.shift + offset * shares.factor]
                )
            elif layer.weights and (principal is None or layer.name != ANCHOR):
                zero = principal is not None and layer.name == LAST
                layer.set_weights([drawn(w.shape, rng, zero) for w in layer.weights])
    if principal is not None:
        for model, weights in zip(pair, _anchors(principal, scaling), strict=True):
            model.get_layer(ANCHOR).set_weights(weights)


def start_probabilistic(
    pair: Pair, posterior: keras.Model, principal: Principal, noise: float
) -> None:
    """Turn a pair that started as PCA into probabilistic PCA (Tipping & Bishop 1999).

    Its codes have the prior N(0, 1): with the eigenvalues λ of the covariance and the variance σ²
    of the rest, the code of a row has along each direction the mean ``√(λ - σ²)/λ·(x - mean)`` and
    the variance ``σ²/λ``, and is decoded by ``√(λ - σ²)``.

    Parameters
    ----------
    pair : Pair
    posterior : keras.Model
        It shares the encoder's layers, and has one of log variances.
    principal : Principal
    noise : float
        The standard deviation σ, in the units of the data.
    """
    used = principal.usable & (principal.deviations > noise)
    share = np.divide(
        noise, principal.deviations, out=np.ones_like(principal.deviations), where=used
    )
    share = np.square(share)  # σ²/λ
    factors = np.sqrt(1.0 - share)
    encode = pair.encoder.get_layer(ANCHOR)
    encode.set_weights([weights * factors for weights in encode.get_weights()])
    decode = pair.decoder.get_layer(ANCHOR)
    kernel, bias = decode.get_weights()
    decode.set_weights([kernel * factors[:, None], bias])
    spread = posterior.get_layer(LOG_VARIANCE)
    kernel, _ = spread.get_weights()
    spread.set_weights([np.zeros_like(kernel), np.log(np.maximum(share, SMALLEST))])


def start_quantized(
    pair: Pair, principal: Principal, step: float, rng: np.random.RandomState
) -> None:
    """Let a pair that started as PCA give codes in steps of quantization.

    Parameters
    ----------
    pair : Pair
    principal : Principal
    step : float
        In the units of the data, the same for each component.
    rng : RandomState
        For the first layer of the decoder, so that components below a step count for little.
    """
    scale_codes(pair, np.where(principal.usable, principal.deviations, 1.0) / step)
    for layer in pair.decoder.layers:
        if layer.name == FIRST:
            kernel, bias = layer.get_weights()
            layer.set_weights([drawn(kernel.shape, rng, zero=False) / 2.0, bias])


def scale_codes(pair: Pair, factors: np.ndarray) -> None:
    """Multiply the codes (n, k) of a pair that jamjae built by `factors` (k,).

    Its reconstructions stay the same.
    """
    for layer in pair.encoder.layers:
        if layer.name in (ANCHOR, LAST):  # whose sum is the code
            layer.set_weights([weights * factors for weights in layer.get_weights()])
    for layer in pair.decoder.layers:
        if layer.name in (ANCHOR, FIRST):  # which take it
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel / factors[:, None], bias])


@contextmanager
def whitened(pair: Pair, factors: np.ndarray | None, *, already: bool) -> Iterator[None]:
    """Train a pair that jamjae built with codes of variance one, then return to PCA's units.

    Learning wants the former; the distances between codes mean something in the latter, in the
    units of the data.

    Parameters
    ----------
    pair : Pair
    factors : array of shape (k,) or None
        What codes of variance one are multiplied by; None leaves codes as they are.
    already : bool
        Whether the networks are as `start` made them.
    """
    if factors is None:
        yield
        return
    if not already:
        scale_codes(pair, 1.0 / factors)
    try:
        yield
    finally:
        scale_codes(pair, factors)


def drawn(shape: Shape, rng: np.random.RandomState, zero: bool) -> np.ndarray:
    """Draw the weights of a layer as Glorot & Bengio (2010) do; zeros for a bias, or if asked."""
    if zero or len(shape) < 2:
        return np.zeros(shape, dtype=np.float32)
    field = math.prod(shape[:-2])
    limit = math.sqrt(6.0 / (field * (shape[-2] + shape[-1])))
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def _anchors(principal: Principal, scaling: Scaling) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Kernel and bias of x_s·E + b and of z·D + c, where x = x_s·scale + offset."""
    used = principal.usable
    inverse = np.divide(1.0, principal.deviations, out=np.zeros_like(used, float), where=used)
    shift = np.ravel(principal.mean - np.ravel(scaling.offset))
    encode = principal.components * inverse[:, None]  # (k, d)
    decode = principal.components * (principal.deviations * used)[:, None]  # (k, d)
    return (
        [encode.T * scaling.scale, -encode @ shift],
        [decode / scaling.scale, shift / scaling.scale],
    )
