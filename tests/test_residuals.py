"""Images without loss, or within a bound, in whole numbers that every machine computes."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from elsewhere import with_threads_and_locales
from jamjae.data.archives import UnsoundError
from jamjae.errors import DataFormatError, InvalidDataError, ShapeMismatchError
from jamjae.latent.codec import bounded, residuals, surroundings
from jamjae.latent.codec.networks import Network
from jamjae.latent.codec.reader import Reader
from jamjae.latent.codec.residuals import Residuals
from jamjae.latent.codec.surroundings import AROUND, BAND, diagonals
from jamjae.latent.codec.varints import Cursor

RNG = np.random.RandomState(0)


def blobs(n: int, *shape: int, top: int = 255, dtype: type = np.uint8) -> np.ndarray:
    """Smooth images on an empty ground."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    center, width = RNG.uniform(0, shape[0], (2, n, 1, 1)), RNG.uniform(1, 3, (n, 1, 1))
    away = (rows - center[0]) ** 2 + (columns - center[1]) ** 2
    images = top * np.exp(-away / width**2) + RNG.normal(size=away.shape)
    images = np.clip(images, 0, top).astype(dtype)
    return images if len(shape) == 2 else np.repeat(images[..., None], shape[2], axis=-1)


IMAGES = blobs(300, 9, 9)


@pytest.fixture(scope="module")
def coder():
    return Residuals.fit(IMAGES, steps=100)


@pytest.fixture(scope="module")
def guess():
    """A prediction of each image, as a lossy codec makes it."""
    return np.clip(IMAGES.astype(int) + RNG.randint(-9, 10, IMAGES.shape), 0, 255)


@pytest.fixture(scope="module")
def guessing(guess):
    return Residuals.fit(IMAGES, guess, steps=100)


@pytest.mark.parametrize("bound", [0, 1, 5, 200])
def test_no_value_is_off_by_more_than_the_bound(coder, bound):
    test = blobs(40, 9, 9)
    test[0] = RNG.randint(0, 256, (9, 9))  # as no training image is
    test[1] = np.where(RNG.rand(9, 9) < 0.5, 0, 255)
    data = coder.encode(test, max_error=bound)
    found = coder.decode(data, 40, max_error=bound)
    assert (found.dtype, found.shape) == (np.uint8, (40, 9, 9, 1))
    assert np.abs(found[..., 0].astype(int) - test).max() <= bound
    assert bound == 0 or len(data) < 0.8 * len(coder.encode(test))


def test_threads_with_other_bounds_do_not_disturb_each_other(coder):
    bounds = [0, 1, 2, 3] * 4
    alone = [coder.encode(IMAGES[:5], max_error=bound) for bound in bounds]
    with ThreadPoolExecutor(4) as pool:
        made = pool.map(lambda bound: coder.encode(IMAGES[:5], max_error=bound), bounds)
        assert list(made) == alone


def test_images_take_fewer_bits_than_each_value_by_itself(coder):
    test = blobs(100, 9, 9)
    shares = np.bincount(IMAGES.ravel(), minlength=256) + 1.0
    alone = -np.log2(shares / shares.sum())[test].sum() / 8
    assert len(coder.encode(test)) < 0.85 * alone


def test_a_coder_that_was_read_reads_what_another_wrote(coder):
    other = Residuals.from_bytes(coder.to_bytes())
    data = coder.encode(IMAGES[:20])
    assert other.encode(IMAGES[:20]) == data
    np.testing.assert_array_equal(other.decode(data, 20)[..., 0], IMAGES[:20])


def test_predictions_help_and_must_be_there(coder, guessing, guess):
    data = guessing.encode(IMAGES, guess)
    assert len(data) < 0.95 * len(coder.encode(IMAGES))
    np.testing.assert_array_equal(guessing.decode(data, len(IMAGES), guess)[..., 0], IMAGES)
    with pytest.raises(InvalidDataError, match="fitted with predictions, and is used without"):
        guessing.encode(IMAGES)
    with pytest.raises(InvalidDataError, match="fitted without predictions, and is used with"):
        coder.encode(IMAGES, guess)


@pytest.mark.parametrize(
    ("images", "bound"),
    [
        (blobs(60, 6, 7, 3), 0),
        (blobs(60, 6, 7, 3), 2),
        (blobs(60, 7, 6, top=4000, dtype=np.uint16), 0),
        (blobs(60, 7, 6, top=65535, dtype=np.uint16), 3),
        (np.zeros((5, 3, 3), np.uint8), 0),
        (np.full((5, 1, 1), 255, np.uint8), 0),
        (blobs(5, 40, 2), 0),
    ],
    ids=["color", "color within 2", "12 bits", "16 bits within 3", "zeros", "one value", "tall"],
)
def test_images_of_every_kind_come_back(images, bound):
    coder = Residuals.from_bytes(Residuals.fit(images, steps=5).to_bytes())
    found = coder.decode(coder.encode(images, max_error=bound), len(images), max_error=bound)
    found = found.reshape(images.shape).astype(int)
    assert np.abs(found - images).max() <= bound


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (40, 3), (2 * BAND + 5, 7)])
def test_diagonals_give_every_place_after_those_around_it(shape):
    order = [list(zip(*one, strict=True)) for one in diagonals(*shape)]
    step = {place: i for i, places in enumerate(order) for place in places}
    assert sorted(step) == [(row, column) for row in range(shape[0]) for column in range(shape[1])]
    assert sum(map(len, order)) == len(step)
    for (row, column), i in step.items():
        for down, right in AROUND:
            other = (row + down, column + right)
            assert other[0] // BAND != row // BAND or step.get(other, -1) < i


