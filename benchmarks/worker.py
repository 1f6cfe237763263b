"""One library in a process of its own, doing what it is told, one line of JSON at a time.

``python -m benchmarks.worker LIBRARY`` reads ``{"task": name, ...}`` from its input and answers
each with a line on its output. Times are on the clock of the process (`time.perf_counter`) or of
the machine (`time.time`), which the two processes share.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import math
import os
import sys
import threading
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import files as reading
from benchmarks.recipes import RECIPES, clothes, clothes_8bit
from benchmarks.rivals import searching

os.environ["TQDM_DISABLE"] = "1"
library: Any = None
kept: dict[str, Any] = {}  # data and fitted models, by name


def rows(name: str, n: int) -> np.ndarray:
    """Give a recipe's data, made once."""
    if (name, n) not in kept:
        kept[name, n] = RECIPES[name].rows(n)
    return kept[name, n]


class Clock:
    """Keep when ``fit`` was called, and at each epoch's end the seconds since and the loss.

    A library may tell the loss before the first step as well, as that of epoch 0. Losses are
    divided by `unit`.
    """

    def __init__(self, stop=lambda loss: False, unit: float = 1.0) -> None:
        self.stop, self.unit = stop, unit
        self.seconds, self.losses, self.epochs = [], [], 0
        self.start()

    def start(self) -> None:
        self.began, self.called = time.perf_counter(), time.time()

    def now(self) -> float:
        return time.perf_counter() - self.began

    def __call__(self, loss: float, epoch: int | None = None) -> bool:
        self.epochs += epoch != 0
        self.seconds.append(self.now())
        self.losses.append(float(loss) / self.unit)
        return bool(self.stop(self.losses[-1]))

    @property
    def next(self) -> float:
        """When the next epoch will end, if it takes as long as the last."""
        return 2 * self.seconds[-1] - (self.seconds[-2] if len(self.seconds) > 1 else 0.0)


# --- tasks ----------------------------------------------------------------------------------


def load() -> dict:
    return {package: importlib.metadata.version(package) for package in library.PACKAGES}


def steps(recipe: str, batch: int, epochs: int, n: int, seed: int) -> dict:
    """Steps a second after the first epoch, which may compile."""
    X, clock = rows(recipe, n), Clock()
    library.fit(RECIPES[recipe], X, batch=batch, epochs=epochs, seed=seed, on_epoch=clock)
    took = clock.seconds[-1] - clock.seconds[0]
    whole = n // batch if getattr(library, "DROPS_LAST", False) else -(-n // batch)
    return {
        "rate": (epochs - 1) * whole / took,
        "loss": clock.losses[-1],
        "epochs": clock.epochs,
    }


def learn(
    recipe: str | None,
    white: int,
    n: int,
    seed: int,
    epochs: int | None = None,
    target: float = 0.0,
    most: float = math.inf,
) -> dict:
    """Fit to images: for so many epochs, until the loss is at most `target`, or until the next
    epoch would end after `most` seconds.

    Returns the seconds to the end of the last epoch and until ``fit`` returned, the loss that
    the library told, and the mean squared error of the test images; both of pixels in [0, 1].
    Reconstructed pixels are clipped to their range for every library.
    """
    clock = Clock(lambda loss: loss <= target or clock.next > most, _unit(recipe, white))
    model, returned = _fit_clothes(recipe, white, n, epochs, seed, clock)
    test = _clothes(recipe, white, 10_000, "test")
    reconstructed = library.decode(model, library.encode(model, test)).reshape(test.shape)
    error = np.square(test.astype(np.float32) - reconstructed.clip(0, white)).mean() / white**2
    return {
        "called": clock.called,
        "seconds": clock.seconds[-1],
        "returned": returned,
        "epochs": clock.epochs,
        "loss": clock.losses[-1],
        "unseen": float(error),
    }


def pace(recipe: str | None, white: int, n: int, seed: int) -> dict:
    """Seconds of a fit of one epoch, and of every further one."""
    clock = Clock()
    _, returned = _fit_clothes(recipe, white, n, 4, seed, clock)
    ends = clock.seconds[-clock.epochs :]
    return {"first": returned - (ends[-1] - ends[0]), "later": float(np.median(np.diff(ends)))}


def _fit_clothes(
    recipe: str | None, white: int, n: int, epochs: int | None, seed: int, clock: Clock
) -> tuple[Any, float]:
    """Fit, and give the model and the seconds from the call of ``fit`` to its return."""
    X, asked = _clothes(recipe, white, n), RECIPES[recipe] if recipe else None
    epochs = epochs or (200 if recipe else None)
    clock.start()
    model = library.fit(asked, X, batch=32, epochs=epochs, seed=seed, on_epoch=clock)
    return model, clock.now()


