"""Images in, checked once, and changed copies of them to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.errors import InvalidDataError

if TYPE_CHECKING:
    import keras
    from numpy.typing import ArrayLike, NDArray

TOO_BRIGHT = 1e-6  # above 1, as float32 rounds
SHARE = 256  # images that a Keras layer is given at a time


class Images(NamedTuple):
    """Images from 0 to 1, and how they came.

    Attributes
    ----------
    values : float32 array of shape (n, h, w, c)
    dtype : numpy dtype
    shape : tuple
        Of the array as it came.
    """

    values: NDArray[np.float32]
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def like(self, values: NDArray[Any]) -> NDArray[Any]:
        """Give images from 0 to 1 in the shape, units and type of those that came."""
        clipped = np.clip(values, 0.0, 1.0).reshape(self.shape)
        if self.dtype == np.uint8:
            return np.rint(255.0 * clipped).astype(np.uint8)
        return clipped.astype(self.dtype)


def images(X: ArrayLike, operation: str) -> Images:
    """Check images of shape (n, h, w) or (n, h, w, c): uint8, or numbers from 0 to 1.

    Raises
    ------
    InvalidDataError
        For any other shape or range, or NaN.
    """
    given = np.asarray(X)
    if given.ndim not in (3, 4) or not given.size or given.dtype.kind not in "buif":
        raise InvalidDataError(
            f"{operation} received an array of shape {given.shape} and dtype {given.dtype}; "
            "expected images (n, h, w) or (n, h, w, c). One image needs a first axis: X[None]."
        )
    eight_bit = given.dtype == np.uint8
    values = given.astype(np.float32) / (255.0 if eight_bit else 1.0)
    if not (np.isfinite(values).all() and values.min() >= -TOO_BRIGHT):
        raise InvalidDataError(f"{operation} received NaN, infinity or values below 0.")
    if values.max() > 1.0 + TOO_BRIGHT:
        raise InvalidDataError(
            f"{operation} received {given.dtype} values up to {float(values.max()):.3g}; expected "
            "uint8 from 0 to 255, or numbers from 0 to 1. Divide by the greatest value."
        )
    kept = given.dtype if given.dtype.kind == "f" or eight_bit else np.dtype(np.float32)
    return Images(values.reshape(*given.shape[:3], -1), kept, given.shape)


def changed(layer: keras.Layer | None, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Send images through a Keras layer as in training, some at a time."""
    if layer is None:
        return values
    parts = [values[start : start + SHARE] for start in range(0, len(values), SHARE)]
    return np.concatenate([np.asarray(layer(part, training=True)) for part in parts])
