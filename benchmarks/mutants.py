"""Damage model files: bytes, zip records, members, manifests, arrays, weights, configurations.

`benchmarks.fuzz_models` loads what comes out. A mutant is *sealed* where the hashes in its manifest
are those of what it holds, as in a file made on purpose; nothing else can tell it from a model.
"""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import load, save

from jamjae.models import model_file

JUNK: tuple[Any, ...] = (
    *(None, True, False, "", "x" * 5000, "\ud800\x00\x1b[2J", "../../etc/passwd", "nan"),
    *(-1, 0, 1, 2, 7, 255, 10**9, 2**31, 2**63, 10**30, -(2**63), 10**400),
    *(0.5, -0.0, 1e-320, 1e308, float("nan"), float("inf"), [], {}, [[]], [1], [None], {"a": 1}),
)
NAMES = (
    *("Dense", "Conv2D", "Flatten", "Lambda", "Embedding", "LSTM", "Reshape", "ZeroPadding2D"),
    *("Functional", "Sequential", "TFSMLayer", "TorchModuleWrapper", "Adam", "GlorotUniform"),
    *("relu", "softmax", "mse", "max_pool", "float64", "bfloat16", "int8", "channels_first"),
    *("keras.layers", "keras.ops", "builtins", "os", "system", "numpy", "same", "causal"),
)
LARGE = (1000, 10**4, 10**5, 10**6, 10**7, 10**9, 2**31)
DEEP = 50_000
FIRST = (1980, 1, 1, 0, 0, 0)  # the date of every member, so that a seed gives the same bytes


class Original(NamedTuple):
    """A saved model, and what is in its file."""

    name: str
    content: bytes
    manifest: dict[str, Any]
    members: dict[str, bytes]

    @classmethod
    def of(cls, name: str, content: bytes) -> Original:
        members = unpacked(content)
        return cls(name, content, json.loads(members.pop(model_file.MANIFEST)), members)


class Mutant(NamedTuple):
    """A damaged file."""

    kind: str
    sealed: bool
    content: bytes


def mutant(number: int, seed: int, originals: list[Original]) -> tuple[Original, Mutant]:
    """Make the mutant of a number: the same for the same seed and originals."""
    rng = np.random.default_rng([seed, number])
    original = pick(rng, originals)
    kind = pick(rng, list(KINDS))
    if kind in RAW:
        return original, Mutant(kind, False, KINDS[kind](original, rng, originals))
    manifest, members = KINDS[kind](original, rng, originals)
    sealed = bool(rng.integers(3)) and isinstance(manifest, dict)
    content = packed([(model_file.MANIFEST, encoded(manifest, members, sealed)), *members])
    return original, Mutant(kind, sealed, content)


def pick(rng: np.random.Generator, values: Any) -> Any:
    """Choose one of several values of any type."""
    return values[int(rng.integers(len(values)))]


# --- zip files and hashes -------------------------------------------------------------------


def unpacked(content: bytes) -> dict[str, bytes]:
    """Read all members of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Write a zip, in which a name may be there twice."""
    with zipfile.ZipFile(written := io.BytesIO(), "w", method) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there already
        for name, part in members:
            file.writestr(zipfile.ZipInfo(name, FIRST), part, method)
    return written.getvalue()


def encoded(manifest: Any, members: list[tuple[str, bytes]], sealed: bool) -> bytes:
    """Write a manifest, with the right hashes where the mutant is to be sealed."""
    if sealed:
        hashes = {name: model_file._sha256(part) for name, part in members}
        manifest = {**manifest, "sha256": hashes}
        hashes[model_file.MANIFEST] = model_file._own_hash(manifest)
    return deepened(json.dumps(manifest)).encode()


def deepened(text: str) -> str:
    """Put lists within lists where `edited` marked the place, deeper than Python's stack."""
    return text.replace('"<deep>"', "[" * DEEP + "]" * DEEP)


# --- bytes ----------------------------------------------------------------------------------


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    """Change some bytes."""
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 9)) if changed else 0):
        changed[int(rng.integers(len(changed)))] ^= int(rng.integers(1, 256))
    return bytes(changed)


def shortened(content: bytes, rng: np.random.Generator) -> bytes:
    """Take away the end, the beginning or some of the middle."""
    a, b = sorted(int(place) for place in rng.integers(0, len(content) + 1, 2))
    return pick(rng, [content[:a], content[b:], content[:a] + content[b:]])


