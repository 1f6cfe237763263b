"""Pairs of Keras networks that tests train."""

from __future__ import annotations

import keras


def pair(k=2, d=5, *, batch_norm=False):
    middle = [keras.layers.BatchNormalization(momentum=0.5)] if batch_norm else []
    encoder = keras.Sequential([keras.Input((d,)), *middle, keras.layers.Dense(k)])
    return encoder, keras.Sequential([keras.Input((k,)), keras.layers.Dense(d)])
