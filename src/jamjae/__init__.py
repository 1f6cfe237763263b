"""jamjae (잠재, *latent*): autoencoders and latent representations.

Names are loaded on first use, so that ``import jamjae`` loads neither JAX nor Keras.
"""

from __future__ import annotations

import os
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

os.environ.setdefault("KERAS_BACKEND", "jax")

if TYPE_CHECKING:
    from jamjae.comparison import compare
    from jamjae.datasets import (
        fetch_fashion_mnist,
        fetch_mnist,
        fetch_photos,
        load_digits,
        make_roll,
    )
    from jamjae.estimators.autoencoder import Autoencoder
    from jamjae.explorer import explore
    from jamjae.maps import latent_map
    from jamjae.persistence import load_model

__version__ = metadata.version("jamjae")

_HOMES = {
    "Autoencoder": "jamjae.estimators.autoencoder",
    "load_model": "jamjae.persistence",
    "compare": "jamjae.comparison",
    "explore": "jamjae.explorer",
    "latent_map": "jamjae.maps",
    "fetch_fashion_mnist": "jamjae.datasets",
    "fetch_mnist": "jamjae.datasets",
    "fetch_photos": "jamjae.datasets",
    "load_digits": "jamjae.datasets",
    "make_roll": "jamjae.datasets",
}

__all__ = [
    "Autoencoder",
    "__version__",
    "compare",
    "explore",
    "fetch_fashion_mnist",
    "fetch_mnist",
    "fetch_photos",
    "latent_map",
    "load_digits",
    "load_model",
    "make_roll",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'jamjae' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
