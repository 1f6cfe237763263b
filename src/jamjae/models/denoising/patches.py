"""An autoencoder of patches: what few photographs hold many of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from jamjae.engine.augmentation import ClippedNoise
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.models.autoencoder import Autoencoder
from jamjae.models.denoising.images import Images, images

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from jamjae.engine.training import Report

WIDTHS = (512, 512)
EPOCHS, LEARNED = 12, 10_000  # passes, and patches that are learned in all eight ways, at most

AT_ONCE = 16_384  # patches restored at a time: large photographs have millions


class PatchDenoiser(BaseEstimator):
    """Learn to take noise from small square patches, and average over all that cover a pixel.

    A handful of photographs is too few to learn images from, but holds a hundred thousand patches.
    An autoencoder learns to restore clean patches from noisy ones, turned and mirrored in all eight
    ways; an image is restored by sliding a patch over it, and every pixel becomes a weighted mean
    of what all patches around it say.

    Parameters
    ----------
    noise : float, default=0.3
        Standard deviation of the noise that is learned to be taken away, of pixels from 0 to 1;
        noisy pixels are clipped to that range.
    patch : int, default=12
        Pixels of a patch's side.
    n_components : int, default=36
        Numbers in the code of a patch.
    step : int, default=2
        Pixels by which the patch is moved while restoring; 1 is best and slowest.
    epochs : int, default=12
    random_state : int, RandomState or None, default=None
    callbacks : iterable of callables, default=()
        As of `Autoencoder`.

    Attributes
    ----------
    autoencoder_ : Autoencoder
        Of patches (patch, patch, channels).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((10, 20, 20))
    >>> denoiser = PatchDenoiser(0.2, patch=6, n_components=4, epochs=1, random_state=0).fit(X)
    >>> denoiser.denoise(X[:2]).shape, denoiser.codes(X[:2]).shape
    ((2, 20, 20), (2, 3, 3, 4))

    References
    ----------
    Vincent et al. (2008) for denoising autoencoders. Burger, Schuler & Harmeling (2012) for
    networks on patches that compete with BM3D.
    """

    def __init__(
        self,
        noise: float = 0.3,
        *,
        patch: int = 12,
        n_components: int = 36,
        step: int = 2,
        epochs: int = EPOCHS,
        random_state: Any = None,
        callbacks: Iterable[Callable[[Report], Any]] = (),
    ) -> None:
        self.noise = noise
        self.patch = patch
        self.n_components = n_components
        self.step = step
        self.epochs = epochs
        self.random_state = random_state
        self.callbacks = callbacks

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Learn from clean images of shape (n, h, w) or (n, h, w, c).

        Raises
        ------
        InvalidDataError
            For no images, or images smaller than a patch.
        """
        given = self._images(X, "fit")
        self.n_channels_ = given.values.shape[-1]
        rng = check_random_state(self.random_state)
        clean = _turned(_some(_patches(given.values, 1, self.patch), LEARNED, rng))
        self.autoencoder_ = Autoencoder(
            self.n_components,
            network=WIDTHS,
            corruption=ClippedNoise(self.noise),
            batch_size=256,
            epochs=self.epochs,
            random_state=rng,
            callbacks=self.callbacks,
        ).fit(_eight_bit(clean))
        return self

    def denoise(self, X: ArrayLike) -> NDArray[Any]:
        """Restore noisy images of any size from a patch's on, in their shape, units and type."""
        check_is_fitted(self)
        given = self._images(X, "denoise")
        return given.like(np.stack([self._restored(image) for image in given.values]))

    def codes(self, X: ArrayLike) -> NDArray[np.float32]:
        """Encode patches side by side: (n, h // patch, w // patch, n_components)."""
        check_is_fitted(self)
        values = self._images(X, "encode").values
        found = _patches(values, self.patch, self.patch)
        codes = self.autoencoder_.transform(_eight_bit(found.reshape(-1, *found.shape[-3:])))
        return codes.reshape(*found.shape[:3], -1)

    def _images(self, X: ArrayLike, operation: str) -> Images:
        given = images(X, f"PatchDenoiser.{operation}")
        if min(given.values.shape[1:3]) < self.patch:
            raise InvalidDataError(
                f"PatchDenoiser cannot {operation} images of {given.values.shape[1]} x "
                f"{given.values.shape[2]} pixels by patches of {self.patch} x {self.patch}. Give "
                "larger images or a smaller patch."
            )
        known = getattr(self, "n_channels_", given.values.shape[-1])
        if operation != "fit" and given.values.shape[-1] != known:
            raise ShapeMismatchError(
                f"PatchDenoiser learned from images of {known} channels and received "
                f"{given.values.shape[-1]}."
            )
        return given

    def _restored(self, image: NDArray[np.float32]) -> NDArray[np.float64]:
        """Slide a patch over one image (h, w, c) and average, the middle of a patch most."""
        size = self.patch
        rows, columns = (_places(side, size, self.step) for side in image.shape[:2])
        window = np.outer(*[np.hanning(size + 2)[1:-1]] * 2)[..., None]
        corners = [(top, left) for top in rows for left in columns]
        total, weight = np.zeros(image.shape), np.zeros((*image.shape[:2], 1))
        for start in range(0, len(corners), AT_ONCE):
            places = [
                (slice(top, top + size), slice(left, left + size))
                for top, left in corners[start : start + AT_ONCE]
            ]
            some = np.stack([image[place] for place in places])
            restored = self.autoencoder_.reconstruct(_eight_bit(some)) / 255.0
            for place, patch in zip(places, restored, strict=True):
                total[place] += window * patch
                weight[place] += window
        return total / weight


def _patches(values: NDArray[np.float32], step: int, size: int) -> NDArray[np.float32]:
    """Cut images (n, h, w, c) into patches (n, rows, columns, size, size, c)."""
    views = np.lib.stride_tricks.sliding_window_view(values, (size, size), axis=(1, 2))
    return np.moveaxis(views[:, ::step, ::step], 3, -1)


def _some(found: NDArray[np.float32], most: int, rng: np.random.RandomState) -> NDArray[np.float32]:
    """Give so many of the patches, at random: (m, size, size, c)."""
    places = found.shape[:3]
    count = int(np.prod(places))
    chosen = rng.choice(count, min(count, most), replace=False)
    return found[np.unravel_index(chosen, places)]


def _turned(patches: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give patches in all eight ways that they can lie."""
    turned = [np.rot90(patches, quarter, axes=(1, 2)) for quarter in range(4)]
    return np.concatenate([way for turn in turned for way in (turn, turn[:, :, ::-1])])


def _eight_bit(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(255.0 * values).astype(np.uint8)


def _places(side: int, size: int, step: int) -> list[int]:
    """Give where a patch begins, so that the last one ends at the edge."""
    return sorted({*range(0, side - size + 1, step), side - size})
