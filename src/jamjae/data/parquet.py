"""Parquet files: which there are in a folder, and what stands in them beside the values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jamjae.errors import DataFormatError, DataNotFoundError, brief

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET = (".parquet", ".pq")
SMALL_INTEGERS = 2  # bytes of integers that float32 holds exactly


class Head(NamedTuple):
    """What stands in a Parquet file beside its values."""

    schema: pa.Schema
    lengths: list[int]  # rows of each row group
    missing: set[str]  # columns in which cells are missing, or may be
    empty: Counter[str]  # cells that are missing by column, where the file says so
    sizes: Counter[str]  # bytes by column, without compression

    @classmethod
    def of(cls, file: Path) -> Head:
        """Read it; `DataFormatError` if the file is damaged."""
        from pyarrow.parquet import ParquetFile

        try:
            with ParquetFile(file) as opened:
                schema, data = opened.schema_arrow, opened.metadata
                groups = [data.row_group(number) for number in range(data.num_row_groups)]
                missing = {name for group in groups for name in _with_missing(group)}
                empty: Counter[str] = Counter()
                sizes: Counter[str] = Counter()
                for group in groups:
                    empty.update(dict(_counts(group)))
                    sizes.update(dict(_sizes(group)))
                return cls(schema, [g.num_rows for g in groups], missing, empty, sizes)
        except PermissionError:
            raise
        except (OSError, ValueError) as error:
            raise damaged(file, error) from error


def parquet_files(path: Path) -> list[Path]:
    """Give the Parquet files of a folder and its subfolders in the order of their names.

    Raises
    ------
    DataNotFoundError
        If there is none.
    """
    if path.is_file():
        return [path]
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in PARQUET
        and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
        and file.is_file()
    ]
    if not found:
        raise DataNotFoundError(
            f"Cannot read Parquet files from {str(path)!r}: there is none that ends in "
            f"{' or '.join(PARQUET)}. Check the path."
        )
    return found


def common_type(columns: Sequence[tuple[Any, bool]]) -> np.dtype:
    """Give the type that holds the numbers of all columns.

    Parameters
    ----------
    columns : sequence of (Arrow type, whether cells may be missing)
        Booleans and columns with missing cells become floats.
    """
    found = np.result_type(*[_type(kind, missing) for kind, missing in columns])
    return np.result_type(found, np.float32) if found == np.float16 else found


def _type(kind: Any, missing: bool) -> np.dtype:
    from pyarrow import types

    if types.is_decimal(kind):
        return np.dtype(np.float64)
    dtype = np.dtype(kind.to_pandas_dtype())
    if dtype.kind == "b":
        return np.dtype(np.float32)
    if dtype.kind in "iu" and missing:
        return np.dtype(np.float32 if dtype.itemsize <= SMALL_INTEGERS else np.float64)
    return dtype


def is_numeric(kind: Any) -> bool:
    """Whether an Arrow type is one of numbers or booleans."""
    from pyarrow import types

    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    return any(test(kind) for test in tests)


def numeric_columns(schema: pa.Schema) -> list[str]:
    """Give the names of the columns that hold numbers or booleans."""
    return [field.name for field in schema if is_numeric(field.type)]


def values(column: pa.Array) -> np.ndarray:
    """Convert a column to numbers, missing ones to NaN."""
    from pyarrow import float64, types

    if types.is_decimal(column.type) or types.is_boolean(column.type):
        column = column.cast(float64())
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _counts(group: Any) -> Iterator[tuple[str, int]]:
    for number in range(group.num_columns):
        column = group.column(number)
        if column.statistics is not None and column.statistics.has_null_count:
            yield column.path_in_schema, column.statistics.null_count


def _sizes(group: Any) -> Iterator[tuple[str, int]]:
    for number in range(group.num_columns):
        column = group.column(number)
        yield column.path_in_schema, column.total_uncompressed_size


def _with_missing(group: Any) -> Iterator[str]:
    for number in range(group.num_columns):
        column = group.column(number)
        counted = column.statistics
        if counted is None or not counted.has_null_count or counted.null_count:
            yield column.path_in_schema


def require_columns(
    file: Path, schema: pa.Schema, first: Path, expected: pa.Schema, names: Sequence[str]
) -> None:
    """Refuse a file that lacks columns of the first one, or has them of another type."""
    for name in names:
        places = schema.get_all_field_indices(name)
        if len(places) != 1:
            why = "has no column" if not places else "has more than one column"
            beside = "" if file == first else f", as {first.name!r} does"
            raise cannot_read(file, f"it {why} {name!r}; one is expected{beside}.")
        kind = schema.field(name).type
        if not is_numeric(kind):
            raise cannot_read(file, f"its column {name!r} holds {kind}; numbers are expected.")
        if kind != expected.field(name).type:
            raise cannot_read(
                file,
                f"its column {name!r} holds {kind}, and that of {first.name!r} "
                f"{expected.field(name).type}; all files of a folder have the same types. Write "
                "one of them anew.",
            )


def cannot_read(path: Path, why: str) -> DataFormatError:
    """Name the file that cannot be read, and why."""
    return DataFormatError(f"Cannot read {str(path)!r}: {why}")


def damaged(path: Path, error: Exception) -> DataFormatError:
    """Name the file that is damaged."""
    return cannot_read(path, f"{brief(error)}. Copy it again from where it came from.")
