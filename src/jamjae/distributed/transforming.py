"""A fitted model as a class for the batches of a data set, loaded once by each actor."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.distributed.batches import Columns, as_columns, fitted_names, place, rows_of
from jamjae.engine.blocks import among
from jamjae.errors import InvalidDataError

WHAT = ("codes", "reconstructions", "errors", "samples", "anomalies")
MANY = 1 << 40  # rows of a data set whose number is unknown
DRAWN = 256  # samples that are drawn together, whatever the batches


class Transform:
    """Encode, reconstruct or evaluate batches of columns, as `ray.data.Dataset.map_batches` wants.

    Parameters
    ----------
    model : fitted estimator or path
        A path of a ``.jamjae`` file must be one that all machines can read.
    what : {"codes", "reconstructions", "errors", "samples", "anomalies"}, default="codes"
        ``"codes"`` have a column per component. ``"reconstructions"`` have the columns of the model
        if these have names, else one column ``reconstruction`` of arrays. ``"errors"`` are mean
        squared errors of rows, high for anomalies. ``"samples"`` are drawn from the density of the
        model, one for each number in the column ``id`` (`ray.data.range`), whatever the batches.
        ``"anomalies"``, of an `AnomalyDetector`, are the columns ``score`` (``score_samples``, low
        for anomalies), ``p_value``, and ``anomaly``, which is true where ``predict`` gives -1.
    columns : sequence of str, default=()
        The columns that are rows, by default those the model was fitted to; for a model without
        names a column called ``data``, ``image`` or ``item``, or all columns.
    keep : sequence of str, default=()
        Columns to keep beside what is made.
    rows : int, optional
        Number of rows of the whole data set, if it may be 128 or fewer.
    random_state : int, default=0
        For samples.

    Raises
    ------
    ShapeMismatchError, InvalidDataError
        The columns are not those of the model, or it does not give what is asked for; as its
        methods raise them.

    Notes
    -----
    Results are those of the model's own ``transform``, ``reconstruct`` and ``score_samples`` for
    all rows at once, bit for bit, however the rows are cut into batches and blocks, on machines of
    the same kind with the same number of cores. Of rows with missing values the last digits depend
    on the others.

    Examples
    --------
    >>> from jamjae import Autoencoder
    >>> X = np.random.default_rng(0).normal(size=(200, 4))
    >>> ae = Autoencoder(2, network=(), random_state=0).fit(X)
    >>> encode = Transform(ae)
    >>> codes = encode({"data": X[:70]})
    >>> sorted(codes), bool((codes["autoencoder1"] == ae.transform(X)[:70, 1]).all())
    (['autoencoder0', 'autoencoder1'], True)
    """

    def __init__(
        self,
        model: Any,
        what: str = "codes",
        *,
        columns: Sequence[str] = (),
        keep: Sequence[str] = (),
        rows: int | None = None,
        random_state: int = 0,
    ) -> None:
        if what not in WHAT:
            raise InvalidDataError(
                f"Transform received what={what!r}; expected one of {', '.join(WHAT)}."
            )
        if isinstance(model, str | os.PathLike):
            from jamjae.models.persistence import load_model

            model = load_model(Path(model))
        if (what == "anomalies") != hasattr(model, "p_values_of"):
            raise InvalidDataError(
                f"Transform received what={what!r} for {type(model).__name__}. "
                '"anomalies" is for an AnomalyDetector, and all else for an autoencoder.'
            )
        self.model, self.what, self.columns, self.keep = model, what, tuple(columns), tuple(keep)
        self.rows, self.random_state = MANY if rows is None else rows, random_state

    def __call__(self, batch: Columns) -> dict[str, np.ndarray]:
        """Give what is made of a batch, as columns of as many rows."""
        with warnings.catch_warnings(), among(self.rows):
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            made = self._samples(batch) if self.what == "samples" else self._of(self._rows(batch))
        attempt = "Transform cannot keep columns"
        kept = place(list(batch), attempt, self.keep) if self.keep else []
        return {**{name: batch[name] for name in kept}, **made}

    def _rows(self, batch: Columns) -> Any:
        attempt = f"{type(self.model).__name__} cannot take a batch"
        wanted = place(list(batch), attempt, self.columns, self.model)
        rows = rows_of(batch, wanted, attempt)
        if hasattr(rows, "iloc") or tuple(wanted) != fitted_names(self.model):
            return rows
        from pandas import DataFrame

        return DataFrame(rows, columns=wanted, copy=False)

    def _of(self, rows: Any) -> dict[str, np.ndarray]:
        if self.what == "codes":
            names = [str(name) for name in self.model.get_feature_names_out()]
            return as_columns(self.model.transform(rows), names, "code")
        if self.what == "anomalies":
            scores = self.model.score_samples(rows)
            p_values = self.model.p_values_of(scores)
            return {"score": scores, "p_value": p_values, "anomaly": scores < self.model.offset_}
        if self.what == "errors":
            return {"error": -self.model.score_samples(rows)}
        return as_columns(self.model.reconstruct(rows), fitted_names(self.model), "reconstruction")

    def _samples(self, batch: Columns) -> dict[str, np.ndarray]:
        if "id" not in batch:
            raise InvalidDataError(
                "Transform cannot draw samples: the data set has no column id of whole numbers, "
                "one for each sample. Use ray.data.range(n)."
            )
        ids = np.asarray(batch["id"], np.int64)
        drawn = {group: self._drawn(int(group)) for group in np.unique(ids // DRAWN)}
        names = list(next(iter(drawn.values())))
        return {name: np.stack([drawn[i // DRAWN][name][i % DRAWN] for i in ids]) for name in names}

    def _drawn(self, group: int) -> dict[str, np.ndarray]:
        seed = np.random.SeedSequence([self.random_state, group]).generate_state(1)[0]
        made = self.model.sample(DRAWN, random_state=int(seed))
        return as_columns(made, fitted_names(self.model), "sample")
