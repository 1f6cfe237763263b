"""``jamjae impute``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamjae.cli.options import Data, Json, Model, Quiet
from jamjae.cli.output import Voice
from jamjae.cli.places import Force, require_file
from jamjae.cli.reading import (
    files_read,
    fitted_names,
    fitted_rows,
    is_named,
    load,
    reads_data,
    say,
)
from jamjae.cli.transforming import TABLES, opened
from jamjae.data.read_options import ReadOptions

if TYPE_CHECKING:
    from jamjae import Autoencoder
    from jamjae.data.dataset import Dataset
    from jamjae.data.readers.tables import Opened

Filled = Annotated[
    Path, typer.Option("--output", "-o", help="A .csv, .tsv, .txt, .parquet, .npy or .npz file.")
]
SUFFIXES = (*TABLES, ".txt", ".tab", ".dat", ".data")  # the latter for tables that are text
Report = tuple[int, dict[str, int], list[str]]  # cells in all, by column, and notes


@reads_data
def impute(
    model: Model,
    data: Data,
    output: Filled,
    reading: ReadOptions,
    excel: Annotated[
        bool, typer.Option("--excel", help="Write text that Excel opens with Hangul.")
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Fill the missing cells of DATA, and leave all else as it is in the file.

    The model is one fitted with --missing mask. Text stays text: lines, marks and all other cells
    are as they were, and new cells are written as those of their column. Columns that the model
    does not know are kept, unfilled.
    """
    voice = Voice(quiet=quiet, as_json=json)
    require_file(output, files_read(data, reading, model), force=force, suffixes=SUFFIXES)
    fitted = opened(model)
    table = None if is_named(data) else _table(data, reading, fitted)
    if isinstance(table, tuple):
        found, report = _fill_table(voice, fitted, table, Path(data), reading, output, excel)
    else:
        found = load(voice, data, reading, model=fitted) if table is None else table
        if table is not None:
            say(voice, data, found)
        report = _fill_rows(fitted, found, data, output, excel)
    total, counts, notes = report
    for note in notes:
        voice.note(f"  {note}")
    values = {"imputed": total, "columns": counts, "rows": list(found.X.shape)}
    values |= {"notes": [*found.notes, *notes], "output": str(output)}
    voice.result(values, f"wrote {output}: {_said(total, counts)}")


def _table(data: str, reading: ReadOptions, model: Autoencoder) -> Opened | Dataset | None:
    from jamjae.data.reading import opened_table

    kept = replace(reading, lazy=False) if reading.limit or reading.shape else reading
    return opened_table(Path(data), kept, fitted_names(model))


def _fill_table(
    voice: Voice,
    model: Autoencoder,
    table: Opened,
    source: Path,
    reading: ReadOptions,
    output: Path,
    excel: bool,
) -> tuple[Dataset, Report]:
    """Fill a table, all in memory."""
    from jamjae.data.completing import write_table
    from jamjae.data.readers.tables import dataset
    from jamjae.data.reading import finished

    found = finished(dataset(source, table), reading)
    say(voice, str(source), found)
    made = model.impute(fitted_rows(model, found))
    counts, notes = write_table(output, source, table, made, reading, excel=excel)
    return found, (sum(counts.values()), counts, notes)


def _fill_rows(model: Autoencoder, found: Dataset, data: str, output: Path, excel: bool) -> Report:
    """Fill rows of arrays and images, or of Parquet that stays in its files."""
    import numpy as np

    from jamjae.data.completing import write_arrays, write_parquet_pieces
    from jamjae.data.sources import ParquetRows

    X = fitted_rows(model, found)
    if isinstance(X, ParquetRows) and output.suffix.lower() not in (".npy", ".npz"):
        counts = write_parquet_pieces(output, Path(data), found, model.impute)
        return sum(counts.values()), counts, []
    made: Any = model.impute(X)
    count = int(np.isnan(np.asarray(X, np.float64)).sum()) if X.dtype.kind == "f" else 0
    notes = write_arrays(output, Path(data), found, made, excel=excel)
    return count, {}, notes


def _said(total: int, counts: dict[str, int]) -> str:
    from jamjae.data.readers.cells import counted, listed

    each = listed((f"{name} {count:,}" for name, count in counts.items()), 12)
    return f"{counted(total, 'missing cell')} filled{f' ({each})' if counts else ''}"
