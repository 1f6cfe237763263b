"""Densities of codes: one contract for all kinds."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.exceptions import NotFittedError

from jamjae.data.archives import UnsoundError
from jamjae.engine import flows
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.latent.densities import KINDS, Flow, Gaussian, Kernel, Mixture, choose, rebuilt

CENTERS = np.array([[0.0, 0.0, 100.0], [8.0, 0.0, 100.0], [0.0, 8.0, 130.0]])
LEARNED = sorted(KINDS.keys() - {"prior"})  # which is the same whatever the codes are
every_kind = pytest.mark.parametrize("kind", LEARNED)
each_kind = pytest.mark.parametrize(  # where a flow of another shape is compiled
    "kind", [pytest.param(k, marks=pytest.mark.slow) if k == "flow" else k for k in LEARNED]
)


def new(kind):
    """A density to fit; a flow with a small network, that gives what it learned."""
    if kind == "flow":
        return Flow(widths=(32, 32), steps=800, guidance=1.0, random_state=0)
    return KINDS[kind](random_state=0)


@pytest.fixture(scope="module")
def labels():
    return np.array(["bag", "coat", "dress"]).repeat([100, 200, 300])


@pytest.fixture(scope="module")
def codes(labels):
    noise = np.random.RandomState(0).normal(size=(len(labels), 3)) * [1.0, 0.5, 4.0]
    return CENTERS[np.unique(labels, return_inverse=True)[1]] + noise


@pytest.fixture(scope="module")
def fitted(codes, labels):
    return {kind: new(kind).fit(codes, labels) for kind in LEARNED}


# --- laws of every kind ----------------------------------------------------------------------


@every_kind
def test_samples_are_of_the_distribution_of_the_codes(kind, fitted, codes, labels):
    made = fitted[kind].sample(3000, random_state=0)
    assert made.codes.shape == (3000, 3)
    assert made.codes.dtype == np.float64
    np.testing.assert_allclose(made.codes.mean(axis=0), codes.mean(axis=0), atol=0.7)
    np.testing.assert_allclose(made.codes.std(axis=0), codes.std(axis=0), rtol=0.1)
    for name in np.unique(labels):
        of_class = made.codes[made.classes == name]
        assert len(of_class) == pytest.approx(3000 * (labels == name).mean(), abs=1)
        np.testing.assert_allclose(
            of_class.mean(axis=0), codes[labels == name].mean(axis=0), atol=0.7
        )


@every_kind
def test_the_log_density_integrates_to_one_and_follows_units(kind, fitted, codes, labels):
    density = fitted[kind]
    box = np.array([[-6.0, 14.0], [-6.0, 14.0], [70.0, 160.0]])
    points = np.random.RandomState(0).uniform(*box.T, size=(20_000, 3))
    volume = np.prod(box[:, 1] - box[:, 0])
    assert np.exp(density.score_samples(points)).mean() * volume == pytest.approx(1.0, abs=0.2)
    units = new(kind).fit(1e3 * codes, labels)
    expected = density.score_samples(codes[::50]) - 3 * np.log(1e3)
    np.testing.assert_allclose(units.score_samples(1e3 * codes[::50]), expected, rtol=1e-3)


@every_kind
def test_parts_give_the_same_density(kind, fitted, codes):
    density = fitted[kind]
    config = json.loads(json.dumps(density.config()))
    again = rebuilt(config, density.arrays())
    assert type(again) is type(density)
    assert again.notes_ == density.notes_
    for made, expected in zip(
        again.sample(50, random_state=3), density.sample(50, random_state=3), strict=True
    ):
        np.testing.assert_array_equal(made, expected)
    np.testing.assert_array_equal(again.score_samples(codes), density.score_samples(codes))
    assert all(array.dtype.kind == "f" for array in density.arrays().values())


@each_kind
def test_the_same_seed_gives_the_same(kind, fitted, codes, labels):
    again = new(kind).fit(codes, labels)
    first, second = (density.sample(20, random_state=5) for density in (fitted[kind], again))
    np.testing.assert_array_equal(first.codes, second.codes)
    np.testing.assert_array_equal(first.classes, second.classes)
    assert not np.array_equal(first.codes, again.sample(20, random_state=6).codes)


@every_kind
def test_classes_are_sampled_as_asked(kind, fitted, codes, labels):
    density = fitted[kind]
    one = density.sample(5, y="coat", random_state=0)
    assert one.classes.tolist() == ["coat"] * 5
    assert np.linalg.norm(one.codes[:, :2] - [8.0, 0.0], axis=1).max() < 5.0
    several = density.sample(3, y=["dress", "dress", "bag"], random_state=0)
    assert several.classes.tolist() == ["dress", "dress", "bag"]
    shares = density.sample(40, y={"bag": 1, "dress": 3}, random_state=0)
    assert np.unique(shares.classes, return_counts=True)[1].tolist() == [10, 30]


@every_kind
def test_temperature_narrows_and_zero_gives_no_noise(kind, fitted):
    spreads = [
        fitted[kind].sample(300, y="bag", random_state=0, temperature=t).codes[:, 2].std()
        for t in (1.0, 0.5)
    ]
    assert spreads[1] < 0.8 * spreads[0]
    still = fitted[kind].sample(5, y="bag", random_state=0, temperature=0).codes
    np.testing.assert_allclose(still, np.tile(still[:1], (5, 1)), atol=1e-5)


@every_kind
@pytest.mark.parametrize("y", [None, "bag"])
def test_variations_reach_from_the_code_itself_to_its_class(kind, fitted, codes, y):
    density = fitted[kind]
    none = density.vary(codes[7], 4, spread=0.0, y=y, random_state=0)
    np.testing.assert_allclose(none, np.tile(codes[7], (4, 1)), atol=2e-2)
    some = density.vary(codes[7], 300, spread=0.3, y=y, random_state=0)
    most = density.vary(codes[7], 300, spread=1.0, y="bag", random_state=0)
    assert 0.1 < some[:, 2].std() / most[:, 2].std() < 0.6
    np.testing.assert_allclose(most.mean(axis=0), codes[:100].mean(axis=0), atol=1.5)


@each_kind
def test_rows_without_a_label_are_a_group_of_their_own(kind, codes, labels):
    some = labels.astype(object)
    some[::2] = None
    density = new(kind).fit(codes, some)
    assert density.shares_[-1] == 0.5
    made = density.sample(400, random_state=0)
    assert sum(name is None for name in made.classes) == 200
    np.testing.assert_allclose(made.codes.mean(axis=0), codes.mean(axis=0), atol=1.5)
    again = rebuilt(density.config(), density.arrays())
    assert again.sample(9, random_state=0).classes.tolist() == (
        density.sample(9, random_state=0).classes.tolist()
    )


@each_kind
def test_constant_components_stay_constant(kind, codes):
    with_constant = np.insert(codes, 1, 7.0, axis=1)
    density = new(kind).fit(with_constant)
    assert density.notes_[0] == "1 of 4 components are constant"
    made = density.sample(10, random_state=0)
    assert (made.codes[:, 1] == 7.0).all()
    assert made.classes is None
    assert np.isfinite(density.score_samples(with_constant)).all()


@each_kind
def test_few_rows_are_enough(kind):
    few = np.random.RandomState(0).normal(size=(3, 6))
    density = new(kind).fit(few)
    assert np.isfinite(density.sample(20, random_state=0).codes).all()
    assert np.isfinite(density.score_samples(few)).all()


@pytest.mark.parametrize("kind", ["gaussian", "mixture"])
@pytest.mark.parametrize("labels", [range(12), [0] * 11 + [1]])
def test_classes_of_few_rows_share_a_covariance_and_say_so(kind, labels):
    few = np.random.RandomState(0).normal(size=(12, 2))
    density = new(kind)
    with pytest.warns(UserWarning, match="have fewer than . rows and share one covariance"):
        density.fit(few, list(labels))
    assert any("share one covariance" in note for note in density.notes_)
    assert np.isfinite(density.sample(5, y=1, random_state=0).codes).all()


# --- single kinds ----------------------------------------------------------------------------


def test_a_gaussian_is_scipy_s():
    codes = np.random.RandomState(0).normal(size=(5000, 2)) @ [[2.0, 0.0], [1.0, 1.0]]
    density = Gaussian().fit(codes)
    reference = multivariate_normal(codes.mean(axis=0), np.cov(codes.T))
    np.testing.assert_allclose(
        density.score_samples(codes[:50]), reference.logpdf(codes[:50]), rtol=5e-3
    )


def test_a_mixture_finds_its_components_and_is_more_likely_than_a_gaussian(codes, labels):
    mixture, gaussian = Mixture(random_state=0).fit(codes), Gaussian().fit(codes)
    assert mixture.numbers_ == {None: 4}
    assert mixture.score_samples(codes).mean() > gaussian.score_samples(codes).mean() + 0.5
    assert Mixture(random_state=0).fit(codes, labels).numbers_.keys() == {"bag", "coat", "dress"}


def test_a_mixture_of_many_rows_says_how_many_it_used():
    codes = np.random.RandomState(0).normal(size=(70_000, 1))
    assert (
        Mixture(random_state=0).fit(codes).notes_[0]
        == "60,000 of 70,000 rows were used for its normal distributions"
    )


def test_auto_goes_by_rows_and_components():
    assert isinstance(choose("auto", 100, 10, images=True), Gaussian)
    assert isinstance(choose("auto", 1000, 10, images=True), Mixture)
    assert isinstance(choose("auto", 100, 10), Kernel)
    assert isinstance(choose("auto", 2000, 10), Kernel)
    assert isinstance(choose("auto", 2001, 10), Mixture)
    assert isinstance(choose("auto", 2000, 200), Gaussian)  # whose kernels would be too large
    assert isinstance(choose("auto", 10_000, 10), Flow)
    assert isinstance(choose("auto", 10_000, 2), Mixture)
    assert choose("flow", 10, 2).guidance == 1.0
    assert choose("flow", 10, 2, images=True).guidance > 1.0


# --- bad input -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def density(codes, labels):
    return Gaussian().fit(codes, labels)


def test_a_kind_without_a_log_density_says_so(codes):
    class Silent(Gaussian):
        kind = "silent"
        _log_density = Gaussian.__mro__[2]._log_density

    with pytest.raises(InvalidDataError, match="'silent' has no log density"):
        Silent().fit(codes).score_samples(codes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n=0"),
        ({"n": 2.5}, "n=2.5"),
        ({"n": 3, "temperature": -0.1}, "temperature=-0.1"),
        ({"n": 3, "temperature": np.nan}, "temperature=nan"),
        ({"n": 3, "y": "dres"}, "the class 'dres', which no training row had.*'dress'"),
        ({"n": 3, "y": 4}, "the class 4"),
        ({"n": 3, "y": {"bag": -1, "dress": 2}}, "the shares"),
        ({"n": 3, "y": {"bag": 0}}, "the shares"),
        ({"n": 3, "y": {"bag": "many"}}, "the shares"),
        ({"n": 3, "y": {"none": 1}}, "the class 'none'"),
        ({"n": 3, "y": {}}, "the shares"),
    ],
)
def test_bad_requests(density, arguments, message):
    with pytest.raises(InvalidDataError, match=message):
        density.sample(**arguments)


def test_labels_of_the_wrong_length(density, codes, labels):
    with pytest.raises(ShapeMismatchError, match=r"shape \(2,\) for n=3 samples"):
        density.sample(3, y=["bag", "bag"])
    with pytest.raises(ShapeMismatchError, match="one label per row"):
        Gaussian().fit(codes, labels[:-1])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([[1.0, np.nan], [2.0, 3.0]], "NaN"),
        ([[1.0, 2.0]], "received 1 code; expected at least two"),
        ([[1.0, 2.0]] * 3, "3 equal codes"),
    ],
)
def test_bad_codes(given, message):
    with pytest.raises(InvalidDataError, match=message):
        Gaussian().fit(given)


def test_other_bad_input(density, codes):
    with pytest.raises(ShapeMismatchError, match="codes of 2 components; this density is one of"):
        density.score_samples(codes[:, :2])
    with pytest.raises(InvalidDataError, match=r"spread=1\.5"):
        density.vary(codes[0], 3, spread=1.5)
    with pytest.raises(InvalidDataError, match="labels of type float64"):
        Gaussian().fit(codes, np.linspace(0, 1, len(codes)))
    with pytest.raises(InvalidDataError, match="fitted without labels"):
        Gaussian().fit(codes).sample(3, y=1)
    with pytest.raises(InvalidDataError, match="kind='flowing'"):
        choose("flowing", 10, 2)
    with pytest.raises(NotFittedError, match=r"Gaussian\.sample: the density is not fitted"):
        Gaussian().sample(3)


@every_kind
@pytest.mark.parametrize("damage", ["kind", "rows", "notes", "classes", "settings"])
def test_damaged_settings_are_refused(kind, fitted, damage):
    config = json.loads(json.dumps(fitted[kind].config()))
    for wrong in (None, [1], {"a": 1}, "x" * 99):
        with pytest.raises(UnsoundError, match=r"\w"):
            rebuilt({**config, damage: wrong}, fitted[kind].arrays())


@every_kind
def test_damaged_arrays_are_refused(kind, fitted):
    config, arrays = fitted[kind].config(), fitted[kind].arrays()
    for name, array in arrays.items():
        others = ({}, {name: array[..., None]}, {name: array * np.nan}, {name: array.astype(int)})
        for wrong in others:
            rest = {key: value for key, value in arrays.items() if key != name}
            with pytest.raises(UnsoundError, match=r"\w"):
                rebuilt(config, {**rest, **wrong})
    with pytest.raises(UnsoundError, match=r"\w"):
        rebuilt(config, {**arrays, "more": np.ones(2)})


# --- flows -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_log_density_of_many_components_is_estimated_by_probes(monkeypatch):
    codes = np.random.RandomState(0).normal(size=(400, 4)) * [1.0, 2.0, 3.0, 4.0]
    density = Flow(widths=(16,), steps=100, random_state=0).fit(codes)
    exact = density.score_samples(codes)
    monkeypatch.setattr(flows, "EXACT", 3)
    flows.compiled.cache_clear()
    estimated = density.score_samples(codes)
    flows.compiled.cache_clear()
    assert 0 < np.abs(estimated - exact).mean() < 0.5
    assert estimated.mean() == pytest.approx(exact.mean(), abs=0.1)


def test_a_flow_follows_what_no_normal_distribution_does(fitted, codes, labels):
    """Back to the start and forth to codes is the way it came."""
    flow = fitted["flow"]
    white = flow._whitened(flow._standardized(codes))
    of_row = np.unique(labels, return_inverse=True)[1]
    noise = flows.carry(flow._shape, flow._weights, white, of_row, back=True)
    again = flows.carry(flow._shape, flow._weights, noise, of_row)
    np.testing.assert_allclose(again, white, atol=0.02)
    rng = np.random.RandomState(0)
    begun = flow._base.carried(rng.normal(size=(600, 3)), flow._base.chosen(of_row, rng))
    np.testing.assert_allclose(noise.mean(axis=0), begun.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(noise.std(axis=0), begun.std(axis=0), rtol=0.1)


def test_samples_of_classes_are_guided(fitted):
    """So far that two classes lie further apart than those of the codes."""
    flow = copy.copy(fitted["flow"])
    apart = []
    for guidance in (1.0, 3.0):
        flow.guidance = guidance
        bag, coat = (flow.sample(500, y=y, random_state=0).codes[:, 0] for y in ("bag", "coat"))
        apart.append(coat.mean() - bag.mean())
    assert apart[0] < apart[1]


def test_guidance_makes_samples_more_typical_of_their_class(fitted):
    flow = fitted["flow"]
    rng, bags = np.random.RandomState(0), np.zeros(200, int)
    noise = flow._base.carried(rng.normal(size=(200, 3)), flow._base.chosen(bags, rng))
    plain, same, guided = (
        flows.carry(flow._shape, flow._weights, noise, bags, guidance=g)
        for g in (1.0, 1.0 + 1e-6, 2.0)
    )
    np.testing.assert_allclose(same, plain, atol=1e-3)
    free = flows.carry(flow._shape, flow._weights, noise, bags - 1)
    away = [np.linalg.norm(made.mean(axis=0) - free.mean(axis=0)) for made in (plain, guided)]
    assert away[0] < away[1]
