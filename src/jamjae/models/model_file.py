"""The zip archive behind a model file: its members, their hashes and limits, its manifest.

The manifest holds a SHA-256 of every other member since version 2. Everything is checked before
anything is built from it.
"""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jamjae.data.archives import UnsoundError, content, packing, parsed
from jamjae.data.preprocessing import PIXELS
from jamjae.errors import DataNotFoundError, JamjaeError, ModelFileError, OutputError, brief

FORMAT = "jamjae model"
VERSION = 4  # files of version 1 have no hashes; those before 3 no density, before 4 no detector
VERSION_OF_DENSITY, VERSION_WITHOUT_DENSITY = 3, 2  # which older versions of jamjae can read
MANIFEST = "manifest.json"
DETAILS = 300  # characters of a foreign error that a message repeats
MANIFEST_BYTES = 16 << 20
MEMBER_BYTES = 8 << 30
LARGEST = 1 << 63  # what a count stays below
DTYPES = ("float64", "float32", *PIXELS)  # of the rows that models learn


def require_replaceable(path: str | Path) -> None:
    """Refuse to replace a file that is no model file, such as the table it was fitted to.

    Raises
    ------
    OutputError
    """
    place = Path(path)
    if not place.is_file() or not place.stat().st_size:
        return
    try:
        with zipfile.ZipFile(place) as file:
            is_model = MANIFEST in file.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        is_model = False
    if not is_model:
        raise OutputError(
            f"Cannot write {str(path)!r}: it exists and is not a model. Choose another "
            "path, or delete that file first."
        )


def write(path: Path, manifest: dict[str, Any], members: Mapping[str, bytes]) -> None:
    """Write members and a manifest with their hashes."""
    hashes = {name: _sha256(part) for name, part in members.items()}
    manifest = {**manifest, "sha256": hashes}
    hashes[MANIFEST] = _own_hash(manifest)
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    encoded = text.encode("utf-8", "backslashreplace")  # JSON's own escape of a lone surrogate
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(MANIFEST, encoded)
        for name, part in members.items():
            file.writestr(name, part, packing(part))


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
    except UnsoundError as error:
        raise ModelFileError(
            f"Cannot load a model from {str(path)!r}: {error}. Copy it again from where it was "
            "made, or fit the model again."
        ) from error
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
    manifest: Any = {}
    if MANIFEST in file.namelist():
        manifest = parsed(content(file, MANIFEST, MANIFEST_BYTES))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelFileError(
            f"Cannot load a model from {file.filename!r}: it is a zip file, but not one of "
            f"jamjae's (it holds {brief(', '.join(file.namelist()[:3]), DETAILS) or 'nothing'}). "
            "Give a file that `save` or `jamjae fit -o` wrote."
        )
    version = manifest.get("version", 0)
    _require_known(file, version)
    if _is_count(version) and version >= 2:
        _require_unchanged(manifest)
    for name, is_valid in _FIELDS.items():
        if name not in manifest:
            raise UnsoundError(f"the manifest has no field {name!r}")
        if not is_valid(manifest[name]):
            raise UnsoundError(
                f"the manifest's field {name!r} is {brief(repr(manifest[name]), 80)}"
            )
    if not _list_of(str)(manifest.get("data_notes", [])):
        raise UnsoundError("the manifest's field 'data_notes' is no list of texts")
    if not _is_text(manifest.get("label_name", "")):
        raise UnsoundError("the manifest's field 'label_name' is no text")
    if not _is_denoiser(manifest.get("denoiser")):
        raise UnsoundError("the manifest's field 'denoiser' is neither a class nor its parameters")
    return manifest


def _require_known(file: zipfile.ZipFile, version: Any) -> None:
    if _is_count(version) and version > VERSION:
        raise ModelFileError(
            f"Cannot load a model from {file.filename!r}: it has format version {version}; this "
            f"jamjae reads up to version {VERSION}. "
            "Upgrade with: pip install --upgrade jamjae"
        )


def _require_unchanged(manifest: dict[str, Any]) -> None:
    hashes: Any = manifest.get("sha256")
    if not _is_texts(hashes) or MANIFEST not in hashes:
        raise UnsoundError("the manifest has no SHA-256 of itself and the other members")
    if hashes[MANIFEST] != _own_hash(manifest):
        raise UnsoundError(
            "its manifest is damaged or was changed: its SHA-256 differs from the one it states"
        )


def _own_hash(manifest: dict[str, Any]) -> str:
    """Hash what a manifest says, however it is laid out, save this hash itself."""
    others = {name: hash_ for name, hash_ in manifest["sha256"].items() if name != MANIFEST}
    return _sha256(json.dumps({**manifest, "sha256": others}, sort_keys=True).encode())


def member(file: zipfile.ZipFile, manifest: dict[str, Any], name: str) -> bytes:
    """Read a member and compare its hash with the manifest's."""
    found = content(file, name, MEMBER_BYTES)
    if manifest["version"] >= 2 and manifest["sha256"].get(name) != _sha256(found):
        raise ModelFileError(
            f"Cannot load a model from {file.filename!r}: its member {name!r} is damaged or was "
            "changed: its SHA-256 differs from the manifest's. Copy the file again from where it "
            "was made, or fit the model again."
        )
    return found


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- the manifest's types -------------------------------------------------------------------


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < LARGEST


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < LARGEST)


def _is_error(value: Any) -> bool:
    return _is_number(value) and not value < 0


def _is_finite(value: Any) -> bool:
    return _is_number(value) and math.isfinite(value)


def _list_of(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(isinstance(v, kinds) for v in value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_shape(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(map(_is_count, value))


def _is_dtype(value: Any) -> bool:
    return isinstance(value, str) and value in DTYPES


def _is_parameter(value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(value.get("keras"), dict)
    plain = value is None or isinstance(value, str | bool) or _is_number(value)
    return plain or (isinstance(value, list) and all(map(_is_count, value)))


def _is_parameters(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_parameter, value.values()))


def _is_scaling(value: Any) -> bool:
    if not isinstance(value, dict) or not {"scale", "low", "high"} <= value.keys():
        return False
    low, high = value["low"], value["high"]
    bounded = _is_finite(low) and _is_finite(high) and low < high
    return _is_finite(value["scale"]) and value["scale"] > 0 and (bounded or low is high is None)


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
    "reconstruction_error": _is_error,
    "baseline_error": _is_error,
    "baseline_variance": _is_error,
}