def with_record(content: bytes, rng: np.random.Generator) -> bytes:
    """Change a field of a zip's headers or directory."""
    signature = pick(rng, [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"])
    places = [i for i in range(len(content)) if content.startswith(signature, i)]
    start = pick(rng, places or [0]) + int(rng.integers(4, 46))
    width = pick(rng, [1, 2, 4])
    field = pick(rng, [bytes(width), b"\xff" * width, b"\x7f" * width, rng.bytes(width)])
    changed = bytearray(content)
    changed[start : start + width] = field
    return bytes(changed)


def raw_flip(original: Original, rng: np.random.Generator, _: Any) -> bytes:
    return flipped(original.content, rng)


def raw_cut(original: Original, rng: np.random.Generator, _: Any) -> bytes:
    return shortened(original.content, rng)


def raw_record(original: Original, rng: np.random.Generator, _: Any) -> bytes:
    return with_record(original.content, rng)


# --- JSON -----------------------------------------------------------------------------------


def edited(tree: Any, rng: np.random.Generator) -> Any:
    """Change one place of a JSON value, or two or three."""
    tree = deepcopy(tree)
    for _ in range(pick(rng, [1, 1, 1, 2, 3])):
        places = list(_places(tree))
        if places:
            _edit(*pick(rng, places), places, rng)
    return tree


def _places(tree: Any) -> Any:
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from _places(tree[key])


def _edit(holder: Any, key: Any, places: list, rng: np.random.Generator) -> None:
    value = holder[key]
    way = pick(rng, ["junk", "near", "near", "near", "near", "swap", "drop", "wrap", "deep"])
    if way == "near" and isinstance(value, int | float) and not isinstance(value, bool):
        holder[key] = pick(
            rng, [value + 1, value - 1, -value, value * 2, value * 10**6, str(value)]
        )
    elif way == "near" and isinstance(value, str):
        holder[key] = pick(rng, NAMES)
    elif way == "swap":
        other, there = pick(rng, places)
        holder[key], other[there] = deepcopy(other[there]), deepcopy(value)
    elif way == "drop":
        del holder[key]
    elif way == "wrap":
        holder[key] = pick(rng, [[value], {"a": value}, [value] * 3])
    else:
        holder[key] = "<deep>" if way == "deep" else deepcopy(pick(rng, JUNK))


# --- members --------------------------------------------------------------------------------

Made = tuple[Any, list[tuple[str, bytes]]]


def manifest(original: Original, rng: np.random.Generator, _: Any) -> Made:
    return edited(original.manifest, rng), list(original.members.items())


def members(original: Original, rng: np.random.Generator, originals: list[Original]) -> Made:
    """Swap, drop, repeat, rename, empty, cut or replace members."""
    parts = list(original.members.items())
    i, j = (int(place) for place in rng.integers(0, len(parts), 2))
    (name, part), (other, its) = parts[i], parts[j]
    way = pick(rng, ["swap", "drop", "repeat", "rename", "empty", "cut", "foreign", "fill"])
    if way == "swap":
        parts[i], parts[j] = (name, its), (other, part)
    elif way == "drop":
        del parts[i]
    elif way == "repeat":
        parts.append((name, its))
    else:
        fill = bytes(int(rng.integers(1 << 26)))
        parts[i] = {
            "rename": (other + "x", part),
            "empty": (name, b""),
            "cut": (name, shortened(part, rng)),
            "foreign": (name, pick(rng, originals).members[name]),
            "fill": (name, fill),
        }[way]
    return original.manifest, parts


def arrays(original: Original, rng: np.random.Generator, _: Any) -> Made:
    """Change the bytes, types, shapes, names or values of the arrays."""
    name = "arrays.safetensors"
    content = original.members[name]
    if rng.integers(2):
        changed = flipped(content, rng)
    else:
        held = load(content)
        key, other = pick(rng, sorted(held)), pick(rng, sorted(held))
        array = held[key]
        with np.errstate(all="ignore"):
            others = [array.astype(kind) for kind in ("float16", "int64", "uint8", "bool")]
            others += [array * 1e30, array * np.nan, array[None], array.ravel()[:-1], held[other]]
        changed = save({**held, key: np.ascontiguousarray(pick(rng, others))})
    return original.manifest, list({**original.members, name: changed}.items())


def _within(change: Callable[[dict[str, bytes], np.random.Generator], Any]) -> Callable[..., Made]:
    """Change the `.keras` file of one of the networks."""

    def made(original: Original, rng: np.random.Generator, _: Any) -> Made:
        name = pick(rng, ["encoder.keras", "decoder.keras"])
        inner = unpacked(original.members[name])
        changed = packed(list(change(inner, rng).items()), zipfile.ZIP_STORED)
        return original.manifest, list({**original.members, name: changed}.items())

    return made


def _weights(inner: dict[str, bytes], rng: np.random.Generator) -> dict[str, bytes]:
    name = "model.weights.h5"
    change = pick(rng, [flipped, flipped, flipped, shortened])
    return {**inner, name: change(inner[name], rng)}


def _config(inner: dict[str, bytes], rng: np.random.Generator) -> dict[str, bytes]:
    name = "config.json"
    return {**inner, name: deepened(json.dumps(edited(json.loads(inner[name]), rng))).encode()}


def network(original: Original, rng: np.random.Generator, _: Any) -> Made:
    """Change the bytes of a `.keras` file, which is a zip as well."""
    name = pick(rng, ["encoder.keras", "decoder.keras"])
    changed = pick(rng, [flipped, shortened, with_record])(original.members[name], rng)
    return original.manifest, list({**original.members, name: changed}.items())


RAW = ("bytes flipped", "file cut", "zip record")
KINDS: dict[str, Callable[..., Any]] = {
    "bytes flipped": raw_flip,
    "file cut": raw_cut,
    "zip record": raw_record,
    "manifest": manifest,
    "members": members,
    "arrays": arrays,
    "weights": _within(_weights),
    "configuration": _within(_config),
    "network file": network,
}
