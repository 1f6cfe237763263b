"""Whether the parts of a model file belong together, before an estimator is made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.data.preprocessing import PIXELS
from jamjae.data.table_encoder import TableEncoder
from jamjae.engine.filling import FACTORS
from jamjae.models.samples import DENSITY

HISTORY, FILLING, ANOMALY = "history.", "filling.", "anomaly."  # starts of the names of arrays


def require_consistent(
    manifest: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    networks: Mapping[str, keras.Model],
    outputs: int = 1,
) -> None:
    """Hold the manifest of a model file, its arrays and its networks against each other.

    Parameters
    ----------
    manifest : mapping
        Of the types that `model_file.manifest_of` checked.
    arrays : mapping of str to array
    networks : mapping of str to Keras model
        ``"encoder"`` and ``"decoder"``.
    outputs : int
        Values that the encoder gives for each component.

    Raises
    ------
    UnsoundError
        For the first contradiction.
    """
    d, k = math.prod(manifest["row_shape"]), manifest["n_components"]
    _require_networks(networks, d, k, outputs)
    own = arrays
    for start, part in ((DENSITY, "density"), (ANOMALY, "detector")):
        others = {name: array for name, array in own.items() if not name.startswith(start)}
        if len(others) < len(own) and manifest.get(part) is None:
            raise UnsoundError(f"it holds arrays of a {part}, which its manifest does not describe")
        own = others
    _require_arrays(own, tuple(manifest["row_shape"]), k)
    names = len(manifest["feature_names"])
    if names not in (0, d):
        raise UnsoundError(f"it names {names} features, but its rows hold {d} values")
    pixels = manifest["dtype"] in PIXELS
    if pixels != (manifest["scaling"]["low"] is not None):
        raise UnsoundError(
            f"its rows are {manifest['dtype']}, but their range is "
            f"{'not stated' if pixels else 'that of pixels'}"
        )
    _require_encoder(manifest.get("table_encoder"), tuple(manifest["row_shape"]))
    if not isinstance(manifest.get("is_pca", False), bool):
        raise UnsoundError("its field 'is_pca' is no boolean")
    share = manifest.get("network_share", 1.0)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise UnsoundError("its field 'network_share' is no number from 0 to 1")
    if manifest.get("denoiser"):
        _require_patches(manifest)


def _require_networks(networks: Mapping[str, keras.Model], d: int, k: int, outputs: int) -> None:
    encoder, decoder = (_sizes(name, networks[name]) for name in ("encoder", "decoder"))
    if (encoder, decoder) == ((k, d), (d, k)) and d != k:
        raise UnsoundError("its encoder and its decoder are swapped")
    for name, found, expected in (
        ("encoder takes rows", encoder[0], d),
        ("encoder gives codes", encoder[1], outputs * k),
        ("decoder takes codes", decoder[0], k),
        ("decoder gives rows", decoder[1], d),
    ):
        if found != expected:
            raise UnsoundError(
                f"its {name} of {found:,} values, but by its manifest they hold {expected:,}"
            )


def _sizes(name: str, network: keras.Model) -> tuple[int, int]:
    """Count the values that a network takes and gives for one row."""
    sizes = []
    for kind in ("inputs", "outputs"):
        tensors: list[Any] = getattr(network, kind, None) or []
        if len(tensors) != 1 or None in tensors[0].shape[1:]:
            shapes = [tuple(tensor.shape) for tensor in tensors]
            raise UnsoundError(
                f"its {name} has {kind} of shapes {shapes}, not one of a fixed shape"
            )
        sizes.append(math.prod(tensors[0].shape[1:]))
    for weight in network.variables:
        value = np.asarray(weight.value)
        if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all():
            raise UnsoundError(f"its {name}'s weight {weight.path!r} holds NaN or infinity")
    return sizes[0], sizes[1]


def _require_encoder(given: Any, row_shape: tuple[int, ...]) -> None:
    if given is None:
        return
    width = len(TableEncoder.from_dict(given).get_feature_names_out())
    if (width,) != row_shape:
        raise UnsoundError(f"its table encoder gives {width} columns, but rows are {row_shape}")


def _require_arrays(arrays: Mapping[str, np.ndarray], row_shape: tuple[int, ...], k: int) -> None:
    d = math.prod(row_shape)
    expected: dict[str, tuple[tuple[int, ...], ...]] = {
        "scaling.offset": ((), row_shape),
        "baseline.mean": ((d,),),
        "baseline.components": ((k, d),),
        "baseline.deviations": ((k,),),
    }
    expected |= _filling_shapes(arrays, d)
    for name, shapes in expected.items():
        if name not in arrays:
            raise UnsoundError(f"its array {name!r} is missing")
        if arrays[name].shape not in shapes:
            raise UnsoundError(
                f"its array {name!r} has shape {arrays[name].shape}, expected is {shapes[-1]}"
            )
    for name, array in arrays.items():
        if name not in expected and not name.startswith(HISTORY):
            raise UnsoundError(f"it holds an array {name!r}, which no model has")
        if array.dtype not in (np.float32, np.float64):
            raise UnsoundError(f"its array {name!r} holds {array.dtype}, expected are floats")
        if name.startswith(HISTORY) and array.ndim != 1:
            raise UnsoundError(f"its array {name!r} has shape {array.shape}, expected is (epochs,)")
        if name in expected and not np.isfinite(array).all():
            raise UnsoundError(f"its array {name!r} holds NaN or infinity")
    _require_deviations(arrays)


def _require_deviations(arrays: Mapping[str, np.ndarray]) -> None:
    if (arrays["baseline.deviations"] < 0).any():
        raise UnsoundError("its array 'baseline.deviations' holds negative values")
    noise = f"{FILLING}noise"
    if noise in arrays and not (arrays[noise] > 0).all():
        raise UnsoundError(f"its array {noise!r} holds values that are not positive")


def _filling_shapes(
    arrays: Mapping[str, np.ndarray], d: int
) -> dict[str, tuple[tuple[int, ...], ...]]:
    if not any(name.startswith(FILLING) for name in arrays):
        return {}
    loadings = arrays.get(f"{FILLING}loadings", np.zeros((d, 1)))
    factors = loadings.shape[1] if loadings.ndim == 2 and loadings.shape[1] <= FACTORS else 1
    return {
        f"{FILLING}mean": ((d,),),
        f"{FILLING}loadings": ((d, factors),),
        f"{FILLING}noise": ((d,),),
    }


def _require_patches(manifest: Mapping[str, Any]) -> None:
    shape, patch = manifest["row_shape"], manifest["denoiser"]["parameters"].get("patch")
    if len(shape) != 3 or shape[:2] != [patch, patch] or manifest["dtype"] != "uint8":
        raise UnsoundError(
            f"it is a denoiser of patches of {patch!r} pixels a side, but its autoencoder learned "
            f"{manifest['dtype']} rows of shape {tuple(shape)}"
        )
