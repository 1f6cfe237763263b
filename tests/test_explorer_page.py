"""The page of a model in a browser: all that can be done in it."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.datasets import load_iris

from jamjae import Autoencoder, explore
from pages import PAGE, SEEN, middle, settle

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


# --- what can be done in it ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def wide(digits):
    return Autoencoder(16, random_state=0, epochs=3).fit(digits.X)


@pytest.fixture(scope="module")
def made(wide, digits):
    return explore(wide, digits.X, digits.y, class_names=digits.class_names, rows=400, title="Ten")


def texts(page, selector):
    return page.locator(selector).all_inner_texts()


def test_the_pointer_decodes_and_shows_the_row_under_it(opened, made):
    page = opened(made)
    x, y = middle(page)
    page.mouse.move(x, y)
    settle(page)
    one = page.evaluate(SEEN)
    page.mouse.move(x + 90, y - 60)
    settle(page)
    assert page.evaluate(SEEN) != one
    box = page.locator("#field").bounding_box()
    px, py = page.evaluate("() => jamjae.map.pixelOf(123)")
    page.mouse.move(box["x"] + 1 + px, box["y"] + 1 + py)
    settle(page)
    captions = texts(page, "#beside figcaption")
    assert page.inner_text("#row-title").startswith("Row ")
    assert captions[0] == "original"
    assert captions[1].startswith("jamjae, MSE ")
    assert captions[2] == "error"
    assert captions[3].startswith("PCA, MSE ")
    page.mouse.click(box["x"] + 1 + px, box["y"] + 1 + py)
    settle(page)
    assert "selected" not in page.inner_text("#row-title")
    page.mouse.move(5, 5)


def test_pan_zoom_and_whole(opened, made):
    page = opened(made)
    where = "() => jamjae.map.pixelOf(7)"
    start = page.evaluate(where)
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 30, steps=4)
    page.mouse.up()
    moved = page.evaluate(where)
    assert np.hypot(*np.subtract(moved, start)) > 30
    page.mouse.wheel(0, -200)
    settle(page)
    assert page.evaluate(where) != moved
    page.click("#nearer")
    page.click("#farther")
    page.click("#whole")
    np.testing.assert_allclose(page.evaluate(where), start, atol=0.5)


def test_the_keyboard_does_what_the_pointer_does(opened, made):
    page = opened(made)
    page.focus("#field")
    page.keyboard.press("ArrowRight")
    settle(page)
    one = page.evaluate(SEEN)
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    settle(page)
    assert page.evaluate(SEEN) != one
    start = page.evaluate("() => jamjae.map.pixelOf(7)")
    page.keyboard.press("+")
    assert page.evaluate("() => jamjae.map.pixelOf(7)") != start
    page.keyboard.press("0")
    np.testing.assert_allclose(page.evaluate("() => jamjae.map.pixelOf(7)"), start, atol=0.5)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    settle(page)
    assert page.inner_text("#row-title") != "Row 1, selected"
    page.focus("#tab-class")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#tab-walk", "aria-selected") == "true"


def drawn(page):
    return page.evaluate("() => document.querySelector('#points').toDataURL()")


def test_rows_without_a_label_are_gray(opened, digits):
    X, y = digits.X[:60], digits.y[:60].astype(object)
    y[::3] = None
    model = Autoencoder(2, network=(), random_state=0, epochs=1).fit(X)
    size = np.where(np.arange(60) % 4 == 0, np.nan, np.arange(60) / 2.5)
    page = opened(explore(model, X, y, columns={"size": size}))
    assert texts(page, "#legend button") == [*"0123456789", "no label"]
    gray = "getComputedStyle(document.querySelector('#legend button:last-child i')).backgroundColor"
    assert page.evaluate(gray) == "rgb(153, 153, 153)"
    page.click("#legend button:last-child")
    settle(page)
    assert page.get_attribute("#legend button:last-child", "aria-pressed") == "false"
    page.select_option("#color", label="size")
    assert texts(page, "#legend span") == ["0.4", "23.6"]


def test_legend_colors_and_layouts(opened, made):
    page = opened(made)
    settle(page)
    full = drawn(page)
    assert texts(page, "#legend button") == list("0123456789")
    page.click("#legend button:nth-child(3)")
    settle(page)
    assert page.get_attribute("#legend button:nth-child(3)", "aria-pressed") == "false"
    assert drawn(page) != full
    page.click("#legend button:nth-child(3)")
    settle(page)
    assert drawn(page) == full
    page.click("#legend button:nth-child(3)")
    page.select_option("#theme", "dark")
    assert page.get_attribute("#legend button:nth-child(3)", "aria-pressed") == "false"
    page.select_option("#theme", "light")
    page.select_option("#color", label="error")
    settle(page)
    assert drawn(page) != full
    assert len(texts(page, "#legend span")) == 2
    assert "nearest codes" in page.inner_text("#way")
    page.select_option("#layout", index=1)
    settle(page)
    assert "inverse of the PCA" in page.inner_text("#way")


def test_the_lasso_gathers_rows(opened, made):
    page = opened(made)
    page.click("#lasso")
    box = page.locator("#field").bounding_box()
    left, top = box["x"] + 3, box["y"] + 3
    right, bottom = box["x"] + box["width"] - 3, box["y"] + box["height"] - 3
    page.mouse.move(left, top)
    page.mouse.down()
    for place in ((right, top), (right, bottom), (left, bottom)):
        page.mouse.move(*place, steps=3)
    page.mouse.up()
    assert page.inner_text("#row-title") == "400 rows in the lasso"
    assert len(texts(page, "#lassoed figure")) == 20
    assert texts(page, "#beside figcaption") == ["their mean"]
    px, py = page.evaluate("() => jamjae.map.pixelOf(9)")
    page.mouse.click(box["x"] + 1 + px, box["y"] + 1 + py)  # a click in place of a lasso ends it
    assert "lasso" not in page.inner_text("#row-title")
    page.click("#lasso")
    assert page.inner_text("#row-title").endswith(", selected")
    assert texts(page, "#lassoed figure") == []


def drawings(page, selector):
    return page.evaluate(
        "(s) => [...document.querySelectorAll(s + ' canvas')].map((c) => c.toDataURL())", selector
    )


def test_a_class_s_mean_and_its_variations(opened, made, wide, digits):
    page = opened(made)
    page.select_option("#which", label="3")
    n = int((digits.y == 3).sum())
    caption = texts(page, "#representative figcaption")[0]
    assert caption.startswith("mean of ")
    assert int(caption.split()[-1]) <= n
    sheet = drawings(page, "#variations")
    assert len(set(sheet)) == 10
    page.click("#again")
    assert drawings(page, "#variations") != sheet
    page.locator("#spread").fill("0")
    assert len(set(drawings(page, "#variations"))) == 1
    assert drawings(page, "#variations")[0] == drawings(page, "#representative")[0]


def test_a_walk_between_two_places(opened, made):
    page = opened(made)
    page.click("#tab-walk")
    film = drawings(page, "#film")
    assert len(film) == 10
    assert [film[0], film[-1]] == drawings(page, "#ends")[::2]
    x, y = middle(page)
    page.click("#from")
    page.mouse.click(x - 80, y)
    page.mouse.click(x + 80, y + 40)
    assert page.get_attribute("#to", "aria-pressed") == "false"
    assert drawings(page, "#film") != film
    page.locator("#along").fill("0")
    assert texts(page, "#ends figcaption")[1] == "0 % of the way"
    ends = drawings(page, "#ends")
    assert ends[0] == ends[1]


def test_sliders_move_the_code(opened, made):
    page = opened(made)
    page.click("#tab-sliders")
    assert page.locator("#knobs input").count() == 10  # directions of a code of 16 components
    same = drawings(page, "#turned")
    assert same[0] == same[1]
    page.locator("#knobs input").nth(1).fill("2")
    turned = drawings(page, "#turned")
    assert turned[0] == same[0] != turned[1]
    page.click("#centre")
    assert drawings(page, "#turned") == same


def test_noise_is_added_and_removed(opened, made):
    page = opened(made)
    page.click("#tab-noise")
    before = drawings(page, "#denoised")
    captions = texts(page, "#denoised figcaption")
    assert [caption.split(",")[0] for caption in captions] == [
        "noisy",
        "denoised",
        "PCA",
        "original",
    ]
    page.click("#anew")
    assert drawings(page, "#denoised")[0] != before[0]
    page.locator("#strength").fill("0")
    clean = drawings(page, "#denoised")
    assert clean[0] == clean[3] == before[3]


def test_two_languages_and_two_themes(opened, made):
    page = opened(made, color_scheme="dark")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(21, 21, 21)"
    page.select_option("#theme", "light")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.select_option("#language", "ko")
    assert page.inner_text("#chart-title") == "코드의 지도"
    assert page.evaluate("() => document.documentElement.lang") == "ko"
    words = (PAGE / "translations.js").read_text("utf-8")
    known = words.count("[")  # a word in each of the two languages
    assert known > 50


def test_a_phone_needs_no_sideways_scrolling(opened, made):
    page = opened(made, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    for tab in ("class", "walk", "sliders", "loadings", "noise"):
        page.click(f"#tab-{tab}")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    x, y = middle(page)
    page.touchscreen.tap(x, y)
    settle(page)
    assert page.inner_text("#warning")


def test_places_far_from_data_are_marked(opened, digits):
    model = Autoencoder(2, random_state=0, epochs=2).fit(digits.X)
    page = opened(explore(model, digits.X, digits.y, rows=300))
    page.click("#farther")
    page.click("#farther")
    page.click("#farther")
    box = page.locator("#field").bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    settle(page)
    assert "far" in page.get_attribute("#here", "class")
    assert page.inner_text("#warning").startswith("Extrapolation")
    px, py = page.evaluate("() => jamjae.map.pixelOf(5)")
    page.mouse.move(box["x"] + 1 + px, box["y"] + 1 + py)
    settle(page)
    assert page.inner_text("#warning") == "Near the data."


def test_a_table_is_shown_as_bars(opened):
    iris = load_iris(as_frame=True)
    model = Autoencoder(2, random_state=0, epochs=3).fit(iris.data)
    page = opened(explore(model, iris.data, iris.target, class_names=iris.target_names))
    assert not page.locator("#tab-noise").is_visible()
    page.select_option("#color", label="petal length (cm)")
    settle(page)
    assert len(texts(page, "#legend span")) == 2
    found = page.evaluate("() => Array.from(jamjae.original(70))")
    np.testing.assert_allclose(found, iris.data.iloc[70], atol=1e-3)
    for tab in ("class", "walk", "sliders"):
        page.click(f"#tab-{tab}")
    x, y = middle(page)
    page.mouse.move(x, y)
    settle(page)
    assert len(texts(page, "#beside figcaption")) == 4


def test_a_decoder_unknown_to_the_page_is_shown_by_a_grid(opened, digits):
    encoder = keras.Sequential([keras.Input((8, 8)), layers.Flatten(), layers.Dense(2)])
    x = keras.Input((2,))
    decoder = keras.Model(x, layers.LayerNormalization()(layers.Dense(64)(x)))
    model = Autoencoder(encoder=encoder, decoder=decoder, random_state=0, epochs=2).fit(digits.X)
    page = opened(explore(model, digits.X, digits.y, rows=100))
    assert "LayerNormalization" in page.inner_text("#way")
    assert "LayerNormalization" in page.inner_text("#without")
    assert page.locator("#tabs button").count() == 0
    x, y = middle(page)
    page.mouse.move(x, y)
    settle(page)
    one = page.evaluate(SEEN)
    page.mouse.move(x + 120, y + 100)
    settle(page)
    assert page.evaluate(SEEN) != one
    assert len(drawings(page, "#beside")) == 4


@pytest.mark.parametrize("labels", [None, pytest.param(["one"] * 2, marks=pytest.mark.slow)])
def test_two_rows_with_one_class_or_none(opened, wide, digits, labels):
    page = opened(explore(wide, digits.X[:2], labels))
    for tab in ("class", "walk", "sliders", "noise"):
        page.click(f"#tab-{tab}")
    x, y = middle(page)
    page.mouse.move(x, y)
    settle(page)
    assert page.inner_text("#warning")


def test_columns_may_have_any_name_and_classes_no_rows(opened, wide, digits):
    odd = dict.fromkeys(("constructor", "summary", "far", "error"), digits.y)
    few = digits.X[digits.y < 4], digits.y[digits.y < 4]
    odd = {name: values[digits.y < 4] for name, values in odd.items()}
    names = digits.class_names
    page = opened(explore(wide, *few, class_names=names, columns=odd, rows=80, method="pca"))
    colors = texts(page, "#color option")
    assert colors[:5] == ["class", "constructor", "summary", "far", "error"]
    assert texts(page, "#which option") == ["all rows", "0", "1", "2", "3"]


def test_a_page_that_is_shown_later_fills_its_place(opened, made):
    page = opened(made)
    page.evaluate("() => (document.querySelector('main').style.display = 'none')")
    page.set_viewport_size({"width": 700, "height": 600})
    page.evaluate("() => (document.querySelector('main').style.display = '')")
    settle(page)
    places = page.evaluate("() => [...Array(400).keys()].map((row) => jamjae.map.pixelOf(row))")
    box = page.locator("#field").bounding_box()
    assert np.ptp(places, axis=0).max() > 0.5 * min(box["width"], box["height"])
    assert np.min(places) >= 0
    assert (np.max(places, axis=0) <= [box["width"], box["height"]]).all()


def test_names_with_markup_are_shown_as_they_are(opened, wide, digits):
    names = ["</script><b>0</b>", "<img src=x>", *"23456789"]
    title = "</title><i>t</i>"
    made = explore(wide, digits.X, digits.y, class_names=names, rows=50, method="pca", title=title)
    page = opened(made)
    assert texts(page, "#legend button")[:2] == names[:2]
    assert page.inner_text("h1") == title
    assert page.locator("img, b, h1 i").count() == 0
    assert json.loads(page.evaluate("() => JSON.stringify(jamjae.facts.title)")) == title
