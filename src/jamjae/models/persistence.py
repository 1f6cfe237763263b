"""One file per model.

A ``.jamjae`` file is a zip of ``manifest.json`` (what the model is), ``encoder.keras``,
``decoder.keras`` (Keras's own format) and ``arrays.safetensors`` (all other arrays). None of it is
code: nothing is unpickled, and Keras loads in safe mode. `model_file` holds the zip itself.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np
from safetensors.numpy import load, save

from jamjae.data.archives import UnsoundError
from jamjae.data.atomic import atomic
from jamjae.data.preprocessing import Scaling
from jamjae.data.table_encoder import TableEncoder
from jamjae.engine import network_file, own_layers
from jamjae.engine.filling import Filling
from jamjae.engine.fingerprints import parts
from jamjae.engine.pca import Principal
from jamjae.errors import InvalidDataError, InvalidNetworkError, ModelFileError, OutputError, brief
from jamjae.models import model_file, samples, stored_parameters
from jamjae.models.consistency import FILLING, HISTORY, require_consistent
from jamjae.models.model_file import (
    FORMAT,
    VERSION,
    VERSION_OF_DENSITY,
    VERSION_WITHOUT_DENSITY,
)

CLASSES = {
    "Autoencoder": "jamjae.models.autoencoder",
    "Codec": "jamjae.models.compression.codec",
    "VariationalAutoencoder": "jamjae.models.variational",
    "PatchDenoiser": "jamjae.models.denoising.patches",
    "AnomalyDetector": "jamjae.models.anomalies.detector",
}
NETWORKS = ("encoder", "decoder")
LAYERS = ("corruption", "augmentation")
LIBRARIES = ("jamjae", "keras", "jax", "numpy", "scikit-learn")


# --- a model out ----------------------------------------------------------------------------


def save_model(model: Any, path: str | Path, *, force: bool = False) -> Path:
    """Write a fitted model into one file; a file of that name is replaced once the new is whole.

    Parameters
    ----------
    model : fitted estimator
    path : path
        Usually ends in ``.jamjae``.
    force : bool, default=False
        Replace a file that is no model, too.

    Returns
    -------
    Path

    Raises
    ------
    ModelFileError
        If a network, a corruption or an augmentation holds a Lambda layer, which is code, or if
        what was written cannot be loaded again, even with ``custom_objects``.
    OutputError
        If the file cannot be written, or another kind of file stands there.

    Warns
    -----
    UserWarning
        If a parameter is a function, a guide or a generator of random numbers, which such a file
        does not hold. It matters only to a later ``fit`` of the loaded model.
    """
    parameters, omitted = stored_parameters.written(model)
    if omitted:
        _warn_of_omitted(omitted)
    if not force:
        model_file.require_replaceable(path)
    outer, model = model, _inner(model)
    _require_no_code(model)
    manifest, arrays = _manifest(model), _arrays(model)
    if hasattr(outer, "_stored_parts"):
        described, own = outer._stored_parts()
        manifest |= {"version": VERSION, "detector": {"parameters": parameters, **described}}
        arrays |= own
    elif outer is not model:  # a denoiser is an autoencoder with parameters of its own
        manifest["denoiser"] = {"class": type(outer).__name__, "parameters": parameters}
    with atomic(path) as temporary:
        members = {"arrays.safetensors": save(arrays), **model._own_members()}
        for name in NETWORKS:
            members[f"{name}.keras"] = stored_parameters.made(
                network_file.written, model._stored()[name]
            )
        model_file.write(temporary, manifest, members)
        again = stored_parameters.made(load_model, temporary, _classes(model))
        _require_same(_inner(again), model)
    return Path(path)


def _inner(model: Any) -> Any:
    """Give the autoencoder of an estimator that is made around one."""
    return getattr(model, "autoencoder_", getattr(model, "model_", model))


def _require_same(again: Any, model: Any) -> None:
    try:
        for name in NETWORKS:
            made, network = again._stored()[name], model._stored()[name]
            own_layers.require_same(made, network, "The model was not saved")
    except InvalidNetworkError as error:
        raise ModelFileError(str(error)) from error


def _layers(model: Any) -> dict[str, list[keras.Layer]]:
    """List all layers that a model file holds, by what they belong to."""
    found = {**model._stored(), **{name: getattr(model, name, None) for name in LAYERS}}
    return {name: parts(layer) for name, layer in found.items() if isinstance(layer, keras.Layer)}


def _classes(model: Any) -> dict[str, Any]:
    """Find the user's own classes and functions, which a loader could pass as custom_objects."""
    optimizers = [getattr(model, "optimizer", None)]
    return own_layers.classes(
        optimizers + [part for held in _layers(model).values() for part in held]
    )


