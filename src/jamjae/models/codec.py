"""The codec: rows to few bytes, and back."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if

from jamjae.data.rows import Array, drawn, row_chunks
from jamjae.engine import architectures, initialization, pca, rate_distortion, training
from jamjae.engine.architectures import ANCHOR, Pair
from jamjae.engine.placement import Placement
from jamjae.engine.processes import Processes
from jamjae.engine.rate_distortion import Aim, CodePrior
from jamjae.errors import InvalidDataError
from jamjae.latent import codec as coder
from jamjae.latent.codec import Tables
from jamjae.latent.codec.prior import Prior
from jamjae.models import callbacks, plan, quantization
from jamjae.models.fitting import Networks, Task
from jamjae.models.plan import Plan, Seeds
from jamjae.models.quantization import Codes, Rounding, Wanted
from jamjae.models.trainable import CONSTRAINTS, TrainableModel

KEPT = (
    *("network", "scaling", "augmentation", "optimizer", "learning_rate", "schedule"),
    *("batch_size", "epochs", "validation_fraction", "checkpoint_dir", "callbacks", "devices"),
    *("random_state", "verbose"),
)
KEPT_ERROR = 0.05  # of the variance, if neither bytes nor an error is asked for
HIDDEN_PER_COMPONENT, HIDDEN = 16, (64, 2048)  # units of the prior, and their bounds
JUDGED, COUNTED = 2_000, 20_000  # rows by which the step is chosen, and the tables are made
SAME = 1e-3  # share by which bytes may differ that count as the same
ENOUGH = 200  # held-out rows for the former, else training rows are
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
    """

    pair: Pair
    places: tuple[int, ...]
    step: float
    rounding: Rounding


