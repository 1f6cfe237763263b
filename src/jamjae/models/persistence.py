"""One file per model.

A ``.jamjae`` file is a zip of ``manifest.json`` (what the model is), ``encoder.keras``,
``decoder.keras`` (Keras's own format) and ``arrays.safetensors`` (all other arrays). None of it is
code: nothing is unpickled, and Keras loads in safe mode.
"""

from __future__ import annotations

import json
import math
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from jamjae.data.atomic import atomic
from jamjae.data.preprocessing import Scaling
from jamjae.engine import keras_bridge
from jamjae.engine.pca import Principal
from jamjae.errors import DataNotFoundError, ModelFileError

FORMAT = "jamjae model"
VERSION = 1
CLASSES = {"Autoencoder": "jamjae.models.autoencoder"}
NETWORKS = ("encoder", "decoder")
LIBRARIES = ("jamjae", "keras", "jax", "numpy", "scikit-learn")


# --- a model out ----------------------------------------------------------------------------


def save_model(model: Any, path: str | Path) -> Path:
    """Write a fitted model into one file; a file of that name is replaced once the new is whole.

    Parameters
    ----------
    model : fitted estimator
    path : path
        Usually ends in ``.jamjae``.

    Returns
    -------
    Path

    Raises
    ------
    ModelFileError
        If a network holds a Lambda layer, which is code and could not be loaded again.
    OutputError
        If the file cannot be written.

    Warns
    -----
    UserWarning
        If a parameter is a function, a guide or a generator of random numbers, which such a file
        does not hold. It matters only to a later ``fit`` of the loaded model.
    """
    _require_no_code(model)
    manifest = _manifest(model)
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False))
        file.writestr("arrays.safetensors", save(_arrays(model)))
        for name in NETWORKS:
            file.writestr(f"{name}.keras", _keras_bytes(getattr(model, f"{name}_")))
    return Path(path)


def _require_no_code(model: Any) -> None:
    for name in NETWORKS:
        for layer in keras_bridge.parts(getattr(model, f"{name}_")):
            if isinstance(layer, keras.layers.Lambda):
                raise ModelFileError(
                    f"The model was not saved: its {name} has the Lambda layer {layer.name!r}, "
                    "which is Python code, and a model file holds none. Write the same as a "
                    "keras.layers.Layer subclass with "
                    "@keras.saving.register_keras_serializable()."
                )


def _manifest(model: Any) -> dict[str, Any]:
    parameters, omitted = _parameters(model)
    if omitted:
        warnings.warn(
            f"The model file does not hold the parameters {', '.join(omitted)}: a model loaded "
            "from it transforms as this one does, but fits with their defaults.",
            UserWarning,
            stacklevel=4,
        )
    return {
        "format": FORMAT,
        "version": VERSION,
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "class": type(model).__name__,
        "parameters": parameters,
        "parameters_omitted": omitted,
        "networks_given": model.encoder is not None,
        "row_shape": list(model.row_shape_),
        "dtype": model.dtype_,
        "n_components": model.n_components_,
        "feature_names": list(getattr(model, "feature_names_in_", [])),
        "class_names": list(getattr(model, "class_names_", [])),
        "scaling": {
            "scale": model.scaling_.scale,
            "low": _or_none(model.scaling_.low),
            "high": _or_none(model.scaling_.high),
        },
        "reconstruction_error": model.reconstruction_error_,
        "baseline_error": model.baseline_error_,
        "baseline_variance": model.baseline_.variance,
    }


