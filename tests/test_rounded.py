"""Codes of any method, rounded: errors and bytes as asked for, whatever the codes' units."""

import numpy as np
import pytest

from jamjae.models.compression.quantization import Wanted
from jamjae.models.compression.rounded import rounded

RNG = np.random.default_rng(0)
DEVIATIONS = np.array([8.0, 4.0, 2.0])
CODES = RNG.normal(size=(3000, 3)) * DEVIATIONS
BASIS = np.linalg.qr(RNG.normal(size=(6, 6)))[0][:3]
ROWS = CODES @ BASIS + 0.5 * RNG.normal(size=(3000, 6))
TRAIN, JUDGED = CODES[:2000], CODES[2000:]


def at(wanted, factors=(1.0, 1.0, 1.0), center=0.0):
    def decode(codes):
        return ((codes - center) / factors) @ BASIS

    given = (part * factors + center for part in (TRAIN, JUDGED))
    return rounded(*given, decode, ROWS[2000:], wanted)


def test_rounding_meets_an_error_at_the_bytes_that_theory_gives():
    before = float(np.mean(np.square(JUDGED @ BASIS - ROWS[2000:])))
    found = at(Wanted(error=1.2 * before))
    assert 1.15 * before < found.error <= 1.2 * before
    step = np.sqrt(12 * 6 / 3 * 0.2 * before)  # each component adds step² / 12
    ideal = np.sum(np.log2(DEVIATIONS / step) + np.log2(2 * np.pi * np.e) / 2) / 8
    assert found.bytes_per_row == pytest.approx(ideal, rel=0.05)


def test_rounding_meets_a_number_of_bytes():
    found = at(Wanted(bits=10))
    assert 1.2 < found.bytes_per_row <= 1.25


def test_units_and_means_of_codes_change_nothing():
    wanted = Wanted(error=0.3)
    one, other = at(wanted), at(wanted, np.array([1e-3, 1.0, 50.0]), 7.0)
    assert other.bytes_per_row == pytest.approx(one.bytes_per_row, rel=0.01)
    assert other.error == pytest.approx(one.error, rel=0.02)


def test_a_component_that_nothing_depends_on_takes_no_bytes():
    useless = [np.column_stack([part, RNG.normal(size=len(part))]) for part in (TRAIN, JUDGED)]
    found = rounded(*useless, lambda Z: Z[:, :3] @ BASIS, ROWS[2000:], Wanted(error=0.3))
    assert found.bytes_per_row == pytest.approx(at(Wanted(error=0.3)).bytes_per_row, rel=0.02)


def test_an_error_that_rounding_cannot_have_is_none():
    exact = rounded(TRAIN, JUDGED, lambda Z: Z @ BASIS, JUDGED @ BASIS, Wanted(error=0.0))
    assert exact is None
