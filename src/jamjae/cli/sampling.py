"""``jamjae sample``."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamjae.cli import completion
from jamjae.cli.options import Json, Model, Quiet
from jamjae.cli.output import Voice
from jamjae.cli.places import Force
from jamjae.cli.quality import value_span
from jamjae.cli.transforming import TABLES, opened, require_place_of, write
from jamjae.errors import InvalidDataError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

    from jamjae import Autoencoder

SHEET = "sheet.png"
LINES, LINE = 20, 10  # classes on the sheet, and images of each
SEEDS = 2**32  # of NumPy's generator
LISTED = 20  # classes that a message lists
UNSAFE = re.compile(r"[\x00-\x1f/\\\\:*?\"<>|]")  # in the name of a file

Classes = dict[Any, float]  # class, as the density knows it, and its share


def sample(
    model: Model,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A folder for images, or a .npy, .npz, .csv, .tsv or .parquet file.",
        ),
    ],
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="Number of samples.")] = 64,
    class_: Annotated[
        list[str],
        typer.Option(
            "--class",
            metavar="CLASS[=SHARE]",
            help="Class of the samples, by name or number; repeat it for several. By default all "
            "classes, as often as in the training rows.",
            autocompletion=completion.classes,
        ),
    ] = [],  # noqa: B006 - Typer's default for a list
    temperature: Annotated[
        float,
        typer.Option(min=0.0, help="Below 1 samples are more typical and less varied."),
    ] = 1.0,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, max=SEEDS - 1, help="Random seed; by default a new one, which is printed."
        ),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Draw new rows from the density of MODEL and write images to a folder, or a table.

    The density is that of jamjae fit --density, or the prior of a variational autoencoder.
    """
    voice = Voice(quiet=quiet, as_json=json)
    fitted = opened(model)
    require_place_of(fitted.row_shape_, output, [model], force=force)
    _require_density(fitted, model)
    asked = _asked(fitted, class_)
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    began = time.perf_counter()
    rows, classes = fitted.sample(number, asked or None, seed, temperature, return_y=True)
    seconds = time.perf_counter() - began
    titles = None if classes is None else _titles(fitted, classes)
    notes = _write(fitted, output, rows, classes, titles)
    counts = {} if titles is None else {name: titles.count(name) for name in sorted({*titles})}
    kind = fitted.density_.kind
    values: dict[str, Any] = {
        "rows": list(rows.shape),
        "classes": counts,
        "density": kind,
        "notes": notes,
    }
    values |= {"seed": seed, "temperature": temperature, "seconds": seconds, "output": str(output)}
    said = f"wrote {output}: {_said(rows.shape, counts)}, drawn from a {kind} with seed {seed}"
    voice.result(values, *notes, said)


def _require_density(model: Autoencoder, path: Path) -> None:
    if not hasattr(model, "density_"):
        raise InvalidDataError(
            f"Cannot draw samples from {str(path)!r}: it holds no density of the model's codes. "
            f"Fit the model with one: jamjae fit DATA -o {path} --density auto"
        )


# --- classes --------------------------------------------------------------------------------


def _asked(model: Autoencoder, given: Sequence[str]) -> Classes:
    """Give the classes that ``--class`` names, each with its share."""
    known = _known(model)
    if given and not known:
        raise InvalidDataError(
            f"Cannot draw samples of the class {given[0]!r}: the density has no classes. Fit the "
            "model to data with labels: jamjae fit DATA -o MODEL --label COLUMN --density auto"
        )
    shares: Classes = {}
    plain = [_class_of(text, known) is not None for text in given]
    for text, whole in zip(given, plain, strict=True):
        name, share = (text, 1.0) if whole else _parted(text)
        found = _class_of(name, known)
        if found is None:
            raise InvalidDataError(_unknown(name, known))
        if found[0] in shares:
            raise typer.BadParameter(f"--class {name}: it is given twice.")
        shares[found[0]] = share
    if any(plain) and not all(plain):
        raise typer.BadParameter(
            "--class: some classes have a share and some have none. Give all of them one, such as "
            "--class A=.7 --class B=.3, or none."
        )
    return shares


def _known(model: Autoencoder) -> dict[str, Any]:
    """Give the classes of the density by name, as text."""
    names = [str(name) for name in getattr(model, "class_names_", ())]
    labels = model.density_.classes_.tolist()
    if not names or not all(type(label) is int and 0 <= label < len(names) for label in labels):
        return {str(label): label for label in labels}
    return {names[label]: label for label in labels}


