"""How good models are: `evaluate`, metrics, and estimators compared in one table."""

from jamjae.evaluation.evaluating import (
    Evaluation,
    clipped,
    evaluate,
    evaluate_reconstruction,
    pixel_range,
    reconstruct,
    row_errors,
    training_errors,
)

__all__ = [
    "Evaluation",
    "clipped",
    "evaluate",
    "evaluate_reconstruction",
    "pixel_range",
    "reconstruct",
    "row_errors",
    "training_errors",
]
