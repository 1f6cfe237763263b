"""Numbers within a bound: every type and range, and coders from damaged files."""

from __future__ import annotations

import numpy as np
import pytest

from jamjae.data.archives import UnsoundError
from jamjae.errors import DataFormatError, InvalidDataError
from jamjae.latent.codec.grid import Grid

RNG = np.random.RandomState(0)
WALK = RNG.normal(size=(600, 6)).cumsum(axis=1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("bound", [1e-4, 0.02, 5.0, 1e6])
def test_no_value_is_off_by_more_than_the_bound(dtype, bound):
    rows = (WALK * np.array([1, 1, 1e3, 1, 1e-3, 1])).astype(dtype)
    if dtype == np.float32 and bound < 1e-3:
        bound = 2e-3  # floats of 32 bits are no finer at a thousand
    grid = Grid.from_bytes(Grid.fit(rows, bound).to_bytes())
    found = grid.decode(grid.encode(rows), len(rows)).astype(dtype)
    assert np.abs(found.astype(np.float64) - rows.astype(np.float64)).max() <= bound


@pytest.mark.parametrize(
    "rows",
    [
        RNG.randint(-5, 5, (50, 3)),
        RNG.randint(-(2**29), 2**29, (50, 2)),
        np.array([[2**29, -(2**29)], [0, 0]] * 3),
        RNG.rand(40, 2) < 0.5,
        RNG.randint(0, 255, (20, 4, 5), dtype=np.uint8),
        np.zeros((3, 1), int),
        np.full((1, 70), 9),
        RNG.randint(-999, 999, (50, 3)).astype(np.float32),
    ],
    ids=["small", "large", "far", "bool", "images", "zeros", "one row", "floats"],
)
def test_whole_numbers_come_back(rows):
    grid = Grid.fit(rows, 0)
    found = grid.decode(grid.encode(rows), len(rows))
    np.testing.assert_array_equal(found.reshape(rows.shape), rows)
    near = Grid.fit(rows, 3)
    found = near.decode(near.encode(rows), len(rows)).reshape(rows.shape)
    assert np.abs(found - rows).max() <= 3


def test_columns_that_follow_from_others_cost_little():
    one = RNG.normal(size=(2000, 1))
    alone = len(Grid.fit(one, 1e-4).encode(one))
    both = np.hstack([one, 3 * one + 1e-3 * RNG.normal(size=one.shape)])
    assert len(Grid.fit(both, 1e-4).encode(both)) < 1.5 * alone
    bits = np.log2(np.sqrt(2 * np.pi * np.e) / 2e-4)  # of a normal distribution in such steps
    assert alone < 2000 * (bits + 0.15) / 8


@pytest.mark.parametrize(
    ("rows", "bound", "what"),
    [
        (WALK, 0, "a bound above"),
        (WALK, 1e-12, "a bound above"),
        (WALK, -1, "a bound above"),
        (np.full((3, 2), np.nan), 1, "finite numbers"),
        (np.array([["x"]]), 1, "real numbers"),
        (np.zeros((0, 3)), 1, "real numbers"),
    ],
)
def test_what_no_grid_holds_is_refused(rows, bound, what):
    with pytest.raises(InvalidDataError, match=what):
        Grid.fit(rows, bound)


def test_rows_of_another_kind_are_refused():
    grid = Grid.fit(WALK, 0.01)
    with pytest.raises(InvalidDataError, match="fitted to rows of 6"):
        grid.encode(WALK[:, :5])
    with pytest.raises(InvalidDataError, match="smaller range"):
        grid.encode(WALK * 1e12)


def test_damaged_grids_and_blocks_are_refused_or_others():
    grid = Grid.fit(WALK, 0.01)
    content, data = grid.to_bytes(), grid.encode(WALK[:50])
    refused = 0
    for trial in range(100):
        for whole, read, error in (
            (content, Grid.from_bytes, UnsoundError),
            (data, lambda one: grid.decode(one, 50), DataFormatError),
        ):
            changed = bytearray(whole)
            if trial % 3 == 0:
                del changed[RNG.randint(len(whole)) :]
            else:
                changed[RNG.randint(len(whole))] ^= 1 << RNG.randint(8)
            try:
                read(bytes(changed))
            except error:
                refused += 1
    assert refused > 100
