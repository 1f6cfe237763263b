"""``jamjae decompress``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamjae.cli import completion
from jamjae.cli.compressing import heeding, opened_codec
from jamjae.cli.fitting import start
from jamjae.cli.guard import FAILED
from jamjae.cli.options import Json, Quiet
from jamjae.cli.output import Voice
from jamjae.cli.places import Force
from jamjae.cli.transforming import TABLES, require_place_of
from jamjae.data.readers.cells import counted

if TYPE_CHECKING:
    import numpy as np

    from jamjae.latent.codec.reader import Reader
    from jamjae.models.compression.file_contents import Contents, Part
    from jamjae.models.compression.files import Decoder

LABELS = "labels.csv"  # beside images whose folders are not their classes
Piece = tuple["Part", Any, list[Any]]  # rows of a block, and the names of their classes
SPAN = re.compile(r"(\d*):(\d*)|(\d+)")

CodecFile = Annotated[
    Path | None,
    typer.Option("--model", help="A .jamjae file of a codec.", autocompletion=completion.model),
]


def decompress(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A .jjz file.", autocompletion=completion.compressed),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A folder for images, or a .npy, .npz, .csv, .tsv or .parquet file.",
        ),
    ],
    model: CodecFile = None,
    rows: Annotated[
        str, typer.Option(metavar="A:B", help="Rows from A to below B, counted from 0.")
    ] = ":",
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Decompress FILE and write images to a folder, or a table.

    Rows of damaged blocks are named and left out, and the exit status is 1.
    """
    voice, wanted = Voice(quiet=quiet, as_json=json), _span(rows)
    from jamjae.latent.codec.bounded import settings_of
    from jamjae.latent.codec.reader import opened

    with opened(file) as reader:
        lossy = settings_of(reader.header) is None
        if model is not None and not lossy:
            raise typer.BadParameter(f"--model: {file} holds what decodes it. Leave it out.")
        reads = [file] if model is None else [file, model]
        require_place_of(reader.header.row_shape, output, reads, force=force)
        if lossy:
            start(voice)
        from jamjae.models.compression.file_contents import contents
        from jamjae.models.compression.files import decoder_of

        given = None if model is None else opened_codec(model)
        decoder = decoder_of(reader, file.parent, given)
        found = contents(reader, wanted)
        notes = _write(voice, decoder, reader, found, output) if found.parts else []
    shape = list(reader.header.row_shape)
    if decoder.n_columns is not None:
        shape = [decoder.n_columns]
    values: dict[str, Any] = {"rows": len(found), "row_shape": shape, "notes": notes}
    values |= {"damaged": list(found.damaged), "output": str(output) if found.parts else None}
    said = f"{counted(len(found), 'row')} of {' x '.join(map(str, shape))}"
    wrote = f"wrote {output}: {said}" if found.parts else "wrote nothing"
    for sentence in found.damaged:
        typer.echo(f"warning: {sentence}", err=True)
    voice.result(values, *notes, wrote)
    if found.damaged:
        raise typer.Exit(FAILED)


def _span(text: str) -> slice:
    found = SPAN.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"--rows {text}: two numbers are expected, such as 0:100.")
    if found[3] is not None:
        return slice(int(found[3]), int(found[3]) + 1)
    return slice(int(found[1] or 0), int(found[2]) if found[2] else None)


def _write(
    voice: Voice, decoder: Decoder, reader: Reader, found: Contents, output: Path
) -> list[str]:
    """Decode block by block and write; give notes."""
    with voice.rows(len(found)) as advance:
        pieces = _pieces(decoder, reader, found, advance)
        if output.suffix.lower() in TABLES:
            return _write_table(decoder, found, output, pieces)
        return _write_images(decoder, reader, found, output, pieces)


def _pieces(decoder: Decoder, reader: Reader, found: Contents, advance: Any) -> Iterator[Piece]:
    from jamjae.models.compression.files import decoded

    report = partial(heeding(advance), "decompressing")
    for part, rows, labels in decoded(decoder, reader, found, report):
        yield part, rows, _labels(labels, reader.header.class_names)


def _labels(labels: np.ndarray | None, class_names: Sequence[str]) -> list[Any]:
    if labels is None:
        return []
    known = [*class_names, None]
    return [known[i] for i in labels.tolist()] if class_names else labels.tolist()


def _write_table(
    decoder: Decoder, found: Contents, output: Path, pieces: Iterator[Piece]
) -> list[str]:
    from jamjae.data import writing
    from jamjae.data.streaming import write_pieces

    write_pieces(
        output,
        ((rows, part.names, labels) for part, rows, labels in pieces),
        len(found),
        feature_names=decoder.feature_names,
        label_name=decoder.label_name or writing.LABEL,
    )
    if output.suffix.lower() != ".npy":
        return []
    lost = [what for what, there in (("names", found.named), ("labels", found.labelled)) if there]
    return [f"left out: {' and '.join(lost)}, which a .npy file does not hold"] if lost else []


def _write_images(
    decoder: Decoder, reader: Reader, found: Contents, output: Path, pieces: Iterator[Piece]
) -> list[str]:
    """Write images under their names, and their labels where the folders do not give them."""
    from jamjae.data.readers.image_writing import file_names
    from jamjae.data.writing import write_images
    from jamjae.latent.codec.names import place_of

    names = found.names()
    for name in names:
        place_of(output, name)
    span, bits, notes = _shades(decoder, reader, found)
    color = reader.header.row_shape[2:] not in ((), (1,))
    names = file_names(names, len(names), bits=bits, color=color)
    done, classes = 0, []
    for part, rows, labels in pieces:
        some = names[done : done + len(part)]
        write_images(output, rows, names=some, data_range=span, bits=bits)
        classes += labels
        done += len(part)
    if all(label == Path(name).parent.name for name, label in zip(names, classes, strict=False)):
        return notes
    return [*notes, *_write_labels(output, names, classes)]


def _write_labels(folder: Path, names: Sequence[str], classes: Sequence[Any]) -> list[str]:
    from pandas import DataFrame

    from jamjae.data.readers.cells import guarded
    from jamjae.data.writing import LABEL, write_rows

    cells = [guarded(one) if isinstance(one, str) else one for one in classes]
    write_rows(folder / LABELS, DataFrame({LABEL: cells}), index=names)
    return [f"labels: {folder / LABELS} (--label-file reads it)"]


def _shades(
    decoder: Decoder, reader: Reader, found: Contents
) -> tuple[tuple[float, float], int, list[str]]:
    """Give the values that become black and white, the bits of a shade, and what is lost by it."""
    from jamjae.data.readers.image_writing import DEPTHS
    from jamjae.data.rows import value_range
    from jamjae.models.compression.files import decoded

    dtype = reader.header.dtype
    if dtype in ("uint8", "uint16"):
        bits = 8 if dtype == "uint8" else 16
        return (0.0, float(DEPTHS[bits][0])), bits, []
    if dtype == "bool":
        return (0.0, 1.0), 8, ["shades: False is written as 0, True as 255"]
    spans = [value_range(rows) for _, rows, _ in decoded(decoder, reader, found)]
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    for bits, (white, _) in DEPTHS.items():
        if "int" in dtype and low >= 0 and high <= white:
            return (0.0, float(white)), bits, []
    note = (
        f"shades: {dtype} values from {low:g} to {high:g} are written as 0 to 255. "
        "To keep the values, write a .npy file."
    )
    return (low, high if high > low else low + 1.0), 8, [note]
