"""``jamjae compare`` and ``jamjae map``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jamjae.cli import completion
from jamjae.cli.guard import load_engine, load_libraries
from jamjae.cli.options import Data, Json, Model, Quiet
from jamjae.cli.output import Voice
from jamjae.cli.places import Force, require_file, require_folder
from jamjae.cli.reading import files_read, fitted_rows, is_named, load, reads_data, sampled
from jamjae.cli.transforming import opened
from jamjae.data.read_options import ReadOptions

if TYPE_CHECKING:
    import numpy as np

    from jamjae.data.dataset import Dataset
    from jamjae.evaluation.comparison import ComparisonProgress

BOTH = "both"  # fit the training rows, hold out the test rows
METHODS = (
    *("auto", "pca", "kernel-pca", "lle", "isomap", "tsne", "umap"),
    *("autoencoder", "conv", "guided"),
)
GENERATORS = (
    *("real", "pca-gaussian", "pca-mixture", "pca-kde", "vae", "gaussian", "mixture", "flow"),
)
DETECTORS = (
    *("knn", "pca", "iforest", "lof", "ocsvm", "gmm", "ecod"),
    *("pyod-autoencoder", "pyod-deepsvdd", "detector"),
)
TASKS = ("reconstruct", "generate", "anomaly")
MARKS = {  # pairs of classes of which one is known to be normal
    frozenset(("0", "1")): "0",
    frozenset(("-1", "1")): "1",
    frozenset(("False", "True")): "False",
}
SAMPLE = 20_000  # rows, at most, of data that are read piece by piece
FIGURES = (".png", ".svg", ".pdf")


@reads_data
def compare(
    data: Data,
    reading: ReadOptions,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the report.")
    ] = None,
    components: Annotated[
        str, typer.Option("--components", "-k", help="Latent components: 2, or several: 2,16,64.")
    ] = "2",
    task: Annotated[
        str,
        typer.Option(
            help="What is compared: reconstruct (codes and reconstructions), generate (new rows) "
            "or anomaly (the label says which rows are anomalous).",
            autocompletion=completion.one_of(*TASKS),
        ),
    ] = "reconstruct",
    methods: Annotated[
        str,
        typer.Option(
            help="auto, or a comma-separated list of pca, kernel-pca, lle, isomap, tsne, umap, "
            "autoencoder, conv, guided; to generate: real, pca-gaussian, pca-mixture, pca-kde, "
            "vae, gaussian, mixture, flow; anomaly: knn, pca, iforest, lof, ocsvm, gmm, ecod, "
            "pyod-autoencoder, pyod-deepsvdd, detector.",
            autocompletion=completion.several_of(*METHODS, *GENERATORS, *DETECTORS),
        ),
    ] = "auto",
    normal: Annotated[
        str | None,
        typer.Option(
            help="The class that is normal, with --task anomaly; all others are anomalous."
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Number of repetitions, each with its own seed.")
    ] = 3,
    test_size: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Fraction of rows held out at random.")
    ] = 0.2,
    neighbors: Annotated[
        int, typer.Option(min=1, help="Neighbors of trustworthiness, continuity, recall and hit.")
    ] = 5,
    standardize: Annotated[
        bool | None,
        typer.Option(
            "--standardize/--no-standardize",
            help="Divide each column by its deviation; by default where units differ.",
        ),
    ] = None,
    code_bytes: Annotated[
        bool,
        typer.Option(
            "--code-bytes", help="Count the bytes of codes, rounded at 1 % more error. Slower."
        ),
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compare autoencoders with classical methods on DATA.

    To reconstruct rows, to generate new ones, or to find anomalies.
    """
    voice = Voice(quiet=quiet, as_json=json)
    sizes = _sizes(components)
    if task not in TASKS:
        raise typer.BadParameter(f"--task {task}: expected {', '.join(TASKS[:-1])} or {TASKS[-1]}.")
    if output is not None:
        require_folder(output, files_read(data, reading), force=force)
    found, test = _rows(voice, data, reading)
    found = sampled(voice, found, SAMPLE)
    test = None if test is None else sampled(voice, test, SAMPLE)
    voice.note("loading JAX and Keras")
    load_engine()
    load_libraries("jamjae.evaluation.comparison")
    from jamjae import report
    from jamjae.evaluation.comparison import compare as side_by_side

    labels = found.labels if found.class_names else None
    held = None if test is None else test.X if labels is None else (test.X, test.labels)
    if task == "anomaly":
        labels = _anomalous(found, normal)
        held = None if test is None else (test.X, _anomalous(test, normal))
    if found.y is not None and labels is None:
        voice.note("the label is a number, so metrics of classes are left out")
    began = time.perf_counter()
    with _progress(voice) as notify:
        result = side_by_side(
            found.X,
            labels,
            task=task,
            methods=methods if methods == "auto" else [m.strip() for m in methods.split(",")],
            n_components=sizes,
            test_size=test_size,
            test=held,
            standardize=_standardize(standardize),
            seeds=seeds,
            n_neighbors=neighbors,
            code_bytes=code_bytes,
            on_progress=notify,
        )
    seconds = time.perf_counter() - began
    values = {"data": data, "seconds": seconds, "sentence": result.sentence, "rows": result.rows}
    values |= {"notes": list(found.notes), "standardized": result.standardized}
    lines = [result.text(_width())]
    if output is not None:
        page = report.write(
            report.of_comparison(
                result,
                data,
                class_names=found.class_names or None,
                colors=found.colors,
                facts={"time": f"{seconds:.0f} s", "seeds": ", ".join(map(str, result.splits))},
            ),
            output,
        )
        values["output"] = str(page)
        lines.append(f"\n{seconds:.0f} s; wrote {page}")
    voice.result(values, *lines)


