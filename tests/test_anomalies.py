"""Anomalies: the estimator's contract, calibration, robust fits, refusals, files."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from jamjae import AnomalyDetector, Autoencoder, VariationalAutoencoder, load_model
from jamjae.data.archives import UnsoundError
from jamjae.errors import InvalidDataError, ModelFileError
from jamjae.models.anomalies import conformal, given, stored
from jamjae.models.anomalies.measures import blurred

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)


def linear(**settings):
    return Autoencoder(2, **({"network": (), "epochs": 1, "random_state": 0} | settings))


def normal_rows(n, seed=0):
    """Four columns, the last of which nearly follows from the others."""
    rows = np.random.RandomState(seed).normal(size=(n, 4)) * [3.0, 2.0, 0.1, 0.1]
    rows[:, 3] += rows[:, 0] - rows[:, 1]
    return rows


@pytest.fixture(scope="module")
def fitted():
    return AnomalyDetector(linear(), random_state=0).fit(normal_rows(600))


def of_few_rows(estimator):
    """Say which checks fit fewer rows than can be calibrated; contamination needs no more."""
    few = {
        "check_estimators_nan_inf": "10 rows",
        "check_n_features_in_after_fitting": "15 rows",
        "check_classifier_data_not_an_array": "12 rows",
    }
    return few if estimator.contamination == "auto" else {}


@pytest.mark.slow
@parametrize_with_checks(
    [
        AnomalyDetector(Autoencoder(network=(), epochs=1), measure="neighbors", contamination=0.1),
        AnomalyDetector(Autoencoder(network=(), epochs=1)),
    ],
    expected_failed_checks=of_few_rows,
)
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)


# --- the contract ---------------------------------------------------------------------------


def test_decision_is_the_score_above_the_offset_and_agrees_with_p_values(fitted):
    X = normal_rows(320, 1)
    X[300:, 3] += 3
    assert np.allclose(fitted.decision_function(X), fitted.score_samples(X) - fitted.offset_)
    anomalous = fitted.predict(X) == -1
    assert np.array_equal(anomalous, fitted.p_values(X) <= 0.05)
    assert anomalous[300:].all()
    assert anomalous[:300].mean() < 0.15


def test_pieces_give_the_scores_of_the_whole(fitted):
    X = normal_rows(90, 3)
    single = np.concatenate([fitted.score_samples(X[i : i + 1]) for i in range(5)])
    assert np.allclose(single, fitted.score_samples(X)[:5], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("measure", ["error", "neighbors", "density", "mixture"])
def test_each_part_by_itself(measure):
    detector = AnomalyDetector(linear(), measure=measure, random_state=0).fit(normal_rows(600))
    far = {"error": [0.0, 0.0, 0.0, 5.0], "neighbors": [30.0, 0, 0, 30.0]}
    anomalous = np.array([far.get(measure, far["neighbors"])])
    assert detector.predict(anomalous).tolist() == [-1]
    assert list(detector.explain(anomalous).parts) == [measure]


def test_contamination_reports_that_share_of_the_rows():
    X = normal_rows(600)
    detector = AnomalyDetector(linear(), contamination=0.1, random_state=0).fit(X)
    assert (detector.predict(X) == -1).sum() == 60
    assert not hasattr(detector, "false_alarm_")


@pytest.mark.parametrize("n", [60, 600])
def test_rows_that_may_be_anomalies_are_all_learned_from_and_others_held_out(n):
    X = normal_rows(n)
    detector = AnomalyDetector(linear(), contamination=0.1, random_state=0).fit(X)
    assert np.array_equal(np.sort(detector.reference_.positions), np.arange(n))
    assert not detector.exact_
    detector = AnomalyDetector(linear(), random_state=0).fit(X)
    assert len(detector.reference_.positions) == {60: 57, 600: 450}[n]


def test_a_model_is_cloned_and_the_user_s_is_left_alone(fitted):
    given = linear()
    AnomalyDetector(given, random_state=0).fit(normal_rows(600))
    assert not hasattr(given, "encoder_")
    assert clone(fitted).get_params()["model__n_components"] == 2


# --- calibration ----------------------------------------------------------------------------


def test_p_values_count_calibration_rows_that_are_as_odd():
    calibration = np.array([1.0, 2.0, 2.0, 5.0])
    assert conformal.p_values(calibration, np.array([0.0, 2.0, 6.0])).tolist() == [1.0, 0.8, 0.2]


@pytest.mark.parametrize(("n", "rate"), [(19, 0.05), (20, 0.05), (99, 0.01), (640, 0.07)])
def test_threshold_is_where_p_values_reach_the_rate(n, rate):
    rng = np.random.RandomState(n)
    calibration = np.sort(rng.normal(size=n))
    scores = np.concatenate([calibration, rng.normal(size=500)])
    below = conformal.p_values(calibration, scores) <= rate + 1e-12
    assert np.array_equal(scores > conformal.threshold(calibration, rate), below)


def test_rate_is_the_mean_over_draws_of_calibration_rows():
    rng = np.random.RandomState(0)
    alarms = [1 - conformal.threshold(np.sort(rng.rand(39)), 0.1) for _ in range(4000)]
    expected, deviation = conformal.rate_of(39, 0.1)
    assert expected == 0.1
    assert abs(np.mean(alarms) - expected) < 4 * deviation / 4000**0.5
    assert abs(np.std(alarms) / deviation - 1) < 0.06


@pytest.mark.slow
@pytest.mark.parametrize("n", [200, 700])
def test_false_alarms_on_new_normal_rows_keep_the_rate(n):
    new = normal_rows(2000, 99)
    rates = []
    for seed in range(8):
        detector = AnomalyDetector(linear(), random_state=seed).fit(normal_rows(n, seed))
        rates.append((detector.predict(new) == -1).mean())
    expected, deviation = detector.false_alarm_
    assert abs(np.mean(rates) - expected) < 3 * deviation / 8**0.5 + 0.005


def test_held_out_rows_can_be_given():
    X, held = normal_rows(40), normal_rows(50, 1)
    detector = AnomalyDetector(linear(), random_state=0).fit(X, calibration_data=held)
    assert detector.exact_
    assert len(detector.calibration_scores_) == 40  # ten scale the parts


def test_few_rows_are_calibrated_across_folds():
    detector = AnomalyDetector(linear(), random_state=0).fit(normal_rows(60))
    assert not detector.exact_
    assert len(detector.calibration_scores_) == 60
    assert detector.false_alarm_.expected == 3 / 61


def test_few_rows_of_a_table_are_learned_by_pca_and_many_by_a_network():
    assert given.default_model(normal_rows(499)).network == ()
    assert given.default_model(normal_rows(500)).network != ()
    assert given.default_model(normal_rows(500), contaminated=True).network == ()


def test_tables_are_scored_by_densities_unless_they_are_wide():
    detector = AnomalyDetector(linear(), random_state=0).fit(normal_rows(60))
    assert detector.parts_ == ("error", "density", "mixture")
    wide = np.random.RandomState(0).normal(size=(60, 101))
    assert AnomalyDetector(linear(), random_state=0).fit(wide).parts_ == ("error", "neighbors")


def test_a_mixture_of_rows_of_many_values_is_refused():
    with pytest.raises(InvalidDataError, match="these have 1,024"):
        AnomalyDetector(linear(), measure="mixture").fit(np.zeros((40, 32, 32)))


def test_a_mixture_finds_rows_between_groups():
    rng = np.random.RandomState(0)
    groups = 4 * rng.choice([-1.0, 1.0], size=(700, 3)) + rng.normal(size=(700, 3))
    detector = AnomalyDetector(linear(), measure="mixture", random_state=0).fit(groups)
    assert (detector.predict(0.1 * rng.normal(size=(50, 3))) == -1).all()


def test_a_new_value_in_a_constant_column_is_an_anomaly():
    X = np.column_stack([normal_rows(60), np.full(60, 7.0)])
    detector = AnomalyDetector(random_state=0).fit(X)
    rows = np.repeat(X.mean(axis=0)[None], 3, axis=0)
    rows[1:, 4] = 7.0 * (1 + 1e-9), 8.0
    assert detector.predict(rows).tolist() == [1, 1, -1]


def test_errors_that_do_not_go_together_as_usual_count_for_more():
    a, b, u, v = np.random.RandomState(0).normal(size=(4, 700))
    X = np.column_stack([9 * a, 9 * b, u, u + 0.1 * v])
    detector = AnomalyDetector(linear(), measure="error", random_state=0).fit(X)
    usual, unusual = np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[0.0, 0.0, 0.5, -0.5]])
    assert detector.model_.score_samples(usual) < detector.model_.score_samples(unusual)
    assert detector.score_samples(usual) > detector.score_samples(unusual)


def test_few_contaminated_rows_are_ranked_among_each_other():
    X = normal_rows(12)
    detector = AnomalyDetector(linear(), contamination=0.25, random_state=0).fit(X)
    assert (detector.predict(X) == -1).sum() == 3
    assert np.allclose(np.sort(detector.p_values(X)), np.arange(2, 14) / 13)
    other = detector.with_rate(0.4)
    assert (other.predict(X) == -1).sum() == 5
    assert not hasattr(other, "false_alarm_")


def test_scores_that_float32_cannot_tell_apart_are_equal():
    calibration = np.arange(1.0, 20.0)
    for apart in (-3e-6, 0.0, 3e-6):
        assert conformal.p_values(calibration, np.array([5.0 + apart]))[0] == 16 / 20


# --- robust, prefit -------------------------------------------------------------------------


def test_a_robust_fit_leaves_out_what_is_odd():
    X = normal_rows(600)
    X[:30, 3] += np.random.RandomState(5).choice([-4.0, 4.0], 30) * (1 + np.arange(30) / 30)
    detector = AnomalyDetector(linear(), contamination=0.05, robust=True, random_state=0).fit(X)
    assert len(detector.trimmed_) == 30
    assert (detector.trimmed_ < 30).mean() > 0.6
    positions = detector.reference_.positions.astype(int)
    assert not np.isin(positions, detector.trimmed_).any()
    assert np.array_equal(detector.reference_.rows, X[positions])
    assert (detector.predict(X)[:30] == -1).mean() > 0.6


def test_a_prefit_model_is_used_as_it_is_and_warns_of_its_own_rows():
    X = normal_rows(600)
    model = linear().fit(X)
    detector = AnomalyDetector(model, prefit=True, random_state=0).fit(normal_rows(600, 1))
    assert detector.model_.encoder_ is model.encoder_
    assert not hasattr(model, "density_")
    assert clone(detector).model is model
    with pytest.warns(UserWarning, match="prefit model learned from"):
        AnomalyDetector(model, prefit=True).fit(X)


# --- images ---------------------------------------------------------------------------------


def test_errors_of_images_are_blurred_within_each_channel():
    errors = np.zeros((2, 20, 20, 3))
    errors[0, 10, 10, 1] = 1.0
    found = blurred(errors.reshape(2, -1), (20, 20, 3)).reshape(errors.shape)
    assert np.isclose(found.sum(), 1.0)
    assert found[0, 10, 10, 1] < 0.2
    assert found[0, 10, 11, 1] > 0.05
    assert not found[..., [0, 2]].any()
    assert not found[1].any()


def test_missing_pixels_count_for_nothing_in_blurred_errors():
    errors = np.ones((1, 400))
    errors[0, 150:260] = np.nan
    found = blurred(errors, (20, 20))
    assert np.array_equal(np.isnan(found), np.isnan(errors))
    assert np.allclose(found[0, np.isfinite(found[0])], 1.0)


def test_a_part_that_is_missing_is_odder_than_texture_of_the_same_size(digits):
    images = np.kron(digits.X[digits.y == 0], np.ones((3, 3)))
    detector = AnomalyDetector(linear(), measure="error", random_state=0).fit(images)
    row = np.asarray(detector.model_.reconstruct(images[:1]), dtype=np.float64)
    signs = np.where(np.indices((24, 24)).sum(axis=0) % 2, 1.0, -1.0)
    part, texture = row.copy(), row + 4 * signs
    part[0, :12, :12] += 6  # less than the texture in the mean square and cube
    assert detector.score_samples(part) < detector.score_samples(texture)


# --- files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", ["combined", "density", "error"])
def test_a_saved_detector_scores_as_before(measure, tmp_path):
    detector = AnomalyDetector(linear(), measure=measure, random_state=0).fit(normal_rows(60))
    again = load_model(detector.save(tmp_path / "d.jamjae"))
    X = normal_rows(20, 1)
    assert np.array_equal(again.score_samples(X), detector.score_samples(X))
    assert np.array_equal(again.predict(X), detector.predict(X))
    assert again.false_alarm_ == detector.false_alarm_
    assert again.get_params()["model__n_components"] == 2
    assert again.fit(normal_rows(60)).predict(X).shape == (20,)


def test_a_saved_detector_of_images_scores_as_before(digits, tmp_path):
    zeros = digits.X[digits.y == 0]
    detector = AnomalyDetector(linear(), random_state=0).fit(zeros)
    again = load_model(detector.save(tmp_path / "d.jamjae"))
    assert np.array_equal(again.score_samples(digits.X[:50]), detector.score_samples(digits.X[:50]))


def test_a_file_whose_parts_do_not_belong_together_is_refused(fitted):
    described, arrays = fitted._stored_parts()
    for other in ({"parts": ["error"]}, {"mixture": {}}, {"mixture": None}):
        full = {"parameters": {}, **described, **other}
        with pytest.raises(UnsoundError):
            stored.put_together(AnomalyDetector(), full, arrays, fitted.model_)
    for name, value in (
        ("anomaly.codes", np.zeros((3, 2))),
        ("anomaly.calibration", np.array([2.0, 1.0])),
        ("anomaly.typical", -np.ones(4)),
        ("anomaly.mixture.scale", np.ones(3)),
    ):
        wrong = {**arrays, name: value}
        full = {"parameters": {}, **described}
        with pytest.raises(UnsoundError):
            stored.put_together(AnomalyDetector(), full, wrong, fitted.model_)


def test_a_damaged_file_is_refused(fitted, tmp_path):
    path = fitted.save(tmp_path / "d.jamjae")
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(ModelFileError):
        load_model(path)


# --- other models ---------------------------------------------------------------------------


@pytest.mark.slow
def test_images_and_variational_models(digits):
    zeros, ones = digits.X[digits.y == 0], digits.X[digits.y == 1]
    for model in (None, VariationalAutoencoder(4, network=(), epochs=2)):
        detector = AnomalyDetector(model, random_state=0).fit(zeros)
        assert (detector.predict(ones) == -1).mean() > 0.8
