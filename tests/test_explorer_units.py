"""The page of a model of a mixed table: values in the table's own units."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from jamjae import Autoencoder, explore
from pages import settle

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)
WRITTEN = """(Z) => Z.map((z) => {
  const x = jamjae.decode(z);
  return jamjae.units.columns.map((column) => column.text(x)[0]);
})"""
DECODED = "(Z) => Z.map((z) => Array.from(jamjae.decode(z)))"


@pytest.fixture(scope="module")
def people():
    rng, n = np.random.default_rng(0), 80
    city = rng.choice(["서울", "부산", "대구"], n)
    days = pd.to_timedelta(rng.integers(0, 9999, n), "D")
    seconds = pd.to_timedelta(rng.integers(0, 10**8, n), "s")
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "few": rng.integers(0, 4, n).astype("uint8"),
            "income": (rng.normal(3e4, 9e3, n) + 2e4 * (city == "서울")).round(2),
            "size": rng.normal(size=n),
            "member": rng.random(n) < 0.4,
            "city": city,
            "since": pd.Timestamp("2001-01-01") + days,
            "seen": (pd.Timestamp("2001-01-01") + seconds).tz_localize("Asia/Seoul"),
            "for": seconds,
        }
    )


@pytest.fixture(scope="module")
def model(people):
    return Autoencoder(3, network=(), random_state=0, epochs=1).fit(people).fit_density(people)


def written(name, values):
    """Write values of a column as the page does."""
    if name == "income":
        return [f"{value:.2f}" for value in values]
    if name == "since":
        return [f"{value:%Y-%m-%d}" for value in values]
    if name == "seen":
        times = (f"{value.tz_convert('UTC'):%Y-%m-%d %H:%M:%S}" for value in values)
        return [time.removesuffix(":00") + " UTC" for time in times]
    if name == "for":
        return [re.sub(r"^(-?\d+) days ", r"\1 d ", str(value)) for value in values]
    return list(map(str, values))


def test_codes_decode_to_the_values_that_python_gives(opened, people, model):
    page = opened(explore(model, people, rows=60, method="pca"))
    codes = model.transform(people.iloc[:30]).astype(np.float32)
    codes = np.concatenate([codes, 3 * codes])
    found = np.array(page.evaluate(WRITTEN, codes.tolist()), dtype=object)
    given = np.array(page.evaluate(DECODED, codes.tolist()))
    exactly = model.table_encoder_.inverse_transform(given)  # of the numbers that the page has
    expected = model.inverse_transform(codes)
    for place, name in enumerate(people.columns):
        column = found[:, place]
        if name == "size":
            np.testing.assert_allclose(column.astype(float), exactly[name], atol=0.006)
        elif name == "for":
            later = exactly[name] >= pd.Timedelta(0)
            assert column[later].tolist() == written(name, exactly[name][later])
        else:
            assert column.tolist() == written(name, exactly[name])
        if name in ("few", "member", "city"):
            assert (exactly[name] == expected[name]).all()
        else:  # a page decodes within 1e-4 of the range
            assert (abs(exactly[name] - expected[name]) <= 1e-3 * np.ptp(people[name])).all()


def test_rows_are_shown_and_colored_in_the_units_of_the_table(opened, people, model):
    page = opened(explore(model, people, rows=80, method="pca"))
    settle(page)
    label = page.get_attribute("#beside canvas >> nth=1", "aria-label")
    first = people.iloc[0]
    assert label.startswith(f"original: age {first['age']}, few {first['few']}, income ")
    assert f"city {first['city']}, since {first['since']:%Y-%m-%d}" in label
    assert "%" not in label  # the original is certain
    assert "9 features" in page.inner_text("#facts")
    assert "in the units of the table" in page.inner_text("#without")
    page.select_option("#color", label="city")
    assert sorted(page.locator("#legend button").all_inner_texts()) == ["대구", "부산", "서울"]
    page.select_option("#color", label="member")
    assert page.locator("#legend button").all_inner_texts() == ["False", "True"]
    page.select_option("#color", label="since")
    ends = page.locator("#legend span").all_inner_texts()
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", end) for end in ends)
    page.click("#tab-samples")
    page.wait_for_selector("#sheet[aria-busy=false]")
    told = page.get_attribute("#sheet canvas >> nth=0", "aria-label")
    assert re.search(r"member (True|False)", told)


def test_an_array_that_is_standardized_is_shown_in_its_units(opened):
    X = np.random.RandomState(0).randint(100, 900, (40, 3))
    model = Autoencoder(1, network=(), scaling="standardize", random_state=0, epochs=1).fit(X)
    page = opened(explore(model, X, method="pca"))
    label = page.get_attribute("#beside canvas >> nth=1", "aria-label")
    assert label == "original: " + ", ".join(f"x{i + 1} {v}" for i, v in enumerate(X[0]))
    facts = re.search(r'id="page-facts">(.*?)</script>', explore(model, X).html, re.DOTALL)
    assert [column["kind"] for column in json.loads(facts[1])["table"]] == ["numbers"] * 3
