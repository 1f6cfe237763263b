"""From an estimator's parameters and its rows to what training needs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import keras
import numpy as np
from sklearn.utils import check_random_state

from jamjae.data import preprocessing
from jamjae.data.preprocessing import Scaling
from jamjae.engine import architectures, compiling, keras_bridge, memory, training
from jamjae.engine.losses import LOSSES, mse
from jamjae.engine.pca import Principal
from jamjae.errors import InvalidDataError, InvalidNetworkError, ShapeMismatchError
from jamjae.models.validation import check_rows

ADAM_RATE = 2e-3  # the peak for jamjae's own networks; see benchmarks/fashion_mnist.py
DEEP_RATE = (0.5, 4e-3)  # with several hidden layers: that over their width, and at most
STEPS, EPOCHS = 4000, (20, 300)  # what epochs="auto" aims at, and its bounds
DEEP_STEPS, DEEP_EPOCHS = 5000, (40, 400)  # the same with several hidden layers


class Seeds(NamedTuple):
    """What a fit draws at random, split by name once."""

    split: int
    network: int
    layers: int
    shuffle: int
    guide: int

    @classmethod
    def draw(cls, random_state: Any) -> Self:
        """Take all seeds from scikit-learn's kind of ``random_state``."""
        rng = check_random_state(random_state)
        return cls(*(int(rng.randint(2**31 - 1)) for _ in cls._fields))


# --- the rows -------------------------------------------------------------------------------


def split(n: int, fraction: float, seed: int) -> tuple[Any, Any]:
    """Choose the rows to train on and those held out; without a fraction, all and none."""
    held = math.ceil(n * fraction)
    if held == 0:
        return slice(None), None
    if n - held < 2:
        raise InvalidDataError(
            f"validation_fraction={fraction} holds out {held} of {n} rows, but at least 2 must be "
            "left to train on. Give a smaller fraction or more rows."
        )
    order = np.random.RandomState(seed).permutation(n)
    return np.sort(order[held:]), np.sort(order[:held])


def noisy_versions(model: Any, rows: np.ndarray, corrupted: Any) -> dict[str, np.ndarray]:
    """Check the noisy versions of rows, where there are some, and name them for training."""
    if corrupted is None:
        return {}
    changed = [name for name in ("corruption", "augmentation") if getattr(model, name) is not None]
    if changed:
        raise InvalidDataError(
            f"Noisy versions were given by corrupted=, and {changed[0]}= would change the rows as "
            "well, or only one of each pair. Give one of the two."
        )
    noisy = check_rows(model, corrupted, "fit noisy versions", reset=False)
    if noisy.shape != rows.shape or noisy.dtype != rows.dtype:
        raise ShapeMismatchError(
            f"corrupted= holds {noisy.dtype} rows of shape {noisy.shape}, but X holds {rows.dtype} "
            f"rows of shape {rows.shape}. One noisy version a row is expected, in the same units."
        )
    return {"corrupted": noisy}


def require_same_kind(model: Any, rows: np.ndarray) -> None:
    """Refuse to go on from networks that were fitted to another kind of data, or codes."""
    kinds = {model.dtype_, preprocessing.counted_as(rows.dtype)}
    if len(kinds) > 1 and kinds & preprocessing.PIXELS.keys():
        raise InvalidDataError(
            f"warm_start goes on from a fit to {model.dtype_} values, but {rows.dtype} values were "
            "given. Convert them, or fit anew with warm_start=False."
        )
    if own(model) and model.n_components != model.n_components_:
        raise ShapeMismatchError(
            f"warm_start goes on from codes of {model.n_components_} numbers, but n_components is "
            f"{model.n_components} now. Set it back, or fit anew with warm_start=False."
        )


# --- the networks ---------------------------------------------------------------------------


