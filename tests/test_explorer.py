"""The page of a model, seen from Python: what is taken, refused, rounded and written."""

from __future__ import annotations

import base64
import json
import re
import zlib

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers
from sklearn.datasets import load_iris

from cases import mostly_slow
from jamjae import Autoencoder, explore
from jamjae.errors import InvalidDataError, OutputError, ShapeMismatchError
from jamjae.explorer import graphs, layouts, packing, page_data

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


@pytest.fixture(scope="module")
def plane(digits):
    return Autoencoder(2, random_state=0, epochs=2).fit(digits.X)


@pytest.fixture(scope="module")
def wide(digits):
    return Autoencoder(16, random_state=0, epochs=2).fit(digits.X)


def facts_of(page):
    told = re.search(r'id="page-facts">(.*?)</script>', page.html, re.DOTALL).group(1)
    return json.loads(told)


# --- arrays as text -----------------------------------------------------------------------------


def unpacked(packed):
    """Read arrays back as page/arrays.js does."""
    deflated = base64.b85decode(packed.text.replace(",", "<"))[: packed.length]
    data = np.frombuffer(zlib.decompress(deflated), np.uint8)
    found = {}

    def words(start, count, planes):
        parts = data[start : start + planes * count].reshape(planes, count).astype(np.uint32)
        return sum(part << np.uint32(8 * place) for place, part in enumerate(parts))

    for name, (kind, shape, start, *rest) in packed.table.items():
        size = int(np.prod(shape))
        if kind == "bytes":
            found[name] = data[start : start + size].reshape(shape)
        elif kind == "floats":
            found[name] = words(start, size, 4).view(np.float32).reshape(shape)
        else:
            rows, planes = rest
            units = words(start, rows, 4).view(np.float32)
            signless = words(start + 4 * rows, size, planes).astype(np.int64)
            numbers = (signless >> 1) ^ -(signless & 1)
            found[name] = (numbers.reshape(rows, -1) * units[:, None]).reshape(shape)
    return found


def test_arrays_come_back_as_they_were_rounded():
    rng = np.random.RandomState(0)
    kernel = rng.normal(size=(3, 3, 2, 5)).astype(np.float32)
    given = {
        "kernel": packing.rounded(kernel, 16),
        "wide": packing.rounded(kernel, 20),
        "bias": rng.normal(size=7).astype(np.float32),
        "pixels": rng.randint(0, 256, (4, 6)).astype(np.uint8),
        "zero": packing.rounded(np.zeros((2, 3)), 16),
        "one": packing.rounded(np.array([[-1.5]]), 8),
    }
    packed = packing.pack(given)
    found = unpacked(packed)
    for name, array in given.items():
        expected = array.array if isinstance(array, packing.Rounded) else array
        np.testing.assert_allclose(found[name], expected, rtol=1e-6)
    assert not set("<\"'\\/") & set(packed.text)
    for bits in (8, 12, 16, 20):
        error = np.abs(packing.rounded(kernel, bits).array - kernel).max()
        assert error <= np.abs(kernel).max() / 2 ** (bits - 1)


def test_shortened_numbers_keep_four_digits():
    values = np.random.RandomState(0).lognormal(0, 20, 1000).astype(np.float32)
    found = packing.shortened(np.append(values, 0))
    np.testing.assert_allclose(found, np.append(values, 0), rtol=2.0**-16)
    assert not (found.view(np.uint32) & 0xFF).any()


# --- what it tells ------------------------------------------------------------------------------


def test_facts_of_a_page(digits, wide):
    facts = facts_of(explore(wide, digits.X, digits.y, rows=300, method="pca", title="Digits"))
    assert (facts["rows"], facts["of"], facts["components"]) == (300, 1797, 16)
    assert [each["way"] for each in facts["maps"]] == ["plane"]
    assert facts["directions"]
    assert [each["name"] for each in facts["columns"]] == ["class"]
    assert facts["columns"][0]["classes"] == list("0123456789")


def test_maps_by_the_number_of_components(digits, plane, wide):
    own = facts_of(explore(plane, digits.X[:50]))["maps"]
    assert [each["way"] for each in own] == ["code"]
    both = facts_of(explore(wide, digits.X[:50]))["maps"]
    assert [each["way"] for each in both] == ["nearest", "plane"]
    line = Autoencoder(1, network=(), random_state=0, epochs=1).fit(digits.X[:50])
    assert [each["way"] for each in facts_of(explore(line, digits.X[:50]))["maps"]] == ["code"]


def test_the_same_seed_gives_the_same_page(digits, wide):
    one, other = (explore(wide, digits.X, digits.y, rows=60, random_state=3) for _ in range(2))
    assert one.html == other.html


