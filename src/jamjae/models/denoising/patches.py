"""Denoising by an autoencoder of image patches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral, Real
from pathlib import Path
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
    from numpy.typing import NDArray

    from jamjae.engine.training import EpochReport

WIDTHS = (512, 512)
EPOCHS = 12
MOST = 10_000  # patches for training, each in all eight orientations
PATCHES_AT_ONCE = 16_384  # patches denoised at a time; large photographs have millions
LEAST = 2  # minimum side of a patch in pixels


class PatchDenoiser(BaseEstimator):
    """Denoise small square patches with an autoencoder, and average all that cover a pixel.

    A few photographs are not enough to learn whole images, but contain a hundred thousand patches.
    The autoencoder learns to reconstruct clean patches from noisy ones, in all eight orientations.
    To denoise an image, a patch is moved over it, and each pixel is the weighted mean of all
    patches that cover it.

    Parameters
    ----------
    noise : float in [0, 1], default=0.3
        Standard deviation of the noise to remove, for pixels from 0 to 1; noisy pixels are clipped
        to that range. Not used where ``fit`` is given noisy images.
    patch : int, default=12
        Side of a patch in pixels.
    n_components : int, default=36
        Latent components per patch.
    step : int, default=2
        Pixels by which the patch is moved, at most ``patch``; 1 is best and slowest.
    epochs : int, default=12
    random_state : int, RandomState or None, default=None
    callbacks : iterable of callables, default=()
        As in `Autoencoder`.

    Attributes
    ----------
    autoencoder_ : Autoencoder
        The autoencoder of patches (patch, patch, channels).
    n_channels_ : int

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
        callbacks: Iterable[Callable[[EpochReport], Any]] = (),
    ) -> None:
        self.noise = noise
        self.patch = patch
        self.n_components = n_components
        self.step = step
        self.epochs = epochs
        self.random_state = random_state
        self.callbacks = callbacks

    def fit(self, X: Any, y: None = None, *, corrupted: Any = None) -> Self:
        """Learn from clean images, or from pairs of noisy and clean ones.

        Parameters
        ----------
        X : array-like of shape (n, h, w) or (n, h, w, c), or list of images
            Clean images, uint8 or from 0 to 1; those of a list may have several sizes.
        y : ignored
        corrupted : like X, optional
            A noisy version of each image, in the same units, in place of `noise`.

        Returns
        -------
        self

        Raises
        ------
        InvalidDataError
            The arrays are not images, an image is smaller than a patch, or a parameter is out of
        range.
        ShapeMismatchError
            The noisy and the clean images differ in number or size.
        """
        self._check_parameters()
        given = self._images(X, "fit")
        noisy = None if corrupted is None else self._noisy(corrupted, given)
        rng = check_random_state(self.random_state)
        places = _some_places(given.values, self.patch, MOST, rng)
        autoencoder = Autoencoder(
            self.n_components,
            network=WIDTHS,
            corruption=ClippedNoise(self.noise) if noisy is None else None,
            batch_size=256,
            epochs=self.epochs,
            random_state=rng,
            callbacks=self.callbacks,
        )
        clean = _learned(given.values, places, self.patch)
        pairs = None if noisy is None else _learned(noisy.values, places, self.patch)
        self.autoencoder_ = autoencoder.fit(clean, corrupted=pairs)
        self.n_channels_ = given.channels
        return self

    def denoise(self, X: Any) -> Any:
        """Denoise images that are at least as large as a patch.

        Returns
        -------
        array, or list of arrays for a list of images of several sizes
            In the shape, units and type of X.
        """
        check_is_fitted(self)
        self._check_parameters()
        given = self._images(X, "denoise")
        return given.like(self._denoised(image) for image in given.values)

    def codes(self, X: Any) -> Any:
        """Encode the patches that tile each image.

        Returns
        -------
        float32 array of shape (n, h // patch, w // patch, n_components)
            A list of arrays for images of several sizes.
        """
        check_is_fitted(self)
        given = self._images(X, "encode")
        return given.as_given([self._codes(image) for image in given.values])

    def save(self, path: str | Path) -> Path:
        """Write the fitted denoiser to one ``.jamjae`` file, for `jamjae.load_model`."""
        from jamjae.models.persistence import save_model

        check_is_fitted(self)
        return save_model(self, path)

    # --- checks -----------------------------------------------------------------------------

    def _check_parameters(self) -> None:
        for name, least in (("patch", LEAST), ("n_components", 1), ("step", 1), ("epochs", 1)):
            value = getattr(self, name)
            if not isinstance(value, Integral) or int(value) < least:
                raise InvalidDataError(
                    f"PatchDenoiser received {name}={value!r}; expected an integer of at "
                    f"least {least}."
                )
        if self.step > self.patch:
            raise InvalidDataError(
                f"PatchDenoiser received step={self.step} and patch={self.patch}, which leaves "
                f"pixels uncovered; expected a step from 1 to {self.patch}."
            )
        if not isinstance(self.noise, Real) or not 0 <= float(self.noise) <= 1:
            raise InvalidDataError(
                f"PatchDenoiser received noise={self.noise!r}; expected a standard deviation from "
                "0 to 1, for pixels from 0 to 1. Divide that of pixels from 0 to 255 by 255."
            )

    def _images(self, X: Any, operation: str) -> Images:
        attempt = f"PatchDenoiser cannot {operation}"
        given = images(X, attempt)
        size = min((image.shape[:2] for image in given.values), key=min)
        if min(size) < self.patch:
            raise InvalidDataError(
                f"{attempt}: an image of {size[0]} x {size[1]} pixels is smaller than a patch of "
                f"{self.patch} x {self.patch}. Give larger images or a smaller patch."
            )
        if operation != "fit" and given.channels != self.n_channels_:
            raise ShapeMismatchError(
                f"{attempt}: images of {given.channels} channels were given, those of fit had "
                f"{self.n_channels_} channels."
            )
        return given

    def _noisy(self, corrupted: Any, clean: Images) -> Images:
        noisy = self._images(corrupted, "fit")
        shapes = [[image.shape for image in given.values] for given in (noisy, clean)]
        if shapes[0] != shapes[1]:
            raise ShapeMismatchError(
                f"PatchDenoiser cannot fit: corrupted= has {len(shapes[0])} images and X "
                f"{len(shapes[1])}, or the sizes differ. One noisy image of the same size is "
                "expected for each image of X."
            )
        return noisy

    # --- patches ----------------------------------------------------------------------------

    def _codes(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        found = _windows(image, self.patch)[:: self.patch, :: self.patch]
        codes = self.autoencoder_.transform(_eight_bit(found.reshape(-1, *found.shape[-3:])))
        return codes.reshape(*found.shape[:2], -1)

    def _denoised(self, image: NDArray[np.float32]) -> NDArray[np.float64]:
        """Move a patch over one image (h, w, c) and average, weighting a patch's middle most."""
        size = self.patch
        rows, columns = (_starts(side, size, self.step) for side in image.shape[:2])
        window = np.outer(*[np.hanning(size + 2)[1:-1]] * 2)[..., None]
        corners = [(top, left) for top in rows for left in columns]
        total, weight = np.zeros(image.shape), np.zeros((*image.shape[:2], 1))
        for start in range(0, len(corners), PATCHES_AT_ONCE):
            places = [
                (slice(top, top + size), slice(left, left + size))
                for top, left in corners[start : start + PATCHES_AT_ONCE]
            ]
            some = np.stack([image[place] for place in places])
            found = self.autoencoder_.reconstruct(_eight_bit(some)) / 255.0
            for place, patch in zip(places, found, strict=True):
                total[place] += window * patch
                weight[place] += window
        return total / weight


def _windows(image: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Give all patches of an image (h, w, c): (rows, columns, size, size, c)."""
    views = np.lib.stride_tricks.sliding_window_view(image, (size, size), axis=(0, 1))
    return np.moveaxis(views, 2, -1)


def _some_places(
    values: Iterable[NDArray[np.float32]], size: int, most: int, rng: np.random.RandomState
) -> list[NDArray[np.intp]]:
    """Draw at most `most` of all patches: their numbers in each image, row by row."""
    counts = [(image.shape[0] - size + 1) * (image.shape[1] - size + 1) for image in values]
    ends = np.cumsum([0, *counts])
    chosen = np.sort(rng.choice(ends[-1], min(int(ends[-1]), most), replace=False))
    return [
        some - start
        for some, start in zip(
            np.split(chosen, np.searchsorted(chosen, ends[1:-1])), ends[:-1], strict=True
        )
    ]


def _learned(
    values: Iterable[NDArray[np.float32]], places: list[NDArray[np.intp]], size: int
) -> NDArray[np.uint8]:
    """Cut patches from each image, in all eight orientations, as 8-bit values."""
    cut = []
    for image, numbers in zip(values, places, strict=True):
        windows = _windows(image, size)
        cut.append(windows[np.unravel_index(numbers, windows.shape[:2])])
    patches = np.concatenate(cut)
    turned = [np.rot90(patches, quarter, axes=(1, 2)) for quarter in range(4)]
    return _eight_bit(np.concatenate([way for turn in turned for way in (turn, turn[:, :, ::-1])]))


def _eight_bit(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(255.0 * values).astype(np.uint8)


def _starts(side: int, size: int, step: int) -> list[int]:
    """Give the starts of patches along a side, so that the last one ends at the edge."""
    return sorted({*range(0, side - size + 1, step), side - size})
