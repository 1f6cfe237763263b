"""Features by which generated clothes are judged, the same for every library.

Those of a small classifier: two convolutions with strides and a layer of 64 numbers, trained for
ten epochs on the training images. It is trained once and kept in ``build/``;
``JAMJAE_FEATURES=clothes.keras`` names another network, from images (n, 28, 28, 1), 0 to 255, to
features (n, k).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np

from jamjae import fetch_fashion_mnist
from jamjae.evaluation import metrics

KEPT = Path("build/clothes-features.keras")
EPOCHS, BATCH, NEIGHBOR_ROWS = 10, 128, 5_000


class Judge:
    """Numbers of 10,000 generated images beside the 10,000 test images."""

    def __init__(self) -> None:
        import keras

        named = os.environ.get("JAMJAE_FEATURES")
        path = Path(named) if named else KEPT
        if not path.exists():
            _train().save(path)
        self.network = keras.saving.load_model(path, compile=False)
        train = fetch_fashion_mnist()
        test = fetch_fashion_mnist("test")
        self.train, self.train_y = train.X, train.y
        self.test, self.test_y = self.features(test.X), test.y

    def features(self, images: np.ndarray) -> np.ndarray:
        rows = images.reshape(len(images), 28, 28, 1).astype(np.float32)
        return self.network.predict(rows, batch_size=500, verbose=0).astype(np.float64)

    def measure(self, images: np.ndarray) -> dict[str, float]:
        """Fréchet distance of all images; the rest of 5,000 of them.

        Those are drawn at random: scikit-learn's mixtures, which pythae samples from, give one
        component after the other, and the first half of them lacks half of the components.
        """
        made = self.features(images[np.random.RandomState(0).permutation(len(images))])
        some = self.test[:NEIGHBOR_ROWS], made[:NEIGHBOR_ROWS]
        precision, recall = metrics.precision_recall(*some)
        return {
            "frechet": metrics.frechet_distance(self.test, made),
            "coverage": metrics.density_coverage(*some).coverage,
            "precision": precision,
            "recall": recall,
        }


def _train() -> Any:
    """Train the classifier and give its layer of features."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    features = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(24, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(48, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
        ]
    )
    classifier = keras.Sequential([features, layers.Dense(10, activation="softmax")])
    classifier.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    train, test = fetch_fashion_mnist(), fetch_fashion_mnist("test")
    images = (part.X[..., None].astype(np.float32) for part in (train, test))
    X, X_test = images
    classifier.fit(X, train.y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    accuracy = classifier.evaluate(X_test, test.y, verbose=0)[1]
    print(f"  features: a classifier of {accuracy:.3f} accuracy on test images", flush=True)
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    return features
