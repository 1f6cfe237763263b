"""k-NN as a denoiser: the clean images whose noisy versions are nearest, averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.neighbors import KNeighborsRegressor
from sklearn.utils.validation import check_is_fitted

from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.models.denoising.images import changed, images

if TYPE_CHECKING:
    import keras
    from numpy.typing import ArrayLike, NDArray


class NeighborDenoiser(BaseEstimator):
    """Restore an image as the mean of the clean images whose noisy versions are nearest to it.

    The rival of a denoising autoencoder in the chapter: it can only give back what it has seen.

    Parameters
    ----------
    n_neighbors : int, default=5
    corruption : keras.Layer, default=None
        Makes the noisy versions: ``jamjae.engine.augmentation.ClippedNoise(0.3)``. None compares
        with the clean images themselves.
    augmentation : keras.Layer, default=None
        Changes the clean images before: ``jamjae.engine.augmentation.RandomAffine(rotation=180)``.
    copies : int, default=1
        Versions of each image that are kept; all of them are in memory.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((20, 6, 6))
    >>> NeighborDenoiser(1).fit(X).denoise(X[:2]).shape
    (2, 6, 6)
    """

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        corruption: keras.Layer | None = None,
        augmentation: keras.Layer | None = None,
        copies: int = 1,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.corruption = corruption
        self.augmentation = augmentation
        self.copies = copies

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Keep clean images (n, h, w) or (n, h, w, c) and their noisy versions.

        Raises
        ------
        InvalidDataError
            For no images, or fewer than ``n_neighbors`` with all copies.
        """
        given = images(X, "NeighborDenoiser.fit")
        if len(given.values) * self.copies < self.n_neighbors:
            raise InvalidDataError(
                f"NeighborDenoiser was given {len(given.values)} images to find "
                f"{self.n_neighbors} neighbours among. Give more, or a smaller n_neighbors."
            )
        clean = changed(self.augmentation, np.tile(given.values, (self.copies, 1, 1, 1)))
        noisy = changed(self.corruption, clean)
        flat = (len(clean), -1)
        found = KNeighborsRegressor(self.n_neighbors, algorithm="brute")
        self.neighbours_ = found.fit(noisy.reshape(flat), clean.reshape(flat))
        self.image_shape_ = given.values.shape[1:]
        return self

    def denoise(self, X: ArrayLike) -> NDArray[Any]:
        """Restore noisy images, in their shape, units and type."""
        check_is_fitted(self)
        given = images(X, "NeighborDenoiser.denoise")
        if given.values.shape[1:] != self.image_shape_:
            raise ShapeMismatchError(
                f"NeighborDenoiser learned from images of {self.image_shape_} values and received "
                f"{given.values.shape[1:]}."
            )
        return given.like(self.neighbours_.predict(given.values.reshape(len(given.values), -1)))
