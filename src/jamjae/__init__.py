"""jamjae (잠재, *latent*): autoencoders and latent representations.

Names are loaded on first use, so that ``import jamjae`` loads neither JAX nor Keras.
"""

from __future__ import annotations

import os
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

os.environ.setdefault("KERAS_BACKEND", "jax")

if TYPE_CHECKING:
    from jamjae.data.catalog import (
        fetch_fashion_mnist,
        fetch_mnist,
        fetch_photos,
        load_digits,
        make_roll,
    )
    from jamjae.data.reading import read
    from jamjae.data.table_encoder import TableEncoder
    from jamjae.evaluation.comparison import compare
    from jamjae.explorer import explore
    from jamjae.latent.codec.bounded import compress
    from jamjae.latent.projections import latent_map
    from jamjae.models.anomalies import AnomalyDetector
    from jamjae.models.autoencoder import Autoencoder
    from jamjae.models.compression.codec import Codec
    from jamjae.models.compression.files import decompress
    from jamjae.models.denoising import NeighborDenoiser, PatchDenoiser
    from jamjae.models.persistence import load_model
    from jamjae.models.variational import VariationalAutoencoder

__version__ = metadata.version("jamjae")

_HOMES = {
    "AnomalyDetector": "jamjae.models.anomalies",
    "Autoencoder": "jamjae.models.autoencoder",
    "Codec": "jamjae.models.compression.codec",
    "NeighborDenoiser": "jamjae.models.denoising",
    "PatchDenoiser": "jamjae.models.denoising",
    "VariationalAutoencoder": "jamjae.models.variational",
    "load_model": "jamjae.models.persistence",
    "TableEncoder": "jamjae.data.table_encoder",
    "read": "jamjae.data.reading",
    "compare": "jamjae.evaluation.comparison",
    "compress": "jamjae.latent.codec.bounded",
    "decompress": "jamjae.models.compression.files",
    "explore": "jamjae.explorer",
    "latent_map": "jamjae.latent.projections",
    "fetch_fashion_mnist": "jamjae.data.catalog",
    "fetch_mnist": "jamjae.data.catalog",
    "fetch_photos": "jamjae.data.catalog",
    "load_digits": "jamjae.data.catalog",
    "make_roll": "jamjae.data.catalog",
}

__all__ = [
    "AnomalyDetector",
    "Autoencoder",
    "Codec",
    "NeighborDenoiser",
    "PatchDenoiser",
    "TableEncoder",
    "VariationalAutoencoder",
    "__version__",
    "compare",
    "compress",
    "decompress",
    "explore",
    "fetch_fashion_mnist",
    "fetch_mnist",
    "fetch_photos",
    "latent_map",
    "load_digits",
    "load_model",
    "make_roll",
    "read",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'jamjae' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
