"""Decode thousands of damaged files of compressed rows, and say what became of each.

    python -m benchmarks.fuzz_archives --mutants 10000 --seed 0

Ends with an error if any mutant raised anything but one clear sentence, ended the process, took
longer than a minute or more than 1 GB, or gave other rows although no checksum was made anew. Half
of the mutants are *sealed*: their checksums are right, as in a file made on purpose.
"""

from __future__ import annotations

import argparse
import faulthandler
import io
import sys
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.fuzz_models import BYTES, LONGEST, SECONDS, begin_peak, memory
from jamjae.errors import JamjaeError
from jamjae.latent.codec import bounded, varints
from jamjae.latent.codec.archive import CRC, END, MAGIC, VERSION, Block, seed_of
from jamjae.latent.codec.grid import Grid
from jamjae.latent.codec.header import Header, digest
from jamjae.latent.codec.names import labels_to_bytes, names_to_bytes
from jamjae.latent.codec.reader import Reader
from jamjae.latent.codec.residuals import Residuals

BAD = ("RAW", "HANG", "1 GB", "SILENT")
ROWS = 200  # of a block
Decode = Callable[[Reader, Block], np.ndarray]


class Original(NamedTuple):
    """A file, its blocks, and how they are decoded."""

    name: str
    content: bytes
    rows: np.ndarray
    decode: Callable[[Reader], Callable[[Block], Any]]


# --- the files ------------------------------------------------------------------------------


def originals() -> list[Original]:
    """Make files of several kinds."""
    rng = np.random.RandomState(0)
    gray = np.clip(rng.normal(60, 30, (3 * ROWS, 5, 6)), 0, 255).astype(np.uint8)
    deep = np.clip(rng.normal(3000, 900, (2 * ROWS, 4, 4)), 0, 65535).astype(np.uint16)
    color = np.clip(rng.normal(60, 30, (ROWS, 4, 4, 3)), 0, 255).astype(np.uint8)
    kinds = (("gray", gray, 0), ("16 bits", deep, 3), ("color", color, 2))
    return [_exact(*kind) for kind in kinds] + [_numbers(), _lossy()]


def _exact(name: str, images: np.ndarray, bound: int) -> Original:
    coder = Residuals.fit(images, steps=20)
    names = [f"a/{i}{'x' * (i % 3)}.png" for i in range(len(images))]
    labels = np.arange(len(images)) % 3
    content = coder.to_bytes()
    header = Header.embedding(
        content,
        dtype=str(images.dtype),
        row_shape=images.shape[1:],
        settings=varints.write(bounded.IMAGES, bound),
        class_names=("a", "b", "c"),
    )
    parts = []
    for first in range(0, len(images), ROWS):
        part = slice(first, first + ROWS)
        payload = coder.encode(images[part], max_error=bound)
        named, labelled = names_to_bytes(names[part]), labels_to_bytes(labels[part])
        parts.append([ROWS, payload, named, labelled])
    made = assembled(header.to_bytes(), content, parts)

    return _file(name, made)


def _file(name: str, made: bytes) -> Original:
    reader = Reader(made)
    decode = bounded.decoder_of(reader)
    rows = np.concatenate([decode(reader.block(i)) for i in range(len(reader.rows))])
    return Original(name, made, rows, bounded.decoder_of)


def _numbers() -> Original:
    rows = np.random.RandomState(0).normal(size=(2 * ROWS, 5)).cumsum(axis=1)
    stream = io.BytesIO()
    bounded.write(stream, Grid.fit(rows, 0.01), rows)
    return _file("numbers", stream.getvalue())


