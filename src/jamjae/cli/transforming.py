"""``jamjae encode``, ``decode`` and ``reconstruct``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, cast

import typer

from jamjae.cli import completion
from jamjae.cli.guard import load_engine
from jamjae.cli.options import Data, Engine, Json, Model, Quiet, Workers, require_workers
from jamjae.cli.output import Voice
from jamjae.cli.places import Force, require_file, require_folder
from jamjae.cli.quality import beside, draw, evenly, quality, reported, value_span
from jamjae.cli.reading import files_read, fitted_rows, load, reads_data, sampled
from jamjae.data.read_options import ReadOptions

if TYPE_CHECKING:
    import numpy as np

    from jamjae import Autoencoder
    from jamjae.data.dataset import Dataset
    from jamjae.data.exporting import Exported

Tool: TypeAlias = Literal["projector", "atlas"]
SHOWN = 100_000  # rows, at most, for other tools, of data that are read piece by piece
TABLES = (".npy", ".npz", ".csv", ".tsv", ".parquet")

Codes = Annotated[
    Path,
    typer.Option("--output", "-o", help="A .npy, .npz, .csv, .tsv or .parquet file, or a folder."),
]
Reconstructed = Annotated[
    Path, typer.Option("--output", "-o", help="A folder for images, or a file as for encode.")
]


@reads_data
def encode(
    model: Model,
    data: Data,
    output: Codes,
    reading: ReadOptions,
    keep: Annotated[
        list[str],
        typer.Option(
            help="Columns to keep beside the codes, and label for the classes.",
            autocompletion=completion.columns,
        ),
    ] = [],  # noqa: B006 - Typer's default for a list
    excel: Annotated[
        bool, typer.Option("--excel", help="Write text that Excel opens with Hangul.")
    ] = False,
    tool: Annotated[
        Tool | None,
        typer.Option(
            "--format",
            help="Write, with labels and images, a folder for TensorBoard's projector, or a "
            ".parquet file for Embedding Atlas.",
        ),
    ] = None,
    engine: Engine = "local",
    workers: Workers = None,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Encode DATA and write the codes."""
    from jamjae.data.rows import is_piecewise
    from jamjae.data.writing import codes_beside, write_rows

    voice, on_ray = Voice(quiet=quiet, as_json=json), require_workers(engine, workers)
    _require_codes_place(output, files_read(data, reading, model), tool, excel=excel, force=force)
    fitted = opened(model)
    found = load(voice, data, reading, model=fitted)
    if tool is not None:
        found = sampled(voice, found, SHOWN)
    elif is_piecewise(found.X):
        _encode_pieces(voice, fitted, found, output, keep, excel=excel, workers=on_ray)
        return
    codes = _codes(fitted, fitted_rows(fitted, found), on_ray)
    names = [str(name) for name in fitted.get_feature_names_out()]
    kept = [name for one in keep for name in one.split(",")]
    left_out: Sequence[str] = ()
    opening: list[str] = []
    if tool is not None:
        made = _export(fitted, codes, found, kept, output, tool)
        left_out, opening = made.notes, _opening(made, tool, codes.shape[1])
    else:
        rows = codes_beside(codes, names, found, kept) if kept else codes
        named = () if kept else names
        write_rows(output, rows, index=found.index, feature_names=named, excel=excel)
    shape = " x ".join(map(str, codes.shape))
    notes = [*found.notes, *left_out]
    values = {"codes": list(codes.shape), "notes": notes, "output": str(output)}
    voice.result(values, f"wrote {output}: {shape}", *left_out, *opening)


def _encode_pieces(
    voice: Voice,
    model: Autoencoder,
    found: Dataset,
    output: Path,
    keep: Sequence[str],
    *,
    excel: bool,
    workers: int | None,
) -> None:
    """Encode and write piece by piece."""
    from jamjae.data.rows import row_chunks
    from jamjae.data.streaming import write_pieces
    from jamjae.data.writing import codes_beside

    names = [str(name) for name in model.get_feature_names_out()]
    kept = [name for one in keep for name in one.split(",")]

    def pieces() -> Iterator[tuple[Any, Sequence[str]]]:
        rows = fitted_rows(model, found)
        made = model.transform_pieces(rows) if workers is None else _by(workers, model, rows)
        for chunk, codes in zip(row_chunks(rows), made, strict=True):
            index = found.index[chunk]
            if kept:
                yield codes_beside(codes, names, found.take(chunk), kept), index
            else:
                yield codes, index

    write_pieces(output, pieces(), len(found.X), feature_names=names, excel=excel)
    shape = [len(found.X), len(names)]
    values = {"codes": shape, "notes": list(found.notes), "output": str(output)}
    voice.result(values, f"wrote {output}: {shape[0]} x {shape[1]}")


