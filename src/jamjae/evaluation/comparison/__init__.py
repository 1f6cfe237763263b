"""Estimators side by side: the same rows, the same metrics, one table."""

from jamjae.evaluation.comparison.comparing import ComparisonProgress, compare
from jamjae.evaluation.comparison.methods import METHODS, Method, Setting
from jamjae.evaluation.comparison.result import Comparison

__all__ = ["METHODS", "Comparison", "ComparisonProgress", "Method", "Setting", "compare"]
