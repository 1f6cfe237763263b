"""``jamjae encode``, ``decode`` and ``reconstruct``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamjae.cli.fitting import mse_unit, require_other, require_writable, require_writable_folder
from jamjae.cli.guard import load_engine
from jamjae.cli.options import (
    Data,
    ImageSize,
    Json,
    Label,
    Limit,
    Model,
    Quiet,
    Reading,
    SkipBad,
    Subset,
    fitted_rows,
    load,
)
from jamjae.cli.output import Voice
from jamjae.data.text_tables import text_table

if TYPE_CHECKING:
    import numpy as np

    from jamjae import Autoencoder

TABLES = (".npy", ".npz", ".csv", ".tsv", ".parquet")

Codes = Annotated[Path, typer.Option("--output", "-o", help="A .npy, .npz, .csv or .parquet file.")]
Reconstructed = Annotated[
    Path, typer.Option("--output", "-o", help="A folder for images, or a file as for encode.")
]


def encode(
    model: Model,
    data: Data,
    output: Codes,
    subset: Subset = "train",
    label: Label = None,
    image_size: ImageSize = None,
    limit: Limit = None,
    skip_bad: SkipBad = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Encode DATA and write the codes."""
    from jamjae.data.writing import write_rows

    voice = Voice(quiet=quiet, as_json=json)
    require_other(output, data, model)
    _require_table(output)
    fitted = opened(model)
    reading = Reading(subset, label, image_size, limit, skip_bad)
    found = load(voice, data, reading, model=fitted)
    codes = fitted.transform(fitted_rows(fitted, found))
    names = [str(name) for name in fitted.get_feature_names_out()]
    write_rows(output, codes, index=found.index, feature_names=names)
    shape = " x ".join(map(str, codes.shape))
    voice.result({"codes": list(codes.shape), "output": str(output)}, f"wrote {output}: {shape}")


