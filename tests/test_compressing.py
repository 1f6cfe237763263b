"""Rows compressed without loss or within a bound, from Python, as the command line does it."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import jamjae
from command_line import run
from jamjae.errors import DataFormatError, InvalidDataError
from jamjae.latent.codec import bounded

RNG = np.random.RandomState(0)
SMOOTH = np.clip(RNG.normal(size=(60, 6, 5)).cumsum(axis=1) * 20 + 100, 0, 255)
FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")


def off(made: np.ndarray, rows: np.ndarray) -> float:
    """Give the largest error, exactly: integers of 64 bits are none of float64."""
    pairs = zip(made.ravel().tolist(), rows.ravel().tolist(), strict=True)
    return max(abs(a - b) for a, b in pairs)


@given(
    st.sampled_from(FLOATS + INTEGERS),
    st.integers(0, 2**32 - 1),
    st.floats(0, 20),
    st.floats(-12, 12),
)
@settings(max_examples=150, deadline=None)
def test_no_value_is_off_by_more_than_the_bound(dtype, seed, magnitude, finer):
    rng = np.random.RandomState(seed)
    values = rng.normal(size=(rng.randint(1, 30), rng.randint(1, 5))) * 10.0**magnitude
    bound = float(10.0 ** (magnitude + finer))
    if dtype in FLOATS:
        assume(np.abs(values).max() < np.finfo(dtype).max)
        rows = values.astype(dtype)
    elif dtype == "bool":
        rows = values > 0
    else:
        ends = np.iinfo(dtype)
        rows = np.clip(values, float(ends.min) / 1.01, float(ends.max) / 1.01).astype(dtype)
    fine = float(np.finfo(dtype).eps) if dtype in FLOATS else 0.0
    if bound <= off(rows, np.zeros_like(rows)) * 1.01 * max(fine, 2.0**-30):
        with contextlib.suppress(InvalidDataError):  # finer than the type or the grid may be
            assert off(jamjae.decompress(jamjae.compress(rows, bound)), rows) <= bound
        return
    data = jamjae.compress(rows, bound)
    made = jamjae.decompress(data)
    assert (made.dtype, made.shape) == (rows.dtype, rows.shape)
    assert off(made, rows) <= bound


@pytest.mark.parametrize("dtype", ["int8", "int16", "int64", "uint8", "uint32", "bool"])
def test_integers_come_back_exactly(dtype):
    ends = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    low, high = (int(np.clip(end, -(2**30), 2**30)) for end in ends)
    rows = RNG.randint(low, high + 1, (70, 3)).astype(dtype)
    rows[:2] = [[low] * 3, [high] * 3]
    np.testing.assert_array_equal(jamjae.decompress(jamjae.compress(rows)), rows)


@pytest.mark.parametrize(("dtype", "scale"), [("float16", 8), ("float32", 2**14), ("int64", 2**17)])
def test_whole_numbers_that_are_far_from_each_other_keep_the_bound(dtype, scale):
    rows = (RNG.randint(2000, 4000, (80, 2)) * scale).astype(dtype)
    np.testing.assert_array_equal(jamjae.decompress(jamjae.compress(rows)), rows)
    for bound in (3, 40, 1000, 1e9):
        try:
            data = jamjae.compress(rows, bound)
        except InvalidDataError:
            continue
        assert off(jamjae.decompress(data), rows) <= bound


@pytest.mark.parametrize("bound", [0, 3, 65535])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_images_come_back_within_the_bound(dtype, bound, monkeypatch):
    monkeypatch.setattr("jamjae.latent.codec.residuals.STEPS", (5, 5))
    monkeypatch.setattr(bounded, "BLOCK_ROWS", 25)
    rows = (SMOOTH * (1 if dtype == "uint8" else 200)).astype(dtype)
    data = jamjae.compress(rows, bound, names=[f"{i}.png" for i in range(60)])
    made = jamjae.decompress(data)
    assert (made.dtype, made.shape) == (rows.dtype, rows.shape)
    assert off(made, rows) <= bound
    np.testing.assert_array_equal(jamjae.decompress(data, [59, -1, 3]), made[[59, 59, 3]])
    np.testing.assert_array_equal(jamjae.decompress(data, slice(20, 30)), made[20:30])


@pytest.mark.parametrize(
    ("rows", "bound", "what"),
    [
        (np.ones((3, 2)), -1, "max_error=-1"),
        (np.ones((3, 2)), np.nan, "max_error=nan"),
        (np.ones((3, 2)), np.inf, "max_error=inf"),
        (np.full((3, 2), 0.1), 0, "a bound above"),
        (np.full((3, 2), 2**40), 0, "a bound above"),
        (SMOOTH.astype(np.uint8), -1, "max_error=-1"),
        (SMOOTH.astype(np.uint8), np.nan, "max_error=nan"),
        (SMOOTH.astype(np.uint8), 0.5, "A whole number up to 65,535"),
        (SMOOTH.astype(np.uint8), 65536, "A whole number up to 65,535"),
        (np.array([[1.0, np.nan]]), 1, "finite numbers"),
        (np.array([[1.0, np.inf]]), 1, "finite numbers"),
        (np.array([["a", "b"]]), 1, "real numbers are expected"),
        (pd.DataFrame({"a": [1.5], "b": ["x"]}), 1, "'b' holds text"),
        (np.ones((0, 3)), 1, "at least one row"),
        (np.ones(3), 1, "Rows of real numbers"),
    ],
)
def test_what_cannot_be_compressed_is_refused(rows, bound, what):
    with pytest.raises(InvalidDataError, match=what):
        jamjae.compress(rows, bound)


def test_names_and_labels_are_one_for_each_row():
    for more in ({"names": ["a"] * 4}, {"labels": np.zeros(2)}):
        with pytest.raises(InvalidDataError, match="expected one each"):
            jamjae.compress(np.ones((3, 2)), 0.1, **more)


def test_rows_that_there_are_not_are_refused():
    data = jamjae.compress(np.arange(6).reshape(3, 2))
    for rows, what in (([3], "Row 3"), ([0, -4], "Row -4"), (slice(3, 9), "there are 3 rows")):
        with pytest.raises(InvalidDataError, match=what):
            jamjae.decompress(data, rows)
    with pytest.raises(DataFormatError, match="the index is damaged"):
        jamjae.decompress(data[:-9] + bytes(9))


def test_it_is_what_the_command_line_writes(tmp_path):
    frame = pd.DataFrame(RNG.normal(size=(40, 3)).cumsum(axis=1), columns=list("abc"))
    frame.to_csv(tmp_path / "a.csv", index=False)
    whole = frame.round().astype(int)
    whole.to_csv(tmp_path / "b.csv", index=False)
    np.save(tmp_path / "c.npy", SMOOTH.astype(np.uint8))
    for name, rows, bound in (
        ("a.csv", frame, 0.02),
        ("b.csv", whole, 0),
        ("c.npy", SMOOTH.astype(np.uint8), 2),
    ):
        path = tmp_path / f"{name}.jjz"
        run("compress", tmp_path / name, "-o", path, "--max-error", bound)
        assert jamjae.compress(rows, bound) == path.read_bytes()
        assert off(jamjae.decompress(path.read_bytes()), np.asarray(rows)) <= bound


@pytest.mark.filterwarnings("ignore:Training did not improve")
def test_a_codec_compresses_within_a_bound_and_decodes_what_holds_its_decoder():
    rows = SMOOTH.astype(np.uint8)
    codec = jamjae.Codec(3, bytes_per_row=3, epochs=1, network=(), random_state=0).fit(rows)
    data = codec.compress(rows, max_error=2)
    assert data == jamjae.compress(rows, 2)
    np.testing.assert_array_equal(codec.decompress(data), jamjae.decompress(data))
    assert off(codec.decompress(data, [5]), rows[5:6]) <= 2
    by_codes = codec.compress(rows, embed=True)
    np.testing.assert_array_equal(jamjae.decompress(by_codes), codec.decompress(by_codes))
    with pytest.raises(DataFormatError, match="name a codec and do not hold it"):
        jamjae.decompress(codec.compress(rows))
    with pytest.raises(InvalidDataError, match="max_error=-1"):
        codec.compress(rows, max_error=-1)
    with pytest.raises(DataFormatError, match=r"rows of shape \(2,\)"):
        codec.decompress(jamjae.compress(np.ones((3, 2)), 1))


@pytest.mark.filterwarnings("ignore:Training did not improve")
def test_a_codec_whose_weights_change_is_another(tmp_path):
    rows = SMOOTH.astype(np.uint8)
    codec = jamjae.Codec(3, bytes_per_row=3, epochs=1, network=(), random_state=0).fit(rows)
    data, before = codec.compress(rows), codec.sha256()
    assert codec.sha256() == before
    assert jamjae.load_model(codec.save(tmp_path / "codec.jamjae")).sha256() == before
    weights = codec.decoder_.get_weights()
    codec.decoder_.set_weights([2 * one for one in weights])
    assert codec.sha256() != before
    with pytest.raises(DataFormatError, match="SHA-256"):
        codec.decompress(data)
    codec.decoder_.set_weights(weights)
    assert len(codec.decompress(data)) == len(rows)
