"""Rows and settings of the comparisons that tests make."""

from __future__ import annotations

import keras
from sklearn.datasets import load_iris

from jamjae import load_digits

X, Y = load_iris(return_X_y=True)
DIGITS = load_digits()
QUICK = {"seeds": 1, "test_size": 0.3}
CLASSICAL = ["pca", "kernel-pca", "lle", "isomap", "tsne"]


def row(found, method, seed=0, size=2):
    return next(
        r for r in found.rows if (r["method"], r["seed"], r["n_components"]) == (method, seed, size)
    )


def pair(k=2):
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(k)])
    decoder = keras.Sequential([keras.Input((k,)), keras.layers.Dense(4)])
    return encoder, decoder