def decode(
    model: Model,
    codes: Annotated[Path, typer.Argument(metavar="CODES", help="File written by encode.")],
    output: Reconstructed,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Decode CODES and write images to a folder, or a table."""
    from jamjae.data.reading import read

    voice = Voice(quiet=quiet, as_json=json)
    require_other(output, codes, model)
    fitted = opened(model)
    _require_place(fitted, output)
    found = read(codes)
    rows = fitted.inverse_transform(found.X)
    _write(fitted, output, rows, found.index, _range(fitted, rows))
    shape = " x ".join(map(str, rows.shape))
    voice.result({"rows": list(rows.shape), "output": str(output)}, f"wrote {output}: {shape}")


def reconstruct(
    model: Model,
    data: Data,
    output: Reconstructed,
    subset: Subset = "train",
    label: Label = None,
    image_size: ImageSize = None,
    limit: Limit = None,
    shown: Annotated[int, typer.Option(min=1, max=40, help="Images in the figure.")] = 10,
    skip_bad: SkipBad = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Reconstruct DATA and report the quality beside that of PCA."""
    voice = Voice(quiet=quiet, as_json=json)
    require_other(output, data, model)
    fitted = opened(model)
    _require_place(fitted, output)
    reading = Reading(subset, label, image_size, limit, skip_bad)
    found = load(voice, data, reading, model=fitted)
    X = fitted_rows(fitted, found)
    reconstructed = fitted.reconstruct(X)
    X = X.reshape(reconstructed.shape)
    reconstructions = {"jamjae": reconstructed, "PCA": beside(fitted, X)}
    values, lines = quality(fitted, X, reconstructions)
    _write(fitted, output, reconstructions["jamjae"], found.index, _range(fitted, X))
    if len(fitted.row_shape_) > 1 and output.suffix.lower() not in TABLES:
        draw(fitted, X, reconstructions, output, shown)
    values["output"] = str(output)
    voice.result(values, lines, f"wrote {output}")


def opened(path: Path) -> Autoencoder:
    """Load a model, with the engine's compiled code of earlier runs."""
    load_engine()
    from jamjae import Autoencoder, load_model
    from jamjae.errors import InvalidDataError

    model = load_model(path)
    if not isinstance(model, Autoencoder):
        raise InvalidDataError(
            f"{str(path)!r} holds a {type(model).__name__}; an Autoencoder is expected. Load it "
            "in Python with jamjae.load_model(path)."
        )
    return model


def beside(model: Autoencoder, X: np.ndarray) -> np.ndarray:
    """Reconstruct rows by the model's PCA, with the same rule for clipping."""
    from jamjae.evaluation import reconstruct

    return reconstruct(model.baseline_, X, dtype=model.dtype_)


def quality(
    model: Autoencoder, X: np.ndarray, reconstructions: dict[str, np.ndarray]
) -> tuple[dict[str, Any], str]:
    """Evaluate reconstructions; return values for JSON and a table."""
    from jamjae.evaluation import evaluate_reconstruction

    found = {
        name: evaluate_reconstruction(X, rows, dtype=model.dtype_).known()
        for name, rows in reconstructions.items()
    }
    heads = {
        "mse": f"MSE{mse_unit(model.dtype_)}",
        "explained_variance": "explained",
        "psnr": "PSNR, dB",
        "ssim": "SSIM",
    }
    metrics = list(found["jamjae"])
    rows = [_cells(name, values) for name, values in found.items()]
    return {"rows": len(X), **found}, text_table(["", *(heads[metric] for metric in metrics)], rows)


def _cells(name: str, found: dict[str, float]) -> list[str]:
    formats = {"mse": ".6g", "explained_variance": ".2%", "psnr": ".2f", "ssim": ".4f"}
    return [name, *(f"{found[key]:{form}}" for key, form in formats.items() if key in found)]


def draw(
    model: Autoencoder,
    X: np.ndarray,
    reconstructions: dict[str, np.ndarray],
    folder: Path,
    shown: int,
) -> None:
    """Draw originals above reconstructions, and the loss curve with PCA's error."""
    from jamjae import plotting
    from jamjae.evaluation import evaluate_reconstruction

    few = [i * len(X) // min(shown, len(X)) for i in range(min(shown, len(X)))]
    rows, labels = [X[few]], ["original"]
    for name, images in reconstructions.items():
        found = evaluate_reconstruction(X, images, dtype=model.dtype_, image_metrics=False)
        rows.append(images[few])
        labels.append(f"{name}  MSE {found.mse:.4g}")
    if X.ndim == 3 or X.shape[-1] in (1, 3):
        figure = plotting.image_grid(rows, row_labels=labels, data_range=_range(model, X))
        plotting.save(figure, folder / "originals-and-reconstructions.png")
    baseline = model.baseline_error_ / model.scale_**2 if model.loss == "mse" else None
    history = {name: values for name, values in model.history_.items() if "loss" in name}
    plotting.save(plotting.loss_curve(history, baseline=baseline), folder / "loss.png")


def _require_table(output: Path) -> None:
    from jamjae.errors import OutputError

    if output.suffix.lower() not in TABLES:
        raise OutputError(
            f"Cannot write {str(output)!r}: a file name that ends in {', '.join(TABLES)} is "
            "expected."
        )
    require_writable(output)


def _require_place(model: Autoencoder, output: Path) -> None:
    """Refuse an output that does not suit the model's rows, before they are reconstructed."""
    if output.suffix.lower() in TABLES:
        require_writable(output)
    elif len(model.row_shape_) == 1:
        raise typer.BadParameter(
            f"--output {output}: for rows of a table, a file name that ends in "
            f"{', '.join(TABLES)} is expected."
        )
    else:
        require_writable_folder(output)


def _write(
    model: Autoencoder,
    output: Path,
    rows: np.ndarray,
    names: Any,
    span: tuple[float, float],
) -> None:
    from jamjae.data import writing

    if output.suffix.lower() in TABLES:
        features = getattr(model, "feature_names_in_", ())
        writing.write_rows(output, rows, index=names, feature_names=features)
    else:
        writing.write_images(output, rows, names=names, data_range=span)


def _range(model: Autoencoder, rows: np.ndarray) -> tuple[float, float]:
    low, high = float(rows.min()), float(rows.max())
    return (0.0, 255.0) if model.dtype_ == "uint8" else (low, high if high > low else low + 1.0)
