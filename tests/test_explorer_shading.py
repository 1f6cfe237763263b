"""Shades under the map of a page: the log density of codes."""

from __future__ import annotations

import numpy as np
import pytest

from jamjae import Autoencoder, explore
from jamjae.explorer import layouts, shading
from jamjae.latent.densities import Flow, Gaussian, Mixture
from pages import settle

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


def blobs(k, n=400):
    rng = np.random.RandomState(0)
    centers = np.array([[0.0, 0.0], [9.0, 2.0]]) @ rng.normal(size=(2, k))
    return np.concatenate([rng.normal(size=(n, k)) + center for center in centers])


def levels_in_nats(found):
    low, high = found.facts["low"], found.facts["high"]
    return low + found.levels / 255 * (high - low)


def points_of(found, side):
    left, bottom, right, top = found.facts["box"]
    return np.meshgrid(np.linspace(left, right, side), np.linspace(bottom, top, side))


def test_a_map_of_codes_is_shaded_by_their_log_density():
    codes = blobs(2)
    density = Mixture(random_state=0).fit(codes)
    (layout,) = layouts.lay_out(codes, "pca", 0)
    found = shading.shade(density, layout, 0)
    x, y = points_of(found, shading.GRID)
    expected = density.score_samples(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
    low, high = found.facts["low"], found.facts["high"]
    step = (high - low) / 255
    np.testing.assert_allclose(levels_in_nats(found), np.clip(expected, low, high), atol=step)
    assert found.facts["way"] == "code"
    assert 0.05 < (found.levels > 0).mean() < 0.9


@pytest.mark.parametrize(
    "density",
    [
        Gaussian(),
        Mixture(random_state=0),
        pytest.param(Flow(widths=(16, 16), steps=50, random_state=0), marks=pytest.mark.slow),
    ],
    ids=lambda density: density.kind,
)
def test_a_plane_is_shaded_by_the_log_density_of_what_is_projected_onto_it(density):
    codes = blobs(3)
    codes[:, 2] = 4.0 if density.kind == "gaussian" else codes[:, 2]  # a component that is constant
    density.fit(codes)
    (layout,) = layouts.lay_out(codes, "pca", 0)
    side, sides = 40, np.ptp(layout.points, axis=0)
    box = [*(layout.points.min(axis=0) - sides), *(layout.points.max(axis=0) + sides)]
    found = np.exp(shading.log_densities(density, layout, box, side, 0))
    cell = (box[2] - box[0]) * (box[3] - box[1]) / (side - 1) ** 2
    assert found.sum() * cell == pytest.approx(1.0, abs=0.02)
    samples = (density.sample(5000, random_state=1).codes - layout.plane[0]) @ layout.plane[1:].T
    grid = np.meshgrid(np.linspace(box[0], box[2], side), np.linspace(box[1], box[3], side))
    for axis in (0, 1):
        mean = (grid[axis] * found).sum() * cell
        spread = (np.square(grid[axis] - mean) * found).sum() * cell
        assert mean == pytest.approx(samples[:, axis].mean(), abs=0.1 * samples[:, axis].std())
        assert spread == pytest.approx(samples[:, axis].var(), rel=0.2)


@pytest.mark.slow
def test_other_maps_are_not_shaded():
    codes = blobs(3, n=30)
    density = Gaussian().fit(codes)
    nearest, plane = layouts.lay_out(codes, "tsne", 0)
    assert shading.shade(density, nearest, 0) is None
    assert shading.shade(None, plane, 0) is None
    line = layouts.lay_out(codes[:, :1], "pca", 0)[0]
    assert shading.shade(Gaussian().fit(codes[:, :1]), line, 0) is None


def test_shades_can_be_turned_off(opened, digits):
    model = Autoencoder(2, network=(), random_state=0, epochs=1).fit(digits.X)
    model.fit_density(digits.X, kind="gaussian")
    page = opened(explore(model, digits.X, rows=60))
    settle(page)
    drawn = "() => document.querySelector('#points').toDataURL()"
    shaded = page.evaluate(drawn)
    assert "log density of the codes (gaussian)" in page.inner_text("#way")
    page.click("#shading")
    settle(page)
    assert page.evaluate(drawn) != shaded
    assert "log density" not in page.inner_text("#way")
    assert page.get_attribute("#shading", "aria-pressed") == "false"
    page.focus("#shading")
    page.keyboard.press("Enter")
    settle(page)
    assert page.evaluate(drawn) == shaded
    del model.density_
    plain = opened(explore(model, digits.X, rows=60))
    assert not plain.locator("#shading").is_visible()