def _class_of(text: str, known: dict[str, Any]) -> tuple[Any] | None:
    """Find a class by its name, or by its number where no class has that name."""
    if text in known:
        return (known[text],)
    numbers = {str(label): label for label in known.values()}
    return (numbers[text],) if text in numbers else None


def _parted(text: str) -> tuple[str, float]:
    name, mark, share = text.rpartition("=")
    if not mark:
        return text, 1.0
    try:
        return name, float(share)
    except ValueError:
        raise typer.BadParameter(
            f"--class {text}: a number is expected after =, such as {name}=0.5."
        ) from None


def _unknown(name: str, known: dict[str, Any]) -> str:
    names = list(known)
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return (
        f"Cannot draw samples of the class {name!r}: no row of the training data had it."
        f"{did_you_mean(name, names)} The classes are {', '.join(names[:LISTED])}{more}."
    )


def _titles(model: Autoencoder, classes: np.ndarray) -> list[str]:
    """Give the name of each sample's class; samples without a class have an empty name."""
    names = {label: name for name, label in _known(model).items()}
    return [names.get(label, "") for label in classes.tolist()]


# --- files ----------------------------------------------------------------------------------


def _write(
    model: Autoencoder,
    output: Path,
    rows: Any,
    classes: np.ndarray | None,
    titles: list[str] | None,
) -> list[str]:
    """Write samples, and images with a sheet of them; give what there is to say about it."""
    kind = output.suffix.lower()
    if kind in TABLES:
        write(model, output, _typed(model, rows), (), (0.0, 1.0), titles or ())
        unkept = kind == ".npy" and titles is not None
        return ["the .npy file does not hold the classes; .npz does"] if unkept else []
    span = value_span(model, _ends(model))
    write(model, output, rows, _file_names(len(rows), titles), span)
    return _sheet(model, output, rows, classes, span)


def _typed(model: Autoencoder, rows: Any) -> Any:
    """Give a table whose columns of whole numbers are whole where others are not."""
    whole = model.sampling_.span.whole
    if hasattr(rows, "iloc") or rows.ndim != 2 or not whole.any() or whole.all():
        return rows
    from pandas import DataFrame

    names = getattr(model, "feature_names_in_", [f"x{i + 1}" for i in range(rows.shape[1])])
    frame = DataFrame(rows, columns=[str(name) for name in names])
    return frame.astype({frame.columns[i]: "int64" for i in whole.nonzero()[0]})


def _ends(model: Autoencoder) -> np.ndarray:
    """Give the least and the greatest value of the training rows."""
    import numpy as np

    span = model.sampling_.span
    return np.array([span.low.min(), span.high.max()])


def _file_names(n: int, titles: list[str] | None) -> list[str]:
    """Name files by the class and the number of each sample."""
    if titles is None:
        return [f"{i:05d}" for i in range(n)]
    safe = {title: UNSAFE.sub("_", title).strip(". ") for title in {*titles}}
    return [f"{safe[t]}-{i:05d}" if safe[t] else f"{i:05d}" for i, t in enumerate(titles)]


def _sheet(
    model: Autoencoder,
    folder: Path,
    images: np.ndarray,
    classes: np.ndarray | None,
    span: tuple[float, float],
) -> list[str]:
    """Draw the first samples of each class as a sheet."""
    from jamjae import plotting
    from jamjae.errors import MissingDependencyError

    if images.ndim == 4 and images.shape[-1] not in (1, 3):
        return [f"no {SHEET}: images of {images.shape[-1]} channels cannot be drawn"]
    labels: Any = None
    names, note = None, []
    if classes is not None and any(label is not None for label in classes.tolist()):
        drawn = sorted({label for label in classes.tolist() if label is not None})
        if len(drawn) > LINES:
            note = [f"{SHEET} shows the first {LINES} of {len(drawn)} classes"]
        places = {label: place for place, label in enumerate(drawn[:LINES])}
        labels = [places.get(label) for label in classes.tolist()]
        titles = {label: name for name, label in _known(model).items()}
        names = [titles[label] for label in places]
    try:
        figure = plotting.sample_sheet(
            images, labels, class_names=names, per_line=LINE, data_range=span
        )
        plotting.save(figure, folder / SHEET)
    except MissingDependencyError as error:
        return [f"no {SHEET}: {error}"]
    return note


def _said(shape: Sequence[int], counts: dict[str, int]) -> str:
    from jamjae.data.readers.cells import listed

    size = " x ".join(map(str, shape))
    each = (f"{name or 'without a class'} {n:,}" for name, n in counts.items())
    return f"{size} ({listed(each, 12)})" if counts else size
