"""The variational autoencoder: its bound, its codes, its samples, its file."""

from __future__ import annotations

import copy
import json
import pickle
import zipfile

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.utils.estimator_checks import parametrize_with_checks

import contract
from jamjae import Autoencoder, VariationalAutoencoder, load_digits, load_model
from jamjae.engine import variational
from jamjae.errors import InvalidDataError, InvalidNetworkError, ModelFileError, TrainingDiverged
from jamjae.models import likelihoods

pytestmark = [
    pytest.mark.filterwarnings("ignore:Training did not improve on PCA"),
    pytest.mark.filterwarnings("ignore:.*not used. their codes do not vary"),
]
RNG = np.random.default_rng(0)


def rows(n=200, d=6):
    factors = RNG.normal(size=(n, 2))
    bent = np.column_stack([factors, np.tanh(2 * factors[:, :1]), factors[:, 1:] ** 2])
    return bent @ RNG.normal(size=(4, d)) + 0.3 * RNG.normal(size=(n, d)) + 5.0


X = rows()


def vae(**settings):
    return VariationalAutoencoder(
        **{"n_components": 2, "network": (8,), "epochs": 3, "random_state": 0} | settings
    )


@pytest.fixture(scope="module")
def fitted():
    return vae(epochs=150, learning_rate=0.01).fit(X)


@pytest.mark.slow
@parametrize_with_checks(
    [
        VariationalAutoencoder(network=(), epochs=2),
        VariationalAutoencoder(network=(), missing="mask", epochs=2),
    ]
)
def test_scikit_learn_s_checks(estimator, check):
    contract.meet(estimator, check)


# --- the bound ------------------------------------------------------------------------------


def test_the_start_is_probabilistic_pca():
    pca = PCA(2).fit(X)
    model = vae(learning_rate=1e-12, epochs=1).fit(X)
    assert model.baseline_elbo_ == pytest.approx(pca.score(X), abs=0.02)  # which divides by n - 1
    assert model.noise_ == pytest.approx(np.sqrt(pca.noise_variance_), rel=0.01)
    bounds = model.elbo(X, n_samples=200)
    assert bounds.mean() == pytest.approx(model.baseline_elbo_, abs=0.05)
    exact = likelihoods.of_pca(model.baseline_, model.noise_, 6)
    per_row = stats.multivariate_normal(
        model.baseline_.mean,
        (model.baseline_.components.T * (model.baseline_.deviations**2 - model.noise_**2))
        @ model.baseline_.components
        + model.noise_**2 * np.eye(6),
    ).logpdf(X)
    assert per_row.mean() == pytest.approx(exact, abs=1e-6)
    found = model.importance_bound(X, n_samples=50)
    np.testing.assert_allclose(found, per_row, atol=2e-3)  # its posterior is exact


def test_training_raises_the_bound_above_that_of_pca(fitted):
    assert fitted.elbo_ > fitted.baseline_elbo_
    elbo, weighted = fitted.elbo(X, 64).mean(), fitted.importance_bound(X, 64).mean()
    assert elbo == pytest.approx(fitted.elbo_, abs=0.3)
    assert weighted > elbo
    nats = -fitted.history_["loss"] * 6  # of scaled rows
    assert nats[-1] - 6 * np.log(fitted.scale_) == pytest.approx(elbo, abs=1.0)


def test_the_bound_follows_the_units():
    one, other = (vae(epochs=2).fit(k * X) for k in (1.0, 1000.0))
    assert other.elbo_ == pytest.approx(one.elbo_ - 6 * np.log(1000.0), abs=0.05)
    assert other.noise_ == pytest.approx(1000.0 * one.noise_, rel=1e-3)


@pytest.mark.slow
def test_a_given_noise_stays():
    model = vae(noise=0.5).fit(X)
    assert model.noise_ == pytest.approx(0.5)
    with pytest.raises(Exception, match="noise"):
        vae(noise=-1.0).fit(X)


def test_a_fit_that_fails_is_probabilistic_pca():
    with pytest.warns(UserWarning, match="is probabilistic PCA"):
        model = vae(learning_rate=3.0, schedule="constant", epochs=1).fit(X)
    assert model.elbo_ == model.baseline_elbo_
    assert model.elbo(X, 100).mean() == pytest.approx(model.baseline_elbo_, abs=0.1)