def _codes(model: Autoencoder, rows: Any, workers: int | None) -> np.ndarray:
    import numpy as np

    if workers is None:
        return model.transform(rows)
    return np.concatenate(list(_by(workers, model, rows)))


def _by(workers: int, model: Autoencoder, rows: Any, what: str = "codes") -> Iterator[np.ndarray]:
    """Transform rows by workers on a Ray cluster."""
    from jamjae.distributed.ray import pieces

    return pieces(model, rows, what, num_workers=workers)


def _require_codes_place(
    output: Path, reads: Sequence[Path], tool: str | None, *, excel: bool, force: bool
) -> None:
    if tool is not None and excel:
        raise typer.BadParameter("--excel: for a .csv or .tsv file, and not with --format.")
    if tool == "projector":
        if output.suffix.lower() in TABLES:
            raise typer.BadParameter(f"--output {output}: for --format projector, name a folder.")
        require_folder(output, reads, force=force)
    else:
        ends = (".parquet",) if tool == "atlas" else TABLES
        require_file(output, reads, force=force, suffixes=ends)


def _export(
    model: Autoencoder,
    codes: np.ndarray,
    found: Dataset,
    keep: Sequence[str],
    output: Path,
    tool: Tool,
) -> Exported:
    """Write codes for another tool."""
    from jamjae.data import exporting
    from jamjae.data.writing import columns_beside

    images, shape = None, model.row_shape_
    if len(shape) > 1:
        images = found.X.reshape(len(found.X), *shape)
    write = exporting.write_projector if tool == "projector" else exporting.write_atlas
    return write(
        output,
        codes,
        columns=columns_beside(found, keep),
        images=images,
        data_range=(0.0, 1.0) if images is None else value_span(model, images),
    )


def _opening(made: Exported, tool: Tool, components: int) -> list[str]:
    """Give the command that opens what was written for another tool."""
    place = shlex.quote(str(made.path))
    columns = "--x x --y y" if components == 2 else "--vector vector"
    images = " --image image" if made.has_images else ""
    commands = {
        "projector": f"tensorboard --logdir {place}",
        "atlas": f"embedding-atlas {place} {columns}{images}",
    }
    return [f"open it with: {commands[tool]}"]


