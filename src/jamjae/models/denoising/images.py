"""Checks of the images given to a denoiser."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.numeric import channels_first_message, looks_channels_first, real_array
from jamjae.engine import keras_bridge
from jamjae.errors import InvalidDataError, ShapeMismatchError

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

ABOVE_ONE = 1e-6  # tolerated rounding of float32
IMAGES_AT_ONCE = 256  # images per call of a Keras layer
COLOR, SIDE = (3, 4), 8  # channels of a color image, and pixels of a side at least


class Images(NamedTuple):
    """Images from 0 to 1, and the form in which they were given.

    Attributes
    ----------
    values : float32 array of shape (n, h, w, c)
        A list of arrays (h, w, c) where the sizes differ.
    forms : list of (dtype, shape)
        Type and shape of each image as given.
    """

    values: NDArray[np.float32] | list[NDArray[np.float32]]
    forms: list[tuple[np.dtype[Any], tuple[int, ...]]]

    @property
    def channels(self) -> int:
        """Number of channels, equal for all images."""
        return int(self.values[0].shape[-1])

    def like(self, values: Iterable[NDArray[Any]]) -> Any:
        """Convert images from 0 to 1 to the shape, units and type of those given."""
        found = [_as(image, *form) for image, form in zip(values, self.forms, strict=True)]
        return self.as_given(found)

    def as_given(self, found: list[NDArray[Any]]) -> Any:
        """Stack the results per image, or keep a list for images of several sizes."""
        return np.stack(found) if isinstance(self.values, np.ndarray) else found


def _as(image: NDArray[Any], dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    clipped = np.clip(image, 0.0, 1.0).reshape(shape)
    if dtype == np.uint8:
        return np.rint(255.0 * clipped).astype(np.uint8)
    return clipped.astype(dtype if dtype.kind == "f" else np.float32)


def images(X: Any, operation: str, *, several_sizes: bool = True) -> Images:
    """Check images of uint8 from 0 to 255, or numbers from 0 to 1.

    Parameters
    ----------
    X : array-like of shape (n, h, w) or (n, h, w, c), or list of (h, w) or (h, w, c)
        The images of a list may have several sizes.
    operation : str
        Start of the error messages, such as ``"PatchDenoiser cannot fit"``.
    several_sizes : bool
        Whether the images of a list may differ in size.

    Raises
    ------
    InvalidDataError
        The shape or range is another, or a value is not finite.
    ShapeMismatchError
        The images differ in their number of channels, or in size where that is not allowed.
    """
    if isinstance(X, (list, tuple)) and _several_shapes(X):
        given = [_checked(real_array(image, operation)[None], operation) for image in X]
        values = [image[0] for image in given]
        forms = [(image.dtype, image.shape) for image in map(np.asarray, X)]
        return _of_several_sizes(values, forms, operation, several_sizes)
    array = real_array(X, operation)
    checked = _checked(array, operation)
    return Images(checked, [(array.dtype, array.shape[1:])] * len(array))


def _several_shapes(X: Sequence[Any]) -> bool:
    try:
        return len({np.shape(image) for image in X}) > 1
    except ValueError:  # reported by `real_array`
        return False


def _of_several_sizes(
    values: list[NDArray[np.float32]], forms: list[Any], operation: str, allowed: bool
) -> Images:
    channels = sorted({image.shape[-1] for image in values})
    if len(channels) > 1:
        raise ShapeMismatchError(
            f"{operation}: the images have {' and '.join(map(str, channels))} channels; expected "
            "one number for all. Convert them to gray or to color, for example with Pillow."
        )
    sizes = sorted({image.shape[:2] for image in values})
    if len(sizes) > 1 and not allowed:
        raise ShapeMismatchError(
            f"{operation}: the images have several sizes, {sizes[0]} and {sizes[1]}; expected one. "
            "Resize them, or use PatchDenoiser, which takes several."
        )
    return Images(np.stack(values) if len(sizes) == 1 else values, forms)


def _checked(given: NDArray[Any], operation: str) -> NDArray[np.float32]:
    """Convert an array (n, h, w) or (n, h, w, c) to float32 (n, h, w, c) from 0 to 1."""
    if given.ndim not in (3, 4) or not given.size:
        raise InvalidDataError(
            f"{operation}: an array of shape {given.shape} was given; images (n, h, w) or "
            "(n, h, w, c) are expected. A single image needs a first axis: X[None]."
        )
    if given.ndim == 3 and given.shape[-1] in COLOR and min(given.shape[:2]) >= SIDE:
        raise InvalidDataError(
            f"{operation}: an array of shape {given.shape} looks like one color image; images "
            "(n, h, w, c) are expected. Add a first axis: X[None]."
        )
    if looks_channels_first(given.shape):
        raise InvalidDataError(channels_first_message(given.shape, operation))
    return _in_range(given, operation).reshape(*given.shape[:3], -1)


def _in_range(given: NDArray[Any], operation: str) -> NDArray[np.float32]:
    if given.dtype == np.uint8:
        return given.astype(np.float32) / np.float32(255.0)
    least, most = float(given.min()), float(given.max())
    if not np.isfinite([least, most]).all():
        raise InvalidDataError(
            f"{operation}: the images contain NaN or infinity; finite pixels are expected."
        )
    expected = "uint8 from 0 to 255 or numbers from 0 to 1 are expected"
    if most > 1.0 + ABOVE_ONE:
        raise InvalidDataError(
            f"{operation}: the pixels are {given.dtype} up to {most:.3g}; {expected}. Divide them "
            "by the maximum possible value, such as 255."
        )
    if least < -ABOVE_ONE:
        raise InvalidDataError(
            f"{operation}: the pixels go down to {least:.3g}; {expected}. Clip values that "
            "noise made negative: np.clip(X, 0, 1)."
        )
    return given.astype(np.float32)


def changed(
    layer: keras.Layer | None, values: NDArray[np.float32], rng: np.random.RandomState | None
) -> NDArray[np.float32]:
    """Pass images through a copy of a Keras layer as in training.

    Random numbers come from `rng` or, if it is None, from the layer's own seed.
    """
    if layer is None:
        return values
    own = copy.deepcopy(layer)
    own(values[:1], training=False)  # builds it
    if rng is not None:
        held = keras_bridge.read(own)
        seeded = keras_bridge.reseed(own, held.buffers, rng)
        keras_bridge.write(own, keras_bridge.Variables(held.params, seeded))
    parts = [
        values[start : start + IMAGES_AT_ONCE] for start in range(0, len(values), IMAGES_AT_ONCE)
    ]
    return np.concatenate([np.asarray(own(part, training=True)) for part in parts])
