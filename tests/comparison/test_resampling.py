"""Intervals and permutations by image."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.comparison.resampling import (
    image_interval,
    jackknife_interval,
    permuted_by_image,
    statistic_interval,
)

RNG = np.random.default_rng(0)


def test_samples_of_one_image_do_not_make_a_mean_surer():
    values = RNG.normal(size=50)
    alone = image_interval(values, np.arange(50))
    repeated = image_interval(np.repeat(values, 8), np.repeat(np.arange(50), 8))
    np.testing.assert_allclose(repeated, alone)
    mean, low, high = alone
    assert mean == pytest.approx(values.mean())
    # of independent values it is that of the normal distribution
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(50), rel=0.1)


def test_intervals_hold_the_truth_nineteen_times_in_twenty():
    held = 0
    for trial in range(200):
        rng = np.random.default_rng(trial)
        values = rng.normal(size=(60, 1)) + 0.2 * rng.normal(size=(60, 5))
        _, low, high = image_interval(
            values.ravel(), np.repeat(np.arange(60), 5), resamples=300, seed=trial
        )
        held += low <= 0 <= high
    assert 0.9 <= held / 200 <= 0.985


def test_the_general_intervals_agree_with_that_of_a_mean():
    values, images = RNG.normal(size=300), np.repeat(np.arange(100), 3)
    expected = image_interval(values, images)
    for found in (
        statistic_interval(lambda rows: float(values[rows].mean()), images, resamples=600),
        jackknife_interval(lambda rows: float(values[rows].mean()), images, groups=100),
    ):
        assert found[0] == pytest.approx(expected[0])
        assert found[2] - found[1] == pytest.approx(expected[2] - expected[1], rel=0.15)


@pytest.mark.parametrize("interval", [image_interval, statistic_interval, jackknife_interval])
def test_a_single_image_has_no_interval(interval):
    values = np.arange(4.0)
    given = values if interval is image_interval else lambda rows: float(values[rows].mean())
    mean, low, high = interval(given, np.zeros(4, np.int64))
    assert mean == 1.5
    assert np.isnan([low, high]).all()


def test_images_are_exchanged_as_wholes():
    images = RNG.permutation(np.repeat(np.arange(20), 4))
    mixed = permuted_by_image(images, np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(mixed), np.arange(80))
    for image in range(20):
        theirs = images[mixed[images == image]]
        assert len(set(theirs)) == 1
        assert theirs[0] != image
