"""``jamjae compress`` and ``decompress``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, cast

import typer

from jamjae.cli import completion
from jamjae.cli.fitting import start
from jamjae.cli.guard import FAILED, heed, load_engine
from jamjae.cli.options import Data, Json, Quiet
from jamjae.cli.output import Voice, size
from jamjae.cli.places import Force, require_file, require_folder
from jamjae.cli.reading import files_read, fitted_rows, load, reads_data
from jamjae.cli.transforming import TABLES, opened
from jamjae.data.read_options import ReadOptions

if TYPE_CHECKING:
    from jamjae import Codec
    from jamjae.data.dataset import Dataset
    from jamjae.latent.codec.archive import Block, Sizes
    from jamjae.latent.codec.reader import Reader

SAMPLE = 20_000  # rows in files from which a lossless coder learns
SUFFIX = ".jjz"
LARGEST_BOUND = 65535  # of images

CodecFile = Annotated[
    Path | None,
    typer.Option(
        "--model",
        help="A codec's .jamjae file; by default one is fitted to DATA.",
        autocompletion=completion.model,
    ),
]


@reads_data
def compress(
    data: Data,
    reading: ReadOptions,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .jjz file.")],
    model: CodecFile = None,
    bytes_per_row: Annotated[
        float | None, typer.Option("--bytes", min=0.0, help="Mean bytes per row that are wanted.")
    ] = None,
    mse: Annotated[
        float | None,
        typer.Option(
            min=0.0, help="Mean squared error that is wanted, in squared units of the data."
        ),
    ] = None,
    lossless: Annotated[
        bool, typer.Option("--lossless", help="Compress images of 8 or 16 bits, or whole numbers.")
    ] = False,
    max_error: Annotated[
        float | None,
        typer.Option(min=0.0, help="Let no value be off by more than this, in units of the data."),
    ] = None,
    embed: Annotated[
        bool, typer.Option("--embed", help="With --model: put the codec into the file.")
    ] = False,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Number of training epochs; by default auto.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed.")] = None,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compress DATA to few bytes per row, with a codec of its own or a fitted one."""
    _require_together(model, bytes_per_row, mse, epochs, embed, lossless or max_error is not None)
    if lossless and max_error:
        raise typer.BadParameter(f"--lossless is --max-error 0, and {max_error:g} was given.")
    reads = files_read(data, reading, *([] if model is None else [model]))
    require_file(output, reads, force=force, suffixes=(SUFFIX,))
    voice = Voice(quiet=quiet, as_json=json)
    if lossless or max_error is not None:
        found = load(voice, data, reading)
        sizes = _without_loss(voice, found, output, max_error or 0, seed or 0)
        values: dict[str, Any] = {"max_error": max_error or 0}
    else:
        found, codec = _codec(voice, data, reading, model, bytes_per_row, mse, epochs, seed)
        sizes = _by_codes(voice, found, codec, output, model, embed=embed or model is None)
        values = {"mse": codec.mse_, "is_pca": codec.is_pca_}
    values |= _counted(found, sizes) | {"output": str(output), "notes": list(found.notes)}
    voice.result(values, _line(values), f"wrote {output} ({size(sizes.total)})")


