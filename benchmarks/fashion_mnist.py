"""Fashion-MNIST through 64 numbers: errors, times and memory, beside PCA.

Run it from the root of the project, on a machine that does nothing else::

    JAMJAE_DATA=../shared/data .venv/bin/python benchmarks/fashion_mnist.py defaults rest
    JAMJAE_DATA=../shared/data .venv/bin/python benchmarks/fashion_mnist.py budgets

``defaults`` fits the default networks, ``rest`` times what surrounds training, ``budgets`` finds
which network wins in 30, 100 and 300 s (about 15 minutes). Pixels are in [0, 1] in every error;
seconds of training begin after compilation.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")  # jamjae sets it too, if imported before Keras

import numpy as np

from jamjae import Autoencoder, fetch_fashion_mnist, make_roll
from jamjae.data.text_tables import text_table
from jamjae.engine import training

K = 64
BUDGETS = (30, 100, 300)  # s


class Clock:
    """A callback that keeps the seconds at the end of each epoch."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def __call__(self, report: training.EpochReport) -> None:
        self.ends.append(report.seconds)


def errors(model: Autoencoder, test: np.ndarray) -> tuple[float, float]:
    return model.reconstruction_error_ / 255**2, -model.score_samples(test).mean() / 255**2


def fitted(X: np.ndarray, **settings: Any) -> tuple[Autoencoder, float]:
    """Fit twice, first for one epoch to compile, and give the seconds of the second."""
    Autoencoder(K, random_state=0, **{**settings, "epochs": 1}).fit(X)
    clock = Clock()
    model = Autoencoder(K, random_state=0, callbacks=[clock], **settings).fit(X)
    return model, clock.ends[-1]


def defaults(X: np.ndarray, test: np.ndarray) -> None:
    """Errors of the default networks, with epochs that show what they reach early."""
    rows = []
    for name, network, epochs in (
        ("dense", "dense", 3),
        ("dense", "dense", 5),
        ("dense, default", "dense", "auto"),
        ("conv, default", "conv", "auto"),
    ):
        model, seconds = fitted(X, network=network, epochs=epochs)
        train_error, test_error = errors(model, test)
        done = len(model.history_["loss"])
        rows.append((name, str(done), f"{seconds:.1f}", f"{train_error:.5f}", f"{test_error:.5f}"))
        pca = model.baseline_
    flat = test.astype(np.float64) - pca.reconstruct(test)
    rows.append(
        ("PCA", "", "", f"{pca.error / 255**2:.5f}", f"{np.square(flat).mean() / 255**2:.5f}")
    )
    print(text_table(("network", "epochs", "s", "train MSE", "test MSE"), rows), flush=True)


def budgets(X: np.ndarray, test: np.ndarray) -> None:
    """Which network reconstructs test images best after so many seconds of training."""
    rows = []
    for seconds in BUDGETS:
        for network in ("dense", "conv"):
            clock = Clock()
            Autoencoder(K, network=network, epochs=3, random_state=0, callbacks=[clock]).fit(X)
            pace = min(np.diff(clock.ends))
            epochs = max(round(seconds / pace), 1)
            model, took = fitted(X, network=network, epochs=epochs)
            train_error, test_error = errors(model, test)
            rows.append(
                (
                    str(seconds),
                    network,
                    str(epochs),
                    f"{took:.0f}",
                    f"{train_error:.5f}",
                    f"{test_error:.5f}",
                )
            )
            print(rows[-1], flush=True)
    print(text_table(("budget, s", "network", "epochs", "s", "train MSE", "test MSE"), rows))


# --- what surrounds training ----------------------------------------------------------------


def rest(X: np.ndarray, test: np.ndarray) -> None:
    """Seconds of everything else, and the peak of memory."""
    rows = [("peak memory of a fit, GiB", f"{peak_memory():.2f}")]
    model = Autoencoder(K, network="dense", epochs=1, random_state=0).fit(X)
    Z = model.transform(X)
    model.inverse_transform(Z)
    rows.append(("transform of 60,000", f"{timed(lambda: model.transform(X)):.2f}"))
    rows.append(("inverse_transform of 60,000", f"{timed(lambda: model.inverse_transform(Z)):.2f}"))
    for name, data in (
        ("roll", make_roll(random_state=0).X),
        ("10,000 images", X[:10_000]),
        ("60,000 images", X),
    ):
        rows += second_fit(name, data)
    starts = [
        timed(
            lambda: subprocess.run(
                [sys.executable, "-m", "jamjae", "--help"], capture_output=True, check=True
            )
        )
        for _ in range(5)
    ]
    rows.append(("jamjae --help", f"{min(starts):.2f}"))
    print(text_table(("what", "s"), rows), flush=True)


def second_fit(name: str, data: np.ndarray) -> list[tuple[str, str]]:
    k = min(K, 2 if data.ndim == 2 else K)
    Autoencoder(k, network="dense", epochs=2, random_state=0).fit(data)
    clock = Clock()
    again = np.flip(data, axis=0).copy()
    whole = timed(
        lambda: Autoencoder(k, network="dense", epochs=2, random_state=1, callbacks=[clock]).fit(
            again
        )
    )
    from jamjae.engine import pca

    start = timed(lambda: pca.fit(again, k))
    return [
        (f"second fit, {name}: all but training", f"{whole - clock.ends[-1]:.3f}"),
        ("  of this PCA, the start and the baseline", f"{start:.3f}"),
    ]


def timed(function: Any) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def peak_memory() -> float:
    """Peak of a process that reads Fashion-MNIST, fits and transforms; GiB."""
    program = (
        "from jamjae import Autoencoder, fetch_fashion_mnist as f\n"
        f"X = f().X; Autoencoder({K}, network='dense', epochs=2).fit(X).transform(X)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20


if __name__ == "__main__":
    train_images, test_images = fetch_fashion_mnist().X, fetch_fashion_mnist("test").X
    for part in sys.argv[1:] or ["defaults", "rest"]:
        print(f"\n{part}: {globals()[part].__doc__}\n", flush=True)
        globals()[part](train_images, test_images)
