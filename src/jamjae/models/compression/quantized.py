"""How a codec starts, what it minimizes, and how its codes are rounded after training."""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from jamjae.data.rows import Array, Given, drawn
from jamjae.engine import architectures, initialization, pca, rate_distortion, training
from jamjae.engine.architectures import ANCHOR, Pair
from jamjae.engine.pca import Principal
from jamjae.engine.placement import Placement
from jamjae.engine.processes import Processes
from jamjae.engine.rate_distortion import Aim, CodePrior
from jamjae.errors import InvalidDataError
from jamjae.latent.codec import Tables
from jamjae.latent.codec.prior import Prior
from jamjae.models import callbacks, plan
from jamjae.models.compression import quantization
from jamjae.models.compression.content import Content
from jamjae.models.compression.quantization import Codes, Rounding, Wanted
from jamjae.models.fitting import Networks, Task
from jamjae.models.plan import Plan, Seeds
from jamjae.models.trainable import TrainableModel

KEPT_ERROR = 0.05  # of the variance, if neither bytes nor an error is asked for
HIDDEN_PER_COMPONENT, HIDDEN = 16, (64, 2048)  # units of the prior, and their bounds
EVALUATED, COUNTED = 2_000, 20_000  # rows by which the step is chosen, and the tables are made
SAME = 1e-3  # share by which bytes may differ that count as the same
MISSED = 0.02  # share by which an aim is missed that is reported
ENOUGH = 50  # held-out rows for the former, else training rows are
LARGEST_CODE = 2.0**31 - 1
HEADERS = 0.02  # bytes of a row beside its code, in files of many rows


class Settled(NamedTuple):
    """Networks and how their codes are rounded.

    Attributes
    ----------
    pair : Pair
    places : tuple of int
        Binary places of the decoder's weights.
    step : float
        Of quantization, in the units of the data.
    rounding : Rounding
    principal : Principal or None
        The components that the networks are, if they are PCA.
    """

    pair: Pair
    places: tuple[int, ...]
    step: float
    rounding: Rounding
    principal: Principal | None = None


