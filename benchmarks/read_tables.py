"""Write thousands of tables by pandas, read each back, and compare it cell by cell.

    python -m benchmarks.read_tables --tables 5000 --seed 0

Ends with an error if any table came back with other values and without a word, or if anything but
one clear sentence was raised. `--only NUMBER` repeats one table and prints it, with its notes.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.random import Generator

from benchmarks.table_columns import (
    DATED,
    ENCODINGS,
    INDEXES,
    LATE,
    NAMES,
    NUMERIC,
    TEXTS,
    WORDS,
    Column,
    categories,
    column,
    numbers,
    pick,
)
from jamjae import read
from jamjae.data.dataset import Dataset
from jamjae.errors import JamjaeError

EQUAL, REFUSED, DECIDED, CHANGED, RAW = "equal", "refused", "decided", "changed", "raw error"
BAD = (CHANGED, RAW)
MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", r"\N", "#DIV/0!", "nil")
MARKERS = ("-", "?", ".", "..", "--")
TRUTH = (("True", "False"), ("true", "false"), ("TRUE", "FALSE"), ("yes", "no"), ("Y", "N"))
DATE_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d", "%d.%m.%Y")
FORMATS = (*("text",) * 7, "parquet", "feather", "jsonl", "json", "xlsx")
PACKERS = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zip": "zip", ".zst": "zstd"}


class Made(NamedTuple):
    path: Path
    columns: list[Column]  # what must come back
    options: dict[str, Any]
    how: str
    named: bool


class Outcome(NamedTuple):
    verdict: str
    said: str
    how: str


# --- making ---------------------------------------------------------------------------------


def made(folder: Path, seed: int, number: int) -> Made:
    """Make the table of a number and write it."""
    rng = np.random.default_rng((seed, number))
    letters = pick(rng, tuple(WORDS))
    n = int(rng.integers(4, 60)) if rng.random() < 0.95 else LATE + int(rng.integers(2, 50))
    names = list(rng.permutation(NAMES[letters])[: int(rng.integers(1, 7))])
    if len(names) > 2 and rng.random() < 0.15:
        names = [str(number) for number in 400 + np.arange(len(names)) * pick(rng, (0.5, 1, 10))]
    columns = [column(rng, str(name), WORDS[letters], n) for name in names]
    columns[0] = Column(columns[0].name, "numbers", numbers(rng, n, ()))
    if rng.random() < 0.3:
        word = pick(rng, ("label", "target", "Species", "class"))
        columns.append(Column(word, "label", categories(rng, n, WORDS[letters])))
    if rng.random() < 0.3:
        columns.insert(0, pick(rng, INDEXES)(n))
    write = pick(rng, FORMATS)
    if write == "xlsx" and importlib.util.find_spec("openpyxl") is None:
        write = "text"
    return (written_text if write == "text" else written_typed)(
        folder, rng, columns, write if write != "text" else letters
    )


# --- writing --------------------------------------------------------------------------------


def written_typed(folder: Path, rng: Generator, columns: list[Column], kind: str) -> Made:
    """Write a table in a format that has types."""
    if kind == "xlsx":  # in which numbers have 15 digits
        columns = [
            c if c.spelled else c._replace(values=[digits(v) for v in c.values]) for c in columns
        ]
    frame = pd.DataFrame({c.name: typed(c) for c in columns})
    path = folder / f"table.{kind}"
    if columns[0].kind == "index" and (not columns[0].name or rng.random() < 0.5):
        name = columns[0].name
        frame = frame.set_index(name).rename_axis(name or None)
        if kind not in ("parquet", "xlsx"):
            frame, columns = frame.reset_index(drop=True), columns[1:]
    if kind == "parquet":
        frame.to_parquet(path)
        if frame.index.name is None and frame.index.equals(pd.RangeIndex(len(frame))):
            columns = [one for one in columns if one.kind != "index" or one.name]
    elif kind == "feather":
        frame.to_feather(path)
    elif kind == "xlsx":
        frame.to_excel(path, index=frame.index.name is not None or len(columns) > frame.shape[1])
    else:
        records = [json.dumps(record, default=str) for record in frame.to_dict("records")]
        text = "\n".join(records) if kind == "jsonl" else f"[{', '.join(records)}]"
        path.write_text(text.replace('"<NA>"', "null").replace('"NaT"', "null"), encoding="utf-8")
    return Made(path, columns, {}, kind, named=True)


def digits(value: Any) -> Any:
    return float(f"{value:.15g}") if isinstance(value, float) else value


def typed(one: Column) -> pd.Series:
    types = {"booleans": "boolean", "dates": "datetime64[us]", "numbers": "float64"}
    if one.spelled is not None:
        return pd.Series(one.spelled, dtype="str")
    if one.kind in types:
        return pd.Series(one.values, dtype=types[one.kind])
    if one.kind in ("integers", "years"):
        return pd.Series(one.values, dtype="float64" if None in one.values else "int64")
    if one.kind == "index":
        return pd.Series(one.values)
    return pd.Series(one.values, dtype="str")


def written_text(folder: Path, rng: Generator, columns: list[Column], letters: str) -> Made:
    """Write a table as text, in one of the ways that people and their tools do."""
    separator = pick(rng, (",", ",", ",", ";", ";", "\t", "|"))
    may_be_comma = separator in ";\t" and len(columns) > 1  # one column may be two of a CSV file
    decimal = "," if may_be_comma and rng.random() < 0.5 else "."
    thousands = pick(rng, (".", "'")) if decimal == "," else pick(rng, (",", "'"))
    grouped = thousands if rng.random() < 0.15 else ""
    shown = pd.DataFrame(
        {i: texts(rng, one, decimal, grouped) for i, one in enumerate(columns)}, dtype="str"
    )
    plain = all(one.kind in ("numbers", "integers") for one in columns)
    header = not (plain and not columns[0].name.startswith("400") and rng.random() < 0.3)
    lines = shown.to_csv(
        sep=separator,
        index=False,
        header=[one.name for one in columns] if header else False,
        quoting=pick(rng, (0, 0, 0, 1)),
        lineterminator="\n",
    ).splitlines()
    if header and rng.random() < 0.1:
        lines = with_units(lines, columns, separator)
    lines, decorated = decorate(rng, lines, separator)
    encoding = pick(rng, ENCODINGS[letters])
    ending = pick(rng, ("\n", "\n", "\r\n"))
    content = (ending.join(lines) + pick(rng, (ending, ending, ""))).encode(encoding)
    suffix = {"\t": pick(rng, (".tsv", ".txt")), ",": ".csv"}.get(separator, ".csv")
    path = packed(folder, rng, f"table{suffix}", content)
    how = f"{path.name} {encoding} {separator!r} {decimal!r} {grouped!r} {ending!r} {decorated}"
    return Made(path, columns, {}, how, header)


def texts(rng: Generator, one: Column, decimal: str, grouped: str) -> list[str]:
    """Spell the values of a column."""
    truth, form, marker = pick(rng, TRUTH), pick(rng, DATE_FORMATS), pick(rng, MISSING)
    if one.kind in (*NUMERIC, *DATED) and one.kind != "booleans" and rng.random() < 0.2:
        marker = pick(rng, MARKERS)
    if one.kind == "dates" and any(v is not None and v != v.normalize() for v in one.values):
        form = pick(rng, DATE_FORMATS[1:3])

    def spelled(value: Any) -> str:
        if value is None or isinstance(value, bool):
            return {None: marker, True: truth[0], False: truth[1]}[value]
        if one.kind in ("numbers", "integers"):
            text = repr(value)
            if grouped and "e" not in text:
                text = f"{int(value):,}".replace(",", "\0") + text[len(str(int(value))) :]
                if value < 0 and int(value) == 0:
                    text = repr(value)
            return text.replace(".", decimal).replace("\0", grouped)
        return value.strftime(form) if one.kind == "dates" else str(value)

    if one.spelled is not None:
        return [marker if text is None else text for text in one.spelled]
    return [spelled(value) for value in one.values]


def with_units(lines: list[str], columns: list[Column], separator: str) -> list[str]:
    """Put a line of units below the header, if two columns at least are numbers throughout."""
    plain = [one.kind in ("numbers", "integers") and None not in one.values for one in columns]
    if sum(plain) < 2:
        return lines
    units = separator.join("[m]" if number else "" for number in plain)
    return [lines[0], units, *lines[1:]]


def decorate(rng: Generator, lines: list[str], separator: str) -> tuple[list[str], str]:
    """Add what tools add to a table: trailing separators, empty lines, a comment, sep=."""
    kind = pick(rng, ("", "", "", "trailing", "empty", "comment", "sep", "title"))
    if kind == "title":
        wide = lines[0].count(separator) > 1
        return (["Report of 2021", "", *lines] if wide else lines), kind
    if kind == "trailing":
        return [line + separator for line in lines], kind
    if kind == "empty":
        at = int(rng.integers(len(lines) + 1))
        return [*lines[:at], "", *lines[at:], ""], kind
    if kind == "comment":
        return ["# written by a machine", *lines], kind
    return ([f"sep={separator}", *lines] if kind == "sep" else lines), kind


def packed(folder: Path, rng: Generator, name: str, content: bytes) -> Path:
    if rng.random() < 0.8:
        path = folder / name
        path.write_bytes(content)
        return path
    suffix = pick(rng, tuple(PACKERS))
    path = folder / (name + suffix)
    if suffix == ".zst":
        path.write_bytes(pa.compress(content, "zstd", asbytes=True))
        return path
    packing = {"compression": PACKERS[suffix], "is_text": False}
    with pd.io.common.get_handle(path, "wb", **packing) as handles:
        handles.handle.write(content)
    return path


# --- comparing ------------------------------------------------------------------------------


def differences(made: Made, found: Dataset) -> str:
    """Say what came back otherwise than it was written, empty if nothing did."""
    n = len(made.columns[0].values)
    if len(found.X) != n:
        return f"{len(found.X)} rows of {n}"
    apart = " ".join(note for note in found.notes if note.startswith(("dropped", "index", "label")))
    called = [one.name if made.named else f"column_{i + 1}" for i, one in enumerate(made.columns)]
    names = list(found.feature_names) or [name for name in called if name not in apart]
    wrong = []
    if len(names) != np.shape(found.X)[1]:
        return f"{np.shape(found.X)[1]} columns instead of {len(names)}"
    for name, one in zip(called, made.columns, strict=True):
        wrong.append(_difference(name, one, found, names, apart))
    if extra := set(names) - set(called):
        wrong.append(f"{sorted(extra)} came from nowhere")
    return "; ".join(one for one in wrong if one)


def _difference(name: str, one: Column, found: Dataset, names: Sequence[str], apart: str) -> str:
    known = [value for value in one.values if value is not None]
    if name in names:
        column = found.X if isinstance(found.X, np.ndarray) else None
        at = names.index(name)
        values = column[:, at] if column is not None else found.X.iloc[:, at]
        return _unequal(name, one, values)
    if one.kind == "label" and found.class_names:
        back = [found.class_names[i] if i >= 0 else None for i in found.y.tolist()]
        return "" if back == one.values else f"{name}: labels {back[:4]}, not {one.values[:4]}"
    if found.index and (one.kind == "index" or f"index: {name} " in apart):
        want = ["" if value is None else str(value) for value in one.values]
        same = list(found.index) == want or one.kind in ("dates", "numbers")
        return "" if same else f"{name}: index {found.index[:4]}, not {want[:4]}"
    text = one.kind in TEXTS
    dropped = (text or not known) and (name in apart or "more" in apart)
    return "" if dropped else f"{name} ({one.kind}) is gone"


def _unequal(name: str, one: Column, values: Any) -> str:
    series = pd.Series(values).reset_index(drop=True)
    want: Any
    if one.kind in NUMERIC:
        if series.dtype == object or str(series.dtype) in ("category", "str"):
            return f"{name} ({one.kind}) is {series.dtype}: {series.tolist()[:4]}"
        want = np.array([np.nan if v is None else float(v) for v in one.values])
        got = series.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        same = (got == want) | (np.isnan(got) & np.isnan(want))
    elif one.kind in DATED:
        if series.dtype.kind != "M":
            return f"{name} ({one.kind}) is {series.dtype}"
        want = pd.Series([pd.NaT if v is None else v for v in one.values], dtype="datetime64[us]")
        same = ((series == want) | (series.isna() & want.isna())).to_numpy()
    else:
        want = pd.Series(one.values, dtype=object)
        same = ((series.astype(object) == want) | (series.isna() & want.isna())).to_numpy()
    if same.all():
        return ""
    at = int((~same).argmax())
    return f"{name} ({one.kind}), row {at}: {series[at]!r}, not {one.values[at]!r}"


def examined(folder: Path, seed: int, number: int) -> tuple[Outcome, Dataset | None]:
    """Write a table, read it back, and judge."""
    table = made(folder, seed, number)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = read(table.path, **table.options)
    except JamjaeError as error:
        return Outcome(REFUSED, str(error).replace(str(folder), ""), table.how), None
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return Outcome(RAW, f"{type(error).__name__}: {error}", table.how), None
    finally:
        table.path.unlink()
    wrong = differences(table, found)
    if not wrong:
        return Outcome(EQUAL, "", table.how), found
    guessed = any(note.startswith("header:") for note in found.notes)
    return Outcome(DECIDED if guessed else CHANGED, wrong, table.how), found


def main() -> None:
    """Parse the command line, make tables and read them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for option, usual in (("--tables", 5_000), ("--seed", 0)):
        parser.add_argument(option, type=int, default=usual)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="repeat one table")
    asked = parser.parse_args()
    counts, began = Counter[str](), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.tables) if asked.only is None else [asked.only]:
            outcome, found = examined(Path(folder), asked.seed, number)
            counts[outcome.verdict] += 1
            if outcome.verdict != EQUAL or asked.only is not None:
                print(f"{number}: {outcome.verdict}: {outcome.said} [{outcome.how}]", flush=True)
            if asked.only is not None and found is not None:
                print(found.X[:5], *found.notes, sep="\n")
    print(json.dumps(counts), f"in {time.perf_counter() - began:.0f} s")
    sys.exit(sum(counts[verdict] for verdict in BAD) > 0)


if __name__ == "__main__":
    main()
