"""The container of compressed rows: whole, small, readable block by block, safe against damage."""

from __future__ import annotations

import io

import numpy as np
import pytest

from jamjae.errors import (
    DataFormatError,
    DataNotFoundError,
    InvalidDataError,
    InvalidTypeError,
)
from jamjae.latent.codec.archive import VERSION, Block, Damaged, Writer
from jamjae.latent.codec.header import Header, digest
from jamjae.latent.codec.names import place_of
from jamjae.latent.codec.reader import Reader, opened

CODEC = bytes(range(256)) * 3
WHAT = {"dtype": "uint8", "row_shape": (28, 28), "class_names": ("bag", "가방")}
RNG = np.random.RandomState(0)


def block(i: int, n: int = 5) -> dict:
    names = [f"bag/{i}-{RNG.randint(10**6)}.png" for _ in range(n)]
    return {
        "payload": RNG.bytes(40 + i),
        "n": n,
        "names": names,
        "labels": RNG.randint(-1, 2, n),
    }


def archive(blocks: list[dict], header: Header | None = None, codec: bytes = CODEC) -> bytes:
    stream = io.BytesIO()
    writer = Writer(stream, header or Header.embedding(codec, **WHAT), codec)
    for one in blocks:
        writer.add(**one)
    assert writer.finish().total == len(stream.getvalue())
    return stream.getvalue()


def assert_equal(found: Block, expected: dict) -> None:
    assert found.payload == expected["payload"]
    assert list(found.names) == list(expected["names"])
    np.testing.assert_array_equal(found.labels, expected["labels"])


# --- what is written comes back -----------------------------------------------------------------


def test_blocks_come_back_in_any_order():
    expected = [block(i, n=i + 1) for i in range(5)]
    reader = Reader(archive(expected))
    assert len(reader) == 15
    assert reader.codec() == CODEC
    assert not reader.notes
    for i in (3, 0, 4, 1, 2):
        found = reader.block(i)
        assert_equal(found, expected[i])
        assert (found.number, found.first, found.n) == (i, i * (i + 1) // 2, i + 1)
    assert [reader.block_of(row) for row in (0, 1, 2, 3, 14)] == [0, 1, 1, 2, 4]
    for row in (-1, 15):
        with pytest.raises(IndexError, match="has 15 rows"):
            reader.block_of(row)


def test_the_head_comes_back():
    header = Header.referring(
        digest(CODEC), "models/가.jamjae", dtype="float32", row_shape=(3,), settings=b"\x01\x00",
        feature_names=("height", "", "폭"),
    )  # fmt: skip
    reader = Reader(archive([], header, b""))
    assert reader.header == header
    assert (len(reader), list(reader.blocks())) == (0, [])
    reader.require(digest(CODEC), "the codec")
    with pytest.raises(DataFormatError, match="Name the file of that codec"):
        reader.require(digest(CODEC[1:]), "'other.jamjae'")
    with pytest.raises(DataFormatError, match=r"refers to 'models/가\.jamjae'"):
        reader.codec()


@pytest.mark.parametrize(
    "names",
    [
        [f"{i:05d}.png" for i in range(20)],
        [f"img{i}.png" for i in range(95, 105)],
        [f"{i:02d}" for i in range(98, 103)],
        ["a", "b", "a", ""],
        ["0x1", "0x2", "0x4"],
        ["7", "8", "9"],
        ["strange \udcff name", "new\nline", "x" * 4000],
        ["9" * 30, "8"],
    ],
)
def test_names_come_back(names):
    found = Reader(archive([{"payload": b"", "n": len(names), "names": names}])).block(0)
    assert list(found.names) == names
    assert found.labels is None


def test_labels_of_every_kind_come_back():
    for labels in (
        np.array([0.5, np.nan, -1e300]),
        np.array([0, 1, -1]),
        np.array([1, 1, 0], "u1"),
    ):
        found = Reader(archive([{"payload": b"", "n": 3, "labels": labels}])).block(0)
        np.testing.assert_array_equal(found.labels, labels)


def test_all_heads_take_less_than_a_tenth_of_a_byte_a_row():
    blocks = [
        {"payload": bytes(17_000), "n": 1000, "names": [f"{i + j:05d}.png" for j in range(1000)]}
        for i in range(0, 10_000, 1000)
    ]
    data = archive(blocks)
    assert len(data) - len(CODEC) - 170_000 < 0.1 * 10_000


# --- files --------------------------------------------------------------------------------------


def test_a_file_is_read_block_by_block(tmp_path):
    path = tmp_path / "rows.jjz"
    expected = [block(i) for i in range(3)]
    path.write_bytes(archive(expected))
    with opened(path) as reader:
        assert_equal(reader.block(2), expected[2])
    with pytest.raises(DataNotFoundError, match="no such file"), opened(tmp_path / "none.jjz"):
        pass


@pytest.mark.parametrize(
    "wrong",
    [
        {"payload": b"", "n": 0},
        {"payload": b"", "n": 1 << 21},
        {"payload": b"", "n": 2, "names": ["one"]},
        {"payload": b"", "n": 2, "labels": np.zeros(1, int)},
        {"payload": b"", "n": 1, "labels": np.array(["x"])},
        {"payload": b"", "n": 1, "names": ["x" * 5000]},
    ],
)
def test_what_is_no_block_is_refused(wrong):
    with pytest.raises(InvalidDataError):
        archive([wrong])


@pytest.mark.parametrize(
    "what", [{"dtype": "complex64"}, {"row_shape": (1 << 20, 1 << 20)}, {"row_shape": (1,) * 9}]
)
def test_what_is_no_head_is_refused(what):
    with pytest.raises(InvalidDataError, match="Cannot store rows"):
        archive([], Header.embedding(CODEC, **(WHAT | what)))
    with pytest.raises(InvalidDataError, match="not the one"):
        archive([], Header.embedding(CODEC, **WHAT), CODEC[1:])


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../up.png", "a/../../up.png", "C:\\x.png", "a\\..\\b", "", ".", "a/\0", "C:x"],
)
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    with pytest.raises(DataFormatError, match="leads out of the folder"):
        place_of(tmp_path, name)


