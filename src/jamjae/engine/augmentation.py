"""Keras layers for ``corruption=`` and ``augmentation=``: they change rows during training only."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

FILLS = ("constant", "nearest", "wrap", "mirror", "reflect")


@keras.saving.register_keras_serializable(package="jamjae")
class ClippedNoise(keras.layers.Layer):
    """Add normal noise and clip, as a sensor does: ``min(max(x + stddev·ε, low), high)``.

    `keras.layers.GaussianNoise` leaves the range of pixels; noisy photographs do not.

    Parameters
    ----------
    stddev : float
        In the units of the scaled rows: of pixels from 0 to 1.
    low, high : float, default=0, 1
    seed : int, optional

    Examples
    --------
    >>> import numpy as np
    >>> noisy = ClippedNoise(0.5, seed=0)(np.full((4, 9), 0.5), training=True)
    >>> bool(np.min(noisy) >= 0), bool(np.max(noisy) <= 1)
    (True, True)
    """

    def __init__(
        self,
        stddev: float,
        *,
        low: float = 0.0,
        high: float = 1.0,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if not (math.isfinite(stddev) and stddev >= 0 and low < high):
            raise ValueError(
                f"ClippedNoise received stddev={stddev}, low={low} and high={high}; expected a "
                "standard deviation from 0 and low < high."
            )
        self.stddev, self.low, self.high, self.seed = stddev, low, high, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Add noise during training; return the rows unchanged otherwise."""
        if not training:
            return inputs
        noise = keras.random.normal(
            ops.shape(inputs), stddev=self.stddev, dtype=inputs.dtype, seed=self.seed_generator
        )
        return ops.clip(inputs + noise, self.low, self.high)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape, which does not change."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the configuration from which Keras can rebuild the layer."""
        own = {"stddev": self.stddev, "low": self.low, "high": self.high, "seed": self.seed}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="jamjae")
class RandomAffine(keras.layers.Layer):
    """Rotate, zoom, shear, shift and flip images at random, in one interpolation.

    Each image (h, w, c) is sampled bilinearly at ``A·(p - center) + center + shift``. A chain of
    Keras's layers would interpolate, and blur, once per layer.

    Parameters
    ----------
    rotation : float, default=0
        Greatest angle, in degrees, to either side.
    zoom, shear, shift : float, default=0
        Greatest change of the scale, of the slant, and of the place as a share of the side; each
        direction has its own.
    flips : bool, default=False
        Whether half of the images are mirrored left to right, and half top to bottom.
    fill : {"constant", "nearest", "wrap", "mirror", "reflect"}, default="nearest"
        What is outside of an image.
    seed : int, optional

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).random((4, 9, 9, 1)).astype("float32")
    >>> RandomAffine(rotation=180, flips=True, seed=0)(images, training=True).shape
    (4, 9, 9, 1)
    """

    def __init__(
        self,
        *,
        rotation: float = 0.0,
        zoom: float = 0.0,
        shear: float = 0.0,
        shift: float = 0.0,
        flips: bool = False,
        fill: str = "nearest",
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        amounts = (rotation, zoom, shear, shift)
        if not all(math.isfinite(amount) and amount >= 0 for amount in amounts) or zoom >= 1:
            raise ValueError(
                f"RandomAffine received rotation={rotation}, zoom={zoom}, shear={shear} and "
                f"shift={shift}; expected numbers from 0, and zoom below 1."
            )
        if fill not in FILLS:
            raise ValueError(f"RandomAffine received fill={fill!r}; expected one of {FILLS}.")
        self.rotation, self.zoom, self.shear, self.shift = amounts
        self.flips, self.fill, self.seed = flips, fill, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Transform images during training; return them unchanged otherwise."""
        if not training:
            return inputs
        count, height, width = ops.shape(inputs)[:3]
        transforms = self._transforms(count, height, width)
        return ops.image.affine_transform(
            inputs,
            transforms,
            interpolation="bilinear",
            fill_mode=self.fill,
            data_format="channels_last",
        )

    def _transforms(self, count: int, height: int, width: int) -> Any:
        """Draw the eight coefficients (b, 8) of Keras's affine transform for each image."""

        def within(amount: float) -> Any:
            return keras.random.uniform((count,), -amount, amount, seed=self.seed_generator)

        def sign() -> Any:
            drawn = keras.random.uniform((count,), seed=self.seed_generator)
            return ops.where(drawn < 0.5, -1.0, 1.0) if self.flips else ops.ones((count,))

        angle = within(math.radians(self.rotation))
        scale_x, scale_y = (sign() * (1.0 + within(self.zoom)) for _ in range(2))
        slant_x, slant_y = within(self.shear), within(self.shear)
        cos, sin = ops.cos(angle), ops.sin(angle)
        a, b = scale_x * (cos - slant_x * sin), scale_x * (slant_x * cos - sin)
        c, d = scale_y * (sin + slant_y * cos), scale_y * (cos - slant_y * sin)
        middle_x, middle_y = (width - 1) / 2.0, (height - 1) / 2.0
        shift_x = middle_x - a * middle_x - b * middle_y + width * within(self.shift)
        shift_y = middle_y - c * middle_x - d * middle_y + height * within(self.shift)
        none = ops.zeros((count,))
        return ops.stack([a, b, shift_x, c, d, shift_y, none, none], axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape, which does not change."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the configuration from which Keras can rebuild the layer."""
        names = ("rotation", "zoom", "shear", "shift", "flips", "fill", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="jamjae")
class QuarterTurns(keras.layers.Layer):
    """Turn square images by 0, 90, 180 or 270 degrees at random; others by 0 or 180.

    As a ``corruption`` it makes the autoencoder turn images back, which it can do only where it
    knows them: rows unlike those of ``fit`` are reconstructed badly.

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).random((4, 9, 9, 1)).astype("float32")
    >>> turned = np.asarray(QuarterTurns(seed=0)(images, training=True))
    >>> np.allclose(np.sort(turned.reshape(4, -1)), np.sort(images.reshape(4, -1)))
    True

    References
    ----------
    Ye, Huang, Cao, Li, Zhang & Lu (2020), Attribute restoration framework for anomaly detection.
    """

    def __init__(self, *, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Turn images (b, h, w, c) during training; return them unchanged otherwise."""
        if not training:
            return inputs
        shape = (ops.shape(inputs)[0], 1, 1, 1)
        half = keras.random.uniform(shape, seed=self.seed_generator) < 0.5
        turned = ops.where(half, ops.flip(inputs, axis=(1, 2)), inputs)
        if inputs.shape[1] != inputs.shape[2]:
            return turned
        quarter = keras.random.uniform(shape, seed=self.seed_generator) < 0.5
        return ops.where(quarter, ops.flip(ops.swapaxes(turned, 1, 2), axis=1), turned)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape, which does not change."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the configuration from which Keras can rebuild the layer."""
        return {**super().get_config(), "seed": self.seed}