@pytest.mark.filterwarnings("ignore:(overflow|invalid|divide):RuntimeWarning")
def test_a_fit_that_explodes_is_no_model_of_infinite_noise():
    settings = {"learning_rate": 1e6, "schedule": "constant", "epochs": 1}  # of one step
    with pytest.warns(UserWarning, match="is probabilistic PCA"):
        model = vae(**settings).fit(X[:60])
    assert np.isfinite(model.elbo(X)).all()
    with pytest.warns(UserWarning, match="is probabilistic PCA"):
        assert np.isfinite(vae(**settings, beta=2.0).fit(X[:60]).elbo_)
    with pytest.raises(TrainingDiverged, match="learning rate"):
        vae(**settings, anchor=None).fit(X[:60])


def test_components_that_are_not_used_are_counted_and_said():
    with pytest.warns(UserWarning, match="posterior collapse"):
        model = vae(n_components=5, beta=200.0, epochs=200, learning_rate=0.01).fit(X)
    assert 0 <= model.active_components_.sum() < 5
    assert vae().fit(X).active_components_.tolist() == [True, True]


# --- codes and samples ----------------------------------------------------------------------


def test_codes_are_means_of_distributions(fitted):
    mean, deviation = fitted.encode_distribution(X)
    np.testing.assert_array_equal(mean, fitted.transform(X))
    assert mean.shape == deviation.shape == (200, 2)
    assert (deviation > 0).all()
    total = mean.var(axis=0) + np.square(deviation).mean(axis=0)
    assert np.allclose(total, 1.0, atol=0.4)  # together they are the prior


def test_samples_come_from_the_prior_or_a_density(fitted):
    made = fitted.sample(2000, random_state=0)
    assert np.array_equal(made[:5], fitted.sample(2000, random_state=0)[:5])
    assert np.allclose(made.mean(axis=0), X.mean(axis=0), atol=0.5)
    assert fitted.density_.kind == "prior"
    assert fitted.log_density(np.zeros((1, 2)))[0] == pytest.approx(-np.log(2 * np.pi))
    other = copy.copy(fitted).fit_density(X, kind="gaussian")
    assert (other.density_.kind, fitted.density_.kind) == ("gaussian", "prior")
    assert other.fit_density(X, kind="prior").sample(2).shape == (2, 6)
    with pytest.raises(InvalidDataError, match="no classes"):
        other.fit_density(X, np.arange(200) % 2, kind="prior")


@pytest.mark.slow
def test_only_a_variational_autoencoder_has_a_prior():
    model = Autoencoder(2, network=(), epochs=1, random_state=0).fit(X)
    with pytest.raises(InvalidDataError, match="VariationalAutoencoder"):
        model.fit_density(X, kind="prior")


@pytest.mark.slow
def test_tables_and_missing_values():
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1] > 5, "c": np.where(X[:, 2] > 5, "hi", "lo")})
    model = vae().fit(frame)
    made = model.sample(20, random_state=0)
    assert made.dtypes.equals(frame.dtypes)
    assert set(made["c"]) <= {"hi", "lo"}
    holes = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
    model = vae(missing="mask", epochs=10).fit(holes)
    assert np.isfinite(model.elbo(holes)).all()
    assert np.isfinite(model.impute(holes)).all()


# --- likelihoods ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["float", pytest.param("uint8", marks=pytest.mark.slow)])
def test_probabilities(kind):
    images = load_digits().X[:100].astype(np.float32) / 16
    data = images if kind == "float" else np.rint(images * 255).astype(np.uint8)
    model = vae(likelihood="bernoulli", n_components=4).fit(data)
    made = model.reconstruct(data)
    assert made.min() >= 0
    assert made.max() <= (1 if kind == "float" else 255)
    p = np.clip(made.reshape(100, -1) / (1 if kind == "float" else 255), 1e-6, 1 - 1e-6)
    x = data.reshape(100, -1) / (1 if kind == "float" else 255)
    best = (x * np.log(p) + (1 - x) * np.log1p(-p)).sum(axis=1)
    assert (model.elbo(data) < best + 1).all()
    assert model.elbo_ == pytest.approx(-64 * model.history_["loss"][-1], rel=0.05)


