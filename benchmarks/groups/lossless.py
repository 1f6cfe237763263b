"""Test images without loss, or within a bound: bits per pixel of the file, and images a second.

make bench ARGS='lossless --runs 1'
"""

from __future__ import annotations

import io
import lzma
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
from PIL import Image

from benchmarks.measuring import Table
from jamjae import fetch_fashion_mnist, fetch_mnist
from jamjae.latent.codec import bounded
from jamjae.latent.codec.reader import Reader
from jamjae.latent.codec.residuals import Residuals

BOUNDS = (0, 1, 4)
HEAD = ("how", "bits per pixel", "images a second, compressing", "decompressing")


def run(runs: int, quick: bool) -> tuple[list[Table], dict]:
    sets = {"MNIST": fetch_mnist, "Fashion-MNIST": fetch_fashion_mnist}
    versions = {one: version(one) for one in ("constriction", "jamjae", "numpy")}
    return [_table(name, fetch, quick) for name, fetch in sets.items()], {"jamjae": versions}


def _table(name: str, fetch: Callable, quick: bool) -> Table:
    train, test = fetch("train").X, fetch("test").X
    if quick:
        train, test = train[:5000], test[:1000]
    began = time.process_time()
    coder = Residuals.fit(train)
    learned = time.process_time() - began
    rows = [_ours(coder, test, bound) for bound in BOUNDS]
    whole = len(lzma.compress(test.tobytes(), preset=9 | lzma.PRESET_EXTREME))
    rows.append(("xz -9e, all images as one", _bits(whole, test), "", ""))
    for kind, options in (
        ("PNG", {"optimize": True}),
        ("WebP", {"lossless": True, "quality": 100}),
    ):
        size = sum(_size(image, kind, options) for image in test[:1000])
        rows.append((f"{kind}, a file each", _bits(size, test[:1000]), "", ""))
    words = (
        f"{len(test):,} test images of {name}, all bytes of the file but the coder's own "
        f"{len(coder.to_bytes()):,}, which was fitted to {len(train):,} training images in "
        f"{learned:.0f} s of one processor. Times are those of one processor. PNG and WebP: the "
        "first 1,000 images."
    )
    return Table(name, HEAD, rows, words)


def _ours(coder: Residuals, images: np.ndarray, bound: int) -> tuple[str, ...]:
    stream = io.BytesIO()
    start = time.process_time()
    sizes = bounded.write(stream, coder, images, max_error=bound)
    written = time.process_time()
    reader = Reader(stream.getvalue())
    decode = bounded.decoder_of(reader)
    made = np.concatenate([decode(reader.block(i)) for i in range(len(reader.rows))])
    read = time.process_time()
    off = int(np.abs(made.astype(int) - images).max())
    if off > bound:
        raise AssertionError(f"a value is off by {off}, and at most {bound} was asked for")
    title = "jamjae, without loss" if not bound else f"jamjae, no value off by more than {bound}"
    rates = (len(images) / (written - start), len(images) / (read - written))
    return (title, _bits(sizes.total - sizes.codec, images), *(f"{rate:,.0f}" for rate in rates))


def _bits(size: int, images: np.ndarray) -> str:
    return f"{8 * size / images.size:.3f}"


def _size(image: np.ndarray, kind: str, options: dict) -> int:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind, **options)
    return len(stream.getvalue())
