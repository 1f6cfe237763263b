"""Learning to predict a value from those around it.

A value v is the usual one, v0, with probability sigmoid(-a), and else follows a logistic
distribution of location m and scale s, rounded to whole numbers and cut at the ends of the range.
The loss is the code length in bits,

    -log2 P(v) = log2(1 + e^a)                                      if v = v0,
                 log2(1 + e^-a) - log2(F((v + .5 - m)/s) - F((v - .5 - m)/s))   otherwise,

with the logistic function F (as PixelCNN++ has it: Salimans et al. 2017).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

LOCATION, SCALE, FLAG = 16.0, 1.0, 4.0  # by which outputs are multiplied
LOG_SCALE = 1.5  # where the network begins
LEAST_SCALE, LARGEST_SCALE = -2.5, 4.5  # logarithms
TINY = 1e-6  # a probability; keeps the loss finite
INPUT = 64.0  # by which values are divided
RATE, BETAS = 3e-3, (0.9, 0.99)


class Batch(NamedTuple):
    """Values to predict, and what is known of each."""

    inputs: np.ndarray  # (d, n) of whole numbers
    place: np.ndarray  # (n, 2): rows and columns
    base: np.ndarray  # (n,), to which the location is added
    values: np.ndarray  # (n,)


class Learned(NamedTuple):
    """A network of real numbers: three layers, and biases of the first one by place."""

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    places: list[np.ndarray]


def learn(
    draw: Callable[[np.random.RandomState], Batch],
    places: tuple[int, int],
    widths: tuple[int, int],
    *,
    usual: int,
    largest: int,
    steps: int,
    rng: np.random.RandomState,
    report: Callable[[float], object] = lambda _: None,
) -> Learned:
    """Minimize the mean code length by Adam, whose rate falls along a quarter of a cosine.

    Parameters
    ----------
    draw : callable
        Gives a batch.
    places : pair of int
        Numbers of rows and of columns that have a bias of their own.
    widths : pair of int
        Of the hidden layers.
    usual, largest : int
        v0, and the upper end of the range.
    steps : int
    rng : RandomState
    report : callable
        Is called with the share that is done, from 0 to 1, after each step.
    """
    first = draw(rng)
    net = _start(len(first.inputs), places, widths, rng)
    flat = [*net.weights, *net.biases, *net.places]
    means = [np.zeros_like(one) for one in flat]
    squares = [np.zeros_like(one) for one in flat]
    for step in range(1, steps + 1):
        rate = RATE * np.cos(np.pi / 2 * (step - 1) / steps) / (1 - BETAS[0] ** step)
        slopes = _slopes(net, draw(rng), usual, largest)
        for i, slope in enumerate(slopes):
            means[i] += (1 - BETAS[0]) * (slope - means[i])
            squares[i] += (1 - BETAS[1]) * (slope * slope - squares[i])
            flat[i] -= rate * means[i] / (np.sqrt(squares[i] / (1 - BETAS[1] ** step)) + 1e-8)
        report(step / steps)
    return net


def _start(
    d: int, places: tuple[int, int], widths: tuple[int, int], rng: np.random.RandomState
) -> Learned:
    sizes = (d, *widths, 3)
    weights = [
        (rng.normal(size=(a, b)) * np.sqrt(2.0 / a)).astype(np.float32)
        for a, b in itertools.pairwise(sizes)
    ]
    weights[2] *= 0.1
    zeros = [np.zeros(b, np.float32) for b in sizes[2:]]
    return Learned(weights, zeros, [np.zeros((n, widths[0]), np.float32) for n in places])


def _slopes(net: Learned, batch: Batch, usual: int, largest: int) -> list[np.ndarray]:
    """Give the gradient of the mean loss with respect to every part."""
    x = (batch.inputs.T / INPUT).astype(np.float32)
    row, column = batch.place.T
    h1 = np.maximum(x @ net.weights[0] + net.places[0][row] + net.places[1][column], 0)
    h2 = np.maximum(h1 @ net.weights[1] + net.biases[0], 0)
    out = h2 @ net.weights[2] + net.biases[1]
    d_out = _loss_slopes(out, batch, usual, largest) / len(x)
    d_h2 = (d_out @ net.weights[2].T) * (h2 > 0)
    d_h1 = (d_h2 @ net.weights[1].T) * (h1 > 0)
    d_places = [np.zeros_like(one) for one in net.places]
    for slope, where in zip(d_places, (row, column), strict=True):
        one_hot = np.zeros((len(slope), len(x)), np.float32)
        one_hot[where, np.arange(len(x))] = 1
        slope[:] = one_hot @ d_h1
    d_weights = [x.T @ d_h1, h1.T @ d_h2, h2.T @ d_out]
    return [*d_weights, d_h2.sum(axis=0), d_out.sum(axis=0), *d_places]


def _loss_slopes(out: np.ndarray, batch: Batch, usual: int, largest: int) -> np.ndarray:
    location = batch.base + LOCATION * out[:, 0]
    log_scale = np.clip(SCALE * out[:, 1] + LOG_SCALE, LEAST_SCALE, LARGEST_SCALE)
    inside = log_scale == SCALE * out[:, 1] + LOG_SCALE
    flagged = batch.values == usual
    per = np.exp(-log_scale)
    high, low = ((batch.values + half - location) * per for half in (0.5, -0.5))
    above, below = batch.values >= largest, batch.values <= 0
    f_high, f_low = np.where(above, 1.0, _logistic(high)), np.where(below, 0.0, _logistic(low))
    share = -1.0 / (f_high - f_low + TINY)
    at_high = np.where(above, 0.0, share * f_high * (1 - f_high))
    at_low = np.where(below, 0.0, -share * f_low * (1 - f_low))
    other = ~flagged
    slopes = np.empty_like(out)
    slopes[:, 0] = other * -per * (at_high + at_low) * LOCATION
    slopes[:, 1] = other * inside * -(at_high * high + at_low * low) * SCALE
    sure = _logistic(FLAG * out[:, 2])  # that it is not the usual value
    slopes[:, 2] = (sure - other) * FLAG
    return slopes


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -60, 60)))
