"""The codec: bytes and errors as asked for, exact codes, files, and scikit-learn's contract."""

import contextlib
import hashlib

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from elsewhere import with_threads_and_locales
from jamjae import Codec, load_digits, load_model
from jamjae.errors import DataFormatError, InvalidDataError
from jamjae.latent import codec as coder
from jamjae.latent.codec.reader import Reader
from jamjae.models.compression import quantization

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


@pytest.fixture(scope="module")
def digits():
    return load_digits().X.astype(np.uint8)


@pytest.fixture(scope="module")
def codec(digits):
    return Codec(bytes_per_row=8, epochs=15, network=(64,), random_state=0).fit(digits)


@parametrize_with_checks([Codec(network=(), epochs=2)])
@pytest.mark.slow
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)


def test_rows_have_the_bytes_that_were_asked_for(codec, digits):
    size = len(codec.compress_rows(digits)) / len(digits)
    assert 0.9 * 8 < size <= 8  # held-out rows, by which the step is chosen, take more
    assert 0.98 * 8 < codec.bytes_per_row_ <= 8
    assert codec.bits(digits).mean() / 8 == pytest.approx(size, rel=0.005)


@pytest.mark.slow
def test_rows_have_the_error_that_was_asked_for(digits):
    codec = Codec(mse=1.0, epochs=15, network=(64,), random_state=0).fit(digits)
    made = codec.inverse_transform(codec.transform(digits))
    error = np.mean(np.square(made - digits.astype(float)))
    assert 0.9 < error <= 1.03
    assert codec.mse_ <= 1.0


def test_codes_are_whole_numbers_that_bytes_give_back(codec, digits):
    codes = codec.transform(digits)
    assert codes.dtype == np.int32
    data = codec.compress_rows(digits[:100])
    found = coder.decode(data, 100, codes.shape[1], codec.prior_.contexts(), codec.tables_)
    assert np.array_equal(found, codes[:100])
    assert np.array_equal(codec.decompress_rows(data, 100), codec.inverse_transform(codes[:100]))


def test_it_is_not_worse_than_pca_with_the_same_rounding_and_coding(codec, digits):
    rival = codec.baseline_
    scores = rival.transform(digits)
    wanted = quantization.Wanted(bits=8 * codec.bytes_per_row_)
    step = quantization.first_step(rival, wanted, trained=False)
    learned = quantization.independent(rival.deviations / step)

    def error(codes):
        made = np.clip(rival.inverse_transform(codes * step), 0, 255)
        return float(np.mean(np.square(made.reshape(digits.shape) - digits)))

    codes = quantization.Codes(scores / step, error)
    pca = quantization.settled(learned, codes, codes, wanted)
    assert pca.bits == pytest.approx(8 * codec.bytes_per_row_, rel=0.02)
    assert codec.mse_ < pca.error
    assert not codec.is_pca_


@pytest.mark.filterwarnings("default:Training did not improve")
def test_it_is_pca_where_a_network_learned_nothing():
    rows = np.random.default_rng(0).normal(size=(400, 8)) @ np.random.default_rng(1).normal(
        size=(8, 8)
    )
    with pytest.warns(ConvergenceWarning, match="the codec is PCA"):
        codec = Codec(bytes_per_row=4, epochs=1, learning_rate=0.3, random_state=0).fit(rows)
    assert codec.is_pca_
    again = Codec.from_content(codec.content())
    assert np.array_equal(
        again.decompress_rows(codec.compress_rows(rows), 400), codec.reconstruct(rows)
    )


def test_a_codec_without_its_encoder_decodes_and_says_that_it_cannot_encode(codec, digits):
    content = codec.content()
    again = Codec.from_content(content)
    data = codec.compress_rows(digits[:50])
    assert np.array_equal(again.decompress_rows(data, 50), codec.decompress_rows(data, 50))
    assert again.content() == content
    with pytest.raises(InvalidDataError, match="no encoder"):
        again.transform(digits)


def test_damaged_content_is_refused_or_is_a_codec(codec):
    content = codec.content()
    rng = np.random.default_rng(0)
    for _ in range(20):
        damaged = bytearray(content)
        damaged[rng.integers(min(len(content), 400))] ^= 1 << rng.integers(8)
        with contextlib.suppress(DataFormatError):
            Codec.from_content(bytes(damaged))
    with pytest.raises(DataFormatError):
        Codec.from_content(content[:-1])
    with pytest.raises(DataFormatError):
        Codec.from_content(b"")


def test_a_saved_codec_gives_the_same_bytes(codec, digits, tmp_path):
    again = load_model(codec.save(tmp_path / "codec.jamjae"))
    assert again.compress_rows(digits[:99]) == codec.compress_rows(digits[:99])
    assert again.content() == codec.content()
    assert again.bytes_per_row_ == codec.bytes_per_row_


def test_rows_of_a_block_do_not_depend_on_the_others(codec, digits):
    whole = codec.transform(digits)
    assert np.array_equal(whole[700:710], codec.transform(digits)[700:710])
    parts = list(codec.transform_pieces(digits))
    assert np.array_equal(np.concatenate(parts), whole)