def build(model: Any, shape: tuple[int, ...]) -> architectures.Pair:
    """Build the networks that an estimator's parameters ask for, or check those it was given."""
    compiling.require_own_process()
    if model.encoder is not None or model.decoder is not None:
        return architectures.given(model.encoder, model.decoder, shape)
    if model.loss == "bce":
        raise InvalidNetworkError(
            'loss="bce" compares probabilities, but jamjae\'s own networks end in plain numbers. '
            "Hand in encoder= and decoder= with a sigmoid at the end, or use another loss."
        )
    anchored = model.anchor is not None
    if model.network == "conv" and len(shape) == 1:
        raise InvalidNetworkError(
            f'network="conv" is for images (n, h, w) or (n, h, w, c), but rows of shape {shape} '
            'were given. Reshape them, or use network="dense".'
        )
    convolutional = model.network == "auto" and architectures.prefers_convolution(shape)
    if model.network == "conv" or convolutional:
        return architectures.convolutional(shape, int(model.n_components), anchored=anchored)
    widths = model.network
    if isinstance(widths, str):
        widths = architectures.dense_widths(shape, int(model.n_components))
    if not all(isinstance(width, Integral) and int(width) >= 1 for width in widths):
        raise InvalidNetworkError(
            f"network={widths!r} was given, but hidden widths are whole numbers from 1, "
            "for example network=(512, 128)."
        )
    _require_room(shape, [*map(int, widths), int(model.n_components)])
    return architectures.dense(
        shape, int(model.n_components), [int(w) for w in widths], anchored=anchored
    )


def _require_room(shape: tuple[int, ...], widths: list[int]) -> None:
    """Refuse dense networks that do not fit into memory, before Keras draws them."""
    d = math.prod(shape)
    weights = 2 * (sum(a * b for a, b in itertools.pairwise([d, *widths])) + d * widths[-1])
    memory.require_room(
        memory.of_weights(weights),
        f"dense networks of {weights:,} weights for rows of {d:,} values",
        'Use network="conv" for images, smaller images or fewer columns, or narrower layers such '
        "as network=(64,).",
    )


def own(model: Any) -> bool:
    """Whether the networks are jamjae's, and not handed in."""
    return model.encoder is None and model.decoder is None


def begins_as_pca(model: Any) -> bool:
    """Whether networks have a linear path that is PCA, and nothing beside it at first."""
    return own(model) and model.anchor == "pca"


def choose_scaling(
    model: Any, rows: np.ndarray, decoder: keras.Model, baseline: Principal
) -> Scaling:
    """Choose the scaling by the parameter, the data and what the decoder can give."""
    if model.scaling is None:
        return preprocessing.none(rows)
    reach = (0.0, 1.0) if model.loss == "bce" else None
    reach = reach or (None if own(model) else architectures.output_range(decoder))
    if reach:
        return preprocessing.into_range(rows, *reach, baseline.variance)
    return preprocessing.for_rows(rows, baseline.mean, baseline.variance)


@contextmanager
def whitened(model: Any, *, already: bool) -> Iterator[None]:
    """Let jamjae's own networks learn with codes of variance one, and leave them as PCA's are.

    Learning wants the former; the distances between codes mean something in the latter, in the
    units of the data. Where a guide says what codes shall be, they are left as they are.

    Parameters
    ----------
    model : Autoencoder
    already : bool
        Whether the networks are as `networks.start` made them.
    """
    factors = np.where(model.baseline_.usable, model.baseline_.deviations, 1.0)
    pair = architectures.Pair(model.encoder_, model.decoder_)
    scaled = own(model) and model.anchor is not None and model.guide is None
    if scaled and not already:
        architectures.scale_codes(pair, 1.0 / factors)
    try:
        yield
    finally:
        if scaled:
            architectures.scale_codes(pair, factors)


def face(model: Any, rows: np.ndarray, features: np.ndarray) -> None:
    """Turn the signs of the codes that training begins with to those of a guide's features.

    An embedding's signs are arbitrary, as PCA's are, and a code that begins against its feature
    may stay there.
    """
    if begins_as_pca(model):
        along = (model.baseline_.transform(rows) * features).sum(axis=0)
        signs = np.where(along < 0, -1.0, 1.0).astype(np.float32)
        architectures.scale_codes(architectures.Pair(model.encoder_, model.decoder_), signs)


# --- the program ----------------------------------------------------------------------------


class Job(NamedTuple):
    """What training works with: the layers by name, and the recipe they are compiled by."""

    layers: dict[str, keras.Layer]
    recipe: training.Recipe
    peak: float


def batch_size(model: Any, n: int) -> int:
    """Give the rows of a step: no more than there are, as what is missing is computed as well.

    A power of two, so that few shapes are compiled.
    """
    return min(int(model.batch_size), 1 << (n - 1).bit_length())


