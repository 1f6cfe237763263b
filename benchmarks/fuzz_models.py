"""Load thousands of damaged model files, and say what became of each.

    python -m benchmarks.fuzz_models --mutants 20000 --seed 0

Ends with an error if any mutant raised anything but one clear sentence, ended its process, took
longer than a minute or more than 1 GB, or gave other numbers although its hashes were left as they
were. `--keep FOLDER` writes such files, and `--only NUMBER` repeats one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.decomposition import PCA

from benchmarks.mutants import KINDS, Mutant, Original, mutant
from jamjae import Autoencoder, PatchDenoiser, load_model
from jamjae.errors import JamjaeError

SECONDS, BYTES = 60.0, 1_000_000_000  # that a mutant may take
RECYCLED = 700_000_000  # bytes from which a process is replaced by a new one
LONGEST = 1000  # characters of a clear sentence
FINE = ("refused", "equal", "metadata", "resealed")  # metadata, or a resealed file, differ
BAD = ("RAW", "CRASH", "HANG", "1 GB", "SILENT")  # errors that are not jamjae's; other numbers


class Shifted(keras.layers.Layer):
    """A layer of one's own that is not registered."""

    def __init__(self, shift: float = 1.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.shift = shift

    def call(self, x: Any) -> Any:
        return x + self.shift

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shift": self.shift}


OWN = {"Shifted": Shifted}


class Found(NamedTuple):
    """What became of a mutant."""

    verdict: str
    said: str = ""
    peak: int = 0  # bytes
    resident: int = 0  # bytes afterwards


class Sample(NamedTuple):
    """Rows for a model, and what the undamaged file makes of them."""

    rows: np.ndarray
    results: list[np.ndarray]
    description: str


# --- the models -----------------------------------------------------------------------------


SETTINGS: dict[str, Any] = {"epochs": 1, "random_state": 0}
ROWS = np.random.RandomState(0).normal(size=(40, 6)).astype(np.float32)
IMAGES = np.random.RandomState(0).randint(0, 256, (40, 8, 8), dtype=np.uint8)


def dense() -> tuple[Any, np.ndarray]:
    noise = keras.layers.GaussianNoise(0.1)
    return Autoencoder(2, network=(8, 4), corruption=noise, **SETTINGS).fit(ROWS), ROWS


def convolutional() -> tuple[Any, np.ndarray]:
    return Autoencoder(3, network="conv", **SETTINGS).fit(IMAGES), IMAGES


def own_pair() -> tuple[Any, np.ndarray]:
    decoder = [keras.Input((2,)), keras.layers.Dense(6, "tanh")]
    return _pair([keras.Input((6,)), Shifted(2.0), keras.layers.Dense(2)], decoder, ROWS)


def guided() -> tuple[Any, np.ndarray]:
    return Autoencoder(2, network=(4,), guide=PCA(2), **SETTINGS).fit(ROWS), ROWS


def named() -> tuple[Any, np.ndarray]:
    rows = ROWS.astype(np.float64)
    model = Autoencoder(2, network=(), **SETTINGS).fit(rows)
    model.class_names_ = np.array(["가", "b", 3], dtype=object)
    model.feature_names_in_ = np.array(list("abcdef"), dtype=object)
    return model, rows


def denoiser() -> tuple[Any, np.ndarray]:
    model = PatchDenoiser(0.1, patch=4, n_components=2, step=2, **SETTINGS)
    return model.fit(IMAGES[:4]), IMAGES[:2]


def windows() -> tuple[Any, np.ndarray]:
    """Fit networks whose layers make much of little, where their numbers are large."""
    layers = keras.layers
    encoder = [layers.ZeroPadding2D(1), layers.Conv2D(2, 3, padding="same", dilation_rate=2)]
    encoder += [layers.UpSampling2D(2), layers.MaxPooling2D(3, strides=2, padding="same")]
    encoder += [layers.GlobalAveragePooling2D(), layers.Dense(3)]
    decoder = [
        layers.RepeatVector(4),
        layers.Flatten(),
        layers.Dense(64),
        layers.Reshape((8, 8, 1)),
    ]
    decoder += [layers.Conv2DTranspose(1, 3, padding="same")]
    return _pair([keras.Input((8, 8, 1)), *encoder], [keras.Input((3,)), *decoder], IMAGES)


def sequences() -> tuple[Any, np.ndarray]:
    """Fit networks of layers with states, loops and attention."""
    layers = keras.layers
    encoder = [layers.Reshape((6, 1)), layers.Conv1D(4, 3, padding="causal"), layers.GRU(3)]
    encoder += [layers.BatchNormalization(), layers.Dropout(0.1), layers.Dense(2)]
    decoder = [layers.Dense(6, "relu"), layers.LayerNormalization(), layers.Reshape((3, 2))]
    decoder += [layers.Bidirectional(layers.LSTM(2, return_sequences=True)), layers.Flatten()]
    decoder += [layers.Dense(6)]
    return _pair([keras.Input((6,)), *encoder], [keras.Input((2,)), *decoder], ROWS)


def _pair(encoder: list, decoder: list, rows: np.ndarray) -> tuple[Any, np.ndarray]:
    networks = {"encoder": keras.Sequential(encoder), "decoder": keras.Sequential(decoder)}
    return Autoencoder(**networks, **SETTINGS).fit(rows), rows


MODELS = (dense, convolutional, own_pair, guided, named, denoiser, windows, sequences)


def saved(
    folder: Path, models: Iterable[Callable[[], tuple[Any, np.ndarray]]] = MODELS
) -> tuple[list[Original], dict[str, Sample]]:
    """Fit and save models, and use them as mutants will be used."""
    originals, samples = [], {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PCA being as good, and of a guide not being saved
        for fitted in models:
            name, (model, rows) = fitted.__name__, fitted()
            path = model.save(folder / f"{name}.jamjae")
            originals.append(Original.of(name, path.read_bytes()))
            samples[name] = sample(load_model(path, OWN), rows)
    return originals, samples


def sample(model: Any, rows: np.ndarray) -> Sample:
    """Use a model."""
    return Sample(rows, used(model, rows), described(model))


def used(model: Any, rows: np.ndarray) -> list[np.ndarray]:
    """Encode and decode, or denoise."""
    if isinstance(model, PatchDenoiser):
        return [np.asarray(model.codes(rows)), np.asarray(model.denoise(rows))]
    codes = model.transform(rows)
    return [codes, model.inverse_transform(codes)]


def described(model: Any) -> str:
    """Write down what a model says of itself."""
    inner = getattr(model, "autoencoder_", model)
    names = ("class_names_", "feature_names_in_", "row_shape_", "dtype_", "reconstruction_error_")
    held = {name: getattr(inner, name, None) for name in (*names, "baseline_", "history_")}
    parameters = {
        name: type(value).__name__ if isinstance(value, keras.layers.Layer) else value
        for name, value in (inner.get_params() | model.get_params()).items()
    }
    return repr((type(model).__name__, parameters, held))


# --- one mutant -----------------------------------------------------------------------------


def examine(path: Path, sealed: bool, expected: Sample) -> Found:
    """Load a mutant and use it."""
    begin_peak()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = load_model(path, OWN)
            results = used(model, expected.rows)
        found = compared(results, described(model), sealed, expected)
    except JamjaeError as error:
        said = str(error)
        clear = len(said) <= LONGEST and "\n" not in said and said.isprintable()
        found = Found("refused" if clear else "RAW", said)
    except Exception as error:  # noqa: BLE001 - what is looked for
        found = Found("RAW", f"{type(error).__name__}: {error}")
    peak, resident = memory()
    verdict = "1 GB" if peak > BYTES else found.verdict
    return found._replace(verdict=verdict, peak=peak, resident=resident)


def compared(results: list[np.ndarray], description: str, sealed: bool, expected: Sample) -> Found:
    """Compare what a mutant gives with what its original does."""
    same = all(
        mine.shape == theirs.shape and mine.dtype == theirs.dtype and close(mine, theirs)
        for mine, theirs in zip(results, expected.results, strict=True)
    )
    if not same:
        return Found("resealed" if sealed else "SILENT")
    return Found("equal" if description == expected.description else "metadata")


def close(mine: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether two arrays differ by rounding at most."""
    return np.allclose(mine, theirs, rtol=1e-5, atol=1e-6 * float(np.abs(theirs).max()))


def begin_peak() -> None:
    """Let Linux measure the peak of memory anew."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def memory() -> tuple[int, int]:
    """Give the peak of resident memory and what is resident now, in bytes; 0 if not known."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0, 0
    fields = dict(line.split(":", 1) for line in lines)
    peak, resident = (1024 * int(fields[name].split()[0]) for name in ("VmHWM", "VmRSS"))
    return peak, resident


# --- processes ------------------------------------------------------------------------------


def serve(pipe: Any, samples: dict[str, Sample]) -> None:
    """Examine what comes through a pipe, until it is closed."""
    with tempfile.TemporaryDirectory() as folder, suppress(EOFError):
        path = Path(folder) / "mutant.jamjae"
        while True:
            name, sealed, content = pipe.recv()
            path.write_bytes(content)
            pipe.send(examine(path, sealed, samples[name]))


class Examiner:
    """A process that examines mutants, replaced where one of them ends or stops it."""

    def __init__(self, samples: dict[str, Sample]) -> None:
        self.samples = samples
        self.process: Any = None

    def examine(self, original: Original, damaged: Mutant) -> Found:
        if self.process is None:
            self._start()
        try:
            self.pipe.send((original.name, damaged.sealed, damaged.content))
            if not self.pipe.poll(SECONDS):
                self.stop()
                return Found("HANG", f"no answer in {SECONDS:g} seconds")
            found = self.pipe.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            code = self.process.exitcode
            self.stop()
            return Found("CRASH", f"exit code {code}")
        if found.resident > RECYCLED:
            self.stop()
        return found

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, self.samples), daemon=True)
        self.process.start()
        theirs.close()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
        self.process = None


Result = tuple[int, Original, Mutant, Found]


def examined(
    numbers: range, seed: int, originals: list[Original], samples: dict[str, Sample], workers: int
) -> Iterator[Result]:
    """Examine mutants in several processes."""

    def share(examiner: Examiner, mine: range) -> Iterator[Result]:
        for number in mine:
            original, damaged = mutant(number, seed, originals)
            yield number, original, damaged, examiner.examine(original, damaged)

    examiners = [Examiner(samples) for _ in range(workers)]
    shares = [share(one, numbers[i::workers]) for i, one in enumerate(examiners)]
    try:
        with ThreadPoolExecutor(workers) as threads:
            while shares:
                found = list(threads.map(lambda one: next(one, None), shares))
                yield from (each for each in found if each is not None)
                shares = [one for one, each in zip(shares, found, strict=True) if each is not None]
    finally:
        for examiner in examiners:
            examiner.stop()


# --- the report -----------------------------------------------------------------------------


def table(counts: Counter[tuple[str, str]]) -> Table:
    """Lay out how many mutants of each kind met each fate."""
    shown = Table(box=None, padding=(0, 1, 0, 0), title="Damaged model files")
    shown.add_column("changed", no_wrap=True)
    for verdict in (*FINE, *BAD):
        shown.add_column(verdict, justify="right", style="red" if verdict in BAD else None)
    for kind in KINDS:
        cells = [counts[kind, verdict] for verdict in (*FINE, *BAD)]
        shown.add_row(kind, *(f"{cell:,}" if cell else "" for cell in cells))
    totals = [sum(counts[kind, verdict] for kind in KINDS) for verdict in (*FINE, *BAD)]
    shown.add_row("all", *(f"{total:,}" for total in totals))
    return shown


def line(number: int, original: Original, damaged: Mutant, found: Found) -> str:
    """Say what became of a mutant."""
    sealed = "sealed" if damaged.sealed else "not sealed"
    said = ascii(" ".join(found.said[:600].split()))
    return f"{number}: {found.verdict}: {original.name}, {damaged.kind}, {sealed}: {said}"


def fuzz(asked: argparse.Namespace) -> int:
    """Examine all mutants; return how many of them were handled badly."""
    counts: Counter[tuple[str, str]] = Counter()
    began, peak = time.perf_counter(), 0
    numbers = range(asked.mutants) if asked.only is None else range(asked.only, asked.only + 1)
    with tempfile.TemporaryDirectory() as folder:
        originals, samples = saved(Path(folder))
        for each in examined(numbers, asked.seed, originals, samples, asked.workers):
            number, _, damaged, found = each
            counts[damaged.kind, found.verdict] += 1
            peak = max(peak, found.peak)
            if found.verdict in BAD or asked.only is not None:
                print(line(*each), flush=True)
                if asked.keep:
                    asked.keep.mkdir(parents=True, exist_ok=True)
                    (asked.keep / f"{number}.jamjae").write_bytes(damaged.content)
            if asked.minutes and time.perf_counter() - began > 60 * asked.minutes:
                break
    Console().print(table(counts))
    seconds = time.perf_counter() - began
    print(f"{sum(counts.values()):,} mutants in {seconds:.0f} s, at most {peak / 1e6:.0f} MB")
    return sum(count for (_, verdict), count in counts.items() if verdict in BAD)


def main() -> None:
    """Parse the command line and fuzz."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, help="stop after so many")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="repeat one mutant")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write what went badly there")
    sys.exit(bool(fuzz(parser.parse_args())))


if __name__ == "__main__":
    main()
