"""Maps: codes of many numbers as points of a plane."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from jamjae.data.finite import finite_array
from jamjae.errors import InvalidDataError, MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

MAP_METHODS = ("pca", "tsne", "umap")
LARGE = 10_000  # rows from which openTSNE is faster than scikit-learn's t-SNE
PERPLEXITY, NEIGHBORS = 30.0, 15  # the defaults of the two papers' programs
START = 1e-4  # deviation of the first axis where t-SNE begins (Kobak & Berens 2019)


class LatentMap(NamedTuple):
    """Points of a plane, and how they were found.

    Attributes
    ----------
    points : float64 array of shape (n, 2)
    method : str
        In words, with the library and the settings: for a caption.
    """

    points: np.ndarray
    method: str

    def plot(
        self,
        y: ArrayLike | None = None,
        *,
        class_names: Sequence[str] | None = None,
        images: ArrayLike | None = None,
        title: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the map, colored by class or value.

        Parameters
        ----------
        y : array-like of shape (n,), optional
            Classes (whole numbers, text) or values (floating-point numbers).
        class_names : sequence of str, optional
        images : array-like of shape (n, h, w) or (n, h, w, c), optional
            Drawn in place of points, as many as find room without covering each other.
        title : str, optional
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes
        """
        from jamjae.plotting import code_scatter, thumbnail_scatter

        if images is None:
            ax = code_scatter(self.points, y, class_names=class_names, title=title, ax=ax)
        else:
            ax = thumbnail_scatter(
                self.points, images, y, class_names=class_names, title=title, ax=ax
            )
        ax.set(xlabel=self.method, ylabel="", xticks=[], yticks=[])
        return ax


def latent_map(Z: ArrayLike, method: str = "tsne", *, random_state: int = 0) -> LatentMap:
    """Lay codes out in a plane.

    Parameters
    ----------
    Z : array-like of shape (n, k)
        Codes, or rows of any kind; images are flattened. At least two rows.
    method : {"pca", "tsne", "umap"}, default="tsne"
        t-SNE starts from PCA and is scikit-learn's below 10,000 rows; from there on openTSNE's,
        which is then faster, where it is installed. UMAP needs umap-learn.
    random_state : int, default=0
        The same codes give the same map.

    Returns
    -------
    LatentMap
        ``.points`` (n, 2), ``.method`` in words, and ``.plot(y)``. Codes of two numbers are their
        own map, unless another than ``"pca"`` is asked for; codes of one are drawn along a line.

    Raises
    ------
    InvalidDataError
        The codes are no finite numbers, or fewer than two rows; the method is unknown.
    MissingDependencyError
        For UMAP without umap-learn.

    References
    ----------
    L. van der Maaten and G. Hinton, Visualizing data using t-SNE, JMLR 9 (2008). D. Kobak and
    P. Berens, The art of using t-SNE for single-cell transcriptomics, Nature Communications 10
    (2019), for the start. L. McInnes, J. Healy and J. Melville, UMAP, arXiv:1802.03426.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> found = latent_map(load_iris().data, "pca")
    >>> found.points.shape, found.method
    ((150, 2), 'PCA, 97.8 % of the variance')
    """
    if method not in MAP_METHODS:
        raise InvalidDataError(
            f"latent_map received method={method!r}; expected one of {', '.join(MAP_METHODS)}."
        )
    codes = _checked(Z)
    if method == "pca" or codes.shape[1] == 1:
        return _pca(codes, random_state)
    if (codes == codes[0]).all():  # the search tree of t-SNE would end the process
        raise InvalidDataError(f"latent_map cannot project {len(codes)} equal codes by {method}.")
    return (_tsne if method == "tsne" else _umap)(codes, random_state)


def _checked(Z: ArrayLike) -> np.ndarray:
    codes = finite_array(Z, "latent_map cannot use Z")
    if codes.ndim < 2 or len(codes) < 2:
        raise InvalidDataError(
            f"latent_map received codes of shape {codes.shape}; expected (n, k) with at least two "
            "rows."
        )
    codes = codes if codes.dtype in (np.float64, np.float32) else codes.astype(np.float64)
    return codes.reshape(len(codes), -1)


def _pca(codes: np.ndarray, seed: int) -> LatentMap:
    if codes.shape[1] == 1:
        return LatentMap(np.hstack([codes, np.zeros_like(codes)]).astype(np.float64), "the code")
    if codes.shape[1] == 2:
        return LatentMap(codes.astype(np.float64), "the codes themselves")
    with np.errstate(invalid="ignore"):  # codes that are all equal have no variance to share
        pca = PCA(2, random_state=seed).fit(codes)
    share = float(np.nan_to_num(pca.explained_variance_ratio_.sum()))
    return LatentMap(
        pca.transform(codes).astype(np.float64), f"PCA, {100 * share:.1f} % of the variance"
    )


def _tsne(codes: np.ndarray, seed: int) -> LatentMap:
    perplexity = min(PERPLEXITY, (len(codes) - 1) / 3)
    start = PCA(2, random_state=seed).fit_transform(codes)
    start = START * start / (start[:, 0].std() or 1.0)
    options: dict[str, Any] = {"perplexity": perplexity, "random_state": seed}
    if len(codes) >= LARGE and importlib.util.find_spec("openTSNE"):
        found = importlib.import_module("openTSNE").TSNE(initialization=start, **options).fit(codes)
        return LatentMap(np.asarray(found, dtype=np.float64), _words("openTSNE", perplexity))
    found = TSNE(init=start.astype(np.float32), **options).fit_transform(codes)
    return LatentMap(found.astype(np.float64), _words("scikit-learn", perplexity))


def _words(library: str, perplexity: float) -> str:
    return f"t-SNE ({library}, perplexity {perplexity:.3g})"


def _umap(codes: np.ndarray, seed: int) -> LatentMap:
    if not importlib.util.find_spec("umap"):
        raise MissingDependencyError(
            'A UMAP needs umap-learn, which is not installed. Run: pip install "jamjae[maps]"'
        )
    neighbors = min(NEIGHBORS, len(codes) - 1)
    if neighbors < 2:
        raise InvalidDataError(
            f"latent_map cannot make a UMAP of {len(codes)} rows; at least 3 are needed."
        )
    with warnings.catch_warnings():  # of Numba's, and that a seed costs parallelism
        warnings.simplefilter("ignore")
        umap = importlib.import_module("umap")
        found = umap.UMAP(n_neighbors=neighbors, init="pca", random_state=seed).fit_transform(codes)
    return LatentMap(np.asarray(found, dtype=np.float64), f"UMAP ({neighbors} neighbors)")
