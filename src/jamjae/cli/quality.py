"""Reconstructions beside those of PCA: measured, printed and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jamjae.cli.fitting import mse_unit
from jamjae.data.text_tables import text_table

if TYPE_CHECKING:
    import numpy as np

    from jamjae import Autoencoder
    from jamjae.evaluation.evaluating import Evaluation


def beside(model: Autoencoder, X: np.ndarray) -> np.ndarray:
    """Reconstruct rows by the model's PCA, with the same rule for clipping."""
    from jamjae.evaluation import reconstruct

    return reconstruct(model.baseline_, X, dtype=model.dtype_)


def quality(
    model: Autoencoder, X: np.ndarray, reconstructions: dict[str, np.ndarray]
) -> tuple[dict[str, Any], str]:
    """Evaluate reconstructions; return values for JSON and a table."""
    from jamjae.evaluation import evaluate_reconstruction

    found = {
        name: evaluate_reconstruction(X, rows, dtype=model.dtype_)
        for name, rows in reconstructions.items()
    }
    return reported(model, len(X), found)


def reported(
    model: Autoencoder, n: int, evaluations: dict[str, Evaluation]
) -> tuple[dict[str, Any], str]:
    """Give the quality of n rows as values for JSON and as a table."""
    found = {name: evaluation.known() for name, evaluation in evaluations.items()}
    heads = {
        "mse": f"MSE{mse_unit(model.dtype_)}",
        "explained_variance": "explained",
        "psnr": "PSNR, dB",
        "ssim": "SSIM",
    }
    metrics = list(found["jamjae"])
    rows = [_cells(name, values) for name, values in found.items()]
    return {"rows": n, **found}, text_table(["", *(heads[metric] for metric in metrics)], rows)


def _cells(name: str, found: dict[str, float]) -> list[str]:
    formats = {"mse": ".6g", "explained_variance": ".2%", "psnr": ".2f", "ssim": ".4f"}
    return [name, *(f"{found[key]:{form}}" for key, form in formats.items() if key in found)]


def draw(
    model: Autoencoder,
    X: np.ndarray,
    reconstructions: dict[str, np.ndarray],
    folder: Path,
    shown: int,
) -> None:
    """Draw originals above reconstructions, and the loss curve with PCA's error."""
    from jamjae import plotting
    from jamjae.evaluation import evaluate_reconstruction
    from jamjae.models.plan import squares

    few = evenly(len(X), shown)
    rows, labels = [X[few]], ["original"]
    for name, images in reconstructions.items():
        found = evaluate_reconstruction(X, images, dtype=model.dtype_, image_metrics=False)
        rows.append(images[few])
        labels.append(f"{name}  MSE {found.mse:.4g}")
    if X.ndim == 3 or X.shape[-1] in (1, 3):
        figure = plotting.image_grid(rows, row_labels=labels, data_range=value_span(model, X))
        plotting.save(figure, folder / "originals-and-reconstructions.png")
    baseline = model.baseline_error_ / model.scale_**2 if squares(model) else None
    history = {name: values for name, values in model.history_.items() if "loss" in name}
    plotting.save(plotting.loss_curve(history, baseline=baseline), folder / "loss.png")


def evenly(n: int, shown: int) -> list[int]:
    """Choose rows to show, evenly from all n."""
    return [i * n // min(shown, n) for i in range(min(shown, n))]


def value_span(model: Autoencoder, rows: np.ndarray) -> tuple[float, float]:
    """Give the values that become black and white."""
    from jamjae.data.rows import value_range
    from jamjae.evaluation import pixel_range

    if hasattr(rows, "iloc"):
        return 0.0, 1.0  # a table
    if (highest := pixel_range(model.dtype_)) > 1:
        return 0.0, highest
    low, high = value_range(rows)
    return low, high if high > low else low + 1.0
