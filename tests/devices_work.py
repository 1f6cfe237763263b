"""Fits in a process of so many virtual devices: ``python tests/devices_work.py 4``.

Prints what they came to as JSON. `test_devices` compares one device with several.
"""

from __future__ import annotations

import json
import os
import sys
import warnings

os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={sys.argv[1]}"
warnings.simplefilter("ignore")

import keras
import numpy as np
from sklearn.decomposition import PCA

from jamjae import Autoencoder, VariationalAutoencoder, load_digits

X = load_digits().X[:640].astype(np.float32)
layers = keras.layers


def pair(*inner: keras.Layer) -> dict[str, keras.Model]:
    """Build networks with some layers of a user's own."""
    first = [keras.Input((8, 8)), layers.Flatten(), layers.Dense(32, activation="relu")]
    last = [layers.Dense(32, activation="relu"), layers.Dense(64), layers.Reshape((8, 8))]
    encoder = keras.Sequential([*first, *inner, layers.Dense(8)])
    return {"encoder": encoder, "decoder": keras.Sequential([keras.Input((8,)), *last])}


def convolutions() -> dict[str, keras.Model]:
    """Build networks that convolve, normalize, and convolve back."""
    encoder = [
        keras.Input((8, 8, 1)),
        layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(8),
    ]
    decoder = [
        keras.Input((8,)),
        layers.Dense(64, activation="relu"),
        layers.Reshape((4, 4, 4)),
        layers.Conv2DTranspose(1, 3, strides=2, padding="same"),
    ]
    return {"encoder": keras.Sequential(encoder), "decoder": keras.Sequential(decoder)}


def main() -> None:
    told: dict[str, list[float]] = {}

    def fit(name: str, rows: np.ndarray = X, kind: type = Autoencoder, **settings: object) -> None:
        arguments = {"sample_weight": settings.pop("sample_weight", None)}
        keras.utils.set_random_seed(0)
        networks = settings.pop("networks", dict)()
        model = kind(8, epochs=4, random_state=0, **networks, **settings)
        model.fit(rows, **arguments)
        found = [*model.history_["loss"], model.reconstruction_error_, model.score(rows[:64])]
        told[name] = [float(value) for value in found]
        told["devices"] = [float(len(model.devices_))]

    fit("dense")
    fit("convolutions of jamjae", network="conv")
    fit("convolutions of Keras", X[..., None], networks=convolutions)
    fit("batch normalization", networks=lambda: pair(layers.BatchNormalization()))
    fit("dropout", networks=lambda: pair(layers.Dropout(0.2, seed=1)))
    fit("a guide", guide=PCA(8).fit(X.reshape(len(X), -1)))
    fit("rows held out", X[:500], validation_fraction=0.3, early_stopping=True)
    fit("weights", sample_weight=np.arange(len(X)) % 3 + 1.0)
    fit("corruption", corruption=layers.GaussianNoise(0.1, seed=3))
    fit("augmentation", augmentation=layers.RandomTranslation(0.1, 0.1, seed=3))
    fit("variational", kind=VariationalAutoencoder)
    counted = told["devices"]
    fit("the last device alone", devices=[f"cpu:{int(sys.argv[1]) - 1}"])
    told["devices"] = counted
    model = Autoencoder(8, epochs=1, random_state=0).fit(X)
    model.partial_fit(X[:300]).partial_fit(X[300:])
    told["in parts"] = [model.reconstruction_error_]
    codes = Autoencoder(8, network=(), random_state=0).fit(X)
    codes.fit_density(X, kind="flow")
    told["a flow of codes"] = [float(value) for value in codes.density_.loss_]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
