"""The methods of a comparison: classical ones, jamjae's, and estimators of the user."""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA, KernelPCA
from sklearn.manifold import TSNE, Isomap, LocallyLinearEmbedding
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from jamjae.errors import InvalidDataError, MissingDependencyError
from jamjae.latent.projections import LARGE

NEIGHBORS = 10  # of Isomap and LLE, as in the course
SMALLEST_IMAGE = 16  # pixels of a side from which convolutions are compared
PLANE = 3  # components up to which t-SNE is made, and UMAP comes back from
FAR = 3.0  # standard deviations from zero, as seen from all values together


class Setting(NamedTuple):
    """What an estimator is constructed for.

    Attributes
    ----------
    n_components : int
    seed : int
    rows : array of shape (n, ...)
        The training rows.
    """

    n_components: int
    seed: int
    rows: np.ndarray


class Method(NamedTuple):
    """One way to compute codes.

    Attributes
    ----------
    title : str
        Its name in tables and figures.
    make : callable
        ``Setting -> estimator``, unfitted.
    limit : int or None
        Maximum number of rows, if time or memory grow faster than the rows.
    neighbors : int or None
        Of the neighbor graph it builds on, if that has to be connected.
    inverts : int or None
        Components up to which its ``inverse_transform`` is used; None: any number.
    jamjae : bool
        Whether it is one of jamjae's.
    pca : bool
        Whether it is PCA, which the summary sentence is about.
    """

    title: str
    make: Callable[[Setting], Any]
    limit: int | None = None
    neighbors: int | None = None
    inverts: int | None = None
    jamjae: bool = False
    pca: bool = False


def _pca(setting: Setting) -> Any:
    """PCA by the solver that scikit-learn chooses, unless that one loses precision.

    The covariance solver subtracts the mean from the covariance instead of from the rows, which
    cancels digits if the rows lie far from zero.
    """
    flat = setting.rows.reshape(len(setting.rows), -1)
    mean, deviation = np.abs(flat.mean(axis=0, dtype=np.float64)).max(), float(flat.std())
    solver = "full" if mean > FAR * deviation else "auto"
    return PCA(setting.n_components, svd_solver=solver, random_state=setting.seed)


def _kernel_pca(setting: Setting) -> Any:
    """RBF on centered rows whose mean squared distance is 1: one width suits rows and codes.

    scikit-learn's inverse map uses the same kernel on the codes, where the usual
    ``gamma = 1 / n_features`` would make all of them look alike. gamma = 0.5 and alpha = 0.01 were
    chosen for the lowest held-out error on digits, iris and Fashion-MNIST.
    """
    learner = KernelPCA(
        setting.n_components,
        kernel="rbf",
        gamma=0.5,
        alpha=0.01,
        fit_inverse_transform=True,
        random_state=setting.seed,
    )
    return make_pipeline(_one_scale(setting.rows), learner)


def _one_scale(rows: np.ndarray) -> FunctionTransformer:
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    size = math.sqrt(2.0 * float(flat.var(axis=0).sum())) or 1.0
    known = {"mean": flat.mean(axis=0), "size": size}
    return FunctionTransformer(_onto, _back, kw_args=known, inv_kw_args=known, check_inverse=False)


def _onto(X: np.ndarray, mean: np.ndarray, size: float) -> np.ndarray:
    return (X - mean) / size


def _back(X: np.ndarray, mean: np.ndarray, size: float) -> np.ndarray:
    return X * size + mean


def _lle(setting: Setting) -> Any:
    return LocallyLinearEmbedding(
        n_components=setting.n_components,
        n_neighbors=_neighbors(setting),
        random_state=setting.seed,
    )


def _isomap(setting: Setting) -> Any:
    return Isomap(n_components=setting.n_components, n_neighbors=_neighbors(setting))


def _neighbors(setting: Setting) -> int:
    return min(NEIGHBORS, len(setting.rows) - 1)