def _clothes(recipe: str | None, white: int, n: int, part: str = "train") -> np.ndarray:
    """Give images as a recipe takes them, or as the 8-bit numbers that they come in."""
    if recipe is None:
        return clothes_8bit(n, part)
    return (clothes(n, part) * white).reshape(n, *RECIPES[recipe].shape)


def _unit(recipe: str | None, white: int) -> float:
    """What divides a loss that is told, so that pixels reach from 0 to 1; the default's do."""
    return float(white**2) if recipe else 1.0


def train(recipe: str, batch: int, epochs: int, n: int, name: str) -> dict:
    """Fit once and keep the model."""
    clock = Clock()
    kept[name] = library.fit(
        RECIPES[recipe], rows(recipe, n), batch=batch, epochs=epochs, seed=0, on_epoch=clock
    )
    return {"seconds": clock.now(), "loss": clock.losses[-1]}


def apply(name: str, recipe: str, n: int, times: int, seed: int) -> dict:
    """Seconds of encoding and of decoding n rows, each the median of so many calls."""
    X = rows(recipe, n)
    Z = library.encode(kept[name], X)
    library.decode(kept[name], Z)
    return {
        "encode": _median(lambda: library.encode(kept[name], X), times),
        "decode": _median(lambda: library.decode(kept[name], Z), times),
    }


def _median(call, times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def grid(recipe: str, batch: int, epochs: int, n: int, rates: list[float], folds: int) -> dict:
    """Seconds of a grid search."""
    X = rows(recipe, n)
    began = time.perf_counter()
    search = getattr(library, "grid", partial(searching.grid, library))
    best = search(RECIPES[recipe], X, batch=batch, epochs=epochs, rates=rates, folds=folds)
    return {"seconds": time.perf_counter() - began, "score": best}


def scale(recipe: str, path: str, batch: int, epochs: int) -> dict:
    """Seconds of a fit to the rows of a file, and the memory it took beyond the file's pages."""
    X = np.load(path, mmap_mode="r")
    before, clock = _own_memory(), Clock()
    with Peak() as peak:
        library.fit(RECIPES[recipe], X, batch=batch, epochs=epochs, seed=0, on_epoch=clock)
    took = clock.now()
    return {"seconds": took, "mib": (peak.most - before) / 2**20, "loss": clock.losses[-1]}


def generate(
    model: str, components: int, n: int, seconds: float, count: int, seed: int, folder: str
) -> dict:
    """Learn images in a given time and write new ones, one file for each way of sampling."""
    found = {}
    made = library.generate(model, clothes_8bit(n), components, seconds, count, seed)
    for number, (sampler, images, fitted, drawn) in enumerate(made):
        path = Path(folder) / f"{number}.npy"
        np.save(path, images)
        found[sampler] = {"path": str(path), "fitted": fitted, "drawn": drawn}
    return {"samplers": found}


def files(kind: str, folder: str, lazy: bool, epochs: int, seed: int) -> dict:
    """Fit to a folder of files, or to its rows in memory, and encode it."""
    return reading.fit(library, kind, folder, lazy, epochs, Clock())


def loader(folder: str, batch: int, workers: int, epochs: int, recipe: str | None, seed: int):
    """Load a folder of images, and train on them if a recipe is given."""
    named = RECIPES[recipe] if recipe else None
    return library.load_images(folder, batch, workers, epochs, named, seed)


def plain(kind: str, folder: str, seed: int) -> dict:
    """Read a folder of files, and no more."""
    return reading.plain(kind, folder)


class Peak:
    """The most memory of its own that the process held, looked at every 10 ms."""

    def __enter__(self):
        self.most, self.done = _own_memory(), threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.done.set()
        self.thread.join()

    def _watch(self) -> None:
        while not self.done.wait(0.01):
            self.most = max(self.most, _own_memory())


def _own_memory() -> int:
    """Bytes that belong to the process alone; pages of a mapped file do not."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no line RssAnon: Linux is needed")


TASKS = {
    f.__name__: f
    for f in (
        *(load, steps, learn, pace, train, apply, grid, scale, generate),
        *(files, loader, plain),
    )
}


def main() -> None:
    global library  # noqa: PLW0603 - one library a process
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print goes elsewhere
    if sys.argv[1] == "jamjae":  # Keras imports TensorFlow, for seconds, where a rival brought it
        sys.modules["tensorflow"] = None  # type: ignore[assignment]
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            library = library or importlib.import_module(f"benchmarks.rivals.{sys.argv[1]}")
            answer = TASKS[asked.pop("task")](**asked)
        except Exception as error:  # noqa: BLE001 - whatever a library raises is reported
            traceback.print_exc()
            answer = {"failed": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
