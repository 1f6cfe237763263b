"""How a codec's codes are rounded: the first step by PCA, and the last one by what is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from jamjae.engine.pca import Principal
from jamjae.latent.codec import Tables, prior
from jamjae.latent.codec.prior import Prior
from jamjae.latent.codec.weights import Matrix

MOST_COMPONENTS = 512  # that are considered
USED = 0.4  # steps that the deviation of a component exceeds if it is worth a place in the code
FEWER_BITS, LESS_ERROR = 0.75, 0.6  # of PCA's with the same step: what networks usually reach
BITS_OVER_ENTROPY = math.log2(2.0 * math.pi * math.e) / 2.0
STEPS_SEARCHED = 40  # of a bisection
FINE = 0.01  # error that rounding adds below which it counts for nothing, relative
COARSE = 0.1  # error that rounding adds where what is wanted cannot be reached, relative
TRADEOFF = 20.0  # times one over the square of the step
LEVELS = tuple(2.0**power for power in range(1, 13))  # root mean square of rounded weights
BIAS_LEVELS = 1024.0
ADDED_ERROR = 0.003  # relative, by rounding weights
FARTHEST = 8.0  # that the last step is from the step of training, as a factor
NEARER = 8.0  # of a second search, to which the first one is so much wider
HALVINGS = 9


class Wanted(NamedTuple):
    """What a codec is to reach; one of the two is NaN.

    Attributes
    ----------
    bits : float
        Of a row, on average.
    error : float
        Mean squared error of a value, in the units of the data.
    """

    bits: float = math.nan
    error: float = math.nan


def first_step(principal: Principal, wanted: Wanted, *, trained: bool = True) -> float:
    """Choose the step in which codes are rounded at first, in the units of the data.

    By what PCA with ideal coding of normal components needs, less what training usually saves.
    """
    fewer, less = (FEWER_BITS, LESS_ERROR) if trained else (1.0, 1.0)
    deviations = principal.deviations[principal.usable & (principal.deviations > 0)]
    if not len(deviations):
        return 1.0
    d, reached = len(principal.mean), less * principal.error
    error = max(wanted.error, reached + COARSE * reached)  # NaN stays the first of the two
    low, high = math.log(deviations[0]) - 12.0, math.log(deviations[0]) + 2.0
    for _ in range(STEPS_SEARCHED):
        step = math.exp((low + high) / 2.0)
        lost = np.minimum(np.square(deviations), step**2 / 12.0).sum()
        if math.isnan(wanted.error):
            bits = np.log2(deviations / step) + BITS_OVER_ENTROPY
            short = fewer * np.maximum(bits, 0.0).sum() < wanted.bits
            finer = short and lost / d > FINE * principal.error  # else more bits are of no use
        else:
            finer = less * (principal.error + lost / d) > error
        low, high = (low, (low + high) / 2.0) if finer else ((low + high) / 2.0, high)
    return math.exp((low + high) / 2.0)


def first(principal: Principal, k: int) -> Principal:
    """Give the first k components alone."""
    left = float(np.square(principal.deviations[k:]).sum()) / len(principal.mean)
    return principal._replace(
        components=principal.components[:k],
        deviations=principal.deviations[:k],
        error=principal.error + left,
    )


def components(principal: Principal, step: float) -> int:
    """Give the number of components that a step leaves more than noise of."""
    used = principal.usable & (principal.deviations > USED * step)
    return max(int(used.sum()), 1)


def round_weights(
    decoder: keras.Model, error: Callable[[], float], wanted: float = math.nan
) -> tuple[int, ...]:
    """Round a network's weights, in place, to as few levels as leave the error about as it is.

    Parameters
    ----------
    decoder : keras.Model
    error : callable
        Gives the error with the weights that the decoder has.
    wanted : float
        The error that is wanted after all rounding; NaN if none is.

    Returns
    -------
    tuple of int
        Binary places of each array of weights.
    """
    exact = decoder.get_weights()
    allowed = (1.0 + ADDED_ERROR) * error()
    allowed = np.fmax(allowed, ADDED_ERROR * wanted)
    for levels in LEVELS:
        made = [Matrix.of(one, levels if one.ndim > 1 else BIAS_LEVELS) for one in exact]
        decoder.set_weights([one.weights.astype(np.float32) for one in made])
        if error() <= allowed:
            break
    return tuple(one.places for one in made)


class Codes(NamedTuple):
    """Codes of rows before they are rounded, and what to compare their reconstructions with.

    Attributes
    ----------
    codes : float array of shape (n, k)
        In steps of training.
    error : callable
        Gives the mean squared error of codes (n, k) in the units of the data.
    """

    codes: np.ndarray
    error: Callable[[np.ndarray], float]

    def symbols(self, learned: Prior) -> np.ndarray:
        """Round to the steps of a prior."""
        return np.rint(self.codes / learned.step.ratio).astype(np.int32)

    def error_at(self, learned: Prior) -> float:
        """Give the error after rounding to the steps of a prior."""
        return self.error(self.symbols(learned) * learned.step.ratio)


class Rounding(NamedTuple):
    """A prior at its step, its tables, and what they reach.

    Attributes
    ----------
    prior : Prior
    tables : Tables
    bits : float
        Ideal length of a row's code, on average.
    error : float
        Mean squared error of a value, in the units of the data.
    """

    prior: Prior
    tables: Tables
    bits: float
    error: float


def settled(learned: Prior, training: Codes, evaluated: Codes, wanted: Wanted) -> Rounding:
    """Find the step at which evaluated rows have the bits or the error that is wanted.

    Parameters
    ----------
    learned : Prior
    training : Codes
        Whose symbols the tables are made of.
    evaluated : Codes
    wanted : Wanted
    """
    unrounded = evaluated.error(evaluated.codes)
    if unrounded > wanted.error:  # no step reaches it
        wanted = Wanted(error=(1.0 + COARSE) * unrounded)
    ratio, reach = 1.0, math.log(FARTHEST)
    for _ in range(2):  # as tables made at the step that is found code better
        tables = made_of(learned.at(ratio), training.symbols(learned.at(ratio)))
        ratio = _ratio(learned, tables, evaluated, wanted, (math.log(ratio) - reach, reach * 2.0))
        reach /= NEARER
    last = learned.at(ratio)
    tables = made_of(last, training.symbols(last))
    found = bits(last, tables, evaluated.symbols(last))
    return Rounding(last, tables, found, evaluated.error_at(last))


def _ratio(
    learned: Prior, tables: Tables, evaluated: Codes, wanted: Wanted, span: tuple[float, float]
) -> float:
    """Search a step over the one of training, in a span of its logarithm: (start, width)."""

    def too_coarse(ratio: float) -> bool:
        now = learned.at(ratio)
        if math.isnan(wanted.bits):
            return evaluated.error_at(now) > wanted.error
        return bits(now, tables, evaluated.symbols(now)) < wanted.bits

    low, high = span[0], span[0] + span[1]
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if too_coarse(math.exp(middle)) else (middle, high)
    return math.exp(high if math.isnan(wanted.error) else low)  # no more than what is wanted


def made_of(learned: Prior, symbols: np.ndarray) -> Tables:
    """Make the tables of a prior that fit symbols (n, k) best."""
    index, rest = _placed(learned, symbols)
    return prior.tables(index.ravel(), rest.ravel())


def bits(learned: Prior, tables: Tables, symbols: np.ndarray) -> float:
    """Give the mean bits of codes (n, k)."""
    index, rest = _placed(learned, symbols)
    return float(tables.bits(index.ravel(), rest.ravel()).sum() / len(symbols))


def bits_of_rows(learned: Prior, tables: Tables, symbols: np.ndarray) -> np.ndarray:
    """Give the bits of each code (n, k)."""
    index, rest = _placed(learned, symbols)
    lengths: np.ndarray = tables.bits(index.ravel(), rest.ravel()).reshape(index.shape)
    return lengths.sum(axis=1)


def _placed(learned: Prior, symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the table of each symbol, and the symbols less their shifts."""
    contexts = learned.contexts()
    found = [contexts.at(j, symbols[:, :j]) for j in range(symbols.shape[1])]
    index, shift = (np.stack(part, axis=1) for part in zip(*found, strict=True))
    return index, symbols - shift


def independent(deviations: np.ndarray) -> Prior:
    """Make a prior of independent components (k,), whose deviations are in steps."""
    k = len(deviations)
    scales = np.log(np.maximum(deviations, 0.05) * math.sqrt(3.0) / math.pi)
    nothing = np.zeros((k, 0)), np.zeros(0), np.zeros((0, 2 * k))
    return Prior.of(np.zeros(0, np.int64), *nothing, np.zeros(k), scales)