def _or_none(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None


def _parameters(model: Any) -> tuple[dict[str, Any], list[str]]:
    """Split parameters into those that can be written down and the names of the others."""
    written: dict[str, Any] = {}
    omitted = []
    for name, value in model.get_params(deep=False).items():
        if name in NETWORKS or name == "callbacks":
            continue  # the networks have files of their own; callbacks belong to one process
        if isinstance(value, (keras.Layer, keras.Optimizer)):
            written[name] = {"keras": keras.saving.serialize_keras_object(value)}
        elif isinstance(value, (str, int, float, np.number, type(None))):
            written[name] = value.item() if isinstance(value, np.number) else value
        elif isinstance(value, (tuple, list)) and name == "network":
            written[name] = [int(width) for width in value]
        elif isinstance(value, Path):
            written[name] = str(value)
        else:
            omitted.append(name)
    return written, omitted


def _arrays(model: Any) -> dict[str, np.ndarray]:
    arrays = {
        "scaling.offset": np.asarray(model.scaling_.offset),
        "baseline.mean": model.baseline_.mean,
        "baseline.components": model.baseline_.components,
        "baseline.deviations": model.baseline_.deviations,
        **{f"history.{name}": values for name, values in model.history_.items()},
    }
    return {name: np.require(array, requirements="C") for name, array in arrays.items()}


def _keras_bytes(network: keras.Model) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.keras"
        keras.saving.save_model(network, path)
        return path.read_bytes()


# --- a model in -----------------------------------------------------------------------------


def load_model(path: str | Path) -> Any:
    """Read a model that ``save`` wrote, in this or another process; no code in it is run.

    Parameters
    ----------
    path : path

    Returns
    -------
    fitted estimator
        Parameters named in ``parameters_omitted`` of the manifest have their defaults.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    ModelFileError
        If it is damaged, no model of jamjae's, made by a newer jamjae, or unsafe.
    """
    with _opened(path) as file:
        manifest = _read_manifest(file, path)
        arrays = load(file.read("arrays.safetensors"))
        networks = {name: _keras_model(file.read(f"{name}.keras"), path) for name in NETWORKS}
        return _restored(manifest, arrays, networks)


def read_manifest(path: str | Path) -> dict[str, Any]:
    """Read what a model file says of itself, without building the model; errors as `load_model`."""
    with _opened(path) as file:
        return _read_manifest(file, path)


@contextmanager
def _opened(path: str | Path) -> Iterator[zipfile.ZipFile]:
    if not Path(path).is_file():
        raise DataNotFoundError(
            f"Cannot load a model from {str(path)!r}: there is no such file. "
            "Give the path that `save` or `jamjae fit -o` wrote."
        )
    try:
        with zipfile.ZipFile(path) as file:
            yield file
    except zipfile.BadZipFile as error:
        raise ModelFileError(
            f"Cannot load a model from {str(path)!r}: it is damaged, cut short, or not a .jamjae "
            f"file at all ({error}). Copy it again from where it was made, or fit anew."
        ) from error
    except (KeyError, ValueError, TypeError, SafetensorError, zlib.error, EOFError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(
            f"Cannot load a model from {str(path)!r}: a part of it is missing or damaged "
            f"({type(error).__name__}: {error}). Copy it again from where it was made, or fit anew."
        ) from error


def _read_manifest(file: zipfile.ZipFile, path: str | Path) -> dict[str, Any]:
    known = "manifest.json" in file.namelist()
    manifest = json.loads(file.read("manifest.json")) if known else {}
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelFileError(
            f"Cannot load a model from {str(path)!r}: it is a zip file, but not one of jamjae's "
            f"(it holds {', '.join(file.namelist()[:3]) or 'nothing'}). Give a file that `save` or "
            "`jamjae fit -o` wrote."
        )
    if manifest["version"] > VERSION:
        raise ModelFileError(
            f"Cannot load a model from {str(path)!r}: it has format version {manifest['version']}, "
            f"written by jamjae {manifest['libraries']['jamjae']}; this jamjae reads up to "
            f"version {VERSION}. Upgrade with: pip install --upgrade jamjae"
        )
    return manifest


def _keras_model(content: bytes, path: str | Path) -> keras.Model:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.keras"
        file.write_bytes(content)
        try:
            return keras.saving.load_model(file, compile=False, safe_mode=True)
        except Exception as error:  # Keras raises whatever its layers' constructors do
            raise ModelFileError(
                f"Cannot load a model from {str(path)!r}: Keras could not build one of its "
                f"networks safely ({error}). If it has layers of your own, import the module that "
                "registers them with keras.saving.register_keras_serializable first."
            ) from error


def _restored(
    manifest: dict[str, Any], arrays: dict[str, np.ndarray], pair: dict[str, keras.Model]
) -> Any:
    if manifest["class"] not in CLASSES:
        raise ValueError(f"this jamjae knows no estimator named {manifest['class']!r}")
    kind = getattr(import_module(CLASSES[manifest["class"]]), manifest["class"])
    parameters = {name: _parameter(value) for name, value in manifest["parameters"].items()}
    model = kind(**parameters, **(pair if manifest["networks_given"] else {}))
    model.encoder_, model.decoder_ = pair["encoder"], pair["decoder"]
    model.n_components_ = manifest["n_components"]
    model.row_shape_ = tuple(manifest["row_shape"])
    model.n_features_in_ = math.prod(model.row_shape_)
    model.dtype_ = manifest["dtype"]
    for key, attribute in (("feature_names", "feature_names_in_"), ("class_names", "class_names_")):
        if manifest[key]:
            setattr(model, attribute, np.array(manifest[key], dtype=object))
    model.scaling_ = _scaling(manifest["scaling"], arrays["scaling.offset"])
    model.scale_ = model.scaling_.scale
    model.baseline_ = Principal(
        arrays["baseline.mean"],
        arrays["baseline.components"],
        arrays["baseline.deviations"],
        manifest["baseline_error"],
        manifest["baseline_variance"],
    )
    model.baseline_error_ = manifest["baseline_error"]
    model.reconstruction_error_ = manifest["reconstruction_error"]
    prefix = "history."
    model.history_ = {
        name.removeprefix(prefix): values
        for name, values in sorted(arrays.items())
        if name.startswith(prefix)
    }
    return model


def _scaling(numbers: dict[str, Any], offset: np.ndarray) -> Scaling:
    return Scaling(
        offset if offset.ndim else offset.item(),
        numbers["scale"],
        -math.inf if numbers["low"] is None else numbers["low"],
        math.inf if numbers["high"] is None else numbers["high"],
    )


def _parameter(value: Any) -> Any:
    if isinstance(value, dict):
        made = keras.saving.deserialize_keras_object(value["keras"], safe_mode=True)
        if not isinstance(made, (keras.Layer, keras.Optimizer)):
            raise TypeError(f"{value['keras']} is no layer and no optimizer")
        return made
    return tuple(value) if isinstance(value, list) else value
