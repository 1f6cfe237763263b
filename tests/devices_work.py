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

from jamjae import Autoencoder, Codec, VariationalAutoencoder, load_digits
from jamjae.latent.densities import Flow

X = load_digits().X[:256].astype(np.float32)
layers = keras.layers


def convolutions() -> dict[str, keras.Model]:
    """Build networks that convolve, normalize, drop, and convolve back."""
    encoder = [
        keras.Input((8, 8, 1)),
        layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.2, seed=1),
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
        weighted = "sample_weight" in settings
        arguments = {"sample_weight": settings.pop("sample_weight")} if weighted else {}
        keras.utils.set_random_seed(0)
        networks = settings.pop("networks", dict)()
        model = kind(8, epochs=2, batch_size=64, random_state=0, **networks, **settings)
        model.fit(rows, **arguments)
        found = [*model.history_["loss"], model.reconstruction_error_, model.score(rows[:64])]
        told[name] = [float(value) for value in found]
        told["devices"] = [float(len(model.devices_))]

    fit("dense")
    fit("convolutions of jamjae", network="conv")
    fit("layers of Keras", X[..., None], networks=convolutions)
    guide = PCA(8).fit(X.reshape(len(X), -1))
    weights = np.arange(200) % 3 + 1.0
    small = {"network": (16,)}  # which is compiled sooner
    guided = {"guide": guide, "sample_weight": weights, "validation_fraction": 0.3}
    fit("a guide", X[:200], **guided, **small)
    shifted = layers.RandomTranslation(0.1, 0.1, seed=3)
    fit("noise", corruption=layers.GaussianNoise(0.1, seed=3), augmentation=shifted, **small)
    fit("variational", kind=VariationalAutoencoder, **small)
    fit("a codec", kind=Codec, **small)
    counted = told["devices"]
    fit("the last device alone", devices=[f"cpu:{int(sys.argv[1]) - 1}"], **small)
    told["devices"] = counted
    model = Autoencoder(8, epochs=1, random_state=0, **small).fit(X)
    model.partial_fit(X[:100]).partial_fit(X[100:])
    told["in parts"] = [model.reconstruction_error_]
    flow = Flow(widths=(16,), steps=64, random_state=0).fit(
        model.transform(X), np.arange(len(X)) % 2
    )
    told["a flow of codes"] = [float(value) for value in flow.loss_]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
