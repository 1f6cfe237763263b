"""Cases of a test of which `make test` runs a few, and `make test-slow` the others."""

from __future__ import annotations

import pytest


def mostly_slow(cases, quick):
    """Mark all cases as slow but those in ``quick``; a tuple holds several arguments."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=() if case in quick else pytest.mark.slow,
        )
        for case in cases
    ]
