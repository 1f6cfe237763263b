"""Threads that transform while another one fits, and what memory a long-running process takes.

    python -m benchmarks.soak --minutes 30

Ends with an error if any result differs by one bit from that of one thread, or if memory after the
last fits exceeds that after the first third by more than 20 %.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import threading
import time
from pathlib import Path

import numpy as np

from jamjae import Autoencoder

THREADS, SIZES = 8, (1, 3, 17, 100, 257, 600)
FITS = 300  # of different numbers of rows and columns
ALLOWED = 1.2  # memory after all fits, by that after a third of them


def fitted_models() -> list[tuple[Autoencoder, np.ndarray]]:
    """Give a dense, a wide and a convolutional model, and rows for each."""
    rng = np.random.RandomState(0)
    rows, images = rng.rand(600, 40).astype(np.float32), rng.rand(600, 12, 12).astype(np.float32)
    settings = {"epochs": 1, "random_state": 0}
    return [
        (Autoencoder(4, **settings).fit(rows), rows),
        (Autoencoder(8, network=(256, 64), **settings).fit(rows), rows),
        (Autoencoder(4, network="conv", **settings).fit(images), images),
    ]


def transform_until(
    stop: threading.Event, seed: int, work: list, faults: list[str], counts: list[int]
) -> None:
    """Transform random batches and compare them with the codes that one thread gave."""
    rng = np.random.RandomState(seed)
    try:
        while not stop.is_set():
            model, rows, size, expected = work[rng.randint(len(work))]
            if not np.array_equal(model.transform(rows[:size]), expected):
                faults.append(f"codes of {size} rows differ from those of one thread")
            counts[seed] += 1
    except Exception as error:  # noqa: BLE001 - any error is a finding, and ends the run
        faults.append(f"{type(error).__name__}: {error}")


def fit_and_transform(number: int) -> None:
    """Fit and use a model of a shape that was not seen before."""
    rng = np.random.RandomState(number)
    X = rng.randn(128 * (1 + number % 100), 5 + number // 10).astype(np.float32)
    model = Autoencoder(2, epochs=1, random_state=0).fit(X)
    model.transform(X[: 1 + number])


def memory() -> tuple[float, int]:
    """Resident memory in MB, and the number of memory maps."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    maps = Path("/proc/self/maps").read_text().count("\n")
    return int(fields["VmRSS"].split()[0]) / 1024, maps


def soak(minutes: float) -> list[str]:
    """Let threads transform while this one fits; return what went wrong."""
    work = [
        (model, rows, size, model.transform(rows[:size]))
        for (model, rows), size in itertools.product(fitted_models(), SIZES)
    ]
    faults: list[str] = []
    counts, stop = [0] * THREADS, threading.Event()
    threads = [
        threading.Thread(target=transform_until, args=(stop, seed, work, faults, counts))
        for seed in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    end, fits = time.monotonic() + 60 * minutes, 0
    while time.monotonic() < end and not faults:
        fit_and_transform(fits % FITS)
        fits += 1
    stop.set()
    for thread in threads:
        thread.join()
    print(f"{sum(counts)} transforms by {THREADS} threads during {fits} fits", flush=True)
    return faults


def growth() -> list[str]:
    """Print memory after a third of the fits and after all of them, and compare the two."""
    measured = {}
    for number in range(FITS):
        fit_and_transform(number)
        if number + 1 in (FITS // 3, FITS):
            measured[number + 1] = memory()
            megabytes, maps = measured[number + 1]
            print(f"after {number + 1} fits: {megabytes:.0f} MB, {maps} memory maps", flush=True)
    early, late = measured[FITS // 3][0], measured[FITS][0]
    return [] if late <= ALLOWED * early else [f"memory grew by {late / early - 1:.0%}"]


def main() -> None:
    """Parse the command line and run both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    faults = [*soak(parser.parse_args().minutes), *growth()]
    for fault in dict.fromkeys(faults):
        print(f"FAULT: {fault}")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
