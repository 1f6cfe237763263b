"""New images of Fashion-MNIST, learned in the same time, judged by the same features.

    make bench ARGS='generate --runs 1'

jamjae's default network and a flow of its codes take the time they take, about five minutes;
pythae's models get as much, three quarters of it for the network and the rest for the sampler. Each
is sampled in several ways, and every way is listed. `benchmarks.judging` has the features.
"""

from __future__ import annotations

import statistics
import tempfile

import numpy as np

from benchmarks.judging import Judge
from benchmarks.measuring import Spread, Table, fresh

COMPONENTS, COUNT = 16, 10_000
OURS = ("jamjae", "default")
RIVALS = (("pythae", "VAE"), ("pythae", "RAE-L2"), ("pythae", "VAMP"))
MEASURES = ("frechet", "coverage", "precision", "recall")


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    n, versions, judge = 6_000 if quick else 60_000, {}, Judge()
    found: dict[tuple[str, str], list[dict]] = {}
    for seed in range(runs):
        seconds = 0.0
        for library, model in (OURS, *RIVALS):
            for sampler, one in _generated(library, model, n, seconds, seed, versions, judge):
                found.setdefault((f"{library}, {model}", sampler), []).append(one)
                if library == "jamjae":
                    seconds = max(seconds, one["fitted"])
    real = judge.measure(judge.train[np.random.RandomState(0).permutation(60_000)[:COUNT]])
    rows = [("training images", "", *(f"{real[name]:.3g}" for name in MEASURES), "", "")]
    rows += [(*title, *_cells(answers)) for title, answers in found.items()]
    head = ("library, model", "sampler", "Fréchet distance", "coverage", "precision", "recall")
    head += ("s to learn", "s to draw")
    words = (
        f"{n:,} images learned through {COMPONENTS} components; {COUNT:,} new ones against the "
        "10,000 test images by 64 features of a classifier; all but the Fréchet distance of "
        "5,000 of each, with 5 neighbors. The time to learn is that of the network and the sampler."
    )
    return [Table("New images", head, rows, words), _beside(found)], versions


def _generated(library, model, n, seconds, seed, versions, judge):
    """Let a library learn and generate in a new process; judge what each sampler made."""
    with tempfile.TemporaryDirectory() as folder, fresh(library, versions) as worker:
        answer = worker.ask(
            "generate",
            model=model,
            components=COMPONENTS,
            n=n,
            seconds=seconds,
            count=COUNT,
            seed=seed,
            folder=folder,
        )
        for sampler, one in answer["samplers"].items():
            measured = {**judge.measure(np.load(one["path"])), **one}
            print(f"  {library}, {model}, {sampler}: {measured}", flush=True)
            yield sampler, measured


def _cells(answers: list[dict]) -> tuple[str, ...]:
    names = (*MEASURES, "fitted", "drawn")
    return tuple(str(Spread.of(one[name] for one in answers)) for name in names)


def _beside(found: dict[tuple[str, str], list[dict]]) -> Table:
    """Each model by its best sampler, beside jamjae by its best."""
    best: dict[str, tuple[str, float, float]] = {}
    for (title, sampler), answers in found.items():
        frechet, coverage = (
            statistics.median(one[name] for one in answers) for name in MEASURES[:2]
        )
        if title not in best or frechet < best[title][1]:
            best[title] = sampler, frechet, coverage
    ours = best[", ".join(OURS)]
    rows = [
        (title, sampler, f"{frechet / ours[1]:.2f}", f"{coverage - ours[2]:+.3f}")
        for title, (sampler, frechet, coverage) in best.items()
    ]
    head = ("library, model", "best sampler", "times jamjae's Fréchet distance", "coverage, beside")
    return Table("Best samplers", head, rows, "Medians; the best by Fréchet distance.")
