r"""Quality of reconstructions: originals and reconstructions in, one number (or one per row) out.

Everything is accumulated in float64 by chunks of rows, whatever the data type of the arrays:
unsigned integers cannot wrap around, float32 sums do not drift, and 60,000 uint8 images need no
floating-point copy.
"""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation.metrics.checks import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

_CHUNK_VALUES = 1 << 20  # values converted to float64 at a time: 8 MiB an array
_SSIM_WINDOW = 7  # scikit-image's default, pixels
_SSIM_SMALLEST = 3  # the smallest odd window that has a neighborhood, pixels


def mean_squared_error(X: ArrayLike, X2: ArrayLike) -> float:
    r"""Mean over all values of :math:`(x - \hat{x})^2`.

    Parameters
    ----------
    X : array-like of shape (n, ...)
        The originals, in any units.
    X2 : array-like of shape (n, ...)
        Their reconstructions: the same shape and units.

    Returns
    -------
    float
        In squared units of `X`; 0 for an exact reconstruction.

    Raises
    ------
    ShapeMismatchError
        The two arrays differ in shape.
    InvalidDataError
        An array is empty or does not hold real numbers.

    Examples
    --------
    >>> mean_squared_error([[0.0, 1.0], [2.0, 3.0]], [[0.0, 1.0], [2.0, 5.0]])
    1.0
    """
    original, reconstructed = _pair(X, X2, "mean_squared_error")
    total = sum(float(np.square(x - x2).sum()) for _, x, x2 in _chunks(original, reconstructed))
    return total / original.size


def row_errors(X: ArrayLike, X2: ArrayLike) -> NDArray[np.float64]:
    r"""Mean squared error of each row, :math:`\frac{1}{d} \sum_j (x_{ij} - \hat{x}_{ij})^2`.

    Parameters
    ----------
    X, X2 : array-like of shape (n, ...)
        Originals and reconstructions; d is the number of values in one row or image.

    Returns
    -------
    ndarray of shape (n,), float64
        In squared units of `X`. Their mean is :func:`mean_squared_error`.

    Raises
    ------
    ShapeMismatchError
        The two arrays differ in shape.
    InvalidDataError
        An array is empty or does not hold real numbers.

    Examples
    --------
    >>> row_errors([[0, 1], [2, 3]], [[0, 1], [2, 5]]).tolist()
    [0.0, 2.0]
    """
    original, reconstructed = _pair(X, X2, "row_errors")
    errors = np.empty(len(original), dtype=np.float64)
    for rows, x, x2 in _chunks(original, reconstructed):
        errors[rows] = np.square(x - x2).mean(axis=1)
    return errors


def psnr(X: ArrayLike, X2: ArrayLike, *, data_range: float) -> float:
    r"""Peak signal-to-noise ratio, mean over images of :math:`10 \log_{10}(R^2 / \mathrm{MSE}_i)`.

    The ratio of an exact reconstruction is infinite. Such images are left out of the mean, so that
    one of them (a blank one, say) does not hide the others; if all are exact, the result is
    infinity.

    Parameters
    ----------
    X, X2 : array-like of shape (n, ...)
        Originals and reconstructions, one image (or row) for each index of the first axis.
    data_range : float
        R, the difference between the largest and the smallest possible value: 255 for uint8
        images, 1 for images in [0, 1]. See :func:`data_range`.

    Returns
    -------
    float
        In decibels; higher is better.

    Raises
    ------
    ShapeMismatchError
        The two arrays differ in shape.
    InvalidDataError
        An array is empty or not numeric, or `data_range` is not a positive number.

    Notes
    -----
    The mean of the ratios of the images, as tables of denoisers report it, is not the ratio of
    the mean error: by convexity it is at least as high.

    References
    ----------
    R. C. Gonzalez and R. E. Woods, Digital Image Processing, section 8.1.

    Examples
    --------
    >>> psnr([[0.0, 0.0], [0.0, 0.0]], [[0.1, 0.1], [0.01, 0.01]], data_range=1.0)
    30.0
    """
    peak = _positive_range(data_range, "psnr")
    errors = row_errors(X, X2)
    inexact = errors[errors != 0.0]
    if not inexact.size:
        return math.inf
    return float(np.mean(20.0 * math.log10(peak) - 10.0 * np.log10(inexact)))


def ssim(X: ArrayLike, X2: ArrayLike, *, data_range: float) -> float:
    r"""Structural similarity, mean over images.

    .. math:: \frac{(2\mu_x\mu_y + c_1)(2\sigma_{xy} + c_2)}
              {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}

    averaged over all windows (and channels) of an image, with :math:`c_1 = (0.01 R)^2` and
    :math:`c_2 = (0.03 R)^2`.

    Parameters
    ----------
    X, X2 : array-like of shape (n, h, w) or (n, h, w, c)
        Originals and reconstructions of at least 3 x 3 pixels. The window is 7 x 7 pixels
        (scikit-image's default), or the largest odd one that fits into a smaller image.
    data_range : float
        R, the difference between the largest and the smallest possible value.

    Returns
    -------
    float
        At most 1, for identical images.

    Raises
    ------
    ShapeMismatchError
        The two arrays differ in shape.
    InvalidDataError
        The arrays are not images, the images are smaller than 3 pixels, or `data_range` is not a
        positive number.

    References
    ----------
    Z. Wang, A. C. Bovik, H. R. Sheikh and E. P. Simoncelli, Image quality assessment: from error
    visibility to structural similarity, IEEE Transactions on Image Processing 13 (2004) 600-612.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.arange(128.0).reshape(2, 8, 8)
    >>> ssim(X, X, data_range=127.0)
    1.0
    """
    peak = _positive_range(data_range, "ssim")
    original, reconstructed = _pair(X, X2, "ssim")
    window = _ssim_window(original.shape)
    similarity = importlib.import_module("skimage.metrics").structural_similarity
    channel_axis = -1 if original.ndim == 4 else None
    total = sum(
        float(
            similarity(
                image.astype(np.float64),
                image2.astype(np.float64),
                win_size=window,
                data_range=peak,
                channel_axis=channel_axis,
            )
        )
        for image, image2 in zip(original, reconstructed, strict=True)
    )
    return total / len(original)