def _lossy() -> Original:
    from jamjae import Codec
    from jamjae.models.compression import compressed

    rows = np.random.RandomState(0).normal(size=(3 * ROWS, 8)) @ np.diag(np.arange(1.0, 9.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PCA being as good
        codec = Codec(bytes_per_row=3, epochs=1, random_state=0).fit(rows.astype(np.float32))
    content = codec.content()
    header = Header.embedding(content, dtype="float32", row_shape=(8,))
    parts = [
        [ROWS, codec.compress_rows(rows[i : i + ROWS].astype(np.float32)), b"", b""]
        for i in range(0, len(rows), ROWS)
    ]
    made = assembled(header.to_bytes(), content, parts)
    kept = {digest(content): codec}  # Keras's networks take long to build

    def decode(reader: Reader) -> Callable[[Block], Any]:
        found = kept.get(digest(reader.codec())) or Codec.from_content(reader.codec())
        return lambda block: compressed.rows_of(found, reader, block)

    reader = Reader(made)
    expected = np.concatenate([decode(reader)(reader.block(i)) for i in range(len(reader.rows))])
    return Original("codes", made, expected, decode)


def assembled(head: bytes, codec: bytes, blocks: list[list[Any]]) -> bytes:
    """Put a file together, whatever its parts are, with the right checksums."""
    start = MAGIC + varints.write(VERSION, len(head)) + head
    seed = zlib.crc32(start)
    out = io.BytesIO()
    out.write(start + seed.to_bytes(CRC, "little") + codec)
    index = varints.write(0, len(blocks))
    for number, (n, *parts) in enumerate(blocks):
        body = varints.write(n, *map(len, parts)) + b"".join(parts)
        crc = zlib.crc32(body, seed_of(seed, number)).to_bytes(CRC, "little")
        out.write(body + crc)
        index += varints.write(n, len(body) + CRC) + crc
    last = zlib.crc32(index, seed).to_bytes(CRC, "little")
    out.write(index + len(index).to_bytes(4, "little") + last + END)
    return out.getvalue()


# --- mutants --------------------------------------------------------------------------------


def mutant(number: int, seed: int, files: list[Original]) -> tuple[Original, str, bool, bytes]:
    """Make the mutant of a number: the same for the same seed."""
    rng = np.random.default_rng([seed, number])
    original = files[int(rng.integers(len(files)))]
    if rng.integers(2):
        kind = str(rng.choice(list(RAW)))
        other = files[int(rng.integers(len(files)))].content
        whole = original.content
        at = int(rng.integers(2)) * _body(whole)  # half of them spare the head and the codec
        return original, kind, False, whole[:at] + RAW[kind](whole[at:], other, rng)
    return original, "sealed", True, _sealed(original.content, rng)


def _body(content: bytes) -> int:
    """Give the place of the first block."""
    reader = Reader(content)
    codec = reader.codec()
    return content.index(codec) + len(codec)


def _flipped(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for at in rng.integers(len(changed), size=int(rng.integers(1, 6))):
        changed[at] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _cut(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(len(content)))]


def _spliced(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    a, b = int(rng.integers(len(content))), int(rng.integers(len(other)))
    size = int(rng.integers(1, 400))
    return content[:a] + other[b : b + size] + content[a + size * int(rng.integers(2)) :]


def _joined(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(len(content)))] + other[int(rng.integers(len(other))) :]


def _zeroed(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    a, size = int(rng.integers(len(content))), int(rng.integers(1, 200))
    return content[:a] + bytes([int(rng.choice([0, 255]))]) * size + content[a + size :]


RAW = {
    "flipped": _flipped,
    "cut": _cut,
    "spliced": _spliced,
    "joined": _joined,
    "overwritten": _zeroed,
}


def _sealed(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage one part, and make all checksums anew."""
    reader = Reader(content)
    codec = reader.codec()
    blocks: list[list[Any]] = []
    for number in range(len(reader.rows)):
        block = reader.block(number)
        labels = labels_to_bytes(block.labels)
        blocks.append([block.n, block.payload, names_to_bytes(block.names), labels])
    head = reader.header.to_bytes()
    what = int(rng.integers(6))
    if what == 0:
        head = _any(head, rng)
    elif what == 1:
        codec = _any(codec, rng)
        at = head.index(reader.header.sha256)
        size = varints.write(0, len(codec))
        head = size + digest(codec) + head[at + len(reader.header.sha256) :]
    else:
        block = blocks[int(rng.integers(len(blocks)))]
        if what == 2:
            block[0] = int(rng.choice([1, ROWS - 1, ROWS + 1, 1000, 1 << 16, 1 << 22, 1 << 40]))
        else:
            block[what - 2] = _any(block[what - 2], rng)
    return assembled(head, codec, blocks)


def _any(part: bytes, rng: np.random.Generator) -> bytes:
    if not part:
        return rng.bytes(int(rng.integers(30)))
    kinds = (_flipped, _cut, _spliced, _zeroed)
    return kinds[int(rng.integers(len(kinds)))](part, part, rng)


# --- what becomes of them -------------------------------------------------------------------


def examine(original: Original, content: bytes, sealed: bool) -> tuple[str, str]:
    """Decode all blocks; give a verdict, and what was said."""
    try:
        reader = Reader(content, "'mutant.jjz'")
        bounded.settings_of(reader.header)
        decode = original.decode(reader)
        same = True
        damaged = list(reader.notes)
        for block in reader.blocks():
            if not isinstance(block, Block):
                damaged.append(block.why)
                continue
            rows = decode(block)
            expected = original.rows[block.first : block.first + block.n]
            same &= rows.shape == expected.shape and np.array_equal(rows, expected)
    except JamjaeError as error:
        said = str(error)
        clear = len(said) <= LONGEST and "\n" not in said and said.isprintable()
        return ("refused" if clear else "RAW"), said
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return "RAW", f"{type(error).__name__}: {error}"
    if not same:
        return ("resealed" if sealed else "SILENT"), ""
    return ("partly" if damaged else "equal"), ""


def fuzz(asked: argparse.Namespace) -> int:
    """Examine all mutants; return how many were handled badly."""
    counts: Counter[tuple[str, str]] = Counter()
    files, began, highest, slowest = originals(), time.perf_counter(), 0, 0.0
    numbers = range(asked.mutants) if asked.only is None else [asked.only]
    for number in numbers:
        original, kind, sealed, content = mutant(number, asked.seed, files)
        faulthandler.dump_traceback_later(10 * SECONDS, exit=True)
        begin_peak()
        resident, start = memory()[1], time.process_time()
        verdict, said = examine(original, content, sealed)
        seconds, peak = time.process_time() - start, memory()[0] - resident
        highest, slowest = max(highest, peak), max(slowest, seconds)
        verdict = "1 GB" if peak > BYTES else "HANG" if seconds > SECONDS else verdict
        counts[kind, verdict] += 1
        if verdict in BAD or asked.only is not None:
            print(f"{number}: {verdict}: {original.name}, {kind}: {said[:600]!a}", flush=True)
    faulthandler.cancel_dump_traceback_later()
    for (kind, verdict), count in sorted(counts.items()):
        print(f"{kind:12} {verdict:10} {count:7,}")
    seconds = time.perf_counter() - began
    print(
        f"{sum(counts.values()):,} mutants in {seconds:.0f} s; at most {highest / 1e6:.0f} MB and "
        f"{slowest:.1f} s of a processor"
    )
    return sum(count for (_, verdict), count in counts.items() if verdict in BAD)


def main() -> None:
    """Parse the command line and fuzz."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutants", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="repeat one mutant")
    sys.exit(bool(fuzz(parser.parse_args())))


if __name__ == "__main__":
    main()
