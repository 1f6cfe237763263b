"""How good models are: `evaluate`, `generation_report`, metrics, and `compare`'s one table."""

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
from jamjae.evaluation.generation import (
    GenerationJudge,
    GenerationReport,
    GenerationScore,
    generation_report,
)

__all__ = [
    "Evaluation",
    "GenerationJudge",
    "GenerationReport",
    "GenerationScore",
    "clipped",
    "evaluate",
    "evaluate_reconstruction",
    "generation_report",
    "pixel_range",
    "reconstruct",
    "row_errors",
    "training_errors",
]
