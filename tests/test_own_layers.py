"""Layers of one's own: saved, copied and carried to other processes, or named with the cure."""

from __future__ import annotations

import copy
import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import jamjae
from jamjae import Autoencoder, load_model
from jamjae.errors import InvalidNetworkError, ModelFileError


class Doubled(keras.layers.Layer):
    def call(self, x):
        return x * 2


class Forgetful(keras.layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {}


def with_layer(layer, rows):
    encoder = keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(2)])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    return Autoencoder(encoder=encoder, decoder=decoder, epochs=1, random_state=0).fit(rows)


def test_layers_of_one_s_own_are_passed_by_name(rows, tmp_path):
    model = with_layer(Doubled(), rows)
    path = model.save(tmp_path / "own.jamjae")
    again = jamjae.load_model(path, custom_objects={"Doubled": Doubled})
    np.testing.assert_array_equal(again.transform(rows), model.transform(rows))
    with pytest.raises(ModelFileError, match="custom_objects"):
        jamjae.load_model(path, custom_objects={"Doubled": Forgetful})


class Noise(keras.layers.GaussianNoise):
    pass


def test_a_corruption_of_one_s_own_is_passed_by_name(rows, tmp_path):
    model = Autoencoder(2, network=(4,), epochs=1, corruption=Noise(0.5)).fit(rows)
    path = model.save(tmp_path / "own.jamjae")
    assert isinstance(load_model(path, custom_objects={"Noise": Noise}).corruption, Noise)
    with pytest.raises(ModelFileError, match="custom_objects"):
        load_model(path)


def test_what_could_not_be_loaded_again_is_not_saved(rows, tmp_path):
    model = with_layer(Forgetful(2), rows)
    with pytest.raises(ModelFileError, match=r"not saved.*get_config.*register_keras_serializable"):
        model.save(tmp_path / "own.jamjae")
    assert list(tmp_path.iterdir()) == []


class Changed(Forgetful):
    """Its configuration makes another layer, without a word."""

    def __init__(self, factor=1.0):
        super().__init__(factor)


class Arrays(keras.layers.Layer):
    """Makes its weights from arrays, which Keras cannot do without numbers."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.factor = keras.Variable(np.full(4, 2.0, np.float32), trainable=False)

    def call(self, x):
        return x * self.factor


def test_what_would_give_other_numbers_is_not_saved_copied_or_searched(rows, tmp_path):
    model = with_layer(Changed(3.0), rows)
    with pytest.raises(ModelFileError, match=r"not saved.* other numbers.*'changed.*get_config"):
        model.save(tmp_path / "own.jamjae")
    with pytest.raises(InvalidNetworkError, match=r"Cannot copy.* other numbers.*'changed"):
        clone(model)
    assert list(tmp_path.iterdir()) == []
    same = with_layer(Changed(1.0), rows)
    assert clone(same).encoder.layers[0].factor == 1.0


@pytest.mark.parametrize("copied", [clone, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_with_layers_of_one_s_own(rows, copied):
    """Pickles hold such classes by their place, so they need not be registered."""
    for layer in (Doubled(), Arrays()):
        model = with_layer(layer, rows)
        again = copied(model)
        assert type(again.encoder.layers[0]) is type(layer)
        assert again.encoder is not model.encoder
        if copied is not clone:
            assert again.encoder is again.encoder_
            np.testing.assert_array_equal(again.transform(rows), model.transform(rows))
    noisy = copied(Autoencoder(2, corruption=Noise(0.5)))
    assert type(noisy.corruption) is Noise
    with pytest.raises(InvalidNetworkError, match=r"Cannot (copy|pickle).*'forgetful.*get_config"):
        copied(with_layer(Forgetful(2), rows))


def test_a_shallow_copy_shares_the_networks(rows):
    model = with_layer(Doubled(), rows)
    assert copy.copy(model).encoder_ is model.encoder_


@pytest.mark.slow
def test_a_search_in_several_processes_with_layers_of_one_s_own(rows):
    """None of the processes has registered them."""
    search = GridSearchCV(with_layer(Doubled(), rows), {"epochs": [1, 2]}, cv=2, n_jobs=2)
    assert search.fit(rows).best_score_ <= 1
    search.estimator = with_layer(Forgetful(2), rows)
    with pytest.raises(InvalidNetworkError, match="'forgetful"):
        search.fit(rows)


def test_weights_made_from_arrays_are_written(rows, tmp_path):
    model = with_layer(Arrays(), rows)
    again = load_model(model.save(tmp_path / "own.jamjae"), {"Arrays": Arrays})
    np.testing.assert_array_equal(again.transform(rows), model.transform(rows))


@pytest.mark.parametrize(
    "name", ["corruption", pytest.param("augmentation", marks=pytest.mark.slow)]
)
def test_code_in_a_parameter_is_not_written(rows, tmp_path, name):
    layer = keras.layers.Lambda(lambda x: x * 1.0)
    model = Autoencoder(2, network=(4,), epochs=1, **{name: layer}).fit(rows)
    with pytest.raises(ModelFileError, match=f"{name} has the Lambda layer"):
        model.save(tmp_path / "code.jamjae")
