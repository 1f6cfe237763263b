"""k-NN as a denoiser: the mean of the clean images whose noisy versions are nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.neighbors import KNeighborsRegressor
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.models.denoising.images import changed, images

if TYPE_CHECKING:
    import keras
    from numpy.typing import ArrayLike, NDArray


class NeighborDenoiser(BaseEstimator):
    """Denoise an image as the mean of the clean images whose noisy versions are nearest to it.

    A classical baseline for denoising autoencoders.

    Parameters
    ----------
    n_neighbors : int, default=5
    corruption : keras.Layer, default=None
        Makes the noisy versions, for example ``jamjae.engine.augmentation.ClippedNoise(0.3)``. None
        compares with the clean images themselves. The layer is copied.
    augmentation : keras.Layer, default=None
        Changes the clean images first, for example
        ``jamjae.engine.augmentation.RandomAffine(rotation=180)``. The layer is copied.
    copies : int, default=1
        Number of versions of each image; all are kept in memory.
    random_state : int, RandomState or None, default=None
        Seeds the two layers; None keeps their own seeds.

    Attributes
    ----------
    neighbors_ : sklearn.neighbors.KNeighborsRegressor
        Maps noisy versions to clean images, both flattened.
    image_shape_ : tuple
        (h, w, c).

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
        random_state: Any = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.corruption = corruption
        self.augmentation = augmentation
        self.copies = copies
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Store clean images (n, h, w) or (n, h, w, c) and their noisy versions.

        Raises
        ------
        InvalidDataError
            The arrays are not images, or with all copies there are fewer than ``n_neighbors``.
        """
        given = np.asarray(images(X, "NeighborDenoiser cannot fit", several_sizes=False).values)
        if not 1 <= self.n_neighbors <= len(given) * self.copies:
            raise InvalidDataError(
                f"NeighborDenoiser cannot fit: n_neighbors={self.n_neighbors} of {len(given)} "
                f"images with copies={self.copies}; expected 1 to {len(given) * self.copies}. Give "
                "more images, or a smaller n_neighbors."
            )
        rng = None if self.random_state is None else check_random_state(self.random_state)
        clean = changed(self.augmentation, np.tile(given, (self.copies, 1, 1, 1)), rng)
        noisy = changed(self.corruption, clean, rng)
        flat = (len(clean), -1)
        found = KNeighborsRegressor(self.n_neighbors, algorithm="brute")
        self.neighbors_ = found.fit(noisy.reshape(flat), clean.reshape(flat))
        self.image_shape_ = given.shape[1:]
        return self

    def denoise(self, X: ArrayLike) -> NDArray[Any]:
        """Denoise images of the size of those of ``fit``; units and type are kept."""
        check_is_fitted(self)
        given = images(X, "NeighborDenoiser cannot denoise", several_sizes=False)
        values = np.asarray(given.values)
        if values.shape[1:] != self.image_shape_:
            raise ShapeMismatchError(
                f"NeighborDenoiser cannot denoise: images of shape {values.shape[1:]} were given, "
                f"those of fit had {self.image_shape_}. Resize them, or use PatchDenoiser."
            )
        flat = self.neighbors_.predict(values.reshape(len(values), -1))
        found: NDArray[Any] = given.like(flat.reshape(values.shape))
        return found
