"""A recipe as two Keras models, on whatever backend Keras runs."""

from __future__ import annotations

import random

import keras
from keras import layers

from benchmarks.recipes import Conv, Dense, Flatten, Recipe, Reshape, Transposed


def pair(recipe: Recipe, seed: int) -> tuple[keras.Model, keras.Model]:
    random.seed(seed)  # whence Keras draws; its own function would load TensorFlow for everybody
    encoder = keras.Sequential([keras.Input(recipe.shape), *map(_layer, recipe.encoder)])
    code = encoder.output_shape[1:]
    return encoder, keras.Sequential([keras.Input(code), *map(_layer, recipe.decoder)])


def _layer(layer) -> keras.Layer:
    match layer:
        case Dense(units):
            return layers.Dense(units, activation="elu")
        case Conv(filters, size, stride, same):
            padding = "same" if same else "valid"
            return layers.Conv2D(filters, size, stride, padding=padding, activation="elu")
        case Transposed(filters, size, stride, same):
            padding = "same" if same else "valid"
            return layers.Conv2DTranspose(filters, size, stride, padding=padding, activation="elu")
        case Flatten():
            return layers.Flatten()
        case Reshape(shape):
            return layers.Reshape(shape)
