"""The compiled loop: every row counts once, buffers are carried, and training stops in time."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from cases import mostly_slow
from jamjae import Autoencoder
from jamjae.data import loading
from jamjae.data.rows import row_chunks
from jamjae.engine import keras_bridge, placement, training
from jamjae.engine.losses import mse
from jamjae.engine.objectives import autoencoder, minimize, reconstruction
from jamjae.engine.schedules import SCHEDULES, Rate
from jamjae.errors import InvalidDataError, TrainingDiverged
from jamjae.models import base
from pairs import pair

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(150, 5)) @ np.diag([3.0, 2.0, 1.0, 0.5, 0.1])


# --- rows -----------------------------------------------------------------------------------


def seen_by(rows, n, batch_size):
    """Which rows a step is given in an epoch, with their weights, by a step that only counts."""

    def count(state, batch, weights, rate):
        total = state.params + jnp.zeros_like(state.params).at[batch["x"]].add(weights)
        return state._replace(params=total), {"loss": jnp.float32(0)}

    state = training.TrainState(jnp.zeros(rows), {}, [], jax.random.PRNGKey(0), jnp.int32(0))
    padded = loading.padded({"x": np.arange(rows)[:n]}, batch_size, rows)
    epoch = training.make_epoch(count, batch_size, placement.of())
    state, _ = epoch(state, padded, n, Rate(1.0, 1.0))
    return np.asarray(state.params)


@pytest.mark.parametrize(
    ("n", "batch_size"),
    mostly_slow(
        [(1, 1), (7, 3), (8, 4), (9, 4), (100, 128), (129, 128), (256, 1)],
        {(1, 1), (8, 4), (9, 4), (100, 128)},
    ),
)
def test_every_row_counts_once_in_an_epoch(n, batch_size):
    np.testing.assert_array_equal(seen_by(n, n, batch_size), np.ones(n))


def test_rows_that_only_fill_up_never_count():
    np.testing.assert_array_equal(seen_by(12, 9, 4), [1] * 9 + [0] * 3)


def test_evaluation_in_pieces_equals_evaluation_at_once_and_names_the_row(X, monkeypatch):
    ae = Autoencoder(2, network=(8,), epochs=2, random_state=0).fit(X.astype(np.float32))
    whole = ae.score(X)
    monkeypatch.setattr(base, "row_chunks", lambda rows: row_chunks(rows, chunk_bytes=8 * 5 * 40))
    assert len(base.row_chunks(X)) == 4
    assert ae.score(X) == pytest.approx(whole, rel=1e-6)
    far = np.where(np.arange(len(X))[:, None] == 121, 1e60, X)
    with pytest.raises(InvalidDataError, match="cannot transform row 121"):
        ae.score_samples(far)


# --- a step ---------------------------------------------------------------------------------


def test_an_epoch_is_keras_s_own_training(X):
    """With one batch an epoch, the order does not matter, and Keras's fit is the reference."""
    encoder, decoder = pair(batch_norm=True)
    model = keras.Sequential([*pair(batch_norm=True)])
    for mine, theirs in zip((encoder, decoder), model.layers, strict=True):
        theirs.set_weights(mine.get_weights())
    model.compile(optimizer=keras.optimizers.RMSprop(1e-2), loss="mse")
    expected = model.fit(X, X, batch_size=len(X), epochs=5, verbose=0).history["loss"]

    fitted = Autoencoder(
        encoder=encoder,
        decoder=decoder,
        scaling=None,
        optimizer=keras.optimizers.RMSprop(1e-2),
        schedule="constant",
        batch_size=len(X),
        epochs=5,
    ).fit(X)
    np.testing.assert_allclose(fitted.history_["loss"], expected, rtol=1e-4)
    for mine, theirs in zip((encoder, decoder), model.layers, strict=True):
        for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_statistics_of_batch_norm_are_carried(X):
    encoder, decoder = pair(batch_norm=True)
    X = X + 10.0
    Autoencoder(encoder=encoder, decoder=decoder, scaling=None, epochs=20).fit(X)
    moving_mean = encoder.layers[0].moving_mean
    np.testing.assert_allclose(moving_mean, X.mean(axis=0), atol=0.5)


