"""Measure jamjae beside the libraries people would pick instead, and write ``RESULTS.md``.

    make bench                           every group, five times (hours)
    make bench-quick                     every group at a fraction of its size (minutes)
    make bench ARGS='same_work scaling'  some groups; the others' results stay as they are

Run it on a machine that does nothing else. What it prints last is what it writes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import re
import sys
import time
from pathlib import Path

from benchmarks.measuring import Failed, machine
from jamjae import fetch_fashion_mnist
from jamjae.errors import DataFormatError, DataNotFoundError

GROUPS = {
    "same_work": "Same work",
    "time_to_quality": "Time to quality",
    "best_in_time": "Best in a given time",
    "encode_decode": "Encode and decode",
    "starting": "Starting",
    "scaling": "Scaling",
    "larger_than_memory": "Larger than memory",
    "generate": "Generate",
    "codec": "Codec",
    "lossless": "Without loss",
    "anomalies": "Anomalies in tables",
    "anomalous_images": "Anomalies among images",
}
FASHION = (
    *("same_work", "time_to_quality", "best_in_time", "encode_decode", "generate"),
    *("larger_than_memory", "codec", "lossless", "anomalous_images"),
)
OPENING = """# Results

What `make bench` measured: each library in a process of its own, one after the other in turn; where
a process does its work more than once, the first time does not count. A cell is a median, with the
least and the most in parentheses; a ratio is taken turn by turn, and its median is given. Compare
ratios, not times: machines differ. TensorFlow is hidden from jamjae's process, as from users who
have not installed it; where it is installed, Keras imports it before jamjae's first fit, in 2 to 3
seconds.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        "benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--quick", action="store_true", help="small sizes, fewer runs")
    parser.add_argument("--runs", type=int, help="counted runs of each (5, or 2 with --quick)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/RESULTS.md"))
    asked = parser.parse_args()
    unknown = set(asked.groups) - set(GROUPS)
    if unknown:
        parser.error(f"no group is called {min(unknown)}; there are: {', '.join(GROUPS)}")
    runs = asked.runs or (2 if asked.quick else 5)
    groups = asked.groups or list(GROUPS)
    try:
        require_data(groups)
        measure(groups, runs, asked.output, quick=asked.quick)
    except (DataNotFoundError, DataFormatError, Failed) as error:
        sys.exit(f"error: {error}")


def require_data(groups: list[str]) -> None:
    """Fetch the data that some groups train on before hours are spent on the others."""
    if set(FASHION) & set(groups):
        fetch_fashion_mnist("all")


def measure(groups: list[str], runs: int, output: Path, *, quick: bool) -> None:
    for name in groups:
        began = time.perf_counter()
        print(f"{name} ...", flush=True)
        tables, versions = importlib.import_module(f"benchmarks.groups.{name}").run(runs, quick)
        took = time.perf_counter() - began
        told = told_of(runs, took, versions, quick=quick)
        text = "\n\n".join([f"## {GROUPS[name]}", told, *(t.markdown() for t in tables)])
        put(output, GROUPS[name], text)
        print(f"{text}\n", flush=True)


def told_of(runs: int, took: float, versions: dict, *, quick: bool) -> str:
    today = dt.datetime.now(dt.UTC).date()
    packages = dict(sorted((k, v) for each in versions.values() for k, v in each.items()))
    named = ", ".join(f"{name.replace('_', '-')} {version}" for name, version in packages.items())
    size = "small sizes, " if quick else ""
    each = f"{runs} run{'s' * (runs > 1)} each"
    return f"{today}: {machine()}; {named}. {size}{each}, {took / 60:.0f} minutes."


def put(path: Path, title: str, text: str) -> None:
    """Put a group's section in place of its last one, in the order of the groups."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    found = re.split(r"^(?=## )", old, flags=re.MULTILINE)[1:]
    sections = {section.splitlines()[0][3:]: section.strip() for section in found}
    sections[title] = text.strip()
    order = [each for each in GROUPS.values() if each in sections]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join([OPENING.strip(), *(sections[t] for t in order)]) + "\n")


if __name__ == "__main__":
    main()
