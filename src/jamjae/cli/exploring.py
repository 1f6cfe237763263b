"""``jamjae explore``."""

from __future__ import annotations

import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamjae.cli import completion
from jamjae.cli.guard import load_engine
from jamjae.cli.options import Data, Json, Model, Quiet
from jamjae.cli.output import Voice, size
from jamjae.cli.places import Force, require_file
from jamjae.cli.reading import files_read, fitted_rows, load, reads_data, sampled
from jamjae.cli.transforming import trained
from jamjae.data.read_options import ReadOptions

if TYPE_CHECKING:
    from jamjae import AnomalyDetector, Autoencoder

PAGES = (".html", ".htm")


@reads_data
def explore(
    model: Model,
    data: Data,
    reading: ReadOptions,
    output: Annotated[Path, typer.Option("--output", "-o", help="An .html file.")] = Path(
        "explorer.html"
    ),
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    rows: Annotated[
        int, typer.Option(min=2, help="Maximum number of rows shown, drawn at random.")
    ] = 5000,
    method: Annotated[
        str,
        typer.Option(
            help="Projection of the map: auto, pca, tsne or umap.",
            autocompletion=completion.one_of("auto", "pca", "tsne", "umap"),
        ),
    ] = "auto",
    title: Annotated[
        str | None, typer.Option(help="Title of the page; by default the names of model and data.")
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help="Language of the page, en or ko; by default the system's.",
            autocompletion=completion.one_of("en", "ko"),
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write an offline page to explore the codes of DATA.

    The page of a detector colors the rows by p-value.
    """
    voice = Voice(quiet=quiet, as_json=json)
    if language not in (None, "en", "ko"):
        raise typer.BadParameter(f"--language {language}: en or ko is expected.")
    require_file(output, files_read(data, reading, model), force=force, suffixes=PAGES)
    shown = _opened(model)
    fitted: Any = getattr(shown, "model_", shown)  # that of a detector
    found = sampled(voice, load(voice, data, reading, model=fitted), rows)
    from jamjae.explorer import explore as make
    from jamjae.labs.translation import preferred

    began = time.perf_counter()
    voice.note(f"mapping {min(len(found.X), rows):,} codes")
    page = make(
        shown,
        fitted_rows(fitted, found),
        found.labels,
        class_names=found.class_names or None,
        rows=rows,
        method=method,
        title=f"{model.stem} · {Path(data).name}" if title is None else title,
        language=language or preferred(),
        random_state=seed,
    )
    page.save(output)
    took, length = time.perf_counter() - began, output.stat().st_size
    values = {"rows": min(len(found.X), rows), "output": str(output), "bytes": length}
    values["notes"] = list(found.notes)
    voice.result(values, f"wrote {output}: {size(length)}, {took:.0f} s; open it in a browser")
    if open_:
        webbrowser.open(output.resolve().as_uri())


def _opened(path: Path) -> Autoencoder | AnomalyDetector:
    """Load a detector, or another model as other commands take it."""
    load_engine()
    from jamjae import AnomalyDetector, load_model

    model = load_model(path)
    return model if isinstance(model, AnomalyDetector) else trained(model, path)
