"""Hartigan's dip, against the field's library, and how often it cries wolf."""

from __future__ import annotations

import diptest
import numpy as np
import pytest
from numpy.typing import NDArray

from atlas_widget.diagnostics import dip, dip_chance


def samples(count: int) -> list[NDArray[np.float64]]:
    """One peak, a skewed one, two, and values of which many are equal."""
    rng = np.random.default_rng(count)
    halves = rng.normal(size=count // 2), rng.normal(4, 1, count - count // 2)
    return [
        rng.normal(size=count),
        rng.exponential(size=count),
        np.concatenate(halves),
        rng.integers(0, 5, count).astype(np.float64),
    ]


@pytest.mark.parametrize("count", [4, 5, 7, 10, 60, 1000])
def test_the_dip_is_that_of_diptest(count: int) -> None:
    for values in samples(count):
        assert dip(values) == pytest.approx(diptest.dipstat(values), abs=1e-12)


@pytest.mark.parametrize("count", [10, 60, 300])
def test_the_chance_is_that_of_diptest_where_it_says_something(count: int) -> None:
    for values in samples(count)[:3]:
        _, chance = diptest.diptest(values)
        chance = min(chance, 0.5)  # ours tells no larger ones apart
        assert dip_chance(dip(values), count) == pytest.approx(chance, abs=0.03)


def test_known_dips() -> None:
    assert dip(np.arange(20)) == pytest.approx(1 / 40)  # as even as can be
    assert dip([0.0] * 8 + [1.0] * 8) == pytest.approx(1 / 4)  # as far from one peak as can be
    assert dip([3.0] * 8) == pytest.approx(1 / 16)
    values = np.random.default_rng(0).normal(size=30)
    assert dip(values[::-1] * 7 - 3) == pytest.approx(dip(values))


@pytest.mark.parametrize("count", [5, 12, 45, 120])
def test_chance_is_a_chance(count: int) -> None:
    rng = np.random.default_rng(count)
    chances = [dip_chance(dip(rng.uniform(size=count)), count) for _ in range(1200)]
    for level in (0.01, 0.05, 0.1):
        below = np.mean(np.array(chances) <= level)
        assert below == pytest.approx(level, abs=3.5 * np.sqrt(level / 1200))


def test_chance_of_the_least_and_of_too_few() -> None:
    assert dip_chance(1 / 40, 20) == 1
    assert np.isnan(dip_chance(0.25, 3))
    assert dip_chance(0.25, 40) == pytest.approx(1e-5)
