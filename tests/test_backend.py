"""Keras on another backend than JAX is refused in jamjae's own words."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("start", ["from jamjae import Autoencoder", "import jamjae.engine.pca"])
def test_another_backend_is_refused_before_keras_looks_for_it(start):
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    done = subprocess.run(
        [sys.executable, "-c", start], env=environment, capture_output=True, text=True, check=False
    )
    assert "BackendError: jamjae trains with Keras on JAX" in done.stderr
    assert "KERAS_BACKEND=torch" in done.stderr
