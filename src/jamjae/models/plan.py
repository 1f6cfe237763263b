"""The plan of a training: a pure value made from an estimator's parameters and rows."""

from __future__ import annotations

import itertools
import math
from numbers import Integral
from typing import Any, NamedTuple, Protocol, Self

import keras
import numpy as np
from sklearn.utils import check_random_state

from jamjae.data import preprocessing
from jamjae.data.preprocessing import Scaling
from jamjae.data.rows import Array, Rows, value_range
from jamjae.data.table_encoder import Shares, TableEncoder
from jamjae.engine import (
    architectures,
    column_outputs,
    compiling,
    custom_networks,
    initialization,
    keras_bridge,
    memory,
    pca,
    programs,
    training,
)
from jamjae.engine.architectures import Pair
from jamjae.engine.losses import RowLoss, mse
from jamjae.engine.pca import Principal
from jamjae.engine.placement import Placement
from jamjae.engine.processes import ALONE, Processes
from jamjae.errors import InvalidDataError, InvalidNetworkError
from jamjae.models import pace


class Parameters(Protocol):
    """The parameters that a plan depends on, as `jamjae.Autoencoder` describes them."""

    n_components: int | float | str
    network: str | tuple[int, ...]
    encoder: keras.Model | None
    decoder: keras.Model | None
    anchor: str | None
    loss: str | RowLoss
    scaling: str | None
    corruption: keras.Layer | None
    augmentation: keras.Layer | None
    guide: Any
    guide_weight: float
    table_encoder_: TableEncoder | None
    optimizer: str | keras.Optimizer
    learning_rate: float | str
    schedule: str
    batch_size: int
    epochs: int | str
    early_stopping: bool
    patience: int


class Seeds(NamedTuple):
    """The random seeds of a fit, split by name once."""

    split: int
    network: int
    layers: int
    shuffle: int
    guide: int

    @classmethod
    def draw(cls, random_state: Any) -> Self:
        """Draw all seeds from scikit-learn's ``random_state``."""
        rng = check_random_state(random_state)
        return cls(*(int(rng.randint(2**31 - 1)) for _ in cls._fields))

    def agreed(self, processes: Processes) -> Self:
        """Give the seeds of the first process."""
        return type(self)(*map(int, processes.first(np.array(self))))


class Plan(NamedTuple):
    """Everything a training depends on, except the rows and the initial weights.

    Attributes
    ----------
    recipe : Recipe
        The settings that are compiled.
    peak : float
        Peak learning rate; NaN leaves it to the optimizer.
    epochs : int
    patience : int or None
        Epochs without improvement after which training stops.
    sound : Sound
        Limits of the loss, to detect divergence.
    baseline : float or None
        PCA's loss on scaled data, if the loss is the squared error.
    promised : bool
        Whether the result must be no worse than PCA.
    seeds : Seeds
    """

    recipe: programs.Recipe
    peak: float
    epochs: int
    patience: int | None
    sound: training.Sound
    baseline: float | None
    promised: bool
    seeds: Seeds

    def for_one_epoch(self) -> Self:
        """Plan to use each row once, at a constant learning rate."""
        recipe = self.recipe._replace(schedule=self.recipe.schedule and "constant")
        return self._replace(recipe=recipe, epochs=1, patience=None, baseline=None)


