"""What all tests share: the backend, a drawing surface without a screen, and the data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest

import jamjae
from jamjae.errors import DataNotFoundError

if TYPE_CHECKING:
    from jamjae.datasets import Dataset


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """The 1,797 handwritten digits that come with scikit-learn."""
    return jamjae.load_digits()


@pytest.fixture(scope="session")
def fashion_mnist() -> Dataset:
    """The 60,000 training images of Fashion-MNIST; never downloaded by a test."""
    folder = os.environ.get("JAMJAE_DATA")
    if folder is None:
        pytest.skip("Fashion-MNIST was not looked for: JAMJAE_DATA is not set")
    if not any(Path(folder).rglob("train-images-idx3-ubyte*")):
        pytest.skip(f"Fashion-MNIST is not in JAMJAE_DATA ({folder})")
    try:
        return jamjae.fetch_fashion_mnist(subset="train")
    except DataNotFoundError as error:
        pytest.skip(f"Fashion-MNIST is not in JAMJAE_DATA ({folder}): {error}")