@pytest.mark.parametrize("bound", [0, 2])
def test_large_images_are_coded_by_diagonals(bound, monkeypatch):
    monkeypatch.setattr(residuals, "LARGE", 60)
    monkeypatch.setattr(surroundings, "BAND", 4)
    images, reported = blobs(3, 9, 8, 3), []
    coder, stream = Residuals.fit(images, steps=20), io.BytesIO()
    bounded.write(stream, coder, images, max_error=bound, report=reported.append)
    reader = Reader(stream.getvalue())
    found = bounded.decoder_of(reader)(reader.block(0), reported.append)
    assert np.abs(found.astype(int) - images).max() <= bound
    assert bounded.settings_of(reader.header) == (bounded.LARGE_IMAGES, bound)
    assert len(set(reported)) > 10
    assert max(reported) == 3
    one_by_one = coder.encode(images, max_error=bound)
    assert len(reader.block(0).payload) < 2 * len(one_by_one)
    with pytest.raises(InvalidDataError, match="used with"):
        coder.encode(images, images.astype(int), by_diagonals=True)


def test_large_images_in_raster_order_are_read(monkeypatch):
    images, stream = blobs(3, 9, 8), io.BytesIO()
    bounded.write(stream, Residuals.fit(images, steps=20), images)
    monkeypatch.setattr(residuals, "LARGE", 60)
    reader = Reader(stream.getvalue())
    np.testing.assert_array_equal(bounded.decoder_of(reader)(reader.block(0)), images)


def test_channels_that_are_equal_cost_little():
    gray = blobs(100, 8, 8)
    color = np.repeat(gray[..., None], 2, axis=-1)
    alone = len(Residuals.fit(gray, steps=40).encode(gray))
    assert len(Residuals.fit(color, steps=40).encode(color)) < 1.5 * alone


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (np.zeros((3, 4, 4)), "float64"),
        (np.zeros((3, 4), np.uint8), r"\(3, 4\)"),
        (np.zeros((0, 4, 4), np.uint8), r"\(0, 4, 4\)"),
        (np.zeros((1, 4, 4, 9), np.uint8), "at most 8 channels"),
    ],
)
def test_what_is_no_images_is_refused(rows, what):
    with pytest.raises(InvalidDataError, match=what):
        Residuals.fit(rows)


def test_images_of_another_shape_or_range_are_refused(coder):
    with pytest.raises(ShapeMismatchError, match="fitted to"):
        coder.encode(np.zeros((2, 8, 8), np.uint8))
    with pytest.raises(InvalidDataError, match="values up to 999"):
        coder.encode(np.full((2, 9, 9), 999, np.uint16))
    with pytest.raises(ShapeMismatchError, match="Predictions of shape"):
        Residuals.fit(IMAGES, IMAGES[:3].astype(int))


def test_damaged_data_are_errors_or_other_images(coder):
    data, errors = coder.encode(IMAGES[:10]), 0
    for trial in range(20):
        changed = bytearray(data)
        changed[RNG.randint(len(data))] ^= 1 << RNG.randint(8)
        try:
            found = coder.decode(bytes(changed[: -trial or None]), 10)
        except DataFormatError:
            errors += 1
        else:
            assert found.shape == (10, 9, 9, 1)
    assert errors > 5


def test_damaged_coders_are_refused_or_other_coders(coder):
    content = coder.to_bytes()
    for trial in range(60):
        changed = bytearray(content)
        if trial % 2:
            del changed[RNG.randint(len(content)) :]
        else:
            changed[RNG.randint(40 if trial % 4 else len(content))] ^= 1 << RNG.randint(8)
        try:
            Residuals.from_bytes(bytes(changed))
        except UnsoundError:
            continue
        assert not trial % 2


DECODE = """
import hashlib
from pathlib import Path
import numpy as np
from jamjae.latent.codec import bounded
from jamjae.latent.codec.reader import Reader
reader = Reader(Path(sys.argv[1]).read_bytes())
decode = bounded.decoder_of(reader)
rows = np.concatenate([decode(reader.block(i)) for i in range(len(reader.rows))])
print(hashlib.sha256(rows.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_a_file_decodes_alike_with_any_threads_and_locale(tmp_path):
    images = blobs(1500, 16, 16)
    path = tmp_path / "images.jjz"
    with path.open("wb") as stream:
        bounded.write(stream, Residuals.fit(images[:300], steps=50), images)
    found = with_threads_and_locales(DECODE, path)
    assert found == {hashlib.sha256(images.tobytes()).hexdigest()}


# --- whole numbers ------------------------------------------------------------------------------


def test_a_network_is_exact_in_any_order():
    weights = [RNG.normal(size=shape) for shape in ((30, 8), (8, 4), (4, 3))]
    network = Network.rounded(weights, [np.ones(4), np.ones(3)], [np.ones((2, 8)), np.ones((3, 8))])
    inputs = RNG.randint(0, 1 << 16, (30, 50)).astype(np.float64)
    order = RNG.permutation(30)
    first = network.weights[0][:, order]
    shuffled = Network((first, *network.weights[1:]), network.biases, network.places)
    expected = network(inputs, 1, 2)
    np.testing.assert_array_equal(shuffled(inputs[order], 1, 2), expected)
    read = Network.read(Cursor(network.to_bytes(), "it"))
    ones = np.ones(50, int)
    np.testing.assert_array_equal(read(inputs, ones, 2 * ones), expected)
