"""Denoisers that need no training: those of scikit-image and bm3d, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from skimage import restoration
from skimage.filters import median

from jamjae.errors import InvalidDataError, MissingDependencyError
from jamjae.models.denoising.images import images

if TYPE_CHECKING:
    from numpy.typing import NDArray

Denoiser = Callable[[Any, float], Any]
TV_WEIGHT = 0.8  # of total variation, in standard deviations of the noise


def _median(image: NDArray[np.float32], sigma: float) -> Any:
    return median(image, np.ones((5, 5, 1)))


def _total_variation(image: NDArray[np.float32], sigma: float) -> Any:
    return restoration.denoise_tv_chambolle(image, weight=TV_WEIGHT * sigma, channel_axis=-1)


def _non_local_means(image: NDArray[np.float32], sigma: float) -> Any:
    return restoration.denoise_nl_means(
        image,
        patch_size=5,
        patch_distance=6,
        h=0.6 * sigma,
        sigma=sigma,
        fast_mode=True,
        channel_axis=-1,
    )


def _wavelet(image: NDArray[np.float32], sigma: float) -> Any:
    try:
        return restoration.denoise_wavelet(
            image,
            sigma=sigma,
            method="BayesShrink",
            convert2ycbcr=image.shape[-1] == 3,
            channel_axis=-1,
            rescale_sigma=True,
        )
    except ImportError as error:
        raise _missing("PyWavelets") from error


def _bm3d(image: NDArray[np.float32], sigma: float) -> Any:
    try:
        import bm3d
    except ImportError as error:
        raise _missing("bm3d") from error
    found = bm3d.bm3d_rgb(image, sigma) if image.shape[-1] == 3 else bm3d.bm3d(image, sigma)
    return np.reshape(found, image.shape)


CLASSICAL: dict[str, Denoiser] = {
    "median": _median,
    "total variation": _total_variation,
    "non-local means": _non_local_means,
    "wavelet": _wavelet,
    "BM3D": _bm3d,
}


def denoise_classically(X: Any, method: str, sigma: float) -> Any:
    """Remove noise of known standard deviation from images, without training.

    Parameters
    ----------
    X : array-like of shape (n, h, w) or (n, h, w, c), or list of images
        uint8, or numbers from 0 to 1; the images of a list may have several sizes.
    method : {"median", "total variation", "non-local means", "wavelet", "BM3D"}
        A key of `CLASSICAL`.
    sigma : float > 0
        Standard deviation of the noise, of pixels from 0 to 1. The median does not use it.

    Returns
    -------
    array, or list of arrays for a list of images of several sizes
        In the shape, units and type of X.

    Raises
    ------
    InvalidDataError
        The arrays are not images, the method is unknown, or sigma is not positive.
    MissingDependencyError
        Wavelets need PyWavelets and BM3D needs bm3d: ``pip install "jamjae[denoise]"``.

    References
    ----------
    Rudin, Osher & Fatemi (1992) for total variation, solved as by Chambolle (2004). Buades, Coll &
    Morel (2005) for non-local means. Chang, Yu & Vetterli (2000) for BayesShrink. Dabov et al.
    (2007) for BM3D.

    Examples
    --------
    >>> import numpy as np
    >>> noisy = np.random.default_rng(0).random((1, 16, 16))
    >>> smooth = denoise_classically(noisy, "total variation", 0.3)
    >>> bool(smooth.std() < noisy.std())
    True
    """
    if method not in CLASSICAL:
        raise InvalidDataError(
            f"denoise_classically received method={method!r}; expected one of "
            f"{', '.join(CLASSICAL)}."
        )
    if not (np.isfinite(sigma) and sigma > 0):
        raise InvalidDataError(
            f"denoise_classically received sigma={sigma}; expected a standard deviation above 0, "
            "for pixels from 0 to 1."
        )
    given = images(X, "denoise_classically")
    return given.like(CLASSICAL[method](image, sigma) for image in given.values)


def _missing(library: str) -> MissingDependencyError:
    return MissingDependencyError(
        f'This denoiser needs {library}, which is not installed. Run: pip install "jamjae[denoise]"'
    )
