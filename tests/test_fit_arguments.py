"""Held-out rows that are given, and a number of components by what they explain."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris, load_wine
from sklearn.decomposition import PCA

from jamjae import Autoencoder
from jamjae.errors import InvalidDataError, ShapeMismatchError

X = load_iris().data
QUICK = {"epochs": 3, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:Training did not improve on PCA")


@pytest.mark.parametrize("share", [0.5, 0.93, 0.97, 0.999])
def test_a_share_of_the_variance_gives_pca_s_number_of_components(share):
    model = Autoencoder(share, network=(), **QUICK).fit(X)
    assert model.n_components_ == PCA(share).fit(X).n_components_
    assert model.transform(X).shape == (150, model.n_components_)


def test_a_share_counts_in_standardized_units_where_columns_are():
    wine = load_wine().data
    assert Autoencoder(0.9, network=(), **QUICK).fit(wine).n_components_ == 1
    model = Autoencoder(0.9, network=(), scaling="standardize", **QUICK).fit(wine)
    assert model.n_components_ == 8


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_standardized_rows_keep_their_precision(dtype):
    rows = X.astype(dtype)
    model = Autoencoder(2, network=(), scaling="standardize", **QUICK).fit(rows)
    codes = model.transform(rows)
    expected = np.float64 if dtype == np.float64 else np.float32
    assert {codes.dtype, model.reconstruct(rows).dtype, model.inverse_transform(codes).dtype} == {
        np.dtype(expected)
    }
    assert model.reconstruct(rows).std() > 0.1


def test_a_share_needs_all_rows():
    with pytest.raises(InvalidDataError, match=r"n_components=0\.9, a share.*needs all rows"):
        Autoencoder(0.9).partial_fit(X)
    for wrong in (0.0, 1.5, -1):
        with pytest.raises(ValueError, match="n_components"):
            Autoencoder(wrong).fit(X)


def test_given_rows_choose_the_best_epoch():
    model = Autoencoder(2, network=(8,), **QUICK).fit(X[:100], validation_data=X[100:])
    assert len(model.history_["val_loss"]) == 3
    again = Autoencoder(2, network=(8,), **QUICK).fit(X[:100], validation_data=X[100:] + 0)
    np.testing.assert_array_equal(model.transform(X), again.transform(X))
    other = Autoencoder(2, network=(8,), **QUICK).fit(X[:100], validation_data=X[:5])
    assert (other.history_["val_loss"] != model.history_["val_loss"]).any()


def test_held_out_rows_must_suit():
    model = Autoencoder(2, **QUICK)
    with pytest.raises((ShapeMismatchError, InvalidDataError), match="3 features"):
        model.fit(X, validation_data=X[:, :3])
    with pytest.raises(InvalidDataError, match="cannot be combined with validation_fraction="):
        Autoencoder(2, validation_fraction=0.1, **QUICK).fit(X, validation_data=X)
    with pytest.raises(InvalidDataError, match="cannot be combined with guide="):
        Autoencoder(2, guide=X[:, :2], **QUICK).fit(X, validation_data=X)
    with pytest.raises(InvalidDataError, match="cannot be combined with corrupted="):
        model.fit(X, corrupted=X, validation_data=X)
    with pytest.raises(InvalidDataError, match="float32 values, but X holds float64"):
        model.fit(X, validation_data=X.astype(np.float32))
