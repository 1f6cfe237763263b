"""How well rows are reconstructed: `evaluate`, the one place that decides how this is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.data.numeric import real_array
from jamjae.data.preprocessing import PIXELS
from jamjae.data.rows import observed_variance
from jamjae.evaluation import metrics

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

SMALLEST_IMAGE = 3  # pixels of a side from which SSIM is defined
MOST_SSIM = 1000  # images that SSIM is computed for, at most: it is slow


class Evaluation(NamedTuple):
    """Quality of reconstructions, all of it after clipping (see `evaluate`).

    Attributes
    ----------
    mse : float
        Mean squared error per value: of pixels in [0, 1] for 8- and 16-bit data, else in squared
        units of the data.
    explained_variance : float
        R²: 1 for a perfect reconstruction, 0 for one no better than the feature means.
    psnr : float or None
        In decibels, mean over images. None for tables and where all pixels are equal.
    ssim : float or None
        Mean over (at most about 1,000, evenly spaced) images. None also for images smaller than
        3 x 3 pixels.
    """

    mse: float
    explained_variance: float
    psnr: float | None = None
    ssim: float | None = None

    def known(self) -> dict[str, float]:
        """Return the metrics that apply to the data, by name."""
        return {name: value for name, value in self._asdict().items() if value is not None}


def evaluate(model: Any, X: ArrayLike, *, dtype: DTypeLike | None = None) -> Evaluation:
    """Reconstruct rows by a fitted model and measure the errors.

    One rule holds for every model: reconstructions of pixel data (``uint8``, ``uint16``) are
    clipped to the range of that type before any error is taken, so MSE, R², PSNR and SSIM are
    those of the image that is seen. Other data have no range that is known, and nothing is clipped.

    Parameters
    ----------
    model : fitted estimator
        jamjae's, its PCA baseline, or any scikit-learn transformer with ``inverse_transform``,
        which gets flattened rows.
    X : array-like of shape (n, d), (n, h, w) or (n, h, w, c)
        In the units of the data that the model was fitted to. A table that the model encodes or
        standardizes is measured in standard deviations of its columns.
    dtype : dtype, optional
        The type that fixes the range of the data, by default that of X; ``np.uint8`` for 8-bit
        pixels that were read as floating-point numbers.

    Returns
    -------
    Evaluation

    See Also
    --------
    evaluate_reconstruction : The same for rows that have been reconstructed already.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> X = load_iris().data
    >>> found = evaluate(PCA(2).fit(X), X)
    >>> f"{found.mse:.4f} {found.explained_variance:.4f} {found.psnr}"
    '0.0253 0.9777 None'
    """
    from jamjae.models.tables import as_numbers

    model, X = as_numbers(model, X)
    rows = real_array(X, "evaluate cannot use X")
    return evaluate_reconstruction(rows, reconstruct(model, rows, dtype=dtype), dtype=dtype)


def evaluate_reconstruction(
    X: ArrayLike, X2: ArrayLike, *, dtype: DTypeLike | None = None, image_metrics: bool = True
) -> Evaluation:
    """Measure reconstructions, by the rule of `evaluate`.

    Parameters
    ----------
    X, X2 : array-like of shape (n, ...)
        Originals and reconstructions, of the same shape and in the same units. Originals that are
        missing (NaN) do not count; PSNR and SSIM are then left out.
    dtype : dtype, optional
        As in `evaluate`.
    image_metrics : bool, default=True
        Whether to compute PSNR and SSIM of images (arrays of more than two axes).

    Returns
    -------
    Evaluation

    Examples
    --------
    >>> X = np.zeros((1, 2), dtype=np.uint8)
    >>> evaluate_reconstruction(X, [[-40.0, 25.5]]).mse  # -40 is clipped to 0
    0.005
    """
    X = real_array(X, "evaluate_reconstruction cannot use X")
    dtype = X.dtype if dtype is None else np.dtype(dtype)
    X2 = clipped(X2, dtype)
    if X.dtype.kind == "f" and np.isnan(X).any():
        return _observed(X, X2)
    error = metrics.mean_squared_error(X, X2) / pixel_range(dtype) ** 2
    found = Evaluation(error, metrics.explained_variance(X, X2))
    span = PIXELS.get(dtype.name) or metrics.data_range(X)
    if not image_metrics or X.ndim < 3 or span <= 0:
        return found
    found = found._replace(psnr=metrics.psnr(X, X2, data_range=span))
    if min(X.shape[1:3]) < SMALLEST_IMAGE:
        return found
    some = slice(None, None, max(len(X) // MOST_SSIM, 1))
    return found._replace(ssim=metrics.ssim(X[some], X2[some], data_range=span))


def _observed(X: NDArray[Any], X2: NDArray[Any]) -> Evaluation:
    """Measure reconstructions of the values that are not missing."""
    known = ~np.isnan(X)
    total = float(np.square(np.where(known, X - X2, 0.0)).sum(dtype=np.float64))
    error, variance = total / max(int(known.sum()), 1), observed_variance(X)
    return Evaluation(error, 1.0 - error / variance if variance else float(error == 0))


def row_errors(
    X: ArrayLike, X2: ArrayLike, *, dtype: DTypeLike | None = None
) -> NDArray[np.float64]:
    """Mean squared error of each row in squared units of the data, by the rule of `evaluate`."""
    X = real_array(X, "row_errors cannot use X")
    return metrics.row_errors(X, clipped(X2, X.dtype if dtype is None else dtype))


def reconstruct(model: Any, X: ArrayLike, *, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """Reconstruct rows by any fitted model, in their shape and within the range of their type.

    Parameters and rule are those of `evaluate`.
    """
    X = real_array(X, "reconstruct cannot use X")
    own = getattr(model, "reconstruct", None)
    if own is not None:
        made = np.asarray(own(X))
    else:
        made = np.asarray(model.inverse_transform(model.transform(X.reshape(len(X), -1))))
    return clipped(made.reshape(X.shape), X.dtype if dtype is None else dtype)


def clipped(X2: ArrayLike, dtype: DTypeLike) -> NDArray[Any]:
    """Clip reconstructions to the range that a type of pixels fixes; others are left as they are.

    Examples
    --------
    >>> clipped([-3.0, 300.0], np.uint8).tolist(), clipped([-3.0, 300.0], float).tolist()
    ([0.0, 255.0], [-3.0, 300.0])
    """
    made = real_array(X2, "reconstructions cannot be clipped")
    most = PIXELS.get(np.dtype(dtype).name)
    return made if most is None else made.clip(0, most)


def pixel_range(dtype: DTypeLike) -> float:
    """Return what values are divided by before errors are reported: 255 for uint8, 1 for floats."""
    return PIXELS.get(np.dtype(dtype).name, 1.0)


def training_errors(model: Any) -> dict[str, Any]:
    """Return a fitted model's errors on its training rows beside PCA's, as ``fit`` measured them.

    These are the errors that training minimizes, before any clipping.

    Parameters
    ----------
    model : fitted Autoencoder

    Returns
    -------
    dict
        ``components``, and by ``"jamjae"`` and ``"pca"``: ``mse`` (units as in `Evaluation`) and
        ``explained_variance``.
    """
    variance, unit = model.baseline_.variance, pixel_range(model.dtype_) ** 2
    named = {"jamjae": model.reconstruction_error_, "pca": model.baseline_error_}
    return {
        "components": model.n_components_,
        "mse": {name: error / unit for name, error in named.items()},
        "explained_variance": {
            name: 1.0 - error / variance if variance else 1.0 for name, error in named.items()
        },
    }