def test_names_within_the_folder_are_paths(tmp_path):
    assert place_of(tmp_path, "bag/1.png") == tmp_path / "bag" / "1.png"
    assert place_of(tmp_path, "..hidden") == tmp_path / "..hidden"


# --- damage -------------------------------------------------------------------------------------


def test_a_damaged_block_is_named_and_the_others_still_come():
    expected = [block(i) for i in range(4)]
    data = bytearray(archive(expected))
    data[data.index(expected[2]["payload"]) + 3] ^= 4
    reader = Reader(bytes(data), "'rows.jjz'")
    with pytest.raises(DataFormatError, match=r"Block 2 of 'rows\.jjz' \(rows 10 to 14\)"):
        reader.block(2)
    found = list(reader.blocks())
    assert [type(one) for one in found] == [Block, Block, Damaged, Block]
    assert (found[2].number, found[2].first, found[2].n) == (2, 10, 5)
    for i in (0, 1, 3):
        assert_equal(found[i], expected[i])


def test_blocks_come_without_the_index():
    expected = [block(i) for i in range(4)]
    data = archive(expected)
    for changed in (data[:-1], data[:-20], data + b"x", data[:-5] + b"\0" + data[-4:]):
        reader = Reader(changed)
        assert "index is damaged" in reader.notes[0]
        assert len(reader) == 20
        for found, one in zip(reader.blocks(), expected, strict=True):
            assert_equal(found, one)


def test_blocks_of_another_place_or_file_are_damaged():
    one, two = block(1), block(1)
    two["names"] = one["names"]  # so that both have the same size
    two["labels"] = one["labels"]
    data = archive([one, two])
    at, other = data.index(one["payload"]) - 4, data.index(two["payload"]) - 4
    swapped = data[:at] + data[other : 2 * other - at] + data[at:other] + data[2 * other - at :]
    assert sorted(swapped) == sorted(data) != swapped
    assert [type(found) for found in Reader(swapped).blocks()] == [Damaged, Damaged]
    elsewhere = archive([two, two])
    spliced = elsewhere[:at] + data[at:other] + elsewhere[other:]
    assert [type(found) for found in Reader(spliced).blocks()] == [Damaged, Block]


def test_bytes_of_any_kind_are_read_and_a_path_is_refused(tmp_path):
    expected = block(0)
    data = archive([expected])
    for given in (bytearray(data), memoryview(data)):
        assert_equal(Reader(given).block(0), expected)
    for path in ("rows.jjz", tmp_path):
        with pytest.raises(InvalidTypeError, match="read_bytes"):
            Reader(path)


def test_newer_foreign_and_damaged_heads_are_refused():
    data = archive([block(0)])
    newer = data[:8] + bytes([VERSION + 1]) + data[9:]
    with pytest.raises(DataFormatError, match="Update jamjae"):
        Reader(newer)
    for foreign in (b"", b"PK\x03\x04" + bytes(100), data[1:], data[:4]):
        with pytest.raises(DataFormatError, match="the data is no file of compressed rows"):
            Reader(foreign)
    for at in range(9, 60):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(DataFormatError):
            Reader(bytes(changed))
    changed = bytearray(data)
    changed[data.index(CODEC) + 5] ^= 1
    with pytest.raises(DataFormatError, match="SHA-256"):
        Reader(bytes(changed)).codec()


def damaged(data: bytes, rng: np.random.RandomState) -> bytes:
    """Flip bits, cut, or splice."""
    kind, changed = rng.randint(4), bytearray(data)
    if kind == 0:
        for at in rng.randint(len(data), size=rng.randint(1, 4)):
            changed[at] ^= 1 << rng.randint(8)
    elif kind == 1:
        del changed[rng.randint(len(data)) :]
    elif kind == 2:
        a, b, size = *rng.randint(len(data), size=2), rng.randint(1, 100)
        changed[a : a + size] = data[b : b + size]
    else:
        at = rng.randint(len(data))
        changed[at:at] = rng.bytes(rng.randint(1, 50))
    return bytes(changed)


def test_no_wrong_block_comes_without_an_error():
    expected = [block(i) for i in range(4)]
    data, rng = archive(expected, codec=CODEC[:20]), np.random.RandomState(1)
    came = refused = 0
    for _ in range(300):
        changed = damaged(data, rng)
        try:
            reader = Reader(changed)
        except DataFormatError:
            refused += 1
            continue
        for found in reader.blocks():
            if isinstance(found, Block):
                came += 1
                assert_equal(found, expected[found.number])
                assert found.first == 5 * found.number
    assert came > 200
    assert refused > 30
