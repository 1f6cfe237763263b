"""Rate-distortion curves."""

import numpy as np
import pytest

from jamjae import plotting
from jamjae.errors import InvalidDataError


def test_points_are_joined_in_the_order_of_their_bytes():
    ax = plotting.rate_curves({"one": [(20, 1.0), (10, 2.0)], "$2": [(5, 3.0)]}, xlabel="size")
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[10, 2], [20, 1]])
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel()) == ("log", "log", "size")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", r"\$2"]
    ax.figure.draw_without_rendering()


@pytest.mark.parametrize("curves", [{}, {"a": [1, 2]}, {"a": [(0, 1)]}, {"a": [(1, 2, 3)]}])
def test_what_is_no_curve_is_refused(curves):
    with pytest.raises(InvalidDataError, match="rate_curves"):
        plotting.rate_curves(curves)
