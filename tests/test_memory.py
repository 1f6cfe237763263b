"""What does not fit into memory is refused before it is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from jamjae import Autoencoder
from jamjae.data import memory as data_memory
from jamjae.engine import memory
from jamjae.errors import InvalidNetworkError
from jamjae.models import pace, plan


def test_a_batch_holds_no_more_rows_than_there_are():
    images = np.random.RandomState(0).random_sample((10, 6, 6))
    model = Autoencoder(2, epochs=2, random_state=0)
    assert [pace.batch_size(model.batch_size, n) for n in (2, 10, 64, 65, 1000)] == [
        2,
        16,
        64,
        128,
        128,
    ]
    few = model.fit(images).history_["loss"]
    padded = Autoencoder(2, epochs=2, random_state=0, batch_size=16).fit(images).history_["loss"]
    np.testing.assert_array_equal(few, padded)


def test_outputs_are_counted_by_batch():
    pair = plan.build(Autoencoder(2, network=(5,)), np.zeros((2, 3)), None, 0)
    one = memory.of_outputs(pair, 1)
    assert memory.of_outputs(pair, 7) == 7 * one
    assert 8 * (3 + 5 + 2 + 5 + 3) < one < 16 * (3 + 5 + 2 + 5 + 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": (20_000, 20_000)}, r"dense networks of .* weights .* take about 15.4 GB"),
        ({"network": "conv"}, r"batches of 2 rows of shape \(64, 64\) would take about"),
    ],
)
def test_what_needs_more_memory_than_there_is_is_refused(monkeypatch, settings, message):
    monkeypatch.setattr(memory, "available", lambda: 10**6)
    images = np.random.RandomState(0).randint(0, 256, (2, 64, 64), dtype=np.uint8)
    with pytest.raises(InvalidNetworkError, match=message):
        Autoencoder(2, **settings).fit(images)


@pytest.mark.parametrize("shape", [(0, 3), (5, 3), (data_memory.LARGE // 8, 2)])
def test_arrays_of_any_size_are_written_and_read(shape):
    made = data_memory.empty(shape, np.float32)
    made[...] = 3
    assert (made.shape, made.dtype, made.sum()) == (shape, np.float32, 3 * made.size)
