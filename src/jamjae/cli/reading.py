"""The options by which commands read DATA, declared once; and the loading of DATA."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from jamjae.cli import completion
from jamjae.cli.guard import load_libraries
from jamjae.data.read_options import ReadOptions

if TYPE_CHECKING:
    from jamjae import Autoencoder
    from jamjae.cli.output import Voice
    from jamjae.data.dataset import Dataset

PANEL = "Reading DATA"
NAMED_TAKE = ("subset", "limit", "limit_first", "random_state")  # options of named data sets


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=PANEL, **settings)


OPTIONS: dict[str, tuple[Any, Any]] = {  # name: type with its description, default
    "label": (
        Annotated[
            str | None,
            _option(help="Column or array of the classes.", autocompletion=completion.columns),
        ],
        None,
    ),
    "no_label": (
        Annotated[bool, _option("--no-label", help="Take no column for the label.")],
        False,
    ),
    "index": (
        Annotated[
            str | None,
            _option(help="Column that names the rows.", autocompletion=completion.columns),
        ],
        None,
    ),
    "columns": (
        Annotated[
            list[str],
            _option(help="Features: columns, by name.", autocompletion=completion.columns),
        ],
        [],
    ),
    "drop": (
        Annotated[
            list[str], _option(help="Columns to leave out.", autocompletion=completion.columns)
        ],
        [],
    ),
    "na": (Annotated[list[str], _option(help="Text that means a missing value.")], []),
    "encoding": (Annotated[str | None, _option(help="Encoding, such as cp949.")], None),
    "separator": (
        Annotated[str | None, _option("--sep", help="Mark between cells, or tab.")],
        None,
    ),
    "decimal": (Annotated[str | None, _option(help="Decimal mark.")], None),
    "thousands": (Annotated[str | None, _option(help="Mark between groups of digits.")], None),
    "header": (
        Annotated[bool | None, _option("--header/--no-header", help="Whether line 1 has names.")],
        None,
    ),
    "key": (Annotated[str | None, _option(help="Array, sheet or data set of a file.")], None),
    "shape": (
        Annotated[str | None, _option(metavar="HxW", help="Shape of each row, such as 28x28.")],
        None,
    ),
    "channels": (
        Annotated[
            str | None,
            _option(
                metavar="first|last",
                help="Axis of colors.",
                autocompletion=completion.one_of("first", "last"),
            ),
        ],
        None,
    ),
    "image_size": (
        Annotated[str | None, _option(metavar="HxW", help="Resize images, such as to 64x64.")],
        None,
    ),
    "frames": (
        Annotated[
            str,
            _option(
                metavar="rows|first",
                help="Pages and frames of an image.",
                autocompletion=completion.one_of("rows", "first"),
            ),
        ],
        "rows",
    ),
    "background": (Annotated[str, _option(help="Color behind transparent pixels.")], "white"),
    "label_file": (Annotated[str | None, _option(help="Table of image names and labels.")], None),
    "skip_bad": (Annotated[bool, _option("--skip-bad", help="Skip damaged images.")], False),
    "lazy": (
        Annotated[
            bool | None,
            _option("--lazy/--no-lazy", help="Whether rows stay in the files, as if too large."),
        ],
        None,
    ),
    "subset": (
        Annotated[
            str | None,
            _option(
                help="Part of the data: train, test or all.",
                autocompletion=completion.one_of("train", "test", "all"),
            ),
        ],
        None,
    ),
    "limit": (Annotated[int | None, _option(min=1, help="Rows, at most, at random.")], None),
    "limit_first": (
        Annotated[bool, _option("--limit-first", help="The first rows instead.")],
        False,
    ),
}
LAST = ("quiet", "json")  # parameters that every command ends with


def reads_data(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, in place of its parameter `reading`, the options that make it."""
    signature = inspect.signature(command, eval_str=True)

    @functools.wraps(command)
    def run(**given: Any) -> None:
        options = {name: given.pop(name) for name in OPTIONS}
        command(**given, reading=_options(options))

    own = [one for name, one in signature.parameters.items() if name != "reading"]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in OPTIONS.items()
    ]
    first = [one for one in own if one.name not in LAST]
    every = [*first, *added, *(one for one in own if one.name in LAST)]
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in every]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


