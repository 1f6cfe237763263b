"""A report card of generated rows: each number beside that of real rows."""

from jamjae.evaluation.generation.reporting import GenerationJudge, generation_report
from jamjae.evaluation.generation.result import SCORES, GenerationReport, GenerationScore

__all__ = ["SCORES", "GenerationJudge", "GenerationReport", "GenerationScore", "generation_report"]
