"""``jamjae info`` and ``jamjae datasets``."""

from __future__ import annotations

from typing import Any

from jamjae.cli.densities import (
    density_facts,
    density_line,
    variational_facts,
    variational_lines,
)
from jamjae.cli.options import Json, Model
from jamjae.cli.output import Voice
from jamjae.data.text_tables import text_table


def info(model: Model, json: Json = False) -> None:
    """Describe a model file."""
    from jamjae.cli.fitting import as_pca, comparison
    from jamjae.cli.transforming import opened

    fitted = opened(model)
    from jamjae.data.readers.cells import counted
    from jamjae.engine import architectures
    from jamjae.evaluation import training_errors
    from jamjae.models.persistence import read_manifest

    manifest = read_manifest(model)
    pair = architectures.Pair(fitted.encoder_, fitted.decoder_)
    values = {**manifest, **training_errors(fitted)}
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
    Voice(as_json=json).result(
        values,
        lines,
        *(f"  {note}" for note in manifest.get("data_notes", [])[1:]),
        "",
        comparison(fitted),
        *as_pca(fitted),
        *(["", *bounds] if bounds else []),
        "",
        architectures.describe(pair),
    )


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
