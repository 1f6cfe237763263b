"""``jamjae fit``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamjae.cli import completion
from jamjae.cli.densities import (
    Beta,
    Density,
    IsVariational,
    LikelihoodOfValues,
    density_line,
    fit_density,
    keep_types,
    require_options,
    variational_facts,
    variational_lines,
)
from jamjae.cli.guard import heed, load_engine
from jamjae.cli.options import (
    BatchSize,
    CheckpointDir,
    Data,
    Devices,
    Engine,
    Epochs,
    Json,
    LearningRate,
    Network,
    Quiet,
    Seed,
    Standardize,
    Workers,
    require_devices,
    require_one_of,
    require_workers,
)
from jamjae.cli.output import Voice, size
from jamjae.cli.places import Force, require_file
from jamjae.cli.reading import files_read, load, reads_data
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import counted
from jamjae.data.text_tables import text_table

if TYPE_CHECKING:
    from jamjae import Autoencoder


@reads_data
def fit(
    data: Data,
    reading: ReadOptions,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .jamjae file.")],
    components: Annotated[
        int, typer.Option("--components", "-k", min=1, help="Number of latent components.")
    ] = 32,
    network: Network = "auto",
    epochs: Epochs = "auto",
    batch_size: BatchSize = 128,
    learning_rate: LearningRate = "auto",
    loss: Annotated[
        str,
        typer.Option(
            help="Reconstruction loss: auto (mse, and cross-entropy for the categories of a "
            "table), mse, mae or huber.",
            autocompletion=completion.one_of("auto", "mse", "mae", "huber"),
        ),
    ] = "auto",
    noise: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Standard deviation of Gaussian noise added to the scaled inputs.",
        ),
    ] = 0.0,
    validation_fraction: Annotated[
        float, typer.Option(min=0.0, max=0.99, help="Fraction of rows held out for validation.")
    ] = 0.0,
    early_stopping: Annotated[
        bool, typer.Option("--early-stopping", help="Stop when the loss no longer improves.")
    ] = False,
    patience: Annotated[
        int, typer.Option(min=1, help="Epochs without improvement before early stopping.")
    ] = 5,
    checkpoint_dir: CheckpointDir = None,
    seed: Seed = None,
    standardize: Standardize = False,
    missing: Annotated[
        str,
        typer.Option(
            help="Missing cells: error, or mask to let them count in no loss.",
            autocompletion=completion.one_of("error", "mask"),
        ),
    ] = "error",
    density: Density = None,
    variational: IsVariational = False,
    beta: Beta = None,
    likelihood: LikelihoodOfValues = None,
    devices: Devices = None,
    engine: Engine = "local",
    workers: Workers = None,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Fit an autoencoder to DATA and write it to a file."""
    only_here = {"--loss": loss, "--noise": noise}
    require_options(density, variational, beta, likelihood, only_here)
    voice = Voice(quiet=quiet, as_json=json)
    require_one_of("--loss", loss, ("auto", "mse", "mae", "huber"))
    require_one_of("--missing", missing, ("error", "mask"))
    on_ray = require_workers(engine, workers)
    require_file(output, files_read(data, reading), force=force, suffixes=(".jamjae",))
    options = training_options(
        network=network,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        standardize=standardize,
        checkpoint_dir=checkpoint_dir,
        seed=seed,
        devices=require_devices(devices, on_ray),
    )
    options |= {
        "loss": loss,
        "missing": missing,
        "validation_fraction": validation_fraction,
        "early_stopping": early_stopping,
        "patience": patience,
    }
    if variational:
        del options["loss"]
        options |= {"beta": beta or 1.0, "likelihood": likelihood or "gaussian"}
    found = load(voice, data, replace(reading, random_state=seed or 0))
    from jamjae.data.advice import advice

    hints = advice(found.X, found.feature_names, components, standardized=standardize)
    found = found.noted(*hints)
    for hint in hints:
        voice.note(f"  {hint}")
    with kept_checkpoints(voice):
        from jamjae.models.persistence import save_model

        rows = found.named_rows()
        given = (voice, rows, components, options, noise)
        model, seconds = train(*given, variational=variational, workers=on_ray)
        if found.class_names:
            model.class_names_ = found.class_names
        if found.label_name:
            model.label_name_ = found.label_name
        model.data_notes_ = found.notes
        keep_types(model, found)
        learned = fit_density(voice, model, found, density) if density else {}
        save_model(model, output, force=force)
    from jamjae.evaluation import training_errors

    values = {**training_errors(model), "seconds": seconds, "epochs": len(model.history_["loss"])}
    values |= {"rows": len(found.X), "skipped": list(found.skipped), "model": str(output)}
    values |= {"devices": getattr(model, "devices_", None)}  # none of its own, if by workers
    values |= {"notes": list(found.notes), "is_pca": model.is_pca_, **variational_facts(model)}
    values |= {"density": learned} if learned else {}
    voice.result(
        values,
        comparison(model),
        *as_pca(model),
        *variational_lines(model),
        *([f"density: {density_line(learned)}"] if learned else []),
        f"{seconds:.1f} s; wrote {output} ({size(output.stat().st_size)})",
    )


