"""``jamjae anomalies``."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamjae.cli import completion
from jamjae.cli.fitting import start
from jamjae.cli.guard import heed, load_engine
from jamjae.cli.options import Data, Engine, Json, Quiet, Workers, require_workers
from jamjae.cli.output import Voice
from jamjae.cli.places import Force, require_file, require_folder
from jamjae.cli.reading import files_read, fitted_rows, load, reads_data
from jamjae.data.read_options import ReadOptions
from jamjae.data.text_tables import text_table

if TYPE_CHECKING:
    import numpy as np

    from jamjae import AnomalyDetector
    from jamjae.data.dataset import Dataset
    from jamjae.engine.training import EpochReport
    from jamjae.evaluation.anomalies import AnomalyReport

LINES = 10  # rows of the table that is printed
RATE = 0.05  # false alarms of a new detector


@reads_data
def anomalies(
    data: Data,
    reading: ReadOptions,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the report.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            "-m",
            help="A .jamjae file: a detector, or an autoencoder, which --train calibrates.",
            autocompletion=completion.model,
        ),
    ] = None,
    train: Annotated[
        str | None,
        typer.Option(metavar="NORMAL", help="Normal rows, to fit or to calibrate the detector."),
    ] = None,
    false_alarm: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=0.5,
            help="Share of new normal rows that is reported; by default that of a detector in "
            f"--model, else {RATE}.",
        ),
    ] = None,
    components: Annotated[
        int | None,
        typer.Option("--components", "-k", min=1, help="Latent components of a detector to fit."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Training epochs of a detector to fit.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write the detector to a .jamjae file.")
    ] = None,
    shown: Annotated[
        int, typer.Option("--shown", min=1, help="Rows that the report explains in full.")
    ] = 20,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    engine: Engine = "local",
    workers: Workers = None,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Find the rows of DATA that are unlike normal ones, and say why.

    Without --model and --train the detector learns from DATA itself, and reports the --false-alarm
    share of it.
    """
    voice, on_ray = Voice(quiet=quiet, as_json=json), require_workers(engine, workers)
    _require_places(data, reading, model, train, output, save, force)
    if false_alarm == 0:
        raise typer.BadParameter("--false-alarm 0: a share above 0 is expected.")
    if model is not None and (components is not None or epochs is not None):
        raise typer.BadParameter(
            "--components and --epochs have no effect on a fitted --model. Leave them out."
        )
    start(voice)
    if data == train:
        voice.note("--train is DATA: the share that is reported says nothing about new rows")
    began = time.perf_counter()
    given = None if model is None else _opened(model, train)
    rate = RATE if false_alarm is None else false_alarm
    settings: dict[str, Any] = {"false_alarm": rate, "random_state": seed}
    if given is None or train is not None:
        if on_ray is not None:
            voice.note("the detector is fitted in this process, and DATA scored by workers")
        detector, found = _fitted(
            voice, data, train, reading, given, (components, epochs), settings
        )
    else:
        detector, found = given if false_alarm is None else given.with_rate(false_alarm), None
    if found is None:
        found = load(voice, data, reading, model=detector.model_)
    from jamjae import report
    from jamjae.evaluation.anomalies import anomaly_report

    rows = fitted_rows(detector.model_, found)
    scores = None if on_ray is None else _scores_by(on_ray, detector, rows)
    few = min(shown, len(rows))
    result = anomaly_report(detector, rows, names=found.index, shown=few, scores=scores)
    seconds = time.perf_counter() - began
    values: dict[str, Any] = {"data": data, "sentence": result.sentence, "seconds": seconds}
    values |= {"rows": len(result.anomalous), "anomalies": int(result.anomalous.sum())}
    values |= {"strangest": [result.line(i) for i in result.strangest.tolist()]}
    values |= {"notes": list(found.notes)}
    lines = [result.sentence, _table(result)]
    if save is not None:
        from jamjae.models.persistence import save_model

        values["model"] = str(save_model(detector, save, force=force))
        lines.append(f"wrote {save}")
    if output is not None:
        facts = {"time": f"{seconds:.0f} s", "seed": str(seed)}
        page = report.write(report.of_anomalies(result, data, facts=facts), output)
        values["output"] = str(page)
        lines.append(f"wrote {page}")
    voice.result(values, *lines)


