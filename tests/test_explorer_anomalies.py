"""The page of a detector, errors by feature, and loadings at the pointer."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from jamjae import AnomalyDetector, Autoencoder, explore
from jamjae.cli import app
from jamjae.errors import InvalidDataError
from pages import settle
from test_anomalies import linear, normal_rows

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)
NAMES = ["length", "width", "noise", "sum"]
MOVES = "() => document.querySelector('#moves canvas').toDataURL()"


@pytest.fixture(scope="module")
def detector():
    model = linear(scaling="standardize")
    return AnomalyDetector(model, random_state=0).fit(pd.DataFrame(normal_rows(600), columns=NAMES))


@pytest.fixture(scope="module")
def anomalous():
    X = normal_rows(60, 7)
    X[0, 3] += 20
    return pd.DataFrame(X, columns=NAMES)


@pytest.fixture(scope="module")
def of_images():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 1, 1)) * np.ones((60, 6, 6)) + 0.1 * rng.normal(size=(60, 6, 6))
    detector = AnomalyDetector(linear(), random_state=0).fit(X)
    X[0, :2, 4:] += 3
    return detector, X


def texts(page, selector):
    return page.locator(selector).all_inner_texts()


def pointed(page, row):
    page.locator("#field").scroll_into_view_if_needed()
    box = page.locator("#field").bounding_box()
    x, y = page.evaluate("(row) => jamjae.map.pixelOf(row)", row)
    page.mouse.click(box["x"] + 1 + x, box["y"] + 1 + y)
    settle(page)


def test_rows_are_colored_by_their_p_values(opened, detector, anomalous):
    page = opened(explore(detector, anomalous, method="pca"))
    assert texts(page, "#color option")[:3] == [
        "p-value",
        "anomaly score (low: anomalous)",
        "anomalies",
    ]
    expected = detector.p_values(anomalous)
    np.testing.assert_allclose(page.evaluate("() => [...jamjae.pValues]"), expected, rtol=1e-6)
    assert (page.evaluate("() => [...jamjae.anomalies]") == (detector.predict(anomalous) < 0)).all()
    low, high = (float(end) for end in texts(page, "#legend span"))
    assert (low, high) == pytest.approx((expected.min(), expected.max()), rel=0.01)
    page.select_option("#color", label="anomalies")
    assert texts(page, "#legend button") == ["normal", "anomaly"]
    page.select_option("#language", "ko")
    assert texts(page, "#legend button") == ["정상", "이상"]


def test_the_chosen_row_has_a_verdict_and_errors_by_column(opened, detector, anomalous):
    page = opened(explore(detector, anomalous, method="pca"))
    settle(page)
    p, score = detector.p_values(anomalous)[0], detector.score_samples(anomalous)[0]
    said = page.inner_text("#verdict")
    assert said.startswith(f"p-value {p:.3g}: anomaly (score ")
    assert float(re.search(r"score (.*)\)", said)[1]) == pytest.approx(score, rel=0.01)
    label = page.get_attribute("#beside canvas >> nth=0", "aria-label")
    errors = dict(zip(NAMES, detector.explain(anomalous[:1]).errors[0], strict=True))
    names = sorted(NAMES, key=lambda name: -abs(errors[name]))
    found = re.findall(r"(\w+) ([+−][\d.]+)", label.removeprefix("error: "))
    assert [name for name, _ in found] == names
    for name, value in found:
        assert float(value.replace("−", "-")) == pytest.approx(errors[name], rel=0.02, abs=0.02)
    assert "detector's training rows" in page.inner_text("#error-key")
    page.keyboard.press("Escape")


def test_the_error_map_of_an_image_shows_what_is_brighter(opened, of_images):
    detector, X = of_images
    page = opened(explore(detector, X, method="pca"))
    settle(page)
    context = "document.querySelectorAll('#beside canvas')[2].getContext('2d')"
    pixel = f"([x, y]) => [...{context}.getImageData(x, y, 1, 1).data]"
    red, _, blue, strength = page.evaluate(pixel, [5, 0])
    assert (red > blue, strength) == (True, 255)
    red, _, blue, _ = page.evaluate(pixel, [0, 5])
    assert blue > red  # the reconstruction is too bright everywhere else


def test_other_models_have_errors_in_units_of_the_rows_shown(opened, anomalous):
    model = linear().fit(anomalous)
    page = opened(explore(model, anomalous, method="pca"))
    assert page.locator("#verdict").is_hidden()
    assert texts(page, "#color option")[0] == "length"
    assert "rows shown" in page.inner_text("#error-key")


@pytest.mark.parametrize("images", [True, False])
def test_loadings_follow_the_pointer(opened, of_images, anomalous, images):
    X = of_images[1] if images else anomalous
    model = Autoencoder(2, network=(16,), epochs=20, random_state=0).fit(X)
    page = opened(explore(model, X))
    page.click("#tab-loadings")
    settle(page)
    seen = set()
    for row in (3, 9, 20):
        pointed(page, row)
        seen.add(page.evaluate(MOVES))
        assert page.inner_text("#loadings-of") == f"Row {row + 1}"
    assert len(seen) == 3
    assert page.locator("#moves canvas").count() == (2 if images else 1)
    assert "standard deviation" in page.inner_text("#about-loadings")


def test_a_linear_model_has_the_same_loadings_everywhere(opened, anomalous):
    page = opened(explore(linear().fit(anomalous), anomalous))
    page.click("#tab-loadings")
    seen = set()
    for row in (1, 30):
        pointed(page, row)
        seen.add(page.inner_text("#about-loadings"))
    assert len(seen) == 1


def test_a_detector_without_calibration_has_scores_alone(anomalous):
    few = AnomalyDetector(linear(), contamination=0.1, random_state=0).fit(normal_rows(15))
    html = explore(few, anomalous.to_numpy(), method="pca").html
    facts = json.loads(re.search(r'id="page-facts">(.*?)</script>', html, re.DOTALL)[1])
    assert facts["detector"] == {"calibration": 15, "rate": None}
    assert {"scores", "anomalies"} <= set(facts["arrays"])
    assert "p_values" not in facts["arrays"]


def test_a_detector_that_is_not_fitted_is_refused(anomalous):
    with pytest.raises(InvalidDataError, match="AnomalyDetector as the model; a fitted"):
        explore(AnomalyDetector(), anomalous)


def test_the_command_takes_detectors(detector, anomalous, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    detector.save("d.jamjae")
    anomalous.to_csv("new.csv", index=False)
    done = CliRunner().invoke(app, ["explore", "d.jamjae", "new.csv", "--json"])
    assert done.exit_code == 0
    assert '"p_values"' in (tmp_path / "explorer.html").read_text("utf-8")


@pytest.mark.slow
def test_the_page_of_a_detector_of_fashion_mnist_is_small(fashion_mnist):
    X, y = fashion_mnist.X, fashion_mnist.y
    detector = AnomalyDetector(Autoencoder(32, epochs=1), random_state=0).fit(X[y == 0][:2000])
    page = explore(detector, X[:10_000], y[:10_000], method="pca")
    assert len(page.html.encode()) <= 6_000_000