def test_compressed_rows_come_back_all_or_some(codec, digits):
    data = codec.compress(digits)
    made = codec.decompress(data)
    assert made.dtype == np.uint8
    assert np.array_equal(made, np.rint(codec.reconstruct(digits)))
    assert np.array_equal(codec.decompress(data, [1500, 3, -1]), made[[1500, 3, -1]])
    assert np.array_equal(codec.decompress(data, slice(990, 1010)), made[990:1010])
    payload = sum(len(codec.compress_rows(part)) for part in (digits[:1000], digits[1000:]))
    assert len(data) - payload < 120


def test_compressed_rows_hold_their_codec_if_asked(codec, digits):
    data = codec.compress(digits[:20], embed=True, names=[f"{i}.png" for i in range(20)])
    reader = Reader(data)
    again = Codec.from_content(reader.codec())
    assert np.array_equal(again.decompress(data), codec.decompress(data))
    assert reader.block(0).names[19] == "19.png"


def test_compressed_rows_that_are_not_its_own_are_refused(codec, digits):
    other = Codec(bytes_per_row=9, epochs=1, network=(), random_state=1).fit(digits)
    data = other.compress(digits[:5])
    with pytest.raises(DataFormatError, match="SHA-256"):
        codec.decompress(data)
    with pytest.raises(DataFormatError, match="does not begin"):
        codec.decompress(b"no file")
    with pytest.raises(InvalidDataError, match="0 sample"):
        codec.compress(digits[:0])
    with pytest.raises(InvalidDataError, match="A slice of them or a list"):
        other.decompress(data, "all")


def test_both_aims_are_one_too_many(digits):
    with pytest.raises(InvalidDataError, match="give one of them"):
        Codec(bytes_per_row=8, mse=1.0).fit(digits)


def test_values_too_far_away_are_refused(codec):
    far = np.full((2, 8, 8), 3e38, np.float32)
    far[0] = 0
    with pytest.raises(InvalidDataError, match="row 1"), pytest.warns(match="range"):
        codec.transform(far)


@pytest.mark.slow
def test_a_table_of_mixed_columns_comes_back_with_its_types():
    rng = np.random.default_rng(0)
    x = rng.normal(size=600)
    frame = pd.DataFrame(
        {"a": x, "b": (10 * x + rng.normal(size=600)).astype(int), "c": np.where(x > 0, "u", "v")}
    )
    codec = Codec(bytes_per_row=3, epochs=10, random_state=0).fit(frame)
    data = codec.compress_rows(codec.checked(frame))
    made = codec.decompress_rows(data, 600)
    assert made.dtypes.tolist() == frame.dtypes.tolist()
    assert (made["c"] == frame["c"]).mean() > 0.8
    again = Codec.from_content(codec.content()).decompress_rows(data, 600)
    pd.testing.assert_frame_equal(again, made)


@pytest.mark.slow
def test_a_convolutional_codec_comes_back_from_its_content():
    rng = np.random.default_rng(0)
    rows = np.cumsum(rng.integers(0, 9, (60, 20, 24, 3)), axis=1).astype(np.uint8)
    codec = Codec(bytes_per_row=40, network="conv", epochs=2, random_state=0).fit(rows)
    again = Codec.from_content(codec.content())
    data = codec.compress_rows(rows)
    assert np.array_equal(again.decompress_rows(data, 60), codec.decompress_rows(data, 60))


@pytest.mark.filterwarnings("default:Training did not improve")
def test_an_error_that_training_does_not_reach_is_reached_by_pca(digits):
    with pytest.warns(ConvergenceWarning, match="did not reach the error"):
        codec = Codec(mse=0.5, epochs=1, network=(16,), learning_rate=0.3, random_state=0).fit(
            digits[:600]
        )
    assert codec.is_pca_
    assert codec.mse_ <= 0.5
    assert codec.transform(digits[:2]).shape == (2, codec.n_components_)


@pytest.mark.parametrize("size", [3, 6])
@pytest.mark.slow
def test_more_bytes_than_so_few_components_can_use_do_no_harm(digits, size):
    codec = Codec(2, bytes_per_row=size, epochs=5, random_state=0).fit(digits[:400])
    assert codec.bytes_per_row_ <= size
    assert codec.mse_ < 1.1 * codec.baseline_.error


SYMBOLS = """
import hashlib
from pathlib import Path
from jamjae import Codec
from jamjae.latent import codec as coder
from jamjae.latent.codec.reader import Reader
reader = Reader(Path(sys.argv[1]).read_bytes())
codec, block = Codec.from_content(reader.codec()), reader.block(0)
k, contexts = codec.n_components_, codec.prior_.contexts()
codes = coder.decode(block.payload, block.n, k, contexts, codec.tables_)
print(hashlib.sha256(codes.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_codes_are_the_same_with_any_threads_and_locale(codec, digits, tmp_path):
    path = tmp_path / "digits.jjz"
    path.write_bytes(codec.compress(digits, embed=True))
    found = with_threads_and_locales(SYMBOLS, path)
    assert found == {hashlib.sha256(codec.transform(digits).tobytes()).hexdigest()}