def decompress(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="A .jjz file.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="A folder for images, or a .npy, .npz, .csv, .tsv or .parquet."
        ),
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            help="The codec's .jamjae file, if FILE refers to it and it is elsewhere now.",
            autocompletion=completion.model,
        ),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Decompress FILE to images in a folder, or to a table or an array."""
    from jamjae.latent.codec.archive import Block
    from jamjae.latent.codec.reader import opened as opened_archive

    voice = Voice(quiet=quiet, as_json=json)
    with opened_archive(archive) as reader:
        _require_output(reader, output, [archive, *([] if model is None else [model])], force=force)
        decode, names = _decoder(voice, reader, archive, model)
        parts = list(reader.blocks())
        lost = [part for part in parts if not isinstance(part, Block)]
        for note in (*reader.notes, *(part.why for part in lost)):
            typer.echo(f"warning: {note}", err=True)
        sound = [part for part in parts if isinstance(part, Block)]
        n = sum(block.n for block in sound)
        if n:
            _write(voice, reader, output, sound, decode, names)
    rows = {"rows": n, "lost": sum(part.n for part in lost), "damaged_blocks": len(lost)}
    voice.result(rows | {"output": str(output)}, *([f"wrote {output}: {n:,} rows"] if n else []))
    if lost or reader.notes:
        raise typer.Exit(FAILED)


def _require_together(
    model: Path | None,
    bytes_per_row: float | None,
    mse: float | None,
    epochs: int | None,
    embed: bool,
    exact: bool,
) -> None:
    """Refuse options of which one has no effect beside another."""
    wanted = {"--bytes": bytes_per_row, "--mse": mse, "--epochs": epochs}
    given = [name for name, value in wanted.items() if value is not None]
    if bytes_per_row is not None and mse is not None:
        raise typer.BadParameter("--bytes and --mse: one of the two decides. Give one of them.")
    others = [*given, *(["--model"] if model else []), *(["--embed"] if embed else [])]
    if exact and others:
        raise typer.BadParameter(
            f"{others[0]} has no effect with --lossless or --max-error. Leave it out."
        )
    if model is not None and given:
        raise typer.BadParameter(f"{given[0]} has no effect on a fitted --model. Leave it out.")
    if embed and model is None:
        raise typer.BadParameter("--embed: a codec fitted to DATA is in the file anyway.")


# --- compressing ------------------------------------------------------------------------------


def _codec(
    voice: Voice,
    data: str,
    reading: ReadOptions,
    model: Path | None,
    bytes_per_row: float | None,
    mse: float | None,
    epochs: int | None,
    seed: int | None,
) -> tuple[Dataset, Codec]:
    """Load the rows and a codec, or fit one to them."""
    if model is not None:
        codec = _opened_codec(model)
        return load(voice, data, reading, model=codec), cast("Codec", codec)
    found = load(voice, data, reading)
    start(voice)
    from jamjae import Codec

    with voice.progress() as advance:
        fitted = Codec(
            bytes_per_row=bytes_per_row,
            mse=mse,
            epochs="auto" if epochs is None else epochs,
            random_state=seed,
            callbacks=[heed, advance],
        ).fit(found.named_rows())
    return found, fitted.set_params(callbacks=())


def _opened_codec(path: Path) -> Any:
    load_engine()
    from jamjae import Codec
    from jamjae.errors import InvalidDataError

    codec = opened(path)
    if not isinstance(codec, Codec):
        raise InvalidDataError(
            f"{str(path)!r} holds a {type(codec).__name__}; a Codec is expected. Fit one in Python "
            "with jamjae.Codec, or leave out --model."
        )
    return codec


def _by_codes(
    voice: Voice, found: Dataset, codec: Codec, output: Path, model: Path | None, *, embed: bool
) -> Sizes:
    """Compress rows by a codec."""
    from jamjae.models import compressed

    about = compressed.About(tuple(found.index), found.y, found.class_names)
    place = "" if model is None else _reference(model, output)
    rows = fitted_rows(cast("Any", codec), found) if model is not None else found.named_rows()
    with _written(output) as stream, voice.counting(len(found.X), "compressing") as report:
        return compressed.write(stream, codec, rows, about, embed=embed, path=place, report=report)


def _without_loss(voice: Voice, found: Dataset, output: Path, bound: float, seed: int) -> Sizes:
    """Compress rows by a coder that is fitted to them."""
    from jamjae.latent.codec import bounded

    coder = _exact_coder(voice, found, bound, seed)
    with _written(output) as stream, voice.counting(len(found.X), "compressing") as report:
        return bounded.write(
            stream,
            coder,
            found.X,
            max_error=int(bound),
            feature_names=found.feature_names,
            names=tuple(found.index),
            labels=found.y,
            class_names=found.class_names,
            report=report,
        )


def _exact_coder(voice: Voice, found: Dataset, bound: float, seed: int) -> Any:
    """Fit a coder of images, or of other numbers."""
    import numpy as np

    from jamjae.errors import InvalidDataError
    from jamjae.latent.codec.grid import Grid
    from jamjae.latent.codec.residuals import Residuals

    if hasattr(found.X, "iloc"):
        raise InvalidDataError(
            "Cannot compress within a bound: the table has columns that are not numbers. Choose "
            "others with --columns, or compress it with --bytes."
        )
    if found.X.dtype not in (np.uint8, np.uint16) or found.X.ndim not in (3, 4):
        return Grid.fit(np.asarray(found.X[:]), bound)
    if bound > LARGEST_BOUND or bound != int(bound):
        raise typer.BadParameter(
            f"--max-error {bound:g}: images take a whole number up to {LARGEST_BOUND:,}."
        )
    voice.note("learning how the images are coded")
    chosen = np.sort(np.random.default_rng(seed).permutation(len(found.X))[:SAMPLE])
    sample = found.X[chosen] if len(chosen) < len(found.X) else found.X[:]
    return Residuals.fit(np.asarray(sample), random_state=seed)


@contextmanager
def _written(output: Path) -> Iterator[BinaryIO]:
    from jamjae.data.atomic import atomic

    with atomic(output) as temporary, temporary.open("wb") as stream:
        yield stream


def _reference(model: Path, output: Path) -> str:
    """Give the path of a codec from the folder of the file that refers to it."""
    return os.path.relpath(model.resolve(), output.resolve().parent)


def _counted(found: Dataset, sizes: Sizes) -> dict[str, Any]:
    n = len(found.X)
    return {
        "rows": n,
        "bytes": {
            "total": sizes.total,
            "payload": sizes.payload,
            "names": sizes.names,
            "index": sizes.index,
            "codec": sizes.codec,
        },
        "bytes_per_row": (sizes.total - sizes.codec - sizes.names) / n,
        "bytes_of_values": _bytes_of(found.X),
    }


def _bytes_of(X: Any) -> int:
    if hasattr(X, "memory_usage"):
        return int(X.memory_usage(index=False).sum())
    return int(X.nbytes)


def _line(values: dict[str, Any]) -> str:
    """Say what a file holds in one line."""
    parts = values["bytes"]
    beside = [
        f"{name} {size(parts[part])}"
        for part, name in (("names", "names and labels"), ("codec", "codec"))
        if parts[part]
    ]
    quality = f", MSE {values['mse']:.4g} on rows held out" if "mse" in values else ""
    beside.append(f"the values take {size(values['bytes_of_values'])}")
    counts = f"{values['rows']:,} rows, {values['bytes_per_row']:.2f} bytes per row{quality}"
    return "; ".join([counts, *beside])


# --- decompressing ----------------------------------------------------------------------------


def _decoder(
    voice: Voice, reader: Reader, archive: Path, model: Path | None
) -> tuple[Callable[[Block], Any], Sequence[str]]:
    """Give what makes rows of blocks, and the names of their columns."""
    from jamjae.latent.codec import bounded

    if bounded.settings_of(reader.header) is not None:
        return bounded.decoder_of(reader), reader.header.feature_names
    start(voice)
    from jamjae import Codec
    from jamjae.models import compressed

    if reader.header.codec_bytes:
        codec: Any = Codec.from_content(reader.codec())
    else:
        place = archive.parent / reader.header.path if model is None else model
        codec = _opened_codec(place)
        reader.require(codec.content(), repr(str(place)))
    names = tuple(map(str, getattr(codec, "feature_names_in_", ())))
    return lambda block: compressed.rows_of(codec, reader, block), names


def _require_output(reader: Reader, output: Path, reads: list[Path], *, force: bool) -> None:
    """Refuse an output that does not suit the rows, before they are decoded."""
    if output.suffix.lower() in TABLES:
        require_file(output, reads, force=force)
        return
    if len(reader.header.row_shape) == 1:
        raise typer.BadParameter(
            f"--output {output}: for rows of a table, a file name that ends in "
            f"{', '.join(TABLES)} is expected."
        )
    if reader.header.dtype not in ("uint8", "uint16"):
        raise typer.BadParameter(
            f"--output {output}: the values are {reader.header.dtype}, which no image holds. Name "
            "a .npy file."
        )
    require_folder(output, reads, force=force)


def _write(
    voice: Voice,
    reader: Reader,
    output: Path,
    blocks: list[Block],
    decode: Callable[[Block], Any],
    names: Sequence[str],
) -> None:
    """Decode blocks and write their rows."""
    n = sum(block.n for block in blocks)
    with voice.counting(n, "decompressing") as report:
        pieces = _pieces(blocks, decode, report)
        if output.suffix.lower() not in TABLES:
            _write_images(reader, output, pieces)
        elif any(block.labels is not None for block in blocks):
            _write_labelled(reader, output, list(pieces), names)
        else:
            from jamjae.data.streaming import write_pieces

            write_pieces(
                output, ((rows, block.names) for block, rows in pieces), n, feature_names=names
            )


def _pieces(
    blocks: list[Block], decode: Callable[[Block], Any], report: Callable[[int], object]
) -> Iterator[tuple[Block, Any]]:
    done = 0
    for block in blocks:
        yield block, decode(block)
        done += block.n
        report(done)


def _write_images(reader: Reader, output: Path, pieces: Iterator[tuple[Block, Any]]) -> None:
    from jamjae.data import writing
    from jamjae.latent.codec.names import place_of

    bits = 16 if reader.header.dtype == "uint16" else 8
    for block, rows in pieces:
        for name in block.names:
            place_of(output, name)  # refuses a name that leaves the folder
        names = block.names or [f"{block.first + i:05d}" for i in range(block.n)]
        writing.write_images(
            output, rows, names=names, data_range=(0.0, 2.0**bits - 1.0), bits=bits
        )


def _write_labelled(
    reader: Reader, output: Path, pieces: list[tuple[Block, Any]], names: Sequence[str]
) -> None:
    """Write rows with their labels, which takes all of them in memory."""
    from jamjae.data.writing import write_rows

    rows = _joined([rows for _, rows in pieces])
    index = [name for block, _ in pieces for name in block.names]
    classes = (*reader.header.class_names, None)
    labels: list[Any] = []
    for block, _ in pieces:
        some: Any = [None] * block.n if block.labels is None else block.labels
        named = reader.header.class_names and block.labels is not None
        labels += [classes[int(i)] for i in some] if named else list(some)
    write_rows(output, rows, index=index, feature_names=names, labels=labels)


def _joined(parts: list[Any]) -> Any:
    if hasattr(parts[0], "iloc"):
        from pandas import concat

        return concat(parts, ignore_index=True)
    import numpy as np

    return np.concatenate(parts)