class QuantizedModel(TrainableModel):
    """Train networks whose codes are rounded, with a prior of the codes.

    A subclass has these parameters, beside those of every trained model.
    """

    n_components: Any
    bytes_per_row: float | None
    mse: float | None
    encoder, decoder, anchor, loss, missing = None, None, "pca", "mse", "error"
    guide, guide_weight, corruption = None, 1.0, None
    early_stopping, patience, warm_start = False, 1, False

    prior_: Prior
    tables_: Tables
    places_: tuple[int, ...]
    step_: float
    bytes_per_row_: float
    mse_: float

    # --- before training --------------------------------------------------------------------

    def _build(
        self, rows: Array, known: np.ndarray | None, seeds: Seeds, processes: Processes
    ) -> Pair:
        if processes.hosts > 1:
            raise InvalidDataError(
                f"Codec cannot fit in {processes.hosts} processes together: its step and its "
                "tables are found by one. Fit it in one process, on all of its devices."
            )
        n, d = len(rows), math.prod(rows.shape[1:])
        asked = self.n_components
        most = min(n, d, quantization.MOST_COMPONENTS) if asked == "auto" else int(asked)
        whole = pca.fit(rows, most, seeds.network, known, processes)
        self._whole, self._wanted = whole, self._asked(whole)
        self._first_step = quantization.first_step(whole, self._wanted)
        k = quantization.components(whole, self._first_step) if asked == "auto" else most
        pair = plan.build(self, rows, known, seeds.network, processes, n_components=k)
        for model in pair:
            model.get_layer(ANCHOR).trainable = True
        return pair

    def _asked(self, whole: Principal) -> Wanted:
        if self.bytes_per_row is not None:
            return Wanted(bits=8.0 * max(self.bytes_per_row - HEADERS, self.bytes_per_row / 2.0))
        kept = max(KEPT_ERROR * whole.variance, (1.0 + quantization.COARSE) * whole.error)
        return Wanted(error=kept if self.mse is None else float(self.mse))

    def _start(self, seeds: Seeds) -> None:
        super()._start(seeds)
        rng = np.random.RandomState(seeds.network)
        step, scale, k = self._first_step, self.scaling_.scale, self.n_components_
        initialization.start_quantized(self._pair(), self.baseline_, step, rng)
        width = int(np.clip(HIDDEN_PER_COMPONENT * k, *HIDDEN))
        self._code_prior = CodePrior(k, width)
        d = math.prod(self.row_shape_)
        aim = Aim(self._wanted.bits, self._wanted.error * d / scale**2)
        tradeoff = quantization.TRADEOFF / (step / scale) ** 2
        deviations = self.baseline_.deviations / step
        rate_distortion.start_prior(self._code_prior, deviations, aim, tradeoff, rng)

    def _networks(self) -> Networks:
        layers = plan.layers(self, self._pair())
        layers[rate_distortion.PRIOR] = self._code_prior
        factors = np.full(self.n_components_, self._first_step)
        return Networks(self._pair(), layers, self.scaling_, factors)

    def _plan(self, rows: Any, seeds: Seeds, place: Placement) -> Plan:
        made = super()._plan(rows, seeds, place)
        recipe = made.recipe._replace(codec=True)
        sound = training.Sound(np.inf)
        return made._replace(recipe=recipe, sound=sound, baseline=None, promised=False)

    # --- after training ---------------------------------------------------------------------

    def _store(self, task: Task, progress: training.Progress) -> Self:
        self.history_ = callbacks.history(progress.history)
        rows, seed = task.rows["x"], task.plan.seeds.split
        held = rows if task.held is None or len(task.held["x"]) < ENOUGH else task.held["x"]
        counted = rows[drawn(len(rows), COUNTED, seed)]
        evaluated = held[drawn(len(held), EVALUATED, seed)]
        self._settle(counted, evaluated)
        for name in ("_code_prior", "_first_step", "_wanted", "_whole"):
            del self.__dict__[name]  # which only training needs
        self.reconstruction_error_ = self._error(rows)
        return self

    def _settle(self, counted: np.ndarray, evaluated: np.ndarray) -> None:
        """Round weights and codes as files hold them, and fall back to PCA if that is better."""
        rows, wanted = (counted, evaluated), self._wanted
        found = self._settled(self._pair(), self._first_step, self._learned(), rows, wanted)
        rival = self._as_pca(rows, Wanted(bits=found.rounding.bits))
        no_longer = rival.rounding.bits <= (1.0 + SAME) * found.rounding.bits
        self.is_pca_ = bool(no_longer and rival.rounding.error <= found.rounding.error)
        missed = found.rounding.error > (1.0 + MISSED) * wanted.error
        if self.is_pca_ or missed:
            rival = self._as_pca(rows, wanted)
            self.is_pca_ = self.is_pca_ or rival.rounding.error < found.rounding.error
        self._take(rival if self.is_pca_ else found)
        if self.is_pca_:
            warnings.warn(
                "Training did not improve on PCA with the same rounding and entropy coding"
                f"{', or did not reach the error that is wanted' if missed else ''}, so the codec "
                "is PCA. Try more epochs, more rows or a lower learning_rate.",
                ConvergenceWarning,
                stacklevel=5,
            )
        self._report_missed()

    def _report_missed(self) -> None:
        asked = self._wanted
        for name, found, most, unit in (
            ("bytes_per_row", self.bytes_per_row_, asked.bits / 8.0, "bytes per row"),
            ("mse", self.mse_, asked.error, "squared error"),
        ):
            if found > (1.0 + MISSED) * most:
                warnings.warn(
                    f"{name} was not reached: {found:.4g} {unit} instead of {most:.4g}. Set "
                    "another target, more components, or another network.",
                    UserWarning,
                    stacklevel=6,
                )

    def _take(self, found: Settled) -> None:
        self.encoder_, self.decoder_ = found.pair
        if found.principal is not None:
            self.baseline_, self.baseline_error_ = found.principal, found.principal.error
            self.n_components_ = len(found.principal.deviations)
        self.places_, self.step_ = found.places, found.step
        self.prior_, self.tables_ = found.rounding.prior, found.rounding.tables
        self.bytes_per_row_, self.mse_ = found.rounding.bits / 8.0, found.rounding.error

    def _as_pca(self, rows: tuple[np.ndarray, np.ndarray], wanted: Wanted) -> Settled:
        """Give PCA with the same rounding and coding, and with components of its own number."""
        step = quantization.first_step(self._whole, wanted, trained=False)
        principal = self._whole
        if self.n_components == "auto":
            principal = quantization.first(principal, quantization.components(principal, step))
        k = len(principal.deviations)
        pair = architectures.dense(self.row_shape_, k, (), anchored=True)
        initialization.start(pair, principal, self.scaling_, np.random.RandomState(0))
        initialization.scale_codes(pair, np.where(principal.usable, principal.deviations, 1.0))
        learned = quantization.independent(principal.deviations / step)
        return self._settled(pair, step, learned, rows, wanted)._replace(principal=principal)

    def _settled(
        self,
        pair: Pair,
        step: float,
        learned: Prior,
        rows: tuple[np.ndarray, np.ndarray],
        wanted: Wanted,
    ) -> Settled:
        self.encoder_, self.decoder_ = pair
        counted, evaluated = (self._before_rounding(some, step) for some in rows)
        places = quantization.round_weights(
            pair.decoder, lambda: evaluated.error(evaluated.codes), wanted.error
        )
        rounding = quantization.settled(learned, counted, evaluated, wanted)
        return Settled(pair, places, step * rounding.prior.step.ratio, rounding)

    def _before_rounding(self, rows: np.ndarray, step: float) -> Codes:
        def error(codes: np.ndarray) -> float:
            made = self.scaling_.clip(self._from_network(codes * step))
            rest = np.subtract(made, rows, dtype=np.float64)
            return float(np.mean(np.square(rest, out=rest)))

        return Codes(self._by_network(rows) / step, error)

    def _learned(self) -> Prior:
        """Round the prior that was trained to whole numbers."""
        k, width = self.n_components_, self._code_prior.width
        prior = self._code_prior
        into, out_of = rate_distortion.masks(k, width)
        unit = np.asarray(prior.unit.value)
        outward = np.asarray(prior.outward.value) * out_of
        outward[:, :k] *= unit
        return Prior.of(
            rate_distortion.degrees(k, width),
            np.asarray(prior.inward.value) * into / unit[:, None],
            np.asarray(prior.bias.value),
            outward,
            np.asarray(prior.mean.value) * unit,
            np.asarray(prior.log_scale.value),
        )

    # --- what decoding needs ----------------------------------------------------------------

    def _content(self) -> Content:
        check_is_fitted(self)
        names = [str(name) for name in getattr(self, "feature_names_in_", ())]
        notes = {
            "feature_names": names,
            "bytes_per_row": self.bytes_per_row_,
            "mse": self.mse_,
            "is_pca": self.is_pca_,
        }
        if label := getattr(self, "label_name_", ""):
            notes["label_name"] = label
        return Content(
            self.decoder_,
            self.places_,
            self.prior_,
            self.tables_,
            self.step_,
            self.scaling_,
            self.row_shape_,
            self.dtype_,
            self.table_encoder_,
            notes,
        )

    def _take_content(self, found: Content) -> None:
        self.decoder_, self.places_ = found.decoder, found.places
        self.prior_, self.tables_ = found.prior, found.tables
        self.step_, self.scaling_, self.scale_ = found.step, found.scaling, found.scaling.scale
        self.row_shape_, self.dtype_ = found.row_shape, found.dtype
        self.n_components_ = found.prior.n_components
        self.n_features_in_ = math.prod(found.row_shape)
        self.table_encoder_, self.filling_ = found.table_encoder, None
        names = found.notes.get("feature_names")
        if names:
            self.feature_names_in_ = np.array(names, dtype=object)
        if found.notes.get("label_name"):
            self.label_name_ = str(found.notes["label_name"])
        self.bytes_per_row_ = float(found.notes["bytes_per_row"])
        self.mse_ = self.reconstruction_error_ = float(found.notes["mse"])
        self.is_pca_ = bool(found.notes["is_pca"])

    # --- computation on checked rows --------------------------------------------------------

    def _encode(self, rows: Array, start: int = 0) -> np.ndarray:
        codes: np.ndarray = np.rint(self._by_network(rows, start) / self.step_)
        wide = np.abs(codes).max(axis=1, initial=0.0) > LARGEST_CODE
        if wide.any():
            raise InvalidDataError(
                f"Codec cannot encode row {start + int(wide.argmax())}: its code has numbers of "
                "more than 31 bits, as its values are too far from those of fit. Convert the rows "
                "to the units of fit, or drop such rows."
            )
        return codes

    @property
    def _code_units(self) -> tuple[float, Any]:
        return self.step_, self.step_

    def _checked(self, X: Any, operation: str) -> Given:
        check_is_fitted(self)
        if self.encoder_ is None:
            raise InvalidDataError(
                f"Codec cannot {operation}: it was read from a file of compressed rows, which "
                "holds what decoding needs and no encoder. Load the codec that was saved."
            )
        return super()._checked(X, operation)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _decode(self, codes: np.ndarray) -> np.ndarray:
        return self._from_network(codes.astype(np.float64, copy=False) * self.step_)
