"""What processes that train one model together must have in common."""

from __future__ import annotations

from typing import Any

from jamjae.data.rows import Rows
from jamjae.engine.processes import Processes
from jamjae.errors import InvalidDataError
from jamjae.models import guides, missing


def require_same(model: Any, data: Rows, processes: Processes) -> None:
    """Refuse what cannot be trained by several processes, and rows that differ in kind.

    Raises
    ------
    InvalidDataError
    """
    if processes.hosts == 1:
        return
    attempt = f"{type(model).__name__} cannot train in {processes.hosts} processes together"
    if missing.allowed(model):
        raise InvalidDataError(
            f'{attempt} with missing="mask": what predicts missing values is learned from all '
            "rows at once. Fill them in before, or train in one process."
        )
    if model.table_encoder_ is not None:
        raise InvalidDataError(
            f"{attempt} on columns that are no numbers, or that are standardized: each would "
            "encode its own rows in its own way. Fit a TableEncoder to a sample, and give each "
            "process the numbers that it makes of the rows."
        )
    if getattr(model, "guide", None) is not None and guides.learns(model.guide):
        raise InvalidDataError(
            f"{attempt} with a guide that is not fitted, which would see the rows of one of them. "
            "Fit it to a sample before, or give its features."
        )
    rows = data["x"]
    processes.require_same(f"{rows.dtype} rows of shape {rows.shape[1:]}", "kind of rows")
    processes.require_same(str(sorted(data)), "parts of the data")
    names = getattr(model, "feature_names_in_", None)
    processes.require_same("none" if names is None else ", ".join(names), "columns")