class Codec(TrainableModel):
    """Compress rows to few bytes: integer codes of a network, entropy coded.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **{name: CONSTRAINTS[name] for name in KEPT},
        "n_components": [StrOptions({"auto"}), *CONSTRAINTS["n_components"][:1]],
        "bytes_per_row": [Interval(Real, 0, None, closed="neither"), None],
        "mse": [Interval(Real, 0, None, closed="neither"), None],
    }
    encoder, decoder, anchor, loss, missing = None, None, "pca", "mse", "error"
    guide, guide_weight, corruption = None, 1.0, None
    early_stopping, patience, warm_start = False, 1, False

    prior_: Prior
    tables_: Tables
    step_: float
    bytes_per_row_: float
    mse_: float

    def __init__(
        self,
        n_components: int | str = "auto",
        *,
        bytes_per_row: float | None = None,
        mse: float | None = None,
        network: str | tuple[int, ...] = "auto",
        scaling: str | None = "auto",
        augmentation: keras.Layer | None = None,
        optimizer: str | keras.Optimizer = "adam",
        learning_rate: float | str = "auto",
        schedule: str = "one-cycle",
        batch_size: int = 128,
        epochs: int | str = "auto",
        validation_fraction: float = 0.05,
        checkpoint_dir: str | Path | None = None,
        callbacks: Iterable[Callable[[training.EpochReport], Any]] = (),
        devices: int | str | Sequence[Any] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.bytes_per_row = bytes_per_row
        self.mse = mse
        self.network = network
        self.scaling = scaling
        self.augmentation = augmentation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.epochs = epochs
        self.validation_fraction = validation_fraction
        self.checkpoint_dir = checkpoint_dir
        self.callbacks = callbacks
        self.devices = devices
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: None = None) -> Self:
        """Train on rows.
        """
        if self.bytes_per_row is not None and self.mse is not None:
            raise InvalidDataError("both")
        return self._fit(X)

    @available_if(lambda self: False)
    def partial_fit(self, X: Any, y: None = None) -> Self:
        """Do not."""
        raise NotImplementedError

    def transform(self, X: Any) -> np.ndarray:
        """Give the integer codes of rows: int32 array of shape (n, n_components_)."""
        return super().transform(X).astype(np.int32)

    def bits(self, X: Any) -> np.ndarray:
        """Give the ideal length of the code of each row in bits, float64 array of shape (n,)."""
        symbols = self.transform(X)
        return quantization.bits_of_rows(self.prior_, self.tables_, symbols)

    # --- before training --------------------------------------------------------------------

    def _build(
        self, rows: Array, known: np.ndarray | None, seeds: Seeds, processes: Processes
    ) -> Pair:
        n, d = len(rows), math.prod(rows.shape[1:])
        asked = self.n_components
        most = min(n, d, quantization.MOST_COMPONENTS) if asked == "auto" else int(asked)
        whole = pca.fit(rows, most, seeds.network, known, processes)
        self._wanted = self._asked(whole.variance)
        self._first_step = quantization.first_step(whole, self._wanted)
        k = quantization.components(whole, self._first_step) if asked == "auto" else most
        pair = plan.build(self, rows, known, seeds.network, processes, n_components=k)
        for model in pair:
            model.get_layer(ANCHOR).trainable = True
        return pair

    def _asked(self, variance: float) -> Wanted:
        if self.bytes_per_row is not None:
            return Wanted(bits=8.0 * max(self.bytes_per_row - HEADERS, self.bytes_per_row / 2.0))
        return Wanted(error=KEPT_ERROR * variance if self.mse is None else float(self.mse))

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
        judged = held[drawn(len(held), JUDGED, seed)]
        self._settle(counted, judged)
        self.reconstruction_error_ = self._error(rows)
        return self

    def _settle(self, counted: np.ndarray, judged: np.ndarray) -> None:
        """Round weights and codes as files hold them, and fall back to PCA if that is better."""
        rows = counted, judged
        found = self._settled(self._pair(), self._first_step, self._learned(), rows, self._wanted)
        rival = self._as_pca(rows, found.rounding.bits)
        no_longer = rival.rounding.bits <= (1.0 + SAME) * found.rounding.bits
        self.is_pca_ = no_longer and rival.rounding.error <= found.rounding.error
        self._take(rival if self.is_pca_ else found)
        if self.is_pca_:
            warnings.warn(
                "Training did not improve on PCA with the same rounding and entropy coding, so the "
                "codec is PCA. Try more epochs, more rows or a lower learning_rate.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _take(self, found: Settled) -> None:
        self.encoder_, self.decoder_ = found.pair
        self.places_, self.step_ = found.places, found.step
        self.prior_, self.tables_ = found.rounding.prior, found.rounding.tables
        self.bytes_per_row_, self.mse_ = found.rounding.bits / 8.0, found.rounding.error

    def _as_pca(self, rows: tuple[np.ndarray, np.ndarray], bits: float) -> Settled:
        """Give PCA with the same rounding and coding, and so many bits."""
        baseline, wanted = self.baseline_, Wanted(bits=bits)
        pair = architectures.dense(self.row_shape_, self.n_components_, (), anchored=True)
        initialization.start(pair, baseline, self.scaling_, np.random.RandomState(0))
        initialization.scale_codes(pair, np.where(baseline.usable, baseline.deviations, 1.0))
        step = quantization.first_step(baseline, wanted)
        learned = quantization.independent(baseline.deviations / step)
        return self._settled(pair, step, learned, rows, wanted)

    def _settled(
        self,
        pair: Pair,
        step: float,
        learned: Prior,
        rows: tuple[np.ndarray, np.ndarray],
        wanted: Wanted,
    ) -> Settled:
        self.encoder_, self.decoder_ = pair
        counted, judged = (self._before_rounding(some, step) for some in rows)
        places = quantization.round_weights(pair.decoder, lambda: judged.error(judged.codes))
        rounding = quantization.settled(learned, counted, judged, wanted)
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
        unit = np.asarray(prior.unit)
        outward = np.asarray(prior.outward) * out_of
        outward[:, :k] *= unit
        return Prior.of(
            rate_distortion.degrees(k, width),
            np.asarray(prior.inward) * into / unit[:, None],
            np.asarray(prior.bias),
            outward,
            np.asarray(prior.mean) * unit,
            np.asarray(prior.log_scale),
        )

    # --- computation on checked rows --------------------------------------------------------

    def _encode(self, rows: Array, start: int = 0) -> np.ndarray:
        return np.rint(self._by_network(rows, start) / self.step_)

    def _decode(self, codes: np.ndarray) -> np.ndarray:
        return self._from_network(codes * self.step_)
