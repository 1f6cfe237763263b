"""Folders of Parquet and of PNG, and what a process does with them: read, fit, encode."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np

from benchmarks.recipes import RECIPES, clothes_8bit

BATCH = 256
RECIPE = {"table": "table", "images": "LAB 12-3, MLP"}


def write_table(folder: Path, n: int) -> None:
    """Write ten Parquet files of 32 columns, and the same rows as one array."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir()
    whole = np.lib.format.open_memmap(folder.with_suffix(".npy"), "w+", np.float32, (n, 32))
    for number, rows in enumerate(np.array_split(np.arange(n), 10)):
        piece = RECIPES["table"].rows(len(rows)) * (1 + number / 10)
        whole[rows[0] : rows[-1] + 1] = piece
        table = pa.table({f"c{i}": piece[:, i] for i in range(32)})
        pq.write_table(table, folder / f"part-{number}.parquet")
    whole.flush()


def write_images(folder: Path, n: int) -> None:
    """Write clothes, some of them more than once, as PNG in ten folders."""
    from PIL import Image

    clothes = clothes_8bit(60_000)
    for i in range(n):
        place = folder / str(i % 10)
        if i < 10:
            place.mkdir(parents=True)
        Image.fromarray(clothes[i % len(clothes)]).save(place / f"{i:06d}.png")


def rows_of(kind: str, folder: str, *, lazy: bool):
    """Read rows in their files, or all of them into memory."""
    from jamjae import read

    if kind == "table" and not lazy:
        return np.load(Path(folder).with_suffix(".npy"))
    X = read(folder, lazy=lazy).X
    return X if kind == "table" else X.reshape(len(X), -1)


# --- tasks ----------------------------------------------------------------------------------


def plain(kind: str, folder: str) -> dict:
    """Rows a second of nothing but reading, by the library that reads such files."""
    began, n = time.perf_counter(), 0
    if kind == "table":
        from pyarrow.parquet import ParquetFile

        for file in sorted(Path(folder).glob("*.parquet")):
            with ParquetFile(file) as opened:
                n += sum(len(batch) for batch in opened.iter_batches(1 << 16))
    else:
        from PIL import Image

        for file in sorted(Path(folder).rglob("*.png")):
            with Image.open(file) as image:
                n += len(np.asarray(image)[:1])
    return {"rate": n / (time.perf_counter() - began)}


def fit(library, kind: str, folder: str, lazy: bool, epochs: int, clock) -> dict:
    """Fit a recipe: rows a second of all epochs but the first, and the peak of memory.

    Then encode all rows, and write the codes piece by piece, where the rows are in files.
    """
    began = time.perf_counter()
    with Highest() as highest:
        X = rows_of(kind, folder, lazy=lazy)
        opened = time.perf_counter() - began
        recipe = RECIPES[RECIPE[kind]]
        clock.start()
        model = library.fit(recipe, X, batch=BATCH, epochs=epochs, seed=0, on_epoch=clock)
        fitted = clock.now()
    ends = clock.seconds[-clock.epochs :]
    found = {
        "rate": (epochs - 1) * len(X) / (ends[-1] - ends[0]),
        "opened": opened,
        "first": ends[0],
        "whole": opened + fitted,
        "peak": highest.mib,
    }
    return found | (_encode(model, X, Path(folder)) if lazy else {})


def _encode(model, X, folder: Path) -> dict:
    from jamjae.data.streaming import write_pieces

    began = time.perf_counter()
    with Highest() as highest:
        write_pieces(folder.parent / "codes.npy", model.transform_pieces(X), n=len(X))
    rate = len(X) / (time.perf_counter() - began)
    return {"encoded": rate, "peak of encoding": highest.mib}


class Highest:
    """The most memory that was resident, pages of files as well, as the system counts it."""

    def __enter__(self):
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        return self

    def __exit__(self, *_) -> None:
        status = Path("/proc/self/status").read_text()
        self.mib = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
