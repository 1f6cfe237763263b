"""The folder of a job, which may lie on a machine, in a shared folder or in an object store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jamjae.engine.checkpoints import identity
from jamjae.errors import OutputError, brief

NOTE = "jamjae-fit.json"


def location(storage_path: str | Path) -> str:
    """Give a path in full, or an address such as ``s3://bucket/folder`` as it is."""
    text = str(storage_path)
    return text.rstrip("/") if "://" in text else str(Path(text).absolute())


def described(
    model: Any, dataset: Any, first: Any, columns: Sequence[str], counts: Sequence[int]
) -> dict[str, Any]:
    """Describe a job, to identify it: model, columns, rows and workers."""
    files = sorted(dataset.input_files())
    return {
        "estimator": type(model).__name__,
        "parameters": identity(model.get_params(deep=False), {}),
        "columns": list(columns),
        "rows": sum(counts),
        "workers": len(counts),
        "data": hashlib.sha256(repr((files, first)).encode()).hexdigest()[:16],
    }


def begin(storage_path: str, job: dict[str, Any]) -> None:
    """Note which job the folder belongs to, or refuse it.

    Raises
    ------
    OutputError
        The folder cannot be written, or holds another job.
    """
    from pyarrow.fs import FileSystem, FileType

    try:
        system, folder = FileSystem.from_uri(storage_path)
        note = f"{folder}/{NOTE}"
        if system.get_file_info(note).type == FileType.NotFound:
            system.create_dir(folder)
            with system.open_output_stream(note) as file:
                file.write(json.dumps(job).encode())
            return
        with system.open_input_stream(note) as file:
            before = json.loads(file.read())
    except (OSError, ValueError) as error:  # pyarrow's are among these
        raise OutputError(
            f"Cannot keep the job in storage_path={storage_path!r}: {brief(error)}. Give a folder "
            "that all machines can write, or an address such as s3://bucket/folder."
        ) from error
    other = [name for name in job if job[name] != before.get(name)]
    if other:
        then, now = ({name: one.get(name) for name in other} for one in (before, job))
        raise OutputError(
            f"Cannot fit with storage_path={storage_path!r}: it holds another job, with other "
            f"{', '.join(other)} ({brief(then)}; now {brief(now)}). Give another folder, or delete "
            "that one."
        )