def _require_places(
    data: str,
    reading: ReadOptions,
    model: Path | None,
    train: str | None,
    output: Path | None,
    save: Path | None,
    force: bool,
) -> None:
    reads = files_read(data, reading, *([] if model is None else [model]))
    reads += [] if train is None else files_read(train, reading)
    from jamjae.data.reading import require_there

    for place in (place for place in reads if place != model):
        require_there(place)  # before minutes of training
    if output is not None:
        require_folder(output, reads, force=force)
    if save is not None:
        require_file(save, reads, force=force, suffixes=(".jamjae",))


def _opened(path: Path, train: str | None) -> Any:
    """Load a detector, or an autoencoder that normal rows calibrate."""
    load_engine()
    from jamjae import AnomalyDetector, load_model
    from jamjae.models.base import LatentModel

    model = load_model(path)
    if isinstance(model, AnomalyDetector) and train is None:
        return model
    if isinstance(model, LatentModel) and train is not None:
        return model
    if isinstance(model, AnomalyDetector):
        raise typer.BadParameter(
            f"--model {path} holds a detector, which is calibrated. Leave out --train."
        )
    raise typer.BadParameter(
        f"--model {path} holds a model of the class {type(model).__name__}, not a detector. Give "
        "normal rows that it was not fitted to with --train NORMAL."
    )


def _fitted(
    voice: Voice,
    data: str,
    train: str | None,
    reading: ReadOptions,
    model: Any,
    sizes: tuple[int | None, int | None],
    settings: dict[str, Any],
) -> tuple[AnomalyDetector, Dataset | None]:
    """Fit a detector to normal rows, or to DATA, which is then given, too."""
    from jamjae import AnomalyDetector
    from jamjae.models.anomalies.given import default_model

    found = load(voice, data if train is None else train, reading, model=model)
    if train is None:
        pca = model is None and len(found.X.shape) == 2
        voice.note(
            "no normal rows were given (--train): the detector learns from DATA itself"
            + "; the model is PCA, because a network would also learn the anomalies" * pca
        )
        settings["contamination"] = settings["false_alarm"]
    rows = found.named_rows() if model is None else fitted_rows(model, found)
    new = model
    with _progress(voice) as advance:
        if model is None:
            new = default_model(rows, contaminated=train is None)
            components, epochs = sizes
            new.set_params(callbacks=[heed, advance])
            new.set_params(**{} if components is None else {"n_components": components})
            new.set_params(**{} if epochs is None else {"epochs": epochs})
        detector = AnomalyDetector(new, prefit=model is not None, **settings).fit(rows)
    detector.model_.set_params(callbacks=())
    new.set_params(callbacks=())
    return detector, found if train is None else None


@contextmanager
def _progress(voice: Voice) -> Iterator[Callable[[EpochReport], None]]:
    """Report training: live on a terminal, else a line for each fit of a network."""
    if voice.live:
        with voice.progress() as advance:
            yield advance
        return
    fits = itertools.count(1)

    def report(epoch: EpochReport) -> None:
        if epoch.epoch == epoch.epochs > 1:  # PCA takes one epoch, and is fitted twenty times
            voice.note(f"fit {next(fits)}: {epoch.epochs} epochs, {epoch.seconds:.1f} s")

    yield report


def _scores_by(workers: int, detector: AnomalyDetector, rows: Any) -> np.ndarray:
    """Score rows by workers on a Ray cluster."""
    import numpy as np

    from jamjae.distributed.ray import pieces

    return np.concatenate(list(pieces(detector, rows, "scores", num_workers=workers)))


def _table(result: AnomalyReport) -> str:
    lines = [
        (result.names[i], result.reasons[i], f"{result.p_values[i]:.3g}")
        for i in result.strangest[:LINES].tolist()
    ]
    return text_table(["row", "why", "p-value"], lines)