def test_the_plane_of_a_pca_map_leads_back_to_its_points(digits, wide):
    codes = wide.transform(digits.X[:100]).astype(np.float64)
    (layout,) = layouts.lay_out(codes, "pca", 0)
    back = layouts.codes_at(layout, layout.points, codes)
    again = (back - layout.plane[0]) @ layout.plane[1:].T
    np.testing.assert_allclose(again, layout.points, atol=1e-3 * np.abs(layout.points).max())


def test_a_place_of_a_row_decodes_as_its_code(digits, wide):
    codes = wide.transform(digits.X[:60]).astype(np.float64)
    layout = layouts.lay_out(codes, "tsne", 0)[0]
    found = layouts.codes_at(layout, layout.points, codes)
    np.testing.assert_allclose(found, codes, atol=1e-3 * np.abs(codes).max())


def test_rows_of_a_table(tmp_path):
    iris = load_iris(as_frame=True)
    model = Autoencoder(2, random_state=0, epochs=2).fit(iris.data)
    extra = {"number": np.arange(150.0), "kind": ["a", "b", "c"] * 50}
    page = explore(
        model, iris.data, iris.target, class_names=iris.target_names, columns=extra, method="pca"
    )
    facts = facts_of(page)
    assert facts["features"] == list(iris.data.columns)
    names = [each["name"] for each in facts["columns"]]
    assert names == ["class", "number", "kind", *iris.data.columns]
    assert facts["columns"][0]["classes"] == list(iris.target_names)
    assert facts["columns"][1]["classes"] == []
    assert facts["columns"][2]["classes"] == ["a", "b", "c"]
    assert page.save(tmp_path / "iris.html").read_text(encoding="utf-8") == page.html


def test_a_notebook_gets_a_frame(digits, plane):
    shown = explore(plane, digits.X[:20])._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "<script" not in shown  # it is escaped


@pytest.mark.parametrize("kind", mostly_slow(["float32", "float64", "uint8"], {"uint8"}))
def test_dtypes(digits, kind):
    X = digits.X[:80].astype(kind)
    model = Autoencoder(3, network=(), random_state=0, epochs=1).fit(X)
    facts = facts_of(explore(model, X, method="pca"))
    assert facts["unit"] == (255.0**2 if kind == "uint8" else 1.0)


@pytest.mark.slow
def test_a_page_of_fashion_mnist_is_small(fashion_mnist):
    X, y = fashion_mnist.X, fashion_mnist.y
    model = Autoencoder(64, random_state=0, epochs=1).fit(X[:20_000])
    page = explore(model, X[:20_000], y[:20_000], method="pca")
    assert len(page.html.encode()) <= 6_000_000


# --- bad input ----------------------------------------------------------------------------------


def test_markup_in_names_stays_text(digits, plane):
    names = ["</script><script>alert(1)</script>", "<!--", "&amp;", *"3456789"]
    title = "<img src=x onerror=alert(1)> @data <!--@style-->"
    html = explore(plane, digits.X, digits.y, class_names=names, rows=50, title=title).html
    assert "<script>alert" not in html
    assert "<img" not in html
    facts = re.search(r'id="page-facts">(.*?)</script>', html, re.DOTALL).group(1)
    assert "<" not in facts
    assert json.loads(facts)["columns"][0]["classes"][0] == names[0]
    assert json.loads(facts)["title"] == title


def test_other_shapes_are_refused(digits, plane):
    with pytest.raises(ShapeMismatchError, match="rows of shape"):
        explore(plane, np.zeros((5, 7, 7)))
    with pytest.raises(ShapeMismatchError, match=r"explore \(for y\) .* shape \(5,\) for 20 rows"):
        explore(plane, digits.X[:20], digits.y[:5])
    with pytest.raises(ShapeMismatchError, match="the column 'size'"):
        explore(plane, digits.X[:20], columns={"size": [1.0]})
    with pytest.raises(ShapeMismatchError, match="3 class_names"):
        explore(plane, digits.X, digits.y, class_names=["a", "b", "c"])


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"method": "isomap"}, "method='isomap'"),
        ({"language": "fr"}, "language='fr'"),
        ({"rows": 1}, "rows=1"),
        ({"rows": 2.5}, "rows=2.5"),
        ({"class_names": ["a"]}, "without y"),
        ({"class_names": "ab", "y": [0] * 1797}, "class_names='ab'"),
        ({"class_names": 5, "y": [0] * 1797}, "class_names=5"),
        ({"columns": [[1] * 1797]}, "columns of type list"),
        ({"y": [[1], [1, 2]]}, "for y. cannot use these labels"),
        ({"columns": {"a": np.where(np.arange(1797) > 5, np.inf, 0.5)}}, "infinity in the column"),
    ],
)
def test_odd_settings_are_refused(digits, plane, settings, match):
    with pytest.raises(InvalidDataError, match=match):
        explore(plane, digits.X, **settings)