def _tsne(setting: Setting) -> Any:
    if setting.n_components > PLANE:
        raise InvalidDataError(f"t-SNE computes 2 or 3 components, not {setting.n_components}")
    n = len(setting.rows)
    if (setting.rows == setting.rows[0]).all():  # its search tree would end the process
        raise InvalidDataError("t-SNE needs rows that differ, but all rows are equal")
    options: dict[str, Any] = {
        "n_components": setting.n_components,
        "perplexity": min(30.0, (n - 1) / 3),
        "random_state": setting.seed,
    }
    if n >= LARGE and importlib.util.find_spec("openTSNE"):
        return importlib.import_module("openTSNE.sklearn").TSNE(**options)
    return TSNE(init="pca", **options)


def _umap(setting: Setting) -> Any:
    if not importlib.util.find_spec("umap"):
        raise MissingDependencyError(
            'UMAP needs umap-learn, which is not installed. Run: pip install "jamjae[maps]"'
        )
    umap = importlib.import_module("umap")
    neighbors = min(15, len(setting.rows) - 1)
    return umap.UMAP(
        n_components=setting.n_components, n_neighbors=neighbors, random_state=setting.seed
    )


def _autoencoder(**options: Any) -> Callable[[Setting], Any]:
    def make(setting: Setting) -> Any:
        from jamjae.models.autoencoder import Autoencoder

        return Autoencoder(setting.n_components, random_state=setting.seed, **options)

    return make


def _guided(setting: Setting) -> Any:
    return _autoencoder(guide=_isomap(setting))(setting)


METHODS: dict[str, Method] = {
    "pca": Method("PCA", _pca, pca=True),
    "kernel-pca": Method("KernelPCA", _kernel_pca, limit=4000),
    "lle": Method("LLE", _lle, limit=4000, neighbors=NEIGHBORS),
    "isomap": Method("Isomap", _isomap, limit=4000, neighbors=NEIGHBORS),
    "tsne": Method("t-SNE", _tsne, limit=20_000),
    "umap": Method("UMAP", _umap, limit=5000, inverts=PLANE),  # it triangulates the codes
    "autoencoder": Method("jamjae", _autoencoder(), jamjae=True),
    "conv": Method("jamjae conv", _autoencoder(network="conv"), jamjae=True),
    "guided": Method("jamjae guided", _guided, neighbors=NEIGHBORS, jamjae=True),
}


def choose(methods: Any, rows: np.ndarray) -> dict[str, Method]:
    """Return the methods that a user asks for.

    Parameters
    ----------
    methods : "auto", str, estimator, mapping or iterable
        Names of `METHODS`; scikit-learn estimators; pairs ``(encoder, decoder)`` of Keras models;
        callables ``Setting -> estimator``. The keys of a mapping are titles.
    rows : array of shape (n, ...)
        Training rows, by which ``"auto"`` chooses.

    Returns
    -------
    dict of str to Method
        By title, in the order asked for.

    Raises
    ------
    InvalidDataError
        A name is unknown, or an object cannot be used as a method.
    """
    if isinstance(methods, str):
        methods = automatic(rows) if methods == "auto" else [methods]
    elif hasattr(methods, "fit"):
        methods = [methods]
    if not isinstance(methods, Iterable):
        methods = [methods]
    named = methods.items() if isinstance(methods, Mapping) else _named(methods)
    found = {str(title): _method(str(title), asked) for title, asked in named}
    _require_some(found, METHODS)
    return found


