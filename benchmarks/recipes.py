"""The networks that every library trains, written down once, and the data they learn from.

Every layer is followed by ELU; the loss is the mean squared error, the optimizer RMSprop with
Keras's defaults (rate 0.001, decay 0.9, epsilon 1e-7), and weights start as Glorot & Bengio (2010)
draw them: the recipe of the course's chapter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

RATE, DECAY, EPSILON = 1e-3, 0.9, 1e-7


class Dense(NamedTuple):
    units: int


class Conv(NamedTuple):
    """Windows of `size` pixels; with a stride of two, padded so that a side is halved."""

    filters: int
    size: int = 3
    stride: int = 1
    same: bool = False


class Transposed(NamedTuple):
    """The same, backwards."""

    filters: int
    size: int = 3
    stride: int = 1
    same: bool = False


class Flatten(NamedTuple):
    pass


class Reshape(NamedTuple):
    shape: tuple[int, ...]


Layer = Dense | Conv | Transposed | Flatten | Reshape


class Recipe(NamedTuple):
    """A network, and how many rows of data show its pace.

    Attributes
    ----------
    shape : tuple
        One row: (d,) or (h, w, c).
    encoder, decoder : tuple of Layer
    rows : callable
        From a number to so many rows of data, float32.
    n : int
        Rows of an epoch in which steps are timed.
    """

    name: str
    shape: tuple[int, ...]
    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]
    rows: Callable[[int], np.ndarray]
    n: int


def _roll(n: int) -> np.ndarray:
    from jamjae.data.catalog import make_roll

    return make_roll(n, random_state=0).X.astype(np.float32)


def _digits(n: int) -> np.ndarray:
    from sklearn.datasets import load_digits

    return (load_digits().data[:n] / 16).astype(np.float32)


def clothes_8bit(n: int, part: str = "train") -> np.ndarray:
    from jamjae.data.catalog import fetch_fashion_mnist

    return fetch_fashion_mnist(part).X[:n]


def clothes(n: int, part: str = "train") -> np.ndarray:
    return (clothes_8bit(n, part) / 255).astype(np.float32)


def _photographs(n: int) -> np.ndarray:
    """Smooth random colors: the pace does not depend on what is seen."""
    coarse = np.random.RandomState(0).rand(n, 7, 7, 3).astype(np.float32)
    return coarse.repeat(9, axis=1).repeat(9, axis=2)


def _table(n: int) -> np.ndarray:
    """32 features that are a curved function of four."""
    rng = np.random.RandomState(0)
    hidden = rng.randn(n, 4).astype(np.float32)
    return np.tanh(hidden @ rng.randn(4, 32).astype(np.float32))


def images(side: int) -> Recipe:
    """Halve squares twice, whatever their side."""
    grid = (side // 4, side // 4, 16)

    def rows(n: int) -> np.ndarray:
        coarse = np.random.RandomState(0).rand(n, side // 4, side // 4, 1).astype(np.float32)
        return coarse.repeat(4, axis=1).repeat(4, axis=2)

    return Recipe(
        f"images of {side} x {side}",
        (side, side, 1),
        (Conv(16, 3, 2, same=True), Conv(16, 3, 2, same=True), Flatten(), Dense(64)),
        (
            Dense(math.prod(grid)),
            Reshape(grid),
            Transposed(16, 3, 2, same=True),
            Transposed(1, 3, 2, same=True),
        ),
        rows,
        256,
    )


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("LAB 12-1, roll", (3,), (Dense(2),), (Dense(3),), _roll, 1500),
        Recipe(
            "LAB 12-3, MLP",
            (784,),
            (Dense(64), Dense(64), Dense(64)),
            (Dense(64), Dense(64), Dense(784)),
            lambda n: clothes(n).reshape(n, 784),
            9600,
        ),
        Recipe(
            "LAB 12-3, CNN",
            (28, 28, 1),
            (Conv(16), Conv(16), Flatten(), Dense(64)),
            (Dense(9216), Reshape((24, 24, 16)), Transposed(16), Transposed(1)),
            lambda n: clothes(n)[..., None],
            1536,
        ),
        Recipe(
            "A2, photographs",
            (63, 63, 3),
            (Conv(16, 3, 3), Conv(8), Flatten(), Dense(1024)),
            (Dense(2888), Reshape((19, 19, 8)), Transposed(16), Transposed(3, 3, 3)),
            _photographs,
            512,
        ),
        Recipe(
            "digits",
            (64,),
            (Dense(32), Dense(16)),
            (Dense(32), Dense(64)),
            _digits,
            1797,
        ),
        Recipe("table", (32,), (Dense(64), Dense(8)), (Dense(64), Dense(32)), _table, 10_000),
        *(images(side) for side in (28, 64, 128, 256)),
    )
}
