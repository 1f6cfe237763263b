"""``jamjae compress``."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamjae.cli import completion
from jamjae.cli.densities import typed_rows
from jamjae.cli.fitting import kept_checkpoints, number_of, training_options
from jamjae.cli.guard import heed, load_engine
from jamjae.cli.options import (
    BatchSize,
    CheckpointDir,
    Data,
    Devices,
    Epochs,
    Json,
    LearningRate,
    Network,
    Quiet,
    Seed,
    Standardize,
    require_devices,
)
from jamjae.cli.output import Voice, size
from jamjae.cli.places import Force, require_file
from jamjae.cli.reading import files_read, fitted_rows, load, reads_data
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import counted, listed
from jamjae.data.text_tables import text_table

if TYPE_CHECKING:
    from jamjae import Codec
    from jamjae.data.dataset import Dataset
    from jamjae.latent.codec.bounded import Coder
    from jamjae.models.compression.files import Saved

SUFFIX = ".jjz"
LARGER = (
    "The file is larger than the rows because the codec takes more bytes than it saves. For more "
    "rows of this kind, save the codec to a file of its own (--save-model) and refer to it "
    "(--refer). --max-error uses a smaller coder."
)
Result = tuple[dict[str, Any], list[str]]  # values for JSON, and lines
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
    network: Network = "auto",
    epochs: Epochs = "auto",
    batch_size: BatchSize = 128,
    learning_rate: LearningRate = "auto",
    checkpoint_dir: CheckpointDir = None,
    seed: Seed = None,
    standardize: Standardize = False,
    devices: Devices = None,
    lossless: Annotated[
        bool,
        typer.Option("--lossless", help="Images of 8 or 16 bits, or whole numbers, without loss."),
    ] = False,
    max_error: Annotated[
        float | None,
        typer.Option(min=0.0, help="Let no value be off by more than this, in units of the data."),
    ] = None,
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
    exact = lossless or max_error is not None
    _require_together(given, model, refer=refer, exact=exact)
    if lossless and max_error:
        raise typer.BadParameter(f"--lossless is --max-error 0, and {max_error:g} was given.")
    reads = files_read(data, reading, *([] if model is None else [model]))
    require_file(output, reads, force=force, suffixes=(SUFFIX,))
    if save_model is not None:
        require_file(save_model, reads, force=force, suffixes=(".jamjae",))
    began, file = time.perf_counter(), model if model is not None else save_model
    options = _codec_options(given)
    if model is None:
        found = load(voice, data, replace(reading, random_state=seed or 0))
    else:
        codec = opened_codec(model)
        found = load(voice, data, reading, model=codec)
    if exact:
        _require_own_size(found, reading)
        values, lines = _within(voice, found, output, max_error or 0.0, seed or 0)
    else:
        if model is None:
            rows: Any = typed_rows(found)
            codec = _fitted(voice, found, rows, options, save_model, force=force)
        else:
            rows = fitted_rows(codec, found)
        named = file if refer else None
        values, lines = _by_codes(voice, found, codec, rows, output, named)
    values |= {"seconds": time.perf_counter() - began, "notes": list(found.notes)}
    values |= {"model": None if file is None else str(file), "output": str(output)}
    wrote = f"{values['seconds']:.1f} s; wrote {output} ({size(values['bytes']['total'])})"
    voice.result(values, *lines, f"{wrote} and {save_model}" if save_model else wrote)


def _require_together(
    given: dict[str, Any], model: Path | None, *, refer: bool, exact: bool
) -> None:
    """Refuse options that contradict each other, before anything is read."""
    used = [f"--{name.replace('_', '-')}" for name in NEW if given[name] != NEW[name]]
    for name in ("bytes", "mse"):
        if given[name] is not None and not 0 < given[name] < math.inf:
            raise typer.BadParameter(f"--{name} {given[name]:g}: a number above 0 is expected.")
    if given["bytes"] is not None and given["mse"] is not None:
        raise typer.BadParameter("--bytes and --mse cannot be combined. Give one of the two.")
    others = [*(name for name in used if name != "--seed"), *(["--model"] if model else [])]
    others += ["--refer"] if refer else []
    if exact and others:
        raise typer.BadParameter(
            f"{others[0]} has no effect with --lossless or --max-error. Leave it out."
        )
    if model is not None and used:
        raise typer.BadParameter(f"{used[0]} has no effect on a fitted --model. Leave it out.")
    if refer and model is None and given["save_model"] is None:
        raise typer.BadParameter(
            "--refer: the file would name a codec that is kept nowhere. Give --save-model PATH, or "
            "--model PATH of a codec that is saved."
        )


def _codec_options(given: dict[str, Any]) -> dict[str, Any]:
    own = {"bytes", "mse", "components", "save_model", "devices"}
    shared = {name: value for name, value in given.items() if name not in own}
    devices = require_devices(given["devices"], None)
    return {
        "n_components": number_of(given["components"], int, "--components"),
        "bytes_per_row": given["bytes"],
        "mse": given["mse"],
        **training_options(devices=devices, **shared),
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


def _by_codes(
    voice: Voice, found: Dataset, codec: Codec, rows: Any, output: Path, model: Path | None
) -> Result:
    """Compress rows by a codec, which the file holds unless `model` is its file."""
    from jamjae.latent.codec.archive import About
    from jamjae.models.compression.files import save

    about = About(found.index, found.y, found.class_names)
    with voice.rows(len(rows)) as advance:
        report = heeding(advance)
        saved = save(output, codec, rows, about, model=model, report=report)
    values, table, ratio = _sizes(saved, rows)
    values |= {"components": codec.n_components_, "is_pca": codec.is_pca_}
    kind = "; the codec is PCA" if codec.is_pca_ else ""
    parts = f"{counted(codec.n_components_, 'component')}{kind}"
    lines = [table, f"{error_line(codec, saved.mse)}; {parts}", ratio]
    if model is None and values["ratio_with_codec"] < 1:
        lines.append(LARGER)
    return values, lines


def _within(voice: Voice, found: Dataset, output: Path, bound: float, seed: int) -> Result:
    """Compress rows within a bound, by a coder that is fitted to them and in the file."""
    from jamjae.latent.codec.archive import About
    from jamjae.models.compression.files import save_bounded

    found = _bounded_rows(found, bound)
    coder = _exact_coder(voice, found, bound, seed)
    about = About(found.index, found.y, found.class_names)
    with voice.rows(len(found.X)) as advance:
        saved = save_bounded(
            output,
            coder,
            found.X,
            about,
            max_error=int(bound),
            feature_names=found.feature_names,
            report=heeding(advance),
        )
    values, table, ratio = _sizes(saved, found.X)
    largest = f"no value is off by more than {saved.largest_error:g}"
    said = f"{largest}; mean squared error {saved.mse:.4g}" if saved.mse else "without loss"
    return values | {"max_error": bound}, [table, said, ratio]


def _require_own_size(found: Dataset, reading: ReadOptions) -> None:
    """Refuse images that were resized unasked: what is kept exactly would not be the images."""
    from jamjae.data.readers.image_notes import RESIZED
    from jamjae.errors import InvalidDataError

    if reading.image_size is None and any(note.startswith(RESIZED) for note in found.notes):
        raise InvalidDataError(
            "Cannot compress without loss or within a bound: the images have different sizes. Give "
            f"--image-size, such as {'x'.join(map(str, found.X.shape[1:3]))}, to resize them first."
        )


def _bounded_rows(found: Dataset, bound: float) -> Dataset:
    """Give rows of numbers, of a table as integers if all are; refuse those that do not suit."""
    import numpy as np

    from jamjae.errors import InvalidDataError

    attempt = f"Cannot compress {'within a bound' if bound else 'without loss'}"
    if hasattr(found.X, "iloc"):
        others = [name for name, kind in found.X.dtypes.items() if kind.kind not in "iuf"]
        raise InvalidDataError(
            f"{attempt}: not all columns are numbers ({listed(others)}). Leave these out (--drop), "
            "or compress the table with --bytes or --mse."
        )
    if found.X.dtype.kind != "f":
        return found
    X = np.asarray(found.X[:])
    finite, whole = np.isfinite(X), np.rint(X) == X
    others = ~finite if not finite.all() else ~whole
    names = found.feature_names if X.ndim == 2 else ()
    column = f" (column {names[int(others.any(axis=0).argmax())]!r})" if names else ""
    if not finite.all():
        raise InvalidDataError(
            f"{attempt}: {counted(int(others.sum()), 'value')} missing or infinite{column}. Drop "
            "these rows or columns (--drop), or fill the cells (jamjae impute)."
        )
    if not (bound or whole.all()):
        raise InvalidDataError(
            f"{attempt}: {X[others][0]:g} is not a whole number{column}. Whole numbers and images "
            "of 8 or 16 bits are expected. Give a bound in place of --lossless: --max-error."
        )
    if names and whole.all() and np.abs(X).max() < 2**53:  # where float64 is exact
        X = X.astype(np.int64)  # as a table of text has them
    return replace(found, X=X)


def heeding(advance: Callable[[str, float], None]) -> Callable[[str, float], None]:
    """Let a report of progress raise an interrupt that a library swallowed."""

    def report(doing: str, done: float) -> None:
        heed()
        advance(doing, done)

    return report


def _exact_coder(voice: Voice, found: Dataset, bound: float, seed: int) -> Coder:
    """Fit a coder of images, or of other numbers."""
    from jamjae.latent.codec.bounded import fit, is_images

    if not is_images(found.X):
        return fit(found.X, bound)
    with voice.rows(1) as advance:
        report = partial(heeding(advance), "learning how the images are coded")
        return fit(found.X, bound, random_state=seed, report=report)


# --- output -----------------------------------------------------------------------------------


def _sizes(saved: Saved, rows: Any) -> tuple[dict[str, Any], str, str]:
    """Give sizes as values for JSON, as a table, and as a line on how much smaller they are."""
    n, sizes, raw = saved.n, saved.sizes, _bytes_of(rows)
    own, coded = sizes.total - sizes.codec, sizes.payload + sizes.index
    parts = ("total", "payload", "names", "index", "codec")
    values = {
        "rows": n,
        "bytes": {part: getattr(sizes, part) for part in parts},
        "bytes_per_row": coded / n,
        "bytes_of_values": raw,
        "ratio": raw / own,
        "ratio_with_codec": raw / sizes.total,
        "mse": saved.mse,
        "largest_error": saved.largest_error,
    }
    counts = {"codes and headers": coded, "names and labels": sizes.names, "codec": sizes.codec}
    cells = [
        (name, f"{count:,}", f"{count / n:,.2f}" if name != "codec" else "")
        for name, count in counts.items()
        if count
    ]
    table = text_table((counted(n, "row"), "bytes", "per row"), cells)
    return values, table, _ratios(raw, own, sizes.codec)


def error_line(codec: Codec, mse: float) -> str:
    """Format a mean squared error in the units of the data."""
    from jamjae.evaluation import pixel_range

    said, span = f"mean squared error {mse:.6g}", pixel_range(codec.dtype_)
    if codec.table_encoder_ is not None:
        return f"{said}, in squared standard deviations"
    return said if span == 1 else f"{said}; {mse / span**2:.4g} for pixels in [0, 1]"


def _ratios(raw: int, own: int, codec: int) -> str:
    said = f"{_times(raw / own)} than the rows in memory ({raw:,} bytes)"
    return f"{said}; {_times(raw / (own + codec))} with the codec" if codec else said


def _times(ratio: float) -> str:
    return f"{ratio:.3g} times smaller" if ratio >= 1 else f"{1 / ratio:.3g} times larger"


def _bytes_of(rows: Any) -> int:
    """Give how many bytes rows take as arrays of numbers."""
    if hasattr(rows, "memory_usage"):
        return int(rows.memory_usage(index=False).sum())
    return int(rows.nbytes)
