"""Keras on TensorFlow: `fit` and `predict` as the chapter's notebooks call them."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from benchmarks.recipes import DECAY, EPSILON, RATE
from benchmarks.rivals import keras_models

PACKAGES = ("tensorflow_cpu", "keras")


class Told(keras.callbacks.Callback):
    def __init__(self, on_epoch) -> None:
        super().__init__()
        self.on_epoch = on_epoch

    def on_epoch_end(self, epoch, logs=None) -> None:
        if self.on_epoch(logs["loss"]):
            self.model.stop_training = True


class Fitted:
    def __init__(self, recipe, seed: int, rate: float = RATE) -> None:
        self.encoder, self.decoder = keras_models.pair(recipe, seed)
        self.whole = keras.Sequential([self.encoder, self.decoder])
        rule = keras.optimizers.RMSprop(rate, rho=DECAY, epsilon=EPSILON)
        self.whole.compile(optimizer=rule, loss="mse")


def fit(recipe, X, *, batch, epochs, seed, on_epoch, rate: float = RATE):
    keras.utils.set_random_seed(seed)
    model = Fitted(recipe, seed, rate)
    told = [Told(on_epoch)]
    model.whole.fit(X, X, batch_size=batch, epochs=epochs, verbose=0, callbacks=told)
    return model


def encode(model, X: np.ndarray) -> np.ndarray:
    return _applied(model.encoder, X)


def decode(model, Z: np.ndarray) -> np.ndarray:
    return _applied(model.decoder, Z)


def _applied(network, rows: np.ndarray) -> np.ndarray:
    """Few rows by a call, many by `predict`: what is faster of the two."""
    if len(rows) <= 100:
        return np.asarray(network(rows, training=False))
    return network.predict(rows, batch_size=256, verbose=0)