@pytest.mark.slow
def test_counts():
    rates = np.exp(0.5 * (X - 5))
    counts = RNG.poisson(rates).astype(float)
    model = vae(likelihood="poisson", epochs=20).fit(counts)
    assert model.reconstruct(counts).min() >= 0
    best = stats.poisson(np.maximum(model.reconstruct(counts), 1e-6)).logpmf(counts).sum(axis=1)
    assert model.elbo(counts, 20).mean() < best.mean()
    assert model.elbo_ == pytest.approx(-6 * model.history_["loss"][-1], rel=0.1)


@pytest.mark.parametrize(
    ("likelihood", "data", "match"),
    [
        ("bernoulli", X, "from 0 to 1"),
        ("poisson", X, "counts"),
        ("poisson", np.abs(X) + 0.5, "counts"),
        ("bernoulli", pd.DataFrame({"a": X[:, 0], "b": ["x", "y"] * 100}), "encoded"),
    ],
)
def test_values_that_a_likelihood_does_not_allow(likelihood, data, match):
    with pytest.raises(InvalidDataError, match=match):
        vae(likelihood=likelihood).fit(data)


# --- networks and files ---------------------------------------------------------------------


def own(outputs=2):
    x = keras.Input((6,))
    h = keras.layers.Dense(8, activation="relu")(x)
    parts = [keras.layers.Dense(2, name="m")(h), keras.layers.Dense(2, name="v")(h)]
    if outputs == 3:
        parts.append(keras.layers.Add()(parts))
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(6)])
    return {"encoder": keras.Model(x, parts[:outputs]), "decoder": decoder}


@pytest.mark.parametrize("outputs", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_ones_own_networks(outputs, tmp_path):
    networks = own(outputs)
    model = vae(**networks, epochs=5).fit(X)
    assert model.decoder_ is networks["decoder"]
    assert np.array_equal(networks["encoder"].predict(X, verbose=0)[0].shape, (200, 2))
    again = load_model(model.save(tmp_path / "own.jamjae"))
    np.testing.assert_allclose(again.transform(X), model.transform(X), rtol=1e-6)
    assert len(again.encoder.outputs) == 2
    assert clone(again).fit(X).elbo_ < 0


@pytest.mark.parametrize("outputs", [1, 0])
def test_an_encoder_without_a_variance_is_refused(outputs):
    networks = own(1) if outputs else {**own(), "encoder": keras.Sequential()}
    with pytest.raises(InvalidNetworkError, match="log variance"):
        vae(**networks).fit(X)


def test_it_is_saved_pickled_and_copied(fitted, tmp_path):
    path = fitted.save(tmp_path / "v.jamjae")
    for again in (load_model(path), pickle.loads(pickle.dumps(fitted)), copy.copy(fitted)):
        np.testing.assert_array_equal(again.transform(X), fitted.transform(X))
        np.testing.assert_array_equal(again.elbo(X), fitted.elbo(X))
        np.testing.assert_array_equal(
            again.sample(3, random_state=1), fitted.sample(3, random_state=1)
        )
        assert again.active_components_.tolist() == fitted.active_components_.tolist()


@pytest.mark.parametrize(
    "learned", [None, {}, {"noise": -1.0}, {"noise": "a"}, {"elbo": None}, {"active": []}]
)
def test_a_file_that_does_not_say_what_was_learned_is_refused(fitted, tmp_path, learned):
    path = fitted.save(tmp_path / "v.jamjae")
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(members["manifest.json"])
    manifest["learned"] = {**manifest["learned"], **learned} if learned else learned
    members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    with pytest.raises(ModelFileError):
        load_model(path)


def test_a_warm_start_and_partial_fit_go_on():
    model = vae(warm_start=True, epochs=5).fit(X)
    first = model.elbo_
    assert model.fit(X).elbo_ > first - 0.1
    assert vae().partial_fit(X).partial_fit(X).transform(X).shape == (200, 2)


@pytest.mark.slow
def test_images_by_convolution():
    images = load_digits().X[:60]
    model = vae(network="conv", epochs=1, n_components=3).fit(images)
    assert model.sample(4).shape == (4, 8, 8)
    assert isinstance(model.posterior_.layers[-1], keras.layers.Concatenate)
    assert variational.means(model.posterior_).output_shape == (None, 3)
