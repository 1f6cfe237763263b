"""The first promise: a default fit reconstructs its training data at least as well as PCA."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from cases import mostly_slow
from jamjae import Autoencoder
from jamjae.data import catalog
from jamjae.evaluation.metrics import mean_squared_error

BUNDLED = ("roll", "digits", "iris", "wine", "breast-cancer")
QUICK = {("iris", 1), ("iris", 64), ("wine", 5)}
CASES = [(name, n_components) for name in BUNDLED for n_components in (1, 2, 5, 16, 64)]


@pytest.mark.filterwarnings("ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("name", "n_components"),
    mostly_slow(CASES, QUICK),
)
def test_never_worse_than_pca(name, n_components):
    X = catalog.load(name).X
    flat = X.reshape(len(X), -1).astype(np.float64)
    pca = PCA(min(n_components, *flat.shape)).fit(flat)
    rival = mean_squared_error(flat, pca.inverse_transform(pca.transform(flat)))

    model = Autoencoder(n_components, random_state=0).fit(X)

    # Where PCA reconstructs everything, what is left is the rounding of float32.
    rounding = (2.0**-22) ** 2 * np.square(flat).mean()
    error = mean_squared_error(flat, model.reconstruct(X).reshape(flat.shape))
    assert error <= rival * (1 + 1e-6) + rounding
    assert model.reconstruction_error_ <= rival * (1 + 1e-6) + rounding
    assert model.baseline_error_ == pytest.approx(rival, rel=1e-6, abs=1e-9 * flat.var())


def test_where_training_gains_nothing_the_model_is_pca_and_says_so():
    X = np.random.RandomState(0).normal(size=(60, 5))
    harmful = {"epochs": 1, "schedule": "constant", "learning_rate": 0.1, "batch_size": 8}
    harmful["network"] = (64,)
    with pytest.warns(UserWarning, match="did not improve on PCA in 1 epoch,"):
        model = Autoencoder(2, random_state=0, **harmful).fit(X)
    assert model.reconstruction_error_ == pytest.approx(model.baseline_error_, rel=1e-5)
    np.testing.assert_allclose(model.reconstruct(X), model.baseline_.reconstruct(X), atol=1e-4)
