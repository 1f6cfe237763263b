"""``jamjae compress``."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamjae.cli import completion
from jamjae.cli.densities import typed_rows
from jamjae.cli.fitting import kept_checkpoints, network_of, number_of
from jamjae.cli.guard import heed, load_engine
from jamjae.cli.options import Data, Devices, Json, Quiet, require_devices
from jamjae.cli.output import Voice, size
from jamjae.cli.places import Force, require_file
from jamjae.cli.reading import files_read, fitted_rows, load, reads_data
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import counted
from jamjae.data.text_tables import text_table

if TYPE_CHECKING:
    from jamjae import Codec
    from jamjae.data.dataset import Dataset
    from jamjae.models.compressed_files import Saved

NEW = {  # options of a new codec, and what they are if they are not given
    "bytes": None, "mse": None, "components": "auto", "network": "auto", "epochs": "auto",
    "batch_size": 128, "learning_rate": "auto", "checkpoint_dir": None, "seed": None,
    "standardize": False, "devices": None, "save_model": None,
}  # fmt: skip


@reads_data
def compress(
    data: Data,
    reading: ReadOptions,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .jjz file.")],
    model: Annotated[
        Path | None,
        typer.Option(
            help="A .jamjae file of a codec; by default a new one is fitted to DATA.",
            autocompletion=completion.model,
        ),
    ] = None,
    bytes_: Annotated[
        float | None, typer.Option("--bytes", help="Mean bytes per row, without the codec.")
    ] = None,
    mse: Annotated[
        float | None,
        typer.Option(
            help="Mean squared error, in the squared units of the data (8-bit pixels: 0 to 255); "
            "by default 5% of the variance."
        ),
    ] = None,
    components: Annotated[
        str, typer.Option("--components", "-k", help="Number of latent components, or auto.")
    ] = "auto",
    network: Annotated[
        str,
        typer.Option(
            help="Network: auto, dense, conv, or hidden widths such as 512,128.",
            autocompletion=completion.one_of("auto", "dense", "conv"),
        ),
    ] = "auto",
    epochs: Annotated[str, typer.Option(help="Number of training epochs, or auto.")] = "auto",
    batch_size: Annotated[int, typer.Option(min=1, help="Rows per batch.")] = 128,
    learning_rate: Annotated[str, typer.Option(help="Peak learning rate, or auto.")] = "auto",
    checkpoint_dir: Annotated[
        Path | None, typer.Option(help="Folder for checkpoints, to resume if interrupted.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed.")] = None,
    standardize: Annotated[
        bool, typer.Option("--standardize", help="Divide each column by its deviation.")
    ] = False,
    devices: Devices = None,
    refer: Annotated[
        bool,
        typer.Option("--refer", help="Name the codec's file in place of holding the codec."),
    ] = False,
    save_model: Annotated[
        Path | None, typer.Option(help="A .jamjae file for the new codec.")
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compress DATA to a file of few bytes per row, by a codec that is fitted to it or given."""
    voice = Voice(quiet=quiet, as_json=json)
    given = {
        "bytes": bytes_, "mse": mse, "components": components, "network": network,
        "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate,
        "checkpoint_dir": checkpoint_dir, "seed": seed, "standardize": standardize,
        "devices": devices, "save_model": save_model,
    }  # fmt: skip
    _require_together(given, model, refer=refer)
    reads = files_read(data, reading, *([] if model is None else [model]))
    require_file(output, reads, force=force, suffixes=(".jjz",))
    if save_model is not None:
        require_file(save_model, reads, force=force, suffixes=(".jamjae",))
    began = time.perf_counter()
    if model is None:
        options = _codec_options(given)
        found = load(voice, data, replace(reading, random_state=seed or 0))
        rows: Any = typed_rows(found)
        codec = _fitted(voice, found, rows, options, save_model, force=force)
    else:
        codec = opened_codec(model)
        found = load(voice, data, reading, model=codec)
        rows = fitted_rows(codec, found)
    from jamjae.models import compressed_files
    from jamjae.models.compressed import About

    about = About(found.index, found.y, found.class_names)
    file = model if model is not None else save_model
    with voice.rows(len(rows)) as advance:

        def report(doing: str, done: int) -> None:
            heed()
            advance(doing, done)

        named = file if refer else None
        saved = compressed_files.save(output, codec, rows, about, model=named, report=report)
    values, lines = _said(codec, rows, saved)
    values |= {"seconds": time.perf_counter() - began, "notes": list(found.notes)}
    values |= {"model": None if file is None else str(file), "output": str(output)}
    wrote = f"{values['seconds']:.1f} s; wrote {output} ({size(saved.sizes.total)})"
    voice.result(values, *lines, f"{wrote} and {save_model}" if save_model else wrote)