@reads_data
def map_(
    model: Model,
    data: Data,
    reading: ReadOptions,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .png, .svg or .pdf file.")],
    method: Annotated[
        str,
        typer.Option(
            help="Projection of the map: pca, tsne or umap.",
            autocompletion=completion.one_of("pca", "tsne", "umap"),
        ),
    ] = "tsne",
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails", help="Draw images instead of points.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Draw the codes of DATA as a two-dimensional map."""
    voice = Voice(quiet=quiet, as_json=json)
    require_file(output, files_read(data, reading, model), force=force, suffixes=FIGURES)
    fitted = opened(model)
    found = sampled(voice, load(voice, data, reading, model=fitted), SAMPLE)
    if thumbnails and found.X.ndim < 3:
        raise typer.BadParameter("--thumbnails needs images, but DATA is a table.")
    from jamjae import plotting
    from jamjae.latent.projections import latent_map

    codes = fitted.transform(fitted_rows(fitted, found))
    voice.note(f"mapping {len(codes):,} codes of {codes.shape[1]} components")
    laid_out = latent_map(codes, method, random_state=seed)
    names = found.class_names or None
    drawn = laid_out.plot(found.labels, class_names=names, images=found.X if thumbnails else None)
    plotting.save(drawn, output)
    values = {"rows": len(codes), "method": laid_out.method, "output": str(output)}
    values["notes"] = list(found.notes)
    voice.result(values, f"wrote {output}: {len(codes):,} codes, {laid_out.method}")


def _standardize(asked: bool | None) -> bool | str:
    return "auto" if asked is None else asked


def _anomalous(found: Dataset, normal: str | None) -> np.ndarray:
    """Mark the anomalous rows (n,): those of another class than the normal one."""
    import numpy as np

    names = [str(name) for name in found.class_names]
    if normal is None:
        normal = next((name for pair, name in MARKS.items() if {*names} <= pair), None)
    if normal not in names or found.y is None:
        known = f"The classes are {', '.join(names[:8])}." if names else "DATA has no classes."
        raise typer.BadParameter(
            f"--task anomaly needs --normal CLASS, the class that is normal. {known}"
        )
    return np.asarray(found.y != names.index(normal))


# --- input -----------------------------------------------------------------------------


def _sizes(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise typer.BadParameter(
            f"--components {text}: expected integers of at least 1, such as 2 or 2,16,64."
        )
    return list(dict.fromkeys(int(part) for part in parts))


def _rows(voice: Voice, data: str, reading: ReadOptions) -> tuple[Dataset, Dataset | None]:
    """Read the rows, and the held-out rows if the data are divided into train and test."""
    if reading.subset in (None, BOTH) and (divided := "test" in _subsets(data)):
        held = load(voice, data, replace(reading, subset="test"))
        return load(voice, data, replace(reading, subset="train")), held
    if reading.subset == BOTH and not divided:
        raise typer.BadParameter(f"--subset both: {data} has no held-out rows of its own.")
    return load(voice, data, reading), None


def _subsets(data: str) -> tuple[str, ...]:
    if is_named(data):
        from jamjae.data import catalog

        return catalog.NAMES[data].parts if data in catalog.NAMES else ()
    from jamjae.data.reading import subsets

    return subsets(data)


# --- progress -----------------------------------------------------------------------------


@contextmanager
def _progress(voice: Voice) -> Iterator[Callable[[ComparisonProgress], None]]:
    """Report the current fit and the time left: live on a terminal, else one line per fit."""
    from jamjae.cli.guard import heed

    if not voice.live:

        def notify(progress: ComparisonProgress) -> None:
            heed()
            if progress.title:
                voice.note(f"{progress.done + 1}/{progress.total}  {_doing(progress)}")

        yield notify
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as Bar

    words = TextColumn("{task.description}")
    left = TextColumn("{task.fields[left]}")
    columns = (SpinnerColumn(), BarColumn(bar_width=20), TimeElapsedColumn(), words, left)
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, left="")

        def advance(progress: ComparisonProgress) -> None:
            heed()
            if not progress.title:
                return
            about = "" if progress.seconds_left is None else f"{progress.seconds_left:.0f} s left"
            bar.update(
                task,
                completed=progress.done,
                total=progress.total,
                description=_doing(progress, left=False),
                left=about,
            )

        yield advance


def _doing(progress: ComparisonProgress, *, left: bool = True) -> str:
    text = f"{progress.title}, {progress.n_components} components, seed {progress.seed}"
    known = left and progress.seconds_left is not None
    return f"{text}  {progress.seconds_left:.0f} s left" if known else text


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((100, 24)).columns