def chosen(
    methods: Any,
    known: Mapping[str, Method],
    made: Callable[[Any], Method],
    *,
    automatic: Iterable[str] | None = None,
) -> dict[str, Method]:
    """Return what a user asks for among methods of one task, by title.

    Parameters
    ----------
    methods : "auto", str, estimator, mapping or iterable
        Names of `known`, and objects; the keys of a mapping are titles.
    known : mapping of str to Method
    made : callable
        Gives the method that an object is; raises InvalidDataError if it is none.
    automatic : iterable of str, optional
        The names that ``"auto"`` stands for; by default all.

    Raises
    ------
    InvalidDataError
        There are none.
    """
    if isinstance(methods, str):
        named = list(known if automatic is None else automatic)
        methods = named if methods == "auto" else [methods]
    elif hasattr(methods, "fit"):
        methods = [methods]
    pairs = methods.items() if hasattr(methods, "items") else [(None, one) for one in methods]
    found = {}
    for title, asked in pairs:
        method = known[asked] if isinstance(asked, str) and asked in known else made(asked)
        name = str(title) if title else method.title
        found[name] = method._replace(title=name)
    _require_some(found, known)
    return found


def _require_some(found: Mapping[str, Method], known: Iterable[str]) -> None:
    if not found:
        raise InvalidDataError(
            f"compare received no methods; expected at least one, such as {', '.join(known)}."
        )


def automatic(rows: np.ndarray) -> list[str]:
    """Return the methods that suit the rows: no convolutions for tables or tiny images.

    UMAP only takes part if it is asked for: it compiles for about 15 s, and its inverse transform
    takes longer than all other methods together.
    """
    image = rows.ndim > 2 and min(rows.shape[1:3]) >= SMALLEST_IMAGE
    absent = {"umap"} if image else {"umap", "conv"}
    return [name for name in METHODS if name not in absent]


def _named(methods: Iterable[Any]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for asked in methods:
        title = _title(asked)
        alike = re.compile(rf"{re.escape(title)}( \d+)?")
        taken = sum(alike.fullmatch(known) is not None for known, _ in pairs)
        pairs.append((f"{title} {taken + 1}" if taken else title, asked))
    return pairs


def _title(asked: Any) -> str:
    if isinstance(asked, str):
        return METHODS[asked].title if asked in METHODS else asked
    if isinstance(asked, tuple):
        return "Keras pair"
    if hasattr(asked, "fit"):
        return type(asked).__name__
    return getattr(asked, "__name__", type(asked).__name__)


def _method(title: str, asked: Any) -> Method:
    if isinstance(asked, Method):
        return asked
    if isinstance(asked, str):
        if asked not in METHODS:
            raise InvalidDataError(
                f"compare received the unknown method {asked!r}; known names are "
                f"{', '.join(METHODS)}. Pass an estimator for any other method."
            )
        return METHODS[asked]._replace(title=title)
    if isinstance(asked, tuple) and len(asked) == 2:
        return Method(title, _keras_pair(*asked))
    if hasattr(asked, "fit") and not isinstance(asked, type):
        return Method(title, _copied(asked), pca=isinstance(asked, PCA))
    if callable(asked) and not isinstance(asked, type):
        return Method(title, asked)
    raise InvalidDataError(
        f"compare cannot use {asked!r} as a method; expected a name, a scikit-learn estimator (an "
        "instance such as PCA(), not a class), a pair (encoder, decoder) of Keras models, or a "
        "function that returns an estimator."
    )


def _keras_pair(encoder: Any, decoder: Any) -> Callable[[Setting], Any]:
    """Train copies of a user's networks, each with newly initialized weights."""

    def make(setting: Setting) -> Any:
        from jamjae.models.autoencoder import Autoencoder

        keras = importlib.import_module("keras")
        keras.utils.set_random_seed(setting.seed)
        copies = [keras.models.clone_model(network) for network in (encoder, decoder)]
        return Autoencoder(encoder=copies[0], decoder=copies[1], random_state=setting.seed)

    return make


def _copied(estimator: Any) -> Callable[[Setting], Any]:
    """Copy an estimator and set its number of components and its seed, if it has them."""

    def make(setting: Setting) -> Any:
        copy = clone(estimator)
        known = copy.get_params()
        places = [name for name in known if name.split("__")[-1] == "n_components"]
        if len(places) == 1:  # its own, or that of an estimator inside it
            copy.set_params(**{places[0]: setting.n_components})
        if "random_state" in known:
            copy.set_params(random_state=setting.seed)
        return copy

    return make
