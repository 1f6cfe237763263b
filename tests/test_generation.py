"""New codes from old ones."""

from __future__ import annotations

import numpy as np
import pytest

from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.latent.variations import class_means, code_grid, interpolate, variations

RNG = np.random.RandomState(0)


def test_means_are_those_of_each_class():
    Z, y = RNG.standard_normal((30, 4)), RNG.randint(0, 3, 30) * 2
    found = class_means(Z, y)
    for place, label in enumerate(found.classes):
        assert np.allclose(found.codes[place], Z[y == label].mean(axis=0))
    assert found.classes.tolist() == [0, 2, 4]
    assert found.counts.sum() == 30


def test_multiplicative_variations_are_proportional():
    code = np.array([0.0, 1.0, -100.0])
    made = variations(code, 20_000, spread=0.3, random_state=0)
    assert np.allclose(made.mean(axis=0), code, atol=0.01 * 100)
    assert np.allclose(made.std(axis=0), [0.0, 0.3, 30.0], rtol=0.02)


def test_additive_variations_have_their_scale():
    made = variations(
        [0.0, 5.0], 20_000, spread=0.5, kind="additive", scale=[1.0, 4.0], random_state=0
    )
    assert np.allclose(made.std(axis=0), [0.5, 2.0], rtol=0.02)


def test_the_same_seed_makes_the_same_variations():
    first, again, other = (variations([1.0, 2.0], 5, random_state=seed) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_way_is_straight_and_holds_both_ends():
    way = interpolate([0.0, 1.0], [4.0, -1.0], 9)
    assert way[0].tolist() == [0.0, 1.0]
    assert way[-1].tolist() == [4.0, -1.0]
    assert np.allclose(np.diff(way, axis=0), [0.5, -0.25])


def test_a_grid_spans_two_components_and_keeps_the_others():
    Z = RNG.standard_normal((500, 4)) * [1.0, 2.0, 3.0, 4.0]
    grid = code_grid(Z, 5, components=(3, 1), coverage=0.8)
    assert grid.shape == (5, 5, 4)
    assert np.allclose(grid[..., [0, 2]], Z.mean(axis=0)[[0, 2]])
    assert np.allclose(grid[0, [0, -1], 3], np.quantile(Z[:, 3], [0.1, 0.9]))
    assert np.allclose(grid[[0, -1], 0, 1], np.quantile(Z[:, 1], [0.9, 0.1]))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: class_means([[1.0]], [0, 1]), ShapeMismatchError),
        (lambda: class_means([1.0, 2.0], [0, 1]), InvalidDataError),
        (lambda: class_means([[np.nan]], [0]), InvalidDataError),
        (lambda: variations([[1.0]], 2), InvalidDataError),
        (lambda: variations([1.0], 0), InvalidDataError),
        (lambda: variations([1.0], 2, spread=-0.1), InvalidDataError),
        (lambda: variations([1.0], 2, kind="other"), InvalidDataError),
        (lambda: variations([1.0, 2.0], 2, kind="additive", scale=[1.0] * 3), ShapeMismatchError),
        (lambda: interpolate([1.0], [1.0, 2.0], 3), ShapeMismatchError),
        (lambda: interpolate([1.0], [2.0], 1), ShapeMismatchError),
        (lambda: code_grid([[1.0]], 3), InvalidDataError),
        (lambda: code_grid([[1.0, 2.0]], 3, components=(1, 1)), InvalidDataError),
        (lambda: code_grid([[1.0, 2.0]], 3, coverage=0.0), InvalidDataError),
    ],
)
def test_what_makes_no_sense_is_refused(call, error):
    with pytest.raises(error):
        call()
