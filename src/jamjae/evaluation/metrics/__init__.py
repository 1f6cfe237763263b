"""Quality of reconstructions and of codes: NumPy arrays in, one number out."""

from jamjae.evaluation.metrics.codes import (
    bits_per_value,
    knn_accuracy,
    linear_probe_accuracy,
    neighborhood_hit,
)
from jamjae.evaluation.metrics.neighbors import (
    continuity,
    neighborhood_recall,
    neighborhood_scores,
    sample,
    stress,
    trustworthiness,
)
from jamjae.evaluation.metrics.reconstruction import (
    data_range,
    explained_variance,
    mean_squared_error,
    psnr,
    row_errors,
    ssim,
)

__all__ = [
    "bits_per_value",
    "continuity",
    "data_range",
    "explained_variance",
    "knn_accuracy",
    "linear_probe_accuracy",
    "mean_squared_error",
    "neighborhood_hit",
    "neighborhood_recall",
    "neighborhood_scores",
    "psnr",
    "row_errors",
    "sample",
    "ssim",
    "stress",
    "trustworthiness",
]
