"""Estimates of the memory of a training, made before anything is allocated."""

from __future__ import annotations

import math
from collections.abc import Iterable

import jax
import keras

from jamjae.data import memory
from jamjae.errors import InvalidNetworkError

FLOAT = 4  # bytes
COPIES = 4  # of every weight: itself, its gradient and Adam's two means
PASSES = 2  # every output is kept for the way back, which has one of the same size


def of_weights(count: int) -> int:
    """Give the bytes that so many weights take while they are trained."""
    return COPIES * FLOAT * count


def of_outputs(models: Iterable[keras.Model], rows: int) -> int:
    """Estimate the bytes of all layers' outputs for a batch of rows."""
    values = sum(
        math.prod(side or 1 for side in tensor.shape[1:])
        for model in models
        for layer in model.layers
        for tensor in keras.tree.flatten(getattr(layer, "output", ()))
    )
    return PASSES * FLOAT * values * rows


def require_room(needed: int, purpose: str, cure: str) -> None:
    """Refuse a training that does not fit into the memory of this machine.

    Parameters
    ----------
    needed : int
        Bytes.
    purpose, cure : str
        Parts of the error message: what needs the memory, such as ``"batches of 128 images"``,
        and what to do.

    Raises
    ------
    InvalidNetworkError
    """
    there = available()
    if there is not None and needed > there:
        raise InvalidNetworkError(
            f"Autoencoder cannot fit: {purpose} would take about {needed / 1e9:.3g} GB of memory, "
            f"but {there / 1e9:.3g} GB are available. {cure}"
        )


def available() -> int | None:
    """Give the bytes of memory of JAX's device, for a CPU those available; None if unknown."""
    device = jax.local_devices()[0]
    if device.platform != "cpu":
        return (device.memory_stats() or {}).get("bytes_limit")
    return memory.available()
