"""Runs scikit-learn's checks of estimators that learn from shuffled batches."""

import pytest

OF_WEIGHTS = "check_sample_weight_equivalence_on_dense_data"


def meet(estimator, check):
    """Run a check; that of weights need not be met, as for scikit-learn's estimators with batches.

    It is met where the model is PCA, which after few epochs depends on the processor's rounding.
    """
    try:
        check(estimator)
    except AssertionError:
        if named(check) != OF_WEIGHTS:
            raise
        pytest.xfail("rows are shuffled into batches: a weight of two is not a row twice")


def named(check):
    while hasattr(check, "func"):
        check = check.func
    return check.__name__
