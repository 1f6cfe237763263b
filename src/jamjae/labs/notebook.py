"""A lab's notebook: sections, paragraphs, figures and tables, which become a report."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from jamjae import plotting
from jamjae.errors import InvalidDataError, MissingDependencyError
from jamjae.evaluation import evaluate_reconstruction, pixel_range, reconstruct
from jamjae.labs import data
from jamjae.labs.settings import Settings
from jamjae.labs.translation import Words
from jamjae.plotting.style import korean_fonts, warn_of_missing_font
from jamjae.report import Cell, Heading, Illustration, Notes, Paragraph, Part, Report, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from jamjae.data.dataset import Dataset
    from jamjae.evaluation.comparison import Comparison
    from jamjae.models.autoencoder import Autoencoder

QUICK = "quick"
Model = TypeVar("Model", bound=Any)
Watch = Callable[[Any], Any]


@dataclass
class Notebook:
    """A lab's report while it is being written.

    Parameters
    ----------
    name, title : str
        Name and title of the lab, in English.
    settings : Settings
    note : callable
        Called with one line of text at the start of each step.
    progress : callable
        Returns a context manager that yields a callback for training.
    """

    name: str
    title: str
    settings: Settings
    note: Callable[[str], None] = lambda _: None
    progress: Callable[[], AbstractContextManager[Watch]] = lambda: nullcontext(lambda _: None)
    parts: list[Part] = field(default_factory=list)
    numbers: list[dict[str, Any]] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.words = Words(self.settings.language)
        self.began = time.perf_counter()

    # --- settings and data ------------------------------------------------------------------

    @property
    def seed(self) -> int:
        """Random seed."""
        return self.settings.seed

    @property
    def quick(self) -> bool:
        """Whether the run uses few rows and epochs."""
        return self.settings.quick

    def few(self, whole: int, quick: int) -> int:
        """Give the first number, or the second in a quick run."""
        return quick if self.quick else whole

    def epochs(self, whole: int) -> int:
        """Give the number of epochs, which is one in a quick run."""
        return self.few(whole, 1)

    @property
    def default(self) -> dict[str, Any]:
        """Parameters of jamjae's default models: the seed, and fewer epochs in a quick run."""
        short = {"epochs": 20} if self.quick else {}
        return {"random_state": self.seed, **short}

    def rows(self) -> data.Halves:
        """Load training and test rows: Fashion-MNIST, or what ``--data`` names."""
        halves = data.rows(self.settings, (self.few(60_000, 2_000), self.few(10_000, 500)))
        self.say(
            "{source}: {train} training rows and {test} test rows of {shape} values each.",
            source=halves.train.description,
            train=f"{len(halves.train.X):,}",
            test=f"{len(halves.test.X):,}",
            shape=" × ".join(map(str, halves.train.X.shape[1:])),
        )
        return halves

    def components(self, asked: int, row_shape: Sequence[int]) -> int:
        """Give the number of components: as asked, or a smaller square number for small rows."""
        return data.components(asked, row_shape)

    def photos(self) -> data.Halves:
        """Load 30 training and 10 test photographs, or those of ``--images``."""
        return data.photographs(self.settings, (self.few(300, 8), self.few(100, 3)))

    def fit(self, title: str, model: Model, X: Any, **options: Any) -> Model:
        """Fit a model, report its progress, and record the time."""
        self.step(f"{title}: {len(X):,} rows")
        began = time.perf_counter()
        with self.progress() as watch:
            model.set_params(callbacks=(*model.callbacks, watch)).fit(X, **options)
        model.set_params(callbacks=())
        self.seconds[title] = time.perf_counter() - began
        return model

    def fit_chapter(
        self, title: str, make: Callable[..., Any], k: int, epochs: int, X: np.ndarray
    ) -> Autoencoder:
        """Fit the pair that ``make(shape, k)`` gives by the chapter's recipe.

        RMSprop, batches of 32, unscaled data; every lab starts from the same weights.
        """
        import keras

        from jamjae import Autoencoder

        keras.utils.set_random_seed(self.seed)
        encoder, decoder = make(X.shape[1:], k)
        model = Autoencoder(
            encoder=encoder,
            decoder=decoder,
            scaling=None,
            optimizer="rmsprop",
            schedule="constant",
            batch_size=32,
            epochs=self.epochs(epochs),
            random_state=self.seed,
        )
        return self.fit(title, model, X)

    @staticmethod
    def classes(rows: Dataset, *, least: int = 1) -> np.ndarray:
        """Give the class of each row, or refuse data with too few classes before training."""
        found = 0 if rows.y is None else len(np.unique(rows.y))
        if rows.y is None or found < least:
            raise InvalidDataError(
                f"This lab needs at least {least} class{'es' if least > 1 else ''}, but the data "
                f"have {found or 'none'}. Put the images of each class into a subfolder, or "
                "name the column of a table with --label."
            )
        return rows.y

    @contextmanager
    def optional(self, name: str) -> Iterator[None]:
        """Skip a method whose library is missing, and note this in the report."""
        try:
            yield
        except MissingDependencyError as error:
            self.parts.append(Notes([f"{self.words(name)}: {error}"]))

    # --- parts of the report ----------------------------------------------------------------

    def section(self, title: str) -> None:
        """Start a section."""
        self.sections.append(title)
        self.step(title)
        self.parts.append(Heading(self.words(title)))

    def say(self, text: str, **values: Any) -> None:
        """Write a paragraph; ``{name}`` stands for a value."""
        self.parts.append(Paragraph(self.words(text, **values)))

    def step(self, text: str) -> None:
        """Note the step that starts now, outside the report."""
        self.note(f"{self.name}: {text}")

    def label(self, text: str, **values: Any) -> str:
        """Translate a label of a figure; it stays English where no font has Korean letters."""
        english, label = Words("en")(text, **values), self.words(text, **values)
        if label == english or korean_fonts():
            return label
        warn_of_missing_font("The figures of this report are labelled in English")
        return english

    def figure(self, name: str, drawn: Figure | Axes, caption: str, **values: Any) -> None:
        """Add a figure with its caption."""
        figure: Any = drawn.figure
        if self.quick:
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
            style = {"ha": "right", "va": "bottom", "fontsize": 9, "color": "#D55E00"}
            figure.text(0.998, 0.004, QUICK, weight="bold", bbox=box, zorder=10, **style)
        text = self.words(caption, **values)
        self.parts.append(Illustration(name, figure, f"[{QUICK}] {text}" if self.quick else text))

    def network(self, model: Autoencoder) -> None:
        """Add a table of a model's layers, their output shapes and numbers of parameters."""
        lines: list[list[str]] = []
        for part, network in (("encoder", model.encoder_), ("decoder", model.decoder_)):
            for layer in network.layers:
                if layer.__class__.__name__ == "InputLayer":
                    continue
                shape = " × ".join(map(str, layer.output.shape[1:]))
                count = f"{layer.count_params():,}"
                lines.append([self.words(part), layer.__class__.__name__, shape, count])
            total = f"{network.count_params():,}"
            lines.append([self.words(part), self.words("total"), "", total])
        head = [self.words(text) for text in ("network", "layer", "output", "parameters")]
        self.parts.append(Table(head, lines, words=2))

    def reconstructed(self, name: str, model: Autoencoder, X: np.ndarray, caption: str) -> None:
        """Add fifty images (quick: ten), their codes as images, and their reconstructions."""
        if X.ndim == 2:  # rows of a table are not images
            return
        shown = X[: self.few(50, 10)]
        codes = model.transform(shown)
        rows = [shown, plotting.code_images(codes), model.inverse_transform(codes)]
        labels = [self.label(text) for text in ("original", "code", "reconstruction")]
        self.figure(name, plotting.image_blocks(rows, row_labels=labels), caption)

    def reconstructions(
        self,
        models: Mapping[str, Any],
        X: np.ndarray,
        X2: np.ndarray,
        recorded: Mapping[str, float],
    ) -> None:
        """Add reconstructions of some test rows by several models, and their errors.

        Parameters
        ----------
        models : mapping of str to Autoencoder or Principal
        X, X2 : arrays of shape (n, ...)
            Training and test rows, in the units of the data.
        recorded : mapping of str to float
            The final losses on record, of Fashion-MNIST's pixels from 0 to 255.
        """
        found: dict[str, dict[str, float]] = {}
        rows, labels = [X2[:10]], [self.label("original")]
        for name, model in models.items():
            errors = {
                "MSE, training rows": self.error(model, X),
                "MSE, test rows": self.error(model, X2),
            }
            if getattr(model, "scaling", "auto") is None:  # trained on the values as they are
                errors = {"final loss": float(model.history_["loss"][-1]), **errors}
            if name in self.seconds:
                errors["training time (s)"] = self.seconds[name]
            found[name] = errors
            rows.append(reconstruct(model, X2[:10]))
            labels.append(f"{self.label(name)}  MSE {errors['MSE, test rows']:.4f}")
        if X.ndim > 2:
            drawn = plotting.image_grid(rows, row_labels=labels)
            self.figure(
                "reconstructions", drawn, "Test rows, and their reconstructions by each model."
            )
        chapter = self.settings.data in (None, data.CHAPTER)
        known = {(name, "final loss"): loss for name, loss in recorded.items()}
        self.results(found, recorded=known if chapter else None)
        unit_text = (
            "pixels in [0, 1]" if pixel_range(X.dtype) > 1 else "in squared units of the data"
        )
        self.say("MSE is the mean squared error per value ({unit}).", unit=self.words(unit_text))

    @staticmethod
    def error(model: Any, X: np.ndarray) -> float:
        """Give a model's mean squared error per value; 8-bit values count from 0 to 1."""
        return evaluate_reconstruction(X, reconstruct(model, X), image_metrics=False).mse

    def losses(
        self, name: str, model: Autoencoder, caption: str, *, beside_pca: bool = True
    ) -> None:
        """Add a loss curve, with PCA's error as a line where both measure the same rows."""
        baseline = model.baseline_error_ / model.scale_**2 if beside_pca else None
        self.figure(name, plotting.loss_curve(model.history_, baseline=baseline), caption)

    def results(
        self,
        found: Mapping[str, Mapping[str, float]],
        *,
        recorded: Mapping[tuple[str, str], float] | None = None,
        better: Mapping[str, Callable[..., float]] | None = None,
    ) -> None:
        """Add a table of numbers, methods by metrics, with the recorded ones below them.

        Parameters
        ----------
        found : mapping of method to mapping of metric to float
        recorded : mapping of (method, metric) to float, optional
        better : mapping of metric to min or max, optional
            Which value of a column is marked as the best; by default the smallest MSE.
        """
        known = dict(recorded or {})
        metrics = list(dict.fromkeys(name for values in found.values() for name in values))
        if better is None:
            better = {metric: min for metric in metrics if metric.startswith("MSE")}
        best = {
            metric: choose(values[metric] for values in found.values() if metric in values)
            for metric, choose in better.items()
        }
        lines: list[list[Cell | str]] = []
        for method, values in found.items():
            line: list[Cell | str] = [self.words(method)]
            for metric in metrics:
                value, record = values.get(metric), known.get((method, metric))
                line.append(self._cell(value, record, value == best.get(metric, math.nan)))
                if value is not None:
                    row: dict[str, Any] = {
                        "lab": self.name,
                        "section": self.sections[-1],
                        "method": method,
                    }
                    row |= {"metric": metric, "value": value, "recorded": record}
                    self.numbers.append({**row, "quick": self.quick, "seed": self.seed})
            lines.append(line)
        self.parts.append(Table(["", *(self.words(metric) for metric in metrics)], lines))

    def _cell(self, value: float | None, recorded: float | None, best: bool) -> Cell:
        if value is None:
            return Cell("–", missing=True)
        small = [] if recorded is None else [f"{self.words('recorded')} {short(recorded)}"]
        small += [QUICK] if self.quick else []
        return Cell(short(value), ", ".join(small), best=best)

    def comparison(self, name: str, found: Comparison, colors: Any = None) -> None:
        """Add a comparison: all embeddings, then the table."""
        from jamjae.report.comparisons import block

        drawn = found.embeddings(colors=colors)
        if drawn is not None:
            self.figure(name, drawn, "The same rows, embedded in two dimensions by each method.")
        for size in found.sizes:
            _, *parts = block(found, size, self.words)
            self.parts += parts
        self.numbers += [
            {"lab": self.name, "section": self.sections[-1], "quick": self.quick, **row}
            for row in found.rows
        ]
        if self.quick:
            self.parts.append(Notes([f"[{QUICK}]"]))

    # --- the report -------------------------------------------------------------------------

    def report(self, missing: Sequence[str] = ()) -> Report:
        """Make a report of the parts so far."""
        title = self.words(self.title)
        parts = list(self.parts)
        if missing:
            named = ", ".join(self.words(section) for section in missing)
            text = self.words("This run was interrupted. Missing: {named}.", named=named)
            parts.insert(0, Paragraph(text, lead=True))
        if self.quick:
            text = "A quick run with few rows and epochs: the numbers only show that it works."
            parts.insert(0, Paragraph(f"[{QUICK}] {self.words(text)}", lead=True))
        seconds = time.perf_counter() - self.began
        return Report(
            title=f"{title} [{QUICK}]" if self.quick else title,
            parts=parts,
            metrics={
                "lab": self.name,
                "quick": self.quick,
                "complete": not missing,
                "missing": list(missing),
                "seed": self.seed,
                "seconds": seconds,
                "seconds_of_training": self.seconds,
                "numbers": self.numbers,
            },
            rows=self.numbers,
            facts={self.words("seed"): str(self.seed), self.words("time"): f"{seconds:.0f} s"},
            language=self.settings.language,
        )


def short(value: float) -> str:
    """Format a number with four significant digits."""
    if not np.isfinite(value):
        return "–"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4g}"