def decode(
    model: Model,
    codes: Annotated[Path, typer.Argument(metavar="CODES", help="File written by encode.")],
    output: Reconstructed,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Decode CODES and write images to a folder, or a table."""
    from jamjae.data.reading import read

    voice = Voice(quiet=quiet, as_json=json)
    fitted = opened(model)
    require_place_of(fitted.row_shape_, output, [model, codes], force=force)
    found = read(codes)
    rows = fitted.inverse_transform(found.X)
    write(fitted, output, rows, found.index, value_span(fitted, rows))
    shape = " x ".join(map(str, rows.shape))
    voice.result({"rows": list(rows.shape), "output": str(output)}, f"wrote {output}: {shape}")


@reads_data
def reconstruct(
    model: Model,
    data: Data,
    output: Reconstructed,
    reading: ReadOptions,
    engine: Engine = "local",
    workers: Workers = None,
    force: Force = False,
    shown: Annotated[int, typer.Option(min=1, max=40, help="Images in the figure.")] = 10,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Reconstruct DATA and report the quality beside that of PCA."""
    from jamjae.data.rows import is_piecewise
    from jamjae.models.tables import as_numbers

    voice, on_ray = Voice(quiet=quiet, as_json=json), require_workers(engine, workers)
    fitted = opened(model)
    require_place_of(fitted.row_shape_, output, files_read(data, reading, model), force=force)
    encoded = getattr(fitted, "table_encoder_", None) is not None
    if encoded and on_ray is not None:
        raise typer.BadParameter("--engine ray: the model's table is encoded. Leave it out.")
    found = load(voice, data, reading, model=fitted)
    X = fitted_rows(fitted, found)
    if on_ray is not None or (is_piecewise(X) and not encoded):
        values, lines = _reconstruct_pieces(fitted, found, X, output, shown, on_ray)
        voice.result(values, lines, f"wrote {output}")
        return
    table = fitted.reconstruct(X)
    numbers, rows = as_numbers(fitted, X)
    reconstructed = table if numbers is fitted else numbers.reconstruct(rows)
    rows = rows.reshape(reconstructed.shape)
    reconstructions = {"jamjae": reconstructed, "PCA": beside(numbers, rows)}
    values, lines = quality(numbers, rows, reconstructions)
    write(fitted, output, table, found.index, value_span(fitted, rows))
    if len(fitted.row_shape_) > 1 and output.suffix.lower() not in TABLES:
        draw(fitted, rows, reconstructions, output, shown)
    values |= {"notes": list(found.notes), "output": str(output)}
    voice.result(values, lines, f"wrote {output}")


def _reconstruct_pieces(
    model: Autoencoder, found: Dataset, X: Any, output: Path, shown: int, workers: int | None
) -> tuple[dict[str, Any], str]:
    """Reconstruct, evaluate and write piece by piece."""
    from jamjae.data.streaming import write_pieces
    from jamjae.evaluation.streaming import Tally, pieces_beside_pca

    tally, span = Tally(X, model.dtype_), value_span(model, X)
    table = output.suffix.lower() in TABLES

    def pieces() -> Iterator[tuple[np.ndarray, Sequence[str]]]:
        by_ray = None if workers is None else _by(workers, model, X, "reconstructions")
        for chunk, rows, made in pieces_beside_pca(model, X, by_ray):
            tally.add(chunk, rows, made)
            yield made["jamjae"], _row_names(found, chunk, numbered=not table)

    if table:
        names = getattr(model, "feature_names_in_", ())
        write_pieces(output, pieces(), len(X), feature_names=names)
    else:
        for rows, index in pieces():
            write(model, output, rows, index, span)
        few = X[evenly(len(X), shown)].reshape(-1, *model.row_shape_)
        made = {"jamjae": model.reconstruct(few), "PCA": beside(model, few)}
        draw(model, few, made, output, shown)
    values, lines = reported(model, len(X), tally.results())
    return values | {"notes": list(found.notes), "output": str(output)}, lines


def _row_names(found: Dataset, rows: slice, *, numbered: bool) -> Sequence[str]:
    if found.index or not numbered:
        return found.index[rows]
    return [f"{i:05d}" for i in range(*rows.indices(len(found.X)))]


def opened(path: Path) -> Autoencoder:
    """Load a model, with the engine's compiled code of earlier runs."""
    load_engine()
    from jamjae import load_model

    return trained(load_model(path), path)


def trained(model: Any, path: Path) -> Autoencoder:
    """Give the model of a file, or refuse one that was not trained to encode and decode."""
    from jamjae.errors import InvalidDataError
    from jamjae.models.trainable import TrainableModel

    if not isinstance(model, TrainableModel):
        raise InvalidDataError(
            f"{str(path)!r} holds a {type(model).__name__}; an Autoencoder or a "
            "VariationalAutoencoder is expected. Load it in Python with jamjae.load_model(path)."
        )
    return cast("Autoencoder", model)  # of which only what both have is used


def require_place_of(
    row_shape: Sequence[int], output: Path, reads: Sequence[Path], *, force: bool
) -> None:
    """Refuse an output that does not suit rows, before they are reconstructed."""
    if output.suffix.lower() in TABLES:
        require_file(output, reads, force=force)
    elif len(row_shape) == 1:
        raise typer.BadParameter(
            f"--output {output}: for rows of a table, a file name that ends in "
            f"{', '.join(TABLES)} is expected."
        )
    else:
        require_folder(output, reads, force=force)


def write(
    model: Autoencoder,
    output: Path,
    rows: np.ndarray,
    names: Any,
    span: tuple[float, float],
    labels: Sequence[Any] = (),
) -> None:
    """Write rows as images into a folder, or as a table or an array."""
    from jamjae.data import writing

    if output.suffix.lower() in TABLES:
        features = getattr(model, "feature_names_in_", ())
        label = getattr(model, "label_name_", writing.LABEL)
        writing.write_rows(
            output, rows, index=names, feature_names=features, labels=labels, label_name=label
        )
    else:
        bits = 16 if model.dtype_ == "uint16" else 8
        writing.write_images(output, rows, names=names, data_range=span, bits=bits)