def _require_no_code(model: Any) -> None:
    for name, layers in _layers(model).items():
        for layer in layers:
            if isinstance(layer, keras.layers.Lambda):
                raise ModelFileError(
                    f"The model was not saved: its {name} has the Lambda layer {layer.name!r}, "
                    "which is Python code, and model files contain no code. Write it as a "
                    "keras.layers.Layer subclass with "
                    "@keras.saving.register_keras_serializable()."
                )


def _warn_of_omitted(names: list[str]) -> None:
    warnings.warn(
        f"The model file does not store the parameters {', '.join(names)}: the loaded model "
        "encodes and decodes as this one does, but would be fitted with their defaults.",
        UserWarning,
        stacklevel=4,
    )


def _manifest(model: Any) -> dict[str, Any]:
    parameters, omitted = stored_parameters.written(model)
    density = samples.parts(model)[0]
    return {
        "format": FORMAT,
        "version": VERSION_WITHOUT_DENSITY if density is None else VERSION_OF_DENSITY,
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "class": type(model).__name__,
        "parameters": parameters,
        "parameters_omitted": omitted,
        "networks_given": model.encoder is not None,
        "row_shape": list(model.row_shape_),
        "dtype": model.dtype_,
        "is_pca": model.is_pca_,
        "n_components": model.n_components_,
        "feature_names": list(getattr(model, "feature_names_in_", [])),
        "class_names": _names(getattr(model, "class_names_", [])),
        "label_name": getattr(model, "label_name_", ""),
        "table_encoder": _encoder(model),
        "data_notes": list(getattr(model, "data_notes_", ())),
        "scaling": {
            "scale": model.scaling_.scale,
            "low": _or_none(model.scaling_.low),
            "high": _or_none(model.scaling_.high),
        },
        "reconstruction_error": model.reconstruction_error_,
        "baseline_error": model.baseline_error_,
        "baseline_variance": model.baseline_.variance,
        "network_share": model.network_share_,
        "density": density,
        "learned": model._described(),
    }


def _names(given: Any) -> list[Any]:
    names = [stored_parameters.plain(name) for name in given]
    wrong = [name for name in names if not isinstance(name, str | int | float)]
    if wrong:
        raise ModelFileError(
            f"The model was not saved: class_names_ holds {brief(repr(wrong[0]), 80)}, a "
            f"{type(wrong[0]).__name__}, but a model file stores only text and numbers. Name the "
            "classes by text."
        )
    return names


def _encoder(model: Any) -> dict[str, Any] | None:
    return None if (found := getattr(model, "table_encoder_", None)) is None else found.to_dict()


