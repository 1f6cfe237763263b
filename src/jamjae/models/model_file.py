"""The zip archive behind a model file: its members, their hashes and limits, its manifest.

The manifest holds a SHA-256 of every other member since version 2. Everything is checked before
anything is built from it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from jamjae.errors import DataNotFoundError, JamjaeError, ModelFileError, brief

FORMAT = "jamjae model"
VERSION = 2  # files of version 1 have no hashes and are still read
MANIFEST = "manifest.json"
DETAILS = 300  # characters of a foreign error that a message repeats
MANIFEST_BYTES = 16 << 20
MEMBER_BYTES = 8 << 30
EXPANSION = 1000  # times its compressed size; a member of some MiB may be all zeros
ALWAYS_ALLOWED = 16 << 20


def write(path: Path, manifest: dict[str, Any], members: Mapping[str, bytes]) -> None:
    """Write members and a manifest with their hashes."""
    hashes = {name: _sha256(content) for name, content in members.items()}
    text = json.dumps({**manifest, "sha256": hashes}, indent=1, ensure_ascii=False)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(MANIFEST, text)
        for name, content in members.items():
            file.writestr(name, content)


@contextmanager
def opened(path: str | Path) -> Iterator[zipfile.ZipFile]:
    """Open a model file; whatever error is raised while it is read becomes a ModelFileError."""
    if not Path(path).is_file():
        raise DataNotFoundError(
            f"Cannot load a model from {str(path)!r}: there is no such file. "
            "Give the path that `save` or `jamjae fit -o` wrote."
        )
    try:
        with zipfile.ZipFile(path) as file:
            yield file
    except JamjaeError:
        raise
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise ModelFileError(
            f"Cannot load a model from {str(path)!r}: it is damaged, cut short, or not a .jamjae "
            f"file at all ({brief(error, DETAILS)}). Copy it again from where it was made, or fit "
            "the model again."
        ) from error
    except Exception as error:  # what zipfile, JSON, safetensors, Keras and NumPy make of damage
        raise ModelFileError(
            f"Cannot load a model from {str(path)!r}: a part of it is missing or damaged "
            f"({brief(f'{type(error).__name__}: {error}', DETAILS)}). Copy it again from where it "
            "was made, or fit the model again."
        ) from error


def manifest_of(file: zipfile.ZipFile) -> dict[str, Any]:
    """Read the manifest and check that it is jamjae's, of a known version, and well-typed."""
    manifest = json.loads(_content(file, MANIFEST)) if MANIFEST in file.namelist() else {}
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelFileError(
            f"Cannot load a model from {file.filename!r}: it is a zip file, but not one of "
            f"jamjae's (it holds {brief(', '.join(file.namelist()[:3]), DETAILS) or 'nothing'}). "
            "Give a file that `save` or `jamjae fit -o` wrote."
        )
    version = manifest.get("version", 0)
    if _is_count(version) and version > VERSION:
        raise ModelFileError(
            f"Cannot load a model from {file.filename!r}: it has format version {version}; this "
            f"jamjae reads up to version {VERSION}. "
            "Upgrade with: pip install --upgrade jamjae"
        )
    for name, is_valid in _FIELDS.items():
        if name not in manifest:
            raise ValueError(f"the manifest has no field {name!r}")
        if not is_valid(manifest[name]):
            raise ValueError(f"the manifest's field {name!r} is {brief(repr(manifest[name]), 80)}")
    if not _is_denoiser(manifest.get("denoiser")):
        raise ValueError("the manifest's field 'denoiser' is neither a class nor its parameters")
    if version >= 2 and not _is_texts(manifest.get("sha256")):
        raise ValueError("the manifest has no SHA-256 of the other members")
    return manifest


def member(file: zipfile.ZipFile, manifest: dict[str, Any], name: str) -> bytes:
    """Read a member and compare its hash with the manifest's."""
    content = _content(file, name)
    if manifest["version"] >= 2 and manifest["sha256"].get(name) != _sha256(content):
        raise ModelFileError(
            f"Cannot load a model from {file.filename!r}: its member {name!r} is damaged or was "
            "changed: its SHA-256 differs from the manifest's. Copy the file again from where it "
            "was made, or fit the model again."
        )
    return content


def require_moderate(content: bytes, limit: int = MEMBER_BYTES) -> None:
    """Refuse a zip inside the model file, as Keras writes them, that inflates without bounds."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        for info in file.infolist():
            _require_size(info, limit)


def _content(file: zipfile.ZipFile, name: str) -> bytes:
    info = file.getinfo(name)
    _require_size(info, MANIFEST_BYTES if name == MANIFEST else MEMBER_BYTES)
    return file.read(info)


def _require_size(info: zipfile.ZipInfo, limit: int) -> None:
    allowed = min(limit, EXPANSION * info.compress_size + ALWAYS_ALLOWED)
    if info.file_size > allowed:
        raise ValueError(
            f"its member {brief(repr(info.filename), 80)} would take {info.file_size:,} bytes, "
            f"more than the {allowed:,} allowed"
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- the manifest's types -------------------------------------------------------------------


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list_of(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(isinstance(v, kinds) for v in value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_shape(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(map(_is_count, value))


def _is_dtype(value: Any) -> bool:
    return isinstance(value, str) and value in np.sctypeDict and np.dtype(value).kind in "biuf"


def _is_parameter(value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(value.get("keras"), dict)
    plain = value is None or isinstance(value, str | bool) or _is_number(value)
    return plain or (isinstance(value, list) and all(map(_is_count, value)))


def _is_parameters(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_parameter, value.values()))


def _is_scaling(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _is_number(value.get("scale"))
        and all(value[key] is None or _is_number(value[key]) for key in ("low", "high"))
    )


def _is_denoiser(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and _is_text(value.get("class"))
        and _is_parameters(value.get("parameters"))
    )


_FIELDS: dict[str, Callable[[Any], bool]] = {
    "version": _is_count,
    "libraries": _is_texts,
    "class": _is_text,
    "parameters": _is_parameters,
    "parameters_omitted": _list_of(str),
    "networks_given": lambda value: isinstance(value, bool),
    "row_shape": _is_shape,
    "dtype": _is_dtype,
    "n_components": _is_count,
    "feature_names": _list_of(str),
    "class_names": _list_of(str, int, float, bool),
    "scaling": _is_scaling,
    "reconstruction_error": _is_number,
    "baseline_error": _is_number,
    "baseline_variance": _is_number,
}
