"""Compiled code among threads, forks and ever new shapes; what it notices of a user's layers."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import threading
import warnings

import jax
import joblib
import keras
import numpy as np
import pytest

from jamjae import Autoencoder
from jamjae.data import loading
from jamjae.errors import BackendError, InvalidNetworkError

IMAGES = np.random.RandomState(0).rand(300, 8, 8).astype(np.float32)
ROWS = np.random.RandomState(1).randn(64, 5)


@pytest.fixture(scope="module")
def fitted():
    return Autoencoder(2, network=(8,), loss="mae", epochs=1, random_state=0).fit(IMAGES)


@pytest.mark.slow
def test_threads_that_meet_new_shapes_get_the_codes_of_one_thread(fitted):
    counts, found = (3, 100, 300, 60), {}

    def encode(n):
        try:
            found[n] = fitted.transform(IMAGES[:n])
        except Exception as error:  # noqa: BLE001 - whatever a race raises is the finding
            found[n] = error

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=encode, args=(n,)) for n in counts]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    finally:
        sys.setswitchinterval(interval)
    expected = fitted.transform(IMAGES)
    for n in counts:
        np.testing.assert_allclose(found[n], expected[:n], rtol=1e-4, atol=1e-5)


def _encode_in_child(model, answers):
    try:
        with pytest.raises(BackendError, match="loky"):
            Autoencoder(3, network=(7,), epochs=1).fit(ROWS)
        model = pickle.loads(model) if isinstance(model, bytes) else model
        answers.put(repr(model.transform(IMAGES[:3]).shape))
    except Exception as error:  # noqa: BLE001 - what the child says is the finding
        answers.put(f"{type(error).__name__}: {error}")


@pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning", "ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("sent", [lambda model: model, pickle.dumps])
def test_a_forked_process_says_how_to_start_workers(fitted, sent):
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=_encode_in_child, args=(sent(fitted), answers))
    child.start()
    try:
        answer = answers.get(timeout=30)
    finally:
        child.kill()
        child.join()
    assert answer.startswith("BackendError")
    assert "spawn" in answer
    assert "loky" in answer


@pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning", "ignore:.*fork:DeprecationWarning")
def test_joblib_s_forked_workers_do_not_hang(fitted):
    parallel = joblib.Parallel(n_jobs=2, backend="multiprocessing", timeout=60)
    with pytest.raises(BackendError, match="loky"):
        parallel(joblib.delayed(fitted.transform)(IMAGES[:n]) for n in (2, 3))


@keras.saving.register_keras_serializable(package="jamjae-tests")
class Times(keras.layers.Layer):
    """Multiplies by a number that its configuration does not hold."""

    factor = 1.0

    def call(self, x):
        return x * self.factor


def _times(factor):
    layer = Times()
    layer.factor = factor
    first = keras.layers.Dense(2, use_bias=False, kernel_initializer="ones")
    encoder = keras.Sequential([keras.Input((5,)), first, layer])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(5)])
    model = Autoencoder(encoder=encoder, decoder=decoder, epochs=1, learning_rate=1e-9)
    return model.set_params(random_state=0).fit(ROWS)


def test_attributes_beside_the_configuration_are_no_less_of_a_layer():
    once, five = _times(1.0).transform(ROWS), _times(5.0).transform(ROWS)
    np.testing.assert_allclose(five, 5.0 * once, rtol=1e-4)


def test_an_activation_that_was_replaced_after_a_transform_counts():
    encoder = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(5)])
    model = Autoencoder(encoder=encoder, decoder=decoder, epochs=1, random_state=0).fit(ROWS)
    codes = model.transform(ROWS)
    model.encoder_.layers[-1].activation = keras.activations.tanh
    np.testing.assert_allclose(model.transform(ROWS), np.tanh(codes), rtol=1e-5)


def test_changes_that_look_alike_to_a_hash_count():
    model = _times(-1.0)
    layer = model.encoder_.layers[-1]
    codes = [model.transform(ROWS) for _ in range(4)][-1]
    layer.factor = -2.0  # hash(-1.0) == hash(-2.0)
    np.testing.assert_allclose(model.transform(ROWS), 2.0 * codes, rtol=1e-4)


@keras.saving.register_keras_serializable(package="jamjae-tests")
class TimesAll(keras.layers.Layer):
    """Multiplies by numbers held in containers that its configuration leaves out."""

    def call(self, x):
        return x * self.held["factors"][0]


def test_containers_that_were_changed_in_place_count():
    layer = TimesAll()
    object.__setattr__(layer, "held", {"factors": [1.0]})
    encoder = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2), layer])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(5)])
    model = Autoencoder(encoder=encoder, decoder=decoder, epochs=1, random_state=0).fit(ROWS)
    codes = model.transform(ROWS)
    layer.held["factors"][0] = 3.0
    np.testing.assert_allclose(model.transform(ROWS), 3.0 * codes, rtol=1e-4)


class OwnOptimizer(keras.optimizers.SGD):
    """Is not registered."""


def test_an_optimizer_that_was_not_registered_is_named_with_the_cure():
    model = Autoencoder(2, network=(), epochs=1, optimizer=OwnOptimizer(0.1))
    with pytest.raises(InvalidNetworkError, match="register_keras_serializable"):
        model.fit(ROWS)


def test_code_that_is_at_hand_is_not_compiled_again_once_caches_are_cleared(fitted):
    codes = fitted.transform(IMAGES[:3])
    jax.clear_caches()
    with jax.log_compiles(), warnings.catch_warnings():
        warnings.simplefilter("error")  # which a compilation is logged as
        np.testing.assert_array_equal(fitted.transform(IMAGES[:3]), codes)


def test_few_numbers_of_batches_are_compiled_for():
    held = {loading.padded({"x": np.zeros((n, 1))}, 1)["x"].shape[0] for n in range(1, 2001)}
    assert len(held) < 80
    for n in (1, 15, 16, 17, 100, 999):
        more = len(loading.padded({"x": np.zeros((n, 1))}, 1)["x"])
        assert n <= more <= n * 1.13


def test_blocks_of_a_file_are_ordered_by_the_seed(monkeypatch):
    monkeypatch.setattr(loading, "HELD_BYTES", 8192)
    rows = {"x": np.arange(4096.0).reshape(-1, 1)}

    def order(seed):
        source = loading.source(rows, lambda piece: piece, 64, seed=seed)
        return [np.asarray(piece["x"][:n]).ravel().tolist() for piece, n in source(0)]

    assert order(1) == order(1)
    assert order(1) != order(2)


def _by_numpy(target, output):
    return np.square(np.asarray(output) - np.asarray(target)).mean(axis=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": lambda t, o: ((t - o) ** 2).mean()}, r"shape \(\) for targets.*mean over axis 1"),
        ({"loss": lambda t, o: (t - o) ** 2}, r"one number per row"),
        ({"loss": _by_numpy}, r"Write it with jax.numpy"),
        ({"optimizer": keras.optimizers.Adam(use_ema=True)}, r"use_ema=True"),
        ({"optimizer": "adamm"}, r"Did you mean .*Adam"),
        ({"optimizer": "steepest descent"}, r"Choose one of"),
    ],
)
def test_what_cannot_be_trained_with_is_named_before_training(changes, message):
    with pytest.raises(InvalidNetworkError, match=message):
        Autoencoder(2, epochs=1, **changes).fit(ROWS)


def test_an_optimizer_that_excludes_weights_from_decay_is_refused():
    optimizer = keras.optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    with pytest.raises(InvalidNetworkError, match="exclude_from_weight_decay"):
        Autoencoder(2, epochs=1, optimizer=optimizer).fit(ROWS)
