"""Files of data that tests write, and damage."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image

KINDS = (".npy", ".npz", ".csv", ".tsv", ".parquet")
DTYPES = ("uint8", "int32", "int64", "float32", "float64")
IDX_CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def some_rows(dtype, shape=(7, 3)):
    rows = np.random.default_rng(0).normal(60, 20, size=shape)
    return rows.astype(dtype)


def idx_bytes(values):
    code = IDX_CODES[values.dtype.str[1:]]
    head = bytes([0, 0, code, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return head + values.astype(values.dtype.newbyteorder(">")).tobytes()


def save_image(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path, **options)


def left_over(folder):
    return sorted(path.name for path in folder.rglob("*"))


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def foreign(path):
    path.write_bytes(b"no image at all")


def emptied(path):
    path.write_bytes(b"")
