"""Keras runs on JAX here; another backend is refused before Keras looks for it."""

from __future__ import annotations

import os
import sys

from jamjae.errors import BackendError


def require_jax() -> None:
    """Refuse another backend, loaded or asked for by the environment.

    Raises
    ------
    BackendError
    """
    loaded = getattr(sys.modules.get("keras"), "backend", None)
    if loaded is not None and loaded.backend() != "jax":
        raise BackendError(
            f"jamjae trains with Keras on JAX, but Keras was already loaded on the "
            f"{loaded.backend()!r} backend. Set KERAS_BACKEND=jax in the environment, or import "
            "jamjae before keras."
        )
    wanted = os.environ.get("KERAS_BACKEND", "jax")
    if loaded is None and wanted != "jax":
        raise BackendError(
            f"jamjae trains with Keras on JAX, but the environment sets KERAS_BACKEND={wanted}. "
            "Set it to jax, or unset it, before starting Python."
        )
