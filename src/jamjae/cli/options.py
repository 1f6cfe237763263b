"""Arguments and options that commands share, and the loading of DATA."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from jamjae.cli.guard import load_libraries

if TYPE_CHECKING:
    import numpy as np

    from jamjae import Autoencoder
    from jamjae.cli.output import Voice
    from jamjae.data.dataset import Dataset

Data = Annotated[str, typer.Argument(metavar="DATA", help="Name of a data set, or a path.")]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A .jamjae file.")]
Subset = Annotated[str, typer.Option(help="Part of a named data set: train, test or all.")]
Label = Annotated[str | None, typer.Option(help="Column of a table that holds the classes.")]
ImageSize = Annotated[
    str | None, typer.Option(metavar="HxW", help="Resize images to this size, such as 64x64.")
]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Skip damaged images.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Maximum number of rows, drawn at random.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


class Reading(NamedTuple):
    """How DATA is read: the options that all commands share."""

    subset: str = "train"
    label: str | None = None
    image_size: str | None = None
    limit: int | None = None
    skip_bad: bool = False


def load(voice: Voice, data: str, reading: Reading, *, model: Autoencoder | None = None) -> Dataset:
    """Load data and note what was read; images get the size and channels of `model`."""
    from dataclasses import replace

    load_libraries("jamjae.data.catalog")
    from jamjae.data import catalog
    from jamjae.data import reading as files
    from jamjae.data.readers import images

    if data in catalog.NAMES and not catalog.NAMES[data].files:
        load_libraries("sklearn.datasets")  # which generates or contains them
    subset, label, image_size, limit, skip_bad = reading
    size = _size(image_size)
    named = data in catalog.NAMES or not (Path(data).exists() or _is_path(data))
    are_images = not named and (Path(data).is_dir() or Path(data).suffix.lower() in images.SUFFIXES)
    _require_use(data, named, are_images, reading)
    if size is None and are_images and model is not None and len(model.row_shape_) > 1:
        size = model.row_shape_[0], model.row_shape_[1]
    if named:
        found = catalog.load(data, subset)
    else:
        found = files.read(data, image_size=size, skip_bad=skip_bad, label=label)
    if are_images and model is not None and len(model.row_shape_) > 1:
        found = replace(found, X=images.in_channels(found.X, len(model.row_shape_) == 3))
    found = files.limited(found, files.ReadOptions(limit=limit))
    shape = " x ".join(map(str, found.X.shape))
    classes = f", {len(found.class_names)} classes" if found.class_names else ""
    voice.note(f"read {data}: {shape}, {found.X.dtype}{classes}")
    for name in found.skipped:
        voice.note(f"skipped {name}, which is damaged")
    return found


def _require_use(data: str, named: bool, are_images: bool, reading: Reading) -> None:
    """Refuse options that would have no effect."""
    subset, label, image_size, *_ = reading
    if named and label is not None:
        raise typer.BadParameter(f"--label {label}: the data set {data} already has classes.")
    if image_size is not None and not are_images:
        raise typer.BadParameter(f"--image-size {image_size}: {data} is not a folder of images.")
    if not named and subset != "train":
        raise typer.BadParameter(f"--subset {subset}: {data} is a path, which is read whole.")


def fitted_rows(model: Autoencoder, found: Dataset) -> np.ndarray:
    """Return the rows, or refuse columns other than those the model was fitted to."""
    from jamjae.errors import ShapeMismatchError

    names = tuple(getattr(model, "feature_names_in_", ()))
    if names and found.feature_names and names != found.feature_names:
        raise ShapeMismatchError(
            f"The model was fitted to the columns {', '.join(names)}, but the data have "
            f"{', '.join(found.feature_names)}. Reorder them, or name a column of classes with "
            "--label."
        )
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    return found.X


def _is_path(data: str) -> bool:
    return "/" in data or "\\" in data or bool(Path(data).suffix)


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.isdecimal() and int(side) for side in sides):
        raise typer.BadParameter(f"--image-size {text}: height x width is expected, such as 64x48.")
    return int(sides[0]), int(sides[1])
