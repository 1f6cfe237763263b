"""Bytes of a row in comparisons: codes of every method rounded and coded alike."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from comparisons import DIGITS, QUICK, X, row
from jamjae import Codec, compare, report
from jamjae.errors import InvalidDataError
from jamjae.evaluation.comparison.code_bytes import code_bytes


@pytest.fixture(scope="module")
def found():
    return compare(X, methods=["pca", "isomap"], code_bytes=True, **QUICK)


def test_bytes_are_those_of_rounded_codes(found):
    split = found.splits[0]
    pca = PCA(2, random_state=0).fit(split.train)
    train, test = pca.transform(split.train), pca.transform(split.test)
    counted = code_bytes(train, test, pca.inverse_transform, split.test)
    told = row(found, "PCA")
    assert told["bytes_per_row"] == pytest.approx(counted.bytes_per_row)
    assert 0.5 < told["bytes_per_row"] < 2 * 8 / 2  # floats take 16


def test_codes_that_decode_to_nothing_have_none(found):
    assert row(found, "Isomap")["bytes_per_row"] == "n/a"


def test_bytes_are_shown_where_they_were_asked_for(found):
    assert "bytes" in found.text().splitlines()[0]
    assert "bytes_per_row" not in compare(X, methods="pca", **QUICK).columns


@pytest.mark.slow
def test_a_report_explains_bytes(found):
    text = str(report.of_comparison(found, "iris").parts)
    assert "tables and model are not counted" in text


def test_exact_reconstructions_have_no_bytes_and_a_note():
    found = compare(X, methods="pca", n_components=4, code_bytes=True, **QUICK)
    assert row(found, "PCA", size=4)["bytes_per_row"] == "n/a"
    assert "too small for rounded codes" in row(found, "PCA", size=4)["note"]


def test_generated_rows_have_no_codes():
    with pytest.raises(InvalidDataError, match="code_bytes=True"):
        compare(X, task="generate", code_bytes=True)


@pytest.mark.slow
def test_a_codec_counts_its_own_bytes():
    codec = Codec(bytes_per_row=4, network=(), epochs=2)
    rows = DIGITS.X[:400].astype(np.uint8)
    found = compare(rows, methods={"codec": codec}, n_components=8, code_bytes=True, **QUICK)
    told = row(found, "codec", size=8)
    assert 2.5 < told["bytes_per_row"] < 5
    assert "at its own error" in told["note"]
