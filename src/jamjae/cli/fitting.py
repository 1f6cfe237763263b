"""``jamjae fit``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamjae.cli.guard import heed, load_engine, load_libraries
from jamjae.cli.options import (
    Data,
    ImageSize,
    Json,
    Label,
    Limit,
    Quiet,
    Reading,
    SkipBad,
    Subset,
    load,
)
from jamjae.cli.output import Voice, size
from jamjae.data.text_tables import text_table

if TYPE_CHECKING:
    from jamjae import Autoencoder


def fit(
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .jamjae file.")],
    components: Annotated[
        int, typer.Option("--components", "-k", min=1, help="Number of latent components.")
    ] = 32,
    network: Annotated[
        str, typer.Option(help="Network: auto, dense, conv, or hidden widths such as 512,128.")
    ] = "auto",
    epochs: Annotated[str, typer.Option(help="Number of training epochs, or auto.")] = "auto",
    batch_size: Annotated[int, typer.Option(min=1, help="Rows per batch.")] = 128,
    learning_rate: Annotated[str, typer.Option(help="Peak learning rate, or auto.")] = "auto",
    loss: Annotated[str, typer.Option(help="Reconstruction loss: mse, mae or huber.")] = "mse",
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
    checkpoint_dir: Annotated[
        Path | None, typer.Option(help="Folder for checkpoints, to resume if interrupted.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed.")] = None,
    subset: Subset = "train",
    label: Label = None,
    image_size: ImageSize = None,
    limit: Limit = None,
    skip_bad: SkipBad = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Fit an autoencoder to DATA and write it to a file."""
    voice = Voice(quiet=quiet, as_json=json)
    require_other(output, data)
    require_writable(output)
    options: dict[str, Any] = {
        "network": _network(network),
        "epochs": _number(epochs, int, "--epochs"),
        "batch_size": batch_size,
        "learning_rate": _number(learning_rate, float, "--learning-rate"),
        "loss": loss,
        "validation_fraction": validation_fraction,
        "early_stopping": early_stopping,
        "patience": patience,
        "checkpoint_dir": checkpoint_dir,
        "random_state": seed,
    }
    reading = Reading(subset, label, image_size, limit, skip_bad)
    found = load(voice, data, reading)
    with _kept_checkpoints(voice):
        model, seconds = train(voice, found.X, components, options, noise)
        if found.class_names:
            model.class_names_ = found.class_names
        if found.feature_names:
            import numpy as np

            model.feature_names_in_ = np.array(found.feature_names, dtype=object)
        model.save(output)
    from jamjae.evaluation import training_errors

    values = {**training_errors(model), "seconds": seconds, "epochs": len(model.history_["loss"])}
    values |= {"rows": len(found.X), "skipped": list(found.skipped), "model": str(output)}
    written = f"wrote {output} ({size(output.stat().st_size)})"
    voice.result(values, comparison(model), f"{seconds:.1f} s; {written}")


@contextmanager
def _kept_checkpoints(voice: Voice) -> Iterator[None]:
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
    voice: Voice, X: Any, components: int, options: dict[str, Any], noise: float = 0.0
) -> tuple[Autoencoder, float]:
    """Fit with a progress bar; return the model and the time in seconds."""
    start(voice)
    from jamjae import Autoencoder

    if noise:
        import keras

        options = {**options, "corruption": keras.layers.GaussianNoise(noise, seed=0)}
    began = time.perf_counter()
    with voice.progress() as advance:
        model = Autoencoder(components, callbacks=[heed, advance], **options).fit(X)
    model.set_params(callbacks=())
    return model, time.perf_counter() - began


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


def mse_unit(dtype: Any) -> str:
    """Return the unit to add to the heading MSE, if errors are those of pixels in [0, 1]."""
    from jamjae.evaluation import pixel_range

    return ", pixels in [0, 1]" if pixel_range(dtype) > 1 else ""


def require_other(output: Path, data: str | Path, model: Path | None = None) -> None:
    """Refuse an output that would replace the data or the model, even through a link."""
    if model is not None and _is_same(output, model):
        raise typer.BadParameter(f"--output {output} would replace the model. Choose another path.")
    read = Path(data)
    if not _is_same(read, read) or _is_data_set(data):  # no such file, or a name
        return
    if read.is_file():
        replaced = _is_same(output, read) or _is_same(output, read.resolve().parent)
    else:  # a folder of images
        inside = read.resolve() in output.resolve().parents
        replaced = _is_same(output, read) or (inside and output.exists())
    if replaced:
        raise typer.BadParameter(f"--output {output} would replace the data. Choose another path.")


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them does not exist
        return False


def _is_data_set(data: str | Path) -> bool:
    load_libraries("jamjae.data.catalog")
    from jamjae.data.catalog import NAMES

    return data in NAMES


def require_writable(path: Path) -> None:
    """Refuse a path that cannot be written, before any work is done."""
    from jamjae.data.atomic import require_place

    require_place(path)


def require_writable_folder(path: Path) -> None:
    """Refuse a folder that cannot be created or written to, without creating it."""
    from jamjae.errors import OutputError

    found = next(part for part in (path, *path.absolute().parents) if part.exists())
    if not (found.is_dir() and os.access(found, os.W_OK | os.X_OK)):
        why = "is not writable" if found.is_dir() else "is not a folder"
        raise OutputError(
            f"Cannot write into {str(path)!r}: {str(found)!r} {why}. Choose a folder "
            "that can be written to or created."
        )


def _network(text: str) -> str | tuple[int, ...]:
    if text in ("auto", "dense", "conv"):
        return text
    widths = text.split(",")
    if not all(width.strip().isdecimal() for width in widths):
        raise typer.BadParameter(
            f"--network {text}: expected auto, dense, conv, or widths such as 512,128."
        )
    return tuple(int(width) for width in widths)


def _number(text: str, kind: type, option: str) -> Any:
    if text == "auto":
        return text
    try:
        return kind(text)
    except ValueError:
        raise typer.BadParameter(f"{option} {text}: a number or auto is expected.") from None