def make(
    parameters: Parameters,
    pair: Pair,
    scaling: Scaling,
    baseline: Principal,
    rows: Rows,
    seeds: Seeds,
    place: Placement,
) -> Plan:
    """Plan the training of a pair on rows, of which each process has a part."""
    widths = architectures.hidden_widths(pair.encoder) if own(parameters) else ()
    rate = keras_bridge.default_learning_rate(parameters.optimizer)
    if parameters.learning_rate != "auto":
        rate = float(parameters.learning_rate)
    elif own(parameters) and parameters.optimizer == "adam":
        rate = pace.adam_rate(widths)
    n = int(place.processes.total(len(rows["x"])))
    size = place.whole_batch(pace.batch_size(parameters.batch_size, n))
    memory.require_room(
        memory.of_outputs(pair, size),
        f"batches of {size} rows of shape {pair.encoder.input_shape[1:]}",
        "Give a smaller batch_size, or smaller images (jamjae.read(path, image_size=)).",
    )
    recipe = programs.Recipe(
        shapes=_shapes(parameters, pair),
        in_graph=scaling.in_graph(scaling.apply(rows["x"][:1]).dtype),
        loss="mse" if parameters.loss == "auto" else parameters.loss,
        guide_weight=None if parameters.guide is None else float(parameters.guide_weight),
        optimizer=keras_bridge.describe_optimizer(parameters.optimizer, scheduled=rate is not None),
        schedule=None if rate is None else parameters.schedule,
        batch_size=size,
    )
    return Plan(
        recipe,
        peak=rate or math.nan,
        epochs=pace.epochs(parameters.epochs, widths, -(-n // size)),
        patience=int(parameters.patience) if parameters.early_stopping else None,
        sound=_sound(parameters, baseline.variance / scaling.scale**2),
        baseline=baseline.error / scaling.scale**2 if squares(parameters) else None,
        promised="corrupted" not in rows and promises(parameters),
        seeds=seeds,
    )


# --- the networks ---------------------------------------------------------------------------


def own(parameters: Parameters) -> bool:
    """Whether the networks are built by jamjae, not given."""
    return parameters.encoder is None and parameters.decoder is None


def begins_as_pca(parameters: Parameters) -> bool:
    """Whether networks start as PCA: a linear path that is PCA, and a nonlinear path at zero."""
    return own(parameters) and parameters.anchor == "pca"


def promises(parameters: Parameters) -> bool:
    """Whether networks start as PCA and learn only to reconstruct the rows, plainly."""
    changed = (parameters.corruption, parameters.augmentation, parameters.guide)
    plain = parameters.loss in ("auto", "mse") and all(part is None for part in changed)
    return plain and begins_as_pca(parameters)


def squares(parameters: Parameters) -> bool:
    """Whether the loss is the squared error of all columns."""
    plain = parameters.loss == "auto" and _shares(parameters) is None
    return plain or parameters.loss in ("mse", mse)


def start(
    parameters: Parameters, pair: Pair, baseline: Principal, scaling: Scaling, seeds: Seeds
) -> None:
    """Set the initial weights of jamjae's own networks."""
    initialization.start(
        pair,
        baseline if parameters.anchor == "pca" else None,
        scaling,
        np.random.RandomState(seeds.network),
        _shares(parameters),
    )


def _shares(parameters: Parameters) -> Shares | None:
    """Find the columns that have a loss of their own: categories of a table, with loss="auto"."""
    bent = own(parameters) and parameters.network not in ((), [])
    encoder = getattr(parameters, "table_encoder_", None)  # which a fit sets
    if parameters.loss != "auto" or not bent or encoder is None:
        return None
    found: Shares | None = encoder.shares()
    return found


def code_factors(parameters: Parameters, baseline: Principal) -> np.ndarray | None:
    """Give the factors from whitened codes to codes in PCA's units, applied after training.

    None with a guide, or with networks that do not start as PCA.
    """
    if not begins_as_pca(parameters) or parameters.guide is not None:
        return None
    return np.where(baseline.usable, baseline.deviations, 1.0)


def _components(
    parameters: Parameters,
    rows: Array,
    weights: np.ndarray | None,
    seed: int,
    processes: Processes,
) -> int:
    """Give the number of components: as asked, or as many as explain a share of the variance."""
    asked = parameters.n_components
    if isinstance(asked, Integral):
        return int(asked)
    width = math.prod(rows.shape[1:])
    n = int(processes.total(len(rows)))
    whole = pca.fit(rows, min(n, width), seed, weights, processes)
    explained = np.cumsum(np.square(whole.deviations)) / (whole.variance * width or 1.0)
    return min(int(np.searchsorted(explained, asked)) + 1, len(explained))


def build(
    parameters: Parameters,
    rows: Array,
    weights: np.ndarray | None,
    seed: int,
    processes: Processes = ALONE,
    n_components: int | None = None,
) -> Pair:
    """Build the networks for rows, or check those that were given.

    The number of components is that of the parameters, unless it is given.
    """
    shape = rows.shape[1:]
    compiling.require_own_process()
    if not own(parameters):
        return custom_networks.given(parameters.encoder, parameters.decoder, shape)
    if parameters.loss == "bce":
        raise InvalidNetworkError(
            'loss="bce" compares probabilities, but jamjae\'s own networks have a linear output. '
            "Pass encoder= and a decoder= that ends in a sigmoid, or use another loss."
        )
    anchored = parameters.anchor is not None
    k = n_components or _components(parameters, rows, weights, seed, processes)
    if parameters.network == "conv" and len(shape) == 1:
        raise InvalidNetworkError(
            f'network="conv" is for images (n, h, w) or (n, h, w, c), but rows of shape {shape} '
            'were given. Reshape them, or use network="dense".'
        )
    convolutional = parameters.network == "auto" and architectures.prefers_convolution(shape)
    if parameters.network == "conv" or convolutional:
        return architectures.convolutional(shape, k, anchored=anchored)
    widths = parameters.network
    if isinstance(widths, str):
        widths = architectures.dense_widths(shape, k)
    if not all(isinstance(width, Integral) and int(width) >= 1 for width in widths):
        raise InvalidNetworkError(
            f"network={widths!r} was given, but hidden widths are integers of at least 1, "
            "for example network=(512, 128)."
        )
    _require_room(shape, [*map(int, widths), k])
    pair = architectures.dense(shape, k, [int(w) for w in widths], anchored=anchored)
    shares = _shares(parameters)
    return architectures.with_columns(pair, shares.groups) if shares else pair


def _require_room(shape: tuple[int, ...], widths: list[int]) -> None:
    """Refuse dense networks that do not fit into memory, before Keras creates them."""
    d = math.prod(shape)
    weights = 2 * (sum(a * b for a, b in itertools.pairwise([d, *widths])) + d * widths[-1])
    memory.require_room(
        memory.of_weights(weights),
        f"dense networks of {weights:,} weights for rows of {d:,} values",
        'Use network="conv" for images, smaller images or fewer columns, or narrower layers such '
        "as network=(64,).",
    )


def choose_scaling(
    parameters: Parameters,
    rows: Array,
    decoder: keras.Model,
    baseline: Principal,
    processes: Processes,
) -> Scaling:
    """Choose the scaling by the parameter, the data and the range of the decoder's output."""
    if parameters.scaling is None:
        return preprocessing.none(rows)
    reach = (0.0, 1.0) if parameters.loss == "bce" else None
    reach = reach or (None if own(parameters) else custom_networks.output_range(decoder))
    if reach:
        least, most = processes.ends(*value_range(rows))
        return preprocessing.into_range(rows, *reach, baseline.variance, (least, most))
    return preprocessing.for_rows(rows, baseline.mean, baseline.variance)


def layers(parameters: Parameters, pair: Pair) -> dict[str, keras.Layer]:
    """Name all layers that are trained, or act during training."""
    named = {
        **pair._asdict(),
        "columns": column_outputs.of(pair.decoder),
        "corruption": parameters.corruption,
        "augmentation": parameters.augmentation,
    }
    return {name: layer for name, layer in named.items() if layer is not None}


# --- rows and shapes ------------------------------------------------------------------------


def split(n: int, fraction: float, seed: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Choose the training rows and the held-out rows, by index; None if none are held out."""
    held = math.ceil(n * fraction)
    if held == 0:
        return None, None
    if n - held < 2:
        raise InvalidDataError(
            f"validation_fraction={fraction} holds out {held} of {n} rows, but at least 2 must be "
            "left for training. Give a smaller fraction or more rows."
        )
    order = np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)  # of many rows in files
    np.random.RandomState(seed).shuffle(order)
    order[:held].sort()
    order[held:].sort()
    return order[held:], order[:held]


def _shapes(parameters: Parameters, pair: Pair) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Give the shape of a row for each layer."""
    shapes = {name: model.input_shape[1:] for name, model in pair._asdict().items()}
    for name in ("corruption", "augmentation"):
        layer = getattr(parameters, name)
        if layer is not None:
            shapes[name] = _unchanged_shape(layer, name, shapes["encoder"])
    return tuple(sorted(shapes.items()))


def _unchanged_shape(layer: keras.Layer, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Build a corruption or augmentation for rows of a shape, which it must not change."""
    if len(shape) == 2:
        shape = (*shape, 1)  # Keras's image layers expect channels
    try:
        after = tuple(layer(keras.KerasTensor((None, *shape))).shape[1:])
    except (ValueError, TypeError, IndexError) as error:
        raise InvalidNetworkError(
            f"The {name} {layer.name!r} cannot take rows of shape {shape}: {error}"
        ) from error
    if after != shape:
        raise InvalidNetworkError(
            f"The {name} {layer.name!r} changes rows of shape {shape} to {after}. "
            "It must keep the shape."
        )
    return shape


def _sound(parameters: Parameters, variance: float) -> training.Sound:
    """Give the limits of the loss, on scaled data."""
    if not isinstance(parameters.loss, str):  # a custom loss may have any unit
        return training.Sound(0.0)
    guided = 0.0 if parameters.guide is None else float(parameters.guide_weight)
    known = variance + guided  # a guide's variance is one
    return training.Sound(known, known if begins_as_pca(parameters) else np.inf)