class Command(TyperCommand):
    """A command whose help has the options for reading under a heading of their own."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, options, and options for reading."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": [], PANEL: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_argument = parameter.param_type_name == "argument"
                panel = getattr(parameter, "rich_help_panel", None) or "Options"
                sections["Arguments" if is_argument else panel].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _options(given: dict[str, Any]) -> ReadOptions:
    if given.pop("no_label"):
        if given["label"] is not None:
            raise typer.BadParameter("--label and --no-label: give one of the two.")
        given["label"] = ""
    given["lazy"] = "auto" if given["lazy"] is None else given["lazy"]
    for name in ("columns", "drop", "na"):
        given[name] = tuple(given[name])
    given["shape"] = sides(given["shape"], "--shape")
    given["image_size"] = sides(given["image_size"], "--image-size", 2)
    return ReadOptions(**given)


def sides(text: str | None, option: str, count: int | None = None) -> tuple[int, ...] | None:
    """Parse a shape such as 28x28."""
    if text is None:
        return None
    parts = text.lower().split("x")
    known = all(part.isdecimal() and int(part) for part in parts)
    if not known or len(parts) not in ((count,) if count else (1, 2, 3)):
        raise typer.BadParameter(f"{option} {text}: height x width is expected, such as 64x48.")
    return tuple(map(int, parts))


# --- loading --------------------------------------------------------------------------------


def is_named(data: str) -> bool:
    """Whether DATA is the name of a data set, known or misspelled, and not a path."""
    load_libraries("jamjae.data.catalog")
    from jamjae.data import catalog

    path = "/" in data or "\\" in data or bool(Path(data).suffix) or data == "-"
    return data in catalog.NAMES or not (path or Path(data).exists())


def files_read(data: str, reading: ReadOptions, *others: Path) -> list[Path]:
    """Give the files and folders that a command reads."""
    found = [*others]
    if not is_named(data):
        found.append(Path(data))
    if reading.label_file is not None:
        found.append(Path(reading.label_file))
    return found


def load(
    voice: Voice, data: str, reading: ReadOptions, *, model: Autoencoder | None = None
) -> Dataset:
    """Load data and print what was read; images get the size and channels of `model`.

    Columns of a table are those of `model`, by their names, if there are all of them.
    """
    from jamjae.data import reading as files
    from jamjae.data.readers import images

    if is_named(data):
        found = _load_named(data, reading)
    else:
        are_images = images.can_read(Path(data))
        size = None if model is None or not are_images else _size_of(model)
        if size is not None and reading.image_size is None:
            reading = replace(reading, image_size=size)
        found = files.read_with(data, reading, () if model is None else fitted_names(model))
        if size is not None and model is not None:
            color = len(model.row_shape_) == 3
            found = _in_channels(found, color)
    say(voice, data, found)
    return found


def say(voice: Voice, data: str, found: Dataset) -> None:
    """Print what was read."""
    shape = " x ".join(map(str, found.X.shape))
    voice.note(f"read {data}: {shape}{_dtype(found.X)}")
    for note in found.notes:
        voice.note(f"  {note}")


def _in_channels(found: Dataset, color: bool) -> Dataset:
    """Convert images to color or gray, and say so."""
    from jamjae.data.readers import image_files

    made = replace(found, X=image_files.in_channels(found.X, color))
    if made.X.ndim == found.X.ndim:
        return found
    change = "gray to color" if color else "color to gray"
    return made.noted(f"channels: {change}, as the model's images are")


def sampled(voice: Voice, found: Dataset, rows: int) -> Dataset:
    """Take at most some rows into memory, at random, of data that are read piece by piece."""
    from jamjae.data import memory
    from jamjae.data.dataset import sample_rows
    from jamjae.data.rows import is_piecewise

    if not is_piecewise(found.X):
        return found
    n = len(found.X)
    there = memory.available() or found.X.nbytes
    fitting = int(memory.SHARE * there / (found.X.nbytes / n))
    chosen, note = sample_rows(n, ReadOptions(limit=max(min(rows, n, fitting), 1)))
    note = note.replace("limit:", "sample:") + ", as the data are read piece by piece"
    voice.note(f"  {note}")
    return found.take(chosen).noted(note)


def _load_named(data: str, reading: ReadOptions) -> Dataset:
    from jamjae.data import catalog
    from jamjae.data import reading as files

    if data in catalog.NAMES and not catalog.NAMES[data].files:
        load_libraries("sklearn.datasets")  # which generates or contains them
    unused = reading.given(*(name for name in vars(reading) if name not in NAMED_TAKE))
    if unused:
        raise typer.BadParameter(
            f"--{unused[0].replace('_', '-')} has no effect on the data set {data}. Leave it out."
        )
    return files.limited(catalog.load(data, reading.subset or "train"), reading)


def _size_of(model: Autoencoder) -> tuple[int, int] | None:
    shape = model.row_shape_
    return (shape[0], shape[1]) if len(shape) > 1 else None


def _dtype(X: Any) -> str:
    return f", {X.dtype}" if hasattr(X, "dtype") else ""


def fitted_names(model: Autoencoder) -> tuple[str, ...]:
    """Give the names of the columns that a model was fitted to, none if they had none."""
    source = getattr(model, "table_encoder_", None)
    source = source if hasattr(source, "feature_names_in_") else model
    return tuple(getattr(source, "feature_names_in_", ()))


def fitted_rows(model: Autoencoder, found: Dataset) -> Any:
    """Return the rows, or refuse columns other than those the model was fitted to."""
    from jamjae.errors import ShapeMismatchError

    names = fitted_names(model)
    if names and found.feature_names and names != found.feature_names:
        if lacking := [name for name in names if name not in found.feature_names]:
            raise ShapeMismatchError(
                f"The data lack columns that the model was fitted to: {_few(lacking)}. They have "
                f"{_few(found.feature_names)}."
            )
        raise ShapeMismatchError(
            f"The model was fitted to the columns {_few(names)}, but the data have "
            f"{_few(found.feature_names)}. Choose them with --columns or --drop, or name a column "
            "of classes with --label."
        )
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    if len(model.row_shape_) > 1:
        from jamjae.data.rows import row_chunks
        from jamjae.models.validation import warn_of_other_range

        warn_of_other_range(model, found.X[row_chunks(found.X)[0]])
    return found.X


def _few(names: Iterable[str]) -> str:
    from jamjae.errors import brief

    return brief(", ".join(names))
