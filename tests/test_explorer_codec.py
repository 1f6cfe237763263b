"""The page of a codec: rounding with a larger or smaller step, bytes and errors."""

import json
import re

import numpy as np
import pytest

from jamjae import Codec, explore

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
    ),
]


@pytest.fixture(scope="module")
def rows(digits):
    return digits.X.astype(np.uint8)


@pytest.fixture(scope="module")
def codec(rows):
    return Codec(bytes_per_row=8, epochs=5, network=(64,), random_state=0).fit(rows)


@pytest.fixture(scope="module")
def made(codec, rows):
    return explore(codec, rows[:300], method="pca")


def test_a_larger_step_takes_fewer_bytes(codec, rows, made):
    facts = json.loads(re.search(r'id="page-facts">(.*?)</script>', made.html, re.DOTALL)[1])
    sizes, errors = np.array(facts["codec"]["means"]).T
    assert (np.diff(sizes) < 0).all()
    assert (np.diff(errors) > 0).all()
    own = facts["codec"]["ratios"].index(1.0)
    assert sizes[own] == pytest.approx(codec.bits(rows[:300]).mean() / 8)
    rest = codec.reconstruct(rows[:300]) - rows[:300].astype(float)
    assert errors[own] == pytest.approx(np.mean(rest**2), rel=1e-4)


def test_the_browser_rounds_as_the_codec_does(codec, rows, made, opened):
    page = opened(made)
    found = page.evaluate("[0, 1, 2].map((i) => Array.from(jamjae.reconstructed(i)))")
    expected = codec.reconstruct(rows[:3]).reshape(3, -1)
    assert np.abs(np.array(found) - expected).max() < 1.0
    page.click("#tab-quality")
    page.locator("#step").fill("6")
    texts = page.locator("#rounded figcaption").all_inner_texts()
    assert re.search(r"[\d.]+ bytes", texts[1])
    assert "bytes on average" in page.locator("#mean-bytes").inner_text()


def test_the_networks_alone_are_an_autoencoder(codec, rows):
    plain = codec.unrounded()
    step = codec.step_
    assert np.abs(plain.transform(rows) - codec.transform(rows) * step).max() <= step / 2 * 1.001
    assert plain.score(rows) > codec.score(rows)
