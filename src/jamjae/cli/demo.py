"""``jamjae demo``: from data to a saved model and its figures, on the digits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jamjae.cli.fitting import comparison, train
from jamjae.cli.guard import load_libraries
from jamjae.cli.options import Quiet
from jamjae.cli.output import Voice
from jamjae.cli.places import Force, require_folder
from jamjae.cli.quality import beside, draw, quality
from jamjae.cli.transforming import opened
from jamjae.errors import ModelFileError

if TYPE_CHECKING:
    from jamjae import Autoencoder
    from jamjae.data.dataset import Dataset

COMPONENTS = 8
EVERY = 5  # every fifth digit is held out


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the results.")] = Path(
        "demo"
    ),
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Compress handwritten digits, and compare with PCA."""
    voice = Voice(quiet=quiet)
    require_folder(output, [], force=force)
    load_libraries("sklearn.datasets")
    import numpy as np

    from jamjae import load_digits

    digits = load_digits()
    held = np.arange(len(digits.X)) % EVERY == 0
    voice.note(f"{len(digits.X)} digits of 8 x 8 pixels, {held.sum()} of them held out")
    model, seconds = train(voice, digits.X[~held], COMPONENTS, {"random_state": seed})
    again = opened(model.save(output / "digits.jamjae"))
    X = digits.X[held]
    if not np.array_equal(again.transform(X), model.transform(X)):
        raise ModelFileError("The model gives different codes after saving and loading.")
    reconstructions = {"jamjae": again.reconstruct(X), "PCA": beside(again, X)}
    values, lines = quality(again, X, reconstructions)
    draw(again, X, reconstructions, output, shown=12)
    _draw_codes(digits, seed, output, voice)
    _explore(again, digits, seed, output, voice)
    voice.result(
        values,
        comparison(model),
        f"\n{len(X)} held-out digits, {COMPONENTS} components each\n{lines}",
        f"\ntrained in {seconds:.1f} s; the saved and reloaded model gives the same codes",
        *(f"wrote {file}" for file in sorted(output.iterdir())),
    )


def _explore(model: Autoencoder, digits: Dataset, seed: int, output: Path, voice: Voice) -> None:
    """Write a page with a map of all digits' codes that decodes live."""
    from jamjae import explore

    voice.note("writing a page of all codes")
    page = explore(
        model,
        digits.X,
        digits.y,
        class_names=digits.class_names,
        title="Handwritten digits",
        random_state=seed,
    )
    page.save(output / "explorer.html")


def _draw_codes(digits: Dataset, seed: int, output: Path, voice: Voice) -> None:
    """Draw the codes of two components of all digits, colored by class."""
    from jamjae import Autoencoder, plotting

    voice.note("fitting 2 components, for a figure of the codes")
    plane = Autoencoder(2, random_state=seed).fit(digits.X)
    axes = plotting.code_scatter(
        plane.transform(digits.X),
        digits.y,
        class_names=digits.class_names,
        title="1,797 digits as 2 components each",
    )
    plotting.save(axes, output / "codes.png")
