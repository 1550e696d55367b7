"""CKA with known answers: rotated, unrelated, half in common, several samples an image."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.comparison.cka import image_cka
from atlas_widget.units.matching import debiased_cka
from tests.comparison.planted import rotation

RNG = np.random.default_rng(0)
ONE_EACH = np.arange(200)


def test_it_is_one_for_a_rotation_and_a_scale():
    a = RNG.normal(size=(200, 12))
    value, low, high = image_cka(a, 3 * a @ rotation(12) + 7, ONE_EACH)
    assert value == pytest.approx(1)
    assert low == pytest.approx(1, abs=1e-6)
    assert high == pytest.approx(1, abs=1e-6)


def test_without_repeated_images_it_is_the_plain_debiased_one():
    a = RNG.normal(size=(200, 12))
    b = a @ RNG.normal(size=(12, 30)) + RNG.normal(size=(200, 30))
    assert image_cka(a, b, ONE_EACH)[0] == pytest.approx(debiased_cka(a, b), abs=1e-9)


def test_the_interval_is_a_jackknife_computed_group_by_group():
    a, b = RNG.normal(size=(40, 6)), RNG.normal(size=(40, 9))
    b[:, :6] += a
    order = np.random.default_rng(0).permutation(40)  # which rows form a group, as it draws them
    whole, low, high = image_cka(a, b, np.arange(40), seed=0)
    groups = np.arange(40) % 10
    left = [debiased_cka(a[order][groups != g], b[order][groups != g]) for g in range(10)]
    spread = np.sqrt(9 * np.var(left))
    assert high - whole == pytest.approx(1.96 * spread, rel=1e-6)
    assert whole - low == pytest.approx(1.96 * spread, rel=1e-6)


def test_unrelated_layers_have_none_however_wide_they_are():
    found = [
        image_cka(RNG.normal(size=(200, 500)), RNG.normal(size=(200, 500)), ONE_EACH)[0]
        for _ in range(5)
    ]
    assert np.mean(found) == pytest.approx(0, abs=0.02)


def test_half_of_the_samples_shuffled_leave_a_quarter():
    """The covariance of both layers is halved, and CKA is its square."""
    a = RNG.normal(size=(1200, 8))
    b = a.copy()
    b[:600] = b[RNG.permutation(600)]
    value, low, high = image_cka(a, b, np.arange(1200))
    assert low < 0.25 < high
    assert value == pytest.approx(0.25, abs=0.05)


def test_what_samples_of_one_image_share_is_nothing_in_common():
    """Both layers know the image, each in its own way: rows alone would seem alike."""
    images = np.repeat(np.arange(60), 20)
    a = RNG.normal(size=(60, 40))[images] + 0.1 * RNG.normal(size=(1200, 40))
    b = RNG.normal(size=(60, 40))[images] + 0.1 * RNG.normal(size=(1200, 40))
    assert abs(image_cka(a, b, images)[0]) < 0.05
    assert debiased_cka(a, b) > 0.2


def test_too_few_images_or_constant_activations_have_none():
    a = RNG.normal(size=(70, 4))
    assert np.isnan(image_cka(a, a, np.repeat(np.arange(7), 10))).all()
    assert np.isnan(image_cka(np.ones((200, 4)), RNG.normal(size=(200, 4)), ONE_EACH)).all()