def explained_variance(X: ArrayLike, X2: ArrayLike) -> float:
    r"""Explained variance, :math:`R^2 = 1 - \mathrm{SS}_\mathrm{res} / \mathrm{SS}_\mathrm{tot}`.

    Both sums run over all rows and features, :math:`\mathrm{SS}_\mathrm{res} = \sum_{ij}
    (x_{ij} - \hat{x}_{ij})^2` and :math:`\mathrm{SS}_\mathrm{tot} = \sum_{ij} (x_{ij} -
    \bar{x}_j)^2`, with one mean for each feature.

    Parameters
    ----------
    X, X2 : array-like of shape (n, ...)
        Originals and reconstructions; a pixel is a feature.

    Returns
    -------
    float
        1 for a perfect reconstruction, 0 for one no better than the feature means, negative for
        a worse one. Where no feature of `X` varies: 1 if `X2` equals it, otherwise 0.

    Raises
    ------
    ShapeMismatchError
        The two arrays differ in shape.
    InvalidDataError
        An array is empty or does not hold real numbers.

    Notes
    -----
    Equal to ``sklearn.metrics.r2_score(X, X2, multioutput="variance_weighted")`` for flattened
    rows, with one difference: scikit-learn ignores errors in features that do not vary (a pixel
    always black in `X`); here they count. On the data it was fitted to, PCA's value is the sum of
    its ``explained_variance_ratio_``.

    Examples
    --------
    >>> explained_variance([[0.0, 0.0], [2.0, 4.0]], [[0.0, 0.0], [2.0, 3.0]])
    0.9
    """
    original, reconstructed = _pair(X, X2, "explained_variance")
    # Distances from the first row: exact zeros, not rounding errors, for a feature that is constant
    first = original[:1].reshape(1, -1).astype(np.float64)
    offset = np.zeros_like(first)
    for _, x, _ in _chunks(original, reconstructed):
        offset += (x - first).sum(axis=0)
    offset /= len(original)
    residual = total = 0.0
    for _, x, x2 in _chunks(original, reconstructed):
        residual += float(np.square(x - x2).sum())
        total += float(np.square(x - first - offset).sum())
    if total == 0.0:
        return 1.0 if residual == 0.0 else 0.0
    return 1.0 - residual / total


def data_range(X: ArrayLike) -> float:
    r"""Difference between the largest and the smallest value that images like `X` can hold.

    Parameters
    ----------
    X : array-like of any shape
        The originals, not reconstructions or noisy versions of them.

    Returns
    -------
    float
        255 for uint8, otherwise max - min of the values (0 if all are equal).

    Raises
    ------
    InvalidDataError
        The array is empty or does not hold real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> data_range(np.zeros((2, 28, 28), dtype=np.uint8))
    255.0
    >>> data_range([[-1.0, 0.5]])
    1.5
    """
    values = numbers(X, "data_range")
    if values.dtype == np.uint8:
        return 255.0
    return float(values.max()) - float(values.min())  # as floats: int8 differences wrap around


def _pair(X: ArrayLike, X2: ArrayLike, operation: str) -> tuple[NDArray[Any], NDArray[Any]]:
    original, reconstructed = numbers(X, operation), numbers(X2, operation, "X2")
    if original.shape != reconstructed.shape:
        raise ShapeMismatchError(
            f"{operation} compares arrays value by value, but X has shape {original.shape} and X2 "
            f"has shape {reconstructed.shape}. Bring both to the same shape, for instance with "
            "X2.reshape(X.shape)."
        )
    return original, reconstructed


def _chunks(
    X: NDArray[Any], X2: NDArray[Any]
) -> Iterator[tuple[slice, NDArray[np.float64], NDArray[np.float64]]]:
    """Chunks of rows of both arrays as float64 matrices (k, d), with their slices."""
    step = max(1, _CHUNK_VALUES * len(X) // X.size)
    for start in range(0, len(X), step):
        rows = slice(start, min(start + step, len(X)))
        count = rows.stop - rows.start
        yield (
            rows,
            X[rows].astype(np.float64).reshape(count, -1),
            X2[rows].astype(np.float64).reshape(count, -1),
        )


def _positive_range(value: float, operation: str) -> float:
    if not (math.isfinite(value) and value > 0):
        raise InvalidDataError(
            f"{operation} received data_range={value}; expected a positive number. Use 255 for "
            "uint8 images, 1 for images in [0, 1], or metrics.data_range(X)."
        )
    return float(value)


def _ssim_window(shape: tuple[int, ...]) -> int:
    if len(shape) not in (3, 4):
        raise InvalidDataError(
            f"ssim received arrays of shape {shape}; expected images (n, h, w) or (n, h, w, c). "
            "Reshape flattened rows to images first, for instance X.reshape(-1, 28, 28)."
        )
    side = min(shape[1], shape[2])
    if side < _SSIM_SMALLEST:
        raise InvalidDataError(
            f"ssim received images of {shape[1]} x {shape[2]} pixels; expected at least "
            f"{_SSIM_SMALLEST} x {_SSIM_SMALLEST}. For smaller images use mean_squared_error."
        )
    return min(_SSIM_WINDOW, side - 1 + side % 2)
