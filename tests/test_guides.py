"""Guided autoencoders: an embedding gains a map for new rows, and a way back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE, Isomap, LocallyLinearEmbedding

from jamjae import Autoencoder, make_roll
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation import metrics
from jamjae.models import guides
from jamjae.models.plan import Seeds

X = make_roll(300, random_state=0).X
QUICK = {"epochs": 60, "random_state": 0}


def normalised(features):
    centered = features - features.mean(axis=0)
    return centered / centered.std()


def model_seed(random_state):
    """The seed that a model of this ``random_state`` gives its guide."""
    return Seeds.draw(random_state).guide


def agreement(codes, features):
    """Share of the features' variance that the codes have in common with them."""
    return 1.0 - np.square(codes - normalised(features)).mean()


@pytest.mark.parametrize(
    "learner",
    [
        Isomap(n_neighbors=10),
        LocallyLinearEmbedding(n_neighbors=10, random_state=0),
        TSNE(init="pca", perplexity=20, random_state=0),
        PCA(2),
    ],
    ids=lambda learner: type(learner).__name__,
)
def test_codes_agree_with_the_embedding_of_any_learner(learner):
    model = Autoencoder(guide=learner, **QUICK).fit(X)
    embedding = learner.fit_transform(X)
    assert agreement(model.transform(X), embedding) > 0.9
    assert model.guide_rows_ == len(X)
    assert model.history_["guide"][-1] < model.history_["guide"][0]
    assert model.inverse_transform(model.transform(X[:3])).shape == (3, 3)


@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_the_signs_of_an_embedding_do_not_matter(signs):
    guide = Isomap(n_neighbors=10).fit_transform(X) * signs
    assert agreement(Autoencoder(guide=guide, **QUICK).fit(X).transform(X), guide) > 0.95


@pytest.mark.parametrize(
    ("n", "kept", "error"),
    [(600, 0.98, 0.005), pytest.param(1500, 0.999, 0.0005, marks=pytest.mark.slow)],
)
def test_the_guided_roll_reconstructs_and_keeps_neighbors_on_new_points(n, kept, error):
    unseen = make_roll(n, random_state=1).X
    model = Autoencoder(guide=Isomap(n_neighbors=12), random_state=0)
    codes = model.fit(make_roll(n, random_state=0).X).transform(unseen)
    assert metrics.trustworthiness(unseen, codes, n_neighbors=12) > kept
    assert -model.score_samples(unseen).mean() < error


def test_given_features_are_learned():
    features = np.stack([np.hypot(X[:, 0], X[:, 2]), X[:, 1]], axis=1)
    guide = 7.0 * features + 3.0  # rows cannot be reconstructed from it
    model = Autoencoder(guide=guide, guide_weight=20.0, epochs=200, random_state=0).fit(X)
    assert agreement(model.transform(X), features) > 0.95


@pytest.mark.parametrize("as_given", [np.ndarray.tolist, pd.DataFrame])
def test_features_are_the_same_in_whatever_they_are_given(as_given):
    features = X[:, :2]
    found, expected = (
        guides.guide(given, X, (None, None), 2, seed=0) for given in (as_given(features), features)
    )
    np.testing.assert_array_equal(found.features, expected.features)
    model = Autoencoder(guide=as_given(features), network=(), epochs=1, random_state=0).fit(X)
    assert model.guide_rows_ == len(X)


def test_a_fitted_learner_is_asked_and_not_fitted_again():
    other = make_roll(200, random_state=5).X
    fitted = Isomap(n_neighbors=8).fit(other)
    before = fitted.embedding_.copy()
    found = guides.guide(fitted, X, (None, None), 2, seed=0)
    np.testing.assert_allclose(found.features, normalised(fitted.transform(X)), atol=1e-5)
    np.testing.assert_array_equal(fitted.embedding_, before)
    own = TSNE(init="pca", random_state=0).fit(X)
    found = guides.guide(own, X, (None, None), 2, seed=0)
    np.testing.assert_allclose(found.features, normalised(own.embedding_), atol=1e-5)


def test_large_data_are_guided_by_landmarks(monkeypatch):
    monkeypatch.setattr(guides, "LANDMARKS", 100)
    found = guides.guide(Isomap(n_neighbors=8), X, (None, None), 2, seed=0)
    guided = found.weights > 0
    assert guided.sum() == found.rows == 100
    assert found.weights.sum() == pytest.approx(len(X))
    assert not found.features[~guided].any()
    again = guides.guide(Isomap(n_neighbors=8), X, (None, None), 2, seed=0)
    np.testing.assert_array_equal(found.features, again.features)
    model = Autoencoder(guide=Isomap(n_neighbors=8), **QUICK).fit(X)
    assert model.guide_rows_ == 100
    landmarks = guides.guide(Isomap(n_neighbors=8), X, (None, None), 2, seed=model_seed(0))
    chosen = landmarks.weights > 0
    assert agreement(model.transform(X[chosen]), landmarks.features[chosen]) > 0.9


