"""``jamjae impute``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jamjae.cli.options import Data, Json, Model, Quiet
from jamjae.cli.output import Voice
from jamjae.cli.places import Force, require_file
from jamjae.cli.reading import files_read, fitted_rows, load, reads_data
from jamjae.cli.transforming import TABLES, opened
from jamjae.data.read_options import ReadOptions

Filled = Annotated[
    Path, typer.Option("--output", "-o", help="A .csv, .tsv, .parquet, .npy or .npz file.")
]


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
    """Fill the missing cells of DATA, by a model fitted with --missing mask."""
    import numpy as np
    import pandas as pd

    from jamjae.data.writing import write_rows

    voice = Voice(quiet=quiet, as_json=json)
    require_file(output, files_read(data, reading, model), force=force, suffixes=TABLES)
    fitted = opened(model)
    found = load(voice, data, reading, model=fitted)
    X = fitted_rows(fitted, found)
    made = fitted.impute(X)
    count = int(np.asarray(pd.isna(X)).sum())
    write_rows(
        output,
        made,
        index=found.index,
        feature_names=getattr(fitted, "feature_names_in_", ()),
        excel=excel,
    )
    values = {"imputed": count, "rows": list(made.shape), "notes": list(found.notes)}
    values |= {"output": str(output)}
    voice.result(values, f"wrote {output}: {count:,} missing cells filled")