def test_dropout_draws_anew_in_every_step():
    keras.utils.set_random_seed(0)  # by chance, two drawings may be the same
    encoder = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.5)])
    decoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    networks = {"encoder": keras_bridge.apply(encoder), "decoder": keras_bridge.apply(decoder)}
    objective = minimize(
        autoencoder(networks, {"encoder": (3,), "decoder": (3,)}, (0.0, 1.0)), reconstruction(mse)
    )
    held = {"encoder": keras_bridge.read(encoder), "decoder": keras_bridge.read(decoder)}
    params = {name: part.params for name, part in held.items()}
    buffers = {name: part.buffers for name, part in held.items()}
    batch, weights = {"x": jnp.ones((4, 3))}, jnp.ones(4)
    losses = []
    for _ in range(3):
        loss, (_, buffers) = objective(params, buffers, None, batch, weights, 0)
        losses.append(float(loss))
    assert len(set(losses)) == 3


def test_a_row_of_weight_zero_changes_nothing():
    encoder, decoder = pair()
    networks = {"encoder": keras_bridge.apply(encoder), "decoder": keras_bridge.apply(decoder)}
    forward = autoencoder(networks, {"encoder": (5,), "decoder": (2,)}, (0.0, 1.0))
    objective = minimize(forward, reconstruction(mse))
    held = {"encoder": keras_bridge.read(encoder), "decoder": keras_bridge.read(decoder)}
    params = {name: part.params for name, part in held.items()}
    buffers = {name: part.buffers for name, part in held.items()}
    rows = jnp.asarray(np.random.RandomState(0).normal(size=(6, 5)).astype(np.float32))

    def gradient(rows, weights):
        differentiate = jax.grad(objective, has_aux=True)
        return differentiate(params, buffers, None, {"x": rows}, weights, 0)[0]

    few = gradient(rows[:4], jnp.ones(4))
    filled = gradient(rows, jnp.array([1.0, 1, 1, 1, 0, 0]))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), few, filled)


def test_regularizers_are_part_of_the_loss(X):
    def loss(weight):
        regularizer = keras.regularizers.L2(weight)
        encoder, decoder = pair()
        encoder = keras.Sequential(
            [
                keras.Input((5,)),
                keras.layers.Dense(2, kernel_initializer="ones", kernel_regularizer=regularizer),
            ]
        )
        for layer in decoder.layers:
            layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
        model = Autoencoder(encoder=encoder, decoder=decoder, epochs=1, learning_rate=1e-9)
        return model.fit(X).history_["loss"][0]

    assert loss(0.1) - loss(0.0) == pytest.approx(0.1 * 10, rel=1e-3)


def test_what_is_frozen_stays(X):
    encoder, decoder = pair()
    encoder.layers[0].trainable = False
    before = encoder.get_weights()[0].copy()
    Autoencoder(encoder=encoder, decoder=decoder, epochs=2).fit(X)
    np.testing.assert_array_equal(encoder.get_weights()[0], before)


# --- schedules ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_stay_between_nothing_and_the_peak(name):
    steps = jnp.arange(1001.0)
    rates = np.asarray(SCHEDULES[name](steps, Rate(0.1, 1000.0)) + 0 * steps)
    assert rates.max() == pytest.approx(0.1)
    assert rates.min() >= 0
    if name != "constant":
        assert rates[-1] < 1e-3
        assert np.abs(np.diff(rates)).max() < 1e-3  # no jumps


# --- the loop around ------------------------------------------------------------------------


def test_reports_and_stopping(X):
    reports = []

    def stop_after_three(report):
        reports.append(report)
        return report.epoch == 3

    model = Autoencoder(2, epochs=10, callbacks=[stop_after_three], random_state=0).fit(X)
    assert [(r.epoch, r.epochs) for r in reports] == [(0, 10), (1, 10), (2, 10), (3, 10)]
    assert [r.terms["loss"] for r in reports[1:]] == list(model.history_["loss"])
    assert reports[1].baseline == pytest.approx(model.baseline_error_ / model.scale_**2)


@pytest.mark.filterwarnings("always")
def test_the_start_is_reported_and_may_be_enough(X, recwarn):
    reports = []

    def enough(report):
        reports.append(report)
        return True

    model = Autoencoder(2, callbacks=[enough], random_state=0).fit(X)
    (report,) = reports
    assert report.terms == {"loss": report.baseline}
    assert model.history_["loss"].shape == (0,)
    assert report.terms["loss"] * model.scale_**2 == pytest.approx(model.reconstruction_error_)
    assert model.reconstruction_error_ == pytest.approx(model.baseline_error_, rel=1e-5)
    assert not [w for w in recwarn if issubclass(w.category, ConvergenceWarning)]


