"""The weights of the parts of an anomaly score, and the anomalies that they are found by."""

from __future__ import annotations

import numpy as np
import pytest

from jamjae import AnomalyDetector
from jamjae.models.anomalies.weighing import made_of, weights_of
from test_anomalies import linear, normal_rows

RNG = np.random.RandomState


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.int16])
def test_made_rows_keep_the_type_and_the_gaps(dtype):
    rows = (100 + 20 * normal_rows(30)).clip(0, 250).astype(dtype)
    whole = rows.astype(float)
    if rows.dtype.kind == "f":
        rows[3, 1] = np.nan
    made = made_of(rows, whole, RNG(0))
    assert made.dtype == rows.dtype
    assert made.shape == (4, *rows.shape)
    assert np.array_equal(np.isnan(made), np.broadcast_to(np.isnan(rows), made.shape))
    assert np.array_equal(made, made_of(rows, whole, RNG(0)), equal_nan=True)


def test_each_kind_is_made_as_described():
    rows, normal = normal_rows(200), normal_rows(300, 1)
    local, far, changed, between = made_of(rows, normal, RNG(0))
    distance = np.linalg.norm
    assert np.allclose(far - normal.mean(axis=0), 1.5 * (rows - normal.mean(axis=0)))
    ratio = distance(local - normal[:, None], axis=2).min(axis=0) / np.maximum(
        distance(rows - normal[:, None], axis=2).min(axis=0), 1e-9
    )
    assert np.median(ratio) > 1.2
    taken = (changed != rows).sum(axis=1)
    assert taken.min() == 1
    assert taken.mean() == pytest.approx(4 * (1 - 0.8 * 0.75), abs=0.2)
    assert np.isin(changed[changed != rows], normal).all()
    assert distance(between, axis=1).mean() < distance(rows, axis=1).mean()


def test_a_constant_column_stays_constant():
    rows = np.column_stack([normal_rows(40), np.full(40, 0.1)])
    made = made_of(rows, rows, RNG(0))
    assert np.allclose(made[..., 4], 0.1, rtol=1e-12, atol=0)


@pytest.mark.parametrize("shape", [(8, 8), (3, 5), (9, 6, 3), (1, 1)])
def test_a_patch_of_an_image_is_moved_within_it(shape):
    images = RNG(1).randint(256, size=(20, *shape)).astype(np.uint8)
    (made,) = made_of(images, images, RNG(0))
    assert made.dtype == np.uint8
    size = max(shape[0] // 4, 1) * max(shape[1] // 4, 1)
    for image, whole in zip(made, images, strict=True):
        moved = (image != whole).reshape(*shape[:2], -1).any(axis=2)
        assert moved.sum() <= size
        assert np.isin(image, whole).all()


@pytest.mark.parametrize(("telling", "other"), [(0, 1), (1, 0)])
def test_the_part_that_separates_counts_for_more(telling, other):
    normal = RNG(0).normal(size=(200, 2))
    moved = normal.copy()
    moved[:, telling] += 2.0
    weights = weights_of(normal, moved[None])
    assert weights[telling] > 2 * weights[other]
    assert weights.sum() == 1


def test_weights_are_equal_where_nothing_speaks_for_others():
    normal = RNG(0).normal(size=(30, 2))
    assert weights_of(normal, normal[None]).tolist() == [0.5, 0.5]


def test_a_detector_weighs_its_parts_by_its_normal_rows_alone():
    detector = AnomalyDetector(linear(), random_state=0).fit(normal_rows(600))
    assert detector.weights_.shape == (len(detector.parts_),) == (3,)
    assert detector.weights_.sum() == pytest.approx(1)
    again = AnomalyDetector(linear(), random_state=0).fit(normal_rows(600))
    assert np.array_equal(detector.weights_, again.weights_)
    single = AnomalyDetector(linear(), measure="error", random_state=0).fit(normal_rows(60))
    assert single.weights_.tolist() == [1.0]
