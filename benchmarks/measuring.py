"""Libraries measured in turn: A B C A B C …, so that a machine that slows down slows all of them.

Each library has a process of its own, which only works while the others wait.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

TITLES = {
    "jamjae": "jamjae",
    "tensorflow": "TensorFlow-Keras",
    "torch": "PyTorch",
    "torch_files": "PyTorch",
    "pythae": "pythae",
    "sklearn": "MLPRegressor",
    "pyod": "PyOD",
}


class Failed(Exception):
    """A library could not do a task; the message says which, and why."""


class Worker:
    """A library in a process of its own."""

    def __init__(self, library: str) -> None:
        self.library, self.started = library, time.time()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("BENCH_DEBUG") else subprocess.DEVNULL,
            text=True,
        )

    def ask(self, task: str, **settings) -> dict:
        try:
            self.process.stdin.write(json.dumps({"task": task, **settings}) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
        except (ValueError, BrokenPipeError) as error:
            raise Failed(
                f"The process of {self.library} ended during the task {task!r} (exit status "
                f"{self.process.wait()}). Set BENCH_DEBUG=1 to see what it printed."
            ) from error
        if "failed" in answer:
            raise Failed(f"{self.library} failed in the task {task!r}: {answer['failed']}")
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@contextmanager
def fresh(library: str, versions: dict[str, dict]) -> Iterator[Worker]:
    """Start a process that has loaded its library, and note the versions."""
    with Worker(library) as worker:
        versions[library] = worker.ask("load")
        yield worker


class Workers:
    """A process a library, ended together."""

    def __init__(self, libraries: Iterable[str]) -> None:
        self.workers = {library: Worker(library) for library in libraries}
        self.versions = {name: worker.ask("load") for name, worker in self.workers.items()}

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        for worker in self.workers.values():
            worker.__exit__()

    def in_turn(
        self, runs: int, task: str, only: Iterable[str] = (), warm_up: bool = True, **settings
    ) -> dict[str, list[dict]]:
        chosen = [self.workers[name] for name in (only or self.workers)]
        calls = {w.library: (lambda seed, w=w: w.ask(task, seed=seed, **settings)) for w in chosen}
        return in_turn(runs, calls, warm_up=warm_up)


def in_turn(
    runs: int, calls: dict[str, Callable[[int], dict]], *, warm_up: bool = True
) -> dict[str, list[dict]]:
    """Call everything once to warm up, and then so many times in turn, each with its number."""
    found: dict[str, list[dict]] = {name: [] for name in calls}
    for number in range(-1 if warm_up else 0, runs):
        for name, call in calls.items():
            answer = call(max(number, 0))
            if number >= 0:
                found[name].append(answer)
            print(f"  {name} {answer}", file=sys.stderr, flush=True)
    return found


class Spread(NamedTuple):
    """The middle and the ends of measured values."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        values = list(values)
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        if self.low == self.high:
            return figures(self.median)
        return f"{figures(self.median)} ({figures(self.low)} to {figures(self.high)})"


def figures(value: float) -> str:
    """Write a number with three figures, or as a whole one."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.2e}"


def ratios(over: Iterable[float], under: Iterable[float]) -> str:
    """Write how many times more, turn by turn."""
    return str(Spread.of(a / b for a, b in zip(over, under, strict=True)))


class Table(NamedTuple):
    """What a group found, for people."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    words: str = ""

    def markdown(self) -> str:
        rows = [self.head, ("---",) * len(self.head), *self.rows]
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        return "\n\n".join(part for part in (f"### {self.title}", self.words, table) if part)


def machine() -> str:
    """Tell what everything was measured on."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    told = {key.strip(): value.strip() for key, value in told.items()}
    vectors = "AVX-512" if "avx512f" in told.get("flags", "") else "AVX2"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{told.get('model name', platform.machine())}, {len(os.sched_getaffinity(0))} cores, "
        f"{vectors}, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    )