def _require_together(given: dict[str, Any], model: Path | None, *, refer: bool) -> None:
    """Refuse options that contradict each other, before anything is read."""
    used = [f"--{name.replace('_', '-')}" for name in NEW if given[name] != NEW[name]]
    if model is not None and used:
        raise typer.BadParameter(
            f"{used[0]}: it is for a new codec, and --model names one. Give one of the two."
        )
    if given["bytes"] is not None and given["mse"] is not None:
        raise typer.BadParameter("--bytes and --mse: give one of the two.")
    if refer and model is None and given["save_model"] is None:
        raise typer.BadParameter(
            "--refer: the file would name a codec that is kept nowhere. Give --save-model PATH, or "
            "--model PATH of a codec that is saved."
        )


def _codec_options(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "n_components": number_of(given["components"], int, "--components"),
        "bytes_per_row": given["bytes"],
        "mse": given["mse"],
        "network": network_of(given["network"]),
        "epochs": number_of(given["epochs"], int, "--epochs"),
        "batch_size": given["batch_size"],
        "learning_rate": number_of(given["learning_rate"], float, "--learning-rate"),
        "scaling": "standardize" if given["standardize"] else "auto",
        "checkpoint_dir": given["checkpoint_dir"],
        "random_state": given["seed"],
        "devices": require_devices(given["devices"], None),
    }


def _fitted(
    voice: Voice,
    found: Dataset,
    rows: Any,
    options: dict[str, Any],
    save_model: Path | None,
    *,
    force: bool,
) -> Codec:
    """Fit a codec, and save it where it is to be kept."""
    from jamjae.data.advice import advice

    standardized = options["scaling"] == "standardize"
    for hint in advice(found.X, found.feature_names, standardized=standardized):
        voice.note(f"  {hint}")
    with kept_checkpoints(voice):
        from jamjae import Codec
        from jamjae.models.persistence import save_model as save

        with voice.progress() as advance:
            codec = Codec(callbacks=[heed, advance], **options).fit(rows)
        codec.set_params(callbacks=())
        if found.class_names:
            codec.class_names_ = found.class_names
        if found.label_name:
            codec.label_name_ = found.label_name
        codec.data_notes_ = found.notes
        if save_model is not None:
            save(codec, save_model, force=force)
    return codec


def opened_codec(path: Path) -> Codec:
    """Load a codec, with the engine's compiled code of earlier runs."""
    load_engine()
    from jamjae import Codec, load_model
    from jamjae.errors import InvalidDataError

    found = load_model(path)
    if not isinstance(found, Codec):
        raise InvalidDataError(
            f"{str(path)!r} holds a model of the class {type(found).__name__}, and a Codec is "
            "expected. Fit one and save it: jamjae compress DATA -o out.jjz --save-model PATH"
        )
    return found


def _said(codec: Codec, rows: Any, saved: Saved) -> tuple[dict[str, Any], list[str]]:
    """Give the sizes and the error, as values for JSON and as lines."""
    n, sizes, raw = saved.n, saved.sizes, _raw_bytes(rows)
    own = sizes.total - sizes.codec
    values = {
        "rows": n,
        "bytes": sizes.total,
        "bytes_per_row": own / n,
        "payload_bytes": sizes.payload,
        "name_bytes": sizes.names,
        "heading_bytes": sizes.index,
        "codec_bytes": sizes.codec,
        "raw_bytes": raw,
        "ratio": raw / own,
        "ratio_with_codec": raw / sizes.total,
        "mse": saved.mse,
        "components": codec.n_components_,
        "is_pca": codec.is_pca_,
    }
    parts = {"codes": sizes.payload, "names and labels": sizes.names, "headings": sizes.index}
    parts |= {"together": own, "codec": sizes.codec}
    cells = [
        (name, f"{count:,}", f"{count / n:.2f}" if name != "codec" else "")
        for name, count in parts.items()
        if count
    ]
    lines = [
        text_table((counted(n, "row"), "bytes", "per row"), cells),
        f"{error_line(codec, saved.mse)}; {counted(codec.n_components_, 'component')}",
        _ratios(raw, own, sizes.codec),
    ]
    return values, lines


def error_line(codec: Codec, mse: float) -> str:
    """Format a mean squared error in the units of the data."""
    from jamjae.evaluation import pixel_range

    said, span = f"mean squared error {mse:.6g}", pixel_range(codec.dtype_)
    if codec.table_encoder_ is not None:
        return f"{said}, in squared standard deviations"
    return said if span == 1 else f"{said}; {mse / span**2:.4g} for pixels in [0, 1]"


def _ratios(raw: int, own: int, codec: int) -> str:
    said = f"{raw / own:.3g} times smaller than the rows in memory ({raw:,} bytes)"
    if codec:
        said += f"; {raw / (own + codec):.3g} times with the codec"
    if raw >= own + codec:
        return said
    return (
        f"{said}\nThe file is larger than the rows. The codec is worth its bytes where more rows "
        "of its kind are compressed: keep it once, with --save-model and --refer."
    )


def _raw_bytes(rows: Any) -> int:
    """Give how many bytes rows take as arrays of numbers."""
    if hasattr(rows, "memory_usage"):
        return int(rows.memory_usage(index=False).sum())
    return int(rows.nbytes)
