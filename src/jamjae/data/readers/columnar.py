"""Tables with typed columns: Parquet, Arrow and Feather, Excel, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jamjae.data.parquet import parquet_files
from jamjae.data.read_options import ReadOptions
from jamjae.data.readers.cells import clean
from jamjae.data.readers.excel import read_excel
from jamjae.data.readers.raw_table import RawTable, cannot_read
from jamjae.data.readers.records import read_records
from jamjae.errors import DataFormatError, DataNotFoundError, MissingDependencyError, brief

if TYPE_CHECKING:
    import pyarrow as pa

ARROW = (".arrow", ".feather", ".ipc")
EXCEL = (".xlsx", ".xlsm", ".xls", ".ods")
JSON = (".jsonl", ".ndjson", ".json")


def is_parquet_folder(path: Path) -> bool:
    """Whether a folder holds Parquet files, as those that Spark and Dask write."""
    if not path.is_dir():
        return False
    try:
        return bool(parquet_files(path))
    except DataNotFoundError:
        return False


def read_columnar(path: Path, options: ReadOptions) -> RawTable:
    """Read a table whose columns have types; errors as `jamjae.read`."""
    import pyarrow as pa

    try:
        raw = _reader(path)(path, options)
    except PermissionError:
        raise
    except ImportError as error:
        raise MissingDependencyError(
            f"Cannot read {str(path)!r}: {brief(error)} Install what reads it, for .xlsx "
            "pip install openpyxl, or save the table as .csv."
        ) from error
    except (ValueError, OSError, NotImplementedError, KeyError, pa.ArrowException) as error:
        if isinstance(error, DataFormatError):
            raise
        raise cannot_read(
            path, f"{brief(error).rstrip('.')}. Copy it again from its source."
        ) from error
    raw = replace(raw, na=options.na)
    n, width = raw.table.shape
    if not n or not width:
        raise cannot_read(path, f"the table is empty, {n} rows of {width} columns.")
    return raw


def _reader(path: Path) -> Callable[[Path, ReadOptions], RawTable]:
    kind = path.suffix.lower()
    readers = {
        **dict.fromkeys(ARROW, _arrow),
        **dict.fromkeys(EXCEL, read_excel),
        **dict.fromkeys(JSON, read_records),
    }
    return readers.get(kind, _parquet)


def _parquet(path: Path, options: ReadOptions) -> RawTable:
    import pyarrow.parquet as pq

    # A single file may have columns of one name, a folder of files may not.
    if path.is_file():
        return with_index(pq.ParquetFile(path).read())
    return with_index(pq.read_table(list(map(str, parquet_files(path)))))


def _arrow(path: Path, options: ReadOptions) -> RawTable:
    from pyarrow import feather

    return with_index(feather.read_table(path))


def with_index(table: Any) -> RawTable:
    """Find the columns that pandas wrote as its index."""
    written = (table.schema.metadata or {}).get(b"pandas")
    columns = json.loads(written)["index_columns"] if written else []
    names = list(table.column_names)
    indexed = [names.index(one) for one in columns if isinstance(one, str) and one in names]
    shown = ["" if i in indexed and n.startswith("__index") else n for i, n in enumerate(names)]
    for one in columns:
        if isinstance(one, dict) and (one["name"] is not None or one["start"] or one["step"] != 1):
            table = table.append_column("", _counting(one))
            indexed.append(len(shown))
            shown.append(one["name"] or "")
    return RawTable(table, [clean(name) for name in shown], indexed=tuple(indexed))


def _counting(span: dict[str, Any]) -> pa.ChunkedArray:
    """Give an index that counts, of which pandas writes the ends."""
    import pyarrow as pa

    return pa.chunked_array([pa.array(range(span["start"], span["stop"], span["step"]))])
