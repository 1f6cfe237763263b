"""How well rows in files are reconstructed, measured piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from jamjae.data.preprocessing import PIXELS
from jamjae.data.rows import Array, row_chunks, value_range
from jamjae.evaluation import metrics
from jamjae.evaluation.evaluating import (
    MOST_SSIM,
    SMALLEST_IMAGE,
    Evaluation,
    clipped,
    pixel_range,
    reconstruct,
)


def pieces_beside_pca(
    model: Any, X: Array, pieces: Iterable[np.ndarray] | None = None
) -> Iterator[tuple[slice, np.ndarray, dict[str, np.ndarray]]]:
    """Give pieces of rows with their reconstructions by a model and by its PCA.

    Parameters
    ----------
    model : fitted estimator
    X : rows (n, ...)
    pieces : iterable of array, optional
        Reconstructions by the model of each piece, where they were computed elsewhere.

    Yields
    ------
    rows, originals, reconstructions
    """
    reconstructed = model.reconstruct_pieces(X) if pieces is None else pieces
    for chunk, made in zip(row_chunks(X), reconstructed, strict=True):
        some = X[chunk].reshape(made.shape)
        yield (
            chunk,
            some,
            {"jamjae": made, "PCA": reconstruct(model.baseline_, some, dtype=model.dtype_)},
        )


class Tally:
    """Errors that are summed over pieces: the result is that of `evaluate_reconstruction`.

    Parameters
    ----------
    X : array or rows in files of shape (n, ...)
        All rows: their mean and range are found in one pass.
    dtype : dtype
        The type that fixes the range of the data.
    """

    def __init__(self, X: Array, dtype: Any) -> None:
        self.n, self.dtype = len(X), np.dtype(dtype)
        self.mean = sum(X[c].sum(axis=0, dtype=np.float64) for c in row_chunks(X)) / len(X)
        images = X.ndim > 2
        self.span = (PIXELS.get(self.dtype.name) or np.ptp(value_range(X))) if images else 0.0
        self.step = max(len(X) // MOST_SSIM, 1)
        self.sums: dict[str, dict[str, float]] = {}
        self.variance, self.shown = 0.0, 0

    def add(self, rows: slice, originals: np.ndarray, made: dict[str, np.ndarray]) -> None:
        """Add a piece: original rows, and their reconstructions by method."""
        self.variance += float(np.square(originals - self.mean.reshape(originals.shape[1:])).sum())
        some = np.flatnonzero(np.arange(*rows.indices(self.n)) % self.step == 0)
        self.shown += len(some)
        for name, reconstructed in made.items():
            sums = self.sums.setdefault(name, dict.fromkeys(("error", "psnr", "ssim"), 0.0))
            found = clipped(reconstructed, self.dtype)
            sums["error"] += float(np.square(np.subtract(originals, found, dtype=float)).sum())
            if self.span > 0:
                psnr = metrics.psnr(originals, found, data_range=self.span)
                sums["psnr"] += psnr * len(originals)
            if self._has_ssim(originals) and len(some):
                ssim = metrics.ssim(originals[some], found[some], data_range=self.span)
                sums["ssim"] += ssim * len(some)

    def results(self) -> dict[str, Evaluation]:
        """Give the quality by method."""
        return {name: self._result(**sums) for name, sums in self.sums.items()}

    def _has_ssim(self, rows: np.ndarray) -> bool:
        return self.span > 0 and min(rows.shape[1:3]) >= SMALLEST_IMAGE

    def _result(self, error: float, psnr: float, ssim: float) -> Evaluation:
        explained = 1.0 - error / self.variance if self.variance else float(error == 0)
        mse = error / (self.n * self.mean.size) / pixel_range(self.dtype) ** 2
        images = self.span > 0
        large = images and min(self.mean.shape[:2]) >= SMALLEST_IMAGE
        return Evaluation(
            mse,
            explained,
            psnr / self.n if images else None,
            ssim / self.shown if large else None,
        )