def _or_none(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None


def _arrays(model: Any) -> dict[str, np.ndarray]:
    filling = {} if model.filling_ is None else model.filling_._asdict()
    arrays = {
        "scaling.offset": np.asarray(model.scaling_.offset),
        "baseline.mean": model.baseline_.mean,
        "baseline.components": model.baseline_.components,
        "baseline.deviations": model.baseline_.deviations,
        **{f"{FILLING}{name}": array for name, array in filling.items()},
        **samples.parts(model)[1],
        **{f"{HISTORY}{name}": values for name, values in model.history_.items()},
    }
    return {name: np.require(array, requirements="C") for name, array in arrays.items()}


# --- a model in -----------------------------------------------------------------------------


def load_model(path: str | Path, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Read a model that ``save`` wrote, in this or another process; no code in it is run.

    Parameters
    ----------
    path : path
    custom_objects : mapping of str to class or function, default=None
        Layers, optimizers and functions of your own that the model uses, by their names, as
        `keras.saving.load_model` takes them. Those registered with
        ``@keras.saving.register_keras_serializable()`` need not be given.

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
    with model_file.opened(path) as file:
        manifest = model_file.manifest_of(file)
        arrays = load(model_file.member(file, manifest, "arrays.safetensors"))
        contents = {n: model_file.member(file, manifest, f"{n}.keras") for n in NETWORKS}
        own = dict(custom_objects or {})
        with keras.saving.custom_object_scope(own), _built_by_keras(path):
            networks = {n: network_file.read(n, contents[n], own) for n in NETWORKS}
            parameters = {
                n: stored_parameters.read(n, v, own) for n, v in manifest["parameters"].items()
            }
        kind = _class(manifest["class"])
        require_consistent(manifest, arrays, networks, getattr(kind, "outputs_per_component", 1))
        model = _rebuilt(manifest, parameters, arrays, networks)
        model._take_own_members(partial(model_file.member, file, manifest))
        return _outer(manifest, arrays, model)


def read_manifest(path: str | Path) -> dict[str, Any]:
    """Read what a model file says of itself, without building the model; errors as `load_model`."""
    with model_file.opened(path) as file:
        return model_file.manifest_of(file)


@contextmanager
def _built_by_keras(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (UnsoundError, OutputError):
        raise
    except Exception as error:  # Keras raises whatever its layers' constructors do
        raise ModelFileError(
            f"Cannot load a model from {str(path)!r}: Keras could not build one of its networks, "
            f"layers or optimizers safely ({brief(error, model_file.DETAILS)}). If it has layers "
            "or functions of your own, pass them by name, as in load_model(path, "
            "custom_objects={'Name': Name}), or import the module that registers them with "
            "keras.saving.register_keras_serializable first."
        ) from error


def _outer(manifest: dict[str, Any], arrays: dict[str, np.ndarray], model: Any) -> Any:
    """Put what a file describes around its autoencoder."""
    if manifest.get("detector"):
        return _class("AnomalyDetector")._of_parts(manifest["detector"], arrays, model)
    return _denoiser(manifest["denoiser"], model) if manifest.get("denoiser") else model


def _denoiser(described: dict[str, Any], autoencoder: Any) -> Any:
    """Put a denoiser around its autoencoder of patches (h, w, c)."""
    model = _class(described["class"])(
        **{
            name: stored_parameters.read(name, value, {})
            for name, value in described["parameters"].items()
        }
    )
    try:
        model._check_parameters()
    except InvalidDataError as error:
        raise UnsoundError(f"it holds a wrong parameter: {brief(error)}") from error
    model.autoencoder_, model.n_channels_ = autoencoder, autoencoder.row_shape_[-1]
    return model


def _class(name: str) -> Any:
    if name not in CLASSES:
        raise UnsoundError(f"this version of jamjae has no estimator named {brief(repr(name), 80)}")
    return getattr(import_module(CLASSES[name]), name)


def _rebuilt(
    manifest: dict[str, Any],
    parameters: dict[str, Any],
    arrays: dict[str, np.ndarray],
    pair: dict[str, keras.Model],
) -> Any:
    model = _class(manifest["class"])(**parameters)
    model._restore(pair, given=manifest["networks_given"])
    model._restore_described(manifest.get("learned"))
    model.n_components_ = manifest["n_components"]
    model.row_shape_ = tuple(manifest["row_shape"])
    model.n_features_in_ = math.prod(model.row_shape_)
    model.dtype_ = manifest["dtype"]
    model.is_pca_ = manifest.get("is_pca") is True  # files of the first version lack it
    for key, attribute in (("feature_names", "feature_names_in_"), ("class_names", "class_names_")):
        if manifest[key]:
            setattr(model, attribute, np.array(manifest[key], dtype=object))
    if label := manifest.get("label_name"):  # files of the first versions lack it, and notes
        model.label_name_ = label
    if notes := manifest.get("data_notes"):
        model.data_notes_ = tuple(notes)
    encoder = manifest.get("table_encoder")
    parts = [arrays[f"{FILLING}{name}"] for name in Filling._fields if f"{FILLING}mean" in arrays]
    model.filling_ = Filling(*parts) if parts else None
    model.network_share_ = manifest.get("network_share", 1.0)
    model.table_encoder_ = None if encoder is None else TableEncoder.from_dict(encoder)
    scaling = model.scaling_ = _scaling(manifest["scaling"], arrays["scaling.offset"])
    model.scale_ = scaling.scale
    model.baseline_ = Principal(
        arrays["baseline.mean"],
        arrays["baseline.components"],
        arrays["baseline.deviations"],
        manifest["baseline_error"],
        manifest["baseline_variance"],
    )
    if manifest.get("density") is not None:
        shape, k = model.row_shape_, model.n_components_
        model.density_, model.sampling_ = samples.from_parts(manifest["density"], arrays, shape, k)
        if model.sampling_.encoder != samples.encoder_hash(model):
            raise UnsoundError("its density is one of the codes of another encoder")
    model.baseline_error_ = manifest["baseline_error"]
    model.reconstruction_error_ = manifest["reconstruction_error"]
    model.history_ = {
        name.removeprefix(HISTORY): values
        for name, values in sorted(arrays.items())
        if name.startswith(HISTORY)
    }
    return model


def _scaling(numbers: dict[str, Any], offset: np.ndarray) -> Scaling:
    return Scaling(
        offset if offset.ndim else offset.item(),
        numbers["scale"],
        -math.inf if numbers["low"] is None else numbers["low"],
        math.inf if numbers["high"] is None else numbers["high"],
    )
