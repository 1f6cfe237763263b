"""The metrics of a comparison: their titles, which direction is better, their number format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class MetricColumn(NamedTuple):
    """One metric.

    Attributes
    ----------
    title, head : str
        In full, and as the heading of a narrow column.
    better : {"low", "high"} or str
        Or ``"near 1"``.
    form : str
        Format of a value; ``"si"`` for seconds in s, ms or µs.
    needs : {"", "images", "labels", "bytes"}
        What the metric requires of the data, or that bytes were asked for.
    log : bool
        Whether a figure's axis is logarithmic.
    """

    title: str
    head: str
    better: str
    form: str = ".4f"
    needs: str = ""
    log: bool = False

    def best(self, values: Iterable[float]) -> float:
        """Choose the best value."""
        if self.better.startswith("near"):
            aim = float(self.better.removeprefix("near"))
            return min(values, key=lambda value: abs(value - aim))
        return (min if self.better == "low" else max)(values)

    def show(self, value: float) -> str:
        """Format a value."""
        if self.form == "si":
            return _seconds(value)
        return format(value, self.form)


def _seconds(value: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-6:.3g} µs"


COLUMNS: dict[str, MetricColumn] = {
    "train_mse": MetricColumn("MSE, training rows", "train MSE", "low", ".4g", log=True),
    "test_mse": MetricColumn("MSE, held-out rows", "test MSE", "low", ".4g", log=True),
    "train_explained_variance": MetricColumn(
        "explained variance, training rows", "train R²", "high", ".4f"
    ),
    "test_explained_variance": MetricColumn(
        "explained variance, held-out rows", "test R²", "high", ".4f"
    ),
    "test_psnr": MetricColumn("PSNR, held-out rows (dB)", "PSNR", "high", ".2f", "images"),
    "test_ssim": MetricColumn("SSIM, held-out rows", "SSIM", "high", ".4f", "images"),
    "train_trustworthiness": MetricColumn("trustworthiness, training rows", "trust", "high"),
    "test_trustworthiness": MetricColumn("trustworthiness, held-out rows", "test trust", "high"),
    "train_continuity": MetricColumn("continuity, training rows", "contin.", "high"),
    "test_continuity": MetricColumn("continuity, held-out rows", "test contin.", "high"),
    "train_neighborhood_recall": MetricColumn(
        "neighborhood recall, training rows", "recall", "high"
    ),
    "test_neighborhood_recall": MetricColumn(
        "neighborhood recall, held-out rows", "test recall", "high"
    ),
    "train_stress": MetricColumn("stress, training rows", "stress", "low"),
    "test_stress": MetricColumn("stress, held-out rows", "test stress", "low"),
    "train_neighborhood_hit": MetricColumn(
        "neighborhood hit, training rows", "hit", "high", needs="labels"
    ),
    "test_neighborhood_hit": MetricColumn(
        "neighborhood hit, held-out rows", "test hit", "high", needs="labels"
    ),
    "knn1_accuracy": MetricColumn("1-NN accuracy, held-out rows", "1-NN", "high", ".3f", "labels"),
    "knn5_accuracy": MetricColumn("5-NN accuracy, held-out rows", "5-NN", "high", ".3f", "labels"),
    "linear_probe_accuracy": MetricColumn(
        "linear probe accuracy, held-out rows", "probe", "high", ".3f", "labels"
    ),
    "bits_per_value": MetricColumn("bits of code per value of the data", "bits", "low", ".3g"),
    "bytes_per_row": MetricColumn(
        "bytes of a code, rounded at 1 % more error", "bytes", "low", ".3g", "bytes", log=True
    ),
    "numbers_stored": MetricColumn(
        "numbers stored by the fitted model", "stored", "low", ",.0f", log=True
    ),
    "fit_seconds": MetricColumn("time to fit (s)", "fit", "low", "si", log=True),
    "transform_seconds_per_row": MetricColumn(
        "time to transform one row (s)", "a row", "low", "si", log=True
    ),
}

GENERATION: dict[str, MetricColumn] = {
    "frechet_distance": MetricColumn("Fréchet distance", "Fréchet", "low", ".4g", log=True),
    "precision": MetricColumn("precision", "precision", "high", ".3f"),
    "recall": MetricColumn("recall", "recall", "high", ".3f"),
    "density": MetricColumn("density (1 as of real rows)", "density", "near 1", ".3f"),
    "coverage": MetricColumn("coverage", "coverage", "high", ".3f"),
    "two_sample_auc": MetricColumn("two-sample test, AUC", "2-sample", "near 0.5", ".3f"),
    "copied_share": MetricColumn("copies of training rows", "copies", "low", ".3f"),
    "mean_marginal_distance": MetricColumn("distance of columns, mean", "columns", "low", ".3f"),
    "correlation_difference": MetricColumn("difference of correlations", "correl.", "low", ".3f"),
    "fit_seconds": COLUMNS["fit_seconds"],
    "sample_seconds_per_row": MetricColumn(
        "time to draw one row (s)", "a row", "low", "si", log=True
    ),
}


ANOMALY: dict[str, MetricColumn] = {
    "roc_auc": MetricColumn("ROC-AUC", "AUC", "high"),
    "average_precision": MetricColumn("average precision", "precision", "high"),
    "false_alarms": MetricColumn("false alarms, at .05", "false alarms", "near 0.05"),
    "detected": MetricColumn("anomalies reported, at .05", "reported", "high"),
    "fit_seconds": COLUMNS["fit_seconds"],
    "score_seconds_per_row": MetricColumn(
        "time to score one row (s)", "a row", "low", "si", log=True
    ),
}


class Task(NamedTuple):
    """What methods are compared for.

    Attributes
    ----------
    columns : dict of str to MetricColumn
    shown : tuple of str
        Columns by importance: a narrow terminal shows only the first of them.
    charted : tuple of str
        Columns of the figure.
    labelled : str
        The column that stands beside images, and its name there.
    caption : str
        Of the images.
    """

    columns: dict[str, MetricColumn]
    shown: tuple[str, ...]
    charted: tuple[str, ...]
    labelled: tuple[str, str]
    caption: str


TASKS = {
    "reconstruct": Task(
        COLUMNS,
        (
            *(
                "test_mse",
                "bytes_per_row",
                "train_mse",
                "train_trustworthiness",
                "knn5_accuracy",
                "fit_seconds",
            ),
            *("test_trustworthiness", "linear_probe_accuracy", "knn1_accuracy"),
            *("transform_seconds_per_row", "test_neighborhood_recall", "test_ssim", "test_psnr"),
            "numbers_stored",
        ),
        ("test_mse", "train_trustworthiness", "knn5_accuracy", "fit_seconds"),
        ("test_mse", "MSE"),
        "Held-out images and their reconstructions from {} components.",
    ),
    "generate": Task(
        GENERATION,
        (
            *("frechet_distance", "coverage", "two_sample_auc", "copied_share", "fit_seconds"),
            *("density", "precision", "recall", "sample_seconds_per_row"),
            *("mean_marginal_distance", "correlation_difference"),
        ),
        ("frechet_distance", "coverage", "copied_share", "fit_seconds"),
        ("frechet_distance", "Fréchet"),
        "Held-out images, and samples of each method with {} components.",
    ),
    "anomaly": Task(
        ANOMALY,
        (
            *("roc_auc", "average_precision", "false_alarms", "detected", "fit_seconds"),
            "score_seconds_per_row",
        ),
        ("roc_auc", "average_precision", "false_alarms", "fit_seconds"),
        ("roc_auc", "AUC"),
        "",
    ),
}
