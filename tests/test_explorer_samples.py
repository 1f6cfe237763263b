"""The page of a model that has a density: new samples drawn in the browser."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import numpy as np
import pytest
from sklearn.datasets import load_iris

from jamjae import Autoencoder, explore
from jamjae.engine import flows
from jamjae.explorer import samples
from jamjae.latent.densities import KINDS, Flow

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
PLAN = """([seed, group, temperature, n]) => jamjae.sampler.plan(seed, group, temperature, n)
  .map(({ group, code }) => { const z = code();
    return { group, z: Array.from(z), x: Array.from(jamjae.sampler.decode(z)) }; })"""


@pytest.fixture(scope="module")
def mixed(digits):
    model = Autoencoder(16, random_state=0, epochs=3).fit(digits.X)
    return model.fit_density(digits.X, digits.y, kind="mixture")


@pytest.fixture(scope="module")
def made(mixed, digits):
    return explore(mixed, digits.X, digits.y, class_names=NAMES, rows=400, method="pca")


def planned(page, seed=0, group=None, temperature=1.0, n=12):
    found = page.evaluate(PLAN, [seed, group, temperature, n])
    return tuple(np.array([each[key] for each in found]) for key in ("group", "z", "x"))


def drawn(page):
    page.wait_for_selector("#sheet[aria-busy=false]")
    sheet = "() => [...document.querySelectorAll('#sheet canvas')].map((c) => c.toDataURL())"
    return page.evaluate(sheet)


def captions(page):
    drawn(page)
    return page.locator("#sheet figcaption").all_inner_texts()


def facts_of(page):
    return json.loads(re.search(r'id="page-facts">(.*?)</script>', page.html, re.DOTALL)[1])


# --- codes ---------------------------------------------------------------------------------------


def test_samples_decode_as_python_decodes_their_codes(opened, made, mixed):
    groups, codes, found = planned(opened(made), seed=7)
    expected = mixed.inverse_transform(codes.astype(np.float32)).reshape(len(codes), -1)
    low, high = mixed.sampling_.span.low, mixed.sampling_.span.high
    np.testing.assert_allclose(found, np.clip(expected, low, high), atol=1e-4 * (high - low))
    assert sorted(groups) == list(groups)
    assert len(set(groups)) >= 9  # twelve samples have the ten classes in their shares


@pytest.mark.slow
def test_samples_are_distributed_as_those_of_python(opened, made, mixed):
    page = opened(made)
    for group, label in ((None, None), (3, 3)):
        _, codes, _ = planned(page, seed=1, group=group, n=2000)
        other = mixed.density_.sample(2000, label, random_state=0).codes
        error = 5 * other.std(axis=0) * np.sqrt(2 / 2000)
        assert (np.abs(codes.mean(axis=0) - other.mean(axis=0)) < error).all()
        np.testing.assert_allclose(np.cov(codes.T), np.cov(other.T), atol=0.15 * other.var())
        likely, expected = mixed.log_density(codes), mixed.log_density(other)
        assert abs(likely.mean() - expected.mean()) < 5 * expected.std() * np.sqrt(2 / 2000)
    _, means, _ = planned(page, group=3, temperature=0.0)
    known = mixed.density_.sample(200, 3, random_state=0, temperature=0.0).codes
    assert all(np.abs(known - mean).max(axis=1).min() < 1e-3 * known.std() for mean in means)


def flowing(model, digits):
    codes = model.transform(digits.X).astype(np.float64)
    model = model.fit_density(digits.X, digits.y, kind="gaussian")
    model.density_ = Flow(widths=(16, 16), steps=30, random_state=0).fit(codes, digits.y)
    return model


@pytest.mark.slow
def test_a_flow_carries_noise_as_python_does(opened, digits):
    model = flowing(Autoencoder(3, network=(), random_state=0, epochs=1).fit(digits.X), digits)
    density = model.density_
    page = opened(explore(model, digits.X, digits.y, rows=60, method="pca"))
    noise, classes = np.random.RandomState(0).normal(size=(20, 3)), np.arange(20) % 11 - 1
    carried = (
        "(all) => all.map(([e, g]) => Array.from(jamjae.sampler.carried(Float64Array.from(e), g)))"
    )
    given = [[e, g] for e, g in zip(noise.tolist(), classes.tolist(), strict=True)]
    arrays = density.arrays()
    weights = [arrays[f"weight.{i}"] for i in range(6)]
    white = flows.carry(flows.Shape(3, 10, (16, 16), density.start), weights, noise, classes)
    expected = arrays["center"] + (white @ arrays["factor"].T) * arrays["scale"]
    found = np.array(page.evaluate(carried, given))
    assert np.abs(found - expected).max() < 0.05 * expected.std()
    page.click("#tab-samples")
    assert len(set(drawn(page)[::2])) == 12
    assert "rectified flow" in page.inner_text("#about-samples")


def test_a_large_density_is_drawn_in_advance(opened, mixed, digits, monkeypatch):
    monkeypatch.setattr(samples, "MOST_NUMBERS", 100)
    made = explore(mixed, digits.X, digits.y, rows=60, method="pca")
    facts = facts_of(made)["density"]
    assert (facts["way"], facts["size"]) == ("pool", 300)
    page = opened(made)
    page.click("#tab-samples")
    assert "in advance" in page.inner_text("#about-samples")
    assert not page.locator("#temperature").is_visible()
    groups, codes, _ = planned(page, group=4)
    assert set(groups) == {4}
    assert len(np.unique(codes, axis=0)) == 12
    likely = mixed.log_density(codes)
    own = mixed.log_density(mixed.density_.sample(300, 4, random_state=0).codes)
    assert own.min() - 10 < likely.min()
    assert len(set(planned(page)[0])) > 3


# --- the panel -----------------------------------------------------------------------------------


def test_each_sample_stands_beside_the_nearest_row(opened, made, mixed):
    page = opened(made)
    page.click("#tab-samples")
    texts = captions(page)
    _, codes, _ = planned(page)
    rows = np.array(
        page.evaluate("() => [...Array(400).keys()].map((r) => Array.from(jamjae.code(r)))")
    )
    near = np.square(codes[:, None] - rows[None]).sum(axis=2).argmin(axis=1)
    assert [int(re.search(r"\d+", text)[0]) - 1 for text in texts[1::2]] == near.tolist()
    assert set(texts[::2]) <= set(NAMES)
    label = page.get_attribute("#sheet canvas >> nth=1", "aria-label")
    assert label.startswith(f"nearest row {near[0] + 1}, ")
    assert page.get_attribute("#sheet > div >> nth=2", "aria-label").startswith("sample 3, ")
    assert page.inner_text("#drawn") == "12 samples drawn with seed 0."
    assert "400 rows" in page.inner_text("#about-samples")
    page.select_option("#language", "ko")
    assert page.inner_text("#tab-samples") == "새 표본"
    assert captions(page)[1].startswith("행 ")


def test_the_same_seed_gives_the_same_samples(opened, made):
    page = opened(made)
    page.click("#tab-samples")
    first = drawn(page)
    page.click("#draw")
    assert page.input_value("#seed") == "1"
    assert drawn(page) != first
    page.fill("#seed", "0")
    page.press("#seed", "Enter")
    assert drawn(page) == first
    page.focus("#temperature")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("output[for=temperature]") == "0.95"
    assert drawn(page) != first
    page.select_option("#drawn-of", label="seven")
    assert set(captions(page)[::2]) == {"seven"}
    page.fill("#seed", "-2.7")
    page.press("#seed", "Enter")
    drawn(page)
    assert page.inner_text("#drawn") == "12 samples drawn with seed 2."


def test_the_panel_fits_a_phone(opened, made):
    page = opened(made, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page.click("#tab-samples")
    drawn(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


def test_samples_of_a_table_have_the_values_of_its_rows(opened):
    iris = load_iris(as_frame=True)
    counts = (10 * iris.data).round().astype(int)
    model = (
        Autoencoder(2, random_state=0, epochs=2).fit(counts).fit_density(counts, kind="gaussian")
    )
    page = opened(explore(model, counts))
    page.click("#tab-samples")
    assert not page.locator("#drawn-of").is_visible()
    assert len(drawn(page)) == 3
    assert captions(page)[0].startswith("sample 1; nearest row ")
    _, _, rows = planned(page, temperature=3.0, n=50)
    assert (rows == np.rint(rows)).all()
    assert (rows >= counts.min().to_numpy()).all()
    assert (rows <= counts.max().to_numpy()).all()


def test_without_a_density_there_is_no_panel(opened, digits):
    model = Autoencoder(3, network=(), random_state=0, epochs=1).fit(digits.X)
    page = opened(explore(model, digits.X[:40], method="pca"))
    assert page.locator("#tab-samples").count() == 0
    model.fit_density(digits.X, kind="gaussian")
    model.sampling_ = model.sampling_._replace(encoder="that of another model")
    with pytest.warns(UserWarning, match="draws no samples"):
        stale = explore(model, digits.X[:40], method="pca")
    assert facts_of(stale)["density"] is None


def test_the_page_has_a_name_for_every_kind_of_density():
    words = files("jamjae.explorer").joinpath("page", "translations.js").read_text("utf-8")
    assert set(re.findall(r"^  kind_(\w+):", words, re.MULTILINE)) == set(KINDS)