def test_rows_held_out_do_not_teach_the_learner_but_have_features():
    parts = np.arange(200), np.arange(200, len(X))
    found = guides.guide(Isomap(n_neighbors=8), X, parts, 2, seed=0)
    alone = guides.guide(Isomap(n_neighbors=8), X[:200], (None, None), 2, seed=0)
    assert agreement(found.features[:200], alone.features) > 1 - 1e-6
    assert found.features[200:].any(axis=1).all()
    np.testing.assert_array_equal(found.weights, 1.0)
    settings = {"network": (), "validation_fraction": 0.2, "epochs": 3}
    model = Autoencoder(guide=Isomap(n_neighbors=8), **settings)
    assert {"loss", "guide", "reconstruction", "val_loss"} <= set(model.fit(X).history_)


@pytest.mark.parametrize("learner", [Isomap(n_neighbors=8), TSNE(init="pca")])
def test_the_validation_loss_counts_the_guide(learner):
    settings = {"network": (), "validation_fraction": 0.2, "epochs": 1, "random_state": 0}
    model = Autoencoder(guide=learner, guide_weight=1e6, **settings)
    history = model.fit(X[:100]).history_
    assert history["val_loss"][0] > 1000 * history["reconstruction"][0]


def test_landmarks_held_out_count_as_much_as_all_that_are(monkeypatch):
    monkeypatch.setattr(guides, "LANDMARKS", 50)
    parts = np.arange(200), np.arange(200, len(X))
    found = guides.guide(Isomap(n_neighbors=8), X, parts, 2, seed=0)
    for part in parts:
        assert (found.weights[part] > 0).sum() == min(50, len(part))
        assert found.weights[part].sum() == pytest.approx(len(part))


def test_images_are_flattened_for_the_learner():
    images = np.random.default_rng(0).integers(0, 256, (60, 6, 6), dtype=np.uint8)
    model = Autoencoder(guide=PCA(2), network=(), epochs=2, random_state=0).fit(images)
    assert model.reconstruct(images).shape == (60, 6, 6)


def test_a_learner_without_a_seed_gets_the_models():
    settings = {"network": (), "epochs": 1, "random_state": 3}
    fits = [Autoencoder(guide=TSNE(), **settings).fit(X[:60]) for _ in range(2)]
    np.testing.assert_array_equal(*(fit.transform(X[:60]) for fit in fits))
    assert TSNE().random_state is None


@pytest.mark.parametrize(
    ("guide", "error", "words"),
    [
        (X[:20, :2], ShapeMismatchError, r"\(20, 2\).*\(300, 2\)"),
        (X, ShapeMismatchError, r"\(300, 3\).*\(300, 2\)"),
        (Isomap(n_components=3), ShapeMismatchError, "n_components columns"),
        (np.where(X[:, :2] > 0, np.nan, 1.0), InvalidDataError, "NaN"),
        (DBSCAN(), InvalidDataError, "no embedding"),
        (LogisticRegression(), InvalidDataError, "no embedding"),
        (TSNE().set_params(perplexity=1000), InvalidDataError, "perplexity"),
        (PCA(2).fit(X[:, :2]), InvalidDataError, "features"),
        (TSNE(init="pca", perplexity=5).fit(X[:40]), ShapeMismatchError, "40 rows"),
    ],
    ids=str,
)
def test_a_guide_that_cannot_guide_is_refused(guide, error, words):
    with pytest.raises(error, match=words):
        Autoencoder(guide=guide, epochs=1).fit(X)


def test_a_learner_fitted_to_other_rows_of_the_same_number_is_asked_to_transform():
    rows, others = (np.random.RandomState(seed).normal(size=(80, 5)) for seed in (0, 1))
    learner = Isomap(n_neighbors=8).fit(others)
    found = guides.guide(learner, rows, (None, None), 2, 0).features
    expected = learner.transform(rows)
    assert np.allclose(found, normalised(expected), atol=1e-3)


def test_a_class_is_no_guide():
    with pytest.raises(TypeError, match=r"Isomap\(\)"):
        Autoencoder(guide=Isomap).fit(np.random.RandomState(0).normal(size=(80, 5)))
