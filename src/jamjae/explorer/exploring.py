"""A fitted model as one page that decodes live: `explore`.

`page_data` gathers what a page shows, `graphs` traces networks as steps, `packing` encodes arrays
as text. The page itself is `page/`: its scripts are concatenated, and it loads nothing else.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from jamjae.data.atomic import atomic
from jamjae.errors import InvalidDataError
from jamjae.explorer import normality, page_data
from jamjae.explorer.packing import pack
from jamjae.latent.projections import MAP_METHODS
from jamjae.models.tables import as_numbers

if TYPE_CHECKING:
    from jinja2 import Environment
    from numpy.typing import ArrayLike

    from jamjae.models.anomalies import AnomalyDetector
    from jamjae.models.base import LatentModel

PAGE_METHODS = ("auto", *MAP_METHODS)
LANGUAGES = ("en", "ko")
SCRIPTS = (
    *("arrays", "network", "translations", "model", "sampler", "units", "drawings", "signed"),
    *("map", "panels", "loadings", "samples", "main"),
)
HEIGHT = 760  # pixels of the frame in a notebook


@dataclass(frozen=True)
class Explorer:
    """A page: shown in a notebook, or saved.

    Attributes
    ----------
    html : str
        The complete page, which loads nothing else.
    """

    html: str

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page, whole or not at all.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        with atomic(path) as temporary:
            temporary.write_text(self.html, encoding="utf-8", newline="")
        return Path(path)

    def _repr_html_(self) -> str:
        frame = "width:100%;border:1px solid #8884;border-radius:6px"
        return (
            f'<iframe srcdoc="{escape(self.html)}" style="{frame};height:{HEIGHT}px" '
            'title="jamjae"></iframe>'
        )


def explore(
    model: LatentModel | AnomalyDetector,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    class_names: Sequence[str] | None = None,
    columns: Mapping[str, ArrayLike] | None = None,
    rows: int = 5000,
    method: str = "auto",
    title: str = "",
    language: str = "en",
    random_state: int = 0,
) -> Explorer:
    """Make a page that shows a model's codes as a map and decodes any point of it.

    The page needs no server, no network and no Python: its script computes the decoder itself,
    within 1e-4 of the data's range. A decoder with a layer that the page cannot compute is
    decoded in advance on a grid of points instead, and the page says so.

    Where the model has a density of its codes (`Autoencoder.fit_density`), the page draws new
    samples of it, each beside the nearest of the rows shown.

    The errors of a row are shown by feature, in units of what is normal: for a detector those of
    its training rows, else of the rows shown. The page of a detector colors rows by p-value.

    Parameters
    ----------
    model : fitted Autoencoder, VariationalAutoencoder, Codec or AnomalyDetector
    X : array-like of shape (n, d), (n, h, w) or (n, h, w, c)
        At least two rows, in the units of the data of ``fit``. Missing values are imputed, with a
        warning. Of rows in files only those shown are held in memory; the page says how many of
        how many it shows.
    y : array-like of shape (n,), optional
        Classes. Taken as values where there are more than 20 different floats or 100 different
        integers.
    class_names : sequence of str, optional
        Names of the classes, in the order of the integers in `y`.
    columns : mapping of str to array-like of shape (n,), optional
        Further columns by which points can be colored; features of a table always can.
    rows : int, default=5000
        Maximum number of rows shown, drawn at random; up to 60,000 have been tried.
    method : {"auto", "pca", "tsne", "umap"}, default="auto"
        Projection of the map. ``"auto"`` shows codes of one or two components as they are, others
        by t-SNE, with PCA as a second map; see `jamjae.latent_map`.
    title : str, optional
    language : {"en", "ko"}, default="en"
        Language in which the page opens; the reader can change it.
    random_state : int, default=0

    Returns
    -------
    Explorer
        A notebook displays it; ``.save(path)`` writes it.

    Raises
    ------
    InvalidDataError
        The model is not fitted, there are fewer than two rows, a value is not finite, the method
        is unknown, or the page would be too large.
    ShapeMismatchError
        The rows do not have the model's shape, or there is not one label or value per row.

    Examples
    --------
    >>> from jamjae import Autoencoder, explore, load_digits
    >>> digits = load_digits()
    >>> ae = Autoencoder(2, random_state=0, epochs=2).fit(digits.X)
    >>> page = explore(ae, digits.X, digits.y, rows=200)
    >>> page.html[:15]
    '<!DOCTYPE html>'
    """
    for name, value, known in (("method", method, PAGE_METHODS), ("language", language, LANGUAGES)):
        if value not in known:
            raise InvalidDataError(
                f"explore received {name}={value!r}; expected one of {', '.join(known)}."
            )
    if isinstance(class_names, str | Mapping) or not isinstance(class_names, Iterable | None):
        raise InvalidDataError(
            f"explore received class_names={class_names!r}; a sequence of names is expected, one "
            "per class, in the order of the integers in y."
        )
    if not isinstance(columns, Mapping | None):
        raise InvalidDataError(
            f"explore received columns of type {type(columns).__name__}; a dict of names and "
            "values is expected."
        )
    if not isinstance(rows, Integral) or rows < 2:
        raise InvalidDataError(
            f"explore received rows={rows!r}; an integer of at least 2 is expected."
        )
    model, detector = normality.model_of(model)
    encoder = getattr(model, "table_encoder_", None)
    model, X = as_numbers(model, X, named=True)
    with warnings.catch_warnings():  # columns were compared once, and are then arrays
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        facts, arrays = page_data.gather(
            model,
            X,
            y,
            class_names=class_names,
            columns=columns,
            rows=rows,
            method=method,
            random_state=random_state,
            encoder=encoder,
            detector=detector,
        )
    return Explorer(_page({**facts, "title": str(title), "language": language}, arrays))


def _page(facts: dict[str, Any], arrays: dict[str, Any]) -> str:
    packed = pack(arrays)
    facts = {**facts, "arrays": packed.table, "bytes": packed.length}
    text = json.dumps(facts, ensure_ascii=False, allow_nan=False)
    page = _pages().get_template("page.html")
    return page.render(
        language=facts["language"],
        title=facts["title"] or "jamjae",
        style=_part("style.css"),
        facts=Markup(text.replace("<", "\\u003c")),  # noqa: S704 - no class name can end the script
        data=Markup(packed.text),  # noqa: S704 - base 85, made by pack
        script=Markup("\n").join(_part(f"{name}.js") for name in SCRIPTS),
    )


def _pages() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("jamjae.explorer", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


def _part(name: str) -> Markup:
    """Return a style sheet or script of the page, without indents and lines of comment."""
    part = resources.files("jamjae.explorer") / "page" / name
    lines = (line.strip() for line in part.read_text(encoding="utf-8").splitlines())
    kept = "\n".join(line for line in lines if line and not line.startswith("//"))
    return Markup(kept)  # noqa: S704 - a file of this package
