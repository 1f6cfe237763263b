"""Densities of kernels around codes."""

from __future__ import annotations

import numpy as np

from jamjae.evaluation.metrics import copied_share
from jamjae.latent.densities import Gaussian, Kernel, kernel


def test_kernels_follow_the_codes_and_are_no_copies():
    rng = np.random.RandomState(0)
    angle = rng.uniform(0, 2 * np.pi, 900)
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(size=(900, 2)) / 20
    codes, held_out = ring[:600], ring[600:]
    kernels, gaussian = Kernel(random_state=0).fit(codes), Gaussian().fit(codes)
    assert kernels.score_samples(held_out).mean() > gaussian.score_samples(held_out).mean() + 0.3
    made = kernels.sample(3000, random_state=0).codes
    np.testing.assert_allclose(np.cov(made.T), np.cov(codes.T), atol=0.05)
    assert copied_share(codes, held_out, made).generated < 0.05


def test_codes_too_far_apart_for_kernels_have_a_normal_distribution():
    few = np.random.RandomState(0).normal(size=(40, 12))
    density = Kernel(random_state=0).fit(few)
    assert "a normal distribution per class" in density.notes_[0]
    np.testing.assert_array_equal(
        density.score_samples(few), Gaussian().fit(few).score_samples(few)
    )
    many = np.random.RandomState(0).normal(size=(900, 2))
    assert Kernel(random_state=0).fit(many).bandwidth_ < 1.0


def test_kernels_of_many_codes_are_made_of_some(monkeypatch):
    labels = np.array(["bag", "coat", "dress"]).repeat([100, 200, 300])
    codes = np.random.RandomState(0).normal(size=(600, 3))
    monkeypatch.setattr(kernel, "ROWS", 60)
    density = Kernel(random_state=0).fit(codes, labels)
    assert density.notes_[0].startswith("kernels around 60 of 600 codes of bandwidth")
    assert np.bincount(density._sum.groups).tolist() == [10, 20, 30]