def training_options(
    *,
    network: str,
    epochs: str,
    batch_size: int,
    learning_rate: str,
    standardize: bool,
    checkpoint_dir: Path | None,
    seed: int | None,
    devices: Any,
) -> dict[str, Any]:
    """Give the options of every network as parameters of an estimator."""
    return {
        "network": network_of(network),
        "epochs": number_of(epochs, int, "--epochs"),
        "batch_size": batch_size,
        "learning_rate": number_of(learning_rate, float, "--learning-rate"),
        "scaling": "standardize" if standardize else "auto",
        "checkpoint_dir": checkpoint_dir,
        "random_state": seed,
        "devices": devices,
    }


@contextmanager
def kept_checkpoints(voice: Voice) -> Iterator[None]:
    """Keep what was learned until the model file is written and was read back."""
    start(voice)
    from jamjae.engine.checkpoints import kept

    with kept():
        yield


def start(voice: Voice) -> None:
    """Load the engine, which takes a moment."""
    if "jamjae.models.autoencoder" not in sys.modules:
        voice.note("loading JAX and Keras")
    load_engine()


def train(
    voice: Voice,
    X: Any,
    components: int,
    options: dict[str, Any],
    noise: float = 0.0,
    *,
    variational: bool = False,
    workers: int | None = None,
) -> tuple[Autoencoder, float]:
    """Fit with a progress bar; return the model and the time in seconds."""
    start(voice)
    from jamjae import Autoencoder, VariationalAutoencoder

    if noise:
        import keras

        options = {**options, "corruption": keras.layers.GaussianNoise(noise, seed=0)}
    began = time.perf_counter()
    with voice.progress() as advance:
        kind: Any = VariationalAutoencoder if variational else Autoencoder
        new = kind(components, callbacks=[heed, advance], **options)
        model = new.fit(X) if workers is None else _by(workers, voice, new, X)
    model.set_params(callbacks=())
    return model, time.perf_counter() - began


def _by(workers: int, voice: Voice, model: Autoencoder, X: Any) -> Autoencoder:
    """Fit by workers on a Ray cluster, which keep their state in the folder of checkpoints."""
    from jamjae.distributed.ray import fit

    with ExitStack() as stack:
        folder = model.checkpoint_dir or stack.enter_context(TemporaryDirectory())
        voice.note(f"fitting by {counted(workers, 'worker')} on Ray")
        return fit(model, X, num_workers=workers, storage_path=folder)


def comparison(model: Autoencoder) -> str:
    """Format the errors on the training rows, and PCA's, as a table."""
    from jamjae.evaluation import training_errors

    found = training_errors(model)
    head = (
        f"training rows, {model.n_components_} components",
        f"MSE{mse_unit(model.dtype_)}",
        "explained",
    )
    names = {"jamjae": "jamjae", "pca": "PCA"}
    return text_table(
        head,
        [
            (title, f"{found['mse'][name]:.6g}", f"{found['explained_variance'][name]:.2%}")
            for name, title in names.items()
        ],
    )


def as_pca(model: Autoencoder) -> list[str]:
    """Say so if the model is PCA, since training did not improve on it."""
    return ["The model is PCA: training did not improve on it."] if model.is_pca_ else []


def mse_unit(dtype: Any) -> str:
    """Return the unit to add to the heading MSE, if errors are those of pixels in [0, 1]."""
    from jamjae.evaluation import pixel_range

    return ", pixels in [0, 1]" if pixel_range(dtype) > 1 else ""


def network_of(text: str) -> str | tuple[int, ...]:
    """Parse --network."""
    if text in ("auto", "dense", "conv"):
        return text
    widths = text.split(",")
    if not all(width.strip().isdecimal() for width in widths):
        raise typer.BadParameter(
            f"--network {text}: expected auto, dense, conv, or widths such as 512,128."
        )
    return tuple(int(width) for width in widths)


def number_of(text: str, kind: type, option: str) -> Any:
    """Parse a number, or give auto."""
    if text == "auto":
        return text
    try:
        return kind(text)
    except ValueError:
        raise typer.BadParameter(f"{option} {text}: a number or auto is expected.") from None
