"""Tables and the coder of symbols: exact for all integers, short, and safe against damage."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamjae.data.archives import UnsoundError
from jamjae.errors import DataFormatError, InvalidDataError
from jamjae.latent.codec.entropy import decode, encode
from jamjae.latent.codec.tables import TOTAL, Tables
from jamjae.latent.codec.varints import Cursor, signed, unsigned, write

RNG = np.random.RandomState(0)
EXTREMES = [-(2**31), 2**31 - 1, -1, 0, 1]


class ByNeighbor:
    """The table follows the column before, and so does the shift."""

    def __init__(self, tables: int) -> None:
        self.tables = tables

    def at(self, j, before):
        last = before[:, -1].astype(np.int64) if j else np.zeros(len(before), np.int64)
        return np.abs(last) % self.tables, np.clip(last, -100, 100) // 2


class One:
    """A single table without shifts, whatever the column."""

    def at(self, j, before):
        return np.zeros(len(before), np.int64), np.zeros(len(before), np.int64)


def peaked(count: int, size: int = 21) -> Tables:
    rows = RNG.dirichlet(np.exp(-np.abs(np.arange(size) - size // 2)), size=count)
    return Tables.of(rows, np.full(count, -(size // 2)))


def drawn(tables: Tables, n: int, k: int) -> np.ndarray:
    """Symbols of the first table."""
    weights = tables.frequencies[: tables.sizes[0]] / tables.frequencies[: tables.sizes[0]].sum()
    return (RNG.choice(len(weights), (n, k), p=weights) + tables.first[0]).astype(np.int32)


# --- tables -----------------------------------------------------------------------------------


def test_tables_are_whole_numbers_near_the_probabilities():
    probabilities = RNG.dirichlet(np.full(40, 0.5), size=30)
    tables = Tables.of(probabilities, np.arange(30) - 15)
    for table, expected in enumerate(probabilities):
        start, size = tables.start[table], tables.sizes[table]
        found = tables.frequencies[start : start + size + 1]
        assert found.sum() == TOTAL
        assert found.min() >= 1
        low = tables.first[table] - (table - 15)
        likely = expected > 2**-12
        named = np.zeros(40)
        named[low : low + size] = found[:-1] / TOTAL
        np.testing.assert_allclose(named[likely], expected[likely], rtol=0.05)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_tables_come_back_equal(copied):
    tables = peaked(7)
    tables.model(0)
    for other in (Tables.from_bytes(tables.to_bytes()), copied(tables)):
        np.testing.assert_array_equal(other.frequencies, tables.frequencies)
        np.testing.assert_array_equal(other.first, tables.first)
        np.testing.assert_array_equal(other.sizes, tables.sizes)


def test_tables_take_few_bytes():
    scales = np.geomspace(0.2, 20, 64)[:, None]
    weights = np.exp(-np.abs(np.arange(-100, 101)) / scales)
    tables = Tables.of(weights / weights.sum(axis=1, keepdims=True), -100)
    assert len(tables.to_bytes()) < 0.7 * len(tables.frequencies)


def test_damaged_tables_are_refused_or_other_tables():
    content = peaked(5).to_bytes()
    refused = 0
    for at in range(len(content)):
        for bit in (1, 128):
            changed = bytearray(content)
            changed[at] ^= bit
            try:
                found = Tables.from_bytes(bytes(changed))
            except UnsoundError:
                refused += 1
            else:
                assert len(found.frequencies) == found.sizes.sum() + len(found)
    assert refused > len(content)
    for end in range(len(content)):
        with pytest.raises(UnsoundError):
            Tables.from_bytes(content[:end])


def test_tables_that_announce_more_than_they_hold_take_no_memory():
    import zlib

    bomb = zlib.compress(bytes(10_000_000), 9)
    for head in (write(1, 0, 4096), write(1 << 16), write(1, 0, 1 << 40)):
        with pytest.raises(UnsoundError):
            Tables.from_bytes(head + bomb)


@pytest.mark.parametrize(
    ("probabilities", "what"),
    [
        ([], "0 tables"),
        ([[]], "not an array"),
        ([[0.5, -0.1]], "not an array"),
        ([[np.nan]], "not an array"),
        ([[0.7, 0.7]], "sum to 1.4"),
        ([[0.0, 0.0]], "sum to 0"),
        ([np.full(5000, 1 / 5000)], "5,000 symbols"),
    ],
)
def test_what_makes_no_tables_is_refused(probabilities, what):
    with pytest.raises(InvalidDataError, match=what):
        Tables.of(probabilities, 0)


# --- coding -----------------------------------------------------------------------------------


@given(
    st.integers(0, 6).flatmap(
        lambda k: st.lists(
            st.lists(
                st.one_of(st.integers(-12, 12), st.sampled_from(EXTREMES)), min_size=k, max_size=k
            ),
            max_size=8,
        ).map(lambda rows: np.array(rows, np.int32).reshape(len(rows), k))
    )
)
@settings(max_examples=60, deadline=None)
def test_any_integers_come_back(symbols):
    tables, contexts = peaked(3), ByNeighbor(3)
    data = encode(symbols, contexts, tables)
    assert not data.endswith(b"\0")
    np.testing.assert_array_equal(decode(data, *symbols.shape, contexts, tables), symbols)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64])
def test_integers_of_any_width_come_back(dtype):
    symbols = RNG.randint(0, 100, (50, 3)).astype(dtype)
    tables = peaked(2)
    data = encode(symbols, ByNeighbor(2), tables)
    np.testing.assert_array_equal(decode(data, 50, 3, ByNeighbor(2), tables), symbols)


def test_a_block_takes_its_ideal_length_and_a_few_bytes():
    tables = peaked(1)
    symbols = drawn(tables, 400, 10)
    symbols[::40, 3] = RNG.randint(-(2**31), 2**31 - 1, 10)  # escapes
    zero = np.zeros(symbols.size, np.int64)
    ideal = tables.bits(zero, symbols.ravel()).sum() / 8
    assert ideal - 1 < len(encode(symbols, One(), tables)) < ideal + 8


def test_escapes_cost_what_their_distance_does():
    tables = Tables.of([[0.5, 0.5]], 0)
    zero = np.zeros(3, np.int64)
    near, far, farthest = tables.bits(zero, np.array([2, 1000, 2**31 - 1]))
    assert 16 < near < 20 < far < 45 < farthest < 75


@pytest.mark.parametrize(
    "symbols", [np.zeros((2, 2)), np.zeros(3, int), np.array([[2**31]]), np.zeros((1, 1, 1), int)]
)
def test_what_is_no_matrix_of_integers_is_refused(symbols):
    with pytest.raises(InvalidDataError, match="Cannot encode symbols"):
        encode(symbols, One(), peaked(1))


def test_contexts_that_name_no_table_are_refused():
    class Wrong(One):
        def at(self, j, before):
            return np.full(len(before), 1), np.zeros(len(before), int)

    with pytest.raises(InvalidDataError, match="name tables from 1 to 1"):
        encode(np.zeros((2, 2), int), Wrong(), peaked(1))


def test_damaged_blocks_are_errors_or_other_symbols():
    tables, contexts = peaked(3), ByNeighbor(3)
    symbols = RNG.randint(-12, 12, (30, 8)).astype(np.int32)
    data = encode(symbols, contexts, tables)
    errors = 0
    for trial in range(400):
        changed = bytearray(data)
        if trial % 4 == 0:
            del changed[RNG.randint(len(changed)) :]
        elif trial % 4 == 1:
            changed += RNG.bytes(RNG.randint(1, 20))
        elif trial % 4 == 2:
            changed = bytearray(RNG.bytes(len(data)))
        else:
            changed[RNG.randint(len(changed))] ^= 1 << RNG.randint(8)
        try:
            found = decode(bytes(changed), 30, 8, contexts, tables)
        except DataFormatError:
            errors += 1
        else:
            assert found.shape == (30, 8)
    assert errors > 100


# --- varints ----------------------------------------------------------------------------------


@given(st.integers(0, 2**63 - 1))
def test_numbers_come_back(number):
    cursor = Cursor(write(number, 7), "it")
    assert [cursor.number(), cursor.number()] == [number, 7]
    cursor.end()


@given(st.integers(-(2**40), 2**40))
def test_signs_come_back(number):
    assert unsigned(signed(number)) == number


@pytest.mark.parametrize(
    "read",
    [
        lambda: Cursor(b"\x80", "it").number(),
        lambda: Cursor(b"\xff" * 20, "it").number(),
        lambda: Cursor(b"\x05", "it").number(6),
        lambda: Cursor(b"abc", "it").take(4),
        lambda: Cursor(b"abc", "it").numbers(1 << 60),
        lambda: Cursor(b"abc", "it").end(),
    ],
)
def test_numbers_that_are_not_there_are_refused(read):
    with pytest.raises(UnsoundError, match=r"^it: "):
        read()