def test_what_is_no_model_is_refused(digits):
    with pytest.raises(InvalidDataError, match="a fitted jamjae"):
        explore(Autoencoder(2), digits.X)
    with pytest.raises(InvalidDataError, match="received str"):
        explore("digits.jamjae", digits.X)


def test_one_row_is_refused_and_two_are_shown(digits, plane, wide):
    with pytest.raises(InvalidDataError, match="at least 2"):
        explore(plane, digits.X[:1])
    for model in (plane, wide):
        assert facts_of(explore(model, digits.X[:2]))["rows"] == 2
    equal = np.repeat(digits.X[:1], 2, axis=0)
    assert facts_of(explore(wide, equal))["rows"] == 2


def test_a_page_too_large_is_refused(digits, plane, monkeypatch):
    monkeypatch.setattr(page_data, "MOST_WEIGHTS", 100)
    with pytest.raises(InvalidDataError, match="Fit a smaller one"):
        explore(plane, digits.X)
    monkeypatch.undo()
    monkeypatch.setattr(page_data, "MOST_VALUES", 6400)
    with pytest.raises(InvalidDataError, match="rows=100"):
        explore(plane, digits.X)


def test_no_place_to_save(digits, plane, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        explore(plane, digits.X[:20]).save(tmp_path / "file" / "page.html")


# --- networks -----------------------------------------------------------------------------------


def test_layers_that_pages_do_not_know_are_named():
    x = keras.Input((4,))
    odd = keras.Model(x, layers.UnitNormalization()(x))
    with pytest.raises(graphs.UnknownLayer, match="UnitNormalization"):
        graphs.trace(odd, "decoder")
    image = keras.Input((4, 4, 2))
    gate = layers.Multiply()([image, layers.AveragePooling2D(4)(image)])
    beside = layers.Concatenate(axis=1)([image, image])
    across = layers.Softmax(axis=1)(image)
    for output, name in ((gate, "Multiply"), (beside, "Concatenate"), (across, "Softmax")):
        with pytest.raises(graphs.UnknownLayer, match=name):
            graphs.trace(keras.Model(image, output), "decoder")
    own = keras.Sequential([keras.Input((4,)), layers.Dense(2, activation=lambda v: v + 1)])
    with pytest.raises(graphs.UnknownLayer, match="activation"):
        graphs.trace(own, "decoder")


def test_a_decoder_that_pages_do_not_know_is_decoded_beforehand(digits):
    encoder = keras.Sequential([keras.Input((8, 8)), layers.Flatten(), layers.Dense(2)])
    x = keras.Input((2,))
    decoder = keras.Model(x, layers.LayerNormalization()(layers.Dense(64)(x)))
    model = Autoencoder(encoder=encoder, decoder=decoder, random_state=0, epochs=1).fit(digits.X)
    facts = facts_of(explore(model, digits.X, rows=40))
    assert facts["decoder"] is None
    assert facts["unknown"]["decoder"] == "LayerNormalization"
    assert facts["arrays"]["grid0"][1] == [layouts.GRID**2, 64]
    assert facts["arrays"]["reconstructions"][1] == [40, 64]


def test_data_frames_and_numbers_of_classes():
    X = pd.DataFrame(np.random.RandomState(0).normal(size=(30, 3)), columns=list("abc"))
    model = Autoencoder(1, network=(), random_state=0, epochs=1).fit(X)
    values = facts_of(explore(model, X, np.linspace(0, 1, 30)))["columns"][0]
    assert (values["name"], values["classes"]) == ("value", [])
    one = facts_of(explore(model, X, ["only"] * 30))["columns"][0]
    assert one["classes"] == ["only"]
    X = np.random.RandomState(0).normal(size=(150, 3))
    model = Autoencoder(1, network=(), random_state=0, epochs=1).fit(X)
    ages, few = np.arange(150), np.arange(150) % 90
    assert facts_of(explore(model, X, ages))["columns"][0]["classes"] == []
    assert len(facts_of(explore(model, X, few))["columns"][0]["classes"]) == 90


def test_numbers_too_small_for_float32_become_nothing():
    rows = packing.rounded(np.array([[1e-50, 2e-50], [1.0, -2.0]]), 16)
    np.testing.assert_allclose(rows.array, [[0, 0], [1, -2]], atol=1e-4)