def test_a_fit_without_a_step_is_evaluated_once(X, monkeypatch):
    judged = []

    def above_by_rounding(model, rows, weights=None, processes=None):
        judged.append(len(rows))
        return model.baseline_error_ * (1 + 1e-7)

    monkeypatch.setattr(Autoencoder, "_error", above_by_rounding)
    Autoencoder(2, callbacks=[lambda _: True], random_state=0).fit(X)
    assert judged == [len(X)]


@pytest.mark.parametrize(
    "changed", [{"anchor": None}, {"loss": "mae"}, {"corruption": keras.layers.GaussianNoise(0.1)}]
)
def test_a_start_that_is_not_known_is_not_reported(X, changed):
    epochs = []
    settings = {"network": (), "epochs": 2, "callbacks": [lambda r: epochs.append(r.epoch)]}
    model = Autoencoder(2, **settings, **changed)
    model.fit(X)
    assert epochs == [1, 2]


def test_a_linear_network_without_pca_is_drawn_from_the_seed(X):
    settings = {"network": (), "anchor": None, "epochs": 3, "random_state": 0}
    one, same = (Autoencoder(2, **settings).fit(X).transform(X) for _ in range(2))
    np.testing.assert_array_equal(one, same)
    assert np.linalg.matrix_rank(one) == 2


def test_a_warm_start_does_not_begin_as_pca(X):
    epochs = []
    model = Autoencoder(2, epochs=1, warm_start=True, random_state=0).fit(X)
    model.set_params(callbacks=[lambda r: epochs.append(r.epoch)]).fit(X)
    assert epochs == [1]


def test_early_stopping_keeps_the_best(X):
    encoder, decoder = pair(k=4)
    model = Autoencoder(
        encoder=encoder,
        decoder=decoder,
        validation_fraction=0.3,
        early_stopping=True,
        patience=2,
        learning_rate=0.5,
        schedule="constant",
        epochs=200,
        random_state=0,
    ).fit(X)
    losses = model.history_["val_loss"]
    assert len(losses) < 200
    assert len(losses) - 1 - losses.argmin() == 2


def test_validation_rows_are_not_trained_on():
    """Another value in a row that is held out changes the validation loss and nothing else."""

    def fitted(X):
        settings = {"network": (4,), "scaling": None, "epochs": 2, "random_state": 0}
        return Autoencoder(2, validation_fraction=0.2, **settings).fit(X)

    X = np.eye(50)
    model = fitted(X)
    (held_out,) = np.nonzero(model.baseline_.mean == 0)  # a column that no training row fills
    assert len(held_out) == 10
    trained_on = np.setdiff1d(np.arange(50), held_out)
    before, others, changed = model.history_, X.copy(), X.copy()
    others[held_out] *= 3
    changed[trained_on[0]] *= 3
    after = fitted(others).history_
    np.testing.assert_array_equal(after["loss"], before["loss"])
    assert (after["val_loss"] != before["val_loss"]).all()
    assert not np.array_equal(fitted(changed).history_["loss"], before["loss"])


@pytest.mark.parametrize("scaling", ["auto", None])
def test_divergence_names_epoch_cause_and_cure(X, scaling):
    encoder, decoder = pair()
    model = Autoencoder(
        encoder=encoder,
        decoder=decoder,
        optimizer="sgd",
        learning_rate=1e6,
        scaling=scaling,
        epochs=5,
    )
    with pytest.raises(TrainingDiverged, match=r"epoch \d.*learning rate.*try 100000"):
        model.fit(X)


def test_divergence_of_a_network_of_jamjae_s_own(X):
    with pytest.raises(TrainingDiverged, match="epoch 1"):
        Autoencoder(2, optimizer="sgd", learning_rate=1e8, random_state=0).fit(X)


def test_warm_start_goes_on(X):
    model = Autoencoder(2, epochs=5, warm_start=True, random_state=0).fit(X)
    before = model.reconstruction_error_
    encoder = model.encoder_
    model.fit(X)
    assert model.encoder_ is encoder
    assert model.reconstruction_error_ <= before


@pytest.mark.slow
def test_partial_fit_learns_piece_by_piece():
    t = np.random.RandomState(0).uniform(-1, 1, 300)
    circle = np.stack([np.sin(2 * t), np.cos(2 * t)], axis=1)
    model = Autoencoder(1, network=(16,), random_state=0)
    scores = []
    for _ in range(30):
        for part in np.array_split(circle, 3):
            model.partial_fit(part)
        scores.append(model.score(circle))
    assert len(model.history_["loss"]) == 90
    assert scores[-1] > scores[0] + 0.01