def plan(model: Any, pair: architectures.Pair, in_graph: tuple[float, float], n: int) -> Job:
    """Write down all that the compiled step for n rows depends on."""
    rows = batch_size(model, n)
    memory.require_room(
        memory.of_outputs(pair, rows),
        f"batches of {rows} rows of shape {pair.encoder.input_shape[1:]}",
        "Give a smaller batch_size, or smaller images (jamjae.read(path, image_size=)).",
    )
    layers = {"encoder": pair.encoder, "decoder": pair.decoder}
    shapes = {name: layer.input_shape[1:] for name, layer in layers.items()}
    for name in ("corruption", "augmentation"):
        layer = getattr(model, name)
        if layer is not None:
            shapes[name] = changed_shape(layer, name, shapes["encoder"])
            layers[name] = layer
    rate = keras_bridge.default_learning_rate(model.optimizer)
    if model.learning_rate != "auto":
        rate = float(model.learning_rate)
    elif own(model) and model.optimizer == "adam":
        rate = adam_rate(pair)
    recipe = training.Recipe(
        networks=tuple((name, keras_bridge.template(layers[name])) for name in sorted(layers)),
        shapes=tuple(sorted(shapes.items())),
        in_graph=in_graph,
        loss=LOSSES[model.loss] if isinstance(model.loss, str) else model.loss,
        guide_weight=None if model.guide is None else float(model.guide_weight),
        optimizer=keras_bridge.describe_optimizer(model.optimizer, scheduled=rate is not None),
        schedule=None if rate is None else model.schedule,
        batch_size=rows,
    )
    return Job(layers, recipe, rate or math.nan)


def adam_rate(pair: architectures.Pair) -> float:
    """Choose the peak of the learning rate by depth and width."""
    widths = architectures.hidden_widths(pair.encoder)
    if len(widths) < 2:
        return ADAM_RATE
    over_width, most = DEEP_RATE
    return min(over_width / max(widths), most)


def epochs(model: Any, pair: architectures.Pair, steps: int) -> int:
    """Give the number of epochs, by that of the steps in one where the parameter leaves it open."""
    if model.epochs != "auto":
        return int(model.epochs)
    deep = own(model) and len(architectures.hidden_widths(pair.encoder)) > 1
    aim, (fewest, most) = (DEEP_STEPS, DEEP_EPOCHS) if deep else (STEPS, EPOCHS)
    return min(max(-(-aim // steps), fewest), most)


def changed_shape(layer: keras.Layer, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Build a corruption or augmentation for rows of a shape, which it must not change."""
    if len(shape) == 2:
        shape = (*shape, 1)  # Keras's image layers want channels
    try:
        after = tuple(layer(keras.KerasTensor((None, *shape))).shape[1:])
    except (ValueError, TypeError, IndexError) as error:
        raise InvalidNetworkError(
            f"The {name} {layer.name!r} cannot take rows of shape {shape}: {error}"
        ) from error
    if after != shape:
        raise InvalidNetworkError(
            f"The {name} {layer.name!r} turns rows of shape {shape} into {after}. "
            "It must give rows of the shape it takes."
        )
    return shape


def first_state(job: Job, seeds: Seeds) -> training.TrainState:
    """Put the state together in which training begins."""
    rng = np.random.RandomState(seeds.layers)
    variables = {name: keras_bridge.read(layer) for name, layer in sorted(job.layers.items())}
    return training.TrainState(
        params={name: held.params for name, held in variables.items()},
        buffers={
            name: keras_bridge.reseed(job.layers[name], held.buffers, rng)
            for name, held in variables.items()
        },
        opt_state=training.compiled(job.recipe).optimizer.init(),
        key=jax.random.PRNGKey(seeds.shuffle),
        step=jnp.int32(0),
    )


def put_back(layers: Mapping[str, keras.Layer], state: training.TrainState) -> None:
    """Write the arrays of a state into the layers they came from."""
    for name, layer in layers.items():
        keras_bridge.write(layer, keras_bridge.Variables(state.params[name], state.buffers[name]))


def promises(model: Any) -> bool:
    """Whether networks begin as PCA and minimise nothing but the squared error of rows as given."""
    changed = (model.corruption, model.augmentation, model.guide)
    plain = model.loss == "mse" and all(part is None for part in changed)
    return plain and begins_as_pca(model)


def baseline_loss(model: Any, baseline: Principal, scale: float) -> float | None:
    """PCA's loss on the scale of training, where the loss is the squared error."""
    plain = model.loss in ("mse", mse)
    return baseline.error / scale**2 if plain else None


def sound(model: Any) -> training.Sound:
    """Tell what a loss is compared with to notice that training diverged."""
    if not isinstance(model.loss, str):  # which may be a sum, or in any other unit
        return training.Sound(0.0)
    guided = 0.0 if model.guide is None else float(model.guide_weight)
    known = model.baseline_.variance / model.scale_**2 + guided  # a guide's variance is one
    return training.Sound(known, known if begins_as_pca(model) else np.inf)
