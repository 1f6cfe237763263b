"""``jamjae info`` and ``jamjae datasets``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamjae.cli import completion
from jamjae.cli.densities import (
    density_facts,
    density_line,
    variational_facts,
    variational_lines,
)
from jamjae.cli.guard import FAILED, load_engine
from jamjae.cli.options import Json
from jamjae.cli.output import Voice, size
from jamjae.data.text_tables import text_table

if TYPE_CHECKING:
    from jamjae.latent.codec.reader import Reader


File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A .jamjae or .jjz file.",
        autocompletion=completion.model_or_compressed,
    ),
]


def info(file: File, json: Json = False) -> None:
    """Describe the file of a model or of compressed rows."""
    from jamjae.latent.codec.reader import is_compressed

    if is_compressed(file):
        _info_of_rows(Voice(as_json=json), file)
    else:
        _info_of_model(Voice(as_json=json), file)


def _info_of_model(voice: Voice, model: Path) -> None:
    from jamjae.cli.fitting import as_pca, comparison
    from jamjae.cli.transforming import opened

    fitted = opened(model)
    from jamjae.data.readers.cells import counted
    from jamjae.engine import architectures
    from jamjae.evaluation import training_errors
    from jamjae.models.persistence import read_manifest

    manifest = read_manifest(model)
    pair = architectures.Pair(fitted.encoder_, fitted.decoder_)
    is_codec = manifest["class"] == "Codec"  # whose codes are rounded: plain PCA is no rival
    values = {**manifest, **(_reached(fitted) if is_codec else training_errors(fitted))}
    values |= {"is_pca": fitted.is_pca_, **variational_facts(fitted)}
    density, bounds = density_facts(fitted), variational_lines(fitted)
    values["n_parameters"] = sum(network.count_params() for network in pair)
    shape = " x ".join(map(str, manifest["row_shape"]))
    facts = {
        "model": f"{manifest['class']}, {counted(len(fitted.history_['loss']), 'epoch')}",
        "rows": f"{shape}, {manifest['dtype']}",
        "codes": f"{manifest['n_components']} components",
        "classes": ", ".join(manifest["class_names"]),
        "density": density_line(density) if density else "",
        "written by": ", ".join(
            f"{name} {number}" for name, number in manifest["libraries"].items()
        ),
        "not stored": ", ".join(manifest["parameters_omitted"]),
    }
    if manifest.get("data_notes"):
        facts["fitted on"] = manifest["data_notes"][0]
    lines = text_table(("", ""), [line for line in facts.items() if line[1]], left=2)
    voice.result(
        values,
        lines,
        *(f"  {note}" for note in manifest.get("data_notes", [])[1:]),
        "",
        _reached_line(fitted) if is_codec else comparison(fitted),
        *as_pca(fitted),
        *(["", *bounds] if bounds else []),
        "",
        architectures.describe(pair),
    )


def _info_of_rows(voice: Voice, file: Path) -> None:
    """Describe compressed rows; the exit status is 1 if some are damaged."""
    from jamjae.data.readers.cells import counted, listed
    from jamjae.latent.codec.reader import opened
    from jamjae.models.compression.file_contents import contents

    with opened(file) as reader:
        found, header = contents(reader), reader.header
        n, kept = len(reader), reader.sizes
        total = file.stat().st_size
        said, codec, damaged = _codec_facts(reader)
    shape = " x ".join(map(str, header.row_shape))
    columns = codec.get("columns", ())
    encoded = f"{counted(len(columns), 'column')} as {shape} numbers" if columns else shape
    names = [part.names[0] for part in found.parts if part.names][:1]
    coded = sum(part.payload for part in found.parts) / max(len(found), 1)
    values: dict[str, Any] = {
        "rows": n,
        "blocks": len(reader.rows),
        "row_shape": list(header.row_shape),
        "dtype": header.dtype,
        "bytes": total,
        "payload_per_row": coded,
        "codec_bytes": kept.codec,
        "codec_path": header.path or None,
        "codec_sha256": header.sha256.hex(),
        "codec": codec,
        "named": found.named,
        "labelled": found.labelled,
        "class_names": list(header.class_names),
        "feature_names": list(header.feature_names),
        "damaged": [*damaged, *found.damaged],
    }
    facts = {
        "file": f"{counted(n, 'compressed row')} in {counted(len(reader.rows), 'block')}",
        "rows": f"{encoded}, {header.dtype}",
        "size": size(total)
        + (f"; codes of {coded:,.2f} bytes per row, without headers" if coded else ""),
        "codec": said,
        "SHA-256": f"{header.sha256.hex()[:16]}...",
        "names": f"{names[0]}, ..." if names else "",
        "labels": listed(header.class_names, 12) or ("numbers" if found.labelled else ""),
        "columns": listed(columns or header.feature_names, 12),
        "damaged": counted(len(values["damaged"]), "part") if values["damaged"] else "none",
    }
    lines = text_table(("", ""), [line for line in facts.items() if line[1]], left=2)
    voice.result(values, lines, *(f"  {sentence}" for sentence in values["damaged"]))
    if values["damaged"]:
        raise typer.Exit(FAILED)


def _codec_facts(reader: Reader) -> tuple[str, dict[str, Any], list[str]]:
    """Describe the codec in a file: a line, values, and whether it is damaged."""
    if not reader.header.codec_bytes:
        return f"in {reader.header.path!r}", {}, []
    from jamjae.latent.codec.bounded import settings_of

    exact = settings_of(reader.header)
    if exact is not None:
        return _coder_facts(reader, *exact)
    load_engine()
    from jamjae import Codec
    from jamjae.data.readers.cells import counted
    from jamjae.errors import DataFormatError

    try:
        content = reader.codec()
        codec = Codec.from_content(content)
    except DataFormatError as error:
        return "in the file", {}, [str(error)]
    pca = "PCA, " if codec.is_pca_ else ""
    parts = f"{pca}{counted(codec.n_components_, 'component')}"
    values = {"is_pca": codec.is_pca_, **_reached(codec)}
    if (names := getattr(codec.table_encoder_, "feature_names_in_", None)) is not None:
        values["columns"] = list(map(str, names))
    return f"{size(len(content))}, {parts}; {_reached_line(codec)}", values, []


def _coder_facts(reader: Reader, kind: int, bound: float) -> tuple[str, dict[str, Any], list[str]]:
    """Describe a coder without loss or within a bound, as `_codec_facts` does."""
    from jamjae.data.archives import UnsoundError
    from jamjae.errors import DataFormatError
    from jamjae.latent.codec.bounded import NUMBERS
    from jamjae.latent.codec.grid import Grid

    try:
        content = reader.codec()
        if kind == NUMBERS:
            step = Grid.from_bytes(content).step
            bound = (step - 1) / 2 if step % 2 == 1 else step / 2  # odd: of whole numbers
    except (DataFormatError, UnsoundError) as error:
        return "in the file", {}, [str(error)]
    what = "numbers" if kind == NUMBERS else "images"
    off = f", no value off by more than {bound:.6g}" if bound else " without loss"
    return f"{size(len(content))}, a coder of {what}{off}", {"max_error": bound}, []


def _reached(codec: Any) -> dict[str, Any]:
    return {
        "components": codec.n_components_,
        "bytes_per_row": codec.bytes_per_row_,
        "mse": codec.mse_,
    }


def _reached_line(codec: Any) -> str:
    """Format what a codec reached on the rows by which its step was chosen."""
    from jamjae.cli.compressing import error_line

    reached = f"{codec.bytes_per_row_:.2f} bytes per row, {error_line(codec, codec.mse_)}"
    return f"when fitted {reached}"


def datasets(json: Json = False) -> None:
    """List the named data sets."""
    from jamjae.data.catalog import NAMES, available, cache

    places = {name: available(name) for name in NAMES}
    values: dict[str, Any] = {
        name: {"summary": NAMES[name].summary, "found": places[name]} for name in NAMES
    }
    rows = [(name, NAMES[name].summary, places[name] or "not downloaded yet") for name in NAMES]
    Voice(as_json=json).result(
        values,
        text_table(("name", "data", "found"), rows, left=3),
        "",
        f"Downloads go to {cache()}. Set JAMJAE_DATA to a folder to look in first.",
    )
