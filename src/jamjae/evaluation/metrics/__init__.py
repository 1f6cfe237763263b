"""Quality of reconstructions, of codes and of generated rows: arrays in, numbers out."""

from jamjae.evaluation.metrics.codes import (
    bits_per_value,
    knn_accuracy,
    linear_probe_accuracy,
    neighborhood_hit,
)
from jamjae.evaluation.metrics.generation import (
    CopiedShare,
    DensityCoverage,
    PrecisionRecall,
    copied_share,
    density_coverage,
    frechet_distance,
    precision_recall,
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
from jamjae.evaluation.metrics.separating import (
    SamplesAccuracy,
    train_on_samples_accuracy,
    two_sample_auc,
)
from jamjae.evaluation.metrics.tabular_generation import (
    ColumnDistance,
    correlation_difference,
    marginal_distances,
)

__all__ = [
    "ColumnDistance",
    "CopiedShare",
    "DensityCoverage",
    "PrecisionRecall",
    "SamplesAccuracy",
    "bits_per_value",
    "continuity",
    "copied_share",
    "correlation_difference",
    "data_range",
    "density_coverage",
    "explained_variance",
    "frechet_distance",
    "knn_accuracy",
    "linear_probe_accuracy",
    "marginal_distances",
    "mean_squared_error",
    "neighborhood_hit",
    "neighborhood_recall",
    "neighborhood_scores",
    "precision_recall",
    "psnr",
    "row_errors",
    "sample",
    "ssim",
    "stress",
    "train_on_samples_accuracy",
    "trustworthiness",
    "two_sample_auc",
]
